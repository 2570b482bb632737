#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/json/json.h"

#define MAX_BYTES 4096

static struct json_document *read_good(const char *text)
{
	struct json_document *document = NULL;
	struct error err = ERROR_NONE;

	if (json_read(slice_str(text), MAX_BYTES, &document, &err) != 0)
		fail_msg("%s: %s", text, err.detail);
	return document;
}

static void test_what_is_not_json_is_malformed(void **state)
{
	static const char *const rows[] = {
	    "",
	    " ",
	    "{",
	    "{\"a\":1,}",
	    "[1 2]",
	    "{'a': 1}",
	    "{\"a\":1}{}",
	    "nul",
	    "{\"a\":1,\"a\":2}",
	    "\"\\u0000\"",
	    "{\"a\\u0000b\":1}",
	    "\"\\ud800\"",
	    "\"\xff\"",
	    "\"\xc0\xaf\"",
	    "\"a\nb\"",
	    "99999999999999999999",
	    "1e999",
	    "01",
	    "// comment\n1",
	    "NaN",
	    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_document *document = NULL;
		struct error err = ERROR_NONE;
		int ret = json_read(slice_str(rows[i]), MAX_BYTES, &document, &err);

		if (ret != -EINVAL || err.http_status != 400 || err.detail[0] == '\0' || document != NULL)
			fail_msg("%s: %d, status %d", rows[i], ret, err.http_status);
	}
}

static void test_a_text_above_the_limit_is_too_large(void **state)
{
	struct json_document *document = NULL;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(json_read(SLICE("[1,2]"), 4, &document, &err), -EMSGSIZE);
	assert_int_equal(err.http_status, 413);
	assert_int_equal(json_read(SLICE("[1,2]"), 5, &document, &err), 0);
	json_free(document);
}

static void test_depth_counts_what_is_open_and_not_what_is_quoted(void **state)
{
	AUTO_JSON struct json_document *quoted = read_good("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"]");
	AUTO_JSON struct json_document *wide = read_good(
	    "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]");
	struct json_value root = json_root(wide);

	(void)state;
	assert_non_null(quoted);
	assert_int_equal(json_count(&root), 34);
}

static void test_members_come_with_their_types(void **state)
{
	AUTO_JSON struct json_document *document =
	    read_good("{\"text\":\"caf\xc3\xa9\",\"number\":-7,\"yes\":true,\"no\":false,\"kind\":\"room\",\"list\":[1,null]}");
	static const char *const kinds[] = {"equipment", "room", NULL};
	struct json_value root = json_root(document), list, entry;
	struct slice text;
	int64_t number;
	bool yes, no;
	int kind;

	(void)state;
	assert_int_equal(json_get_text(&root, "text", JSON_REQUIRED, JSON_ONE_LINE, 1, 5, &text, NULL), 1);
	assert_true(slice_is(text, "caf\xc3\xa9"));
	assert_int_equal(json_get_integer(&root, "number", JSON_REQUIRED, -7, -7, &number, NULL), 1);
	assert_int_equal(number, -7);
	assert_int_equal(json_get_boolean(&root, "yes", JSON_REQUIRED, &yes, NULL), 1);
	assert_int_equal(json_get_boolean(&root, "no", JSON_OPTIONAL, &no, NULL), 1);
	assert_true(yes && !no);
	assert_int_equal(json_get_word(&root, "kind", JSON_REQUIRED, kinds, &kind, NULL), 1);
	assert_int_equal(kind, 1);
	assert_int_equal(json_member(&root, "list", JSON_REQUIRED, JSON_KIND_ARRAY, &list, NULL), 1);
	assert_int_equal(json_count(&list), 2);
	entry = json_entry(&list, 1);
	assert_int_equal(json_kind(&entry), JSON_KIND_NULL);
}

