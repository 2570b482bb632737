/*
 * LMDB as an engine. One unnamed database holds all tables; keys carry a table byte. The map is reserved once, so that it
 * never moves under a reader; MDB_NOTLS, so that a snapshot belongs to its transaction and not to a thread.
 *
 * When a page or its sync fails, LMDB gives up the transaction, and the next may succeed. When the page that names the
 * newest transaction fails, it gives up the whole environment: every later begin, to read too, is MDB_PANIC. Then
 * whoever meets that first waits until all are out and opens it anew, so that reading goes on, and writing once the
 * disk takes it.
 *
 * Whatever frees room needs room itself, for LMDB never writes over a page. So a part of the map is kept for it: when only
 * that is left, an update which adds more bytes than it takes away is refused with -ENOSPC.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/error.h"
#include "protocol/base/log.h"
#include "storage/lmdb/lmdb_private.h"

#ifdef WITH_SANITIZERS
#define LMDB_MAP_BYTES (UINT64_C(1) << 30) /* sanitizers keep most of the address space for themselves */
#else
#define LMDB_MAP_BYTES (UINT64_C(256) << 30) /* address space only */
#endif
#define LMDB_READERS   1022 /* snapshots open at once */
#define LMDB_RESERVE   (UINT64_C(4) << 20) /* bytes of the map for updates that free: the pages which some of them copy */
#define LMDB_RESERVE_SHARE 8               /* and no more than this part of a small map */

struct lmdb_kv {
	struct kv kv;
	char *directory;
	uint64_t map_bytes;
	pthread_rwlock_t gate; /* shared: in use; exclusive: opened anew. It keeps ENV and GENERATION */
	MDB_env *env;          /* NULL: could not be opened anew so far */
	uint64_t generation;   /* how many there were before ENV */
	MDB_dbi dbi;
	MDB_txn *batch;
	atomic_uint readers; /* snapshots open now */
	int lock;            /* held for as long as the store is open: one process at a time */
};

struct lmdb_txn {
	struct kv_txn txn;
	struct lmdb_kv *kv;
	MDB_txn *mdb;
	int broken; /* an error of the engine itself: the batch cannot go on */
	bool tight; /* only the reserve is left: GROWTH is kept */
	int64_t growth; /* bytes of keys and values added less those taken away */
};

int lmdb_errno(int rc)
{
	switch (rc) {
	case 0:
		return 0;
	case MDB_NOTFOUND:
		return -ENOENT;
	case MDB_KEYEXIST:
		return -EEXIST;
	case MDB_MAP_FULL:
	case MDB_TXN_FULL:
		return -ENOSPC;
	case MDB_READERS_FULL:
		return -EAGAIN;
	case MDB_BAD_VALSIZE:
		return -EINVAL;
	}
	return rc > 0 ? -rc : -EIO;
}

static int check(struct lmdb_txn *txn, int rc)
{
	int ret = lmdb_errno(rc);

	if (ret < 0 && ret != -ENOENT && ret != -EEXIST)
		txn->broken = ret;
	return ret;
}

static MDB_val val_of(struct slice s)
{
	return (MDB_val){s.len, (void *)s.at};
}

static struct slice slice_of_val(MDB_val v)
{
	return v.mv_size > 0 ? slice_of(v.mv_data, v.mv_size) : SLICE_EMPTY;
}

static int lmdb_get(struct kv_txn *base, struct slice key, struct slice *value_r)
{
	struct lmdb_txn *txn = (struct lmdb_txn *)base;
	MDB_val k = val_of(key), v;
	int ret = check(txn, mdb_get(txn->mdb, txn->kv->dbi, &k, &v));

	if (ret == 0)
		*value_r = slice_of_val(v);
	return ret;
}

/* Bytes of the row of KEY; 0 when there is none. */
static int64_t row_bytes(struct lmdb_txn *txn, MDB_val key)
{
	MDB_val v;

	return mdb_get(txn->mdb, txn->kv->dbi, &key, &v) == 0 ? (int64_t)(key.mv_size + v.mv_size) : 0;
}

static int lmdb_put(struct kv_txn *base, struct slice key, struct slice value, bool if_absent)
{
	struct lmdb_txn *txn = (struct lmdb_txn *)base;
	MDB_val k = val_of(key), v = val_of(value);
	int64_t former = txn->tight ? row_bytes(txn, k) : 0;
	int ret = check(txn, mdb_put(txn->mdb, txn->kv->dbi, &k, &v, if_absent ? MDB_NOOVERWRITE : 0));

	if (ret == 0)
		txn->growth += (int64_t)(key.len + value.len) - former;
	return ret;
}

