/*
 * dav/freebusy_query - the query of a free/busy address (CalConnect CD 0903, Freebusy Read URL).
 *
 *     /freebusy/NAME?token=...&start=2027-03-28&period=P2W
 *
 * `start` and `end` are dates, local times or times with an offset, in ISO 8601's extended or basic form; dates and local
 * times are read in the zone of whom is asked about; a date is its first moment. `period` is a duration instead of `end`.
 * Other parameters of that document (format, cua, user) ask for what there is one of here, and are passed over.
 */
#ifndef DAV_FREEBUSY_QUERY_H
#define DAV_FREEBUSY_QUERY_H

#include "protocol/base/arena.h"
#include "protocol/base/error.h"
#include "protocol/base/interval_set.h"
#include "protocol/ical/timezone.h"

#define FREEBUSY_QUERY_MAX      2048 /* bytes of one value */
#define FREEBUSY_QUERY_BACK     7    /* days before now that it begins without `start` */
#define FREEBUSY_QUERY_DAYS     68   /* asked about when neither end nor period is given: then to two months from now */
#define FREEBUSY_QUERY_DAYS_MAX 366

/* The decoded value of `token`, of ARENA; empty without one, or when it cannot be read. */
struct slice freebusy_query_token(struct arena *arena, struct slice query);
/* 0, -ENOMEM, or -EINVAL with *ERR (400) for the person who wrote the query. Without `start` it begins some
 * days before NOW. */
int freebusy_query_window(struct arena *arena, struct slice query, const struct zone *zone, instant_t now,
    struct interval *window_r, struct error *err);

#endif
