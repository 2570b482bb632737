#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/zoned_time.h"
#include "tests/unit/ical_zones.h"

static struct zone_set *zones;

static int setup(void **state)
{
	static const char *const names[] = {"Europe/Amsterdam", "Australia/Lord_Howe", "Pacific/Apia",
	    "America/New_York", "America/Sao_Paulo", "America/Toronto", "Africa/Casablanca"};

	(void)state;
	zones = zone_set_new();
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (add_system_zone(zones, names[i]) < 0)
			return -1;
	zone_set_seal(zones);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	return 0;
}

static void test_gap_takes_the_offset_before_and_fold_the_first(void **state)
{
	static const struct {
		const char *zone;
		struct civil local;
		int64_t at;
	} rows[] = {
	    {"Europe/Amsterdam", {2026, 3, 29, 2, 30, 0}, 1774747800},  /* 03:30+02:00 */
	    {"Europe/Amsterdam", {2026, 3, 30, 2, 30, 0}, 1774830600},
	    {"Europe/Amsterdam", {2026, 10, 25, 2, 30, 0}, 1792888200}, /* +02:00 */
	    {"Europe/Amsterdam", {2150, 7, 1, 12, 0, 0}, 5695956000},
	    {"Australia/Lord_Howe", {2026, 10, 4, 2, 15, 0}, 1791042300}, /* half an hour: 02:45+11:00 */
	    {"Australia/Lord_Howe", {2026, 4, 5, 1, 45, 0}, 1775313900},  /* +11:00 */
	    {"America/New_York", {2026, 1, 1, 0, 0, 60}, 1767243659},     /* a leap second is second 59 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int64_t at = zoned_to_instant(zone_set_find(zones, slice_str(rows[i].zone)), &rows[i].local);

		if (at != rows[i].at)
			fail_msg("row %zu: %" PRId64 " instead of %" PRId64, i, at, rows[i].at);
	}
}

static void test_day_begins_where_midnight_is_missing(void **state)
{
	static const struct {
		const char *zone;
		int year, month, day;
		int hour, minute; /* of the first moment */
		int64_t length;   /* of the day */
	} rows[] = {
	    {"Europe/Amsterdam", 2026, 3, 29, 0, 0, 23 * 3600},
	    {"Europe/Amsterdam", 2026, 10, 25, 0, 0, 25 * 3600},
	    {"America/Sao_Paulo", 2018, 11, 4, 1, 0, 23 * 3600},
	    {"America/Toronto", 1919, 3, 31, 0, 30, 23 * 3600 + 1800}, /* 23:30 to 00:30: an hour lies in two days */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct zone *zone = zone_set_find(zones, slice_str(rows[i].zone));
		int64_t day = civil_to_days(rows[i].year, rows[i].month, rows[i].day);
		instant_t start = zoned_day_start(zone, day);
		struct civil civil;

		zoned_from_instant(zone, start, &civil, NULL);
		if (civil.day != rows[i].day || civil.hour != rows[i].hour || civil.minute != rows[i].minute ||
		    zoned_day_start(zone, day + 1) - start != rows[i].length)
			fail_msg("row %zu: %d %02d:%02d, %" PRId64 " s", i, civil.day, civil.hour, civil.minute,
			    zoned_day_start(zone, day + 1) - start);
	}
}

/* 30 December 2011 did not happen in Samoa. */
static void test_a_day_that_is_skipped_begins_with_the_next(void **state)
{
	const struct zone *apia = zone_set_find(zones, SLICE("Pacific/Apia"));
	int64_t day = civil_to_days(2011, 12, 30);

	(void)state;
	assert_int_equal(zoned_day_start(apia, day), zoned_day_start(apia, day + 1));
	assert_int_equal(zoned_day_of(apia, zoned_day_start(apia, day)), day + 1);
}

static void test_ends_of_the_calendar_do_not_overflow(void **state)
{
	const struct zone *zone = zone_set_find(zones, SLICE("America/New_York"));
	struct civil civil = {1, 1, 1, 0, 0, 0};

	(void)state;
	assert_true(zoned_to_instant(zone, &civil) >= INSTANT_MIN);
	civil = (struct civil){9999, 12, 31, 23, 59, 59};
	assert_true(zoned_to_instant(zone, &civil) <= INSTANT_MAX);
	zoned_from_instant(zone, INSTANT_MIN, &civil, NULL);
	assert_true(civil_is_valid(&civil));
	zoned_from_instant(zone_utc(), INSTANT_MAX, &civil, NULL);
	assert_true(civil_is_valid(&civil));
}

/* ---- against Python's zoneinfo ---- */

static const struct zone *zone_of_row(struct zone_set **set, const char *name)
{
	const struct zone *zone = *set != NULL ? zone_set_find(*set, slice_str(name)) : NULL;

	if (zone == NULL) {
		zone_set_free(*set);
		*set = zone_set_new();
		assert_int_equal(add_system_zone(*set, name), 0);
		zone_set_seal(*set);
		zone = zone_set_find(*set, slice_str(name));
	}
	return zone;
}

static void check_row(struct zone_set **set, const char *line)
{
	char name[80];
	int64_t at, expected;
	struct civil c;

	if (sscanf(line, "o %79s %" SCNd64 " %" SCNd64, name, &at, &expected) == 3) {
		int offset = zone_offset_at(zone_of_row(set, name), at);

		if (offset != expected)
			fail_msg("%s: offset %d", line, offset);
		assert_true(zone_next_transition(zone_of_row(set, name), at) > at);
	} else if (sscanf(line, "l %79s %d %d %d %d %d %d %" SCNd64, name, &c.year, &c.month, &c.day, &c.hour,
		       &c.minute, &c.second, &expected) == 8) {
		at = zoned_to_instant(zone_of_row(set, name), &c);
		if (at != expected)
			fail_msg("%s: instant %" PRId64, line, at);
	} else {
		fail_msg("not a row: %s", line);
	}
}

static void test_agrees_with_zoneinfo(void **state)
{
	const char *top = getenv("abs_top_srcdir");
	struct zone_set *set = NULL;
	char line[256];
	size_t rows = 0;
	FILE *f;

	(void)state;
	snprintf(line, sizeof(line), "/usr/bin/python3 '%s/tests/tools/zone-oracle'", top ? top : "..");
	f = access("/usr/bin/python3", X_OK) == 0 ? popen(line, "r") : NULL;
	if (f == NULL) {
		print_message("no /usr/bin/python3: not compared with zoneinfo\n");
		return;
	}
	while (fgets(line, sizeof(line), f) != NULL) {
		check_row(&set, line);
		rows++;
	}
	assert_int_equal(pclose(f), 0);
	assert_true(rows > 10000);
	zone_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_gap_takes_the_offset_before_and_fold_the_first),
	    cmocka_unit_test(test_day_begins_where_midnight_is_missing),
	    cmocka_unit_test(test_a_day_that_is_skipped_begins_with_the_next),
	    cmocka_unit_test(test_ends_of_the_calendar_do_not_overflow),
	    cmocka_unit_test(test_agrees_with_zoneinfo),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
