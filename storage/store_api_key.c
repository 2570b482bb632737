/* Keys of the JSON API: found by digest; there are few, so that all else looks at each. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/store_private.h"

#define ROW_VERSION 1

static void digest_key(struct key *key, const unsigned char digest[static API_KEY_DIGEST])
{
	key_begin(key, TABLE_API_KEY);
	key_add_bytes(key, slice_of((const char *)digest, API_KEY_DIGEST));
}

int store_api_key_decode(struct slice key, struct slice value, struct api_key *api_key_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct api_key read = {.id = unpack_u64(&u)};

	read.role = (enum api_role)unpack_u8(&u);
	read.name = unpack_text(&u);
	read.created = unpack_i64(&u);
	if (unpack_end(&u) < 0 || key.len != 1 + API_KEY_DIGEST || read.role < API_ROLE_BOOKING || read.role > API_ROLE_ADMIN)
		return -EBADMSG;
	memcpy(read.digest, key.at + 1, API_KEY_DIGEST);
	*api_key_r = read;
	return 0;
}

int store_api_key_put(struct kv_txn *txn, struct api_key *key)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key row;
	int ret = store_next_number(txn, "api_key", &key->id);

	if (ret < 0)
		return ret;
	pack_u8(&b, ROW_VERSION);
	pack_u64(&b, key->id);
	pack_u8(&b, (uint8_t)key->role);
	pack_text(&b, key->name);
	pack_i64(&b, key->created);
	digest_key(&row, key->digest);
	return b.err < 0 ? b.err : kv_put_if_absent(txn, key_slice(&row), buf_slice(&b));
}

int store_api_key_get(struct kv_txn *txn, struct arena *arena, const unsigned char digest[static API_KEY_DIGEST],
    struct api_key *key_r)
{
	struct slice value;
	struct key row;
	int ret;

	digest_key(&row, digest);
	ret = store_get_copy(txn, arena, &row, &value);
	return ret < 0 ? ret : store_api_key_decode(key_slice(&row), value, key_r);
}

struct each {
	store_api_key_fn *fn;
	void *arg;
};

static int see_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct api_key read;
	int ret = store_api_key_decode(key, value, &read);

	return ret < 0 ? ret : each->fn(&read, each->arg);
}

int store_api_key_each(struct kv_txn *txn, store_api_key_fn *fn, void *arg)
{
	struct each each = {fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_API_KEY);
	return store_range(txn, &prefix, see_row, &each);
}

struct search {
	struct arena *arena;
	uint64_t id;
	struct api_key *key_r;
};

static int is_wanted(const struct api_key *key, void *arg)
{
	struct search *search = arg;

	if (key->id != search->id)
		return 0;
	*search->key_r = *key;
	search->key_r->name = slice_of(arena_copy(search->arena, key->name), key->name.len);
	return search->key_r->name.at != NULL ? 1 : -ENOMEM;
}

int store_api_key_find(struct kv_txn *txn, struct arena *arena, uint64_t id, struct api_key *key_r)
{
	struct search search = {arena, id, key_r};
	int ret = store_api_key_each(txn, is_wanted, &search);

	if (ret < 0)
		return ret;
	return ret > 0 ? 0 : -ENOENT;
}

int store_api_key_delete(struct kv_txn *txn, const struct api_key *key)
{
	struct key row;

	digest_key(&row, key->digest);
	return kv_delete(txn, key_slice(&row));
}
