/*
 * server/booking/change - the change service: every write of a calendar object passes here.
 *
 * A write is prepared on the caller's thread (parsed, screened, its instances listed on a snapshot), then one
 * kv_update compares what it was computed from, checks preconditions and the promise, and writes object, index,
 * change number and jobs together. When the snapshot was stale the service prepares again on its worker pool.
 *
 * The promise: in a `bookings` calendar no instance overlaps a busy instance of the same member, whoever writes; the
 * check reads fresh rows in the update that writes.
 */
#ifndef SERVER_BOOKING_CHANGE_H
#define SERVER_BOOKING_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/clock.h"
#include "protocol/base/error.h"
#include "protocol/base/interval_set.h"
#include "server/base/pool.h"
#include "storage/store.h"

struct zone_set;
struct change_service;

enum change_origin_kind {
	ORIGIN_USER = 1,   /* a person's calendar app, over CalDAV */
	ORIGIN_OPERATOR,   /* the command line */
	ORIGIN_API,
	ORIGIN_PAGE,       /* a person in a browser */
	ORIGIN_CONNECTION, /* a provider: what is true there cannot be refused */
	ORIGIN_ENGINE,
	ORIGIN_MAIL, /* an invitation that somebody mailed */
};

/* Who or what caused a change: an argument of every one, stored with its jobs. */
struct change_origin {
	enum change_origin_kind kind;
	struct slice principal; /* name; empty for the operator */
	struct slice who;       /* for the audit log, as "key 3"; empty: it is the principal, or what the kind says */
	struct slice request;   /* request id */
	/*
	 * Asked first in the update, which may run again: locks and the like, which this service does not know. 0; -EINVAL with
	 * *ERR, by which the write is refused; or another -errno. NULL: nobody is asked.
	 */
	int (*guard)(struct kv_txn *txn, void *arg, struct error *err);
	void *guard_arg;
};

struct change_settings {
	enum handling handling;     /* the site's; HANDLING_LENIENT by default */
	enum on_overlap on_overlap; /* ON_OVERLAP_ALERT by default */
	struct slice timezone;      /* the site's IANA zone; must outlive the service */
	size_t max_resource_size;   /* bytes of one calendar object */
	size_t max_home_size;       /* bytes of all objects in one home; 0: as many as there is room for */
	int64_t hold_seconds;       /* how long a slot is held for a customer; 0: CHANGE_HOLD_SECONDS */
	size_t max_instances;       /* instances indexed of one object; more is CALDAV:max-instances */
};

#define CHANGE_ALTERNATIVES_MAX  5  /* offered with a refusal */
#define CHANGE_CONFLICTS_MAX     10 /* told with a refusal */
#define CHANGE_HOLD_SECONDS      (10 * MINUTE_SECONDS)
#define CHANGE_SERIES_CHECK_DAYS 365
#define CHANGE_ALTERNATIVE_DAYS  14
#define CHANGE_REFUSED_KEPT      (7 * DAY_SECONDS)       /* a refused item's cancelled copy goes after this */
#define CHANGE_INBOX_KEPT       (30 * DAY_SECONDS)      /* an inbox item that nobody deletes goes after this */
#define CHANGE_WINDOW_BACK       (366 * DAY_SECONDS)     /* of endless series the index holds now minus this */
#define CHANGE_WINDOW_AHEAD      (2 * 366 * DAY_SECONDS) /* to now plus this */

/* ZONES and STORE outlive the service; POOL may be NULL (a stale snapshot is then prepared in the writer). */
struct change_service *change_service_new(struct store *store, const struct zone_set *zones, const struct clock *clock,
    struct pool *pool, const struct change_settings *settings);
void change_service_free(struct change_service *service);
/* Replaces handling, on_overlap, max_home_size and hold_seconds after a reload. */
void change_service_reload(struct change_service *service, const struct change_settings *settings);

/* What HTTP calls a precondition, already parsed; compared inside the update. */
struct change_condition {
	bool if_match_any;              /* If-Match: * */
	bool if_none_match_any;         /* If-None-Match: * */
	const struct slice *if_match;   /* quoted ETags; a coding suffix (-gzip, -br) and W/ are ignored */
	size_t if_match_count;
	const struct slice *if_none_match;
	size_t if_none_match_count;
	struct slice schedule_tag;  /* If-Schedule-Tag-Match (RFC 6638, 8.3), in its quotes; empty: none */
	bool has_unmodified_since; /* looked at without If-Match only (RFC 9110, 13.2.2) */
	instant_t unmodified_since;
};

