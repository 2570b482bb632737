/* Working hours, conflicts and alternatives, by tables; days on which clocks change among them. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/ical/calendar_object.h"
#include "server/base/tzdata.h"
#include "server/booking/rules/alternatives.h"
#include "server/booking/rules/conflict.h"
#include "server/booking/rules/hours.h"

static struct zone_set *zones;

static int setup(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	calendar_object_init();
	return tzdata_load(NULL, &zones, &err);
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	return 0;
}

static const struct zone *zone(const char *name)
{
	const struct zone *found = zone_set_find(zones, slice_str(name));

	assert_non_null(found);
	return found;
}

static instant_t at(const char *basic)
{
	instant_t value;

	if (instant_parse_basic(slice_str(basic), &value) < 0)
		fail_msg("%s", basic);
	return value;
}

/* "20270329T070000Z/20270329T150000Z ..." */
static void write_set(const struct interval *intervals, size_t count, struct buf *b)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_add_char(b, ' ');
		buf_add_basic_utc(b, intervals[i].start);
		buf_add_char(b, '/');
		buf_add_basic_utc(b, intervals[i].end);
	}
}

/* ---- hours ---- */

struct open_row {
	const char *zone, *json, *from, *to, *open;
};

#define NINE_TO_FIVE "{\"weekly\":{\"sun\":[[\"09:00\",\"17:00\"]],\"mon\":[[\"09:00\",\"17:00\"]]}}"

