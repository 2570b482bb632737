/* Bookings made, held, confirmed, moved and ended, in a whole small business; after each case the check finds nothing. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/booking/booking.h"
#include "tests/unit/booking_world.h"

#define HOURS "{\"timezone\":\"Europe/Amsterdam\",\"weekly\":{\"mon\":[[\"09:00\",\"17:00\"]],\"tue\":[[\"09:00\",\"17:00\"]]}}"

static const char cut[] = "{\"id\":\"cut\",\"name\":\"Haircut\",\"duration_minutes\":30,\"staff\":[\"alice\",\"bob\"],"
                          "\"resources\":[{\"id\":\"room-1\",\"count\":1}],\"location\":\"\"}";
static const char talk[] = "{\"id\":\"talk\",\"name\":\"Talk\",\"duration_minutes\":60,\"buffer_after_minutes\":30,"
                           "\"staff\":[\"alice\",\"bob\"],\"cancel_notice_minutes\":60}";
static const char yoga[] = "{\"id\":\"yoga\",\"name\":\"Yoga\",\"duration_minutes\":60,\"staff\":[\"alice\"],\"capacity\":3}";
static const char calm[] = "{\"id\":\"calm\",\"name\":\"Calm\",\"duration_minutes\":30,\"buffer_before_minutes\":120,"
                           "\"buffer_after_minutes\":120,\"buffer_combine\":\"max\",\"staff\":[\"alice\"]}";
static const char both[] = "{\"id\":\"both\",\"name\":\"Both\",\"duration_minutes\":30,\"staff\":[\"alice\",\"bob\"],"
                           "\"assignment\":\"collective\"}";

struct stored {
	const char *id, *json;
};

static int store_service(struct kv_txn *txn, void *arg)
{
	const struct stored *stored = arg;

	return store_service_put(txn, &(struct service){.id = slice_str(stored->id), .json = slice_str(stored->json)});
}

static void add_service(struct shop *shop, const char *id, const char *json)
{
	struct stored stored = {id, json};

	assert_int_equal(kv_update_wait(store_kv(shop->store), store_service, &stored), 0);
}

static struct shop *open_shop(void)
{
	struct shop *shop = world_new("memory:again", NULL);

	world_set_hours(shop, "alice", HOURS);
	world_set_hours(shop, "bob", HOURS);
	add_service(shop, "cut", cut);
	add_service(shop, "talk", talk);
	add_service(shop, "yoga", yoga);
	add_service(shop, "both", both);
	add_service(shop, "calm", calm);
	return shop;
}

static void close_shop(struct shop *shop)
{
	assert_int_equal(world_verify(shop, true), 0);
	world_free(shop);
}

/* START as "20270301T100000Z"; on this Monday Amsterdam is an hour ahead. */
static struct booking_answer place(struct shop *shop, const char *service, const char *start, const char *staff, bool hold,
    int64_t seats)
{
	struct booking_place request = {
		.service = slice_str(service),
		.start = world_time(start),
		.staff = slice_str(staff),
		.customer = {.name = SLICE("Kim"), .email = SLICE("kim@example.org")},
		.seats = seats,
		.hold = hold,
		.origin = {.kind = ORIGIN_API},
	};
	struct booking_answer answer;

	booking_place_wait(shop->changes, shop->arena, &request, &answer);
	return answer;
}

static struct booking_answer act(struct shop *shop, struct slice id, enum booking_action action, const char *start,
    const char *staff)
{
	struct booking_change request = {
		.id = id,
		.action = action,
		.has_start = start != NULL,
		.start = start != NULL ? world_time(start) : 0,
		.staff = slice_str(staff),
		.customer = true,
		.origin = {.kind = ORIGIN_API},
	};
	struct booking_answer answer;

	booking_change_wait(shop->changes, shop->arena, &request, &answer);
	return answer;
}

static const char *path_of(struct shop *shop, const char *home, const struct booking *booking)
{
	static char path[200];

	(void)shop;
	snprintf(path, sizeof(path), "%s/bookings/%.*s.ics", home, SLICE_ARG(booking->uid));
	return path;
}

static bool has_object(struct shop *shop, const char *home, const struct booking *booking)
{
	struct object object;
	struct slice body;

	return world_get(shop, path_of(shop, home, booking), &object, &body) == 0;
}

static struct slice unfolded(struct shop *shop, struct slice text)
{
	char *out = arena_alloc(shop->arena, text.len + 1);
	size_t len = 0;

	assert_non_null(out);
	for (size_t i = 0; i < text.len; i++) {
		if (slice_starts(slice_from(text, i), SLICE("\r\n ")))
			i += 2;
		else
			out[len++] = text.at[i];
	}
	return slice_of(out, len);
}

static struct slice text_of(struct shop *shop, const char *home, const struct booking *booking)
{
	struct object object;
	struct slice body;

