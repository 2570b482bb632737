/* Answers: what is sent, in which order, and what follows. */
#include <config.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>

#include "protocol/base/log.h"
#include "protocol/http/date.h"
#include "server/base/system_clock.h"
#include "server/http/peer_private.h"

#define COPY_MAX 16384 /* bytes of a body that are rather copied than handed over */

void peer_request_free(struct http_request *req)
{
	if (req == NULL)
		return;
	buf_free(&req->response.headers);
	buf_free(&req->response.body);
	arena_free(req->arena); /* holds the request itself */
}

static void free_body(const void *data, size_t len, void *arg)
{
	(void)data;
	(void)len;
	free(arg);
}

/* Straight to the socket what it takes, the rest by way of the loop. */
static void write_out(struct http_peer *peer, struct evbuffer *out)
{
	metrics_add(metrics_of(peer), METRIC_HTTP_BYTES_WRITTEN, (int64_t)evbuffer_get_length(out));
	if (!peer->tls && peer_output_is_empty(peer))
		(void)!evbuffer_write(out, bufferevent_getfd(peer->bev));
	if (evbuffer_get_length(out) > 0)
		bufferevent_write_buffer(peer->bev, out);
}

static void add_head(struct http_peer *peer, struct buf *b, const struct http_request *req, size_t body_len)
{
	const struct http_response *response = &req->response;

	buf_printf(b, "HTTP/1.1 %d %s\r\nDate: ", response->status, http_reason(response->status));
	http_date_write(b, clock_now(system_clock()));
	buf_printf(b, "\r\nX-Request-Id: %s\r\n", req->id);
	buf_add_slice(b, buf_slice(&response->headers));
	if (response->status != 204 && response->status != 304)
		buf_printf(b, "Content-Length: %zu\r\n", body_len);
	if (peer->last)
		buf_add_str(b, "Connection: close\r\n");
	else if (!http_request_parser_minor_version(peer->parser))
		buf_add_str(b, "Connection: keep-alive\r\n");
	buf_add_str(b, "\r\n");
}

static void check_response(struct http_request *req, const struct http_route *route)
{
	struct http_response *response = &req->response;
	struct error err = {.http_status = 500};

	if (response->status != 0 && response->headers.err == 0 && response->body.err == 0)
		return;
	log_event(LOG_ERROR_LEVEL, "http", req->id, "reply could not be made", "status=%d error=%d", response->status,
	    -(response->headers.err != 0 ? response->headers.err : response->body.err));
	http_reply_refusal(req, route, &err);
}

/* A long body is handed over as it is, a short one goes in one piece with the head. */
static int add_body(struct evbuffer *out, struct buf *body)
{
	size_t len = body->len;
	char *bytes;

	if (len <= COPY_MAX)
		return evbuffer_add(out, body->at, len);
	bytes = buf_steal(body, NULL);
	if (bytes != NULL && evbuffer_add_reference(out, bytes, len, free_body, bytes) == 0)
		return 0;
	free(bytes);
	return -1;
}

static void send_reply(struct http_peer *peer)
{
	AUTO_BUF struct buf head = BUF_INIT(HTTP_REPLY_MAX);
	struct http_request *req = peer->req;
	struct evbuffer *out = evbuffer_new();
	bool no_body = req->method == HTTP_HEAD || req->response.status == 204 || req->response.status == 304;

	add_head(peer, &head, req, req->response.body.len);
	if (out == NULL || head.err < 0 || evbuffer_add(out, head.at, head.len) < 0 ||
	    (!no_body && req->response.body.len > 0 && add_body(out, &req->response.body) < 0))
		peer->gone = true;
	else
		write_out(peer, out);
	if (out != NULL)
		evbuffer_free(out);
}

static void log_request(struct http_peer *peer)
{
	struct http_request *req = peer->req;
	bool secret = peer->route != NULL && peer->route->access == ACCESS_BY_PATH;
	struct slice path = secret ? SLICE("(secret)") : req->path;
	int64_t taken = peer_now_us() - peer->begun_us;

	metrics_request(metrics_of(peer), req->method, req->response.status, taken);
	if (log_enabled(LOG_DEBUG_LEVEL))
		log_event(LOG_DEBUG_LEVEL, "http", req->id, "answered",
		    "method=%.*s path=%.*s status=%d bytes=%zu us=%lld user=%s from=%s", SLICE_ARG(req->method_name),
		    SLICE_ARG(path), req->response.status, req->response.body.len, (long long)taken,
		    req->user != NULL ? req->user->name : "-", req->peer_address);
}

/* The request is over: sends the reply and makes ready for the next. */
void peer_finish(struct http_peer *peer)
{
	check_response(peer->req, peer->route);
	log_request(peer);
	metrics_add(metrics_of(peer), METRIC_HTTP_REQUESTS_RUNNING, -1);
	if (!peer->gone)
		send_reply(peer);
	peer_request_free(peer->req);
	peer->req = NULL;
	buf_free(&peer->body);
}

/* What follows a reply: the next request, or the end. */
void peer_after_reply(struct http_peer *peer)
{
	bool whole = http_request_parser_phase(peer->parser) == HTTP_PHASE_END;

	if (peer->gone)
		return;
	if (peer->last) {
		peer_set_state(peer, whole ? PEER_FLUSH : PEER_LINGER);
		return;
	}
	http_request_parser_next(peer->parser);
	peer_set_state(peer, PEER_IDLE);
	if (!peer_output_is_empty(peer))
		peer->deadline_ms = http_now_ms() + deadlines_of(peer)->write_ms;
}

void http_peer_reply(struct http_request *req)
{
	struct http_peer *peer = req->peer;

	peer_finish(peer);
	peer_set_state(peer, PEER_IDLE); /* no longer the handler's: it may be freed */
	peer_after_reply(peer);
	if (!peer->advancing)
		peer_advance(peer);
}

/* ---- refusing before a handler runs ---- */

void peer_reply_status(struct http_peer *peer, int status, const char *detail)
{
	struct error err = {.http_status = status};

	if (detail != NULL)
		snprintf(err.detail, sizeof(err.detail), "%s", detail);
	http_reply_refusal(peer->req, peer->route, &err);
}

/*
 * The reply is in the request; a body that is still to come is read away when it is small, so that the connection
 * lives; else the connection ends.
 */
void peer_refuse(struct http_peer *peer)
{
	uint64_t length = http_request_parser_length(peer->parser);
	bool whole = http_request_parser_phase(peer->parser) == HTTP_PHASE_END;
	bool waits = http_header_has(&peer->headers, "Expect");

	if (!whole && !waits && length <= HTTP_DISCARD_MAX) {
		buf_free(&peer->body);
		peer->body_bytes = 0;
		peer->body_begun_ms = http_now_ms();
		peer_set_state(peer, PEER_DISCARD);
		return;
	}
	if (!whole)
		peer->last = true;
	peer_finish(peer);
	peer_after_reply(peer);
}

/* Broken HTTP: what follows cannot be trusted. */
void peer_refuse_bytes(struct http_peer *peer, int status)
{
	if (peer->req == NULL && !peer_make_request(peer)) {
		peer->gone = true;
		return;
	}
	peer->last = true;
	peer_reply_status(peer, status, NULL);
	peer_finish(peer);
	peer_set_state(peer, PEER_LINGER);
}
