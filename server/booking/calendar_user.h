/*
 * booking/calendar_user - from a cal-address to the principal whose it is (RFC 6638, 2.4.1).
 *
 * Everybody goes by his mail address, the path of his principal and a URN; apps write each of them.
 */
#ifndef BOOKING_CALENDAR_USER_H
#define BOOKING_CALENDAR_USER_H

#include "storage/store.h"

/*
 * The user, room or piece of equipment that ADDRESS means; EMAIL (may be empty) is the parameter of that name, which
 * says it where the address is opaque. EPOCH is the store's. 0, -ENOENT or another -errno; of ARENA.
 */
int calendar_user_find(struct kv_txn *txn, struct arena *arena, uint64_t epoch, struct slice address, struct slice email,
    struct principal *principal_r);
/* Whether ADDRESS is one of PRINCIPAL's. */
bool calendar_user_is(const struct principal *principal, uint64_t epoch, struct slice address, struct slice email);

/* All of his, with a space between any two, for protocol/freebusy/busy; of ARENA, .at NULL: no memory. */
struct slice calendar_user_addresses(struct arena *arena, uint64_t epoch, const struct principal *principal);

/* The URN of something that KIND (enum dav_kind) and ID name, in the store of that epoch (RFC 5842, 3.1). */
void resource_urn_write(struct buf *b, uint64_t epoch, unsigned kind, uint64_t id);

#endif
