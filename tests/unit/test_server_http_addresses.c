/* Connections counted by address. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "protocol/base/cleanup.h"
#include "server/http/http_private.h"

static const struct sockaddr *address(const char *host)
{
	static struct address parsed;

	if (address_parse_host(host, &parsed) < 0)
		fail_msg("%s", host);
	return (const struct sockaddr *)&parsed.socket;
}

static void test_each_address_has_its_share(void **state)
{
	/* "+": taken, "-": there are two already */
	static const struct {
		char verdict;
		const char *host;
	} rows[] = {
	    {'+', "192.0.2.1"}, {'+', "192.0.2.1"}, {'-', "192.0.2.1"}, {'+', "192.0.2.2"},
	    {'-', "::ffff:192.0.2.1"}, /* by way of a socket for both families */
	    {'+', "::ffff:192.0.2.2"}, {'-', "192.0.2.2"}, {'+', "::ffff:192.0.2.3"},
	    {'+', "2001:db8::1"}, {'+', "2001:db8::2"}, {'-', "2001:db8::3"}, /* one client: it chooses its last 64 bits */
	    {'+', "2001:db8:0:1::1"},
	};
	struct http_addresses *addresses = http_addresses_new();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (http_addresses_take(addresses, address(rows[i].host), 2) != (rows[i].verdict == '+'))
			fail_msg("row %zu, %s", i, rows[i].host);
	http_addresses_give(addresses, address("192.0.2.1"));
	assert_true(http_addresses_take(addresses, address("192.0.2.1"), 2));
	assert_false(http_addresses_take(addresses, address("192.0.2.1"), 2));
	http_addresses_free(addresses);
}

static void test_what_is_given_back_is_forgotten(void **state)
{
	struct http_addresses *addresses = http_addresses_new();
	char host[32];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5000; i++) {
			snprintf(host, sizeof(host), "10.0.%d.%d", i / 250, i % 250);
			assert_true(http_addresses_take(addresses, address(host), 1));
		}
		for (int i = 0; i < 5000; i++) {
			snprintf(host, sizeof(host), "10.0.%d.%d", i / 250, i % 250);
			assert_false(http_addresses_take(addresses, address(host), 1));
			http_addresses_give(addresses, address(host));
		}
	}
	http_addresses_free(addresses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_address_has_its_share),
	    cmocka_unit_test(test_what_is_given_back_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
