#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "protocol/dav/calendar_filter.h"
#include "protocol/recur/instances.h"
#include "tests/support/zones.h"

static const char *const zone_names[] = {"Europe/Amsterdam", "America/New_York", NULL};
static struct zone_set *zones;
static const struct zone *amsterdam;

static int setup(void **state)
{
	(void)state;
	calendar_object_init();
	zones = support_zones(zone_names);
	amsterdam = zone_set_find(zones, SLICE("Europe/Amsterdam"));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	return 0;
}

/* INSIDE stands in CALDAV:filter. 0 or -EINVAL. */
static int read_filter(struct arena *arena, const char *inside, struct calendar_filter *filter_r, struct error *err)
{
	const struct xml_element *root;
	const char *text = arena_printf(arena, "<filter xmlns=\"" NS_CALDAV "\">%s</filter>", inside);

	assert_non_null(text);
	if (xml_read(arena, slice_str(text), &root, err) < 0)
		fail_msg("not XML: %s: %s", text, err->detail);
	return calendar_filter_read(arena, root, filter_r, err);
}

static void must_read(struct arena *arena, const char *inside, struct calendar_filter *filter_r)
{
	struct error err = ERROR_NONE;

	if (read_filter(arena, inside, filter_r, &err) < 0)
		fail_msg("%s: refused: %s", inside, err.detail);
}

/* BODY: components whose lines end in "\n"; UID is put in after each BEGIN of depth 1. */
static struct calendar_object *parse(struct arena *arena, const char *body)
{
	AUTO_BUF struct buf text = BUF_INIT(1000000);
	struct slice rest = slice_str(body), line;
	struct calendar_object *object;
	struct error err = ERROR_NONE;
	int depth = 0;

	buf_add_str(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\n");
	while (slice_next_line(&rest, &line)) {
		buf_add_slice(&text, line);
		buf_add_str(&text, "\r\n");
		if (slice_starts(line, SLICE("BEGIN:")) && depth++ == 0)
			buf_add_str(&text, "UID:one\r\nDTSTAMP:20260101T000000Z\r\n");
		depth -= slice_starts(line, SLICE("END:"));
	}
	buf_add_str(&text, "END:VCALENDAR\r\n");
	if (calendar_object_parse(arena, zones, slice_str(arena_copy(arena, buf_slice(&text))), ICAL_OBJECT_MAX, &object,
	        &err) < 0)
		fail_msg("does not parse: %s\n%s", err.detail, body);
	return object;
}

static bool matches(const char *filter_text, const char *body, const struct zone *floating)
{
	struct arena *arena = arena_new(20000000);
	struct calendar_filter filter;
	struct calendar_object *object = parse(arena, body);
	bool found;

	must_read(arena, filter_text, &filter);
	assert_int_equal(calendar_filter_match(arena, &filter, object, floating, &found), 0);
	calendar_object_free(object);
	arena_free(arena);
	return found;
}

struct row {
	const char *filter; /* inside the comp-filter of VCALENDAR */
	const char *body;
	bool want;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char text[4000];

		snprintf(text, sizeof(text), "<comp-filter name=\"VCALENDAR\">%s</comp-filter>", rows[i].filter);
		if (matches(text, rows[i].body, amsterdam) != rows[i].want)
			fail_msg("row %zu: should%s match: %s\n%s", i, rows[i].want ? "" : " not", rows[i].filter,
			    rows[i].body);
	}
}

#define EVENT(lines)   "BEGIN:VEVENT\n" lines "\nEND:VEVENT\n"
#define TODO(lines)    "BEGIN:VTODO\n" lines "\nEND:VTODO\n"
#define COMP(name, in) "<comp-filter name=\"" name "\">" in "</comp-filter>"
#define PROP(name, in) COMP("VEVENT", "<prop-filter name=\"" name "\">" in "</prop-filter>")
#define NOT_DEFINED    "<is-not-defined/>"

/* ---- components, properties and parameters ---- */

#define MEETING \
	EVENT("DTSTART:20260701T100000Z\nDTEND:20260701T110000Z\nSUMMARY:Stra\xc3\x9f" "e \xc3\x89t\xc3\xa9\\, Room\n" \
	      "ATTENDEE;PARTSTAT=DECLINED;CN=Bob:mailto:bob@example.org\n" \
	      "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:carol@example.org\n" \
	      "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT10M\nEND:VALARM")
#define PLAIN EVENT("DTSTART:20260701T100000Z\nSUMMARY:Plain")

