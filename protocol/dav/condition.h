/*
 * dav/condition - the elements that name a violated precondition or postcondition, and where they are defined.
 */
#ifndef DAV_CONDITION_H
#define DAV_CONDITION_H

#include "protocol/base/buf.h"
#include "protocol/base/error.h"
#include "protocol/dav/xml_names.h"

struct condition_info {
	const char *ns;
	const char *name;
	const char *source;
};

/* NULL for CONDITION_NONE. */
const struct condition_info *condition_find(enum dav_condition condition);

/*
 * A whole DAV:error body (RFC 4918, 16): the element, with EXTRA (XML, may be empty) inside it, and DETAIL as text
 * behind it, which one calendar app shows. For SLOTKEEPER_SLOT_UNAVAILABLE EXTRA is the element.
 */
void condition_write_error(struct buf *b, enum dav_condition condition, const char *detail, struct slice extra);

#endif
