#include <config.h>

#include "server/auth/session.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <sys/random.h>

#include "protocol/base/codec.h"
#include "server/auth/password.h"

#define SECRET_BYTES   32
#define SECRET_LETTERS 43 /* the same in base64url */
#define ARENA_MAX      65536

_Static_assert(PASSWORD_DIGEST_SIZE == SESSION_DIGEST, "one digest for both");

/* ---- the cookie ---- */

static int write_letters(const unsigned char *bytes, size_t len, char *out, size_t size)
{
	AUTO_BUF struct buf b = BUF_INIT(size);

	codec_base64url_encode(&b, bytes, len);
	return b.err == 0 ? slice_copy(buf_slice(&b), out, size) : b.err;
}

int session_make(uint64_t principal, char cookie_r[static SESSION_COOKIE_SIZE])
{
	unsigned char secret[SECRET_BYTES];
	int used = snprintf(cookie_r, SESSION_COOKIE_SIZE, "%llu.", (unsigned long long)principal);

	if (getrandom(secret, sizeof(secret), 0) != (ssize_t)sizeof(secret))
		return -EIO;
	return write_letters(secret, sizeof(secret), cookie_r + used, SESSION_COOKIE_SIZE - (size_t)used);
}

/* Whose it says it is, and what it is stored under; -ENOENT when it is no cookie of ours. */
static int read_cookie(struct slice cookie, struct session *session_r)
{
	ptrdiff_t dot = slice_find_byte(cookie, '.');

	*session_r = (struct session){0};
	if (dot < 0 || cookie.len - (size_t)dot - 1 != SECRET_LETTERS ||
	    slice_to_u64(slice_sub(cookie, 0, (size_t)dot), UINT64_MAX, &session_r->principal) < 0)
		return -ENOENT;
	return password_digest(cookie, session_r->digest);
}

/* ---- life ---- */

static bool is_alive(const struct session *session, const struct principal *principal, instant_t now)
{
	return now < session->created + SESSION_LIFE_SECONDS && now < session->used + SESSION_IDLE_SECONDS &&
	       session->credential_version == principal->credential_version && principal->admin &&
	       principal->kind == PRINCIPAL_USER;
}

struct beginning {
	const struct auth_user *user;
	struct session session;
	struct arena *arena;
};

struct present {
	const struct principal *principal;
	instant_t now;
	struct session dead[SESSION_EACH_MAX]; /* what goes now; the next time takes the rest */
	size_t dead_count, alive;
	struct session oldest;
};

static int see_session(const struct session *session, void *arg)
{
	struct present *present = arg;

	if (!is_alive(session, present->principal, present->now)) {
		if (present->dead_count < SESSION_EACH_MAX)
			present->dead[present->dead_count++] = *session;
		return 0;
	}
	if (present->alive++ == 0 || session->used < present->oldest.used)
		present->oldest = *session;
	return 0;
}

/* Makes room: those that are over, and the oldest when there are too many. */
static int make_room(struct kv_txn *txn, const struct principal *principal, instant_t now)
{
	struct present present = {.principal = principal, .now = now};
	int ret = store_session_each(txn, principal->id, see_session, &present);

	for (size_t i = 0; ret == 0 && i < present.dead_count; i++)
		ret = store_session_delete(txn, &present.dead[i]);
	if (ret == 0 && present.alive >= SESSION_EACH_MAX)
		ret = store_session_delete(txn, &present.oldest);
	return ret;
}

static int begin_in(struct kv_txn *txn, void *arg)
{
	struct beginning *beginning = arg;
	struct principal principal;
	int ret;

	arena_reset(beginning->arena);
	ret = store_principal_get_by_id(txn, beginning->arena, beginning->user->id, &principal);
	if (ret == -ENOENT || (ret == 0 && !is_alive(&beginning->session, &principal, beginning->session.created)))
		return -EACCES;
	if (ret == 0)
		ret = make_room(txn, &principal, beginning->session.created);
	return ret < 0 ? ret : store_session_put(txn, &beginning->session);
}

