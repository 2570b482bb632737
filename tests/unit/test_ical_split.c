#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/split.h"
#include "tests/unit/ical_zones.h"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(16 << 20);
	return arena != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

struct parts {
	struct ical_part at[8];
	size_t count;
};

static int take(const struct ical_part *part, void *arg)
{
	struct parts *parts = arg;

	assert_true(parts->count < ARRAY_LEN(parts->at));
	parts->at[parts->count++] = *part;
	return 0;
}

#define ZONE(id) "BEGIN:VTIMEZONE\nTZID:" id "\nEND:VTIMEZONE\n"

static void test_objects_come_by_uid_with_their_zones(void **state)
{
	static const char file[] =
	    "BEGIN:VCALENDAR\nMETHOD:PUBLISH\nVERSION:2.0\n" ZONE("A") ZONE("B\\, c")
	    "BEGIN:VEVENT\nUID:one\nDTSTART;TZID=A:20270101T000000\nEND:VEVENT\n"
	    "BEGIN:VTODO\nUID:two\nDUE;TZID=\"B, c\":20270101T000000\nEND:VTODO\n"
	    "BEGIN:VEVENT\nUID:one\nRECURRENCE-ID;TZID=A:20270101T000000\nSUMMARY:x\n y\nEND:VEVENT\nEND:VCALENDAR\n"
	    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:three\nDTSTART;TZID=A:20270101T000000\nEND:VEVENT\nEND:VCALENDAR";
	static const char *const expected[] = {
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\n" ZONE("A")
	    "BEGIN:VEVENT\nUID:one\nDTSTART;TZID=A:20270101T000000\nEND:VEVENT\n"
	    "BEGIN:VEVENT\nUID:one\nRECURRENCE-ID;TZID=A:20270101T000000\nSUMMARY:x\n y\nEND:VEVENT\nEND:VCALENDAR\r\n",
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\n" ZONE("B\\, c")
	    "BEGIN:VTODO\nUID:two\nDUE;TZID=\"B, c\":20270101T000000\nEND:VTODO\nEND:VCALENDAR\r\n",
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" ZONE("A")
	    "BEGIN:VEVENT\nUID:three\nDTSTART;TZID=A:20270101T000000\nEND:VEVENT\nEND:VCALENDAR\r\n",
	};
	static const size_t lines[] = {10, 14, 26};
	struct parts parts = {.count = 0};

	(void)state;
	assert_int_equal(ical_split(arena, slice_str(file), take, &parts, NULL), 0);
	assert_int_equal(parts.count, ARRAY_LEN(expected));
	for (size_t i = 0; i < parts.count; i++)
		if (!slice_is(parts.at[i].text, expected[i]) || parts.at[i].line != lines[i])
			fail_msg("part %zu, line %zu:\n%.*s", i, parts.at[i].line, SLICE_ARG(parts.at[i].text));
}

static void test_a_missing_uid_is_made_from_the_content(void **state)
{
	static const char file[] = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\nBEGIN:VEVENT\nSUMMARY:a\n"
				   "END:VEVENT\nBEGIN:VEVENT\nSUMMARY:b\nEND:VEVENT\nEND:VCALENDAR\n";
	struct parts first = {.count = 0}, again = {.count = 0};

	(void)state;
	assert_int_equal(ical_split(arena, slice_str(file), take, &first, NULL), 0);
	assert_int_equal(ical_split(arena, slice_str(file), take, &again, NULL), 0);
	assert_int_equal(first.count, 3);
	for (size_t i = 0; i < first.count; i++) {
		assert_true(slice_equal(first.at[i].uid, again.at[i].uid));
		assert_false(slice_equal(first.at[i].uid, first.at[(i + 1) % 3].uid));
		assert_true(slice_find(first.at[i].text, first.at[i].uid) > 0);
	}
}

static void test_what_is_not_icalendar_names_the_line(void **state)
{
	static const struct {
		const char *file;
		size_t line;
	} rows[] = {
	    {"", 1},
	    {"\n\nhello\n", 3},
	    {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n", 3},
	    {"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\n", 2},
	    {"BEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR\n", 3},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct parts parts = {.count = 0};
		struct error err = ERROR_NONE;
		size_t line = 0;
		int ret = ical_split(arena, slice_str(rows[i].file), take, &parts, &err);

		if (ret != -EINVAL || sscanf(err.detail, "line %zu:", &line) != 1 || line != rows[i].line)
			fail_msg("row %zu: %d, %s", i, ret, err.detail);
	}
}

static int stop(const struct ical_part *part, void *arg)
{
	(void)part;
	++*(int *)arg;
	return -E2BIG;
}

static void test_the_callee_can_stop(void **state)
{
	int calls = 0;

	(void)state;
	assert_int_equal(ical_split(arena, SLICE("BEGIN:VEVENT\nUID:a\nEND:VEVENT\nBEGIN:VEVENT\nUID:b\nEND:VEVENT\n"),
			     stop, &calls, NULL), -E2BIG);
	assert_int_equal(calls, 1);
}

static void test_join_has_each_zone_once(void **state)
{
	struct ical_join *join = ical_join_new(arena, NULL);
	struct buf out = BUF_INIT(4096);
	char text[256];

	(void)state;
	for (int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "BEGIN:VCALENDAR\n" ZONE("A") "BEGIN:VEVENT\nUID:%d\nEND:VEVENT\nEND:VCALENDAR\n", i);
		assert_int_equal(ical_join_add(join, slice_str(text)), 0);
	}
	assert_int_equal(ical_join_finish(join, &(struct ical_stream_head){.name = SLICE("Work, mine")}, &out), 0);
	assert_string_equal(buf_cstr(&out),
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//Slotkeeper//EN\r\nCALSCALE:GREGORIAN\r\n"
	    "NAME:Work\\, mine\r\nX-WR-CALNAME:Work\\, mine\r\n" ZONE("A")
	    "BEGIN:VEVENT\nUID:0\nEND:VEVENT\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\r\n");
	buf_free(&out);
}