	assert_int_equal(world_get(shop, path_of(shop, home, booking), &object, &body), 0);
	return unfolded(shop, body);
}

#define WANT_TEXT(body, part) assert_true(slice_find(body, SLICE(part)) >= 0)
#define MADE(answer)          assert_int_equal((answer).outcome, BOOKING_DONE)
#define REFUSED(answer, reason)                                                                    \
	do {                                                                                       \
		assert_int_equal((answer).outcome, BOOKING_TAKEN);                                 \
		assert_int_equal((answer).why, reason);                                            \
	} while (0)

/* The stored text with one part replaced by another. */
static struct slice edited(struct shop *shop, struct slice text, const char *from, const char *to)
{
	ptrdiff_t at = slice_find(text, slice_str(from));
	const char *out;

	assert_true(at >= 0);
	out = arena_printf(shop->arena, "%.*s%s%.*s", (int)at, text.at, to, (int)(text.len - (size_t)at - strlen(from)),
	    text.at + (size_t)at + strlen(from));
	assert_non_null(out);
	return slice_str(out);
}

static struct slice at_time(struct shop *shop, struct slice text, const char *from, const char *to, const char *from_end,
    const char *to_end)
{
	return edited(shop, edited(shop, text, from, to), from_end, to_end);
}

struct lookup {
	struct shop *shop;
	struct slice id;
	struct booking booking;
};

static int look_up(struct kv_txn *txn, void *arg)
{
	struct lookup *lookup = arg;

	return store_booking_get_by_id(txn, lookup->shop->arena, lookup->id, &lookup->booking);
}

static struct booking booking_of(struct shop *shop, struct slice id)
{
	struct lookup lookup = {.shop = shop, .id = id};

	assert_int_equal(kv_view(store_kv(shop->store), look_up, &lookup), 0);
	return lookup.booking;
}

static void test_a_booking_stands_in_every_calendar(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "cut", "20270301T100000Z", "", false, 1), second;
	struct slice body;

	(void)state;
	MADE(made);
	assert_int_equal(made.booking.status, BOOKING_CONFIRMED);
	assert_true(slice_is(made.booking.staff[0], "alice"));
	assert_true(slice_is(made.booking.resources[0], "room-1"));
	assert_int_equal(strlen(made.token), 32);
	body = text_of(shop, "alice", &made.booking);
	WANT_TEXT(body, "SUMMARY:Haircut: Kim\r\n");
	WANT_TEXT(body, "DTSTART:20270301T100000Z\r\n");
	WANT_TEXT(body, "DTEND:20270301T103000Z\r\n");
	WANT_TEXT(body, "SCHEDULE-AGENT=NONE:mailto:kim@example.org\r\n");
	WANT_TEXT(body, ":mailto:alice@example.org\r\n");
	WANT_TEXT(body, "LOCATION:room-1\r\n");
	body = text_of(shop, "room-1", &made.booking);
	WANT_TEXT(body, "ORGANIZER;CN=alice:mailto:alice@example.org\r\n");
	assert_int_equal(world_jobs(shop, "booking_notice"), 1);
	/* The room is taken, so nobody else can have it; bob would be free. */
	second = place(shop, "cut", "20270301T100000Z", "", false, 1);
	REFUSED(second, WHY_STAFF_BUSY);
	assert_int_equal(second.other_count, 5);
	second = place(shop, "cut", "20270301T100000Z", "bob", false, 1);
	REFUSED(second, WHY_RESOURCE_BUSY);
	assert_true(second.others[0].start == world_time("20270301T093000Z") ||
	            second.others[0].start == world_time("20270301T103000Z"));
	second = place(shop, "talk", "20270301T100000Z", "", false, 1);
	MADE(second);
	assert_true(slice_is(second.booking.staff[0], "bob"));
	close_shop(shop);
}

static void test_a_cancelled_booking_is_gone_from_calendars_and_its_time_free(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "cut", "20270301T100000Z", "alice", false, 1), gone;

	(void)state;
	gone = act(shop, made.booking.id, BOOKING_CANCEL, NULL, "");
	MADE(gone);
	assert_int_equal(gone.booking.status, BOOKING_CANCELLED);
	assert_int_equal(gone.booking.version, 2);
	assert_false(has_object(shop, "alice", &made.booking));
	assert_false(has_object(shop, "room-1", &made.booking));
	gone = act(shop, made.booking.id, BOOKING_CANCEL, NULL, "");
	MADE(gone);
	assert_int_equal(gone.booking.version, 2);
	assert_int_equal(act(shop, made.booking.id, BOOKING_MOVE, "20270301T110000Z", "").outcome, BOOKING_WRONG_STATE);
	assert_int_equal(act(shop, SLICE("nobody"), BOOKING_CANCEL, NULL, "").outcome, BOOKING_NOT_FOUND);
	MADE(place(shop, "cut", "20270301T100000Z", "alice", false, 1));
	close_shop(shop);
}

