/* Groups, grants and passwords of apps: who may do what. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/store_private.h"

#define ROW_VERSION 1

/* ---- rows of two ids ---- */

static void pair_key(struct key *key, char table, uint64_t first, uint64_t second)
{
	key_begin(key, table);
	key_add_u64(key, first);
	key_add_u64(key, second);
}

struct ids {
	store_id_fn *fn;
	void *arg;
};

static int see_pair(struct slice key, struct slice value, void *arg)
{
	struct slice rest = slice_from(key, 1);
	struct ids *ids = arg;
	uint64_t first, second;

	(void)value;
	if (!key_take_u64(&rest, &first) || !key_take_u64(&rest, &second) || rest.len > 0)
		return -EBADMSG;
	return ids->fn(second, ids->arg);
}

static int each_pair(struct kv_txn *txn, char table, uint64_t first, store_id_fn *fn, void *arg)
{
	struct ids ids = {fn, arg};
	struct key prefix;

	key_begin(&prefix, table);
	key_add_u64(&prefix, first);
	return store_range(txn, &prefix, see_pair, &ids);
}

int store_member_put(struct kv_txn *txn, uint64_t group, uint64_t member)
{
	struct key key;
	int ret;

	pair_key(&key, TABLE_MEMBER, group, member);
	ret = kv_put(txn, key_slice(&key), SLICE_EMPTY);
	pair_key(&key, TABLE_MEMBERSHIP, member, group);
	return ret < 0 ? ret : kv_put(txn, key_slice(&key), SLICE_EMPTY);
}

int store_member_delete(struct kv_txn *txn, uint64_t group, uint64_t member)
{
	struct key key;
	int ret;

	pair_key(&key, TABLE_MEMBER, group, member);
	ret = store_delete_quietly(txn, &key);
	pair_key(&key, TABLE_MEMBERSHIP, member, group);
	return ret < 0 ? ret : store_delete_quietly(txn, &key);
}

int store_member_each(struct kv_txn *txn, uint64_t group, store_id_fn *fn, void *arg)
{
	return each_pair(txn, TABLE_MEMBER, group, fn, arg);
}

int store_membership_each(struct kv_txn *txn, uint64_t member, store_id_fn *fn, void *arg)
{
	return each_pair(txn, TABLE_MEMBERSHIP, member, fn, arg);
}

/* ---- grants ---- */

static void grant_key(struct key *key, const struct grant *grant)
{
	pair_key(key, TABLE_GRANT, grant->owner, grant->collection);
	key_add_u8(key, (uint8_t)grant->to);
	key_add_u64(key, grant->who);
}

static void granted_prefix(struct key *key, enum grant_to to, uint64_t who)
{
	key_begin(key, TABLE_GRANTED);
	key_add_u8(key, (uint8_t)to);
	key_add_u64(key, who);
}

static void granted_key(struct key *key, const struct grant *grant)
{
	granted_prefix(key, grant->to, grant->who);
	key_add_u64(key, grant->owner);
	key_add_u64(key, grant->collection);
}

int store_grant_decode(struct slice key, struct slice value, struct grant *grant_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct slice rest = slice_from(key, 1);
	bool by_owner = key.len > 0 && key.at[0] == TABLE_GRANT;
	struct grant grant = {.privileges = unpack_u32(&u)};
	uint8_t to = 0;

	if (by_owner && !(key_take_u64(&rest, &grant.owner) && key_take_u64(&rest, &grant.collection)))
		return -EBADMSG;
	if (!key_take_u8(&rest, &to) || !key_take_u64(&rest, &grant.who))
		return -EBADMSG;
	if (!by_owner && !(key_take_u64(&rest, &grant.owner) && key_take_u64(&rest, &grant.collection)))
		return -EBADMSG;
	grant.to = (enum grant_to)to;
	if (unpack_end(&u) < 0 || rest.len > 0 || to < GRANT_TO_ALL || to > GRANT_TO_PRINCIPAL || grant.privileges == 0)
		return -EBADMSG;
	*grant_r = grant;
	return 0;
}

int store_grant_put(struct kv_txn *txn, const struct grant *grant)
{
	AUTO_BUF struct buf b = BUF_INIT(16);
	struct key key, other;
	int ret;

	grant_key(&key, grant);
	granted_key(&other, grant);
	if (grant->privileges == 0) {
		ret = store_delete_quietly(txn, &key);
		return ret < 0 ? ret : store_delete_quietly(txn, &other);
	}
	pack_u8(&b, ROW_VERSION);
	pack_u32(&b, grant->privileges);
	ret = store_put_buf(txn, &key, &b);
	return ret < 0 ? ret : store_put_buf(txn, &other, &b);
}

