#include <config.h>

#include "protocol/http/form.h"

#include <errno.h>

#include "protocol/base/ascii.h"
#include "protocol/base/codec.h"
#include "protocol/base/utf8.h"

/* "+" is a space here, and only here: RFC 3986 knows nothing of it. */
static void take_plus(char *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i] == '+')
			at[i] = ' ';
}

/* CRLF and CR become LF; the length afterwards. */
static size_t take_line_ends(char *at, size_t len)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		if (at[i] == '\r' && i + 1 < len && at[i + 1] == '\n')
			continue;
		at[used++] = (char)(at[i] == '\r' ? '\n' : at[i]);
	}
	return used;
}

static bool is_text(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (ascii_is_control(text.at[i]) && text.at[i] != '\t' && text.at[i] != '\n')
			return false;
	return utf8_is_valid(text);
}

static int decode(struct slice raw, struct arena *arena, struct slice *text_r)
{
	char *plain = arena_copy(arena, raw), *at = arena_alloc(arena, raw.len + 1);
	ssize_t len;

	if (plain == NULL || at == NULL)
		return -ENOMEM;
	take_plus(plain, raw.len);
	len = codec_percent_decode(slice_of(plain, raw.len), at, raw.len);
	if (len < 0)
		return -EINVAL;
	*text_r = slice_of(at, take_line_ends(at, (size_t)len));
	return is_text(*text_r) ? 0 : -EINVAL;
}

static int take_field(struct slice part, struct arena *arena, const struct http_form *before,
    struct http_form_field *field_r)
{
	ptrdiff_t equals = slice_find_byte(part, '=');
	struct slice name = equals < 0 ? part : slice_sub(part, 0, (size_t)equals);
	int ret = decode(name, arena, &field_r->name);

	if (ret == 0)
		ret = decode(equals < 0 ? SLICE_EMPTY : slice_from(part, (size_t)equals + 1), arena, &field_r->value);
	if (ret == 0 && field_r->name.len > HTTP_FORM_NAME_MAX)
		return -E2BIG;
	for (size_t i = 0; ret == 0 && i < before->count; i++)
		if (slice_equal(before->at[i].name, field_r->name))
			return -EINVAL;
	return ret;
}

int http_form_parse(struct slice text, struct arena *arena, struct http_form *form_r)
{
	struct http_form_field *fields = arena_array(arena, HTTP_FORM_FIELDS_MAX, sizeof(*fields));
	struct http_form form = {fields, 0};
	struct slice part;

	if (fields == NULL)
		return -ENOMEM;
	if (text.len > HTTP_FORM_MAX)
		return -E2BIG;
	while (slice_next(&text, '&', &part)) {
		int ret;

		if (part.len == 0)
			continue;
		if (form.count == HTTP_FORM_FIELDS_MAX)
			return -E2BIG;
		ret = take_field(part, arena, &form, &fields[form.count]);
		if (ret < 0)
			return ret;
		form.count++;
	}
	*form_r = form;
	return 0;
}

struct slice http_form_get(const struct http_form *form, const char *name)
{
	for (size_t i = 0; i < form->count; i++)
		if (slice_is(form->at[i].name, name))
			return form->at[i].value;
	return slice_of(NULL, 0);
}
