/*
 * booking/world_load - the world that the rules look at, from the store: people, rooms, hours, what blocks, who has booked.
 *
 * The same for a list on a snapshot and for the check inside the update that writes.
 */
#ifndef BOOKING_WORLD_LOAD_H
#define BOOKING_WORLD_LOAD_H

#include "server/booking/change_private.h"
#include "server/booking/rules/world.h"

#define WORLD_RESOURCES_MAX 2000 /* rooms and equipment of one site that a pool is chosen from */
#define WORLD_MADE_SECONDS  (30 * DAY_SECONDS) /* what round robin counts (R18) */

struct world_question {
	const struct policy *policy;
	struct interval window; /* of the starts that are asked about */
	int64_t party;
	struct slice own; /* id of a booking that does not block: one's own hold, or the one that moves */
	struct slice uid; /* of all bookings and objects that do not block: the event that moves; empty: none */
};

/*
 * Everything is of ARENA; world_done when asked. A person of the policy who is not there has no hours. 0, -ENOMEM, -E2BIG or
 * another -errno, after which world_done is fine too.
 */
int world_load(const struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct world_question *question, struct world *world_r);

/* Working hours of a principal with the zone that counts (R3); *HOURS_R NULL: none are set. Without holidays. */
int world_hours(const struct change_service *service, struct arena *arena, const struct principal *principal,
    struct hours **hours_r, const struct zone **zone_r);
/* The dates on which the business is closed, sorted; of ARENA. 0 or -errno. */
int world_holidays(struct kv_txn *txn, struct arena *arena, const int64_t **dates_r, size_t *count_r);

#endif
