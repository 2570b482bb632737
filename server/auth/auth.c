#include <config.h>

#include "server/auth/auth.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "protocol/base/log.h"
#include "protocol/http/credentials.h"
#include "server/auth/password.h"

#define CACHE_SETS       1024 /* of CACHE_WAYS verified credentials */
#define CACHE_WAYS       4
#define CACHE_SECONDS    600
#define DIGEST_BYTES     32
#define THROTTLE_BUCKETS 4096
#define MINUTE           60
#define VIEW_ARENA_MAX   65536

/* A verified credential: never the password, only a digest under a key of this process. */
struct cached {
	unsigned char digest[DIGEST_BYTES];
	uint64_t principal; /* 0: empty */
	uint64_t credential_version;
	instant_t expires;
	uint64_t used; /* the set's clock: the least recently used goes */
};

/* Failures of one (address, user) in the present minute; two that share a bucket share the count. */
struct failures {
	instant_t minute;
	unsigned count;
};

struct auth {
	struct store *store;
	const struct clock *clock;
	struct auth_options options;
	unsigned char key[DIGEST_BYTES];
	pthread_mutex_t lock; /* of what follows; held for nanoseconds */
	uint64_t tick;
	struct cached cache[CACHE_SETS][CACHE_WAYS];
	struct failures failures[THROTTLE_BUCKETS];
};

struct auth *auth_new(struct store *store, const struct clock *clock, const struct auth_options *options)
{
	struct auth *auth = calloc(1, sizeof(*auth));

	if (auth == NULL || getrandom(auth->key, sizeof(auth->key), 0) != (ssize_t)sizeof(auth->key)) {
		free(auth);
		return NULL;
	}
	auth->store = store;
	auth->clock = clock;
	auth->options = *options;
	pthread_mutex_init(&auth->lock, NULL);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (auth == NULL)
		return;
	pthread_mutex_destroy(&auth->lock);
	OPENSSL_cleanse(auth->key, sizeof(auth->key));
	free(auth);
}

/* HMAC-SHA-256 of A NUL B under the key of this process. */
static bool digest(struct auth *auth, struct slice a, struct slice b, unsigned char digest_r[static DIGEST_BYTES])
{
	unsigned char text[2 * HTTP_CREDENTIALS_MAX];
	unsigned len = DIGEST_BYTES;
	bool ok;

	if (a.len + b.len + 1 > sizeof(text))
		return false;
	memcpy(text, a.at, a.len);
	text[a.len] = '\0';
	memcpy(text + a.len + 1, b.at, b.len);
	ok = HMAC(EVP_sha256(), auth->key, sizeof(auth->key), text, a.len + b.len + 1, digest_r, &len) != NULL;
	OPENSSL_cleanse(text, a.len + b.len + 1);
	return ok;
}

