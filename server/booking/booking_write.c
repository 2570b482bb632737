/*
 * A booking's new state, with everything that follows from it, inside one update: the record, the guards, the calendar
 * objects, the audit log, the word to the people.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/log.h"
#include "server/booking/audit.h"
#include "server/booking/booking_private.h"

#define AUDIT_TEXT_MAX 262144

/* ---- bookings of one UID ---- */

struct listing {
	struct arena *arena;
	struct booking_list list;
	size_t capacity;
};

static int see_booking(const struct booking *booking, void *arg)
{
	struct listing *listing = arg;

	if (listing->list.count == BOOKING_OF_UID_MAX)
		return -E2BIG;
	if (listing->list.count == listing->capacity) {
		size_t capacity = listing->capacity > 0 ? 2 * listing->capacity : 4;
		struct booking *grown = arena_array(listing->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (listing->list.count > 0)
			memcpy(grown, listing->list.at, listing->list.count * sizeof(*grown));
		listing->list.at = grown;
		listing->capacity = capacity;
	}
	listing->list.at[listing->list.count++] = *booking; /* its texts are of the arena already */
	return 0;
}

int booking_list_of_uid(struct kv_txn *txn, struct arena *arena, struct slice uid, struct booking_list *list_r)
{
	struct listing listing = {.arena = arena};
	int ret = store_booking_each_by_uid(txn, arena, uid, see_booking, &listing);

	*list_r = listing.list;
	return ret;
}

/* ---- who is in it ---- */

const struct slice *booking_members(struct arena *arena, const struct booking *booking, size_t *count_r)
{
	size_t count = booking->staff_count + booking->resource_count;
	struct slice *members = arena_array(arena, count + 1, sizeof(*members));

	if (members == NULL)
		return NULL;
	for (size_t i = 0; i < booking->staff_count; i++)
		members[i] = booking->staff[i];
	for (size_t i = 0; i < booking->resource_count; i++)
		members[booking->staff_count + i] = booking->resources[i];
	*count_r = count;
	return members;
}

static bool is_among(struct slice name, const struct slice *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(names[i], name))
			return true;
	return false;
}

struct writing {
	struct change_service *service;
	struct kv_txn *txn;
	struct arena *arena;
	const struct booking *before; /* NULL: a new one */
	struct booking *after;
	const struct policy *policy;
	const struct booking_cause *cause;
	const struct slice *members; /* of both states, each once */
	size_t member_count;
};

static int collect_members(struct writing *w)
{
	size_t after_count, before_count = 0;
	const struct slice *after = booking_members(w->arena, w->after, &after_count), *before = NULL;
	struct slice *all;

	if (w->before != NULL)
		before = booking_members(w->arena, w->before, &before_count);
	all = arena_array(w->arena, after_count + before_count + 1, sizeof(*all));
	if (after == NULL || all == NULL || (w->before != NULL && before == NULL))
		return -ENOMEM;
	for (size_t i = 0; i < after_count; i++)
		if (!is_among(after[i], all, w->member_count))
			all[w->member_count++] = after[i];
	for (size_t i = 0; i < before_count; i++)
		if (!is_among(before[i], all, w->member_count))
			all[w->member_count++] = before[i];
	w->members = all;
	return 0;
}

/* ---- expired holds in the way (R16) ---- */

#define EVICTED_MAX 64 /* holds under one booking: at the shortest length there are not as many */

struct eviction {
	struct change_service *service;
	struct kv_txn *txn;
	struct arena *arena;
	struct slice request;
	struct slice spared; /* UID */
	struct booking at[EVICTED_MAX];
	size_t count;
};

static int see_hold(const struct booking *booking, void *arg)
{
	struct eviction *eviction = arg;

	if (booking->status != BOOKING_HELD || booking->expires > clock_now(eviction->service->clock))
		return 0;
	for (size_t i = 0; i < eviction->count; i++)
		if (eviction->at[i].number == booking->number)
			return 0;
	if (eviction->count < EVICTED_MAX)
		eviction->at[eviction->count++] = *booking;
	return 0;
}

static int see_guard(const struct occupancy *occupancy, void *arg)
{
	struct eviction *eviction = arg;
	struct slice uid = slice_of(arena_copy(eviction->arena, occupancy->uid), occupancy->uid.len);

	if (uid.at == NULL)
		return -ENOMEM;
	if (slice_equal(uid, eviction->spared))
		return 0;
	return store_booking_each_by_uid(eviction->txn, eviction->arena, uid, see_hold, eviction);
}

/* Ends one hold; the rules do not ask about the service, so its policy is not read. */
static int end_hold(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct booking *hold,
    struct slice request)
{
	const struct change_origin engine = {.kind = ORIGIN_ENGINE, .request = request};
	const struct booking_cause cause = {.origin = &engine, .action = "expire"};
	struct booking ended = *hold;
	struct policy none = {0};

