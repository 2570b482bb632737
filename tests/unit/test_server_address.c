#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "server/base/address.h"

static const struct sockaddr *socket_of(const struct address *address)
{
	return (const struct sockaddr *)&address->socket;
}

static struct address address_of(const char *text)
{
	struct address address;

	if (address_parse(text, &address) < 0)
		fail_msg("%s: refused", text);
	return address;
}

static void test_address_forms(void **state)
{
	static const struct {
		const char *text, *again; /* NULL: refused */
	} rows[] = {
	    {"127.0.0.1:8080", "127.0.0.1:8080"},
	    {"0.0.0.0:0", "0.0.0.0:0"},
	    {"[::1]:65535", "[::1]:65535"},
	    {"[2001:db8:0:0:0:0:0:1]:80", "[2001:db8::1]:80"},
	    {"[::ffff:192.0.2.1]:80", "192.0.2.1:80"},
	    {"", NULL},
	    {"8080", NULL},
	    {":8080", NULL},
	    {"localhost:8080", NULL},
	    {"127.0.0.1", NULL},
	    {"127.0.0.1:", NULL},
	    {"127.0.0.1:65536", NULL},
	    {"127.0.0.1:-1", NULL},
	    {"127.0.0.1:80 ", NULL},
	    {"127.1:80", NULL},
	    {"256.0.0.1:80", NULL},
	    {"::1:80", NULL},
	    {"[127.0.0.1]:80", NULL},
	    {"[::1]80", NULL},
	    {"[]:80", NULL},
	    {"[:80", NULL},
	    {"[fe80::1%lo]:80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char again[ADDRESS_TEXT_SIZE] = "";
		struct address address;
		int ret = address_parse(rows[i].text, &address);

		if (ret == 0)
			address_format(socket_of(&address), again);
		if (rows[i].again == NULL ? ret != -EINVAL : ret != 0 || strcmp(again, rows[i].again) != 0)
			fail_msg("%s: %d, %s", rows[i].text, ret, again);
	}
}

static void test_the_longest_address_fits(void **state)
{
	struct address address = address_of("[1111:2222:3333:4444:5555:6666:7777:8888]:12345");
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	address_format(socket_of(&address), text);
	assert_string_equal(text, "[1111:2222:3333:4444:5555:6666:7777:8888]:12345");
	address_format_host(socket_of(&address), text);
	assert_string_equal(text, "1111:2222:3333:4444:5555:6666:7777:8888");
}

static void test_a_socket_without_an_address_has_a_text(void **state)
{
	const struct sockaddr local = {.sa_family = AF_UNIX};
	char text[ADDRESS_TEXT_SIZE];

	(void)state;
	address_format(&local, text);
	assert_string_equal(text, "?");
	assert_false(address_is_loopback(&local));
}

static void test_loopback(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} rows[] = {
	    {"127.0.0.1:1", true},
	    {"127.255.0.9:1", true},
	    {"[::1]:1", true},
	    {"[::ffff:127.0.0.1]:1", true},
	    {"128.0.0.1:1", false},
	    {"0.0.0.0:1", false},
	    {"[::]:1", false},
	    {"[::2]:1", false},
	    {"[7f00::1]:1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct address address = address_of(rows[i].text);

		if (address_is_loopback(socket_of(&address)) != rows[i].loopback)
			fail_msg("%s", rows[i].text);
	}
}

static void test_network_forms(void **state)
{
	static const char *const wrong[] = {
	    "", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0/8", "10.0.0.0/8/8", "::/129", "::1/64", "example.org",
	    "10.0.0.0/-1", " 10.0.0.0",
	};
	struct network network;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		if (network_parse(wrong[i], &network) != -EINVAL)
			fail_msg("%s: taken", wrong[i]);
}

static void test_network_holds_what_shares_its_first_bits(void **state)
{
	static const struct {
		const char *network, *address;
		bool holds;
	} rows[] = {
	    {"10.0.0.0/8", "10.255.255.255:1", true},
	    {"10.0.0.0/8", "11.0.0.0:1", false},
	    {"192.0.2.7", "192.0.2.7:1", true},
	    {"192.0.2.7", "192.0.2.6:1", false},
	    {"192.0.2.128/25", "192.0.2.128:1", true},
	    {"192.0.2.128/25", "192.0.2.127:1", false},
	    {"0.0.0.0/0", "203.0.113.1:1", true},
	    {"0.0.0.0/0", "[::1]:1", false},
	    {"192.0.2.0/24", "[::ffff:192.0.2.1]:1", true},
	    {"2001:db8::/33", "[2001:db8:7fff::1]:1", true},
	    {"2001:db8::/33", "[2001:db8:8000::1]:1", false},
	    {"::/0", "192.0.2.1:1", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct address address = address_of(rows[i].address);
		struct network network;

		assert_int_equal(network_parse(rows[i].network, &network), 0);
		if (network_holds(&network, socket_of(&address)) != rows[i].holds)
			fail_msg("%s in %s", rows[i].address, rows[i].network);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_address_forms),
	    cmocka_unit_test(test_the_longest_address_fits),
	    cmocka_unit_test(test_a_socket_without_an_address_has_a_text),
	    cmocka_unit_test(test_loopback),
	    cmocka_unit_test(test_network_forms),
	    cmocka_unit_test(test_network_holds_what_shares_its_first_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
