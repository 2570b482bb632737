#include <config.h>

#include <errno.h>

#include "protocol/json/json.h"
#include "server/booking/booking_private.h"
#include "server/booking/scheduling.h"

/* ---- one object, and what follows from it ---- */

static int tell_cancellation(struct change_service *service, struct kv_txn *txn, const struct place *place,
    const struct object *object, const struct removal_cause *cause)
{
	AUTO_BUF struct buf payload = BUF_INIT(16384);
	instant_t now = clock_now(service->clock);
	struct job job = {
		.due = now + cause->tell_after,
		.created = now,
		.kind = SLICE("booking_cancelled"),
		.key = object->uid,
		.request = cause->request,
	};

	json_open_object(&payload, NULL);
	json_add_text(&payload, "principal", place->owner.name);
	json_add_text(&payload, "collection", place->collection.name);
	json_add_text(&payload, "name", object->name);
	json_add_text(&payload, "uid", object->uid);
	json_close_object(&payload);
	if (payload.err < 0)
		return payload.err;
	job.payload = buf_slice(&payload);
	return store_job_put(txn, &job);
}

static int forget_locks(struct kv_txn *txn, struct arena *arena, const struct place *place, const struct object *object)
{
	char *path = arena_printf(arena, "%.*s/%.*s", SLICE_ARG(place->collection.name), SLICE_ARG(object->name));

	return path != NULL ? store_lock_forget(txn, arena, place->owner.id, slice_str(path), false) : -ENOMEM;
}

int object_remove(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    const struct object *object, const struct removal_cause *cause)
{
	bool bookings = place->collection.kind == COLLECTION_BOOKINGS;
	struct interval *held;
	struct busy *rows;
	size_t count, held_count = 0;
	uint64_t member;
	int ret = 0;

	if (!cause->moved && cause->origin != NULL) {
		ret = claim_remove(service, txn, arena, place, object, cause->origin);
		if (ret != 0)
			return ret < 0 ? ret : 0;
	}
	ret = store_index_get(txn, arena, object->collection, object->id, &member, &rows, &count);
	if (ret == 0)
		ret = rows_blocking(arena, rows, count, &held, &held_count);
	if (ret == 0)
		ret = store_index_clear(txn, object->collection, object->id);
	if (ret == 0 && bookings)
		ret = store_occupancy_clear(txn, place->owner.id, object->uid);
	if (ret == 0)
		ret = store_object_delete(txn, place->owner.id, object, clock_now(service->clock));
	if (ret == 0)
		ret = forget_locks(txn, arena, place, object);
	if (ret == 0)
		ret = refusal_forget(txn, arena, object->collection, object->name);
	if (ret < 0 || held_count == 0 || cause->renamed)
		return ret;
	ret = alerts_review(service, txn, arena, place->owner.id, object->uid, cause->request);
	return ret < 0 || !bookings || cause->moved ? ret : tell_cancellation(service, txn, place, object, cause);
}

/* ---- DELETE ---- */

struct removal {
	struct change_service *service;
	struct arena *arena;
	const struct change_delete *request;
	change_done_fn *done;
	void *arg;
	struct change_result result;
};

static int removal_decide(struct removal *removal, struct kv_txn *txn)
{
	const struct change_delete *request = removal->request;
	struct object old;
	struct place place;
	int ret = place_get(removal->service, txn, removal->arena, request->home, request->collection, &place);

	if (ret == 0)
		ret = store_object_get(txn, removal->arena, place.collection.id, request->name, &old);
	if (ret == -ENOENT)
		return result_refuse(&removal->result, 404, CONDITION_NONE, "There is no such object.");
	if (ret < 0)
		return ret;
	if (!condition_holds(&request->condition, &old)) {
		ret = result_refuse(&removal->result, 412, CONDITION_NONE, "It is not what you have seen: read it again.");
		object_etag(&old, removal->result.etag);
		object_schedule_tag(&old, removal->result.schedule_tag);
		return ret;
	}
	ret = scheduling_remove(removal->service, txn, removal->arena, &place, &old,
	    &(struct removal_cause){.request = request->origin.request, .tell_after = CANCELLATION_SECONDS, .origin = &request->origin},
	    request->silent, request->unscheduled ? &removal->result : NULL);
	if (ret == 0)
		removal->result.outcome = CHANGE_DELETED;
	return ret;
}

static int removal_commit(struct kv_txn *txn, void *arg)
{
	struct removal *removal = arg;
	int ret;

	removal->result = (struct change_result){0};
	ret = origin_guard(&removal->request->origin, txn, &removal->result);
	if (ret == 0)
		ret = removal_decide(removal, txn);
	return ret == -EINVAL && removal->result.outcome == CHANGE_REFUSED ? 0 : ret;
}

static void removal_done(int ret, void *arg)
{
	struct removal *removal = arg;

	if (ret < 0)
		removal->result = (struct change_result){.outcome = CHANGE_FAILED, .ret = ret};
	removal->done(&removal->result, removal->arg);
}

void change_delete(struct change_service *service, struct arena *arena, const struct change_delete *request,
    change_done_fn *done, void *arg)
{
	struct removal *removal = arena_zalloc(arena, sizeof(*removal));

	if (removal == NULL) {
		struct change_result result = {.outcome = CHANGE_FAILED, .ret = -ENOMEM};

		done(&result, arg);
		return;
	}
	removal->service = service;
	removal->arena = arena;
	removal->request = request;
	removal->done = done;
	removal->arg = arg;
	kv_update(store_kv(service->store), removal_commit, removal_done, removal);
}