static void test_a_move_takes_all_copies_along_and_may_overlap_itself(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "talk", "20270301T100000Z", "alice", false, 1), moved;

	(void)state;
	moved = act(shop, made.booking.id, BOOKING_MOVE, "20270301T103000Z", "");
	MADE(moved);
	assert_true(slice_is(moved.booking.staff[0], "alice"));
	WANT_TEXT(text_of(shop, "alice", &made.booking), "DTSTART:20270301T103000Z\r\n");
	WANT_TEXT(text_of(shop, "alice", &made.booking), "SEQUENCE:1\r\n");
	moved = act(shop, made.booking.id, BOOKING_MOVE, NULL, "bob");
	MADE(moved);
	assert_false(has_object(shop, "alice", &made.booking));
	assert_true(has_object(shop, "bob", &made.booking));
	/* Buffers of two neighbours add up: bob's guard ends at 12:00Z. */
	REFUSED(place(shop, "talk", "20270301T113000Z", "bob", false, 1), WHY_STAFF_BUSY);
	MADE(place(shop, "talk", "20270301T120000Z", "bob", false, 1));
	REFUSED(act(shop, made.booking.id, BOOKING_MOVE, "20270301T113000Z", "bob"), WHY_STAFF_BUSY);
	WANT_TEXT(text_of(shop, "bob", &made.booking), "DTSTART:20270301T103000Z\r\n");
	close_shop(shop);
}

static void test_a_hold_keeps_its_time_until_it_expires(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer held = place(shop, "cut", "20270301T100000Z", "alice", true, 1), other;

	(void)state;
	MADE(held);
	assert_int_equal(held.booking.status, BOOKING_HELD);
	assert_false(has_object(shop, "alice", &held.booking));
	REFUSED(place(shop, "cut", "20270301T100000Z", "alice", false, 1), WHY_STAFF_BUSY);
	assert_int_equal(world_verify(shop, true), 0);
	MADE(act(shop, held.booking.id, BOOKING_EXTEND, NULL, ""));
	MADE(act(shop, held.booking.id, BOOKING_EXTEND, NULL, ""));
	assert_int_equal(act(shop, held.booking.id, BOOKING_EXTEND, NULL, "").outcome, BOOKING_WRONG_STATE);
	shop->clock.now += 20 * MINUTE_SECONDS - 1;
	REFUSED(place(shop, "cut", "20270301T100000Z", "alice", false, 1), WHY_STAFF_BUSY);
	shop->clock.now += 1; /* the expiry instant itself is free */
	other = place(shop, "cut", "20270301T100000Z", "alice", false, 1);
	MADE(other);
	held = act(shop, held.booking.id, BOOKING_CONFIRM, NULL, "");
	REFUSED(held, WHY_STAFF_BUSY);
	assert_int_equal(held.booking.status, BOOKING_CANCELLED);
	assert_true(slice_is(held.booking.reason, "expired"));
	close_shop(shop);
}

static void test_an_expired_hold_may_still_be_confirmed_if_it_passes(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer held = place(shop, "cut", "20270301T100000Z", "alice", true, 1),
	                      again = place(shop, "talk", "20270301T120000Z", "bob", true, 1);

	(void)state;
	shop->clock.now += 11 * MINUTE_SECONDS;
	assert_int_equal(booking_sweep_holds(shop->changes), 2);
	assert_int_equal(booking_sweep_holds(shop->changes), 0);
	assert_int_equal(world_busy(shop, "alice", "20270301T000000Z", "20270302T000000Z"), 0);
	held = act(shop, held.booking.id, BOOKING_CONFIRM, NULL, "");
	MADE(held);
	assert_int_equal(held.booking.status, BOOKING_CONFIRMED);
	assert_true(has_object(shop, "room-1", &held.booking));
	MADE(act(shop, held.booking.id, BOOKING_CONFIRM, NULL, ""));
	MADE(act(shop, again.booking.id, BOOKING_CONFIRM, NULL, ""));
	close_shop(shop);
}

