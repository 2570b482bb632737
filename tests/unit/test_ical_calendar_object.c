#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/ical/zoned_time.h"
#include "tests/unit/ical_zones.h"

static struct zone_set *zones;
static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	calendar_object_init();
	zones = zone_set_new();
	if (add_system_zone(zones, "Europe/Amsterdam") < 0 || add_system_zone(zones, "Europe/Berlin") < 0)
		return -1;
	zone_set_seal(zones);
	arena = arena_new(64 << 20);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	zone_set_free(zones);
	return 0;
}

#define CAL(x)  "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" x "END:VCALENDAR\r\n"
#define EV(x)   "BEGIN:VEVENT\r\nUID:a\r\n" x "END:VEVENT\r\n"
#define START   "DTSTART:20270328T090000Z\r\n"
#define CUSTOM                                                                                     \
	"BEGIN:VTIMEZONE\r\nTZID:Mine\\, own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"     \
	"TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"

static struct calendar_object *parse(const char *text)
{
	struct calendar_object *object = NULL;
	struct error err = ERROR_NONE;

	if (calendar_object_parse(arena, zones, slice_str(text), ICAL_OBJECT_MAX, &object, &err) < 0)
		fail_msg("refused: %s\n%s", err.detail, text);
	return object;
}

static void test_tolerated_faults_are_read(void **state)
{
	static const char *const rows[] = {
	    "\xef\xbb\xbf" CAL(EV(START)),
	    "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20270328T090000Z\nEND:VEVENT\nEND:VCALENDAR",
	    "BEGIN:VCALENDAR\rBEGIN:VEVENT\rUID:a\rDTSTART:20270328T090000Z\rEND:VEVENT\rEND:VCALENDAR\r",
	    "BEGIN:VCALENDAR\r\r\nBEGIN:VEVENT\r\r\nUID:a\r\r\nDTSTART:20270328T090000Z\r\r\nEND:VEVENT\r\r\nEND:VCALENDAR",
	    CAL("\r\n\r\n" EV(START)),
	    CAL(EV("SUMMARY\r\n\r\n :x\r\n" START)),
	    CAL("begin:vevent\r\nuid:a\r\ndtstart:20270328T090000Z\r\nend:vevent\r\n"),
	    CAL(EV(START "DESCRIPTION:one\r\ntwo without a fold\r\n")),
	    CAL(EV(START "X-APPLE-RADIUS=49.9\r\n")),
	    CAL(EV(START "SEQUENCE:many\r\nGEO:somewhere\r\nURL:\r\nSTATUS:PERHAPS\r\nCREATED:yesterday\r\nTRIGGER:x\r\n")),
	    CAL(EV(START "DESCRIPTION:bell \x07\r\n")),
	    CAL(EV("DTSTART;VALUE=DATE-TIME:20270328\r\n")),
	    CAL(EV(START "EXDATE;TZID=Europe/Amsterdam;VALUE=DATE:20270404\r\n")),
	    CAL(EV(START "RRULE:FREQ=DAILY;UNTIL=20270401\r\n")),
	    CAL(EV("DTSTART;TZID=:20270328T090000\r\n")),
	    CAL(EV("DTSTART;TZID=W. Europe Standard Time:20270328T090000\r\n")),
	    CAL(EV("DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Amsterdam:20270328T090000\r\n")),
	    CAL("BEGIN:VTIMEZONE\r\nTZID:Europe/Amsterdam\r\nRRULE:broken\r\nEND:VTIMEZONE\r\n"
		EV("DTSTART;TZID=Europe/Amsterdam:20270328T090000\r\n")),
	    CAL("BEGIN:VTIMEZONE\r\nTZID:Unused\r\nEND:VTIMEZONE\r\n" EV(START)),
	    CAL(CUSTOM EV("DTSTART;TZID=\"Mine, own\":20270328T090000\r\n")),
	    CAL(EV(START "RDATE:\r\nEXDATE:\r\n")),
	    CAL(EV(START "BEGIN:PARTICIPANT\r\nUID:p\r\nDTSTART:never\r\nEND:PARTICIPANT\r\n")),
	    CAL(EV(START "DTEND:20270328T090000Z\r\n")),
	    CAL("BEGIN:VTODO\r\nUID:a\r\nDTSTART:20270328T090000Z\r\nDUE:20270327T090000Z\r\nEND:VTODO\r\n"),
	    CAL(EV(START "DTEND:20270328T100000Z\r\nDURATION:PT1H\r\n")),
	    CAL(EV(START "RECURRENCE-ID:20270328T090000Z\r\n")),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct calendar_object *object = parse(rows[i]);

		assert_true(slice_is(calendar_object_uid(object), "a"));
		assert_int_equal(calendar_object_count(object), 1);
		assert_true(slice_is(calendar_object_text(object), rows[i]));
	}
}

