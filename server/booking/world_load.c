#include <config.h>

#include "server/booking/world_load.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Beyond what a start may touch: whole dates where R13 counts them; else the buffers of bookings whose guard the table does not
 * hold (guards.c).
 */
#define MARGIN_DATES   (2 * DAY_SECONDS)
#define MARGIN_BUFFERS (POLICY_COMBINED_MAX * MINUTE_SECONDS)

#define FIRST_CAPACITY 64 /* entries of a list that grows */

#define BOOKINGS_OF_ONE_MAX 100000 /* of one member in one world: bounds its memory */

/* ---- lists that grow in an arena ---- */

/* Room for one more of SIZE bytes behind COUNT; NULL without memory. */
static void *more(struct arena *arena, void *at, size_t count, size_t *capacity, size_t size)
{
	size_t wanted = *capacity > 0 ? 2 * *capacity : FIRST_CAPACITY, bytes;
	void *grown;

	if (count < *capacity)
		return at;
	if (__builtin_mul_overflow(wanted, size, &bytes))
		return NULL;
	*capacity = wanted;
	grown = arena_alloc(arena, bytes); /* not zeroed: each entry is written before it counts */
	if (grown != NULL && count > 0)
		memcpy(grown, at, count * size);
	return grown;
}

/* The lists are grown once for all members: each keeps what is his, no longer than it is. */
static void *copy_list(struct arena *arena, const void *at, size_t count, size_t size)
{
	void *copy = arena_alloc(arena, count > 0 ? count * size : 1); /* as long as what was allocated: no overflow */

	if (copy != NULL && count > 0)
		memcpy(copy, at, count * size);
	return copy;
}

/* ---- one member ---- */

struct loading {
	const struct change_service *service;
	struct kv_txn *txn;
	struct arena *arena;
	const struct world_question *question;
	struct interval window; /* in which everything is read */
	const int64_t *holidays;
	size_t holiday_count;

	struct member *member;
	struct principal principal; /* whose member it is */
	struct taken *taken;
	size_t taken_count, taken_capacity;
	struct reserved *reserved;
	size_t reserved_count, reserved_capacity;
	uint64_t *mirrors; /* objects of bookings that lie in another calendar of the member */
	size_t mirror_count, mirror_capacity;
	struct occupancy occupancy; /* that is looked at */
	bool is_booked;             /* it is a service's booking, or a hold */
};

static int add_reserved(struct loading *loading, struct reserved reserved)
{
	struct reserved *at = more(loading->arena, loading->reserved, loading->reserved_count, &loading->reserved_capacity,
	    sizeof(*at));

	if (at == NULL)
		return -ENOMEM;
	if (loading->reserved_count == BOOKINGS_OF_ONE_MAX)
		return -E2BIG;
	loading->reserved = at;
	at[loading->reserved_count++] = reserved;
	return 0;
}

/* The seats of the smallest room that counts them; 0: none does. */
static int find_room_seats(const struct loading *loading, const struct booking *booking, int64_t *seats_r)
{
	*seats_r = 0;
	for (size_t i = 0; booking->shared && i < booking->resource_count; i++) {
		struct principal room;
		int ret = store_principal_get(loading->txn, loading->arena, booking->resources[i], &room);

		if (ret < 0 && ret != -ENOENT)
			return ret;
		if (ret == 0 && room.seats > 0 && (*seats_r == 0 || room.seats < *seats_r))
			*seats_r = room.seats;
	}
	return 0;
}

static int see_booking(const struct booking *booking, void *arg)
{
	struct loading *loading = arg;
	struct slice uid = slice_of(arena_copy(loading->arena, booking->uid), booking->uid.len);
	struct reserved reserved = {
		.core = booking->core,
		.guard = booking_guard(booking),
		.service = booking->service, /* borrowed from a copy in the arena, as all of a booking */
		.uid = uid,
		.token = booking->id,
		.seats = booking->seats,
		.expires = booking->status == BOOKING_HELD ? booking->expires : INSTANT_MAX,
		.rooms = booking->resources,
		.room_count = booking->resource_count,
	};
	int ret;

	if (!booking_is_live(booking) || (booking->service.len == 0 && booking->status != BOOKING_HELD))
		return 0;
	loading->is_booked = true;
	if (slice_equal(booking->id, loading->question->own))
		return 0;
	ret = uid.at == NULL ? -ENOMEM : find_room_seats(loading, booking, &reserved.room_seats);
	return ret < 0 ? ret : add_reserved(loading, reserved);
}

