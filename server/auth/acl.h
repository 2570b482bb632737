/*
 * server/auth/acl - what a user may do with a principal's calendars (RFC 3744; slotkeeperd(8), "Who sees what").
 *
 * Without any grant everybody who signed in finds all principals and may ask the free/busy of staff and resources;
 * his own calendars are his alone, other homes and calendars do not exist for him. An administrator has all privileges
 * on every `bookings` calendar and on the calendars of resources, and none on others' private calendars. Grants add to
 * this: on a home for all that is in it, or on one calendar; to a principal, to a group and so to the groups and
 * principals in it, to all who signed in, or to all. Nothing denies.
 *
 * The privileges are bits of enum acl_privilege (storage/record.h).
 */
#ifndef SERVER_AUTH_ACL_H
#define SERVER_AUTH_ACL_H

#include <stdbool.h>

#include "server/auth/auth.h"
#include "storage/record.h"

/* All that was granted to one user, as a snapshot had it. */
struct acl {
	const struct auth_user *user; /* NULL: nobody signed in */
	const struct acl_entry {
		uint64_t owner, collection; /* 0: the home */
		unsigned privileges;
	} *entries;
	size_t count;
	const uint64_t *groups; /* he is in, directly or through another group */
	size_t group_count;
};

/* USER is kept by reference. 0 or -errno. */
int acl_load(struct kv_txn *txn, struct arena *arena, const struct auth_user *user, struct acl *acl_r);

/* What he may do without any grant, or ACL_ALL on what is his own: for those no acl_load is needed. */
unsigned acl_of_rule(const struct auth_user *user, uint64_t owner, enum principal_kind owner_kind,
    const struct collection *collection);

/* What was granted on a home, without the rule above. */
unsigned acl_granted_home(const struct acl *acl, uint64_t owner);
/* On OWNER's calendar home. */
unsigned acl_home(const struct acl *acl, uint64_t owner, enum principal_kind owner_kind);
/* On one of his collections. */
unsigned acl_collection(const struct acl *acl, const struct collection *collection, enum principal_kind owner_kind);
/* Whether the home shows itself, because at least one calendar in it may be read. */
bool acl_finds_home(const struct acl *acl, uint64_t owner);

#endif
