/*
 * server/auth/acl - what a user may do with a principal's calendars (RFC 3744; slotkeeperd(8), "Who sees what").
 *
 * Without any grant everybody who signed in finds all principals and may ask the free/busy of staff and resources;
 * his own calendars are his alone, other homes and calendars do not exist for him. An administrator has all privileges
 * on every `bookings` calendar and on the calendars of resources, and none on others' private calendars.
 */
#ifndef SERVER_AUTH_ACL_H
#define SERVER_AUTH_ACL_H

#include <stdbool.h>

#include "server/auth/auth.h"
#include "storage/record.h"

enum acl_access {
	ACL_READ_FREE_BUSY = 1 << 0, /* CALDAV:read-free-busy */
	ACL_READ = 1 << 1,
	ACL_WRITE = 1 << 2, /* content, bind, unbind, properties */
	ACL_OWN = 1 << 3,   /* everything, the ACL itself too */
};

/* Bits of enum acl_access on OWNER's calendar home. */
unsigned acl_home(const struct auth_user *user, uint64_t owner, enum principal_kind owner_kind);
/* On one of his collections. */
unsigned acl_collection(const struct auth_user *user, const struct collection *collection,
    enum principal_kind owner_kind);

#endif
