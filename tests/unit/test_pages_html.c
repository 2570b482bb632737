/* What a writer of pages is given comes out as text, wherever it stands. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "protocol/base/cleanup.h"
#include "server/pages/html.h"

#define EVIL "<script>\"'&{1}</script>"

static void check(struct buf *b, const char *wished)
{
	if (!slice_is(buf_slice(b), wished))
		fail_msg("seen   %.*s\nwished %s", SLICE_ARG(buf_slice(b)), wished);
	buf_reset(b);
}

static void test_text_and_attributes_are_escaped(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1000);
	struct html h = {.out = &b};

	(void)state;
	html_open(&h, "p");
	html_attr(&h, "title", SLICE(EVIL));
	html_text(&h, SLICE(EVIL));
	html_close(&h, "p");
	check(&b, "<p title=\"&lt;script&gt;&quot;'&amp;{1}&lt;/script&gt;\">"
	          "&lt;script&gt;&quot;'&amp;{1}&lt;/script&gt;</p>\n");
	html_text(&h, SLICE("a\xff\x01" "b"));
	check(&b, "a\xef\xbf\xbd\xef\xbf\xbd" "b");
}

static void test_elements_and_classes(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1000);
	struct html h = {.out = &b};

	(void)state;
	html_open(&h, "div.one.two");
	html_attr(&h, "id", SLICE("x"));
	html_void(&h, "input");
	html_flag(&h, "required");
	html_open(&h, "b");
	html_close(&h, "b");
	html_close(&h, "div");
	check(&b, "<div class=\"one two\" id=\"x\"><input required><b></b></div>\n");
	assert_int_equal(h.depth, 0);
}

static void test_sentences_take_their_values_in_any_order(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1000);
	struct html h = {.out = &b};
	struct arena *arena = arena_new(1000);

	(void)state;
	html_say(&h, "a & {2}, then {1}{1}", SLICE("{2}"), SLICE("<b>"));
	check(&b, "a &amp; &lt;b&gt;, then {2}{2}");
	html_line(&h, "h1.big", "Times for {1}", SLICE("Zo\xc3\xab"));
	check(&b, "<h1 class=\"big\">Times for Zo\xc3\xab</h1>");
	html_say(&h, "nothing to fill");
	check(&b, "nothing to fill");
	assert_true(slice_is(html_words(arena, "{1} & {2}", SLICE("a"), SLICE("<")), "a & <"));
	arena_free(arena);
}

static void test_values_in_addresses_are_one_segment(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1000);
	struct html h = {.out = &b};
	struct arena *arena = arena_new(1000);

	(void)state;
	html_open(&h, "a");
	html_path(&h, "href", "/book/{1}?day={2}&who={1}", SLICE("../x?y#z\"/"), SLICE("a b+c&d"));
	html_close(&h, "a");
	check(&b, "<a href=\"/book/..%2Fx%3Fy%23z%22%2F?day=a%20b%2Bc%26d&amp;who=..%2Fx%3Fy%23z%22%2F\"></a>");
	assert_string_equal(html_location(arena, "/admin/{1}", SLICE("//evil\r\nSet-Cookie: a")),
	    "/admin/%2F%2Fevil%0D%0ASet-Cookie%3A%20a");
	arena_free(arena);
}

static void test_addresses_of_others_are_of_few_kinds(void **state)
{
	static const struct {
		const char *url, *wished;
	} rows[] = {
	    {"https://example.org/a?b&c", "<a href=\"https://example.org/a?b&amp;c\"></a>"},
	    {"HTTP://example.org", "<a href=\"HTTP://example.org\"></a>"},
	    {"mailto:kim@example.org", "<a href=\"mailto:kim@example.org\"></a>"},
	    {"tel:+31201234567", "<a href=\"tel:+31201234567\"></a>"},
	    {"javascript:alert(1)", "<a></a>"},
	    {" javascript:alert(1)", "<a></a>"},
	    {"java\nscript:alert(1)", "<a></a>"},
	    {"data:text/html,x", "<a></a>"},
	    {"//example.org", "<a></a>"},
	    {"https://a b", "<a></a>"},
	    {"https://a\"onclick=", "<a href=\"https://a&quot;onclick=\"></a>"},
	    {"", "<a></a>"},
	};
	AUTO_BUF struct buf b = BUF_INIT(1000);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct html h = {.out = &b};

		html_open(&h, "a");
		html_outside(&h, "href", slice_str(rows[i].url));
		html_close(&h, "a");
		check(&b, rows[i].wished);
	}
}

static void test_lines_of_a_text(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(1000);
	struct html h = {.out = &b};

	(void)state;
	html_lines(&h, SLICE("one\n<two>\n\nthree"));
	check(&b, "one<br>&lt;two&gt;<br><br>three");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_and_attributes_are_escaped),
		cmocka_unit_test(test_elements_and_classes),
		cmocka_unit_test(test_sentences_take_their_values_in_any_order),
		cmocka_unit_test(test_values_in_addresses_are_one_segment),
		cmocka_unit_test(test_addresses_of_others_are_of_few_kinds),
		cmocka_unit_test(test_lines_of_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
