/* Default alarms: what may stand in the property and what may not. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "protocol/base/buf.h"
#include "protocol/base/cleanup.h"
#include "protocol/ical/alarms.h"
#include "protocol/ical/calendar_object.h"

#define ALARM "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Soon\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n"

static const struct {
	const char *text;
	bool good;
} rows[] = {
    {"", true},
    {" \r\n\r\n", true},
    {ALARM, true},
    {ALARM ALARM "\r\n", true},
    {"BEGIN:VALARM\nX-WR-ALARMUID:E2\nUID:E2\nTRIGGER:-PT10M\nATTACH;VALUE=URI:Chord\nACTION:AUDIO\nEND:VALARM", true},
    {"BEGIN:VALARM\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z\nACTION:NONE\nEND:VALARM\n", true}, /* Apple: no alarm */
    {"BEGIN:VALARM\nTRIGGER:P1D\nX-ODD;A=\"b\":c\nACTION:DISPLAY\nDESCRIPTION:folded\n  here\nEND:VALARM\n", true},
    {"hello", false},
    {"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\n", false},
    {"BEGIN:VALARM\nACTION:DISPLAY\nEND:VALARM\n", false},
    {"BEGIN:VALARM\nTRIGGER:-PT15M\nEND:VALARM\n", false},
    {"BEGIN:VALARM\nBEGIN:X-A\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:X-A\nEND:VALARM\n", false},
    {"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:soon\nEND:VALARM\n", false},
    {"BEGIN:VEVENT\nUID:x\nEND:VEVENT\n", false},
    {"BEGIN:VCALENDAR\n" ALARM "END:VCALENDAR\n", false},
    {ALARM "END:VEVENT\nBEGIN:VEVENT\nUID:x\n", false},
    {ALARM "SUMMARY:beside it\n", false},
    {"END:VALARM\n", false},
    {"BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nEND:VEVENT\n", false},
};

static struct zone_set *zones;

static int check(struct slice text, struct error *err)
{
	struct arena *arena = arena_new(64 << 20);
	int ret = ical_alarms_check(arena, zones, text, err);

	arena_free(arena);
	return ret;
}

static void test_alarms_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = ERROR_NONE;
		int ret = check(slice_str(rows[i].text), &err);

		if (ret != (rows[i].good ? 0 : -EINVAL) || (!rows[i].good && err.condition != CALDAV_VALID_CALENDAR_DATA))
			fail_msg("row %zu: %d %s: %s", i, ret, err.detail, rows[i].text);
	}
}

static void test_there_is_an_end_of_alarms(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);
	struct error err = ERROR_NONE;

	(void)state;
	for (int i = 0; i < ICAL_DEFAULT_ALARMS_MAX; i++)
		buf_add_str(&b, ALARM);
	assert_int_equal(check(buf_slice(&b), &err), 0);
	buf_add_str(&b, ALARM);
	assert_int_equal(check(buf_slice(&b), &err), -EINVAL);
}

static int setup(void **state)
{
	(void)state;
	calendar_object_init();
	zones = zone_set_new();
	zone_set_seal(zones);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	zone_set_free(zones);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alarms_and_nothing_else),
	    cmocka_unit_test(test_there_is_an_end_of_alarms),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
