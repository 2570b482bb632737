/*
 * One HTTP connection. It lives on one loop; a request that runs on a worker comes back by a message to that loop, and
 * until then the connection stays, whatever the client does.
 */
#include <config.h>

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/base/log.h"
#include "protocol/http/date.h"
#include "protocol/http/request_parser.h"
#include "server/auth/auth.h"
#include "server/base/loop.h"
#include "server/base/metrics.h"
#include "server/base/pool.h"
#include "server/base/system_clock.h"
#include "server/http/http_private.h"
#include "server/http/tls.h"

#define REQUEST_ARENA_MAX (256u << 20) /* bytes of one request's memory beside its body and reply */
#define COPY_MAX          16384        /* bytes of a body that are rather copied than handed over */
#define RETRY_AFTER_BUSY  2            /* seconds, when every worker is taken */
#define QUIET_MS          60000        /* between warnings of the same kind */
#define RETRY_AFTER_GUESS 60           /* seconds, after too many wrong passwords */

enum peer_state {
	PEER_HANDSHAKE, /* TLS */
	PEER_IDLE,      /* between requests: nothing of the next one is here */
	PEER_HEAD,      /* a head has begun */
	PEER_SIGN_IN,   /* the head is here; a worker computes a password hash */
	PEER_BODY,
	PEER_RUNNING,   /* the request belongs to its handler */
	PEER_DISCARD,   /* refused: the reply is ready, the rest of the body is read away first */
	PEER_LINGER,    /* refused and answered: nothing more is sent; reads away what comes for a moment, then closes */
	PEER_FLUSH,     /* the last reply is being written, then closes */
};

struct http_peer {
	TAILQ_ENTRY(http_peer) link;
	struct http_shard *shard;
	struct bufferevent *bev;
	struct http_request_parser *parser;
	struct sockaddr_storage socket;
	enum peer_state state;
	int64_t deadline_ms;
	size_t output_left; /* bytes queued out at the last tick */
	int64_t body_begun_ms;
	uint64_t body_bytes;
	uint64_t body_max;
	struct http_request *req; /* from the head to the reply */
	const struct http_route *route;
	const char *allow; /* methods of the path */
	struct auth_user user;
	enum auth_result auth_result;
	struct http_headers headers;
	struct buf body;
	int64_t begun_us;
	bool tls, trusted_proxy, counted;
	bool gone;      /* the client went away, or was cut */
	bool ended;     /* the client sends no more; it may still wait for answers */
	bool shut;      /* it was told that no more is sent */
	bool last;      /* close behind this reply */
	bool advancing; /* peer_advance is on the stack */
};

static void peer_advance(struct http_peer *peer);

