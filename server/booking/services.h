/*
 * booking/services - services as they are kept: read, checked against who and what is there, written with their audit
 * record.
 *
 * All of this runs inside the caller's kv_view or kv_update and may run again.
 */
#ifndef SERVER_BOOKING_SERVICES_H
#define SERVER_BOOKING_SERVICES_H

#include "server/booking/change.h"
#include "server/booking/rules/policy.h"

/* The policy of a stored service, its id set; of ARENA. -EBADMSG, -ENOMEM. */
int services_read(struct arena *arena, const struct service *service, struct policy *policy_r);

enum services_how { SERVICES_CREATE, SERVICES_PUT };
/*
 * Writes POLICY, whose id is set, and tells the audit log. 0; -EEXIST for SERVICES_CREATE of one that is there;
 * -EINVAL with *ERR ("FIELD: what is wrong") when it names people, resources or a zone that are not there. *CREATED_R:
 * it is new.
 */
int services_write(struct kv_txn *txn, struct arena *arena, const struct zone_set *zones, instant_t now,
    const struct change_origin *origin, const struct policy *policy, enum services_how how, bool *created_r,
    struct error *err);
/* Removes one and tells the audit log. -ENOENT; -EBUSY while live bookings of it lie ahead. */
int services_remove(struct kv_txn *txn, struct arena *arena, instant_t now, const struct change_origin *origin,
    struct slice id);

#endif
