/* Working hours: whatever is taken means sorted, disjoint open time inside the window, also over a change of the clock. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include "server/booking/rules/hours.h"
#include "tests/support/zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct interval window = {INT64_C(1806000000), INT64_C(1806000000) + 21 * DAY_SECONDS};
	static const char *const names[] = {"Europe/Amsterdam", NULL};
	static struct zone_set *zones;
	struct arena *arena = arena_new(64u << 20);
	struct interval_set open = INTERVAL_SET_INIT;
	struct error err = ERROR_NONE;
	struct hours hours;

	if (arena == NULL)
		abort();
	if (zones == NULL)
		zones = support_zones(names);
	if (hours_parse(arena, slice_of((const char *)data, size), &hours, &err) == 0) {
		hours.zones = zones;
		if (hours_open(&hours, zone_utc(), window, &open) < 0)
			abort();
		for (size_t i = 0; i < open.count; i++)
			if (open.at[i].start < window.start || open.at[i].end > window.end ||
			    open.at[i].start >= open.at[i].end ||
			    (i > 0 && open.at[i].start <= open.at[i - 1].end))
				abort();
	}
	interval_set_free(&open);
	arena_free(arena);
	return 0;
}
