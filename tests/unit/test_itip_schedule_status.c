#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "protocol/base/cleanup.h"
#include "protocol/itip/schedule_status.h"

static void test_every_code_is_read_back(void **state)
{
	enum schedule_status status;

	(void)state;
	for (int i = 0; i < SCHEDULE_STATUS_COUNT; i++) {
		if (!schedule_status_read(schedule_status_code((enum schedule_status)i), &status) || (int)status != i)
			fail_msg("%s", schedule_status_text((enum schedule_status)i).at);
		assert_true(schedule_status_read(schedule_status_text((enum schedule_status)i), &status));
		assert_int_equal(status, i);
	}
}

static void test_what_is_no_code(void **state)
{
	const char *rows[] = {"", ";", "1", "1.9", "9.9;x", "2.00"};
	enum schedule_status status = SCHEDULE_REJECTED;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (schedule_status_read(slice_str(rows[i]), &status))
			fail_msg("\"%s\" is read as %d", rows[i], status);
	assert_int_equal(status, SCHEDULE_REJECTED);
}

static void test_whose_answers_come_through_the_server(void **state)
{
	(void)state;
	assert_true(schedule_status_is_delivered(SLICE("1.2")));
	assert_true(schedule_status_is_delivered(SLICE("2.0;Success")));
	assert_false(schedule_status_is_delivered(SLICE("1.1")));
	assert_false(schedule_status_is_delivered(SLICE("3.7")));
	assert_false(schedule_status_is_delivered(SLICE_EMPTY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_code_is_read_back),
	    cmocka_unit_test(test_what_is_no_code),
	    cmocka_unit_test(test_whose_answers_come_through_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
