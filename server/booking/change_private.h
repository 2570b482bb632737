/*
 * booking/change_private - what the files of the change service share.
 *
 * The way of a write: change_prepare.c parses the text and computes rows on a snapshot (`struct write`), change_commit.c
 * compares and writes inside one update, refusal.c is what happens instead when the time is taken. rows.c alone knows
 * what rows an object has, so that write, horizon, re-indexing and verify cannot disagree.
 */
#ifndef BOOKING_CHANGE_PRIVATE_H
#define BOOKING_CHANGE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "protocol/ical/calendar_object.h"
#include "protocol/ical/timezone.h"
#include "server/booking/change.h"
#include "server/booking/rules/conflict.h"
#include "server/booking/rules/hours.h"
#include "storage/store_write.h"

struct change_service {
	struct store *store;
	_Atomic(const struct zone_set *) zones; /* change_service_set_zones puts another in its place */
	const struct clock *clock;
	struct pool *pool; /* or NULL */
	struct slice timezone;
	size_t max_resource_size, max_instances;
	atomic_int handling, on_overlap;
	atomic_size_t max_home_size;
	atomic_int_least64_t hold_seconds; /* of a new hold */
};

/* ---- place.c: where an object lies, and in which zone its floating times are read ---- */

struct place {
	struct collection collection;
	struct principal owner;
	const struct zone *zone;
};

/* 0, -ENOENT (no such collection), -ENOMEM, ... Everything is of ARENA. */
int place_get(const struct change_service *service, struct kv_txn *txn, struct arena *arena, struct slice home,
    struct slice name, struct place *place_r);
int place_get_by_id(const struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t collection,
    struct place *place_r);
/* Fills in the zone: the calendar's, else the owner's, else the site's. */
int place_find_zone(const struct change_service *service, struct arena *arena, struct place *place);
/* The owner's working hours, of ARENA, and the zone they are in. 1; 0: he has none that can be read; -ENOMEM. */
int place_hours(const struct change_service *service, struct arena *arena, const struct place *place,
    struct hours *hours_r, const struct zone **zone_r);
/* False when what rows depend on differs. */
bool place_is_same(const struct place *a, const struct place *b);
/* Whose time the objects of this calendar block, 0 for nobody's: a transparent one blocks none but bookings do. */
uint64_t place_member(const struct place *place);
/* "work", "bookings" and the like, which everybody finds and nobody deletes. */
bool place_is_permanent(const struct collection *collection);

/* ---- rows.c: the index rows of an object ---- */

struct rows {
	struct busy *at; /* of the arena; `collection` is set, `object` is not */
	size_t count;
	struct interval span;
	struct interval indexed; /* of a series that goes on */
	bool endless;            /* has instances that the rows may not hold */
	bool recurring;
};

/* What the rows of a series without end hold when they are written at NOW. */
struct interval rows_window(instant_t now);
/* 0, -ENOMEM, or -EINVAL with *ERR. WINDOW is for a series without end only. */
int rows_make(const struct change_service *service, struct arena *arena, const struct place *place,
    const struct calendar_object *object, struct interval window, struct rows *rows_r, struct error *err);
/* Whether two rows of one object say the same. */
bool rows_is_same(const struct busy *a, const struct busy *b);
/* The blocking ones by start; of the arena. 0 or -ENOMEM. */
int rows_blocking(struct arena *arena, const struct busy *rows, size_t count, struct interval **guards_r,
    size_t *count_r);
/* Writes index, series and, in a bookings calendar, occupancy rows of OBJECT. -EBUSY from occupancy. */
int rows_put(struct kv_txn *txn, struct arena *arena, const struct place *place, const struct object *object,
    struct rows *rows);

/* The same without the occupancy. */
int rows_put_unguarded(struct kv_txn *txn, const struct place *place, const struct object *object, struct rows *rows);

/* ---- far.c: time beyond the index ---- */

/* What series without end block outside the index, and the objects that it was computed from. */
struct far {
	struct interval_set busy;
	const uint64_t *objects;
	size_t count;
};

/* Reads and expands the series of the owner that may have instances in WINDOW beside UID's. -E2BIG: too many. */
int far_collect(const struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, struct slice uid, struct interval window, struct far *far_r);
/* Whether the same series, as they were, are still all there are. 1, 0 or -errno. */
int far_is_same(struct kv_txn *txn, struct arena *arena, const struct place *place, struct slice uid,
    struct interval window, const struct far *far);

/* ---- a write under way ---- */

struct scheduling;

struct write {
	struct change_service *service;
	struct arena *arena;
	const struct change_put *request;
	change_done_fn *done;
	void *arg;

	/* COPY and MOVE: a write of what lies elsewhere. */
	const struct change_transfer *transfer; /* NULL: a PUT */
	struct change_put transfer_put;         /* what `request` is then */
	struct place source_place;
	struct object source;
	struct stored_property *source_properties; /* its dead ones: what the destination gets */

