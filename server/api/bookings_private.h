/*
 * server/api/bookings_private - one request about a booking, on its way to the booking service and back.
 */
#ifndef SERVER_API_BOOKINGS_PRIVATE_H
#define SERVER_API_BOOKINGS_PRIVATE_H

#include "server/api/api_private.h"
#include "server/booking/booking.h"

/* r->state of the rows that change something. */
struct booking_call {
	struct booking_place place;
	struct booking_change change;
	struct slice key; /* Idempotency-Key; .at NULL: none */
	unsigned char request[IDEMPOTENCY_DIGEST];
	bool mismatch; /* the key was used for another request */
};

/* What every change has: who, which door, If-Match, Idempotency-Key. NULL when out of memory. */
struct booking_call *api_booking_call(struct api_request *r);
/* The zone in which a booking's times are told. */
int api_booking_zone(struct api_request *r, struct kv_txn *txn, const struct booking *booking,
    const struct zone **zone_r);
void api_booking_write(struct buf *b, const struct booking *booking, const struct zone *zone);
/* From and to as instants, in the site's zone; REQUIRED: both are, and a bounded number of days. */
int api_booking_window(struct api_request *r, bool required, struct interval *window_r);

#endif
