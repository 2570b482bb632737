/*
 * server/booking/verify - every index against the objects: `slotkeeper check`.
 *
 * Parses each stored object, computes its rows anew and compares them with what the tables hold; looks for overlapping
 * bookings; checks UID, change and body rows both ways.
 */
#ifndef SERVER_BOOKING_VERIFY_H
#define SERVER_BOOKING_VERIFY_H

#include "server/booking/change.h"

/* One disagreement, as a sentence that names table, collection and object. */
typedef void verify_fn(const char *sentence, void *arg);

struct verify_counts {
	uint64_t principals, collections, objects, rows, disagreements;
};

/* Runs on one snapshot. 0 or -errno when the store cannot be read. */
int verify_store(struct change_service *service, verify_fn *fn, void *arg, struct verify_counts *counts_r);

#endif
