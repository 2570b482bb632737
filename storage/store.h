/*
 * storage/store - typed reads over an engine, and the writes that are not calendar objects.
 *
 * Functions taking a kv_txn run inside kv_view or kv_update. A `get` copies into ARENA and returns 0 or -ENOENT;
 * an `each` calls FN in key order with a record that ends with the call, stops at a non-zero return and hands it
 * up. Any call may return -EAGAIN, -ENOMEM, -EBADMSG (a record that cannot be read) or -EIO.
 *
 * A put that gives an id writes it to the caller's struct. As an update function MAY RUN AGAIN, it must build that
 * struct anew in each run: an id of an earlier run that was thrown away is refused (-ENOENT).
 *
 * Writes of objects, their indexes, changes and bookings are in store_write.h, for server/booking alone.
 */
#ifndef STORAGE_STORE_H
#define STORAGE_STORE_H

#include <stdio.h>

#include "protocol/base/arena.h"
#include "protocol/base/error.h"
#include "storage/kv.h"
#include "storage/record.h"

/*
 * 1: the first. 2: homes have change numbers, and counters hold them. 3: services, bookings and what belongs to them. A store
 * of an older one is upgraded when it is opened.
 */
#define STORE_FORMAT_VERSION 3

struct store;

struct store_options {
	uint64_t map_bytes; /* LMDB's address space; 0: the default, less under sanitizers */
	bool create;        /* make a missing or empty store */
};

/*
 * Opens "lmdb:DIR" or "memory:" ("memory:again" runs every update function twice and keeps the second run, so that tests
 * find the one that cannot run again). -ENOENT: no store there and not to be created; -EBUSY: another process has it;
 * -EPROTO: a newer format; *ERR holds a sentence for a person.
 */
int store_open(const char *url, const struct store_options *options, struct store **store_r, struct error *err);
void store_close(struct store *store);
struct kv *store_kv(struct store *store);
/* Random, made with the store and anew by a restore: part of every sync token. */
uint64_t store_epoch(struct store *store);
/*
 * Puts what kv_backup made of BACKUP in the place of the store in DIRECTORY, which no process may have open; that one keeps
 * the name ASIDE in the directory (-EEXIST when there is such a file). The restored store has a new epoch, so that no sync token
 * is good that tells of changes which it never had. -ENOENT: no backup there; -EBUSY; -EPROTO: of a newer version; with *ERR.
 */
int store_restore(const char *directory, const char *backup, const char *aside, struct error *err);
/* True when a store lies there (a directory that is empty or missing has none). */
bool store_exists(const char *url);

typedef int store_principal_fn(const struct principal *principal, void *arg);
typedef int store_collection_fn(const struct collection *collection, void *arg);
typedef int store_object_fn(const struct object *object, void *arg);
typedef int store_busy_fn(const struct busy *busy, void *arg);
typedef int store_occupancy_fn(const struct occupancy *occupancy, void *arg);
typedef int store_series_fn(const struct series *series, void *arg);
typedef int store_change_fn(const struct change *change, void *arg);
typedef int store_property_fn(struct slice ns, struct slice name, struct slice xml, void *arg);
typedef int store_job_fn(const struct job *job, void *arg);
typedef int store_alert_fn(const struct alert *alert, void *arg);
typedef int store_grant_fn(const struct grant *grant, void *arg);
typedef int store_gone_fn(struct slice name, uint64_t number, void *arg);
typedef int store_file_fn(const struct file *file, void *arg);
typedef int store_lock_fn(const struct lock *lock, void *arg);
typedef int store_id_fn(uint64_t id, void *arg);
typedef int store_session_fn(const struct session *session, void *arg);
typedef int store_feed_fn(const struct feed *feed, void *arg);
typedef int store_api_key_fn(const struct api_key *key, void *arg);
typedef int store_audit_fn(const struct audit *audit, void *arg);
typedef int store_service_fn(const struct service *service, void *arg);
typedef int store_booking_fn(const struct booking *booking, void *arg);
typedef int store_app_password_fn(const struct app_password *password, void *arg);

