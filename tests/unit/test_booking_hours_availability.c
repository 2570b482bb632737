/* Working hours as VAVAILABILITY: what is written means the same, and what is read keeps its meaning. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "server/booking/rules/hours.h"
#include "tests/support/zones.h"

#define NOW INT64_C(1800000000) /* 2027-01-15T08:00:00Z */

static const char *const names[] = {"Europe/Amsterdam", "America/New_York", NULL};

struct bench {
	struct arena *arena;
	struct zone_set *zones;
	const struct zone *zone;
};

static int set_up(void **state)
{
	static struct bench bench;

	bench.arena = arena_new(256u << 20);
	bench.zones = support_zones(names);
	bench.zone = zone_set_find(bench.zones, SLICE("Europe/Amsterdam"));
	*state = &bench;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *bench = *state;

	arena_free(bench->arena);
	zone_set_free(bench->zones);
	return 0;
}

static struct interval_set open_of(struct bench *bench, struct slice json, struct interval window)
{
	struct interval_set open = INTERVAL_SET_INIT;
	struct hours hours;
	struct error err = ERROR_NONE;

	if (hours_parse(bench->arena, json, &hours, &err) < 0)
		fail_msg("%.*s: %s", SLICE_ARG(json), err.detail);
	hours.zones = bench->zones;
	assert_int_equal(hours_open(&hours, bench->zone, window, &open), 0);
	return open;
}

/* Both open the same time from NOW on for so many days. */
static void assert_same(struct bench *bench, struct slice one, struct slice other, int days)
{
	const struct interval window = {NOW, NOW + days * DAY_SECONDS};
	AUTO_INTERVAL_SET struct interval_set a = open_of(bench, one, window), b = open_of(bench, other, window);

	assert_true(a.count > 0);
	if (a.count != b.count)
		fail_msg("%zu ranges and %zu: %.*s", a.count, b.count, SLICE_ARG(other));
	for (size_t i = 0; i < a.count; i++)
		if (a.at[i].start != b.at[i].start || a.at[i].end != b.at[i].end)
			fail_msg("range %zu: %lld to %lld, not %lld to %lld", i, (long long)b.at[i].start, (long long)b.at[i].end,
			    (long long)a.at[i].start, (long long)a.at[i].end);
}

static struct slice json_of(struct bench *bench, struct slice text)
{
	struct buf json = BUF_INIT(HOURS_BYTES_MAX);
	struct error err = ERROR_NONE;
	char *copy;

	if (hours_json_of_availability(bench->arena, bench->zones, bench->zone, text, NOW, &json, &err) < 0)
		fail_msg("%s", err.detail);
	copy = arena_copy(bench->arena, buf_slice(&json));
	buf_free(&json);
	return slice_str(copy);
}

static struct slice write_text(struct bench *bench, struct slice json)
{
	struct buf text = BUF_INIT(1u << 20);
	struct hours hours;
	char *copy;

	assert_int_equal(hours_parse(bench->arena, json, &hours, NULL), 0);
	hours_write_availability(&text, &hours, bench->zone, NOW);
	assert_int_equal(text.err, 0);
	copy = arena_copy(bench->arena, buf_slice(&text));
	buf_free(&text);
	return slice_str(copy);
}

static void test_what_is_written_means_the_same(void **state)
{
	static const char *const rows[] = {
	    "{\"weekly\":{\"mon\":[[\"09:00\",\"12:30\"],[\"13:00\",\"17:00\"]],\"fri\":[[\"09:00\",\"24:00\"]]}}",
	    "{\"weekly\":{\"sun\":[[\"22:00\",\"23:59\"]],\"thu\":[[\"00:00\",\"06:15\"]]}}",
	    ("{\"weekly\":{\"wed\":[[\"09:00\",\"12:00\"]]},\"overrides\":[{\"date\":\"2027-01-20\",\"hours\":[]},"
	    "{\"date\":\"2027-01-27\",\"hours\":[[\"10:00\",\"14:00\"]]},{\"date\":\"2027-01-30\",\"hours\":[[\"08:00\",\"09:00\"]]}]}"),
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice json = slice_str(rows[i]);

		assert_same(*state, json, json_of(*state, write_text(*state, json)), 400);
	}
}

static void test_weekly_hours_come_back_as_they_were(void **state)
{
	const char *json = "{\"timezone\":\"Europe/Amsterdam\",\"weekly\":{\"mon\":[[\"09:00\",\"12:30\"],[\"13:00\",\"17:00\"]],"
			   "\"fri\":[[\"09:00\",\"24:00\"]]}}";
	struct slice back = json_of(*state, write_text(*state, slice_str(json)));

	if (!slice_is(back, json))
		fail_msg("%.*s", SLICE_ARG(back));
}

