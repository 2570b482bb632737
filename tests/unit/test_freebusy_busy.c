#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "protocol/freebusy/busy.h"
#include "tests/support/zones.h"

static struct zone_set *zones;

static int setup(void **state)
{
	static const char *const names[] = {"Europe/Berlin", NULL};

	(void)state;
	calendar_object_init();
	zones = support_zones(names);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	return 0;
}

/* One component of the kind NAME with LINES, which end in bare newlines. */
static struct calendar_object *parse(struct arena *arena, const char *name, const char *lines)
{
	struct slice rest = slice_str(lines), line;
	struct buf text = BUF_INIT(100000);
	struct calendar_object *object;
	struct error err = ERROR_NONE;
	const char *copy;

	buf_printf(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nBEGIN:%s\r\nUID:a\r\n"
	                  "DTSTAMP:20260101T000000Z\r\n",
	    name);
	while (slice_next_line(&rest, &line)) {
		buf_add_slice(&text, line);
		buf_add_str(&text, "\r\n");
	}
	buf_printf(&text, "END:%s\r\nEND:VCALENDAR\r\n", name);
	copy = arena_copy(arena, buf_slice(&text));
	buf_free(&text);
	assert_non_null(copy);
	if (calendar_object_parse(arena, zones, slice_str(copy), ICAL_OBJECT_MAX, &object, &err) < 0)
		fail_msg("does not parse: %s\n%s", err.detail, lines);
	return object;
}

/* ---- what one event does ---- */

#define MINE(partstat) "ATTENDEE;PARTSTAT=" partstat ":mailto:Anna@Example.com\n"

struct row {
	const char *lines;
	enum freebusy_kind want;
};

/* Contract, section 4, "Busy": each row shows that what stands earlier in the order wins over what stands later. */
static const struct row rows[] = {
	{"", FREEBUSY_BUSY},
	{"TRANSP:OPAQUE\nSTATUS:CONFIRMED\n", FREEBUSY_BUSY},
	/* cancelled */
	{"STATUS:CANCELLED\n", FREEBUSY_FREE},
	{"STATUS:CANCELLED\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\nTRANSP:OPAQUE\n", FREEBUSY_FREE},
	/* the owner's answer */
	{MINE("DECLINED"), FREEBUSY_FREE},
	{MINE("DELEGATED"), FREEBUSY_FREE},
	{MINE("DECLINED") "X-MICROSOFT-CDO-BUSYSTATUS:OOF\n", FREEBUSY_FREE},
	{MINE("ACCEPTED"), FREEBUSY_BUSY},
	{"ATTENDEE;PARTSTAT=DECLINED:mailto:other@example.com\n", FREEBUSY_BUSY},
	{"ATTENDEE;PARTSTAT=DECLINED;EMAIL=anna@example.com:urn:uuid:7\n", FREEBUSY_FREE},
	{"ATTENDEE;PARTSTAT=DECLINED:mailto:other@example.com\n" MINE("TENTATIVE"), FREEBUSY_TENTATIVE},
	/* Outlook's status, before TRANSP */
	{"X-MICROSOFT-CDO-BUSYSTATUS:FREE\nTRANSP:OPAQUE\n", FREEBUSY_FREE},
	{"X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE\n", FREEBUSY_FREE},
	{"X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\n", FREEBUSY_TENTATIVE},
	{"X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\nTRANSP:TRANSPARENT\n", FREEBUSY_TENTATIVE},
	{"X-MICROSOFT-CDO-BUSYSTATUS:BUSY\nTRANSP:TRANSPARENT\n", FREEBUSY_BUSY},
	{"X-MICROSOFT-CDO-BUSYSTATUS:OOF\n", FREEBUSY_UNAVAILABLE},
	{"X-MICROSOFT-CDO-BUSYSTATUS:oof\nTRANSP:TRANSPARENT\n", FREEBUSY_UNAVAILABLE},
	{"X-MICROSOFT-CDO-BUSYSTATUS:BUSY\nSTATUS:TENTATIVE\n", FREEBUSY_TENTATIVE},
	{"X-MICROSOFT-CDO-BUSYSTATUS:UNHEARD-OF\nTRANSP:TRANSPARENT\n", FREEBUSY_FREE},
	{"X-APPLE-EWS-BUSYSTATUS:FREE\n", FREEBUSY_FREE},
	{"X-APPLE-EWS-BUSYSTATUS:FREE\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\n", FREEBUSY_BUSY},
	/* TRANSP */
	{"TRANSP:TRANSPARENT\n", FREEBUSY_FREE},
	{"TRANSP:transparent\nSTATUS:TENTATIVE\n", FREEBUSY_FREE},
	/* tentative */
	{"STATUS:TENTATIVE\n", FREEBUSY_TENTATIVE},
	{MINE("TENTATIVE"), FREEBUSY_TENTATIVE},
	{MINE("NEEDS-ACTION"), FREEBUSY_TENTATIVE},
	{"ATTENDEE:mailto:anna@example.com\n", FREEBUSY_TENTATIVE},
	{"STATUS:TENTATIVE\n" MINE("ACCEPTED"), FREEBUSY_TENTATIVE},
	{"CLASS:PRIVATE\n", FREEBUSY_BUSY},
};

