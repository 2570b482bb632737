/*
 * booking/audit - the audit log: what somebody changed, told in the update that changes it.
 */
#ifndef SERVER_BOOKING_AUDIT_H
#define SERVER_BOOKING_AUDIT_H

#include "server/booking/change.h"

/*
 * Adds a record inside the caller's update: by ORIGIN, at NOW, the ACTION ("create", "update", "delete", ...) was done
 * to what KIND ("service", "booking", ...) and TARGET name. BEFORE and AFTER are JSON, empty where there is or was
 * nothing; nothing secret may stand in them. 0 or -errno.
 */
int audit_change(struct kv_txn *txn, instant_t now, const struct change_origin *origin, const char *kind,
    struct slice target, const char *action, struct slice before, struct slice after);
#define AUDIT_WHO_MAX 300 /* bytes: a name and a word before it */
/*
 * Who ORIGIN is, in a word or two; where it does not say it is the person, or for want of one the door. In B, of
 * AUDIT_WHO_MAX, or the origin's own.
 */
struct slice audit_who(const struct change_origin *origin, struct buf *b);
/* "caldav", "command", "api", ...: what a record and a booking call where something came from. */
const char *audit_door(enum change_origin_kind kind);
/* The record as a JSON object, into an array of B. */
void audit_write_json(struct buf *b, const struct audit *audit);

#endif