static void test_components(void **state)
{
	static const struct row rows[] = {
		{"", MEETING, true},
		{COMP("VEVENT", ""), MEETING, true},
		{COMP("vevent", ""), MEETING, true},
		{COMP("VTODO", ""), MEETING, false},
		{COMP("VTODO", NOT_DEFINED), MEETING, true},
		{COMP("VEVENT", NOT_DEFINED), MEETING, false},
		{COMP("VEVENT", COMP("VALARM", "")), MEETING, true},
		{COMP("VEVENT", COMP("VALARM", "")), PLAIN, false},
		{COMP("VEVENT", COMP("VALARM", NOT_DEFINED)), PLAIN, true},
		{COMP("VEVENT", COMP("VALARM", NOT_DEFINED)), MEETING, false},
		{COMP("VEVENT", "") COMP("VTODO", ""), MEETING, false},             /* all of them must match */
		{COMP("VEVENT", "") COMP("VTODO", NOT_DEFINED), MEETING, true},
		{COMP("VTIMEZONE", ""), MEETING, false},
		{"<prop-filter name=\"VERSION\"><text-match>2.0</text-match></prop-filter>", MEETING, true},
		{"<prop-filter name=\"METHOD\"/>", MEETING, false},
		/* One component must satisfy all that is asked of it. */
		{COMP("VEVENT", "<prop-filter name=\"SUMMARY\"><text-match>one</text-match></prop-filter>"
		                "<prop-filter name=\"LOCATION\"><text-match>two</text-match></prop-filter>"),
		    EVENT("DTSTART:20260701T100000Z\nRRULE:FREQ=DAILY\nSUMMARY:one\nLOCATION:x")
		        EVENT("RECURRENCE-ID:20260702T100000Z\nDTSTART:20260702T100000Z\nSUMMARY:y\nLOCATION:two"),
		    false},
		{COMP("VEVENT", "<prop-filter name=\"SUMMARY\"><text-match>y</text-match></prop-filter>"
		                "<prop-filter name=\"LOCATION\"><text-match>two</text-match></prop-filter>"),
		    EVENT("DTSTART:20260701T100000Z\nRRULE:FREQ=DAILY\nSUMMARY:one\nLOCATION:x")
		        EVENT("RECURRENCE-ID:20260702T100000Z\nDTSTART:20260702T100000Z\nSUMMARY:y\nLOCATION:two"),
		    true},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void test_properties_and_parameters(void **state)
{
	static const struct row rows[] = {
		{PROP("SUMMARY", ""), MEETING, true},
		{PROP("summary", ""), MEETING, true},
		{PROP("LOCATION", ""), MEETING, false},
		{PROP("LOCATION", NOT_DEFINED), MEETING, true},
		{PROP("SUMMARY", NOT_DEFINED), MEETING, false},
		{PROP("UID", "<text-match collation=\"i;octet\">one</text-match>"), MEETING, true},
		{PROP("ATTENDEE", "<text-match>CAROL@</text-match>"), MEETING, true},
		{PROP("ATTENDEE", "<text-match>dave@</text-match>"), MEETING, false},
		{PROP("ATTENDEE", "<param-filter name=\"CN\"/>"), MEETING, true},
		{PROP("ATTENDEE", "<param-filter name=\"ROLE\"/>"), MEETING, false},
		{PROP("ATTENDEE", "<param-filter name=\"CN\"><is-not-defined/></param-filter>"), MEETING, true},
		{PROP("SUMMARY", "<param-filter name=\"LANGUAGE\"><is-not-defined/></param-filter>"), MEETING, true},
		/* The same attendee must have both (RFC 4791, 7.8.5). */
		{PROP("ATTENDEE", "<text-match>mailto:carol@example.org</text-match>"
		                  "<param-filter name=\"PARTSTAT\"><text-match>needs-action</text-match></param-filter>"),
		    MEETING, true},
		{PROP("ATTENDEE", "<text-match>mailto:bob@example.org</text-match>"
		                  "<param-filter name=\"PARTSTAT\"><text-match>needs-action</text-match></param-filter>"),
		    MEETING, false},
		{PROP("ATTENDEE", "<param-filter name=\"PARTSTAT\"><text-match negate-condition=\"yes\">E</text-match>"
		                  "</param-filter>"),
		    MEETING, false},
		{PROP("DTSTART", "<time-range start=\"20260701T100000Z\" end=\"20260701T100001Z\"/>"), MEETING, true},
		{PROP("DTSTART", "<time-range start=\"20260701T090000Z\" end=\"20260701T100000Z\"/>"), MEETING, false},
		{PROP("DTEND", "<time-range start=\"20260701T110000Z\"/>"), MEETING, true},
		{PROP("DTEND", "<time-range end=\"20260701T110000Z\"/>"), MEETING, false},
		{PROP("DTSTART", "<time-range start=\"20260630T220000Z\" end=\"20260630T220001Z\"/>"),
		    EVENT("DTSTART;VALUE=DATE:20260701"), true},
		{PROP("DTSTART", "<time-range start=\"20260630T215959Z\" end=\"20260630T220000Z\"/>"),
		    EVENT("DTSTART;VALUE=DATE:20260701"), false},
		{PROP("COMPLETED", "<time-range start=\"20260630T215959Z\"/>"), MEETING, false},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

#define MATCH(attributes, text) PROP("SUMMARY", "<text-match " attributes ">" text "</text-match>")

/* RFC 4791, 7.5 and 9.7.5: a substring, under one of three collations. */
static void test_text_match(void **state)
{
	static const struct row rows[] = {
		{MATCH("", "room"), MEETING, true},
		{MATCH("", "\xc3\xa9T"), MEETING, false},            /* in "\xc3\x89t\xc3\xa9" only ASCII is folded */
		{MATCH("", "\xc3\x89T"), MEETING, true},
		{MATCH("", "rooms"), MEETING, false},
		{MATCH("", ""), MEETING, true},
		{MATCH("", "\xc3\xa9, R"), MEETING, true},           /* the value is unescaped */
		{MATCH("collation=\"i;ascii-casemap\"", "ROOM"), MEETING, true},
		{MATCH("collation=\"default\"", "ROOM"), MEETING, true},
		{MATCH("collation=\"i;octet\"", "Room"), MEETING, true},
		{MATCH("collation=\"i;octet\"", "room"), MEETING, false},
		{MATCH("collation=\"i;unicode-casemap\"", "\xc3\xa9T\xc3\x89"), MEETING, true},
		{MATCH("collation=\"i;unicode-casemap\"", "\xc3\xa8t"), MEETING, false},
		{MATCH("negate-condition=\"yes\"", "room"), MEETING, false},
		{MATCH("negate-condition=\"yes\"", "hall"), MEETING, true},
		{MATCH("negate-condition=\"no\"", "room"), MEETING, true},
		{MATCH("collation=\"i;octet\" negate-condition=\"yes\"", "room"), MEETING, true},
		/* A property that is not there is not one that differs. */
		{PROP("LOCATION", "<text-match negate-condition=\"yes\">x</text-match>"), MEETING, false},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

/* ---- time ranges: RFC 4791, 9.9 ---- */

#define RANGE(start, end) "<time-range start=\"" start "\" end=\"" end "\"/>"
#define FROM(start)       "<time-range start=\"" start "\"/>"
#define UNTIL(end)        "<time-range end=\"" end "\"/>"
#define EV(range)         COMP("VEVENT", range)
#define SINGLE            EVENT("DTSTART:20260701T100000Z\nDTEND:20260701T110000Z")
#define NO_LENGTH         EVENT("DTSTART:20260701T100000Z")
#define DAY               EVENT("DTSTART;VALUE=DATE:20260701")
#define FLOATING          EVENT("DTSTART:20260701T100000\nDURATION:PT1H")
#define DAILY             EVENT("DTSTART;TZID=Europe/Amsterdam:20260327T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY")
#define WITH_OVERRIDE /* the second of three goes to 12 July */ \
	EVENT("DTSTART:20260701T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:old") \
	EVENT("RECURRENCE-ID:20260702T100000Z\nDTSTART:20260712T100000Z\nDURATION:PT1H\nSUMMARY:new")

static void test_events_in_time(void **state)
{
	static const struct row rows[] = {
		{EV(RANGE("20260701T100000Z", "20260701T110000Z")), SINGLE, true},
		{EV(RANGE("20260701T105959Z", "20260701T120000Z")), SINGLE, true},
		{EV(RANGE("20260701T110000Z", "20260701T120000Z")), SINGLE, false},
		{EV(RANGE("20260701T090000Z", "20260701T100000Z")), SINGLE, false},
		{EV(RANGE("20260701T090000Z", "20260701T100001Z")), SINGLE, true},
		{EV(FROM("20260701T105959Z")), SINGLE, true},
		{EV(FROM("20260701T110000Z")), SINGLE, false},
		{EV(UNTIL("20260701T100001Z")), SINGLE, true},
		{EV(UNTIL("20260701T100000Z")), SINGLE, false},
		{EV(RANGE("20260701T100000Z", "20260701T110000Z")), NO_LENGTH, true},
		{EV(RANGE("20260701T090000Z", "20260701T100000Z")), NO_LENGTH, false},
		{EV(RANGE("20260701T100001Z", "20260701T110000Z")), NO_LENGTH, false},
		/* A day in Amsterdam, which is two hours before UTC. */
		{EV(RANGE("20260630T210000Z", "20260630T220000Z")), DAY, false},
		{EV(RANGE("20260630T210000Z", "20260630T220001Z")), DAY, true},
		{EV(RANGE("20260701T215959Z", "20260702T000000Z")), DAY, true},
		{EV(RANGE("20260701T220000Z", "20260702T000000Z")), DAY, false},
		{EV(RANGE("20260701T080000Z", "20260701T090000Z")), FLOATING, true},
		{EV(RANGE("20260701T090000Z", "20260701T110000Z")), FLOATING, false},
		/* The clocks go forward on 29 March. */
		{EV(RANGE("20260328T090000Z", "20260328T093000Z")), DAILY, true},
		{EV(RANGE("20260329T090000Z", "20260329T093000Z")), DAILY, false},
		{EV(RANGE("20260329T080000Z", "20260329T083000Z")), DAILY, true},
		{EV(RANGE("20360329T080000Z", "20360329T100000Z")), DAILY, true},
		{EV(FROM("20360329T080000Z")), DAILY, true},
		{EV(UNTIL("20260327T090000Z")), DAILY, false},
		{EV(UNTIL("20260327T090001Z")), DAILY, true},
		{EV(RANGE("20260702T100000Z", "20260702T110000Z")), WITH_OVERRIDE, false},
		{EV(RANGE("20260712T100000Z", "20260712T110000Z")), WITH_OVERRIDE, true},
		{EV(RANGE("20260703T100000Z", "20260703T110000Z")), WITH_OVERRIDE, true},
		{EV(FROM("20260712T110000Z")), WITH_OVERRIDE, false},
		/* The component that has the instance must satisfy the rest. */
		{COMP("VEVENT", RANGE("20260712T100000Z", "20260712T110000Z")
		                "<prop-filter name=\"SUMMARY\"><text-match>new</text-match></prop-filter>"),
		    WITH_OVERRIDE, true},
		{COMP("VEVENT", RANGE("20260712T100000Z", "20260712T110000Z")
		                "<prop-filter name=\"SUMMARY\"><text-match>old</text-match></prop-filter>"),
		    WITH_OVERRIDE, false},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

/* An override has its one instance, however long the series goes on. */
static void test_overrides_of_a_series_without_end(void **state)
{
#define ENDLESS \
	EVENT("DTSTART:20260701T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nSUMMARY:old") \
	EVENT("RECURRENCE-ID:20260702T100000Z\nDTSTART:20260712T100000Z\nDURATION:PT1H\nSUMMARY:new\n" \
	      "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT10M\nEND:VALARM")
#define CHANGED_TWICE \
	EVENT("DTSTART:20260701T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nSUMMARY:old") \
	EVENT("RECURRENCE-ID;RANGE=THISANDFUTURE:20260702T100000Z\nDTSTART:20260702T110000Z\nDURATION:PT1H\n" \
	      "SUMMARY:new\nBEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT10M\nEND:VALARM") \
	EVENT("RECURRENCE-ID;RANGE=THISANDFUTURE:20260708T100000Z\nDTSTART:20260708T120000Z\nDURATION:PT1H\nSUMMARY:last")
#define EV_NEW(range)  COMP("VEVENT", range "<prop-filter name=\"SUMMARY\"><text-match>new</text-match></prop-filter>")
#define RINGS(range)   COMP("VEVENT", COMP("VALARM", range))
	static const struct row rows[] = {
		{EV_NEW(FROM("20260712T105959Z")), ENDLESS, true},
		{EV_NEW(FROM("20260712T110000Z")), ENDLESS, false},
		{EV_NEW(FROM("20260601T000000Z")), ENDLESS, true},
		{EV_NEW(FROM("20200601T000000Z")), ENDLESS, true},
		{EV_NEW(UNTIL("20260712T100001Z")), ENDLESS, true},
		{EV_NEW(UNTIL("20260712T100000Z")), ENDLESS, false},
		{EV(FROM("20260712T110000Z")), ENDLESS, true},
		{RINGS(FROM("20260712T095000Z")), ENDLESS, true},
		{RINGS(FROM("20260712T095001Z")), ENDLESS, false},
		{RINGS(FROM("20200601T000000Z")), ENDLESS, true},
		{RINGS(UNTIL("20260712T095001Z")), ENDLESS, true},
		{RINGS(UNTIL("20260712T095000Z")), ENDLESS, false},
		{EV_NEW(FROM("20260801T000000Z")), CHANGED_TWICE, false},
		{EV_NEW(FROM("20260703T090000Z")), CHANGED_TWICE, true},
		{RINGS(FROM("20260801T000000Z")), CHANGED_TWICE, false},
		{COMP("VEVENT", FROM("20260801T000000Z") "<prop-filter name=\"SUMMARY\"><text-match>last</text-match></prop-filter>"),
		    CHANGED_TWICE, true},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

static void test_floating_times_depend_on_the_zone(void **state)
{
	const struct zone *new_york = zone_set_find(zones, SLICE("America/New_York"));

	(void)state;
	assert_true(matches(COMP("VCALENDAR", EV(RANGE("20260701T080000Z", "20260701T090000Z"))), FLOATING, amsterdam));
	assert_false(matches(COMP("VCALENDAR", EV(RANGE("20260701T080000Z", "20260701T090000Z"))), FLOATING, new_york));
	assert_true(matches(COMP("VCALENDAR", EV(RANGE("20260701T140000Z", "20260701T150000Z"))), FLOATING, new_york));
	assert_true(matches(COMP("VCALENDAR", EV(RANGE("20260702T030000Z", "20260702T040000Z"))), DAY, new_york));
	assert_false(matches(COMP("VCALENDAR", EV(RANGE("20260702T030000Z", "20260702T040000Z"))), DAY, amsterdam));
}

#define TD(range) COMP("VTODO", range)

/* The eight rows of the table for VTODO, each at its edges: S is 10:00, E (or DUE) is 11:00. */
static void test_tasks_in_time(void **state)
{
#define BEFORE(end)  RANGE("20260701T080000Z", end)
#define AFTER(start) RANGE(start, "20260701T200000Z")
	static const char start_duration[] = TODO("DTSTART:20260701T100000Z\nDURATION:PT1H");
	static const char start_due[] = TODO("DTSTART:20260701T100000Z\nDUE:20260701T110000Z");
	static const char start[] = TODO("DTSTART:20260701T100000Z");
	static const char due[] = TODO("DUE:20260701T110000Z");
	static const char both[] = TODO("CREATED:20260701T100000Z\nCOMPLETED:20260701T110000Z");
	static const char completed[] = TODO("COMPLETED:20260701T110000Z");
	static const char created[] = TODO("CREATED:20260701T100000Z");
	static const char nothing[] = TODO("SUMMARY:Some day");
	static const struct row rows[] = {
		{TD(BEFORE("20260701T100000Z")), start_duration, false},
		{TD(BEFORE("20260701T100001Z")), start_duration, true},
		{TD(AFTER("20260701T110000Z")), start_duration, true}, /* start <= DTSTART + DURATION */
		{TD(AFTER("20260701T110001Z")), start_duration, false},

		{TD(BEFORE("20260701T100000Z")), start_due, false},
		{TD(BEFORE("20260701T100001Z")), start_due, true},
		{TD(AFTER("20260701T105959Z")), start_due, true},
		{TD(AFTER("20260701T110000Z")), start_due, false},

		{TD(BEFORE("20260701T100000Z")), start, false},
		{TD(BEFORE("20260701T100001Z")), start, true},
		{TD(AFTER("20260701T100000Z")), start, true},
		{TD(AFTER("20260701T100001Z")), start, false},

		{TD(BEFORE("20260701T105959Z")), due, false},
		{TD(BEFORE("20260701T110000Z")), due, true}, /* end >= DUE */
		{TD(AFTER("20260701T105959Z")), due, true},
		{TD(AFTER("20260701T110000Z")), due, false},

		{TD(BEFORE("20260701T095959Z")), both, false},
		{TD(BEFORE("20260701T100000Z")), both, true},
		{TD(AFTER("20260701T110000Z")), both, true},
		{TD(AFTER("20260701T110001Z")), both, false},

		{TD(BEFORE("20260701T105959Z")), completed, false},
		{TD(BEFORE("20260701T110000Z")), completed, true},
		{TD(AFTER("20260701T110000Z")), completed, true},
		{TD(AFTER("20260701T110001Z")), completed, false},

		{TD(BEFORE("20260701T100000Z")), created, false},
		{TD(BEFORE("20260701T100001Z")), created, true},
		{TD(FROM("20360701T100000Z")), created, true},

		{TD(BEFORE("20260701T100000Z")), nothing, true},
		{TD(AFTER("20260701T100000Z")), nothing, true},
		{TD(FROM("20990701T100000Z")), nothing, true},
		{TD(UNTIL("19710701T100000Z")), nothing, true},

		/* By its instances when it recurs. */
		{TD(RANGE("20260703T120000Z", "20260704T090000Z")),
		    TODO("DTSTART:20260701T100000Z\nDUE:20260701T110000Z\nRRULE:FREQ=DAILY"), false},
		{TD(RANGE("20260703T103000Z", "20260703T104000Z")),
		    TODO("DTSTART:20260701T100000Z\nDUE:20260701T110000Z\nRRULE:FREQ=DAILY"), true},
		{TD(RANGE("20260703T110000Z", "20260703T120000Z")),
		    TODO("DTSTART:20260701T100000Z\nDUE:20260701T110000Z\nRRULE:FREQ=DAILY"), false},
		{TD(RANGE("20260703T110000Z", "20260703T120000Z")),
		    TODO("DTSTART:20260701T100000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY"), true},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

#define JOURNAL(lines) "BEGIN:VJOURNAL\n" lines "\nEND:VJOURNAL\n"
#define JN(range)      COMP("VJOURNAL", range)

static void test_journals_in_time(void **state)
{
	static const struct row rows[] = {
		{JN(RANGE("20260701T100000Z", "20260701T100001Z")), JOURNAL("DTSTART:20260701T100000Z"), true},
		{JN(RANGE("20260701T090000Z", "20260701T100000Z")), JOURNAL("DTSTART:20260701T100000Z"), false},
		{JN(RANGE("20260701T100001Z", "20260701T110000Z")), JOURNAL("DTSTART:20260701T100000Z"), false},
		{JN(RANGE("20260701T215959Z", "20260702T000000Z")), JOURNAL("DTSTART;VALUE=DATE:20260701"), true},
		{JN(RANGE("20260701T220000Z", "20260702T000000Z")), JOURNAL("DTSTART;VALUE=DATE:20260701"), false},
		{JN(RANGE("20260630T000000Z", "20260630T220000Z")), JOURNAL("DTSTART;VALUE=DATE:20260701"), false},
		{JN(RANGE("19700101T000000Z", "20370101T000000Z")), JOURNAL("SUMMARY:x"), false},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

#define BUSY(lines) "BEGIN:VFREEBUSY\n" lines "\nEND:VFREEBUSY\n"
#define FB(range)   COMP("VFREEBUSY", range)

static void test_free_busy_in_time(void **state)
{
	static const char span[] = BUSY("DTSTART:20260701T000000Z\nDTEND:20260702T000000Z\n"
	                                "FREEBUSY:20260701T100000Z/PT1H");
	static const char periods[] = BUSY("FREEBUSY:20260701T100000Z/PT1H,20260705T100000Z/20260705T120000Z");
	static const struct row rows[] = {
		{FB(RANGE("20260701T020000Z", "20260701T030000Z")), span, true},
		{FB(RANGE("20260702T000000Z", "20260703T000000Z")), span, true}, /* start <= DTEND */
		{FB(RANGE("20260702T000001Z", "20260703T000000Z")), span, false},
		{FB(RANGE("20260630T000000Z", "20260701T000000Z")), span, false},
		{FB(RANGE("20260701T103000Z", "20260701T104000Z")), periods, true},
		{FB(RANGE("20260701T110000Z", "20260705T100000Z")), periods, false},
		{FB(RANGE("20260705T115959Z", "20260706T000000Z")), periods, true},
		{FB(RANGE("20260101T000000Z", "20270101T000000Z")), BUSY("COMMENT:x"), false},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

#define ALARMED(lines, trigger) \
	EVENT("DTSTART:20260701T100000Z\nDTEND:20260701T110000Z\n" lines \
	      "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\n" trigger "\nEND:VALARM")
#define AL(range) COMP("VEVENT", COMP("VALARM", range))

static void test_alarms_in_time(void **state)
{
	static const struct row rows[] = {
		{AL(RANGE("20260701T095000Z", "20260701T095001Z")), ALARMED("", "TRIGGER:-PT10M"), true},
		{AL(RANGE("20260701T094000Z", "20260701T095000Z")), ALARMED("", "TRIGGER:-PT10M"), false},
		{AL(RANGE("20260701T095001Z", "20260701T120000Z")), ALARMED("", "TRIGGER:-PT10M"), false},
		{AL(RANGE("20260701T110500Z", "20260701T110501Z")), ALARMED("", "TRIGGER;RELATED=END:PT5M"), true},
		{AL(RANGE("20260701T100500Z", "20260701T100501Z")), ALARMED("", "TRIGGER;RELATED=END:PT5M"), false},
		{AL(RANGE("20260601T000000Z", "20260601T000001Z")), ALARMED("", "TRIGGER;VALUE=DATE-TIME:20260601T000000Z"),
		    true},
		{AL(RANGE("20260601T000001Z", "20260701T120000Z")), ALARMED("", "TRIGGER;VALUE=DATE-TIME:20260601T000000Z"),
		    false},
		/* A task without a time has nothing that an alarm could be relative to. */
		{COMP("VTODO", COMP("VALARM", UNTIL("20260701T100000Z"))),
		    TODO("SUMMARY:x\nBEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:PT0S\nEND:VALARM"), false},
		/* Rings at 9:50, 9:55 and 10:00. */
		{AL(RANGE("20260701T095900Z", "20260701T100100Z")), ALARMED("", "TRIGGER:-PT10M\nREPEAT:2\nDURATION:PT5M"),
		    true},
		{AL(RANGE("20260701T095600Z", "20260701T100000Z")), ALARMED("", "TRIGGER:-PT10M\nREPEAT:2\nDURATION:PT5M"),
		    false},
		{AL(RANGE("20260701T100001Z", "20260701T110000Z")), ALARMED("", "TRIGGER:-PT10M\nREPEAT:2\nDURATION:PT5M"),
		    false},
		/* A day before, and of an instance far from the first. */
		{AL(RANGE("20260630T100000Z", "20260630T100001Z")), ALARMED("", "TRIGGER:-P1D"), true},
		{AL(RANGE("20270630T100000Z", "20270630T100001Z")), ALARMED("RRULE:FREQ=YEARLY\n", "TRIGGER:-P1D"), true},
		{AL(RANGE("20270701T100000Z", "20270701T100001Z")), ALARMED("RRULE:FREQ=YEARLY\n", "TRIGGER:-P1D"), false},
		{AL(FROM("20260701T095000Z")), ALARMED("", "TRIGGER:-PT10M"), true},
		{AL(FROM("20260701T095001Z")), ALARMED("", "TRIGGER:-PT10M"), false},
		{AL(UNTIL("20260701T095000Z")), ALARMED("", "TRIGGER:-PT10M"), false},
		{AL(UNTIL("20260701T095001Z")), ALARMED("", "TRIGGER:-PT10M"), true},
		{AL(FROM("20260701T095001Z")), ALARMED("RRULE:FREQ=DAILY\n", "TRIGGER:-PT10M"), true},
		{AL(RANGE("20260701T090000Z", "20260701T120000Z")), PLAIN, false},
	};

	(void)state;
	check_rows(rows, ARRAY_LEN(rows));
}

/* ---- what is refused ---- */

static void test_refused_filters(void **state)
{
#define IN_CALENDAR(in) COMP("VCALENDAR", in)
	static const struct {
		const char *filter;
		enum dav_condition condition;
	} rows[] = {
		{"", CALDAV_VALID_FILTER},
		{COMP("VEVENT", ""), CALDAV_VALID_FILTER},
		{COMP("VCALENDAR", "") COMP("VCALENDAR", ""), CALDAV_VALID_FILTER},
		{"<comp-filter/>", CALDAV_VALID_FILTER},
		{IN_CALENDAR("<comp-filter name=\"\"/>"), CALDAV_VALID_FILTER},
		{IN_CALENDAR(COMP("VALARM", "")), CALDAV_VALID_FILTER},
		{IN_CALENDAR(COMP("VEVENT", COMP("VEVENT", ""))), CALDAV_VALID_FILTER},
		{IN_CALENDAR(RANGE("20260101T000000Z", "20270101T000000Z")), CALDAV_VALID_FILTER},
		{IN_CALENDAR(EV("<time-range/>")), CALDAV_VALID_FILTER},
		{IN_CALENDAR(EV(RANGE("20260101T000000Z", "20260101T000000Z"))), CALDAV_VALID_FILTER},
		{IN_CALENDAR(EV(RANGE("20260101T000000Z", "20250101T000000Z"))), CALDAV_VALID_FILTER},
		{IN_CALENDAR(EV(RANGE("20260101T000000", "20270101T000000Z"))), CALDAV_VALID_FILTER},
		{IN_CALENDAR(EV(RANGE("20260101", "20270101T000000Z"))), CALDAV_VALID_FILTER},
		{IN_CALENDAR(EV(RANGE("20260231T000000Z", "20270101T000000Z"))), CALDAV_VALID_FILTER},
		{IN_CALENDAR(PROP("SUMMARY", RANGE("20260101T000000Z", "20270101T000000Z"))), CALDAV_VALID_FILTER},
		{IN_CALENDAR("<prop-filter/>"), CALDAV_VALID_FILTER},
		{IN_CALENDAR("<text-match>x</text-match>"), CALDAV_VALID_FILTER},
		{IN_CALENDAR(PROP("ATTENDEE", "<param-filter/>")), CALDAV_VALID_FILTER},
		{IN_CALENDAR(MATCH("collation=\"i;ascii-numeric\"", "x")), CALDAV_SUPPORTED_COLLATION},
		{IN_CALENDAR("<x xmlns=\"urn:other\"/>"), CALDAV_SUPPORTED_FILTER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(1000000);
		struct calendar_filter filter;
		struct error err = ERROR_NONE;

		if (read_filter(arena, rows[i].filter, &filter, &err) != -EINVAL || err.condition != rows[i].condition ||
		    err.http_status != 403)
			fail_msg("row %zu: not refused as it should be (%d, %s): %s", i, (int)err.condition, err.detail,
			    rows[i].filter);
		arena_free(arena);
	}
}

static void test_parts_are_limited(void **state)
{
	struct arena *arena = arena_new(1000000);
	AUTO_BUF struct buf text = BUF_INIT(100000);
	struct calendar_filter filter;
	struct error err = ERROR_NONE;

	(void)state;
	buf_add_str(&text, "<comp-filter name=\"VCALENDAR\">");
	for (int i = 1; i < DAV_FILTERS_MAX; i++)
		buf_add_str(&text, "<prop-filter name=\"X\"/>");
	buf_add_str(&text, "</comp-filter>");
	assert_int_equal(read_filter(arena, buf_cstr(&text), &filter, &err), 0);
	buf_truncate(&text, text.len - strlen("</comp-filter>"));
	buf_add_str(&text, "<prop-filter name=\"X\"/></comp-filter>");
	assert_int_equal(read_filter(arena, buf_cstr(&text), &filter, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_VALID_FILTER);
	arena_free(arena);
}

/* ---- what the index is asked ---- */

static void test_plans(void **state)
{
#define SPAN RANGE("20260701T000000Z", "20260702T000000Z")
	static const struct {
		const char *filter; /* inside VCALENDAR */
		bool exact, has_range;
		uint32_t components;
	} rows[] = {
		{"", true, false, 0},
		{COMP("VEVENT", ""), true, false, ICAL_VEVENT},
		{COMP("vtodo", ""), true, false, ICAL_VTODO},
		{COMP("VEVENT", SPAN), true, true, ICAL_VEVENT},
		{COMP("VTODO", SPAN), true, true, ICAL_VTODO}, /* its rows are inexact by themselves */
		{COMP("VEVENT", SPAN "<prop-filter name=\"UID\"/>"), false, true, ICAL_VEVENT},
		{COMP("VEVENT", COMP("VALARM", SPAN)), false, false, ICAL_VEVENT},
		{COMP("VEVENT", "<prop-filter name=\"UID\"/>"), false, false, ICAL_VEVENT},
		{COMP("VFREEBUSY", SPAN), false, false, ICAL_VFREEBUSY},
		{COMP("VEVENT", NOT_DEFINED), false, false, 0},
		{COMP("VEVENT", SPAN) COMP("VTODO", NOT_DEFINED), false, false, 0},
		{COMP("VTIMEZONE", ""), false, false, 0},
		{COMP("X-OWN", ""), false, false, 0},
		{"<prop-filter name=\"METHOD\"/>", false, false, 0},
		{COMP("VEVENT", SPAN) "<prop-filter name=\"METHOD\"/>", false, true, ICAL_VEVENT},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(1000000);
		struct calendar_filter filter;
		struct filter_plan plan;

		must_read(arena, arena_printf(arena, "<comp-filter name=\"VCALENDAR\">%s</comp-filter>", rows[i].filter),
		    &filter);
		calendar_filter_plan(&filter, &plan);
		if (plan.exact != rows[i].exact || plan.has_range != rows[i].has_range ||
		    plan.components != rows[i].components)
			fail_msg("row %zu: exact %d, range %d, components %x: %s", i, plan.exact, plan.has_range,
			    (unsigned)plan.components, rows[i].filter);
		if (plan.has_range && (plan.range.start != INT64_C(1782864000) || plan.range.end != INT64_C(1782950400)))
			fail_msg("row %zu: another range", i);
		arena_free(arena);
	}
}

/* ---- generated events: the filter finds what the expansion finds ---- */

static uint32_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (uint32_t)(*seed >> 20);
}

static const char *generate(struct arena *arena, uint64_t *seed)
{
	static const char *const forms[] = {"DTSTART:202607%02uT%02u0000Z", "DTSTART:202607%02uT%02u0000",
	    "DTSTART;TZID=America/New_York:202610%02uT%02u0000", "DTSTART;VALUE=DATE:202603%02u"};
	static const char *const lengths[] = {"", "DURATION:PT0S\n", "DURATION:P1D\n", "DURATION:P3D\n"};
	static const char *const rules[] = {"", "RRULE:FREQ=DAILY;INTERVAL=3\n", "RRULE:FREQ=WEEKLY;BYDAY=MO,TH;COUNT=9\n",
	    "RRULE:FREQ=MONTHLY;BYDAY=-1FR\n", "RRULE:FREQ=YEARLY;UNTIL=20290101T000000Z\n"};
	unsigned form = next_random(seed) % ARRAY_LEN(forms);
	const char *start;

	/* The formats are those of the table above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	start = arena_printf(arena, forms[form], 1 + next_random(seed) % 28, next_random(seed) % 24);
#pragma GCC diagnostic pop
	return arena_printf(arena, "BEGIN:VEVENT\n%s\n%s%sEND:VEVENT\n", start, lengths[next_random(seed) % ARRAY_LEN(lengths)],
	    rules[next_random(seed) % ARRAY_LEN(rules)]);
}

static bool has_instance(struct arena *arena, const struct calendar_object *object, struct interval range)
{
	struct instances_options options = {amsterdam, {INSTANT_MIN, range.end}, 20000};
	struct instances all;

	/* From the beginning of all time, so that no window cuts: then plain overlap. */
	assert_int_equal(recur_instances(arena, object, &options, &all, NULL), 0);
	for (size_t i = 0; i < all.count; i++) {
		struct interval at = all.at[i].at;

		if (at.start == at.end ? at.start >= range.start && at.start < range.end : interval_overlaps(at, range))
			return true;
	}
	return false;
}

static void test_filter_finds_what_the_expansion_finds(void **state)
{
	uint64_t seed = UINT64_C(88172645463325252);
	unsigned found = 0, rounds = 3000;

	(void)state;
	for (unsigned i = 0; i < rounds; i++) {
		struct arena *arena = arena_new(20000000);
		const char *body = generate(arena, &seed);
		struct calendar_object *object = parse(arena, body);
		struct interval range;
		AUTO_BUF struct buf text = BUF_INIT(1000);
		struct calendar_filter filter;
		bool got, want;

		range.start = INT64_C(1772000000) + next_random(&seed) % (3 * 365) * DAY_SECONDS / 3;
		range.start -= range.start % HOUR_SECONDS;
		range.end = range.start + (1 + next_random(&seed) % 60) * HOUR_SECONDS;
		buf_add_str(&text, "<comp-filter name=\"VCALENDAR\"><comp-filter name=\"VEVENT\"><time-range start=\"");
		buf_add_basic_utc(&text, range.start);
		buf_add_str(&text, "\" end=\"");
		buf_add_basic_utc(&text, range.end);
		buf_add_str(&text, "\"/></comp-filter></comp-filter>");
		must_read(arena, buf_cstr(&text), &filter);
		assert_int_equal(calendar_filter_match(arena, &filter, object, amsterdam, &got), 0);
		want = has_instance(arena, object, range);
		if (got != want)
			fail_msg("filter %d, expansion %d: %s\n%s", got, want, buf_cstr(&text), body);
		found += want;
		calendar_object_free(object);
		arena_free(arena);
	}
	assert_in_range(found, rounds / 20, rounds - rounds / 20); /* both answers were asked for */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_properties_and_parameters),
		cmocka_unit_test(test_text_match),
		cmocka_unit_test(test_events_in_time),
		cmocka_unit_test(test_overrides_of_a_series_without_end),
		cmocka_unit_test(test_floating_times_depend_on_the_zone),
		cmocka_unit_test(test_tasks_in_time),
		cmocka_unit_test(test_journals_in_time),
		cmocka_unit_test(test_free_busy_in_time),
		cmocka_unit_test(test_alarms_in_time),
		cmocka_unit_test(test_refused_filters),
		cmocka_unit_test(test_parts_are_limited),
		cmocka_unit_test(test_plans),
		cmocka_unit_test(test_filter_finds_what_the_expansion_finds),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
