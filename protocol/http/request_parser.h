/*
 * http/request_parser - HTTP/1.1 requests from bytes (RFC 9112), strictly.
 *
 * http-parser does the work; here stand the checks that it lacks: no white space before a colon, no folded lines, no
 * bare line feed, exactly one Host, no unknown transfer coding, limits on every part. A request that breaks a rule
 * ends the connection with the status given, for what follows it cannot be trusted.
 */
#ifndef HTTP_REQUEST_PARSER_H
#define HTTP_REQUEST_PARSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/slice.h"

#define HTTP_TARGET_MAX  8192  /* bytes of the request target */
#define HTTP_HEAD_MAX    32768 /* bytes of the whole head */
#define HTTP_FIELDS_MAX  100
#define HTTP_TRAILER_MAX 8192 /* bytes of trailers and chunk extensions together, which are dropped */

/* Gets the body's bytes as they come; a non-zero return (an HTTP status) refuses the rest. */
typedef int http_body_fn(struct slice bytes, void *arg);

struct http_request_parser;

struct http_request_parser *http_request_parser_new(http_body_fn *body, void *arg);
void http_request_parser_free(struct http_request_parser *parser);

/*
 * Feeds BYTES; returns how many were used: all, or those up to the end of a head or of a message, where it stops so that
 * the caller can look at it. Negative: -status (400, 414, 431, 501, 503, 505 or what the body's function returned); the
 * parser is then good for nothing more.
 */
ptrdiff_t http_request_parser_feed(struct http_request_parser *parser, struct slice bytes);
/* Ready for the next message; what the head held is forgotten. */
void http_request_parser_next(struct http_request_parser *parser);

enum http_parser_phase {
	HTTP_PHASE_START, /* nothing of a message yet */
	HTTP_PHASE_HEAD,
	HTTP_PHASE_BODY,
	HTTP_PHASE_END, /* whole: call http_request_parser_next() */
};
enum http_parser_phase http_request_parser_phase(const struct http_request_parser *parser);

/* ---- of the head; slices live until http_request_parser_next() ---- */
struct slice http_request_parser_method(const struct http_request_parser *parser);
struct slice http_request_parser_target(const struct http_request_parser *parser); /* as sent */
size_t http_request_parser_field_count(const struct http_request_parser *parser);
void http_request_parser_field(const struct http_request_parser *parser, size_t i, struct slice *name_r,
    struct slice *value_r);
bool http_request_parser_keep_alive(const struct http_request_parser *parser);
/* Bytes of the body when Content-Length said so, UINT64_MAX for a chunked one, 0 without. */
uint64_t http_request_parser_length(const struct http_request_parser *parser);
bool http_request_parser_minor_version(const struct http_request_parser *parser); /* true: 1.1 */

#endif
