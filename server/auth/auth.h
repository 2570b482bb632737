/*
 * server/auth/auth - who sent a request.
 *
 * Basic authentication (RFC 7617) against Argon2id hashes in the store, with a bounded cache of verified
 * credentials so that the hash is computed once in a while and not for every request. The passwords of apps, made here
 * at random, are looked up by their digest and need neither.
 */
#ifndef SERVER_AUTH_AUTH_H
#define SERVER_AUTH_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/clock.h"
#include "protocol/base/slice.h"
#include "storage/store.h"

#define AUTH_NAME_SIZE 256

/* Who a request comes from; small and copied by value. */
struct auth_user {
	uint64_t id; /* principal id */
	char name[AUTH_NAME_SIZE];
	bool admin;
	uint64_t credential_version; /* of the password that he has */
};

struct auth;

struct auth_options {
	unsigned failures_per_minute; /* by address and user name together; 0: no limit */
};

struct auth *auth_new(struct store *store, const struct clock *clock, const struct auth_options *options);
void auth_free(struct auth *auth);

enum auth_result {
	AUTH_OK,          /* *USER_R is filled */
	AUTH_MISSING,     /* no Authorization header, or another scheme: 401 */
	AUTH_REFUSED,     /* wrong name or password: 401 */
	AUTH_THROTTLED,   /* too many failures: 429 with Retry-After */
	AUTH_NEEDS_HASH,  /* not in the cache: call auth_verify on a worker */
	AUTH_UNAVAILABLE, /* the store could not be read: 503 */
};

/*
 * Looks HEADER (the value of Authorization; empty: none) up in the cache: a few microseconds, for the loop. Checks on
 * a snapshot that the principal still exists with the same credential version.
 */
enum auth_result auth_check(struct auth *auth, struct slice header, const char *address, struct auth_user *user_r);
/* The whole check, with the hash: tens of milliseconds and 19 MiB, for a worker. Never AUTH_NEEDS_HASH. */
enum auth_result auth_verify(struct auth *auth, struct slice header, const char *address, struct auth_user *user_r);
/*
 * The same for a form: name and password of a person; the password of an app is none. The hash is computed each time.
 */
enum auth_result auth_sign_in(struct auth *auth, struct slice user, struct slice password, const char *address,
    struct auth_user *user_r);

#endif
