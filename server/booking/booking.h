/*
 * server/booking/booking - bookings: made, held, confirmed, moved, cancelled and ended, whichever door asks.
 *
 * Check and write are one update: in it the rules are asked about fresh rows (rules/world), the booking, its guards and its
 * calendar objects are written, the change is told to the audit log and to jobs. A refusal is an answer, not a failure: it
 * comes with the reason and with alternatives (R19).
 *
 * An update MAY RUN AGAIN, so the hooks of a request may too. Everything in an answer is of the request's arena.
 */
#ifndef SERVER_BOOKING_BOOKING_H
#define SERVER_BOOKING_BOOKING_H

#include "protocol/base/codec.h"
#include "protocol/json/json.h"
#include "server/booking/change.h"
#include "server/booking/rules/slots.h"

#define BOOKING_TOKEN_SIZE      33 /* of a manage token: 32 characters and a NUL */
#define BOOKING_ALTERNATIVES    5
#define BOOKING_HOLD_SECONDS    (5 * MINUTE_SECONDS) /* that a hold is extended by */
#define BOOKING_EXTENSIONS_MAX  2
#define BOOKING_SLOT_DAYS_MAX   62
#define BOOKING_SWEEP_BATCH     100 /* holds that are ended in one update */

enum booking_outcome {
	BOOKING_DONE,
	BOOKING_REPEATED,   /* the request's `before` had the answer already; nothing was done */
	BOOKING_NOT_FOUND,  /* no such booking, service or person: 404, or 422 with error.detail "FIELD: ..." for a body */
	BOOKING_INVALID,    /* 422; error.detail is "FIELD: what is wrong" */
	BOOKING_TAKEN,      /* 409 slot-taken: `why` and the alternatives */
	BOOKING_WRONG_STATE, /* 409 wrong-state */
	BOOKING_TOO_LATE,   /* 409 too-late: within cancel_notice_minutes */
	BOOKING_STALE,      /* 412 version */
	BOOKING_FAILED,     /* `ret`: 500 or 503 */
};

struct booking_other {
	instant_t start, end;
	const struct slice *staff; /* with whom; empty for a collective service in R19's sense: all of them */
	size_t staff_count;
	int64_t seats_left, cost;
};

struct booking_answer {
	enum booking_outcome outcome;
	int ret; /* negative errno for BOOKING_FAILED */
	struct error error; /* a sentence for the person, for all that is not done */
	struct booking booking; /* as it is now; for BOOKING_DONE, and where it was found */
	struct policy policy;   /* of its service; id empty when it has none */
	const struct zone *zone; /* the service's, in which answers tell times */
	enum why_not why;
	struct booking_other others[BOOKING_ALTERNATIVES];
	size_t other_count;
	char token[BOOKING_TOKEN_SIZE]; /* the customer's secret; "" when the booking has none */
};

/*
 * What a door does in the same update. BEFORE comes first: 0 goes on, 1 ends it with BOOKING_REPEATED, negative fails. AFTER
 * comes last, also for refusals, with the answer as it will be; negative undoes everything. Both may be NULL.
 */
struct booking_hooks {
	int (*before)(struct kv_txn *txn, void *arg);
	int (*after)(struct kv_txn *txn, const struct booking_answer *answer, void *arg);
	void *arg;
};

typedef void booking_done_fn(const struct booking_answer *answer, void *arg);

struct booking_customer {
	struct slice name, email, phone, timezone, language;
};

struct booking_place {
	struct slice service;
	instant_t start;
	struct slice staff; /* a name; empty: nobody is named */
	struct booking_customer customer;
	struct slice notes;
	int64_t seats; /* 1 at least */
	bool hold;
	bool off_grid; /* mail: the grid does not bind */
	bool force;    /* an admin: overlap alone binds */
	struct change_origin origin;
	struct booking_hooks hooks;
};

