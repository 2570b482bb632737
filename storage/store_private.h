/*
 * storage/store_private - the tables, one byte each in front of a key, and what the store's files share.
 */
#ifndef STORAGE_STORE_PRIVATE_H
#define STORAGE_STORE_PRIVATE_H

#include "protocol/base/arena.h"
#include "storage/key.h"
#include "storage/pack.h"
#include "storage/store.h"

enum table {
	TABLE_META = 'm',            /* name -> value */
	TABLE_PRINCIPAL = 'p',       /* name -> principal */
	TABLE_PRINCIPAL_ID = 'i',    /* id -> name */
	TABLE_PRINCIPAL_EMAIL = 'e', /* hash of the lower-case address -> name */
	TABLE_COLLECTION = 'c',      /* home, name -> collection */
	TABLE_COLLECTION_ID = 'd',   /* id -> key in TABLE_COLLECTION */
	TABLE_COUNTER = 'q',         /* collection -> last change number, floor of the tombstones, its home's number then */
	TABLE_HOME = 'H',            /* owner -> last change number, floor of what is gone */
	TABLE_HOME_GONE = 'V',       /* owner, number -> name of a collection that went */
	TABLE_PROPERTY = 'r',        /* owner kind, id, hash of the name -> namespace, name, XML */
	TABLE_OBJECT = 'o',          /* collection, name -> object */
	TABLE_OBJECT_ID = 'O',       /* collection, object id -> name */
	TABLE_BODY = 'b',            /* object id -> bytes */
	TABLE_UID = 'u',             /* collection, hash of the UID -> name */
	TABLE_OWNER_UID = 'U',       /* owner, hash of the UID, collection -> name */
	TABLE_CHANGE = 'h',          /* collection, number -> op, at, name: the newest of each name */
	TABLE_TOMBSTONE = 't',       /* collection, name -> number of its deletion */
	TABLE_INDEX = 'x',           /* collection, object id -> the rows it has in the next two */
	TABLE_BUSY = 'y',            /* collection, class, start, object, instance -> end, component, kind, flags */
	TABLE_MEMBER_BUSY = 'Y',     /* member, class, start, collection, object, instance -> the same */
	TABLE_OCCUPANCY = 'a',       /* member, class, start, hash of the UID, ordinal -> end, UID */
	TABLE_OCCUPIED = 'A',        /* member, hash of the UID -> its guards */
	TABLE_SERIES = 's',          /* collection, object id -> series */
	TABLE_SERIES_DUE = 'S',      /* end of what is indexed, collection, object id -> nothing */
	TABLE_JOB = 'j',             /* id -> job */
	TABLE_JOB_DUE = 'J',         /* kind, due, id -> nothing: what no runner takes is in nobody's way */
	TABLE_JOB_KEY = 'k',         /* hash of kind and key -> id */
	TABLE_ALERT = 'W',         /* member, hash of event and booking -> alert */
	TABLE_GRANT = 'g',           /* owner, collection, to, who -> privileges */
	TABLE_GRANTED = 'G',         /* to, who, owner, collection -> the same */
	TABLE_MEMBER = 'n',          /* group, member -> nothing */
	TABLE_MEMBERSHIP = 'N',      /* member, group -> nothing */
	TABLE_USAGE = 'B',           /* principal -> bytes and number of his objects */
	TABLE_FEED = 'z',            /* digest -> id, owner, collection, created */
	TABLE_FEED_OF = 'Z',         /* owner, id -> digest */
	TABLE_LOCK = 'l',            /* owner, token -> lock */
	TABLE_FILE = 'f',            /* collection, path -> file */
	TABLE_FILE_BODY = 'F',       /* file id -> bytes */
	TABLE_SESSION = 'v',         /* principal, digest -> session */
	TABLE_APP_PASSWORD = 'w',    /* principal, digest -> id, name, created */
	TABLE_API_KEY = 'P',         /* digest -> id, role, name, created */
	TABLE_AUDIT = 'Q',           /* number -> what somebody changed */
	TABLE_IDEMPOTENCY = 'R',     /* hash of scope and key -> request, answer, at */
	TABLE_IDEMPOTENCY_DUE = 'T', /* end, hash of scope and key -> nothing */
	TABLE_SERVICE = 'C',         /* id -> created, updated, JSON */
	TABLE_BOOKING = 'D',         /* number -> booking */
	TABLE_BOOKING_ID = 'E',      /* id -> number */
	TABLE_BOOKING_UID = 'I',     /* hash of the UID, number -> nothing */
	TABLE_BOOKING_START = 'K',   /* start of the core, number -> nothing */
	TABLE_BOOKING_TOKEN = 'L',   /* digest -> number */
	TABLE_BOOKING_EXPIRY = 'M',  /* expiry of a hold, number -> nothing */
	TABLE_BOOKING_MADE = '1',    /* hash of service and member, created, number -> nothing: of live and completed ones */
};

