#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "server/base/rate.h"

#define SECOND INT64_C(1000000)
#define NOW    (INT64_C(3600) * SECOND)

static void test_all_may_come_at_once_and_then_one_after_another(void **state)
{
	struct rate *rate = rate_new();

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(rate_take(rate, "192.0.2.1", 20, NOW), 0);
	assert_int_equal(rate_take(rate, "192.0.2.1", 20, NOW), 3);
	assert_int_equal(rate_take(rate, "192.0.2.1", 20, NOW + 2 * SECOND), 1);
	assert_int_equal(rate_take(rate, "192.0.2.1", 20, NOW + 3 * SECOND), 0);
	assert_int_equal(rate_take(rate, "192.0.2.1", 20, NOW + 3 * SECOND), 3); /* what was refused cost nothing */
	for (int i = 0; i < 20; i++)
		assert_int_equal(rate_take(rate, "192.0.2.1", 20, NOW + 63 * SECOND), 0);
	rate_free(rate);
}

static void test_addresses_are_counted_apart_and_a_network_of_ipv6_together(void **state)
{
	struct rate *rate = rate_new();

	(void)state;
	assert_int_equal(rate_take(rate, "192.0.2.1", 1, NOW), 0);
	assert_int_equal(rate_take(rate, "192.0.2.2", 1, NOW), 0);
	assert_int_equal(rate_take(rate, "192.0.2.1", 1, NOW), 60);
	assert_int_equal(rate_take(rate, "2001:db8:0:1::1", 1, NOW), 0);
	assert_int_equal(rate_take(rate, "2001:db8:0:1:ffff::7", 1, NOW), 60);
	assert_int_equal(rate_take(rate, "2001:db8:0:2::1", 1, NOW), 0);
	rate_free(rate);
}

static void test_no_limit_is_none(void **state)
{
	struct rate *rate = rate_new();

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(rate_take(rate, "192.0.2.1", 0, NOW), 0);
	rate_free(rate);
}

/* Each of a crowd that the table has no room for is let in; who is at his limit is the last to be forgotten. */
static void test_a_crowd_does_not_free_who_is_at_his_limit(void **state)
{
	struct rate *rate = rate_new();

	(void)state;
	for (int i = 0; i < 60; i++)
		assert_int_equal(rate_take(rate, "198.51.100.1", 60, NOW), 0);
	for (int i = 0; i < 100000; i++) {
		char address[32];

		snprintf(address, sizeof(address), "10.%d.%d.%d", i / 65536, i / 256 % 256, i % 256);
		assert_int_equal(rate_take(rate, address, 60, NOW), 0);
	}
	assert_int_equal(rate_take(rate, "198.51.100.1", 60, NOW), 1);
	rate_free(rate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_may_come_at_once_and_then_one_after_another),
	    cmocka_unit_test(test_addresses_are_counted_apart_and_a_network_of_ipv6_together),
	    cmocka_unit_test(test_no_limit_is_none),
	    cmocka_unit_test(test_a_crowd_does_not_free_who_is_at_his_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