static void test_an_absent_member_is_told_from_null(void **state)
{
	AUTO_JSON struct json_document *document = read_good("{\"a\":null}");
	struct json_value root = json_root(document);
	struct error err = ERROR_NONE;
	int64_t number = 5;

	(void)state;
	assert_int_equal(json_get_integer(&root, "b", JSON_OPTIONAL, 0, 9, &number, &err), 0);
	assert_int_equal(number, 5);
	assert_int_equal(json_get_integer(&root, "a", JSON_OPTIONAL, 0, 9, &number, &err), -EINVAL);
	assert_string_equal(err.detail, "a: is not a whole number");
	assert_int_equal(err.http_status, 422);
	assert_int_equal(json_get_integer(&root, "b", JSON_REQUIRED, 0, 9, &number, &err), -EINVAL);
	assert_string_equal(err.detail, "b: is missing");
}

static int get_number(const struct json_value *object, struct error *err)
{
	int64_t number;

	return json_get_integer(object, "x", JSON_REQUIRED, 1, 9, &number, err);
}

static int get_line(const struct json_value *object, struct error *err)
{
	struct slice text;

	return json_get_text(object, "x", JSON_REQUIRED, JSON_ONE_LINE, 2, 4, &text, err);
}

static int get_lines(const struct json_value *object, struct error *err)
{
	struct slice text;

	return json_get_text(object, "x", JSON_REQUIRED, JSON_LINES, 0, 9, &text, err);
}

static int get_colour(const struct json_value *object, struct error *err)
{
	static const char *const words[] = {"red", "blue", NULL};
	int word;

	return json_get_word(object, "x", JSON_REQUIRED, words, &word, err);
}

static int get_flag(const struct json_value *object, struct error *err)
{
	bool flag;

	return json_get_boolean(object, "x", JSON_REQUIRED, &flag, err);
}

