/* VAVAILABILITY: what is open, what is closed, which of several rules, and what is none (RFC 7953). */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "protocol/freebusy/availability.h"
#include "protocol/ical/calendar_object.h"
#include "tests/support/zones.h"

/* Monday 2027-03-22 and the week after it; on Sunday the 28th summer time begins in Amsterdam. */
#define MONDAY INT64_C(1805670000) /* 2027-03-21T23:00:00Z: midnight in Amsterdam */
#define ZONED(time) ";TZID=Europe/Amsterdam:" time "\r\n"

#define CAL(inside)            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" inside "END:VCALENDAR\r\n"
#define WHEN(uid, inside)      "BEGIN:VAVAILABILITY\r\nUID:" uid "\r\nDTSTAMP:20270101T000000Z\r\n" inside "END:VAVAILABILITY\r\n"
#define OPEN(uid, inside)      "BEGIN:AVAILABLE\r\nUID:" uid "\r\nDTSTAMP:20270101T000000Z\r\n" inside "END:AVAILABLE\r\n"
#define AT(start, end)         "DTSTART" ZONED(start) "DTEND" ZONED(end)
#define OFFICE                 OPEN("o", AT("20270101T090000", "20270101T170000") "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\n")

static struct zone_set *zones;
static struct arena *arena;

