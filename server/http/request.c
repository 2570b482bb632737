#include <config.h>

#include "server/http/request.h"

#include <stdarg.h>
#include <string.h>

#include "protocol/dav/condition.h"
#include "server/base/loop.h"
#include "server/auth/auth.h"
#include "server/base/pool.h"
#include "server/http/http_private.h"
#include "server/http/problem.h"

void http_reply_header(struct http_request *req, const char *name, const char *format, ...)
{
	struct buf *b = &req->response.headers;
	size_t from = b->len;
	va_list args;

	buf_add_str(b, name);
	buf_add(b, ": ", 2);
	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
	for (size_t i = from; b->err == 0 && i < b->len; i++)
		if (b->at[i] == '\r' || b->at[i] == '\n') { /* a second header, smuggled in a value */
			buf_truncate(b, from);
			return;
		}
	buf_add(b, "\r\n", 2);
}

void http_reply_text(struct http_request *req, int status, const char *content_type, struct slice body)
{
	req->response.status = status;
	http_reply_header(req, "Content-Type", "%s", content_type);
	buf_add_slice(&req->response.body, body);
}

void http_reply_error(struct http_request *req, const struct error *err, struct slice extra)
{
	int status = err->http_status != 0 ? err->http_status : 500;

	buf_reset(&req->response.headers);
	buf_reset(&req->response.body);
	req->response.status = status;
	if (err->condition != CONDITION_NONE) {
		http_reply_header(req, "Content-Type", "application/xml; charset=utf-8");
		condition_write_error(&req->response.body, err->condition, err->detail, extra);
		return;
	}
	http_reply_header(req, "Content-Type", "text/plain; charset=utf-8");
	buf_add_str(&req->response.body, err->detail[0] != '\0' ? err->detail : http_reason(status));
	buf_add_char(&req->response.body, '\n');
}

void http_reply_refusal(struct http_request *req, const struct http_route *route, const struct error *err)
{
	if (route != NULL && route->body == BODY_JSON)
		http_reply_problem(req, err->http_status != 0 ? err->http_status : 500, NULL, err->detail);
	else
		http_reply_error(req, err, SLICE_EMPTY);
}

static void reply_on_loop(void *arg)
{
	http_peer_reply(arg);
}

static void compress_on_worker(void *arg)
{
	struct http_request *req = arg;

	http_reply_compress(req);
	loop_post(http_peer_loop(req->peer), reply_on_loop, req);
}

uint64_t http_request_sender(const struct http_request *req)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a: spreads, and need not hide anything */

	if (req->user != NULL)
		return req->user->id;
	for (const char *c = req->peer_address; *c != '\0'; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	return hash != 0 ? hash : 1;
}

/* A long body is made small on a worker: a loop has other connections to serve. When all are taken it goes as it is. */
void http_request_finish(struct http_request *req)
{
	struct loop *loop = http_peer_loop(req->peer);
	bool compress = http_reply_wants_compress(req);

	if (!loop_is_current(loop)) {
		if (compress)
			http_reply_compress(req);
		loop_post(loop, reply_on_loop, req);
		return;
	}
	if (compress && req->response.body.len > HTTP_COMPRESS_ON_LOOP_MAX &&
	    pool_run_for(http_peer_pool(req->peer), http_request_sender(req), compress_on_worker, req) == 0)
		return;
	if (compress && req->response.body.len <= HTTP_COMPRESS_ON_LOOP_MAX)
		http_reply_compress(req);
	http_peer_reply(req);
}

static const struct {
	int status;
	const char *reason;
} reasons[] = {
    {100, "Continue"}, {200, "OK"}, {201, "Created"}, {204, "No Content"}, {207, "Multi-Status"},
    {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
    {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"}, {401, "Unauthorized"},
    {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
    {410, "Gone"}, {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"},
    {415, "Unsupported Media Type"}, {417, "Expectation Failed"}, {422, "Unprocessable Content"}, {423, "Locked"},
    {424, "Failed Dependency"}, {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"}, {501, "Not Implemented"}, {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"}, {507, "Insufficient Storage"},
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}
