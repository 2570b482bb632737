#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/timezone.h"
#include "tests/unit/ical_zones.h"

static struct zone_set *zones;
static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	zones = system_zones();
	arena = arena_new(16 << 20);
	return zones != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	arena_free(arena);
	return 0;
}

static void test_names_are_found(void **state)
{
	static const struct {
		const char *tzid, *name;
	} rows[] = {
	    {"Europe/Amsterdam", "Europe/Amsterdam"},
	    {"europe/AMSTERDAM", "Europe/Amsterdam"},
	    {" Europe/Amsterdam ", "Europe/Amsterdam"},
	    {"W. Europe Standard Time", "Europe/Berlin"},
	    {"w. europe standard time", "Europe/Berlin"},
	    {"Eastern Standard Time", "America/New_York"},
	    {"UTC", "UTC"},
	    {"Etc/UTC", "UTC"},
	    {"tzone://Microsoft/Utc", "UTC"},
	    {"/freeassociation.sourceforge.net/Europe/Amsterdam", "Europe/Amsterdam"},
	    {"/freeassociation.sourceforge.net/Tzfile/Europe/Amsterdam", "Europe/Amsterdam"},
	    {"/softwarestudio.org/Olson_20011030_5/America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"},
	    {"/mozilla.org/20050126_1/Asia/Tokyo", "Asia/Tokyo"},
	    {"Nowhere/City", NULL},
	    {"vendor/Europe/Amsterdam", NULL},
	    {"W. Europe Standard Tim", NULL},
	    {"/", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct zone *zone = zone_set_find(zones, slice_str(rows[i].tzid));

		if (rows[i].name == NULL ? zone != NULL : zone == NULL || !slice_is(zone_name(zone), rows[i].name))
			fail_msg("row %zu: %s", i, rows[i].tzid);
	}
	assert_ptr_equal(zone_set_find(zones, SLICE("UTC")), zone_utc());
}

static void test_damaged_files_are_refused(void **state)
{
	struct slice file = read_whole_file(ZONEINFO "/Europe/Amsterdam");
	struct zone_set *set = zone_set_new();

	(void)state;
	for (size_t len = 0; len < file.len; len++) {
		char *copy = malloc(len + 1); /* exact, so that an overread shows */

		memcpy(copy, file.at, len);
		if (zone_set_add(set, SLICE("X"), slice_of(copy, len)) != -EINVAL)
			fail_msg("the first %zu bytes were taken", len);
		free(copy);
	}
	assert_int_equal(zone_set_add(set, SLICE("X"), file), 0);
	assert_int_equal(zone_set_add(set, SLICE_EMPTY, file), -EINVAL);
	zone_set_free(set);
	free((char *)file.at);
}

static void test_digest_is_of_the_content_not_the_order(void **state)
{
	struct zone_set *a = zone_set_new(), *b = zone_set_new(), *c = zone_set_new();

	(void)state;
	add_system_zone(a, "Europe/Amsterdam");
	add_system_zone(a, "Asia/Tokyo");
	add_system_zone(b, "Asia/Tokyo");
	add_system_zone(b, "Europe/Amsterdam");
	add_system_zone(c, "Asia/Tokyo");
	assert_true(zone_set_digest(a) == zone_set_digest(b));
	assert_true(zone_set_digest(a) != zone_set_digest(c));
	zone_set_free(a);
	zone_set_free(b);
	zone_set_free(c);
}

#define OBSERVANCE(kind, start, from, to, rest)                                                    \
	"BEGIN:" kind "\r\nDTSTART:" start "\r\nTZOFFSETFROM:" from "\r\nTZOFFSETTO:" to "\r\n" rest "END:" kind "\r\n"
#define VTIMEZONE(x) "BEGIN:VTIMEZONE\r\nTZID:Mine\r\n" x "END:VTIMEZONE\r\n"

static void test_vtimezone_of_outlook_agrees_with_the_system(void **state)
{
	static const char text[] = VTIMEZONE(
	    OBSERVANCE("STANDARD", "16010101T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n")
	    OBSERVANCE("DAYLIGHT", "16010101T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n"));
	const struct zone *mine, *system = zone_set_find(zones, SLICE("Europe/Amsterdam"));

	(void)state;
	assert_int_equal(zone_from_vtimezone(arena, slice_str(text), &mine), 0);
	assert_true(slice_is(zone_name(mine), "Mine"));
	for (instant_t at = 1000000000; at < 4000000000; at += 7777777)
		assert_int_equal(zone_offset_at(mine, at), zone_offset_at(system, at));
	for (instant_t at = 1000000000; at < 4000000000; at = zone_next_transition(mine, at))
		assert_true(zone_next_transition(mine, at) == zone_next_transition(system, at));
}

static void test_vtimezone_forms(void **state)
{
	static const struct {
		const char *text;
		instant_t at;
		int offset;
	} rows[] = {
	    {VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0330", "")), 0, 12600},
	    {VTIMEZONE(OBSERVANCE("STANDARD", "20200101T000000", "-0500", "-0600", "")), 0, -18000}, /* before it */
	    {VTIMEZONE(OBSERVANCE("DAYLIGHT", "20260101T000000", "+0000", "+0100",
		 "RDATE:20270101T000000,\r\n 20280101T000000\r\n") OBSERVANCE("STANDARD", "20260601T000000", "+0100",
		 "+0000", "RRULE:FREQ=YEARLY;COUNT=2\r\n")), 1830297600, 3600}, /* 2028-01-01 */
	    {VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0000", "")
		 OBSERVANCE("DAYLIGHT", "20200308T020000", "+0000", "+0100",
		     "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU;UNTIL=20210314T020000Z\r\n")),
		1615687200, 3600},
	    /* Two rules of one observance, the second from 2007 on in step with its dates. */
	    {VTIMEZONE(OBSERVANCE("STANDARD", "19701025T020000", "+0100", "+0000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\n")
		 OBSERVANCE("DAYLIGHT", "19700405T010000", "+0000", "+0100",
		     "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T010000Z\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\n"
		     "RDATE:20280601T010000\r\nRDATE:20290601T010000,20300601T010000\r\n")),
		1806210000, 3600}, /* 2027-03-28 05:00 */
	    {VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0000", "")
		 OBSERVANCE("DAYLIGHT", "19700405T000000", "+0000", "+0100",
		     "RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;BYHOUR=2;BYMINUTE=0\r\n")),
		1775354399, 3600}, /* the one of 1971 holds on */
	};
	const struct zone *zone;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (zone_from_vtimezone(arena, slice_str(rows[i].text), &zone) < 0 ||
		    zone_offset_at(zone, rows[i].at) != rows[i].offset)
			fail_msg("row %zu", i);
}

