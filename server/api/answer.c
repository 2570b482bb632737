#include <config.h>

#include "protocol/ical/zoned_time.h"
#include "server/api/api_private.h"
#include "server/api/routes.h"

struct buf *api_answer(struct api_request *r, int status)
{
	struct http_response *response = &r->http->response;

	buf_reset(&response->headers);
	buf_reset(&response->body);
	http_reply_text(r->http, status, API_JSON, SLICE_EMPTY);
	http_reply_header(r->http, "Cache-Control", "no-store");
	return &response->body;
}

void api_location(struct api_request *r, const char *collection, struct slice name)
{
	AUTO_BUF struct buf path = BUF_INIT(4 * API_NAME_MAX);

	buf_add_percent(&path, name);
	http_reply_header(r->http, "Location", API_ROOT "/%s/%.*s", collection, SLICE_ARG(buf_slice(&path)));
}

void api_add_time(struct buf *b, const char *name, instant_t at)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	buf_add_rfc3339(&text, at, 0);
	json_add_text(b, name, buf_slice(&text));
}

void api_add_local_time(struct buf *b, const char *name, const struct zone *zone, instant_t at)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	buf_add_rfc3339(&text, at, zone_offset_at(zone, at));
	json_add_text(b, name, buf_slice(&text));
}