static int setup(void **state)
{
	static const char *const names[] = {"Europe/Amsterdam", NULL};

	(void)state;
	calendar_object_init();
	zones = support_zones(names);
	arena = arena_new(64 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	zone_set_free(zones);
	return 0;
}

/* "T 9-12 U 0-24": kind and local hours from MONDAY, sorted by kind. */
static void show(const struct freebusy_reply *reply, char *out, size_t size)
{
	static const char kinds[] = {' ', 'T', 'B', 'U'};
	size_t len = 0;

	out[0] = '\0';
	for (int kind = FREEBUSY_TENTATIVE; kind <= FREEBUSY_UNAVAILABLE; kind++)
		for (size_t i = 0; i < reply->kinds[kind].count; i++)
			len += (size_t)snprintf(out + len, size - len, "%s%c %g-%g", len > 0 ? " " : "", kinds[kind],
			    (double)(reply->kinds[kind].at[i].start - MONDAY) / 3600,
			    (double)(reply->kinds[kind].at[i].end - MONDAY) / 3600);
}

struct row {
	const char *name, *text;
	int hours;                  /* of the window, from MONDAY */
	struct interval event;      /* local hours; empty: none */
	enum freebusy_kind kind;    /* of the event */
	const char *want;
};

static const struct row rows[] = {
    {"nothing open", CAL(WHEN("a", "")), 24, {0, 0}, 0, "U 0-24"},
    {"office hours", CAL(WHEN("a", OFFICE)), 48, {0, 0}, 0, "U 0-9 U 17-33 U 41-48"},
    {"another type", CAL(WHEN("a", "BUSYTYPE:BUSY\r\n" OFFICE)), 24, {0, 0}, 0, "B 0-9 B 17-24"},
    {"tentative", CAL(WHEN("a", "BUSYTYPE:busy-tentative\r\n" OFFICE)), 24, {0, 0}, 0, "T 0-9 T 17-24"},
    {"an unknown type", CAL(WHEN("a", "BUSYTYPE:X-AWAY\r\n" OFFICE)), 24, {0, 0}, 0, "U 0-9 U 17-24"},
    {"an event while open", CAL(WHEN("a", OFFICE)), 24, {10, 11}, FREEBUSY_BUSY, "B 10-11 U 0-9 U 17-24"},
    {"an event beyond it", CAL(WHEN("a", OFFICE)), 24, {16, 18}, FREEBUSY_TENTATIVE, "T 16-18 U 0-9 U 18-24"},
    {"of a day alone", CAL(WHEN("a", AT("20270322T000000", "20270323T000000") OFFICE)), 72, {0, 0}, 0, "U 0-9 U 17-24"},
    {"from a day on", CAL(WHEN("a", "DTSTART" ZONED("20270323T000000") OFFICE)), 48, {0, 0}, 0, "U 24-33 U 41-48"},
    {"up to a time", CAL(WHEN("a", "DTEND" ZONED("20270322T120000") OFFICE)), 48, {0, 0}, 0, "U 0-9"},
    {"for a while", CAL(WHEN("a", "DTSTART" ZONED("20270322T060000") "DURATION:PT6H\r\n" OFFICE)), 48, {0, 0}, 0, "U 6-9"},
    {"an opening outside the span", CAL(WHEN("a", AT("20270322T120000", "20270323T000000") OFFICE)), 48, {0, 0}, 0, "U 17-24"},
    {"two openings", CAL(WHEN("a", OPEN("p", AT("20270322T100000", "20270322T120000")) OPEN("q", AT("20270322T110000",
         "20270322T140000")))), 24, {0, 0}, 0, "U 0-10 U 14-24"},
    {"an override", CAL(WHEN("a", OFFICE OPEN("o", "RECURRENCE-ID" ZONED("20270322T090000") AT("20270322T130000",
         "20270322T150000")))), 48, {0, 0}, 0, "U 0-13 U 15-33 U 41-48"},
    {"a day left out", CAL(WHEN("a", OPEN("o", AT("20270101T090000", "20270101T170000")
         "RRULE:FREQ=DAILY\r\nEXDATE" ZONED("20270322T090000")))), 48, {0, 0}, 0, "U 0-33 U 41-48"},
    {"over the change of the clock", CAL(WHEN("a", OPEN("o", AT("20270301T090000", "20270301T170000")
         "RRULE:FREQ=DAILY\r\n"))), 192, {0, 0}, 0,
         "U 0-9 U 17-33 U 41-57 U 65-81 U 89-105 U 113-129 U 137-152 U 160-176 U 184-192"},
    {"floating times", CAL(WHEN("a", OPEN("o", "DTSTART:20270322T090000\r\nDTEND:20270322T170000\r\n"))), 24, {0, 0}, 0,
        "U 0-9 U 17-24"},
    {"whole days", CAL(WHEN("a", OPEN("o", "DTSTART;VALUE=DATE:20270323\r\n"))), 72, {0, 0}, 0, "U 0-24 U 48-72"},
    {"the higher priority replaces", CAL(WHEN("a", "PRIORITY:2\r\n" OFFICE) WHEN("b", "PRIORITY:1\r\n"
         AT("20270322T120000", "20270323T120000"))), 48, {0, 0}, 0, "U 0-9 U 12-36 U 41-48"},
    {"also where it is open", CAL(WHEN("a", "PRIORITY:2\r\n" OFFICE) WHEN("b", "PRIORITY:1\r\n" AT("20270322T180000",
         "20270322T220000") OPEN("x", AT("20270322T190000", "20270322T210000")))), 24, {0, 0}, 0, "U 0-9 U 17-19 U 21-24"},
    {"in any order", CAL(WHEN("b", "PRIORITY:1\r\n" AT("20270322T120000", "20270323T120000")) WHEN("a",
         "PRIORITY:2\r\n" OFFICE)), 48, {0, 0}, 0, "U 0-9 U 12-36 U 41-48"},
    {"none is the lowest", CAL(WHEN("a", "PRIORITY:0\r\n" AT("20270322T120000", "20270323T120000")) WHEN("b",
         "PRIORITY:9\r\n" OFFICE)), 48, {0, 0}, 0, "U 0-9 U 17-33 U 41-48"},
    {"its type replaces too", CAL(WHEN("a", "PRIORITY:5\r\nBUSYTYPE:BUSY\r\n") WHEN("b", "PRIORITY:4\r\n"
         AT("20270322T000000", "20270322T120000") OFFICE)), 24, {0, 0}, 0, "B 12-24 U 0-9"},
    {"of equal ones any that is open", CAL(WHEN("a", OPEN("x", AT("20270322T090000", "20270322T120000"))) WHEN("b",
         OPEN("y", AT("20270322T110000", "20270322T150000")))), 24, {0, 0}, 0, "U 0-9 U 15-24"},
    {"with their own types", CAL(WHEN("a", "BUSYTYPE:BUSY\r\n" AT("20270322T000000", "20270322T120000")) WHEN("b",
         AT("20270322T060000", "20270323T000000") OPEN("y", AT("20270322T110000", "20270322T150000")))), 24, {0, 0}, 0,
        "B 0-11 U 6-11 U 15-24"},
    {"not now", CAL(WHEN("a", AT("20260101T000000", "20270101T000000") OFFICE)), 24, {0, 0}, 0, ""},
};

static void test_availability(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		struct interval window = {MONDAY, MONDAY + row->hours * 3600};
		struct availability a = {.window = window};
		struct freebusy_reply reply = {.window = window};
		struct error err = ERROR_NONE;
		char seen[1024];

		arena_reset(arena);
		if (row->kind != 0)
			assert_int_equal(freebusy_reply_add(&reply, (struct interval){MONDAY + row->event.start * 3600,
			    MONDAY + row->event.end * 3600}, row->kind), 0);
		if (availability_add(&a, arena, zones, slice_str(row->text), zone_set_find(zones, SLICE("Europe/Amsterdam")), 1000,
		        &err) < 0)
			fail_msg("%s: %s", row->name, err.detail);
		assert_int_equal(availability_apply(&a, &reply), 0);
		show(&reply, seen, sizeof(seen));
		if (strcmp(seen, row->want) != 0)
			fail_msg("%s: %s, not %s", row->name, seen, row->want);
		availability_free(&a);
		freebusy_reply_free(&reply);
	}
}

