#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/dav/calendar_data.h"
#include "protocol/dav/calendar_filter.h"
#include "tests/support/zones.h"

static const char *const zone_names[] = {"Europe/Amsterdam", "America/New_York", NULL};
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

/* INSIDE is what stands in CALDAV:calendar-data. */
static int read_request(struct arena *arena, const char *inside, struct calendar_data *data_r, struct error *err)
{
	const struct xml_element *root;
	const char *text = arena_printf(arena, "<C:calendar-data xmlns:C=\"" NS_CALDAV "\"%s</C:calendar-data>", inside);
	int ret;

	assert_non_null(text);
	ret = xml_read(arena, slice_str(text), &root, err);
	if (ret < 0)
		fail_msg("not XML: %s: %s", text, err->detail);
	return calendar_data_read(arena, root, data_r, err);
}

/* Every line of WANT ends in a newline, of the answer in CRLF. */
static void check(const char *what, const char *inside, const char *text, const char *want)
{
	struct arena *arena = arena_new(10000000);
	AUTO_BUF struct buf stored = BUF_INIT(100000), out = BUF_INIT(100000), plain = BUF_INIT(100000);
	struct calendar_data data;
	struct error err = ERROR_NONE;
	struct slice rest = slice_str(text), line;
	int ret;

	while (slice_next_line(&rest, &line)) {
		buf_add_slice(&stored, line);
		buf_add_str(&stored, "\r\n");
	}
	if (read_request(arena, inside, &data, &err) < 0)
		fail_msg("%s: refused: %s", what, err.detail);
	ret = calendar_data_write(arena, zones, buf_slice(&stored), &data, zone_set_find(zones, SLICE("Europe/Amsterdam")), &out);
	if (ret < 0)
		fail_msg("%s: %s", what, strerror(-ret));
	for (size_t i = 0; i < out.len; i++)
		if (out.at[i] != '\r')
			buf_add_char(&plain, out.at[i]);
	if (!slice_is(buf_slice(&plain), want))
		fail_msg("%s: wanted\n%s\ngot\n%.*s", what, want, SLICE_ARG(buf_slice(&plain)));
	arena_free(arena);
}

#define HEAD "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n"
#define ZONE "BEGIN:VTIMEZONE\nTZID:Europe/Amsterdam\nBEGIN:STANDARD\nDTSTART:19701025T030000\n" \
	"TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
#define TAIL "END:VCALENDAR\n"

#define MASTER \
	"BEGIN:VEVENT\nUID:one\nDTSTART;TZID=Europe/Amsterdam:20260324T090000\nDTEND;TZID=Europe/Amsterdam:20260324T100000\n" \
	"RRULE:FREQ=WEEKLY\nEXDATE;TZID=Europe/Amsterdam:20260407T090000\nSUMMARY:Weekly\nEND:VEVENT\n"
#define MOVED /* of 31 March, to 1 April */ \
	"BEGIN:VEVENT\nUID:one\nRECURRENCE-ID;TZID=Europe/Amsterdam:20260331T090000\n" \
	"DTSTART;TZID=Europe/Amsterdam:20260401T110000\nDURATION:PT30M\nSUMMARY:Moved\nBEGIN:VALARM\nACTION:DISPLAY\n" \
	"TRIGGER:-PT5M\nDURATION:PT1M\nREPEAT:2\nDESCRIPTION:x\nEND:VALARM\nEND:VEVENT\n"
#define SERIES HEAD ZONE MASTER MOVED TAIL

/* ---- in part ---- */

static void test_empty_is_a_copy(void **state)
{
	struct calendar_data data;
	struct error err = ERROR_NONE;
	struct arena *arena = arena_new(100000);

	(void)state;
	check("empty", ">", SERIES, SERIES);
	check("with its type", " content-type=\"text/calendar\" version=\"2.0\">", SERIES, SERIES);
	assert_int_equal(read_request(arena, ">", &data, &err), 0);
	assert_true(calendar_data_is_whole(&data));
	assert_int_equal(read_request(arena, "><C:comp name=\"VCALENDAR\"/>", &data, &err), 0);
	assert_false(calendar_data_is_whole(&data));
	arena_free(arena);
}