static void test_customers_share_a_session(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer one = place(shop, "yoga", "20270301T100000Z", "", false, 1),
	                      two = place(shop, "yoga", "20270301T100000Z", "", false, 2), full;

	(void)state;
	MADE(one);
	MADE(two);
	assert_true(slice_equal(one.booking.uid, two.booking.uid));
	full = place(shop, "yoga", "20270301T100000Z", "", false, 1);
	REFUSED(full, WHY_FULL);
	assert_int_equal(place(shop, "yoga", "20270301T120000Z", "", false, 4).outcome, BOOKING_INVALID);
	assert_int_equal(world_busy(shop, "alice", "20270301T000000Z", "20270302T000000Z"), 1);
	/* The one that founded it goes elsewhere; the other stays where it was. */
	one = act(shop, one.booking.id, BOOKING_MOVE, "20270301T130000Z", "");
	MADE(one);
	assert_false(slice_equal(one.booking.uid, two.booking.uid));
	assert_true(has_object(shop, "alice", &two.booking));
	assert_true(has_object(shop, "alice", &one.booking));
	/* And joins another: one event remains. */
	two = act(shop, two.booking.id, BOOKING_MOVE, "20270301T130000Z", "");
	MADE(two);
	assert_true(slice_equal(one.booking.uid, two.booking.uid));
	assert_int_equal(world_busy(shop, "alice", "20270301T000000Z", "20270302T000000Z"), 1);
	MADE(act(shop, one.booking.id, BOOKING_CANCEL, NULL, ""));
	assert_true(has_object(shop, "alice", &two.booking));
	MADE(act(shop, two.booking.id, BOOKING_CANCEL, NULL, ""));
	assert_false(has_object(shop, "alice", &two.booking));
	close_shop(shop);
}

static void test_all_of_the_staff_are_booked_together(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "both", "20270301T100000Z", "", false, 1);

	(void)state;
	MADE(made);
	assert_int_equal(made.booking.staff_count, 2);
	assert_true(has_object(shop, "alice", &made.booking));
	assert_true(has_object(shop, "bob", &made.booking));
	REFUSED(place(shop, "cut", "20270301T100000Z", "bob", false, 1), WHY_STAFF_BUSY);
	MADE(act(shop, made.booking.id, BOOKING_MOVE, "20270301T103000Z", ""));
	MADE(place(shop, "cut", "20270301T100000Z", "bob", false, 1));
	close_shop(shop);
}

static void test_an_event_of_ones_own_is_in_the_way(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made;

	(void)state;
	world_put(shop, "alice/work/a.ics", world_event(shop, "a", "20270301T100000Z", 60, ""), HANDLING_STRICT, NULL);
	REFUSED(place(shop, "cut", "20270301T100000Z", "alice", false, 1), WHY_STAFF_BUSY);
	made = place(shop, "cut", "20270301T100000Z", "", false, 1);
	MADE(made);
	assert_true(slice_is(made.booking.staff[0], "bob"));
	close_shop(shop);
}

static void test_of_two_buffers_the_longer_may_count(void **state)
{
	struct shop *shop = open_shop();

	(void)state;
	MADE(place(shop, "calm", "20270301T090000Z", "", false, 1));
	/* Two of them need two hours between, not four; anything else keeps out of the buffer that the table does not hold. */
	REFUSED(place(shop, "calm", "20270301T110000Z", "", false, 1), WHY_STAFF_BUSY);
	MADE(place(shop, "calm", "20270301T113000Z", "", false, 1));
	REFUSED(place(shop, "cut", "20270301T103000Z", "alice", false, 1), WHY_STAFF_BUSY);
	MADE(place(shop, "cut", "20270301T140000Z", "alice", false, 1));
	close_shop(shop);
}

static void test_states_follow_one_another_only_as_they_may(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "talk", "20270301T100000Z", "alice", false, 1);
	struct slice text;
	const char *path;

	(void)state;
	assert_int_equal(act(shop, made.booking.id, BOOKING_COMPLETE, NULL, "").outcome, BOOKING_WRONG_STATE);
	shop->clock.now = world_time("20270301T090001Z");
	assert_int_equal(act(shop, made.booking.id, BOOKING_CANCEL, NULL, "").outcome, BOOKING_TOO_LATE);
	assert_int_equal(act(shop, made.booking.id, BOOKING_MOVE, "20270302T100000Z", "").outcome, BOOKING_TOO_LATE);
	shop->clock.now = world_time("20270301T110000Z");
	made = act(shop, made.booking.id, BOOKING_COMPLETE, NULL, "");
	MADE(made);
	assert_int_equal(made.booking.status, BOOKING_COMPLETED);
	assert_true(has_object(shop, "alice", &made.booking));
	/* In the calendar its text may change; its time may not, for it holds none any more. */
	path = arena_strdup(shop->arena, path_of(shop, "alice", &made.booking));
	text = edited(shop, text_of(shop, "alice", &made.booking), "SUMMARY:Talk", "SUMMARY:Well done");
	assert_int_equal(world_put(shop, path, text, HANDLING_STRICT, NULL).outcome, CHANGE_UPDATED);
	text = at_time(shop, text, "DTSTART:20270301T100000Z", "DTSTART:20270308T100000Z", "DTEND:20270301T110000Z",
	    "DTEND:20270308T110000Z");
	assert_int_equal(world_put(shop, path, text, HANDLING_STRICT, NULL).outcome, CHANGE_REFUSED);
	WANT_TEXT(text_of(shop, "alice", &made.booking), "SUMMARY:Well done");
	assert_int_equal(booking_of(shop, made.booking.id).status, BOOKING_COMPLETED);
	MADE(act(shop, made.booking.id, BOOKING_MARK_NO_SHOW, NULL, ""));
	assert_int_equal(act(shop, made.booking.id, BOOKING_CONFIRM, NULL, "").outcome, BOOKING_WRONG_STATE);
	close_shop(shop);
}

