/* Any bytes as a TZif file and as a VTIMEZONE: offsets are bounded, transitions go forward, local times round-trip. */
#include <config.h>

#include <assert.h>

#include "protocol/ical/zoned_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct zone *zone)
{
	static const instant_t instants[] = {INSTANT_MIN, -3000000000, 0, 1774747800, 1792888200, 5695956000,
	    INSTANT_MAX - 1};

	for (size_t i = 0; i < sizeof(instants) / sizeof(instants[0]); i++) {
		instant_t at = instants[i], next, back;
		struct civil civil;
		int offset;

		zoned_from_instant(zone, at, &civil, &offset);
		assert(civil_is_valid(&civil));
		assert(offset >= -200000 && offset <= 200000);
		back = zoned_to_instant(zone, &civil);
		assert(back >= INSTANT_MIN && back <= INSTANT_MAX);
		/* The first of two: never later, and of the same local time. */
		if (at > INSTANT_MIN + 400000 && at < INSTANT_MAX - 400000)
			assert(back <= at && back + zone_offset_at(zone, back) == at + offset);
		for (int steps = 0; steps < 50 && at < INSTANT_MAX; steps++, at = next) {
			next = zone_next_transition(zone, at);
			assert(next > at);
			assert(next >= INSTANT_MAX || zone_offset_at(zone, next) != zone_offset_at(zone, at));
		}
		(void)zoned_day_start(zone, zoned_day_of(zone, instants[i]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of((const char *)data, size);
	struct zone_set *set = zone_set_new();
	struct arena *arena = arena_new(16 << 20);
	const struct zone *zone;

	if (zone_set_add(set, SLICE("Test/Zone"), bytes) == 0) {
		zone_set_seal(set);
		check(zone_set_find(set, SLICE("test/zone")));
	}
	if (zone_from_vtimezone(arena, bytes, &zone) == 0)
		check(zone);
	(void)zone_set_find(set, bytes);
	arena_free(arena);
	zone_set_free(set);
	return 0;
}
