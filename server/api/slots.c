/* /services/ID/slots: the times that are offered, on the dates of the zone that is asked for (R21). */
#include <config.h>

#include <errno.h>

#include "protocol/ical/zoned_time.h"
#include "server/api/api_private.h"
#include "server/booking/booking.h"

struct question {
	int64_t from, to, seats; /* dates, the second one exclusive */
	struct slice staff;
	const struct zone *zone; /* NULL: the service's */
};

struct answering {
	struct buf *b;
	const struct zone *zone;
	int64_t duration;
};

static int take_dates(struct api_request *r, struct question *question)
{
	int from = api_parameter_date(r, "from", &question->from);
	int to = from < 0 ? from : api_parameter_date(r, "to", &question->to);

	if (from < 0 || to < 0)
		return -EINVAL;
	if (from == 0 || to == 0)
		return api_refuse(r, from == 0 ? "from" : "to", "a date is wanted");
	if (question->to <= question->from)
		return api_refuse(r, "to", "it is exclusive, and lies behind from");
	if (question->to - question->from > BOOKING_SLOT_DAYS_MAX)
		return api_refuse(r, "to", "at most %d days are shown at once", BOOKING_SLOT_DAYS_MAX);
	return 0;
}

int api_slots_read(struct api_request *r)
{
	struct question *question = r->state = arena_zalloc(r->arena, sizeof(*question));
	struct slice zone = api_parameter(r, "tz");
	int ret = question != NULL ? take_dates(r, question) : -ENOMEM;

	if (ret < 0)
		return ret;
	question->staff = api_parameter(r, "staff");
	question->seats = 1;
	if (zone.at != NULL) {
		question->zone = zone_set_find(r->app->zones, zone);
		if (question->zone == NULL)
			return api_refuse(r, "tz", "there is no such time zone");
	}
	ret = api_parameter_number(r, "seats", 1, POLICY_CAPACITY_MAX, &question->seats);
	return ret < 0 ? ret : 0;
}

void api_add_slot(struct buf *b, const struct zone *zone, instant_t start, instant_t end)
{
	json_open_object(b, NULL);
	api_add_local_time(b, "start", zone, start);
	api_add_local_time(b, "end", zone, end);
}

static int add_slot(const struct slot *slot, void *arg)
{
	struct answering *answering = arg;
	struct buf *b = answering->b;

	api_add_slot(b, answering->zone, slot->start, instant_add(slot->start, answering->duration));
	json_open_array(b, "staff");
	for (size_t i = 0; i < slot->staff_count; i++)
		json_add_text(b, NULL, slot->staff[i]->name);
	json_close_array(b);
	json_add_integer(b, "seats_left", slot->placement.seats_left);
	json_close_object(b);
	return b->err;
}

int api_slots_get(struct api_request *r, struct kv_txn *txn)
{
	const struct question *question = r->state;
	struct booking_slots wanted = {
	    .service = r->segments[0], .staff = question->staff, .seats = question->seats, .own = r->caller.booking};
	struct answering answering = {.zone = question->zone};
	struct policy policy;
	int ret = api_offered_policy(r, txn, r->segments[0], &policy);

	if (ret < 0)
		return ret;
	if (answering.zone == NULL)
		answering.zone = booking_zone(r->app->changes, &policy);
	wanted.window.start = zoned_day_start(answering.zone, question->from);
	wanted.window.end = zoned_day_start(answering.zone, question->to);
	answering.duration = policy.duration;
	answering.b = api_answer(r, 200);
	json_open_object(answering.b, NULL);
	json_add_text(answering.b, "service", policy.id);
	json_add_text(answering.b, "timezone", zone_name(answering.zone));
	json_open_array(answering.b, "slots");
	ret = booking_slots(r->app->changes, txn, r->arena, &wanted, add_slot, &answering, NULL, NULL);
	json_close_array(answering.b);
	json_close_object(answering.b);
	return ret == -EINVAL ? api_refuse(r, "staff", "nobody of this service has that name") : ret;
}