static const struct open_row open_rows[] = {
	/* a plain Monday in winter; nobody is in on Tuesday */
	{"Europe/Amsterdam", NINE_TO_FIVE, "20270301T000000Z", "20270303T000000Z", "20270301T080000Z/20270301T160000Z"},
	/* clipped to the window */
	{"Europe/Amsterdam", NINE_TO_FIVE, "20270301T100000Z", "20270301T110000Z", "20270301T100000Z/20270301T110000Z"},
	/* Sunday 28 March 2027: summer time begins at 01:00Z; Monday after it */
	{"Europe/Amsterdam", NINE_TO_FIVE, "20270328T000000Z", "20270330T000000Z",
	    "20270328T070000Z/20270328T150000Z 20270329T070000Z/20270329T150000Z"},
	/* a night over that change: 22:00 to 06:00 is seven hours */
	{"Europe/Amsterdam", "{\"weekly\":{\"sat\":[[\"22:00\",\"06:00\"]]}}", "20270327T000000Z", "20270329T000000Z",
	    "20270327T210000Z/20270328T040000Z"},
	/* over the one of 31 October nine */
	{"Europe/Amsterdam", "{\"weekly\":{\"sat\":[[\"22:00\",\"06:00\"]]}}", "20271030T000000Z", "20271101T000000Z",
	    "20271030T200000Z/20271031T050000Z"},
	/* a window that opens after midnight still sees what began before */
	{"Europe/Amsterdam", "{\"weekly\":{\"sat\":[[\"22:00\",\"06:00\"]]}}", "20271031T030000Z", "20271101T000000Z",
	    "20271031T030000Z/20271031T050000Z"},
	/* in the gap, with the offset before it: 02:30 is 01:30Z, 03:00 is 01:00Z: nothing is left */
	{"Europe/Amsterdam", "{\"weekly\":{\"sun\":[[\"02:30\",\"03:00\"]]}}", "20270328T000000Z", "20270329T000000Z", ""},
	{"Europe/Amsterdam", "{\"weekly\":{\"sun\":[[\"02:30\",\"04:00\"]]}}", "20270328T000000Z", "20270329T000000Z",
	    "20270328T013000Z/20270328T020000Z"},
	/* a repeated time means the first */
	{"Europe/Amsterdam", "{\"weekly\":{\"sun\":[[\"02:30\",\"03:00\"]]}}", "20271031T000000Z", "20271101T000000Z",
	    "20271031T003000Z/20271031T020000Z"},
	/* all day: 23 hours, and 25 */
	{"Europe/Amsterdam", "{\"weekly\":{\"sun\":[[\"00:00\",\"24:00\"]]}}", "20270328T000000Z", "20270329T000000Z",
	    "20270328T000000Z/20270328T220000Z"},
	{"Europe/Amsterdam", "{\"weekly\":{\"sun\":[[\"00:00\",\"24:00\"]]}}", "20271030T000000Z", "20271102T000000Z",
	    "20271030T220000Z/20271031T230000Z"},
	/* start and end alike: until the next day */
	{"Etc/UTC", "{\"weekly\":{\"mon\":[[\"09:00\",\"09:00\"]]}}", "20270301T000000Z", "20270303T000000Z",
	    "20270301T090000Z/20270302T090000Z"},
	/* half an hour of daylight saving: Lord Howe, 4 April 2027, back from +11 to +10:30 at 15:00Z the day before */
	{"Australia/Lord_Howe", "{\"weekly\":{\"sun\":[[\"00:00\",\"04:00\"]]}}", "20270403T000000Z", "20270405T000000Z",
	    "20270403T130000Z/20270403T173000Z"},
	/* Samoa had no 30 December 2011, a Friday; 31 December is Saturday at +14 */
	{"Pacific/Apia", "{\"weekly\":{\"fri\":[[\"09:00\",\"17:00\"]],\"sat\":[[\"09:00\",\"17:00\"]]}}",
	    "20111229T000000Z", "20120101T000000Z", "20111230T190000Z/20111231T030000Z"},
	/* the night before it runs into the next date there is */
	{"Pacific/Apia", "{\"weekly\":{\"thu\":[[\"22:00\",\"24:00\"]]}}", "20111229T000000Z", "20120101T000000Z",
	    "20111230T080000Z/20111230T100000Z"},
	/* ranges that overlap or touch join */
	{"Etc/UTC", "{\"weekly\":{\"mon\":[[\"09:00\",\"12:00\"],[\"11:00\",\"13:00\"],[\"13:00\",\"14:00\"]]}}",
	    "20270301T000000Z", "20270302T000000Z", "20270301T090000Z/20270301T140000Z"},
	/* an override replaces the whole date, with other hours and with none, and what ran into it stays */
	{"Etc/UTC",
	    "{\"weekly\":{\"sun\":[[\"22:00\",\"02:00\"]],\"mon\":[[\"09:00\",\"12:00\"]]},"
	    "\"overrides\":[{\"date\":\"2027-03-01\",\"hours\":[[\"14:00\",\"15:00\"]]},{\"date\":\"2027-03-08\",\"hours\":[]}]}",
	    "20270228T000000Z", "20270309T000000Z",
	    "20270228T220000Z/20270301T020000Z 20270301T140000Z/20270301T150000Z 20270307T220000Z/20270308T020000Z"},
	{"Etc/UTC", "{}", "20270301T000000Z", "20270401T000000Z", ""},
};

static void test_open_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(open_rows); i++) {
		const struct open_row *row = &open_rows[i];
		AUTO_INTERVAL_SET struct interval_set open = INTERVAL_SET_INIT;
		AUTO_BUF struct buf text = BUF_INIT(65536);
		struct arena *arena = arena_new(1 << 20);
		struct error err = ERROR_NONE;
		struct hours hours;

		if (hours_parse(arena, slice_str(row->json), &hours, &err) < 0)
			fail_msg("row %zu: %s", i, err.detail);
		assert_int_equal(hours_open(&hours, zone(row->zone), (struct interval){at(row->from), at(row->to)}, &open), 0);
		write_set(open.at, open.count, &text);
		if (!slice_is(buf_slice(&text), row->open))
			fail_msg("row %zu, %s: %s", i, row->zone, buf_cstr(&text));
		arena_free(arena);
	}
}

struct parse_row {
	const char *json, *field; /* NULL: it is fine */
};