static void test_vtimezone_without_a_safe_reading_is_refused(void **state)
{
	static const char *const rows[] = {
	    "",
	    VTIMEZONE(""),
	    "BEGIN:VTIMEZONE\r\n" OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0100", "") "END:VTIMEZONE\r\n",
	    "BEGIN:VTIMEZONE\r\nTZID:Mine\r\n" OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0100", ""),
	    VTIMEZONE(OBSERVANCE("STANDARD", "sometime", "+0000", "+0100", "")),
	    VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+9900", "")),
	    VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0100", "RRULE:FREQ=SECONDLY\r\n")),
	    VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0100", "RRULE:FREQ=YEARLY;BYDAY=20MO\r\n")),
	    VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0100", "RRULE:FREQ=YEARLY;INTERVAL=0\r\n")),
	    VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0100", "RRULE:FREQ=YEARLY;BYHOUR=21997\r\n")),
	    VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0100",
	        "RRULE:FREQ=YEARLY;COUNT=99999999999999999999\r\n")),
	    VTIMEZONE(OBSERVANCE("STANDARD", "19700101T000000", "+0000", "+0100", "RRULE:FREQ=YEARLY;INTERVAL=5000\r\n")),
	};
	const struct zone *zone;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (zone_from_vtimezone(arena, slice_str(rows[i]), &zone) != -EINVAL)
			fail_msg("row %zu was taken", i);
}

