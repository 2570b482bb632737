/*
 * base/digest - SHA-256, HMAC and random bytes, behind one module.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "protocol/base/slice.h"

#define DIGEST_SIZE 32

/* False when the library fails, which it does without memory. */
bool digest_sha256(struct slice bytes, unsigned char digest_r[static DIGEST_SIZE]);
/* RFC 2104 with SHA-256. */
bool digest_hmac(struct slice key, struct slice bytes, unsigned char digest_r[static DIGEST_SIZE]);
/* From the system; false when it gives none. */
bool digest_random(void *out, size_t size);

#endif
