/*
 * dav/sync_token - the opaque URI of a state of a collection (RFC 6578, 3.1): store, collection, change number.
 *
 * "urn:slotkeeper:sync:EPOCH-COLLECTION-NUMBER" or "...-NUMBER-BEGAN": the first two in hexadecimal. One state has one
 * spelling, and no other is read.
 */
#ifndef DAV_SYNC_TOKEN_H
#define DAV_SYNC_TOKEN_H

#include <stdint.h>

#include "protocol/base/buf.h"

#define SYNC_TOKEN_HOME (UINT64_C(1) << 63) /* in `collection`: it is a home, by its owner's id */

struct sync_token {
	uint64_t epoch; /* of the store: a restored backup has another */
	uint64_t collection;
	uint64_t number;
	uint64_t began; /* of a first sync that goes on in pages: the number at its beginning; else 0 */
};

void sync_token_write(struct buf *b, const struct sync_token *token);
/* 0 or -EINVAL. */
int sync_token_read(struct slice text, struct sync_token *token_r);

#endif
