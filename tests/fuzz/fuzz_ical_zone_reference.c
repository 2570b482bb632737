/* Zones put in and left out: never a crash, what is left out stays out, and no line is lost but of a VTIMEZONE. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/zone_reference.h"
#include "tests/support/zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void apply(const struct zone_set *zones, struct slice text, enum zones_wanted wanted)
{
	AUTO_BUF struct buf once = BUF_INIT(64u << 20), twice = BUF_INIT(64u << 20);
	struct arena *arena = arena_new(64u << 20);
	int ret = ical_zones_apply(arena, zones, text, wanted, &once);

	if (ret == 0 && once.len != 0)
		abort();
	if (ret == 1 && wanted == ZONES_DEFINED && once.len <= text.len)
		abort();
	if (ret == 1 && wanted == ZONES_BY_REFERENCE && once.len >= text.len)
		abort();
	if (ret == 1 && ical_zones_apply(arena, zones, buf_slice(&once), wanted, &twice) == 1)
		abort();
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"Europe/Amsterdam", "America/Nuuk", "Asia/Kathmandu", "Etc/UTC", NULL};
	static struct zone_set *zones;

	if (zones == NULL)
		zones = support_zones(names);
	apply(zones, slice_of((const char *)data, size), ZONES_DEFINED);
	apply(zones, slice_of((const char *)data, size), ZONES_BY_REFERENCE);
	return 0;
}