struct loop *http_peer_loop(const struct http_peer *peer)
{
	return peer->shard->loop;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static struct metrics *metrics_of(const struct http_peer *peer)
{
	return peer->shard->server->options.metrics;
}

static const struct config_values *config_of(const struct http_peer *peer)
{
	return config_get(peer->shard->server->options.config);
}

static const struct http_deadlines *deadlines_of(const struct http_peer *peer)
{
	return peer->shard->server->options.deadlines;
}

/* How long a connection may stay in STATE; 0: as long as it takes. */
static long state_ms(const struct http_deadlines *deadlines, enum peer_state state)
{
	switch (state) {
	case PEER_HANDSHAKE:
		return deadlines->tls_ms;
	case PEER_IDLE:
		return deadlines->idle_ms;
	case PEER_HEAD:
		return deadlines->head_ms;
	case PEER_BODY:
	case PEER_DISCARD:
		return deadlines->body_ms;
	case PEER_LINGER:
		return deadlines->linger_ms;
	case PEER_FLUSH:
		return deadlines->write_ms;
	case PEER_SIGN_IN:
	case PEER_RUNNING:
		break;
	}
	return 0;
}

static void set_state(struct http_peer *peer, enum peer_state state)
{
	long ms = state_ms(deadlines_of(peer), state);

	peer->state = state;
	peer->deadline_ms = ms == 0 ? INT64_MAX : http_now_ms() + ms;
}

/* ---- ends ---- */

static void request_free(struct http_request *req)
{
	if (req == NULL)
		return;
	buf_free(&req->response.headers);
	buf_free(&req->response.body);
	arena_free(req->arena); /* holds the request itself */
}

static void peer_free(struct http_peer *peer)
{
	struct http_server *server = peer->shard->server;

	TAILQ_REMOVE(&peer->shard->peers, peer, link);
	if (peer->counted)
		http_addresses_give(server->addresses, (struct sockaddr *)&peer->socket);
	metrics_add(metrics_of(peer), METRIC_HTTP_CONNECTIONS_OPEN, -1);
	if (peer->req != NULL)
		metrics_add(metrics_of(peer), METRIC_HTTP_REQUESTS_RUNNING, -1);
	request_free(peer->req);
	http_request_parser_free(peer->parser);
	buf_free(&peer->body);
	if (peer->tls && !peer->shut)
		tls_say_goodbye(peer->bev);
	bufferevent_free(peer->bev);
	atomic_fetch_sub(&server->open, 1);
	free(peer);
}

/* Frees the connection now, or when its request comes back. */
static void peer_close(struct http_peer *peer)
{
	peer->gone = true;
	bufferevent_disable(peer->bev, EV_READ | EV_WRITE);
	if (peer->state != PEER_RUNNING && peer->state != PEER_SIGN_IN && !peer->advancing)
		peer_free(peer);
}

static bool output_is_empty(struct http_peer *peer)
{
	return evbuffer_get_length(bufferevent_get_output(peer->bev)) == 0;
}

/* ---- the reply ---- */

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
	if (!peer->tls && output_is_empty(peer))
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

static void check_response(struct http_request *req)
{
	struct http_response *response = &req->response;
	struct error err = {.http_status = 500};

	if (response->status != 0 && response->headers.err == 0 && response->body.err == 0)
		return;
	log_event(LOG_ERROR_LEVEL, "http", req->id, "reply could not be made", "status=%d error=%d", response->status,
	    -(response->headers.err != 0 ? response->headers.err : response->body.err));
	http_reply_error(req, &err, SLICE_EMPTY);
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
	int64_t taken = now_us() - peer->begun_us;

	metrics_request(metrics_of(peer), req->method, req->response.status, taken);
	if (log_enabled(LOG_DEBUG_LEVEL))
		log_event(LOG_DEBUG_LEVEL, "http", req->id, "answered",
		    "method=%.*s path=%.*s status=%d bytes=%zu us=%lld user=%s from=%s", SLICE_ARG(req->method_name),
		    SLICE_ARG(req->path), req->response.status, req->response.body.len, (long long)taken,
		    req->user != NULL ? req->user->name : "-", req->peer_address);
}

/* The request is over: sends the reply and makes ready for the next. */
static void finish(struct http_peer *peer)
{
	check_response(peer->req);
	log_request(peer);
	metrics_add(metrics_of(peer), METRIC_HTTP_REQUESTS_RUNNING, -1);
	if (!peer->gone)
		send_reply(peer);
	request_free(peer->req);
	peer->req = NULL;
	buf_free(&peer->body);
}

/* What follows a reply: the next request, or the end. */
static void after_reply(struct http_peer *peer)
{
	bool whole = http_request_parser_phase(peer->parser) == HTTP_PHASE_END;

	if (peer->gone)
		return;
	if (peer->last) {
		set_state(peer, whole ? PEER_FLUSH : PEER_LINGER);
		return;
	}
	http_request_parser_next(peer->parser);
	set_state(peer, PEER_IDLE);
	if (!output_is_empty(peer))
		peer->deadline_ms = http_now_ms() + deadlines_of(peer)->write_ms;
}

void http_peer_reply(struct http_request *req)
{
	struct http_peer *peer = req->peer;

	finish(peer);
	set_state(peer, PEER_IDLE); /* no longer the handler's: it may be freed */
	after_reply(peer);
	if (!peer->advancing)
		peer_advance(peer);
}

/* ---- refusing before a handler runs ---- */

static void reply_status(struct http_peer *peer, int status, const char *detail)
{
	struct error err = {.http_status = status};

	if (detail != NULL)
		snprintf(err.detail, sizeof(err.detail), "%s", detail);
	http_reply_error(peer->req, &err, SLICE_EMPTY);
}

/*
 * The reply is in the request; a body that is still to come is read away when it is small, so that the connection
 * lives; else the connection ends.
 */
static void refuse(struct http_peer *peer)
{
	uint64_t length = http_request_parser_length(peer->parser);
	bool whole = http_request_parser_phase(peer->parser) == HTTP_PHASE_END;
	bool waits = http_header_has(&peer->headers, "Expect");

	if (!whole && !waits && length <= HTTP_DISCARD_MAX) {
		buf_free(&peer->body);
		peer->body_bytes = 0;
		peer->body_begun_ms = http_now_ms();
		set_state(peer, PEER_DISCARD);
		return;
	}
	if (!whole)
		peer->last = true;
	finish(peer);
	after_reply(peer);
}

static bool make_request(struct http_peer *peer);

/* Broken HTTP: what follows cannot be trusted. */
static void refuse_bytes(struct http_peer *peer, int status)
{
	if (peer->req == NULL && !make_request(peer)) {
		peer->gone = true;
		return;
	}
	peer->last = true;
	reply_status(peer, status, NULL);
	finish(peer);
	set_state(peer, PEER_LINGER);
}

/* ---- a head ---- */

/* Memory for a request; only what needs no head is filled in. */
static bool make_request(struct http_peer *peer)
{
	struct http_server *server = peer->shard->server;
	struct arena *arena = arena_new(REQUEST_ARENA_MAX);
	struct http_request *req = arena != NULL ? arena_zalloc(arena, sizeof(*req)) : NULL;

	if (req == NULL) {
		arena_free(arena);
		return false;
	}
	req->arena = arena;
	req->peer = peer;
	req->app = server->options.app;
	req->method = HTTP_METHOD_COUNT;
	req->method_name = req->path = SLICE("-");
	req->query = req->body = SLICE_EMPTY;
	req->headers = &peer->headers;
	req->response.headers = BUF_INIT(1 << 16);
	req->response.body = BUF_INIT(HTTP_REPLY_MAX);
	snprintf(req->id, sizeof(req->id), "%08x-%llx", server->request_prefix,
	    (unsigned long long)atomic_fetch_add(&server->next_request, 1));
	address_format_host((struct sockaddr *)&peer->socket, req->peer_address);
	peer->req = req;
	peer->begun_us = now_us();
	metrics_add(metrics_of(peer), METRIC_HTTP_REQUESTS_RUNNING, 1);
	return true;
}

static bool take_fields(struct http_peer *peer)
{
	size_t count = http_request_parser_field_count(peer->parser);
	struct http_field *fields = arena_array(peer->req->arena, count + 1, sizeof(*fields));

	if (fields == NULL)
		return false;
	for (size_t i = 0; i < count; i++)
		http_request_parser_field(peer->parser, i, &fields[i].name, &fields[i].value);
	peer->headers = (struct http_headers){fields, count};
	return true;
}

/* RFC 9112, 3.2.2: of an absolute form the path; 3.2.4: "*" is the server itself. */
static bool take_target(struct http_request *req, struct slice target)
{
	ptrdiff_t question;

	if (slice_starts_nocase(target, SLICE("http://")) || slice_starts_nocase(target, SLICE("https://"))) {
		struct slice rest = slice_from(target, (size_t)slice_find(target, SLICE("//")) + 2);
		ptrdiff_t slash = slice_find_byte(rest, '/');

		target = slash < 0 ? SLICE("/") : slice_from(rest, (size_t)slash);
	} else if (slice_is(target, "*") && req->method == HTTP_OPTIONS) {
		target = SLICE("/");
	}
	if (target.len == 0 || target.at[0] != '/' || slice_find_byte(target, '#') >= 0)
		return false;
	question = slice_find_byte(target, '?');
	req->path = question < 0 ? target : slice_sub(target, 0, (size_t)question);
	req->query = question < 0 ? SLICE_EMPTY : slice_from(target, (size_t)question + 1);
	return true;
}

static bool is_trusted_proxy(const struct config_values *config, const struct sockaddr *address)
{
	for (size_t i = 0; i < config->trusted_proxies.count; i++)
		if (network_holds(&config->trusted_proxies.at[i], address))
			return true;
	return false;
}

/*
 * The client that trusted proxies name: each adds at the end what it saw, so what stands before the last address that
 * is not a trusted proxy's own may be invented.
 */
static void take_forwarded_for(struct http_peer *peer)
{
	const struct config_values *config = config_of(peer);
	struct http_request *req = peer->req;
	struct http_list list = {0};
	struct slice element;
	struct address address;

	while (http_list_next(&peer->headers, "X-Forwarded-For", &list, &element)) {
		char text[ADDRESS_TEXT_SIZE];

		if (slice_copy(element, text, sizeof(text)) < 0 || address_parse_host(text, &address) < 0)
			address_format_host((struct sockaddr *)&peer->socket, req->peer_address);
		else if (!is_trusted_proxy(config, (struct sockaddr *)&address.socket))
			address_format_host((struct sockaddr *)&address.socket, req->peer_address);
	}
}

/* Who the client is, and whether its passwords travel safely: behind a trusted proxy, what that says. */
static void take_client(struct http_peer *peer)
{
	struct http_request *req = peer->req;
	struct http_list list = {0};
	struct slice protocol;

	req->secure = peer->tls || address_is_loopback((struct sockaddr *)&peer->socket);
	if (!peer->trusted_proxy)
		return;
	req->secure = true;
	while (http_list_next(&peer->headers, "X-Forwarded-Proto", &list, &protocol))
		req->secure = slice_is_nocase(protocol, "https"); /* the last is the proxy's own word */
	req->secure |= peer->tls;
	take_forwarded_for(peer);
}

static uint64_t body_limit(const struct http_peer *peer, enum http_body body)
{
	const struct config_values *config = config_of(peer);

	switch (body) {
	case BODY_NONE:
		return BODY_NONE_MAX;
	case BODY_XML:
	case BODY_JSON:
		return (uint64_t)config->max_xml_body;
	case BODY_ICAL:
		return (uint64_t)config->max_resource_size;
	}
	return 0;
}

static void challenge(struct http_peer *peer)
{
	reply_status(peer, 401, "Sign in with user name and password.");
	http_reply_header(peer->req, "WWW-Authenticate", "Basic realm=\"Slotkeeper\", charset=\"UTF-8\"");
}

/* False: the reply is ready. */
static bool take_auth_result(struct http_peer *peer, enum auth_result result)
{
	switch (result) {
	case AUTH_OK:
		peer->req->user = &peer->user;
		return true;
	case AUTH_MISSING:
	case AUTH_REFUSED:
		if (result == AUTH_REFUSED)
			metrics_add(metrics_of(peer), METRIC_SIGN_INS_REFUSED, 1);
		challenge(peer);
		return false;
	case AUTH_THROTTLED:
		metrics_add(metrics_of(peer), METRIC_SIGN_INS_REFUSED, 1);
		reply_status(peer, 429, "Too many wrong passwords; wait a minute.");
		http_reply_header(peer->req, "Retry-After", "%d", RETRY_AFTER_GUESS);
		return false;
	case AUTH_NEEDS_HASH:
	case AUTH_UNAVAILABLE:
		break;
	}
	reply_status(peer, 503, NULL);
	http_reply_header(peer->req, "Retry-After", "%d", RETRY_AFTER_BUSY);
	return false;
}

/* What the row says before the body is read. False: the reply is ready. */
static bool check_route(struct http_peer *peer)
{
	uint64_t length = http_request_parser_length(peer->parser);
	struct slice expect = http_header_get(&peer->headers, "Expect");

	if (peer->route == NULL) {
		reply_status(peer, 404, NULL);
		return false;
	}
	if (peer->route->handler == NULL) {
		reply_status(peer, 405, NULL);
		http_reply_header(peer->req, "Allow", "%s", peer->allow);
		return false;
	}
	if (expect.at != NULL && !slice_is_nocase(expect, "100-continue")) {
		reply_status(peer, 417, NULL);
		return false;
	}
	peer->body_max = body_limit(peer, peer->route->body);
	if (length != UINT64_MAX && length > peer->body_max) {
		reply_status(peer, 413, NULL);
		return false;
	}
	return true;
}

static void begin_body(struct http_peer *peer)
{
	peer->body = BUF_INIT(peer->body_max);
	peer->body_bytes = 0;
	peer->body_begun_ms = http_now_ms();
	set_state(peer, PEER_BODY);
	if (http_request_parser_phase(peer->parser) == HTTP_PHASE_BODY && http_header_has(&peer->headers, "Expect") &&
	    http_request_parser_minor_version(peer->parser))
		bufferevent_write(peer->bev, "HTTP/1.1 100 Continue\r\n\r\n", 25);
}

/* Signed in, or nobody need be. */
static void go_on(struct http_peer *peer)
{
	if (check_route(peer))
		begin_body(peer);
	else
		refuse(peer);
}

static void signed_in_on_loop(void *arg)
{
	struct http_peer *peer = arg;

	set_state(peer, PEER_HEAD); /* no longer the worker's */
	if (!peer->gone) {
		if (take_auth_result(peer, peer->auth_result))
			go_on(peer);
		else
			refuse(peer);
	}
	peer_advance(peer);
}

static void verify_on_worker(void *arg)
{
	struct http_peer *peer = arg;
	struct slice header = http_header_get(&peer->headers, "Authorization");

	peer->auth_result =
	    auth_verify(peer->shard->server->options.auth, header, peer->req->peer_address, &peer->user);
	loop_post(peer->shard->loop, signed_in_on_loop, peer);
}

static void authenticate(struct http_peer *peer)
{
	struct http_server *server = peer->shard->server;
	struct slice header = http_header_get(&peer->headers, "Authorization");
	enum auth_result result;

	if (!peer->req->secure) {
		reply_status(peer, 403, "Passwords are accepted over TLS only: use https.");
		refuse(peer);
		return;
	}
	result = auth_check(server->options.auth, header, peer->req->peer_address, &peer->user);
	if (result == AUTH_NEEDS_HASH) {
		set_state(peer, PEER_SIGN_IN);
		if (pool_run(server->options.pool, verify_on_worker, peer) == 0)
			return;
		set_state(peer, PEER_HEAD);
		metrics_add(metrics_of(peer), METRIC_WORKERS_REFUSED, 1);
		result = AUTH_UNAVAILABLE;
	}
	if (take_auth_result(peer, result))
		go_on(peer);
	else
		refuse(peer);
}

/* The head is whole: finds the row and decides what may come. */
static void take_head(struct http_peer *peer)
{
	struct http_server *server = peer->shard->server;
	struct http_request *req;

	if (!make_request(peer)) {
		peer->gone = true;
		return;
	}
	req = peer->req;
	req->method_name = http_request_parser_method(peer->parser);
	req->method = http_method_find(req->method_name);
	peer->last = peer->shard->stopping || !http_request_parser_keep_alive(peer->parser);
	if (!take_fields(peer)) {
		refuse_bytes(peer, 503);
		return;
	}
	take_client(peer);
	if (req->method == HTTP_METHOD_COUNT || !take_target(req, http_request_parser_target(peer->parser))) {
		refuse_bytes(peer, req->method == HTTP_METHOD_COUNT ? 501 : 400);
		return;
	}
	peer->route = server->options.find(server->options.app, req->method, req->path, req->arena, &peer->allow);
	if (peer->route != NULL && peer->route->access == ACCESS_ANYONE)
		go_on(peer);
	else
		authenticate(peer);
}

/* ---- a body ---- */

static int take_body(struct slice bytes, void *arg)
{
	struct http_peer *peer = arg;

	peer->body_bytes += bytes.len;
	peer->deadline_ms = peer->body_begun_ms + deadlines_of(peer)->body_ms +
	    (int64_t)(peer->body_bytes * 1000 / HTTP_BODY_RATE);
	if (peer->state == PEER_DISCARD)
		return peer->body_bytes > HTTP_DISCARD_MAX ? 413 : 0;
	buf_add_slice(&peer->body, bytes);
	return peer->body.err == -EMSGSIZE ? 413 : peer->body.err < 0 ? 503 : 0;
}

static void run_handler(void *arg)
{
	struct http_peer *peer = arg;

	peer->route->handler(peer->req);
}

static void run_request(struct http_peer *peer)
{
	peer->req->body = buf_slice(&peer->body);
	set_state(peer, PEER_RUNNING);
	if (peer->route->run == RUN_ON_LOOP) {
		run_handler(peer);
		return;
	}
	if (pool_run(peer->shard->server->options.pool, run_handler, peer) == 0)
		return;
	metrics_add(metrics_of(peer), METRIC_WORKERS_REFUSED, 1);
	reply_status(peer, 503, NULL);
	http_reply_header(peer->req, "Retry-After", "%d", RETRY_AFTER_BUSY);
	http_peer_reply(peer->req);
}

/* The message is whole. */
static void take_end(struct http_peer *peer)
{
	if (peer->state == PEER_DISCARD) {
		finish(peer);
		after_reply(peer);
	} else if (peer->state == PEER_BODY) {
		run_request(peer);
	}
}

/* ---- bytes ---- */

/* Feeds the next piece of input; false when there is none. */
static bool feed(struct http_peer *peer)
{
	struct evbuffer *input = bufferevent_get_input(peer->bev);
	struct evbuffer_iovec piece;
	bool had_head = http_request_parser_phase(peer->parser) == HTTP_PHASE_BODY;
	ptrdiff_t used;

	if (evbuffer_peek(input, -1, NULL, &piece, 1) < 1 || piece.iov_len == 0)
		return false;
	used = http_request_parser_feed(peer->parser, slice_of(piece.iov_base, piece.iov_len));
	if (used < 0) {
		evbuffer_drain(input, evbuffer_get_length(input));
		refuse_bytes(peer, (int)-used);
		return true;
	}
	evbuffer_drain(input, (size_t)used);
	metrics_add(metrics_of(peer), METRIC_HTTP_BYTES_READ, used);
	switch (http_request_parser_phase(peer->parser)) {
	case HTTP_PHASE_START:
		break;
	case HTTP_PHASE_HEAD:
		if (peer->state == PEER_IDLE)
			set_state(peer, PEER_HEAD);
		break;
	case HTTP_PHASE_BODY:
	case HTTP_PHASE_END:
		if (!had_head)
			take_head(peer);
		break;
	}
	return true;
}

/* Tells the client that no more is sent, once all that was is on its way. */
static void shut(struct http_peer *peer)
{
	if (peer->shut || !output_is_empty(peer))
		return;
	peer->shut = true;
	if (peer->tls)
		tls_say_goodbye(peer->bev);
	shutdown(bufferevent_getfd(peer->bev), SHUT_WR);
}

/* One step; false when it must wait for bytes, a worker or the client. */
static bool step(struct http_peer *peer)
{
	struct evbuffer *input = bufferevent_get_input(peer->bev);

	switch (peer->state) {
	case PEER_HANDSHAKE:
	case PEER_SIGN_IN:
	case PEER_RUNNING:
	case PEER_FLUSH:
		return false;
	case PEER_LINGER:
		evbuffer_drain(input, evbuffer_get_length(input));
		shut(peer);
		return false;
	case PEER_IDLE:
		if (evbuffer_get_length(bufferevent_get_output(peer->bev)) > HTTP_QUEUE_WRITES_MAX)
			return false; /* the client does not read its answers */
		return feed(peer);
	case PEER_HEAD:
	case PEER_BODY:
	case PEER_DISCARD:
		if (http_request_parser_phase(peer->parser) == HTTP_PHASE_END && peer->req != NULL) {
			take_end(peer);
			return true;
		}
		return feed(peer);
	}
	return false;
}

/* Nothing more is to be done, once what was written is on its way. */
static bool is_over(const struct http_peer *peer)
{
	switch (peer->state) {
	case PEER_SIGN_IN:
	case PEER_RUNNING:
		return false;
	case PEER_FLUSH:
		return true;
	case PEER_HANDSHAKE:
	case PEER_IDLE:
	case PEER_HEAD:
	case PEER_BODY:
	case PEER_DISCARD:
	case PEER_LINGER:
		break;
	}
	return peer->ended && evbuffer_get_length(bufferevent_get_input(peer->bev)) == 0;
}

/* Goes as far as it can; may free the connection. */
static void peer_advance(struct http_peer *peer)
{
	peer->advancing = true;
	while (!peer->gone && step(peer))
		;
	peer->advancing = false;
	if (!peer->gone && is_over(peer)) {
		if (!output_is_empty(peer) && peer->state != PEER_FLUSH)
			set_state(peer, PEER_FLUSH);
		else if (output_is_empty(peer))
			peer->gone = true;
	}
	if (peer->gone)
		peer_close(peer);
}

static void on_read(struct bufferevent *bev, void *arg)
{
	(void)bev;
	peer_advance(arg);
}

/* The output is empty. */
static void on_write(struct bufferevent *bev, void *arg)
{
	struct http_peer *peer = arg;

	(void)bev;
	if (peer->state == PEER_IDLE)
		set_state(peer, PEER_IDLE); /* the answer was taken: now it is the next request that is waited for */
	peer_advance(peer);             /* a pipelined request may have waited for room */
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_peer *peer = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) { /* the TLS handshake is done */
		set_state(peer, PEER_IDLE);
		return;
	}
	if (!(what & BEV_EVENT_EOF)) {
		peer_close(peer);
		return;
	}
	peer->ended = true; /* perhaps its half only: what was asked is answered */
	bufferevent_enable(bev, EV_WRITE); /* libevent stops both sides of a TLS connection */
	peer_advance(peer);
}

