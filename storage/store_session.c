/* Sessions: browsers that somebody signed in from. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/store_private.h"

#define ROW_VERSION 1

static void session_key(struct key *key, uint64_t principal, const unsigned char digest[static SESSION_DIGEST])
{
	store_number_key(key, TABLE_SESSION, principal);
	key_add_bytes(key, slice_of((const char *)digest, SESSION_DIGEST));
}

static int decode_session(struct slice key, struct slice value, struct session *session_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct slice rest = slice_from(key, 1);
	struct session session = {.credential_version = unpack_u64(&u)};

	session.created = unpack_i64(&u);
	session.used = unpack_i64(&u);
	if (unpack_end(&u) < 0 || !key_take_u64(&rest, &session.principal) || rest.len != SESSION_DIGEST)
		return -EBADMSG;
	memcpy(session.digest, rest.at, SESSION_DIGEST);
	*session_r = session;
	return 0;
}

int store_session_put(struct kv_txn *txn, const struct session *session)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	struct key key;

	session_key(&key, session->principal, session->digest);
	pack_u8(&b, ROW_VERSION);
	pack_u64(&b, session->credential_version);
	pack_i64(&b, session->created);
	pack_i64(&b, session->used);
	return store_put_buf(txn, &key, &b);
}

int store_session_get(struct kv_txn *txn, uint64_t principal, const unsigned char digest[static SESSION_DIGEST],
    struct session *session_r)
{
	struct slice value;
	struct key key;
	int ret;

	session_key(&key, principal, digest);
	ret = kv_get(txn, key_slice(&key), &value);
	return ret < 0 ? ret : decode_session(key_slice(&key), value, session_r);
}

int store_session_delete(struct kv_txn *txn, const struct session *session)
{
	struct key key;

	session_key(&key, session->principal, session->digest);
	return store_delete_quietly(txn, &key);
}

struct sessions {
	store_session_fn *fn;
	void *arg;
};

static int see_session(struct slice key, struct slice value, void *arg)
{
	const struct sessions *sessions = arg;
	struct session session;
	int ret = decode_session(key, value, &session);

	return ret < 0 ? ret : sessions->fn(&session, sessions->arg);
}

int store_session_each(struct kv_txn *txn, uint64_t principal, store_session_fn *fn, void *arg)
{
	struct sessions sessions = {fn, arg};
	struct key prefix;

	store_number_key(&prefix, TABLE_SESSION, principal);
	return store_range(txn, &prefix, see_session, &sessions);
}

int store_session_forget(struct kv_txn *txn, uint64_t principal)
{
	struct key prefix;

	store_number_key(&prefix, TABLE_SESSION, principal);
	return store_delete_range(txn, &prefix);
}

int store_session_check(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r)
{
	struct session session;
	struct slice name;
	struct key id;
	int ret;

	*wrong_r = NULL;
	if (decode_session(key, value, &session) < 0)
		return *wrong_r = "a row that cannot be read", 0;
	store_number_key(&id, TABLE_PRINCIPAL_ID, session.principal);
	ret = kv_get(txn, key_slice(&id), &name);
	if (ret == -ENOENT)
		*wrong_r = "a principal that is not there";
	return ret == -ENOENT ? 0 : ret;
}