struct change_put {
	struct slice home, collection, name; /* decoded path segments */
	struct slice body;
	struct change_condition condition;
	enum handling handling; /* from Prefer: handling=; HANDLING_DEFAULT when not said */
	bool unscheduled; /* the writer may not send invitations and answers in the owner's name: what would is DAV:need-privileges */
	struct change_origin origin;
};

struct change_delete {
	struct slice home, collection, name;
	struct change_condition condition;
	bool unscheduled; /* as above */
	bool silent; /* Schedule-Reply: F (RFC 6638, 8.1): the organizer does not hear of it */
	struct change_origin origin;
};

/* COPY and MOVE (RFC 4918, 9.8 and 9.9): of one object, within one update. */
struct change_transfer {
	struct slice home, collection, name; /* the source */
	struct slice to_home, to_collection, to_name;
	bool move;
	bool overwrite; /* what lies at the destination may go */
	struct change_condition condition; /* of the source */
	enum handling handling;
	bool unscheduled; /* as above, of either end */
	struct change_origin origin;
};

enum change_outcome {
	CHANGE_CREATED,
	CHANGE_UPDATED,
	CHANGE_UNCHANGED,       /* equal to what is stored: nothing was written, the ETag is the present one */
	CHANGE_DELETED,
	CHANGE_REFUSED_LENIENT, /* told as a success without ETag: `created` says whether 201 or 204 */
	CHANGE_REFUSED,         /* error says how: 403, 404, 409, 412, 507 */
	CHANGE_FAILED,          /* -errno in `ret`: 500 or 503 */
};

struct change_result {
	enum change_outcome outcome;
	int ret;                     /* negative errno for CHANGE_FAILED */
	bool created;
	bool rewritten;              /* the stored bytes are not the client's: send no ETag */
	char etag[RECORD_ETAG_SIZE]; /* present ETag, for a success and for 412; "" when there is none */
	char schedule_tag[RECORD_ETAG_SIZE]; /* likewise; "" for what is no scheduling object */
	struct error error;          /* for CHANGE_REFUSED */
	/*
	 * For CALDAV:no-uid-conflict and CALDAV:unique-scheduling-object-resource: the other object's name and, where it is
	 * another than that of the request, its collection's; of the arena.
	 */
	struct slice conflicting_name, conflicting_collection;
	const char *reason;          /* "staff_busy", "resource_busy" for SLOTKEEPER_SLOT_UNAVAILABLE */
	struct interval conflicts[CHANGE_CONFLICTS_MAX];
	size_t conflict_count;
	struct interval alternatives[CHANGE_ALTERNATIVES_MAX];
	size_t alternative_count;
};

/* Called once, from the writer's or a worker's thread, after the batch is on disk. */
typedef void change_done_fn(const struct change_result *result, void *arg);

/*
 * Starts a write. REQUEST and what it points to must live until DONE; ARENA is the service's until then. Refusals that
 * need no store (not iCalendar, too large) call DONE before it returns.
 */
void change_put(struct change_service *service, struct arena *arena, const struct change_put *request,
    change_done_fn *done, void *arg);
void change_delete(struct change_service *service, struct arena *arena, const struct change_delete *request,
    change_done_fn *done, void *arg);
/*
 * The destination is checked as a PUT of the source's bytes. A refused COPY is told as a refused PUT; a refused MOVE
 * leaves the source, under a new ETag when the refusal is told as a success, and makes nothing.
 */
void change_transfer(struct change_service *service, struct arena *arena, const struct change_transfer *request,
    change_done_fn *done, void *arg);
/* The same for the command line, start-up and tests: waits. */
void change_put_wait(struct change_service *service, struct arena *arena, const struct change_put *request,
    struct change_result *result_r);
void change_transfer_wait(struct change_service *service, struct arena *arena, const struct change_transfer *request,
    struct change_result *result_r);
void change_delete_wait(struct change_service *service, struct arena *arena, const struct change_delete *request,
    struct change_result *result_r);

/*
 * Deletes a collection with all its objects in one update; ORIGIN must live until DONE. `work` and `bookings` (and a resource's calendar) are
 * refused with 403.
 */
