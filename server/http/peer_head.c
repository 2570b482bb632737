/* A request's head: its target, its fields, who sent it, and whether its body may come. */
#include <config.h>

#include <event2/bufferevent.h>
#include <stdio.h>

#include "protocol/http/coding.h"
#include "protocol/http/form.h"
#include "server/base/loop.h"
#include "server/base/pool.h"
#include "server/http/peer_private.h"

#define REQUEST_ARENA_MAX (256u << 20) /* bytes of one request's memory beside its body and reply */
#define RETRY_AFTER_GUESS 60           /* seconds, after too many wrong passwords */

/* Memory for a request; only what needs no head is filled in. */
bool peer_make_request(struct http_peer *peer)
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
	peer->route = NULL; /* that of the request before is not this one's */
	peer->begun_us = peer_now_us();
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

bool peer_is_trusted_proxy(const struct config_values *config, const struct sockaddr *address)
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
		else if (!peer_is_trusted_proxy(config, (struct sockaddr *)&address.socket))
			address_format_host((struct sockaddr *)&address.socket, req->peer_address);
	}
}

/* Who the client is, and whether its passwords travel safely: behind a trusted proxy, what that says. */
static void take_client(struct http_peer *peer)
{
	struct http_request *req = peer->req;
	struct http_list list = {0};
	struct slice protocol;

	req->tls = peer->tls;
	req->secure = peer->tls || address_is_loopback((struct sockaddr *)&peer->socket);
	if (!peer->trusted_proxy)
		return;
	req->secure = true;
	while (http_list_next(&peer->headers, "X-Forwarded-Proto", &list, &protocol))
		req->tls = req->secure = slice_is_nocase(protocol, "https"); /* the last is the proxy's own word */
	req->tls |= peer->tls;
	req->secure |= peer->tls;
	take_forwarded_for(peer);
}

#define RESOURCE_SLACK 2 /* times the largest object are read, so that the answer names CALDAV:max-resource-size */

static uint64_t body_limit(const struct http_peer *peer, enum http_body body)
{
	const struct config_values *config = config_of(peer);

	switch (body) {
	case BODY_NONE:
		return BODY_NONE_MAX;
	case BODY_XML:
	case BODY_JSON:
		return (uint64_t)config->max_xml_body;
	case BODY_FORM:
		return HTTP_FORM_MAX;
	case BODY_ICAL:
		return RESOURCE_SLACK * (uint64_t)config->max_resource_size;
	}
	return 0;
}

static void challenge(struct http_peer *peer)
{
	peer_reply_status(peer, 401, "Sign in with user name and password.");
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
		peer_reply_status(peer, 429, "Too many wrong passwords; wait a minute.");
		http_reply_header(peer->req, "Retry-After", "%d", RETRY_AFTER_GUESS);
		return false;
	case AUTH_NEEDS_HASH:
	case AUTH_UNAVAILABLE:
		break;
	}
	peer_reply_status(peer, 503, NULL);
	http_reply_header(peer->req, "Retry-After", "%d", RETRY_AFTER_BUSY);
	return false;
}

/* What the row says before the body is read. False: the reply is ready. */
static bool check_route(struct http_peer *peer)
{
	uint64_t length = http_request_parser_length(peer->parser);
	struct slice expect = http_header_get(&peer->headers, "Expect");

	if (peer->route == NULL) {
		peer_reply_status(peer, 404, NULL);
		return false;
	}
	if (peer->route->handler == NULL) {
		peer_reply_status(peer, 405, NULL);
		http_reply_header(peer->req, "Allow", "%s", peer->allow);
		return false;
	}
	if (expect.at != NULL && !slice_is_nocase(expect, "100-continue")) {
		peer_reply_status(peer, 417, NULL);
		return false;
	}
	if (peer->route->body != BODY_NONE && http_coding_of(&peer->headers) == HTTP_CODING_UNKNOWN) {
		peer_reply_status(peer, 415, NULL);
		http_reply_header(peer->req, "Accept-Encoding", "gzip"); /* RFC 9110, 15.5.16 */
		return false;
	}
	peer->body_max = body_limit(peer, peer->route->body);
	if (length != UINT64_MAX && length > peer->body_max) {
		peer_reply_status(peer, 413, NULL);
		return false;
	}
	return true;
}

static void begin_body(struct http_peer *peer)
{
	peer->body = BUF_INIT(peer->body_max);
	peer->body_bytes = 0;
	peer->body_begun_ms = http_now_ms();
	peer_set_state(peer, PEER_BODY);
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
		peer_refuse(peer);
}

static void signed_in_on_loop(void *arg)
{
	struct http_peer *peer = arg;

	peer_set_state(peer, PEER_HEAD); /* no longer the worker's */
	if (!peer->gone) {
		if (take_auth_result(peer, peer->auth_result))
			go_on(peer);
		else
			peer_refuse(peer);
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
		peer_reply_status(peer, 403, "Passwords are accepted over TLS only: use https.");
		peer_refuse(peer);
		return;
	}
	result = auth_check(server->options.auth, header, peer->req->peer_address, &peer->user);
	if (result == AUTH_NEEDS_HASH) {
		peer_set_state(peer, PEER_SIGN_IN);
		if (pool_run_for(server->sign_in, http_request_sender(peer->req), verify_on_worker, peer) == 0)
			return;
		peer_set_state(peer, PEER_HEAD);
		metrics_add(metrics_of(peer), METRIC_WORKERS_REFUSED, 1);
		result = AUTH_UNAVAILABLE;
	}
	if (take_auth_result(peer, result))
		go_on(peer);
	else
		peer_refuse(peer);
}

/* The head is whole: finds the row and decides what may come. */
void peer_take_head(struct http_peer *peer)
{
	struct http_server *server = peer->shard->server;
	struct http_request *req;

	if (!peer_make_request(peer)) {
		peer->gone = true;
		return;
	}
	req = peer->req;
	req->method_name = http_request_parser_method(peer->parser);
	req->method = http_method_find(req->method_name);
	peer->last = peer->shard->stopping || !http_request_parser_keep_alive(peer->parser);
	if (!take_fields(peer)) {
		peer_refuse_bytes(peer, 503);
		return;
	}
	take_client(peer);
	if (req->method == HTTP_METHOD_COUNT || !take_target(req, http_request_parser_target(peer->parser))) {
		peer_refuse_bytes(peer, req->method == HTTP_METHOD_COUNT ? 501 : 400);
		return;
	}
	peer->route = server->options.find(server->options.app, req->method, req->path, req->arena, &peer->allow);
	if (peer->route != NULL && peer->route->access != ACCESS_SIGNED_IN)
		go_on(peer);
	else
		authenticate(peer);
}
