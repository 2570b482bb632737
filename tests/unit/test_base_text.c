/* Slices, buffers, codecs, UTF-8 and instants. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "protocol/base/arena.h"
#include "protocol/base/codec.h"
#include "protocol/base/instant.h"
#include "protocol/base/utf8.h"

static void test_every_day_of_ten_thousand_years_goes_there_and_back(void **state)
{
	int64_t first = civil_to_days(1, 1, 1), last = civil_to_days(9999, 12, 31);

	(void)state;
	assert_int_equal(civil_to_days(1970, 1, 1), 0);
	assert_int_equal(first * DAY_SECONDS, INSTANT_MIN);
	assert_int_equal((last + 1) * DAY_SECONDS, INSTANT_MAX);
	for (int64_t day = first; day <= last; day++) {
		int y, m, d;

		civil_from_days(day, &y, &m, &d);
		if (civil_to_days(y, m, d) != day || !civil_is_valid(&(struct civil){y, m, d, 0, 0, 0}))
			fail_msg("day %lld became %d-%d-%d", (long long)day, y, m, d);
	}
	assert_int_equal(civil_weekday(civil_to_days(2026, 11, 25)), 2); /* a Wednesday */
	assert_int_equal(civil_to_days(2026, 14, 1), civil_to_days(2027, 2, 1));
	assert_int_equal(civil_to_days(2026, 0, 1), civil_to_days(2025, 12, 1));
}

static void test_instants_as_text(void **state)
{
	static const struct {
		const char *text;
		instant_t at;
		int offset;
	} rows[] = {
	    {"2027-03-28T09:00:00+02:00", 1806217200, 7200},
	    {"2027-03-28T07:00:00Z", 1806217200, 0},
	    {"2027-03-28t07:00:00.123z", 1806217200, 0},
	    {"2027-03-28T01:30:00-05:30", 1806217200, -19800},
	    {"2027-02-29T07:00:00Z", -1, 0},
	    {"0001-01-01T00:00:00+00:01", -1, 0}, /* before the first instant */
	    {"9999-12-31T23:59:59-00:01", -1, 0}, /* behind the last */
	    {"2027-03-28T07:00:00+24:00", -1, 0},
	    {"2027-03-28T07:00:00+0100", -1, 0},
	    {"2027-03-28T07:00:00.Z", -1, 0},
	    {"2027-03-28T24:00:00Z", -1, 0},
	    {"2027-03-28T07:00:00", -1, 0},
	    {"2027-03-28 07:00:00Z", -1, 0},
	    {"2027-03-28T07:00:00Zx", -1, 0},
	    {"", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		instant_t at = -1;
		int offset = 0;
		int ret = instant_parse_rfc3339(slice_str(rows[i].text), &at, &offset);

		if ((ret == 0) != (rows[i].at >= 0) || at != rows[i].at || offset != rows[i].offset)
			fail_msg("%s: %d, %lld, %d", rows[i].text, ret, (long long)at, offset);
	}
	for (int i = 0; i < 2; i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);

		buf_add_rfc3339(&b, rows[i].at, rows[i].offset);
		assert_string_equal(buf_cstr(&b), rows[i].text);
	}
}

static void test_instants_that_have_no_text_of_their_own(void **state)
{
	static const struct {
		instant_t at;
		int offset;
		const char *text;
	} rows[] = {
	    {INSTANT_MAX, 0, "9999-12-31T23:59:59Z"},
	    {INSTANT_MAX - 1, 7200, "9999-12-31T23:59:59+02:00"},
	    {INSTANT_MIN, -3600, "0001-01-01T00:00:00-01:00"},
	    {0, 1172, "1970-01-01T00:19:00+00:19"}, /* local mean time of Amsterdam: 19 minutes 32 seconds */
	    {0, -1172, "1969-12-31T23:41:00-00:19"},
	};
	AUTO_BUF struct buf basic = BUF_INIT(100);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);

		buf_add_rfc3339(&b, rows[i].at, rows[i].offset);
		if (!slice_is(buf_slice(&b), rows[i].text))
			fail_msg("%s, not %s", buf_cstr(&b), rows[i].text);
	}
	buf_add_basic_utc(&basic, INSTANT_MAX);
	assert_string_equal(buf_cstr(&basic), "99991231T235959Z");
}

static void test_instants_in_icalendar(void **state)
{
	static const struct {
		const char *text;
		instant_t at;
	} rows[] = {
	    {"20270328T070000Z", 1806217200}, {"19700101T000000Z", 0}, {"20270328T070060Z", 1806217259},
	    {"20270328T070000", -1}, {"20270328", -1}, {"2027-03-28T07:00:00Z", -1}, {"20270229T070000Z", -1},
	    {"20270328T240000Z", -1}, {"20270328T070000Z ", -1}, {"00000328T070000Z", -1}, {"+0270328T070000Z", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);
		instant_t at = -1;
		int ret = instant_parse_basic(slice_str(rows[i].text), &at);

		if (at != rows[i].at || (ret == 0) != (at >= 0))
			fail_msg("%s: %d, %lld", rows[i].text, ret, (long long)at);
		if (ret < 0 || i == 2)
			continue;
		buf_add_basic_utc(&b, at);
		assert_string_equal(buf_cstr(&b), rows[i].text);
	}
}

