/*
 * ical/libical_check - libical's opinion of the values that nothing here reads; the only file that calls it.
 *
 * Its property parser gets one line after the other and its tree is thrown away: it drops what it does not know and
 * cuts long lists, so the tree in use is our own. It never sees a VTIMEZONE, a time, a rule or an unknown component:
 * those are read by this folder and by recur/rule, bounded, and its zones, which are not safe between threads, stay
 * out of the way.
 */
#ifndef ICAL_LIBICAL_CHECK_H
#define ICAL_LIBICAL_CHECK_H

#include "protocol/base/error.h"
#include "protocol/ical/component.h"

/* Once, before any thread starts: errors never fatal. */
void libical_check_init(void);
/* 0, -ENOMEM, or -EINVAL with *ERR for a value that is broken and not in the table of tolerated faults. */
int libical_check(const struct component *root, struct error *err);

#endif
