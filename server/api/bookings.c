/* /bookings: read, and what a body says of one that is to be made or changed. */
#include <config.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/base/ascii.h"
#include "protocol/ical/zoned_time.h"
#include "server/api/bookings_private.h"
#include "server/booking/names.h"

#define NOTES_MAX       4000
#define PHONE_MAX       50
#define LANGUAGE_MAX    35 /* RFC 5646, 4.4.1 */
#define CURSOR_SIZE     64

/* From BOOKING_HELD. */
static const char *const statuses[] = {"held", "confirmed", "cancelled", "completed", "no_show", NULL};

/* ---- one ---- */

int api_booking_zone(struct api_request *r, struct kv_txn *txn, const struct booking *booking,
    const struct zone **zone_r)
{
	struct policy policy = {.id = SLICE_EMPTY};
	int ret = booking->service.len > 0 ? booking_policy(txn, r->arena, booking->service, &policy) : 0;

	*zone_r = booking_zone(r->app->changes, &policy);
	return ret == -ENOENT ? 0 : ret;
}

void api_booking_write(struct buf *b, const struct booking *booking, const struct zone *zone)
{
	json_open_object(b, NULL);
	booking_json_members(b, booking, zone);
	json_close_object(b);
}

int api_booking_get(struct api_request *r, struct kv_txn *txn)
{
	const struct zone *zone;
	struct booking booking;
	int ret = store_booking_get_by_id(txn, r->arena, r->segments[0], &booking);

	if (ret == 0)
		ret = api_booking_zone(r, txn, &booking, &zone);
	if (ret == 0)
		api_booking_write(api_answer(r, 200), &booking, zone);
	return ret;
}

int api_offered_policy(struct api_request *r, struct kv_txn *txn, struct slice service, struct policy *policy_r)
{
	struct booking own;
	int ret = booking_policy(txn, r->arena, service, policy_r);

	if (ret < 0 || policy_r->visible || r->caller.kind >= CALLER_BOOKING)
		return ret;
	if (r->caller.kind != CALLER_CUSTOMER)
		return -ENOENT;
	ret = store_booking_get_by_id(txn, r->arena, r->caller.booking, &own); /* he has one: it is no secret to him */
	return ret == 0 && !slice_equal(own.service, service) ? -ENOENT : ret;
}

/* ---- the list ---- */

struct filter {
	struct api_request *r;
	struct kv_txn *txn;
	struct api_list list;
	struct interval window;
	struct slice staff, service;
	enum booking_status status; /* 0: any */
	instant_t after_start;
	uint64_t after;
};

int api_booking_window(struct api_request *r, bool required, struct interval *window_r)
{
	const struct zone *zone = booking_zone(r->app->changes, &(struct policy){.id = SLICE_EMPTY});
	int64_t from = 0, to = 0;
	int has_from = api_parameter_date(r, "from", &from);
	int has_to = has_from < 0 ? has_from : api_parameter_date(r, "to", &to);

	if (has_from < 0 || has_to < 0)
		return -EINVAL;
	if (required && (has_from == 0 || has_to == 0))
		return api_refuse(r, has_from == 0 ? "from" : "to", "a date is wanted");
	window_r->start = has_from > 0 ? zoned_day_start(zone, from) : INSTANT_MIN;
	window_r->end = has_to > 0 ? zoned_day_start(zone, to) : INSTANT_MAX;
	if (has_from > 0 && has_to > 0 && to <= from)
		return api_refuse(r, "to", "it is exclusive, and lies behind from");
	if (required && to - from > BOOKING_SLOT_DAYS_MAX)
		return api_refuse(r, "to", "at most %d days are shown at once", BOOKING_SLOT_DAYS_MAX);
	return 0;
}

/* "START NUMBER" of the last one of the page before. */
static int take_cursor(struct filter *filter)
{
	struct slice rest = filter->list.cursor, start, number;
	uint64_t seconds;

	if (rest.len == 0)
		return 0;
	if (!slice_next(&rest, ' ', &start) || !slice_next(&rest, ' ', &number) ||
	    slice_to_u64(start, INT64_MAX, &seconds) < 0 || slice_to_u64(number, UINT64_MAX, &filter->after) < 0)
		return api_refuse(filter->r, "cursor", "it is not one that was given");
	filter->after_start = (instant_t)seconds + INSTANT_MIN;
	return 0;
}

static bool has_staff(const struct booking *booking, struct slice name)
{
	for (size_t i = 0; i < booking->staff_count; i++)
		if (slice_equal(booking->staff[i], name))
			return true;
	return false;
}

