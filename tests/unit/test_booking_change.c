/* The table of the contract, section 4: what is written, and what happens. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "storage/store_write.h"
#include "tests/unit/booking_world.h"

#define STRICT  HANDLING_STRICT
#define LENIENT HANDLING_LENIENT

static int setup(void **state)
{
	*state = world_new("memory:again", NULL);
	return 0;
}

/* Every test leaves a store in which nothing disagrees. */
static int teardown(void **state)
{
	struct shop *world = *state;
	uint64_t disagreements = world_verify(world, true);

	world_free(world);
	return disagreements == 0 ? 0 : -1;
}

static void expect(struct change_result result, enum change_outcome outcome)
{
	if (result.outcome != outcome)
		fail_msg("outcome %d instead of %d: ret %d, %d %s", (int)result.outcome, (int)outcome, result.ret,
		    result.error.http_status, result.error.detail);
}

static void expect_refused(struct change_result result, int status, enum dav_condition condition)
{
	expect(result, CHANGE_REFUSED);
	assert_int_equal(result.error.http_status, status);
	assert_int_equal(result.error.condition, condition);
}

static bool body_has(struct shop *world, const char *path, const char *text)
{
	struct slice body;

	return world_get(world, path, NULL, &body) == 0 && slice_find(body, slice_str(text)) >= 0;
}

static struct change_result put(struct shop *world, const char *path, const char *uid, const char *start, int minutes)
{
	return world_put(world, path, world_event(world, uid, start, minutes, ""), HANDLING_DEFAULT, NULL);
}

/* ---- plain writes ---- */

static void test_put_creates_updates_and_tells_etags(void **state)
{
	struct shop *world = *state;
	struct change_result first = put(world, "alice/work/a.ics", "a", "20270302T090000Z", 60), second;

	expect(first, CHANGE_CREATED);
	assert_true(first.created);
	assert_string_equal(first.etag, world_etag(world, "alice/work/a.ics"));
	second = put(world, "alice/work/a.ics", "a", "20270302T100000Z", 60);
	expect(second, CHANGE_UPDATED);
	assert_string_not_equal(second.etag, first.etag);
	assert_int_equal(world_busy(world, "alice", "20270302T000000Z", "20270303T000000Z"), 1);
}

static void test_put_of_the_same_bytes_changes_nothing(void **state)
{
	struct shop *world = *state;
	struct change_result first = put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);
	uint64_t changes = world_changes(world, "alice/bookings");
	struct change_result again = put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60);

	expect(again, CHANGE_UNCHANGED);
	assert_string_equal(again.etag, first.etag);
	assert_int_equal(world_changes(world, "alice/bookings"), changes);
}

static void test_put_into_no_calendar_is_409_and_bad_data_403(void **state)
{
	struct shop *world = *state;

	expect_refused(put(world, "alice/nowhere/a.ics", "a", "20270302T090000Z", 60), 409, CONDITION_NONE);
	expect_refused(world_put(world, "alice/work/a.ics", SLICE("no calendar"), HANDLING_DEFAULT, NULL), 403,
	    CALDAV_VALID_CALENDAR_DATA);
	expect_refused(world_put(world, "alice/bookings/t.ics",
			   SLICE("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:t\r\n"
				 "DTSTAMP:20270101T000000Z\r\nEND:VTODO\r\nEND:VCALENDAR\r\n"),
			   HANDLING_DEFAULT, NULL),
	    403, CALDAV_SUPPORTED_CALENDAR_COMPONENT);
}

static void test_conditions_are_checked_before_anything_else(void **state)
{
	struct shop *world = *state;
	struct change_result result = put(world, "alice/work/a.ics", "a", "20270302T090000Z", 60);
	const char *etag = arena_strdup(world->arena, result.etag);

	result = world_put(world, "alice/work/a.ics", world_event(world, "a", "20270302T100000Z", 60, ""),
	    HANDLING_DEFAULT, "\"other\"");
	expect_refused(result, 412, CONDITION_NONE);
	assert_string_equal(result.etag, etag);
	result = world_put(world, "alice/work/a.ics", world_event(world, "a", "20270302T100000Z", 60, ""),
	    HANDLING_DEFAULT, "*");
	expect_refused(result, 412, CONDITION_NONE);
	result = world_put(world, "alice/work/b.ics", world_event(world, "b", "20270302T100000Z", 60, ""),
	    HANDLING_DEFAULT, etag);
	expect_refused(result, 412, CONDITION_NONE);
	assert_string_equal(result.etag, "");
	result = world_put(world, "alice/work/a.ics", world_event(world, "a", "20270302T100000Z", 60, ""),
	    HANDLING_DEFAULT, etag);
	expect(result, CHANGE_UPDATED);
	expect_refused(world_delete(world, "alice/work/a.ics", etag), 412, CONDITION_NONE);
	expect(world_delete(world, "alice/work/a.ics", world_etag(world, "alice/work/a.ics")), CHANGE_DELETED);
	expect_refused(world_delete(world, "alice/work/a.ics", NULL), 404, CONDITION_NONE);
}

static void test_an_etag_with_the_suffix_of_a_coding_matches(void **state)
{
	struct shop *world = *state;
	struct change_result result = put(world, "alice/work/a.ics", "a", "20270302T090000Z", 60);
	const char *coded = arena_printf(world->arena, "W/%.*s-gzip\"", (int)strlen(result.etag) - 1, result.etag);

	expect(world_put(world, "alice/work/a.ics", world_event(world, "a", "20270302T100000Z", 60, ""), HANDLING_DEFAULT,
		   coded),
	    CHANGE_UPDATED);
}

