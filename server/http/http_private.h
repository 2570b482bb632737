/*
 * server/http/http_private - what the files of this folder share.
 */
#ifndef SERVER_HTTP_HTTP_PRIVATE_H
#define SERVER_HTTP_HTTP_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "server/base/config.h"
#include "server/http/http_server.h"

struct bufferevent;
struct loop;

TAILQ_HEAD(http_peers, http_peer);

/* One loop with its listeners and connections; touched by its own thread alone. */
struct http_shard {
	struct http_server *server;
	struct loop *loop;
	struct http_peers peers;
	struct event *tick;
	struct evconnlistener **listeners;
	size_t listener_count;
	int64_t quiet_until_ms; /* no warning of too many connections before */
	bool stopping;
	bool deaf; /* accepting failed; its listeners wait for the next tick */
};

struct http_server {
	struct http_server_options options;
	struct http_shard *shards;
	size_t shard_count;
	atomic_long open; /* connections */
	atomic_ullong next_request;
	uint32_t request_prefix;
	struct http_addresses *addresses; /* connections by address */
	struct pool *sign_in; /* computes password hashes: a crowd of guessers is not to take all workers */
};

/* A new connection on FD; closes it when there are too many. */
void http_peer_new(struct http_shard *shard, int fd, const struct sockaddr *address, socklen_t len);
/* Cuts the connections of SHARD whose deadline is over; once a second. */
void http_peers_tick(struct http_shard *shard);
/* Closes what is idle, and the others when they have answered. */
void http_peers_stop(struct http_shard *shard);
void http_peers_close(struct http_shard *shard);
int64_t http_now_ms(void);

/* How many connections an address has; false when there are MAX already. */
bool http_addresses_take(struct http_addresses *addresses, const struct sockaddr *address, long max);
void http_addresses_give(struct http_addresses *addresses, const struct sockaddr *address);
struct http_addresses *http_addresses_new(void);
void http_addresses_free(struct http_addresses *addresses);

const char *http_reason(int status);
/* The reply for ERR as the row's clients read it; ROUTE may be NULL. */
void http_reply_refusal(struct http_request *req, const struct http_route *route, const struct error *err);
/* The loop's side of http_request_finish, in the loop's thread. */
void http_peer_reply(struct http_request *req);
struct loop *http_peer_loop(const struct http_peer *peer);
struct pool *http_peer_pool(const struct http_peer *peer);

#define HTTP_COMPRESS_MIN         1024  /* bytes of an answer that are worth it: less fits a packet as it is */
#define HTTP_COMPRESS_ON_LOOP_MAX 32768 /* bytes that the loop itself compresses, half a millisecond's work */
/* Says in Vary that the answer depends on it, where it does; whether the client wants it compressed. */
bool http_reply_wants_compress(struct http_request *req);
void http_reply_compress(struct http_request *req);

#endif
