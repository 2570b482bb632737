/*
 * How much of somebody's quota is used (RFC 4331): the bytes and the number of his objects and files, kept in the update that changes
 * them. A store from before this table has no row for him: the first write counts what is there.
 */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"

#define ROW_VERSION 1

static void usage_key(struct key *key, uint64_t owner)
{
	key_begin(key, TABLE_USAGE);
	key_add_u64(key, owner);
}

static int usage_decode(struct slice value, struct usage *usage_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);

	usage_r->bytes = unpack_u64(&u);
	usage_r->objects = unpack_u64(&u);
	return unpack_end(&u);
}

static int usage_put(struct kv_txn *txn, uint64_t owner, const struct usage *usage)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	struct key key;

	usage_key(&key, owner);
	pack_u8(&b, ROW_VERSION);
	pack_u64(&b, usage->bytes);
	pack_u64(&b, usage->objects);
	return store_put_buf(txn, &key, &b);
}

/* ---- counting ---- */

struct count {
	struct kv_txn *txn;
	struct usage *usage;
};

static int count_object(const struct object *object, void *arg)
{
	struct count *count = arg;

	count->usage->bytes += object->size;
	count->usage->objects++;
	return 0;
}

static int count_file(const struct file *file, void *arg)
{
	struct count *count = arg;

	count->usage->bytes += file->size;
	count->usage->objects++;
	return 0;
}

static int count_collection(const struct collection *collection, void *arg)
{
	struct count *count = arg;
	int ret = store_object_each(count->txn, collection->id, count_object, count);

	return ret < 0 ? ret : store_file_each(count->txn, collection->id, SLICE_EMPTY, count_file, count);
}

int store_usage_count(struct kv_txn *txn, uint64_t owner, struct usage *usage_r)
{
	struct arena *arena = arena_new(1 << 20);
	struct count count = {txn, usage_r};
	struct principal principal;
	int ret = arena != NULL ? store_principal_get_by_id(txn, arena, owner, &principal) : -ENOMEM;

	*usage_r = (struct usage){0, 0};
	if (ret == 0)
		ret = store_collection_each(txn, principal.name, count_collection, &count);
	arena_free(arena);
	return ret == -ENOENT ? 0 : ret;
}

int store_usage_get(struct kv_txn *txn, uint64_t owner, struct usage *usage_r)
{
	struct slice value;
	struct key key;
	int ret;

	usage_key(&key, owner);
	ret = kv_get(txn, key_slice(&key), &value);
	return ret == 0 ? usage_decode(value, usage_r) : ret == -ENOENT ? store_usage_count(txn, owner, usage_r) : ret;
}

int store_usage_begin(struct kv_txn *txn, uint64_t owner)
{
	struct usage usage;
	struct slice value;
	struct key key;
	int ret;

	usage_key(&key, owner);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret != -ENOENT)
		return ret;
	ret = store_usage_count(txn, owner, &usage);
	return ret < 0 ? ret : usage_put(txn, owner, &usage);
}

int store_usage_add(struct kv_txn *txn, uint64_t owner, int64_t bytes, int objects)
{
	struct usage usage;
	int ret = store_usage_get(txn, owner, &usage); /* of an owner without a row, what there is before the change */

	if (ret < 0)
		return ret;
	usage.bytes += (uint64_t)bytes;
	usage.objects += (uint64_t)(int64_t)objects;
	return usage_put(txn, owner, &usage);
}

int store_usage_forget(struct kv_txn *txn, uint64_t owner)
{
	struct key key;

	usage_key(&key, owner);
	return store_delete_quietly(txn, &key);
}

/* ---- slotkeeper check ---- */

int store_usage_check(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r)
{
	struct slice rest = slice_from(key, 1);
	struct usage said, counted;
	uint64_t owner;
	int ret;

	*wrong_r = NULL;
	if (!key_take_u64(&rest, &owner) || rest.len > 0 || usage_decode(value, &said) < 0)
		return *wrong_r = "a row that cannot be read", 0;
	ret = store_usage_count(txn, owner, &counted);
	if (ret == 0 && (said.bytes != counted.bytes || said.objects != counted.objects))
		*wrong_r = "not the sum of the objects";
	return ret;
}
