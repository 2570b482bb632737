/*
 * booking/alerts - what a person has to know and see to: a private event that lies over a booking.
 *
 * The change service makes an alert in the update that makes it so, and takes it away in the one after which it is so no
 * more; meanwhile a person may resolve it. It comes back when the two meet at another time.
 */
#ifndef SERVER_BOOKING_ALERTS_H
#define SERVER_BOOKING_ALERTS_H

#include "server/booking/change.h"

#define ALERTS_PAGE_MAX 500

/* An alert with what a person needs to see to it; of the arena that it was read into. */
struct alert_view {
	struct alert alert;
	struct slice member, collection; /* names: of the person, and of the event's calendar */
	struct interval alternatives[CHANGE_ALTERNATIVES_MAX]; /* for the booking; only while it is open and lies ahead */
	size_t alternative_count;
};

struct alerts_filter {
	enum alert_state state; /* 0: any */
	struct slice member;    /* name; empty: anybody's */
	uint64_t after;         /* the cursor: `next` of the page before; 0: from the beginning */
	size_t limit;           /* 1 to ALERTS_PAGE_MAX */
};

struct alerts_page {
	struct alert_view *at; /* by id */
	size_t count;
	uint64_t next; /* 0: there are no more */
};

/* Inside a view. */
int alerts_list(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct alerts_filter *filter, struct alerts_page *page_r);
/*
 * Somebody has seen to it: inside the caller's update, with a record in the audit log. -ENOENT: there is none of that id;
 * -EALREADY: it is resolved.
 */
int alerts_resolve(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t id,
    const struct change_origin *origin);
/*
 * An object: id, kind ("overlap"), state ("open", "resolved"), member, calendar, event, booking (UIDs), start, end, created,
 * resolved, resolved_by (null while it is open), alternatives (start and end of each).
 */
void alert_add_json(struct buf *b, const struct alert_view *view);
const char *alert_state_word(enum alert_state state);
enum alert_state alert_state_of(struct slice word); /* 0 when there is none */

#endif
