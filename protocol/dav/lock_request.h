/*
 * dav/lock_request - what a LOCK asks for (RFC 4918, 9.10 and 14), and the written form of lock tokens.
 */
#ifndef DAV_LOCK_REQUEST_H
#define DAV_LOCK_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/dav/xml_reader.h"

#define LOCK_OWNER_MAX       4096 /* bytes of DAV:owner */
#define LOCK_SECONDS_DEFAULT 3600
#define LOCK_SECONDS_MAX     86400
#define LOCK_TOKEN_TEXT      45 /* "urn:uuid:" and 36 characters */

struct lock_request {
	bool shared;
	struct slice owner; /* the DAV:owner element with its namespaces declared; empty: none. Of the arena */
};

/* 0, -ENOMEM, or -EINVAL with *ERR (400; 403 for another type of lock than write). */
int lock_request_read(struct arena *arena, struct slice body, struct lock_request *request_r, struct error *err);
/* Timeout (RFC 4918, 10.7): the first that can be read, at most LOCK_SECONDS_MAX; the default when there is none. */
int64_t lock_timeout_read(struct slice value);
/* Makes 16 random bytes a UUID of version 4 (RFC 9562, 5.4). */
void lock_token_make(unsigned char token[static 16]);
/* "urn:uuid:...", ended by NUL. */
void lock_token_write(const unsigned char token[static 16], char text_r[static LOCK_TOKEN_TEXT + 1]);
/* A token as it is written above, without brackets. False for what is none of ours. */
bool lock_token_read(struct slice text, unsigned char token_r[static 16]);

#endif
