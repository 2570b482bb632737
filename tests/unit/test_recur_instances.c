#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "protocol/base/cleanup.h"
#include "protocol/recur/instances.h"
#include "tests/support/zones.h"

static const char *const zone_names[] = {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia",
	"Africa/Cairo", NULL};
static struct zone_set *zones;

static int setup(void **state)
{
	(void)state;
	calendar_object_init();
	zones = support_zones(zone_names);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	return 0;
}

/* A calendar object around BODY, whose lines end in a bare newline. UID and DTSTAMP are put in after each BEGIN. */
static struct calendar_object *parse(struct arena *arena, const char *body)
{
	struct buf text = BUF_INIT(1000000);
	struct slice rest = slice_str(body), line;
	struct calendar_object *object;
	struct error err = ERROR_NONE;
	const char *copy;

	buf_add_str(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\n");
	while (slice_next_line(&rest, &line)) {
		buf_add_slice(&text, line);
		buf_add_str(&text, "\r\n");
		if (slice_starts(line, SLICE("BEGIN:")))
			buf_add_str(&text, "UID:one@example.com\r\nDTSTAMP:20260101T000000Z\r\n");
	}
	buf_add_str(&text, "END:VCALENDAR\r\n");
	copy = arena_copy(arena, buf_slice(&text));
	buf_free(&text);
	assert_non_null(copy);
	if (calendar_object_parse(arena, zones, slice_str(copy), ICAL_OBJECT_MAX, &object, &err) < 0)
		fail_msg("does not parse: %s\n%s", err.detail, body);
	return object;
}

static instant_t instant_of(const char *text)
{
	instant_t at;

	if (instant_parse_basic(slice_str(text), &at) < 0)
		fail_msg("bad time in a row: %s", text);
	return at;
}

static struct interval window_of(const char *text)
{
	char start[17];

	if (text == NULL)
		return (struct interval){INSTANT_MIN, INSTANT_MAX};
	snprintf(start, sizeof(start), "%.16s", text);
	return (struct interval){instant_of(start), instant_of(text + 17)};
}

static void print_time(struct buf *out, instant_t at)
{
	if (at <= INSTANT_MIN || at >= INSTANT_MAX)
		buf_add_str(out, "ever");
	else
		buf_add_basic_utc(out, at);
}

/* "start/end=SUMMARY start/end", the summary where there is one; "+" when the set goes on. */
static void print_instances(struct buf *out, const struct instances *all)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct instance *one = &all->at[i];
		struct slice summary = component_text(one->component, "SUMMARY");

		if (out->len > 0)
			buf_add_char(out, ' ');
		print_time(out, one->at.start);
		buf_add_char(out, '/');
		print_time(out, one->at.end);
		if (summary.len > 0)
			buf_add_char(out, '=');
		buf_add_slice(out, summary);
	}
	if (all->more)
		buf_add_str(out, " +");
}

struct row {
	const char *what;
	const char *body;
	const char *floating; /* NULL: Berlin */
	const char *window;   /* NULL: all time */
	const char *want;
};

#define EVENT(lines) "BEGIN:VEVENT\n" lines "\nEND:VEVENT\n"

