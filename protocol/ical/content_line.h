/*
 * ical/content_line - reads iCalendar text line by line, unfolded (RFC 5545, 3.1).
 *
 * Lenient about what real files do: a byte order mark at the start, lines that end in LF, CR or several CRs and an LF,
 * blank lines, spaces around the name and before the colon. Each line keeps its place in the text, so that it can be
 * named in an error and replaced byte for byte.
 */
#ifndef ICAL_CONTENT_LINE_H
#define ICAL_CONTENT_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/slice.h"

struct content_reader {
	struct arena *arena; /* for lines that are folded */
	struct slice rest;
	size_t line;         /* of the first byte of REST, from 1 */
	size_t longest;      /* bytes of the longest physical line so far */
};

struct content_line {
	struct slice raw;        /* all its physical lines with their ends, in the text */
	size_t line;             /* of the first of them, from 1 */
	struct slice text;       /* unfolded, without the end */
	struct slice name;       /* as written, without a group ("item1.") */
	struct slice parameters; /* ";TZID=Europe/Amsterdam" as written, or empty */
	struct slice value;
	bool has_value;          /* false: no colon, or no name before it; only `text` is of use */
};

/* ARENA may be NULL: then TEXT of a folded line is its first physical line only. */
void content_reader_init(struct content_reader *reader, struct arena *arena, struct slice text);
/* 1, 0 at the end, or -ENOMEM. Blank lines come too: with an empty TEXT, so that all RAWs joined are the whole text. */
int content_reader_next(struct content_reader *reader, struct content_line *line_r);

bool content_line_is(const struct content_line *line, const char *name); /* without case */
/* Whether the line is BEGIN (or END, by WHAT) of some component, whose name is in its value. */
bool content_line_marks(const struct content_line *line, const char *what, struct slice *component_r);

/*
 * Cuts one parameter off *REST (which begins with its semicolon). A value in quotes comes without them; a list comes
 * as it is written. False at the end.
 */
bool content_parameter_next(struct slice *rest, struct slice *name_r, struct slice *value_r);
bool content_parameter(struct slice parameters, const char *name, struct slice *value_r);

#endif