static void test_what_has_no_safe_reading_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum dav_condition condition;
		size_t line;
	} rows[] = {
	    {"", CALDAV_VALID_CALENDAR_DATA, 1},
	    {"hello\r\n", CALDAV_VALID_CALENDAR_DATA, 1},
	    {EV(START), CALDAV_VALID_CALENDAR_DATA, 1},
	    {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n", CALDAV_VALID_CALENDAR_DATA, 2},
	    {CAL("BEGIN:VEVENT\r\nEND:VTODO\r\n"), CALDAV_VALID_CALENDAR_DATA, 4},
	    {CAL(EV("DTSTART:00000101T000000Z\r\n")), CALDAV_MIN_DATE_TIME, 5},
	    {CAL(EV("DTSTART;VALUE=DATE:00001231\r\n")), CALDAV_MIN_DATE_TIME, 5},
	    {CAL(EV(START "no property\r\n")), CALDAV_VALID_CALENDAR_DATA, 6},
	    {CAL(EV("SUMMARY:no start\r\n")), CALDAV_VALID_CALENDAR_DATA, 3},
	    {CAL(EV("DTSTART:20270230T090000Z\r\n")), CALDAV_VALID_CALENDAR_DATA, 5},
	    {CAL(EV("DTSTART:soon\r\n")), CALDAV_VALID_CALENDAR_DATA, 5},
	    {CAL(EV("DTSTART;TZID=Nowhere/City:20270328T090000\r\n")), CALDAV_VALID_TIMEZONE, 5},
	    {CAL(EV(START "DTEND:20270328T080000Z\r\n")), CALDAV_VALID_CALENDAR_DATA, 6},
	    {CAL(EV(START "DURATION:-PT1H\r\n")), CALDAV_VALID_CALENDAR_DATA, 6},
	    {CAL(EV(START "DURATION:1 hour\r\n")), CALDAV_VALID_CALENDAR_DATA, 6},
	    {CAL(EV(START "EXDATE:20270328T090000Z,later\r\n")), CALDAV_VALID_CALENDAR_DATA, 6},
	    {CAL(EV(START "DTSTART:20270329T090000Z\r\n")), CALDAV_VALID_CALENDAR_DATA, 6},
	    {CAL(EV(START "SEQUENCE;VALUE=DURATION:x\r\n")), CALDAV_VALID_CALENDAR_DATA, 6},
	    {CAL(EV(START "SUMMARY:\xe9t\xe9\r\n")), CALDAV_VALID_CALENDAR_DATA, 6},
	    {CAL(EV(START) "CALSCALE:ETHIOPIC\r\n"), CALDAV_VALID_CALENDAR_DATA, 7},
	    {CAL(EV(START "RRULE:RSCALE=CHINESE;FREQ=YEARLY\r\n")), CALDAV_SUPPORTED_RSCALE, 6},
	    {CAL("METHOD:REQUEST\r\n" EV(START)), CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, 3},
	    {CAL(CUSTOM), CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, 1},
	    {CAL("BEGIN:VEVENT\r\n" START "END:VEVENT\r\n"), CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, 3},
	    {CAL(EV(START) "BEGIN:VEVENT\r\nUID:b\r\n" START "END:VEVENT\r\n"), CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, 7},
	    {CAL(EV(START) EV(START)), CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, 7},
	    {CAL(EV(START) "BEGIN:VTODO\r\nUID:a\r\nEND:VTODO\r\n"), CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, 7},
	    {CAL(EV(START)) CAL(EV(START)), CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, 8},
	    {CAL(EV(START "ORGANIZER:mailto:x@example.org\r\n")
		    EV(START "RECURRENCE-ID:20270328T090000Z\r\nORGANIZER:mailto:y@example.org\r\n")),
		CALDAV_SAME_ORGANIZER_IN_ALL_COMPONENTS, 8},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct calendar_object *object = NULL;
		struct error err = ERROR_NONE;
		size_t line = 0;
		int ret = calendar_object_parse(arena, zones, slice_str(rows[i].text), ICAL_OBJECT_MAX, &object, &err);

		if (ret != -EINVAL || err.condition != rows[i].condition || err.http_status != 403 ||
		    sscanf(err.detail, "line %zu:", &line) != 1 || line != rows[i].line)
			fail_msg("row %zu: %d, condition %d, %s", i, ret, err.condition, err.detail);
	}
}

