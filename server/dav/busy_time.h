/*
 * server/dav/busy_time - when somebody is busy, from the index: for free-busy-query and the free/busy address.
 *
 * Of a person also the hours that his calendar-availability closes (RFC 7953). Series that go on past what the index holds are
 * expanded. The buffers of bookings are BUSY-UNAVAILABLE, holds BUSY-TENTATIVE. Times and nothing else: no title, no place, no
 * name.
 */
#ifndef SERVER_DAV_BUSY_TIME_H
#define SERVER_DAV_BUSY_TIME_H

#include "protocol/freebusy/reply.h"
#include "server/dav/dav_private.h"

/*
 * Gathers into REPLY, whose window is set, the busy time of RESOURCE: of a home all calendars that count, else that
 * collection's. 0, -EINVAL with d->error (CALDAV:max-instances), or another -errno. The caller frees REPLY.
 */
int busy_time_gather(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *resource,
    struct freebusy_reply *reply);
/* The same of a home without the objects of that UID: what is being moved is not in its own way. */
int busy_time_gather_without(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *home, struct slice uid,
    struct freebusy_reply *reply);
/* Whether TEXT may be a calendar-availability (RFC 7953, 7.2.4): empty or VAVAILABILITYs. 0, -ENOMEM, -EINVAL with *ERR. */
int availability_property_check(struct dav_request *d, struct slice text, struct error *err);
/* Replies 200 with it as one VFREEBUSY. */
void busy_time_reply(struct dav_request *d, struct freebusy_reply *reply);

#endif
