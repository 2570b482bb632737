/* /api-keys: whose programs may ask what. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/api/api_private.h"
#include "server/auth/password.h"

#define NAME_MAX_BYTES 200
#define KEY_NAME_SIZE  24 /* of an id as twenty digits: the order of names is that of numbers */
#define RECORD_MAX     4096

static const char *const roles[] = {"booking", "admin", NULL}; /* from API_ROLE_BOOKING */

/* What is to be made, with the secret that is told once. */
struct new_key {
	struct api_key key;
	char secret[PASSWORD_MADE_LENGTH + 1];
};

static void write_key(struct buf *b, const struct api_key *key, const char *secret)
{
	json_open_object(b, NULL);
	json_add_integer(b, "id", (int64_t)key->id);
	json_add_text(b, "name", key->name);
	json_add_text(b, "role", slice_str(roles[key->role - API_ROLE_BOOKING]));
	api_add_time(b, "created", key->created);
	if (secret != NULL)
		json_add_text(b, "key", slice_str(secret));
	json_close_object(b);
}

/* ---- the list ---- */

#define KEYS_MAX 10000 /* of one list: they are sorted in memory */

struct keys {
	struct api_request *r;
	struct api_key *at;
	size_t count;
};

static int collect(const struct api_key *key, void *arg)
{
	struct keys *keys = arg;
	struct api_key *copy = &keys->at[keys->count];

	if (keys->count == KEYS_MAX)
		return -E2BIG;
	*copy = *key;
	copy->name = slice_of(arena_copy(keys->r->arena, key->name), key->name.len);
	keys->count++;
	return copy->name.at != NULL ? 0 : -ENOMEM;
}

static int compare(const void *a, const void *b)
{
	const struct api_key *one = a, *two = b;

	return one->id < two->id ? -1 : one->id > two->id;
}

static int write_page(struct api_request *r, struct api_list *list, const struct keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		char name[KEY_NAME_SIZE];
		int takes;

		snprintf(name, sizeof(name), "%020llu", (unsigned long long)keys->at[i].id);
		takes = api_list_takes(r, list, slice_str(name));
		if (takes < 0)
			return takes;
		if (takes > 0)
			write_key(list->b, &keys->at[i], NULL);
	}
	return 0;
}

int api_key_list(struct api_request *r, struct kv_txn *txn)
{
	struct keys keys = {.r = r, .at = arena_array(r->arena, KEYS_MAX, sizeof(struct api_key))};
	struct api_list list;
	int ret = keys.at != NULL ? store_api_key_each(txn, collect, &keys) : -ENOMEM;

	if (ret == 0)
		ret = api_list_begin(r, &list);
	if (ret < 0)
		return ret;
	qsort(keys.at, keys.count, sizeof(*keys.at), compare);
	ret = write_page(r, &list, &keys);
	api_list_end(&list);
	return ret;
}

/* ---- one ---- */

static int find(struct api_request *r, struct kv_txn *txn, struct api_key *key_r)
{
	uint64_t id;

	if (slice_to_u64(r->segments[0], UINT64_MAX, &id) < 0)
		return -ENOENT;
	return store_api_key_find(txn, r->arena, id, key_r);
}

int api_key_get(struct api_request *r, struct kv_txn *txn)
{
	struct api_key key;
	int ret = find(r, txn, &key);

	if (ret == 0)
		write_key(api_answer(r, 200), &key, NULL);
	return ret;
}

/* The key in the audit log, without its secret. */
static int tell(struct api_request *r, struct kv_txn *txn, const struct api_key *key, const char *action, bool is_after)
{
	AUTO_BUF struct buf json = BUF_INIT(RECORD_MAX);
	char id[KEY_NAME_SIZE];

	write_key(&json, key, NULL);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)key->id);
	if (json.err < 0)
		return json.err;
	return api_audit(r, txn, "api_key", slice_str(id), action, is_after ? SLICE_EMPTY : buf_slice(&json),
	    is_after ? buf_slice(&json) : SLICE_EMPTY);
}

int api_key_delete(struct api_request *r, struct kv_txn *txn)
{
	struct api_key key;
	int ret = find(r, txn, &key);

	if (ret == 0)
		ret = store_api_key_delete(txn, &key);
	if (ret < 0)
		return ret;
	api_answer(r, 204);
	return tell(r, txn, &key, "delete", false);
}

/* ---- a new one ---- */

int api_key_read(struct api_request *r)
{
	static const char *const names[] = {"name", "role", NULL};
	struct new_key *made = r->state = arena_zalloc(r->arena, sizeof(*made));
	struct slice name = SLICE_EMPTY;
	int role = 0, ret = made != NULL ? json_only(&r->body, names, &r->error) : -ENOMEM;

	if (ret == 0)
		ret = json_get_text(&r->body, "name", JSON_OPTIONAL, JSON_ONE_LINE, 0, NAME_MAX_BYTES, &name, &r->error);
	if (ret >= 0)
		ret = json_get_word(&r->body, "role", JSON_OPTIONAL, roles, &role, &r->error);
	if (ret >= 0)
		ret = password_make(made->secret);
	if (ret == 0)
		ret = password_digest(slice_str(made->secret), made->key.digest);
	if (ret < 0)
		return ret;
	made->key.name = name;
	made->key.role = API_ROLE_BOOKING + (enum api_role)role;
	made->key.created = r->now;
	return 0;
}

int api_key_create(struct api_request *r, struct kv_txn *txn)
{
	const struct new_key *made = r->state;
	struct api_key key = made->key; /* may run again: the id is given to a copy */
	char id[KEY_NAME_SIZE];
	int ret = store_api_key_put(txn, &key);

	if (ret < 0)
		return ret;
	snprintf(id, sizeof(id), "%llu", (unsigned long long)key.id);
	write_key(api_answer(r, 201), &key, made->secret);
	api_location(r, "api-keys", slice_str(id));
	return tell(r, txn, &key, "create", true);
}
