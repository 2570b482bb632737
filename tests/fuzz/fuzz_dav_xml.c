/* A document that is read is written and read again as the same tree. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/dav/xml_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY (64 << 20)

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void compare_attributes(const struct xml_attribute *a, const struct xml_attribute *b)
{
	for (; a != NULL && b != NULL; a = a->next, b = b->next)
		require(slice_equal(a->ns, b->ns) && slice_equal(a->name, b->name) && slice_equal(a->value, b->value));
	require(a == NULL && b == NULL);
}

static void compare(const struct xml_element *a, const struct xml_element *b, size_t depth)
{
	const struct xml_element *c = a->children, *d = b->children;

	require(depth < XML_DEPTH_MAX && a->id == b->id && a->text_before == b->text_before);
	require(slice_equal(a->ns, b->ns) && slice_equal(a->name, b->name) && slice_equal(a->text, b->text));
	require(slice_equal(a->lang, b->lang));
	compare_attributes(a->attributes, b->attributes);
	for (; c != NULL && d != NULL; c = c->next, d = d->next)
		compare(c, d, depth + 1);
	require(c == NULL && d == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(MEMORY);
	struct buf written = BUF_INIT(MEMORY);
	const struct xml_element *root, *again;
	struct error err = ERROR_NONE;
	int ret;

	if (arena == NULL)
		return 0;
	ret = xml_read(arena, slice_of((const char *)data, size), &root, &err);
	require(ret == 0 || ret == -ENOMEM || (ret == -EINVAL && err.http_status == 400));
	if (ret == 0) {
		xml_write_element(&written, root);
		require(written.err == 0 && xml_read(arena, buf_slice(&written), &again, &err) == 0);
		compare(root, again, 0);
	}
	buf_free(&written);
	arena_free(arena);
	return 0;
}
