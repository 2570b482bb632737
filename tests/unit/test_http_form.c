/* Forms and queries. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "protocol/base/buf.h"
#include "protocol/http/form.h"

static int setup(void **state)
{
	*state = arena_new(1 << 20);
	return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

static void test_fields_are_decoded(void **state)
{
	static const struct {
		const char *text, *name, *value; /* value NULL: no such field */
	} rows[] = {
	    {"", "a", NULL},
	    {"a=b", "a", "b"},
	    {"a=b&c=d", "c", "d"},
	    {"a", "a", ""},
	    {"=b", "", "b"},
	    {"&&a=b&", "a", "b"},
	    {"a=b=c", "a", "b=c"},
	    {"a=+b+%2B", "a", " b +"},
	    {"na+me=x", "na me", "x"},
	    {"%6eame=%3Cb%3e%26", "name", "<b>&"},
	    {"n=Zo%C3%AB", "n", "Zo\xc3\xab"},
	    {"n=Zo\xc3\xab", "n", "Zo\xc3\xab"},
	    {"n=one%0D%0Atwo%0Dthree%0Afour", "n", "one\ntwo\nthree\nfour"},
	    {"n=a%09b", "n", "a\tb"},
	    {"A=b", "a", NULL}, /* case counts */
	};
	struct http_form form;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice value;

		assert_int_equal(http_form_parse(slice_str(rows[i].text), *state, &form), 0);
		value = http_form_get(&form, rows[i].name);
		if ((value.at == NULL) != (rows[i].value == NULL) || !slice_equal(value, slice_str(rows[i].value)))
			fail_msg("\"%s\": %s is \"%.*s\"", rows[i].text, rows[i].name, SLICE_ARG(value));
	}
}

static void test_what_is_no_form_is_refused(void **state)
{
	static const struct {
		const char *text;
		int want;
	} rows[] = {
	    {"a=%", -EINVAL},
	    {"a=%4", -EINVAL},
	    {"a=%zz", -EINVAL},
	    {"a=%00", -EINVAL},
	    {"a=%1b", -EINVAL},
	    {"a=%7F", -EINVAL},
	    {"a=%C3", -EINVAL},
	    {"a=%C0%80", -EINVAL},
	    {"%ff=a", -EINVAL},
	    {"a=1&a=2", -EINVAL},
	    {"a=1&%61=1", -EINVAL},
	    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1", -E2BIG}, /* 65 */
	};
	struct http_form form = {NULL, 7};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int ret = http_form_parse(slice_str(rows[i].text), *state, &form);

		if (ret != rows[i].want)
			fail_msg("\"%s\": %d", rows[i].text, ret);
	}
	assert_int_equal(form.count, 7); /* untouched */
}

static void test_limits(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(2 * HTTP_FORM_MAX);
	struct http_form form;

	for (int i = 0; i < HTTP_FORM_FIELDS_MAX; i++)
		buf_printf(&b, "&n%d=", i);
	assert_int_equal(http_form_parse(buf_slice(&b), *state, &form), 0);
	assert_int_equal(form.count, HTTP_FORM_FIELDS_MAX);
	buf_add_str(&b, "&more");
	assert_int_equal(http_form_parse(buf_slice(&b), *state, &form), -E2BIG);
	buf_reset(&b);
	buf_add_str(&b, "a=");
	while (b.len < HTTP_FORM_MAX)
		buf_add_char(&b, 'x');
	assert_int_equal(http_form_parse(buf_slice(&b), *state, &form), 0);
	buf_add_char(&b, 'x');
	assert_int_equal(http_form_parse(buf_slice(&b), *state, &form), -E2BIG);
}

static void test_no_memory(void **state)
{
	struct arena *arena = arena_new(16);
	struct http_form form;

	(void)state;
	assert_int_equal(http_form_parse(SLICE("a=b"), arena, &form), -ENOMEM);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fields_are_decoded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_form_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
