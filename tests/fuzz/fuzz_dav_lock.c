/* The fields and the body of locks: what is read stays in its limits, and a token that is read is written the same. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "protocol/dav/headers.h"
#include "protocol/dav/if_header.h"
#include "protocol/dav/lock_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY (16 << 20)

static void require(bool holds)
{
	if (!holds)
		abort();
}

static bool inside(struct slice part, struct slice whole)
{
	return part.len == 0 || (part.at >= whole.at && part.at + part.len <= whole.at + whole.len);
}

static bool is_etag(const struct if_condition *condition, void *arg)
{
	(void)arg;
	return condition->is_etag;
}

static void check_if(struct arena *arena, struct slice text)
{
	struct if_header header;

	if (if_header_parse(arena, text, &header, NULL) < 0)
		return;
	require(header.count <= IF_CONDITIONS_MAX);
	for (size_t i = 0; i < header.count; i++) {
		const struct if_condition *c = &header.at[i];

		require(c->value.len > 0 && inside(c->value, text) && inside(c->resource, text));
		require(i == 0 ? c->list == 0 : c->list == header.at[i - 1].list || c->list == header.at[i - 1].list + 1);
		require(c->is_etag || c->negated || if_header_submits(&header, c->value));
	}
	(void)if_header_evaluate(&header, is_etag, NULL);
}

static void check_token(struct slice text)
{
	char again[LOCK_TOKEN_TEXT + 1];
	unsigned char token[16];

	if (!lock_token_read(text, token))
		return;
	lock_token_write(token, again);
	require(slice_is(text, again));
}

static void check_destination(struct slice text)
{
	struct http_field field = {SLICE("Destination"), text};
	struct http_headers headers = {&field, 1};
	const struct slice authority = SLICE("example.org");
	struct slice path;

	if (dav_destination_read(&headers, &authority, 1, &path, NULL) == 0)
		require(path.len > 0 && path.at[0] == '/' && (inside(path, text) || slice_is(path, "/")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size);
	struct arena *arena = arena_new(MEMORY);
	struct lock_request request;
	int64_t seconds;

	if (arena == NULL)
		return 0;
	check_if(arena, text);
	check_token(text);
	check_destination(text);
	seconds = lock_timeout_read(text);
	require(seconds > 0 && seconds <= LOCK_SECONDS_MAX);
	if (lock_request_read(arena, text, &request, NULL) == 0)
		require(request.owner.len <= LOCK_OWNER_MAX);
	arena_free(arena);
	return 0;
}
