/*
 * server/auth/password - Argon2id hashes of passwords, in their encoded form (RFC 9106).
 *
 * Hashing and verifying take tens of milliseconds and 19 MiB each: for a worker, never for a loop.
 */
#ifndef SERVER_AUTH_PASSWORD_H
#define SERVER_AUTH_PASSWORD_H

#include <stdbool.h>

#include "protocol/base/slice.h"

#define PASSWORD_HASH_SIZE   128
#define PASSWORD_ITERATIONS  2
#define PASSWORD_MEMORY_KIB  19456 /* 19 MiB */
#define PASSWORD_PARALLELISM 1

#define PASSWORD_MADE_LENGTH 24 /* of 32 letters: 120 bits */
#define PASSWORD_DIGEST_SIZE 32

/* Makes a password of random letters; *MADE_R ends with NUL. 0 or -EIO. */
int password_make(char made_r[static PASSWORD_MADE_LENGTH + 1]);
/* SHA-256: enough for a password that was made here, as nobody guesses 120 bits; a microsecond. 0 or -EIO. */
int password_digest(struct slice password, unsigned char digest_r[static PASSWORD_DIGEST_SIZE]);

/* 0, -ENOMEM or -EIO. */
int password_hash(struct slice password, char encoded_r[static PASSWORD_HASH_SIZE]);
/* Whether PASSWORD is the one of ENCODED. An ENCODED that is empty or broken takes as long and is never right. */
bool password_verify(struct slice encoded, struct slice password);
/* Whether ENCODED was made with other numbers than the present ones: to be hashed again at the next sign-in. */
bool password_is_outdated(struct slice encoded);

#endif