	/* Prepared, from the request and a snapshot. */
	const struct zone_set *zones; /* what the rest was computed with */
	struct place place;
	struct calendar_object *object;
	struct slice text; /* the client's, or without the marks of an earlier refusal */
	bool rewritten;    /* `text` is not the client's */
	struct rows rows;
	struct interval *guards; /* blocking instances by start */
	size_t guard_count;
	bool booking; /* in a calendar where nothing may overlap */
	bool has_far;
	struct interval hull; /* of the guards */
	struct far far;
	bool has_hours;
	struct hours hours; /* working hours; when has_hours */
	const struct zone *hours_zone;
	uint64_t refused_copy; /* object id of the refused copy that the snapshot had under this name; 0: none */
	bool stays_refused;    /* the refused copy itself came back, at its own time */

	unsigned stale;    /* how often the snapshot was too old */
	bool in_writer;    /* prepare inside the update, where nothing can be stale */
	struct scheduling *scheduling; /* what it means for others; NULL: nothing. Planned in each run of the update */
	bool replanned;    /* the plan gave another text: a further run prepares again */
	struct change_result result;
};

/*
 * Parses and computes; TXN NULL: on snapshots of its own. 0; -EINVAL: refused, the result says how; other -errno.
 * May run again: everything it made before is replaced.
 */
int write_prepare(struct write *write, struct kv_txn *txn);
/* Inside the update TEXT takes the place of the client's: parsed, with its rows. Errors as write_prepare. */
int write_replace_text(struct write *write, struct slice text);
/* The update. */
int write_commit(struct kv_txn *txn, void *arg);
/* Frees what is not the arena's and calls DONE. */
void write_finish(struct write *write, int ret);

/* ---- change_commit.c, for delete and collections too ---- */

/* A key of 32 hexadecimal digits for what is too long for people to read; of the arena. */
int job_key_hash(struct arena *arena, struct slice bytes, struct slice *key_r);
/* What a private event over a booking meets: the calendar's setting, else the site's. */
enum on_overlap on_overlap_of(const struct change_service *service, const struct collection *collection);
/* The key of jobs about the object of that name, whatever its present id; of the arena. */
struct slice object_job_key(struct arena *arena, uint64_t collection, struct slice name);
/* The object that such a job is about. 0, -ENOENT or -EBADMSG. */
int object_of_job(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct job *job,
    struct place *place_r, struct object *object_r);
/* Fills the result of a refusal; returns -EINVAL. */
int result_refuse(struct change_result *result, int status, enum dav_condition condition, const char *sentence);
/* Asks the origin's guard; its refusal stands in RESULT. 0, -EINVAL or another -errno. */
int origin_guard(const struct change_origin *origin, struct kv_txn *txn, struct change_result *result);
/* OLD is NULL when there is none. False when 412 is the answer. */
bool condition_holds(const struct change_condition *condition, const struct object *old);
/* A calendar app that moves a booking between calendars deletes first; so long nobody is told (contract, section 4). */
#define CANCELLATION_SECONDS 60

/* Why an object goes. */
struct removal_cause {
	struct slice request; /* id, for the jobs */
	int64_t tell_after;   /* seconds until somebody is told that a booking is cancelled */
	const struct change_origin *origin; /* who takes it away; NULL: nobody's booking ends by it */
	bool moved;           /* it lives on elsewhere: nobody is told */
	bool renamed;         /* in the same calendar: its alerts stay */
};
/* Removes an object and everything that follows from it. */
int object_remove(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    const struct object *object, const struct removal_cause *cause);

/* ---- change_transfer.c ---- */

/* Reads the source: its bytes become the write's body. 0, -EINVAL (404, in the result) or another -errno. */
int transfer_read(struct kv_txn *txn, struct write *write);
/* In the update: -ESTALE when the source is not as it was read; -EINVAL when its precondition fails. */
int transfer_check(struct kv_txn *txn, struct write *write);
/* In the update, before the destination is written: what goes for it. OLD: what lies there, of another UID; or NULL. */
int transfer_clear(struct kv_txn *txn, struct write *write, const struct object *old);
/* After it is written as OBJECT: its dead properties become the source's (RFC 4918, 9.8.2 and 9.9.1). */
int transfer_properties(struct kv_txn *txn, struct write *write, uint64_t object);
/* A MOVE whose time is taken, told as a success: the source is read again. */
int transfer_refuse(struct kv_txn *txn, struct write *write);

/* ---- collection.c ---- */

/* All objects of a calendar, copied into ARENA. */
int collection_objects(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct object **objects_r,
    size_t *count_r);
/* The calendar with all that is in it. */
int collection_remove(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, const struct change_origin *origin);

/* ---- refusal.c ---- */

/* What the check found: conflicts, and for whom. */
struct verdict {
	struct conflicts conflicts;
	bool refuse;
	const char *reason; /* NULL: the member of the calendar is busy */
	bool has_others;    /* the times to offer are known already */
	struct interval others[CHANGE_ALTERNATIVES_MAX];
	size_t other_count;
};

