/* Documents as clients write them, and as enemies do. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "protocol/dav/xml_reader.h"

#define MEMORY (64 << 20)

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(MEMORY);
	return arena == NULL;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static const struct xml_element *read_text(const char *text)
{
	const struct xml_element *root = NULL;
	struct error err = ERROR_NONE;

	if (xml_read(arena, slice_str(text), &root, &err) < 0)
		fail_msg("%s: %s", text, err.detail);
	return root;
}

/* ---- what is read ---- */

static void test_names_are_known_by_namespace_not_by_prefix(void **state)
{
	static const char *const spellings[] = {
	    "<D:propfind xmlns:D='DAV:'><D:prop/></D:propfind>",
	    "<A:propfind xmlns:A=\"DAV:\">\n<A:prop/>\n</A:propfind>",
	    "<propfind xmlns='DAV:'><prop/></propfind>",
	    "<propfind xmlns='DAV:'><x:prop xmlns:x='DAV:'></x:prop></propfind>",
	    "<?xml version='1.0' standalone='yes'?><?p?><propfind xmlns='DAV:'><!-- c --><prop/></propfind>\n<!-- c -->",
	    "<a:propfind xmlns:a='&#68;AV:'><a:prop/></a:propfind>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		const struct xml_element *root = read_text(spellings[i]);

		assert_int_equal(root->id, XML_DAV_PROPFIND);
		assert_non_null(xml_child(root, XML_DAV_PROP));
		assert_null(xml_child(root, XML_DAV_SET));
	}
	/* the same local name elsewhere is another element */
	assert_int_equal(read_text("<propfind xmlns='urn:x'/>")->id, XML_UNKNOWN);
	assert_int_equal(read_text("<propfind/>")->id, XML_UNKNOWN);
	assert_int_equal(read_text("<Propfind xmlns='DAV:'/>")->id, XML_UNKNOWN);
}

