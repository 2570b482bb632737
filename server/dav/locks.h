/*
 * server/dav/locks - write locks (RFC 4918, 6 to 8): LOCK and UNLOCK, and what every other write asks in its update.
 */
#ifndef SERVER_DAV_LOCKS_H
#define SERVER_DAV_LOCKS_H

#include "server/booking/change.h"
#include "server/dav/dav_private.h"

#define LOCKS_MAX 1000 /* in one home */

/* What a write does to the resource of a path; locks on that part are to be submitted. */
enum dav_locked {
	LOCKED_SELF = 1 << 0,       /* its content or its properties change */
	LOCKED_MEMBERSHIP = 1 << 1, /* it comes or goes: a lock on the collection around it counts */
	LOCKED_IF_NEW = 1 << 2,     /* the same, when nothing is there */
	LOCKED_TREE = 1 << 3,       /* what is below goes too */
};

/* One place that a request writes to. */
struct dav_lock_target {
	const struct dav_path *path;
	unsigned what; /* bits of enum dav_locked */
};

/*
 * In the update of a write: the If field, then the locks on all that it writes to. 0; -EINVAL with d->error (412, 423) and
 * d->extra; or another -errno.
 */
int dav_locks_check(struct dav_request *d, struct kv_txn *txn, const struct dav_lock_target *targets, size_t count);
/* Lets the change service ask the same; TARGETS must live as long as the request. */
void dav_locks_guard(struct dav_request *d, const struct dav_lock_target *targets, size_t count,
    struct change_origin *origin);

/* ---- what LOCK and UNLOCK share with it ---- */
/* COLLECTION or COLLECTION/MEMBER, as locks have it; of the arena, .at NULL without memory. */
struct slice dav_lock_path(struct dav_request *d, const struct dav_path *path);
bool dav_lock_is_below(struct slice path, struct slice top);
bool dav_lock_covers(const struct lock *lock, struct slice path);
/* 423 with the root of the lock in CONDITION's element (RFC 4918, 16): -EINVAL, or -ENOMEM. */
int dav_locks_refuse(struct dav_request *d, enum dav_condition condition, struct slice home, struct slice root);
/* DAV:activelock; TOLD: with the token and with what the holder says of himself, for him and for who may unlock. */
void dav_lock_write(struct buf *b, const struct lock *lock, struct slice home, instant_t now, bool told);

#endif