static uint32_t number_of(const unsigned char digest[static 4])
{
	return (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 | (uint32_t)digest[2] << 8 | digest[3];
}

/* ---- the throttle ---- */

static struct failures *bucket(struct auth *auth, struct slice user, const char *address)
{
	unsigned char hash[DIGEST_BYTES];

	if (!digest(auth, user, slice_str(address), hash))
		return NULL;
	return &auth->failures[number_of(hash) % THROTTLE_BUCKETS];
}

/* Whether this user may try from this address; with FAILED, after one more failure. */
static bool may_try(struct auth *auth, struct slice user, const char *address, bool failed)
{
	struct failures *failures;
	instant_t minute = clock_now(auth->clock) / MINUTE;
	bool may = true;

	if (auth->options.failures_per_minute == 0)
		return true;
	failures = bucket(auth, user, address);
	if (failures == NULL)
		return false;
	pthread_mutex_lock(&auth->lock);
	if (failures->minute != minute)
		*failures = (struct failures){minute, 0};
	failures->count += failed;
	may = failures->count < auth->options.failures_per_minute;
	pthread_mutex_unlock(&auth->lock);
	return may;
}

/* ---- the cache ---- */

static bool cache_find(struct auth *auth, const unsigned char wanted[static DIGEST_BYTES], struct cached *found_r)
{
	struct cached *set = auth->cache[number_of(wanted) % CACHE_SETS];
	instant_t now = clock_now(auth->clock);
	bool found = false;

	pthread_mutex_lock(&auth->lock);
	for (int i = 0; i < CACHE_WAYS && !found; i++)
		if (set[i].principal != 0 && set[i].expires > now &&
		    CRYPTO_memcmp(set[i].digest, wanted, DIGEST_BYTES) == 0) {
			set[i].used = ++auth->tick;
			*found_r = set[i];
			found = true;
		}
	pthread_mutex_unlock(&auth->lock);
	return found;
}

static void cache_put(struct auth *auth, const unsigned char wanted[static DIGEST_BYTES], uint64_t principal,
    uint64_t credential_version)
{
	struct cached *set = auth->cache[number_of(wanted) % CACHE_SETS], *oldest = set;

	pthread_mutex_lock(&auth->lock);
	for (int i = 0; i < CACHE_WAYS; i++) {
		if (set[i].principal == 0 || memcmp(set[i].digest, wanted, DIGEST_BYTES) == 0) {
			oldest = &set[i];
			break;
		}
		if (set[i].used < oldest->used)
			oldest = &set[i];
	}
	memcpy(oldest->digest, wanted, DIGEST_BYTES);
	oldest->principal = principal;
	oldest->credential_version = credential_version;
	oldest->expires = clock_now(auth->clock) + CACHE_SECONDS;
	oldest->used = ++auth->tick;
	pthread_mutex_unlock(&auth->lock);
}

/* ---- the store ---- */

struct lookup {
	struct arena *arena;
	const struct http_basic *basic;
	struct principal principal;
	bool by_app; /* the password is one of an app */
};

/* A password that was made here may be one of an app. */
static int find_app_password(struct kv_txn *txn, struct lookup *lookup)
{
	unsigned char digest[PASSWORD_DIGEST_SIZE];
	struct app_password password;
	int ret;

	lookup->by_app = false;
	if (lookup->basic->password.len != PASSWORD_MADE_LENGTH)
		return 0;
	ret = password_digest(lookup->basic->password, digest);
	if (ret == 0)
		ret = store_app_password_get(txn, lookup->arena, lookup->principal.id, digest, &password);
	OPENSSL_cleanse(digest, sizeof(digest));
	lookup->by_app = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

static int find_principal(struct kv_txn *txn, void *arg)
{
	struct lookup *lookup = arg;
	int ret = store_principal_get(txn, lookup->arena, lookup->basic->user, &lookup->principal);

	return ret < 0 ? ret : find_app_password(txn, lookup);
}

/* 0, -ENOENT (nobody of that name who can sign in) or another -errno. */
static int look_up(struct auth *auth, struct lookup *lookup)
{
	int ret = kv_view(store_kv(auth->store), find_principal, lookup);

	if (ret == 0 && (lookup->principal.kind != PRINCIPAL_USER || lookup->principal.password_hash.len == 0))
		ret = -ENOENT;
	return ret;
}

static void fill(struct auth_user *user, const struct principal *principal)
{
	*user = (struct auth_user){
	    .id = principal->id, .admin = principal->admin, .credential_version = principal->credential_version};
	(void)!slice_copy(principal->name, user->name, sizeof(user->name));
}

/* ---- checks ---- */

static enum auth_result check_cached(struct auth *auth, const struct http_basic *basic, struct lookup *lookup,
    const char *address, struct auth_user *user_r)
{
	unsigned char wanted[DIGEST_BYTES];
	struct cached found = {0};
	bool cached;
	int ret;

	if (!may_try(auth, basic->user, address, false))
		return AUTH_THROTTLED;
	if (!digest(auth, basic->user, basic->password, wanted))
		return AUTH_REFUSED;
	cached = cache_find(auth, wanted, &found);
	if (!cached && basic->password.len != PASSWORD_MADE_LENGTH)
		return AUTH_NEEDS_HASH;
	ret = look_up(auth, lookup);
	if (ret == -ENOENT)
		return AUTH_NEEDS_HASH;
	if (ret < 0)
		return AUTH_UNAVAILABLE;
	if (lookup->by_app) {
		fill(user_r, &lookup->principal);
		return AUTH_OK;
	}
	if (!cached || lookup->principal.id != found.principal ||
	    lookup->principal.credential_version != found.credential_version)
		return AUTH_NEEDS_HASH;
	fill(user_r, &lookup->principal);
	return AUTH_OK;
}

static enum auth_result check_password(struct auth *auth, const struct http_basic *basic, struct lookup *lookup,
    const char *address, struct auth_user *user_r)
{
	unsigned char wanted[DIGEST_BYTES];
	struct slice hash = SLICE_EMPTY;
	int ret = look_up(auth, lookup);

	if (ret < 0 && ret != -ENOENT)
		return AUTH_UNAVAILABLE;
	if (ret == 0)
		hash = lookup->principal.password_hash;
	if (!password_verify(hash, basic->password) || ret < 0) {
		may_try(auth, basic->user, address, true);
		log_event(LOG_WARN_LEVEL, "auth", NULL, "sign-in refused", "user=%.*s from=%s",
		    SLICE_ARG(slice_sub(basic->user, 0, 64)), address);
		return AUTH_REFUSED;
	}
	if (digest(auth, basic->user, basic->password, wanted))
		cache_put(auth, wanted, lookup->principal.id, lookup->principal.credential_version);
	fill(user_r, &lookup->principal);
	return AUTH_OK;
}

typedef enum auth_result check_fn(struct auth *auth, const struct http_basic *basic, struct lookup *lookup,
    const char *address, struct auth_user *user_r);

static enum auth_result with_basic(struct auth *auth, const struct http_basic *basic, const char *address,
    struct auth_user *user_r, check_fn *check)
{
	struct lookup lookup = {.basic = basic};
	enum auth_result result;

	if (basic->user.len == 0 || basic->user.len >= AUTH_NAME_SIZE)
		return AUTH_REFUSED;
	lookup.arena = arena_new(VIEW_ARENA_MAX);
	if (lookup.arena == NULL)
		return AUTH_UNAVAILABLE;
	result = check(auth, basic, &lookup, address, user_r);
	arena_free(lookup.arena);
	return result;
}

static enum auth_result with_credentials(struct auth *auth, struct slice header, const char *address,
    struct auth_user *user_r, check_fn *check)
{
	struct http_basic basic;
	enum auth_result result;
	int ret = http_basic_parse(header, &basic);

	if (ret < 0)
		return ret == -ENOENT ? AUTH_MISSING : AUTH_REFUSED;
	result = with_basic(auth, &basic, address, user_r, check);
	OPENSSL_cleanse(&basic, sizeof(basic));
	return result;
}

enum auth_result auth_check(struct auth *auth, struct slice header, const char *address, struct auth_user *user_r)
{
	return with_credentials(auth, header, address, user_r, check_cached);
}

/* The throttle first: while many workers compute, a guesser must not get more tries than one. */
static enum auth_result check_all(struct auth *auth, const struct http_basic *basic, struct lookup *lookup,
    const char *address, struct auth_user *user_r)
{
	enum auth_result result = check_cached(auth, basic, lookup, address, user_r);

	return result == AUTH_NEEDS_HASH ? check_password(auth, basic, lookup, address, user_r) : result;
}

enum auth_result auth_verify(struct auth *auth, struct slice header, const char *address, struct auth_user *user_r)
{
	return with_credentials(auth, header, address, user_r, check_all);
}

static enum auth_result check_person(struct auth *auth, const struct http_basic *basic, struct lookup *lookup,
    const char *address, struct auth_user *user_r)
{
	return may_try(auth, basic->user, address, false) ? check_password(auth, basic, lookup, address, user_r)
	                                                  : AUTH_THROTTLED;
}

enum auth_result auth_sign_in(struct auth *auth, struct slice user, struct slice password, const char *address,
    struct auth_user *user_r)
{
	const struct http_basic basic = {.user = user, .password = password};

	if (user.len + password.len > HTTP_CREDENTIALS_MAX)
		return AUTH_REFUSED;
	return with_basic(auth, &basic, address, user_r, check_person);
}
