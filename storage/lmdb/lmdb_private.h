/*
 * storage/lmdb/lmdb_private - what the files of this engine share.
 */
#ifndef STORAGE_LMDB_PRIVATE_H
#define STORAGE_LMDB_PRIVATE_H

#include <lmdb.h>

#include "storage/kv_private.h"

#define LMDB_DATA_NAME "data.mdb"
#define LMDB_LOCK_NAME "lock" /* held for as long as a process has the store open */

/* The environment, which stays open until lmdb_leave in the same thread; opened anew when LMDB has given it up. */
int lmdb_enter(struct kv *kv, MDB_env **env_r);
void lmdb_leave(struct kv *kv);
/* -errno for an error of LMDB; -ENOSPC when the map is full. */
int lmdb_errno(int rc);
/* Makes the directory, mode 0700, and its missing parents. */
int lmdb_make_directory(const char *directory);
/* LMDB syncs its file, not the directory that names it. */
int lmdb_sync_directory(const char *directory);
/* An open file that holds the lock of the data directory, or -EBUSY with *ERR, or another -errno. */
int lmdb_take_lock(const char *directory, struct error *err);

#endif
