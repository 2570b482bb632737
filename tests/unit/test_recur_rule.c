#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "protocol/recur/rule.h"

struct row {
	const char *text;
	int ret;
	enum dav_condition condition;
};

static const struct row rows[] = {
	{"FREQ=DAILY", 0, CONDITION_NONE},
	{"freq=weekly;byday=mo,We", 0, CONDITION_NONE},
	{"FREQ=DAILY;", 0, CONDITION_NONE},
	{"COUNT=3;FREQ=DAILY", 0, CONDITION_NONE},
	{"FREQ=DAILY;COUNT=3;UNTIL=20260101", 0, CONDITION_NONE},
	{"FREQ=DAILY;X-EVOLUTION-ENDDATE=20260101T000000Z", 0, CONDITION_NONE},
	{"FREQ=YEARLY;BYMONTHDAY=-31,+1;BYYEARDAY=-366,366", 0, CONDITION_NONE},
	{"FREQ=MONTHLY;BYDAY=+1MO,-1FR;BYSETPOS=-1", 0, CONDITION_NONE},
	{"FREQ=MINUTELY;BYSECOND=60;BYHOUR=0,23;BYMINUTE=0,59", 0, CONDITION_NONE},
	{"FREQ=DAILY;UNTIL=20261231T235960Z", 0, CONDITION_NONE},
	{"FREQ=DAILY;INTERVAL=2147483647;COUNT=2147483647", 0, CONDITION_NONE},
	{"RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=OMIT", 0, CONDITION_NONE},
	{"RSCALE=CHINESE;FREQ=YEARLY", -EINVAL, CALDAV_SUPPORTED_RSCALE},
	{"RSCALE=gregorian;FREQ=MONTHLY;SKIP=BACKWARD", 0, CONDITION_NONE},
	{"FREQ=MONTHLY;SKIP=forward;RSCALE=GREGORIAN", 0, CONDITION_NONE},
	{"FREQ=MONTHLY;SKIP=OMIT", 0, CONDITION_NONE},
	{"FREQ=MONTHLY;SKIP=FORWARD", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=SIDEWAYS", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"RSCALE=HEBREW;FREQ=YEARLY;BYMONTH=5L;SKIP=FORWARD", -EINVAL, CALDAV_SUPPORTED_RSCALE},
	{"", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"INTERVAL=2", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=FORTNIGHTLY", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;INTERVAL=0", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;INTERVAL=-1", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;INTERVAL=2147483648", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;COUNT=0", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;COUNT=99999999999999999999", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;UNTIL=tomorrow", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;UNTIL=20260230", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;UNTIL=20260101T250000Z", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;UNTIL=20260101 000000Z", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;UNTIL=20260101T00000X", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYHOUR=24", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYHOUR=-1", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYHOUR=-0", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYMINUTE=60", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYSECOND=61", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYMONTH=13", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYMONTH=5L", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYMONTHDAY=0", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=DAILY;BYMONTHDAY=32", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=YEARLY;BYYEARDAY=-367", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=YEARLY;BYWEEKNO=54", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;BYSETPOS=0", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;BYDAY=54MO", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;BYDAY=0MO", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;BYDAY=1", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;BYDAY=XX", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;BYDAY=MO,,TU", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;BYDAY=MO,", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;WKST=M", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
	{"FREQ=MONTHLY;BYEASTER=1", -EINVAL, CALDAV_VALID_CALENDAR_DATA},
};

static void test_each_text_is_read_or_refused_with_its_condition(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct recur_rule rule;
		struct error err = ERROR_NONE;
		int ret = recur_rule_parse(slice_str(rows[i].text), &rule, &err);

		if (ret != rows[i].ret || err.condition != rows[i].condition)
			fail_msg("\"%s\": %d, condition %d", rows[i].text, ret, err.condition);
		if (ret < 0 && err.http_status != 403)
			fail_msg("\"%s\": status %d", rows[i].text, err.http_status);
	}
}

static void test_the_parts_are_kept(void **state)
{
	struct recur_rule r;

	(void)state;
	assert_int_equal(recur_rule_parse(SLICE("FREQ=YEARLY;INTERVAL=3;COUNT=9;WKST=SU;UNTIL=20301231T225900Z;"
	                                        "BYMONTH=1,12;BYMONTHDAY=2,-3;BYYEARDAY=100,-1;BYWEEKNO=53,-2;BYDAY=WE,-2SU,4FR;"
	                                        "BYHOUR=7;BYMINUTE=30,0;BYSECOND=60;BYSETPOS=-1,2"),
	                     &r, NULL),
	    0);
	assert_int_equal(r.freq, RECUR_YEARLY);
	assert_int_equal(r.interval, 3);
	assert_int_equal(r.count, 9);
	assert_int_equal(r.week_start, 6);
	assert_true(r.has_until && r.until_is_utc && !r.until_is_date);
	assert_int_equal(r.until.hour, 22);
	assert_int_equal(r.months, 1 << 1 | 1 << 12);
	assert_int_equal(r.month_days, 1 << 2);
	assert_int_equal(r.month_days_end, 1 << 3);
	assert_true(recur_days_has(&r.year_days, 100) && recur_days_has(&r.year_days_end, 1));
	assert_true(r.weeks == UINT64_C(1) << 53 && r.weeks_end == UINT64_C(1) << 2);
	assert_int_equal(r.weekdays, 1 << 2);
	assert_true(r.has_nth && r.nth_end[6] == 1 << 2 && r.nth[4] == 1 << 4);
	assert_int_equal(r.hours, 1 << 7);
	assert_true(r.minutes == (UINT64_C(1) << 30 | 1));
	assert_true(r.seconds == UINT64_C(1) << 59); /* no leap seconds are counted */
	assert_true(recur_days_has(&r.positions, 2) && recur_days_has(&r.positions_end, 1));
}

static void test_a_text_without_end_is_refused_before_it_is_read(void **state)
{
	static char text[RECUR_RULE_BYTES_MAX + 2];
	struct recur_rule rule;
	struct error err = ERROR_NONE;

	(void)state;
	memset(text, ';', sizeof(text));
	assert_int_equal(recur_rule_parse(slice_of(text, sizeof(text)), &rule, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_INSTANCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_text_is_read_or_refused_with_its_condition),
		cmocka_unit_test(test_the_parts_are_kept),
		cmocka_unit_test(test_a_text_without_end_is_refused_before_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
