/*
 * The update of a write: compares with what it was prepared from, checks conditions, UID and the promise, and writes
 * object, rows and jobs. Everything that decides is read here, from what earlier updates of the same batch wrote.
 */
#include <config.h>

#include <errno.h>

#include "protocol/base/log.h"
#include "protocol/http/precondition.h"
#include "server/booking/booking_private.h"
#include "server/booking/scheduling.h"

int result_refuse(struct change_result *result, int status, enum dav_condition condition, const char *sentence)
{
	*result = (struct change_result){.outcome = CHANGE_REFUSED};
	return error_set(&result->error, status, condition, "%s", sentence);
}

int origin_guard(const struct change_origin *origin, struct kv_txn *txn, struct change_result *result)
{
	struct error err = ERROR_NONE;
	int ret = origin->guard != NULL ? origin->guard(txn, origin->guard_arg, &err) : 0;

	if (ret == -EINVAL)
		*result = (struct change_result){.outcome = CHANGE_REFUSED, .error = err};
	return ret;
}

/* ---- conditions (RFC 9110, 13) ---- */

bool condition_holds(const struct change_condition *condition, const struct object *old)
{
	char etag[RECORD_ETAG_SIZE] = "";

	if (old != NULL)
		object_etag(old, etag);
	if (condition->if_match_any && old == NULL)
		return false;
	if (condition->if_match_count > 0 &&
	    (old == NULL || !http_etag_in(slice_str(etag), condition->if_match, condition->if_match_count)))
		return false;
	if (condition->schedule_tag.len > 0) {
		char tag[RECORD_ETAG_SIZE] = "";

		if (old != NULL)
			object_schedule_tag(old, tag);
		if (!slice_is(condition->schedule_tag, tag))
			return false;
	}
	if (condition->has_unmodified_since && !condition->if_match_any && condition->if_match_count == 0 && old != NULL &&
	    old->modified > condition->unmodified_since)
		return false;
	if (condition->if_none_match_any && old != NULL)
		return false;
	return condition->if_none_match_count == 0 || old == NULL ||
	       !http_etag_in(slice_str(etag), condition->if_none_match, condition->if_none_match_count);
}

/* ---- the update's view ---- */

struct commit {
	struct kv_txn *txn;
	struct write *write;
	struct object old_object;
	struct object *old; /* NULL: there is none */
	bool replaced;      /* it has another UID and goes before a COPY or MOVE */
	struct interval *held; /* what the old object blocks, by start */
	size_t held_count;
};

static int refuse(struct commit *commit, int status, enum dav_condition condition, const char *sentence)
{
	return result_refuse(&commit->write->result, status, condition, sentence);
}

static bool is_move(const struct write *write)
{
	return write->transfer != NULL && write->transfer->move;
}

/* What OBJECT blocks is held already: an event that was put over it since does not undo it. */
static int read_held(struct commit *commit, const struct object *object)
{
	struct write *write = commit->write;
	uint64_t member;
	struct busy *rows;
	size_t count;
	int ret = store_index_get(commit->txn, write->arena, object->collection, object->id, &member, &rows, &count);

	return ret < 0 ? ret : rows_blocking(write->arena, rows, count, &commit->held, &commit->held_count);
}

static int read_old(struct commit *commit)
{
	struct write *write = commit->write;
	uint64_t collection = write->place.collection.id;
	int ret = store_object_get(commit->txn, write->arena, collection, write->request->name, &commit->old_object);

	if (ret == -ENOENT) /* a new name in the same calendar changes no time */
		return is_move(write) && write->source.collection == collection ? read_held(commit, &write->source) : 0;
	if (ret < 0)
		return ret;
	commit->old = &commit->old_object;
	return read_held(commit, commit->old);
}

/* -ESTALE when the snapshot showed something else that the preparation rests on. */
static int compare_with_snapshot(struct commit *commit)
{
	struct write *write = commit->write;
	uint64_t refused = commit->old != NULL && commit->old->flags & OBJECT_REFUSED ? commit->old->id : 0;
	int ret;

	if (refused != write->refused_copy)
		return -ESTALE;
	if (!write->has_far)
		return 0;
	ret = far_is_same(commit->txn, write->arena, &write->place, calendar_object_uid(write->object), write->hull,
	    &write->far);
	return ret < 0 ? ret : ret == 0 ? -ESTALE : 0;
}

