/*
 * itip/schedule_status - what became of a scheduling message: SCHEDULE-STATUS (RFC 6638, 3.2.9) and REQUEST-STATUS (RFC
 * 5546, 3.6).
 */
#ifndef ITIP_SCHEDULE_STATUS_H
#define ITIP_SCHEDULE_STATUS_H

#include <stdbool.h>

#include "protocol/base/slice.h"

enum schedule_status {
	SCHEDULE_PENDING,      /* 1.0: it waits to be sent */
	SCHEDULE_SENT,         /* 1.1: nothing is known of its delivery */
	SCHEDULE_DELIVERED,    /* 1.2 */
	SCHEDULE_SUCCESS,      /* 2.0: delivered and answered */
	SCHEDULE_UNKNOWN_USER, /* 3.7 */
	SCHEDULE_NO_AUTHORITY, /* 3.8 */
	SCHEDULE_UNAVAILABLE,  /* 5.1: it may work later */
	SCHEDULE_NO_ROUTE,     /* 5.2 */
	SCHEDULE_REJECTED,     /* 5.3 */
	SCHEDULE_STATUS_COUNT
};

/* "1.2" */
struct slice schedule_status_code(enum schedule_status status);
/* "1.2;Delivered": as in CALDAV:request-status and REQUEST-STATUS. */
struct slice schedule_status_text(enum schedule_status status);
/* False for a code that is not in the table. What follows a semicolon is not looked at. */
bool schedule_status_read(struct slice text, enum schedule_status *status_r);
/* Whether the server itself gave the message to the attendee, so that his answers come through it too. */
bool schedule_status_is_delivered(struct slice text);

#endif
