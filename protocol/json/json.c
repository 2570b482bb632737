#include <config.h>

#include "protocol/json/json.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"

#define FIELD_MAX 96 /* bytes of a field's name in an error: the message needs room too */

#define NAME_SHOWN     32   /* bytes of one name in it */
#define PATH_MAX_BYTES 2048 /* bytes of a whole path: JSON_DEPTH_MAX names, each cut */

struct json_document {
	json_t *root;
};

static const char *const kind_names[] = {
    [JSON_KIND_NULL] = "null",
    [JSON_KIND_BOOLEAN] = "true or false",
    [JSON_KIND_INTEGER] = "a whole number",
    [JSON_KIND_REAL] = "a number",
    [JSON_KIND_TEXT] = "a text",
    [JSON_KIND_ARRAY] = "an array",
    [JSON_KIND_OBJECT] = "an object",
};

static bool is_within_depth(struct slice text)
{
	size_t depth = 0;
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') && ++depth > JSON_DEPTH_MAX)
			return false;
		else if (!quoted && (c == ']' || c == '}') && depth > 0)
			depth--;
	}
	return true;
}

int json_read(struct slice text, size_t max_bytes, struct json_document **document_r, struct error *err)
{
	struct json_document *document;
	json_error_t why;

	if (text.len > max_bytes) {
		error_set(err, 413, CONDITION_NONE, "the JSON text is longer than %zu bytes", max_bytes);
		return -EMSGSIZE;
	}
	if (!is_within_depth(text))
		return error_set(err, 400, CONDITION_NONE, "the JSON text is nested deeper than %d", JSON_DEPTH_MAX);
	document = calloc(1, sizeof(*document));
	if (document == NULL)
		return -ENOMEM;
	document->root = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (document->root == NULL) {
		free(document);
		if (json_error_code(&why) == json_error_out_of_memory)
			return -ENOMEM;
		return error_set(err, 400, CONDITION_NONE, "not JSON at line %d, column %d", why.line, why.column);
	}
	*document_r = document;
	return 0;
}

void json_free(struct json_document *document)
{
	if (document == NULL)
		return;
	json_decref(document->root);
	free(document);
}

struct json_value json_root(const struct json_document *document)
{
	return (struct json_value){document->root, NULL, SLICE_EMPTY, 0};
}

enum json_kind json_kind(const struct json_value *value)
{
	assert(value->at != NULL);
	switch (json_typeof((const json_t *)value->at)) {
	case JSON_OBJECT:
		return JSON_KIND_OBJECT;
	case JSON_ARRAY:
		return JSON_KIND_ARRAY;
	case JSON_STRING:
		return JSON_KIND_TEXT;
	case JSON_INTEGER:
		return JSON_KIND_INTEGER;
	case JSON_REAL:
		return JSON_KIND_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_KIND_BOOLEAN;
	case JSON_NULL:
		break;
	}
	return JSON_KIND_NULL;
}

/* A name that came from outside is shown only as far as it is a plain word. */
static void add_name(struct buf *b, struct slice name)
{
	if (b->len > 0)
		buf_add_char(b, '.');
	for (size_t i = 0; i < name.len && i < NAME_SHOWN; i++)
		if (ascii_is_alnum(name.at[i]) || name.at[i] == '_' || name.at[i] == '-')
			buf_add_char(b, name.at[i]);
		else
			buf_add_char(b, '?');
}

static void add_path(struct buf *b, const struct json_value *value)
{
	if (value->parent == NULL)
		return;
	add_path(b, value->parent);
	if (json_kind(value->parent) == JSON_KIND_ARRAY)
		buf_printf(b, "[%zu]", value->index);
	else
		add_name(b, value->name);
}

int json_refuse(const struct json_value *value, struct error *err, const char *format, ...)
{
	AUTO_BUF struct buf path = BUF_INIT(PATH_MAX_BYTES);
	char what[sizeof(err->detail)];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	add_path(&path, value);
	if (path.len == 0)
		return error_set(err, 422, CONDITION_NONE, "%s", what);
	return error_set(err, 422, CONDITION_NONE, "%.*s: %s", path.len < FIELD_MAX ? (int)path.len : FIELD_MAX, path.at,
	    what);
}

int json_expect(const struct json_value *value, enum json_kind kind, struct error *err)
{
	return json_kind(value) == kind ? 0 : json_refuse(value, err, "is not %s", kind_names[kind]);
}

/* The place of the member NAME, which need not be there. */
static struct json_value place_of(const struct json_value *object, const char *name)
{
	return (struct json_value){json_object_get(object->at, name), object, slice_str(name), 0};
}

int json_member(const struct json_value *object, const char *name, enum json_need need, enum json_kind kind,
    struct json_value *value_r, struct error *err)
{
	struct json_value value = place_of(object, name);
	int ret = json_expect(object, JSON_KIND_OBJECT, err);

	if (ret < 0)
		return ret;
	if (value.at == NULL)
		return need == JSON_REQUIRED ? json_refuse(&value, err, "is missing") : 0;
	ret = json_expect(&value, kind, err);
	if (ret < 0)
		return ret;
	*value_r = value;
	return 1;
}

