/*
 * disk_faults - loaded before libc (LD_PRELOAD): makes the disk below a store fail, while the server runs.
 *
 * The file that DISK_FAULTS names holds one line, "WHERE WHAT EVERY". WHERE is pages, meta (the two at the file's
 * begin, which name the newest transactions) or sync. WHAT is an errno as a number, short (half is written and told)
 * or late (all is written, then an error is told). Of the calls that it fits each EVERYth fails. An empty file: the
 * disk is fine. Only files called data.mdb are concerned. STORE_MAP: bytes of LMDB's map, so that it can be filled.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define META_BYTES 8192 /* two pages of amd64 */
#define SHORT      (-1)
#define LATE       (-2)

static atomic_uint calls;

static bool is_store(int fd)
{
	char link[64], path[4096];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path));
	return len >= 9 && memcmp(path + len - 9, "/data.mdb", 9) == 0;
}

/* The errno that a call at WHERE shall fail with, SHORT, LATE, or 0. */
static int fault(int fd, const char *where)
{
	const char *path = getenv("DISK_FAULTS");
	char text[64] = "", at[16], what[16];
	unsigned every;
	int file = path != NULL && is_store(fd) ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t len = file < 0 ? 0 : read(file, text, sizeof(text) - 1);

	if (file >= 0)
		close(file);
	if (len <= 0 || sscanf(text, "%15s %15s %u", at, what, &every) != 3 || strcmp(at, where) != 0)
		return 0;
	if (atomic_fetch_add(&calls, 1) % every != 0)
		return 0;
	return strcmp(what, "short") == 0 ? SHORT : strcmp(what, "late") == 0 ? LATE : atoi(what);
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
	int error = fault(fd, offset < META_BYTES ? "meta" : "pages");
	ssize_t ret;

	if (error > 0)
		return refuse(error);
	ret = REAL(pwrite)(fd, data, error == SHORT ? len / 2 : len, offset);
	return error == LATE ? refuse(EIO) : ret;
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	int error = fault(fd, "pages");
	ssize_t ret;

	if (error > 0)
		return refuse(error);
	ret = REAL(writev)(fd, parts, error == SHORT ? (count + 1) / 2 : count);
	return error == LATE ? refuse(EIO) : ret;
}

int fdatasync(int fd)
{
	int error = fault(fd, "sync");

	return error > 0 ? refuse(error) : REAL(fdatasync)(fd);
}

int fsync(int fd)
{
	int error = fault(fd, "sync");

	return error > 0 ? refuse(error) : REAL(fsync)(fd);
}

/* As lmdb.h has it; the environment is handed on. */
int mdb_env_set_mapsize(void *env, size_t size);

int mdb_env_set_mapsize(void *env, size_t size)
{
	const char *bytes = getenv("STORE_MAP");

	return REAL(mdb_env_set_mapsize)(env, bytes != NULL ? (size_t)strtoull(bytes, NULL, 10) : size);
}