static void test_selection(void **state)
{
	(void)state;
	check("a component without more is whole", "><C:comp name=\"VCALENDAR\"/>", SERIES, SERIES);
	check("all of it, said", "><C:comp name=\"VCALENDAR\"><C:allprop/><C:allcomp/></C:comp>", SERIES, SERIES);
	check("properties of the calendar alone", "><C:comp name=\"VCALENDAR\"><C:allprop/></C:comp>", SERIES, HEAD TAIL);
	check("some properties of each event, the zones whole",
	    "><C:comp name=\"VCALENDAR\"><C:prop name=\"VERSION\"/><C:comp name=\"VEVENT\"><C:prop name=\"UID\"/>"
	    "<C:prop name=\"summary\"/></C:comp><C:comp name=\"VTIMEZONE\"/></C:comp>",
	    SERIES,
	    "BEGIN:VCALENDAR\nVERSION:2.0\n" ZONE "BEGIN:VEVENT\nUID:one\nSUMMARY:Weekly\nEND:VEVENT\n"
	    "BEGIN:VEVENT\nUID:one\nSUMMARY:Moved\nEND:VEVENT\n" TAIL);
	check("events without their alarms",
	    "><C:comp name=\"VCALENDAR\"><C:allprop/><C:comp name=\"VEVENT\"><C:prop name=\"DURATION\"/></C:comp></C:comp>",
	    SERIES, HEAD "BEGIN:VEVENT\nEND:VEVENT\nBEGIN:VEVENT\nDURATION:PT30M\nEND:VEVENT\n" TAIL);
	check("names without values",
	    "><C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"RRULE\" novalue=\"yes\"/>"
	    "<C:prop name=\"UID\" novalue=\"no\"/></C:comp></C:comp>",
	    SERIES,
	    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:one\nRRULE:\nEND:VEVENT\nBEGIN:VEVENT\nUID:one\nEND:VEVENT\n" TAIL);
	check("parameters stay without the value",
	    "><C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"SUMMARY\" novalue=\"yes\"/></C:comp></C:comp>",
	    HEAD "BEGIN:VEVENT\nUID:1\nSUMMARY;LANGUAGE=nl;X-A=\"b:c\":a\n b\nEND:VEVENT\n" TAIL,
	    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY;LANGUAGE=nl;X-A=\"b:c\":\nEND:VEVENT\n" TAIL);
	check("folded lines are chosen whole",
	    "><C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"SUMMARY\"/></C:comp></C:comp>",
	    HEAD "BEGIN:VEVENT\nUID:1\nSUMMARY:a\n b\nDESCRIPTION:c\n SUMMARY:d\nEND:VEVENT\n" TAIL,
	    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\n b\nEND:VEVENT\n" TAIL);
}

/* ---- expanded ---- */

#define EXPAND(start, end) "><C:expand start=\"" start "\" end=\"" end "\"/>"

static void test_expanded_series_is_in_utc(void **state)
{
	(void)state;
	check("three weeks: one as it is, one moved, one left out", EXPAND("20260323T000000Z", "20260414T000000Z"), SERIES,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260324T080000Z\nDTEND:20260324T090000Z\nRECURRENCE-ID:20260324T080000Z\nUID:one\n"
	         "SUMMARY:Weekly\nEND:VEVENT\n"
	         "BEGIN:VEVENT\nDTSTART:20260401T090000Z\nDTEND:20260401T093000Z\nRECURRENCE-ID:20260331T070000Z\nUID:one\n"
	         "SUMMARY:Moved\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nDURATION:PT1M\nREPEAT:2\nDESCRIPTION:x\n"
	         "END:VALARM\nEND:VEVENT\n" TAIL);
	check("nothing there", EXPAND("20260407T000000Z", "20260408T000000Z"), SERIES, HEAD TAIL);
	check("where an instance was moved away from", EXPAND("20260331T000000Z", "20260401T000000Z"), SERIES, HEAD TAIL);
	check("expanded and in part",
	    "><C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"DTSTART\"/></C:comp></C:comp>"
	    "<C:expand start=\"20260414T000000Z\" end=\"20260422T000000Z\"/>",
	    SERIES,
	    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260414T070000Z\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART:20260421T070000Z\n"
	    "END:VEVENT\n" TAIL);
}

static void test_expanded_forms(void **state)
{
	(void)state;
	check("a single event in a zone",
	    EXPAND("20260101T000000Z", "20270101T000000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=America/New_York:20260701T090000\nDURATION:PT1H\nEND:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260701T130000Z\nDTEND:20260701T140000Z\nUID:1\nEND:VEVENT\n" TAIL);
	check("dates stay dates, across the change of offset", EXPAND("20260328T230000Z", "20260331T000000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260328\nRRULE:FREQ=DAILY;COUNT=3\nEND:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART;VALUE=DATE:20260329\nDTEND;VALUE=DATE:20260330\nRECURRENCE-ID;VALUE=DATE:20260329\n"
	         "UID:1\nEND:VEVENT\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20260330\nDTEND;VALUE=DATE:20260331\n"
	         "RECURRENCE-ID;VALUE=DATE:20260330\nUID:1\nEND:VEVENT\n" TAIL);
	check("floating stays floating", EXPAND("20260701T000000Z", "20260702T000000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART:20260630T100000\nDTEND:20260630T110000\nRRULE:FREQ=DAILY\nEND:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260701T100000\nDTEND:20260701T110000\nRECURRENCE-ID:20260701T100000\nUID:1\n"
	         "END:VEVENT\n" TAIL);
	check("floating stays as written where the calendar's clock skips it", EXPAND("20260328T120000Z", "20260330T120000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART:20260327T023000\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEND:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260329T023000\nDTEND:20260329T043000\nRECURRENCE-ID:20260329T023000\nUID:1\n"
	         "END:VEVENT\nBEGIN:VEVENT\nDTSTART:20260330T023000\nDTEND:20260330T033000\nRECURRENCE-ID:20260330T023000\n"
	         "UID:1\nEND:VEVENT\n" TAIL);
	check("an override of such a time too", EXPAND("20260329T000000Z", "20260330T000000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART:20260327T023000\nRRULE:FREQ=DAILY\nEND:VEVENT\n"
	         "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260329T023000\nDTSTART:20260329T024500\nEND:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260329T024500\nRECURRENCE-ID:20260329T023000\nUID:1\nEND:VEVENT\n" TAIL);
	check("an all-day instance moved to an hour keeps the name of its day", EXPAND("20260701T000000Z", "20260702T000000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260630\nRRULE:FREQ=WEEKLY\nEND:VEVENT\n"
	         "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;VALUE=DATE:20260630\nDTSTART:20260701T100000Z\nDTEND:20260701T110000Z\n"
	         "END:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260701T100000Z\nDTEND:20260701T110000Z\nRECURRENCE-ID;VALUE=DATE:20260630\nUID:1\n"
	         "END:VEVENT\n" TAIL);
	check("a task with a due time alone", EXPAND("20260701T000000Z", "20260702T000000Z"),
	    HEAD "BEGIN:VTODO\nUID:1\nDUE;TZID=Europe/Amsterdam:20260701T120000\nEND:VTODO\n" TAIL,
	    HEAD "BEGIN:VTODO\nDUE:20260701T100000Z\nUID:1\nEND:VTODO\n" TAIL);
	check("a task without any time", EXPAND("20260701T000000Z", "20260702T000000Z"),
	    HEAD "BEGIN:VTODO\nUID:1\nSUMMARY:Some day\nEND:VTODO\n" TAIL,
	    HEAD "BEGIN:VTODO\nUID:1\nSUMMARY:Some day\nEND:VTODO\n" TAIL);
	check("an instance of no length", EXPAND("20260701T000000Z", "20260702T000000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART:20260701T100000Z\nRDATE:20260701T120000Z\nEND:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260701T100000Z\nRECURRENCE-ID:20260701T100000Z\nUID:1\nEND:VEVENT\n"
	         "BEGIN:VEVENT\nDTSTART:20260701T120000Z\nRECURRENCE-ID:20260701T120000Z\nUID:1\nEND:VEVENT\n" TAIL);
	check("times of properties that nobody knows lose their zone, not their instant",
	    EXPAND("20260101T000000Z", "20270101T000000Z"),
	    HEAD "BEGIN:VTIMEZONE\nTZID:My own\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0530\n"
	         "TZOFFSETTO:+0530\nEND:STANDARD\nEND:VTIMEZONE\n"
	         "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=My own:20260701T090000\nX-SEEN;X-BY=me;TZID=My own;X-AT=\"a;b\":"
	         "20260701T053000,20260702T053000\nX-OTHER;TZID=Europe/Amsterdam:20260701T120000\n"
	         "X-UTC;TZID=My own:20260701T120000Z\nX-LABEL;TZID=My own:not a time\nX-GONE;TZID=Nowhere:20260701T120000\n"
	         "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nX-LAST;TZID=\"My own\":20260701T053000\nEND:VALARM\nEND:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260701T033000Z\nUID:1\nX-SEEN;X-BY=me;X-AT=\"a;b\":20260701T000000Z,20260702T000000Z\n"
	         "X-OTHER:20260701T100000Z\nX-UTC:20260701T120000Z\nX-LABEL;TZID=My own:not a time\n"
	         "X-GONE;TZID=Nowhere:20260701T120000\n"
	         "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nX-LAST:20260701T000000Z\nEND:VALARM\nEND:VEVENT\n" TAIL);
	check("an override alone", EXPAND("20260701T000000Z", "20260702T000000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260630T100000Z\nDTSTART:20260701T100000Z\nDTEND:20260701T110000Z\n"
	         "END:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nDTSTART:20260701T100000Z\nDTEND:20260701T110000Z\nRECURRENCE-ID:20260630T100000Z\nUID:1\n"
	         "END:VEVENT\n" TAIL);
	check("free and busy time as it is stored", EXPAND("20260701T000000Z", "20260702T000000Z"),
	    HEAD "BEGIN:VFREEBUSY\nUID:1\nFREEBUSY:20250101T000000Z/PT1H\nEND:VFREEBUSY\n" TAIL,
	    HEAD "BEGIN:VFREEBUSY\nUID:1\nFREEBUSY:20250101T000000Z/PT1H\nEND:VFREEBUSY\n" TAIL);
}

static void test_too_many_instances_are_refused(void **state)
{
	struct arena *arena = arena_new(10000000);
	AUTO_BUF struct buf out = BUF_INIT(10000000);
	struct calendar_data data;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(read_request(arena, EXPAND("20260101T000000Z", "20460101T000000Z"), &data, &err), 0);
	assert_int_equal(calendar_data_write(arena, zones,
	                     SLICE("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T000000Z\r\n"
	                           "RRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
	                     &data, zone_utc(), &out),
	    -EINVAL);
	arena_free(arena);
}

/* The lines that all instances share are unfolded once, not for each of them. */
static void test_long_lines_are_read_once(void **state)
{
	struct arena *arena = arena_new(2000000); /* far less than lines times instances */
	AUTO_BUF struct buf text = BUF_INIT(1000000), out = BUF_INIT(100000000);
	struct calendar_data data;
	struct error err = ERROR_NONE;

	(void)state;
	buf_add_str(&text, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260101T000000Z\r\nRRULE:FREQ=DAILY\r\n"
	                   "DESCRIPTION:");
	for (int i = 0; i < 200; i++)
		buf_add_str(&text, "fifty bytes of a text that goes on and on, folded \r\n ");
	buf_add_str(&text, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	assert_int_equal(read_request(arena, EXPAND("20260101T000000Z", "20310101T000000Z"), &data, &err), 0);
	assert_int_equal(calendar_data_write(arena, zones, buf_slice(&text), &data, zone_utc(), &out), 0);
	assert_true(out.len > 1800 * 10000);
	arena_free(arena);
}

/* ---- limited ---- */

#define LIMIT(start, end) "><C:limit-recurrence-set start=\"" start "\" end=\"" end "\"/>"

#define NEW_YORK(rest) \
	HEAD "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=America/New_York:20260324T200000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY\n" rest "END:VEVENT\n"
#define NEW_YORK_MOVED(id) /* to June */ \
	"BEGIN:VEVENT\nUID:1\nRECURRENCE-ID" id "\nDTSTART:20260601T100000Z\nEND:VEVENT\n"

static void test_limited_series(void **state)
{
	(void)state;
	check("the range of the override", LIMIT("20260401T000000Z", "20260402T000000Z"), SERIES, SERIES);
	check("the range of what it replaces", LIMIT("20260331T000000Z", "20260401T000000Z"), SERIES, SERIES);
	check("the end of what it replaces", LIMIT("20260331T073000Z", "20260331T080000Z"), SERIES, SERIES);
	check("after what it replaces", LIMIT("20260331T080000Z", "20260331T090000Z"), SERIES, HEAD ZONE MASTER TAIL);
	check("another range", LIMIT("20260501T000000Z", "20260601T000000Z"), SERIES, HEAD ZONE MASTER TAIL);
	check("and in part",
	    "><C:comp name=\"VCALENDAR\"><C:comp name=\"VEVENT\"><C:prop name=\"SUMMARY\"/></C:comp></C:comp>"
	    "<C:limit-recurrence-set start=\"20260501T000000Z\" end=\"20260601T000000Z\"/>",
	    SERIES, "BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:Weekly\nEND:VEVENT\n" TAIL);
	check("an override is named in the zone of the series, whatever it says itself",
	    LIMIT("20260401T000000Z", "20260401T003000Z"), NEW_YORK("") NEW_YORK_MOVED(":20260331T200000") TAIL,
	    NEW_YORK("") NEW_YORK_MOVED(":20260331T200000") TAIL);
	check("or by its date alone", LIMIT("20260401T000000Z", "20260401T003000Z"),
	    NEW_YORK("") NEW_YORK_MOVED(";VALUE=DATE:20260331") TAIL, NEW_YORK("") NEW_YORK_MOVED(";VALUE=DATE:20260331") TAIL);
	check("and not by what its own time would be elsewhere", LIMIT("20260331T173000Z", "20260331T183000Z"),
	    NEW_YORK("") NEW_YORK_MOVED(":20260331T200000") TAIL, NEW_YORK("") TAIL);
	check("a single event stays, wherever it is", LIMIT("20200101T000000Z", "20200201T000000Z"),
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART:20260701T100000Z\nEND:VEVENT\n" TAIL,
	    HEAD "BEGIN:VEVENT\nUID:1\nDTSTART:20260701T100000Z\nEND:VEVENT\n" TAIL);
}

/* ---- requests that are refused ---- */

static void test_refused(void **state)
{
	static const struct {
		const char *inside;
		enum dav_condition condition;
	} rows[] = {
		{" content-type=\"application/calendar+json\">", CALDAV_SUPPORTED_CALENDAR_DATA},
		{" version=\"1.0\">", CALDAV_SUPPORTED_CALENDAR_DATA},
		{"><C:expand/>", CALDAV_VALID_FILTER},
		{"><C:expand start=\"20260101T000000Z\"/>", CONDITION_NONE},
		{"><C:expand end=\"20260101T000000Z\"/>", CONDITION_NONE},
		{"><C:expand start=\"20260101T000000\" end=\"20260201T000000Z\"/>", CALDAV_VALID_FILTER},
		{EXPAND("20260201T000000Z", "20260101T000000Z"), CALDAV_VALID_FILTER},
		{LIMIT("20260201T000000Z", "20260201T000000Z"), CALDAV_VALID_FILTER},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(100000);
		struct calendar_data data;
		struct error err = ERROR_NONE;

		if (read_request(arena, rows[i].inside, &data, &err) != -EINVAL || err.condition != rows[i].condition ||
		    err.http_status == 0)
			fail_msg("%s: not refused as it should be (%d)", rows[i].inside, (int)err.condition);
		arena_free(arena);
	}
}

static void test_components_are_limited(void **state)
{
	struct arena *arena = arena_new(1000000);
	AUTO_BUF struct buf inside = BUF_INIT(100000);
	struct calendar_data data;
	struct error err = ERROR_NONE;

	(void)state;
	buf_add_str(&inside, "><C:comp name=\"VCALENDAR\">");
	for (int i = 0; i < CALENDAR_DATA_COMPS_MAX; i++)
		buf_add_str(&inside, "<C:comp name=\"VEVENT\"/>");
	buf_add_str(&inside, "</C:comp>");
	assert_int_equal(read_request(arena, buf_cstr(&inside), &data, &err), -EINVAL);
	assert_int_equal(err.http_status, 400);
	arena_free(arena);
}

/* ---- inside XML ---- */

/* A reader of XML gets the same bytes again, or U+FFFD for what XML cannot say. */
static void test_escaped_text_survives(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"SUMMARY:a\r\n b\r\n", NULL},
		{"X:\tcr \r alone, lf \n alone", NULL},
		{"X:<>&\"';]]>&amp;", NULL},
		{"X:gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xef\xbf\xbd", NULL},
		{"X:\x01\x1f", "X:\xef\xbf\xbd\xef\xbf\xbd"},
		{"X:\xef\xbf\xbe\xef\xbf\xbf.", "X:\xef\xbf\xbd\xef\xbf\xbd."},
		{"X:\xef\xbf", "X:\xef\xbf"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *arena = arena_new(100000);
		AUTO_BUF struct buf b = BUF_INIT(1000);
		const struct xml_element *root;
		struct error err = ERROR_NONE;
		const char *want = rows[i].want != NULL ? rows[i].want : rows[i].text;

		buf_add_str(&b, "<a>");
		calendar_data_escape(&b, slice_str(rows[i].text));
		buf_add_str(&b, "</a>");
		if (slice_ends(slice_str(want), SLICE("\xef\xbf"))) { /* half a character: stored objects have none */
			assert_int_equal(b.len, 3 + strlen(want) + 4);
		} else if (xml_read(arena, buf_slice(&b), &root, &err) < 0 || !slice_is(root->text, want)) {
			fail_msg("row %zu: %.*s", i, SLICE_ARG(buf_slice(&b)));
		}
		arena_free(arena);
	}
}

/* ---- free/busy ---- */

#define BUSY_TIMES                                                                                                     \
	"BEGIN:VFREEBUSY\nUID:f\nDTSTAMP:20270101T000000Z\nCOMMENT:FREEBUSY:not this\n"

static void test_limit_freebusy_set(void **state)
{
	static const char range[] = "><C:limit-freebusy-set start=\"20270302T000000Z\" end=\"20270303T000000Z\"/>";
	static const char stored[] = HEAD BUSY_TIMES
	    "FREEBUSY;FBTYPE=BUSY:20270301T090000Z/PT1H,20270302T090000Z/PT1H,20270302T235900Z/20270303T010000Z\n"
	    "FREEBUSY:20270303T000000Z/PT1H\nFREEBUSY;FBTYPE=BUSY-TENTATIVE:20270302T120000Z/20270302T130000Z\n"
	    "FREEBUSY:nobody knows\nEND:VFREEBUSY\n" TAIL;
	static const char wanted[] = HEAD BUSY_TIMES
	    "FREEBUSY;FBTYPE=BUSY:20270302T090000Z/PT1H,20270302T235900Z/20270303T010000\n Z\n"
	    "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20270302T120000Z/20270302T130000Z\n"
	    "FREEBUSY:nobody knows\nEND:VFREEBUSY\n" TAIL;
	struct calendar_data data;
	struct error err = ERROR_NONE;
	struct arena *arena = arena_new(100000);

	(void)state;
	check("limit-freebusy-set", range, stored, wanted);
	check("limit-freebusy-set of an event", range, HEAD MASTER TAIL, HEAD MASTER TAIL);
	assert_int_equal(read_request(arena, "><C:limit-freebusy-set start=\"20270302T000000Z\"/>", &data, &err), -EINVAL);
	assert_int_equal(err.http_status, 400);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty_is_a_copy),
		cmocka_unit_test(test_selection),
		cmocka_unit_test(test_limit_freebusy_set),
		cmocka_unit_test(test_expanded_series_is_in_utc),
		cmocka_unit_test(test_expanded_forms),
		cmocka_unit_test(test_too_many_instances_are_refused),
		cmocka_unit_test(test_long_lines_are_read_once),
		cmocka_unit_test(test_limited_series),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_components_are_limited),
		cmocka_unit_test(test_escaped_text_survives),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
