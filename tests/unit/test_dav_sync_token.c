#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "protocol/dav/sync_token.h"

static void test_a_token_is_read_as_it_was_written(void **state)
{
	static const struct sync_token tokens[] = {
	    {0, 0, 0, 0},
	    {0xdeadbeef, 1, 17, 0},
	    {UINT64_MAX, UINT64_MAX, UINT64_MAX, 0},
	    {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX},
	    {1, 0x1f, 20, 300},
	    {1, 2, 0, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct buf text = BUF_INIT(200);
		struct sync_token back;

		sync_token_write(&text, &tokens[i]);
		assert_int_equal(text.err, 0);
		/* Evolution throws a token away that has neither. */
		assert_true(slice_find_byte(buf_slice(&text), ':') > 0);
		if (sync_token_read(buf_slice(&text), &back) < 0)
			fail_msg("%s", buf_cstr(&text));
		assert_memory_equal(&back, &tokens[i], sizeof(back));
		buf_free(&text);
	}
}

static void test_what_is_no_token(void **state)
{
	static const struct slice rows[] = {
#define ROW(text) {text, sizeof(text) - 1}
	    ROW(""),
	    ROW("urn:slotkeeper:sync:"),
	    ROW("urn:slotkeeper:sync:1"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-17-"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-17-18-"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-17-18-19"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef--17"),
	    ROW("urn:slotkeeper:sync:-1-17"),
	    /* a page behind the state in which the sync began */
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-17-16"),
	    /* one state, one spelling */
	    ROW("urn:slotkeeper:sync:deadbeef-1-17"),
	    ROW("urn:slotkeeper:sync:00000000DEADBEEF-1-17"),
	    ROW("URN:slotkeeper:sync:00000000deadbeef-1-17"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-01-17"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-017"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-0-0"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-+7"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-0x1-17"),
	    ROW(" urn:slotkeeper:sync:00000000deadbeef-1-17"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-17 "),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-17\0"),
	    /* out of range */
	    ROW("urn:slotkeeper:sync:100000000deadbeef-1-17"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-11111111111111111-17"),
	    ROW("urn:slotkeeper:sync:00000000deadbeef-1-18446744073709551616"),
	    ROW("http://example.com/sync/17"),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sync_token token = {.number = 99};

		if (sync_token_read(rows[i], &token) != -EINVAL || token.number != 99)
			fail_msg("%s is taken for a token", rows[i].at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_token_is_read_as_it_was_written),
	    cmocka_unit_test(test_what_is_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