/* The traps of RFC 5545, 3.3.5, 3.3.10, 3.8.4.4 and 3.8.5, and of files in the wild. */
static const struct row rows[] = {
	{"a single event", EVENT("DTSTART:20260110T090000Z\nDTEND:20260110T100000Z"), NULL, NULL,
	    "20260110T090000Z/20260110T100000Z"},
	{"without end an event has no length", EVENT("DTSTART:20260110T090000Z"), NULL, NULL,
	    "20260110T090000Z/20260110T090000Z"},
	{"no length: found where its start lies", EVENT("DTSTART:20260110T090000Z"), NULL,
	    "20260110T090000Z/20260110T100000Z", "20260110T090000Z/20260110T090000Z"},
	{"no length: not at the end of a window", EVENT("DTSTART:20260110T090000Z"), NULL,
	    "20260110T080000Z/20260110T090000Z", " +"},
	{"touching is not overlapping", EVENT("DTSTART:20260110T090000Z\nDTEND:20260110T100000Z"), NULL,
	    "20260110T100000Z/20260110T110000Z", ""},

	/* ---- summer time ---- */
	{"02:30 daily into a gap is shifted once and comes back",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260328T023000\nDTEND;TZID=Europe/Berlin:20260328T033000\n"
	          "RRULE:FREQ=DAILY;COUNT=4"),
	    NULL, NULL,
	    "20260328T013000Z/20260328T023000Z 20260329T013000Z/20260329T023000Z 20260330T003000Z/20260330T013000Z "
	    "20260331T003000Z/20260331T013000Z"},
	{"02:30 daily in a repeated hour is the first one",
	    EVENT("DTSTART;TZID=Europe/Berlin:20261024T023000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3"), NULL, NULL,
	    "20261024T003000Z/20261024T013000Z 20261025T003000Z/20261025T013000Z 20261026T013000Z/20261026T023000Z"},
	{"the same across New York's gap, weekly",
	    EVENT("DTSTART;TZID=America/New_York:20260301T023000\nRRULE:FREQ=WEEKLY;COUNT=3"), NULL, NULL,
	    "20260301T073000Z/20260301T073000Z 20260308T073000Z/20260308T073000Z 20260315T063000Z/20260315T063000Z"},
	{"a gap of half an hour",
	    EVENT("DTSTART;TZID=Australia/Lord_Howe:20261003T021500\nRRULE:FREQ=DAILY;COUNT=3"), NULL, NULL,
	    "20261002T154500Z/20261002T154500Z 20261003T154500Z/20261003T154500Z 20261004T151500Z/20261004T151500Z"},
	{"a repeated half hour",
	    EVENT("DTSTART;TZID=Australia/Lord_Howe:20260404T014500\nRRULE:FREQ=DAILY;COUNT=3"), NULL, NULL,
	    "20260403T144500Z/20260403T144500Z 20260404T144500Z/20260404T144500Z 20260405T151500Z/20260405T151500Z"},
	{"a day that a zone skipped joins the next",
	    EVENT("DTSTART;TZID=Pacific/Apia:20111229T100000\nRRULE:FREQ=DAILY;COUNT=4"), NULL, NULL,
	    "20111229T200000Z/20111229T200000Z 20111230T200000Z/20111230T200000Z 20111231T200000Z/20111231T200000Z"},
	{"and as a date has no length", EVENT("DTSTART;VALUE=DATE:20111229\nRRULE:FREQ=DAILY;COUNT=3"), "Pacific/Apia",
	    NULL, "20111229T100000Z/20111230T100000Z 20111230T100000Z/20111231T100000Z"},
	{"hours of a rule are hours on the wall: the one in the gap falls upon its neighbour",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260329T003000\nRRULE:FREQ=HOURLY;COUNT=5"), NULL, NULL,
	    "20260328T233000Z/20260328T233000Z 20260329T003000Z/20260329T003000Z 20260329T013000Z/20260329T013000Z "
	    "20260329T023000Z/20260329T023000Z"},
	{"a midnight that does not exist: the day begins at its first moment",
	    EVENT("DTSTART;VALUE=DATE:20260423\nRRULE:FREQ=DAILY;COUNT=3"), "Africa/Cairo", NULL,
	    "20260422T220000Z/20260423T220000Z 20260423T220000Z/20260424T210000Z 20260424T210000Z/20260425T210000Z"},
	{"a series keeps its wall time in its own zone",
	    EVENT("DTSTART;TZID=America/New_York:20260302T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=2"), NULL, NULL,
	    "20260302T140000Z/20260302T150000Z 20260309T130000Z/20260309T140000Z"},

	/* ---- length ---- */
	{"DTEND is exact over a change of the clock",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260327T120000\nDTEND;TZID=Europe/Berlin:20260328T120000\n"
	          "RRULE:FREQ=DAILY;COUNT=2"),
	    NULL, NULL, "20260327T110000Z/20260328T110000Z 20260328T110000Z/20260329T110000Z"},
	{"DURATION in days is nominal",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260327T120000\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=2"), NULL, NULL,
	    "20260327T110000Z/20260328T110000Z 20260328T110000Z/20260329T100000Z"},
	{"DURATION in hours is exact",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:PT24H"), NULL, NULL,
	    "20260328T110000Z/20260329T110000Z"},
	{"DURATION of both: days first", EVENT("DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1DT2H"), NULL,
	    NULL, "20260328T110000Z/20260329T120000Z"},
	{"a date lasts from midnight to midnight", EVENT("DTSTART;VALUE=DATE:20260329"), NULL, NULL,
	    "20260328T230000Z/20260329T220000Z"},
	{"several dates", EVENT("DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330\nRRULE:FREQ=YEARLY;COUNT=2"),
	    NULL, NULL, "20260327T230000Z/20260329T220000Z 20270327T230000Z/20270329T220000Z"},
	{"a date's odd duration counts whole days", EVENT("DTSTART;VALUE=DATE:20260110\nDURATION:PT36H"), NULL, NULL,
	    "20260109T230000Z/20260111T230000Z"},
	{"dates and floating times lie in the zone that is named",
	    EVENT("DTSTART;VALUE=DATE:20260110\nRRULE:FREQ=DAILY;COUNT=2"), "America/New_York", NULL,
	    "20260110T050000Z/20260111T050000Z 20260111T050000Z/20260112T050000Z"},
	{"a floating time too", EVENT("DTSTART:20260110T090000\nDTEND:20260110T100000"), "America/New_York", NULL,
	    "20260110T140000Z/20260110T150000Z"},
	{"DTEND in another zone",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260110T090000\nDTEND;TZID=America/New_York:20260110T090000"), NULL, NULL,
	    "20260110T080000Z/20260110T140000Z"},

	/* ---- the set ---- */
	{"a DTSTART that the rule does not name is an instance, and COUNT counts it",
	    EVENT("DTSTART:20260101T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3"), NULL, NULL,
	    "20260101T090000Z/20260101T090000Z 20260105T090000Z/20260105T090000Z 20260112T090000Z/20260112T090000Z"},
	{"UNTIL in UTC is inclusive to the second",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260327T090000\nRRULE:FREQ=DAILY;UNTIL=20260329T070000Z"), NULL, NULL,
	    "20260327T080000Z/20260327T080000Z 20260328T080000Z/20260328T080000Z 20260329T070000Z/20260329T070000Z"},
	{"and a second earlier it is not",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260327T090000\nRRULE:FREQ=DAILY;UNTIL=20260329T065959Z"), NULL, NULL,
	    "20260327T080000Z/20260327T080000Z 20260328T080000Z/20260328T080000Z"},
	{"a local UNTIL is DTSTART's wall time",
	    EVENT("DTSTART;TZID=America/New_York:20260110T090000\nRRULE:FREQ=DAILY;UNTIL=20260111T090000"), NULL, NULL,
	    "20260110T140000Z/20260110T140000Z 20260111T140000Z/20260111T140000Z"},
	{"UNTIL as a date, for a time: the whole last day",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260330T090000\nRRULE:FREQ=DAILY;UNTIL=20260401"), NULL, NULL,
	    "20260330T070000Z/20260330T070000Z 20260331T070000Z/20260331T070000Z 20260401T070000Z/20260401T070000Z"},
	{"UNTIL as a time, for a date: its date",
	    EVENT("DTSTART;VALUE=DATE:20260110\nRRULE:FREQ=DAILY;UNTIL=20260111T000000Z"), "America/New_York", NULL,
	    "20260110T050000Z/20260111T050000Z 20260111T050000Z/20260112T050000Z"},
	{"UNTIL before DTSTART: nothing at all",
	    EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;UNTIL=20260109T090000Z"), NULL, NULL, ""},
	{"everything excluded: nothing at all",
	    EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE:20260110T090000Z,20260111T090000Z"), NULL,
	    NULL, ""},
	{"EXDATE compares as an instant, in whatever zone",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260109T090000\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE:20260110T080000Z\n"
	          "EXDATE;TZID=America/New_York:20260111T030000\nEXDATE;TZID=Europe/Berlin:20260112T090000\n"
	          "EXDATE:20260113T080100Z"),
	    NULL, NULL, "20260109T080000Z/20260109T080000Z 20260113T080000Z/20260113T080000Z"},
	{"EXDATE without zone is wall time in DTSTART's",
	    EVENT("DTSTART;TZID=America/New_York:20260109T090000\nRRULE:FREQ=DAILY;COUNT=2\nEXDATE:20260110T090000"), NULL,
	    NULL, "20260109T140000Z/20260109T140000Z"},
	{"EXDATE as a date drops that local day",
	    EVENT("DTSTART;TZID=America/New_York:20260109T200000\nRRULE:FREQ=DAILY;COUNT=3\n"
	          "EXDATE;VALUE=DATE:20260110"),
	    NULL, NULL, "20260110T010000Z/20260110T010000Z 20260112T010000Z/20260112T010000Z"},
	{"EXDATE as a time, for dates: its date, or the local one at that instant",
	    EVENT("DTSTART;VALUE=DATE:20260109\nRRULE:FREQ=DAILY;COUNT=4\nEXDATE:20260110T000000Z,20260110T230000Z\n"
	          "EXDATE;TZID=Europe/Berlin:20260112T000000"),
	    NULL, NULL, "20260108T230000Z/20260109T230000Z"},
	{"EXDATE of an instance in a gap",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3\n"
	          "EXDATE;TZID=Europe/Berlin:20260329T023000"),
	    NULL, NULL, "20260328T013000Z/20260328T013000Z 20260330T003000Z/20260330T003000Z"},
	{"RDATE adds, once, what the rule has or not",
	    EVENT("DTSTART:20260110T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2\n"
	          "RDATE:20260111T090000Z,20260115T120000Z\nRDATE;TZID=Europe/Berlin:20260115T130000"),
	    NULL, NULL,
	    "20260110T090000Z/20260110T100000Z 20260111T090000Z/20260111T100000Z 20260115T120000Z/20260115T130000Z"},
	{"RDATE without a rule", EVENT("DTSTART:20260110T090000Z\nRDATE:20260108T090000Z,20260112T090000Z"), NULL, NULL,
	    "20260108T090000Z/20260108T090000Z 20260110T090000Z/20260110T090000Z 20260112T090000Z/20260112T090000Z"},
	{"RDATE periods bring their own length",
	    EVENT("DTSTART:20260110T090000Z\nDURATION:PT1H\n"
	          "RDATE;VALUE=PERIOD:20260112T090000Z/20260112T113000Z,20260113T090000Z/PT2H"),
	    NULL, NULL,
	    "20260110T090000Z/20260110T100000Z 20260112T090000Z/20260112T113000Z 20260113T090000Z/20260113T110000Z"},
	{"an excluded RDATE is excluded",
	    EVENT("DTSTART:20260110T090000Z\nRDATE:20260112T090000Z\nEXDATE:20260112T090000Z"), NULL, NULL,
	    "20260110T090000Z/20260110T090000Z"},
	{"two rules, one set",
	    EVENT("DTSTART:20260105T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=2\nRRULE:FREQ=DAILY;COUNT=2;INTERVAL=7"),
	    NULL, NULL, "20260105T090000Z/20260105T090000Z 20260112T090000Z/20260112T090000Z"},

	/* ---- overrides ---- */
	{"an override stands in the place of what it names",
	    EVENT("DTSTART:20260110T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3") EVENT(
	        "RECURRENCE-ID:20260111T090000Z\nDTSTART:20260111T150000Z\nDURATION:PT2H\nSUMMARY:moved"),
	    NULL, NULL,
	    "20260110T090000Z/20260110T100000Z 20260111T150000Z/20260111T170000Z=moved 20260112T090000Z/20260112T100000Z"},
	{"RECURRENCE-ID in UTC, in another zone, without a zone",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260110T090000\nRRULE:FREQ=DAILY;COUNT=3") EVENT(
	        "RECURRENCE-ID:20260110T080000Z\nDTSTART:20260110T080000Z\nSUMMARY:a") EVENT(
	        "RECURRENCE-ID;TZID=America/New_York:20260111T030000\nDTSTART:20260111T080000Z\nSUMMARY:b") EVENT(
	        "RECURRENCE-ID:20260112T090000\nDTSTART:20260112T080000Z\nSUMMARY:c"),
	    NULL, NULL,
	    "20260110T080000Z/20260110T080000Z=a 20260111T080000Z/20260111T080000Z=b 20260112T080000Z/20260112T080000Z=c"},
	{"RECURRENCE-ID as a date, for times",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260110T090000\nRRULE:FREQ=DAILY;COUNT=2") EVENT(
	        "RECURRENCE-ID;VALUE=DATE:20260111\nDTSTART:20260111T200000Z\nSUMMARY:moved"),
	    NULL, NULL, "20260110T080000Z/20260110T080000Z 20260111T200000Z/20260111T200000Z=moved"},
	{"RECURRENCE-ID as a time, for dates",
	    EVENT("DTSTART;VALUE=DATE:20260110\nRRULE:FREQ=DAILY;COUNT=2") EVENT(
	        "RECURRENCE-ID;TZID=Europe/Berlin:20260111T000000\nDTSTART:20260111T200000Z\nSUMMARY:moved"),
	    NULL, NULL, "20260109T230000Z/20260110T230000Z 20260111T200000Z/20260111T200000Z=moved"},
	{"an override of an instance in a gap",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;COUNT=2") EVENT(
	        "RECURRENCE-ID;TZID=Europe/Berlin:20260329T023000\nDTSTART:20260329T100000Z\nSUMMARY:moved"),
	    NULL, NULL, "20260328T013000Z/20260328T013000Z 20260329T100000Z/20260329T100000Z=moved"},
	{"an orphan counts as an instance of its own",
	    EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;COUNT=2") EVENT(
	        "RECURRENCE-ID:20260120T090000Z\nDTSTART:20260120T100000Z\nSUMMARY:orphan"),
	    NULL, NULL,
	    "20260110T090000Z/20260110T090000Z 20260111T090000Z/20260111T090000Z 20260120T100000Z/20260120T100000Z=orphan"},
	{"overrides only: one who is invited to single instances",
	    EVENT("RECURRENCE-ID:20260110T090000Z\nDTSTART:20260110T090000Z\nSUMMARY:a") EVENT(
	        "RECURRENCE-ID:20260117T090000Z\nDTSTART:20260117T110000Z\nSUMMARY:b"),
	    NULL, NULL, "20260110T090000Z/20260110T090000Z=a 20260117T110000Z/20260117T110000Z=b"},
	{"an instance moved into the window",
	    EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY") EVENT(
	        "RECURRENCE-ID:20260301T090000Z\nDTSTART:20260111T120000Z\nSUMMARY:early"),
	    NULL, "20260111T000000Z/20260112T000000Z",
	    "20260111T090000Z/20260111T090000Z 20260111T120000Z/20260111T120000Z=early +"},
	{"an instance moved out of the window",
	    EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;COUNT=2") EVENT(
	        "RECURRENCE-ID:20260111T090000Z\nDTSTART:20260301T120000Z"),
	    NULL, "20260111T000000Z/20260112T000000Z", " +"},
	{"of two overrides of one instance the newer counts",
	    EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;COUNT=1") EVENT(
	        "RECURRENCE-ID:20260110T090000Z\nDTSTART:20260110T100000Z\nSEQUENCE:5\nSUMMARY:new") EVENT(
	        "RECURRENCE-ID:20260110T090000Z\nDTSTART:20260110T110000Z\nSEQUENCE:3\nSUMMARY:old"),
	    NULL, NULL, "20260110T100000Z/20260110T100000Z=new"},
	{"THISANDFUTURE moves what follows, until the next, but not what has its own",
	    EVENT("DTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=6") EVENT(
	        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260106T090000Z\nDTSTART:20260106T100000Z\nDURATION:PT2H\nSUMMARY:x")
	        EVENT("RECURRENCE-ID:20260108T090000Z\nDTSTART:20260108T180000Z\nSUMMARY:own") EVENT(
	            "RECURRENCE-ID;RANGE=THISANDFUTURE:20260109T090000Z\nDTSTART:20260109T080000Z\nDURATION:PT3H\nSUMMARY:y"),
	    NULL, NULL,
	    "20260105T090000Z/20260105T100000Z 20260106T100000Z/20260106T120000Z=x 20260107T100000Z/20260107T120000Z=x "
	    "20260108T180000Z/20260108T180000Z=own 20260109T080000Z/20260109T110000Z=y 20260110T080000Z/20260110T110000Z=y"},
	{"THISANDFUTURE moves on the wall over a change of the clock",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260327T090000\nRRULE:FREQ=DAILY;COUNT=4") EVENT(
	        "RECURRENCE-ID;TZID=Europe/Berlin;RANGE=THISANDFUTURE:20260328T090000\n"
	        "DTSTART;TZID=Europe/Berlin:20260328T103000\nSUMMARY:x"),
	    NULL, NULL,
	    "20260327T080000Z/20260327T080000Z 20260328T093000Z/20260328T093000Z=x 20260329T083000Z/20260329T083000Z=x "
	    "20260330T083000Z/20260330T083000Z=x"},
	{"THISANDFUTURE from a time that the clock skips moves nothing by the gap",
	    EVENT("DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;COUNT=4") EVENT(
	        "RECURRENCE-ID;TZID=Europe/Berlin;RANGE=THISANDFUTURE:20260329T023000\n"
	        "DTSTART;TZID=Europe/Berlin:20260329T024500\nSUMMARY:x"),
	    NULL, NULL,
	    "20260328T013000Z/20260328T013000Z 20260329T014500Z/20260329T014500Z=x 20260330T004500Z/20260330T004500Z=x "
	    "20260331T004500Z/20260331T004500Z=x"},
	{"THISANDFUTURE by days, in a window far from DTSTART",
	    EVENT("DTSTART:20200106T090000Z\nRRULE:FREQ=WEEKLY") EVENT(
	        "RECURRENCE-ID;RANGE=THISANDFUTURE:20200113T090000Z\nDTSTART:20200123T100000Z\nSUMMARY:x"),
	    NULL, "20260101T000000Z/20260116T000000Z",
	    "20260101T100000Z/20260101T100000Z=x 20260108T100000Z/20260108T100000Z=x 20260115T100000Z/20260115T100000Z=x +"},

	/* ---- windows ---- */
	{"a weekly series begun years ago",
	    EVENT("DTSTART;TZID=Europe/Berlin:20100104T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE"), NULL,
	    "20260601T000000Z/20260605T000000Z", "20260601T070000Z/20260601T080000Z 20260603T070000Z/20260603T080000Z +"},
	{"an instance that began before the window and reaches into it",
	    EVENT("DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20200131\nRRULE:FREQ=YEARLY"), NULL,
	    "20260125T000000Z/20260126T000000Z", "20251231T230000Z/20260130T230000Z +"},
	{"COUNT is counted from DTSTART, not from the window",
	    EVENT("DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=10"), NULL, "20260109T000000Z/20270101T000000Z",
	    "20260109T090000Z/20260109T090000Z 20260110T090000Z/20260110T090000Z"},
	{"before the first", EVENT("DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY"), NULL,
	    "20250101T000000Z/20250102T000000Z", " +"},
	{"after the last", EVENT("DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY;COUNT=3"), NULL,
	    "20270101T000000Z/20270102T000000Z", ""},

	/* ---- tasks and journals ---- */
	{"a task from DTSTART to DUE", "BEGIN:VTODO\nDTSTART:20260110T090000Z\nDUE:20260110T120000Z\nEND:VTODO\n", NULL,
	    NULL, "20260110T090000Z/20260110T120000Z"},
	{"a task with DUE only", "BEGIN:VTODO\nDUE:20260110T120000Z\nEND:VTODO\n", NULL, NULL,
	    "20260110T120000Z/20260110T120000Z"},
	{"RFC 4791, 9.9: a range that ends when a task is due finds it",
	    "BEGIN:VTODO\nDUE:20260110T120000Z\nEND:VTODO\n", NULL, "20260110T110000Z/20260110T120000Z",
	    "20260110T120000Z/20260110T120000Z"},
	{"a recurring task",
	    "BEGIN:VTODO\nDTSTART:20260110T090000Z\nDUE:20260110T100000Z\nRRULE:FREQ=DAILY;COUNT=2\nEND:VTODO\n", NULL,
	    NULL, "20260110T090000Z/20260110T100000Z 20260111T090000Z/20260111T100000Z"},
	{"a task with CREATED and COMPLETED",
	    "BEGIN:VTODO\nCREATED:20260105T000000Z\nCOMPLETED:20260107T000000Z\nEND:VTODO\n", NULL, NULL,
	    "20260105T000000Z/20260107T000000Z"},
	{"a task without any time is always there", "BEGIN:VTODO\nSUMMARY:x\nEND:VTODO\n", NULL,
	    "20260105T000000Z/20260107T000000Z", "ever/ever=x"},
	{"a journal of a day", "BEGIN:VJOURNAL\nDTSTART;VALUE=DATE:20260110\nEND:VJOURNAL\n", NULL, NULL,
	    "20260109T230000Z/20260110T230000Z"},
	{"a journal without DTSTART is at no time", "BEGIN:VJOURNAL\nSUMMARY:x\nEND:VJOURNAL\n", NULL, NULL, ""},
};

