/* Whether the rows of groups, grants and passwords of apps agree with one another and with the principals. */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"

static int principal_exists(struct kv_txn *txn, uint64_t id, bool *exists_r)
{
	struct slice value;
	struct key key;
	int ret;

	key_begin(&key, TABLE_PRINCIPAL_ID);
	key_add_u64(&key, id);
	ret = kv_get(txn, key_slice(&key), &value);
	*exists_r = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

static int row_exists(struct kv_txn *txn, const struct key *key, bool *exists_r)
{
	struct slice value;
	int ret = kv_get(txn, key_slice(key), &value);

	*exists_r = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

static int check_member(struct kv_txn *txn, struct slice key, const char **wrong_r)
{
	struct slice rest = slice_from(key, 1);
	struct key other;
	uint64_t first, second;
	bool first_there, second_there, there;
	int ret;

	if (!key_take_u64(&rest, &first) || !key_take_u64(&rest, &second) || rest.len > 0)
		return *wrong_r = "a row that cannot be read", 0;
	key_begin(&other, key.at[0] == TABLE_MEMBER ? TABLE_MEMBERSHIP : TABLE_MEMBER);
	key_add_u64(&other, second);
	key_add_u64(&other, first);
	ret = row_exists(txn, &other, &there);
	if (ret == 0)
		ret = principal_exists(txn, first, &first_there);
	if (ret == 0)
		ret = principal_exists(txn, second, &second_there);
	if (ret == 0 && !there)
		*wrong_r = "its counterpart is missing";
	else if (ret == 0 && (!first_there || !second_there))
		*wrong_r = "a principal that is not there";
	return ret;
}

static int check_grant(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r)
{
	struct collection collection;
	struct grant grant, other;
	bool there;
	int ret;

	if (store_grant_decode(key, value, &grant) < 0)
		return *wrong_r = "a row that cannot be read", 0;
	other = grant;
	ret = key.at[0] == TABLE_GRANT ? store_granted_get(txn, &other) : store_grant_get(txn, &other);
	if (ret < 0)
		return ret;
	if (other.privileges != grant.privileges)
		return *wrong_r = "its counterpart says something else", 0;
	ret = principal_exists(txn, grant.owner, &there);
	if (ret == 0 && there && grant.to == GRANT_TO_PRINCIPAL)
		ret = principal_exists(txn, grant.who, &there);
	if (ret == 0 && !there)
		*wrong_r = "a principal that is not there";
	if (ret < 0 || grant.collection == 0)
		return ret;
	ret = store_collection_get_by_id(txn, arena, grant.collection, &collection);
	if (ret == -ENOENT || (ret == 0 && collection.owner != grant.owner))
		return *wrong_r = "a collection that is not the owner's", 0;
	return ret;
}

static int check_app_password(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r)
{
	struct app_password password;
	bool there;
	int ret;

	if (store_app_password_decode(key, value, &password) < 0)
		return *wrong_r = "a row that cannot be read", 0;
	ret = principal_exists(txn, password.principal, &there);
	if (ret == 0 && !there)
		*wrong_r = "a principal that is not there";
	return ret;
}

int store_access_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r)
{
	*wrong_r = NULL;
	switch (key.at[0]) {
	case TABLE_MEMBER:
	case TABLE_MEMBERSHIP:
		return check_member(txn, key, wrong_r);
	case TABLE_APP_PASSWORD:
		return check_app_password(txn, key, value, wrong_r);
	default:
		return check_grant(txn, arena, key, value, wrong_r);
	}
}
