#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <time.h>

#include "protocol/base/cleanup.h"
#include "protocol/recur/iterator.h"
#include "protocol/recur/screen.h"

static int64_t local_of(const char *text)
{
	char utc[20];
	instant_t at;

	snprintf(utc, sizeof(utc), "%sZ", text);
	if (instant_parse_basic(slice_str(utc), &at) < 0)
		fail_msg("bad time in a row: %s", text);
	return at;
}

static struct recur_rule rule_of(const char *text)
{
	struct recur_rule rule;

	if (recur_rule_parse(slice_str(text), &rule, NULL) < 0)
		fail_msg("not a rule: %s", text);
	return rule;
}

static struct recur_iterator_options options_of(int64_t start, uint32_t *steps)
{
	return (struct recur_iterator_options){
		.start = start, .from = INT64_MIN, .limit = INT64_MAX, .until = INT64_MAX, .steps = steps};
}

/* ---- what a rule yields ---- */

struct row {
	const char *start, *rule;
	const char *want; /* what follows DTSTART; "..." at the end when more does */
};

static const struct row rows[] = {
	/* RFC 7529: dates that do not exist. */
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;COUNT=4", "20130331T090000 20130531T090000 20130731T090000"},
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD;COUNT=4",
	    "20130228T090000 20130331T090000 20130430T090000"},
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD;COUNT=4",
	    "20130301T090000 20130331T090000 20130501T090000"},
	{"20160229T090000", "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=BACKWARD;COUNT=6",
	    "20170228T090000 20180228T090000 20190228T090000 20200229T090000 20210228T090000"},
	{"20160229T090000", "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD;COUNT=6",
	    "20170301T090000 20180301T090000 20190301T090000 20200229T090000 20210301T090000"},
	{"20160229T090000", "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=OMIT;COUNT=3", "20200229T090000 20240229T090000"},
	{"20160229T090000", "RSCALE=GREGORIAN;FREQ=YEARLY;INTERVAL=2;SKIP=FORWARD;COUNT=4",
	    "20180301T090000 20200229T090000 20220301T090000"},
	/* The first of a month named by itself and by what is skipped before it is one occurrence. */
	{"20130101T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=1,30;SKIP=FORWARD;COUNT=6",
	    "20130130T090000 20130201T090000 20130301T090000 20130330T090000 20130401T090000"},
	{"20130101T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=1,29,30,31;BYHOUR=9,18;SKIP=FORWARD;COUNT=12",
	    "20130101T180000 20130129T090000 20130129T180000 20130130T090000 20130130T180000 20130131T090000 20130131T180000 "
	    "20130201T090000 20130201T180000 20130301T090000 20130301T180000"},
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;SKIP=BACKWARD;COUNT=3",
	    "20130228T090000 20130328T090000"},
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=-31;SKIP=BACKWARD;COUNT=5",
	    "20130301T090000 20130331T090000 20130501T090000 20130531T090000"},
	{"20130101T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=-31;SKIP=FORWARD;COUNT=4",
	    "20130201T090000 20130301T090000 20130401T090000"},
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;INTERVAL=13;SKIP=FORWARD;COUNT=4",
	    "20140301T090000 20150331T090000 20160501T090000"},
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30;SKIP=FORWARD;COUNT=3",
	    "20130301T090000 20140301T090000"},
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31;SKIP=FORWARD;COUNT=4",
	    "20130301T090000 20130501T090000 20140301T090000"},
	/* BYDAY limits what SKIP led to: of the Fridays only. */
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=31;BYDAY=FR;SKIP=BACKWARD;COUNT=3",
	    "20130531T090000 20140131T090000"},
	{"20121231T090000", "RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366;SKIP=BACKWARD;COUNT=4",
	    "20131231T090000 20141231T090000 20151231T090000"},
	{"20121231T090000", "RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366;SKIP=FORWARD;COUNT=4",
	    "20140101T090000 20150101T090000 20160101T090000"},
	/* Not where days are walked that exist. */
	{"20130131T090000", "RSCALE=GREGORIAN;FREQ=DAILY;BYMONTHDAY=31;SKIP=FORWARD;COUNT=3",
	    "20130331T090000 20130531T090000"},
	/* The examples of RFC 5545, 3.8.5.3, that hold a trap. */
	{"19970902T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
	    "19970904T090000 19970916T090000 19970918T090000 19970930T090000 19971002T090000 19971014T090000 "
	    "19971016T090000"},
	{"19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
	    "19970810T090000 19970819T090000 19970824T090000"},
	{"19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
	    "19970817T090000 19970819T090000 19970831T090000"},
	{"19970905T090000", "FREQ=MONTHLY;COUNT=4;BYDAY=1FR", "19971003T090000 19971107T090000 19971205T090000"},
	{"19970922T090000", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
	    "19971020T090000 19971117T090000 19971222T090000 19980119T090000 19980216T090000"},
	{"19970928T090000", "FREQ=MONTHLY;BYMONTHDAY=-3",
	    "19971029T090000 19971128T090000 19971229T090000 19980129T090000 19980226T090000 ..."},
	{"19970902T090000", "FREQ=MONTHLY;COUNT=5;BYMONTHDAY=2,15",
	    "19970915T090000 19971002T090000 19971015T090000 19971102T090000"},
	{"19970519T090000", "FREQ=YEARLY;BYDAY=20MO", "19980518T090000 19990517T090000 ..."},
	{"19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "19980511T090000 19990517T090000 ..."},
	{"19970101T090000", "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
	    "19970410T090000 19970719T090000 20000101T090000 20000409T090000 20000718T090000 20030101T090000 "
	    "20030410T090000 20030719T090000 20060101T090000"},
	{"19961105T090000", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
	    "20001107T090000 20041102T090000 ..."},
	{"19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "19971007T090000 19971106T090000"},
	{"19970929T090000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
	    "19971030T090000 19971127T090000 19971230T090000 19980129T090000 ..."},
	{"19970902T090000", "FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,20,40",
	    "19970902T092000 19970902T094000 19970902T100000 19970902T102000 19970902T104000 19970903T090000 ..."},
	{"20070115T090000", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
	    "20070130T090000 20070215T090000 20070315T090000 20070330T090000"},
	{"19980213T090000", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
	    "19980313T090000 19981113T090000 19990813T090000 20001013T090000 ..."},
	/* Leap days and month ends: a date that does not exist is left out, not moved. */
	{"20240229T120000", "FREQ=YEARLY", "20280229T120000 20320229T120000 ..."},
	{"20240229T120000", "FREQ=YEARLY;INTERVAL=2;COUNT=3", "20280229T120000 20320229T120000"},
	{"20950228T000000", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "20960229T000000 21040229T000000 ..."},
	{"20260131T080000", "FREQ=MONTHLY", "20260331T080000 20260531T080000 20260731T080000 20260831T080000 ..."},
	{"20260131T080000", "FREQ=MONTHLY;BYMONTHDAY=31,-1;COUNT=4", "20260228T080000 20260331T080000 20260430T080000"},
	{"20261231T230000", "FREQ=YEARLY;BYYEARDAY=-1", "20271231T230000 20281231T230000 ..."},
	{"20231231T230000", "FREQ=YEARLY;BYYEARDAY=366", "20241231T230000 20281231T230000 ..."},
	/* Year ends and week numbers: 2026 has 53 weeks, 2024's last days lie in week 1. */
	{"20240101T100000", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", "20241230T100000 20251229T100000 20270104T100000 ..."},
	{"20240101T100000", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=TH", "20261231T100000 20321230T100000 ..."},
	{"20240101T100000", "FREQ=YEARLY;BYWEEKNO=-1;BYDAY=SU", "20241229T100000 20251228T100000 20270103T100000 ..."},
	{"20240101T100000", "FREQ=YEARLY;BYWEEKNO=-53;BYDAY=MO", "20251229T100000 20311229T100000 ..."},
	{"19931231T100000", "FREQ=YEARLY;BYWEEKNO=52;BYDAY=SU", "19940102T100000 19950101T100000 19951231T100000 ..."},
	{"20381227T100000", "FREQ=YEARLY;BYWEEKNO=52;BYDAY=SA", "20390101T100000 20391231T100000 ..."},
	{"20260107T100000", "FREQ=YEARLY;BYWEEKNO=10", "20260304T100000 20270310T100000 ..."}, /* DTSTART's weekday */
	{"20260104T100000", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=SU;WKST=SU", "20270103T100000 20280102T100000 ..."},
	{"20261231T090000", "FREQ=DAILY;COUNT=3", "20270101T090000 20270102T090000"},
	{"20261230T090000", "FREQ=WEEKLY;BYDAY=WE,SA", "20270102T090000 20270106T090000 ..."},
	/* Numbers before weekdays: of the month when BYMONTH is there, else of the year; ignored by the week. */
	{"20260101T090000", "FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3,10", "20260329T090000 20261025T090000 20270328T090000 ..."},
	{"20260101T090000", "FREQ=YEARLY;BYDAY=1MO,-1FR", "20260105T090000 20261225T090000 20270104T090000 ..."},
	{"20260101T090000", "FREQ=YEARLY;BYDAY=53TH", "20261231T090000 20321230T090000 ..."},
	{"20260101T090000", "FREQ=MONTHLY;BYDAY=5FR,2MO", "20260112T090000 20260130T090000 20260209T090000 ..."},
	{"20260105T090000", "FREQ=MONTHLY;BYDAY=MO,1TU;COUNT=6",
	    "20260106T090000 20260112T090000 20260119T090000 20260126T090000 20260202T090000"},
	{"20260105T090000", "FREQ=WEEKLY;BYDAY=1MO,2WE", "20260107T090000 20260112T090000 ..."},
	/* BYSETPOS counts the whole period, also what lies before DTSTART, and times as well as days. */
	{"20260120T090000", "FREQ=MONTHLY;BYMONTHDAY=10,20,30;BYSETPOS=1,-1",
	    "20260130T090000 20260210T090000 20260220T090000 20260310T090000 ..."},
	{"20260101T080000", "FREQ=DAILY;BYHOUR=8,12,16;BYSETPOS=-1", "20260101T160000 20260102T160000 ..."},
	{"20260101T000000", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1,2;BYHOUR=6,18;BYSETPOS=2,3",
	    "20260101T180000 20260102T060000 20270101T180000 ..."},
	{"20260101T000000", "FREQ=MINUTELY;BYSECOND=10,20,30;BYSETPOS=2",
	    "20260101T000020 20260101T000120 20260101T000220 ..."},
	{"20260101T000000", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,1,-5,-1",
	    "20260102T000000 20260105T000000 20260109T000000 ..."},
	/* INTERVAL beside a list of the same level, which libical ignores. */
	{"20260101T000000", "FREQ=HOURLY;INTERVAL=5;BYHOUR=0,5,6",
	    "20260101T050000 20260102T060000 20260106T000000 20260106T050000 ..."},
	{"20260101T000000", "FREQ=MINUTELY;INTERVAL=7;BYMINUTE=0,14",
	    "20260101T001400 20260101T070000 20260101T071400 20260101T140000 ..."},
	{"20260101T000000", "FREQ=SECONDLY;INTERVAL=45;BYSECOND=0,30",
	    "20260101T000130 20260101T000300 20260101T000430 ..."},
	{"20260101T000000", "FREQ=HOURLY;INTERVAL=36;COUNT=4", "20260102T120000 20260104T000000 20260105T120000"},
	{"20260101T000000", "FREQ=MINUTELY;BYDAY=SA;BYHOUR=23;BYMINUTE=59;COUNT=3", "20260103T235900 20260110T235900"},
	{"20260101T120000", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=3;BYMINUTE=0;BYSECOND=0",
	    "20440229T030000 20720229T030000 ..."},
	/* By the day with filters. */
	{"20260101T090000", "FREQ=DAILY;INTERVAL=2;BYDAY=MO", "20260105T090000 20260119T090000 20260202T090000 ..."},
	{"20260101T090000", "FREQ=DAILY;BYMONTH=1;BYMONTHDAY=-1", "20260131T090000 20270131T090000 ..."},
	{"20260101T090000", "FREQ=DAILY;INTERVAL=10;BYMONTH=12", "20261207T090000 20261217T090000 20261227T090000 20271202T090000 ..."},
	/* A DTSTART that the rule does not name counts as the first of COUNT. */
	{"20260101T090000", "FREQ=WEEKLY;BYDAY=MO;COUNT=3", "20260105T090000 20260112T090000"},
	{"20260101T090000", "FREQ=DAILY;COUNT=1", ""},
	/* Before 1970 and at the end of the calendar. */
	{"19600229T090000", "FREQ=YEARLY;COUNT=3", "19640229T090000 19680229T090000"},
	{"00010101T000000", "FREQ=YEARLY;INTERVAL=3000", "30010101T000000 60010101T000000 90010101T000000"},
	{"20260101T000000", "FREQ=YEARLY;INTERVAL=2147483647", ""},
	{"99991201T000000", "FREQ=MONTHLY;BYMONTHDAY=1,15", "99991215T000000"},
};

static void list(const struct row *row, char *out, size_t size)
{
	struct recur_rule rule = rule_of(row->rule);
	uint32_t steps = 1000000;
	struct recur_iterator_options options = options_of(local_of(row->start), &steps);
	struct recur_iterator it;
	size_t wanted = strlen(row->want) / 16 + 1, len = 0;
	int64_t local;

	if (strstr(row->want, "...") != NULL)
		wanted--;
	out[0] = '\0';
	recur_iterator_init(&it, &rule, &options);
	for (size_t i = 0; recur_iterator_next(&it, &local) == RECUR_FOUND; i++) {
		struct civil c;

		if (i == wanted) {
			snprintf(out + len, size - len, " ...");
			return;
		}
		civil_from_utc(local, &c);
		len += (size_t)snprintf(out + len, size - len, "%s%04d%02d%02dT%02d%02d%02d", i ? " " : "", c.year,
		    c.month, c.day, c.hour, c.minute, c.second);
	}
}

static void test_each_rule_yields_its_occurrences(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char got[1024];

		list(&rows[i], got, sizeof(got));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s %s\n  got  %s\n  want %s", rows[i].start, rows[i].rule, got, rows[i].want);
	}
}

/* ---- bounds ---- */

static const char *const walked[] = {
	"FREQ=WEEKLY;BYDAY=MO,WE,FR",
	"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3,10",
	"FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31,-1",
	"FREQ=HOURLY;INTERVAL=7",
	"FREQ=DAILY;INTERVAL=3;BYHOUR=6,18",
	"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-2,1,3",
	"FREQ=WEEKLY;INTERVAL=3;WKST=SU;BYDAY=SU,SA;COUNT=200",
	"FREQ=MINUTELY;INTERVAL=1001;BYMONTH=1,2",
	"FREQ=YEARLY;BYWEEKNO=1,53;BYDAY=MO,SU",
	"RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=1,29,30,31;BYHOUR=0,23;SKIP=FORWARD",
	"RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=-31,-30,31;BYHOUR=0,23;SKIP=BACKWARD",
	"RSCALE=GREGORIAN;FREQ=MONTHLY;INTERVAL=7;BYMONTHDAY=31;SKIP=FORWARD;COUNT=40",
	"RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366,-366;SKIP=FORWARD",
	"RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366,-366;SKIP=BACKWARD",
};

/* Starting near the window yields what walking there from DTSTART yields. */
static void test_a_slice_equals_the_slice_of_the_whole(void **state)
{
	const int64_t start = local_of("20200106T100000");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(walked); i++) {
		struct recur_rule rule = rule_of(walked[i]);

		for (int64_t from = start - 50 * DAY_SECONDS; from < start + 1200 * DAY_SECONDS; from += 7777777) {
			uint32_t steps = 10000000;
			struct recur_iterator_options whole = options_of(start, &steps), part = whole;
			struct recur_iterator a, b;
			int64_t left = 0, right = 0;
			enum recur_next next;

			whole.limit = part.limit = from + 100 * DAY_SECONDS;
			part.from = from;
			recur_iterator_init(&a, &rule, &whole);
			recur_iterator_init(&b, &rule, &part);
			do {
				while ((next = recur_iterator_next(&a, &left)) == RECUR_FOUND && left < from)
					;
				if (recur_iterator_next(&b, &right) != next || (next == RECUR_FOUND && left != right))
					fail_msg("%s from %lld: %lld, not %lld", walked[i], (long long)from,
					    (long long)right, (long long)left);
			} while (next == RECUR_FOUND);
		}
	}
}

static void test_a_series_begun_long_ago_costs_no_walk(void **state)
{
	struct recur_rule rule = rule_of("FREQ=WEEKLY;BYDAY=MO,WE,FR");
	uint32_t steps = 100;
	struct recur_iterator_options options = options_of(local_of("19010107T090000"), &steps);
	struct recur_iterator it;
	int64_t local;

	(void)state;
	options.from = local_of("20260601T000000");
	options.limit = options.from + 28 * DAY_SECONDS;
	recur_iterator_init(&it, &rule, &options);
	for (int i = 0; i < 12; i++)
		assert_int_equal(recur_iterator_next(&it, &local), RECUR_FOUND);
	assert_int_equal(recur_iterator_next(&it, &local), RECUR_BEYOND);
}

static void test_until_is_inclusive_and_ends_the_rule(void **state)
{
	struct recur_rule rule = rule_of("FREQ=DAILY");
	uint32_t steps = 100;
	struct recur_iterator_options options = options_of(local_of("20260101T090000"), &steps);
	struct recur_iterator it;
	int64_t local;

	(void)state;
	options.until = local_of("20260103T090000");
	recur_iterator_init(&it, &rule, &options);
	assert_int_equal(recur_iterator_next(&it, &local), RECUR_FOUND);
	assert_int_equal(recur_iterator_next(&it, &local), RECUR_FOUND);
	assert_int_equal(local, options.until);
	assert_int_equal(recur_iterator_next(&it, &local), RECUR_END);
	assert_int_equal(recur_iterator_next(&it, &local), RECUR_END);
}

static void test_parts_of_the_day_are_ignored_for_a_date(void **state)
{
	struct recur_rule rule = rule_of("FREQ=DAILY;BYHOUR=9,10;BYMINUTE=30");
	uint32_t steps = 100;
	struct recur_iterator_options options = options_of(local_of("20260101T000000"), &steps);
	struct recur_iterator it;
	int64_t local;

	(void)state;
	options.is_date = true;
	recur_iterator_init(&it, &rule, &options);
	assert_int_equal(recur_iterator_next(&it, &local), RECUR_FOUND);
	assert_int_equal(local, local_of("20260102T000000"));
}

/* ---- hostile rules ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ANSWER_MS_MAX 400.0 /* the sanitizers' own cost on top */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ANSWER_MS_MAX 400.0
#endif
#endif
#ifndef ANSWER_MS_MAX
#define ANSWER_MS_MAX 20.0
#endif

struct hostile_row {
	const char *rule;
	bool refused;
};

static const struct hostile_row hostile[] = {
	{"FREQ=SECONDLY", true},
	{"FREQ=SECONDLY;COUNT=1000000000", true},
	{"FREQ=SECONDLY;UNTIL=20991231T000000Z", true},
	{"FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", true},
	{"FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;BYHOUR=3", false},
	{"FREQ=SECONDLY;INTERVAL=60;BYSECOND=5", true},
	{"FREQ=MINUTELY", true},
	{"FREQ=MINUTELY;BYSECOND=0,1,2", true},
	{"FREQ=MINUTELY;BYMONTHDAY=31;BYMONTH=2", true},
	{"FREQ=MINUTELY;BYSETPOS=366", true},
	{"FREQ=MINUTELY;BYSECOND=1,2,3,4;BYSETPOS=-366", true},
	{"FREQ=HOURLY", true},
	{"FREQ=HOURLY;BYMONTHDAY=31;BYMONTH=2", true},
	{"FREQ=HOURLY;INTERVAL=24;BYHOUR=3", true},
	{"FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2", true},
	{"FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23;BYMINUTE=0,30", true},
	{"FREQ=WEEKLY;BYMONTHDAY=31;BYMONTH=4", true},
	{"FREQ=MONTHLY;BYDAY=6MO", true},
	{"FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31", true},
	{"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", true},
	{"FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6", true},
	{"FREQ=YEARLY;BYDAY=MO;BYSETPOS=300", true},
	{"FREQ=YEARLY;BYDAY=MO;BYYEARDAY=1;BYMONTH=2", true},
	{"FREQ=YEARLY;INTERVAL=2147483647", false},
	{"FREQ=SECONDLY;INTERVAL=2147483647", false},
	{"FREQ=SECONDLY;COUNT=100", false},
	{"FREQ=MINUTELY;UNTIL=20260101T100000Z", false},
	{"FREQ=SECONDLY;UNTIL=20260101T090100Z", false},
	{"FREQ=HOURLY;BYHOUR=9,10,11,12,13,14,15,16;BYDAY=MO,TU,WE,TH,FR", false},
	{"FREQ=DAILY;COUNT=2147483647", false},
};

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Screened, and even when it was not: the budget alone holds an expansion to the limit. */
static void test_each_hostile_rule_is_answered_in_time(void **state)
{
	const int64_t start = local_of("20260101T090000");

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++) {
		struct recur_rule rule = rule_of(hostile[i].rule);
		struct error err = ERROR_NONE;
		uint32_t steps = 200000;
		struct recur_iterator_options options = options_of(start, &steps);
		struct recur_iterator it;
		int64_t local;
		double begun = cpu_ms(), took;
		int64_t until = rule.has_until ? civil_to_utc(&rule.until) : INT64_MAX;
		int ret = recur_screen(&rule, start, false, until, &err);

		if ((ret < 0) != hostile[i].refused || (ret < 0 && err.condition != CALDAV_MAX_INSTANCES))
			fail_msg("%s: %d, condition %d", hostile[i].rule, ret, err.condition);
		recur_iterator_init(&it, &rule, &options);
		while (recur_iterator_next(&it, &local) == RECUR_FOUND)
			;
		took = cpu_ms() - begun;
		if (took > ANSWER_MS_MAX)
			fail_msg("%s: %.1f ms", hostile[i].rule, took);
	}
}

static void test_a_rule_by_the_hour_needs_a_time(void **state)
{
	struct recur_rule rule = rule_of("FREQ=HOURLY;COUNT=3");
	struct error err = ERROR_NONE;

	(void)state;
	assert_true(recur_screen(&rule, 0, true, INT64_MAX, &err) < 0);
	assert_int_equal(err.condition, CALDAV_VALID_CALENDAR_DATA);
	assert_int_equal(recur_screen(&rule, 0, false, INT64_MAX, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_rule_yields_its_occurrences),
		cmocka_unit_test(test_a_slice_equals_the_slice_of_the_whole),
		cmocka_unit_test(test_a_series_begun_long_ago_costs_no_walk),
		cmocka_unit_test(test_until_is_inclusive_and_ends_the_rule),
		cmocka_unit_test(test_parts_of_the_day_are_ignored_for_a_date),
		cmocka_unit_test(test_each_hostile_rule_is_answered_in_time),
		cmocka_unit_test(test_a_rule_by_the_hour_needs_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
