/*
 * Memory as an engine, for tests: a version is a sorted array of shared rows that nobody changes any more; an update
 * works on a copy of it, which becomes the next version at the commit.
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "storage/kv_private.h"

struct row {
	atomic_uint users;
	size_t key_len, value_len;
	char bytes[]; /* key, then value */
};

struct version {
	atomic_uint users;
	size_t count, capacity;
	struct row **rows;
};

struct memory_kv {
	struct kv kv;
	pthread_mutex_t lock;    /* of present */
	struct version *present; /* what is committed */
	struct version *batch;   /* the writer's own */
	bool again;              /* every update function runs twice: the first run is thrown away */
};

struct memory_txn {
	struct kv_txn txn;
	struct version *version;
};

static struct slice row_key(const struct row *row)
{
	return slice_of(row->bytes, row->key_len);
}

static struct slice row_value(const struct row *row)
{
	return slice_of(row->bytes + row->key_len, row->value_len);
}

static struct row *row_new(struct slice key, struct slice value)
{
	struct row *row = malloc(sizeof(*row) + key.len + value.len);

	if (row == NULL)
		return NULL;
	atomic_init(&row->users, 1);
	row->key_len = key.len;
	row->value_len = value.len;
	memcpy(row->bytes, key.at, key.len);
	if (value.len > 0)
		memcpy(row->bytes + key.len, value.at, value.len);
	return row;
}

static void row_release(struct row *row)
{
	if (atomic_fetch_sub(&row->users, 1) == 1)
		free(row);
}

static void version_release(struct version *version)
{
	if (version == NULL || atomic_fetch_sub(&version->users, 1) != 1)
		return;
	for (size_t i = 0; i < version->count; i++)
		row_release(version->rows[i]);
	free(version->rows);
	free(version);
}

static struct version *version_copy(const struct version *from)
{
	struct version *version = calloc(1, sizeof(*version));

	if (version == NULL)
		return NULL;
	atomic_init(&version->users, 1);
	version->capacity = from->count + 16;
	version->rows = malloc(version->capacity * sizeof(struct row *));
	if (version->rows == NULL) {
		free(version);
		return NULL;
	}
	version->count = from->count;
	for (size_t i = 0; i < from->count; i++) {
		version->rows[i] = from->rows[i];
		atomic_fetch_add(&from->rows[i]->users, 1);
	}
	return version;
}

