/*
 * ical/alarms - alarms outside an object: the value of CALDAV:default-alarm-vevent-datetime and its like, which is the
 * text of one or more VALARMs (RFC 5545, 3.6.6) or nothing.
 */
#ifndef ICAL_ALARMS_H
#define ICAL_ALARMS_H

#include "protocol/base/arena.h"
#include "protocol/base/error.h"
#include "protocol/base/slice.h"
#include "protocol/ical/timezone.h"

#define ICAL_DEFAULT_ALARMS_MAX 20 /* of one property: a client would show every one for every event */

/*
 * 0 when TEXT is VALARMs that an event could carry, each with ACTION and TRIGGER, and nothing else, or white space;
 * -ENOMEM, or -EINVAL with *ERR (CALDAV:valid-calendar-data).
 */
int ical_alarms_check(struct arena *arena, const struct zone_set *zones, struct slice text, struct error *err);

#endif
