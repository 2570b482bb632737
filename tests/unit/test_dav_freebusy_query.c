/* Queries of a free/busy address: times in three spellings, periods, tokens, and what is no query. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "protocol/base/cleanup.h"
#include "protocol/dav/freebusy_query.h"
#include "tests/support/zones.h"

#define NOW  1800000000 /* 2027-01-15T08:00:00Z */
#define DAYS * DAY_SECONDS

static const struct row {
	const char *query;
	instant_t start, end; /* 0: refused */
} rows[] = {
    {"", NOW - 7 DAYS, NOW + 61 DAYS},
    {"start=2027-03-10T09:00:00Z&end=2027-03-10T10:00:00Z", 1804669200, 1804672800},
    {"start=20270310T090000Z&end=20270310T100000Z", 1804669200, 1804672800},
    {"start=2027-03-10T10:00:00%2B01:00&end=2027-03-10T11:00:00+01:00", 1804669200, 1804672800},
    {"start=2027-03-10T10:00:00&end=20270310T110000", 1804669200, 1804672800}, /* in Amsterdam */
    {"start=2027-03-10&end=20270311", 1804633200, 1804633200 + 1 DAYS},
    {"start=2027-03-28&period=P1D", 1806188400, 1806188400 + 23 * 3600}, /* the clock goes forward */
    {"start=2027-03-28&period=PT24H", 1806188400, 1806188400 + 1 DAYS},
    {"period=P1W&format=text%2Fcalendar&cua=mailto:x&start=2027-03-10T09:00:00Z", 1804669200, 1804669200 + 7 DAYS},
    {"start=2027-03-10T09:00:00Z&start=2028-01-01", 1804669200, 1804669200 + 68 DAYS - 3600},
    {"period=P366D", NOW - 7 DAYS, NOW + 359 DAYS},
    {"period=P367D", 0, 0},
    {"period=-P1D", 0, 0},
    {"period=P0D", 0, 0},
    {"period=", 0, 0},
    {"period=P99999999999999999999D", 0, 0},
    {"period=PT99999999999999H", 0, 0},
    {"start=tomorrow", 0, 0},
    {"start", 0, 0},
    {"start=%zz", 0, 0},
    {"start=2027-02-30", 0, 0},
    {"start=2027-03-10T10:00:00Z&end=2027-03-10T10:00:00Z", 0, 0},
    {"start=2027-03-10T10:00:00Z&end=2027-03-09T10:00:00Z", 0, 0},
    {"start=2027-03-10&end=2028-03-11T00:00:01Z", 0, 0},
    {"start=2027-03-10&end=2027-03-11&period=P1D", 0, 0},
    {"start=0001-01-01&end=9999-12-31", 0, 0},
    {"end=2026-01-01", 0, 0},
};

static void test_a_query_is_a_window(void **state)
{
	static const char *const names[] = {"Europe/Amsterdam", NULL};
	struct zone_set *zones = support_zones(names);
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct interval window = {0, 0};
		struct error err = ERROR_NONE;
		int ret = freebusy_query_window(arena, slice_str(rows[i].query), zone_set_find(zones, SLICE("Europe/Amsterdam")),
		    NOW, &window, &err);

		if (ret != (rows[i].start == 0 ? -EINVAL : 0) || window.start != rows[i].start || window.end != rows[i].end)
			fail_msg("%s: %d %lld %lld", rows[i].query, ret, (long long)window.start, (long long)window.end);
		if (ret < 0 && (err.http_status != 400 || err.detail[0] == '\0'))
			fail_msg("%s: no reason", rows[i].query);
	}
	arena_free(arena);
	zone_set_free(zones);
}

static void test_a_token_is_decoded(void **state)
{
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	assert_true(slice_is(freebusy_query_token(arena, SLICE("start=1&token=a%62c&token=d")), "abc"));
	assert_int_equal(freebusy_query_token(arena, SLICE("start=1&tokens=x")).len, 0);
	assert_int_equal(freebusy_query_token(arena, SLICE("token=%6")).len, 0);
	assert_int_equal(freebusy_query_token(arena, SLICE("token")).len, 0);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_query_is_a_window),
	    cmocka_unit_test(test_a_token_is_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