static void test_uid_belongs_to_one_name(void **state)
{
	struct shop *world = *state;
	struct change_result result;

	expect(put(world, "alice/work/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	result = put(world, "alice/work/b.ics", "a", "20270302T100000Z", 60);
	expect_refused(result, 403, CALDAV_NO_UID_CONFLICT);
	assert_true(slice_is(result.conflicting_name, "a.ics"));
	expect_refused(put(world, "alice/work/a.ics", "other", "20270302T100000Z", 60), 403, CALDAV_NO_UID_CONFLICT);
	expect(put(world, "bob/work/b.ics", "a", "20270302T100000Z", 60), CHANGE_CREATED);
	expect(world_delete(world, "alice/work/a.ics", NULL), CHANGE_DELETED);
	expect(put(world, "alice/work/b.ics", "a", "20270302T100000Z", 60), CHANGE_CREATED);
}

/* ---- the promise, strictly ---- */

static void test_new_booking_at_a_taken_time_is_refused(void **state)
{
	struct shop *world = *state;
	struct change_result result;
	uint64_t changes;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	changes = world_changes(world, "alice/bookings");
	result = world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270302T093000Z", 60, ""), STRICT, NULL);
	expect_refused(result, 403, SLOTKEEPER_SLOT_UNAVAILABLE);
	assert_string_equal(result.reason, "staff_busy");
	assert_int_equal(result.conflict_count, 1);
	assert_int_equal(result.conflicts[0].start, world_time("20270302T090000Z"));
	assert_int_equal(result.conflicts[0].end, world_time("20270302T100000Z"));
	assert_int_equal(result.alternative_count, 5);
	/* 08:00 is 90 minutes away, 10:00 is 30 */
	assert_int_equal(result.alternatives[0].start, world_time("20270302T100000Z"));
	assert_int_equal(result.alternatives[1].start, world_time("20270302T103000Z"));
	assert_int_equal(result.alternatives[2].start, world_time("20270302T080000Z"));
	assert_int_equal(result.alternatives[3].start, world_time("20270302T110000Z"));
	assert_int_equal(result.alternatives[0].end, world_time("20270302T110000Z"));
	assert_int_equal(world_changes(world, "alice/bookings"), changes);
	assert_int_equal(world_get(world, "alice/bookings/b.ics", NULL, NULL), -ENOENT);
	assert_int_equal(world_jobs(world, "refusal_notice"), 0);
}

static void test_touching_bookings_are_fine(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T100000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/c.ics", "c", "20270302T080000Z", 60), CHANGE_CREATED);
	expect(put(world, "bob/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
}

static void test_a_resource_is_booked_once(void **state)
{
	struct shop *world = *state;
	struct change_result result;

	expect(put(world, "room-1/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	result = world_put(world, "room-1/bookings/b.ics", world_event(world, "b", "20270302T080000Z", 61, ""), STRICT,
	    NULL);
	expect_refused(result, 403, SLOTKEEPER_SLOT_UNAVAILABLE);
	assert_string_equal(result.reason, "resource_busy");
}

static void set_transparent(struct collection *collection)
{
	collection->transparent = true;
}

static void set_opaque(struct collection *collection)
{
	collection->transparent = false;
}

static void test_private_time_blocks_unless_its_calendar_is_transparent(void **state)
{
	struct shop *world = *state;
	struct slice booking = world_event(world, "b", "20270302T093000Z", 60, "");

	expect(put(world, "alice/work/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect_refused(world_put(world, "alice/bookings/b.ics", booking, STRICT, NULL), 403, SLOTKEEPER_SLOT_UNAVAILABLE);
	world_change_collection(world, "alice/work", set_transparent);
	assert_int_equal(world_busy(world, "alice", "20270302T000000Z", "20270303T000000Z"), 0);
	expect(world_put(world, "alice/bookings/b.ics", booking, STRICT, NULL), CHANGE_CREATED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 0);
	world_change_collection(world, "alice/work", set_opaque);
	assert_int_equal(world_busy(world, "alice", "20270302T000000Z", "20270303T000000Z"), 2);
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
}

struct blocking_row {
	const char *extra;
	bool blocks;
};

static void test_what_blocks(void **state)
{
	static const struct blocking_row rows[] = {
		{"", true},
		{"STATUS:CONFIRMED\r\n", true},
		{"STATUS:TENTATIVE\r\n", true},
		{"STATUS:CANCELLED\r\n", false},
		{"TRANSP:TRANSPARENT\r\n", false},
		{"TRANSP:OPAQUE\r\n", true},
		{"X-MICROSOFT-CDO-BUSYSTATUS:FREE\r\n", false},
		{"TRANSP:TRANSPARENT\r\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\r\n", true},
		{"ATTENDEE;PARTSTAT=DECLINED:mailto:alice@example.org\r\n", false},
		{"ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.org\r\n", true},
		{"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:alice@example.org\r\n", true},
	};
	struct shop *world = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice body = world_event(world, "a", "20270302T090000Z", 60, rows[i].extra);
		struct change_result result;

		expect(world_put(world, "alice/work/a.ics", body, STRICT, NULL), CHANGE_CREATED);
		result = world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270302T090000Z", 30, ""), STRICT,
		    NULL);
		if ((result.outcome == CHANGE_REFUSED) != rows[i].blocks)
			fail_msg("row %zu: %s", i, rows[i].extra);
		if (!rows[i].blocks)
			expect(world_delete(world, "alice/bookings/b.ics", NULL), CHANGE_DELETED);
		expect(world_delete(world, "alice/work/a.ics", NULL), CHANGE_DELETED);
	}
}

static void test_a_booking_that_blocks_nothing_needs_no_check(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(world_put(world, "alice/bookings/b.ics",
		   world_event(world, "b", "20270302T090000Z", 60, "TRANSP:TRANSPARENT\r\n"), STRICT, NULL),
	    CHANGE_CREATED);
	expect(world_put(world, "alice/bookings/c.ics",
		   world_event(world, "c", "20270302T090000Z", 60, "RRULE:FREQ=DAILY\r\nSTATUS:CANCELLED\r\n"), STRICT, NULL),
	    CHANGE_CREATED);
	/* and becomes live only where nothing is */
	expect_refused(world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270302T090000Z", 60, ""), STRICT,
			   NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
}

static void test_a_move_ignores_the_booking_itself(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/a.ics", "a", "20270302T093000Z", 60), CHANGE_UPDATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T090000Z", 30), CHANGE_CREATED);
	expect_refused(world_put(world, "alice/bookings/a.ics", world_event(world, "a", "20270302T091500Z", 60, ""), STRICT,
			   NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
	assert_true(body_has(world, "alice/bookings/a.ics", "DTSTART:20270302T093000Z"));
}

static void test_text_of_a_booking_changes_under_a_private_event(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/work/ill.ics", "ill", "20270302T080000Z", 600), CHANGE_CREATED);
	expect(world_put(world, "alice/bookings/a.ics",
		   world_event(world, "a", "20270302T090000Z", 60, "LOCATION:Here\r\n"), STRICT, NULL),
	    CHANGE_UPDATED);
	expect(world_put(world, "alice/bookings/a.ics", world_event(world, "a", "20270302T090000Z", 30, ""), STRICT, NULL),
	    CHANGE_UPDATED);
	expect_refused(world_put(world, "alice/bookings/a.ics", world_event(world, "a", "20270302T090000Z", 60, ""), STRICT,
			   NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
}

/* ---- series ---- */

static void test_a_series_is_all_or_nothing(void **state)
{
	struct shop *world = *state;
	struct change_result result;

	expect(put(world, "alice/bookings/a.ics", "a", "20270316T090000Z", 60), CHANGE_CREATED);
	result = world_put(world, "alice/bookings/s.ics",
	    world_event(world, "s", "20270302T093000Z", 60, "RRULE:FREQ=WEEKLY;COUNT=10\r\n"), STRICT, NULL);
	expect_refused(result, 403, SLOTKEEPER_SLOT_UNAVAILABLE);
	assert_int_equal(result.conflict_count, 1);
	assert_int_equal(world_get(world, "alice/bookings/s.ics", NULL, NULL), -ENOENT);
	result = world_put(world, "alice/bookings/s.ics",
	    world_event(world, "s", "20270302T093000Z", 60,
		"RRULE:FREQ=WEEKLY;COUNT=10\r\nEXDATE:20270316T093000Z\r\n"),
	    STRICT, NULL);
	expect(result, CHANGE_CREATED);
	assert_int_equal(world_busy(world, "alice", "20270301T000000Z", "20270601T000000Z"), 10);
	/* each instance blocks */
	expect_refused(world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270504T080000Z", 120, ""), STRICT,
			   NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
}

static void test_a_series_without_near_end_has_too_many_instances(void **state)
{
	struct shop *world = *state;

	expect_refused(world_put(world, "alice/bookings/s.ics",
			   world_event(world, "s", "20270302T093000Z", 60, "RRULE:FREQ=WEEKLY\r\n"), LENIENT, NULL),
	    403, CALDAV_MAX_INSTANCES);
	expect_refused(world_put(world, "alice/bookings/s.ics",
			   world_event(world, "s", "20270302T093000Z", 60, "RRULE:FREQ=WEEKLY;COUNT=54\r\n"), STRICT, NULL),
	    403, CALDAV_MAX_INSTANCES);
	expect(world_put(world, "alice/bookings/s.ics",
		   world_event(world, "s", "20270302T093000Z", 60, "RRULE:FREQ=WEEKLY;COUNT=52\r\n"), STRICT, NULL),
	    CHANGE_CREATED);
}

static void test_a_series_does_not_run_into_itself(void **state)
{
	struct shop *world = *state;

	expect_refused(world_put(world, "alice/bookings/s.ics",
			   world_event(world, "s", "20270302T093000Z", 1500, "RRULE:FREQ=DAILY;COUNT=3\r\n"), STRICT, NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
	expect(world_put(world, "alice/bookings/s.ics",
		   world_event(world, "s", "20270302T093000Z", 1440, "RRULE:FREQ=DAILY;COUNT=3\r\n"), STRICT, NULL),
	    CHANGE_CREATED);
}

static void test_an_old_private_series_blocks_also_beyond_the_index(void **state)
{
	struct shop *world = *state;

	expect(world_put(world, "alice/work/s.ics",
		   world_event(world, "s", "Europe/Amsterdam:20200106T093000", 60, "RRULE:FREQ=WEEKLY;BYDAY=MO\r\n"), STRICT, NULL),
	    CHANGE_CREATED);
	expect_refused(world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270308T090000Z", 30, ""), STRICT,
			   NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
	/* Monday 4 July 2033, 09:00 in Amsterdam: summer time, the series is at 07:30Z */
	expect_refused(world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20330704T070000Z", 45, ""), STRICT,
			   NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
	expect(world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20330704T070000Z", 30, ""), STRICT, NULL),
	    CHANGE_CREATED);
}

/* ---- the clock changes: 28 March and 31 October 2027 ---- */

static void test_series_keep_their_wall_time_over_the_clock_change(void **state)
{
	struct shop *world = *state;

	expect(world_put(world, "alice/bookings/s.ics",
		   world_event(world, "s", "Europe/Amsterdam:20270326T090000", 60, "RRULE:FREQ=DAILY;COUNT=5\r\n"), STRICT, NULL),
	    CHANGE_CREATED);
	/* the 27th: 08:00Z; the 29th: 07:00Z */
	expect(world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270327T070000Z", 60, ""), STRICT, NULL),
	    CHANGE_CREATED);
	expect_refused(world_put(world, "alice/bookings/c.ics", world_event(world, "c", "20270329T070000Z", 60, ""), STRICT,
			   NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
	expect(world_put(world, "alice/bookings/c.ics", world_event(world, "c", "20270329T080000Z", 60, ""), STRICT, NULL),
	    CHANGE_CREATED);
}

static void test_the_repeated_hour_is_two_hours(void **state)
{
	struct shop *world = *state;

	/* 02:30 means the first one: 00:30Z */
	expect(world_put(world, "alice/bookings/a.ics",
		   world_event(world, "a", "Europe/Amsterdam:20271031T023000", 30, ""), STRICT, NULL),
	    CHANGE_CREATED);
	expect(world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20271031T013000Z", 30, ""), STRICT, NULL),
	    CHANGE_CREATED);
	expect_refused(world_put(world, "alice/bookings/c.ics", world_event(world, "c", "20271031T003000Z", 30, ""), STRICT,
			   NULL),
	    403, SLOTKEEPER_SLOT_UNAVAILABLE);
}

static void set_new_york(struct collection *collection)
{
	collection->timezone_id = SLICE("America/New_York");
}

static void test_floating_time_is_in_the_calendars_zone(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/work/a.ics", "a", "20270302T090000", 60), CHANGE_CREATED);
	assert_int_equal(world_busy(world, "alice", "20270302T080000Z", "20270302T090000Z"), 1);
	world_change_collection(world, "alice/work", set_new_york);
	assert_int_equal(world_busy(world, "alice", "20270302T080000Z", "20270302T090000Z"), 0);
	assert_int_equal(world_busy(world, "alice", "20270302T140000Z", "20270302T150000Z"), 1);
	expect(put(world, "alice/work/b.ics", "b", "20270303T090000", 60), CHANGE_CREATED);
	assert_int_equal(world_busy(world, "alice", "20270303T140000Z", "20270303T150000Z"), 1);
}

/* ---- leniently ---- */

static void test_lenient_is_the_default_and_settings_widen(void **state)
{
	struct shop *world = *state;
	struct slice booking = world_event(world, "b", "20270302T090000Z", 60, "");

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	world_set_settings(world, HANDLING_STRICT, ON_OVERLAP_DEFAULT);
	expect(world_put(world, "alice/bookings/b.ics", booking, HANDLING_DEFAULT, NULL), CHANGE_REFUSED);
	world_set_settings(world, HANDLING_DEFAULT, ON_OVERLAP_DEFAULT);
	expect(world_put(world, "alice/bookings/b.ics", booking, HANDLING_DEFAULT, NULL), CHANGE_REFUSED_LENIENT);
}

static void test_lenient_move_leaves_the_booking_under_a_new_etag(void **state)
{
	struct shop *world = *state;
	const char *before, *after;
	struct slice moved = world_event(world, "b", "20270302T093000Z", 60, "");
	struct change_result result;
	uint64_t changes;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T110000Z", 60), CHANGE_CREATED);
	before = world_etag(world, "alice/bookings/b.ics");
	changes = world_changes(world, "alice/bookings");
	result = world_put(world, "alice/bookings/b.ics", moved, LENIENT, before);
	expect(result, CHANGE_REFUSED_LENIENT);
	assert_false(result.created);
	assert_string_equal(result.etag, "");
	after = world_etag(world, "alice/bookings/b.ics");
	assert_string_not_equal(after, before);
	assert_int_equal(world_changes(world, "alice/bookings"), changes + 1);
	assert_true(body_has(world, "alice/bookings/b.ics", "DTSTART:20270302T110000Z"));
	assert_int_equal(world_jobs(world, "refusal_notice"), 1);
	/* a repeat with the old ETag */
	expect_refused(world_put(world, "alice/bookings/b.ics", moved, LENIENT, before), 412, CONDITION_NONE);
	/* with the present one: a new ETag again, but nobody is told twice */
	expect(world_put(world, "alice/bookings/b.ics", moved, LENIENT, after), CHANGE_REFUSED_LENIENT);
	assert_string_not_equal(world_etag(world, "alice/bookings/b.ics"), after);
	assert_int_equal(world_jobs(world, "refusal_notice"), 1);
	/* another target time is told, and the first one again once the booking has really changed */
	expect(world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270302T091500Z", 60, ""), LENIENT, NULL),
	    CHANGE_REFUSED_LENIENT);
	assert_int_equal(world_jobs(world, "refusal_notice"), 2);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T120000Z", 60), CHANGE_UPDATED);
	expect(world_put(world, "alice/bookings/b.ics", moved, LENIENT, NULL), CHANGE_REFUSED_LENIENT);
	assert_int_equal(world_jobs(world, "refusal_notice"), 3);
}

static void test_touches_are_limited_and_the_last_is_put_off(void **state)
{
	struct shop *world = *state;
	struct slice moved = world_event(world, "b", "20270302T093000Z", 60, "");
	uint64_t changes;
	const char *etag;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T110000Z", 60), CHANGE_CREATED);
	changes = world_changes(world, "alice/bookings");
	for (int i = 0; i < 50; i++)
		expect(world_put(world, "alice/bookings/b.ics", moved, LENIENT, NULL), CHANGE_REFUSED_LENIENT);
	assert_int_equal(world_changes(world, "alice/bookings"), changes + 10);
	etag = world_etag(world, "alice/bookings/b.ics");
	assert_int_equal(world_run_due(world, "touch"), 0);
	world->clock.now += 59;
	assert_int_equal(world_run_due(world, "touch"), 0);
	assert_string_equal(world_etag(world, "alice/bookings/b.ics"), etag);
	world->clock.now += 1;
	assert_int_equal(world_run_due(world, "touch"), 1);
	assert_string_not_equal(world_etag(world, "alice/bookings/b.ics"), etag);
	assert_int_equal(world_changes(world, "alice/bookings"), changes + 11);
	world->clock.now += 120;
	assert_int_equal(world_run_due(world, "touch"), 0);
	assert_int_equal(world_jobs(world, "touch"), 0);
}

static void test_a_put_off_touch_is_not_needed_after_a_real_change(void **state)
{
	struct shop *world = *state;
	struct slice moved = world_event(world, "b", "20270302T093000Z", 60, "");
	const char *etag;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T110000Z", 60), CHANGE_CREATED);
	for (int i = 0; i < 11; i++)
		expect(world_put(world, "alice/bookings/b.ics", moved, LENIENT, NULL), CHANGE_REFUSED_LENIENT);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T120000Z", 60), CHANGE_UPDATED);
	etag = world_etag(world, "alice/bookings/b.ics");
	world->clock.now += 60;
	assert_int_equal(world_run_due(world, "touch"), 0);
	assert_string_equal(world_etag(world, "alice/bookings/b.ics"), etag);
}

static void test_lenient_new_item_becomes_a_cancelled_copy(void **state)
{
	struct shop *world = *state;
	struct slice wanted = world_event(world, "b", "20270302T093000Z", 60, "DESCRIPTION:Mine\r\nX-UNKNOWN;X-P=1:kept\r\n");
	struct change_result result;
	struct object object;
	uint64_t changes;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	result = world_put(world, "alice/bookings/b.ics", wanted, LENIENT, "*");
	expect(result, CHANGE_REFUSED_LENIENT);
	assert_true(result.created);
	assert_string_equal(result.etag, "");
	assert_int_equal(world_get(world, "alice/bookings/b.ics", &object, NULL), 0);
	assert_true(object.flags & OBJECT_REFUSED);
	assert_true(body_has(world, "alice/bookings/b.ics", "STATUS:CANCELLED\r\n"));
	assert_true(body_has(world, "alice/bookings/b.ics", "TRANSP:TRANSPARENT\r\n"));
	assert_true(body_has(world, "alice/bookings/b.ics", "X-SLOTKEEPER-REFUSED"));
	assert_true(body_has(world, "alice/bookings/b.ics", "X-UNKNOWN;X-P=1:kept\r\n"));
	assert_true(body_has(world, "alice/bookings/b.ics", "Tue 2027-03-02 11:00-12:00"));
	assert_int_equal(world_busy(world, "alice", "20270302T000000Z", "20270303T000000Z"), 1);
	assert_int_equal(world_jobs(world, "refusal_notice"), 1);
	/* the same once more: read again, told once */
	changes = world_changes(world, "alice/bookings");
	expect(world_put(world, "alice/bookings/b.ics", wanted, LENIENT, NULL), CHANGE_REFUSED_LENIENT);
	assert_int_equal(world_changes(world, "alice/bookings"), changes + 1);
	assert_int_equal(world_jobs(world, "refusal_notice"), 1);
	/* its time blocks nobody else */
	expect(put(world, "alice/bookings/c.ics", "c", "20270302T100000Z", 60), CHANGE_CREATED);
	/* the client's own text at a free time: live, byte for byte */
	wanted = world_event(world, "b", "20270302T120000Z", 60, "DESCRIPTION:Mine\r\n");
	result = world_put(world, "alice/bookings/b.ics", wanted, LENIENT, NULL);
	expect(result, CHANGE_UPDATED);
	assert_false(result.rewritten);
	assert_int_equal(world_busy(world, "alice", "20270302T120000Z", "20270302T130000Z"), 1);
	assert_int_equal(world_jobs(world, "refused_sweep"), 0);
}

/* What a calendar app does when the person drags the cancelled copy. */
static struct slice replace(struct shop *world, struct slice text, const char *from, const char *to)
{
	ptrdiff_t at = slice_find(text, slice_str(from));

	assert_true(at >= 0);
	return slice_str(arena_printf(world->arena, "%.*s%s%.*s", (int)at, text.at, to,
	    (int)(text.len - (size_t)at - strlen(from)), text.at + at + strlen(from)));
}

static void test_the_cancelled_copy_dragged_to_a_free_time_becomes_live(void **state)
{
	struct shop *world = *state;
	struct slice body;
	struct change_result result;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(world_put(world, "alice/bookings/b.ics",
		   world_event(world, "b", "20270302T093000Z", 60, "STATUS:TENTATIVE\r\nDESCRIPTION:Mine\\, all\r\n"), LENIENT,
		   NULL),
	    CHANGE_REFUSED_LENIENT);
	assert_int_equal(world_get(world, "alice/bookings/b.ics", NULL, &body), 0);
	/* an edit of the copy that leaves its time is no second try */
	result = world_put(world, "alice/bookings/b.ics", replace(world, body, "SUMMARY:b", "SUMMARY:x"), LENIENT, NULL);
	expect(result, CHANGE_UPDATED);
	assert_int_equal(world_busy(world, "alice", "20270302T100000Z", "20270303T000000Z"), 0);
	/* to another taken time: refused again */
	result = world_put(world, "alice/bookings/b.ics",
	    replace(world, body, "DTSTART:20270302T093000Z", "DTSTART:20270302T091500Z"), LENIENT, NULL);
	expect(result, CHANGE_REFUSED_LENIENT);
	assert_true(body_has(world, "alice/bookings/b.ics", "DTSTART:20270302T091500Z"));
	result = world_put(world, "alice/bookings/b.ics",
	    replace(world, body, "DTSTART:20270302T093000Z", "DTSTART:20270302T140000Z"), LENIENT, NULL);
	expect(result, CHANGE_UPDATED);
	assert_true(result.rewritten);
	assert_true(body_has(world, "alice/bookings/b.ics", "STATUS:TENTATIVE\r\n"));
	assert_true(body_has(world, "alice/bookings/b.ics", "DESCRIPTION:Mine\\, all\r\n"));
	assert_false(body_has(world, "alice/bookings/b.ics", "TRANSP"));
	assert_false(body_has(world, "alice/bookings/b.ics", "REFUSED"));
	assert_int_equal(world_busy(world, "alice", "20270302T140000Z", "20270302T150000Z"), 1);
}

static void test_overrides_keep_their_own_descriptions(void **state)
{
	struct shop *world = *state;
	struct slice series = replace(world,
	    world_event(world, "s", "20270302T093000Z", 60, "RRULE:FREQ=WEEKLY;COUNT=3\r\nDESCRIPTION:Master\r\n"),
	    "END:VCALENDAR",
	    "BEGIN:VEVENT\r\nUID:s\r\nDTSTAMP:20270101T000000Z\r\nRECURRENCE-ID:20270309T093000Z\r\n"
	    "DTSTART:20270309T093000Z\r\nDURATION:PT1H\r\nDESCRIPTION:Override\r\nTRANSP:OPAQUE\r\nEND:VEVENT\r\nEND:VCALENDAR");
	struct slice body;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(world_put(world, "alice/bookings/s.ics", series, LENIENT, NULL), CHANGE_REFUSED_LENIENT);
	assert_true(body_has(world, "alice/bookings/s.ics", "Master"));
	assert_true(body_has(world, "alice/bookings/s.ics", "Override"));
	assert_int_equal(world_busy(world, "alice", "20270302T000000Z", "20270401T000000Z"), 1);
	assert_int_equal(world_get(world, "alice/bookings/s.ics", NULL, &body), 0);
	expect(world_delete(world, "alice/bookings/a.ics", NULL), CHANGE_DELETED);
	/* the same text again, now that the time is free */
	expect(world_put(world, "alice/bookings/s.ics", series, LENIENT, NULL), CHANGE_UPDATED);
	assert_int_equal(world_busy(world, "alice", "20270302T000000Z", "20270401T000000Z"), 3);
}

/* Lines that only look like the borders of an event, and line ends of one byte. */
static void test_cancelled_copy_of_an_odd_text(void **state)
{
	static const char odd[] = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nbegin:vevent\nUID:b\nDTSTAMP:20270101T000000Z\n"
				  "DTSTART:20270302T093000Z\nDTEND:20270302T103000Z\nDESCRIPTION:one\n  \n END:VEVENT\n BEGIN:VEVENT\n"
				  "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:bell\nTRIGGER:-PT5M\nEND:VALARM\nend:vevent\nEND:VCALENDAR";
	struct shop *world = *state;
	struct slice body;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(world_put(world, "alice/bookings/b.ics", slice_str(odd), LENIENT, NULL), CHANGE_REFUSED_LENIENT);
	assert_true(body_has(world, "alice/bookings/b.ics", "STATUS:CANCELLED"));
	assert_true(body_has(world, "alice/bookings/b.ics", "\nDESCRIPTION:bell\n"));
	assert_int_equal(world_get(world, "alice/bookings/b.ics", NULL, &body), 0);
	expect(world_put(world, "alice/bookings/b.ics", replace(world, body, "20270302T093000Z", "20270302T100000Z"), LENIENT,
		   NULL),
	    CHANGE_UPDATED);
	assert_int_equal(world_busy(world, "alice", "20270302T100000Z", "20270302T103000Z"), 1);
	assert_true(body_has(world, "alice/bookings/b.ics", "oneEND:VEVENTBEGIN:VEVENT") ||
		    body_has(world, "alice/bookings/b.ics", "one END:VEVENTBEGIN:VEVENT"));
}

static void test_cancelled_copies_go_after_a_week(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270320T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270320T090000Z", 60), CHANGE_REFUSED_LENIENT);
	world->clock.now += 7 * DAY_SECONDS - 1;
	assert_int_equal(world_run_due(world, "refused_sweep"), 0);
	assert_int_equal(world_get(world, "alice/bookings/b.ics", NULL, NULL), 0);
	world->clock.now += 1;
	assert_int_equal(world_run_due(world, "refused_sweep"), 1);
	assert_int_equal(world_get(world, "alice/bookings/b.ics", NULL, NULL), -ENOENT);
	assert_int_equal(world_jobs(world, "booking_cancelled"), 0);
	assert_int_equal(world_get(world, "alice/bookings/a.ics", NULL, NULL), 0);
}

/* ---- deletion ---- */

static void test_a_deleted_booking_frees_its_time_at_once(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(world_delete(world, "alice/bookings/a.ics", NULL), CHANGE_DELETED);
	assert_int_equal(world_jobs(world, "booking_cancelled"), 1);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T090000Z", 60), CHANGE_CREATED);
	assert_int_equal(world_jobs(world, "booking_cancelled"), 1);
}

static void test_deleted_and_put_again_is_a_move(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(world_delete(world, "alice/bookings/a.ics", NULL), CHANGE_DELETED);
	expect(put(world, "alice/bookings/x.ics", "a", "20270302T100000Z", 60), CHANGE_CREATED);
	assert_int_equal(world_jobs(world, "booking_cancelled"), 0);
	expect(put(world, "alice/bookings/b.ics", "b", "20270303T090000Z", 60), CHANGE_CREATED);
	expect(world_delete(world, "alice/bookings/x.ics", NULL), CHANGE_DELETED);
	/* at a taken time it is none */
	expect(put(world, "alice/bookings/a.ics", "a", "20270303T090000Z", 60), CHANGE_REFUSED_LENIENT);
	assert_int_equal(world_jobs(world, "booking_cancelled"), 1);
	/* nor when the customer has been told */
	world->clock.now += 60;
	expect(put(world, "alice/bookings/a.ics", "a", "20270303T100000Z", 60), CHANGE_UPDATED);
	assert_int_equal(world_jobs(world, "booking_cancelled"), 1);
}

/* ---- private events over bookings ---- */

static void test_private_event_over_a_booking_raises_one_alert(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T110000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/work/ill.ics", "ill", "20270302T093000Z", 60), CHANGE_CREATED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
	expect(put(world, "alice/work/ill.ics", "ill", "20270302T094500Z", 60), CHANGE_UPDATED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
	expect(put(world, "alice/work/ill.ics", "ill", "20270302T080000Z", 600), CHANGE_UPDATED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 2);
	/* a booking that goes away, an event that goes away */
	expect(world_delete(world, "alice/bookings/a.ics", NULL), CHANGE_DELETED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
	expect(put(world, "alice/bookings/b.ics", "b", "20270303T110000Z", 60), CHANGE_UPDATED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 0);
	expect(put(world, "alice/work/two.ics", "two", "20270303T110000Z", 60), CHANGE_CREATED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
	expect(world_delete(world, "alice/work/two.ics", NULL), CHANGE_DELETED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 0);
}

static void set_refuse(struct collection *collection)
{
	collection->on_overlap = ON_OVERLAP_REFUSE;
}

static void test_on_overlap_refuse_turns_it_into_a_refusal(void **state)
{
	struct shop *world = *state;
	struct slice ill = world_event(world, "ill", "20270302T093000Z", 60, "");

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	world_set_settings(world, HANDLING_DEFAULT, ON_OVERLAP_REFUSE);
	expect_refused(world_put(world, "alice/work/ill.ics", ill, STRICT, NULL), 403, SLOTKEEPER_SLOT_UNAVAILABLE);
	expect(put(world, "alice/work/other.ics", "other", "20270302T100000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/work/third.ics", "third", "20270302T101500Z", 60), CHANGE_CREATED);
	world_set_settings(world, HANDLING_DEFAULT, ON_OVERLAP_DEFAULT);
	world_change_collection(world, "alice/work", set_refuse);
	expect(world_put(world, "alice/work/ill.ics", ill, LENIENT, NULL), CHANGE_REFUSED_LENIENT);
	assert_true(body_has(world, "alice/work/ill.ics", "STATUS:CANCELLED"));
	assert_int_equal(world_jobs(world, "overlap_alert"), 0);
}

static void test_the_same_uid_in_two_calendars_is_one(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/work/a.ics", "a", "20270302T093000Z", 60), CHANGE_CREATED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 0);
	expect(put(world, "alice/bookings/a.ics", "a", "20270302T094500Z", 60), CHANGE_UPDATED);
}

/* ---- alternatives and hours ---- */

static void test_alternatives_lie_within_working_hours(void **state)
{
	struct shop *world = *state;
	struct change_result result;

	world_set_hours(world, "alice", "{\"weekly\":{\"tue\":[[\"10:00\",\"12:00\"]],\"thu\":[[\"09:00\",\"10:00\"]]}}");
	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	result = world_put(world, "alice/bookings/b.ics", world_event(world, "b", "20270302T090000Z", 60, ""), STRICT, NULL);
	expect_refused(result, 403, SLOTKEEPER_SLOT_UNAVAILABLE);
	/* 11:00 the same day, then Thursday 09:00, then by days: Tuesdays 9th, 11th, 16th */
	assert_int_equal(result.alternative_count, 5);
	assert_int_equal(result.alternatives[0].start, world_time("20270302T100000Z"));
	assert_int_equal(result.alternatives[1].start, world_time("20270304T080000Z"));
	assert_int_equal(result.alternatives[2].start, world_time("20270309T090000Z"));
	assert_int_equal(result.alternatives[3].start, world_time("20270309T093000Z"));
	assert_int_equal(result.alternatives[4].start, world_time("20270309T100000Z"));
}

/* ---- collections, people, horizon ---- */

static void count_done(const struct change_result *result, void *arg)
{
	*(struct change_result *)arg = *result;
}

static struct change_result delete_collection(struct shop *world, const char *home, const char *name)
{
	struct change_origin origin = {.kind = ORIGIN_USER};
	struct change_result result = {0};
	struct kv_stats stats;

	change_collection_delete(world->changes, world->arena, slice_str(home), slice_str(name), &origin, count_done,
	    &result);
	do { /* the writer works in order: an update behind it has waited for it */
		world_change_collection(world, "bob/work", set_opaque);
		assert_int_equal(kv_stats(store_kv(world->store), &stats), 0);
	} while (stats.queued > 0);
	return result;
}

static void test_a_calendar_goes_with_all_that_is_in_it(void **state)
{
	struct shop *world = *state;

	world_make_calendar(world, "alice/more");
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/more/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
	expect_refused(delete_collection(world, "alice", "work"), 403, CALDAV_DEFAULT_CALENDAR_NEEDED);
	expect_refused(delete_collection(world, "alice", "bookings"), 403, CONDITION_NONE);
	expect_refused(delete_collection(world, "alice", "nowhere"), 404, CONDITION_NONE);
	expect(delete_collection(world, "alice", "more"), CHANGE_DELETED);
	assert_int_equal(world_busy(world, "alice", "20270302T000000Z", "20270303T000000Z"), 1);
	assert_int_equal(world_jobs(world, "overlap_alert"), 0);
}

/* As if the store were from before there were inboxes. */
static int take_inboxes(struct kv_txn *txn, void *arg)
{
	static const struct slice names[] = {{"alice", 5}, {"bob", 3}};
	struct shop *world = arg;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < 2; i++) {
		struct collection inbox;

		ret = store_collection_get(txn, world->arena, names[i], SLICE("inbox"), &inbox);
		if (ret == 0)
			ret = store_collection_delete(txn, &inbox);
	}
	return ret;
}

static void test_an_older_store_gets_its_inboxes(void **state)
{
	struct shop *world = *state;

	assert_int_equal(kv_update_wait(store_kv(world->store), take_inboxes, world), 0);
	assert_int_equal(kv_update_wait(store_kv(world->store), take_inboxes, world), -ENOENT);
	assert_int_equal(change_complete_homes(world->changes), 0);
	assert_int_equal(change_complete_homes(world->changes), 0);
	expect_refused(delete_collection(world, "alice", "inbox"), 403, CONDITION_NONE);
	expect_refused(delete_collection(world, "bob", "inbox"), 403, CONDITION_NONE);
	expect_refused(delete_collection(world, "room-1", "inbox"), 404, CONDITION_NONE);
	expect_refused(put(world, "alice/inbox/a.ics", "a", "20270302T090000Z", 60), 403, CALDAV_CALENDAR_COLLECTION_LOCATION_OK);
}

struct removal {
	struct shop *world;
	bool force;
};

static int remove_alice(struct kv_txn *txn, void *arg)
{
	struct removal *removal = arg;

	return change_principal_delete(removal->world->changes, txn, removal->world->arena, SLICE("alice"), removal->force);
}

static void test_a_person_with_bookings_ahead_stays(void **state)
{
	struct shop *world = *state;
	struct removal removal = {world, false};

	expect(put(world, "alice/bookings/b.ics", "b", "20270302T090000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/work/a.ics", "a", "20270302T090000Z", 60), CHANGE_CREATED);
	assert_int_equal(kv_update_wait(store_kv(world->store), remove_alice, &removal), -EBUSY);
	removal.force = true;
	assert_int_equal(kv_update_wait(store_kv(world->store), remove_alice, &removal), 0);
	assert_int_equal(world_jobs(world, "booking_cancelled"), 1);
	expect_refused(put(world, "alice/work/a.ics", "a", "20270302T090000Z", 60), 409, CONDITION_NONE);
}

static void test_the_horizon_moves_with_time(void **state)
{
	struct shop *world = *state;

	expect(world_put(world, "alice/work/s.ics", world_event(world, "s", "20270104T093000Z", 60, "RRULE:FREQ=WEEKLY\r\n"),
		   STRICT, NULL),
	    CHANGE_CREATED);
	assert_int_equal(world_busy(world, "alice", "20290301T000000Z", "20290401T000000Z"), 0);
	assert_int_equal(change_extend_horizon(world->changes, 0), 0);
	world->clock.now = world_time("20280301T080000Z");
	assert_int_equal(change_extend_horizon(world->changes, 0), 1);
	assert_int_equal(world_busy(world, "alice", "20290301T000000Z", "20290401T000000Z"), 4);
	/* what lies more than a year back has left the index */
	assert_int_equal(world_busy(world, "alice", "20270101T000000Z", "20270201T000000Z"), 0);
	assert_int_equal(change_extend_horizon(world->changes, 0), 0);
}

static void test_another_zone_of_the_site_indexes_anew(void **state)
{
	struct shop *world = *state;

	world_set_person_timezone(world, "alice", "");
	expect(put(world, "alice/work/a.ics", "a", "20270302T090000", 60), CHANGE_CREATED);
	assert_int_equal(change_reindex_if_needed(world->changes), 0);
	assert_int_equal(change_reindex_if_needed(world->changes), 0);
	assert_int_equal(world_busy(world, "alice", "20270302T080000Z", "20270302T090000Z"), 1);
	world_restart(world, "America/New_York");
	assert_int_not_equal(world_verify(world, false), 0);
	assert_int_equal(change_reindex_if_needed(world->changes), 1);
	assert_int_equal(world_busy(world, "alice", "20270302T080000Z", "20270302T090000Z"), 0);
	assert_int_equal(world_busy(world, "alice", "20270302T140000Z", "20270302T150000Z"), 1);
}

static void test_bookings_that_new_zones_lay_over_one_another_are_told(void **state)
{
	struct shop *world = *state;

	world_set_person_timezone(world, "alice", "");
	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T140000Z", 60), CHANGE_CREATED);
	world_restart(world, "America/New_York");
	assert_int_equal(change_reindex_if_needed(world->changes), 1);
	assert_int_equal(world_jobs(world, "overlap_alert"), 1);
	assert_int_not_equal(world_verify(world, false), 0); /* and stays told until somebody moves one */
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T150000Z", 60), CHANGE_UPDATED);
	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000", 30), CHANGE_UPDATED);
}

static int move_bookings(struct kv_txn *txn, void *arg)
{
	struct shop *world = arg;
	struct collection collection;
	int ret = store_collection_get(txn, world->arena, SLICE("alice"), SLICE("bookings"), &collection);

	collection.timezone_id = SLICE("America/New_York");
	return ret < 0 ? ret : change_collection_update(world->changes, txn, world->arena, &collection);
}

static void test_a_zone_that_would_make_bookings_overlap_is_refused(void **state)
{
	struct shop *world = *state;

	expect(put(world, "alice/bookings/a.ics", "a", "20270302T090000", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/b.ics", "b", "20270302T140000Z", 60), CHANGE_CREATED);
	expect(put(world, "alice/bookings/c.ics", "c", "20270302T100000", 60), CHANGE_CREATED);
	assert_int_equal(kv_update_wait(store_kv(world->store), move_bookings, world), -EBUSY);
	assert_int_equal(world_busy(world, "alice", "20270302T080000Z", "20270302T090000Z"), 1);
	expect(world_delete(world, "alice/bookings/b.ics", NULL), CHANGE_DELETED);
	/* those that move together do not stand in each other's way */
	assert_int_equal(kv_update_wait(store_kv(world->store), move_bookings, world), 0);
	assert_int_equal(world_busy(world, "alice", "20270302T140000Z", "20270302T160000Z"), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_put_creates_updates_and_tells_etags),
		TEST(test_put_of_the_same_bytes_changes_nothing),
		TEST(test_put_into_no_calendar_is_409_and_bad_data_403),
		TEST(test_conditions_are_checked_before_anything_else),
		TEST(test_an_etag_with_the_suffix_of_a_coding_matches),
		TEST(test_uid_belongs_to_one_name),
		TEST(test_new_booking_at_a_taken_time_is_refused),
		TEST(test_touching_bookings_are_fine),
		TEST(test_a_resource_is_booked_once),
		TEST(test_private_time_blocks_unless_its_calendar_is_transparent),
		TEST(test_what_blocks),
		TEST(test_a_booking_that_blocks_nothing_needs_no_check),
		TEST(test_a_move_ignores_the_booking_itself),
		TEST(test_text_of_a_booking_changes_under_a_private_event),
		TEST(test_a_series_is_all_or_nothing),
		TEST(test_a_series_without_near_end_has_too_many_instances),
		TEST(test_a_series_does_not_run_into_itself),
		TEST(test_an_old_private_series_blocks_also_beyond_the_index),
		TEST(test_series_keep_their_wall_time_over_the_clock_change),
		TEST(test_the_repeated_hour_is_two_hours),
		TEST(test_floating_time_is_in_the_calendars_zone),
		TEST(test_lenient_is_the_default_and_settings_widen),
		TEST(test_lenient_move_leaves_the_booking_under_a_new_etag),
		TEST(test_touches_are_limited_and_the_last_is_put_off),
		TEST(test_a_put_off_touch_is_not_needed_after_a_real_change),
		TEST(test_lenient_new_item_becomes_a_cancelled_copy),
		TEST(test_the_cancelled_copy_dragged_to_a_free_time_becomes_live),
		TEST(test_overrides_keep_their_own_descriptions),
		TEST(test_cancelled_copy_of_an_odd_text),
		TEST(test_cancelled_copies_go_after_a_week),
		TEST(test_a_deleted_booking_frees_its_time_at_once),
		TEST(test_deleted_and_put_again_is_a_move),
		TEST(test_private_event_over_a_booking_raises_one_alert),
		TEST(test_on_overlap_refuse_turns_it_into_a_refusal),
		TEST(test_the_same_uid_in_two_calendars_is_one),
		TEST(test_alternatives_lie_within_working_hours),
		TEST(test_a_calendar_goes_with_all_that_is_in_it),
		TEST(test_an_older_store_gets_its_inboxes),
		TEST(test_a_person_with_bookings_ahead_stays),
		TEST(test_the_horizon_moves_with_time),
		TEST(test_another_zone_of_the_site_indexes_anew),
		TEST(test_bookings_that_new_zones_lay_over_one_another_are_told),
		TEST(test_a_zone_that_would_make_bookings_overlap_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
