/*
 * booking/booking_private - what the files of the booking service share.
 *
 * booking.c decides (what is asked, the rules, the states), booking_write.c writes a state with everything that follows from
 * it, booking_objects.c the calendar objects of it, booking_read.c answers without writing.
 */
#ifndef BOOKING_BOOKING_PRIVATE_H
#define BOOKING_BOOKING_PRIVATE_H

#include "server/booking/booking.h"
#include "server/booking/change_private.h"

#define BOOKING_OF_UID_MAX 10000 /* customers of one session: the capacity at most */

/* The copy that a calendar app wrote: its text is kept in this owner's calendar, under this name. */
struct booking_copy {
	const struct place *place;
	struct slice name, text;
	struct interval at; /* what the text says */
	bool text_only; /* no time has changed: only who is in it is the engine's */
};

/* Who changes something, for the audit log and the jobs. */
struct booking_cause {
	const struct change_origin *origin;
	const char *action;       /* "create", "move", "cancel", ... */
	int64_t tell_after;       /* seconds until people outside hear of it */
	const struct booking_copy *copy; /* NULL: the change came through no calendar */
};

struct booking_list {
	struct booking *at;
	size_t count;
};

/* All bookings of UID, cancelled ones too; of ARENA. */
int booking_list_of_uid(struct kv_txn *txn, struct arena *arena, struct slice uid, struct booking_list *list_r);
/* People and rooms; of ARENA; NULL: no memory. */
const struct slice *booking_members(struct arena *arena, const struct booking *booking, size_t *count_r);
bool booking_has_member(const struct booking *booking, struct slice name);

/* The policy of its service, as long as the booking is; without a service, one of its own people and rooms. */
int booking_own_policy(struct kv_txn *txn, struct arena *arena, const struct booking *booking, struct policy *policy_r);

/* Gives a new booking its customer's secret, of which it keeps the digest. In an update. */
int booking_give_token(struct kv_txn *txn, struct arena *arena, struct booking *booking,
    char token_r[static BOOKING_TOKEN_SIZE]);

/*
 * In the update: AFTER in place of BEFORE (NULL: a new one, which gets its number), with guards, objects, audit and jobs.
 * Expired holds in its way are ended. -EBUSY: the guards refused what the rules had passed.
 */
int booking_write(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct booking *before,
    struct booking *after, const struct policy *policy, const struct booking_cause *cause);

/* ---- booking_objects.c ---- */

/* What the objects of UID must be now, among the calendars of MEMBERS: written, changed in place, or removed. */
struct objects_sync {
	struct change_service *service;
	struct kv_txn *txn;
	struct arena *arena;
	struct slice uid;
	const struct booking_list *bookings; /* of the UID */
	const struct policy *policy;
	const struct slice *members; /* all who have, or had, an object */
	size_t member_count;
	const struct booking *before; /* how it was, or NULL: for texts that we wrote */
	const struct booking_copy *copy; /* or NULL */
	struct slice request;
};
int booking_objects_sync(const struct objects_sync *sync);

/* ---- booking_write.c ---- */

/* BEFORE is NULL for a new one; POLICY NULL: none. */
int booking_audit(struct change_service *service, struct kv_txn *txn, const struct booking *before,
    const struct booking *after, const struct policy *policy, const struct change_origin *origin, const char *action);
/* Ends the holds of MEMBER (principal id) that have expired and lie in WINDOW (R16). */
int booking_evict(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t member,
    struct interval window, struct slice request);

/* ---- change_booking.c: bookings written over CalDAV ---- */

/* The bookings that a write of a calendar object is about. */
struct claim {
	struct booking_list bookings; /* all of the session; live, or cancelled by a deletion a moment ago */
	bool revives;
	bool ended; /* completed, or nobody came: its text may change, its time no more */
	struct slice leaving; /* whose place the owner of the calendar takes; empty: he is in it already */
};

/* 1: the write is about bookings; 0: it is not; -EINVAL with the refusal in the result; another -errno. */
int claim_find(struct write *write, struct kv_txn *txn, struct claim *claim_r);
/* The whole write. OLD: the object of that name with that UID, or NULL. Returns as write_commit's steps do. */
int claim_commit(struct write *write, struct kv_txn *txn, struct object *old, struct claim *claim);
/*
 * The object goes and does not come back: bookings end that have no other object with its owner. 1: they did, and their
 * objects with them; 0: there is no such booking, the object is the caller's to remove.
 */
int claim_remove(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    const struct object *object, const struct change_origin *origin);
/* A person's own event, or an event in a room's calendar, is a booking too: its record follows the object. */
int own_event_record(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice uid, struct interval core, const struct change_origin *origin);
int own_event_end(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice uid, const struct change_origin *origin);

/* ---- guards.c ---- */

/*
 * The guards that the object UID of the person or room NAME has: of the live booking with that UID; none when all of them
 * ended; *IS_BOOKING_R false: it is nobody's booking. Of ARENA.
 */
int booking_guards_of(struct kv_txn *txn, struct arena *arena, struct slice uid, struct slice name, bool *is_booking_r,
    struct interval *guard_r, size_t *count_r);
/* The range that the guard table holds of a booking: the core alone where the longer buffer counts (R8). */
struct interval booking_held_range(const struct booking *booking);

#endif
