/* Fields, lists, dates, entity tags, preconditions and credentials. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "protocol/base/cleanup.h"
#include "protocol/http/credentials.h"
#include "protocol/http/date.h"
#include "protocol/http/method.h"
#include "protocol/http/precondition.h"

static void test_lists_run_over_several_fields(void **state)
{
	const struct http_field fields[] = {{SLICE("Prefer"), SLICE("a, \"b,c\" ,, d")}, {SLICE("Other"), SLICE("x")},
	    {SLICE("prefer"), SLICE("e; f=\"g\"; h")}};
	const struct http_headers headers = {fields, ARRAY_LEN(fields)};
	static const char *const wished[] = {"a", "\"b,c\"", "d", "e; f=\"g\"; h"};
	struct http_list list = {0};
	struct slice element, name, value;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wished); i++) {
		assert_true(http_list_next(&headers, "Prefer", &list, &element));
		if (!slice_is(element, wished[i]))
			fail_msg("element %zu is %.*s", i, SLICE_ARG(element));
	}
	assert_true(http_parameter_next(&element, &name, &value) && slice_is(name, "e") && value.len == 0);
	assert_true(http_parameter_next(&element, &name, &value) && slice_is(name, "f") && slice_is(value, "g"));
	assert_true(http_parameter_next(&element, &name, &value) && slice_is(name, "h"));
	assert_false(http_parameter_next(&element, &name, &value));
	assert_false(http_list_next(&headers, "Prefer", &list, &element));
	assert_int_equal(http_header_count(&headers, "PREFER"), 2);
	assert_null(http_header_get(&headers, "Missing").at);
	assert_true(http_header_has_token(&headers, "Prefer", "E"));
}

static void test_cookies(void **state)
{
	const struct http_field fields[] = {{SLICE("Cookie"), SLICE("a=1; bb=two=2;c=")}, {SLICE("cookie"), SLICE("a=3; d=4")}};
	const struct http_headers headers = {fields, ARRAY_LEN(fields)};
	static const struct {
		const char *name, *value;
	} rows[] = {{"a", "1"}, {"bb", "two=2"}, {"c", ""}, {"d", "4"}, {"A", NULL}, {"b", NULL}, {"", NULL}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice value = http_cookie_get(&headers, rows[i].name);

		if ((value.at == NULL) != (rows[i].value == NULL) || !slice_equal(value, slice_str(rows[i].value)))
			fail_msg("%s is \"%.*s\"", rows[i].name, SLICE_ARG(value));
	}
}

static void test_dates(void **state)
{
	static const char *const good[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
	    "Sun Nov  6 08:49:37 1994"};
	static const char *const bad[] = {"", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 31 Feb 1994 08:49:37 GMT", "now"};
	AUTO_BUF struct buf b = BUF_INIT(100);
	instant_t at;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(http_date_parse(slice_str(good[i]), &at), 0);
		assert_int_equal(at, 784111777);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(http_date_parse(slice_str(bad[i]), &at), -EINVAL);
	http_date_write(&b, 784111777);
	assert_string_equal(buf_cstr(&b), good[0]);
}

/* interoperability problem 12: a proxy that compresses marks the tag, and the edit must still go through */
static void test_tags_survive_a_proxy_that_compresses(void **state)
{
	static const char *const same[] = {"\"a1\"", "W/\"a1\"", "\"a1-gzip\"", "\"a1-br\"", "\"a1;gzip\"", "W/\"a1-gzip\""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		if (!http_etag_equal(SLICE("\"a1\""), slice_str(same[i])))
			fail_msg("%s", same[i]);
	assert_false(http_etag_equal(SLICE("\"a1\""), SLICE("\"a2\"")));
	assert_false(http_etag_equal(SLICE("\"a1\""), SLICE("\"a\"")));
}

static void test_preconditions_of_a_get(void **state)
{
	static const struct {
		const char *name, *value;
		int status;
	} rows[] = {
	    {"X", "", 0},
	    {"If-None-Match", "\"b\", \"a\"", 304},
	    {"If-None-Match", "\"b\"", 0},
	    {"If-None-Match", "*", 304},
	    {"If-Match", "\"b\"", 412},
	    {"If-Match", "\"b\", W/\"a\"", 0},
	    {"If-Match", "*", 0},
	    {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT", 304},
	    {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT", 0},
	    {"If-Modified-Since", "yesterday", 0},
	    {"If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:36 GMT", 412},
	};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct http_field field = {slice_str(rows[i].name), slice_str(rows[i].value)};
		const struct http_headers headers = {&field, 1};
		struct http_precondition precondition;

		assert_int_equal(http_precondition_parse(&headers, arena, &precondition), 0);
		if (http_precondition_get(&precondition, SLICE("\"a\""), 784111777) != rows[i].status)
			fail_msg("%s: %s", rows[i].name, rows[i].value);
	}
	arena_free(arena);
}

/* RFC 9110, 13.1.1: what was meant as a condition is never taken for none, or an edit is lost. */
static void test_conditions_that_say_nothing_are_refused(void **state)
{
	static const char *const bad[] = {"", ",", " , ,", "*, \"a\"", "\"a\", *"};
	struct arena *arena = arena_new(1 << 20);
	AUTO_BUF struct buf b = BUF_INIT(10000);

	(void)state;
	for (int i = 0; i <= HTTP_ETAGS_MAX; i++)
		buf_printf(&b, "\"%d\",", i);
	for (size_t i = 0; i <= ARRAY_LEN(bad); i++)
		for (int none = 0; none < 2; none++) {
			const struct http_field field = {none ? SLICE("If-None-Match") : SLICE("If-Match"),
			    i < ARRAY_LEN(bad) ? slice_str(bad[i]) : buf_slice(&b)};
			const struct http_headers headers = {&field, 1};
			struct http_precondition precondition;

			if (http_precondition_parse(&headers, arena, &precondition) != -EINVAL)
				fail_msg("%.*s: %.*s", SLICE_ARG(field.name), SLICE_ARG(field.value));
		}
	arena_free(arena);
}

static void test_a_weak_tag_may_hold_commas(void **state)
{
	const struct http_field fields[] = {{SLICE("If-Match"), SLICE("W/\"a,b\" , \"c\"")}, {SLICE("If-Match"), SLICE("\"d\"")}};
	const struct http_headers headers = {fields, ARRAY_LEN(fields)};
	struct arena *arena = arena_new(1 << 20);
	struct http_precondition p;

	(void)state;
	assert_int_equal(http_precondition_parse(&headers, arena, &p), 0);
	assert_int_equal(p.if_match_count, 3);
	assert_true(http_etag_in(SLICE("\"a,b\""), p.if_match, p.if_match_count));
	assert_true(http_etag_in(SLICE("\"d\""), p.if_match, p.if_match_count));
	assert_false(http_etag_in(SLICE("\"a\""), p.if_match, p.if_match_count));
	arena_free(arena);
}

static void test_dates_written_are_read_again(void **state)
{
	static const instant_t rows[] = {0, 1, 951782400, 1709164800, 2147483647, 4102444799, 253402300799};
	AUTO_BUF struct buf b = BUF_INIT(100);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		instant_t at = -1;

		buf_reset(&b);
		http_date_write(&b, rows[i]);
		if (http_date_parse(buf_slice(&b), &at) != 0 || at != rows[i])
			fail_msg("%.*s", SLICE_ARG(buf_slice(&b)));
	}
}

static void test_bearer_tokens(void **state)
{
	struct slice token;

	(void)state;
	assert_true(http_bearer_parse(SLICE("bearer  abc.def"), &token) && slice_is(token, "abc.def"));
	assert_false(http_bearer_parse(SLICE("Bearer"), &token));
	assert_false(http_bearer_parse(SLICE("Bearer "), &token));
	assert_false(http_bearer_parse(SLICE("Bearerabc"), &token));
	assert_false(http_bearer_parse(SLICE("Basic abc"), &token));
}

static void test_basic_credentials_have_a_limit(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(10000);
	struct http_basic basic;

	(void)state;
	buf_add_str(&b, "Basic OmE6"); /* an empty name, then the password "a:" */
	assert_int_equal(http_basic_parse(buf_slice(&b), &basic), 0);
	assert_int_equal(basic.user.len, 0);
	assert_true(slice_is(basic.password, "a:"));
	while (b.len < HTTP_CREDENTIALS_MAX * 4 / 3 + 20)
		buf_add_str(&b, "YWFh");
	assert_int_equal(http_basic_parse(buf_slice(&b), &basic), -EINVAL);
}

static void test_basic_credentials(void **state)
{
	struct http_basic basic;

	(void)state;
	assert_int_equal(http_basic_parse(SLICE("basic QWxhZGRpbjpvcGVuOnNlc2FtZQ=="), &basic), 0);
	assert_true(slice_is(basic.user, "Aladdin") && slice_is(basic.password, "open:sesame"));
	assert_int_equal(http_basic_parse(SLICE("Bearer abc"), &basic), -ENOENT);
	assert_int_equal(http_basic_parse(slice_of(NULL, 0), &basic), -ENOENT);
	assert_int_equal(http_basic_parse(SLICE("Basic !!!"), &basic), -EINVAL);
	assert_int_equal(http_basic_parse(SLICE("Basic QWxhZGRpbg=="), &basic), -EINVAL); /* no colon */
	assert_int_equal(http_basic_parse(SLICE("Basic YQpiOmM="), &basic), -EINVAL);     /* a line feed in the name */
}

static void test_methods_have_their_names(void **state)
{
	(void)state;
	for (int i = 0; i < HTTP_METHOD_COUNT; i++)
		assert_int_equal(http_method_find(slice_str(http_methods[i].name)), i);
	assert_int_equal(http_method_find(SLICE("get")), HTTP_METHOD_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lists_run_over_several_fields),
	    cmocka_unit_test(test_cookies),
	    cmocka_unit_test(test_dates),
	    cmocka_unit_test(test_tags_survive_a_proxy_that_compresses),
	    cmocka_unit_test(test_preconditions_of_a_get),
	    cmocka_unit_test(test_conditions_that_say_nothing_are_refused),
	    cmocka_unit_test(test_a_weak_tag_may_hold_commas),
	    cmocka_unit_test(test_dates_written_are_read_again),
	    cmocka_unit_test(test_basic_credentials),
	    cmocka_unit_test(test_basic_credentials_have_a_limit),
	    cmocka_unit_test(test_bearer_tokens),
	    cmocka_unit_test(test_methods_have_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
