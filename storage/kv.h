/*
 * storage/kv - the interface of an engine: an ordered key-value store with snapshots and serial updates.
 *
 * Keys are 1 to KV_KEY_MAX bytes and sort as memcmp, a prefix first; values are 0 to KV_VALUE_MAX bytes. All work
 * happens inside a callback: FN of kv_view sees one snapshot; FN of kv_update sees what earlier updates wrote and
 * is all or nothing. An update function touches only the transaction and its argument, has no other side effect
 * and MAY RUN AGAIN: on a batch that is repeated, on an engine that retries. Any call may return -EAGAIN, which FN
 * hands up.
 *
 * Slices that a transaction returns are borrowed: valid until FN ends or until the next write in it.
 */
#ifndef STORAGE_KV_H
#define STORAGE_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/slice.h"

#define KV_KEY_MAX   511
#define KV_VALUE_MAX (64u << 20)

struct kv;
struct kv_txn;

typedef int kv_fn(struct kv_txn *txn, void *arg);
typedef void kv_done_fn(int ret, void *arg);
/* One row of a range; a non-zero return ends the range and becomes its result. */
typedef int kv_row_fn(struct slice key, struct slice value, void *arg);

/* Stops the writer after what is queued, waits for it, closes. */
void kv_close(struct kv *kv);

/* Runs FN on a snapshot, at once, in this thread, and returns what it returned. Do not nest. */
int kv_view(struct kv *kv, kv_fn *fn, void *arg);

/*
 * Queues FN for the writer. DONE is called once, in the writer's thread, after the batch that FN was part of is on
 * disk, also when FN wrote nothing, for its answer may rest on a row of that batch; RET is what FN returned (nothing
 * was written when it is negative) or the error of the commit. DONE must be short and may queue further updates.
 * Updates run in the order in which they were queued. Out of memory, DONE is called at once, in the caller's thread.
 */
void kv_update(struct kv *kv, kv_fn *fn, kv_done_fn *done, void *arg);

/* The same, and waits; for the command line, start-up and tests. Never from a loop's or the writer's thread. */
int kv_update_wait(struct kv *kv, kv_fn *fn, void *arg);

/* 0 or -ENOENT. */
int kv_get(struct kv_txn *txn, struct slice key, struct slice *value_r);
/* Found values in *VALUES_R, missing ones with .at == NULL: one round trip on an engine that is far away. */
int kv_get_many(struct kv_txn *txn, const struct slice *keys, size_t count, struct slice *values_r);
/*
 * Calls FN for the rows with FROM <= key < TO in order, or from the end when REVERSE; LIMIT 0 is no limit. FN must
 * not write to the rows of the range. Returns 0 or what FN returned.
 */
int kv_range(struct kv_txn *txn, struct slice from, struct slice to, bool reverse, size_t limit, kv_row_fn *fn,
    void *arg);
int kv_put(struct kv_txn *txn, struct slice key, struct slice value);
int kv_put_if_absent(struct kv_txn *txn, struct slice key, struct slice value); /* -EEXIST when there is one */
int kv_delete(struct kv_txn *txn, struct slice key);                           /* -ENOENT when there is none */

/*
 * Marks an update that somebody waits for: FN of kv_watch is called, in the writer's thread, when a batch with a marked
 * update is on disk, perhaps for one that wrote nothing too. FN must be short; NULL: nobody watches any more, and no call
 * is under way. A mark in a view is nothing.
 */
void kv_mark(struct kv_txn *txn);
typedef void kv_watch_fn(void *arg);
void kv_watch(struct kv *kv, kv_watch_fn *fn, void *arg);

struct error;
/*
 * Copies a snapshot into DIRECTORY, which is made or empty, while everything goes on; the copy can be opened as a store. On
 * disk when it returns. -ENOTEMPTY, -ENOTSUP (an engine in memory) or another -errno, with *ERR.
 */
int kv_backup(struct kv *kv, const char *directory, struct error *err);

struct kv_stats {
	uint64_t rows;
	uint64_t bytes_used;     /* of the file, or of memory */
	uint64_t bytes_reserved; /* what the engine may grow to */
	uint64_t updates;        /* functions committed since the start */
	uint64_t batches;        /* commits since the start */
	uint64_t readers;        /* snapshots open now */
	uint64_t queued;         /* updates waiting */
};
int kv_stats(struct kv *kv, struct kv_stats *stats_r);

#endif