/* ---- principals ---- */
int store_principal_get(struct kv_txn *txn, struct arena *arena, struct slice name, struct principal *principal_r);
int store_principal_get_by_id(struct kv_txn *txn, struct arena *arena, uint64_t id, struct principal *principal_r);
/* E-mail addresses compare without case. */
int store_principal_get_by_email(struct kv_txn *txn, struct arena *arena, struct slice email,
    struct principal *principal_r);
int store_principal_each(struct kv_txn *txn, store_principal_fn *fn, void *arg);
/*
 * Gives principal->id when it is 0; with an id it replaces that row (the name must be the same). -EEXIST when the name
 * or the address belongs to another.
 */
int store_principal_put(struct kv_txn *txn, struct principal *principal);
int store_principal_delete(struct kv_txn *txn, struct slice name); /* the row alone; collections go before */

/* ---- groups: who is a member of whom, by principal id ---- */
int store_member_put(struct kv_txn *txn, uint64_t group, uint64_t member); /* fine when he is one already */
int store_member_delete(struct kv_txn *txn, uint64_t group, uint64_t member); /* fine when he is none */
int store_member_each(struct kv_txn *txn, uint64_t group, store_id_fn *fn, void *arg);
/* The groups that MEMBER is named in himself. */
int store_membership_each(struct kv_txn *txn, uint64_t member, store_id_fn *fn, void *arg);

/* ---- grants ---- */
/* Replaces the entry of the same owner, collection and whom; privileges 0 take it away. */
int store_grant_put(struct kv_txn *txn, const struct grant *grant);
/* The entry of the same owner, collection and whom into grant->privileges: 0 when there is none. */
int store_grant_get(struct kv_txn *txn, struct grant *grant);
/* What OWNER granted on one collection, or with 0 on his home; not what the home hands down. */
int store_grant_each(struct kv_txn *txn, uint64_t owner, uint64_t collection, store_grant_fn *fn, void *arg);
/* What was granted TO (and WHO, of a principal), by whomever. */
int store_granted_each(struct kv_txn *txn, enum grant_to to, uint64_t who, store_grant_fn *fn, void *arg);

/* ---- passwords of apps ---- */
/* Gives password->id. -EEXIST when the principal has it already. */
int store_app_password_put(struct kv_txn *txn, struct app_password *password);
/* -ENOENT when PRINCIPAL has none of that digest. The name is of ARENA. */
int store_app_password_get(struct kv_txn *txn, struct arena *arena, uint64_t principal,
    const unsigned char digest[static APP_PASSWORD_DIGEST], struct app_password *password_r);
int store_app_password_each(struct kv_txn *txn, uint64_t principal, store_app_password_fn *fn, void *arg);
/* -ENOENT when PRINCIPAL has none of that id. */
int store_app_password_delete(struct kv_txn *txn, uint64_t principal, uint64_t id);

/* ---- keys of the JSON API ---- */
int store_api_key_put(struct kv_txn *txn, struct api_key *key); /* gives key->id; -EEXIST when the digest is there */
/* -ENOENT when no key has that digest. The name is of ARENA. */
int store_api_key_get(struct kv_txn *txn, struct arena *arena, const unsigned char digest[static API_KEY_DIGEST],
    struct api_key *key_r);
int store_api_key_each(struct kv_txn *txn, store_api_key_fn *fn, void *arg); /* in no particular order */
/* -ENOENT when no key has that id. The name is of ARENA. */
int store_api_key_find(struct kv_txn *txn, struct arena *arena, uint64_t id, struct api_key *key_r);
int store_api_key_delete(struct kv_txn *txn, const struct api_key *key);

/* ---- the audit log: only ever added to, in the update of the change ---- */
#define AUDIT_KEPT_MAX  200000               /* records; older ones go as new ones come */
#define AUDIT_KEPT_TIME (2 * 366 * DAY_SECONDS)

