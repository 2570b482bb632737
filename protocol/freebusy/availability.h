/*
 * freebusy/availability - when somebody can be booked at all: VAVAILABILITY (RFC 7953).
 *
 * Each VAVAILABILITY says of its whole span that it is BUSYTYPE (BUSY-UNAVAILABLE when not said), but for the instances of
 * its AVAILABLEs. Where several lie over one another, a higher priority (1 the highest, 9 lower, 0 or none the lowest)
 * replaces a lower one over its whole span; of equal ones time is available where any says so. Events lie over the result:
 * what is busy by an event is busy in the event's way (RFC 7953, 4 and 5).
 */
#ifndef FREEBUSY_AVAILABILITY_H
#define FREEBUSY_AVAILABILITY_H

#include "protocol/freebusy/reply.h"
#include "protocol/ical/timezone.h"

#define AVAILABILITY_PARTS_MAX 50  /* VAVAILABILITYs that are looked at together */
#define AVAILABILITY_RULES_MAX 200 /* AVAILABLEs of one of them */

struct availability_part {
	struct interval span;      /* within the window */
	unsigned rank;             /* 1 rules most, 10 least */
	enum freebusy_kind kind;   /* of the time that is not open */
	struct interval_set open;
};

/* Of one window; start from a zeroed one with `window` set. */
struct availability {
	struct interval window;
	struct availability_part parts[AVAILABILITY_PARTS_MAX];
	size_t count;
};

void availability_free(struct availability *availability);
/* Forgets all but the first COUNT parts: what a text left behind that could not be read whole. */
void availability_cut(struct availability *availability, size_t count);
/*
 * Adds the VAVAILABILITYs of TEXT, one iCalendar object with any number of them and their zones. Dates and floating times
 * are read in FLOATING; at most MAX_INSTANCES of each AVAILABLE. 0, -ENOMEM, -E2BIG, or -EINVAL with *ERR:
 * CALDAV:valid-calendar-data when TEXT is not that, CALDAV:max-instances. A window of a few years is enough to find out
 * whether a text is sound.
 */
int availability_add(struct availability *availability, struct arena *arena, const struct zone_set *zones,
    struct slice text, const struct zone *floating, size_t max_instances, struct error *err);
/* Adds what follows to REPLY, which has the same window and all events already. 0, -ENOMEM or -E2BIG. */
int availability_apply(const struct availability *availability, struct freebusy_reply *reply);

#endif
