/*
 * ical/zoned_time - local time to instant and back: the one place (RFC 5545, 3.3.5; booking rule R2).
 *
 * A wall time that occurs twice means the first; one that does not exist is read with the offset in force before the
 * gap.
 */
#ifndef ICAL_ZONED_TIME_H
#define ICAL_ZONED_TIME_H

#include "protocol/ical/timezone.h"

instant_t zoned_to_instant(const struct zone *zone, const struct civil *civil);
/* OFFSET_R may be NULL. */
void zoned_from_instant(const struct zone *zone, instant_t at, struct civil *civil_r, int *offset_r);
/* The first instant of a local date: midnight, or the first moment of the day where midnight does not exist. */
instant_t zoned_day_start(const struct zone *zone, int64_t day);
/* The local date (civil_to_days) of an instant. */
int64_t zoned_day_of(const struct zone *zone, instant_t at);

#endif
