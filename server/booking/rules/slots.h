/*
 * booking/rules/slots - what is offered, to whom it would go, and what is offered instead (R11, R12, R18, R19, R23).
 *
 * Pure; asks a world that is prepared for the window in question.
 */
#ifndef BOOKING_RULES_SLOTS_H
#define BOOKING_RULES_SLOTS_H

#include "protocol/base/arena.h"
#include "server/booking/rules/world.h"

#define SLOTS_MAX        500000 /* starts of all members in one list: bounds its memory */
#define SLOTS_OTHERS_MAX 20     /* alternatives of one answer */
#define SLOTS_SERIES_MAX 520    /* occurrences of one series: ten years of weeks */

/* What R19 adds up, in minutes. */
#define SLOTS_OTHER_PERSON 60
#define SLOTS_OTHER_DATE   720
#define SLOTS_SEARCH_DAYS  14

struct slot {
	instant_t start;
	const struct member *const *staff; /* all who could take it, in the order of the staff */
	size_t staff_count;
	const struct member *assigned; /* by R18; with ASSIGN_COLLECTIVE all of them are */
	struct placement placement;    /* of that one */
};

typedef int slot_fn(const struct slot *slot, void *arg);

/*
 * Calls FN for the slots with a start in WINDOW, by time; NAMED: for this member alone, or NULL. 0, -ENOMEM, -E2BIG above
 * SLOTS_MAX, or what FN returned when that is not 0.
 */
int slots_each(struct arena *arena, const struct world *world, struct interval window, const struct member *named,
    slot_fn *fn, void *arg);

struct slot_request {
	instant_t start;
	const struct member *named; /* a condition under every assignment; NULL: nobody */
	bool insist;                /* alternatives are with the one who is named */
	enum grid grid;             /* of the wished start; alternatives are on the grid */
	size_t limit;               /* of the alternatives; up to SLOTS_OTHERS_MAX */
	int64_t search_days;
	const struct zone *customer; /* whose dates count for R19 */
};

struct slot_other {
	instant_t start;
	const struct member *member; /* NULL with ASSIGN_COLLECTIVE */
	int64_t cost; /* minutes */
};

struct slot_answer {
	enum why_not why;
	const struct member *assigned; /* when it is free; with ASSIGN_COLLECTIVE the first */
	struct placement placement;
	struct slot_other others[SLOTS_OTHERS_MAX]; /* when it is not; the cheapest first */
	size_t other_count;
};

/* The window that a world must be prepared for to answer REQUEST with alternatives. */
struct interval slots_window(const struct slot_request *request);
void slots_ask(const struct world *world, const struct slot_request *request, struct slot_answer *answer_r);

struct slot_series {
	struct civil start;      /* wall time of the first, in ZONE; the others weekly at the same */
	const struct zone *zone;
	const struct member *named;
	size_t count; /* up to SLOTS_SERIES_MAX */
	int64_t max_conflicts, max_conflict_percent;
};

struct slot_occurrence {
	instant_t start;
	enum why_not why;
};

/* OCCURRENCES_R has room for series->count. Whether the series is accepted (R23). */
bool slots_ask_series(const struct world *world, const struct slot_series *series, struct slot_occurrence *occurrences_r,
    size_t *conflicts_r);

#endif