static void test_every_known_name_is_found(void **state)
{
	static const struct {
		enum xml_id id;
		const char *ns, *name;
	} rows[] = {
#define ROW_(id, prefix, local) {XML_##id, NS_##prefix, local},
	    XML_NAMES(ROW_)
#undef ROW_
	};

	(void)state;
	assert_int_equal(sizeof(rows) / sizeof(rows[0]), XML_ID_COUNT - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (xml_id_find(slice_str(rows[i].ns), slice_str(rows[i].name)) != rows[i].id)
			fail_msg("%s %s", rows[i].ns, rows[i].name);
	assert_string_equal(xml_prefix(SLICE(NS_DAV)), "D");
	assert_string_equal(xml_prefix(SLICE(NS_CALDAV)), "C");
	assert_null(xml_prefix(SLICE(NS_SLOTKEEPER)));
	assert_null(xml_prefix(SLICE_EMPTY));
}

static void test_text_and_attributes(void **state)
{
	const struct xml_element *a = read_text(
	    "<a x='1 &lt;&amp;&quot;&#233;' y:x='2' xmlns:y='urn:y'> one<b/>t<![CDATA[<w>]]>o&#13;\r\n<b z=''/>\t</a>");
	const struct xml_element *b = a->children;

	(void)state;
	assert_true(slice_is(a->text, " onet<w>o\r\n\t"));
	assert_true(slice_is(xml_trimmed(a), "onet<w>o"));
	assert_int_equal(b->text_before, 4);
	assert_int_equal(b->next->text_before, 11);
	assert_null(b->next->next);
	assert_ptr_equal(xml_next(b, XML_UNKNOWN), b->next);
	assert_true(slice_is(xml_attribute(a, "x"), "1 <&\"\xc3\xa9"));
	assert_null(xml_attribute(a, "y").at);
	assert_non_null(xml_attribute(b->next, "z").at);
	assert_int_equal(xml_attribute(b->next, "z").len, 0);
	assert_true(slice_is(xml_trimmed(read_text("<a>  \n </a>")), ""));
}

static void test_encodings(void **state)
{
	static const struct {
		struct slice bytes;
		const char *text; /* NULL: refused */
	} rows[] = {
#define ROW(bytes, text) {{bytes, sizeof(bytes) - 1}, text}
	    ROW("<a>caf\xc3\xa9</a>", "caf\xc3\xa9"),
	    ROW("\xef\xbb\xbf<a>\xe2\x82\xac</a>", "\xe2\x82\xac"),
	    ROW("<?xml version='1.0' encoding='iso-8859-1'?><a>caf\xe9</a>", "caf\xc3\xa9"),
	    ROW("\xff\xfe<\0a\0>\0\xe9\0<\0/\0a\0>\0", "\xc3\xa9"),
	    ROW("\xfe\xff\0<\0a\0>\x20\xac\0<\0/\0a\0>", "\xe2\x82\xac"),
	    ROW("<a>\xff</a>", NULL),
	    ROW("<a><![CDATA[\xff]]></a>", NULL),
	    ROW("<a><![CDATA[<&>]]\xc1\x9c></a>", NULL),
	    ROW("<a b='\xff'/>", NULL),
	    ROW("<a>\xc0\x80</a>", NULL),         /* NUL in two bytes */
	    ROW("<a>\xed\xa0\x80</a>", NULL),     /* a surrogate */
	    ROW("<a>\xf5\x80\x80\x80</a>", NULL), /* above U+10FFFF */
	    ROW("<a>\xc3</a>", NULL),
	    ROW("<a>\0</a>", NULL),
	    ROW("<a>\x01</a>", NULL),
	    ROW("<a>&#0;</a>", NULL),
	    ROW("<a>&#xFFFE;</a>", NULL),
	    ROW("<?xml version='1.0' encoding='nonsense'?><a/>", NULL),
	    ROW("\xff\xfe<\0a\0>\0", NULL),
#undef ROW
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct xml_element *root;
		int ret = xml_read(arena, rows[i].bytes, &root, NULL);

		if (rows[i].text == NULL ? ret != -EINVAL : ret < 0 || !slice_is(root->text, rows[i].text))
			fail_msg("row %zu: %d", i, ret);
	}
}

/* The library has a mouth of its own; what a client sends must not fill the log. */
static void test_nothing_is_written_to_standard_error(void **state)
{
	static const char text[] = "<?xml version='1.0' encoding='utf-16'?><a>\xd8\x00\xff\xfe\x00</a>";
	static const char wide[] = "\xff\xfe<\0a\0>\0\0\xd8\0\xd8\0\xd8\0\xd8<\0/\0a\0>\0";
	FILE *caught = tmpfile();
	const struct xml_element *root;
	int saved = dup(STDERR_FILENO);
	int narrow_ret, wide_ret;

	(void)state;
	assert_true(caught != NULL && saved >= 0);
	assert_true(dup2(fileno(caught), STDERR_FILENO) >= 0);
	narrow_ret = xml_read(arena, slice_of(text, sizeof(text) - 1), &root, NULL);
	wide_ret = xml_read(arena, slice_of(wide, sizeof(wide) - 1), &root, NULL);
	fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	close(saved);
	assert_int_equal(narrow_ret, -EINVAL);
	assert_int_equal(wide_ret, -EINVAL);
	assert_int_equal(lseek(fileno(caught), 0, SEEK_END), 0);
	fclose(caught);
}

/* A text of one encoding may be longer in UTF-8. */
static void test_a_long_text_in_latin1_is_read(void **state)
{
	struct buf b = BUF_INIT(100000);
	const struct xml_element *root;

	(void)state;
	buf_add_str(&b, "<?xml version='1.0' encoding='windows-1252'?><a>");
	for (size_t i = 0; i < 10000; i++)
		buf_add_char(&b, '\x80'); /* the euro sign */
	buf_add_str(&b, "</a>");
	assert_int_equal(xml_read(arena, buf_slice(&b), &root, NULL), 0);
	assert_int_equal(root->text.len, 30000);
	buf_free(&b);
}

static void test_names_that_came_as_values(void **state)
{
	static const struct {
		struct slice text;
		bool good;
	} rows[] = {
#define ROW(text, good) {{text, sizeof(text) - 1}, good}
	    ROW("displayname", true),
	    ROW("calendar-home-set", true),
	    ROW("_a.b-1", true),
	    ROW("p\xc3\xa9", true),
	    ROW("", false),
	    ROW("1a", false),
	    ROW("-a", false),
	    ROW("a:b", false),
	    ROW("a b", false),
	    ROW(" a", false),
	    ROW("a/><b", false),
	    ROW("a\0", false),
	    ROW("a\xff", false),
#undef ROW
	};
	char longest[XML_NAME_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (xml_is_name(rows[i].text) != rows[i].good)
			fail_msg("%s", rows[i].text.at);
	memset(longest, 'a', sizeof(longest));
	assert_true(xml_is_name(slice_of(longest, XML_NAME_MAX)));
	assert_false(xml_is_name(slice_of(longest, XML_NAME_MAX + 1)));
}

/* ---- what is refused ---- */

static void test_what_is_no_document(void **state)
{
	static const char *const rows[] = {
	    "",
	    " ",
	    "x",
	    "<",
	    "<a",
	    "<a>",
	    "<a></b>",
	    "<a/><b/>",
	    "<a/>x",
	    "<a b='1' b='2'/>",
	    "<a b=1/>",
	    "<a>&</a>",
	    "<a><![CDATA[</a>",
	    "<?xml version='1.0'?>",
	    " <?xml version='1.0'?><a/>",
	    /* prefixes that nobody declared; litmus sends the second */
	    "<D:a/>",
	    "<a><b:c xmlns:b=''/></a>",
	    "<a b:c='1'/>",
	    "<a xmlns:b='urn:x' xmlns:c='urn:x' b:d='1' c:d='2'/>",
	    "<a xmlns:xml='urn:x'/>",
	    "<xml:a/>",
	    "<a><xml:lang>nl</xml:lang></a>",
	    "<a xmlns='no uri'/>",
	    "<a xmlns:b='urn:&#9;x'/>",
	    "<a:b:c xmlns:a='urn:x'/>",
	    /* document types and entities */
	    "<!DOCTYPE a><a/>",
	    "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
	    "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
	    "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
	    "<!DOCTYPE a [<!ENTITY % x SYSTEM 'http://127.0.0.1:9/'> %x;]><a/>",
	    "<!DOCTYPE a [<!ATTLIST a b CDATA 'c'>]><a/>",
	    "<a>&nbsp;</a>",
	    "<a b='&nbsp;'/>",
	    "<a>&a",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct xml_element *root = NULL;
		struct error err = ERROR_NONE;
		int ret = xml_read(arena, slice_str(rows[i]), &root, &err);

		if (ret != -EINVAL || err.http_status != 400 || err.detail[0] == '\0' || root != NULL)
			fail_msg("%s: %d", rows[i], ret);
	}
}

static void test_an_error_names_the_line(void **state)
{
	const struct xml_element *root;
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(xml_read(arena, SLICE("<a>\n<b>\n</c>\n</a>\n"), &root, &err), -EINVAL);
	assert_string_equal(err.detail, "line 3: XML: not well formed");
	assert_int_equal(xml_read(arena, SLICE("<a>\n\n\n&x;</a>"), &root, &err), -EINVAL);
	assert_string_equal(err.detail, "line 4: XML: entities are not accepted");
	assert_int_equal(xml_read(arena, SLICE("\n<!DOCTYPE a>\n<a/>"), &root, &err), -EINVAL);
	assert_string_equal(err.detail, "line 2: XML: a document type is not accepted");
}

static void repeat(struct buf *b, const char *text, size_t count)
{
	while (count-- > 0)
		buf_add_str(b, text);
}

static int read_buf(struct buf *b, struct error *err)
{
	const struct xml_element *root;
	int ret = xml_read(arena, buf_slice(b), &root, err);

	assert_int_equal(b->err, 0);
	buf_free(b);
	return ret;
}

static int read_nested(size_t depth, struct error *err)
{
	struct buf b = BUF_INIT(MEMORY);

	repeat(&b, "<a>", depth);
	repeat(&b, "</a>", depth);
	return read_buf(&b, err);
}

static int read_attributes(size_t count, struct error *err)
{
	struct buf b = BUF_INIT(MEMORY);

	buf_add_str(&b, "<a");
	for (size_t i = 0; i < count; i++)
		buf_printf(&b, " a%zu=''", i);
	buf_add_str(&b, "/>");
	return read_buf(&b, err);
}

static int read_siblings(size_t count, struct error *err)
{
	struct buf b = BUF_INIT(MEMORY);

	buf_add_str(&b, "<a>");
	repeat(&b, "<b/>", count - 1);
	buf_add_str(&b, "</a>");
	return read_buf(&b, err);
}

static void test_limits(void **state)
{
	static const struct {
		int (*read)(size_t count, struct error *err);
		size_t max;
		const char *why;
	} rows[] = {
	    {read_nested, XML_DEPTH_MAX, "line 1: XML: nested too deeply"},
	    {read_attributes, XML_ATTRIBUTES_MAX, "line 1: XML: too many attributes"},
	    {read_siblings, XML_ELEMENTS_MAX, "line 1: XML: too many elements"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_NONE;

		assert_int_equal(rows[i].read(rows[i].max, &err), 0);
		assert_int_equal(rows[i].read(rows[i].max + 1, &err), -EINVAL);
		assert_string_equal(err.detail, rows[i].why);
		arena_reset(arena);
	}
}

/* Megabytes that are refused, or read, without delay. */
static void test_hostile_sizes_take_no_time(void **state)
{
	struct buf rows[] = {BUF_INIT(MEMORY), BUF_INIT(MEMORY), BUF_INIT(MEMORY), BUF_INIT(MEMORY), BUF_INIT(MEMORY),
	    BUF_INIT(MEMORY)};
	clock_t start;

	(void)state;
	repeat(&rows[0], "<a>", 1000000);
	buf_add_str(&rows[1], "<a b='");
	repeat(&rows[1], "&#65;", 1000000);
	buf_add_str(&rows[1], "'/>");
	buf_add_str(&rows[2], "<a>");
	repeat(&rows[2], "&amp;<!-- -->", 500000);
	buf_add_str(&rows[2], "</a>");
	buf_add_str(&rows[3], "<a ");
	for (size_t i = 0; i < 100000; i++)
		buf_printf(&rows[3], "xmlns:a%zu='urn:x' ", i);
	buf_add_str(&rows[3], "/>");
	buf_add_str(&rows[4], "<a>");
	repeat(&rows[4], "<b>", 30);
	repeat(&rows[4], "text &lt;", 500000);
	buf_add_str(&rows[5], "<");
	repeat(&rows[5], "name", 1000000);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int ret;

		start = clock();
		ret = read_buf(&rows[i], NULL);
		if (ret != 0 && ret != -EINVAL)
			fail_msg("row %zu: %d", i, ret);
		if (clock() - start > 5 * CLOCKS_PER_SEC)
			fail_msg("row %zu: %ld s", i, (long)((clock() - start) / CLOCKS_PER_SEC));
		arena_reset(arena);
	}
}

static void test_memory_is_bounded_by_the_arena(void **state)
{
	struct arena *small = arena_new(10000);
	struct buf b = BUF_INIT(MEMORY);
	const struct xml_element *root;

	(void)state;
	buf_add_str(&b, "<a>");
	repeat(&b, "<b/>", 10000);
	buf_add_str(&b, "</a>");
	assert_int_equal(xml_read(small, buf_slice(&b), &root, NULL), -ENOMEM);
	buf_reset(&b);
	buf_add_str(&b, "<a>");
	repeat(&b, "text", 10000);
	buf_add_str(&b, "</a>");
	assert_int_equal(xml_read(small, buf_slice(&b), &root, NULL), -ENOMEM);
	buf_free(&b);
	arena_free(small);
}

/* ---- written again, as the value of a dead property ---- */

static void test_an_element_is_written_to_stand_anywhere(void **state)
{
	static const struct {
		const char *text, *want; /* the first child, written; NULL: as it is in TEXT */
	} rows[] = {
	    {"<r xmlns:x='urn:x'><x:a/></r>", "<a xmlns=\"urn:x\"/>"},
	    {"<r><a></a></r>", "<a xmlns=\"\"/>"},
	    {"<r xmlns='urn:x'><a><b/><c xmlns='urn:y'><d/></c><e xmlns=''/></a></r>",
		"<a xmlns=\"urn:x\"><b/><c xmlns=\"urn:y\"><d/></c><e xmlns=\"\"/></a>"},
	    {"<r><a>x &lt;&amp;&gt; \" ' \xc3\xa9<![CDATA[<]]></a></r>",
		"<a xmlns=\"\">x &lt;&amp;&gt; &quot; ' \xc3\xa9&lt;</a>"},
	    /* mixed content keeps its order: RFC 4918, 4.3 */
	    {"<r><a>one <b>two</b> three<c/>four</a></r>", "<a xmlns=\"\">one <b>two</b> three<c/>four</a>"},
	    {"<r><a><b/>one<c/></a></r>", "<a xmlns=\"\"><b/>one<c/></a>"},
	    {"<r><a>\n <b/>\n</a></r>", "<a xmlns=\"\">\n <b/>\n</a>"},
	    /* attributes, with white space that would be lost */
	    {"<r><a b='1' c='&#10;&#9;&#13;&quot;&apos;'/></r>",
		"<a xmlns=\"\" b=\"1\" c=\"&#10;&#9;&#13;&quot;'\"/>"},
	    {"<r><a b='&#9;caf\xc3\xa9&#10;\xe2\x82\xac'/></r>", "<a xmlns=\"\" b=\"&#9;caf\xc3\xa9&#10;\xe2\x82\xac\"/>"},
	    {"<r xmlns:y='urn:y' xmlns:z='urn:z'><a y:b='1' z:b='2' b='3'/></r>",
		"<a xmlns=\"\" xmlns:a1=\"urn:y\" a1:b=\"1\" xmlns:a2=\"urn:z\" a2:b=\"2\" b=\"3\"/>"},
	    /* Apple writes line ends so, and they must come back */
	    {"<r><a>BEGIN:VALARM&#13;\nEND:VALARM&#13;\n</a></r>",
		"<a xmlns=\"\">BEGIN:VALARM&#13;\nEND:VALARM&#13;\n</a>"},
	    /* the language in scope: RFC 4918, 4.3 */
	    {"<r xml:lang='nl'><a/></r>", "<a xmlns=\"\" xml:lang=\"nl\"/>"},
	    {"<r xml:lang='nl'><a xml:lang='de'><b/></a></r>", "<a xmlns=\"\" xml:lang=\"de\"><b/></a>"},
	    {"<r xml:lang='nl'><a xml:lang=''/></r>", "<a xmlns=\"\" xml:lang=\"\"/>"},
	    {"<r><a xml:space='preserve'> </a></r>", "<a xmlns=\"\" xml:space=\"preserve\"> </a>"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf first = BUF_INIT(1000), second = BUF_INIT(1000);

		xml_write_element(&first, read_text(rows[i].text)->children);
		assert_string_equal(buf_cstr(&first), rows[i].want);
		xml_write_element(&second, read_text(buf_cstr(&first)));
		assert_string_equal(buf_cstr(&second), rows[i].want);
		buf_free(&first);
		buf_free(&second);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names_are_known_by_namespace_not_by_prefix),
	    cmocka_unit_test(test_every_known_name_is_found),
	    cmocka_unit_test(test_text_and_attributes),
	    cmocka_unit_test(test_names_that_came_as_values),
	    cmocka_unit_test(test_encodings),
	    cmocka_unit_test(test_nothing_is_written_to_standard_error),
	    cmocka_unit_test(test_a_long_text_in_latin1_is_read),
	    cmocka_unit_test(test_what_is_no_document),
	    cmocka_unit_test(test_an_error_names_the_line),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_hostile_sizes_take_no_time),
	    cmocka_unit_test(test_memory_is_bounded_by_the_arena),
	    cmocka_unit_test(test_an_element_is_written_to_stand_anywhere),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
