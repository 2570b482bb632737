/*
 * dav/freebusy_limit - CALDAV:limit-freebusy-set (RFC 4791, 9.6.7): of the times in a VFREEBUSY those that overlap a range.
 */
#ifndef DAV_FREEBUSY_LIMIT_H
#define DAV_FREEBUSY_LIMIT_H

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/interval_set.h"

/*
 * Copies TEXT, an iCalendar object, without the FREEBUSY periods that do not overlap RANGE. Lines that keep all of theirs, and
 * lines that cannot be read, stay as they are. 0, -ENOMEM or -EMSGSIZE.
 */
int freebusy_limit(struct arena *arena, struct slice text, struct interval range, struct buf *out);

#endif
