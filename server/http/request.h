/*
 * server/http/request - one request: what came, who sent it, and the reply that is being made.
 *
 * A request is created by its HTTP connection (http/peer) when head and body are there, handed to the row's handler
 * on the loop or on a worker as the row says, and given back by http_request_finish, once, from any thread. Until
 * then it belongs to the handler: nothing else touches it. A client that goes away does not take it away: the reply
 * is dropped when it is finished.
 */
#ifndef SERVER_HTTP_REQUEST_H
#define SERVER_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/error.h"
#include "protocol/http/header.h"
#include "protocol/http/method.h"

#define HTTP_REQUEST_ID_SIZE 24
#define HTTP_REPLY_MAX       (128u << 20) /* bytes of one reply's body */

struct auth_user;
struct http_peer;

struct http_response {
	int status;         /* 0 until set */
	struct buf headers; /* "Name: value\r\n" lines, without Date, Content-Length, Connection */
	struct buf body;    /* no body is sent for 204, 304 and HEAD */
};

struct http_request {
	struct arena *arena; /* for all that ends with the request */
	enum http_method method;
	struct slice method_name; /* as sent */
	struct slice path;  /* raw, of the Request-URI, absolute-form reduced to its path; begins with '/' */
	struct slice query; /* raw, without '?' */
	const struct http_headers *headers;
	struct slice body;
	bool body_truncated; /* never set for handlers: the connection answers 413 itself */
	char id[HTTP_REQUEST_ID_SIZE]; /* for logs, jobs and the X-Request-Id answer header */
	char peer_address[64];         /* of the client, behind trusted proxies the forwarded one */
	bool secure;                   /* TLS here, or said so by a trusted proxy, or loopback */
	bool tls;                      /* TLS here, or said so by a trusted proxy: its browser keeps a cookie marked Secure */
	const struct auth_user *user;  /* who signed in; NULL only where the row allows it */
	void *app;                     /* what http_server_new was given: struct app in server/ */
	struct http_response response;
	struct http_peer *peer; /* http/peer's own */
};

/* Adds a response header line; the value may not hold CR or LF (asserted in debug, dropped otherwise). */
void http_reply_header(struct http_request *req, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Sets the status and a body of that type (literal), taking nothing; finish is still to be called. */
void http_reply_text(struct http_request *req, int status, const char *content_type, struct slice body);
/*
 * The reply for ERR: a DAV:error body when it has a condition, else one line of text. ERR->http_status 0 becomes 500.
 * Clears what the reply held before. EXTRA (may be empty) is XML placed inside the condition's element.
 */
void http_reply_error(struct http_request *req, const struct error *err, struct slice extra);
/* Who sent it, for the turns of a pool: the user's id, before he is known a number of his address. */
uint64_t http_request_sender(const struct http_request *req);
/* Sends the reply; the request is not to be touched afterwards. Any thread. */
void http_request_finish(struct http_request *req);

#endif
