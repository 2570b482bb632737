#include <config.h>

#include "server/booking/rules/world.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/ical/zoned_time.h"

const char *why_not_word(enum why_not why)
{
	static const char *const words[] = {
	    [WHY_FREE] = "", [WHY_NOTICE] = "notice", [WHY_HORIZON] = "horizon", [WHY_OUTSIDE_HOURS] = "outside_hours",
	    [WHY_MISALIGNED] = "misaligned", [WHY_FULL] = "full", [WHY_DAILY_LIMIT] = "daily_limit",
	    [WHY_STAFF_BUSY] = "staff_busy", [WHY_RESOURCE_BUSY] = "resource_busy"};

	return words[why];
}

/* ---- preparing ---- */

static int prepare_member(struct member *member, struct interval window, bool person)
{
	int ret = 0;

	interval_set_free(&member->open);
	member->open = INTERVAL_SET_INIT;
	if (member->hours != NULL)
		ret = hours_open(member->hours, member->zone, window, &member->open);
	else if (!person)
		ret = interval_set_add(&member->open, window);
	member->longest_taken = member->longest_reserved = 0;
	for (size_t i = 0; i < member->taken_count; i++) {
		int64_t length = member->taken[i].at.end - member->taken[i].at.start;

		if (length > member->longest_taken)
			member->longest_taken = length;
	}
	for (size_t i = 0; i < member->reserved_count; i++) {
		int64_t length = member->reserved[i].guard.end - member->reserved[i].guard.start;

		if (length > member->longest_reserved)
			member->longest_reserved = length;
	}
	return ret;
}

int world_prepare(struct world *world, struct interval window)
{
	const struct policy *policy = world->policy;
	/* A range must be seen whole: for its opening, and for buffers that have to lie in it. */
	struct interval wide = {
		instant_add(window.start, -2 * DAY_SECONDS - policy->buffer_before),
		instant_add(window.end, 2 * DAY_SECONDS + policy->duration + policy->buffer_after),
	};
	int ret = 0;

	if (window.end - window.start > WORLD_WINDOW_MAX)
		return -E2BIG;
	world->window = window;
	for (size_t i = 0; ret == 0 && i < world->staff_count; i++)
		ret = prepare_member(&world->staff[i], wide, true);
	for (size_t i = 0; ret == 0 && i < world->resource_count; i++)
		ret = prepare_member(&world->resources[i], wide, false);
	return ret;
}

void world_done(struct world *world)
{
	for (size_t i = 0; i < world->staff_count; i++)
		interval_set_free(&world->staff[i].open);
	for (size_t i = 0; i < world->resource_count; i++)
		interval_set_free(&world->resources[i].open);
}

/* ---- one start ---- */

/* The core that begins at START, with its buffers. */
struct wish {
	const struct world *world;
	struct interval core, guard;
	const struct reserved *session; /* that is joined */
};

static struct wish wish_of(const struct world *world, instant_t start)
{
	const struct policy *policy = world->policy;
	struct interval core = {start, instant_add(start, policy->duration)};

	return (struct wish){
	    .world = world,
	    .core = core,
	    .guard = {instant_add(core.start, -policy->buffer_before), instant_add(core.end, policy->buffer_after)},
	};
}

static bool is_in(struct slice uid, const struct slice *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(uid, list[i]))
			return true;
	return false;
}

static int compare_slices(const void *left, const void *right)
{
	return slice_compare(*(const struct slice *)left, *(const struct slice *)right);
}

static bool is_mirror(const struct world *world, struct slice uid)
{
	return uid.len > 0 && world->mirror_count > 0 &&
	       bsearch(&uid, world->mirrors, world->mirror_count, sizeof(uid), compare_slices) != NULL;
}

/* R9 */
static bool is_too_soon(const struct wish *wish, const struct member *member)
{
	const struct world *world = wish->world;

	if (wish->core.start < instant_add(world->now, world->policy->min_notice))
		return true;
	return world->policy->min_notice_days > 0 && zoned_day_of(member->zone, wish->core.start) <
	           zoned_day_of(member->zone, world->now) + world->policy->min_notice_days;
}

