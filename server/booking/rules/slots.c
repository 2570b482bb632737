#include <config.h>

#include "server/booking/rules/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/ical/zoned_time.h"

#define DAY_MINUTES 1440

/* ---- R11: the starts of one member ---- */

typedef int start_fn(instant_t start, void *arg);

/* The starts in AT, in which the offset does not change: minutes of the wall clock since midnight are multiples of STEP. */
static int wall_starts(struct interval at, int offset, int64_t step, start_fn *fn, void *arg)
{
	int64_t local = at.start + offset;
	int64_t day = local / DAY_SECONDS - (local % DAY_SECONDS < 0);
	int64_t minute = (local - day * DAY_SECONDS + MINUTE_SECONDS - 1) / MINUTE_SECONDS;
	int ret = 0;

	for (minute = (minute + step - 1) / step * step; ret == 0; minute += step) {
		instant_t start;

		if (minute >= DAY_MINUTES) {
			minute = 0;
			day++;
		}
		start = day * DAY_SECONDS + minute * MINUTE_SECONDS - offset;
		if (start >= at.end)
			break;
		ret = fn(start, arg);
	}
	return ret;
}

/* RANGE: open time of MEMBER; the starts of it that lie in WINDOW. */
static int range_starts(const struct world *world, const struct member *member, struct interval range,
    struct interval window, start_fn *fn, void *arg)
{
	const struct policy *policy = world->policy;
	int64_t step = policy->step_minutes * MINUTE_SECONDS;
	instant_t last = range.end - policy->duration; /* a core ends in the range */
	struct interval at = {
		range.start > window.start ? range.start : window.start,
		last < window.end ? last + 1 : window.end,
	};
	int ret = 0;

	if (policy->align_window) {
		instant_t start = range.start + (at.start - range.start + step - 1) / step * step;

		for (; ret == 0 && start < at.end; start += step)
			ret = fn(start, arg);
		return ret;
	}
	while (ret == 0 && at.start < at.end) {
		instant_t next = zone_next_transition(member->zone, at.start);
		struct interval even = {at.start, next < at.end ? next : at.end};

		ret = wall_starts(even, zone_offset_at(member->zone, at.start), policy->step_minutes, fn, arg);
		at.start = even.end;
	}
	return ret;
}

static int member_starts(const struct world *world, const struct member *member, struct interval window, start_fn *fn,
    void *arg)
{
	int ret = 0;

	if (window.start < world->now)
		window.start = world->now;
	for (size_t i = 0; ret == 0 && i < member->open.count; i++) {
		struct interval range = member->open.at[i];

		if (range.start < window.end && range.end > window.start)
			ret = range_starts(world, member, range, window, fn, arg);
	}
	return ret;
}

/* ---- R18: who ---- */

/* Whether B has the better claim to the next booking. */
static bool is_fairer(const struct member *a, const struct member *b)
{
	int64_t left = a->made * b->weight, right = b->made * a->weight;

	return left != right ? right < left : b->last_made < a->last_made;
}

static const struct member *choose(const struct world *world, const struct member *const *able, size_t count)
{
	const struct member *chosen = able[0];

	for (size_t i = 1; world->policy->assignment == ASSIGN_ROUND_ROBIN && i < count; i++)
		if (is_fairer(chosen, able[i]))
			chosen = able[i];
	return chosen;
}

/* ---- the list ---- */

struct free_start {
	instant_t start;
	uint32_t member; /* index in the staff */
};

struct listing {
	struct arena *arena;
	const struct world *world;
	const struct member *member;
	struct free_start *at;
	size_t count, capacity;
};

