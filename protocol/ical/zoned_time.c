#include <config.h>

#include "protocol/ical/zoned_time.h"

#include "protocol/ical/zone_private.h"

static instant_t clamp(instant_t at)
{
	if (at < INSTANT_MIN)
		return INSTANT_MIN;
	return at > INSTANT_MAX ? INSTANT_MAX : at;
}

/*
 * The first instant whose local time in ZONE is LOCAL (seconds, counted as UTC). Where there is none *GAP_R is the
 * instant of the change that skips it, else INSTANT_MAX.
 */
static instant_t resolve(const struct zone *zone, int64_t local, instant_t *gap_r)
{
	/* No offset is larger: the instant asked for is not before this one, so the first match is the earliest. */
	instant_t from = local - ZONE_OFFSET_MAX - 1;
	int offset = zone_offset_at(zone, from);

	*gap_r = INSTANT_MAX;
	for (;;) {
		instant_t next = zone_next_transition(zone, from);
		int after;

		if (local - offset < next || next >= INSTANT_MAX)
			return local - offset;
		after = zone_offset_at(zone, next);
		if (local - after < next) {
			*gap_r = next;
			return local - offset;
		}
		from = next;
		offset = after;
	}
}

instant_t zoned_to_instant(const struct zone *zone, const struct civil *civil)
{
	instant_t gap;

	return clamp(resolve(zone, civil_to_utc(civil), &gap));
}

void zoned_from_instant(const struct zone *zone, instant_t at, struct civil *civil_r, int *offset_r)
{
	int offset = zone_offset_at(zone, at);
	int64_t local = at + offset;

	if (offset_r != NULL)
		*offset_r = offset;
	if (local < INSTANT_MIN)
		local = INSTANT_MIN;
	if (local >= INSTANT_MAX)
		local = INSTANT_MAX - 1;
	civil_from_utc(local, civil_r);
}

instant_t zoned_day_start(const struct zone *zone, int64_t day)
{
	instant_t gap, at = resolve(zone, day * DAY_SECONDS, &gap);

	return clamp(gap != INSTANT_MAX ? gap : at);
}

int64_t zoned_day_of(const struct zone *zone, instant_t at)
{
	int64_t local = at + zone_offset_at(zone, at);

	return local / DAY_SECONDS - (local % DAY_SECONDS < 0);
}
