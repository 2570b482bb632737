#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "protocol/dav/if_header.h"
#include "protocol/dav/lock_request.h"

/* What holds in these tests: the token urn:t and the tag "e", of any resource but /no. */
static bool holds(const struct if_condition *condition, void *arg)
{
	(void)arg;
	if (slice_is(condition->resource, "/no"))
		return false;
	return slice_is(condition->value, condition->is_etag ? "\"e\"" : "urn:t");
}

static void test_if_header(void **state)
{
	static const struct {
		const char *text; /* NULL: no field */
		int ret;
		size_t count;
		bool holds, submits;
	} rows[] = {
	    {NULL, 0, 0, true, false},
	    {"(<urn:t>)", 0, 1, true, true},
	    {" ( <urn:t> ) ", 0, 1, true, true},
	    {"(<urn:t>[\"e\"])", 0, 2, true, true},
	    {"(<urn:t> [W/\"e\"])", 0, 2, false, true},
	    {"(<urn:t> [\"f\"])", 0, 2, false, true},
	    {"(<urn:t> [\"f\"]) ([\"e\"])", 0, 3, true, true},
	    {"(Not <urn:t>)", 0, 1, false, false},
	    {"(not <DAV:no-lock>)", 0, 1, true, false},
	    {"(Not <DAV:no-lock> <urn:t>)", 0, 2, true, true},
	    {"(Not<urn:t>)", 0, 1, false, false},
	    {"</a> (<urn:t>)", 0, 1, true, true},
	    {"</no> (<urn:t>)", 0, 1, false, true},
	    {"</no> (<urn:t>) </a> (<urn:t>)", 0, 2, true, true},
	    {"</no> (<urn:t>) (<urn:t>)", 0, 2, false, true}, /* the second list is of the same tag */
	    {"([\"a ] b\"])", -EINVAL, 0, false, false},
	    {"", -EINVAL, 0, false, false},
	    {"x", -EINVAL, 0, false, false},
	    {"()", -EINVAL, 0, false, false},
	    {"(<>)", -EINVAL, 0, false, false},
	    {"(<urn:t>", -EINVAL, 0, false, false},
	    {"(<urn:t)", -EINVAL, 0, false, false},
	    {"(<urn: t>)", -EINVAL, 0, false, false},
	    {"([e])", -EINVAL, 0, false, false},
	    {"([\"e])", -EINVAL, 0, false, false},
	    {"(urn:t)", -EINVAL, 0, false, false},
	    {"(<urn:t>) </a> (<urn:t>)", -EINVAL, 0, false, false},
	    {"</a>", -EINVAL, 0, false, false},
	    {"</a> </b> (<urn:t>)", -EINVAL, 0, false, false},
	    {"(Not)", -EINVAL, 0, false, false},
	    {"(<urn:t>) x", -EINVAL, 0, false, false},
	};
	struct arena *arena = arena_new(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_NONE;
		struct if_header header;
		int ret = if_header_parse(arena, rows[i].text != NULL ? slice_str(rows[i].text) : (struct slice){NULL, 0}, &header, &err);

		if (ret != rows[i].ret || err.http_status != (ret < 0 ? 400 : 0))
			fail_msg("If: %s: %d", rows[i].text, ret);
		if (ret < 0)
			continue;
		if (header.count != rows[i].count || if_header_evaluate(&header, holds, NULL) != rows[i].holds ||
		    if_header_submits(&header, SLICE("urn:t")) != rows[i].submits)
			fail_msg("If: %s: %zu conditions", rows[i].text, header.count);
	}
	arena_free(arena);
}

static void test_if_header_is_bounded(void **state)
{
	char text[8 * (IF_CONDITIONS_MAX + 1) + 3] = "(";
	struct arena *arena = arena_new(1 << 20);
	struct if_header header;

	(void)state;
	for (size_t i = 0; i < IF_CONDITIONS_MAX; i++)
		strcat(text, "<urn:t>");
	strcat(text, ")");
	assert_int_equal(if_header_parse(arena, slice_str(text), &header, NULL), 0);
	text[strlen(text) - 1] = '\0';
	strcat(text, "<urn:t>)");
	assert_int_equal(if_header_parse(arena, slice_str(text), &header, NULL), -EINVAL);
	arena_free(arena);
}

static void test_timeout(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {
	    {NULL, LOCK_SECONDS_DEFAULT}, {"", LOCK_SECONDS_DEFAULT}, {"Second-10", 10}, {"second-10", 10},
	    {"Infinite", LOCK_SECONDS_MAX}, {"Infinite, Second-10", LOCK_SECONDS_MAX}, {"Extra, Second-10", 10},
	    {"Second-4100000000", LOCK_SECONDS_MAX}, {"Second-0", LOCK_SECONDS_DEFAULT}, {"Second--1", LOCK_SECONDS_DEFAULT},
	    {"Second-x, Second-7", 7}, {"Second-99999999999999999999", LOCK_SECONDS_DEFAULT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (lock_timeout_read(rows[i].text != NULL ? slice_str(rows[i].text) : (struct slice){NULL, 0}) != rows[i].seconds)
			fail_msg("Timeout: %s", rows[i].text);
}

static void test_token(void **state)
{
	static const char *const broken[] = {"", "urn:uuid:", "urn:uuid:00010203-0405-4607-8809-0a0b0c0d0e0F",
	    "urn:uuid:000102030405-4607-8809-0a0b0c0d0e0f-", "urn:uuid:00010203-0405-4607-8809-0a0b0c0d0e0",
	    "urn:uuix:00010203-0405-4607-8809-0a0b0c0d0e0f", "urn:uuid:00010203-0405-4607-8809-0a0b0c0d0e0g"};
	unsigned char token[16], again[16];
	char text[LOCK_TOKEN_TEXT + 1];

	(void)state;
	for (unsigned char i = 0; i < 16; i++)
		token[i] = i;
	lock_token_make(token);
	lock_token_write(token, text);
	assert_string_equal(text, "urn:uuid:00010203-0405-4607-8809-0a0b0c0d0e0f");
	assert_true(lock_token_read(slice_str(text), again));
	assert_memory_equal(token, again, sizeof(token));
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		if (lock_token_read(slice_str(broken[i]), again))
			fail_msg("%s is a token", broken[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_if_header),
	    cmocka_unit_test(test_if_header_is_bounded),
	    cmocka_unit_test(test_timeout),
	    cmocka_unit_test(test_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