static void test_what_is_asked_must_make_sense(void **state)
{
	struct shop *shop = open_shop();

	(void)state;
	assert_int_equal(place(shop, "nothing", "20270301T100000Z", "", false, 1).outcome, BOOKING_INVALID);
	assert_int_equal(place(shop, "cut", "20270301T100000Z", "carol", false, 1).outcome, BOOKING_INVALID);
	REFUSED(place(shop, "cut", "20270301T070000Z", "", false, 1), WHY_NOTICE);
	REFUSED(place(shop, "cut", "20270303T100000Z", "", false, 1), WHY_OUTSIDE_HOURS);
	REFUSED(place(shop, "cut", "20270301T101000Z", "", false, 1), WHY_MISALIGNED);
	REFUSED(place(shop, "cut", "20290305T100000Z", "", false, 1), WHY_HORIZON);
	close_shop(shop);
}

/* ---- over CalDAV ---- */

static void test_an_app_moves_all_copies_at_once(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "cut", "20270301T100000Z", "alice", false, 1);
	const char *path = arena_strdup(shop->arena, path_of(shop, "alice", &made.booking));
	struct slice text = at_time(shop, text_of(shop, "alice", &made.booking), "DTSTART:20270301T100000Z",
	    "DTSTART;TZID=Europe/Amsterdam:20270301T200000", "DTEND:20270301T103000Z", "DURATION:PT1H");
	struct change_result result;
	struct booking moved;

	(void)state;
	/* Eight in the evening is outside all hours, and a staff member may do that. */
	result = world_put(shop, path, text, HANDLING_STRICT, NULL);
	assert_int_equal(result.outcome, CHANGE_UPDATED);
	assert_true(result.rewritten);
	moved = booking_of(shop, made.booking.id);
	assert_int_equal(moved.core.start, world_time("20270301T190000Z"));
	assert_int_equal(moved.core.end, world_time("20270301T200000Z"));
	assert_int_equal(moved.version, 2);
	WANT_TEXT(text_of(shop, "alice", &moved), "DTSTART;TZID=Europe/Amsterdam:20270301T200000\r\n");
	WANT_TEXT(text_of(shop, "room-1", &moved), "DTSTART:20270301T190000Z\r\n");
	MADE(place(shop, "cut", "20270301T100000Z", "alice", false, 1));
	close_shop(shop);
}

static void test_an_app_is_refused_a_taken_time(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "cut", "20270301T100000Z", "alice", false, 1),
	                      other = place(shop, "cut", "20270301T120000Z", "bob", false, 1);
	const char *path = arena_strdup(shop->arena, path_of(shop, "alice", &made.booking));
	struct slice text = at_time(shop, text_of(shop, "alice", &made.booking), "DTSTART:20270301T100000Z",
	    "DTSTART:20270301T120000Z", "DTEND:20270301T103000Z", "DTEND:20270301T123000Z");
	struct change_result result;
	const char *etag = world_etag(shop, path);

	(void)state;
	MADE(other); /* alice is free, but the room is bob's */
	result = world_put(shop, path, text, HANDLING_STRICT, NULL);
	assert_int_equal(result.outcome, CHANGE_REFUSED);
	assert_string_equal(result.reason, "resource_busy");
	assert_int_equal(result.conflict_count, 1);
	assert_int_equal(result.conflicts[0].start, world_time("20270301T120000Z"));
	assert_int_equal(result.alternative_count, 5);
	assert_int_equal(result.alternatives[0].start, world_time("20270301T113000Z"));
	assert_string_equal(world_etag(shop, path), etag);
	result = world_put(shop, path, text, HANDLING_LENIENT, etag);
	assert_int_equal(result.outcome, CHANGE_REFUSED_LENIENT);
	assert_string_not_equal(world_etag(shop, path), etag);
	assert_int_equal(world_changes(shop, "alice/inbox"), 1); /* the writer is told, and once */
	result = world_put(shop, path, text, HANDLING_LENIENT, world_etag(shop, path));
	assert_int_equal(result.outcome, CHANGE_REFUSED_LENIENT);
	assert_int_equal(world_changes(shop, "alice/inbox"), 1);
	WANT_TEXT(text_of(shop, "alice", &made.booking), "DTSTART:20270301T100000Z\r\n");
	assert_int_equal(booking_of(shop, made.booking.id).version, 1);
	close_shop(shop);
}

