/* Other times for what a member has, or wanted, at one (booking rule R19). */
#include <config.h>

#include <errno.h>

#include "protocol/ical/zoned_time.h"
#include "server/booking/change_private.h"
#include "server/booking/rules/alternatives.h"

#define OWN_OBJECTS_MAX 16 /* calendars of one person that hold one UID at a time */

struct taken {
	struct slice uid;
	struct interval_set *busy;
	uint64_t own[OWN_OBJECTS_MAX];
	size_t own_count;
};

static int see_own(const struct object *object, void *arg)
{
	struct taken *taken = arg;

	if (taken->own_count < ARRAY_LEN(taken->own))
		taken->own[taken->own_count++] = object->id;
	return 0;
}

static int see_busy(const struct busy *busy, void *arg)
{
	struct taken *taken = arg;

	for (size_t i = 0; i < taken->own_count; i++) {
		if (taken->own[i] == busy->object)
			return 0;
	}
	return interval_set_add(taken->busy, busy->at);
}

static int see_occupancy(const struct occupancy *occupancy, void *arg)
{
	struct taken *taken = arg;

	return slice_equal(occupancy->uid, taken->uid) ? 0 : interval_set_add(taken->busy, occupancy->guard);
}

int free_times_taken(struct kv_txn *txn, uint64_t member, struct slice uid, struct interval window, bool bookings_only,
    struct interval_set *busy)
{
	struct taken taken = {.uid = uid, .busy = busy};
	int ret = store_object_each_by_owner_uid(txn, member, uid, see_own, &taken);

	if (ret == 0 && !bookings_only)
		ret = store_member_busy_each(txn, member, window, see_busy, &taken);
	return ret < 0 ? ret : store_occupancy_each(txn, member, window, see_occupancy, &taken);
}

static bool is_midnight(const struct zone *zone, instant_t at)
{
	return zoned_day_start(zone, zoned_day_of(zone, at)) == at;
}

int free_times_find(struct kv_txn *txn, const struct free_times *query, struct interval *found, size_t max,
    size_t *count_r)
{
	AUTO_INTERVAL_SET struct interval_set busy = INTERVAL_SET_INIT, open = INTERVAL_SET_INIT;
	struct interval wanted = query->wanted, window = alternatives_window(query->wanted);
	bool whole_days = is_midnight(query->zone, wanted.start) && is_midnight(query->zone, wanted.end);
	struct alternatives_query alternatives = {
		.wanted = wanted,
		.open = query->hours != NULL ? &open : NULL,
		.busy = &busy,
		.zone = query->zone,
		.step_minutes = whole_days ? 1440 : ALTERNATIVES_STEP_MINUTES,
		.now = query->now,
	};
	int ret = free_times_taken(txn, query->member, query->uid, window, query->bookings_only, &busy);

	if (ret == 0 && query->far != NULL)
		ret = interval_set_add_all(&busy, query->far);
	if (ret == 0 && query->hours != NULL)
		ret = hours_open(query->hours, query->hours_zone, window, &open);
	if (ret == 0)
		*count_r = alternatives_find(&alternatives, found, max);
	return ret;
}

/* ---- the words ---- */

static void add_wall_time(struct buf *b, const struct zone *zone, struct interval at)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	struct civil start, end;
	int64_t day = zoned_day_of(zone, at.start);

	zoned_from_instant(zone, at.start, &start, NULL);
	zoned_from_instant(zone, at.end, &end, NULL);
	buf_printf(b, "%s %04d-%02d-%02d %02d:%02d", days[civil_weekday(day)], start.year, start.month, start.day,
	    start.hour, start.minute);
	if (zoned_day_of(zone, at.end) != day)
		buf_printf(b, " - %04d-%02d-%02d %02d:%02d", end.year, end.month, end.day, end.hour, end.minute);
	else
		buf_printf(b, "-%02d:%02d", end.hour, end.minute);
}

void free_times_write(struct buf *b, const struct zone *zone, const struct interval *at, size_t count)
{
	if (count > 0)
		buf_printf(b, "\nFree times (%.*s):", SLICE_ARG(zone_name(zone)));
	for (size_t i = 0; i < count; i++) {
		buf_add_str(b, "\n- ");
		add_wall_time(b, zone, at[i]);
	}
}
