/*
 * The cancelled copy of a refused item goes by itself after a week: a job is due then.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

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

#define SWEEP_IN_ONE 200 /* copies that one update removes */

struct sweep {
	struct change_service *service;
	struct arena *arena;
	instant_t now;
	struct slice keys[SWEEP_IN_ONE];
	uint64_t jobs[SWEEP_IN_ONE];
	size_t count;
	bool more;
	int removed;
};

static int see_sweep(const struct job *job, void *arg)
{
	struct sweep *sweep = arg;

	if (!slice_equal(job->kind, SWEEP_KIND))
		return 0;
	if (sweep->count == SWEEP_IN_ONE) {
		sweep->more = true;
		return 1;
	}
	sweep->jobs[sweep->count] = job->id;
	sweep->keys[sweep->count] = slice_of(arena_copy(sweep->arena, job->key), job->key.len);
	return sweep->keys[sweep->count++].at != NULL ? 0 : -ENOMEM;
}

static int sweep_one(struct sweep *sweep, struct kv_txn *txn, struct slice key)
{
	struct slice name = key, number;
	struct object object;
	struct place place;
	uint64_t collection;
	int ret;

	if (!slice_next(&name, '/', &number) || slice_to_u64(number, UINT64_MAX, &collection) < 0)
		return -EBADMSG;
	ret = place_get_by_id(sweep->service, txn, sweep->arena, collection, &place);
	if (ret == 0)
		ret = store_object_get(txn, sweep->arena, collection, name, &object);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (!(object.flags & OBJECT_REFUSED) || object.created + CHANGE_REFUSED_KEPT > sweep->now)
		return 0;
	sweep->removed++;
	return object_remove(sweep->service, txn, sweep->arena, &place, &object, &(struct removal_cause){.request = SLICE_EMPTY});
}

static int run_sweep(struct kv_txn *txn, void *arg)
{
	struct sweep *sweep = arg;
	int ret;

	sweep->count = 0;
	sweep->removed = 0;
	sweep->more = false;
	ret = store_job_each_due(txn, sweep->now, 0, see_sweep, sweep);
	for (size_t i = 0; ret >= 0 && i < sweep->count; i++) {
		ret = store_job_delete(txn, sweep->jobs[i]);
		if (ret == 0)
			ret = sweep_one(sweep, txn, sweep->keys[i]);
	}
	return ret < 0 ? ret : 0;
}

int change_sweep_refused(struct change_service *service)
{
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	int ret = 0, total = 0;

	if (sweep == NULL)
		return -ENOMEM;
	sweep->service = service;
	sweep->now = clock_now(service->clock);
	do {
		sweep->arena = arena_new(64u << 20);
		ret = sweep->arena == NULL ? -ENOMEM : kv_update_wait(store_kv(service->store), run_sweep, sweep);
		arena_free(sweep->arena);
		total += ret == 0 ? sweep->removed : 0;
	} while (ret == 0 && sweep->more);
	free(sweep);
	return ret < 0 ? ret : total;
}
