/* Bookings, as the administrator sees and ends them. */
#include <config.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/zoned_time.h"
#include "protocol/json/json.h"
#include "server/booking/booking.h"
#include "server/control/commands_private.h"

#define ARENA_BYTES_MAX (64u << 20) /* of one page */
#define PAGE_MAX        1000        /* bookings that are looked at in one snapshot */

static const struct change_origin operator_origin = {.kind = ORIGIN_OPERATOR};

struct booking_call {
	struct command_call *call;
	struct arena *arena; /* of the page */
	struct kv_txn *txn;
	/* asked */
	struct interval window;
	struct slice staff, service;
	enum booking_status status; /* 0: any */
	bool json;
	/* where the next page begins */
	instant_t after_start;
	uint64_t after;
	size_t seen;
	bool more;
	/* of the service that was looked at last */
	struct slice zoned;
	const struct zone *zone;
	struct booking booking;
};

/* ---- what was asked ---- */

/* The beginning of the local date that option NAME says. */
static int take_date(struct command_call *call, const char *name, instant_t *at_r)
{
	const struct policy none = {.timezone = SLICE_EMPTY};
	const struct zone *zone = booking_zone(call->app->changes, &none);
	const char *date = command_option(call, name), *text;
	instant_t midnight;

	if (date == NULL)
		return COMMAND_OK;
	text = arena_printf(call->arena, "%sT00:00:00Z", date);
	if (text == NULL)
		return command_store_failed(call, -ENOMEM);
	if (instant_parse_rfc3339(slice_str(text), &midnight, NULL) < 0)
		return command_fail(call, COMMAND_USAGE, "--%s: %s is no date, as 2027-03-28", name, date);
	*at_r = zoned_day_start(zone, zoned_day_of(zone_utc(), midnight));
	return COMMAND_OK;
}

static int take_status(struct command_call *call, enum booking_status *status_r)
{
	const char *word = command_option(call, "status");

	if (word == NULL)
		return COMMAND_OK;
	for (int status = BOOKING_HELD; status <= BOOKING_NO_SHOW; status++) {
		if (!slice_is(slice_str(word), booking_status_word((enum booking_status)status)))
			continue;
		*status_r = (enum booking_status)status;
		return COMMAND_OK;
	}
	return command_fail(call, COMMAND_USAGE, "--status: %s is none of held, confirmed, cancelled, completed, no_show", word);
}

/* ---- booking list ---- */

/* In the zone of its service. */
static int find_zone(struct booking_call *list, const struct booking *booking)
{
	struct policy policy = {.timezone = SLICE_EMPTY};
	int ret = 0;

	if (list->zone != NULL && slice_equal(list->zoned, booking->service))
		return 0;
	if (booking->service.len > 0)
		ret = booking_policy(list->txn, list->arena, booking->service, &policy);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	list->zoned = booking->service; /* of the page's arena, as all of a booking */
	list->zone = booking_zone(list->call->app->changes, &policy);
	return 0;
}

static void add_names(struct buf *out, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s%.*s", i > 0 ? "," : " ", SLICE_ARG(names[i]));
}

static void show(struct booking_call *list, const struct booking *booking)
{
	struct buf *out = &list->call->out;

	if (list->json) {
		json_open_object(out, NULL);
		booking_json_members(out, booking, list->zone);
		json_close_object(out);
		return;
	}
	buf_printf(out, "%.*s ", SLICE_ARG(booking->id));
	buf_add_rfc3339(out, booking->core.start, zone_offset_at(list->zone, booking->core.start));
	buf_printf(out, " %-9s %.*s", booking_status_word(booking->status),
	    SLICE_ARG(booking->service.len > 0 ? booking->service : SLICE("-")));
	add_names(out, booking->staff, booking->staff_count);
	if (booking->customer_email.len > 0)
		buf_printf(out, " <%.*s>", SLICE_ARG(booking->customer_email));
	buf_add_char(out, '\n');
}

static bool has_staff(const struct booking *booking, struct slice name)
{
	for (size_t i = 0; i < booking->staff_count; i++)
		if (slice_equal(booking->staff[i], name))
			return true;
	return false;
}