#define HEAD      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VAVAILABILITY\r\nUID:v\r\nDTSTAMP:20260101T000000Z\r\n"
#define AVAILABLE "BEGIN:AVAILABLE\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=America/New_York:20260105T090000\r\n" \
		  "DTEND;TZID=America/New_York:20260105T170000\r\n"
#define TAIL      "END:AVAILABLE\r\nEND:VAVAILABILITY\r\nEND:VCALENDAR\r\n"

/* What an app writes, and whether the weekly form says the same. */
static const struct row {
	const char *text;
	bool weekly;
} rows[] = {
    {HEAD AVAILABLE "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\n" TAIL, true},
    {HEAD AVAILABLE "RRULE:FREQ=DAILY\r\n" TAIL, true},
    {HEAD "PRIORITY:3\r\nBUSYTYPE:BUSY\r\n" AVAILABLE "RRULE:FREQ=WEEKLY\r\n" TAIL, true},
    {HEAD AVAILABLE "RRULE:FREQ=WEEKLY;INTERVAL=2\r\n" TAIL, false},
    {HEAD AVAILABLE "RRULE:FREQ=WEEKLY;UNTIL=20400101T000000Z\r\n" TAIL, false},
    {HEAD AVAILABLE "RRULE:FREQ=MONTHLY\r\n" TAIL, false},
    {HEAD "DTSTART:20260101T000000Z\r\nDTEND:20350101T000000Z\r\n" AVAILABLE "RRULE:FREQ=WEEKLY\r\n" TAIL, false},
    {HEAD AVAILABLE "RRULE:FREQ=WEEKLY\r\nEXDATE;TZID=America/New_York:20270201T090000\r\n" TAIL, false},
};

static void test_what_an_app_writes_keeps_its_meaning(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice json = json_of(bench, slice_str(rows[i].text));
		bool weekly = slice_find(json, SLICE("\"weekly\"")) >= 0;

		if (weekly != rows[i].weekly || !slice_starts(json, SLICE("{\"timezone\":\"America/New_York\"")))
			fail_msg("row %zu: %.*s", i, SLICE_ARG(json));
	}
}

static void test_what_is_no_availability_is_refused(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf json = BUF_INIT(HOURS_BYTES_MAX);
	struct error err = ERROR_NONE;

	assert_int_equal(hours_json_of_availability(bench->arena, bench->zones, bench->zone, SLICE("hello"), NOW, &json, &err), -EINVAL);
	assert_true(err.detail[0] != '\0');
}

/* One person's text is not to keep all from booking: what cannot be read opens nothing. */
static void test_an_availability_that_cannot_be_read_opens_nothing(void **state)
{
	static const char *const texts[] = {"hello", HEAD AVAILABLE "RRULE:FREQ=SECONDLY\r\n" TAIL};
	struct bench *bench = *state;
	const struct interval window = {NOW, NOW + 30 * DAY_SECONDS};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		AUTO_INTERVAL_SET struct interval_set open = INTERVAL_SET_INIT;
		struct hours hours = {.availability = slice_str(texts[i]), .zones = bench->zones};

		assert_true(hours_open_availability(&hours, bench->zone, window, &open, NULL) < 0);
		assert_int_equal(hours_open(&hours, bench->zone, window, &open), 0);
		assert_int_equal(open.count, 0);
	}
}

/* R5: also of one who has his hours from an app. */
static void test_holidays_close_an_availability(void **state)
{
	struct bench *bench = *state;
	AUTO_INTERVAL_SET struct interval_set open = INTERVAL_SET_INIT;
	const int64_t holidays[] = {civil_to_days(2027, 2, 1)}; /* a Monday */
	const struct interval day = {INT64_C(1801432800), INT64_C(1801432800) + DAY_SECONDS};
	struct hours hours = {.availability = slice_str(rows[3].text), .zones = bench->zones};

	hours.availability = slice_str(HEAD AVAILABLE "RRULE:FREQ=DAILY\r\n" TAIL);
	assert_int_equal(hours_open(&hours, zone_set_find(bench->zones, SLICE("America/New_York")), day, &open), 0);
	assert_true(open.count > 0);
	interval_set_free(&open);
	hours.holidays = holidays;
	hours.holiday_count = 1;
	assert_int_equal(hours_open(&hours, zone_set_find(bench->zones, SLICE("America/New_York")), day, &open), 0);
	assert_int_equal(open.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_written_means_the_same),
	    cmocka_unit_test(test_weekly_hours_come_back_as_they_were),
	    cmocka_unit_test(test_what_an_app_writes_keeps_its_meaning),
	    cmocka_unit_test(test_what_is_no_availability_is_refused),
	    cmocka_unit_test(test_an_availability_that_cannot_be_read_opens_nothing),
	    cmocka_unit_test(test_holidays_close_an_availability),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