/* Adds a record and gives its number. -EINVAL without who, kind or action. */
int store_audit_add(struct kv_txn *txn, struct audit *audit);
/* Those with a number below BEFORE (0: all), the newest first, at most LIMIT (0: all). */
int store_audit_each(struct kv_txn *txn, uint64_t before, size_t limit, store_audit_fn *fn, void *arg);

/* ---- idempotency ---- */
/* The answer given to SCOPE and KEY within IDEMPOTENCY_KEPT before NOW, of ARENA; -ENOENT. */
int store_idempotency_get(struct kv_txn *txn, struct arena *arena, struct slice scope, struct slice key, instant_t now,
    struct idempotency *record_r);
/* Records an answer, and forgets some that are too old at record->at. */
int store_idempotency_put(struct kv_txn *txn, const struct idempotency *record);

/* ---- sessions ---- */
int store_session_put(struct kv_txn *txn, const struct session *session); /* replaces that of its digest */
/* -ENOENT when PRINCIPAL has none of that digest. */
int store_session_get(struct kv_txn *txn, uint64_t principal, const unsigned char digest[static SESSION_DIGEST],
    struct session *session_r);
int store_session_each(struct kv_txn *txn, uint64_t principal, store_session_fn *fn, void *arg);
int store_session_delete(struct kv_txn *txn, const struct session *session); /* fine when it is gone already */
int store_session_forget(struct kv_txn *txn, uint64_t principal); /* all of his */

/* ---- quotas (RFC 4331): kept by the writes of objects ---- */
/* What the objects in the calendars and the files of OWNER (principal id) take. */
int store_usage_get(struct kv_txn *txn, uint64_t owner, struct usage *usage_r);

/* ---- feeds ---- */
int store_feed_put(struct kv_txn *txn, struct feed *feed); /* gives feed->id */
/* -ENOENT when no feed has that digest. */
int store_feed_get(struct kv_txn *txn, const unsigned char digest[static FEED_DIGEST], struct feed *feed_r);
int store_feed_each(struct kv_txn *txn, uint64_t owner, store_feed_fn *fn, void *arg);
int store_feed_delete(struct kv_txn *txn, const struct feed *feed);
/* Those of one collection of OWNER, with 0 all of his. */
int store_feed_forget(struct kv_txn *txn, struct arena *arena, uint64_t owner, uint64_t collection);

/*
 * Forgets all that names a principal who goes: memberships both ways, grants by him and to him, passwords of apps, sessions, feeds.
 * Part of his removal.
 */
int store_principal_forget(struct kv_txn *txn, struct arena *arena, uint64_t id);
/* The grants on a collection that goes. */
int store_collection_forget_grants(struct kv_txn *txn, struct arena *arena, uint64_t owner, uint64_t collection);

/* ---- collections ---- */
int store_collection_get(struct kv_txn *txn, struct arena *arena, struct slice home, struct slice name,
    struct collection *collection_r);
int store_collection_get_by_id(struct kv_txn *txn, struct arena *arena, uint64_t id, struct collection *collection_r);
int store_collection_each(struct kv_txn *txn, struct slice home, store_collection_fn *fn, void *arg);
/* Gives collection->id when it is 0, -EEXIST when the name is taken; with an id it replaces that row, as above. */
int store_collection_put(struct kv_txn *txn, struct collection *collection);
/* The number of the last change, 0 at birth: getctag and the sync token are made of it. */
int store_collection_change(struct kv_txn *txn, uint64_t collection, uint64_t *number_r);

