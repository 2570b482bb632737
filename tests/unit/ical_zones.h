/*
 * ical_zones - the system's zones for unit tests.
 */
#ifndef TESTS_ICAL_ZONES_H
#define TESTS_ICAL_ZONES_H

#include <stdio.h>
#include <stdlib.h>

#include "protocol/base/arena.h"
#include "protocol/ical/timezone.h"

#define ZONEINFO "/usr/share/zoneinfo"

/* The bytes of a file, which the caller frees, or an empty slice with .at NULL. */
static inline struct slice read_whole_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *bytes = NULL;
	size_t len = 0, got = 0;

	if (f == NULL)
		return slice_of(NULL, 0);
	do {
		char *grown = realloc(bytes, len + 65536);

		if (grown == NULL)
			break;
		bytes = grown;
		got = fread(bytes + len, 1, 65536, f);
		len += got;
	} while (got > 0);
	fclose(f);
	return slice_of(bytes, len);
}

/* Adds one of the system's zones; 0 or a negative errno value. */
static inline int add_system_zone(struct zone_set *set, const char *name)
{
	char path[256];
	struct slice bytes;
	int ret;

	snprintf(path, sizeof(path), ZONEINFO "/%s", name);
	bytes = read_whole_file(path);
	ret = zone_set_add(set, slice_str(name), bytes);
	free((char *)bytes.at);
	return ret;
}

/* All of them, by the list that tzdata ships; sealed. NULL when there is none. */
static inline struct zone_set *system_zones(void)
{
	FILE *f = fopen(ZONEINFO "/tzdata.zi", "r");
	struct zone_set *set = zone_set_new();
	char line[512], name[128];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "Z %127s", name) == 1 || sscanf(line, "L %*s %127s", name) == 1)
			(void)add_system_zone(set, name);
	if (f == NULL) {
		zone_set_free(set);
		return NULL;
	}
	fclose(f);
	zone_set_seal(set);
	return set;
}

#endif