/* A text of HEAD, then LINE as often as COUNT, then TAIL. */
static int parse_repeated(const char *head, const char *line, size_t count, const char *tail, struct error *err)
{
	struct buf text = BUF_INIT(64 << 20);
	struct calendar_object *object = NULL;
	int ret;

	buf_add_str(&text, head);
	for (size_t i = 0; i < count; i++)
		buf_add_str(&text, line);
	buf_add_str(&text, tail);
	*err = ERROR_NONE;
	arena_reset(arena);
	ret = calendar_object_parse(arena, zones, buf_slice(&text), 32 << 20, &object, err);
	if (ret == 0)
		assert_true(component_property_count(calendar_object_at(object, 0)) > 0);
	buf_free(&text);
	return ret;
}

#define HEAD "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n" START
#define TAIL "END:VEVENT\r\nEND:VCALENDAR\r\n"

static void test_limits_are_errors(void **state)
{
	struct error err;
	struct calendar_object *object;

	(void)state;
	assert_int_equal(parse_repeated(HEAD "DESCRIPTION:", "0123456789", 7000, "\r\n" TAIL, &err), -EINVAL);
	assert_int_equal(parse_repeated(HEAD "DESCRIPTION:", "0123456789\r\n ", 7000, "\r\n" TAIL, &err), 0);
	assert_int_equal(parse_repeated(HEAD, "X-A:b\r\n", ICAL_PROPERTIES_MAX, TAIL, &err), -EINVAL);
	assert_int_equal(parse_repeated(HEAD, "BEGIN:X\r\n", 20, TAIL, &err), -EINVAL);
	assert_int_equal(parse_repeated(HEAD, "ATTENDEE:mailto:a@example.org\r\n", ICAL_ATTENDEES_MAX, TAIL, &err), 0);
	assert_int_equal(
	    parse_repeated(HEAD, "ATTENDEE:mailto:a@example.org\r\n", ICAL_ATTENDEES_MAX + 1, TAIL, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_ATTENDEES_PER_INSTANCE);
	assert_int_equal(calendar_object_parse(arena, zones, SLICE(CAL(EV(START))), 20, &object, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_RESOURCE_SIZE);
	/* Bytes that end lines, and nothing else: time in proportion. */
	assert_int_equal(parse_repeated("BEGIN:VCALENDAR\r\n", "\r", 4000000, "x", &err), -EINVAL);
}

static void test_a_long_list_of_dates_is_whole(void **state)
{
	struct buf text = BUF_INIT(1 << 20);
	const struct ical_period *rdates;
	struct calendar_object *object;

	(void)state;
	arena_reset(arena);
	buf_add_str(&text, HEAD "RDATE:20270328T090000Z");
	for (int i = 1; i < 2000; i++)
		buf_printf(&text, ",\r\n %04d0101T090000Z", 2000 + i);
	buf_add_str(&text, "\r\n" TAIL);
	object = parse(buf_cstr(&text));
	assert_int_equal(component_rdates(calendar_object_master(object), &rdates), 2000);
	assert_int_equal(rdates[1999].start.civil.year, 3999);
	buf_free(&text);
}

static void test_values(void **state)
{
	struct calendar_object *object = parse(CAL(EV("DTSTART;TZID=\"Europe/Amsterdam\":20270328T023000\r\n"
						      "DTEND;VALUE=DATE:20270329\r\nSUMMARY:a\\, b\\nc\\;\\\\d\r\n"
						      "RECURRENCE-ID;RANGE=THISANDFUTURE:20270328\r\nSEQUENCE:7\r\n"
						      "DURATION:P1W2DT3H4M5S\r\n"
						      "RDATE;VALUE=PERIOD;TZID=Europe/Amsterdam:20270328T010000/PT2H\r\n"
						      "ATTENDEE;CN=\"Kim; x\";partstat=accepted:MAILTO:Kim@example.org\r\n"
						      "ORGANIZER:mailto:o@example.org\r\nRRULE:FREQ=DAILY\r\n")));
	const struct component *c = calendar_object_at(object, 0);
	const struct ical_attendee *attendees;
	const struct ical_period *rdates;
	struct ical_attendee organizer;
	struct ical_duration duration;
	struct ical_time time;
	bool future = false;

	(void)state;
	assert_int_equal(calendar_object_component(object), ICAL_VEVENT);
	assert_null(calendar_object_master(object));
	assert_true(component_time(c, "DTSTART", &time));
	assert_true(slice_is(zone_name(time.zone), "Europe/Amsterdam"));
	assert_int_equal(ical_time_instant(&time, zone_utc()), 1806197400); /* 03:30+02:00 */
	assert_true(component_time(c, "DTEND", &time) && time.is_date && time.zone == NULL);
	assert_false(component_time(c, "DUE", &time));
	assert_true(component_recurrence_id(c, &time, &future) && future && time.is_date);
	assert_true(slice_is(component_text(c, "SUMMARY"), "a, b\nc;\\d"));
	assert_int_equal(component_integer(c, "SEQUENCE", 0), 7);
	assert_true(component_duration(c, &duration) && duration.days == 9 && duration.seconds == 11045);
	assert_int_equal(component_rdates(c, &rdates), 1);
	assert_int_equal(rdates[0].end.civil.hour, 4); /* two hours over the gap */
	assert_int_equal(component_attendees(c, &attendees), 1);
	assert_true(slice_is(attendees[0].partstat, "ACCEPTED") && slice_is(attendees[0].common_name, "Kim; x"));
	assert_true(ical_address_is(attendees[0].address, SLICE("kim@EXAMPLE.org")));
	assert_false(ical_address_is(attendees[0].address, SLICE("im@example.org")));
	assert_true(component_organizer(c, &organizer) && slice_is(organizer.address, "mailto:o@example.org"));
	assert_true(slice_is(component_rrule(c, 0), "FREQ=DAILY"));
}

static void test_carets_in_parameters_are_resolved(void **state)
{
	static const struct {
		const char *written, *want;
	} rows[] = {
	    {"Kim", "Kim"},
	    {"\"George Herman ^'Babe^' Ruth\"", "George Herman \"Babe\" Ruth"},
	    {"one^ntwo", "one\ntwo"},
	    {"\"a^^n;^x^\"", "a^n;^x^"},
	    {"^^^^^'", "^^\""},
	    {"^N", "^N"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena *own = arena_new(1 << 20);
		const char *text = arena_printf(own,
		    "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART:20270101T000000Z\r\n"
		    "ATTENDEE;CN=%s;X-P=%s;X-Q=plain:mailto:a@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
		    rows[i].written, rows[i].written);
		const struct ical_attendee *attendees;
		struct calendar_object *object;
		struct slice value;
		const struct component *c;

		if (calendar_object_parse(own, zones, slice_str(text), ICAL_OBJECT_MAX, &object, NULL) < 0)
			fail_msg("%s: refused", rows[i].written);
		c = calendar_object_at(object, 0);
		assert_int_equal(component_attendees(c, &attendees), 1);
		if (!slice_is(attendees[0].common_name, rows[i].want))
			fail_msg("%s: %.*s", rows[i].written, SLICE_ARG(attendees[0].common_name));
		for (size_t k = 0; k < component_property_count(c); k++) {
			const struct ical_property *p = component_property_at(c, k);

			if (slice_is(ical_property_name(p), "ATTENDEE"))
				assert_true(ical_property_parameter(p, "x-p", &value) && slice_is(value, rows[i].want) &&
				            ical_property_parameter(p, "X-Q", &value) && slice_is(value, "plain"));
		}
		assert_true(slice_equal(calendar_object_text(object), slice_str(text))); /* the bytes stay */
		arena_free(own);
	}
}

/* Zone data loses names: what was accepted once stays readable. */
static void test_what_is_stored_is_read_without_its_zone(void **state)
{
	static const char text[] = CAL(EV("DTSTART;TZID=Nowhere/City:20270328T090000\r\nRDATE;TZID=Nowhere/City:20270329T090000\r\n"));
	struct calendar_object *object;
	struct ical_time time;

	(void)state;
	assert_int_equal(calendar_object_read(arena, zones, slice_str(text), &object), 0);
	assert_true(component_time(calendar_object_master(object), "DTSTART", &time));
	assert_null(time.zone);
	assert_int_equal(time.civil.hour, 9);
	assert_null(calendar_object_zone(arena, object, SLICE("Nowhere/City")));
	calendar_object_free(object);
	assert_int_equal(calendar_object_read(arena, zones, SLICE("BEGIN:VCALENDAR\r\n"), &object), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tolerated_faults_are_read),
	    cmocka_unit_test(test_what_has_no_safe_reading_is_refused),
	    cmocka_unit_test(test_limits_are_errors),
	    cmocka_unit_test(test_what_is_stored_is_read_without_its_zone),
	    cmocka_unit_test(test_a_long_list_of_dates_is_whole),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_carets_in_parameters_are_resolved),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
