/* Other times for what a member has, or wanted, at one (booking rule R19). */
#include <config.h>

#include <errno.h>

#include "protocol/ical/zoned_time.h"
#include "server/booking/change_private.h"
#include "server/booking/rules/alternatives.h"

#define OWN_OBJECTS_MAX 16 /* calendars of one person that hold one UID at a time */

struct taken {
	const struct free_times *query;
	struct interval_set busy, open;
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
	return interval_set_add(&taken->busy, busy->at);
}

static int see_occupancy(const struct occupancy *occupancy, void *arg)
{
	struct taken *taken = arg;

	return slice_equal(occupancy->uid, taken->query->uid) ? 0 : interval_set_add(&taken->busy, occupancy->guard);
}

static int collect_taken(struct kv_txn *txn, struct interval window, struct taken *taken)
{
	const struct free_times *query = taken->query;
	int ret = store_object_each_by_owner_uid(txn, query->member, query->uid, see_own, taken);

	if (ret == 0 && !query->bookings_only)
		ret = store_member_busy_each(txn, query->member, window, see_busy, taken);
	if (ret == 0)
		ret = store_occupancy_each(txn, query->member, window, see_occupancy, taken);
	if (ret == 0 && query->far != NULL)
		ret = interval_set_add_all(&taken->busy, query->far);
	return ret;
}

static bool is_midnight(const struct zone *zone, instant_t at)
{
	return zoned_day_start(zone, zoned_day_of(zone, at)) == at;
}

int free_times_find(struct kv_txn *txn, const struct free_times *query, struct interval *found, size_t max,
    size_t *count_r)
{
	struct taken taken = {.query = query};
	struct interval wanted = query->wanted;
	bool whole_days = is_midnight(query->zone, wanted.start) && is_midnight(query->zone, wanted.end);
	struct alternatives_query alternatives = {
		.wanted = wanted,
		.open = query->hours != NULL ? &taken.open : NULL,
		.busy = &taken.busy,
		.zone = query->zone,
		.step_minutes = whole_days ? 1440 : ALTERNATIVES_STEP_MINUTES,
		.now = query->now,
	};
	int ret = collect_taken(txn, alternatives_window(wanted), &taken);

	if (ret == 0 && query->hours != NULL)
		ret = hours_open(query->hours, query->hours_zone, alternatives_window(wanted), &taken.open);
	if (ret == 0)
		*count_r = alternatives_find(&alternatives, found, max);
	interval_set_free(&taken.busy);
	interval_set_free(&taken.open);
	return ret;
}