/* ---- a connection's life ---- */

static bool may_come(struct http_shard *shard, const struct config_values *config, const struct sockaddr *address,
    bool exempt)
{
	struct http_server *server = shard->server;

	if (shard->stopping || atomic_load(&server->open) >= config->max_connections)
		return false;
	return exempt || http_addresses_take(server->addresses, address, config->max_connections_per_address);
}

/* Once a minute in the log: a crowd is not to fill it. */
static void refuse_connection(struct http_shard *shard, const struct sockaddr *address)
{
	char text[ADDRESS_TEXT_SIZE];
	int64_t now = http_now_ms();

	metrics_add(shard->server->options.metrics, METRIC_HTTP_CONNECTIONS_REFUSED, 1);
	if (shard->stopping || now < shard->quiet_until_ms)
		return;
	shard->quiet_until_ms = now + QUIET_MS;
	address_format_host(address, text);
	log_event(LOG_WARN_LEVEL, "http", NULL, "too many connections, a new one was closed", "from=%s open=%ld", text,
	    atomic_load(&shard->server->open));
}

static struct bufferevent *make_bufferevent(struct http_shard *shard, int fd)
{
	struct tls *tls = shard->server->options.tls;

	return tls != NULL ? tls_accept(tls, loop_base(shard->loop), fd)
	                   : bufferevent_socket_new(loop_base(shard->loop), fd, BEV_OPT_CLOSE_ON_FREE);
}

