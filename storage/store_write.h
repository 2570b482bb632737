/*
 * storage/store_write - the writes of calendar objects and everything that follows from them.
 *
 * Only server/booking may include this header (tests/layers.txt): every write of a calendar object passes through
 * the change service, which keeps object, indexes, change number and jobs together in one update.
 *
 * -EEXIST of store_object_put and -EBUSY of store_occupancy_put leave everything as it was; after any other error the
 * update function must fail too, for a part may be written.
 */
#ifndef STORAGE_STORE_WRITE_H
#define STORAGE_STORE_WRITE_H

#include "storage/store.h"

/* Change numbers and tombstones are kept this long (contract: sync tokens). */
#define STORE_TOMBSTONES_KEPT        100000
#define STORE_TOMBSTONE_KEPT_SECONDS (366 * DAY_SECONDS)

/*
 * Writes an object under object->collection and object->name with BODY: gives object->id, ->change, ->digest and
 * ->size, ->schedule_tag where that is OBJECT_SCHEDULE_TAG_NEW, replaces body, UID rows and change row of a former object of that name, whose index rows must have been
 * removed with store_index_clear. OWNER is the principal whose calendar it is. -EEXIST when the UID belongs to
 * another name of the collection.
 */
int store_object_put(struct kv_txn *txn, uint64_t owner, struct object *object, struct slice body, instant_t now);
/* Removes object, body and UID rows and leaves a tombstone. The index rows must be gone. */
int store_object_delete(struct kv_txn *txn, uint64_t owner, const struct object *object, instant_t now);
/*
 * The same body and rows under a new change number, so a new ETag: what makes an app read it again. The id stays.
 */
int store_object_touch(struct kv_txn *txn, uint64_t owner, struct object *object, instant_t now);

/* Replaces the span and the flags of an object whose text is the same: no change that a client would have to see. */
int store_object_reindexed(struct kv_txn *txn, const struct object *object);

/*
 * Writes the index rows of one object in place of those it had: all of them to the calendar's index and, when MEMBER is
 * not 0, the blocking ones to the member's. ROWS carry collection and object; INSTANCE differs among them.
 */
int store_index_put(struct kv_txn *txn, uint64_t member, uint64_t collection, uint64_t object,
    const struct busy *rows, size_t count);
/* Removes all index rows and the series row of OBJECT; fine when there are none. */
int store_index_clear(struct kv_txn *txn, uint64_t collection, uint64_t object);
/* Adds a series row; one an object. */
int store_series_put(struct kv_txn *txn, const struct series *series);
/*
 * Takes the guards of a live booking's instances, in place of those that UID had with the member; -EBUSY when one
 * overlaps another UID's guard of the member, with *CLASH_R (may be NULL) that guard and nothing changed. It trusts
 * no rule.
 */
int store_occupancy_put(struct kv_txn *txn, uint64_t member, struct slice uid, const struct interval *guards,
    size_t count, struct interval *clash_r);
int store_occupancy_clear(struct kv_txn *txn, uint64_t member, struct slice uid);

/*
 * Gives booking->number when it is 0; with a number that booking is replaced, and what led to its former state goes. It writes
 * no guard and no object: server/booking does, in the same update. -EEXIST when the id belongs to another.
 */
int store_booking_put(struct kv_txn *txn, struct arena *arena, struct booking *booking);

/* One for a member, an event and a booking: gives alert->id when it is 0, else the row is replaced. */
int store_alert_put(struct kv_txn *txn, struct alert *alert);
int store_alert_delete(struct kv_txn *txn, const struct alert *alert); /* -ENOENT */
int store_alert_forget(struct kv_txn *txn, uint64_t member);           /* all of his */

/* Another name in the same home; objects, changes and properties stay. -EEXIST when it is taken. */
int store_collection_rename(struct kv_txn *txn, const struct collection *collection, struct slice name);
/* Removes an empty collection: its row, properties, changes and counters. -ENOTEMPTY while an object is left. */
int store_collection_delete(struct kv_txn *txn, const struct collection *collection);
/* Removes tombstones beyond what is kept; at most LIMIT (not 0) in one update; the count. */
int store_change_prune(struct kv_txn *txn, uint64_t collection, instant_t now, size_t limit);

#endif
