#include <config.h>

#include "protocol/http/header.h"

static bool is_named(const struct http_field *field, struct slice name)
{
	return slice_equal_nocase(field->name, name);
}

struct slice http_header_get(const struct http_headers *headers, const char *name)
{
	struct slice wanted = slice_str(name);

	for (size_t i = 0; i < headers->count; i++)
		if (is_named(&headers->at[i], wanted))
			return headers->at[i].value;
	return slice_of(NULL, 0);
}

bool http_header_has(const struct http_headers *headers, const char *name)
{
	return http_header_get(headers, name).at != NULL;
}

size_t http_header_count(const struct http_headers *headers, const char *name)
{
	struct slice wanted = slice_str(name);
	size_t count = 0;

	for (size_t i = 0; i < headers->count; i++)
		count += is_named(&headers->at[i], wanted);
	return count;
}

/* Cuts the part before SEPARATOR, or all, off *REST; separators in quoted strings do not count. */
static struct slice cut(struct slice *rest, char separator)
{
	struct slice whole = *rest;
	bool quoted = false;

	for (size_t i = 0; i < whole.len; i++) {
		char c = whole.at[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (c == separator && !quoted) {
			*rest = slice_from(whole, i + 1);
			return slice_trim(slice_sub(whole, 0, i));
		}
	}
	*rest = slice_from(whole, whole.len);
	return slice_trim(whole);
}

bool http_list_next(const struct http_headers *headers, const char *name, struct http_list *list, struct slice *element_r)
{
	struct slice wanted = slice_str(name);

	for (;;) {
		while (list->rest.len > 0) {
			*element_r = cut(&list->rest, ',');
			if (element_r->len > 0)
				return true;
		}
		if (list->started)
			list->field++;
		list->started = true;
		while (list->field < headers->count && !is_named(&headers->at[list->field], wanted))
			list->field++;
		if (list->field >= headers->count)
			return false;
		list->rest = headers->at[list->field].value;
	}
}

bool http_parameter_next(struct slice *rest, struct slice *name_r, struct slice *value_r)
{
	struct slice part;
	ptrdiff_t equals;

	do {
		if (rest->len == 0)
			return false;
		part = cut(rest, ';');
	} while (part.len == 0);
	equals = slice_find_byte(part, '=');
	*name_r = equals < 0 ? part : slice_trim(slice_sub(part, 0, (size_t)equals));
	*value_r = equals < 0 ? SLICE_EMPTY : slice_trim(slice_from(part, (size_t)equals + 1));
	if (value_r->len >= 2 && value_r->at[0] == '"' && value_r->at[value_r->len - 1] == '"' &&
	    slice_find_byte(*value_r, '\\') < 0)
		*value_r = slice_sub(*value_r, 1, value_r->len - 2);
	return true;
}

bool http_header_has_token(const struct http_headers *headers, const char *name, const char *token)
{
	struct http_list list = {0};
	struct slice element, rest, word, value;

	while (http_list_next(headers, name, &list, &element)) {
		rest = element;
		if (http_parameter_next(&rest, &word, &value) && slice_is_nocase(word, token))
			return true;
	}
	return false;
}

struct slice http_cookie_get(const struct http_headers *headers, const char *name)
{
	for (size_t i = 0; i < headers->count; i++) {
		struct slice rest = headers->at[i].value, pair;

		if (!slice_is_nocase(headers->at[i].name, "Cookie"))
			continue;
		while (slice_next(&rest, ';', &pair)) {
			ptrdiff_t equals;

			pair = slice_trim(pair);
			equals = slice_find_byte(pair, '=');
			if (equals >= 0 && slice_is(slice_sub(pair, 0, (size_t)equals), name))
				return slice_from(pair, (size_t)equals + 1);
		}
	}
	return slice_of(NULL, 0);
}