int session_begin(struct store *store, const struct clock *clock, const struct auth_user *user,
    char cookie_r[static SESSION_COOKIE_SIZE])
{
	struct beginning beginning = {.user = user, .arena = arena_new(ARENA_MAX)};
	int ret = beginning.arena != NULL ? session_make(user->id, cookie_r) : -ENOMEM;

	if (ret == 0)
		ret = read_cookie(slice_str(cookie_r), &beginning.session);
	beginning.session.credential_version = user->credential_version;
	beginning.session.created = beginning.session.used = clock_now(clock);
	if (ret == 0)
		ret = kv_update_wait(store_kv(store), begin_in, &beginning);
	arena_free(beginning.arena);
	return ret;
}

/* ---- use ---- */

struct finding {
	struct arena *arena;
	struct session session;
	struct auth_user *user;
	instant_t now;
};

static int find_in(struct kv_txn *txn, void *arg)
{
	struct finding *finding = arg;
	struct principal principal;
	int ret = store_session_get(txn, finding->session.principal, finding->session.digest, &finding->session);

	if (ret == 0)
		ret = store_principal_get_by_id(txn, finding->arena, finding->session.principal, &principal);
	if (ret == 0 && !is_alive(&finding->session, &principal, finding->now))
		ret = -ENOENT;
	if (ret < 0)
		return ret;
	*finding->user = (struct auth_user){
	    .id = principal.id, .admin = principal.admin, .credential_version = principal.credential_version};
	return slice_copy(principal.name, finding->user->name, sizeof(finding->user->name));
}

/* It may have ended since it was found. */
static int touch_in(struct kv_txn *txn, void *arg)
{
	const struct finding *finding = arg;
	struct session session;
	int ret = store_session_get(txn, finding->session.principal, finding->session.digest, &session);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	session.used = finding->now;
	return store_session_put(txn, &session);
}

int session_find(struct store *store, const struct clock *clock, struct slice cookie, struct auth_user *user_r)
{
	struct auth_user user;
	struct finding finding = {.arena = arena_new(ARENA_MAX), .user = &user, .now = clock_now(clock)};
	int ret = finding.arena != NULL ? read_cookie(cookie, &finding.session) : -ENOMEM;

	if (ret == 0)
		ret = kv_view(store_kv(store), find_in, &finding);
	arena_free(finding.arena);
	if (ret == 0 && finding.now >= finding.session.used + SESSION_TOUCH_SECONDS)
		ret = kv_update_wait(store_kv(store), touch_in, &finding);
	if (ret == 0)
		*user_r = user;
	return ret;
}

static int end_in(struct kv_txn *txn, void *arg)
{
	return store_session_delete(txn, arg);
}

int session_end(struct store *store, struct slice cookie)
{
	struct session session;
	int ret = read_cookie(cookie, &session);

	if (ret == 0)
		ret = kv_update_wait(store_kv(store), end_in, &session);
	return ret == -ENOENT ? 0 : ret;
}

/* ---- forms ---- */

/* A keyed digest of the cookie's secret, hidden behind PAD. */
static int form_bytes(struct slice cookie, const unsigned char pad[static SECRET_BYTES],
    unsigned char bytes_r[static 2 * SECRET_BYTES])
{
	static const unsigned char purpose[] = "form";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (cookie.len > SESSION_COOKIE_SIZE ||
	    HMAC(EVP_sha256(), cookie.at, (int)cookie.len, purpose, sizeof(purpose) - 1, mac, &len) == NULL ||
	    len != SECRET_BYTES)
		return -EIO;
	for (size_t i = 0; i < SECRET_BYTES; i++) {
		bytes_r[i] = pad[i];
		bytes_r[SECRET_BYTES + i] = pad[i] ^ mac[i];
	}
	return 0;
}

int session_form_make(struct slice cookie, char form_r[static SESSION_FORM_SIZE])
{
	unsigned char pad[SECRET_BYTES], bytes[2 * SECRET_BYTES];

	if (getrandom(pad, sizeof(pad), 0) != (ssize_t)sizeof(pad) || form_bytes(cookie, pad, bytes) < 0)
		return -EIO;
	return write_letters(bytes, sizeof(bytes), form_r, SESSION_FORM_SIZE);
}

bool session_form_check(struct slice cookie, struct slice form)
{
	unsigned char given[2 * SECRET_BYTES], wanted[2 * SECRET_BYTES];
	struct session session;

	return read_cookie(cookie, &session) == 0 &&
	       codec_base64url_decode(form, given, sizeof(given)) == (ssize_t)sizeof(given) &&
	       form_bytes(cookie, given, wanted) == 0 && CRYPTO_memcmp(given, wanted, sizeof(given)) == 0;
}
