/*
 * /schedule: who does what when. Bookings are told in full; what else takes somebody's time is a block without a name.
 */
#include <config.h>

#include <errno.h>

#include "server/api/bookings_private.h"

struct schedule {
	struct api_request *r;
	struct kv_txn *txn;
	struct buf *b;
	struct interval window;
	struct slice staff; /* .at NULL: all */
	const struct zone *zone;
	const struct principal *member; /* at hand */
};

static bool is_of(const struct schedule *schedule, const struct booking *booking)
{
	for (size_t i = 0; i < booking->staff_count; i++)
		if (schedule->staff.at == NULL || slice_equal(booking->staff[i], schedule->staff))
			return true;
	return schedule->staff.at == NULL;
}

static int see_booking(const struct booking *booking, void *arg)
{
	struct schedule *schedule = arg;
	const struct zone *zone;
	int ret;

	if (booking->status == BOOKING_CANCELLED || booking->core.end <= schedule->window.start || !is_of(schedule, booking))
		return 0;
	ret = api_booking_zone(schedule->r, schedule->txn, booking, &zone);
	if (ret == 0)
		api_booking_write(schedule->b, booking, zone);
	return ret;
}

static int see_busy(const struct busy *busy, void *arg)
{
	struct schedule *schedule = arg;
	struct buf *b = schedule->b;

	if (busy->flags & BUSY_BOOKING)
		return 0;
	json_open_object(b, NULL);
	json_add_text(b, "staff", schedule->member->name);
	api_add_local_time(b, "start", schedule->zone, busy->at.start);
	api_add_local_time(b, "end", schedule->zone, busy->at.end);
	json_add_boolean(b, "tentative", busy->kind == BUSY_KIND_TENTATIVE);
	json_close_object(b);
	return b->err;
}

static int see_member(const struct principal *principal, void *arg)
{
	struct schedule *schedule = arg;

	if (principal->kind != PRINCIPAL_USER ||
	    (schedule->staff.at != NULL && !slice_equal(principal->name, schedule->staff)))
		return 0;
	schedule->member = principal;
	return store_member_busy_each(schedule->txn, principal->id, schedule->window, see_busy, schedule);
}

static int check_staff(struct api_request *r, struct kv_txn *txn, struct slice staff)
{
	struct principal principal;
	int ret = staff.at != NULL ? store_principal_get(txn, r->arena, staff, &principal) : 0;

	if (ret == -ENOENT || (ret == 0 && staff.at != NULL && principal.kind != PRINCIPAL_USER))
		return api_refuse(r, "staff", "there is no such person");
	return ret;
}

int api_schedule_get(struct api_request *r, struct kv_txn *txn)
{
	struct schedule schedule = {.r = r, .txn = txn, .staff = api_parameter(r, "staff")};
	struct interval starts;
	int ret = api_booking_window(r, true, &schedule.window);

	if (ret == 0)
		ret = check_staff(r, txn, schedule.staff);
	if (ret < 0)
		return ret;
	schedule.zone = booking_zone(r->app->changes, &(struct policy){.id = SLICE_EMPTY});
	starts.start = instant_add(schedule.window.start, -POLICY_MINUTES_MAX * MINUTE_SECONDS);
	starts.end = schedule.window.end;
	schedule.b = api_answer(r, 200);
	json_open_object(schedule.b, NULL);
	json_add_text(schedule.b, "timezone", zone_name(schedule.zone));
	json_open_array(schedule.b, "bookings");
	ret = store_booking_each_by_start(txn, r->arena, starts, 0, 0, see_booking, &schedule);
	json_close_array(schedule.b);
	json_open_array(schedule.b, "busy");
	if (ret == 0)
		ret = store_principal_each(txn, see_member, &schedule);
	json_close_array(schedule.b);
	json_close_object(schedule.b);
	return ret;
}
