/*
 * booking/explain_private - a case as it was read.
 */
#ifndef BOOKING_EXPLAIN_PRIVATE_H
#define BOOKING_EXPLAIN_PRIVATE_H

#include "server/booking/rules/slots.h"

enum explain_kind { EXPLAIN_QUERY, EXPLAIN_REQUEST, EXPLAIN_SERIES };

struct explain_case {
	struct policy policy;
	struct world world;
	enum explain_kind kind;
	const struct zone *zone; /* of the answer for people */
	struct interval window;  /* what is asked about */
	struct slot_request request;
	struct slot_series series;
};

/* Everything is of ARENA, or of ZONES. 0, -ENOMEM, -E2BIG, or -EINVAL with *ERR. */
int explain_read(struct arena *arena, const struct zone_set *zones, struct slice json, struct explain_case *case_r,
    struct error *err);

#endif
