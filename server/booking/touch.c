/*
 * A refused write leaves the object as it was under a new ETag, so that the app that has seen the present one reads it
 * again. An app that never gives in may not change the calendar without end: so many a minute, and one more when the
 * minute is over, never none. The count lives in the job that is due at the minute's end.
 */
#include <config.h>

#include <errno.h>

#include "protocol/json/json.h"
#include "server/booking/change_private.h"

#define TOUCH_KIND       SLICE("touch")
#define TOUCH_PAYLOAD    4096
#define TOUCHES_IN_ONE   200 /* due ones that one update works on */

struct touch {
	uint64_t collection;
	uint64_t object; /* id: a real change since then gave a new ETag already */
	instant_t since; /* the minute's beginning */
	int64_t count;
	bool pending;
};

static int touch_read(struct slice payload, struct touch *touch_r)
{
	AUTO_JSON struct json_document *document = NULL;
	struct json_value root;
	int64_t collection, object;
	int ret = json_read(payload, TOUCH_PAYLOAD, &document, NULL);

	if (ret < 0)
		return ret == -ENOMEM ? ret : -EBADMSG;
	root = json_root(document);
	if (json_get_integer(&root, "collection", JSON_REQUIRED, 0, INT64_MAX, &collection, NULL) < 0 ||
	    json_get_integer(&root, "object", JSON_REQUIRED, 0, INT64_MAX, &object, NULL) < 0 ||
	    json_get_integer(&root, "since", JSON_REQUIRED, INSTANT_MIN, INSTANT_MAX, &touch_r->since, NULL) < 0 ||
	    json_get_integer(&root, "count", JSON_REQUIRED, 0, INT64_MAX, &touch_r->count, NULL) < 0 ||
	    json_get_boolean(&root, "pending", JSON_REQUIRED, &touch_r->pending, NULL) < 0)
		return -EBADMSG;
	touch_r->collection = (uint64_t)collection;
	touch_r->object = (uint64_t)object;
	return 0;
}

static int touch_write(struct kv_txn *txn, const struct touch *touch, struct slice key)
{
	AUTO_BUF struct buf payload = BUF_INIT(TOUCH_PAYLOAD);
	struct job job = {
		.due = touch->since + MINUTE_SECONDS,
		.created = touch->since,
		.kind = TOUCH_KIND,
		.key = key,
	};

	json_open_object(&payload, NULL);
	json_add_integer(&payload, "collection", (int64_t)touch->collection);
	json_add_integer(&payload, "object", (int64_t)touch->object);
	json_add_integer(&payload, "since", touch->since);
	json_add_integer(&payload, "count", touch->count);
	json_add_boolean(&payload, "pending", touch->pending);
	json_close_object(&payload);
	if (payload.err < 0)
		return payload.err;
	job.payload = buf_slice(&payload);
	return store_job_put(txn, &job);
}

int touch_take(struct kv_txn *txn, struct arena *arena, const struct object *object, instant_t now, bool *allowed_r,
    instant_t *due_r)
{
	struct slice key = object_job_key(arena, object->collection, object->name);
	struct touch touch;
	struct job job;
	int ret = store_job_get_by_key(txn, arena, TOUCH_KIND, key, &job);

	if (ret == 0)
		ret = touch_read(job.payload, &touch);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	if (ret == -ENOENT || now >= touch.since + MINUTE_SECONDS || now < touch.since)
		touch = (struct touch){.since = now};
	touch.collection = object->collection;
	touch.object = object->id;
	*allowed_r = touch.count < TOUCHES_PER_MINUTE;
	if (*allowed_r)
		touch.count++;
	else
		touch.pending = true;
	*due_r = touch.since + MINUTE_SECONDS;
	return touch_write(txn, &touch, key);
}

/* ---- the timer ---- */

struct due_touch {
	uint64_t job;
	struct slice key;
	struct touch touch;
};

struct due {
	struct change_service *service;
	struct arena *arena;
	instant_t now;
	struct due_touch at[TOUCHES_IN_ONE];
	size_t count;
	bool more;
	instant_t next; /* the soonest that is not yet due */
	int touched;
};

static int see_job(const struct job *job, void *arg)
{
	struct due *due = arg;
	struct due_touch *one = &due->at[due->count];

	if (!slice_equal(job->kind, TOUCH_KIND) || job->state != JOB_READY)
		return 0;
	if (job->due > due->now) {
		due->next = job->due;
		return 1; /* they come by due time */
	}
	if (due->count == TOUCHES_IN_ONE) {
		due->more = true;
		return 1;
	}
	one->job = job->id;
	one->key = slice_of(arena_copy(due->arena, job->key), job->key.len);
	if (one->key.at == NULL)
		return -ENOMEM;
	due->count++;
	return touch_read(job->payload, &one->touch);
}

/* One touch that was put off; the minute that begins with it counts it. */
static int touch_late(struct due *due, struct kv_txn *txn, struct due_touch *one)
{
	struct touch *touch = &one->touch;
	struct collection collection;
	struct object object;
	int ret = store_object_get_by_id(txn, due->arena, touch->collection, touch->object, &object);

	if (ret == 0)
		ret = store_collection_get_by_id(txn, due->arena, touch->collection, &collection);
	if (ret == -ENOENT)
		return 0;
	if (ret == 0)
		ret = store_object_touch(txn, collection.owner, &object, due->now);
	if (ret < 0)
		return ret;
	due->touched++;
	touch->since = due->now;
	touch->count = 1;
	touch->pending = false;
	if (due->now + MINUTE_SECONDS < due->next)
		due->next = due->now + MINUTE_SECONDS;
	return touch_write(txn, touch, one->key);
}

static int run_due(struct kv_txn *txn, void *arg)
{
	struct due *due = arg;
	int ret;

	due->count = 0;
	due->touched = 0;
	due->more = false;
	due->next = INSTANT_MAX;
	ret = store_job_each(txn, see_job, due);
	for (size_t i = 0; ret >= 0 && i < due->count; i++) {
		ret = store_job_delete(txn, due->at[i].job);
		if (ret == 0 && due->at[i].touch.pending)
			ret = touch_late(due, txn, &due->at[i]);
	}
	return ret < 0 ? ret : 0;
}

static int run_some(struct change_service *service, struct due *due)
{
	int ret;

	due->service = service;
	due->now = clock_now(service->clock);
	due->arena = arena_new(16u << 20);
	if (due->arena == NULL)
		return -ENOMEM;
	/* Until it is known better: what is put off meanwhile lowers it again. */
	atomic_store(&service->next_touch, INSTANT_MAX);
	ret = kv_update_wait(store_kv(service->store), run_due, due);
	arena_free(due->arena);
	if (ret < 0)
		atomic_store(&service->next_touch, INSTANT_MIN);
	else
		change_note_touch(service, due->next);
	return ret;
}

int change_run_due_touches(struct change_service *service)
{
	struct due *due;
	int total = 0, ret = 0;

	if (atomic_load(&service->next_touch) > clock_now(service->clock))
		return 0;
	due = calloc(1, sizeof(*due));
	if (due == NULL)
		return -ENOMEM;
	do {
		ret = run_some(service, due);
		total += ret == 0 ? due->touched : 0;
	} while (ret == 0 && due->more);
	free(due);
	return ret < 0 ? ret : total;
}