static int grow(struct listing *listing)
{
	size_t capacity = listing->capacity > 0 ? listing->capacity * 2 : 256;
	struct free_start *grown;

	if (listing->count >= SLOTS_MAX)
		return -E2BIG;
	grown = arena_alloc(listing->arena, capacity * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	if (listing->count > 0)
		memcpy(grown, listing->at, listing->count * sizeof(*grown));
	listing->at = grown;
	listing->capacity = capacity;
	return 0;
}

static enum why_not ask(const struct world *world, const struct member *member, instant_t start, enum grid grid,
    struct placement *placement_r)
{
	return world->policy->assignment == ASSIGN_COLLECTIVE ? world_why_not_all(world, start, grid, placement_r)
	                                                      : world_why_not(world, member, start, grid, placement_r);
}

static int add_start(instant_t start, void *arg)
{
	struct listing *listing = arg;
	int ret = 0;

	if (ask(listing->world, listing->member, start, GRID_IS_KEPT, NULL) != WHY_FREE)
		return 0;
	if (listing->count == listing->capacity)
		ret = grow(listing);
	if (ret == 0)
		listing->at[listing->count++] =
		    (struct free_start){start, (uint32_t)(listing->member - listing->world->staff)};
	return ret;
}

static int compare_starts(const void *left, const void *right)
{
	const struct free_start *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return (a->member > b->member) - (a->member < b->member);
}

/* The ones from FROM on that begin together; the next one. */
static int tell(const struct listing *listing, size_t from, const struct member **able, slot_fn *fn, void *arg, size_t *next_r)
{
	const struct world *world = listing->world;
	struct slot slot = {.start = listing->at[from].start, .staff = able};
	size_t i = from;

	for (; i < listing->count && listing->at[i].start == slot.start; i++)
		able[slot.staff_count++] = &world->staff[listing->at[i].member];
	*next_r = i;
	slot.assigned = choose(world, able, slot.staff_count);
	if (world->policy->assignment == ASSIGN_COLLECTIVE) {
		slot.staff_count = world->staff_count;
		for (size_t k = 0; k < world->staff_count; k++)
			able[k] = &world->staff[k];
	}
	ask(world, slot.assigned, slot.start, GRID_IS_KEPT, &slot.placement);
	return fn(&slot, arg);
}

int slots_each(struct arena *arena, const struct world *world, struct interval window, const struct member *named,
    slot_fn *fn, void *arg)
{
	struct listing listing = {.arena = arena, .world = world};
	const struct member **able = arena_array(arena, world->staff_count + 1, sizeof(*able));
	bool collective = world->policy->assignment == ASSIGN_COLLECTIVE;
	int ret = able != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < world->staff_count; i++) {
		listing.member = &world->staff[i];
		if (collective ? i == 0 : named == NULL || named == listing.member)
			ret = member_starts(world, listing.member, window, add_start, &listing);
	}
	if (ret == 0 && listing.count > 0)
		qsort(listing.at, listing.count, sizeof(*listing.at), compare_starts);
	for (size_t i = 0; ret == 0 && i < listing.count;)
		ret = tell(&listing, i, able, fn, arg, &i);
	return ret;
}

/* ---- R19: one start, and what is offered instead ---- */

struct search {
	const struct world *world;
	const struct slot_request *request;
	const struct member *member;
	int64_t date; /* of the wish, for the customer */
	size_t limit;
	struct slot_other *kept; /* the cheapest so far; costs are seconds here */
	size_t *count;
};

/* Whether A is offered before B: cheaper, with whom was asked for, earlier, by order. */
static bool is_before(const struct search *search, const struct slot_other *a, const struct slot_other *b)
{
	const struct member *named = search->request->named;

	if (a->cost != b->cost)
		return a->cost < b->cost;
	if (named != NULL && (a->member == named) != (b->member == named))
		return a->member == named;
	return a->start != b->start ? a->start < b->start : a->member < b->member;
}

static void keep(struct search *search, struct slot_other other)
{
	struct slot_other *kept = search->kept;
	size_t count = *search->count, i;

	for (i = 0; i < count && kept[i].start != other.start; i++)
		;
	if (i < count) { /* one offer a start */
		if (!is_before(search, &other, &kept[i]))
			return;
		memmove(&kept[i], &kept[i + 1], (count - 1 - i) * sizeof(*kept));
		count--;
	}
	for (i = 0; i < count && !is_before(search, &other, &kept[i]); i++)
		;
	if (i < search->limit) {
		size_t moved = (count < search->limit ? count : search->limit - 1) - i;

		memmove(&kept[i + 1], &kept[i], moved * sizeof(*kept));
		kept[i] = other;
		if (count < search->limit)
			count++;
	}
	*search->count = count;
}