static int read_present(struct commit *commit)
{
	struct write *write = commit->write;
	struct place place;
	int ret = place_get(write->service, commit->txn, write->arena, write->request->home, write->request->collection,
	    &place);

	if (ret == -ENOENT)
		return refuse(commit, 409, CONDITION_NONE, "There is no such calendar.");
	if (ret < 0)
		return ret;
	if (!place_is_same(&place, &write->place) || write->zones != write->service->zones)
		return -ESTALE;
	write->place = place; /* handling and the like are the present ones */
	ret = read_old(commit);
	return ret < 0 ? ret : compare_with_snapshot(commit);
}

/* ---- conditions, UID ---- */

static void tell_etag(struct commit *commit)
{
	struct change_result *result = &commit->write->result;

	if (commit->old == NULL)
		return;
	object_etag(commit->old, result->etag);
	object_schedule_tag(commit->old, result->schedule_tag);
}

static int check_uid(struct commit *commit)
{
	struct write *write = commit->write;
	struct slice uid = calendar_object_uid(write->object);
	struct object other;
	int ret;

	commit->replaced = write->transfer != NULL && !write->booking && commit->old != NULL &&
	                   !slice_equal(commit->old->uid, uid); /* Overwrite: T deletes first (RFC 4918, 9.8.4) */
	if (commit->old != NULL && !commit->replaced && !slice_equal(commit->old->uid, uid)) {
		ret = refuse(commit, 403, CALDAV_NO_UID_CONFLICT, "An object keeps its UID.");
		write->result.conflicting_name = write->request->name;
		return ret;
	}
	ret = store_object_get_by_uid(commit->txn, write->arena, write->place.collection.id, uid, &other);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (slice_equal(other.name, write->request->name) || (is_move(write) && other.id == write->source.id))
		return 0;
	ret = refuse(commit, 403, CALDAV_NO_UID_CONFLICT, "Another object of this calendar has that UID.");
	write->result.conflicting_name = other.name;
	return ret;
}

/* ---- what it means for others ---- */

/* An object that moves within a home is what it was, elsewhere. */
static int read_former(struct commit *commit, struct slice *text_r)
{
	struct write *write = commit->write;
	struct slice body;
	char *copy;
	int ret;

	*text_r = SLICE_EMPTY;
	if (is_move(write) && write->source_place.owner.id == write->place.owner.id) {
		*text_r = write->request->body;
		return 0;
	}
	if (commit->old == NULL || commit->replaced)
		return 0;
	ret = store_body_get(commit->txn, commit->old->id, &body);
	copy = ret == 0 ? arena_copy(write->arena, body) : NULL;
	if (ret < 0 || copy == NULL)
		return ret < 0 ? ret : -ENOMEM;
	*text_r = slice_of(copy, body.len);
	return 0;
}

/* RFC 6638, 3.2.4.1: a scheduling object is in one calendar of its owner. */
static int check_unique(struct commit *commit)
{
	struct write *write = commit->write;
	const struct schedule_party *owner = &write->scheduling->owner;
	int ret;

	if (!owner->has_copy || (commit->old != NULL && owner->object.id == commit->old->id) ||
	    (is_move(write) && owner->object.id == write->source.id))
		return 0;
	ret = refuse(commit, 403, CALDAV_UNIQUE_SCHEDULING_OBJECT_RESOURCE, "It is in another calendar of this home already.");
	write->result.conflicting_name = owner->object.name;
	write->result.conflicting_collection = owner->place.collection.name;
	return ret;
}