	ended.status = BOOKING_CANCELLED;
	ended.reason = SLICE("expired");
	ended.version++;
	return booking_write(service, txn, arena, hold, &ended, &none, &cause);
}

static int end_holds(struct eviction *eviction)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < eviction->count; i++)
		ret = end_hold(eviction->service, eviction->txn, eviction->arena, &eviction->at[i], eviction->request);
	return ret;
}

int booking_evict(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t member,
    struct interval window, struct slice request)
{
	struct eviction *eviction = arena_zalloc(arena, sizeof(*eviction));
	int ret;

	if (eviction == NULL)
		return -ENOMEM;
	eviction->service = service;
	eviction->txn = txn;
	eviction->arena = arena;
	eviction->request = request;
	ret = store_occupancy_each(txn, member, window, see_guard, eviction);
	return ret < 0 ? ret : end_holds(eviction);
}

static int evict(struct writing *w)
{
	struct eviction *eviction = arena_zalloc(w->arena, sizeof(*eviction));
	int ret = 0;

	if (eviction == NULL)
		return -ENOMEM;
	eviction->service = w->service;
	eviction->txn = w->txn;
	eviction->arena = w->arena;
	eviction->request = w->cause->origin->request;
	eviction->spared = w->after->uid;
	for (size_t i = 0; ret == 0 && i < w->member_count && booking_is_live(w->after); i++) {
		struct principal principal;

		ret = store_principal_get(w->txn, w->arena, w->members[i], &principal);
		if (ret == 0)
			ret = store_occupancy_each(w->txn, principal.id, booking_guard(w->after), see_guard, eviction);
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret < 0 ? ret : end_holds(eviction);
}

/* ---- guards ---- */

/* In two rounds, so that a booking which moves between rooms or hours is never in its own way. */
static int clear_guards(struct writing *w, struct slice uid)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < w->member_count; i++) {
		struct principal principal;

		ret = store_principal_get(w->txn, w->arena, w->members[i], &principal);
		if (ret == 0)
			ret = store_occupancy_clear(w->txn, principal.id, uid);
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

static int put_guards(struct writing *w, struct slice uid)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < w->member_count; i++) {
		struct principal principal;
		struct interval guard;
		bool is_booking;
		size_t count;

		ret = booking_guards_of(w->txn, w->arena, uid, w->members[i], &is_booking, &guard, &count);
		if (ret == 0)
			ret = store_principal_get(w->txn, w->arena, w->members[i], &principal);
		if (ret == 0 && count > 0)
			ret = store_occupancy_put(w->txn, principal.id, uid, &guard, count, NULL);
		if (ret == -ENOENT)
			ret = 0;
	}
	if (ret == -EBUSY)
		log_event(LOG_ERROR_LEVEL, "booking", NULL, "the occupancy table refused what the check had passed", "booking=%.*s",
		    SLICE_ARG(w->after->id));
	return ret;
}

/* ---- objects ---- */

static int sync_objects(struct writing *w, struct slice uid)
{
	struct booking_list list;
	struct objects_sync sync = {
		.service = w->service,
		.txn = w->txn,
		.arena = w->arena,
		.uid = uid,
		.bookings = &list,
		.policy = w->policy,
		.members = w->members,
		.member_count = w->member_count,
		.before = w->before,
		.copy = w->cause->copy,
		.request = w->cause->origin->request,
	};
	int ret = booking_list_of_uid(w->txn, w->arena, uid, &list);

	return ret < 0 ? ret : booking_objects_sync(&sync);
}

/* A hold that comes, ends or goes on has no object, before or after. */
static bool concerns_objects(const struct writing *w)
{
	bool had = w->before != NULL && w->before->status != BOOKING_HELD && w->before->status != BOOKING_CANCELLED;
	bool has = w->after->status != BOOKING_HELD && w->after->status != BOOKING_CANCELLED;

	return had || has;
}

/* ---- who hears of it ---- */

static void add_state(struct buf *b, const struct booking *booking, const struct zone *zone)
{
	json_open_object(b, NULL);
	booking_json_members(b, booking, zone);
	json_close_object(b);
}

int booking_audit(struct change_service *service, struct kv_txn *txn, const struct booking *before,
    const struct booking *after, const struct policy *policy, const struct change_origin *origin, const char *action)
{
	AUTO_BUF struct buf was = BUF_INIT(AUDIT_TEXT_MAX), is = BUF_INIT(AUDIT_TEXT_MAX);
	const struct policy none = {0};
	const struct zone *zone = booking_zone(service, policy != NULL ? policy : &none);

	if (before != NULL)
		add_state(&was, before, zone);
	add_state(&is, after, zone);
	if (was.err < 0 || is.err < 0)
		return was.err < 0 ? was.err : is.err;
	return audit_change(txn, clock_now(service->clock), origin, "booking", after->id, action, buf_slice(&was), buf_slice(&is));
}