static int see_mirror(const struct object *object, void *arg)
{
	struct loading *loading = arg;
	uint64_t *at = more(loading->arena, loading->mirrors, loading->mirror_count, &loading->mirror_capacity, sizeof(*at));

	if (at == NULL)
		return -ENOMEM;
	loading->mirrors = at;
	at[loading->mirror_count++] = object->id;
	return 0;
}

/* A guard is that of bookings, or of a person's own event in his `bookings` calendar. */
static int see_occupancy(const struct occupancy *occupancy, void *arg)
{
	struct loading *loading = arg;
	char *uid = arena_copy(loading->arena, occupancy->uid);
	struct reserved own = {.core = occupancy->guard, .guard = occupancy->guard, .seats = 1, .expires = INSTANT_MAX};
	int ret;

	if (uid == NULL)
		return -ENOMEM;
	own.uid = slice_of(uid, occupancy->uid.len);
	loading->is_booked = false;
	ret = store_object_each_by_owner_uid(loading->txn, loading->principal.id, own.uid, see_mirror, loading);
	if (ret < 0 || slice_equal(own.uid, loading->question->uid))
		return ret;
	ret = store_booking_each_by_uid(loading->txn, loading->arena, own.uid, see_booking, loading);
	return ret < 0 || loading->is_booked ? ret : add_reserved(loading, own);
}

static int add_taken(struct loading *loading, struct interval at, bool tentative)
{
	struct taken *list = more(loading->arena, loading->taken, loading->taken_count, &loading->taken_capacity, sizeof(*list));

	if (list == NULL)
		return -ENOMEM;
	loading->taken = list;
	list[loading->taken_count++] = (struct taken){.at = at, .tentative = tentative};
	return 0;
}

static bool is_mirror(const struct loading *loading, uint64_t object)
{
	for (size_t i = 0; i < loading->mirror_count; i++)
		if (loading->mirrors[i] == object)
			return true;
	return false;
}

/* What lies in a `bookings` calendar has its guard, or was refused; the rest are outside events. */
static int see_busy(const struct busy *busy, void *arg)
{
	struct loading *loading = arg;

	if (busy->flags & BUSY_BOOKING || is_mirror(loading, busy->object))
		return 0;
	return add_taken(loading, busy->at, busy->kind == BUSY_KIND_TENTATIVE);
}

/* Series go on where the index ends. */
static int load_far(struct loading *loading)
{
	struct place place = {.owner = loading->principal};
	struct far far = {.busy = INTERVAL_SET_INIT};
	int ret = far_collect(loading->service, loading->txn, loading->arena, &place, loading->question->uid, loading->window,
	    &far);

	for (size_t i = 0; ret == 0 && i < far.busy.count; i++)
		ret = add_taken(loading, far.busy.at[i], false);
	interval_set_free(&far.busy);
	return ret;
}

static int compare_taken(const void *left, const void *right)
{
	const struct taken *a = left, *b = right;

	return (a->at.start > b->at.start) - (a->at.start < b->at.start);
}

static bool is_sorted(const struct taken *taken, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (taken[i].at.start < taken[i - 1].at.start)
			return false;
	return true;
}

static int compare_reserved(const void *left, const void *right)
{
	const struct reserved *a = left, *b = right;

	return (a->guard.start > b->guard.start) - (a->guard.start < b->guard.start);
}

