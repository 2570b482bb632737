#include <config.h>

#include "protocol/ical/draft.h"

#include <errno.h>

#include "protocol/base/buf.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/edit.h"

#define DRAFT_LINE_MAX 1048576 /* bytes of a line that is written anew: no longer than an object may be */

/* ---- reading ---- */

struct reading {
	struct draft *draft;
	struct draft_part *part;
	struct draft_line **end; /* where the part's next line goes */
	size_t depth;
};

static struct draft_line *line_new(struct draft *draft, struct slice raw)
{
	struct draft_line *line = arena_zalloc(draft->arena, sizeof(*line));

	if (line == NULL)
		draft->err = -ENOMEM;
	else
		line->raw = raw;
	return line;
}

static int begin_part(struct reading *r, struct slice name)
{
	struct draft_part *part = arena_zalloc(r->draft->arena, sizeof(*part));

	if (part == NULL)
		return -ENOMEM;
	part->name = name;
	if (r->part != NULL)
		r->part->next = part;
	else
		r->draft->first = part;
	r->part = part;
	r->end = &part->first;
	return 0;
}

enum line_kind { LINE_OPENS, LINE_CLOSES, LINE_PROPERTY, LINE_INSIDE };

static int add_line(struct reading *r, const struct content_line *read, enum line_kind kind)
{
	struct draft_line *line = line_new(r->draft, read->raw);

	if (line == NULL)
		return -ENOMEM;
	line->opens = kind == LINE_OPENS;
	line->closes = kind == LINE_CLOSES;
	if (kind == LINE_PROPERTY && read->has_value) {
		line->name = read->name;
		line->parameters = read->parameters;
		line->value = read->value;
	}
	*r->end = line;
	r->end = &line->next;
	return 0;
}

/* Depth 0: outside; 1: the VCALENDAR's own lines; 2: a component's; more: of what is inside it. */
static int read_line(struct reading *r, const struct content_line *line)
{
	struct slice name;
	int ret;

	if (content_line_marks(line, "BEGIN", &name)) {
		ret = r->depth == 1 ? begin_part(r, name) : 0;
		r->depth++;
		return ret < 0 ? ret : add_line(r, line, LINE_OPENS);
	}
	if (!content_line_marks(line, "END", &name))
		return add_line(r, line, r->depth == 1 || r->depth == 2 ? LINE_PROPERTY : LINE_INSIDE);
	if (r->depth-- == 0)
		return -EILSEQ;
	ret = r->depth == 0 ? begin_part(r, SLICE_EMPTY) : 0; /* so that components can be put before it */
	if (ret == 0)
		ret = add_line(r, line, LINE_CLOSES);
	return ret < 0 || r->depth != 1 ? ret : begin_part(r, SLICE_EMPTY);
}

int draft_parse(struct arena *arena, struct slice text, struct draft **draft_r)
{
	struct draft *draft = arena_zalloc(arena, sizeof(*draft));
	struct reading r = {.draft = draft};
	struct content_reader reader;
	struct content_line line;
	int ret;

	if (draft == NULL)
		return -ENOMEM;
	draft->arena = arena;
	ret = begin_part(&r, SLICE_EMPTY);
	content_reader_init(&reader, arena, text);
	while (ret == 0 && (ret = content_reader_next(&reader, &line)) > 0)
		ret = read_line(&r, &line);
	if (ret == 0 && r.depth != 0)
		ret = -EILSEQ;
	if (ret == 0)
		*draft_r = draft;
	return ret;
}

/* ---- writing ---- */

int draft_text(const struct draft *draft, struct slice *text_r)
{
	size_t len = 0, at = 0;
	char *text;

	for (const struct draft_part *part = draft->first; part != NULL; part = part->next)
		for (const struct draft_line *line = part->first; line != NULL; line = line->next)
			len += line->raw.len;
	text = draft->err == 0 ? arena_alloc(draft->arena, len + 1) : NULL;
	if (text == NULL)
		return -ENOMEM;
	for (const struct draft_part *part = draft->first; part != NULL; part = part->next) {
		for (const struct draft_line *line = part->first; line != NULL; line = line->next) {
			if (line->raw.len > 0)
				memcpy(text + at, line->raw.at, line->raw.len);
			at += line->raw.len;
		}
	}
	*text_r = slice_of(text, len);
	return 0;
}

/* ---- components ---- */

static bool is_component(const struct draft_part *part)
{
	return part->name.len > 0 && !slice_is_nocase(part->name, "VTIMEZONE");
}

struct draft_part *draft_component(const struct draft *draft, size_t i)
{
	for (struct draft_part *part = draft->first; part != NULL; part = part->next)
		if (is_component(part) && i-- == 0)
			return part;
	return NULL;
}

