/* Whether files, their bytes, folders and properties agree with one another. */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"

static int exists(struct kv_txn *txn, char table, uint64_t collection, struct slice rest, bool *exists_r)
{
	struct slice value;
	struct key key;
	int ret;

	key_begin(&key, table);
	key_add_u64(&key, collection);
	key_add_bytes(&key, rest);
	ret = kv_get(txn, key_slice(&key), &value);
	*exists_r = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

/* The path of the folder that PATH lies in; empty: the collection itself. */
static struct slice folder_of(struct slice path)
{
	size_t len = path.len;

	while (len > 0 && path.at[len - 1] != '/')
		len--;
	return slice_sub(path, 0, len > 0 ? len - 1 : 0);
}

int store_file_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value, const char **wrong_r)
{
	struct slice rest = slice_from(key, 1), body = SLICE_EMPTY;
	struct collection collection;
	struct file file, folder;
	uint64_t id = 0;
	bool there = true;
	int ret;

	*wrong_r = NULL;
	if (file_decode(value, &file) < 0 || !key_take_u64(&rest, &id) || id != file.collection ||
	    !slice_equal(rest, file.path))
		return *wrong_r = "a row that cannot be read, or under another's key", 0;
	ret = store_collection_get_by_id(txn, arena, file.collection, &collection);
	if (ret == -ENOENT || (ret == 0 && collection.kind != COLLECTION_PLAIN))
		return *wrong_r = "in no plain collection", 0;
	if (ret == 0 && folder_of(file.path).len > 0) {
		ret = store_file_get(txn, arena, file.collection, folder_of(file.path), &folder);
		if (ret == -ENOENT || (ret == 0 && !folder.folder))
			return *wrong_r = "in no folder", 0;
	}
	if (ret == 0 && !file.folder) {
		ret = store_file_body_get(txn, file.id, &body);
		if (ret == -ENOENT || (ret == 0 && (body.len != file.size || key_digest(body) != file.digest)))
			return *wrong_r = "its bytes are others", 0;
	}
	if (ret == 0 && file.folder)
		ret = exists(txn, TABLE_FILE_BODY, file.id, SLICE_EMPTY, &there);
	if (ret == 0 && file.folder && there)
		*wrong_r = "a folder with bytes";
	return ret;
}