static int get_grant(struct kv_txn *txn, const struct key *key, struct grant *grant)
{
	struct slice value;
	int ret = kv_get(txn, key_slice(key), &value);

	grant->privileges = 0;
	return ret == 0 ? store_grant_decode(key_slice(key), value, grant) : ret == -ENOENT ? 0 : ret;
}

int store_grant_get(struct kv_txn *txn, struct grant *grant)
{
	struct key key;

	grant_key(&key, grant);
	return get_grant(txn, &key, grant);
}

int store_granted_get(struct kv_txn *txn, struct grant *grant)
{
	struct key key;

	granted_key(&key, grant);
	return get_grant(txn, &key, grant);
}

struct grants {
	store_grant_fn *fn;
	void *arg;
};

static int see_grant(struct slice key, struct slice value, void *arg)
{
	struct grants *grants = arg;
	struct grant grant;
	int ret = store_grant_decode(key, value, &grant);

	return ret < 0 ? ret : grants->fn(&grant, grants->arg);
}

int store_grant_each(struct kv_txn *txn, uint64_t owner, uint64_t collection, store_grant_fn *fn, void *arg)
{
	struct grants grants = {fn, arg};
	struct key prefix;

	pair_key(&prefix, TABLE_GRANT, owner, collection);
	return store_range(txn, &prefix, see_grant, &grants);
}

int store_granted_each(struct kv_txn *txn, enum grant_to to, uint64_t who, store_grant_fn *fn, void *arg)
{
	struct grants grants = {fn, arg};
	struct key prefix;

	granted_prefix(&prefix, to, who);
	return store_range(txn, &prefix, see_grant, &grants);
}

/* ---- passwords of apps ---- */

static void password_key(struct key *key, uint64_t principal, const unsigned char digest[static APP_PASSWORD_DIGEST])
{
	key_begin(key, TABLE_APP_PASSWORD);
	key_add_u64(key, principal);
	key_add_bytes(key, slice_of((const char *)digest, APP_PASSWORD_DIGEST));
}

int store_app_password_decode(struct slice key, struct slice value, struct app_password *password_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct slice rest = slice_from(key, 1);
	struct app_password password = {.id = unpack_u64(&u)};

	password.name = unpack_text(&u);
	password.created = unpack_i64(&u);
	if (unpack_end(&u) < 0 || !key_take_u64(&rest, &password.principal) || rest.len != APP_PASSWORD_DIGEST)
		return -EBADMSG;
	memcpy(password.digest, rest.at, APP_PASSWORD_DIGEST);
	*password_r = password;
	return 0;
}

int store_app_password_put(struct kv_txn *txn, struct app_password *password)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct slice value;
	struct key key;
	int ret;

	password_key(&key, password->principal, password->digest);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret != -ENOENT)
		return ret == 0 ? -EEXIST : ret;
	ret = store_next_number(txn, "app-password", &password->id);
	pack_u8(&b, ROW_VERSION);
	pack_u64(&b, password->id);
	pack_text(&b, password->name);
	pack_i64(&b, password->created);
	return ret < 0 ? ret : store_put_buf(txn, &key, &b);
}

int store_app_password_get(struct kv_txn *txn, struct arena *arena, uint64_t principal,
    const unsigned char digest[static APP_PASSWORD_DIGEST], struct app_password *password_r)
{
	struct slice value;
	struct key key;
	int ret;

	password_key(&key, principal, digest);
	ret = store_get_copy(txn, arena, &key, &value);
	return ret < 0 ? ret : store_app_password_decode(key_slice(&key), value, password_r);
}

struct passwords {
	store_app_password_fn *fn;
	void *arg;
};

static int see_password(struct slice key, struct slice value, void *arg)
{
	struct passwords *passwords = arg;
	struct app_password password;
	int ret = store_app_password_decode(key, value, &password);

	return ret < 0 ? ret : passwords->fn(&password, passwords->arg);
}

int store_app_password_each(struct kv_txn *txn, uint64_t principal, store_app_password_fn *fn, void *arg)
{
	struct passwords passwords = {fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_APP_PASSWORD);
	key_add_u64(&prefix, principal);
	return store_range(txn, &prefix, see_password, &passwords);
}

