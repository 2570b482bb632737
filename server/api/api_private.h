/*
 * server/api/api_private - one request to the JSON API, and what its handlers share.
 *
 * A row of the table (routes.c) says all that the core needs to know: who may ask, which query parameters there are,
 * whether a body comes, how often an address may ask. The core then authenticates, reads and refuses, and calls the
 * row's functions: READ, without a transaction, takes the body apart; ACT answers inside a snapshot or, for what
 * changes something, inside the one update that also writes the audit record. START does all by itself and ends with
 * api_finish.
 *
 * Handlers return 0, or -EINVAL with r->error set, -ENOENT (404), -EEXIST and -EBUSY (409), or another -errno that is
 * handed up.
 */
#ifndef SERVER_API_API_PRIVATE_H
#define SERVER_API_API_PRIVATE_H

#include "protocol/http/form.h"
#include "protocol/ical/timezone.h"
#include "protocol/json/json.h"
#include "server/app.h"
#include "server/booking/change.h"
#include "server/http/request.h"
#include "storage/store.h"

#define API_SEGMENTS_MAX  2      /* parts of a path that name something */
#define API_NAME_MAX      1024   /* bytes of a name in an address */
#define API_BODY_MAX      262144 /* bytes: working hours for years */
#define API_LIMIT         50     /* entries of a page */
#define API_LIMIT_MAX     500
#define API_WHO_SIZE      96

struct api_request;

enum api_access {
	API_PUBLIC,   /* anybody */
	API_CUSTOMER, /* who has the booking's token, or a key */
	API_BOOKING,  /* a key of any role */
	API_ADMIN,    /* a key of the role admin */
};

enum api_rate { API_UNLIMITED, API_RATE_SLOTS, API_RATE_BOOKINGS }; /* of those without a key */

typedef int api_read_fn(struct api_request *r);
typedef int api_act_fn(struct api_request *r, struct kv_txn *txn);
typedef void api_start_fn(struct api_request *r);

struct api_row {
	const char *path; /* below API_ROOT; "{}" stands for one segment that names something */
	enum http_method method;
	enum api_access access;
	enum api_rate rate;
	const char *query; /* the parameters there are, with spaces between; NULL: none */
	bool has_body;
	bool writes; /* ACT runs in an update */
	bool own;    /* anybody may ask, and who has a booking's token for that booking */
	api_read_fn *read;   /* may be NULL */
	api_act_fn *act;     /* or */
	api_start_fn *start;
};

extern const struct api_row api_rows[];
extern const size_t api_row_count;

enum api_caller_kind { CALLER_PUBLIC, CALLER_CUSTOMER, CALLER_BOOKING, CALLER_ADMIN };

struct api_caller {
	enum api_caller_kind kind;
	struct slice booking;   /* id, of a CALLER_CUSTOMER; else empty */
	char who[API_WHO_SIZE]; /* "key 3", "address 192.0.2.1": for the audit log, and whose idempotency keys these are */
};

struct api_request {
	struct http_request *http;
	const struct app *app;
	struct arena *arena; /* of the request */
	const struct api_row *row;
	struct slice segments[API_SEGMENTS_MAX]; /* decoded */
	struct http_form parameters;
	struct api_caller caller;
	struct json_document *document; /* NULL without a body */
	struct json_value body;
	struct error error;
	unsigned retry_after; /* seconds; 0: not said */
	const char *problem; /* its name where the status does not say it */
	instant_t now;
	void *state; /* what READ left for ACT */
};

/* ---- request.c ---- */
void api_handle(struct http_request *http);
/* The end: the answer, or the problem that RET and r->error say. R is not to be touched afterwards. */
void api_finish(struct api_request *r, int ret);
/* Who changes something, for the change service and the audit log. */
struct change_origin api_origin(const struct api_request *r);
/* The audit record of a change, in its update. */
int api_audit(struct api_request *r, struct kv_txn *txn, const char *kind, struct slice target, const char *action,
    struct slice before, struct slice after);

