#include <config.h>

#include "storage/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "storage/kv_private.h"
#include "storage/repair.h"
#include "storage/store_private.h"

struct store {
	struct kv *kv;
	uint64_t epoch;
};

int store_get_copy(struct kv_txn *txn, struct arena *arena, const struct key *key, struct slice *value_r)
{
	struct slice value;
	char *copy;
	int ret = kv_get(txn, key_slice(key), &value);

	if (ret < 0)
		return ret;
	copy = arena_copy(arena, value);
	if (copy == NULL)
		return -ENOMEM;
	*value_r = slice_of(copy, value.len);
	return 0;
}

void store_number_key(struct key *key, char table, uint64_t number)
{
	key_begin(key, table);
	key_add_u64(key, number);
}

void store_two_key(struct key *key, char table, uint64_t first, uint64_t second)
{
	store_number_key(key, table, first);
	key_add_u64(key, second);
}

void store_hash_key(struct key *key, char table, uint64_t owner, struct slice text)
{
	store_number_key(key, table, owner);
	key_add_hash(key, text);
}

int store_put_buf(struct kv_txn *txn, const struct key *key, const struct buf *b)
{
	return b->err < 0 ? b->err : kv_put(txn, key_slice(key), buf_slice(b));
}

int store_range(struct kv_txn *txn, const struct key *prefix, kv_row_fn *fn, void *arg)
{
	struct key end = key_end(prefix);

	return kv_range(txn, key_slice(prefix), key_slice(&end), false, 0, fn, arg);
}

int store_delete_quietly(struct kv_txn *txn, const struct key *key)
{
	int ret = kv_delete(txn, key_slice(key));

	return ret == -ENOENT ? 0 : ret;
}

#define DELETE_PAGE 256 /* keys held while a range is removed */

struct delete_page {
	struct key keys[DELETE_PAGE];
	size_t count;
};

static int collect_key(struct slice key, struct slice value, void *arg)
{
	struct delete_page *page = arg;
	struct key *copy = &page->keys[page->count++];

	(void)value;
	copy->len = key.len;
	memcpy(copy->at, key.at, key.len);
	return 0;
}

int store_delete_range(struct kv_txn *txn, const struct key *prefix)
{
	struct delete_page *page = malloc(sizeof(*page));
	struct key end = key_end(prefix);
	int ret = page == NULL ? -ENOMEM : 0;

	while (ret == 0) {
		page->count = 0;
		ret = kv_range(txn, key_slice(prefix), key_slice(&end), false, DELETE_PAGE, collect_key, page);
		for (size_t i = 0; ret == 0 && i < page->count; i++)
			ret = kv_delete(txn, key_slice(&page->keys[i]));
		if (page->count < DELETE_PAGE)
			break;
	}
	free(page);
	return ret;
}

static void meta_key(struct key *key, struct slice name)
{
	key_begin(key, TABLE_META);
	key_add_text(key, name);
}

int store_meta_get(struct kv_txn *txn, struct arena *arena, struct slice name, struct slice *value_r)
{
	struct key key;

	meta_key(&key, name);
	return store_get_copy(txn, arena, &key, value_r);
}

int store_meta_put(struct kv_txn *txn, struct slice name, struct slice value)
{
	struct key key;

	meta_key(&key, name);
	return kv_put(txn, key_slice(&key), value);
}

static int get_number(struct kv_txn *txn, const char *name, uint64_t *number_r)
{
	struct slice value;
	struct key key;
	int ret;

	meta_key(&key, slice_str(name));
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret < 0)
		return ret;
	if (value.len != sizeof(*number_r))
		return -EBADMSG;
	memcpy(number_r, value.at, sizeof(*number_r));
	return 0;
}

static int put_number(struct kv_txn *txn, const char *name, uint64_t number)
{
	return store_meta_put(txn, slice_str(name), slice_of((const char *)&number, sizeof(number)));
}

int store_next_number(struct kv_txn *txn, const char *name, uint64_t *number_r)
{
	uint64_t number = 0;
	int ret = get_number(txn, name, &number);

	if (ret < 0 && ret != -ENOENT)
		return ret;
	number++;
	ret = put_number(txn, name, number);
	if (ret == 0)
		*number_r = number;
	return ret;
}

/* ---- opening ---- */

#define UPGRADE_ARENA (512u << 20)

/* Every collection gets a number in its home. */
static int upgrade_from_1(struct kv_txn *txn)
{
	struct arena *arena = arena_new(UPGRADE_ARENA);
	struct collection *collections = NULL;
	size_t count = 0;
	int ret = arena != NULL ? store_repair_collections(txn, arena, &collections, &count) : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = store_home_touch(txn, collections[i].owner, collections[i].id);
	arena_free(arena);
	return ret;
}

/*
 * Tables were added: what lies in `bookings` calendars becomes bookings when the booking side first looks at it. Jobs are
 * ordered within their kind.
 */