#define RECORD_BYTES_MAX KV_VALUE_MAX

/* The value of KEY, copied into ARENA. */
int store_get_copy(struct kv_txn *txn, struct arena *arena, const struct key *key, struct slice *value_r);
/* Puts what B holds; -ENOMEM or -EMSGSIZE when B failed. */
int store_put_buf(struct kv_txn *txn, const struct key *key, const struct buf *b);
/* The next number of a counter kept under NAME, from 1. */
int store_next_number(struct kv_txn *txn, const char *name, uint64_t *number_r);
/* Keys of one table and: a number; two numbers; a number and the hash of a text. */
void store_number_key(struct key *key, char table, uint64_t number);
void store_two_key(struct key *key, char table, uint64_t first, uint64_t second);
void store_hash_key(struct key *key, char table, uint64_t owner, struct slice text);
/* All keys that begin with PREFIX. */
int store_range(struct kv_txn *txn, const struct key *prefix, kv_row_fn *fn, void *arg);
/* Deletes; a missing row is fine. */
int store_delete_quietly(struct kv_txn *txn, const struct key *key);
/* Removes all rows that begin with PREFIX. */
int store_delete_range(struct kv_txn *txn, const struct key *prefix);

/* ---- the class index: intervals by the class of their length, so that a lookup stays flat however long one is ---- */
/* The class of a length: an interval of class c is shorter than 2^c seconds; 0 is empty. */
uint8_t store_interval_class(struct interval at);
/*
 * Calls FN for the rows behind PREFIX (class, start, ...) whose class and start allow that they overlap WINDOW or, when
 * empty, lie in it: FN reads the end from the value and decides.
 */
int store_class_range(struct kv_txn *txn, const struct key *prefix, struct interval window, kv_row_fn *fn, void *arg);

/* ---- store_counter.c ---- */
#define STORE_HOME_GONE_KEPT 1000 /* names of collections that went, of one home */
struct counter {
	uint64_t number; /* of the last change */
	uint64_t floor;  /* tombstones up to this number are gone */
	uint64_t home;   /* the home's number at the last change */
};
int store_counter_get(struct kv_txn *txn, uint64_t collection, struct counter *counter_r);
int store_counter_put(struct kv_txn *txn, uint64_t collection, struct counter counter);
/* The next number of OWNER's home. */
int store_home_next(struct kv_txn *txn, uint64_t owner, uint64_t *number_r);
/* Forgets that a collection NAME went, and with GONE that it is there: a change of the home. */
int store_home_forget(struct kv_txn *txn, uint64_t owner, struct slice name, bool gone);
int store_home_delete(struct kv_txn *txn, uint64_t owner);

