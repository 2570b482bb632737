/* Times as a page tells them: on the day a clock goes back, and everywhere else. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "protocol/base/cleanup.h"
#include "server/pages/when.h"
#include "tests/support/zones.h"

static const char *const zone_names[] = {"Europe/Amsterdam", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", NULL};

struct world {
	struct zone_set *zones;
	struct arena *arena;
};

static int setup(void **state)
{
	static struct world w;

	w = (struct world){support_zones(zone_names), arena_new(1 << 20)};
	*state = &w;
	return w.arena == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	zone_set_free(w->zones);
	arena_free(w->arena);
	return 0;
}

static void test_a_label_that_comes_twice_tells_which(void **state)
{
	static const struct {
		const char *zone, *at, *want;
	} rows[] = {
	    {"Europe/Amsterdam", "2027-10-31T01:59:00+02:00", "01:59"},
	    {"Europe/Amsterdam", "2027-10-31T02:00:00+02:00", "02:00 (UTC+2)"},
	    {"Europe/Amsterdam", "2027-10-31T02:30:00+02:00", "02:30 (UTC+2)"},
	    {"Europe/Amsterdam", "2027-10-31T02:00:00+01:00", "02:00 (UTC+1)"},
	    {"Europe/Amsterdam", "2027-10-31T02:59:00+01:00", "02:59 (UTC+1)"},
	    {"Europe/Amsterdam", "2027-10-31T03:00:00+01:00", "03:00"},
	    {"Europe/Amsterdam", "2027-10-30T02:30:00+02:00", "02:30"},
	    {"Europe/Amsterdam", "2027-03-28T03:00:00+02:00", "03:00"}, /* the clock goes forward */
	    {"Europe/Amsterdam", "2027-03-28T01:59:00+01:00", "01:59"},
	    {"Australia/Lord_Howe", "2027-04-04T01:45:00+11:00", "01:45 (UTC+11)"}, /* by half an hour */
	    {"Australia/Lord_Howe", "2027-04-04T01:45:00+10:30", "01:45 (UTC+10:30)"},
	    {"Australia/Lord_Howe", "2027-04-04T01:15:00+11:00", "01:15"},
	    {"Asia/Kathmandu", "2027-10-31T02:30:00+05:45", "02:30"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct zone *zone = zone_set_find(w->zones, slice_str(rows[i].zone));
		struct slice text;
		instant_t at;

		assert_int_equal(instant_parse_rfc3339(slice_str(rows[i].at), &at, NULL), 0);
		text = when_time(w->arena, zone, at);
		if (!slice_is(text, rows[i].want))
			fail_msg("%s in %s is \"%.*s\"", rows[i].at, rows[i].zone, SLICE_ARG(text));
		assert_true(slice_is(when_instant(w->arena, zone, at), rows[i].at));
	}
}

static void test_days_have_names(void **state)
{
	struct world *w = *state;
	const struct zone *apia = zone_set_find(w->zones, SLICE("Pacific/Apia"));
	int64_t day = civil_to_days(2025, 6, 10);
	instant_t at;

	assert_true(slice_is(when_day(w->arena, day), "Tuesday 10 June 2025"));
	assert_true(slice_is(when_month(w->arena, day), "June 2025"));
	assert_true(slice_is(when_weekday(0), "Monday") && slice_is(when_weekday_short(6), "Sun"));
	assert_int_equal(instant_parse_rfc3339(SLICE("2025-06-10T20:30:00Z"), &at, NULL), 0);
	assert_true(slice_is(when_moment(w->arena, apia, at), "Wednesday 11 June 2025, 09:30"));
}

static void test_dates_are_read_strictly(void **state)
{
	static const char *const bad[] = {"", "2025-6-10", "2025-06-31", "2025-02-29", "20250610", "2025-06-10 ", "0000-01-01",
	    "9999-01-01", "2025-06-1x", "1969-12-31"};
	struct world *w = *state;
	int64_t day = 7;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (when_read_date(slice_str(bad[i]), &day) == 0)
			fail_msg("%s is a date", bad[i]);
	assert_int_equal(day, 7);
	assert_int_equal(when_read_date(SLICE("2028-02-29"), &day), 0);
	assert_int_equal(day, civil_to_days(2028, 2, 29));
	assert_true(slice_is(when_date(w->arena, day), "2028-02-29"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_a_label_that_comes_twice_tells_which, setup, teardown),
		cmocka_unit_test_setup_teardown(test_days_have_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dates_are_read_strictly, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
