/*
 * server/dav/privileges - the tree of privileges (RFC 3744, 3; RFC 4791, 6.1.1; RFC 6638, 6) and the bits behind it.
 */
#ifndef SERVER_DAV_PRIVILEGES_H
#define SERVER_DAV_PRIVILEGES_H

#include "protocol/base/buf.h"
#include "protocol/base/slice.h"

/* The smallest element that holds one of BITS (enum acl_privilege), as "D:read": what DAV:need-privileges names. */
const char *privilege_name(unsigned bits);
/* The bits of an element; 0 when there is no such privilege, or when it is abstract (*ABSTRACT_R). */
unsigned privilege_bits(struct slice ns, struct slice name, bool *abstract_r);
/* One DAV:privilege for each that BITS hold in full. */
void privilege_write_current(struct buf *b, unsigned bits);
/* The fewest that together are BITS. */
void privilege_write_granted(struct buf *b, unsigned bits);
void privilege_write_supported(struct buf *b);

#endif