static void test_what_an_event_does_to_its_owners_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(1 << 20);
		char lines[500];
		struct calendar_object *object;
		enum freebusy_kind got;

		snprintf(lines, sizeof(lines), "DTSTART:20260110T090000Z\nDTEND:20260110T100000Z\n%s", rows[i].lines);
		object = parse(arena, "VEVENT", lines);
		got = freebusy_kind_of(calendar_object_master(object), SLICE("anna@example.com"));
		if (got != rows[i].want)
			fail_msg("%s: %d, not %d", rows[i].lines, got, rows[i].want);
		calendar_object_free(object);
		arena_free(arena);
	}
}

static void test_any_of_his_addresses_is_his(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	const struct calendar_object *object = parse(arena, "VEVENT", "DTSTART:20260110T090000Z\nATTENDEE;PARTSTAT=DECLINED:/dav/principals/resources/room-1/\n");
	const struct component *c = calendar_object_at(object, 0);

	(void)state;
	assert_int_equal(freebusy_kind_of(c, SLICE("room@example.org /dav/principals/resources/room-1/")), FREEBUSY_FREE);
	assert_int_equal(freebusy_kind_of(c, SLICE("/dav/principals/resources/room-2/ room@example.org")), FREEBUSY_BUSY);
	arena_free(arena);
}

static void test_without_an_owner_no_answer_counts(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct calendar_object *object = parse(arena, "VEVENT", "DTSTART:20260110T090000Z\n" MINE("DECLINED"));

	(void)state;
	assert_int_equal(freebusy_kind_of(calendar_object_master(object), SLICE_EMPTY), FREEBUSY_BUSY);
	calendar_object_free(object);
	arena_free(arena);
}

/* ---- rows ---- */

static struct busy_list rows_of(struct arena *arena, const struct calendar_object *object, instant_t start,
    instant_t end)
{
	struct instances_options options = {
		.floating = zone_set_find(zones, SLICE("Europe/Berlin")), .window = {start, end}};
	struct busy_list list = {0};
	struct error err = ERROR_NONE;

	if (freebusy_rows(arena, object, SLICE("anna@example.com"), &options, &list, &err) < 0)
		fail_msg("%s", err.detail);
	return list;
}

#define DAY_10 INT64_C(1768003200) /* 2026-01-10T00:00:00Z */

static void test_every_instance_is_a_row_with_the_kind_of_its_component(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct calendar_object *object = parse(arena, "VEVENT",
	    "DTSTART:20260110T090000Z\nDTEND:20260110T100000Z\nRRULE:FREQ=DAILY;COUNT=3\nEND:VEVENT\nBEGIN:VEVENT\n"
	    "UID:a\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID:20260111T090000Z\nDTSTART:20260111T090000Z\n"
	    "DTEND:20260111T100000Z\nSTATUS:CANCELLED");
	struct busy_list list = rows_of(arena, object, DAY_10, DAY_10 + 10 * DAY_SECONDS);

	(void)state;
	assert_int_equal(list.count, 3);
	assert_int_equal(list.at[0].kind, FREEBUSY_BUSY);
	assert_int_equal(list.at[1].kind, FREEBUSY_FREE); /* cancelled, and still found by a time-range */
	assert_int_equal(list.at[2].kind, FREEBUSY_BUSY);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(list.at[i].ordinal, i);
		assert_int_equal(list.at[i].at.start, DAY_10 + i * DAY_SECONDS + 9 * HOUR_SECONDS);
		assert_int_equal(list.at[i].at.end, DAY_10 + i * DAY_SECONDS + 10 * HOUR_SECONDS);
		assert_false(list.at[i].floating || list.at[i].inexact);
	}
	assert_false(list.more);
	calendar_object_free(object);
	arena_free(arena);
}

static void test_a_date_is_a_floating_row(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct calendar_object *object = parse(arena, "VEVENT", "DTSTART;VALUE=DATE:20260110");
	struct busy_list list = rows_of(arena, object, INSTANT_MIN, INSTANT_MAX);

	(void)state;
	assert_int_equal(list.count, 1);
	assert_true(list.at[0].floating);
	assert_int_equal(list.at[0].at.start, DAY_10 - HOUR_SECONDS);
	calendar_object_free(object);
	arena_free(arena);
}