static bool is_wanted(const struct booking_call *list, const struct booking *booking)
{
	return (list->status == 0 || booking->status == list->status) &&
	       (list->staff.len == 0 || has_staff(booking, list->staff)) &&
	       (list->service.len == 0 || slice_equal(booking->service, list->service));
}

static int see(const struct booking *booking, void *arg)
{
	struct booking_call *list = arg;
	int ret = 0;

	if (list->seen == PAGE_MAX) {
		list->more = true;
		return 1;
	}
	list->seen++;
	list->after_start = booking->core.start;
	list->after = booking->number;
	if (!is_wanted(list, booking))
		return 0;
	ret = find_zone(list, booking);
	if (ret == 0)
		show(list, booking);
	return ret;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	struct booking_call *list = arg;
	int ret;

	list->txn = txn;
	ret = store_booking_each_by_start(txn, list->arena, list->window, list->after_start, list->after, see, list);
	return ret < 0 ? ret : 0;
}

static int show_page(struct booking_call *list)
{
	arena_reset(list->arena);
	list->seen = 0;
	list->more = false;
	list->zone = NULL;
	return kv_view(store_kv(list->call->app->store), list_in, list);
}

static int show_all(struct booking_call *list)
{
	struct buf *out = &list->call->out;
	int ret;

	list->arena = arena_new(ARENA_BYTES_MAX);
	if (list->arena == NULL)
		return -ENOMEM;
	if (list->json)
		json_open_array(out, NULL);
	do
		ret = show_page(list);
	while (ret == 0 && list->more);
	if (list->json) {
		json_close_array(out);
		buf_add_char(out, '\n');
	}
	arena_free(list->arena);
	return ret;
}

int command_booking_list(struct command_call *call)
{
	struct booking_call list = {
		.call = call,
		.window = {INSTANT_MIN, INSTANT_MAX},
		.staff = slice_str(command_option(call, "staff")),
		.service = slice_str(command_option(call, "service")),
		.json = command_option(call, "json") != NULL,
	};
	int ret, status = take_date(call, "from", &list.window.start);

	if (status == COMMAND_OK)
		status = take_date(call, "to", &list.window.end);
	if (status == COMMAND_OK)
		status = take_status(call, &list.status);
	if (status != COMMAND_OK)
		return status;
	ret = show_all(&list);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

/* ---- booking show, booking cancel ---- */

static int no_booking(struct command_call *call)
{
	return command_fail(call, COMMAND_FAILED, "there is no booking %s", call->arguments[0]);
}

static int show_in(struct kv_txn *txn, void *arg)
{
	struct booking_call *one = arg;
	int ret = store_booking_get_by_id(txn, one->arena, slice_str(one->call->arguments[0]), &one->booking);

	one->txn = txn;
	return ret < 0 ? ret : find_zone(one, &one->booking);
}

int command_booking_show(struct command_call *call)
{
	struct booking_call one = {.call = call, .arena = call->arena, .json = true};
	int ret = kv_view(store_kv(call->app->store), show_in, &one);

	if (ret == -ENOENT)
		return no_booking(call);
	if (ret < 0)
		return command_store_failed(call, ret);
	show(&one, &one.booking);
	buf_add_char(&call->out, '\n');
	return COMMAND_OK;
}

int command_booking_cancel(struct command_call *call)
{
	struct booking_change change = {
		.id = slice_str(call->arguments[0]),
		.action = BOOKING_CANCEL,
		.reason = slice_str(command_option(call, "reason")),
		.origin = operator_origin,
	};
	struct booking_answer *answer = arena_zalloc(call->arena, sizeof(*answer));

	if (answer == NULL)
		return command_store_failed(call, -ENOMEM);
	if (!names_text_is_good(change.reason))
		return command_fail(call, COMMAND_USAGE, "--reason: not plain text of at most %d bytes", NAMES_TEXT_MAX);
	booking_change_wait(call->app->changes, call->arena, &change, answer);
	if (answer->outcome == BOOKING_DONE)
		return COMMAND_OK;
	if (answer->outcome == BOOKING_NOT_FOUND)
		return no_booking(call);
	if (answer->outcome == BOOKING_FAILED)
		return command_store_failed(call, answer->ret);
	return command_fail(call, COMMAND_FAILED, "booking %s: %s", call->arguments[0], answer->error.detail);
}