/* Every zone of the system, written and read again, has the same offsets at and around each of its changes. */
static void test_each_zone_is_written_whole(void **state)
{
	struct zone_set *all = system_zones();
	size_t ruled = 0;

	(void)state;
	assert_non_null(all);
	assert_true(zone_set_count(all) > 300);
	for (size_t i = 0; i < zone_set_count(all); i++) {
		const struct zone *zone = zone_set_at(all, i), *read;
		struct arena *own = arena_new(1 << 22);
		AUTO_BUF struct buf text = BUF_INIT(1 << 20);

		assert_int_equal(zone_write(zone, zone_name(zone), INSTANT_MIN, &text), 0);
		if (zone_from_vtimezone(own, buf_slice(&text), &read) < 0)
			fail_msg("%.*s cannot be read:\n%s", SLICE_ARG(zone_name(zone)), buf_cstr(&text));
		assert_true(slice_equal(zone_name(read), zone_name(zone)));
		ruled += slice_find(buf_slice(&text), SLICE("RRULE")) >= 0;
		for (instant_t at = INSTANT_MIN; at < 4070908800; at = zone_next_transition(zone, at)) { /* 2099 */
			if (zone_offset_at(read, at) != zone_offset_at(zone, at) ||
			    zone_offset_at(read, at - 1) != zone_offset_at(zone, at - 1) ||
			    zone_next_transition(read, at) != zone_next_transition(zone, at))
				fail_msg("%.*s differs at %lld:\n%s", SLICE_ARG(zone_name(zone)), (long long)at, buf_cstr(&text));
		}
		arena_free(own);
	}
	assert_true(ruled > 100);
	zone_set_free(all);
}

static void test_a_zone_is_written_with_its_rules(void **state)
{
	static const struct {
		const char *zone;
		const char *rules[2];
	} rows[] = {
	    {"Europe/Amsterdam", {"RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"}},
	    {"America/New_York", {"RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU"}},
	    /* The last Sunday of the month is reckoned in Brussels; there it is Saturday evening. */
	    {"America/Nuuk", {"BYMONTHDAY=24,25,26,27,28,29,30;BYDAY=SA", "DTSTART:"}},
	    {"Australia/Lord_Howe", {"TZOFFSETTO:+1030", "TZOFFSETTO:+1100"}},
	    {"Asia/Kathmandu", {"TZOFFSETTO:+0545", "STANDARD"}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct zone_set *set = zone_set_new();
		AUTO_BUF struct buf text = BUF_INIT(1 << 20);

		assert_int_equal(add_system_zone(set, rows[i].zone), 0);
		zone_set_seal(set);
		assert_int_equal(zone_write(zone_set_at(set, 0), SLICE("Other name"), 1262304000, &text), 0); /* 2010 */
		for (size_t k = 0; k < 2; k++)
			if (slice_find(buf_slice(&text), slice_str(rows[i].rules[k])) < 0)
				fail_msg("%s: no %s in\n%s", rows[i].zone, rows[i].rules[k], buf_cstr(&text));
		assert_true(slice_starts(buf_slice(&text), SLICE("BEGIN:VTIMEZONE\r\nTZID:Other name\r\n")));
		assert_true(slice_find(buf_slice(&text), SLICE("19")) < 0 || slice_find(buf_slice(&text), SLICE(":19")) < 0);
		zone_set_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names_are_found),
	    cmocka_unit_test(test_damaged_files_are_refused),
	    cmocka_unit_test(test_digest_is_of_the_content_not_the_order),
	    cmocka_unit_test(test_vtimezone_of_outlook_agrees_with_the_system),
	    cmocka_unit_test(test_vtimezone_forms),
	    cmocka_unit_test(test_each_zone_is_written_whole),
	    cmocka_unit_test(test_a_zone_is_written_with_its_rules),
	    cmocka_unit_test(test_vtimezone_without_a_safe_reading_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
