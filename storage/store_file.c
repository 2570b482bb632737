/* Files and folders of plain collections: rows in the order of their paths, so that a folder's members follow it. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/store_private.h"

static void file_key(struct key *key, uint64_t collection, struct slice path)
{
	key_begin(key, TABLE_FILE);
	key_add_u64(key, collection);
	key_add_bytes(key, path);
}

static void body_key(struct key *key, uint64_t file)
{
	key_begin(key, TABLE_FILE_BODY);
	key_add_u64(key, file);
}

int store_file_get(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice path, struct file *file_r)
{
	struct slice value;
	struct key key;
	int ret;

	if (path.len == 0 || path.len > STORE_FILE_PATH_MAX)
		return -ENOENT;
	file_key(&key, collection, path);
	ret = store_get_copy(txn, arena, &key, &value);
	return ret < 0 ? ret : file_decode(value, file_r);
}

struct files {
	store_file_fn *fn;
	void *arg;
};

static int see_file(struct slice key, struct slice value, void *arg)
{
	struct files *files = arg;
	struct file file;
	int ret = file_decode(value, &file);

	(void)key;
	return ret < 0 ? ret : files->fn(&file, files->arg);
}

int store_file_each(struct kv_txn *txn, uint64_t collection, struct slice folder, store_file_fn *fn, void *arg)
{
	struct files files = {fn, arg};
	struct key prefix;

	file_key(&prefix, collection, folder);
	if (folder.len > 0)
		key_add_bytes(&prefix, SLICE("/"));
	return store_range(txn, &prefix, see_file, &files);
}

struct list {
	struct arena *arena;
	struct file *at;
	size_t count, capacity, max;
};

static int list_file(const struct file *file, void *arg)
{
	struct list *list = arg;
	struct file *copy;

	if (list->count == list->max)
		return -E2BIG;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity != 0 ? 2 * list->capacity : 64;
		struct file *grown = arena_array(list->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (list->count > 0)
			memcpy(grown, list->at, list->count * sizeof(*grown));
		list->at = grown;
		list->capacity = capacity;
	}
	copy = &list->at[list->count++];
	*copy = *file;
	copy->path.at = arena_copy(list->arena, file->path);
	copy->type.at = arena_copy(list->arena, file->type);
	return copy->path.at != NULL && copy->type.at != NULL ? 0 : -ENOMEM;
}

int store_file_list(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice folder, size_t max,
    struct file **files_r, size_t *count_r)
{
	struct list list = {.arena = arena, .max = max};
	int ret = store_file_each(txn, collection, folder, list_file, &list);

	*files_r = list.at;
	*count_r = list.count;
	return ret;
}

int store_file_body_get(struct kv_txn *txn, uint64_t file, struct slice *body_r)
{
	struct key key;

	body_key(&key, file);
	return kv_get(txn, key_slice(&key), body_r);
}

static int put_row(struct kv_txn *txn, const struct file *file)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;

	file_key(&key, file->collection, file->path);
	file_encode(&b, file);
	return store_put_buf(txn, &key, &b);
}

/* What the owner of COLLECTION has used becomes more or less. */
static int use(struct kv_txn *txn, uint64_t collection, int64_t bytes, int files)
{
	struct arena *arena = arena_new(1 << 18);
	struct collection row;
	int ret = arena != NULL ? store_collection_get_by_id(txn, arena, collection, &row) : -ENOMEM;

	if (ret == 0)
		ret = store_usage_add(txn, row.owner, bytes, files);
	arena_free(arena);
	return ret;
}

/* Without a row the owner's use is counted first, before this change: use() must come before what it tells of. */
int store_file_put(struct kv_txn *txn, struct file *file, struct slice body)
{
	struct slice value;
	struct file old;
	struct key key;
	int ret;

	if (file->path.len == 0 || file->path.len > STORE_FILE_PATH_MAX)
		return -ENAMETOOLONG;
	if (body.len > KV_VALUE_MAX)
		return -EMSGSIZE;
	file_key(&key, file->collection, file->path);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret == 0)
		ret = file_decode(value, &old);
	if (ret == 0)
		ret = use(txn, file->collection, -(int64_t)old.size, -1);
	if (ret == 0 || ret == -ENOENT)
		ret = use(txn, file->collection, (int64_t)body.len, 1);
	if (ret == 0)
		ret = store_next_number(txn, "file", &file->version);
	if (ret < 0)
		return ret;
	if (file->id == 0)
		file->id = file->version;
	file->digest = file->folder ? 0 : key_digest(body);
	file->size = (uint32_t)body.len;
	ret = put_row(txn, file);
	if (ret < 0 || file->folder)
		return ret;
	body_key(&key, file->id);
	return kv_put(txn, key_slice(&key), body);
}

int store_file_move(struct kv_txn *txn, const struct file *file, uint64_t collection, struct slice path)
{
	struct file moved = *file;
	struct key key;
	int ret;

	if (path.len == 0 || path.len > STORE_FILE_PATH_MAX)
		return -ENAMETOOLONG;
	file_key(&key, file->collection, file->path);
	ret = use(txn, file->collection, -(int64_t)file->size, -1);
	if (ret == 0)
		ret = use(txn, collection, file->size, 1);
	if (ret == 0)
		ret = kv_delete(txn, key_slice(&key));
	moved.collection = collection;
	moved.path = path;
	return ret < 0 ? ret : put_row(txn, &moved);
}

int store_file_delete(struct kv_txn *txn, const struct file *file)
{
	struct key key, body;
	int ret;

	file_key(&key, file->collection, file->path);
	body_key(&body, file->id);
	ret = use(txn, file->collection, -(int64_t)file->size, -1);
	if (ret == 0)
		ret = kv_delete(txn, key_slice(&key));
	if (ret == 0)
		ret = store_delete_quietly(txn, &body);
	return ret < 0 ? ret : store_property_delete_all(txn, PROPERTY_OF_FILE, file->id);
}