/* ---- dead properties (RFC 4918, 4.4) of what PROPERTY_OF_... says ---- */
enum property_owner {
	PROPERTY_OF_COLLECTION = 1, /* id of a collection */
	PROPERTY_OF_HOME,           /* id of a principal: its calendar home */
	PROPERTY_OF_PRINCIPAL,
	PROPERTY_OF_FILE, /* id of a file or folder */
	PROPERTY_OF_SHAREE, /* store_sharee_id: what somebody set on another's collection for himself */
	PROPERTY_OF_OBJECT, /* id of a calendar object: they follow it to the id that the next write gives, and go with it */
};
/* Of a collection and of who set it; 0 when one of the numbers is above 2^32 - 1. */
uint64_t store_sharee_id(uint64_t collection, uint64_t principal);
/* What PRINCIPAL set on others' collections. */
int store_sharee_forget(struct kv_txn *txn, struct arena *arena, uint64_t principal);
/* XML is the whole element as it is to be written back, with its namespaces declared in it. */
int store_property_get(struct kv_txn *txn, struct arena *arena, enum property_owner owner, uint64_t id,
    struct slice ns, struct slice name, struct slice *xml_r);
int store_property_each(struct kv_txn *txn, enum property_owner owner, uint64_t id, store_property_fn *fn, void *arg);
int store_property_put(struct kv_txn *txn, enum property_owner owner, uint64_t id, struct slice ns, struct slice name,
    struct slice xml);
int store_property_delete(struct kv_txn *txn, enum property_owner owner, uint64_t id, struct slice ns,
    struct slice name);

/* One of a list that outlives its owner: NULL ends it. */
struct stored_property {
	struct slice ns, name, xml;
	struct stored_property *next;
};
int store_property_list(struct kv_txn *txn, struct arena *arena, enum property_owner owner, uint64_t id,
    struct stored_property **first_r);
int store_property_put_list(struct kv_txn *txn, enum property_owner owner, uint64_t id,
    const struct stored_property *first);
/* All of FROM's to another of the same kind, which has none of these. */
int store_property_copy(struct kv_txn *txn, struct arena *arena, enum property_owner owner, uint64_t from, uint64_t to);
/* The same, and FROM has none any more. */
int store_property_move(struct kv_txn *txn, enum property_owner owner, uint64_t from, uint64_t to);
/* All of them, when their owner goes. */
int store_property_delete_all(struct kv_txn *txn, enum property_owner owner, uint64_t id);

/* ---- objects: reads ---- */
int store_object_get(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice name,
    struct object *object_r);
int store_object_get_by_uid(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice uid,
    struct object *object_r);
/* By the id that index rows carry; the collection is known from the row. */
int store_object_get_by_id(struct kv_txn *txn, struct arena *arena, uint64_t collection, uint64_t id,
    struct object *object_r);
int store_object_each(struct kv_txn *txn, uint64_t collection, store_object_fn *fn, void *arg);
/* Every object with this UID in the calendars of OWNER (principal id). */
int store_object_each_by_owner_uid(struct kv_txn *txn, uint64_t owner, struct slice uid, store_object_fn *fn,
    void *arg);
/* The bytes as the client sent them, borrowed from the transaction. */
int store_body_get(struct kv_txn *txn, uint64_t object, struct slice *body_r);

/* ---- files and folders of a plain collection ---- */
#define STORE_FILE_PATH_MAX 255 /* bytes: fits a key */

int store_file_get(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice path, struct file *file_r);
/* All that is below FOLDER, at any depth, folders before what is in them; the whole collection for an empty FOLDER. */
int store_file_each(struct kv_txn *txn, uint64_t collection, struct slice folder, store_file_fn *fn, void *arg);
/* The same as a list of ARENA: an update may not write while it walks. -E2BIG beyond MAX. */
int store_file_list(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice folder, size_t max,
    struct file **files_r, size_t *count_r);
/* Borrowed from the transaction. */
int store_file_body_get(struct kv_txn *txn, uint64_t file, struct slice *body_r);
/*
 * Writes a file with BODY, or a folder: gives file->id when it is 0, ->version, ->digest and ->size. The caller has looked
 * that its folder is there. -ENAMETOOLONG.
 */
int store_file_put(struct kv_txn *txn, struct file *file, struct slice body);
/* Gives FILE another path, in this or another plain collection; nothing may lie there. */
int store_file_move(struct kv_txn *txn, const struct file *file, uint64_t collection, struct slice path);
/* The file or the (empty) folder, with its properties. */
int store_file_delete(struct kv_txn *txn, const struct file *file);

