/*
 * Which guards a booking's objects stand for: those of its record, wherever the object lies.
 *
 * With `buffer_combine: max` the guards of two neighbours may overlap, so the table holds the core of such a booking: it
 * refuses less than the rules there, and never what they allow.
 */
#include <config.h>

#include "server/booking/booking_private.h"

struct interval booking_held_range(const struct booking *booking)
{
	return booking->buffers_max ? booking->core : booking_guard(booking);
}

bool booking_has_member(const struct booking *booking, struct slice name)
{
	for (size_t i = 0; i < booking->staff_count; i++)
		if (slice_equal(booking->staff[i], name))
			return true;
	for (size_t i = 0; i < booking->resource_count; i++)
		if (slice_equal(booking->resources[i], name))
			return true;
	return false;
}

struct looking {
	struct slice name;
	bool is_booking;
	struct interval guard;
	size_t count;
};

static int see_booking(const struct booking *booking, void *arg)
{
	struct looking *looking = arg;

	if (booking->service.len == 0 && booking->status != BOOKING_HELD)
		return 0; /* a person's own event: its text says when it is */
	if (!booking_has_member(booking, looking->name))
		return 0;
	looking->is_booking = true;
	if (booking_is_live(booking)) {
		looking->guard = booking_held_range(booking);
		looking->count = 1;
	}
	return 0;
}

int booking_guards_of(struct kv_txn *txn, struct arena *arena, struct slice uid, struct slice name, bool *is_booking_r,
    struct interval *guard_r, size_t *count_r)
{
	struct looking looking = {.name = name};
	int ret = store_booking_each_by_uid(txn, arena, uid, see_booking, &looking);

	*is_booking_r = looking.is_booking;
	*guard_r = looking.guard;
	*count_r = looking.count;
	return ret;
}
