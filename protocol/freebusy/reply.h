/*
 * freebusy/reply - VFREEBUSY answers (RFC 4791, 7.10; RFC 5545, 3.6.4).
 */
#ifndef FREEBUSY_REPLY_H
#define FREEBUSY_REPLY_H

#include "protocol/freebusy/busy.h"

/* Gathers intervals by kind; a higher kind hides a lower one where both lie. */
struct freebusy_reply {
	struct interval window;
	struct slice method; /* METHOD; empty: none, as in answers to a REPORT (RFC 4791, 7.10.2) */
	struct slice organizer, attendee; /* cal-addresses of an answer to a request (RFC 5546, 3.3.3); empty: none */
	struct interval_set kinds[FREEBUSY_UNAVAILABLE + 1];
};

void freebusy_reply_free(struct freebusy_reply *reply);
/* 0, -ENOMEM, -E2BIG. Clipped to the window. */
int freebusy_reply_add(struct freebusy_reply *reply, struct interval at, enum freebusy_kind kind);
/* One VCALENDAR with one VFREEBUSY, UTC periods, FBTYPE always explicit, lines folded, CRLF. */
void freebusy_reply_write(struct freebusy_reply *reply, instant_t now, struct slice uid, struct buf *out);

#endif