static void test_tasks_and_journals_are_free_hulls(void **state)
{
	static const struct {
		const char *name, *lines;
		struct interval want;
	} tasks[] = {
		{"VTODO", "DTSTART:20260110T000000Z\nDUE:20260110T010000Z", {DAY_10 - 1, DAY_10 + 3601}},
		{"VTODO", "DUE:20260110T010000Z", {DAY_10 + 3599, DAY_10 + 3601}},
		{"VTODO", "CREATED:20260110T000000Z", {DAY_10 - 1, INSTANT_MAX}},
		{"VTODO", "SUMMARY:some day", {INSTANT_MIN, INSTANT_MAX}},
		{"VJOURNAL", "DTSTART:20260110T000000Z", {DAY_10, DAY_10 + 1}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct calendar_object *object = parse(arena, tasks[i].name, tasks[i].lines);
		struct busy_list list = rows_of(arena, object, INSTANT_MIN, INSTANT_MAX);

		if (list.count != 1 || !list.at[0].inexact || list.at[0].kind != FREEBUSY_FREE ||
		    list.at[0].at.start != tasks[i].want.start || list.at[0].at.end != tasks[i].want.end)
			fail_msg("%s: %zu rows, %lld/%lld", tasks[i].lines, list.count,
			    list.count ? (long long)list.at[0].at.start : 0, list.count ? (long long)list.at[0].at.end : 0);
		calendar_object_free(object);
		arena_free(arena);
	}
}

static void test_periods_of_a_vfreebusy_count_by_their_type(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct calendar_object *object = parse(arena, "VFREEBUSY",
	    "DTSTART:20260110T000000Z\nDTEND:20260111T000000Z\n"
	    "FREEBUSY:20260110T090000Z/20260110T100000Z,20260110T110000Z/PT30M\n"
	    "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260110T120000Z/P0DT1H\n"
	    "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260110T140000Z/PT1H\n"
	    "FREEBUSY;FBTYPE=FREE:20260110T160000Z/PT1H\n"
	    "FREEBUSY;FBTYPE=X-NEW:20260110T170000Z/PT1H\n"
	    "FREEBUSY:20260120T090000Z/20260120T100000Z");
	struct busy_list list = rows_of(arena, object, DAY_10, DAY_10 + DAY_SECONDS);
	static const struct {
		int start, end; /* minutes of the day */
		enum freebusy_kind kind;
	} want[] = {
		{9 * 60, 10 * 60, FREEBUSY_BUSY},
		{11 * 60, 11 * 60 + 30, FREEBUSY_BUSY},
		{12 * 60, 13 * 60, FREEBUSY_TENTATIVE},
		{14 * 60, 15 * 60, FREEBUSY_UNAVAILABLE},
		{16 * 60, 17 * 60, FREEBUSY_FREE},
		{17 * 60, 18 * 60, FREEBUSY_BUSY},
	};

	(void)state;
	assert_int_equal(list.count, ARRAY_LEN(want) + 1);
	assert_true(list.at[0].inexact && list.at[0].kind == FREEBUSY_FREE); /* the whole, so that a range finds it */
	assert_true(list.more);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		const struct busy_row *row = &list.at[i + 1];

		if (row->at.start != DAY_10 + want[i].start * 60 || row->at.end != DAY_10 + want[i].end * 60 ||
		    row->kind != want[i].kind || row->ordinal != i + 1)
			fail_msg("period %zu: kind %d, ordinal %u", i, row->kind, row->ordinal);
	}
	calendar_object_free(object);
	arena_free(arena);
}

static void test_too_many_rows_are_refused(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct calendar_object *object = parse(arena, "VEVENT", "DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;COUNT=11");
	struct instances_options options = {
		.floating = zone_utc(), .window = {INSTANT_MIN, INSTANT_MAX}, .max_instances = 10};
	struct busy_list list;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(freebusy_rows(arena, object, SLICE_EMPTY, &options, &list, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_INSTANCES);
	options.max_instances = 11;
	assert_int_equal(freebusy_rows(arena, object, SLICE_EMPTY, &options, &list, &err), 0);
	assert_int_equal(list.count, 11);
	calendar_object_free(object);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_an_event_does_to_its_owners_time),
		cmocka_unit_test(test_any_of_his_addresses_is_his),
		cmocka_unit_test(test_without_an_owner_no_answer_counts),
		cmocka_unit_test(test_every_instance_is_a_row_with_the_kind_of_its_component),
		cmocka_unit_test(test_a_date_is_a_floating_row),
		cmocka_unit_test(test_tasks_and_journals_are_free_hulls),
		cmocka_unit_test(test_periods_of_a_vfreebusy_count_by_their_type),
		cmocka_unit_test(test_too_many_rows_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
