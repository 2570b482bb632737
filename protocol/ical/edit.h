/*
 * ical/edit - changes property lines in the client's own text, so that nothing unknown is lost.
 *
 * Works on content lines, not on a parsed tree; line ends and folding of untouched lines stay byte for byte.
 */
#ifndef ICAL_EDIT_H
#define ICAL_EDIT_H

#include "protocol/base/buf.h"
#include "protocol/base/slice.h"

enum ical_edit_action {
	ICAL_EDIT_SET,    /* replaces the first such property, removes the others; adds it when there is none */
	ICAL_EDIT_REMOVE, /* all of that name */
	ICAL_EDIT_ADD,
};

struct ical_edit {
	enum ical_edit_action action;
	struct slice name;       /* property name */
	struct slice parameters; /* "" or ";VALUE=DATE": written behind the name */
	struct slice value;      /* as it is to stand there: text values escaped by the caller (ical_escape_text) */
};

/* Applies EDITS to every component of the name COMPONENT ("VEVENT") at depth 1 of TEXT. 0 or -EINVAL, -EMSGSIZE, -ENOMEM. */
int ical_edit_apply(struct slice text, const char *component, const struct ical_edit *edits, size_t count,
    struct buf *out);
/* RFC 5545, 3.3.11: backslash, comma, semicolon, line ends. */
void ical_escape_text(struct buf *b, struct slice text);
/* Adds "NAME;PARAMETERS:VALUE" folded at 75 octets with CRLF; never cuts a UTF-8 character. */
void ical_add_line(struct buf *b, struct slice name, struct slice parameters, struct slice value);

#endif
