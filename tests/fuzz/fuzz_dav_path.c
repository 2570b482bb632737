/* A path that is read is written and read again as the same; so is a sync token, and in one spelling only. */
#include <config.h>

#include <stdlib.h>

#include "protocol/dav/path.h"
#include "protocol/dav/sync_token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool same(const struct dav_path *a, const struct dav_path *b)
{
	return a->kind == b->kind && a->set == b->set && a->proxy == b->proxy && strcmp(a->name, b->name) == 0 &&
	    strcmp(a->collection, b->collection) == 0 && strcmp(a->object, b->object) == 0;
}

static void check_path(const struct dav_path *path)
{
	struct buf href = BUF_INIT(8192), again = BUF_INIT(8192);
	struct dav_path back;

	require(path->kind < DAV_KIND_COUNT && path->set <= DAV_GROUPS);
	require(strlen(path->name) <= DAV_SEGMENT_MAX && strlen(path->object) <= DAV_SEGMENT_MAX && path->object[0] != '/');
	dav_href(&href, path);
	require(href.err == 0 && dav_path_parse(buf_slice(&href), &back) == 0 && same(path, &back));
	dav_href(&again, &back);
	require(slice_equal(buf_slice(&href), buf_slice(&again)));
	buf_free(&href);
	buf_free(&again);
}

static void check_token(struct slice text)
{
	struct buf again = BUF_INIT(1000);
	struct sync_token token;

	if (sync_token_read(text, &token) == 0) {
		sync_token_write(&again, &token);
		require(slice_equal(text, buf_slice(&again)));
	}
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct dav_path path;

	if (dav_path_parse(text, &path) == 0)
		check_path(&path);
	if (dav_path_parse_href(text, &path) == 0)
		check_path(&path);
	check_token(text);
	return 0;
}