static int load_times(struct loading *loading)
{
	uint64_t id = loading->principal.id;
	struct member *member = loading->member;
	int ret;

	loading->taken_count = loading->reserved_count = loading->mirror_count = 0;
	ret = store_occupancy_each(loading->txn, id, loading->window, see_occupancy, loading);
	if (ret == 0)
		ret = store_member_busy_each(loading->txn, id, loading->window, see_busy, loading);
	if (ret == 0)
		ret = load_far(loading);
	if (ret < 0)
		return ret;
	if (!is_sorted(loading->taken, loading->taken_count)) /* rows of one length come by time */
		qsort(loading->taken, loading->taken_count, sizeof(*loading->taken), compare_taken);
	if (loading->reserved_count > 1)
		qsort(loading->reserved, loading->reserved_count, sizeof(*loading->reserved), compare_reserved);
	member->taken_count = loading->taken_count;
	member->reserved_count = loading->reserved_count;
	member->taken = copy_list(loading->arena, loading->taken, loading->taken_count, sizeof(*loading->taken));
	member->reserved = copy_list(loading->arena, loading->reserved, loading->reserved_count, sizeof(*loading->reserved));
	return member->taken != NULL && member->reserved != NULL ? 0 : -ENOMEM;
}

int world_hours(const struct change_service *service, struct arena *arena, const struct principal *principal,
    struct hours **hours_r, const struct zone **zone_r)
{
	const struct zone_set *zones = service->zones;
	struct hours *hours = NULL;
	const struct zone *zone = NULL;

	if (principal->hours.len > 0) {
		int ret;

		hours = arena_zalloc(arena, sizeof(*hours));
		ret = hours != NULL ? hours_parse(arena, principal->hours, hours, NULL) : -ENOMEM;
		if (ret < 0 && ret != -EINVAL)
			return ret;
		if (ret == 0)
			hours->zones = zones;
		if (ret == 0 && hours->timezone.len > 0)
			zone = zone_set_find(zones, hours->timezone);
	}
	if (zone == NULL && principal->timezone.len > 0)
		zone = zone_set_find(zones, principal->timezone);
	if (zone == NULL)
		zone = zone_set_find(zones, service->timezone);
	*hours_r = hours;
	*zone_r = zone != NULL ? zone : zone_utc();
	return 0;
}

/* PERSON: holidays of the business close him. */
static int load_member(struct loading *loading, struct member *member, bool person)
{
	struct hours *hours;
	int ret = world_hours(loading->service, loading->arena, &loading->principal, &hours, &member->zone);

	if (ret < 0)
		return ret;
	if (hours != NULL && person) {
		hours->holidays = loading->holidays;
		hours->holiday_count = loading->holiday_count;
	}
	member->name = loading->principal.name;
	member->hours = hours;
	member->pool = loading->principal.pool;
	member->seats = loading->principal.seats;
	loading->member = member;
	return load_times(loading);
}

/* ---- the staff ---- */

static int load_fairness(struct loading *loading, size_t i, struct member *member)
{
	const struct policy *policy = loading->question->policy;
	instant_t since = instant_add(clock_now(loading->service->clock), -WORLD_MADE_SECONDS);

	member->weight = policy->weights[i];
	if (policy->assignment != ASSIGN_ROUND_ROBIN)
		return 0;
	return store_booking_count_made(loading->txn, policy->id, member->name, since, &member->made, &member->last_made);
}

static int load_staff(struct loading *loading, struct world *world)
{
	const struct policy *policy = loading->question->policy;
	int ret = 0;

	world->staff = arena_array(loading->arena, policy->staff_count + 1, sizeof(*world->staff));
	if (world->staff == NULL)
		return -ENOMEM;
	for (; ret == 0 && world->staff_count < policy->staff_count; world->staff_count++) {
		struct member *member = &world->staff[world->staff_count];

		member->zone = zone_utc();
		member->last_made = INSTANT_MIN;
		member->name = policy->staff[world->staff_count];
		ret = store_principal_get(loading->txn, loading->arena, member->name, &loading->principal);
		if (ret == -ENOENT || (ret == 0 && loading->principal.kind != PRINCIPAL_USER)) {
			ret = 0;
			member->gone = true;
			continue;
		}
		if (ret == 0)
			ret = load_member(loading, member, true);
		if (ret == 0)
			ret = load_fairness(loading, world->staff_count, member);
	}
	return ret;
}

