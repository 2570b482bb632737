#include <config.h>

#include <errno.h>
#include <limits.h>

#include "storage/store_private.h"

static void id_key(struct key *key, uint64_t id)
{
	key_begin(key, TABLE_JOB);
	key_add_u64(key, id);
}

static void kind_prefix(struct key *key, struct slice kind)
{
	key_begin(key, TABLE_JOB_DUE);
	key_add_text(key, kind);
}

void store_job_due_key(struct key *key, const struct job *job)
{
	kind_prefix(key, job->kind);
	key_add_i64(key, job->state == JOB_DEAD ? INSTANT_MAX : job->due);
	key_add_u64(key, job->id);
}

int store_job_key_key(struct key *key, struct slice kind, struct slice name)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	pack_text(&b, kind);
	pack_text(&b, name);
	key_begin(key, TABLE_JOB_KEY);
	key_add_hash(key, buf_slice(&b));
	return b.err;
}

/* TAKES_KEY: the job is the one that its key names from now on. */
static int put_rows(struct kv_txn *txn, const struct job *job, bool takes_key)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key, number;
	int ret;

	job_encode(&b, job);
	id_key(&key, job->id);
	ret = store_put_buf(txn, &key, &b);
	if (ret < 0)
		return ret;
	store_job_due_key(&key, job);
	ret = kv_put(txn, key_slice(&key), SLICE_EMPTY);
	kv_mark(txn); /* the runner looks when this is on disk */
	if (ret < 0 || job->key.len == 0 || !takes_key)
		return ret;
	key_begin(&number, 0);
	key_add_u64(&number, job->id);
	ret = store_job_key_key(&key, job->kind, job->key);
	return ret < 0 ? ret : kv_put(txn, key_slice(&key), slice_from(key_slice(&number), 1));
}

/* The job that KEY names: its id and when it is due, for a replacement; -ENOENT. */
static int find(struct kv_txn *txn, const struct key *key, uint64_t *id_r, struct job *job_r)
{
	struct slice value;
	struct key row;
	int ret = kv_get(txn, key_slice(key), &value);

	if (ret < 0)
		return ret;
	if (!key_take_u64(&value, id_r))
		return -EBADMSG;
	id_key(&row, *id_r);
	ret = kv_get(txn, key_slice(&row), &value);
	return ret < 0 ? ret : job_decode(value, job_r);
}

/* Whether nobody has JOB's key: the newer one that had it is gone. */
static bool is_free(struct kv_txn *txn, const struct job *job)
{
	struct slice value;
	struct key key;

	return job->key.len > 0 && store_job_key_key(&key, job->kind, job->key) == 0 &&
	       kv_get(txn, key_slice(&key), &value) == -ENOENT;
}

static int drop_due(struct kv_txn *txn, const struct job *job)
{
	struct key key;

	store_job_due_key(&key, job);
	return store_delete_quietly(txn, &key);
}

int store_job_put(struct kv_txn *txn, struct job *job)
{
	struct job old;
	struct slice value;
	struct key key;
	int ret = 0;

	if (job->kind.len == 0 || job->kind.len > JOB_KIND_MAX)
		return -EINVAL;
	if (job->state == 0)
		job->state = JOB_READY;
	if (job->id != 0) { /* a job that is known: its state changes */
		id_key(&key, job->id);
		ret = kv_get(txn, key_slice(&key), &value);
		if (ret == 0)
			ret = job_decode(value, &old);
		if (ret < 0)
			return ret;
		job->version = old.version + 1;
		ret = drop_due(txn, &old);
		return ret < 0 ? ret : put_rows(txn, job, is_free(txn, job)); /* the key may name a newer one */
	}
	if (job->key.len > 0) {
		uint64_t id = 0;

		ret = store_job_key_key(&key, job->kind, job->key);
		if (ret == 0)
			ret = find(txn, &key, &id, &old);
		if (ret == 0 && old.state == JOB_READY) {
			job->id = id;
			job->version = old.version + 1;
			ret = drop_due(txn, &old);
			return ret < 0 ? ret : put_rows(txn, job, true);
		}
		if (ret < 0 && ret != -ENOENT)
			return ret;
	}
	job->version = 1;
	ret = store_next_number(txn, "job", &job->id);
	return ret < 0 ? ret : put_rows(txn, job, true);
}

int store_job_get(struct kv_txn *txn, struct arena *arena, uint64_t id, struct job *job_r)
{
	struct slice value;
	struct key key;
	int ret;

	id_key(&key, id);
	ret = store_get_copy(txn, arena, &key, &value);
	return ret < 0 ? ret : job_decode(value, job_r);
}