static void test_who_is_in_it_is_restored_and_the_rest_is_the_persons(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "cut", "20270301T100000Z", "alice", false, 1);
	const char *path = arena_strdup(shop->arena, path_of(shop, "alice", &made.booking));
	struct slice text = edited(shop, text_of(shop, "alice", &made.booking), ":mailto:kim@example.org", ":mailto:eve@example.org");
	struct change_result result = world_put(shop, path, edited(shop, text, "SUMMARY:Haircut: Kim", "SUMMARY:VIP"),
	    HANDLING_STRICT, NULL);

	(void)state;
	assert_int_equal(result.outcome, CHANGE_UPDATED);
	assert_true(result.rewritten);
	text = text_of(shop, "alice", &made.booking);
	WANT_TEXT(text, "SUMMARY:VIP\r\n");
	WANT_TEXT(text, "mailto:kim@example.org");
	assert_true(slice_find(text, SLICE("eve@")) < 0);
	WANT_TEXT(text_of(shop, "room-1", &made.booking), "SUMMARY:Haircut: Kim\r\n");
	assert_int_equal(booking_of(shop, made.booking.id).version, 1);
	/* And stays when the booking moves by another door. */
	MADE(act(shop, made.booking.id, BOOKING_MOVE, "20270301T113000Z", ""));
	text = text_of(shop, "alice", &made.booking);
	WANT_TEXT(text, "SUMMARY:VIP\r\n");
	WANT_TEXT(text, "DTSTART:20270301T113000Z\r\n");
	close_shop(shop);
}

static void test_a_deleted_booking_is_cancelled_and_comes_back_within_a_minute(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "cut", "20270301T100000Z", "alice", false, 1);
	const char *path = arena_strdup(shop->arena, path_of(shop, "alice", &made.booking));
	struct slice text = text_of(shop, "alice", &made.booking);

	(void)state;
	assert_int_equal(world_delete(shop, path, NULL).outcome, CHANGE_DELETED);
	assert_int_equal(booking_of(shop, made.booking.id).status, BOOKING_CANCELLED);
	assert_false(has_object(shop, "room-1", &made.booking));
	/* Put into bob's calendar at once, it is his. */
	assert_int_equal(world_put(shop, path_of(shop, "bob", &made.booking), text, HANDLING_STRICT, NULL).outcome, CHANGE_CREATED);
	made.booking = booking_of(shop, made.booking.id);
	assert_int_equal(made.booking.status, BOOKING_CONFIRMED);
	assert_true(slice_is(made.booking.staff[0], "bob"));
	assert_true(has_object(shop, "room-1", &made.booking));
	assert_int_equal(world_delete(shop, path_of(shop, "bob", &made.booking), NULL).outcome, CHANGE_DELETED);
	shop->clock.now += 61;
	/* Later it is an event of its own. */
	assert_int_equal(world_put(shop, path, text, HANDLING_STRICT, NULL).outcome, CHANGE_CREATED);
	assert_int_equal(booking_of(shop, made.booking.id).status, BOOKING_CANCELLED);
	close_shop(shop);
}

static struct change_result transfer(struct shop *shop, const char *from, const char *to, const struct booking *booking)
{
	char *name = arena_printf(shop->arena, "%.*s.ics", SLICE_ARG(booking->uid));
	struct change_transfer request = {
		.home = slice_str(from),
		.collection = SLICE("bookings"),
		.name = slice_str(name),
		.to_home = slice_str(to),
		.to_collection = SLICE("bookings"),
		.to_name = slice_str(name),
		.move = true,
		.handling = HANDLING_STRICT,
		.origin = {.kind = ORIGIN_USER, .principal = slice_str(from)},
	};
	struct change_result result;

	change_transfer_wait(shop->changes, shop->arena, &request, &result);
	return result;
}

static void test_a_booking_moved_into_another_calendar_is_reassigned(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "talk", "20270301T100000Z", "alice", false, 1);

	(void)state;
	MADE(place(shop, "talk", "20270301T120000Z", "bob", false, 1));
	assert_int_equal(transfer(shop, "alice", "bob", &made.booking).outcome, CHANGE_CREATED);
	assert_false(has_object(shop, "alice", &made.booking));
	WANT_TEXT(text_of(shop, "bob", &made.booking), ":mailto:bob@example.org\r\n");
	assert_true(slice_is(booking_of(shop, made.booking.id).staff[0], "bob"));
	MADE(place(shop, "talk", "20270301T100000Z", "alice", false, 1));
	/* Back is refused: alice is taken now. */
	assert_int_equal(transfer(shop, "bob", "alice", &made.booking).outcome, CHANGE_REFUSED);
	assert_true(has_object(shop, "bob", &made.booking));
	close_shop(shop);
}