/* People's own writes alone: what an operator brings in, or a provider, was spoken of elsewhere. */
static int plan_scheduling(struct commit *commit)
{
	struct write *write = commit->write;
	struct scheduling *s;
	struct slice former;
	int ret;

	write->scheduling = NULL;
	if (write->request->origin.kind != ORIGIN_USER || write->stays_refused)
		return 0;
	s = scheduling_new(write->service, commit->txn, write->arena, &write->place, calendar_object_uid(write->object),
	    write->request->origin.request);
	if (s == NULL)
		return -ENOMEM;
	ret = read_former(commit, &former);
	if (ret == 0)
		ret = scheduling_plan(s, former, write->text, false, &write->result);
	if (ret < 0 || s->role == SCHEDULE_NOBODY)
		return ret;
	write->scheduling = s;
	if (write->request->unscheduled && scheduling_speaks(s))
		return refuse(commit, 403, DAV_NEED_PRIVILEGES, "You may not send invitations and answers for the owner.");
	ret = check_unique(commit);
	return ret == 0 && s->rewritten ? write_replace_text(write, s->text) : ret;
}

/* 1 when the very bytes are there already. */
static int is_unchanged(struct commit *commit)
{
	const struct write *write = commit->write;
	struct slice body;
	int ret;

	if (is_move(write) || commit->old == NULL || commit->old->size != write->request->body.len)
		return 0;
	ret = store_body_get(commit->txn, commit->old->id, &body);
	return ret < 0 ? ret : slice_equal(body, write->request->body);
}

/* ---- the promise ---- */

#define OWN_OBJECTS_MAX 16 /* calendars of one person that hold one UID at a time */

struct check {
	uint64_t own[OWN_OBJECTS_MAX];
	size_t own_count;
	struct interval at; /* the instance that is looked at */
	struct slice uid;
	struct verdict *verdict;
};

static int see_own(const struct object *object, void *arg)
{
	struct check *check = arg;

	if (check->own_count < OWN_OBJECTS_MAX)
		check->own[check->own_count++] = object->id;
	return 0;
}

static int see_busy(const struct busy *busy, void *arg)
{
	struct check *check = arg;

	for (size_t i = 0; i < check->own_count; i++) {
		if (check->own[i] == busy->object)
			return 0;
	}
	if (conflict_between(check->at, busy->at))
		conflicts_add(&check->verdict->conflicts, busy->at);
	return 0;
}

static int see_occupancy(const struct occupancy *occupancy, void *arg)
{
	struct check *check = arg;

	if (!slice_equal(occupancy->uid, check->uid))
		conflicts_add(&check->verdict->conflicts, occupancy->guard);
	return 0;
}

static int check_far(const struct commit *commit, struct check *check)
{
	const struct interval_set *far = &commit->write->far.busy;

	for (size_t i = 0; commit->write->has_far && i < far->count; i++) {
		if (conflict_between(check->at, far->at[i]))
			conflicts_add(&check->verdict->conflicts, far->at[i]);
	}
	return 0;
}

/* A booking's instances that were not its own before: against everything that blocks the member. */
static int check_claimed(struct commit *commit, struct check *check, const struct interval *claimed, size_t count)
{
	uint64_t member = commit->write->place.owner.id;
	int ret = store_object_each_by_owner_uid(commit->txn, member, check->uid, see_own, check);

	for (size_t i = 0; ret == 0 && i < count; i++) {
		check->at = claimed[i];
		ret = store_member_busy_each(commit->txn, member, claimed[i], see_busy, check);
		if (ret == 0)
			ret = check_far(commit, check);
	}
	return ret;
}

/* All instances, against the guards of other bookings. */
static int check_occupancy(struct commit *commit, struct check *check, const struct interval *at, size_t count)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = store_occupancy_each(commit->txn, commit->write->place.owner.id, at[i], see_occupancy, check);
	return ret;
}

static int claimed_of(const struct commit *commit, struct interval **claimed_r, size_t *count_r)
{
	const struct write *write = commit->write;
	AUTO_INTERVAL_SET struct interval_set held = INTERVAL_SET_INIT;
	struct interval *claimed = arena_array(write->arena, write->guard_count + 1, sizeof(*claimed));
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < commit->held_count; i++)
		ret = interval_set_add(&held, commit->held[i]);
	if (ret < 0 || claimed == NULL)
		return ret < 0 ? ret : -ENOMEM;
	*count_r = conflict_newly_claimed(write->guards, write->guard_count, &held, claimed);
	*claimed_r = claimed;
	return 0;
}

