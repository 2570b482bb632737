/*
 * storage/repair - makes every table anew that can be made from others.
 *
 * Rows that people wrote are left as they are, also those that cannot be read: principals, collections, objects and their
 * bodies, properties, jobs, groups, grants, passwords, feeds, files, API keys, the audit log, services, bookings. What only
 * leads to them is removed and written again, and what leads nowhere goes. The index of times is emptied:
 * server/booking/repair fills it in the same update.
 */
#ifndef STORAGE_REPAIR_H
#define STORAGE_REPAIR_H

#include "storage/store.h"

typedef void store_repair_fn(const char *sentence, void *arg);

/* In one update, as part of it. FN is told what stays broken. 0 or -errno. */
int store_repair(struct kv_txn *txn, store_repair_fn *fn, void *arg);
/* All objects of a collection whose rows can be read, of ARENA. */
int store_repair_objects(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct object **objects_r,
    size_t *count_r);
/* All collections whose rows can be read. */
int store_repair_collections(struct kv_txn *txn, struct arena *arena, struct collection **collections_r, size_t *count_r);

#endif