/* ---- rows that more than one file reads or compares ---- */
bool store_busy_blocks(const struct busy *busy); /* stands in the member's index too */
void store_busy_key(struct key *key, const struct busy *busy);
void store_member_busy_key(struct key *key, uint64_t member, const struct busy *busy);
void store_busy_value(struct buf *b, const struct busy *busy); /* of both; resets B first */
/* The collection that the id of an object stands for. */
uint64_t store_object_collection(uint64_t id);
/* These borrow from KEY and VALUE; -EBADMSG. */
int store_property_decode(struct slice value, struct slice *ns_r, struct slice *name_r, struct slice *xml_r);
int store_change_decode(struct slice key, struct slice value, struct change *change_r);
int store_series_decode(struct slice value, struct series *series_r);
int store_occupancy_decode(struct slice key, struct slice value, struct occupancy *occupancy_r);
int store_grant_decode(struct slice key, struct slice value, struct grant *grant_r);       /* of both tables */
int store_app_password_decode(struct slice key, struct slice value, struct app_password *password_r);
/* store_grant_get from the other table, for the comparison. */
int store_granted_get(struct kv_txn *txn, struct grant *grant);
/* ---- store_usage.c ---- */
/* Counts the objects themselves. */
int store_usage_count(struct kv_txn *txn, uint64_t owner, struct usage *usage_r);
/* Makes the row of an owner who has none, before anything of his changes. */
int store_usage_begin(struct kv_txn *txn, uint64_t owner);
int store_usage_add(struct kv_txn *txn, uint64_t owner, int64_t bytes, int objects);
int store_usage_forget(struct kv_txn *txn, uint64_t owner);
int store_usage_check(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r);

/* Looks at one row of the tables of store_feed.c; *WRONG_R: what disagrees, or NULL. */
int store_feed_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value, const char **wrong_r);
/* The same for TABLE_SESSION. */
int store_session_check(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r);
/* Looks at one row of the tables of store_access.c; *WRONG_R: what disagrees, or NULL. */
int store_access_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r);
int store_alert_decode(struct slice key, struct slice value, struct alert *alert_r); /* borrows */
int store_alert_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r);
int store_lock_decode(struct slice key, struct slice value, struct lock *lock_r); /* borrows */
/* The same for the tables of store_api_key.c, store_audit.c and store_idempotency.c. */
int store_api_check(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r);
int store_api_key_decode(struct slice key, struct slice value, struct api_key *api_key_r); /* borrows */
int store_audit_decode(struct slice key, struct slice value, struct audit *audit_r);       /* borrows */
/* Borrows; without scope and key, of which there is a digest only. */
int store_idempotency_decode(struct slice value, struct idempotency *record_r);
int store_idempotency_check(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r);
int store_idempotency_repair(struct kv_txn *txn, struct slice key, struct slice value);
int store_service_decode(struct slice key, struct slice value, struct arena *arena, struct service *service_r);
/* Looks at one row of the tables of store_booking.c; *WRONG_R: what disagrees, or NULL. */
int store_booking_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r);
/* The same for TABLE_FILE. */
int store_file_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r);
/* ---- repair: the rows that lead to one ---- */
int store_change_repair(struct kv_txn *txn, const struct object *object);
/* *FORMER_R: the number of an earlier deletion of that name, 0 when there is none. */
int store_tombstone_repair(struct kv_txn *txn, uint64_t collection, const struct change *change, uint64_t *former_r);
int store_job_key_key(struct key *key, struct slice kind, struct slice name); /* of TABLE_JOB_KEY; -ENOMEM */
void store_job_due_key(struct key *key, const struct job *job);
int store_job_order_anew(struct kv_txn *txn); /* makes TABLE_JOB_DUE from the jobs */
int store_job_repair(struct kv_txn *txn, const struct job *job);
int store_feed_repair(struct kv_txn *txn, struct slice key, struct slice value);
/* Writes the rows that lead to BOOKING. */
int store_booking_repair(struct kv_txn *txn, const struct booking *booking);

/* An object's index rows as TABLE_INDEX holds them. */
int store_index_decode(struct slice value, struct arena *arena, uint64_t collection, uint64_t object,
    uint64_t *member_r, struct busy **rows_r, size_t *count_r);

#endif