static void test_sums_of_instants_stay_in_range(void **state)
{
	static const struct {
		instant_t at;
		int64_t seconds;
		instant_t sum;
	} rows[] = {
	    {0, 5, 5}, {5, -10, -5}, {INSTANT_MAX, 1, INSTANT_MAX}, {INSTANT_MIN, -1, INSTANT_MIN},
	    {0, INT64_MAX, INSTANT_MAX}, {0, INT64_MIN, INSTANT_MIN}, {INSTANT_MAX, INT64_MAX, INSTANT_MAX},
	    {INSTANT_MIN, INT64_MIN, INSTANT_MIN}, {INSTANT_MAX, -1, INSTANT_MAX - 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (instant_add(rows[i].at, rows[i].seconds) != rows[i].sum)
			fail_msg("%lld + %lld", (long long)rows[i].at, (long long)rows[i].seconds);
}

static void test_civil_times_that_are_none(void **state)
{
	static const struct {
		struct civil civil;
		bool valid;
	} rows[] = {
	    {{2000, 2, 29, 0, 0, 0}, true}, {{1900, 2, 29, 0, 0, 0}, false}, {{2024, 2, 29, 23, 59, 60}, true},
	    {{2023, 2, 29, 0, 0, 0}, false}, {{2023, 4, 31, 0, 0, 0}, false}, {{0, 1, 1, 0, 0, 0}, false},
	    {{10000, 1, 1, 0, 0, 0}, false}, {{2023, 0, 1, 0, 0, 0}, false}, {{2023, 13, 1, 0, 0, 0}, false},
	    {{2023, 1, 0, 0, 0, 0}, false}, {{2023, 1, 1, 24, 0, 0}, false}, {{2023, 1, 1, 0, 60, 0}, false},
	    {{2023, 1, 1, 0, 0, 61}, false}, {{2023, 1, 1, -1, 0, 0}, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (civil_is_valid(&rows[i].civil) != rows[i].valid)
			fail_msg("row %zu", i);
	assert_true(civil_compare(&rows[0].civil, &rows[2].civil) < 0);
	assert_true(civil_compare(&rows[2].civil, &rows[0].civil) > 0);
	assert_int_equal(civil_compare(&rows[0].civil, &rows[0].civil), 0);
}

static void test_codecs_go_there_and_back(void **state)
{
	unsigned char bytes[64], back[64];

	(void)state;
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		AUTO_BUF struct buf b = BUF_INIT(1000);

		for (size_t i = 0; i < len; i++)
			bytes[i] = (unsigned char)(i * 89 + len * 7);
		codec_base64_encode(&b, bytes, len);
		assert_int_equal(codec_base64_decode(buf_slice(&b), back, sizeof(back)), len);
		assert_memory_equal(bytes, back, len);
		buf_reset(&b);
		codec_base64url_encode(&b, bytes, len);
		assert_int_equal(codec_base64url_decode(buf_slice(&b), back, sizeof(back)), len);
		assert_memory_equal(bytes, back, len);
		buf_reset(&b);
		codec_hex_encode(&b, bytes, len);
		assert_int_equal(codec_hex_decode(buf_slice(&b), back, sizeof(back)), len);
		assert_memory_equal(bytes, back, len);
	}
	assert_int_equal(codec_base64_decode(SLICE("QQ=="), back, 0), -ENOSPC);
	assert_int_equal(codec_base64_decode(SLICE("QR=="), back, 9), -EINVAL); /* spare bits */
	assert_int_equal(codec_base64_decode(SLICE("QQ"), back, 9), -EINVAL);
	assert_int_equal(codec_base64_decode(SLICE("Q==="), back, 9), -EINVAL);
	assert_int_equal(codec_percent_decode(SLICE("a%2Fb%"), (char *)back, 9), -EINVAL);
	assert_int_equal(codec_percent_decode(SLICE("a%2fb"), (char *)back, 9), 3);
	assert_memory_equal(back, "a/b", 3);
}

static void test_utf8(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		size_t count;
	} rows[] = {
	    {"", true, 0},
	    {"caf\xc3\xa9", true, 4},
	    {"\xf0\x9f\x98\x80", true, 1},
	    {"\xc0\x80", false, 2},
	    {"\xed\xa0\x80", false, 3},
	    {"\xf4\x90\x80\x80", false, 4},
	    {"\xe2\x82", false, 2},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (utf8_is_valid(slice_str(rows[i].text)) != rows[i].valid ||
		    utf8_count(slice_str(rows[i].text)) != rows[i].count)
			fail_msg("row %zu", i);
	assert_int_equal(utf8_truncate(SLICE("caf\xc3\xa9s"), 4).len, 3);
	assert_int_equal(utf8_truncate(SLICE("caf\xc3\xa9s"), 5).len, 5);
	assert_true(utf8_contains_folded(SLICE("GRÜSSE aus KÖLN"), SLICE("köln")));
	assert_true(utf8_contains_folded(SLICE("ΣΊΣΥΦΟΣ"), SLICE("σίσυφος")));
	assert_false(utf8_contains_folded(SLICE("abc"), SLICE("abd")));
	assert_true(utf8_match_folded(SLICE("Köln am Rhein"), SLICE("KÖLN"), TEXT_STARTS));
	assert_false(utf8_match_folded(SLICE("Köln am Rhein"), SLICE("rhein"), TEXT_STARTS));
	assert_true(utf8_match_folded(SLICE("Köln am Rhein"), SLICE("RHEIN"), TEXT_ENDS));
	assert_false(utf8_match_folded(SLICE("Köln am Rhein"), SLICE("köln"), TEXT_ENDS));
	assert_true(utf8_match_folded(SLICE("rhe rhein"), SLICE("rhein"), TEXT_ENDS));
	assert_false(utf8_match_folded(SLICE("Köln am Rhein"), SLICE("köln"), TEXT_EQUALS));
	assert_true(utf8_match_folded(SLICE("KÖLN"), SLICE("köln"), TEXT_EQUALS));
	assert_true(utf8_match_folded(SLICE("x"), SLICE(""), TEXT_ENDS));
	assert_true(utf8_equal_folded(SLICE("Москва"), SLICE("МОСКВА")));
}

static void test_a_buffer_keeps_its_first_error(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(10);

	(void)state;
	buf_add_str(&b, "0123456789");
	assert_int_equal(b.err, 0);
	assert_string_equal(buf_cstr(&b), "0123456789");
	buf_add_char(&b, 'x');
	assert_int_equal(b.err, -EMSGSIZE);
	buf_reset(&b);
	buf_printf(&b, "%d-%s", 12, "abcdefg");
	assert_int_equal(b.err, 0);
	buf_reset(&b);
	buf_printf(&b, "%d-%s", 12, "abcdefgh");
	assert_int_equal(b.err, -EMSGSIZE);
	assert_null(buf_steal(&b, NULL));
	buf_add_xml(&b, SLICE("a<\x01"));
	assert_string_equal(buf_cstr(&b), "a&lt;\xef\xbf\xbd");
}

static void test_numbers_in_a_buffer(void **state)
{
	static const struct {
		int64_t value;
		const char *text;
	} rows[] = {
	    {0, "0"}, {-1, "-1"}, {INT64_MAX, "9223372036854775807"}, {INT64_MIN, "-9223372036854775808"},
	};
	AUTO_BUF struct buf b = BUF_INIT(100);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&b);
		buf_add_i64(&b, rows[i].value);
		assert_string_equal(buf_cstr(&b), rows[i].text);
	}
	buf_reset(&b);
	buf_add_u64(&b, UINT64_MAX);
	assert_string_equal(buf_cstr(&b), "18446744073709551615");
}

static void test_escapes_of_a_buffer(void **state)
{
	static const struct {
		void (*add)(struct buf *b, struct slice text);
		const char *text, *escaped;
	} rows[] = {
	    {buf_add_xml, "", ""},
	    {buf_add_xml, "plain", "plain"},
	    {buf_add_xml, "<a b=\"c\">&amp;\r\n\t", "&lt;a b=&quot;c&quot;&gt;&amp;amp;&#13;\n\t"},
	    {buf_add_xml, "]]>", "]]&gt;"},
	    {buf_add_percent, "a/b c~", "a%2Fb%20c~"},
	    {buf_add_percent_path, "/a b/caf\xc3\xa9%", "/a%20b/caf%C3%A9%25"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(100);

		rows[i].add(&b, slice_str(rows[i].text));
		if (strcmp(buf_cstr(&b), rows[i].escaped) != 0)
			fail_msg("%s: %s", rows[i].text, buf_cstr(&b));
	}
}

static void test_a_buffer_gives_its_bytes_away(void **state)
{
	struct buf b = BUF_INIT(10);
	size_t len;
	char *text;

	(void)state;
	buf_add_str(&b, "0123456789");
	text = buf_steal(&b, &len);
	assert_string_equal(text, "0123456789");
	assert_int_equal(len, 10);
	assert_null(b.at);
	free(text);
	buf_add_str(&b, "again");
	assert_string_equal(buf_cstr(&b), "again");
	buf_truncate(&b, 2);
	buf_truncate(&b, 5);
	assert_string_equal(buf_cstr(&b), "ag");
	buf_free(&b);
}

static void test_slices(void **state)
{
	struct slice rest = SLICE("a,"), part;
	uint64_t value;

	(void)state;
	assert_true(slice_next(&rest, ',', &part) && slice_is(part, "a"));
	assert_true(slice_next(&rest, ',', &part) && slice_is(part, ""));
	assert_false(slice_next(&rest, ',', &part));
	rest = SLICE("one\r\ntwo\nthree");
	assert_true(slice_next_line(&rest, &part) && slice_is(part, "one"));
	assert_true(slice_next_line(&rest, &part) && slice_is(part, "two"));
	assert_true(slice_next_line(&rest, &part) && slice_is(part, "three"));
	assert_false(slice_next_line(&rest, &part));
	assert_int_equal(slice_to_u64(SLICE("18446744073709551615"), UINT64_MAX, &value), 0);
	assert_int_equal(slice_to_u64(SLICE("18446744073709551616"), UINT64_MAX, &value), -ERANGE);
	assert_int_equal(slice_to_u64(SLICE("+1"), UINT64_MAX, &value), -EINVAL);
	assert_true(slice_is(slice_trim(SLICE(" \tx y ")), "x y"));
	assert_int_equal(slice_find(SLICE("abcabd"), SLICE("abd")), 3);
}

static void test_slices_compared(void **state)
{
	const struct slice none = {NULL, 0};
	char out[4];

	(void)state;
	assert_true(slice_equal(none, SLICE("")) && slice_starts(SLICE("a"), none) && slice_ends(none, none));
	assert_true(slice_is_nocase(SLICE("Content-TYPE"), "content-type"));
	assert_false(slice_is_nocase(SLICE("[a"), "{A")); /* differ by the same bit as letters do */
	assert_true(slice_starts_nocase(SLICE("BASIC x"), SLICE("Basic ")));
	assert_false(slice_starts(SLICE("ab"), SLICE("abc")));
	assert_true(slice_ends(SLICE("a.ics"), SLICE(".ics")) && !slice_ends(SLICE("ics"), SLICE(".ics")));
	assert_true(slice_compare(SLICE("a"), SLICE("ab")) < 0 && slice_compare(SLICE("b"), SLICE("ab")) > 0);
	assert_true(slice_compare(SLICE("\x80"), SLICE("a")) > 0 && slice_compare(none, SLICE("")) == 0);
	assert_int_equal(slice_find_byte(SLICE("abc"), 'x'), -1);
	assert_int_equal(slice_find(SLICE("ab"), SLICE("abc")), -1);
	assert_int_equal(slice_find(none, SLICE("")), 0);
	assert_true(slice_is(slice_from(SLICE("abc"), 9), "") && slice_is(slice_sub(SLICE("abc"), 1, 9), "bc"));
	assert_int_equal(slice_copy(SLICE("abc"), out, sizeof(out)), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(slice_copy(SLICE("abcd"), out, sizeof(out)), -ENAMETOOLONG);
	assert_int_equal(slice_copy(SLICE("a\0"), out, sizeof(out)), -ENAMETOOLONG);
	assert_string_equal(out, "abc");
}

static void test_an_arena_ends_at_its_maximum(void **state)
{
	struct arena *arena = arena_new(100000);
	size_t taken = 0;

	(void)state;
	while (arena_alloc(arena, 1000) != NULL)
		taken += 1000;
	assert_in_range(taken, 80000, 100000);
	arena_reset(arena);
	assert_non_null(arena_alloc(arena, 50000));
	assert_string_equal(arena_printf(arena, "%s-%d", "x", 7), "x-7");
	assert_null(arena_array(arena, SIZE_MAX / 2, 4));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_day_of_ten_thousand_years_goes_there_and_back),
	    cmocka_unit_test(test_instants_as_text),
	    cmocka_unit_test(test_instants_that_have_no_text_of_their_own),
	    cmocka_unit_test(test_instants_in_icalendar),
	    cmocka_unit_test(test_sums_of_instants_stay_in_range),
	    cmocka_unit_test(test_civil_times_that_are_none),
	    cmocka_unit_test(test_codecs_go_there_and_back),
	    cmocka_unit_test(test_utf8),
	    cmocka_unit_test(test_a_buffer_keeps_its_first_error),
	    cmocka_unit_test(test_numbers_in_a_buffer),
	    cmocka_unit_test(test_escapes_of_a_buffer),
	    cmocka_unit_test(test_a_buffer_gives_its_bytes_away),
	    cmocka_unit_test(test_slices),
	    cmocka_unit_test(test_slices_compared),
	    cmocka_unit_test(test_an_arena_ends_at_its_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
