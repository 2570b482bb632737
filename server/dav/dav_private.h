/*
 * server/dav/dav_private - what the files of this folder share: the request in hand, the resource it names, errors.
 */
#ifndef SERVER_DAV_DAV_PRIVATE_H
#define SERVER_DAV_DAV_PRIVATE_H

#include "protocol/dav/headers.h"
#include "protocol/dav/path.h"
#include "server/app.h"
#include "server/auth/acl.h"
#include "server/http/request.h"
#include "storage/store.h"

#define DAV_CLASSES                                                                                                    \
	"1, 2, 3, access-control, calendar-access, calendar-auto-schedule, calendar-availability, calendar-proxy, "    \
	"calendar-no-timezone, calendarserver-principal-search, extended-mkcol"

/* One request while it is answered; lives in its arena. */
struct dav_request {
	struct http_request *http;
	struct app *app;
	struct arena *arena;
	const struct auth_user *user; /* NULL only where anybody may ask */
	struct dav_path path;
	struct dav_preferences prefer;
	struct error error; /* what a client must be told, where a function returned -EINVAL */
	struct slice extra; /* XML inside the condition's element */
	int status;         /* of an answer that is finished elsewhere */
	bool unscheduled;   /* a write may not send anything in the owner's name (RFC 6638, 6.2) */
	bool plain;         /* the path lies in a plain collection: dav_write_check has found out */
	const struct acl *acl;       /* what was granted to the user, when it has been asked for */
	const struct kv_txn *acl_of; /* the snapshot that it is of */
	struct {
		struct dav_path path;
		unsigned privilege; /* bits of enum acl_privilege; of them the first is told */
	} lacking;              /* why dav_resolve said -EACCES */
};

/* Makes it from HTTP, for an address that is no path of WebDAV; NULL when that failed and has been answered. */
struct dav_request *dav_request_bare(struct http_request *http);
/* The same with its path. */
struct dav_request *dav_request_new(struct http_request *http);

/* ---- ends of a request ---- */
/*
 * Answers what RET says and finishes: 0 the reply as it stands; -EINVAL d->error; -ENOENT 404, which is the same for
 * what does not exist and what may not be seen; -EACCES 403 with DAV:need-privileges; others 500, 503 and 507.
 */
void dav_finish(struct dav_request *d, int ret);
/* Adds Location: what the path names. */
void dav_reply_location(struct dav_request *d);
/* Adds Preference-Applied where the client prefers that (RFC 7240, 3); not for Brief, which knows no such answer. */
void dav_reply_minimal(struct dav_request *d);
/* Replies 207 with the body made so far. */
void dav_reply_multistatus(struct dav_request *d);

typedef int dav_view_fn(struct dav_request *d, struct kv_txn *txn, void *arg);
/* Runs FN on a snapshot; again from a clean reply when the engine asks for it. */
int dav_view(struct dav_request *d, dav_view_fn *fn, void *arg);
/*
 * Runs the rest of the request on a worker; 503 when too many wait. For handlers on the loop that turn out to have more
 * to do.
 */
typedef void dav_work_fn(struct dav_request *d);
void dav_on_worker(struct dav_request *d, dav_work_fn *fn);

/* ---- resources ---- */
struct dav_resource {
	enum dav_kind kind;
	enum dav_principal_set set;
	enum dav_proxy proxy;            /* DAV_PROXY */
	struct slice name;               /* of the principal or the home */
	uint64_t owner;                  /* principal id; 0 above homes and principals */
	enum principal_kind owner_kind;
	const struct principal *principal; /* NULL until dav_principal() */
	const struct collection *collection; /* DAV_COLLECTION, DAV_OBJECT, DAV_FOLDER and DAV_FILE */
	const struct object *object;         /* DAV_OBJECT */
	const struct file *file;             /* DAV_FILE and DAV_FOLDER; NULL for the plain collection itself */
	unsigned access;                     /* bits of enum acl_privilege */
};

/*
 * Finds what PATH names and checks that the user has NEED (bits of enum acl_privilege). Records are of the arena. 0,
 * -ENOENT (does not exist, or he may not know), -EACCES (he may read it, but not that), or another -errno.
 */
int dav_resolve(struct dav_request *d, struct kv_txn *txn, const struct dav_path *path, unsigned need,
    struct dav_resource *resource_r);
/* Whether the user has NEED on RESOURCE, which PATH names: 0, -EACCES or -ENOENT as above. */
int dav_need(struct dav_request *d, const struct dav_path *path, const struct dav_resource *resource, unsigned need);
/* The privileges on a home (COLLECTION NULL) or on a collection in it: bits of enum acl_privilege. 0 or -errno. */
int dav_access(struct dav_request *d, struct kv_txn *txn, uint64_t owner, enum principal_kind owner_kind,
    const struct collection *collection, unsigned *access_r);
/* The user's grants and groups. */
int dav_acl(struct dav_request *d, struct kv_txn *txn, const struct acl **acl_r);
/* A principal as a resource; it borrows PRINCIPAL. */
struct dav_resource dav_principal_resource(const struct dav_request *d, const struct principal *principal);
/* The principal that the resource belongs to, read when first asked for. 0 or -errno. */
int dav_principal(struct dav_request *d, struct kv_txn *txn, struct dav_resource *resource);

/* Inbox or outbox: no calendar, though it is one's collection. */
bool dav_is_scheduling(const struct collection *collection);
enum dav_principal_set dav_set_of(enum principal_kind kind);
void dav_href_of(struct buf *b, const struct dav_resource *resource);
/* The zone of the VTIMEZONE inside TEXT, an iCalendar object, by its rules; NULL when there is none to be read. */
const struct zone *dav_zone_of_text(struct dav_request *d, struct slice text);
/* The zone that dates and floating times of a calendar are read in: its own, its owner's, the site's. */
const struct zone *dav_zone(struct dav_request *d, struct kv_txn *txn, struct dav_resource *resource);

/* ---- the text of objects ---- */
/*
 * Appends BODY as this client wants its zones (CalDAV-Timezones, RFC 7809, 7.1): without the standard ones, or every one
 * defined. The ETag is the same. 0 or -ENOMEM.
 */
int dav_add_text(struct dav_request *d, struct slice body, struct buf *out);
/* The same, but 0 and nothing appended where BODY is right as it stands; else 1 or the error of OUT. */
int dav_text_apply(struct dav_request *d, struct slice body, struct buf *out);

/* ---- handlers, one method a file ---- */
void dav_options(struct http_request *http);
void dav_propfind(struct http_request *http);
void dav_proppatch(struct http_request *http);
void dav_mkcalendar(struct http_request *http); /* and extended MKCOL */
void dav_get(struct http_request *http);        /* and HEAD */
void dav_get_calendar(struct http_request *http);
void dav_get_collection(struct http_request *http); /* 405, but 404 for what may not be seen */
void dav_put(struct http_request *http);
void dav_add_member(struct http_request *http);
void dav_post(struct http_request *http); /* to a calendar or an outbox */
void dav_delete(struct http_request *http);
void dav_transfer(struct http_request *http); /* COPY and MOVE */
void dav_report(struct http_request *http);
void dav_lock(struct http_request *http);
void dav_unlock(struct http_request *http);
void dav_set_acl(struct http_request *http); /* ACL (RFC 3744, 8.1) */
void dav_well_known(struct http_request *http);

/* Answers STATUS with the object that the path names as it is now, and finishes; for a worker (RFC 8144, 2 and 3). */
void dav_represent(struct dav_request *d, int status);

#endif