static struct instances_options options_of(const struct row *row)
{
	struct instances_options options = {.window = window_of(row->window)};

	options.floating = zone_set_find(zones, slice_str(row->floating ? row->floating : "Europe/Berlin"));
	assert_non_null(options.floating);
	return options;
}

static void test_each_object_has_its_instances(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct calendar_object *object = parse(arena, rows[i].body);
		struct instances_options options = options_of(&rows[i]);
		struct buf got AUTO_BUF = BUF_INIT(10000);
		struct error err = ERROR_NONE;
		struct instances all;

		if (recur_instances(arena, object, &options, &all, &err) < 0)
			fail_msg("%s: %s", rows[i].what, err.detail);
		print_instances(&got, &all);
		if (strcmp(buf_cstr(&got), rows[i].want) != 0)
			fail_msg("%s\n  got  %s\n  want %s", rows[i].what, buf_cstr(&got), rows[i].want);
		calendar_object_free(object);
		arena_free(arena);
	}
}

static void test_ordinals_are_unique_and_follow_what_was_replaced(void **state)
{
	struct arena *arena = arena_new(1 << 20);
	struct calendar_object *object = parse(arena,
	    EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;COUNT=3")
	        EVENT("RECURRENCE-ID:20260110T090000Z\nDTSTART:20260120T090000Z"));
	struct instances_options options = {.floating = zone_utc(), .window = {INSTANT_MIN, INSTANT_MAX}};
	struct instances all;

	(void)state;
	assert_int_equal(recur_instances(arena, object, &options, &all, NULL), 0);
	assert_int_equal(all.count, 3);
	assert_int_equal(all.at[0].ordinal, 1);
	assert_int_equal(all.at[1].ordinal, 2);
	assert_int_equal(all.at[2].ordinal, 0); /* moved behind the others */
	assert_int_equal(all.at[2].recurrence_id, instant_of("20260110T090000Z"));
	assert_ptr_equal(all.at[0].component, calendar_object_master(object));
	assert_ptr_not_equal(all.at[2].component, calendar_object_master(object));
	calendar_object_free(object);
	arena_free(arena);
}

