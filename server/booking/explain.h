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

#endif