static bool is_plain(struct slice text, enum json_lines lines)
{
	for (size_t i = 0; i < text.len; i++)
		if (ascii_is_control(text.at[i]) && (lines == JSON_ONE_LINE || (text.at[i] != '\n' && text.at[i] != '\t')))
			return false;
	return true;
}

int json_value_text(const struct json_value *value, enum json_lines lines, size_t min, size_t max,
    struct slice *text_r, struct error *err)
{
	struct slice text;
	int ret = json_expect(value, JSON_KIND_TEXT, err);

	if (ret < 0)
		return ret;
	text = slice_of(json_string_value(value->at), json_string_length(value->at));
	if (text.len < min)
		return text.len == 0 ? json_refuse(value, err, "is empty")
				     : json_refuse(value, err, "is shorter than %zu bytes", min);
	if (text.len > max)
		return json_refuse(value, err, "is longer than %zu bytes", max);
	if (!is_plain(text, lines))
		return json_refuse(value, err, "holds control characters");
	*text_r = text;
	return 0;
}

int json_get_text(const struct json_value *object, const char *name, enum json_need need, enum json_lines lines, size_t min,
    size_t max, struct slice *text_r, struct error *err)
{
	struct json_value value = {0};
	int ret = json_member(object, name, need, JSON_KIND_TEXT, &value, err);

	if (ret <= 0)
		return ret;
	ret = json_value_text(&value, lines, min, max, text_r, err);
	return ret < 0 ? ret : 1;
}

int json_value_integer(const struct json_value *value, int64_t min, int64_t max, int64_t *number_r, struct error *err)
{
	json_int_t number;
	int ret = json_expect(value, JSON_KIND_INTEGER, err);

	if (ret < 0)
		return ret;
	number = json_integer_value(value->at);
	if (number < min || number > max)
		return json_refuse(value, err, "is not from %lld to %lld", (long long)min, (long long)max);
	*number_r = number;
	return 0;
}

int json_get_integer(const struct json_value *object, const char *name, enum json_need need, int64_t min, int64_t max,
    int64_t *value_r, struct error *err)
{
	struct json_value value = {0};
	int ret = json_member(object, name, need, JSON_KIND_INTEGER, &value, err);

	if (ret <= 0)
		return ret;
	ret = json_value_integer(&value, min, max, value_r, err);
	return ret < 0 ? ret : 1;
}

int json_get_boolean(const struct json_value *object, const char *name, enum json_need need, bool *value_r,
    struct error *err)
{
	struct json_value value = {0};
	int ret = json_member(object, name, need, JSON_KIND_BOOLEAN, &value, err);

	if (ret > 0)
		*value_r = json_is_true((const json_t *)value.at);
	return ret;
}

int json_get_word(const struct json_value *object, const char *name, enum json_need need, const char *const *words,
    int *word_r, struct error *err)
{
	AUTO_BUF struct buf known = BUF_INIT(sizeof(err->detail));
	struct json_value value = {0};
	int ret = json_member(object, name, need, JSON_KIND_TEXT, &value, err);
	struct slice text;

	if (ret <= 0)
		return ret;
	text = slice_of(json_string_value(value.at), json_string_length(value.at));
	for (int i = 0; words[i] != NULL; i++) {
		if (slice_is(text, words[i])) {
			*word_r = i;
			return 1;
		}
		buf_printf(&known, "%s%s", i > 0 ? ", " : "", words[i]);
	}
	return json_refuse(&value, err, "is none of: %.*s", (int)known.len, known.len > 0 ? known.at : "");
}

size_t json_count(const struct json_value *value)
{
	switch (json_kind(value)) {
	case JSON_KIND_ARRAY:
		return json_array_size(value->at);
	case JSON_KIND_OBJECT:
		return json_object_size(value->at);
	case JSON_KIND_NULL:
	case JSON_KIND_BOOLEAN:
	case JSON_KIND_INTEGER:
	case JSON_KIND_REAL:
	case JSON_KIND_TEXT:
		break;
	}
	return 0;
}

struct json_value json_entry(const struct json_value *array, size_t i)
{
	return (struct json_value){json_array_get(array->at, i), array, SLICE_EMPTY, i};
}

bool json_next(const struct json_value *object, void **step, struct json_value *member_r)
{
	json_t *at = (json_t *)object->at; /* the iteration changes nothing, but its interface wants it */
	const char *name;

	*step = *step == NULL ? json_object_iter(at) : json_object_iter_next(at, *step);
	if (*step == NULL)
		return false;
	name = json_object_iter_key(*step);
	*member_r = (struct json_value){json_object_iter_value(*step), object, slice_str(name), 0};
	return true;
}

int json_only(const struct json_value *object, const char *const *names, struct error *err)
{
	struct json_value member;
	void *step = NULL;
	int ret = json_expect(object, JSON_KIND_OBJECT, err);

	if (ret < 0)
		return ret;
	while (json_next(object, &step, &member)) {
		size_t i = 0;

		while (names[i] != NULL && !slice_is(member.name, names[i]))
			i++;
		if (names[i] == NULL)
			return json_refuse(&member, err, "is not known");
	}
	return 0;
}