static const struct parse_row parse_rows[] = {
	{"{}", NULL},
	{"{\"timezone\":\"Europe/Amsterdam\"}", NULL},
	{"{\"weekly\":{\"mon\":[]}}", NULL},
	{"{\"weekly\":{\"mon\":[[\"00:00\",\"24:00\"]]}}", NULL},
	{"{\"weekly\":{\"mon\":[[\"24:00\",\"02:00\"]]}}", "weekly.mon[0][0]"},
	{"{\"weekly\":{\"mon\":[[\"09:60\",\"10:00\"]]}}", "weekly.mon[0][0]"},
	{"{\"weekly\":{\"mon\":[[\"09:00\",\"24:01\"]]}}", "weekly.mon[0][1]"},
	{"{\"weekly\":{\"mon\":[[\"9:00\",\"10:00\"]]}}", "weekly.mon[0][0]"},
	{"{\"weekly\":{\"mon\":[[\"09.00\",\"10:00\"]]}}", "weekly.mon[0][0]"},
	{"{\"weekly\":{\"mon\":[[\"09:00\"]]}}", "weekly.mon[0]"},
	{"{\"weekly\":{\"mon\":[[\"09:00\",\"10:00\",\"11:00\"]]}}", "weekly.mon[0]"},
	{"{\"weekly\":{\"mon\":[540]}}", "weekly.mon[0]"},
	{"{\"weekly\":{\"mon\":{}}}", "weekly.mon"},
	{"{\"weekly\":{\"monday\":[]}}", "weekly.monday"},
	{"{\"weekly\":[]}", "weekly"},
	{"{\"week\":{}}", "week"},
	{"{\"timezone\":1}", "timezone"},
	{"{\"overrides\":[{\"date\":\"2027-02-29\",\"hours\":[]}]}", "overrides[0]"},
	{"{\"overrides\":[{\"date\":\"2027-2-28\",\"hours\":[]}]}", "overrides[0]"},
	{"{\"overrides\":[{\"date\":\"2028-02-29\",\"hours\":[]}]}", NULL},
	{"{\"overrides\":[{\"date\":\"2028-02-29\"}]}", "overrides[0]"},
	{"{\"overrides\":[{\"hours\":[]}]}", "overrides[0]"},
	{"{\"overrides\":[{\"date\":\"2028-02-29\",\"hours\":[]},{\"date\":\"2028-02-29\",\"hours\":[]}]}", "overrides"},
	{"[]", ""},
	{"{", ""},
};

static void test_hours_that_cannot_be_read_name_the_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(parse_rows); i++) {
		const struct parse_row *row = &parse_rows[i];
		struct arena *arena = arena_new(1 << 20);
		struct error err = ERROR_NONE;
		struct hours hours;
		int ret = hours_parse(arena, slice_str(row->json), &hours, &err);

		if (ret != (row->field == NULL ? 0 : -EINVAL))
			fail_msg("row %zu: %s: %d %s", i, row->json, ret, err.detail);
		if (row->field != NULL && !slice_starts(slice_str(err.detail), slice_str(row->field)))
			fail_msg("row %zu: %s: %s", i, row->json, err.detail);
		arena_free(arena);
	}
}

/* ---- conflicts ---- */

