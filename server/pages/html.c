#include <config.h>

#include "server/pages/html.h"

#include <assert.h>

#include "protocol/base/ascii.h"

#define WORDS_MAX 65536 /* bytes of one sentence with its values */

/* ---- sentences ---- */

typedef void add_fn(struct buf *b, struct slice text);

/* TEXT with its places filled: what stands in it goes through LITERAL, the values through VALUE. */
static void expand(struct buf *b, const char *text, const struct slice *values, size_t count, add_fn *literal,
    add_fn *value)
{
	struct slice rest = slice_str(text);
	ptrdiff_t at;

	while ((at = slice_find_byte(rest, '{')) >= 0) {
		size_t place = (size_t)at + 2 < rest.len && rest.at[at + 2] == '}' && ascii_is_digit(rest.at[at + 1])
		                   ? (size_t)(rest.at[at + 1] - '0')
		                   : 0;

		assert(place > 0 && place < count);
		literal(b, slice_sub(rest, 0, (size_t)at));
		value(b, values[place]);
		rest = slice_from(rest, (size_t)at + 3);
	}
	literal(b, rest);
}

struct slice html_words_(struct arena *arena, const char *words, const struct slice *values, size_t count)
{
	AUTO_BUF struct buf b = BUF_INIT(WORDS_MAX);
	char *copy;

	expand(&b, words, values, count, buf_add_slice, buf_add_slice);
	copy = b.err == 0 ? arena_copy(arena, buf_slice(&b)) : NULL;
	return copy != NULL ? slice_of(copy, b.len) : SLICE_EMPTY;
}

const char *html_location_(struct arena *arena, const char *path, const struct slice *values, size_t count)
{
	AUTO_BUF struct buf b = BUF_INIT(WORDS_MAX);

	assert(path[0] == '/' && path[1] != '/'); /* "//host" would be another host */
	expand(&b, path, values, count, buf_add_slice, buf_add_percent);
	return b.err == 0 ? arena_copy(arena, buf_slice(&b)) : NULL;
}

/* ---- tags ---- */

static void end_tag(struct html *h)
{
	if (h->in_tag)
		buf_add_char(h->out, '>');
	h->in_tag = false;
}

/* "a.button.wide": the name, and the classes as an attribute; the name. */
static struct slice start(struct html *h, struct slice name)
{
	ptrdiff_t dot = slice_find_byte(name, '.');
	struct slice element = dot < 0 ? name : slice_sub(name, 0, (size_t)dot), classes, one;
	bool first = true;

	end_tag(h);
	buf_add_char(h->out, '<');
	buf_add_slice(h->out, element);
	h->in_tag = true;
	if (dot < 0)
		return element;
	classes = slice_from(name, (size_t)dot + 1);
	buf_add_str(h->out, " class=\"");
	for (; slice_next(&classes, '.', &one); first = false) {
		if (!first)
			buf_add_char(h->out, ' ');
		buf_add_slice(h->out, one);
	}
	buf_add_char(h->out, '"');
	return element;
}

void html_open_(struct html *h, struct slice name)
{
	assert(h->depth < HTML_DEPTH_MAX);
	h->open[h->depth++] = start(h, name);
}

void html_close_(struct html *h, struct slice name)
{
	assert(h->depth > 0 && slice_equal(h->open[h->depth - 1], name));
	h->depth--;
	end_tag(h);
	buf_add_str(h->out, "</");
	buf_add_slice(h->out, name);
	buf_add_char(h->out, '>');
	if (slice_equal(name, SLICE("p")) || slice_equal(name, SLICE("div")) || slice_equal(name, SLICE("tr")))
		buf_add_char(h->out, '\n'); /* for who reads the source */
}

void html_void_(struct html *h, struct slice name)
{
	start(h, name);
}

/* ---- attributes ---- */

/* What a browser would fetch, follow or run has doors of its own, or none. */
static bool is_plain_attribute(struct slice name)
{
	static const char *const others[] = {"href", "src", "action", "formaction", "style", "srcset", "data"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (slice_is(name, others[i]))
			return false;
	return !slice_starts(name, SLICE("on"));
}

static void begin_value(struct html *h, struct slice name)
{
	assert(h->in_tag);
	buf_add_char(h->out, ' ');
	buf_add_slice(h->out, name);
	buf_add_str(h->out, "=\"");
}

void html_attr_(struct html *h, struct slice name, struct slice value)
{
	assert(is_plain_attribute(name));
	begin_value(h, name);
	buf_add_xml(h->out, value);
	buf_add_char(h->out, '"');
}

void html_flag_(struct html *h, struct slice name)
{
	assert(h->in_tag && is_plain_attribute(name));
	buf_add_char(h->out, ' ');
	buf_add_slice(h->out, name);
}

void html_path_(struct html *h, struct slice name, const char *path, const struct slice *values, size_t count)
{
	assert((path[0] == '/' && path[1] != '/') || path[0] == '#' || path[0] == '?');
	begin_value(h, name);
	expand(h->out, path, values, count, buf_add_xml, buf_add_percent);
	buf_add_char(h->out, '"');
}

static bool is_good_outside(struct slice url)
{
	static const char *const schemes[] = {"https://", "http://", "mailto:", "tel:"};

	for (size_t i = 0; i < url.len; i++)
		if (ascii_is_control(url.at[i]) || url.at[i] == ' ')
			return false;
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (slice_starts_nocase(url, slice_str(schemes[i])))
			return true;
	return false;
}

void html_outside_(struct html *h, struct slice name, struct slice url)
{
	if (!is_good_outside(url))
		return;
	begin_value(h, name);
	buf_add_xml(h->out, url);
	buf_add_char(h->out, '"');
}

/* ---- between tags ---- */

void html_text(struct html *h, struct slice text)
{
	end_tag(h);
	buf_add_xml(h->out, text);
}

void html_lines(struct html *h, struct slice text)
{
	struct slice line;
	bool first = true;

	for (; slice_next_line(&text, &line); first = false) {
		if (!first)
			html_void(h, "br");
		html_text(h, line);
	}
}

void html_say_(struct html *h, const char *words, const struct slice *values, size_t count)
{
	end_tag(h);
	expand(h->out, words, values, count, buf_add_xml, buf_add_xml);
}

void html_line_(struct html *h, struct slice name, const char *words, const struct slice *values, size_t count)
{
	html_open_(h, name);
	html_say_(h, words, values, count);
	html_close_(h, h->open[h->depth - 1]);
}
