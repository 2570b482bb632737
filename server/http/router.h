/*
 * server/http/router - method and path to a row that says all the core needs to know.
 *
 * The row carries where the handler runs, what body it takes and whether anybody may ask without signing in, so
 * that authentication, limits, `Allow` and OPTIONS come from the table and cannot be forgotten in a handler.
 */
#ifndef SERVER_HTTP_ROUTER_H
#define SERVER_HTTP_ROUTER_H

#include "server/http/request.h"

typedef void http_handler_fn(struct http_request *req);

enum http_run {
	RUN_ON_LOOP,   /* reads of a few rows: no parsing of objects, no hashing, no waiting */
	RUN_ON_WORKER, /* everything else */
	RUN_ON_HASHER, /* a password's hash: threads of their own, as a crowd of guessers is not to take all workers */
};

enum http_body {
	BODY_NONE, /* a body is read up to BODY_NONE_MAX and ignored */
	BODY_XML,
	BODY_ICAL,
	BODY_JSON, /* and errors are told as problem+json */
	BODY_FORM,
};

enum http_access {
	ACCESS_SIGNED_IN, /* 401 with a challenge otherwise */
	ACCESS_ANYONE,
	ACCESS_BY_PATH, /* anyone who has the path, which holds a secret and is not for the log */
};

struct http_route {
	http_handler_fn *handler; /* NULL: 405 */
	enum http_run run;
	enum http_body body;
	enum http_access access;
};

#define BODY_NONE_MAX 65536 /* what an idle body on a GET may cost */

/* The limit in bytes that BODY has in this server's configuration (app argument of http_server_new). */
/*
 * Finds the row for METHOD and raw PATH. *ALLOW_R (never NULL) gets the methods of the path for `Allow`, from the
 * request's arena or static. Returns NULL when no resource has such a path (404, after signing in).
 */
typedef const struct http_route *http_find_fn(void *app, enum http_method method, struct slice path,
    struct arena *arena, const char **allow_r);

#endif