#define DEFINED(id, offset)                                                                                         \
	"BEGIN:VTIMEZONE\r\nTZID:" id "\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:" offset               \
	"\r\nTZOFFSETTO:" offset "\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
#define USING(uid, parameters) "BEGIN:VEVENT\r\nUID:" uid "\r\nDTSTART" parameters ":20270101T000000\r\nEND:VEVENT\r\n"
#define CUSTOM "Customized Time Zone"

static void test_join_tells_zones_of_one_name_apart(void **state)
{
	static const char *const objects[] = {
	    DEFINED(CUSTOM, "+0100") DEFINED("Europe/Amsterdam", "+0100") USING("0", ";TZID=" CUSTOM),
	    DEFINED(CUSTOM, "+0500") DEFINED("Europe/Amsterdam", "+0900") USING("1", ";X-A=b;TZID=\"" CUSTOM "\""),
	    /* the same as the first, in other words; and as the second */
	    "BEGIN:VTIMEZONE\r\nTZID:" CUSTOM "\r\nBEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\n"
	    "DTSTART:19800101T000000\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n" USING("2", ";TZID=" CUSTOM),
	    DEFINED(CUSTOM, "+0500") USING("3", ";TZID=" CUSTOM),
	    DEFINED(CUSTOM, "+0700") USING("4", ";TZID=" CUSTOM),
	};
	const struct ical_stream_head head = {0};
	struct zone_set *known = zone_set_new();
	struct buf out = BUF_INIT(16384);
	struct ical_join *join;

	(void)state;
	assert_int_equal(add_system_zone(known, "Europe/Amsterdam"), 0);
	zone_set_seal(known);
	join = ical_join_new(arena, known);
	for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
		const char *text = arena_printf(arena, "BEGIN:VCALENDAR\r\n%sEND:VCALENDAR\r\n", objects[i]);

		assert_int_equal(ical_join_add(join, slice_str(text)), 0);
	}
	assert_int_equal(ical_join_finish(join, &head, &out), 0);
	assert_non_null(strstr(buf_cstr(&out), DEFINED(CUSTOM, "+0100")));
	assert_non_null(strstr(buf_cstr(&out), DEFINED(CUSTOM " (2)", "+0500")));
	assert_non_null(strstr(buf_cstr(&out), DEFINED(CUSTOM " (3)", "+0700")));
	assert_non_null(strstr(buf_cstr(&out), DEFINED("Europe/Amsterdam", "+0100")));
	assert_null(strstr(buf_cstr(&out), "+0900")); /* what everybody knows is not told twice */
	assert_null(strstr(buf_cstr(&out), "(4)"));
	assert_non_null(strstr(buf_cstr(&out), USING("0", ";TZID=" CUSTOM)
	        USING("1", ";X-A=b;TZID=\"" CUSTOM " (2)\"") USING("2", ";TZID=" CUSTOM)
	            USING("3", ";TZID=\"" CUSTOM " (2)\"") USING("4", ";TZID=\"" CUSTOM " (3)\"")));
	zone_set_free(known);
	buf_free(&out);
}

static void test_join_adds_the_stamp_that_is_missing(void **state)
{
	struct ical_join *join = ical_join_new(arena, NULL);
	const struct ical_stream_head head = {.method = SLICE("PUBLISH"), .refresh_minutes = 15};
	struct buf out = BUF_INIT(4096);

	(void)state;
	assert_int_equal(ical_join_add_stamped(join, SLICE("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:0\nBEGIN:VALARM\n"
	    "DTSTAMP:19700101T000000Z\nEND:VALARM\nEND:VEVENT\nBEGIN:VTODO\ndtstamp;X=1:20270101T000000Z\nUID:1\nEND:VTODO\n"
	    "END:VCALENDAR\n"), 1800000000), 0);
	assert_int_equal(ical_join_finish(join, &head, &out), 0);
	assert_string_equal(buf_cstr(&out),
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//Slotkeeper//EN\r\nCALSCALE:GREGORIAN\r\n"
	    "METHOD:PUBLISH\r\nREFRESH-INTERVAL;VALUE=DURATION:PT15M\r\nX-PUBLISHED-TTL:PT15M\r\n"
	    "BEGIN:VEVENT\nDTSTAMP:20270115T080000Z\r\nUID:0\nBEGIN:VALARM\nDTSTAMP:19700101T000000Z\nEND:VALARM\nEND:VEVENT\n"
	    "BEGIN:VTODO\ndtstamp;X=1:20270101T000000Z\nUID:1\nEND:VTODO\nEND:VCALENDAR\r\n");
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_objects_come_by_uid_with_their_zones),
	    cmocka_unit_test(test_a_missing_uid_is_made_from_the_content),
	    cmocka_unit_test(test_what_is_not_icalendar_names_the_line),
	    cmocka_unit_test(test_the_callee_can_stop),
	    cmocka_unit_test(test_join_has_each_zone_once),
	    cmocka_unit_test(test_join_tells_zones_of_one_name_apart),
	    cmocka_unit_test(test_join_adds_the_stamp_that_is_missing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