static int find_password(const struct app_password *password, void *arg)
{
	struct app_password *wanted = arg;

	if (password->id != wanted->id)
		return 0;
	*wanted = *password;
	return 1;
}

int store_app_password_delete(struct kv_txn *txn, uint64_t principal, uint64_t id)
{
	struct app_password password = {.id = id};
	struct key key;
	int ret = store_app_password_each(txn, principal, find_password, &password);

	if (ret <= 0)
		return ret < 0 ? ret : -ENOENT;
	password_key(&key, principal, password.digest);
	return kv_delete(txn, key_slice(&key));
}

/* ---- who or what goes: an update may not write while it walks, so the rows are listed first ---- */

struct grant_list {
	struct arena *arena;
	struct listed_grant {
		struct grant grant;
		struct listed_grant *next;
	} *first;
};

static int list_grant(const struct grant *grant, void *arg)
{
	struct grant_list *list = arg;
	struct listed_grant *listed = arena_alloc(list->arena, sizeof(*listed));

	if (listed == NULL)
		return -ENOMEM;
	listed->grant = *grant;
	listed->grant.privileges = 0;
	listed->next = list->first;
	list->first = listed;
	return 0;
}

static int delete_listed(struct kv_txn *txn, const struct grant_list *list)
{
	int ret = 0;

	for (const struct listed_grant *listed = list->first; ret == 0 && listed != NULL; listed = listed->next)
		ret = store_grant_put(txn, &listed->grant);
	return ret;
}

int store_collection_forget_grants(struct kv_txn *txn, struct arena *arena, uint64_t owner, uint64_t collection)
{
	struct grant_list list = {arena, NULL};
	int ret = store_grant_each(txn, owner, collection, list_grant, &list);

	return ret < 0 ? ret : delete_listed(txn, &list);
}

struct id_list {
	struct arena *arena;
	struct listed_id {
		uint64_t id;
		struct listed_id *next;
	} *first;
};

static int list_id(uint64_t id, void *arg)
{
	struct id_list *list = arg;
	struct listed_id *listed = arena_alloc(list->arena, sizeof(*listed));

	if (listed == NULL)
		return -ENOMEM;
	*listed = (struct listed_id){id, list->first};
	list->first = listed;
	return 0;
}

static int forget_memberships(struct kv_txn *txn, struct arena *arena, uint64_t id)
{
	struct id_list members = {arena, NULL}, groups = {arena, NULL};
	int ret = store_member_each(txn, id, list_id, &members);

	if (ret == 0)
		ret = store_membership_each(txn, id, list_id, &groups);
	for (const struct listed_id *m = members.first; ret == 0 && m != NULL; m = m->next)
		ret = store_member_delete(txn, id, m->id);
	for (const struct listed_id *g = groups.first; ret == 0 && g != NULL; g = g->next)
		ret = store_member_delete(txn, g->id, id);
	return ret;
}

/* All that he granted, on the home and on each collection: the rows begin with his id. */
static int list_by_owner(struct kv_txn *txn, uint64_t owner, struct grant_list *list)
{
	struct grants grants = {list_grant, list};
	struct key prefix;

	key_begin(&prefix, TABLE_GRANT);
	key_add_u64(&prefix, owner);
	return store_range(txn, &prefix, see_grant, &grants);
}

int store_principal_forget(struct kv_txn *txn, struct arena *arena, uint64_t id)
{
	struct grant_list grants = {arena, NULL};
	struct key prefix;
	int ret = forget_memberships(txn, arena, id);

	if (ret == 0)
		ret = store_feed_forget(txn, arena, id, 0);
	if (ret == 0)
		ret = store_session_forget(txn, id);
	if (ret == 0)
		ret = store_usage_forget(txn, id);
	if (ret == 0)
		ret = store_sharee_forget(txn, arena, id);
	if (ret == 0)
		ret = list_by_owner(txn, id, &grants);
	if (ret == 0)
		ret = store_granted_each(txn, GRANT_TO_PRINCIPAL, id, list_grant, &grants);
	if (ret == 0)
		ret = delete_listed(txn, &grants);
	key_begin(&prefix, TABLE_APP_PASSWORD);
	key_add_u64(&prefix, id);
	if (ret == 0)
		ret = store_delete_range(txn, &prefix);
	key_begin(&prefix, TABLE_LOCK);
	key_add_u64(&prefix, id);
	if (ret == 0)
		ret = store_delete_range(txn, &prefix);
	return ret < 0 ? ret : store_home_delete(txn, id);
}
