/*
 * ical/zone_rename - another TZID for a zone that an object defines, where objects come together that mean different
 * zones by one name ("Customized Time Zone", as Outlook calls every one).
 */
#ifndef ICAL_ZONE_RENAME_H
#define ICAL_ZONE_RENAME_H

#include "protocol/base/buf.h"
#include "protocol/ical/timezone.h"

struct zone_rename {
	struct slice from, to;
	struct zone_rename *next;
};

/*
 * Appends TEXT with the TZIDs of RENAMES in VTIMEZONEs and parameters replaced; other lines stay byte for byte. 0,
 * -ENOMEM, or the error of OUT.
 */
int ical_zones_rename(struct arena *arena, struct slice text, const struct zone_rename *renames, struct buf *out);

/* Whether two VTIMEZONEs, as text, have the same offsets at all times, whatever their names. False: or cannot be read. */
bool ical_zones_are_same(struct arena *arena, struct slice a, struct slice b);

#endif
