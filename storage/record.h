/*
 * storage/record - what is stored, as structs, and their versioned codecs.
 *
 * Text fields are slices. A struct filled by a `store_..._get` with an arena lives as long as the arena; one handed
 * to a callback borrows from the transaction and ends with the call. Encoders start with a version byte, decoders
 * check every length and return -EBADMSG for what they cannot read.
 */
#ifndef STORAGE_RECORD_H
#define STORAGE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/instant.h"
#include "protocol/base/interval_set.h"
#include "protocol/base/slice.h"

#define RECORD_NAME_MAX 255 /* bytes of a principal's, collection's or object's name: fits a key */

enum principal_kind {
	PRINCIPAL_USER = 1, /* a staff member */
	PRINCIPAL_RESOURCE, /* a room or a piece of equipment */
	PRINCIPAL_GROUP,
};

enum resource_kind {
	RESOURCE_NONE, /* not a resource */
	RESOURCE_ROOM,
	RESOURCE_EQUIPMENT,
};

struct principal {
	uint64_t id; /* never used again for another */
	enum principal_kind kind;
	enum resource_kind resource;
	struct slice name; /* of the principal and of its calendar home: one name space */
	struct slice display_name;
	struct slice email;
	struct slice timezone; /* IANA; empty: the site's */
	struct slice pool;     /* of a resource */
	uint32_t seats;        /* 0: takes any party */
	bool admin;
	struct slice password_hash; /* encoded Argon2id; empty: cannot sign in */
	uint64_t credential_version; /* raised with every change of the password */
	struct slice hours; /* JSON of the contract, section 5; empty: none */
	instant_t created;
};

enum collection_kind {
	COLLECTION_CALENDAR = 1,
	COLLECTION_BOOKINGS, /* the calendar that is never double booked */
	COLLECTION_INBOX,    /* RFC 6638, 2.2 */
	COLLECTION_OUTBOX,   /* RFC 6638, 2.1 */
	COLLECTION_PLAIN,    /* holds files and folders of any kind, and no calendar objects */
};

/* Bits of collection.components and of object.component (one bit). */
enum component_bit {
	COMPONENT_VEVENT = 1 << 0,
	COMPONENT_VTODO = 1 << 1,
	COMPONENT_VJOURNAL = 1 << 2,
	COMPONENT_VFREEBUSY = 1 << 3,
	COMPONENT_VAVAILABILITY = 1 << 4,
};
#define COMPONENT_ALL 0x1f

enum handling {
	HANDLING_DEFAULT, /* the next wider setting rules */
	HANDLING_LENIENT,
	HANDLING_STRICT,
};

enum on_overlap {
	ON_OVERLAP_DEFAULT,
	ON_OVERLAP_ALERT,
	ON_OVERLAP_REFUSE,
};

/* How the owner of a calendar answers invitations to it; what overlaps a booking is declined whatever it says. */
enum schedule_mode {
	SCHEDULE_MODE_DEFAULT,       /* a resource: automatic; a person: none */
	SCHEDULE_MODE_NONE,          /* somebody answers by hand */
	SCHEDULE_MODE_AUTOMATIC,     /* accepts free times, declines taken ones */
	SCHEDULE_MODE_ACCEPT_ALWAYS, /* accepts, whatever else lies there */
	SCHEDULE_MODE_DECLINE_ALWAYS,
	SCHEDULE_MODE_ACCEPT_IF_FREE,  /* and leaves the others unanswered */
	SCHEDULE_MODE_DECLINE_IF_BUSY, /* likewise */
};

struct collection {
	uint64_t id;    /* never used again */
	uint64_t owner; /* principal id */
	enum collection_kind kind;
	struct slice home; /* the owner's name */
	struct slice name;
	struct slice display_name;
	struct slice description;
	struct slice timezone;    /* CALDAV:calendar-timezone as the client sent it; empty: none */
	struct slice timezone_id; /* the IANA zone that it means; empty: the owner's */
	uint32_t components;      /* CALDAV:supported-calendar-component-set */
	bool transparent;         /* CALDAV:schedule-calendar-transp */
	enum handling handling;
	enum on_overlap on_overlap;
	enum schedule_mode schedule_mode;
	uint64_t revision; /* raised when something changes that its objects' rows in the indexes depend on */
	instant_t created;
};

enum object_flag {
	OBJECT_RECURRING = 1 << 0,
	OBJECT_REFUSED = 1 << 1, /* the cancelled copy of a refused item (contract, section 4) */
	OBJECT_ENDLESS = 1 << 2, /* its instances go on past what the index holds: there is a series row */
};

#define OBJECT_SCHEDULE_TAG_NEW 1 /* of an object that is to be written: gives it a new one */