/* ---- rooms and equipment ---- */

static bool is_needed(const struct policy *policy, const struct principal *resource)
{
	for (size_t i = 0; i < policy->need_count; i++) {
		const struct policy_need *need = &policy->needs[i];

		if (need->id.len > 0 ? slice_equal(need->id, resource->name) : slice_equal(need->pool, resource->pool))
			return true;
	}
	return false;
}

struct candidates {
	struct arena *arena;
	const struct policy *policy;
	struct slice *names;
	size_t count, capacity;
};

static int see_resource(const struct principal *principal, void *arg)
{
	struct candidates *candidates = arg;
	struct slice *names;

	if (principal->kind != PRINCIPAL_RESOURCE || !is_needed(candidates->policy, principal))
		return 0;
	if (candidates->count == WORLD_RESOURCES_MAX)
		return -E2BIG;
	names = more(candidates->arena, candidates->names, candidates->count, &candidates->capacity, sizeof(*names));
	if (names == NULL)
		return -ENOMEM;
	candidates->names = names;
	names[candidates->count] = slice_of(arena_copy(candidates->arena, principal->name), principal->name.len);
	return names[candidates->count++].at != NULL ? 0 : -ENOMEM;
}

static int load_resources(struct loading *loading, struct world *world)
{
	struct candidates candidates = {.arena = loading->arena, .policy = loading->question->policy};
	int ret = 0;

	if (candidates.policy->need_count == 0)
		return 0;
	ret = store_principal_each(loading->txn, see_resource, &candidates);
	world->resources = ret < 0 ? NULL : arena_array(loading->arena, candidates.count + 1, sizeof(*world->resources));
	if (world->resources == NULL)
		return ret < 0 ? ret : -ENOMEM;
	for (; ret == 0 && world->resource_count < candidates.count; world->resource_count++) {
		ret = store_principal_get(loading->txn, loading->arena, candidates.names[world->resource_count],
		    &loading->principal);
		if (ret == 0)
			ret = load_member(loading, &world->resources[world->resource_count], false);
	}
	return ret;
}

/* ---- all of it ---- */

int world_holidays(struct kv_txn *txn, struct arena *arena, const int64_t **dates_r, size_t *count_r)
{
	struct json_document *document;
	struct json_value root;
	struct slice text;
	int ret = store_meta_get(txn, arena, SLICE("holidays"), &text);

	*dates_r = NULL;
	*count_r = 0;
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	ret = json_read(text, HOURS_BYTES_MAX, &document, NULL);
	if (ret < 0)
		return ret == -ENOMEM ? ret : -EBADMSG;
	root = json_root(document);
	ret = hours_read_holidays(arena, &root, dates_r, count_r, NULL);
	json_free(document);
	return ret == -EINVAL ? -EBADMSG : ret;
}

int world_load(const struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct world_question *question, struct world *world_r)
{
	const struct policy *policy = question->policy;
	int64_t margin = policy->max_per_day > 0 ? MARGIN_DATES : MARGIN_BUFFERS;
	struct loading loading = {
		.service = service,
		.txn = txn,
		.arena = arena,
		.question = question,
		.window = {
			instant_add(question->window.start, -margin - policy->buffer_before),
			instant_add(question->window.end, margin + policy->duration + policy->buffer_after),
		},
	};
	int ret;

	*world_r = (struct world){
		.now = clock_now(service->clock),
		.policy = policy,
		.party = question->party,
	};
	ret = world_holidays(txn, arena, &loading.holidays, &loading.holiday_count);
	if (ret == 0)
		ret = load_staff(&loading, world_r);
	if (ret == 0)
		ret = load_resources(&loading, world_r);
	return ret < 0 ? ret : world_prepare(world_r, question->window);
}
