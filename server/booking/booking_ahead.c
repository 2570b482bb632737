/* The live bookings of a service, a person or a room that is to go. */
#include <config.h>

#include <errno.h>

#include "server/booking/booking_private.h"

/* Nothing that began earlier goes on. */
#define LONGEST_SECONDS (POLICY_MINUTES_MAX * MINUTE_SECONDS)

#define AHEAD_MAX 100000 /* bookings that one update cancels: bounds its memory */

struct looking {
	const struct booking_ahead *ahead;
	struct arena *arena;
	struct slice *ids;
	size_t count, capacity;
};

static bool is_ahead(const struct booking_ahead *ahead, const struct booking *booking)
{
	if (!booking_is_live(booking) || booking->core.end <= ahead->now)
		return false;
	return ahead->service.len > 0 ? slice_equal(booking->service, ahead->service)
	                              : booking_has_member(booking, ahead->member);
}

static int each(struct kv_txn *txn, struct arena *arena, instant_t now, store_booking_fn *fn, void *arg)
{
	const struct interval window = {instant_add(now, -LONGEST_SECONDS), INSTANT_MAX};

	return store_booking_each_by_start(txn, arena, window, 0, 0, fn, arg);
}

static int see_any(const struct booking *booking, void *arg)
{
	const struct booking_ahead *ahead = arg;

	return is_ahead(ahead, booking) ? 1 : 0;
}

int booking_is_ahead(struct kv_txn *txn, struct arena *arena, const struct booking_ahead *ahead)
{
	struct booking_ahead asked = *ahead;

	return each(txn, arena, ahead->now, see_any, &asked);
}

static int collect(const struct booking *booking, void *arg)
{
	struct looking *looking = arg;

	if (!is_ahead(looking->ahead, booking))
		return 0;
	if (looking->count == AHEAD_MAX)
		return -E2BIG;
	if (looking->count == looking->capacity) {
		size_t capacity = looking->capacity > 0 ? 2 * looking->capacity : 64;
		struct slice *grown = arena_array(looking->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (looking->count > 0)
			memcpy(grown, looking->ids, looking->count * sizeof(*grown));
		looking->ids = grown;
		looking->capacity = capacity;
	}
	looking->ids[looking->count] = slice_of(arena_copy(looking->arena, booking->id), booking->id.len);
	return looking->ids[looking->count++].at != NULL ? 0 : -ENOMEM;
}

static int cancel(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct slice id,
    const struct booking_cause *cause)
{
	struct booking before, after;
	struct policy policy;
	int ret = store_booking_get_by_id(txn, arena, id, &before);

	if (ret == 0)
		ret = booking_own_policy(txn, arena, &before, &policy);
	if (ret < 0)
		return ret;
	after = before;
	after.status = BOOKING_CANCELLED;
	after.reason = SLICE_EMPTY;
	after.sequence++;
	after.version++;
	return booking_write(service, txn, arena, &before, &after, &policy, cause);
}

int booking_cancel_ahead(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct booking_ahead *ahead, const struct change_origin *origin)
{
	const struct booking_cause cause = {.origin = origin, .action = "cancel"};
	struct looking looking = {.ahead = ahead, .arena = arena};
	int ret = each(txn, arena, ahead->now, collect, &looking);

	for (size_t i = 0; ret == 0 && i < looking.count; i++)
		ret = cancel(service, txn, arena, looking.ids[i], &cause);
	return ret < 0 ? ret : (int)looking.count;
}