/* "made", "moved", "cancelled": what the customer and the people in it are told; NULL: nothing that they would see. */
static const char *news_of(const struct writing *w)
{
	bool was = w->before != NULL && w->before->status == BOOKING_CONFIRMED;

	if (w->after->service.len == 0)
		return NULL;
	if (w->after->status == BOOKING_CONFIRMED)
		return !was ? "made" : w->before->core.start != w->after->core.start || w->before->core.end != w->after->core.end
		           ? "moved" : "changed";
	return was && w->after->status == BOOKING_CANCELLED ? "cancelled" : NULL;
}

/* One job a booking: the newest word replaces one that waits. It is struck out only if it told the present version. */
static int tell(const struct writing *w)
{
	AUTO_BUF struct buf payload = BUF_INIT(4096);
	const char *news = news_of(w);
	instant_t now = clock_now(w->service->clock);
	struct job job = {
		.due = instant_add(now, w->cause->tell_after),
		.created = now,
		.kind = SLICE("booking_notice"),
		.key = w->after->id,
		.request = w->cause->origin->request,
	};

	if (news == NULL)
		return 0;
	json_open_object(&payload, NULL);
	json_add_text(&payload, "booking", w->after->id);
	json_add_text(&payload, "news", slice_str(news));
	json_add_integer(&payload, "version", (int64_t)w->after->version);
	json_close_object(&payload);
	if (payload.err < 0)
		return payload.err;
	job.payload = buf_slice(&payload);
	return store_job_put(w->txn, &job);
}

int booking_write(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct booking *before,
    struct booking *after, const struct policy *policy, const struct booking_cause *cause)
{
	struct writing w = {service, txn, arena, before, after, policy, cause, NULL, 0};
	bool renamed = before != NULL && !slice_equal(before->uid, after->uid);
	int ret = collect_members(&w);

	after->updated = clock_now(service->clock);
	if (ret == 0)
		ret = evict(&w);
	if (ret == 0)
		ret = store_booking_put(txn, arena, after);
	if (ret == 0)
		ret = clear_guards(&w, after->uid);
	if (ret == 0 && renamed)
		ret = clear_guards(&w, before->uid);
	if (ret == 0)
		ret = put_guards(&w, after->uid);
	if (ret == 0 && renamed)
		ret = put_guards(&w, before->uid);
	if (ret == 0 && concerns_objects(&w))
		ret = sync_objects(&w, after->uid);
	if (ret == 0 && renamed && concerns_objects(&w))
		ret = sync_objects(&w, before->uid);
	if (ret == 0)
		ret = booking_audit(service, txn, before, after, policy, cause->origin, cause->action);
	return ret < 0 ? ret : tell(&w);
}

/* ---- the sweep ---- */

struct sweep {
	struct change_service *service;
	struct arena *arena;
	struct booking at[BOOKING_SWEEP_BATCH];
	int count;
};

static int see_expired(const struct booking *booking, void *arg)
{
	struct sweep *sweep = arg;

	sweep->at[sweep->count++] = *booking;
	return 0;
}

/* Looks in the writer: a hold that was confirmed or made longer meanwhile is not among them. */
static int sweep_in(struct kv_txn *txn, void *arg)
{
	struct sweep *sweep = arg;
	int ret;

	arena_reset(sweep->arena);
	sweep->count = 0;
	ret = store_booking_each_expired(txn, sweep->arena, clock_now(sweep->service->clock), BOOKING_SWEEP_BATCH, see_expired,
	    sweep);
	for (int i = 0; ret == 0 && i < sweep->count; i++)
		ret = end_hold(sweep->service, txn, sweep->arena, &sweep->at[i], SLICE_EMPTY);
	return ret;
}

static int any_expired(struct kv_txn *txn, void *arg)
{
	struct sweep *sweep = arg;

	sweep->count = 0;
	return store_booking_each_expired(txn, sweep->arena, clock_now(sweep->service->clock), 1, see_expired, sweep);
}

int booking_sweep_holds(struct change_service *service)
{
	struct arena *arena = arena_new(64u << 20);
	struct sweep *sweep = arena != NULL ? calloc(1, sizeof(*sweep)) : NULL;
	int ret = -ENOMEM, count = 0;

	if (sweep != NULL) {
		*sweep = (struct sweep){.service = service, .arena = arena};
		ret = kv_view(store_kv(service->store), any_expired, sweep);
	}
	while (ret == 0 && sweep->count > 0) {
		ret = kv_update_wait(store_kv(service->store), sweep_in, sweep);
		count += ret == 0 ? sweep->count : 0;
		if (sweep->count < BOOKING_SWEEP_BATCH)
			break;
	}
	free(sweep);
	arena_free(arena);
	return ret < 0 ? ret : count;
}