enum on_overlap on_overlap_of(const struct change_service *service, const struct collection *collection)
{
	if (collection->on_overlap != ON_OVERLAP_DEFAULT)
		return collection->on_overlap;
	return (enum on_overlap)atomic_load(&service->on_overlap);
}

static int check_promise(struct commit *commit, struct verdict *verdict)
{
	struct write *write = commit->write;
	struct check check = {.uid = calendar_object_uid(write->object), .verdict = verdict};
	struct interval *claimed;
	size_t count;
	int ret;

	if (write->guard_count == 0 || place_member(&write->place) == 0)
		return 0;
	if (!write->booking && on_overlap_of(write->service, &write->place.collection) != ON_OVERLAP_REFUSE)
		return 0;
	ret = claimed_of(commit, &claimed, &count);
	if (ret < 0)
		return ret;
	if (write->booking) {
		conflict_within(write->guards, write->guard_count, &verdict->conflicts);
		ret = check_claimed(commit, &check, claimed, count);
		if (ret == 0)
			ret = check_occupancy(commit, &check, write->guards, write->guard_count);
	} else {
		ret = check_occupancy(commit, &check, claimed, count);
	}
	verdict->refuse = verdict->conflicts.count > 0;
	return ret;
}

/* ---- writing ---- */

static uint32_t flags_of(const struct write *write)
{
	uint32_t flags = 0;

	if (write->rows.recurring)
		flags |= OBJECT_RECURRING;
	if (write->rows.endless)
		flags |= OBJECT_ENDLESS;
	if (write->stays_refused)
		flags |= OBJECT_REFUSED;
	return flags;
}

/* A booking put again within a minute of its deletion was a move: nobody hears of a cancellation. */
static int forget_cancellation(struct commit *commit, struct slice uid)
{
	struct job job;
	int ret = store_job_get_by_key(commit->txn, commit->write->arena, SLICE("booking_cancelled"), uid, &job);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (job.state != JOB_READY || job.due <= clock_now(commit->write->service->clock))
		return 0;
	return store_job_delete(commit->txn, job.id);
}

static int write_jobs(struct commit *commit, const struct object *object)
{
	struct write *write = commit->write;
	int ret = 0;

	if (write->booking)
		ret = forget_cancellation(commit, object->uid);
	if (ret == 0 && !write->stays_refused)
		ret = refusal_forget(commit->txn, write->arena, object->collection, object->name);
	if (ret == 0 && place_member(&write->place) != 0 && write->place.collection.kind != COLLECTION_BOOKINGS)
		ret = alerts_raise_event(write->service, commit->txn, write->arena, &write->place, object->uid, write->guards,
		    write->guard_count, write->request->origin.request);
	return ret < 0 ? ret
	               : alerts_review(write->service, commit->txn, write->arena, write->place.owner.id, object->uid,
	                     write->request->origin.request);
}

static int store_it(struct commit *commit)
{
	struct write *write = commit->write;
	struct object object = {
		.collection = write->place.collection.id,
		.name = write->request->name,
		.uid = calendar_object_uid(write->object),
		.component = calendar_object_component(write->object),
		.flags = flags_of(write),
		.span = write->rows.span,
		.schedule_tag = write->scheduling != NULL ? OBJECT_SCHEDULE_TAG_NEW : 0,
	};
	int ret = 0;

	if (write->transfer != NULL)
		ret = transfer_clear(commit->txn, write, commit->replaced ? commit->old : NULL);
	if (ret == 0 && commit->old != NULL && !commit->replaced)
		ret = store_index_clear(commit->txn, commit->old->collection, commit->old->id);
	if (ret == 0)
		ret = store_object_put(commit->txn, write->place.owner.id, &object, write->text,
		    clock_now(write->service->clock));
	if (ret == 0 && write->transfer != NULL)
		ret = transfer_properties(commit->txn, write, object.id);
	if (ret == 0)
		ret = rows_put(commit->txn, write->arena, &write->place, &object, &write->rows);
	if (ret == 0)
		ret = write_jobs(commit, &object);
	if (ret == 0 && write->place.collection.kind == COLLECTION_BOOKINGS && write->guard_count > 0)
		ret = own_event_record(write->service, commit->txn, write->arena, &write->place, object.uid, write->guards[0],
		    &write->request->origin);
	if (ret == 0 && write->scheduling != NULL)
		ret = scheduling_carry_out(write->scheduling);
	if (ret < 0)
		return ret;
	object_schedule_tag(&object, write->result.schedule_tag);
	write->result.outcome = commit->old != NULL ? CHANGE_UPDATED : CHANGE_CREATED;
	write->result.created = commit->old == NULL;
	write->result.rewritten = write->rewritten;
	object_etag(&object, write->result.etag);
	return 0;
}

