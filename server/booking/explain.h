/*
 * server/booking/explain - a case file: a whole world in JSON with one question, answered by the rules of the engine.
 *
 * The words are those of the API (contract, section 5): `now`, `service`, `staff`, `resources`, `holidays`, `bookings`, `party`,
 * `token`, `ignore_uids`, `customer_timezone`, and `query`, `request` or `series`.
 */
#ifndef SERVER_BOOKING_EXPLAIN_H
#define SERVER_BOOKING_EXPLAIN_H

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/error.h"
#include "protocol/ical/timezone.h"

#define EXPLAIN_BYTES_MAX   (16u << 20) /* of a case file */
#define EXPLAIN_EVENTS_MAX  20000       /* of one person or resource */
#define EXPLAIN_MEMBERS_MAX 1000        /* resources, bookings' members, ... */
#define EXPLAIN_DAYS_MAX    400         /* of one query */

enum explain_form { EXPLAIN_FOR_PEOPLE, EXPLAIN_JSON };

/*
 * Writes the answer, ending in a line feed, into OUT. 0; -EINVAL with *ERR, which names the field that is wrong; -E2BIG when too
 * much is asked for; -ENOMEM.
 */
int explain_case(struct arena *arena, const struct zone_set *zones, struct slice json, enum explain_form form,
    struct buf *out, struct error *err);

struct change_service;
struct kv_txn;

#define EXPLAIN_LIMIT 3 /* alternatives, when the question does not say how many */

/* Whether a start of a stored service is free, and what is instead. */
struct explain_stored {
	struct slice service;
	struct slice staff; /* a name, or empty */
	struct slice at;    /* RFC 3339, or without an offset the wall time of the service's zone */
};

/*
 * The same for what is in the store, inside the caller's kv_view. -ENOENT: there is no such service; else as explain_case, or
 * another -errno.
 */
int explain_stored(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct explain_stored *asked,
    enum explain_form form, struct buf *out, struct error *err);

#endif