/* ---- locks ---- */
int store_lock_put(struct kv_txn *txn, const struct lock *lock); /* replaces that of its token */
int store_lock_delete(struct kv_txn *txn, const struct lock *lock);
/* All in OWNER's home, also those that have expired. */
int store_lock_each(struct kv_txn *txn, uint64_t owner, store_lock_fn *fn, void *arg);
/* The locks whose root is PATH or, with TREE, below it: what was there has gone. */
int store_lock_forget(struct kv_txn *txn, struct arena *arena, uint64_t owner, struct slice path, bool tree);
/* Those that have expired at NOW. */
int store_lock_sweep(struct kv_txn *txn, struct arena *arena, uint64_t owner, instant_t now);

/* ---- changes (RFC 6578) ---- */
/*
 * The newest change of each name after number AFTER, oldest first, at most LIMIT (0: all). -ESTALE when AFTER is
 * above the present number or tombstones since then are gone.
 */
int store_change_each(struct kv_txn *txn, uint64_t collection, uint64_t after, size_t limit, store_change_fn *fn,
    void *arg);
/*
 * The same for a further page of a first sync, which began with AFTER 0 when the collection's number was BEGAN: what was
 * deleted before then the client never had, so the missing tombstones do not make its number stale. Without this a
 * first sync in pages would begin anew for ever once tombstones are pruned.
 */
int store_change_each_since(struct kv_txn *txn, uint64_t collection, uint64_t after, uint64_t began, size_t limit,
    store_change_fn *fn, void *arg);

/*
 * A home changes with each of its collections: made, changed in content or properties, gone. Its number at the last change of
 * all and of one collection (0: from before homes had numbers).
 */
int store_home_change(struct kv_txn *txn, uint64_t owner, uint64_t *number_r);
int store_home_change_of(struct kv_txn *txn, uint64_t collection, uint64_t *number_r);
/* A property of COLLECTION has changed that no other write tells of. */
int store_home_touch(struct kv_txn *txn, uint64_t owner, uint64_t collection);
/* Collections that went after number AFTER, oldest first. -ESTALE as for changes. */
int store_home_gone_each(struct kv_txn *txn, uint64_t owner, uint64_t after, store_gone_fn *fn, void *arg);

/* ---- the busy index ---- */
/* The rows that were written for OBJECT, of ARENA; an object without rows has COUNT 0. MEMBER_R: whose time they block. */
int store_index_get(struct kv_txn *txn, struct arena *arena, uint64_t collection, uint64_t object, uint64_t *member_r,
    struct busy **rows_r, size_t *count_r);
/* Rows that overlap WINDOW, and empty ones with WINDOW.start <= start < WINDOW.end; in no particular order. */
int store_busy_each(struct kv_txn *txn, uint64_t collection, struct interval window, store_busy_fn *fn, void *arg);
/* The blocking rows (never BUSY_KIND_FREE) of all calendars that count for MEMBER (principal id). */
int store_member_busy_each(struct kv_txn *txn, uint64_t member, struct interval window, store_busy_fn *fn, void *arg);
int store_occupancy_each(struct kv_txn *txn, uint64_t member, struct interval window, store_occupancy_fn *fn,
    void *arg);
/* Series with instances in WINDOW that the index may not hold. */
int store_series_each(struct kv_txn *txn, uint64_t collection, struct interval window, store_series_fn *fn, void *arg);
/* The series row of one object, its name borrowed from the transaction; -ENOENT: it has none. */
int store_series_get(struct kv_txn *txn, uint64_t collection, uint64_t object, struct series *series_r);
/* Series whose index ends before HORIZON, soonest first, at most LIMIT: what the daily extension works on. */
int store_series_each_due(struct kv_txn *txn, instant_t horizon, size_t limit, store_series_fn *fn, void *arg);