/* What the write takes away before it adds its own. */
static uint64_t freed_by(const struct commit *commit)
{
	const struct write *write = commit->write;
	uint64_t freed = commit->old != NULL ? commit->old->size : 0;

	if (write->transfer != NULL && write->transfer->move && write->source_place.owner.id == write->place.owner.id)
		freed += write->source.size;
	return freed;
}

/* RFC 4331, 6. What makes less of it is allowed above the quota too; what a provider or the engine knows is so anyway. */
static int check_quota(struct commit *commit)
{
	const struct write *write = commit->write;
	uint64_t limit = atomic_load(&write->service->max_home_size), freed = freed_by(commit);
	enum change_origin_kind origin = write->request->origin.kind;
	struct usage usage;
	int ret;

	if (limit == 0 || write->text.len <= freed || origin == ORIGIN_CONNECTION || origin == ORIGIN_ENGINE)
		return 0;
	ret = store_usage_get(commit->txn, write->place.owner.id, &usage);
	if (ret < 0 || usage.bytes + write->text.len - freed <= limit)
		return ret;
	return refuse(commit, 507, DAV_QUOTA_NOT_EXCEEDED, "There is no room left in this calendar home.");
}

static int decide(struct commit *commit)
{
	struct write *write = commit->write;
	struct verdict verdict = {.refuse = false};
	struct claim claim;
	int ret = read_present(commit);

	if (ret < 0)
		return ret;
	if (!condition_holds(&write->request->condition, commit->old)) {
		ret = refuse(commit, 412, CONDITION_NONE, "It is not what you have seen: read it again.");
		tell_etag(commit);
		return ret;
	}
	ret = check_uid(commit);
	if (ret == 0)
		ret = is_unchanged(commit);
	if (ret > 0) {
		write->result.outcome = CHANGE_UNCHANGED;
		tell_etag(commit);
		return write->transfer != NULL ? transfer_properties(commit->txn, write, commit->old->id) : 0;
	}
	if (ret == 0)
		ret = check_quota(commit);
	if (ret == 0 && !write->stays_refused)
		ret = claim_find(write, commit->txn, &claim);
	if (ret > 0)
		return claim_commit(write, commit->txn, commit->replaced ? NULL : commit->old, &claim);
	if (ret == 0)
		ret = plan_scheduling(commit);
	if (ret == 0 && write->booking && write->guard_count > 0)
		ret = booking_evict(write->service, commit->txn, write->arena, write->place.owner.id, write->hull,
		    write->request->origin.request);
	if (ret == 0)
		ret = check_promise(commit, &verdict);
	if (ret < 0)
		return ret;
	return verdict.refuse ? refusal_apply(write, commit->txn, commit->old, &verdict) : store_it(commit);
}

int write_commit(struct kv_txn *txn, void *arg)
{
	struct write *write = arg;
	struct commit commit = {.txn = txn, .write = write};
	int ret = 0;

	write->result = (struct change_result){0};
	ret = origin_guard(&write->request->origin, txn, &write->result);
	if (ret == 0 && (write->in_writer || write->replanned))
		ret = write_prepare(write, txn);
	if (ret == 0 && write->transfer != NULL)
		ret = transfer_check(txn, write);
	if (ret == 0)
		ret = decide(&commit);
	if (ret == -EBUSY)
		log_event(LOG_ERROR_LEVEL, "booking", NULL, "the occupancy table refused what the check had passed",
		    "collection=%llu", (unsigned long long)write->place.collection.id);
	/* A refusal wrote nothing; that it is one stands in the result. */
	return ret == -EINVAL && write->result.outcome == CHANGE_REFUSED ? 0 : ret;
}