static bool is_wanted(const struct filter *filter, const struct booking *booking)
{
	return (filter->status == 0 || booking->status == filter->status) &&
	       (filter->staff.at == NULL || has_staff(booking, filter->staff)) &&
	       (filter->service.at == NULL || slice_equal(booking->service, filter->service));
}

static int see(const struct booking *booking, void *arg)
{
	struct filter *filter = arg;
	const struct zone *zone;
	char cursor[CURSOR_SIZE];
	int ret;

	if (!is_wanted(filter, booking))
		return 0;
	if (filter->list.left == 0) {
		filter->list.more = true;
		return 1;
	}
	ret = api_booking_zone(filter->r, filter->txn, booking, &zone);
	if (ret < 0)
		return ret;
	api_booking_write(filter->list.b, booking, zone);
	filter->list.left--;
	snprintf(cursor, sizeof(cursor), "%lld %llu", (long long)(booking->core.start - INSTANT_MIN),
	    (unsigned long long)booking->number);
	filter->list.last = slice_str(arena_strdup(filter->r->arena, cursor));
	return filter->list.last.len > 0 ? 0 : -ENOMEM;
}

int api_booking_list(struct api_request *r, struct kv_txn *txn)
{
	struct filter filter = {
	    .r = r, .txn = txn, .staff = api_parameter(r, "staff"), .service = api_parameter(r, "service")};
	int status, ret = api_booking_window(r, false, &filter.window);

	if (ret == 0)
		ret = api_parameter_word(r, "status", statuses, &status);
	if (ret > 0)
		filter.status = BOOKING_HELD + (enum booking_status)status;
	if (ret >= 0)
		ret = api_list_begin(r, &filter.list);
	if (ret == 0)
		ret = take_cursor(&filter);
	if (ret == 0)
		ret = store_booking_each_by_start(txn, r->arena, filter.window, filter.after_start, filter.after, see, &filter);
	if (ret < 0)
		return ret;
	api_list_end(&filter.list);
	return 0;
}

/* ---- bodies ---- */

static int read_text(struct api_request *r, const struct json_value *object, const char *name, enum json_lines lines,
    size_t max, struct slice *text)
{
	int ret = json_get_text(object, name, JSON_OPTIONAL, lines, 0, max, text, &r->error);

	return ret < 0 ? ret : 0;
}

static int read_time(struct api_request *r, enum json_need need, instant_t *at_r)
{
	struct slice text;
	int ret = json_get_text(&r->body, "start", need, JSON_ONE_LINE, 1, 40, &text, &r->error);

	if (ret > 0 && instant_parse_rfc3339(text, at_r, NULL) < 0)
		return api_refuse(r, "start", "a time with its offset is wanted, as 2027-03-29T09:00:00+02:00");
	return ret;
}

static bool language_is_good(struct slice tag)
{
	for (size_t i = 0; i < tag.len; i++)
		if (!ascii_is_alnum(tag.at[i]) && tag.at[i] != '-')
			return false;
	return true;
}

/* Who has no key must be reachable; who has one knows his customers. */
static int read_customer(struct api_request *r, struct booking_customer *customer)
{
	static const char *const names[] = {"name", "email", "phone", "timezone", "language", NULL};
	bool known = r->caller.kind >= CALLER_BOOKING;
	struct json_value object;
	int ret = json_member(&r->body, "customer", JSON_REQUIRED, JSON_KIND_OBJECT, &object, &r->error);

	if (ret > 0)
		ret = json_only(&object, names, &r->error);
	if (ret == 0)
		ret = json_get_text(&object, "name", JSON_REQUIRED, JSON_ONE_LINE, 1, NAMES_TEXT_MAX, &customer->name, &r->error);
	if (ret >= 0)
		ret = json_get_text(&object, "email", known ? JSON_OPTIONAL : JSON_REQUIRED, JSON_ONE_LINE, 0, NAMES_TEXT_MAX,
		    &customer->email, &r->error);
	if (ret >= 0)
		ret = read_text(r, &object, "phone", JSON_ONE_LINE, PHONE_MAX, &customer->phone);
	if (ret == 0)
		ret = read_text(r, &object, "timezone", JSON_ONE_LINE, ZONE_NAME_MAX, &customer->timezone);
	if (ret == 0)
		ret = read_text(r, &object, "language", JSON_ONE_LINE, LANGUAGE_MAX, &customer->language);
	if (ret < 0)
		return ret;
	if ((customer->email.len > 0 || !known) && !names_email_is_good(customer->email))
		return api_refuse(r, "customer.email", "it is no e-mail address");
	if (customer->timezone.len > 0 && zone_set_find(r->app->zones, customer->timezone) == NULL)
		return api_refuse(r, "customer.timezone", "there is no such time zone");
	return language_is_good(customer->language) ? 0 : api_refuse(r, "customer.language", "it is no language tag");
}