static int consider(instant_t start, void *arg)
{
	struct search *search = arg;
	const struct slot_request *request = search->request;
	int64_t away = start - request->start;
	struct slot_other other = {.start = start, .member = search->member, .cost = away < 0 ? -away : away};

	if (ask(search->world, search->member, start, GRID_IS_KEPT, NULL) != WHY_FREE)
		return 0;
	if (search->world->policy->assignment == ASSIGN_COLLECTIVE)
		other.member = NULL;
	else if (request->named != NULL && request->named != search->member)
		other.cost += SLOTS_OTHER_PERSON * MINUTE_SECONDS;
	if (zoned_day_of(request->customer, start) != search->date)
		other.cost += SLOTS_OTHER_DATE * MINUTE_SECONDS;
	keep(search, other);
	return 0;
}

struct interval slots_window(const struct slot_request *request)
{
	int64_t reach = request->search_days * DAY_SECONDS;

	return (struct interval){instant_add(request->start, -reach), instant_add(request->start, reach + 1)};
}

static void look_for_others(const struct world *world, const struct slot_request *request, struct slot_answer *answer)
{
	bool collective = world->policy->assignment == ASSIGN_COLLECTIVE;
	struct search search = {
		.world = world,
		.request = request,
		.date = zoned_day_of(request->customer, request->start),
		.limit = request->limit < SLOTS_OTHERS_MAX ? request->limit : SLOTS_OTHERS_MAX,
		.kept = answer->others,
		.count = &answer->other_count,
	};

	for (size_t i = 0; i < world->staff_count; i++) {
		search.member = &world->staff[i];
		if (collective ? i == 0 : !request->insist || request->named == NULL || request->named == search.member)
			member_starts(world, search.member, slots_window(request), consider, &search);
	}
	for (size_t i = 0; i < answer->other_count; i++)
		answer->others[i].cost /= MINUTE_SECONDS;
}

/* Who may take it, by R18; the reason of the first when nobody can. */
static enum why_not assign(const struct world *world, const struct slot_request *request, struct slot_answer *answer)
{
	enum why_not first = WHY_FREE;
	bool seen = false;

	if (world->policy->assignment == ASSIGN_COLLECTIVE) {
		answer->assigned = world->staff_count > 0 ? &world->staff[0] : NULL;
		return world_why_not_all(world, request->start, request->grid, &answer->placement);
	}
	for (size_t i = 0; i < world->staff_count; i++) {
		const struct member *member = &world->staff[i];
		struct placement placement;
		enum why_not why;

		if (request->named != NULL && request->named != member)
			continue;
		why = world_why_not(world, member, request->start, request->grid, &placement);
		if (!seen)
			first = why;
		seen = true;
		if (why != WHY_FREE || (answer->assigned != NULL && (world->policy->assignment != ASSIGN_ROUND_ROBIN ||
		                                                        !is_fairer(answer->assigned, member))))
			continue;
		answer->assigned = member;
		answer->placement = placement;
	}
	return answer->assigned != NULL ? WHY_FREE : first;
}

void slots_ask(const struct world *world, const struct slot_request *request, struct slot_answer *answer_r)
{
	*answer_r = (struct slot_answer){0};
	answer_r->why = assign(world, request, answer_r);
	if (answer_r->why != WHY_FREE) {
		answer_r->assigned = NULL;
		look_for_others(world, request, answer_r);
	}
}

/* ---- R23 ---- */

bool slots_ask_series(const struct world *world, const struct slot_series *series, struct slot_occurrence *occurrences_r,
    size_t *conflicts_r)
{
	int64_t day = civil_to_days(series->start.year, series->start.month, series->start.day);
	struct slot_request request = {.named = series->named, .customer = series->zone};
	struct civil wall = series->start;
	size_t conflicts = 0;

	for (size_t i = 0; i < series->count; i++) {
		struct slot_answer answer = {0};

		civil_from_days(day + 7 * (int64_t)i, &wall.year, &wall.month, &wall.day);
		request.start = zoned_to_instant(series->zone, &wall);
		occurrences_r[i] = (struct slot_occurrence){request.start, assign(world, &request, &answer)};
		conflicts += occurrences_r[i].why != WHY_FREE;
	}
	*conflicts_r = conflicts;
	return conflicts == 0 || (conflicts < series->count && (int64_t)conflicts <= series->max_conflicts &&
	                          (int64_t)(conflicts * 100) <= series->max_conflict_percent * (int64_t)series->count);
}