void draft_drop(struct draft *draft, const struct draft_part *part)
{
	for (struct draft_part **at = &draft->first; *at != NULL; at = &(*at)->next) {
		if (*at == part) {
			*at = part->next;
			return;
		}
	}
}

/* A line end, for a last line that came without one. */
static struct slice ended(struct draft *draft, struct slice raw)
{
	char *copy;

	if (raw.len > 0 && (raw.at[raw.len - 1] == '\n' || raw.at[raw.len - 1] == '\r'))
		return raw;
	copy = arena_printf(draft->arena, "%.*s\r\n", SLICE_ARG(raw));
	if (copy == NULL)
		draft->err = -ENOMEM;
	return copy != NULL ? slice_of(copy, raw.len + 2) : raw;
}

static struct draft_line **copy_line(struct draft *draft, struct draft_line **at, const struct draft_line *line)
{
	struct draft_line *copy = line_new(draft, ended(draft, line->raw));

	if (copy == NULL)
		return at;
	copy->name = line->name;
	copy->parameters = line->parameters;
	copy->value = line->value;
	copy->opens = line->opens;
	copy->closes = line->closes;
	copy->next = *at;
	*at = copy;
	return &copy->next;
}

static struct draft_part *copy_part(struct draft *draft, const struct draft_part *part)
{
	struct draft_part *copy = arena_zalloc(draft->arena, sizeof(*copy));
	struct draft_line **end;

	if (copy == NULL) {
		draft->err = -ENOMEM;
		return NULL;
	}
	copy->name = part->name;
	end = &copy->first;
	for (const struct draft_line *line = part->first; line != NULL; line = line->next)
		end = copy_line(draft, end, line);
	return copy;
}

struct draft_part *draft_append(struct draft *draft, const struct draft_part *part)
{
	struct draft_part *copy = copy_part(draft, part), *last = draft->first;

	if (copy == NULL)
		return NULL;
	for (struct draft_part *at = draft->first; at != NULL; at = at->next)
		if (at->name.len > 0)
			last = at;
	copy->next = last->next;
	last->next = copy;
	return copy;
}

static struct slice tzid_of(const struct draft_part *part)
{
	const struct draft_line *line = draft_find(part, "TZID");

	return line != NULL ? line->value : SLICE_EMPTY;
}

static bool defines(const struct draft *draft, struct slice tzid)
{
	for (const struct draft_part *part = draft->first; part != NULL; part = part->next)
		if (slice_is_nocase(part->name, "VTIMEZONE") && slice_equal(tzid_of(part), tzid))
			return true;
	return false;
}

void draft_take_zones(struct draft *draft, const struct draft *from)
{
	for (const struct draft_part *part = from->first; part != NULL; part = part->next) {
		struct draft_part *copy;

		if (!slice_is_nocase(part->name, "VTIMEZONE") || defines(draft, tzid_of(part)))
			continue;
		copy = copy_part(draft, part);
		if (copy == NULL)
			return;
		copy->next = draft->first->next;
		draft->first->next = copy;
	}
}

/* ---- lines ---- */

struct draft_line *draft_find_next(const struct draft_line *line, const char *name)
{
	for (struct draft_line *at = line->next; at != NULL; at = at->next)
		if (at->name.len > 0 && slice_is_nocase(at->name, name))
			return at;
	return NULL;
}

struct draft_line *draft_find(const struct draft_part *part, const char *name)
{
	struct draft_line before = {.next = part->first};

	return draft_find_next(&before, name);
}

static void write_line(struct draft *draft, struct draft_line *line)
{
	AUTO_BUF struct buf b = BUF_INIT(DRAFT_LINE_MAX);
	char *raw;

	ical_add_line(&b, line->name, line->parameters, line->value);
	raw = b.err == 0 ? arena_copy(draft->arena, buf_slice(&b)) : NULL;
	if (raw == NULL)
		draft->err = -ENOMEM;
	else
		line->raw = slice_of(raw, b.len);
}

void draft_set(struct draft *draft, struct draft_line *line, struct slice parameters, struct slice value)
{
	line->parameters = parameters;
	line->value = value;
	write_line(draft, line);
}

/* Where a property goes: before the first component inside, or the END of the part itself. */
static struct draft_line **end_of_properties(struct draft_part *part)
{
	struct draft_line **at = &part->first;

	if (part->name.len > 0 && *at != NULL)
		at = &(*at)->next; /* its own BEGIN */
	while (*at != NULL && !(*at)->opens && !(*at)->closes)
		at = &(*at)->next;
	return at;
}

/* The VCALENDAR's own properties stand behind its BEGIN, which is a line of its first part. */
static struct draft_line **end_of_calendar(struct draft_part *part)
{
	struct draft_line **at = &part->first;

