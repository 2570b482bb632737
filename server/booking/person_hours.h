/*
 * booking/person_hours - somebody's working hours, kept as the JSON of the API and, of a person, as the calendar-availability
 * of his inbox (RFC 7953, 7.2.4), so that the hours in his calendar app are the ones that count. The last writer wins.
 */
#ifndef SERVER_BOOKING_PERSON_HOURS_H
#define SERVER_BOOKING_PERSON_HOURS_H

#include "server/booking/change.h"

/*
 * Reads the JSON of hours, and looks whether its zone and its availability are good. 0, -ENOMEM, or -EINVAL with *ERR ("FIELD:
 * what is wrong").
 */
int person_hours_check(struct arena *arena, const struct zone_set *zones, struct slice json, struct error *err);
/*
 * Inside the caller's update: JSON, which was checked, becomes the hours of PRINCIPAL, and what a calendar app reads. Empty: he
 * has none.
 */
int person_hours_set(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct principal *principal,
    struct slice json);
/*
 * Inside the update that writes the property: TEXT (empty: it goes) becomes the hours of OWNER (principal id), told to the audit
 * log. 0 or -errno.
 */
int person_hours_follow(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t owner,
    struct slice text, const struct change_origin *origin);

#endif