static void test_a_stranger_cannot_take_a_booking_by_its_uid(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "talk", "20270301T100000Z", "alice", false, 1);
	struct change_put request = {
		.home = SLICE("bob"),
		.collection = SLICE("bookings"),
		.name = SLICE("x.ics"),
		.body = text_of(shop, "alice", &made.booking),
		.origin = {.kind = ORIGIN_USER, .principal = SLICE("bob")},
	};
	struct change_result result;

	(void)state;
	change_put_wait(shop->changes, shop->arena, &request, &result);
	assert_int_equal(result.outcome, CHANGE_REFUSED);
	assert_int_equal(result.error.condition, CALDAV_NO_UID_CONFLICT);
	assert_true(has_object(shop, "alice", &made.booking));
	close_shop(shop);
}

static void test_a_booking_in_another_calendar_of_its_owner_stays_one(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "cut", "20270301T100000Z", "alice", false, 1);
	struct slice text = text_of(shop, "alice", &made.booking);
	struct booking_answer moved;
	struct object object;
	struct slice body;

	(void)state;
	assert_int_equal(world_put(shop, "alice/work/mine.ics", text, HANDLING_STRICT, NULL).outcome, CHANGE_CREATED);
	assert_false(has_object(shop, "alice", &made.booking));
	assert_int_equal(booking_of(shop, made.booking.id).status, BOOKING_CONFIRMED);
	REFUSED(place(shop, "cut", "20270301T100000Z", "alice", false, 1), WHY_STAFF_BUSY);
	moved = act(shop, made.booking.id, BOOKING_MOVE, "20270301T120000Z", "");
	MADE(moved);
	assert_int_equal(world_get(shop, "alice/work/mine.ics", &object, &body), 0);
	WANT_TEXT(body, "DTSTART:20270301T120000Z\r\n");
	MADE(place(shop, "cut", "20270301T100000Z", "alice", false, 1));
	assert_int_equal(world_delete(shop, "alice/work/mine.ics", NULL).outcome, CHANGE_DELETED);
	assert_int_equal(booking_of(shop, made.booking.id).status, BOOKING_CANCELLED);
	close_shop(shop);
}

static void test_an_event_of_ones_own_in_bookings_is_a_booking_without_service(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer held = place(shop, "talk", "20270301T100000Z", "alice", true, 1);

	(void)state;
	assert_int_equal(world_put(shop, "alice/bookings/own.ics", world_event(shop, "own", "20270301T100000Z", 60, ""),
	    HANDLING_STRICT, NULL).outcome, CHANGE_REFUSED);
	shop->clock.now += 10 * MINUTE_SECONDS; /* the hold has expired, and nobody has swept it yet */
	assert_int_equal(world_put(shop, "alice/bookings/own.ics", world_event(shop, "own", "20270301T100000Z", 60, ""),
	    HANDLING_STRICT, NULL).outcome, CHANGE_CREATED);
	assert_int_equal(booking_of(shop, held.booking.id).status, BOOKING_CANCELLED);
	REFUSED(place(shop, "talk", "20270301T100000Z", "alice", false, 1), WHY_STAFF_BUSY);
	assert_int_equal(world_put(shop, "alice/bookings/own.ics", world_event(shop, "own", "20270301T130000Z", 60, ""),
	    HANDLING_STRICT, NULL).outcome, CHANGE_UPDATED);
	MADE(place(shop, "talk", "20270301T100000Z", "alice", false, 1));
	/* Our buffer may not lie over it. */
	REFUSED(place(shop, "talk", "20270301T120000Z", "alice", false, 1), WHY_STAFF_BUSY);
	assert_int_equal(world_delete(shop, "alice/bookings/own.ics", NULL).outcome, CHANGE_DELETED);
	MADE(place(shop, "talk", "20270301T120000Z", "alice", false, 1));
	close_shop(shop);
}

static void test_deleting_a_session_cancels_all_of_it(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer one = place(shop, "yoga", "20270301T100000Z", "", false, 1),
	                      two = place(shop, "yoga", "20270301T100000Z", "", false, 2);
	struct slice text = text_of(shop, "alice", &one.booking);

	(void)state;
	text = at_time(shop, text, "DTSTART:20270301T100000Z", "DTSTART:20270301T123000Z", "DTEND:20270301T110000Z",
	    "DTEND:20270301T133000Z");
	assert_int_equal(world_put(shop, path_of(shop, "alice", &one.booking), text, HANDLING_STRICT, NULL).outcome,
	    CHANGE_UPDATED);
	assert_int_equal(booking_of(shop, one.booking.id).core.start, world_time("20270301T123000Z"));
	assert_int_equal(booking_of(shop, two.booking.id).core.start, world_time("20270301T123000Z"));
	assert_int_equal(world_delete(shop, path_of(shop, "alice", &one.booking), NULL).outcome, CHANGE_DELETED);
	assert_int_equal(booking_of(shop, one.booking.id).status, BOOKING_CANCELLED);
	assert_int_equal(booking_of(shop, two.booking.id).status, BOOKING_CANCELLED);
	close_shop(shop);
}