/*
 * Answers a write whose time is taken: fills the result, and in lenient handling touches the present object or stores
 * the cancelled copy. OLD is NULL for a new item.
 */
/* The end of a refused copy's note. */
#define REFUSAL_COPY_ENDING "\nMove it to a free time to book it; this copy goes by itself after 7 days."
/* Why, what is free instead, and ENDING; of the arena. */
int refusal_note(const struct write *write, const char *ending, struct slice *note_r);
/* refusal_item.c: an item in the writer's inbox. MOVED: what he wanted to move stays where it was. */
int refusal_item(struct write *write, struct kv_txn *txn, bool moved);
int refusal_apply(struct write *write, struct kv_txn *txn, struct object *old, const struct verdict *verdict);

/* ---- free_times.c: other times for what a member has, or wanted, at one ---- */

struct free_times {
	uint64_t member;
	struct slice uid;   /* of what is to be moved: its own time is free to it */
	struct interval wanted;
	bool bookings_only; /* other events are in nobody's way */
	const struct interval_set *far; /* what lies beyond the index; NULL: nothing */
	const struct hours *hours;      /* NULL: always open */
	const struct zone *hours_zone;
	const struct zone *zone;        /* of the wall clock that they are counted on */
	instant_t now;
};
/* Fills FOUND with at most MAX, in the order of rule R19. */
int free_times_find(struct kv_txn *txn, const struct free_times *query, struct interval *found, size_t max,
    size_t *count_r);
/* The same for people: nothing, or a line with the zone and one for each. */
void free_times_write(struct buf *b, const struct zone *zone, const struct interval *at, size_t count);
/* Adds to *BUSY what blocks MEMBER in WINDOW but the objects of UID. 0, -ENOMEM, -E2BIG, ... */
int free_times_taken(struct kv_txn *txn, uint64_t member, struct slice uid, struct interval window, bool bookings_only,
    struct interval_set *busy);

/* ---- sweep.c ---- */

/* The copy goes when it is CHANGE_REFUSED_KEPT old. */
int refusal_schedule_sweep(struct kv_txn *txn, struct arena *arena, const struct object *object);
/* Forgets what an earlier refusal left behind, now that the item is live or gone. */
int refusal_forget(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice name);

/* ---- refused_copy.c: the marks in the client's own text ---- */

#define REFUSED_PROPERTY "X-SLOTKEEPER-REFUSED"

/*
 * The text with every VEVENT cancelled, transparent, marked, and NOTE in front of its description; of the arena.
 * -EILSEQ when the text is such that its events cannot be told apart line by line.
 */
int refused_copy_make(struct arena *arena, const struct calendar_object *object, const char *reason,
    struct slice note, struct slice *text_r);
/* Whether the text carries the mark, and whether it is still cancelled. */
bool refused_copy_is_marked(const struct calendar_object *object);
bool refused_copy_is_cancelled(const struct calendar_object *object);
/* The text as the client had it before: unmarked, with its own STATUS, TRANSP and DESCRIPTION. */
int refused_copy_revive(struct arena *arena, const struct calendar_object *object, struct slice *text_r);

/* ---- alerts.c: a private event over a booking; alerts.h is for those who show them ---- */

/*
 * Behind the write of the rows of UID, which take the time GUARDS: opens one for each booking that the event runs into, or
 * for each event that lies over the booking.
 */
typedef int alerts_fn(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice uid, const struct interval *guards, size_t count, struct slice request);
alerts_fn alerts_raise_event, alerts_raise_booking;
/* The same for the two alone, of which the event lies in PLACE. */
int alerts_raise_pair(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice event, struct slice booking, struct slice request);
/* Behind any write or removal of the event or the booking UID: drops what no longer is, opens again what is at another time. */
int alerts_review(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t member,
    struct slice uid, struct slice request);
/* The same of all that there are. */
int alerts_review_all(struct change_service *service, struct kv_txn *txn, struct arena *arena);
/*
 * Whether the event and the booking meet, as the index and the guards have them now. 1 and the soonest of the booking's
 * times in *AT_R; 0: they do not; or -errno.
 */
int alert_meeting(struct kv_txn *txn, struct arena *arena, const struct alert *alert, struct interval *at_r);
/* With the job that tells of it. */
int alert_drop(struct kv_txn *txn, struct arena *arena, const struct alert *alert);
/* Gives ALERT texts of its own, of ARENA. 0 or -ENOMEM. */
int alert_copy(struct arena *arena, struct alert *alert);

/* ---- touch.c: a new ETag for what was not changed, so many a minute ---- */

#define TOUCHES_PER_MINUTE 10

/* Counts one; *ALLOWED_R false: put off until the minute is over, when its job does it. */
int touch_take(struct kv_txn *txn, struct arena *arena, const struct object *object, instant_t now, bool *allowed_r);

#endif
