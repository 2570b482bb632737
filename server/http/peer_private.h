/*
 * server/http/peer_private - one HTTP connection, for the files that make up its state machine: peer (bytes and
 * deadlines), peer_head (what a head asks and who asks it), peer_reply (answers and refusals).
 *
 * All of it runs in the connection's loop. A function that may free the connection says so.
 */
#ifndef SERVER_HTTP_PEER_PRIVATE_H
#define SERVER_HTTP_PEER_PRIVATE_H

#include <sys/socket.h>
#include <time.h>

#include "protocol/http/request_parser.h"
#include "server/auth/auth.h"
#include "server/base/metrics.h"
#include "server/http/http_private.h"

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

#define RETRY_AFTER_BUSY 2 /* seconds, when every worker is taken */

static inline struct metrics *metrics_of(const struct http_peer *peer)
{
	return peer->shard->server->options.metrics;
}

static inline const struct config_values *config_of(const struct http_peer *peer)
{
	return config_get(peer->shard->server->options.config);
}

static inline const struct http_deadlines *deadlines_of(const struct http_peer *peer)
{
	return peer->shard->server->options.deadlines;
}

static inline int64_t peer_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- peer ---- */
/* Enters STATE and starts its deadline. */
void peer_set_state(struct http_peer *peer, enum peer_state state);
bool peer_output_is_empty(const struct http_peer *peer);
/* Goes as far as it can; may free the connection. */
void peer_advance(struct http_peer *peer);

/* ---- peer_head ---- */
/* Memory for a request; only what needs no head is filled in. False when there is none. */
bool peer_make_request(struct http_peer *peer);
/* The head is whole: finds the row, signs in, and asks for the body or refuses. */
void peer_take_head(struct http_peer *peer);
bool peer_is_trusted_proxy(const struct config_values *config, const struct sockaddr *address);

/* ---- peer_reply ---- */
void peer_request_free(struct http_request *req);
/* DETAIL may be NULL: the status's own words. */
void peer_reply_status(struct http_peer *peer, int status, const char *detail);
/* The request is over: sends its reply and frees it. */
void peer_finish(struct http_peer *peer);
/* What follows a reply: the next request, or the end. */
void peer_after_reply(struct http_peer *peer);
/* Sends the reply that is ready instead of running a handler; what is still to come of the body is read away or cut. */
void peer_refuse(struct http_peer *peer);
/* Broken HTTP: what follows cannot be trusted. */
void peer_refuse_bytes(struct http_peer *peer, int status);

#endif
