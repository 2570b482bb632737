#include <config.h>

#include "server/base/system_zone.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/base/ascii.h"
#include "protocol/base/slice.h"

static bool is_zone_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= SYSTEM_ZONE_SIZE || name[0] == '/' || name[len - 1] == '/')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!ascii_is_alnum(name[i]) && strchr("_+-/", name[i]) == NULL)
			return false;
	return strstr(name, "//") == NULL && strncmp(name, "right/", 6) != 0 && strncmp(name, "posix/", 6) != 0;
}

bool system_zone_exists(const char *name)
{
	char path[sizeof(ZONEINFO_DIRECTORY) + SYSTEM_ZONE_SIZE], magic[4];
	FILE *file;
	bool found;

	if (!is_zone_name(name))
		return false;
	snprintf(path, sizeof(path), "%s/%s", ZONEINFO_DIRECTORY, name);
	file = fopen(path, "rbe");
	if (file == NULL)
		return false;
	found = fread(magic, 1, sizeof(magic), file) == sizeof(magic) && memcmp(magic, "TZif", 4) == 0;
	fclose(file);
	return found;
}

/* A zone's name from TEXT, which may be a path into some zoneinfo and, in TZ, begin with a colon (POSIX). */
static bool choose(const char *text, char name_r[SYSTEM_ZONE_SIZE])
{
	const char *zoneinfo;

	if (text == NULL)
		return false;
	if (text[0] == ':')
		text++;
	zoneinfo = strstr(text, "/zoneinfo/");
	if (zoneinfo != NULL)
		text = zoneinfo + strlen("/zoneinfo/");
	return system_zone_exists(text) && slice_copy(slice_str(text), name_r, SYSTEM_ZONE_SIZE) == 0;
}

static bool choose_from_file(const char *path, char name_r[SYSTEM_ZONE_SIZE])
{
	char line[SYSTEM_ZONE_SIZE + 2];
	FILE *file = path != NULL ? fopen(path, "re") : NULL;
	bool found;

	if (file == NULL)
		return false;
	found = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	if (!found)
		return false;
	line[strcspn(line, " \t\r\n")] = '\0';
	return choose(line, name_r);
}

static bool choose_from_link(const char *path, char name_r[SYSTEM_ZONE_SIZE])
{
	char target[PATH_MAX];
	ssize_t len = path != NULL ? readlink(path, target, sizeof(target) - 1) : -1;

	if (len < 0)
		return false;
	target[len] = '\0';
	return choose(target, name_r);
}

void system_zone_choose(const char *tz, const char *timezone_file, const char *localtime_link,
    char name_r[SYSTEM_ZONE_SIZE])
{
	if (!choose(tz, name_r) && !choose_from_file(timezone_file, name_r) && !choose_from_link(localtime_link, name_r))
		memcpy(name_r, "UTC", sizeof("UTC"));
}

void system_zone_name(char name_r[SYSTEM_ZONE_SIZE])
{
	system_zone_choose(getenv("TZ"), "/etc/timezone", "/etc/localtime", name_r);
}