/* ---- caller.c ---- */
/* Who it is. 0, or -EINVAL: 401 or 403. */
int api_identify(struct api_request *r, struct kv_txn *txn);
/* Whether he may; -EINVAL: 401 or 403. */
int api_permit(struct api_request *r);
/* 0, or -EINVAL: 429. */
int api_limit_rate(struct api_request *r);

/* ---- query.c ---- */
/* Takes the query apart: 400. */
int api_read_query(struct api_request *r);
/* Refuses what the row does not have: 422. */
int api_check_query(struct api_request *r);
/* Empty (and .at NULL) when it was not given. */
struct slice api_parameter(const struct api_request *r, const char *name);
/* A number from MIN to MAX; 0 when it was not given, 1, or -EINVAL. */
int api_parameter_number(struct api_request *r, const char *name, int64_t min, int64_t max, int64_t *value_r);
/* A date as days from 1970-01-01; likewise. */
int api_parameter_date(struct api_request *r, const char *name, int64_t *days_r);
/* The index of one of WORDS, which end with NULL; likewise. */
int api_parameter_word(struct api_request *r, const char *name, const char *const *words, int *word_r);
/* Refuses a field of the body or a parameter: 422. Returns -EINVAL. */
int api_refuse(struct api_request *r, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Refuses for a reason that is no field. Returns -EINVAL. */
int api_problem(struct api_request *r, int status, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* ---- answer.c ---- */
#define API_JSON "application/json"
/* Begins the answer anew and returns the buffer of its body: an update function may run again. */
struct buf *api_answer(struct api_request *r, int status);
void api_location(struct api_request *r, const char *collection, struct slice name);
/* RFC 3339 in UTC, and in a zone. */
void api_add_time(struct buf *b, const char *name, instant_t at);
void api_add_local_time(struct buf *b, const char *name, const struct zone *zone, instant_t at);

/* ---- list.c ---- */
struct api_list {
	struct buf *b;
	size_t left;
	struct slice cursor; /* names up to it were on former pages; empty: the first page */
	struct slice last;   /* of this page, of the request's arena */
	bool more;
};
int api_list_begin(struct api_request *r, struct api_list *list_r);
/*
 * Whether the entry that sorts as NAME stands on this page: 1; 0: on another; -ENOMEM. Entries come in the order of
 * their names.
 */
int api_list_takes(struct api_request *r, struct api_list *list, struct slice name);
void api_list_end(struct api_list *list);
/* The same where the cursor is a number, 0 on the first page and behind the last one. */
int api_list_number(struct api_request *r, const struct api_list *list, uint64_t *number_r);
int api_list_end_number(struct api_request *r, struct api_list *list, uint64_t next);

/* ---- slots.c, bookings.c ---- */
struct policy;
/* The members of a slot, in an object that is left open. */
void api_add_slot(struct buf *b, const struct zone *zone, instant_t start, instant_t end);
/* The policy of a service that the caller may know of; -ENOENT. */
int api_offered_policy(struct api_request *r, struct kv_txn *txn, struct slice service, struct policy *policy_r);

/* ---- handlers ---- */
api_read_fn api_slots_read, api_booking_read, api_booking_read_patch;
api_act_fn api_slots_get, api_booking_list, api_booking_get, api_schedule_get, api_holidays_get, api_holidays_put;
api_read_fn api_holidays_read;
api_start_fn api_booking_place, api_booking_patch, api_booking_cancel, api_booking_confirm, api_booking_extend;
api_act_fn api_audit_list, api_openapi;
api_read_fn api_key_read;
api_read_fn api_service_read;
api_act_fn api_service_list, api_service_create, api_service_get, api_service_put, api_service_delete;
api_read_fn api_principal_read, api_hours_read;
api_act_fn api_principal_list, api_principal_create, api_principal_get, api_principal_put, api_principal_delete;
api_act_fn api_hours_get, api_hours_put;
api_act_fn api_alert_list, api_alert_resolve, api_job_list, api_job_retry, api_job_drop;
/* Whom the address names, of the kind that it is about; -ENOENT. */
int api_principal_find(struct api_request *r, struct kv_txn *txn, struct principal *principal_r);
api_act_fn api_key_list, api_key_create, api_key_get, api_key_delete;

#endif