/* Enough for "%016llx-%llx" in quotes. */
#define RECORD_ETAG_SIZE 40

struct object {
	uint64_t id; /* of the object row's present body; changes with every write */
	uint64_t collection;
	struct slice name;
	struct slice uid;
	uint64_t change; /* the collection's change number of its last write */
	uint64_t digest; /* first 8 bytes of SHA-256 of the body */
	uint32_t size;   /* bytes of the body */
	uint32_t component;
	uint32_t flags;
	struct interval span; /* from the first instance's start to the last one's end, INSTANT_MAX when endless */
	instant_t created, modified;
	/*
	 * CALDAV:schedule-tag (RFC 6638, 3.2.10): stays when nothing has changed but who takes part. 0: it is no scheduling
	 * object, and has none.
	 */
	uint64_t schedule_tag;
};

/* Strong, quoted, of digest and change number: a repeated body after a restore never repeats an ETag of another. */
void object_etag(const struct object *object, char etag_r[static RECORD_ETAG_SIZE]);

/* Quoted; "" when it has none. */
void object_schedule_tag(const struct object *object, char tag_r[static RECORD_ETAG_SIZE]);

/* What one instance does to its owner's time; the order of rank in a free/busy answer. */
enum busy_kind {
	BUSY_KIND_FREE, /* in the calendar's index only, so that time-range queries find it */
	BUSY_KIND_TENTATIVE,
	BUSY_KIND_BUSY,
	BUSY_KIND_UNAVAILABLE,
};

/*
 * A file or a folder of a plain collection. Its path begins below the collection, without a slash at either end, and
 * sorts behind that of its folder; a file's bytes are stored apart.
 */
struct file {
	uint64_t id; /* never used again; stays when it is written again or moved */
	uint64_t collection;
	struct slice path;
	bool folder;
	uint64_t version; /* raised by every write */
	uint64_t digest;  /* first 8 bytes of SHA-256 of the bytes */
	uint32_t size;
	struct slice type; /* Content-Type as it was given; empty: none */
	instant_t created, modified;
};

/* Strong, quoted. */
void file_etag(const struct file *file, char etag_r[static RECORD_ETAG_SIZE]);

enum busy_flag {
	BUSY_FLOATING = 1 << 0, /* date-only or without zone: resolved in the calendar's zone when it was written */
	BUSY_BOOKING = 1 << 1,  /* the object lies in a bookings calendar */
	BUSY_INEXACT = 1 << 2,  /* the interval is a hull (VTODO, VJOURNAL): read the object to decide */
};

/* One instance in the index. start == end matches a range that contains it and blocks nothing. */
struct busy {
	struct interval at;
	uint64_t collection;
	uint64_t object; /* object.id */
	uint32_t instance; /* ordinal within the object */
	uint32_t component;
	enum busy_kind kind;
	uint32_t flags;
};

/* A live booking's guard on one member's time; the insert itself refuses an overlap. */
struct occupancy {
	uint64_t member; /* principal id */
	struct interval guard;
	struct slice uid;
	uint32_t instance;
};

/* An object whose instances the index holds only within `indexed`; outside it is expanded on demand. */
struct series {
	uint64_t collection;
	uint64_t object;
	struct slice name;
	struct interval span;
	struct interval indexed;
};

enum change_op {
	CHANGE_PUT = 1,
	CHANGE_DELETE,
};

struct change {
	uint64_t number;
	enum change_op op;
	struct slice name;
	instant_t at;
};

#define JOB_KIND_MAX 64 /* bytes: it stands in a key */

enum job_state {
	JOB_READY = 1, /* due at or before `due`; nobody works on it */
	JOB_RUNNING,   /* leased until lease_end; a crash makes it READY again */
	JOB_DONE,      /* kept until the sweep, so a repeat is recognised */
	JOB_DEAD,      /* given up; a person decides */
};

struct job {
	uint64_t id;
	uint64_t version; /* raised with every write of the row: who worked on an older one has no say about this one */
	enum job_state state;
	instant_t due, lease_end, created; /* due: of one that runs, lease_end */
	uint32_t attempts;
	struct slice kind;    /* "refusal_notice", "booking_cancelled", ... */
	struct slice key;     /* equal keys of one kind are one job: the newer replaces the waiting one */
	struct slice payload; /* JSON */
	struct slice request; /* id of the request that caused it */
	struct slice last_error; /* of the last attempt that failed, for people; empty: none did */
};

enum alert_kind {
	ALERT_OVERLAP = 1, /* a private event lies over a booking */
};

enum alert_state {
	ALERT_OPEN = 1,
	ALERT_RESOLVED, /* a person has seen to it, though the two still meet */
};

