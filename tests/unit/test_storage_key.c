/* Packing of tuples: known bytes, what does not fit, what is not a key. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "storage/key.h"

static void test_parts_are_packed_as_bytes_that_sort(void **state)
{
	struct key key;

	(void)state;
	key_begin(&key, 't');
	key_add_u8(&key, 7);
	key_add_u32(&key, 0x01020304);
	key_add_u64(&key, 258);
	key_add_i64(&key, -1);
	key_add_i64(&key, 0);
	key_add_text(&key, slice_of("a\0b", 3));
	assert_true(slice_equal(key_slice(&key), SLICE("t\7\1\2\3\4\0\0\0\0\0\0\1\2"
						       "\x7f\xff\xff\xff\xff\xff\xff\xff\x80\0\0\0\0\0\0\0"
						       "a\0\xff"
						       "b\0\0")));
}

static void test_what_was_packed_is_read_back(void **state)
{
	static const int64_t instants[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, 1800000000, INT64_MAX};
	char out[8];
	struct slice text, rest;
	struct key key;
	uint8_t small;
	uint32_t medium;
	uint64_t large;
	int64_t instant;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(instants); i++) {
		key_begin(&key, 't');
		key_add_i64(&key, instants[i]);
		key_add_text(&key, slice_of("\0\xff\0", 3));
		key_add_u8(&key, 0xff);
		key_add_u32(&key, UINT32_MAX);
		key_add_u64(&key, UINT64_MAX - 1);
		rest = slice_from(key_slice(&key), 1);
		assert_true(key_take_i64(&rest, &instant) && instant == instants[i]);
		assert_true(key_take_text(&rest, out, sizeof(out), &text) && slice_equal(text, slice_of("\0\xff\0", 3)));
		assert_true(key_take_u8(&rest, &small) && small == 0xff);
		assert_true(key_take_u32(&rest, &medium) && medium == UINT32_MAX);
		assert_true(key_take_u64(&rest, &large) && large == UINT64_MAX - 1);
		assert_int_equal(rest.len, 0);
		assert_false(key_take_u8(&rest, &small));
		assert_false(key_take_u32(&rest, &medium));
		assert_false(key_take_u64(&rest, &large));
		assert_false(key_take_i64(&rest, &instant));
	}
}

static void test_text_that_is_cut_or_not_escaped_is_refused(void **state)
{
	static const struct slice rows[] = {
	    {"", 0}, {"abc", 3}, {"abc\0", 4}, {"abc\0\1", 5}, {"abc\0\xff", 5}, {"123456789\0", 11},
	};
	char out[8];
	struct slice text;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice rest = rows[i];

		if (key_take_text(&rest, out, sizeof(out), &text))
			fail_msg("row %zu was read as text", i);
	}
}

static void test_a_key_that_is_too_long_stays_too_long(void **state)
{
	static char long_text[KV_KEY_MAX - 3];
	struct key key, end;

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	key_begin(&key, 't');
	key_add_text(&key, slice_of(long_text, sizeof(long_text)));
	assert_int_equal(key.len, KV_KEY_MAX);
	key_add_u8(&key, 1);
	assert_int_equal(key.len, KV_KEY_MAX + 1);
	key_add_u8(&key, 1);
	assert_int_equal(key.len, KV_KEY_MAX + 1);
	end = key_end(&key);
	assert_int_equal(end.len, KV_KEY_MAX + 1);
}

static void test_the_end_of_a_range_is_behind_all_that_begin_so(void **state)
{
	struct key key, end;

	(void)state;
	key_begin(&key, 't');
	key_add_u64(&key, UINT64_MAX);
	end = key_end(&key);
	assert_true(slice_equal(key_slice(&end), SLICE("u")));
	key_begin(&key, 't');
	key_add_u8(&key, 3);
	key_add_u8(&key, 0xff);
	end = key_end(&key);
	assert_true(slice_equal(key_slice(&end), SLICE("t\4")));
}

static void test_hashes_tell_long_texts_apart(void **state)
{
	static char text[4096];
	struct key a, b;

	(void)state;
	key_begin(&a, 't');
	key_add_hash(&a, slice_of(text, sizeof(text)));
	text[4095] = 1;
	key_begin(&b, 't');
	key_add_hash(&b, slice_of(text, sizeof(text)));
	assert_int_equal(a.len, 17);
	assert_false(slice_equal(key_slice(&a), key_slice(&b)));
	assert_int_equal(key_digest(SLICE("")), UINT64_C(0xe3b0c44298fc1c14)); /* SHA-256 of nothing */
	assert_int_equal(key_digest(SLICE("abc")), UINT64_C(0xba7816bf8f01cfea)); /* FIPS 180-2, B.1 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parts_are_packed_as_bytes_that_sort),
	    cmocka_unit_test(test_what_was_packed_is_read_back),
	    cmocka_unit_test(test_text_that_is_cut_or_not_escaped_is_refused),
	    cmocka_unit_test(test_a_key_that_is_too_long_stays_too_long),
	    cmocka_unit_test(test_the_end_of_a_range_is_behind_all_that_begin_so),
	    cmocka_unit_test(test_hashes_tell_long_texts_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
