/*
 * storage/kv_private - what an engine provides, and the writer that all engines share.
 */
#ifndef STORAGE_KV_PRIVATE_H
#define STORAGE_KV_PRIVATE_H

#include "storage/kv.h"

struct error;
struct writer;

struct kv_ops {
	void (*close)(struct kv *kv); /* the writer has ended */
	int (*view)(struct kv *kv, kv_fn *fn, void *arg);
	int (*stats)(struct kv *kv, struct kv_stats *stats_r); /* rows, bytes, readers */
	int (*backup)(struct kv *kv, const char *directory, struct error *err); /* NULL: there is nothing to copy */

	/* ---- one batch; the writer's thread alone calls these ---- */
	int (*batch_begin)(struct kv *kv);
	/*
	 * Runs FN as a part of the batch that leaves the others whole when it fails; *RET_R is what FN returned. A negative
	 * result means that the batch is broken: it is aborted and its functions run again one by one.
	 */
	int (*batch_run)(struct kv *kv, kv_fn *fn, void *arg, int *ret_r);
	int (*batch_commit)(struct kv *kv); /* on disk, or -errno with nothing written; the batch is over */
	void (*batch_abort)(struct kv *kv);

	/* ---- inside a transaction ---- */
	int (*get)(struct kv_txn *txn, struct slice key, struct slice *value_r);
	int (*range)(struct kv_txn *txn, struct slice from, struct slice to, bool reverse, size_t limit, kv_row_fn *fn,
	    void *arg);
	int (*put)(struct kv_txn *txn, struct slice key, struct slice value, bool if_absent);
	int (*remove)(struct kv_txn *txn, struct slice key);
};

struct kv {
	const struct kv_ops *ops;
	struct writer *writer;
};

struct kv_txn {
	const struct kv_ops *ops;
	bool writes;
	struct kv *kv; /* NULL in a view */
};

/* Makes the writer's thread for an engine that is ready. 0 or -errno. */
int writer_new(struct kv *kv, struct writer **writer_r);
/* Finishes what is queued and ends the thread. */
void writer_free(struct writer *writer);
void writer_queue(struct writer *writer, kv_fn *fn, kv_done_fn *done, void *arg);
/* The writer's thread calls it, inside a batch. */
void writer_mark(struct writer *writer);
void writer_watch(struct writer *writer, kv_watch_fn *fn, void *arg);
void writer_stats(struct writer *writer, struct kv_stats *stats);

int lmdb_open(const char *directory, uint64_t map_bytes, bool create, struct kv **kv_r, struct error *err);
bool lmdb_exists(const char *directory);
int lmdb_backup(struct kv *kv, const char *directory, struct error *err);
/* Copies what a backup holds into DIRECTORY, which is made; only its file, so that the backup stays as it is. */
int lmdb_fetch(const char *backup, const char *directory, struct error *err);
/*
 * Puts the store of the directory PART, which goes, in the place of that in DIRECTORY, which keeps the name ASIDE there.
 * -EBUSY: a process has it open.
 */
int lmdb_replace(const char *directory, const char *part, const char *aside, struct error *err);
/* AGAIN: every update function runs twice, and what the first run wrote is thrown away, as in a batch that is repeated. */
int memory_open(bool again, struct kv **kv_r);

#endif
