/*
 * http/coding - content codings (RFC 9110, 8.4): gzip in and out, and which of them a client takes.
 *
 * zlib is held behind this module. What is expanded has the maximum of its buffer, so that a few bytes cannot become
 * more than the same body could have been without a coding.
 */
#ifndef HTTP_CODING_H
#define HTTP_CODING_H

#include <stdbool.h>

#include "protocol/base/buf.h"
#include "protocol/base/slice.h"
#include "protocol/http/header.h"

enum http_coding {
	HTTP_IDENTITY,
	HTTP_GZIP,
	HTTP_CODING_UNKNOWN, /* another, or more than one */
};

/* What Content-Encoding says of a message's body; without the field HTTP_IDENTITY. "x-gzip" is gzip (8.4.1.3). */
enum http_coding http_coding_of(const struct http_headers *headers);
/*
 * Whether Accept-Encoding takes gzip, and likes it no less than the plain text (12.5.3). Without the field it does not:
 * it may be there, but nobody asked.
 */
bool http_coding_takes_gzip(const struct http_headers *headers);

/* Appends the gzip form of BYTES to OUT. 0, -ENOMEM, or -EMSGSIZE when it is longer than OUT takes. */
int http_gzip(struct slice bytes, struct buf *out);
/*
 * Appends what BYTES stand for. 0, -EINVAL (not gzip, cut short, a wrong check sum, bytes behind it), -EMSGSIZE (more
 * than OUT takes), or -ENOMEM. OUT holds a part after a failure.
 */
int http_gunzip(struct slice bytes, struct buf *out);

#endif
