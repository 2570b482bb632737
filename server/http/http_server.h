/*
 * server/http/http_server - listeners, loops and HTTP connections: from bytes to a route's handler and back.
 *
 * HTTP/1.0 and 1.1 with keep-alive and pipelining. Each connection lives on one loop for life. Authentication, body
 * limits, 405 and 100-continue come from the route's row before a handler runs.
 */
#ifndef SERVER_HTTP_HTTP_SERVER_H
#define SERVER_HTTP_HTTP_SERVER_H

#include <stddef.h>

#include "protocol/base/error.h"
#include "server/base/address.h"
#include "server/http/router.h"

struct auth;
struct config;
struct metrics;
struct pool;
struct tls;

/* Absolute deadlines of a connection's phases: a slow sender does not move them. */
struct http_deadlines {
	long tls_ms;    /* the handshake */
	long head_ms;   /* from a head's first byte to its end */
	long body_ms;   /* of a body, and a second more for each HTTP_BODY_RATE bytes that came */
	long idle_ms;   /* between requests */
	long write_ms;  /* without the client taking a byte of its answer */
	long linger_ms; /* after a refusal, for what the client is still sending */
	long stop_ms;   /* of a graceful stop, for what is under way */
	long tick_ms;   /* how often they are looked at */
};

#define HTTP_BODY_RATE        2048         /* bytes a second that a body must come at */
#define HTTP_DISCARD_MAX      (1u << 20)   /* bytes of a refused request's body that are read to keep the connection */
#define HTTP_INPUT_MAX        (64u << 10)  /* bytes read ahead while a request runs */
#define HTTP_QUEUE_WRITES_MAX (256u << 10) /* bytes queued out before pipelined requests wait */

struct http_server_options {
	struct config *config;
	struct auth *auth;
	struct pool *pool;
	struct metrics *metrics;
	struct tls *tls;    /* NULL: plain */
	http_find_fn *find; /* the top of the router */
	void *app;          /* http_request.app */
	size_t loops;
	const struct http_deadlines *deadlines; /* NULL: the usual ones */
};

struct http_listeners;
struct http_server;

/*
 * Binds every address LOOPS times (SO_REUSEPORT), before privileges are dropped. 0 or -errno with *ERR for a person.
 */
int http_listeners_open(const struct address *addresses, size_t count, size_t loops,
    struct http_listeners **listeners_r, struct error *err);
void http_listeners_free(struct http_listeners *listeners);
/* The first address, with the port that was really bound. */
void http_listeners_first(const struct http_listeners *listeners, char text_r[ADDRESS_TEXT_SIZE]);

/* Starts the loops; takes LISTENERS. 0 or -errno. */
int http_server_new(const struct http_server_options *options, struct http_listeners *listeners,
    struct http_server **server_r);
/* Stops accepting, lets what is under way end for a while (stop_ms), then closes all; waits. */
void http_server_stop(struct http_server *server);
void http_server_free(struct http_server *server);

#endif