/* Index of the first row at or after KEY. */
static size_t find(const struct version *version, struct slice key)
{
	size_t low = 0, high = version->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (slice_compare(row_key(version->rows[middle]), key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct version *version, size_t i, struct slice key)
{
	return i < version->count && slice_equal(row_key(version->rows[i]), key);
}

static int memory_get(struct kv_txn *base, struct slice key, struct slice *value_r)
{
	struct version *version = ((struct memory_txn *)base)->version;
	size_t i = find(version, key);

	if (!is_at(version, i, key))
		return -ENOENT;
	*value_r = row_value(version->rows[i]);
	return 0;
}

static int memory_put(struct kv_txn *base, struct slice key, struct slice value, bool if_absent)
{
	struct version *version = ((struct memory_txn *)base)->version;
	size_t i = find(version, key);
	struct row *row;

	if (is_at(version, i, key) && if_absent)
		return -EEXIST;
	row = row_new(key, value);
	if (row == NULL)
		return -ENOMEM;
	if (is_at(version, i, key)) {
		row_release(version->rows[i]);
		version->rows[i] = row;
		return 0;
	}
	if (version->count == version->capacity) {
		struct row **rows = realloc(version->rows, version->capacity * 2 * sizeof(struct row *));

		if (rows == NULL) {
			row_release(row);
			return -ENOMEM;
		}
		version->rows = rows;
		version->capacity *= 2;
	}
	memmove(version->rows + i + 1, version->rows + i, (version->count - i) * sizeof(struct row *));
	version->rows[i] = row;
	version->count++;
	return 0;
}

static int memory_remove(struct kv_txn *base, struct slice key)
{
	struct version *version = ((struct memory_txn *)base)->version;
	size_t i = find(version, key);

	if (!is_at(version, i, key))
		return -ENOENT;
	row_release(version->rows[i]);
	version->count--;
	memmove(version->rows + i, version->rows + i + 1, (version->count - i) * sizeof(struct row *));
	return 0;
}

static int memory_range(struct kv_txn *base, struct slice from, struct slice to, bool reverse, size_t limit,
    kv_row_fn *fn, void *arg)
{
	struct version *version = ((struct memory_txn *)base)->version;
	size_t first = find(version, from), end = find(version, to), count = end - first;
	struct row **rows;
	int ret = 0;

	if (limit > 0 && count > limit)
		count = limit;
	if (count == 0)
		return 0;
	rows = malloc(count * sizeof(struct row *)); /* FN may write elsewhere, which moves the array */
	if (rows == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		rows[i] = version->rows[reverse ? end - 1 - i : first + i];
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = fn(row_key(rows[i]), row_value(rows[i]), arg);
	free(rows);
	return ret;
}

static const struct kv_ops memory_ops;

static int memory_view(struct kv *base, kv_fn *fn, void *arg)
{
	struct memory_kv *kv = (struct memory_kv *)base;
	struct memory_txn txn = {.txn = {&memory_ops, false, NULL}};
	int ret;

	pthread_mutex_lock(&kv->lock);
	txn.version = kv->present;
	atomic_fetch_add(&txn.version->users, 1);
	pthread_mutex_unlock(&kv->lock);
	ret = fn(&txn.txn, arg);
	version_release(txn.version);
	return ret;
}

static int memory_batch_begin(struct kv *base)
{
	struct memory_kv *kv = (struct memory_kv *)base;

	kv->batch = version_copy(kv->present);
	return kv->batch != NULL ? 0 : -ENOMEM;
}

static int memory_batch_run(struct kv *base, kv_fn *fn, void *arg, int *ret_r)
{
	struct memory_kv *kv = (struct memory_kv *)base;
	struct memory_txn txn = {.txn = {&memory_ops, true, base}, .version = version_copy(kv->batch)};

	if (txn.version != NULL && kv->again) {
		fn(&txn.txn, arg);
		version_release(txn.version);
		txn.version = version_copy(kv->batch);
	}
	if (txn.version == NULL)
		return -ENOMEM;
	*ret_r = fn(&txn.txn, arg);
	if (*ret_r < 0) {
		version_release(txn.version);
	} else {
		version_release(kv->batch);
		kv->batch = txn.version;
	}
	return 0;
}

static int memory_batch_commit(struct kv *base)
{
	struct memory_kv *kv = (struct memory_kv *)base;
	struct version *old;

	pthread_mutex_lock(&kv->lock);
	old = kv->present;
	kv->present = steal_ptr(&kv->batch);
	pthread_mutex_unlock(&kv->lock);
	version_release(old);
	return 0;
}

static void memory_batch_abort(struct kv *base)
{
	struct memory_kv *kv = (struct memory_kv *)base;

	version_release(steal_ptr(&kv->batch));
}

static int memory_stats(struct kv *base, struct kv_stats *stats_r)
{
	struct memory_kv *kv = (struct memory_kv *)base;

	pthread_mutex_lock(&kv->lock);
	stats_r->rows = kv->present->count;
	for (size_t i = 0; i < kv->present->count; i++)
		stats_r->bytes_used += kv->present->rows[i]->key_len + kv->present->rows[i]->value_len;
	stats_r->readers = atomic_load(&kv->present->users) - 1;
	pthread_mutex_unlock(&kv->lock);
	return 0;
}

static void memory_close(struct kv *base)
{
	struct memory_kv *kv = (struct memory_kv *)base;

	version_release(kv->present);
	pthread_mutex_destroy(&kv->lock);
	free(kv);
}

static const struct kv_ops memory_ops = {
    .close = memory_close,
    .view = memory_view,
    .stats = memory_stats,
    .batch_begin = memory_batch_begin,
    .batch_run = memory_batch_run,
    .batch_commit = memory_batch_commit,
    .batch_abort = memory_batch_abort,
    .get = memory_get,
    .range = memory_range,
    .put = memory_put,
    .remove = memory_remove,
};

int memory_open(bool again, struct kv **kv_r)
{
	static const struct version nothing;
	struct memory_kv *kv = calloc(1, sizeof(*kv));
	int ret;

	if (kv == NULL)
		return -ENOMEM;
	kv->kv.ops = &memory_ops;
	kv->again = again;
	pthread_mutex_init(&kv->lock, NULL);
	kv->present = version_copy(&nothing);
	ret = kv->present == NULL ? -ENOMEM : writer_new(&kv->kv, &kv->kv.writer);
	if (ret < 0) {
		memory_close(&kv->kv);
		return ret;
	}
	*kv_r = &kv->kv;
	return 0;
}