/* Something that a person has to know, for as long as it is so. */
struct alert {
	uint64_t id;
	enum alert_kind kind;
	enum alert_state state;
	uint64_t member;     /* principal id: whose time */
	uint64_t collection; /* of the event */
	struct slice event, booking; /* UIDs */
	struct interval at;          /* the booking's time that the event runs into; of a series the first */
	instant_t created;
	struct slice request;     /* id of the request that made it so; empty: time did, or a start */
	instant_t resolved;       /* 0: it is open */
	struct slice resolved_by; /* who */
};

/*
 * What somebody may do with a collection, as bits (RFC 3744, 3; RFC 4791, 6.1.1; RFC 6638, 6). They are stored: a value
 * keeps its meaning for good.
 */
enum acl_privilege {
	ACL_READ_FREE_BUSY = 1 << 0,
	ACL_READ = 1 << 1, /* DAV:read and DAV:read-current-user-privilege-set */
	ACL_WRITE_CONTENT = 1 << 2,
	ACL_WRITE_PROPERTIES = 1 << 3,
	ACL_BIND = 1 << 4,
	ACL_UNBIND = 1 << 5,
	ACL_READ_ACL = 1 << 6,
	ACL_WRITE_ACL = 1 << 7,
	ACL_UNLOCK = 1 << 8, /* another's lock */
	ACL_SCHEDULE_SEND = 1 << 9, /* in the owner's name */
	ACL_SCHEDULE_DELIVER = 1 << 10,
};
#define ACL_WRITE    (ACL_WRITE_CONTENT | ACL_WRITE_PROPERTIES | ACL_BIND | ACL_UNBIND)
#define ACL_SCHEDULE (ACL_SCHEDULE_SEND | ACL_SCHEDULE_DELIVER)
#define ACL_ALL      ((1 << 11) - 1)
#define ACL_FOUND    (1 << 16)       /* never stored: a home that shows because of a calendar in it, not its own properties */

enum grant_to {
	GRANT_TO_ALL = 1, /* DAV:all: also who did not sign in, where an address does not ask for it */
	GRANT_TO_AUTHENTICATED,
	GRANT_TO_PRINCIPAL, /* and, of a group, to its members */
};

/* One entry of an access control list; there are grants only, no denials. */
struct grant {
	uint64_t owner;      /* principal id: whose calendars */
	uint64_t collection; /* 0: the home with all that is in it */
	enum grant_to to;
	uint64_t who; /* principal id of GRANT_TO_PRINCIPAL, else 0 */
	uint32_t privileges; /* bits of enum acl_privilege, not 0 */
};

#define APP_PASSWORD_DIGEST 32 /* bytes: SHA-256 of a password of 120 random bits */

/* A password for one app: it can be taken back alone. */
struct app_password {
	uint64_t id;
	uint64_t principal;
	unsigned char digest[APP_PASSWORD_DIGEST];
	struct slice name; /* what its owner calls the app */
	instant_t created;
};

#define LOCK_TOKEN_SIZE 16 /* bytes of a random UUID */

/* A write lock (RFC 4918, 6 and 7). */
struct lock {
	uint64_t owner; /* principal id: in whose home it lies */
	unsigned char token[LOCK_TOKEN_SIZE];
	struct slice path; /* COLLECTION or COLLECTION/MEMBER..., decoded, without slashes at the ends */
	bool infinite;     /* it covers what is below too */
	bool shared;
	uint64_t holder; /* principal id: whose token it is */
	struct slice told; /* DAV:owner, what the holder says of himself, as XML; empty: nothing */
	instant_t expires;
};

/* What somebody's objects and files take; with what a quota is compared. */
struct usage {
	uint64_t bytes; /* of the bodies */
	uint64_t objects;
};

#define SESSION_DIGEST 32 /* bytes: SHA-256 of a secret of 256 random bits */

/* A browser that somebody signed in from. */
struct session {
	uint64_t principal;
	unsigned char digest[SESSION_DIGEST];
	uint64_t credential_version; /* of the principal when he signed in: another password ends it */
	instant_t created, used;     /* used: to some minutes */
};

#define FEED_DIGEST 32 /* bytes: SHA-256 of a secret of 120 random bits */

/* A secret address: who has it may read, without signing in. */
struct feed {
	uint64_t id;
	uint64_t owner;      /* principal id */
	uint64_t collection; /* what it shows; 0: the owner's free/busy, and no calendar */
	unsigned char digest[FEED_DIGEST];
	instant_t created;
};

#define API_KEY_DIGEST 32 /* bytes: SHA-256 of a key of 120 random bits */

enum api_role {
	API_ROLE_BOOKING = 1, /* services and hours to read, slots and bookings */
	API_ROLE_ADMIN,
};