static int lmdb_remove(struct kv_txn *base, struct slice key)
{
	struct lmdb_txn *txn = (struct lmdb_txn *)base;
	MDB_val k = val_of(key);

	if (txn->tight)
		txn->growth -= row_bytes(txn, k);
	return check(txn, mdb_del(txn->mdb, txn->kv->dbi, &k, NULL));
}

/* Puts CURSOR on the first row of the range in its direction. */
static int seek(MDB_cursor *cursor, struct slice from, struct slice to, bool reverse, MDB_val *k, MDB_val *v)
{
	int rc;

	*k = val_of(reverse ? to : from);
	rc = mdb_cursor_get(cursor, k, v, MDB_SET_RANGE);
	if (!reverse)
		return rc;
	return mdb_cursor_get(cursor, k, v, rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV);
}

static int lmdb_range(struct kv_txn *base, struct slice from, struct slice to, bool reverse, size_t limit,
    kv_row_fn *fn, void *arg)
{
	struct lmdb_txn *txn = (struct lmdb_txn *)base;
	MDB_cursor *cursor;
	MDB_val k, v;
	int ret, rc = mdb_cursor_open(txn->mdb, txn->kv->dbi, &cursor);

	if (rc != 0)
		return check(txn, rc);
	rc = seek(cursor, from, to, reverse, &k, &v);
	for (size_t n = 0; rc == 0 && (limit == 0 || n < limit); n++) {
		struct slice key = slice_of_val(k);

		if (reverse ? slice_compare(key, from) < 0 : slice_compare(key, to) >= 0)
			break;
		ret = fn(key, slice_of_val(v), arg);
		if (ret != 0) {
			mdb_cursor_close(cursor);
			return ret;
		}
		rc = mdb_cursor_get(cursor, &k, &v, reverse ? MDB_PREV : MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : check(txn, rc);
}

static const struct kv_ops lmdb_ops;

static int open_env(struct lmdb_kv *kv)
{
	MDB_txn *txn;
	int dead, rc = mdb_env_create(&kv->env);

	if (rc == 0)
		rc = mdb_env_set_mapsize(kv->env, kv->map_bytes > 0 ? kv->map_bytes : LMDB_MAP_BYTES);
	if (rc == 0)
		rc = mdb_env_set_maxreaders(kv->env, LMDB_READERS);
	if (rc == 0)
		rc = mdb_env_open(kv->env, kv->directory, MDB_NOTLS, 0600);
	if (rc == 0)
		rc = mdb_reader_check(kv->env, &dead);
	if (rc == 0)
		rc = mdb_txn_begin(kv->env, NULL, 0, &txn);
	if (rc != 0)
		return lmdb_errno(rc);
	rc = mdb_dbi_open(txn, NULL, 0, &kv->dbi);
	if (rc != 0) {
		mdb_txn_abort(txn);
		return lmdb_errno(rc);
	}
	return lmdb_errno(mdb_txn_commit(txn));
}

static void close_env(struct lmdb_kv *kv)
{
	if (kv->env != NULL)
		mdb_env_close(kv->env);
	kv->env = NULL;
}

/* Puts another environment in the place of that of generation SEEN, unless somebody has done so. */
static int open_anew(struct lmdb_kv *kv, uint64_t seen)
{
	int ret = 0;

	pthread_rwlock_wrlock(&kv->gate);
	if (kv->generation == seen) {
		close_env(kv);
		ret = open_env(kv);
		if (ret < 0)
			close_env(kv);
		else
			kv->generation++;
		log_event(LOG_ERROR_LEVEL, "storage", NULL, "the disk failed; the store is opened anew", "error=%d", -ret);
	}
	pthread_rwlock_unlock(&kv->gate);
	return ret;
}

static int begin_once(struct lmdb_kv *kv, unsigned flags, MDB_txn **txn_r)
{
	int dead, rc = kv->env != NULL ? mdb_txn_begin(kv->env, NULL, flags, txn_r) : MDB_PANIC;

	if (rc == MDB_READERS_FULL && mdb_reader_check(kv->env, &dead) == 0 && dead > 0)
		rc = mdb_txn_begin(kv->env, NULL, flags, txn_r);
	return rc;
}

/* Begins a transaction; on success the gate is held until lmdb_leave, by this thread. */
static int begin(struct lmdb_kv *kv, unsigned flags, MDB_txn **txn_r)
{
	uint64_t seen;
	int ret, rc;

	for (;;) {
		pthread_rwlock_rdlock(&kv->gate);
		rc = begin_once(kv, flags, txn_r);
		if (rc == 0)
			return 0;
		seen = kv->generation;
		pthread_rwlock_unlock(&kv->gate);
		ret = rc == MDB_PANIC ? open_anew(kv, seen) : lmdb_errno(rc);
		if (ret < 0)
			return ret;
	}
}

int lmdb_enter(struct kv *base, MDB_env **env_r)
{
	struct lmdb_kv *kv = (struct lmdb_kv *)base;
	MDB_txn *txn;
	int ret = begin(kv, MDB_RDONLY, &txn);

	if (ret < 0)
		return ret;
	mdb_txn_abort(txn);
	*env_r = kv->env;
	return 0;
}

void lmdb_leave(struct kv *base)
{
	pthread_rwlock_unlock(&((struct lmdb_kv *)base)->gate);
}

static int lmdb_view(struct kv *base, kv_fn *fn, void *arg)
{
	struct lmdb_kv *kv = (struct lmdb_kv *)base;
	struct lmdb_txn txn = {.txn = {&lmdb_ops, false, NULL}, .kv = kv};
	int ret = begin(kv, MDB_RDONLY, &txn.mdb);

	if (ret < 0)
		return ret;
	atomic_fetch_add(&kv->readers, 1);
	ret = fn(&txn.txn, arg);
	mdb_txn_abort(txn.mdb);
	atomic_fetch_sub(&kv->readers, 1);
	lmdb_leave(base);
	return ret;
}

static int lmdb_batch_begin(struct kv *base)
{
	struct lmdb_kv *kv = (struct lmdb_kv *)base;

	return begin(kv, 0, &kv->batch);
}

/* Whether TXN's rows leave no more of the map than the reserve; pages that are free but not yet reusable do not count. */
static int is_tight(struct lmdb_kv *kv, MDB_txn *txn, bool *tight_r)
{
	MDB_envinfo info;
	MDB_stat rows;
	uint64_t reserve;
	int rc = mdb_env_info(kv->env, &info);

	if (rc == 0)
		rc = mdb_stat(txn, kv->dbi, &rows);
	if (rc != 0)
		return lmdb_errno(rc);
	reserve = info.me_mapsize / LMDB_RESERVE_SHARE;
	if (reserve > LMDB_RESERVE)
		reserve = LMDB_RESERVE;
	*tight_r = (rows.ms_branch_pages + rows.ms_leaf_pages + rows.ms_overflow_pages) * (uint64_t)rows.ms_psize >
	    info.me_mapsize - reserve;
	return 0;
}

static int lmdb_batch_run(struct kv *base, kv_fn *fn, void *arg, int *ret_r)
{
	struct lmdb_kv *kv = (struct lmdb_kv *)base;
	struct lmdb_txn txn = {.txn = {&lmdb_ops, true, base}, .kv = kv};
	int ret, rc = mdb_txn_begin(kv->env, kv->batch, 0, &txn.mdb);

	if (rc != 0)
		return lmdb_errno(rc);
	ret = is_tight(kv, txn.mdb, &txn.tight);
	if (ret < 0) {
		mdb_txn_abort(txn.mdb);
		return ret;
	}
	*ret_r = fn(&txn.txn, arg);
	if (txn.tight && txn.growth > 0 && *ret_r >= 0)
		*ret_r = -ENOSPC;
	if (txn.broken < 0 || *ret_r < 0) {
		mdb_txn_abort(txn.mdb);
		return txn.broken;
	}
	return lmdb_errno(mdb_txn_commit(txn.mdb));
}

static int lmdb_batch_commit(struct kv *base)
{
	struct lmdb_kv *kv = (struct lmdb_kv *)base;
	MDB_txn *batch = steal_ptr(&kv->batch);
	int ret = lmdb_errno(mdb_txn_commit(batch));

	lmdb_leave(base);
	return ret;
}

static void lmdb_batch_abort(struct kv *base)
{
	struct lmdb_kv *kv = (struct lmdb_kv *)base;

	mdb_txn_abort(steal_ptr(&kv->batch));
	lmdb_leave(base);
}

static int lmdb_stats(struct kv *base, struct kv_stats *stats_r)
{
	struct lmdb_kv *kv = (struct lmdb_kv *)base;
	MDB_envinfo info;
	MDB_stat stat;
	MDB_env *env;
	int ret = lmdb_enter(base, &env);

	if (ret < 0)
		return ret;
	ret = lmdb_errno(mdb_env_info(env, &info));
	if (ret == 0)
		ret = lmdb_errno(mdb_env_stat(env, &stat));
	lmdb_leave(base);
	if (ret < 0)
		return ret;
	stats_r->rows = stat.ms_entries;
	stats_r->bytes_used = (info.me_last_pgno + 1) * (uint64_t)stat.ms_psize;
	stats_r->bytes_reserved = info.me_mapsize;
	stats_r->readers = atomic_load(&kv->readers);
	return 0;
}

static void lmdb_close(struct kv *base)
{
	struct lmdb_kv *kv = (struct lmdb_kv *)base;

	close_env(kv);
	if (kv->lock >= 0)
		close(kv->lock);
	pthread_rwlock_destroy(&kv->gate);
	free(kv->directory);
	free(kv);
}

static const struct kv_ops lmdb_ops = {
    .backup = lmdb_backup,
    .close = lmdb_close,
    .view = lmdb_view,
    .stats = lmdb_stats,
    .batch_begin = lmdb_batch_begin,
    .batch_run = lmdb_batch_run,
    .batch_commit = lmdb_batch_commit,
    .batch_abort = lmdb_batch_abort,
    .get = lmdb_get,
    .range = lmdb_range,
    .put = lmdb_put,
    .remove = lmdb_remove,
};

bool lmdb_exists(const char *directory)
{
	char path[PATH_MAX];
	struct stat status;
	struct slice end = SLICE("/" LMDB_DATA_NAME);

	if (strlen(directory) + end.len >= sizeof(path))
		return false;
	memcpy(path, directory, strlen(directory));
	memcpy(path + strlen(directory), end.at, end.len + 1);
	return stat(path, &status) == 0 && status.st_size > 0;
}

int lmdb_make_directory(const char *directory)
{
	char path[PATH_MAX];
	int ret = slice_copy(slice_str(directory), path, sizeof(path));

	if (ret < 0)
		return ret;
	for (char *at = path; *at != '\0'; at++) {
		if (*at != '/' || at == path)
			continue;
		*at = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

/* The lock is on the open file, so a second opening in this process is refused as well. */
int lmdb_take_lock(const char *directory, struct error *err)
{
	AUTO_CLOSE int dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int fd = dir < 0 ? -1 : openat(dir, LMDB_LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int held = fd;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		fd = -1; /* the caller's now */
		return held;
	}
	error_set(err, 0, CONDITION_NONE, "%.100s: another process is using this data directory", directory);
	return -EBUSY;
}

/*
 * LMDB syncs its file, not the directory that names it: a new store must survive a power cut too. The one above may be
 * closed to us, and then it is not ours to have made this one in.
 */
int lmdb_sync_directory(const char *directory)
{
	AUTO_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	AUTO_CLOSE int above = fd < 0 ? -1 : openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 || (above >= 0 && fsync(above) < 0) ? -errno : 0;
}

int lmdb_open(const char *directory, uint64_t map_bytes, bool create, struct kv **kv_r, struct error *err)
{
	struct lmdb_kv *kv;
	int ret;

	if (!lmdb_exists(directory)) {
		if (!create) {
			error_set(err, 0, CONDITION_NONE, "%.100s: no store here; slotkeeper init makes one", directory);
			return -ENOENT;
		}
		ret = lmdb_make_directory(directory);
		if (ret < 0) {
			error_set(err, 0, CONDITION_NONE, "%.100s: %s", directory, strerror(-ret));
			return ret;
		}
	}
	kv = calloc(1, sizeof(*kv));
	if (kv == NULL)
		return -ENOMEM;
	kv->kv.ops = &lmdb_ops;
	kv->lock = -1;
	kv->map_bytes = map_bytes;
	kv->directory = strdup(directory);
	pthread_rwlock_init(&kv->gate, NULL);
	kv->lock = lmdb_take_lock(directory, err);
	ret = kv->lock < 0 ? kv->lock : kv->directory == NULL ? -ENOMEM : open_env(kv);
	if (ret == 0)
		ret = lmdb_sync_directory(directory);
	if (ret == 0)
		ret = writer_new(&kv->kv, &kv->kv.writer);
	if (ret < 0) {
		if (ret != -EBUSY)
			error_set(err, 0, CONDITION_NONE, "%.100s: %s", directory, strerror(-ret));
		lmdb_close(&kv->kv);
		return ret;
	}
	*kv_r = &kv->kv;
	return 0;
}