static void test_what_is_none(void **state)
{
	static const struct {
		const char *name, *text;
		enum dav_condition condition;
	} bad[] = {
	    {"nothing", "", CALDAV_VALID_CALENDAR_DATA},
	    {"text", "hello", CALDAV_VALID_CALENDAR_DATA},
	    {"an event", CAL("BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20270322T090000Z\r\nEND:VEVENT\r\n"), CALDAV_VALID_CALENDAR_DATA},
	    {"one UID twice", CAL(WHEN("a", OFFICE) WHEN("a", OFFICE)), 0},
	    {"a rule of its own", CAL(WHEN("a", AT("20270322T000000", "20270323T000000") "RRULE:FREQ=DAILY\r\n")),
	        CALDAV_VALID_CALENDAR_DATA},
	    {"a priority", CAL(WHEN("a", "PRIORITY:10\r\n")), CALDAV_VALID_CALENDAR_DATA},
	    {"no start", CAL(WHEN("a", OPEN("o", "DTEND:20270322T090000Z\r\n"))), CALDAV_VALID_CALENDAR_DATA},
	    {"a wrong start", CAL(WHEN("a", OPEN("o", "DTSTART:today\r\n"))), CALDAV_VALID_CALENDAR_DATA},
	    {"an end before it", CAL(WHEN("a", OPEN("o", AT("20270322T090000", "20270322T080000")))), CALDAV_VALID_CALENDAR_DATA},
	    {"a wrong rule", CAL(WHEN("a", OPEN("o", AT("20270322T090000", "20270322T100000") "RRULE:FREQ=NEVER\r\n"))),
	        CALDAV_VALID_CALENDAR_DATA},
	    {"a hostile rule", CAL(WHEN("a", OPEN("o", AT("20270322T090000", "20270322T100000") "RRULE:FREQ=SECONDLY\r\n"))),
	        CALDAV_MAX_INSTANCES},
	    {"an unknown zone", CAL(WHEN("a", OPEN("o", "DTSTART;TZID=Nowhere:20270322T090000\r\n"))), CALDAV_VALID_TIMEZONE},
	    {"half of one", "BEGIN:VCALENDAR\r\nBEGIN:VAVAILABILITY\r\nUID:a\r\n", CALDAV_VALID_CALENDAR_DATA},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct availability a = {.window = {MONDAY, MONDAY + 7 * DAY_SECONDS}};
		struct error err = ERROR_NONE;
		int ret;

		arena_reset(arena);
		ret = availability_add(&a, arena, zones, slice_str(bad[i].text), zone_utc(), 1000, &err);
		if (ret != -EINVAL || (bad[i].condition != 0 && err.condition != bad[i].condition))
			fail_msg("%s: %d, %d %s", bad[i].name, ret, (int)err.condition, err.detail);
		availability_free(&a);
	}
}

static void test_there_is_an_end_of_them(void **state)
{
	AUTO_BUF struct buf parts = BUF_INIT(1 << 20), rules = BUF_INIT(1 << 20);
	struct availability a = {.window = {MONDAY, MONDAY + DAY_SECONDS}};
	struct error err = ERROR_NONE;

	(void)state;
	buf_add_str(&parts, "BEGIN:VCALENDAR\r\n");
	for (int i = 0; i <= AVAILABILITY_PARTS_MAX; i++)
		buf_printf(&parts, "BEGIN:VAVAILABILITY\r\nUID:%d\r\nDTSTAMP:20270101T000000Z\r\nEND:VAVAILABILITY\r\n", i);
	buf_add_str(&parts, "END:VCALENDAR\r\n");
	assert_int_equal(availability_add(&a, arena, zones, buf_slice(&parts), zone_utc(), 1000, &err), -EINVAL);
	availability_free(&a);
	buf_add_str(&rules, "BEGIN:VCALENDAR\r\nBEGIN:VAVAILABILITY\r\nUID:x\r\nDTSTAMP:20270101T000000Z\r\n");
	for (int i = 0; i <= AVAILABILITY_RULES_MAX; i++)
		buf_printf(&rules, "BEGIN:AVAILABLE\r\nUID:%d\r\nDTSTAMP:20270101T000000Z\r\nDTSTART:20270322T090000Z\r\nEND:AVAILABLE\r\n", i);
	buf_add_str(&rules, "END:VAVAILABILITY\r\nEND:VCALENDAR\r\n");
	assert_int_equal(availability_add(&a, arena, zones, buf_slice(&rules), zone_utc(), 1000, &err), -EINVAL);
	availability_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_availability),
	    cmocka_unit_test(test_what_is_none),
	    cmocka_unit_test(test_there_is_an_end_of_them),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