/* R10 */
static bool is_too_far(const struct wish *wish, const struct member *member)
{
	const struct world *world = wish->world;

	return zoned_day_of(member->zone, wish->core.start) >
	       zoned_day_of(member->zone, world->now) + world->policy->horizon_days;
}

/* The joined range that holds the whole of AT, or NULL (R12). */
static const struct interval *range_of(const struct interval_set *open, struct interval at)
{
	size_t low = 0, high = open->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (open->at[middle].end < at.end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < open->count && open->at[low].start <= at.start ? &open->at[low] : NULL;
}

/* R11; RANGE is where it opened. */
static bool is_aligned(const struct wish *wish, const struct member *member, const struct interval *range)
{
	int64_t step = wish->world->policy->step_minutes;
	struct civil civil;

	if (wish->world->policy->align_window)
		return (wish->core.start - range->start) % (step * MINUTE_SECONDS) == 0;
	zoned_from_instant(member->zone, wish->core.start, &civil, NULL);
	return civil.second == 0 && (civil.hour * 60 + civil.minute) % step == 0;
}

/* R16 */
static bool is_live(const struct world *world, const struct reserved *reserved)
{
	if (reserved->expires <= world->now)
		return false;
	if (reserved->expires < INSTANT_MAX && world->token.len > 0 && slice_equal(reserved->token, world->token))
		return false;
	return !is_in(reserved->uid, world->ignored, world->ignored_count);
}

/* The first of the member's bookings whose guard may reach AT. */
static size_t first_reserved(const struct member *member, struct interval at)
{
	instant_t from = instant_add(at.start, -member->longest_reserved);
	size_t low = 0, high = member->reserved_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (member->reserved[middle].guard.start < from)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* ---- R14: sessions ---- */

static bool is_session(const struct wish *wish, const struct reserved *reserved)
{
	return reserved->core.start == wish->core.start && slice_equal(reserved->service, wish->world->policy->id) &&
	       is_live(wish->world, reserved);
}

/* Seats that the session of the same start has left; -1 without a session. */
static int64_t seats_left(const struct wish *wish, const struct member *member, const struct reserved **session_r)
{
	int64_t left = wish->world->policy->capacity;

	*session_r = NULL;
	for (size_t i = first_reserved(member, wish->guard); i < member->reserved_count; i++) {
		const struct reserved *reserved = &member->reserved[i];

		if (reserved->guard.start > wish->core.start)
			break;
		if (!is_session(wish, reserved))
			continue;
		if (*session_r == NULL && reserved->room_seats > 0 && reserved->room_seats < left)
			left = reserved->room_seats;
		*session_r = reserved;
		left -= reserved->seats;
	}
	return *session_r == NULL ? -1 : left > 0 ? left : 0;
}

/* R13: sessions, not bookings: those of one start are one. */
static bool is_day_full(const struct wish *wish, const struct member *member)
{
	const struct world *world = wish->world;
	int64_t day = zoned_day_of(member->zone, wish->core.start), count = 0;
	struct interval date = {zoned_day_start(member->zone, day), zoned_day_start(member->zone, day + 1)};

	for (size_t i = first_reserved(member, date); i < member->reserved_count; i++) {
		const struct reserved *reserved = &member->reserved[i];
		bool again = false;

		if (reserved->guard.start >= date.end)
			break;
		if (reserved->core.start < date.start || reserved->core.start >= date.end ||
		    !slice_equal(reserved->service, world->policy->id) || !is_live(world, reserved))
			continue;
		for (size_t k = i; k-- > 0 && !again && member->reserved[k].guard.start >= date.start - member->longest_reserved;)
			again = member->reserved[k].core.start == reserved->core.start &&
			        slice_equal(member->reserved[k].service, reserved->service) && is_live(world, &member->reserved[k]);
		count += !again;
	}
	return count >= world->policy->max_per_day;
}

/* ---- R6, R8: what blocks ---- */

static bool taken_blocks(const struct wish *wish, const struct member *member)
{
	const struct world *world = wish->world;
	instant_t from = instant_add(wish->guard.start, -member->longest_taken);
	size_t low = 0, high = member->taken_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (member->taken[middle].at.start < from)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < member->taken_count && member->taken[i].at.start < wish->guard.end; i++) {
		const struct taken *taken = &member->taken[i];

		if (interval_overlaps(taken->at, wish->guard) && (!taken->tentative || world->policy->tentative_blocks) &&
		    !is_mirror(world, taken->uid) && !is_in(taken->uid, world->ignored, world->ignored_count))
			return true;
	}
	return false;
}

static bool neighbours_clash(const struct wish *wish, const struct reserved *reserved)
{
	if (!wish->world->policy->buffers_max)
		return interval_overlaps(wish->guard, reserved->guard);
	return interval_overlaps(wish->guard, reserved->core) || interval_overlaps(wish->core, reserved->guard);
}

static bool reserved_blocks(const struct wish *wish, const struct member *member)
{
	for (size_t i = first_reserved(member, wish->guard);
	     i < member->reserved_count && member->reserved[i].guard.start < wish->guard.end; i++) {
		const struct reserved *reserved = &member->reserved[i];

		if (!neighbours_clash(wish, reserved) || !is_live(wish->world, reserved))
			continue;
		if (wish->session == NULL || !is_session(wish, reserved))
			return true;
	}
	return false;
}

static bool is_clear(const struct wish *wish, const struct member *member)
{
	return !taken_blocks(wish, member) && !reserved_blocks(wish, member);
}

/* ---- R17: rooms ---- */

#define LESS_THAN_CAPACITY (INT64_C(1) << 40) /* behind all rooms that seat the capacity */

/* In which order a pool's rooms are tried: who seats the whole capacity, smallest first; then others; then without seats. */
static int64_t room_cost(const struct world *world, const struct member *room)
{
	if (room->preferred)
		return -1;
	if (room->seats == 0)
		return INT64_MAX;
	return room->seats >= world->policy->capacity ? room->seats : LESS_THAN_CAPACITY + room->seats;
}

static bool is_chosen(const struct placement *placement, const struct member *room)
{
	for (size_t i = 0; i < placement->room_count; i++)
		if (placement->rooms[i] == room)
			return true;
	return false;
}

/* A room that somebody needs by its name is not for a pool. */
static bool is_named(const struct world *world, const struct member *room)
{
	for (size_t i = 0; i < world->policy->need_count; i++)
		if (slice_equal(world->policy->needs[i].id, room->name))
			return true;
	return false;
}

static bool room_can(const struct wish *wish, const struct member *room)
{
	return (room->seats == 0 || room->seats >= wish->world->party) && range_of(&room->open, wish->core) != NULL &&
	       is_clear(wish, room);
}

static const struct member *best_of_pool(const struct wish *wish, struct slice pool, const struct placement *placement)
{
	const struct world *world = wish->world;
	const struct member *best = NULL;

	for (size_t i = 0; i < world->resource_count; i++) {
		const struct member *room = &world->resources[i];

		if (!slice_equal(room->pool, pool) || is_named(world, room) || is_chosen(placement, room))
			continue;
		if (best != NULL && room_cost(world, room) >= room_cost(world, best))
			continue;
		if (room_can(wish, room))
			best = room;
	}
	return best;
}

static const struct member *named_room(const struct wish *wish, struct slice name)
{
	for (size_t i = 0; i < wish->world->resource_count; i++)
		if (slice_equal(wish->world->resources[i].name, name))
			return room_can(wish, &wish->world->resources[i]) ? &wish->world->resources[i] : NULL;
	return NULL;
}

/* All that is needed, or false. */
static bool place(const struct wish *wish, struct placement *placement)
{
	const struct policy *policy = wish->world->policy;

	for (size_t i = 0; i < policy->need_count; i++) {
		const struct policy_need *need = &policy->needs[i];

		for (int64_t k = 0; k < need->count; k++) {
			const struct member *room = need->id.len > 0 ? named_room(wish, need->id)
			                                             : best_of_pool(wish, need->pool, placement);

			if (room == NULL || placement->room_count == WORLD_ROOMS_MAX)
				return false;
			placement->rooms[placement->room_count++] = room;
			if (room->seats > 0 && room->seats < placement->seats_left)
				placement->seats_left = room->seats;
		}
	}
	return true;
}

/* ---- the answer ---- */

/* R9 to R12. */
static enum why_not why_not_then(const struct wish *wish, const struct member *member, enum grid grid)
{
	const struct interval *range;

	if (is_too_soon(wish, member))
		return WHY_NOTICE;
	if (is_too_far(wish, member))
		return WHY_HORIZON;
	range = range_of(&member->open, wish->world->policy->buffers_within_hours ? wish->guard : wish->core);
	if (range == NULL)
		return WHY_OUTSIDE_HOURS;
	return grid == GRID_IS_KEPT && !is_aligned(wish, member, range) ? WHY_MISALIGNED : WHY_FREE;
}

/* All rules but the rooms'. */
static enum why_not why_not_he(struct wish *wish, const struct member *member, enum grid grid, int64_t *seats_left_r)
{
	const struct policy *policy = wish->world->policy;
	enum why_not why = grid != GRID_ONLY_OVERLAP ? why_not_then(wish, member, grid)
	                   : member->gone            ? WHY_OUTSIDE_HOURS
	                                             : WHY_FREE;
	int64_t left;

	if (why != WHY_FREE)
		return why;
	left = seats_left(wish, member, &wish->session);
	if (policy->capacity < wish->world->party || (policy->capacity > 1 && left >= 0 && left < wish->world->party))
		return WHY_FULL;
	if (policy->capacity == 1)
		wish->session = NULL; /* one customer's alone */
	if (wish->session == NULL && policy->max_per_day > 0 && grid != GRID_ONLY_OVERLAP && is_day_full(wish, member))
		return WHY_DAILY_LIMIT;
	*seats_left_r = wish->session != NULL ? left : policy->capacity;
	return is_clear(wish, member) ? WHY_FREE : WHY_STAFF_BUSY;
}

static enum why_not why_not_rooms(const struct wish *wish, int64_t left, struct placement *placement_r)
{
	struct placement placement = {.session = wish->session, .seats_left = left};

	if (wish->session == NULL && !place(wish, &placement))
		return WHY_RESOURCE_BUSY;
	if (placement_r != NULL)
		*placement_r = placement;
	return WHY_FREE;
}

enum why_not world_why_not(const struct world *world, const struct member *member, instant_t start, enum grid grid,
    struct placement *placement_r)
{
	struct wish wish = wish_of(world, start);
	int64_t left = 0;
	enum why_not why = why_not_he(&wish, member, grid, &left);

	return why != WHY_FREE ? why : why_not_rooms(&wish, left, placement_r);
}

enum why_not world_why_not_all(const struct world *world, instant_t start, enum grid grid, struct placement *placement_r)
{
	struct wish wish = wish_of(world, start), first = wish;
	int64_t left = 0, least = INT64_MAX;

	for (size_t i = 0; i < world->staff_count; i++) {
		enum why_not why;

		wish = wish_of(world, start);
		why = why_not_he(&wish, &world->staff[i], i == 0 || grid == GRID_ONLY_OVERLAP ? grid : GRID_IS_FREE, &left);
		if (why != WHY_FREE)
			return why;
		if (left < least)
			least = left;
		if (i == 0)
			first = wish;
	}
	return why_not_rooms(&first, least, placement_r);
}
