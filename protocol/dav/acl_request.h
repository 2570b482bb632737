/*
 * dav/acl_request - the body of the ACL method (RFC 3744, 5.5 and 8.1), as far as it can be read without the server.
 */
#ifndef DAV_ACL_REQUEST_H
#define DAV_ACL_REQUEST_H

#include "protocol/dav/xml_reader.h"

#define ACL_ACES_MAX 200 /* of one resource */

enum ace_principal {
	ACE_HREF,
	ACE_ALL,
	ACE_AUTHENTICATED,
	ACE_OTHER, /* DAV:unauthenticated, DAV:self, DAV:property: understood, but not for setting */
};

/* One entry that grants; those that are marked as protected or inherited are not the request's to set, and left out. */
struct ace {
	enum ace_principal principal;
	struct slice href;                   /* of ACE_HREF */
	const struct xml_element *privilege; /* the first of the DAV:privilege siblings */
};

/*
 * 0, -ENOMEM, or -EINVAL with *ERR: what is no acl is 400, DAV:deny grant-only, DAV:invert no-invert, too many
 * limited-number-of-aces. Everything is of the arena.
 */
int acl_request_read(struct arena *arena, struct slice body, struct ace **aces_r, size_t *count_r, struct error *err);
/* The name of the privilege that a DAV:privilege holds, or NULL when it does not hold exactly one. */
const struct xml_element *ace_privilege_name(const struct xml_element *privilege);

#endif
