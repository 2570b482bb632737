/*
 * base/buf - growing bytes with a maximum and a sticky error.
 *
 * After the first failure every call does nothing and buf.err says what it was, so that a writer makes twenty
 * appends and checks once. The bytes are not NUL-terminated unless buf_cstr() was called last.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/slice.h"

struct buf {
	char *at;
	size_t len;
	size_t capacity;
	size_t max; /* bytes; one more is -EMSGSIZE */
	int err;    /* 0, -EMSGSIZE or -ENOMEM, whichever came first */
};

#define BUF_INIT(maximum) ((struct buf){.max = (maximum)})
#define AUTO_BUF          AUTO(buf_free)

void buf_free(struct buf *b);  /* frees the bytes; the buf can be used again */
void buf_reset(struct buf *b); /* keeps the memory, forgets bytes and error */
/* Room for MORE bytes at the end, to be filled by the caller before buf_add_done; NULL on error. */
char *buf_reserve(struct buf *b, size_t more);
void buf_reserved(struct buf *b, size_t used);
void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_add_slice(struct buf *b, struct slice s);
void buf_add_str(struct buf *b, const char *text);
void buf_add_char(struct buf *b, char c);
void buf_add_u64(struct buf *b, uint64_t value);
void buf_add_i64(struct buf *b, int64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
/* Escapes & < > " for XML text and attributes; what XML 1.0 or UTF-8 forbids becomes U+FFFD. */
void buf_add_xml(struct buf *b, struct slice text);
/* Percent-encodes all but unreserved characters and, for a path, "/" (RFC 3986, 2.3). */
void buf_add_percent(struct buf *b, struct slice text);
void buf_add_percent_path(struct buf *b, struct slice text);
void buf_truncate(struct buf *b, size_t len);
struct slice buf_slice(const struct buf *b);
/* NUL-terminated view (the NUL is not counted), or NULL on error. */
const char *buf_cstr(struct buf *b);
/* Takes the bytes, NUL-terminated, out of *B; NULL on error (the buf is freed then). The caller frees. */
char *buf_steal(struct buf *b, size_t *len_r);

#endif