enum booking_action {
	BOOKING_CONFIRM, /* a hold, also an expired one if it still passes */
	BOOKING_EXTEND,  /* a hold, by BOOKING_HOLD_SECONDS, BOOKING_EXTENSIONS_MAX times */
	BOOKING_MOVE,    /* start, staff */
	BOOKING_CANCEL,  /* again: the same answer */
	BOOKING_COMPLETE,
	BOOKING_MARK_NO_SHOW,
};

struct booking_change {
	struct slice id;
	enum booking_action action;
	bool has_version;
	uint64_t version; /* If-Match */
	bool has_start;
	instant_t start;
	struct slice staff; /* of a move; empty: whoever has it, if he can, else by the service's rule */
	struct slice reason; /* of a cancellation, for people */
	bool customer; /* the customer himself: cancel_notice_minutes binds */
	bool force;
	struct change_origin origin;
	struct booking_hooks hooks;
};

/* The request must live until DONE, which comes once, from the writer's thread, after the batch is on disk. */
void booking_place(struct change_service *service, struct arena *arena, const struct booking_place *request,
    booking_done_fn *done, void *arg);
void booking_change(struct change_service *service, struct arena *arena, const struct booking_change *request,
    booking_done_fn *done, void *arg);
/* The same for the command line, pages on a worker, and tests: waits. Never from a loop's or the writer's thread. */
void booking_place_wait(struct change_service *service, struct arena *arena, const struct booking_place *request,
    struct booking_answer *answer_r);
void booking_change_wait(struct change_service *service, struct arena *arena, const struct booking_change *request,
    struct booking_answer *answer_r);

/* ---- reading, inside the caller's kv_view ---- */

struct booking_slots {
	struct slice service;
	struct interval window; /* of starts: the customer's dates as instants (R21) */
	struct slice staff;     /* a name, or empty */
	int64_t seats;          /* 1 at least */
	struct slice own;       /* id of one's own booking or hold, which does not block; empty: none */
};

/*
 * Calls FN for each slot, by time; the slot is valid in the call only. POLICY_R and ZONE_R (the service's) may be NULL.
 * 0; -ENOENT: no such service; -EINVAL: the staff is not of the service; -E2BIG; what FN returned; another -errno.
 */
int booking_slots(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct booking_slots *question, slot_fn *fn, void *arg, struct policy *policy_r, const struct zone **zone_r);

/* The policy of a stored service; its `id` is set. -ENOENT. */
int booking_policy(struct kv_txn *txn, struct arena *arena, struct slice id,
    struct policy *policy_r);
/* The zone in which the answers of a service tell times: its own, else the site's. */
const struct zone *booking_zone(const struct change_service *service, const struct policy *policy);
/* The booking that a manage token opens; -ENOENT for any other text. */
int booking_by_token(struct kv_txn *txn, struct arena *arena, struct slice token,
    struct booking *booking_r);
/* The token of a booking that has one: it is computed, not stored, so that mails may tell it again. */
int booking_token(struct kv_txn *txn, struct arena *arena, const struct booking *booking,
    char token_r[static BOOKING_TOKEN_SIZE]);

/* "held", "confirmed", ... */
const char *booking_status_word(enum booking_status status);
/* The booking as the API shows it, without token: members of an object that is open in B. ZONE is for its times. */
void booking_json_members(struct buf *b, const struct booking *booking, const struct zone *zone);

/* ---- what has to go with a service, a person or a room ---- */

/* Live bookings that end after NOW. */
struct booking_ahead {
	struct slice service; /* an id; empty: MEMBER says whose */
	struct slice member;  /* name of a person or a room */
	instant_t now;
};

/* 1: there is one; 0: none; or -errno. */
int booking_is_ahead(struct kv_txn *txn, struct arena *arena, const struct booking_ahead *ahead);
/* Cancels them in the caller's update, which tells the customers. The count, or -errno. */
int booking_cancel_ahead(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct booking_ahead *ahead, const struct change_origin *origin);

/* ---- what a timer does ---- */

/* Ends holds that have expired: cancelled, with the reason "expired". Waits for the writer. The count, or -errno. */
int booking_sweep_holds(struct change_service *service);

#endif
