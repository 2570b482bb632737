#include <config.h>

#include "protocol/base/buf.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "protocol/base/ascii.h"
#include "protocol/base/utf8.h"
#include "protocol/base/utf8.h"

#define BUF_FIRST 256 /* bytes of the first block */

void buf_free(struct buf *b)
{
	free(b->at);
	*b = BUF_INIT(b->max);
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->err = 0;
}

static void fail(struct buf *b, int err)
{
	if (b->err == 0)
		b->err = err;
}

/* Makes room for MORE bytes and one NUL behind them. */
static bool grow(struct buf *b, size_t more)
{
	size_t need, capacity = b->capacity > 0 ? b->capacity : BUF_FIRST;
	char *at;

	if (b->err != 0)
		return false;
	if (__builtin_add_overflow(b->len, more, &need) || need > b->max) {
		fail(b, -EMSGSIZE);
		return false;
	}
	if (need < b->capacity)
		return true;
	while (capacity <= need)
		if (__builtin_mul_overflow(capacity, 2, &capacity)) {
			fail(b, -EMSGSIZE);
			return false;
		}
	at = realloc(b->at, capacity);
	if (at == NULL) {
		fail(b, -ENOMEM);
		return false;
	}
	b->at = at;
	b->capacity = capacity;
	return true;
}

char *buf_reserve(struct buf *b, size_t more)
{
	return grow(b, more) ? b->at + b->len : NULL;
}

void buf_reserved(struct buf *b, size_t used)
{
	if (b->err == 0)
		b->len += used;
}

void buf_add(struct buf *b, const void *bytes, size_t len)
{
	if (!grow(b, len) || len == 0)
		return;
	memcpy(b->at + b->len, bytes, len);
	b->len += len;
}

void buf_add_slice(struct buf *b, struct slice s)
{
	buf_add(b, s.at, s.len);
}

void buf_add_str(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_add_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	buf_add(b, digits + at, sizeof(digits) - at);
}

void buf_add_i64(struct buf *b, int64_t value)
{
	if (value < 0)
		buf_add_char(b, '-');
	buf_add_u64(b, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

void buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	int need;

	if (!grow(b, 0))
		return;
	va_copy(again, args);
	need = vsnprintf(b->at + b->len, b->capacity - b->len, format, args);
	if (need >= 0 && (size_t)need >= b->capacity - b->len && grow(b, (size_t)need))
		need = vsnprintf(b->at + b->len, b->capacity - b->len, format, again);
	va_end(again);
	if (need < 0)
		fail(b, -EINVAL);
	else if (b->err == 0 && b->len + (size_t)need > b->max)
		fail(b, -EMSGSIZE);
	if (b->err == 0)
		b->len += (size_t)need;
}

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* What stands for C in XML text, NULL when it stands for itself. */
static const char *xml_entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\r':
		return "&#13;"; /* else a reader makes a line feed of it (XML 1.0, 2.11) */
	}
	return ascii_is_control(c) && c != '\t' && c != '\n' && c != 0x7f ? REPLACEMENT : NULL;
}

/* Bytes of the character at the start of TEXT, which is above ASCII; *ALLOWED_R: a document may hold it. */
static size_t xml_character(struct slice text, bool *allowed_r)
{
	struct slice rest = text;
	uint32_t code = 0;
	size_t len;

	utf8_next(&rest, &code);
	len = text.len - rest.len;
	*allowed_r = len > 1 && code != 0xfffe && code != 0xffff;
	return len;
}

void buf_add_xml(struct buf *b, struct slice text)
{
	size_t from = 0;

	for (size_t i = 0, len; i < text.len; i += len) {
		const char *entity;
		bool allowed = true;

		len = 1;
		if ((unsigned char)text.at[i] >= 0x80) {
			len = xml_character(slice_from(text, i), &allowed);
			entity = allowed ? NULL : REPLACEMENT;
		} else {
			entity = xml_entity(text.at[i]);
		}
		if (entity == NULL)
			continue;
		buf_add(b, text.at + from, i - from);
		buf_add_str(b, entity);
		from = i + len;
	}
	if (from < text.len)
		buf_add(b, text.at + from, text.len - from);
}

static void add_percent(struct buf *b, struct slice text, bool path)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || (path && c == '/')) {
			buf_add_char(b, c);
		} else {
			char escaped[3] = {'%', hex[(unsigned char)c >> 4], hex[(unsigned char)c & 15]};

			buf_add(b, escaped, sizeof(escaped));
		}
	}
}

void buf_add_percent(struct buf *b, struct slice text)
{
	add_percent(b, text, false);
}

void buf_add_percent_path(struct buf *b, struct slice text)
{
	add_percent(b, text, true);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len < b->len)
		b->len = len;
}

struct slice buf_slice(const struct buf *b)
{
	return b->at != NULL ? slice_of(b->at, b->len) : SLICE_EMPTY;
}

const char *buf_cstr(struct buf *b)
{
	if (!grow(b, 0))
		return NULL;
	b->at[b->len] = '\0';
	return b->at;
}

char *buf_steal(struct buf *b, size_t *len_r)
{
	char *at;

	if (buf_cstr(b) == NULL) {
		buf_free(b);
		return NULL;
	}
	at = b->at;
	if (len_r != NULL)
		*len_r = b->len;
	b->at = NULL;
	buf_free(b);
	return at;
}
