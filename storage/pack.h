/*
 * storage/pack - the fields of a stored value, one behind the other; a reader with a sticky error.
 *
 * Integers are little-endian, text a 32-bit length and its bytes. A value begins with a version byte.
 */
#ifndef STORAGE_PACK_H
#define STORAGE_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/buf.h"
#include "protocol/base/interval_set.h"
#include "protocol/base/slice.h"

void pack_u8(struct buf *b, uint8_t value);
void pack_u32(struct buf *b, uint32_t value);
void pack_u64(struct buf *b, uint64_t value);
void pack_i64(struct buf *b, int64_t value);
void pack_text(struct buf *b, struct slice text);
void pack_interval(struct buf *b, struct interval at);

struct unpack {
	struct slice rest;
	bool bad; /* something was cut short: all that was read is 0 or empty from there on */
};

/* Reads the version byte; another one is bad. */
struct unpack unpack_begin(struct slice value, uint8_t version);
uint8_t unpack_u8(struct unpack *u);
uint32_t unpack_u32(struct unpack *u);
uint64_t unpack_u64(struct unpack *u);
int64_t unpack_i64(struct unpack *u);
struct slice unpack_text(struct unpack *u); /* borrows from the value */
struct interval unpack_interval(struct unpack *u);
/* 0, or -EBADMSG when something was bad or bytes are left over. */
int unpack_end(const struct unpack *u);

#endif
