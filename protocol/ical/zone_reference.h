/*
 * ical/zone_reference - time zones by reference (RFC 7809): objects without the VTIMEZONEs that everybody has.
 *
 * A client that has the zones itself asks for objects without those of standard TZIDs, which are the names of the zone
 * set; all others want every TZID defined in the object, as RFC 5545, 3.2.19 says, also where the client that wrote it
 * left the definition out.
 */
#ifndef ICAL_ZONE_REFERENCE_H
#define ICAL_ZONE_REFERENCE_H

#include <stdbool.h>

#include "protocol/base/buf.h"
#include "protocol/ical/timezone.h"

#define ZONE_REFERENCE_FROM 0 /* VTIMEZONEs that are put in begin in 1970 */

enum zones_wanted {
	ZONES_DEFINED,      /* every one that can be */
	ZONES_BY_REFERENCE, /* the standard ones left out */
};

/* Whether that may change TEXT at all: cheap, and false for most. */
bool ical_zones_may_change(struct slice text, enum zones_wanted wanted);
/*
 * Appends TEXT, an iCalendar stream, to OUT as it is WANTED; lines that stay are as they were. 1; 0 when TEXT is right as
 * it stands and nothing was appended; -ENOMEM, -EMSGSIZE.
 */
int ical_zones_apply(struct arena *arena, const struct zone_set *zones, struct slice text, enum zones_wanted wanted,
    struct buf *out);

#endif
