#include <config.h>

#include "tests/support/zones.h"

#include <stdio.h>
#include <stdlib.h>

struct zone_set *support_zones(const char *const *names)
{
	static char bytes[65536];
	struct zone_set *set = zone_set_new();

	for (; set != NULL && *names != NULL; names++) {
		char path[200];
		FILE *file;
		size_t len;

		snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", *names);
		file = fopen(path, "rb");
		if (file == NULL) {
			perror(path);
			exit(1);
		}
		len = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		if (zone_set_add(set, slice_str(*names), slice_of(bytes, len)) < 0) {
			fprintf(stderr, "%s: not a zone\n", path);
			exit(1);
		}
	}
	if (set == NULL)
		exit(1);
	zone_set_seal(set);
	return set;
}