/* "force": overlap alone binds; for an admin. */
static int read_force(struct api_request *r, bool *force_r)
{
	int ret = json_get_boolean(&r->body, "force", JSON_OPTIONAL, force_r, &r->error);

	if (ret > 0 && *force_r && r->caller.kind != CALLER_ADMIN)
		return api_problem(r, 403, NULL, "Only a key of the role admin may force.");
	return ret < 0 ? ret : 0;
}

static int is_offered(struct kv_txn *txn, void *arg)
{
	struct api_request *r = arg;
	struct booking_call *call = r->state;
	struct policy policy;

	return api_offered_policy(r, txn, call->place.service, &policy);
}

int api_booking_read(struct api_request *r)
{
	static const char *const names[] = {"service", "start", "staff", "customer", "notes", "seats", "hold", "force", NULL};
	struct booking_call *call = api_booking_call(r);
	struct booking_place *place = call != NULL ? &call->place : NULL;
	int ret = place != NULL ? json_only(&r->body, names, &r->error) : -ENOMEM;

	if (ret == 0)
		ret = json_get_text(&r->body, "service", JSON_REQUIRED, JSON_ONE_LINE, 1, RECORD_NAME_MAX, &place->service,
		    &r->error);
	if (ret >= 0)
		ret = read_time(r, JSON_REQUIRED, &place->start);
	if (ret >= 0)
		ret = read_text(r, &r->body, "staff", JSON_ONE_LINE, RECORD_NAME_MAX, &place->staff);
	if (ret == 0)
		ret = read_customer(r, &place->customer);
	if (ret == 0)
		ret = read_text(r, &r->body, "notes", JSON_LINES, NOTES_MAX, &place->notes);
	if (ret < 0)
		return ret;
	place->seats = 1;
	ret = json_get_integer(&r->body, "seats", JSON_OPTIONAL, 1, POLICY_CAPACITY_MAX, &place->seats, &r->error);
	if (ret >= 0)
		ret = json_get_boolean(&r->body, "hold", JSON_OPTIONAL, &place->hold, &r->error);
	if (ret >= 0)
		ret = read_force(r, &place->force);
	if (ret == 0)
		ret = kv_view(store_kv(r->app->store), is_offered, r);
	return ret == -ENOENT ? api_refuse(r, "service", "there is no such service") : ret;
}

static int read_status(struct api_request *r, struct booking_change *change)
{
	static const char *const words[] = {"confirmed", "cancelled", "completed", "no_show", NULL};
	static const enum booking_action actions[] = {BOOKING_CONFIRM, BOOKING_CANCEL, BOOKING_COMPLETE, BOOKING_MARK_NO_SHOW};
	int word, ret = json_get_word(&r->body, "status", JSON_OPTIONAL, words, &word, &r->error);

	if (ret <= 0)
		return ret;
	change->action = actions[word];
	if (word >= 2 && r->caller.kind == CALLER_CUSTOMER)
		return api_problem(r, 403, NULL, "That is for the business to say.");
	return 1;
}

int api_booking_read_patch(struct api_request *r)
{
	static const char *const names[] = {"start", "staff", "status", "force", NULL};
	struct booking_call *call = api_booking_call(r);
	struct booking_change *change = call != NULL ? &call->change : NULL;
	int status, moves, ret = change != NULL ? json_only(&r->body, names, &r->error) : -ENOMEM;

	if (ret < 0)
		return ret;
	change->action = BOOKING_MOVE;
	status = read_status(r, change);
	moves = status < 0 ? status : read_time(r, JSON_OPTIONAL, &change->start);
	if (status < 0 || moves < 0)
		return -EINVAL;
	change->has_start = moves > 0;
	ret = read_text(r, &r->body, "staff", JSON_ONE_LINE, RECORD_NAME_MAX, &change->staff);
	if (ret == 0)
		ret = read_force(r, &change->force);
	if (ret < 0)
		return ret;
	moves += change->staff.len > 0;
	if (status > 0 && moves > 0)
		return api_refuse(r, "status", "either the time or the status changes");
	if (status == 0 && moves == 0)
		return api_refuse(r, "start", "start, staff or status is wanted");
	return 0;
}