/* A program's key to the JSON API. */
struct api_key {
	uint64_t id;
	unsigned char digest[API_KEY_DIGEST];
	enum api_role role;
	struct slice name; /* what people call it */
	instant_t created;
};

/* One change that somebody made, as it is told later: who, when, by which door, and what was before and after. */
struct audit {
	uint64_t number; /* counted up; never used again */
	instant_t at;
	struct slice who;     /* "user alice", "key 3", "address 192.0.2.1", "operator", "customer" */
	struct slice origin;  /* "api", "caldav", "command", "page", "engine", ... */
	struct slice request; /* id of the request; empty: none */
	struct slice kind;    /* "service", "booking", "staff", ... */
	struct slice target;  /* its id or name */
	struct slice action;  /* "create", "update", "delete", ... */
	struct slice before, after; /* JSON; empty: there was or is nothing */
};

#define IDEMPOTENCY_DIGEST 32                /* bytes of SHA-256 */
#define IDEMPOTENCY_KEPT   (DAY_SECONDS)     /* how long an answer is given again */

/* The answer that was given to a request with an Idempotency-Key, so that the same request gets the same again. */
struct idempotency {
	struct slice scope; /* whose keys these are: "key 3", "address 192.0.2.1" */
	struct slice key;   /* as it was sent; only a digest of scope and key is stored */
	unsigned char request[IDEMPOTENCY_DIGEST]; /* of method, path and body */
	uint32_t status;
	struct slice location; /* of the answer; empty: none */
	struct slice body;
	instant_t at; /* when it was given */
};

/* What can be booked: its rules as the JSON of the contract, section 5 (server/booking/rules/policy reads them). */
struct service {
	struct slice id; /* 1 to RECORD_NAME_MAX bytes */
	struct slice json;
	instant_t created, updated;
};

enum booking_status {
	BOOKING_HELD = 1, /* until `expires`: takes its time, has no calendar object */
	BOOKING_CONFIRMED,
	BOOKING_CANCELLED,
	BOOKING_COMPLETED,
	BOOKING_NO_SHOW,
};

#define BOOKING_MEMBERS_MAX  500 /* people of one booking, and resources of one */
#define BOOKING_TOKEN_DIGEST 32  /* bytes: SHA-256 of the customer's secret */

/*
 * One customer's booking; of a session with room for many there are several, with one UID. A person's own event in a
 * `bookings` calendar is one without service and customer. Names stay although their principal goes.
 */
struct booking {
	uint64_t number; /* never used again; grows with the time of making */
	struct slice id;  /* random, what the outside sees */
	struct slice uid; /* of its calendar objects */
	enum booking_status status;
	struct slice service;        /* id; empty: none */
	struct interval core;        /* what is booked */
	int64_t before, after;       /* seconds of buffer: the guard is the core widened by them */
	bool buffers_max;            /* of two neighbours' buffers the longer counts */
	const struct slice *staff;   /* names */
	size_t staff_count;
	const struct slice *resources; /* names */
	size_t resource_count;
	int64_t seats;
	bool shared; /* a session that others may join */
	struct slice customer_name, customer_email, customer_phone, customer_timezone, customer_language;
	struct slice notes;
	bool has_token;
	unsigned char token[BOOKING_TOKEN_DIGEST];
	instant_t expires;    /* of a hold; INSTANT_MAX: never */
	uint32_t extensions;  /* how often the hold was made longer */
	uint64_t version;     /* raised with every change; 1 at first */
	uint32_t sequence;    /* of its calendar objects (RFC 5545, 3.8.7.4) */
	struct slice reason;  /* why it is cancelled: "expired", ...; empty: none is told */
	struct slice origin;  /* which door it came through: "api", "page", "caldav", ... */
	instant_t created, updated;
};

/* Held or confirmed: it takes time. */
bool booking_is_live(const struct booking *booking);
/* The core with its buffers. */
struct interval booking_guard(const struct booking *booking);

void booking_encode(struct buf *b, const struct booking *booking);
/* The names are of ARENA, everything else borrows from VALUE. */
int booking_decode(struct slice value, struct arena *arena, struct booking *booking_r);
void file_encode(struct buf *b, const struct file *file);
int file_decode(struct slice value, struct file *file_r);
void principal_encode(struct buf *b, const struct principal *principal);
int principal_decode(struct slice value, struct principal *principal_r);
void collection_encode(struct buf *b, const struct collection *collection);
int collection_decode(struct slice value, struct collection *collection_r);
void object_encode(struct buf *b, const struct object *object);
int object_decode(struct slice value, struct object *object_r);
void job_encode(struct buf *b, const struct job *job);
int job_decode(struct slice value, struct job *job_r);

#endif