static int upgrade_from_2(struct kv_txn *txn)
{
	return store_job_order_anew(txn);
}

/* By the format that it is from; one step leads to the next. */
static int (*const upgrades[STORE_FORMAT_VERSION])(struct kv_txn *txn) = {[1] = upgrade_from_1, [2] = upgrade_from_2};

/* All steps are one update: a crash in between leaves the store as it was. */
static int upgrade(struct kv_txn *txn, uint64_t format)
{
	int ret = 0;

	if (format == 0)
		return -EBADMSG;
	for (; ret == 0 && format < STORE_FORMAT_VERSION; format++)
		ret = upgrades[format](txn);
	return ret < 0 ? ret : put_number(txn, "format", STORE_FORMAT_VERSION);
}

/* A new store gets its format and a random epoch; an old one is brought up to date. */
static int prepare(struct kv_txn *txn, void *arg)
{
	struct store *store = arg;
	uint64_t format, epoch;
	int ret = get_number(txn, "format", &format);

	if (ret == 0 && format > STORE_FORMAT_VERSION)
		return -EPROTO;
	if (ret == 0 && format < STORE_FORMAT_VERSION)
		ret = upgrade(txn, format);
	if (ret == 0)
		return get_number(txn, "epoch", &store->epoch);
	if (ret != -ENOENT)
		return ret;
	if (getrandom(&epoch, sizeof(epoch), 0) != (ssize_t)sizeof(epoch))
		return -EIO;
	ret = put_number(txn, "format", STORE_FORMAT_VERSION);
	if (ret == 0)
		ret = put_number(txn, "epoch", epoch);
	store->epoch = epoch;
	return ret;
}

static int open_engine(const char *url, const struct store_options *options, struct kv **kv_r, struct error *err)
{
	if (strcmp(url, "memory:") == 0 || strcmp(url, "memory:again") == 0)
		return memory_open(strcmp(url, "memory:again") == 0, kv_r);
	if (strncmp(url, "lmdb:", 5) == 0)
		return lmdb_open(url + 5, options->map_bytes, options->create, kv_r, err);
	error_set(err, 0, CONDITION_NONE, "not a store: wants lmdb:DIRECTORY or memory:");
	return -EINVAL;
}

int store_open(const char *url, const struct store_options *options, struct store **store_r, struct error *err)
{
	struct store *store = calloc(1, sizeof(*store));
	int ret;

	if (store == NULL)
		return -ENOMEM;
	ret = open_engine(url, options, &store->kv, err);
	if (ret < 0) {
		free(store);
		return ret;
	}
	ret = kv_update_wait(store->kv, prepare, store);
	if (ret < 0) {
		if (ret == -EPROTO)
			error_set(err, 0, CONDITION_NONE, "%.100s: written by a newer version of Slotkeeper", url + 5);
		else
			error_set(err, 0, CONDITION_NONE, "%.100s: cannot be read: %s", url, strerror(-ret));
		store_close(store);
		return ret;
	}
	*store_r = store;
	return 0;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	kv_close(store->kv);
	free(store);
}

/* ---- restoring ---- */

#define RESTORE_NAME "restore.part" /* where the copy is made ready, in the data directory */

static int new_epoch(struct kv_txn *txn, void *arg)
{
	return put_number(txn, "epoch", *(const uint64_t *)arg);
}

static int renew(const char *part, struct error *err)
{
	const struct store_options options = {.create = false};
	struct store *store;
	uint64_t epoch;
	char url[PATH_MAX];
	int ret;

	if (getrandom(&epoch, sizeof(epoch), 0) != (ssize_t)sizeof(epoch))
		return -EIO;
	if (snprintf(url, sizeof(url), "lmdb:%s", part) >= (int)sizeof(url))
		return -ENAMETOOLONG;
	ret = store_open(url, &options, &store, err);
	if (ret < 0)
		return ret;
	ret = kv_update_wait(store->kv, new_epoch, &epoch);
	store_close(store);
	return ret;
}

int store_restore(const char *directory, const char *backup, const char *aside, struct error *err)
{
	char part[PATH_MAX];
	int ret = snprintf(part, sizeof(part), "%s/" RESTORE_NAME, directory) < (int)sizeof(part) ? 0 : -ENAMETOOLONG;

	if (ret == 0)
		ret = lmdb_fetch(backup, part, err);
	if (ret == 0)
		ret = renew(part, err);
	return ret < 0 ? ret : lmdb_replace(directory, part, aside, err);
}

struct kv *store_kv(struct store *store)
{
	return store->kv;
}

uint64_t store_epoch(struct store *store)
{
	return store->epoch;
}

bool store_exists(const char *url)
{
	return strncmp(url, "lmdb:", 5) == 0 && lmdb_exists(url + 5);
}
