/*
 * The cancelled copy of a refused item goes by itself after a week: a job is due then.
 */
#include <config.h>

#include <errno.h>

#include "server/booking/change_private.h"

#define SWEEP_KIND SLICE("refused_sweep")

int refusal_schedule_sweep(struct kv_txn *txn, struct arena *arena, const struct object *object)
{
	struct job job = {
		.due = object->created + CHANGE_REFUSED_KEPT,
		.created = object->created,
		.kind = SWEEP_KIND,
		.key = object_job_key(arena, object->collection, object->name),
		.payload = SLICE("{}"),
	};

	return store_job_put(txn, &job);
}

int refusal_forget(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice name)
{
	struct job job;
	int ret = store_job_get_by_key(txn, arena, SWEEP_KIND, object_job_key(arena, collection, name), &job);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	return store_job_delete(txn, job.id);
}

int object_of_job(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct job *job,
    struct place *place_r, struct object *object_r)
{
	struct slice name = job->key, number;
	uint64_t collection;
	int ret;

	if (!slice_next(&name, '/', &number) || slice_to_u64(number, UINT64_MAX, &collection) < 0)
		return -EBADMSG;
	ret = place_get_by_id(service, txn, arena, collection, place_r);
	return ret < 0 ? ret : store_object_get(txn, arena, collection, name, object_r);
}

int change_run_sweep(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct job *job,
    instant_t now)
{
	struct object object;
	struct place place;
	int ret = object_of_job(service, txn, arena, job, &place, &object);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (!(object.flags & OBJECT_REFUSED) || object.created + CHANGE_REFUSED_KEPT > now)
		return 0;
	ret = object_remove(service, txn, arena, &place, &object, &(struct removal_cause){.request = SLICE_EMPTY});
	return ret < 0 ? ret : 1;
}
