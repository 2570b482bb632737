#include <config.h>

#include "protocol/ical/content_line.h"

#include <errno.h>

#include "protocol/base/ascii.h"

void content_reader_init(struct content_reader *reader, struct arena *arena, struct slice text)
{
	*reader = (struct content_reader){.arena = arena, .rest = text, .line = 1};
}

/* ---- physical lines ---- */

/*
 * The first physical line of REST: LEN_R bytes of text, SIZE_R with its end: LF, CR LF, CR CR LF or CR. Looks no further
 * than its end, so that a file of CRs alone takes no longer than another.
 */
static void cut_physical(struct slice rest, size_t *len_r, size_t *size_r)
{
	size_t len = 0, end;

	while (len < rest.len && rest.at[len] != '\n' && rest.at[len] != '\r')
		len++;
	*len_r = len;
	for (end = len; end < rest.len && end < len + 2 && rest.at[end] == '\r';)
		end++;
	if (end < rest.len && rest.at[end] == '\n')
		*size_r = end + 1;
	else
		*size_r = len < rest.len ? len + 1 : len;
}

static bool is_fold(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether a continuation follows at AT; blank lines before it, as old Mozilla wrote them, are part of the fold. */
static bool continues(struct slice rest, size_t at, size_t *at_r, size_t *blank_r)
{
	size_t len, size;

	*blank_r = 0;
	while (at < rest.len && (rest.at[at] == '\r' || rest.at[at] == '\n')) {
		cut_physical(slice_from(rest, at), &len, &size);
		at += size;
		++*blank_r;
	}
	*at_r = at;
	return at < rest.len && is_fold(rest.at[at]);
}

/* The first line of REST and its continuations. */
static size_t folded_size(struct content_reader *reader, struct slice rest, size_t *lines_r, size_t *first_len_r)
{
	size_t at = 0, next = 0, blank = 0, len, size, lines = 0;

	do {
		cut_physical(slice_from(rest, next), &len, &size);
		if (lines == 0)
			*first_len_r = len;
		if (len > reader->longest)
			reader->longest = len;
		at = next + size;
		lines += 1 + blank;
	} while (*first_len_r > 0 && continues(rest, at, &next, &blank));
	*lines_r = lines;
	return at;
}

static int unfold(struct arena *arena, struct slice raw, struct slice *text_r)
{
	char *out = arena_alloc(arena, raw.len);
	size_t used = 0, len, size;

	if (out == NULL)
		return -ENOMEM;
	for (struct slice rest = raw; rest.len > 0; rest = slice_from(rest, size)) {
		size_t skip;

		cut_physical(rest, &len, &size);
		skip = rest.at != raw.at && len > 0;
		memcpy(out + used, rest.at + skip, len - skip);
		used += len - skip;
	}
	*text_r = slice_of(out, used);
	return 0;
}

/* ---- parts ---- */

/* The colon that ends name and parameters, outside of quotes; quotes that are never closed do not count. */
static ptrdiff_t find_colon(struct slice text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '"')
			quoted = !quoted;
		else if (text.at[i] == ':' && !quoted)
			return (ptrdiff_t)i;
	}
	return quoted ? slice_find_byte(text, ':') : -1;
}

static bool is_name_char(char c)
{
	return ascii_is_alnum(c) || c == '-' || c == '_';
}

static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (!is_name_char(name.at[i]))
			return false;
	return name.len > 0;
}

static void split_parts(struct content_line *line)
{
	size_t name_len = 0;
	ptrdiff_t colon;
	struct slice head, name, group;

	/* Most lines have no parameters: look no further than the first mark. */
	while (name_len < line->text.len && line->text.at[name_len] != ':' && line->text.at[name_len] != ';')
		name_len++;
	colon = name_len < line->text.len && line->text.at[name_len] == ';' ? find_colon(line->text) :
									       (ptrdiff_t)name_len;
	if (colon < 0 || (size_t)colon >= line->text.len)
		return;
	name = slice_trim(slice_sub(line->text, 0, name_len));
	group = name;
	if (slice_find_byte(name, '.') >= 0)
		slice_next(&name, '.', &group);
	if (!is_name(name) || !is_name(group))
		return;
	head = slice_sub(line->text, name_len, (size_t)colon - name_len);
	line->name = name;
	line->parameters = head;
	line->value = slice_from(line->text, (size_t)colon + 1);
	line->has_value = true;
}

int content_reader_next(struct content_reader *reader, struct content_line *line_r)
{
	static const struct slice bom = {"\xef\xbb\xbf", 3};
	struct content_line line = {.line = reader->line};
	size_t lines, first_len = 0, size;
	struct slice body = reader->rest;
	int ret = 0;

	if (body.len == 0)
		return 0;
	if (reader->line == 1 && slice_starts(body, bom))
		body = slice_from(body, bom.len);
	if (body.len == 0) { /* a mark and nothing else */
		line.raw = reader->rest;
		line.text = body;
		reader->rest = body;
		*line_r = line;
		return 1;
	}
	size = folded_size(reader, body, &lines, &first_len);
	line.raw = slice_of(reader->rest.at, (size_t)(body.at - reader->rest.at) + size);
	line.text = slice_sub(body, 0, first_len);
	if (lines > 1 && reader->arena != NULL)
		ret = unfold(reader->arena, slice_sub(body, 0, size), &line.text);
	if (ret < 0)
		return ret;
	reader->rest = slice_from(body, size);
	reader->line += lines;
	split_parts(&line);
	*line_r = line;
	return 1;
}

bool content_line_is(const struct content_line *line, const char *name)
{
	return line->has_value && slice_is_nocase(line->name, name);
}

bool content_line_marks(const struct content_line *line, const char *what, struct slice *component_r)
{
	if (!content_line_is(line, what))
		return false;
	*component_r = slice_trim(line->value);
	return true;
}

/* ---- parameters ---- */

bool content_parameter_next(struct slice *rest, struct slice *name_r, struct slice *value_r)
{
	struct slice all = *rest;
	size_t at = 0, equals, end;
	bool quoted = false;

	while (at < all.len && (all.at[at] == ';' || is_fold(all.at[at])))
		at++;
	if (at == all.len)
		return false;
	for (equals = at; equals < all.len && all.at[equals] != '=' && all.at[equals] != ';';)
		equals++;
	for (end = equals; end < all.len && (quoted || all.at[end] != ';'); end++)
		if (all.at[end] == '"')
			quoted = !quoted;
	*name_r = slice_trim(slice_sub(all, at, equals - at));
	*value_r = equals < end ? slice_trim(slice_sub(all, equals + 1, end - equals - 1)) : SLICE_EMPTY;
	if (value_r->len >= 2 && value_r->at[0] == '"' && value_r->at[value_r->len - 1] == '"' &&
	    memchr(value_r->at + 1, '"', value_r->len - 2) == NULL)
		*value_r = slice_sub(*value_r, 1, value_r->len - 2);
	*rest = slice_from(all, end);
	return true;
}

bool content_parameter(struct slice parameters, const char *name, struct slice *value_r)
{
	struct slice key;

	while (content_parameter_next(&parameters, &key, value_r))
		if (slice_is_nocase(key, name))
			return true;
	return false;
}
