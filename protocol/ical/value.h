/*
 * ical/value - values of iCalendar as text, to numbers: dates, times, durations, offsets (RFC 5545, 3.3).
 */
#ifndef ICAL_VALUE_H
#define ICAL_VALUE_H

#include "protocol/ical/component.h"

/*
 * "20270328" or "20270328T090000", with Z the zone is UTC, else NULL. 0 or -EINVAL. Lenient: a lower-case t or z, a
 * time of day without seconds, second 60.
 */
int ical_value_time(struct slice text, struct ical_time *time_r);
/* "P1DT2H", "-PT15M", "P2W". Lenient: weeks beside days, and hours or seconds without the T. */
int ical_value_duration(struct slice text, struct ical_duration *duration_r);
/* "+0200", "-033015"; lenient: "+02:00" and no sign. Seconds. */
int ical_value_offset(struct slice text, int *seconds_r);
/* "20270328T090000/PT1H" or two times: a plain time is a period without end. Zones are the caller's. */
int ical_value_period(struct slice text, struct ical_period *period_r);
/* A parameter's value with the escapes of RFC 6868 (^n ^^ ^') resolved; likewise in ARENA, an unknown one stays. */
struct slice ical_parameter_unescape(struct arena *arena, struct slice text);
/* TEXT with its escapes resolved (RFC 5545, 3.3.11), in ARENA if there are any; an unknown escape stays. NULL .at: no memory. */
struct slice ical_value_unescape(struct arena *arena, struct slice text);

#endif
