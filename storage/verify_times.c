/* Whether the indexes of times, the guards of bookings and the jobs agree with one another. */
#include <config.h>

#include <errno.h>

#include "storage/verify_private.h"

/* ---- indexes ---- */

static int check_busy(struct verify *v, uint64_t member, const struct busy *busy, struct buf *value)
{
	struct key key;
	bool good;
	int ret;

	store_busy_value(value, busy);
	store_busy_key(&key, busy);
	v->listed[COUNTED_BUSY]++;
	ret = verify_holds(v, &key, buf_slice(value), &good);
	if (ret == 0 && !good)
		verify_disagree(v, "busy: instance %u of object %llx is not there as listed", busy->instance, ID(busy->object));
	if (ret < 0 || member == 0 || !store_busy_blocks(busy))
		return ret;
	store_member_busy_key(&key, member, busy);
	v->listed[COUNTED_MEMBER_BUSY]++;
	ret = verify_holds(v, &key, buf_slice(value), &good);
	if (ret == 0 && !good)
		verify_disagree(v, "member's busy: instance %u of object %llx is not there as listed", busy->instance,
		    ID(busy->object));
	return ret;
}

int verify_index_row(struct verify *v, struct slice key, struct slice value)
{
	AUTO_BUF struct buf row = BUF_INIT(64);
	struct slice rest = behind_table(key);
	uint64_t collection = 0, object = 0, member;
	struct busy *rows;
	size_t count;
	int ret;

	key_take_u64(&rest, &collection);
	key_take_u64(&rest, &object);
	ret = store_index_decode(value, v->arena, collection, object, &member, &rows, &count);
	if (ret == -EBADMSG)
		return verify_disagree(v, "index: a row that cannot be read");
	if (ret == 0)
		ret = verify_check_object_id(v, "index", collection, object);
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = check_busy(v, member, &rows[i], &row);
	return ret;
}

int verify_series_row(struct verify *v, struct slice key, struct slice value)
{
	struct series series;
	struct key due;
	bool there;
	int ret;

	(void)key;
	if (store_series_decode(value, &series) < 0)
		return verify_disagree(v, "series: a row that cannot be read");
	ret = verify_check_object_id(v, "series", series.collection, series.object);
	if (ret < 0)
		return ret;
	key_begin(&due, TABLE_SERIES_DUE);
	key_add_i64(&due, series.indexed.end);
	key_add_u64(&due, series.collection);
	key_add_u64(&due, series.object);
	v->listed[COUNTED_SERIES_DUE]++;
	ret = verify_exists(v, &due, &there);
	return ret < 0 || there ? ret : verify_disagree(v, "series of object %llx: not in the order of their ends",
					    ID(series.object));
}

/* ---- occupancy ---- */

struct rival {
	struct verify *v;
	const struct occupancy *own;
};

static int rival_row(const struct occupancy *other, void *arg)
{
	struct rival *rival = arg;

	if (slice_equal(other->uid, rival->own->uid))
		return 0;
	return verify_disagree(rival->v, "occupancy of member %llu: %.*s and %.*s overlap at %lld", ID(other->member),
	    NAME(rival->own->uid), NAME(other->uid), (long long)other->guard.start);
}

int verify_occupancy_row(struct verify *v, struct slice key, struct slice value)
{
	struct occupancy occupancy;
	struct rival rival = {v, &occupancy};

	v->found[COUNTED_OCCUPANCY]++;
	if (store_occupancy_decode(key, value, &occupancy) < 0)
		return verify_disagree(v, "occupancy: a row that cannot be read");
	return store_occupancy_each(v->txn, occupancy.member, occupancy.guard, rival_row, &rival);
}

int verify_occupied_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key), hash = slice_from(key, 9);
	struct unpack u = unpack_begin(value, 1);
	uint32_t count = unpack_u32(&u);
	uint64_t member = 0;

	key_take_u64(&rest, &member);
	for (uint32_t i = 0; i < count && !u.bad; i++) {
		struct interval guard = unpack_interval(&u);
		struct key row;
		bool there;
		int ret;

		store_number_key(&row, TABLE_OCCUPANCY, member);
		key_add_u8(&row, store_interval_class(guard));
		key_add_i64(&row, guard.start);
		key_add_bytes(&row, hash);
		key_add_u32(&row, i);
		v->listed[COUNTED_OCCUPANCY]++;
		ret = verify_exists(v, &row, &there);
		if (ret < 0)
			return ret;
		if (!there)
			verify_disagree(v, "occupancy of member %llu: a guard at %lld is missing", ID(member),
			    (long long)guard.start);
	}
	return unpack_end(&u) < 0 ? verify_disagree(v, "occupied: a row that cannot be read") : 0;
}

/* ---- jobs ---- */

int verify_job_row(struct verify *v, struct slice key, struct slice value)
{
	struct job job;
	struct key due;
	bool there;
	int ret;

	(void)key;
	if (job_decode(value, &job) < 0)
		return verify_disagree(v, "job: a row that cannot be read");
	store_job_due_key(&due, &job);
	v->listed[COUNTED_JOB_DUE]++;
	ret = verify_exists(v, &due, &there);
	if (ret == 0 && !there)
		verify_disagree(v, "job %llu: not in the order of what is due", ID(job.id));
	if (ret < 0 || job.key.len == 0 || job.state != JOB_READY)
		return ret;
	if (store_job_key_key(&due, job.kind, job.key) < 0)
		return -ENOMEM;
	ret = verify_exists(v, &due, &there); /* of that job or of a newer one */
	return ret < 0 || there ? ret : verify_disagree(v, "job %llu: not found by its key", ID(job.id));
}

int verify_job_key_row(struct verify *v, struct slice key, struct slice value)
{
	uint64_t id = 0;
	struct key wanted;
	struct job job;
	bool there;
	int ret;

	key_take_u64(&value, &id);
	ret = verify_found(store_job_get(v->txn, v->arena, id, &job), &there);
	if (ret < 0)
		return ret;
	if (!there)
		return verify_disagree(v, "job's key: a row of job %llu, which is not there", ID(id));
	ret = store_job_key_key(&wanted, job.kind, job.key);
	return ret < 0 || slice_equal(key, key_slice(&wanted)) ? ret
	       : verify_disagree(v, "job's key: a row of job %llu, which has another key", ID(id));
}