void change_collection_delete(struct change_service *service, struct arena *arena, struct slice home,
    struct slice name, const struct change_origin *origin, change_done_fn *done, void *arg);
/*
 * Writes the collection's row again inside the caller's update and, when its zone or transparency changed, indexes its
 * objects anew in the same update. COLLECTION holds the new values. -EBUSY when bookings in floating time would overlap
 * others in the new zone: the update function must hand it up.
 */
int change_collection_update(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    struct collection *collection);

/* "inbox" and the like: no calendar of a client's making has these names (RFC 6638, 2). */
bool change_name_is_reserved(struct slice name);
/*
 * Gives a calendar another name in its home, inside the caller's update. -EPERM for one that everybody has or a name that
 * is reserved, -EEXIST when the name is taken.
 */
int change_collection_rename(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct collection *collection, struct slice name);

/*
 * When the zone data of this machine, the site's zone or the way of indexing differ from those that the index was made
 * with: looks at every object, and writes the rows of those whose instances move. Texts and ETags stay. Called at start,
 * before the first request; while serving it is change_service_set_zones that calls it. Bookings that overlap then raise
 * an alert. Waits for the writer. The number of objects that moved, or -errno.
 */
int change_reindex_if_needed(struct change_service *service);
/*
 * ZONES in place of those the service has, which must outlive it too: threads may be reading them. What moves is
 * indexed anew in small updates, while others write. Returns as change_reindex_if_needed.
 */
int change_service_set_zones(struct change_service *service, const struct zone_set *zones);

/* One sentence for a person. */
typedef void change_told_fn(const char *sentence, void *arg);
/*
 * Makes every index and every table anew that can be made from the objects and from what people set, in one update; TELL
 * hears of what stays broken. Waits for the writer. 0 or -errno.
 */
int change_repair(struct change_service *service, change_told_fn *tell, void *arg);

/*
 * Removes tombstones that are older than a year or beyond 100,000 of a calendar (RFC 6578, 3.8), in small updates; a job
 * calls it hourly. Waits for the writer. The count, or -errno.
 */
int change_prune(struct change_service *service);

/*
 * Extends the index of endless series to now + CHANGE_WINDOW_AHEAD; called at start and daily. At
 * most LIMIT series (0: all). Waits for the writer. The count, or -errno.
 */
int change_extend_horizon(struct change_service *service, size_t limit);

/*
 * The service's own jobs, run when they are due, in the update that strikes them out: `touch` gives a refused object whose
 * new ETag was put off its new ETag; `refused_sweep` removes the cancelled copy of a refused item that is
 * CHANGE_REFUSED_KEPT old; `inbox_expiry` an inbox item that is CHANGE_INBOX_KEPT old. 1: done; 0: there was no need any more; or -errno.
 */
int change_run_touch(struct kv_txn *txn, struct arena *arena, const struct job *job, instant_t now);
int change_run_sweep(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct job *job,
    instant_t now);
int change_run_inbox_expiry(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct job *job,
    instant_t now);

/*
 * Gives users the collections that they lack because their store is older; called at start. Waits for the writer. 0 or
 * -errno.
 */
int change_complete_homes(struct change_service *service);

/* Takes over the alerts that an older version left; called at start. Waits for the writer. 0 or -errno. */
int change_adopt_alerts(struct change_service *service);
/* Likewise gives what lies in `bookings` calendars its record as a booking. */
int change_adopt_events(struct change_service *service);

/*
 * Makes a principal with its collections: a user `work`, `bookings`, `inbox` and `outbox`, a resource `bookings`. Runs
 * inside the caller's update. -EEXIST when name or address is taken.
 */
int change_principal_create(struct change_service *service, struct kv_txn *txn, struct principal *principal);
/*
 * Writes a principal's row anew inside the caller's update; id and name must be those of one who is there. When his zone or
 * his address has changed, on which the index of his calendars rests, they are indexed anew in the same update: -EBUSY when
 * his bookings in floating time would overlap. -EEXIST when the address belongs to another.
 */
int change_principal_update(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    struct principal *principal);
/* Removes a principal with everything that is his; -EBUSY while live bookings lie ahead and not FORCE. */
int change_principal_delete(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct slice name,
    bool force);

#endif
