#include <config.h>

#include "protocol/ical/edit.h"

#include <errno.h>

#include "protocol/base/arena.h"
#include "protocol/base/ascii.h"
#include "protocol/base/utf8.h"
#include "protocol/ical/content_line.h"

#define LINE_OCTETS 75 /* without the line end: RFC 5545, 3.1 */
#define EDITS_MAX   64 /* of one call: one bit each */

/* ---- writing ---- */

void ical_escape_text(struct buf *b, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (c == '\\' || c == ',' || c == ';') {
			buf_add_char(b, '\\');
			buf_add_char(b, c);
		} else if (c == '\n' || (c == '\r' && (i + 1 == text.len || text.at[i + 1] != '\n'))) {
			buf_add_str(b, "\\n");
		} else if (!ascii_is_control(c) || c == '\t') {
			buf_add_char(b, c);
		}
	}
}

/* A line end inside would begin a line of its own: it becomes a space. */
static void add_flat(struct buf *b, struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_add_char(b, s.at[i] == '\r' || s.at[i] == '\n' ? ' ' : s.at[i]);
}

void ical_add_line(struct buf *b, struct slice name, struct slice parameters, struct slice value)
{
	struct buf line = BUF_INIT(b->max);
	struct slice rest;
	size_t room = LINE_OCTETS;

	add_flat(&line, name);
	add_flat(&line, parameters);
	buf_add_char(&line, ':');
	add_flat(&line, value);
	if (line.err != 0 && b->err == 0)
		b->err = line.err;
	for (rest = buf_slice(&line); rest.len > room; room = LINE_OCTETS - 1) {
		struct slice part = utf8_truncate(rest, room);

		if (part.len == 0) /* not UTF-8 at all */
			part = slice_sub(rest, 0, room);
		buf_add_slice(b, part);
		buf_add_str(b, "\r\n ");
		rest = slice_from(rest, part.len);
	}
	buf_add_slice(b, rest);
	buf_add_str(b, "\r\n");
	buf_free(&line);
}

/* ---- applying ---- */

struct editor {
	const char *component;
	const struct ical_edit *edits;
	size_t count;
	struct buf *out;
	uint64_t present; /* edits whose property the component has */
	uint64_t written; /* SETs that are done */
	bool inside;      /* the component that is edited */
	bool added;       /* what it lacked stands there */
	size_t depth;
};

static bool has_line_end(struct slice s)
{
	return slice_find_byte(s, '\n') >= 0 || slice_find_byte(s, '\r') >= 0 || slice_find_byte(s, '\0') >= 0;
}

static int check_edits(const struct ical_edit *edits, size_t count)
{
	if (count > EDITS_MAX)
		return -EINVAL;
	for (size_t i = 0; i < count; i++)
		if (edits[i].name.len == 0 || has_line_end(edits[i].name) || has_line_end(edits[i].parameters) ||
		    has_line_end(edits[i].value))
			return -EINVAL;
	return 0;
}

static bool names(const struct ical_edit *edit, const struct content_line *line)
{
	return line->has_value && slice_equal_nocase(edit->name, line->name);
}

static void write_edit(struct editor *e, const struct ical_edit *edit)
{
	ical_add_line(e->out, edit->name, edit->parameters, edit->value);
}

/* Looks ahead to the component's END: a property may stand behind a VALARM. */
static int find_present(struct editor *e, struct content_reader reader)
{
	struct content_line line;
	struct slice name;
	size_t depth = 0;
	int ret;

	e->present = 0;
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		if (content_line_marks(&line, "BEGIN", &name))
			depth++;
		else if (content_line_marks(&line, "END", &name) && depth-- == 0)
			return 0;
		for (size_t i = 0; depth == 0 && i < e->count; i++)
			if (names(&e->edits[i], &line))
				e->present |= UINT64_C(1) << i;
	}
	return ret < 0 ? ret : -EINVAL;
}

/* Before the first component inside, or the END: properties come first (RFC 5545, 3.6.1). */
static void add_missing(struct editor *e)
{
	for (size_t i = 0; !e->added && i < e->count; i++)
		if (e->edits[i].action == ICAL_EDIT_ADD ||
		    (e->edits[i].action == ICAL_EDIT_SET && (e->present >> i & 1) == 0))
			write_edit(e, &e->edits[i]);
	e->added = true;
}

static void edit_line(struct editor *e, const struct content_line *line)
{
	bool keep = true;

	for (size_t i = 0; i < e->count; i++) {
		const struct ical_edit *edit = &e->edits[i];

		if (edit->action == ICAL_EDIT_ADD || !names(edit, line))
			continue;
		keep = false;
		if (edit->action == ICAL_EDIT_SET && (e->written >> i & 1) == 0) {
			e->written |= UINT64_C(1) << i;
			write_edit(e, edit);
		}
	}
	if (keep)
		buf_add_slice(e->out, line->raw);
}

static int edit_next(struct editor *e, const struct content_reader *reader, const struct content_line *line)
{
	struct slice name;
	int ret = 0;

	if (content_line_marks(line, "BEGIN", &name)) {
		if (e->inside && e->depth == 2)
			add_missing(e);
		buf_add_slice(e->out, line->raw);
		if (e->depth == 1 && slice_is_nocase(name, e->component)) {
			e->inside = true;
			e->added = false;
			e->written = 0;
			ret = find_present(e, *reader);
		}
		e->depth++;
	} else if (content_line_marks(line, "END", &name)) {
		if (e->depth == 0)
			return -EINVAL;
		if (e->depth == 2 && e->inside) {
			add_missing(e);
			e->inside = false;
		}
		e->depth--;
		buf_add_slice(e->out, line->raw);
	} else if (e->inside && e->depth == 2) {
		edit_line(e, line);
	} else {
		buf_add_slice(e->out, line->raw);
	}
	return ret;
}

int ical_edit_apply(struct slice text, const char *component, const struct ical_edit *edits, size_t count,
    struct buf *out)
{
	struct editor editor = {.component = component, .edits = edits, .count = count, .out = out};
	struct content_reader reader;
	struct content_line line;
	struct arena *arena;
	int ret = check_edits(edits, count);

	if (ret < 0)
		return ret;
	arena = arena_new(16 * text.len + 65536);
	if (arena == NULL)
		return -ENOMEM;
	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		ret = edit_next(&editor, &reader, &line);
		if (ret < 0)
			break;
	}
	if (ret == 0 && editor.depth != 0)
		ret = -EINVAL;
	arena_free(arena);
	return ret < 0 ? ret : out->err;
}
