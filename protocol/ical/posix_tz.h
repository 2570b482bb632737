/*
 * ical/posix_tz - the footer of a TZif file: a POSIX TZ string with the extensions of RFC 8536, 3.3.1.
 */
#ifndef ICAL_POSIX_TZ_H
#define ICAL_POSIX_TZ_H

#include "protocol/ical/zone_private.h"

/* "CET-1CEST,M3.5.0,M10.5.0/3". 0 or -EINVAL. */
int posix_tz_parse(struct slice text, struct zone_footer *footer_r);
int posix_tz_offset_at(const struct zone_footer *footer, instant_t at);
/* The next change after AT, or INSTANT_MAX. */
instant_t posix_tz_next(const struct zone_footer *footer, instant_t at);

#endif
