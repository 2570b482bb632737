#include <config.h>

#include "server/base/tzdata.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/log.h"
#include "server/base/system_zone.h"

#define TZIF_MAX  262144 /* bytes of a file; the largest of tzdata have 3,600 */
#define DEPTH_MAX 4      /* America/Argentina/Buenos_Aires has three parts; also ends a loop of links */

/* What is no zone of its own: other time scales, and the machine's own setting. */
static const char *const left_out[] = {"right", "posix", "posixrules", "localtime", "Factory"};

struct loader {
	struct zone_set *set;
	size_t count;
	char *bytes; /* TZIF_MAX of them */
};

static bool is_left_out(const char *name)
{
	if (name[0] == '.')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
		if (strcmp(name, left_out[i]) == 0)
			return true;
	return false;
}

/* Reads the whole of FD. Its length, or -errno. */
static ssize_t read_all(int fd, char *bytes, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, bytes + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return (ssize_t)len;
		len += (size_t)n;
	}
	return -EFBIG;
}

/* 0 also for what is not a zone; -ENOMEM ends the walk. */
static int load_file(struct loader *loader, int fd, const char *name, instant_t modified)
{
	ssize_t len = read_all(fd, loader->bytes, TZIF_MAX);
	int ret;

	if (len >= 0 && (len < 4 || memcmp(loader->bytes, "TZif", 4) != 0))
		return 0; /* a table beside the zones */
	ret = len < 0 ? (int)len : zone_set_add(loader->set, slice_str(name), slice_of(loader->bytes, (size_t)len));
	if (ret == -ENOMEM)
		return ret;
	if (ret < 0)
		log_event(LOG_WARN_LEVEL, "tzdata", NULL, "zone left out", "zone=%s error=%s", name, strerror(-ret));
	if (ret == 0) {
		zone_set_date(loader->set, modified);
		loader->count++;
	}
	return 0;
}

static int load_directory(struct loader *loader, int fd, const char *prefix, int depth);

static int load_entry(struct loader *loader, int directory, const char *prefix, const char *entry, int depth)
{
	char name[ZONE_NAME_MAX + 1];
	struct stat status;
	int fd, ret = 0;

	if ((size_t)snprintf(name, sizeof(name), "%s%s", prefix, entry) >= sizeof(name))
		return 0;
	fd = openat(directory, entry, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode)) {
		strncat(name, "/", sizeof(name) - strlen(name) - 1);
		return load_directory(loader, fd, name, depth + 1);
	}
	if (S_ISREG(status.st_mode))
		ret = load_file(loader, fd, name, status.st_mtime);
	close(fd);
	return ret;
}

/* Takes FD. */
static int load_directory(struct loader *loader, int fd, const char *prefix, int depth)
{
	DIR *directory = depth <= DEPTH_MAX ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	int ret = 0;

	if (directory == NULL) {
		close(fd);
		return 0;
	}
	while (ret == 0 && (entry = readdir(directory)) != NULL)
		if (!is_left_out(entry->d_name))
			ret = load_entry(loader, fd, prefix, entry->d_name, depth);
	closedir(directory);
	return ret;
}

int tzdata_load(const char *directory, struct zone_set **set_r, struct error *err)
{
	struct loader loader = {zone_set_new(), 0, malloc(TZIF_MAX)};
	int fd, ret = -ENOMEM;

	if (directory == NULL)
		directory = getenv("TZDIR");
	if (directory == NULL || directory[0] == '\0')
		directory = ZONEINFO_DIRECTORY;
	if (loader.bytes != NULL && loader.set != NULL) {
		fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ret = fd < 0 ? -errno : load_directory(&loader, fd, "", 1);
		if (ret == 0 && loader.count == 0)
			ret = -ENOENT;
	}
	free(loader.bytes);
	if (ret < 0) {
		zone_set_free(loader.set);
		error_set(err, 0, CONDITION_NONE, "%s: %s", directory,
		    ret == -ENOENT ? "holds no time zones; is tzdata installed?" : strerror(-ret));
		return ret;
	}
	zone_set_seal(loader.set);
	*set_r = loader.set;
	return 0;
}
