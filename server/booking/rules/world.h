/*
 * booking/rules/world - all that the rules look at, and why a time is not offered (README.md beside this file, R1 to R19).
 *
 * The caller collects a world: from a case file, from a snapshot of the store for a list, or from fresh rows inside the
 * update that writes. The same world_why_not answers for all of them, so that the page and the writer cannot disagree.
 *
 * Pure. Everything in a world is the caller's and must stay while it is asked; what world_prepare adds is of its arena. A
 * world is asked by one thread at a time.
 */
#ifndef BOOKING_RULES_WORLD_H
#define BOOKING_RULES_WORLD_H

#include "protocol/base/interval_set.h"
#include "server/booking/rules/hours.h"
#include "server/booking/rules/policy.h"

#define WORLD_ROOMS_MAX    (POLICY_NEEDS_MAX * 4) /* resources of one booking */
#define WORLD_WINDOW_MAX   (INT64_C(800) * DAY_SECONDS) /* of one world: bounds the hours that are resolved */

/* In the order in which they are looked for (R19). */
enum why_not {
	WHY_FREE, /* nothing is in the way */
	WHY_NOTICE,
	WHY_HORIZON,
	WHY_OUTSIDE_HOURS,
	WHY_MISALIGNED,
	WHY_FULL,
	WHY_DAILY_LIMIT,
	WHY_STAFF_BUSY,
	WHY_RESOURCE_BUSY,
};
/* "staff_busy" and the like; "" for WHY_FREE. */
const char *why_not_word(enum why_not why);

/* An instance of an outside event that takes time (R6). */
struct taken {
	struct interval at;
	bool tentative;
	struct slice uid;
};

/* A live booking, or a hold (R8, R14, R16), as one member has it. */
struct reserved {
	struct interval core, guard;
	struct slice service, uid, token;
	int64_t seats;
	instant_t expires; /* of a hold; INSTANT_MAX: confirmed */
	int64_t room_seats; /* of the smallest of its rooms that counts seats; 0: none does */
	const struct slice *rooms; /* names */
	size_t room_count;
};

/* Somebody of the staff, a room or a piece of equipment. */
struct member {
	struct slice name;
	const struct zone *zone;    /* whose dates count: of the hours, else the person's, else the site's (R3) */
	const struct hours *hours;  /* NULL: none, which is never for a person and always for a resource */
	const struct taken *taken;  /* sorted by start */
	size_t taken_count;
	const struct reserved *reserved; /* sorted by guard.start */
	size_t reserved_count;
	int64_t weight, made; /* bookings that count for fairness (R18) */
	instant_t last_made;  /* INSTANT_MIN: never */
	struct slice pool; /* of a resource */
	int64_t seats;     /* of a resource; 0: any party */
	bool gone;         /* nobody of that name is there any more: never free */
	bool preferred;    /* a resource that a moved booking has already: it comes before others of its pool */

	/* world_prepare's */
	struct interval_set open;
	int64_t longest_taken, longest_reserved; /* seconds */
};

struct world {
	instant_t now;
	const struct policy *policy;
	struct member *staff; /* in the order of the policy's staff */
	size_t staff_count;
	struct member *resources;
	size_t resource_count;
	int64_t party;       /* seats wanted, at least 1 */
	struct slice token;  /* whose holds do not block; empty: nobody's */
	const struct slice *ignored; /* UIDs: the booking that is being moved, with its mirror (R15) */
	size_t ignored_count;
	const struct slice *mirrors; /* sorted UIDs of all bookings: outside events of these names are their mirrors (R15) */
	size_t mirror_count;

	struct interval window; /* world_prepare's: what can be asked about */
};

/*
 * Resolves the hours for starts in WINDOW. 0, -ENOMEM, or -E2BIG for a window that is too long. world_done frees what it
 * made; fine after an error and twice.
 */
int world_prepare(struct world *world, struct interval window);
void world_done(struct world *world);

/* What a start that is free comes with. */
struct placement {
	const struct member *rooms[WORLD_ROOMS_MAX];
	size_t room_count;
	const struct reserved *session; /* that it joins, or NULL; its rooms are kept */
	int64_t seats_left;             /* of the session, before this party */
};

enum grid {
	GRID_IS_KEPT,
	GRID_IS_FREE,      /* no matter where it begins (R11, R12) */
	GRID_ONLY_OVERLAP, /* a staff member's own write: seats and overlap alone bind (contract, section 4) */
};
/* Of the core that begins at START. PLACEMENT_R may be NULL. */
enum why_not world_why_not(const struct world *world, const struct member *member, instant_t start, enum grid grid,
    struct placement *placement_r);
/* The same for all of the staff together (ASSIGN_COLLECTIVE): the reason of the first who has one. */
enum why_not world_why_not_all(const struct world *world, instant_t start, enum grid grid, struct placement *placement_r);

#endif