static void test_wrong_values_are_told_by_field(void **state)
{
	static const struct {
		const char *text;
		int (*get)(const struct json_value *object, struct error *err);
		const char *detail; /* NULL: fine */
	} rows[] = {
	    {"{\"x\":1}", get_number, NULL},
	    {"{\"x\":0}", get_number, "x: is not from 1 to 9"},
	    {"{\"x\":10}", get_number, "x: is not from 1 to 9"},
	    {"{\"x\":1.0}", get_number, "x: is not a whole number"},
	    {"{\"x\":\"1\"}", get_number, "x: is not a whole number"},
	    {"[]", get_number, "is not an object"},
	    {"{\"x\":\"ab\"}", get_line, NULL},
	    {"{\"x\":\"\"}", get_line, "x: is empty"},
	    {"{\"x\":\"a\"}", get_line, "x: is shorter than 2 bytes"},
	    {"{\"x\":\"abcde\"}", get_line, "x: is longer than 4 bytes"},
	    {"{\"x\":\"a\\nb\"}", get_line, "x: holds control characters"},
	    {"{\"x\":\"a\\u007f\"}", get_line, "x: holds control characters"},
	    {"{\"x\":\"a\\n\\tb\"}", get_lines, NULL},
	    {"{\"x\":\"a\\rb\"}", get_lines, "x: holds control characters"},
	    {"{\"x\":[]}", get_line, "x: is not a text"},
	    {"{\"x\":\"blue\"}", get_colour, NULL},
	    {"{\"x\":\"Blue\"}", get_colour, "x: is none of: red, blue"},
	    {"{\"x\":1}", get_flag, "x: is not true or false"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_JSON struct json_document *document = read_good(rows[i].text);
		struct json_value root = json_root(document);
		struct error err = ERROR_NONE;
		int ret = rows[i].get(&root, &err);

		if (rows[i].detail == NULL ? ret != 1
					   : ret != -EINVAL || err.http_status != 422 || strcmp(err.detail, rows[i].detail) != 0)
			fail_msg("%s: %d, %s", rows[i].text, ret, err.detail);
	}
}

static void test_a_field_is_named_by_its_whole_path(void **state)
{
	AUTO_JSON struct json_document *document = read_good("{\"weekly\":{\"mon\":[[\"09:00\",7]]}}");
	struct json_value root = json_root(document), weekly, monday, pair, end;
	struct error err = ERROR_NONE;
	struct slice text;

	(void)state;
	assert_int_equal(json_member(&root, "weekly", JSON_REQUIRED, JSON_KIND_OBJECT, &weekly, &err), 1);
	assert_int_equal(json_member(&weekly, "mon", JSON_REQUIRED, JSON_KIND_ARRAY, &monday, &err), 1);
	pair = json_entry(&monday, 0);
	end = json_entry(&pair, 1);
	assert_int_equal(json_value_text(&end, JSON_ONE_LINE, 1, 5, &text, &err), -EINVAL);
	assert_string_equal(err.detail, "weekly.mon[0][1]: is not a text");
	assert_int_equal(json_refuse(&pair, &err, "ends %s it begins", "before"), -EINVAL);
	assert_string_equal(err.detail, "weekly.mon[0]: ends before it begins");
}

static void test_unknown_members_are_refused_without_echoing_them(void **state)
{
	AUTO_JSON struct json_document *known = read_good("{\"b\":1,\"a\":2}");
	AUTO_JSON struct json_document *unknown = read_good("{\"a\":1,\"<b>\\n\":2}");
	static const char *const names[] = {"a", "b", NULL};
	struct json_value root = json_root(known);
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(json_only(&root, names, &err), 0);
	root = json_root(unknown);
	assert_int_equal(json_only(&root, names, &err), -EINVAL);
	assert_string_equal(err.detail, "?b??: is not known");
}

static void test_members_are_stepped_through_in_order(void **state)
{
	AUTO_JSON struct json_document *document = read_good("{\"z\":1,\"a\":2,\"m\":3}");
	struct json_value root = json_root(document), member;
	char order[8] = "";
	void *step = NULL;

	(void)state;
	while (json_next(&root, &step, &member))
		strncat(order, member.name.at, 1);
	assert_string_equal(order, "zam");
}

static void test_what_is_written_reads_back(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(MAX_BYTES);

	(void)state;
	json_open_object(&b, NULL);
	json_add_text(&b, "text", SLICE("a\"\\/\n\r\x01<é\xff"));
	json_add_integer(&b, "least", INT64_MIN);
	json_open_array(&b, "list");
	json_open_object(&b, NULL);
	json_close_object(&b);
	json_add_null(&b, NULL);
	json_add_boolean(&b, NULL, true);
	json_add_text(&b, NULL, SLICE("["));
	json_add_text(&b, NULL, SLICE("{"));
	json_open_array(&b, NULL);
	json_close_array(&b);
	json_close_array(&b);
	json_add_boolean(&b, "last", false);
	json_close_object(&b);
	assert_string_equal(buf_cstr(&b), "{\"text\":\"a\\\"\\\\/\\n\\u000d\\u0001\\u003cé\xef\xbf\xbd\","
					  "\"least\":-9223372036854775808,\"list\":[{},null,true,\"[\",\"{\",[]],\"last\":false}");
	json_free(read_good(b.at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_not_json_is_malformed),
	    cmocka_unit_test(test_a_text_above_the_limit_is_too_large),
	    cmocka_unit_test(test_depth_counts_what_is_open_and_not_what_is_quoted),
	    cmocka_unit_test(test_members_come_with_their_types),
	    cmocka_unit_test(test_an_absent_member_is_told_from_null),
	    cmocka_unit_test(test_wrong_values_are_told_by_field),
	    cmocka_unit_test(test_a_field_is_named_by_its_whole_path),
	    cmocka_unit_test(test_unknown_members_are_refused_without_echoing_them),
	    cmocka_unit_test(test_members_are_stepped_through_in_order),
	    cmocka_unit_test(test_what_is_written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