/* ---- jobs: written in the update of their cause ---- */
/*
 * Records JOB; gives job->id when it is 0: a READY job of the same kind and key is replaced and keeps its id. With an
 * id that job's row is replaced. Gives job->version. -EINVAL for an empty kind or one
 * beyond JOB_KIND_MAX.
 */
int store_job_put(struct kv_txn *txn, struct job *job);
int store_job_delete(struct kv_txn *txn, uint64_t id);
int store_job_get_by_key(struct kv_txn *txn, struct arena *arena, struct slice kind, struct slice key,
    struct job *job_r);
/* Those of KIND, soonest first; what was given up comes last. FN's non-zero return ends it. */
int store_job_each_of(struct kv_txn *txn, struct slice kind, store_job_fn *fn, void *arg);

int store_job_get(struct kv_txn *txn, struct arena *arena, uint64_t id, struct job *job_r);
/* By id, those behind AFTER; FN's non-zero return ends it. */
int store_job_each_by_id(struct kv_txn *txn, uint64_t after, store_job_fn *fn, void *arg);
/* 1: no newer job has taken JOB's key; 0: one has; or -errno. A job without a key is always its newest. */
int store_job_is_newest(struct kv_txn *txn, const struct job *job);

/* ---- services ---- */
int store_service_get(struct kv_txn *txn, struct arena *arena, struct slice id, struct service *service_r);
int store_service_each(struct kv_txn *txn, store_service_fn *fn, void *arg); /* by id */
/* Adds or replaces. -EINVAL for an id that is empty or too long. */
int store_service_put(struct kv_txn *txn, const struct service *service);
int store_service_delete(struct kv_txn *txn, struct slice id); /* -ENOENT */

/* ---- bookings: writes are in store_write.h ---- */
int store_booking_get(struct kv_txn *txn, struct arena *arena, uint64_t number, struct booking *booking_r);
int store_booking_get_by_id(struct kv_txn *txn, struct arena *arena, struct slice id, struct booking *booking_r);
int store_booking_get_by_token(struct kv_txn *txn, struct arena *arena,
    const unsigned char digest[static BOOKING_TOKEN_DIGEST], struct booking *booking_r);
/* All with this UID, cancelled ones too, by number. FN may not write. */
int store_booking_each_by_uid(struct kv_txn *txn, struct arena *arena, struct slice uid, store_booking_fn *fn, void *arg);
/*
 * Those whose core begins in WINDOW, by start and number, behind the one that begins at AFTER_START with number AFTER (0, 0:
 * from the beginning).
 */
int store_booking_each_by_start(struct kv_txn *txn, struct arena *arena, struct interval window, instant_t after_start,
    uint64_t after, store_booking_fn *fn, void *arg);
/* Holds that expired at or before NOW, soonest first, at most LIMIT (0: all). */
int store_booking_each_expired(struct kv_txn *txn, struct arena *arena, instant_t now, size_t limit, store_booking_fn *fn,
    void *arg);
/*
 * What round robin counts: live and completed bookings of SERVICE that MEMBER (a name) has, made at or after SINCE, and when
 * the last one was made (INSTANT_MIN: none).
 */
int store_booking_count_made(struct kv_txn *txn, struct slice service, struct slice member, instant_t since,
    int64_t *count_r, instant_t *last_r);

/* ---- alerts: written by the change service (store_write.h); a person sets their state ---- */
int store_alert_get(struct kv_txn *txn, struct arena *arena, uint64_t member, struct slice event, struct slice booking,
    struct alert *alert_r);
int store_alert_each_of(struct kv_txn *txn, uint64_t member, store_alert_fn *fn, void *arg);
int store_alert_each(struct kv_txn *txn, store_alert_fn *fn, void *arg); /* by member */

/* ---- small values by name: "secret", "site", ... ---- */
int store_meta_get(struct kv_txn *txn, struct arena *arena, struct slice name, struct slice *value_r);
int store_meta_put(struct kv_txn *txn, struct slice name, struct slice value);

#endif
