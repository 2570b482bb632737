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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "protocol/base/log.h"
#include "protocol/http/coding.h"
#include "server/base/loop.h"
#include "server/base/pool.h"
#include "server/http/peer_private.h"
#include "server/http/tls.h"

#define QUIET_MS 60000 /* between warnings of the same kind */

struct loop *http_peer_loop(const struct http_peer *peer)
{
	return peer->shard->loop;
}

struct pool *http_peer_pool(const struct http_peer *peer)
{
	return peer->shard->server->options.pool;
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

void peer_set_state(struct http_peer *peer, enum peer_state state)
{
	long ms = state_ms(deadlines_of(peer), state);

	peer->state = state;
	peer->deadline_ms = ms == 0 ? INT64_MAX : http_now_ms() + ms;
}

/* ---- ends ---- */

static void peer_free(struct http_peer *peer)
{
	struct http_server *server = peer->shard->server;

	TAILQ_REMOVE(&peer->shard->peers, peer, link);
	if (peer->counted)
		http_addresses_give(server->addresses, (struct sockaddr *)&peer->socket);
	metrics_add(metrics_of(peer), METRIC_HTTP_CONNECTIONS_OPEN, -1);
	if (peer->req != NULL)
		metrics_add(metrics_of(peer), METRIC_HTTP_REQUESTS_RUNNING, -1);
	peer_request_free(peer->req);
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

bool peer_output_is_empty(const struct http_peer *peer)
{
	return evbuffer_get_length(bufferevent_get_output(peer->bev)) == 0;
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

static void refuse_coded(struct http_peer *peer, int status, const char *sentence)
{
	struct http_request *req = peer->req;
	struct error err;

	error_set(&err, status, CONDITION_NONE, "%s", sentence);
	http_reply_refusal(req, peer->route, &err);
	http_request_finish(req);
}

/* A body in gzip, for a worker: what it stands for has the limit that any body of the row has, however small it came. */
static void expand_and_run(void *arg)
{
	struct http_peer *peer = arg;
	AUTO_BUF struct buf plain = BUF_INIT(peer->body_max);
	int ret = http_gunzip(buf_slice(&peer->body), &plain);

	if (ret == -EMSGSIZE) {
		refuse_coded(peer, 413, "");
	} else if (ret == -EINVAL) {
		refuse_coded(peer, 400, "The body is not whole gzip.");
	} else if (ret < 0) {
		refuse_coded(peer, 503, "");
	} else {
		buf_free(&peer->body);
		peer->body = plain;
		plain = BUF_INIT(0);
		peer->req->body = buf_slice(&peer->body);
		run_handler(peer);
	}
}

static struct pool *pool_of(struct http_peer *peer)
{
	struct http_server *server = peer->shard->server;

	return peer->route->run == RUN_ON_HASHER ? server->sign_in : server->options.pool;
}

static void run_request(struct http_peer *peer)
{
	bool coded = peer->route->body != BODY_NONE && http_coding_of(&peer->headers) == HTTP_GZIP;

	peer->req->body = buf_slice(&peer->body);
	peer_set_state(peer, PEER_RUNNING);
	if (peer->route->run == RUN_ON_LOOP && !coded) {
		run_handler(peer);
		return;
	}
	if (pool_run_for(pool_of(peer), http_request_sender(peer->req), coded ? expand_and_run : run_handler, peer) == 0)
		return;
	metrics_add(metrics_of(peer), METRIC_WORKERS_REFUSED, 1);
	peer_reply_status(peer, 503, NULL);
	http_reply_header(peer->req, "Retry-After", "%d", RETRY_AFTER_BUSY);
	http_peer_reply(peer->req);
}

/* The message is whole. */
static void take_end(struct http_peer *peer)
{
	if (peer->state == PEER_DISCARD) {
		peer_finish(peer);
		peer_after_reply(peer);
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
		peer_refuse_bytes(peer, (int)-used);
		return true;
	}
	evbuffer_drain(input, (size_t)used);
	metrics_add(metrics_of(peer), METRIC_HTTP_BYTES_READ, used);
	switch (http_request_parser_phase(peer->parser)) {
	case HTTP_PHASE_START:
		break;
	case HTTP_PHASE_HEAD:
		if (peer->state == PEER_IDLE)
			peer_set_state(peer, PEER_HEAD);
		break;
	case HTTP_PHASE_BODY:
	case HTTP_PHASE_END:
		if (!had_head)
			peer_take_head(peer);
		break;
	}
	return true;
}

/* Tells the client that no more is sent, once all that was is on its way. */
static void shut(struct http_peer *peer)
{
	if (peer->shut || !peer_output_is_empty(peer))
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
void peer_advance(struct http_peer *peer)
{
	peer->advancing = true;
	while (!peer->gone && step(peer))
		;
	peer->advancing = false;
	if (!peer->gone && is_over(peer)) {
		if (!peer_output_is_empty(peer) && peer->state != PEER_FLUSH)
			peer_set_state(peer, PEER_FLUSH);
		else if (peer_output_is_empty(peer))
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
		peer_set_state(peer, PEER_IDLE); /* the answer was taken: now it is the next request that is waited for */
	peer_advance(peer);             /* a pipelined request may have waited for room */
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct http_peer *peer = arg;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) { /* the TLS handshake is done */
		peer_set_state(peer, PEER_IDLE);
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
	bool proxy = peer_is_trusted_proxy(config, address), counted = !proxy && !address_is_loopback(address);
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
	peer_set_state(peer, peer->tls ? PEER_HANDSHAKE : PEER_IDLE);
	bufferevent_setcb(peer->bev, on_read, on_write, on_event, peer);
	bufferevent_setwatermark(peer->bev, EV_READ, 0, HTTP_INPUT_MAX);
	bufferevent_enable(peer->bev, EV_READ | EV_WRITE);
}

/* The deadline is over: an answer that can be given is given, as far as the client takes it at once. */
static void cut(struct http_peer *peer)
{
	peer->advancing = true;
	if (peer->state == PEER_HEAD || peer->state == PEER_BODY) {
		peer_refuse_bytes(peer, 408);
	} else if (peer->state == PEER_DISCARD) {
		peer->last = true;
		peer_finish(peer);
		peer_set_state(peer, PEER_LINGER);
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
		peer_set_state(peer, PEER_FLUSH);
		if (peer_output_is_empty(peer))
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
