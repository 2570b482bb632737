#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "tests/unit/itip_env.h"

static void test_checks_of_each_method(void **state)
{
	const struct {
		const char *method, *lines;
		enum dav_condition wished; /* CONDITION_NONE: good */
	} rows[] = {
	    {"METHOD:REQUEST\n", ORGANIZER ALICE BOB("NEEDS-ACTION"), CONDITION_NONE},
	    {"method:request\n", ORGANIZER BOB("NEEDS-ACTION"), CONDITION_NONE},
	    {"METHOD:REQUEST\n", ORGANIZER, CALDAV_VALID_SCHEDULING_MESSAGE},
	    {"METHOD:REQUEST\n", BOB("NEEDS-ACTION"), CALDAV_VALID_SCHEDULING_MESSAGE},
	    {"METHOD:REPLY\n", ORGANIZER BOB("ACCEPTED"), CONDITION_NONE},
	    {"METHOD:REPLY\n", BOB("ACCEPTED"), CONDITION_NONE}, /* as Exchange writes it */
	    {"METHOD:REPLY\n", ORGANIZER ALICE BOB("ACCEPTED"), CALDAV_VALID_SCHEDULING_MESSAGE},
	    {"METHOD:REPLY\n", ORGANIZER, CALDAV_VALID_SCHEDULING_MESSAGE},
	    {"METHOD:CANCEL\n", ORGANIZER, CONDITION_NONE},
	    {"METHOD:CANCEL\n", BOB("ACCEPTED"), CALDAV_VALID_SCHEDULING_MESSAGE},
	    {"METHOD:ADD\n", ORGANIZER BOB("NEEDS-ACTION"), CONDITION_NONE},
	    {"METHOD:REFRESH\n", ORGANIZER BOB("ACCEPTED"), CONDITION_NONE},
	    {"METHOD:COUNTER\n", ORGANIZER BOB("TENTATIVE"), CONDITION_NONE},
	    {"METHOD:DECLINECOUNTER\n", ORGANIZER, CONDITION_NONE},
	    {"METHOD:PUBLISH\n", "", CONDITION_NONE},
	    {"", ORGANIZER BOB("ACCEPTED"), CALDAV_VALID_SCHEDULING_MESSAGE},
	    {"METHOD:REQUEST\nMETHOD:REQUEST\n", ORGANIZER BOB("ACCEPTED"), CALDAV_VALID_SCHEDULING_MESSAGE},
	    {"METHOD:POLLSTATUS\n", ORGANIZER BOB("ACCEPTED"), CALDAV_VALID_SCHEDULING_MESSAGE},
	    {"METHOD:REPLY\n", "DTSTART:nonsense\n" BOB("ACCEPTED"), CALDAV_VALID_CALENDAR_DATA},
	};
	const struct itip_env *env = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *text = arena_printf(env->arena, "BEGIN:VCALENDAR\nVERSION:2.0\n%s" "BEGIN:VEVENT\nUID:1\n%s%sEND:VEVENT\nEND:VCALENDAR\n",
		    rows[i].method, strstr(rows[i].lines, "DTSTART") != NULL ? "" : AT("09"), rows[i].lines);
		struct error err = ERROR_NONE;
		struct itip_message message;
		int ret = itip_message_read(env, slice_str(text), &message, &err);

		if (ret != (rows[i].wished == CONDITION_NONE ? 0 : -EINVAL) || err.condition != rows[i].wished)
			fail_msg("row %zu: %d, condition %d: %s", i, ret, err.condition, err.detail);
	}
}

static void test_what_is_written_is_read(void **state)
{
	const char *body = CALENDAR(EVENT(AT("09") ORGANIZER BOB("ACCEPTED")));
	const struct itip_env *env = *state;

	for (int i = 0; i < ITIP_METHOD_COUNT; i++) {
		struct error err = ERROR_NONE;
		struct itip_message message;
		struct slice text;

		assert_int_equal(itip_message_write(env, (enum itip_method)i, slice_str(body), &text), 0);
		if (itip_message_read(env, text, &message, &err) != 0)
			fail_msg("%s: %s", itip_method_name((enum itip_method)i).at, err.detail);
		assert_int_equal(message.method, i);
		assert_true(slice_is(message.body, body));
		assert_true(slice_is(calendar_object_uid(message.object), "1"));
	}
}

static void test_limits(void **state)
{
	const struct itip_env *env = *state;
	struct slice big = slice_of(arena_zalloc(env->arena, ITIP_MESSAGE_MAX + 1), ITIP_MESSAGE_MAX + 1);
	struct error err = ERROR_NONE;
	struct itip_message message;

	assert_int_equal(itip_message_read(env, big, &message, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_MAX_RESOURCE_SIZE);
	assert_int_equal(itip_message_read(env, SLICE("nothing of the kind"), &message, &err), -EINVAL);
	assert_int_equal(err.condition, CALDAV_VALID_CALENDAR_DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_checks_of_each_method),
	    cmocka_unit_test(test_what_is_written_is_read),
	    cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, itip_env_open, itip_env_close);
}
