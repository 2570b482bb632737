/* Whatever is read is walked through, and a text that is read is written and read again as the same. */
#include <config.h>

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/json/json.h"

#define MAX_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const struct json_value *value)
{
	AUTO_BUF struct buf b = BUF_INIT(8 * MAX_BYTES);
	AUTO_JSON struct json_document *document = NULL;
	struct json_value root;
	struct slice text, again;

	if (json_value_text(value, JSON_LINES, 0, MAX_BYTES, &text, NULL) < 0)
		return;
	json_add_text(&b, NULL, text);
	assert(b.err == 0);
	assert(json_read(buf_slice(&b), b.len, &document, NULL) == 0);
	root = json_root(document);
	assert(json_value_text(&root, JSON_LINES, 0, MAX_BYTES, &again, NULL) == 0);
	assert(slice_equal(text, again));
}

static void walk(const struct json_value *value, int depth)
{
	struct json_value inner;
	struct error err = ERROR_NONE;
	void *step = NULL;

	assert(depth <= JSON_DEPTH_MAX);
	assert(json_refuse(value, &err, "here") < 0 && err.http_status == 422);
	check_text(value);
	if (json_kind(value) == JSON_KIND_OBJECT)
		while (json_next(value, &step, &inner))
			walk(&inner, depth + 1);
	if (json_kind(value) != JSON_KIND_ARRAY)
		return;
	for (size_t i = 0; i < json_count(value); i++) {
		inner = json_entry(value, i);
		walk(&inner, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_JSON struct json_document *document = NULL;
	struct error err = ERROR_NONE;
	struct json_value root;

	if (json_read(slice_of((const char *)data, size), MAX_BYTES, &document, &err) < 0) {
		assert(document == NULL);
		return 0;
	}
	root = json_root(document);
	walk(&root, 0);
	return 0;
}