int store_job_get_by_key(struct kv_txn *txn, struct arena *arena, struct slice kind, struct slice key,
    struct job *job_r)
{
	struct slice value;
	uint64_t id;
	struct key row;
	int ret = store_job_key_key(&row, kind, key);

	if (ret == 0)
		ret = kv_get(txn, key_slice(&row), &value);
	if (ret < 0)
		return ret;
	return key_take_u64(&value, &id) ? store_job_get(txn, arena, id, job_r) : -EBADMSG;
}

int store_job_delete(struct kv_txn *txn, uint64_t id)
{
	struct job job;
	struct slice value;
	struct key key, due, by_key;
	bool has_key;
	uint64_t keyed = 0;
	int ret;

	id_key(&key, id);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret == 0)
		ret = job_decode(value, &job);
	if (ret != 0)
		return ret;
	store_job_due_key(&due, &job);
	has_key = job.key.len > 0 && store_job_key_key(&by_key, job.kind, job.key) == 0;
	if (has_key && kv_get(txn, key_slice(&by_key), &value) == 0)
		key_take_u64(&value, &keyed);
	ret = kv_delete(txn, key_slice(&key));
	if (ret == 0)
		ret = store_delete_quietly(txn, &due);
	if (ret == 0 && has_key && keyed == id) /* the key may name a newer job */
		ret = store_delete_quietly(txn, &by_key);
	return ret;
}

struct each {
	struct kv_txn *txn;
	store_job_fn *fn;
	void *arg;
};

static int due_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct slice rest = slice_from(key, key.len < sizeof(uint64_t) ? key.len : key.len - sizeof(uint64_t));
	struct job job;
	struct key row;
	uint64_t id;
	int ret;

	if (!key_take_u64(&rest, &id))
		return -EBADMSG;
	id_key(&row, id);
	ret = kv_get(each->txn, key_slice(&row), &value);
	if (ret == 0)
		ret = job_decode(value, &job);
	return ret != 0 ? ret : each->fn(&job, each->arg);
}

int store_job_each_of(struct kv_txn *txn, struct slice kind, store_job_fn *fn, void *arg)
{
	struct each each = {txn, fn, arg};
	struct key prefix;

	kind_prefix(&prefix, kind);
	return store_range(txn, &prefix, due_row, &each);
}

static int id_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct job job;
	int ret = job_decode(value, &job);

	(void)key;
	return ret < 0 ? ret : each->fn(&job, each->arg);
}

int store_job_each_by_id(struct kv_txn *txn, uint64_t after, store_job_fn *fn, void *arg)
{
	struct each each = {txn, fn, arg};
	struct key from, table, to;

	if (after == UINT64_MAX)
		return 0;
	id_key(&from, after + 1);
	key_begin(&table, TABLE_JOB);
	to = key_end(&table);
	return kv_range(txn, key_slice(&from), key_slice(&to), false, 0, id_row, &each);
}

int store_job_is_newest(struct kv_txn *txn, const struct job *job)
{
	struct slice value;
	struct key key;
	uint64_t id;
	int ret = job->key.len > 0 ? store_job_key_key(&key, job->kind, job->key) : -ENOENT;

	if (ret == 0)
		ret = kv_get(txn, key_slice(&key), &value);
	if (ret < 0)
		return ret == -ENOENT ? 1 : ret;
	return key_take_u64(&value, &id) ? id == job->id : -EBADMSG;
}

int store_job_repair(struct kv_txn *txn, const struct job *job)
{
	struct slice value;
	struct key key;
	int ret = store_job_key_key(&key, job->kind, job->key);

	if (ret == 0)
		ret = kv_get(txn, key_slice(&key), &value);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	/* jobs come by id: the newest of a key, but one that waits before one that is done */
	return put_rows(txn, job, ret == -ENOENT || job->state == JOB_READY);
}

static int put_due(const struct job *job, void *arg)
{
	struct key key;

	store_job_due_key(&key, job);
	return kv_put(arg, key_slice(&key), SLICE_EMPTY);
}

int store_job_order_anew(struct kv_txn *txn)
{
	struct key prefix;
	int ret;

	key_begin(&prefix, TABLE_JOB_DUE);
	ret = store_delete_range(txn, &prefix);
	return ret < 0 ? ret : store_job_each_by_id(txn, 0, put_due, txn);
}