void http_peer_new(struct http_shard *shard, int fd, const struct sockaddr *address, socklen_t len)
{
	struct http_server *server = shard->server;
	const struct config_values *config = config_get(server->options.config);
	bool proxy = is_trusted_proxy(config, address), counted = !proxy && !address_is_loopback(address);
	struct http_peer *peer;
	int one = 1;

	if (!may_come(shard, config, address, !counted)) {
		refuse_connection(shard, address);
		close(fd);
		return;
	}
	peer = calloc(1, sizeof(*peer));
	if (peer != NULL)
		peer->parser = http_request_parser_new(take_body, peer);
	if (peer != NULL && peer->parser != NULL)
		peer->bev = make_bufferevent(shard, fd);
	if (peer == NULL || peer->bev == NULL) {
		if (peer != NULL)
			http_request_parser_free(peer->parser);
		free(peer);
		close(fd);
		if (counted)
			http_addresses_give(server->addresses, address);
		return;
	}
	(void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	peer->shard = shard;
	peer->counted = counted;
	peer->trusted_proxy = proxy;
	peer->tls = server->options.tls != NULL;
	memcpy(&peer->socket, address, len < sizeof(peer->socket) ? len : sizeof(peer->socket));
	TAILQ_INSERT_TAIL(&shard->peers, peer, link);
	atomic_fetch_add(&server->open, 1);
	metrics_add(server->options.metrics, METRIC_HTTP_CONNECTIONS, 1);
	metrics_add(server->options.metrics, METRIC_HTTP_CONNECTIONS_OPEN, 1);
	set_state(peer, peer->tls ? PEER_HANDSHAKE : PEER_IDLE);
	bufferevent_setcb(peer->bev, on_read, on_write, on_event, peer);
	bufferevent_setwatermark(peer->bev, EV_READ, 0, HTTP_INPUT_MAX);
	bufferevent_enable(peer->bev, EV_READ | EV_WRITE);
}

/* The deadline is over: an answer that can be given is given, as far as the client takes it at once. */
static void cut(struct http_peer *peer)
{
	peer->advancing = true;
	if (peer->state == PEER_HEAD || peer->state == PEER_BODY) {
		refuse_bytes(peer, 408);
	} else if (peer->state == PEER_DISCARD) {
		peer->last = true;
		finish(peer);
		set_state(peer, PEER_LINGER);
	} else {
		peer->gone = true;
	}
	peer_advance(peer);
}

/* A client that takes its answer slowly, but takes it, is given more time. */
static bool output_moves(struct http_peer *peer, int64_t now)
{
	size_t left = evbuffer_get_length(bufferevent_get_output(peer->bev)), before = peer->output_left;

	peer->output_left = left;
	if (left == 0 || left >= before)
		return false;
	peer->deadline_ms = now + deadlines_of(peer)->write_ms;
	return true;
}

void http_peers_tick(struct http_shard *shard)
{
	int64_t now = http_now_ms();
	struct http_peer *peer, *next;

	for (peer = TAILQ_FIRST(&shard->peers); peer != NULL; peer = next) {
		next = TAILQ_NEXT(peer, link);
		if (!output_moves(peer, now) && now > peer->deadline_ms)
			cut(peer);
	}
}

void http_peers_stop(struct http_shard *shard)
{
	struct http_peer *peer, *next;

	shard->stopping = true;
	for (peer = TAILQ_FIRST(&shard->peers); peer != NULL; peer = next) {
		next = TAILQ_NEXT(peer, link);
		peer->last = true;
		if (peer->state != PEER_IDLE && peer->state != PEER_HANDSHAKE)
			continue;
		set_state(peer, PEER_FLUSH);
		if (output_is_empty(peer))
			peer_close(peer);
	}
}

void http_peers_close(struct http_shard *shard)
{
	struct http_peer *peer, *next;

	for (peer = TAILQ_FIRST(&shard->peers); peer != NULL; peer = next) {
		next = TAILQ_NEXT(peer, link);
		peer_close(peer);
	}
}
