/*
 * http/form - what a form sends and what a query says: application/x-www-form-urlencoded (URL Standard, 5.1).
 *
 * Stricter than a browser's own reader, since forms of ours alone are read with it: text is UTF-8 without control
 * characters but tabs and line ends, a line ends in LF whatever was sent, and no name comes twice, so that nobody can ask
 * which of the two values counts.
 */
#ifndef HTTP_FORM_H
#define HTTP_FORM_H

#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/slice.h"

#define HTTP_FORM_MAX        65536 /* bytes of a whole form, encoded */
#define HTTP_FORM_FIELDS_MAX 64
#define HTTP_FORM_NAME_MAX   64 /* bytes, decoded */

struct http_form_field {
	struct slice name, value; /* decoded */
};

struct http_form {
	const struct http_form_field *at;
	size_t count;
};

/*
 * Parses TEXT, which is not kept; the fields are of ARENA. 0, -ENOMEM, -E2BIG (more than the limits above), or -EINVAL
 * (a broken escape, what is no text, a name twice).
 */
int http_form_parse(struct slice text, struct arena *arena, struct http_form *form_r);
/* The value of the field NAME, or the empty slice with .at == NULL. */
struct slice http_form_get(const struct http_form *form, const char *name);

#endif
