/*
 * itip/freebusy_request - asking for others' free/busy times (RFC 6638, 5; RFC 5546, 3.3): the VFREEBUSY that a client
 * posts to its outbox, and the VFREEBUSY that answers for one attendee.
 */
#ifndef ITIP_FREEBUSY_REQUEST_H
#define ITIP_FREEBUSY_REQUEST_H

#include "protocol/freebusy/reply.h"
#include "protocol/itip/message.h"

#define FREEBUSY_ATTENDEES_MAX 100                /* asked about in one request: each is gathered from the index */
#define FREEBUSY_WINDOW_MAX    (366 * DAY_SECONDS) /* of a request */

struct freebusy_request {
	struct slice uid;
	struct interval window;
	struct slice organizer;
	const struct ical_attendee *attendees;
	size_t attendee_count;
	struct slice mask; /* X-CALENDARSERVER-MASK-UID: an event that is being moved is not to be in its own way; or empty */
};

/*
 * 0, -ENOMEM, or -EINVAL with *ERR: CALDAV:valid-calendar-data, CALDAV:valid-scheduling-message (no REQUEST of exactly
 * one VFREEBUSY with ORGANIZER, ATTENDEE and a sound range), CALDAV:max-attendees-per-instance.
 */
int freebusy_request_read(const struct itip_env *env, struct slice text, struct freebusy_request *request_r,
    struct error *err);
/* The answer about ATTENDEE, METHOD:REPLY and all. */
void freebusy_request_answer(const struct freebusy_request *request, const struct ical_attendee *attendee,
    struct freebusy_reply *reply, instant_t now, struct buf *out);

#endif
