/*
 * base/codec - percent, base64, base64url and hex, bounded (RFC 3986, 2.1; RFC 4648).
 *
 * Decoders write at most SIZE bytes to OUT and return the count, -EINVAL for bad input or -ENOSPC. OUT may not
 * overlap the input unless a function says so.
 */
#ifndef BASE_CODEC_H
#define BASE_CODEC_H

#include <stddef.h>
#include <sys/types.h>

#include "protocol/base/buf.h"
#include "protocol/base/slice.h"

ssize_t codec_percent_decode(struct slice in, char *out, size_t size); /* every other byte is literal */
ssize_t codec_base64_decode(struct slice in, void *out, size_t size);  /* padding required, no white space */
ssize_t codec_base64url_decode(struct slice in, void *out, size_t size); /* no padding */
ssize_t codec_hex_decode(struct slice in, void *out, size_t size);     /* both cases */
void codec_base64_encode(struct buf *b, const void *bytes, size_t len);
void codec_base64url_encode(struct buf *b, const void *bytes, size_t len);
void codec_hex_encode(struct buf *b, const void *bytes, size_t len); /* lower case */

#endif
