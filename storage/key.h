/*
 * storage/key - order-preserving packing of tuples into keys: byte order is the order of the tuples.
 *
 * Integers are big-endian, signed ones biased; text is escaped and ended, so that a prefix sorts first. What does not
 * fit KV_KEY_MAX marks the key as too long: a lookup then finds nothing, a put is refused.
 */
#ifndef STORAGE_KEY_H
#define STORAGE_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "storage/kv.h"

struct key {
	size_t len; /* KV_KEY_MAX + 1 when it is too long */
	char at[KV_KEY_MAX + 1];
};

void key_begin(struct key *key, char table);
void key_add_u8(struct key *key, uint8_t value);
void key_add_u32(struct key *key, uint32_t value);
void key_add_u64(struct key *key, uint64_t value);
void key_add_i64(struct key *key, int64_t value);
void key_add_text(struct key *key, struct slice text);
void key_add_bytes(struct key *key, struct slice bytes); /* as they are: the last part, or one of a fixed length */
/* 16 bytes of SHA-256, for text that may be longer than a key: the full text stands in the value. */
void key_add_hash(struct key *key, struct slice text);
struct slice key_slice(const struct key *key);
/* The first key behind all that begin with KEY: the end of a range. */
struct key key_end(const struct key *key);

/* Reads back what was packed; false when it is not that. *REST begins behind the table byte. */
bool key_take_u8(struct slice *rest, uint8_t *value_r);
bool key_take_u32(struct slice *rest, uint32_t *value_r);
bool key_take_u64(struct slice *rest, uint64_t *value_r);
bool key_take_i64(struct slice *rest, int64_t *value_r);
/* Unescapes into OUT of SIZE bytes. */
bool key_take_text(struct slice *rest, char *out, size_t size, struct slice *text_r);

/* The first 8 bytes of SHA-256, as a number. */
uint64_t key_digest(struct slice bytes);

#endif