static void test_touching_is_free_and_what_is_empty_overlaps_nothing(void **state)
{
	const struct interval morning = {3600, 7200};
	const struct {
		struct interval other;
		bool conflict;
	} rows[] = {
		{{7200, 9000}, false}, {{0, 3600}, false}, {{7199, 9000}, true}, {{0, 3601}, true}, {{4000, 5000}, true},
		{{0, 9000}, true}, {{3600, 7200}, true}, {{5000, 5000}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (conflict_between(morning, rows[i].other) != rows[i].conflict ||
		    conflict_between(rows[i].other, morning) != rows[i].conflict)
			fail_msg("row %zu", i);
	}
}

static void test_conflicts_are_sorted_told_once_and_the_earliest_kept(void **state)
{
	struct conflicts conflicts = {.count = 0};

	(void)state;
	for (instant_t i = 20; i > 0; i--) {
		conflicts_add(&conflicts, (struct interval){i * 10, i * 10 + 5});
		conflicts_add(&conflicts, (struct interval){i * 10, i * 10 + 5});
	}
	assert_int_equal(conflicts.count, CONFLICTS_MAX);
	for (size_t i = 0; i < CONFLICTS_MAX; i++)
		assert_int_equal(conflicts.at[i].start, (instant_t)(i + 1) * 10);
	conflicts_add(&conflicts, (struct interval){10, 12});
	assert_int_equal(conflicts.at[0].end, 12);
	assert_int_equal(conflicts.at[1].end, 15);
	assert_int_equal(conflicts.at[9].start, 90);
}

static void test_a_series_conflicts_with_itself_across_a_short_one(void **state)
{
	const struct interval instances[] = {{0, 100}, {10, 20}, {90, 110}, {110, 120}};
	struct conflicts conflicts = {.count = 0};

	(void)state;
	conflict_within(instances, ARRAY_LEN(instances), &conflicts);
	assert_int_equal(conflicts.count, 2);
	assert_int_equal(conflicts.at[0].start, 10);
	assert_int_equal(conflicts.at[1].start, 90);
}

static void test_only_newly_claimed_time_is_asked_for(void **state)
{
	const struct interval proposed[] = {{0, 50}, {200, 300}, {350, 400}, {500, 600}};
	AUTO_INTERVAL_SET struct interval_set held = INTERVAL_SET_INIT;
	struct interval kept[4];

	(void)state;
	assert_int_equal(interval_set_add(&held, (struct interval){0, 100}), 0);
	assert_int_equal(interval_set_add(&held, (struct interval){210, 300}), 0);
	assert_int_equal(interval_set_add(&held, (struct interval){350, 400}), 0);
	assert_int_equal(conflict_newly_claimed(proposed, 4, &held, kept), 2);
	assert_int_equal(kept[0].start, 200);
	assert_int_equal(kept[1].start, 500);
}

/* ---- alternatives ---- */

struct alternative_row {
	const char *zone, *now, *start;
	int minutes;
	const char *busy[4]; /* pairs */
	const char *hours;   /* NULL: always open */
	int step;
	size_t max;
	const char *found;
};

static const struct alternative_row alternative_rows[] = {
	/* equally far: the earlier first */
	{"Etc/UTC", "20270101T000000Z", "20270301T120000Z", 30, {"20270301T120000Z", "20270301T123000Z"}, NULL, 30, 3,
	    "20270301T113000Z/20270301T120000Z 20270301T123000Z/20270301T130000Z 20270301T110000Z/20270301T113000Z"},
	/* never in the past; now itself is not past */
	{"Etc/UTC", "20270301T113000Z", "20270301T120000Z", 30, {"20270301T120000Z", "20270301T123000Z"}, NULL, 30, 3,
	    "20270301T113000Z/20270301T120000Z 20270301T123000Z/20270301T130000Z 20270301T130000Z/20270301T133000Z"},
	{"Etc/UTC", "20270301T113001Z", "20270301T120000Z", 30, {"20270301T120000Z", "20270301T123000Z"}, NULL, 30, 1,
	    "20270301T123000Z/20270301T130000Z"},
	/* another date costs twelve hours: 22:30 and 22:00 come before midnight, which is nearer */
	{"Etc/UTC", "20270101T000000Z", "20270301T233000Z", 30, {"20270301T230000Z", "20270302T000000Z"}, NULL, 30, 2,
	    "20270301T223000Z/20270301T230000Z 20270301T220000Z/20270301T223000Z"},
	/* ... of the local date, not UTC's */
	{"Europe/Amsterdam", "20270101T000000Z", "20270301T223000Z", 30, {"20270301T220000Z", "20270301T230000Z"}, NULL, 30,
	    1, "20270301T213000Z/20270301T220000Z"},
	/* the grid is on the wall clock: half hours of Kathmandu (+05:45) are quarters in UTC */
	{"Asia/Kathmandu", "20270101T000000Z", "20270301T120000Z", 30, {"20270301T120000Z", "20270301T123000Z"}, NULL, 30, 2,
	    "20270301T111500Z/20270301T114500Z 20270301T124500Z/20270301T131500Z"},
	/* both copies of a repeated hour are there: 02:30 at 00:30Z and at 01:30Z */
	{"Europe/Amsterdam", "20271001T000000Z", "20271031T010000Z", 30, {"20271031T010000Z", "20271031T013000Z"}, NULL, 30,
	    2, "20271031T003000Z/20271031T010000Z 20271031T013000Z/20271031T020000Z"},
	/* and 02:00, 02:30 of a gap are not: after 01:30 (00:30Z) comes 03:00 (01:00Z) */
	{"Europe/Amsterdam", "20270301T000000Z", "20270328T003000Z", 30, {"20270328T003000Z", "20270328T010000Z"}, NULL, 30,
	    2, "20270328T000000Z/20270328T003000Z 20270328T010000Z/20270328T013000Z"},
	/* within one open range */
	{"Etc/UTC", "20270101T000000Z", "20270301T100000Z", 60, {"20270301T100000Z", "20270301T110000Z"},
	    "{\"weekly\":{\"mon\":[[\"09:00\",\"11:30\"],[\"13:00\",\"14:00\"]]}}", 30, 3,
	    "20270301T090000Z/20270301T100000Z 20270301T130000Z/20270301T140000Z 20270222T130000Z/20270222T140000Z"},
	/* fourteen days each way, the edges included: 24 February is one day too early, the 25th is not open */
	{"Etc/UTC", "20270101T000000Z", "20270311T120000Z", 60, {"20270311T110000Z", "20270311T140000Z"},
	    "{\"overrides\":[{\"date\":\"2027-02-25\",\"hours\":[[\"12:00\",\"13:00\"]]},"
	    "{\"date\":\"2027-03-25\",\"hours\":[[\"12:00\",\"14:00\"]]},"
	    "{\"date\":\"2027-02-24\",\"hours\":[[\"12:00\",\"13:00\"]]}]}",
	    30, 5, "20270225T120000Z/20270225T130000Z 20270325T120000Z/20270325T130000Z"},
	/* whole days go by days */
	{"Europe/Amsterdam", "20270101T000000Z", "20270327T230000Z", 1380, {"20270327T230000Z", "20270328T220000Z"}, NULL,
	    1440, 2, "20270328T220000Z/20270329T210000Z 20270326T230000Z/20270327T220000Z"},
	{"Etc/UTC", "20270101T000000Z", "20270301T120000Z", 30, {"20260101T000000Z", "20280101T000000Z"}, NULL, 30, 5, ""},
	{"Etc/UTC", "20270101T000000Z", "20270301T120000Z", 30, {"20270301T120000Z", "20270301T123000Z"}, NULL, 30, 0, ""},
};

static void test_alternatives(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(alternative_rows); i++) {
		const struct alternative_row *row = &alternative_rows[i];
		AUTO_INTERVAL_SET struct interval_set busy = INTERVAL_SET_INIT, open = INTERVAL_SET_INIT;
		AUTO_BUF struct buf text = BUF_INIT(65536);
		struct arena *arena = arena_new(1 << 20);
		struct interval wanted = {at(row->start), at(row->start) + row->minutes * 60}, found[16];
		struct hours hours;
		struct alternatives_query query = {wanted, row->hours ? &open : NULL, &busy, zone(row->zone), row->step,
		    at(row->now)};
		size_t count;

		for (size_t j = 0; j < 4 && row->busy[j] != NULL; j += 2)
			assert_int_equal(
			    interval_set_add(&busy, (struct interval){at(row->busy[j]), at(row->busy[j + 1])}), 0);
		if (row->hours != NULL) {
			assert_int_equal(hours_parse(arena, slice_str(row->hours), &hours, NULL), 0);
			assert_int_equal(hours_open(&hours, query.zone, alternatives_window(wanted), &open), 0);
		}
		count = alternatives_find(&query, found, row->max);
		write_set(found, count, &text);
		if (!slice_is(buf_slice(&text), row->found))
			fail_msg("row %zu: %s", i, buf_cstr(&text));
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_time),
		cmocka_unit_test(test_hours_that_cannot_be_read_name_the_field),
		cmocka_unit_test(test_touching_is_free_and_what_is_empty_overlaps_nothing),
		cmocka_unit_test(test_conflicts_are_sorted_told_once_and_the_earliest_kept),
		cmocka_unit_test(test_a_series_conflicts_with_itself_across_a_short_one),
		cmocka_unit_test(test_only_newly_claimed_time_is_asked_for),
		cmocka_unit_test(test_alternatives),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
