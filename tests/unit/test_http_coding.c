/* Content codings: what a client takes, and gzip both ways within limits. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "protocol/http/coding.h"

static void test_a_client_says_what_it_takes(void **state)
{
	static const struct {
		const char *field;
		bool gzip;
	} rows[] = {
	    {NULL, false}, {"", false}, {"gzip", true}, {"GZIP, deflate, br", true}, {"x-gzip", true}, {"deflate, br", false},
	    {"gzip;q=0", false}, {"gzip;q=0.000", false}, {"gzip;q=0.001", true}, {"*", true}, {"*;q=0", false},
	    {"*, gzip;q=0", false}, {"gzip;q=0.5, identity;q=0.8", false}, {"gzip;q=0.8, identity;q=0.5", true},
	    {"identity", false}, {"identity, gzip", true}, {"gzip;q=2", false}, {"gzip;q=0.5555", false}, {"gzip;q=x", false},
	    {"gzip ; q=1.0", true}, {"gzip;q=.5", false}, {"gzipped", false}, {"deflate;q=0.5, *;q=0.1", true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct http_field field = {SLICE("accept-encoding"), slice_str(rows[i].field)};
		const struct http_headers headers = {&field, rows[i].field != NULL};

		if (http_coding_takes_gzip(&headers) != rows[i].gzip)
			fail_msg("%s: %s", rows[i].field, rows[i].gzip ? "gzip was wished" : "gzip was not wished");
	}
}

static void test_a_body_says_its_coding(void **state)
{
	static const struct {
		const char *field;
		enum http_coding coding;
	} rows[] = {
	    {NULL, HTTP_IDENTITY}, {"identity", HTTP_IDENTITY}, {"gzip", HTTP_GZIP}, {"X-GZip", HTTP_GZIP},
	    {"identity, gzip", HTTP_GZIP}, {"gzip, gzip", HTTP_CODING_UNKNOWN}, {"br", HTTP_CODING_UNKNOWN},
	    {"deflate", HTTP_CODING_UNKNOWN}, {"gzip, br", HTTP_CODING_UNKNOWN}, {"br, gzip", HTTP_CODING_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct http_field field = {SLICE("Content-Encoding"), slice_str(rows[i].field)};
		const struct http_headers headers = {&field, rows[i].field != NULL};

		if (http_coding_of(&headers) != rows[i].coding)
			fail_msg("%s", rows[i].field);
	}
}

static void fill(struct buf *b, size_t len)
{
	while (b->len < len)
		buf_printf(b, "%zu%c", b->len * b->len, b->len % 7 ? 'a' : '\0');
	buf_truncate(b, len);
}

static void test_what_was_compressed_comes_back(void **state)
{
	static const size_t lengths[] = {0, 1, 100, 16383, 16384, 16385, 1000000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		AUTO_BUF struct buf text = BUF_INIT(2000000), small = BUF_INIT(2000000), again = BUF_INIT(lengths[i]);

		fill(&text, lengths[i]);
		assert_int_equal(http_gzip(buf_slice(&text), &small), 0);
		assert_true(lengths[i] < 1000 || small.len < lengths[i]);
		assert_int_equal(http_gunzip(buf_slice(&small), &again), 0); /* into exactly as much room */
		assert_true(slice_equal(buf_slice(&again), buf_slice(&text)));
	}
}

static void test_a_bomb_ends_at_the_limit(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(20u << 20), small = BUF_INIT(1 << 20), room = BUF_INIT(100000);

	(void)state;
	memset(buf_reserve(&text, 20u << 20), 'a', 20u << 20);
	buf_reserved(&text, 20u << 20);
	assert_int_equal(http_gzip(buf_slice(&text), &small), 0);
	assert_true(small.len < 50000);
	assert_int_equal(http_gunzip(buf_slice(&small), &room), -EMSGSIZE);
	assert_true(room.len <= 100000 && room.capacity <= 200001);
}

static void test_one_byte_too_many_is_too_many(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(100000), small = BUF_INIT(100000), room = BUF_INIT(49999), tight = BUF_INIT(10);

	(void)state;
	fill(&text, 50000);
	assert_int_equal(http_gzip(buf_slice(&text), &small), 0);
	assert_int_equal(http_gunzip(buf_slice(&small), &room), -EMSGSIZE);
	assert_int_equal(http_gzip(buf_slice(&text), &tight), -EMSGSIZE);
}

static void test_broken_gzip_is_refused(void **state)
{
	AUTO_BUF struct buf text = BUF_INIT(100000), small = BUF_INIT(100000);

	(void)state;
	fill(&text, 50000);
	assert_int_equal(http_gzip(buf_slice(&text), &small), 0);
	for (size_t cut = 0; cut < small.len; cut += cut < 40 || cut > small.len - 40 ? 1 : 997) {
		AUTO_BUF struct buf out = BUF_INIT(100000);

		if (http_gunzip(slice_of(small.at, cut), &out) != -EINVAL)
			fail_msg("cut at %zu of %zu", cut, small.len);
	}
	for (size_t i = 0; i < 8; i++) { /* check sum and length */
		AUTO_BUF struct buf out = BUF_INIT(100000);

		small.at[small.len - 1 - i] ^= 1;
		assert_int_equal(http_gunzip(buf_slice(&small), &out), -EINVAL);
		small.at[small.len - 1 - i] ^= 1;
	}
	buf_add_char(&small, 'x');
	buf_reset(&text);
	assert_int_equal(http_gunzip(buf_slice(&small), &text), -EINVAL); /* bytes behind it */
	buf_reset(&text);
	assert_int_equal(http_gunzip(SLICE("BEGIN:VCALENDAR"), &text), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_client_says_what_it_takes),
	    cmocka_unit_test(test_a_body_says_its_coding),
	    cmocka_unit_test(test_what_was_compressed_comes_back),
	    cmocka_unit_test(test_a_bomb_ends_at_the_limit),
	    cmocka_unit_test(test_one_byte_too_many_is_too_many),
	    cmocka_unit_test(test_broken_gzip_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
