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

int touch_take(struct kv_txn *txn, struct arena *arena, const struct object *object, instant_t now, bool *allowed_r)
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
	return touch_write(txn, &touch, key);
}

/* One touch that was put off; the minute that begins with it counts it. */
int change_run_touch(struct kv_txn *txn, struct arena *arena, const struct job *job, instant_t now)
{
	struct collection collection;
	struct object object;
	struct touch touch;
	int ret = touch_read(job->payload, &touch);

	if (ret < 0 || !touch.pending)
		return ret;
	ret = store_object_get_by_id(txn, arena, touch.collection, touch.object, &object);
	if (ret == 0)
		ret = store_collection_get_by_id(txn, arena, touch.collection, &collection);
	if (ret == 0)
		ret = store_object_touch(txn, collection.owner, &object, now);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	touch.since = now;
	touch.count = 1;
	touch.pending = false;
	ret = touch_write(txn, &touch, job->key);
	return ret < 0 ? ret : 1;
}
