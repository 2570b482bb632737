#include <config.h>

#include "protocol/base/utf8.h"
#include "protocol/json/json.h"

/*
 * Appends TEXT as a JSON string. Beside what must be escaped (RFC 8259, 7), "<" is, so that the text may stand inside an
 * HTML script element, and the two line separators, which older JavaScript takes as ends of line.
 */
static void add_quoted(struct buf *b, struct slice text)
{
	buf_add_char(b, '"');
	while (text.len > 0) {
		struct slice before = text;
		uint32_t code;

		utf8_next(&text, &code);
		if (code == '"' || code == '\\')
			buf_printf(b, "\\%c", (char)code);
		else if (code == '\n')
			buf_add_str(b, "\\n");
		else if (code < 0x20 || code == 0x7f || code == '<' || code == 0x2028 || code == 0x2029)
			buf_printf(b, "\\u%04x", (unsigned)code);
		else if (code == 0xfffd)
			buf_add_str(b, "\xef\xbf\xbd");
		else
			buf_add(b, before.at, before.len - text.len);
	}
	buf_add_char(b, '"');
}

/* The comma and the name before a value. A comma is due unless the text so far is empty or has just opened something. */
static void begin(struct buf *b, const char *name)
{
	struct slice before = buf_slice(b);

	if (before.len > 0 && !slice_ends(before, SLICE("[")) && !slice_ends(before, SLICE("{")))
		buf_add_char(b, ',');
	if (name != NULL) {
		add_quoted(b, slice_str(name));
		buf_add_char(b, ':');
	}
}

void json_open_object(struct buf *b, const char *name)
{
	begin(b, name);
	buf_add_char(b, '{');
}

void json_close_object(struct buf *b)
{
	buf_add_char(b, '}');
}

void json_open_array(struct buf *b, const char *name)
{
	begin(b, name);
	buf_add_char(b, '[');
}

void json_close_array(struct buf *b)
{
	buf_add_char(b, ']');
}

void json_add_text(struct buf *b, const char *name, struct slice text)
{
	begin(b, name);
	add_quoted(b, text);
}

void json_add_integer(struct buf *b, const char *name, int64_t value)
{
	begin(b, name);
	buf_add_i64(b, value);
}

void json_add_boolean(struct buf *b, const char *name, bool value)
{
	begin(b, name);
	buf_add_str(b, value ? "true" : "false");
}

void json_add_null(struct buf *b, const char *name)
{
	begin(b, name);
	buf_add_str(b, "null");
}

void json_add_instant(struct buf *b, const char *name, instant_t at)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	buf_add_rfc3339(&text, at, 0);
	json_add_text(b, name, buf_slice(&text));
}
