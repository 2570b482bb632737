#include <config.h>

#include "storage/kv.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "protocol/base/error.h"
#include "storage/kv_private.h"

void kv_close(struct kv *kv)
{
	if (kv == NULL)
		return;
	writer_free(kv->writer);
	kv->ops->close(kv);
}

int kv_view(struct kv *kv, kv_fn *fn, void *arg)
{
	return kv->ops->view(kv, fn, arg);
}

void kv_update(struct kv *kv, kv_fn *fn, kv_done_fn *done, void *arg)
{
	writer_queue(kv->writer, fn, done, arg);
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t done;
	kv_fn *fn;
	void *arg;
	bool finished;
	int ret;
};

static int run_waited(struct kv_txn *txn, void *arg)
{
	struct waiter *waiter = arg;

	return waiter->fn(txn, waiter->arg);
}

static void waited(int ret, void *arg)
{
	struct waiter *waiter = arg;

	pthread_mutex_lock(&waiter->lock);
	waiter->ret = ret;
	waiter->finished = true;
	pthread_cond_signal(&waiter->done);
	pthread_mutex_unlock(&waiter->lock);
}

int kv_update_wait(struct kv *kv, kv_fn *fn, void *arg)
{
	struct waiter waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, fn, arg, false, 0};

	kv_update(kv, run_waited, waited, &waiter);
	pthread_mutex_lock(&waiter.lock);
	while (!waiter.finished)
		pthread_cond_wait(&waiter.done, &waiter.lock);
	pthread_mutex_unlock(&waiter.lock);
	pthread_cond_destroy(&waiter.done);
	pthread_mutex_destroy(&waiter.lock);
	return waiter.ret;
}

static bool key_is_good(struct slice key)
{
	return key.len >= 1 && key.len <= KV_KEY_MAX;
}

int kv_get(struct kv_txn *txn, struct slice key, struct slice *value_r)
{
	return key_is_good(key) ? txn->ops->get(txn, key, value_r) : -ENOENT;
}

int kv_get_many(struct kv_txn *txn, const struct slice *keys, size_t count, struct slice *values_r)
{
	for (size_t i = 0; i < count; i++) {
		int ret = kv_get(txn, keys[i], &values_r[i]);

		if (ret == -ENOENT)
			values_r[i] = slice_of(NULL, 0);
		else if (ret < 0)
			return ret;
	}
	return 0;
}

int kv_range(struct kv_txn *txn, struct slice from, struct slice to, bool reverse, size_t limit, kv_row_fn *fn,
    void *arg)
{
	if (!key_is_good(from) || !key_is_good(to))
		return -EINVAL;
	if (slice_compare(from, to) >= 0)
		return 0;
	return txn->ops->range(txn, from, to, reverse, limit, fn, arg);
}

static int put(struct kv_txn *txn, struct slice key, struct slice value, bool if_absent)
{
	if (!txn->writes)
		return -EACCES;
	if (!key_is_good(key))
		return -ENAMETOOLONG;
	if (value.len > KV_VALUE_MAX)
		return -EMSGSIZE;
	return txn->ops->put(txn, key, value, if_absent);
}

int kv_put(struct kv_txn *txn, struct slice key, struct slice value)
{
	return put(txn, key, value, false);
}

int kv_put_if_absent(struct kv_txn *txn, struct slice key, struct slice value)
{
	return put(txn, key, value, true);
}

int kv_delete(struct kv_txn *txn, struct slice key)
{
	if (!txn->writes)
		return -EACCES;
	return key_is_good(key) ? txn->ops->remove(txn, key) : -ENOENT;
}

void kv_mark(struct kv_txn *txn)
{
	if (txn->kv != NULL)
		writer_mark(txn->kv->writer);
}

void kv_watch(struct kv *kv, kv_watch_fn *fn, void *arg)
{
	writer_watch(kv->writer, fn, arg);
}

int kv_stats(struct kv *kv, struct kv_stats *stats_r)
{
	struct kv_stats stats = {0};
	int ret = kv->ops->stats(kv, &stats);

	if (ret < 0)
		return ret;
	writer_stats(kv->writer, &stats);
	*stats_r = stats;
	return 0;
}

int kv_backup(struct kv *kv, const char *directory, struct error *err)
{
	if (kv->ops->backup == NULL) {
		error_set(err, 0, CONDITION_NONE, "a store in memory has no backup");
		return -ENOTSUP;
	}
	return kv->ops->backup(kv, directory, err);
}