/* ---- what a door records ---- */

struct door {
	int before, after;
	enum booking_outcome told;
	bool repeated;
};

static int before(struct kv_txn *txn, void *arg)
{
	struct door *door = arg;

	(void)txn;
	door->before++;
	return door->repeated;
}

static int after(struct kv_txn *txn, const struct booking_answer *answer, void *arg)
{
	struct door *door = arg;

	door->after++;
	door->told = answer->outcome;
	return store_meta_put(txn, SLICE("told"), answer->booking.id);
}

static void test_a_door_hears_of_the_answer_in_the_same_update(void **state)
{
	struct shop *shop = open_shop();
	struct door door = {0};
	struct booking_place request = {
		.service = SLICE("cut"),
		.start = world_time("20270301T100000Z"),
		.seats = 1,
		.origin = {.kind = ORIGIN_API},
		.hooks = {before, after, &door},
	};
	struct booking_answer answer;

	(void)state;
	booking_place_wait(shop->changes, shop->arena, &request, &answer);
	MADE(answer);
	assert_true(door.before >= 1 && door.before == door.after);
	assert_int_equal(door.told, BOOKING_DONE);
	request.staff = SLICE("alice");
	booking_place_wait(shop->changes, shop->arena, &request, &answer);
	assert_int_equal(door.told, BOOKING_TAKEN);
	door.repeated = true;
	door.after = 0;
	booking_place_wait(shop->changes, shop->arena, &request, &answer);
	assert_int_equal(answer.outcome, BOOKING_REPEATED);
	assert_int_equal(door.after, 0);
	close_shop(shop);
}

struct found {
	struct shop *shop;
	struct slice token;
	struct booking booking;
	char spelled[BOOKING_TOKEN_SIZE];
};

static int find(struct kv_txn *txn, void *arg)
{
	struct found *found = arg;
	int ret = booking_by_token(txn, found->shop->arena, found->token, &found->booking);

	return ret < 0 ? ret : booking_token(txn, found->shop->arena, &found->booking, found->spelled);
}

static void test_a_manage_token_opens_its_own_booking(void **state)
{
	struct shop *shop = open_shop();
	struct booking_answer made = place(shop, "cut", "20270301T100000Z", "", false, 1);
	struct found found = {.shop = shop, .token = slice_str(made.token)};

	(void)state;
	assert_int_equal(kv_view(store_kv(shop->store), find, &found), 0);
	assert_true(slice_equal(found.booking.id, made.booking.id));
	assert_string_equal(found.spelled, made.token);
	found.token = SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_int_equal(kv_view(store_kv(shop->store), find, &found), -ENOENT);
	close_shop(shop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_booking_stands_in_every_calendar),
	    cmocka_unit_test(test_a_cancelled_booking_is_gone_from_calendars_and_its_time_free),
	    cmocka_unit_test(test_a_move_takes_all_copies_along_and_may_overlap_itself),
	    cmocka_unit_test(test_a_hold_keeps_its_time_until_it_expires),
	    cmocka_unit_test(test_an_expired_hold_may_still_be_confirmed_if_it_passes),
	    cmocka_unit_test(test_customers_share_a_session),
	    cmocka_unit_test(test_all_of_the_staff_are_booked_together),
	    cmocka_unit_test(test_an_event_of_ones_own_is_in_the_way),
	    cmocka_unit_test(test_of_two_buffers_the_longer_may_count),
	    cmocka_unit_test(test_states_follow_one_another_only_as_they_may),
	    cmocka_unit_test(test_what_is_asked_must_make_sense),
	    cmocka_unit_test(test_an_app_moves_all_copies_at_once),
	    cmocka_unit_test(test_an_app_is_refused_a_taken_time),
	    cmocka_unit_test(test_who_is_in_it_is_restored_and_the_rest_is_the_persons),
	    cmocka_unit_test(test_a_deleted_booking_is_cancelled_and_comes_back_within_a_minute),
	    cmocka_unit_test(test_a_booking_moved_into_another_calendar_is_reassigned),
	    cmocka_unit_test(test_a_stranger_cannot_take_a_booking_by_its_uid),
	    cmocka_unit_test(test_a_booking_in_another_calendar_of_its_owner_stays_one),
	    cmocka_unit_test(test_an_event_of_ones_own_in_bookings_is_a_booking_without_service),
	    cmocka_unit_test(test_deleting_a_session_cancels_all_of_it),
	    cmocka_unit_test(test_a_door_hears_of_the_answer_in_the_same_update),
	    cmocka_unit_test(test_a_manage_token_opens_its_own_booking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