	while (*at != NULL && !(*at)->opens)
		at = &(*at)->next;
	if (*at != NULL)
		at = &(*at)->next;
	while (*at != NULL && !(*at)->closes)
		at = &(*at)->next;
	return at;
}

static struct draft_line **place_of(struct draft_part *part)
{
	return part->name.len > 0 ? end_of_properties(part) : end_of_calendar(part);
}

void draft_add(struct draft *draft, struct draft_part *part, struct slice name, struct slice parameters,
    struct slice value)
{
	struct draft_line *line = line_new(draft, SLICE_EMPTY), **at = place_of(part);

	if (line == NULL)
		return;
	line->name = name;
	line->parameters = parameters;
	line->value = value;
	write_line(draft, line);
	line->next = *at;
	*at = line;
}

void draft_put(struct draft *draft, struct draft_part *part, const char *name, struct slice parameters,
    struct slice value)
{
	struct draft_line *line = draft_find(part, name), *other;

	if (line == NULL) {
		draft_add(draft, part, slice_str(name), parameters, value);
		return;
	}
	draft_set(draft, line, parameters, value);
	while ((other = draft_find_next(line, name)) != NULL)
		draft_remove(part, other);
}

void draft_remove(struct draft_part *part, const struct draft_line *line)
{
	for (struct draft_line **at = &part->first; *at != NULL; at = &(*at)->next) {
		if (*at == line) {
			*at = line->next;
			return;
		}
	}
}

void draft_remove_all(struct draft_part *part, const char *name)
{
	struct draft_line *line;

	while ((line = draft_find(part, name)) != NULL)
		draft_remove(part, line);
}

void draft_copy_line(struct draft *draft, struct draft_part *part, const struct draft_line *line)
{
	copy_line(draft, place_of(part), line);
}

/* Calls for every line of the components inside PART. */
static struct draft_line **inside_next(struct draft_line **at, size_t *depth)
{
	for (; *at != NULL; at = &(*at)->next) {
		if (*depth > 0 || (*at)->opens)
			return at;
	}
	return at;
}

/* What the line at hand does to the depth inside. */
static void step(const struct draft_line *line, size_t *depth)
{
	if (line->opens)
		++*depth;
	else if (line->closes && *depth > 0)
		--*depth;
}

void draft_remove_inside(struct draft_part *part)
{
	size_t depth = 0;
	struct draft_line **at;

	if (part->first == NULL)
		return;
	at = &part->first->next;
	while (*(at = inside_next(at, &depth)) != NULL) {
		step(*at, &depth);
		*at = (*at)->next;
	}
}

void draft_copy_inside(struct draft *draft, struct draft_part *part, const struct draft_part *from)
{
	struct draft_line **to = end_of_properties(part);
	size_t depth = 0;

	if (from->first == NULL)
		return;
	while (*to != NULL && (*to)->next != NULL)
		to = &(*to)->next; /* before the END of the part itself */
	for (struct draft_line *line = from->first->next; line != NULL; line = line->next) {
		bool inside = depth > 0 || line->opens;

		step(line, &depth);
		if (inside)
			to = copy_line(draft, to, line);
	}
}

/* ---- parameters ---- */

/* What a value in quotes may not hold (RFC 5545, 3.2) becomes a space. */
static void add_value(struct buf *b, struct slice value)
{
	bool quote = slice_find_byte(value, ':') >= 0 || slice_find_byte(value, ';') >= 0 || slice_find_byte(value, ',') >= 0;

	if (quote)
		buf_add_char(b, '"');
	for (size_t i = 0; i < value.len; i++)
		buf_add_char(b, value.at[i] == '"' || (unsigned char)value.at[i] < 0x20 ? ' ' : value.at[i]);
	if (quote)
		buf_add_char(b, '"');
}

struct slice draft_parameter(struct draft *draft, struct slice parameters, const char *name, struct slice value)
{
	AUTO_BUF struct buf b = BUF_INIT(DRAFT_LINE_MAX);
	struct slice rest = parameters, before, one, old;
	char *copy;

	for (before = rest; content_parameter_next(&rest, &one, &old); before = rest)
		if (!slice_is_nocase(one, name))
			buf_add_slice(&b, slice_sub(before, 0, before.len - (rest.at != NULL ? rest.len : 0)));
	if (value.at != NULL) {
		buf_printf(&b, ";%s=", name);
		add_value(&b, value);
	}
	copy = b.err == 0 ? arena_copy(draft->arena, buf_slice(&b)) : NULL;
	if (copy == NULL) {
		draft->err = -ENOMEM;
		return parameters;
	}
	return slice_of(copy, b.len);
}