static void test_dates_and_times_without_zone_say_so(void **state)
{
	static const struct {
		const char *start;
		bool floating, all_day;
	} starts[] = {
		{"DTSTART;VALUE=DATE:20260110", true, true},
		{"DTSTART:20260110T090000", true, false},
		{"DTSTART:20260110T090000Z", false, false},
		{"DTSTART;TZID=Europe/Berlin:20260110T090000", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		struct arena *arena = arena_new(1 << 20);
		struct calendar_object *object;
		struct instances_options options = {.floating = zone_utc(), .window = {INSTANT_MIN, INSTANT_MAX}};
		struct instances all;
		char body[200];

		snprintf(body, sizeof(body), "BEGIN:VEVENT\n%s\nRRULE:FREQ=DAILY;COUNT=2\nEND:VEVENT\n", starts[i].start);
		object = parse(arena, body);
		assert_int_equal(recur_instances(arena, object, &options, &all, NULL), 0);
		assert_int_equal(all.count, 2);
		for (size_t k = 0; k < 2; k++) {
			if (all.at[k].floating != starts[i].floating || all.at[k].all_day != starts[i].all_day)
				fail_msg("%s: floating %d, all day %d", starts[i].start, all.at[k].floating, all.at[k].all_day);
		}
		calendar_object_free(object);
		arena_free(arena);
	}
}

/* ---- limits ---- */

static int instances_of(const char *body, const char *window, size_t max, size_t *count_r, struct error *err)
{
	struct arena *arena = arena_new(16 << 20);
	struct calendar_object *object = parse(arena, body);
	struct instances_options options = {
		.floating = zone_utc(), .window = window_of(window), .max_instances = max};
	struct instances all;
	int ret;

	*err = ERROR_NONE;
	ret = recur_instances(arena, object, &options, &all, err);
	*count_r = ret == 0 ? all.count : 0;
	calendar_object_free(object);
	arena_free(arena);
	return ret;
}

static void test_more_instances_than_allowed_are_refused_not_cut(void **state)
{
	const char *daily = EVENT("DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY");
	struct error err;
	size_t count;

	(void)state;
	assert_int_equal(instances_of(daily, "20260101T000000Z/20260111T000000Z", 10, &count, &err), 0);
	assert_int_equal(count, 10);
	assert_int_equal(instances_of(daily, "20260101T000000Z/20260112T000000Z", 10, &count, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_INSTANCES);
	assert_int_equal(err.http_status, 403);
	assert_int_equal(instances_of(daily, NULL, 0, &count, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_INSTANCES);
}

static void test_a_hostile_rule_is_refused(void **state)
{
	struct error err;
	size_t count;

	(void)state;
	assert_int_equal(instances_of(EVENT("DTSTART:20260101T090000Z\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
	                     "20260101T000000Z/20260111T000000Z", 0, &count, &err),
	    -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_INSTANCES);
	/* Walking there from DTSTART, as COUNT demands, is more than the budget. */
	assert_int_equal(instances_of(EVENT("DTSTART:00010101T090000Z\nRRULE:FREQ=DAILY;COUNT=2147483647"),
	                     "20260101T000000Z/20260111T000000Z", 0, &count, &err),
	    -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_INSTANCES);
}

/* Neither is multiplied by the other: both are sorted. */
static void test_many_exdates_and_rdates_cost_little(void **state)
{
	struct buf body = BUF_INIT(1000000);
	struct timespec begun, ended;
	struct error err;
	size_t count;

	(void)state;
	buf_add_str(&body, "BEGIN:VEVENT\nDTSTART:20200101T090000Z\nRRULE:FREQ=DAILY;COUNT=2900\n");
	for (int64_t i = 0; i < 5000; i++) {
		buf_add_str(&body, i % 2 ? "EXDATE:" : "RDATE:");
		buf_add_basic_utc(&body, instant_of("20200101T090000Z") + i * DAY_SECONDS);
		buf_add_char(&body, '\n');
	}
	buf_add_str(&body, "END:VEVENT\n");
	clock_gettime(CLOCK_MONOTONIC, &begun);
	assert_int_equal(instances_of(buf_cstr(&body), NULL, 0, &count, &err), 0);
	clock_gettime(CLOCK_MONOTONIC, &ended);
	assert_int_equal(count, 2500);
	assert_true(ended.tv_sec - begun.tv_sec < 3); /* libical's own way: six seconds */
	buf_free(&body);
}

/* ---- spans ---- */

struct span_row {
	const char *what, *body;
	const char *start, *end; /* NULL: endless; both NULL: empty */
};

static const struct span_row span_rows[] = {
	{"a single event", EVENT("DTSTART:20260110T090000Z\nDTEND:20260110T100000Z"), "20260110T090000Z",
	    "20260110T100000Z"},
	{"counted", EVENT("DTSTART:20260110T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3"), "20260110T090000Z",
	    "20260112T100000Z"},
	{"until", EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=WEEKLY;UNTIL=20260201T000000Z"), "20260110T090000Z",
	    "20260131T090000Z"},
	{"endless", EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=WEEKLY"), "20260110T090000Z", NULL},
	{"too many to know", EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;COUNT=100000"), "20260110T090000Z", NULL},
	{"an override before all", EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY") EVENT(
	                               "RECURRENCE-ID:20260112T090000Z\nDTSTART:20260101T090000Z"),
	    "20260101T090000Z", NULL},
	{"an RDATE before all", EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY\nRDATE:20251201T000000Z"),
	    "20251201T000000Z", NULL},
	{"the first excluded", EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260110T090000Z"),
	    "20260111T090000Z", "20260112T090000Z"},
	{"overrides only", EVENT("RECURRENCE-ID:20260110T090000Z\nDTSTART:20260110T090000Z\nDURATION:PT1H"),
	    "20260110T090000Z", "20260110T100000Z"},
	{"nothing at all", EVENT("DTSTART:20260110T090000Z\nRRULE:FREQ=DAILY;UNTIL=20260101T000000Z"), NULL, NULL},
	{"a task, a second wider", "BEGIN:VTODO\nDUE:20260110T090000Z\nEND:VTODO\n", "20260110T085959Z",
	    "20260110T090001Z"},
};

static void test_each_object_has_its_span(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(span_rows); i++) {
		const struct span_row *row = &span_rows[i];
		struct arena *arena = arena_new(16 << 20);
		struct calendar_object *object = parse(arena, row->body);
		struct error err = ERROR_NONE;
		struct interval want = {0, 0}, got;

		if (row->start != NULL)
			want = (struct interval){instant_of(row->start), row->end ? instant_of(row->end) : INSTANT_MAX};
		if (recur_span(arena, object, zone_utc(), &got, &err) < 0)
			fail_msg("%s: %s", row->what, err.detail);
		if (got.start != want.start || got.end != want.end)
			fail_msg("%s: %lld/%lld, not %lld/%lld", row->what, (long long)got.start, (long long)got.end,
			    (long long)want.start, (long long)want.end);
		calendar_object_free(object);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_object_has_its_instances),
		cmocka_unit_test(test_ordinals_are_unique_and_follow_what_was_replaced),
		cmocka_unit_test(test_dates_and_times_without_zone_say_so),
		cmocka_unit_test(test_more_instances_than_allowed_are_refused_not_cut),
		cmocka_unit_test(test_a_hostile_rule_is_refused),
		cmocka_unit_test(test_many_exdates_and_rdates_cost_little),
		cmocka_unit_test(test_each_object_has_its_span),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
