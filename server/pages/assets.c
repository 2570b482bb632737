#include <config.h>

#include "server/pages/assets.h"

#include <string.h>

#include "protocol/base/cleanup.h"
#include "protocol/http/precondition.h"
#include "server/pages/assets_built.h" /* made of style.css and icon.svg */

#define KEPT "public, max-age=31536000, immutable" /* the version is part of the address */

static const struct asset {
	const char *path, *type, *version;
	struct slice bytes;
} assets[] = {
    {ASSET_STYLE, "text/css; charset=utf-8", STYLE_VERSION, SLICE(STYLE_BYTES)},
    {ASSET_ICON, "image/svg+xml", ICON_VERSION, SLICE(ICON_BYTES)},
};

static const struct asset *find_asset(struct slice path)
{
	for (size_t i = 0; i < ARRAY_LEN(assets); i++)
		if (slice_is(path, assets[i].path))
			return &assets[i];
	return NULL;
}

const char *asset_version(const char *path)
{
	return find_asset(slice_str(path))->version;
}

static void get_asset(struct http_request *http)
{
	const struct asset *asset = find_asset(http->path);
	char *etag = arena_printf(http->arena, "\"%s\"", asset->version);
	struct http_precondition conditions = {0};
	bool unchanged = etag != NULL && http_precondition_parse(http->headers, http->arena, &conditions) == 0 &&
	                 http_precondition_get(&conditions, slice_str(etag), 0) == 304;

	http_reply_header(http, "Cache-Control", "%s", KEPT);
	http_reply_header(http, "X-Content-Type-Options", "nosniff");
	if (etag != NULL)
		http_reply_header(http, "ETag", "%s", etag);
	if (unchanged)
		http->response.status = 304;
	else
		http_reply_text(http, 200, asset->type, asset->bytes);
	http_request_finish(http);
}

const struct http_route *asset_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct http_route get = {get_asset, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE},
	                               other = {NULL, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE};

	(void)app;
	(void)arena;
	if (find_asset(path) == NULL)
		return NULL;
	*allow_r = "GET, HEAD";
	return method == HTTP_GET || method == HTTP_HEAD ? &get : &other;
}
