#include <config.h>

#include "storage/verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "protocol/base/ascii.h"
#include "storage/store_private.h"

#define SENTENCE_MAX    256
#define VERIFY_ROWS_MAX (256u << 20) /* bytes of one object's index rows, decoded */
#define OBJECT_ID_SHIFT 36           /* an object's id begins with its collection: store_object.c */

/* Tables of which each row belongs to exactly one listed elsewhere: counted on both sides. */
enum counted {
	COUNTED_BUSY,
	COUNTED_MEMBER_BUSY,
	COUNTED_OCCUPANCY,
	COUNTED_SERIES_DUE,
	COUNTED_JOB_DUE,
	COUNTED_FILE_BODY,
	COUNTED_TABLES
};

struct verify {
	struct kv_txn *txn;
	struct arena *arena; /* reset for every row */
	store_verify_fn *fn;
	void *arg;
	struct store_verify_counts counts;
	uint64_t listed[COUNTED_TABLES], found[COUNTED_TABLES];
};

static int disagree(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Reports; 0, so that the walk goes on. */
static int disagree(struct verify *v, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	v->counts.disagreements++;
	v->fn(sentence, v->arg);
	return 0;
}

#define NAME(s) (int)((s).len < 80 ? (s).len : 80), (s).at
#define ID(n)   ((unsigned long long)(n))

/* Whether the row of KEY holds exactly VALUE. */
static int holds(struct verify *v, const struct key *key, struct slice value, bool *holds_r)
{
	struct slice stored;
	int ret = kv_get(v->txn, key_slice(key), &stored);

	*holds_r = ret == 0 && slice_equal(stored, value);
	return ret == -ENOENT ? 0 : ret;
}

static int exists(struct verify *v, const struct key *key, bool *exists_r)
{
	struct slice stored;
	int ret = kv_get(v->txn, key_slice(key), &stored);

	*exists_r = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

/* What is missing, or cannot be read and is reported in its own table, becomes *FOUND_R == false. */
static int found(int ret, bool *found_r)
{
	*found_r = ret == 0;
	return ret == -ENOENT || ret == -EBADMSG ? 0 : ret;
}

static struct slice behind_table(struct slice key)
{
	return slice_from(key, 1);
}

/* ---- principals ---- */

static void email_key(struct key *key, struct slice email, struct arena *arena)
{
	char *lower = arena_copy(arena, email);

	key_begin(key, TABLE_PRINCIPAL_EMAIL);
	for (size_t i = 0; lower != NULL && i < email.len; i++)
		lower[i] = ascii_lower(lower[i]);
	key_add_hash(key, slice_of(lower, lower != NULL ? email.len : 0));
}

static int principal_row(struct verify *v, struct slice key, struct slice value)
{
	struct principal p;
	struct key other;
	bool good;
	int ret;

	(void)key;
	v->counts.principals++;
	if (principal_decode(value, &p) < 0)
		return disagree(v, "principal: a row that cannot be read");
	store_number_key(&other, TABLE_PRINCIPAL_ID, p.id);
	ret = holds(v, &other, p.name, &good);
	if (ret == 0 && !good)
		disagree(v, "principal %.*s: not found by its id", NAME(p.name));
	if (ret < 0 || p.email.len == 0)
		return ret;
	email_key(&other, p.email, v->arena);
	ret = holds(v, &other, p.name, &good);
	return ret < 0 || good ? ret : disagree(v, "principal %.*s: not found by its address", NAME(p.name));
}

static int principal_id_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct principal p;
	uint64_t id;
	bool there;
	int ret = found(store_principal_get(v->txn, v->arena, value, &p), &there);

	if (ret < 0 || (there && key_take_u64(&rest, &id) && p.id == id))
		return ret;
	return disagree(v, "principal id: a row of %.*s, which is not that principal", NAME(value));
}

static int principal_email_row(struct verify *v, struct slice key, struct slice value)
{
	struct principal p;
	struct key own;
	bool there;
	int ret = found(store_principal_get(v->txn, v->arena, value, &p), &there);

	if (ret < 0)
		return ret;
	if (there)
		email_key(&own, p.email, v->arena);
	if (there && slice_equal(key_slice(&own), key))
		return 0;
	return disagree(v, "address: a row of %.*s, who has another", NAME(value));
}

/* ---- collections ---- */

static int collection_row(struct verify *v, struct slice key, struct slice value)
{
	struct principal owner;
	struct collection c;
	struct key id;
	bool good;
	int ret;

	v->counts.collections++;
	if (collection_decode(value, &c) < 0)
		return disagree(v, "collection: a row that cannot be read");
	store_number_key(&id, TABLE_COLLECTION_ID, c.id);
	ret = holds(v, &id, key, &good);
	if (ret == 0 && !good)
		disagree(v, "collection %.*s/%.*s: not found by its id", NAME(c.home), NAME(c.name));
	if (ret == 0)
		ret = found(store_principal_get_by_id(v->txn, v->arena, c.owner, &owner), &good);
	if (ret == 0 && (!good || !slice_equal(owner.name, c.home)))
		disagree(v, "collection %.*s/%.*s: not its owner's home", NAME(c.home), NAME(c.name));
	return ret;
}

/* A row whose key begins with the id of a collection. */
static int check_collection(struct verify *v, const char *table, uint64_t id, struct collection *collection_r,
    bool *there_r)
{
	int ret = found(store_collection_get_by_id(v->txn, v->arena, id, collection_r), there_r);

	if (ret == 0 && !*there_r)
		disagree(v, "%s: a row of collection %llu, which is not there", table, ID(id));
	return ret;
}

static int collection_id_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct collection c;
	uint64_t id = 0;
	bool there;
	int ret;

	(void)value;
	key_take_u64(&rest, &id);
	ret = check_collection(v, "collection id", id, &c, &there);
	return ret < 0 || !there || c.id == id ? ret : disagree(v, "collection id: %llu is another's", ID(id));
}

static int counter_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct collection c;
	uint64_t id = 0;
	bool there;

	(void)value;
	key_take_u64(&rest, &id);
	return check_collection(v, "counter", id, &c, &there);
}

static int property_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct principal principal;
	struct collection collection;
	uint8_t owner = 0;
	uint64_t id = 0;
	bool there;
	int ret;

	(void)value;
	key_take_u8(&rest, &owner);
	key_take_u64(&rest, &id);
	if (owner == PROPERTY_OF_FILE)
		return 0; /* files are not found by their id alone */
	if (owner == PROPERTY_OF_COLLECTION)
		return check_collection(v, "property", id, &collection, &there);
	if (owner == PROPERTY_OF_SHAREE) {
		ret = check_collection(v, "sharee's property", id >> 32, &collection, &there);
		if (ret < 0)
			return ret;
		id &= UINT32_MAX;
	}
	ret = found(store_principal_get_by_id(v->txn, v->arena, id, &principal), &there);
	return ret < 0 || there ? ret : disagree(v, "property: a row of principal %llu, who is not there", ID(id));
}

/* ---- objects ---- */

static int check_body(struct verify *v, const struct object *o)
{
	struct slice body;
	bool there;
	int ret = found(store_body_get(v->txn, o->id, &body), &there);

	if (ret < 0)
		return ret;
	if (!there)
		return disagree(v, "object %.*s: no body", NAME(o->name));
	if (body.len != o->size || key_digest(body) != o->digest)
		return disagree(v, "object %.*s: not the body that was written", NAME(o->name));
	return 0;
}

static int check_change(struct verify *v, const struct object *o)
{
	struct slice value;
	struct change change;
	struct key key;
	bool there;
	int ret;

	store_two_key(&key, TABLE_CHANGE, o->collection, o->change);
	ret = found(kv_get(v->txn, key_slice(&key), &value), &there);
	if (ret < 0)
		return ret;
	if (!there || store_change_decode(key_slice(&key), value, &change) < 0 || change.op != CHANGE_PUT ||
	    !slice_equal(change.name, o->name))
		return disagree(v, "object %.*s: no change row %llu", NAME(o->name), ID(o->change));
	return 0;
}

static int check_ids(struct verify *v, const struct object *o, uint64_t owner)
{
	struct key key;
	bool good;
	int ret;

	store_two_key(&key, TABLE_OBJECT_ID, o->collection, o->id);
	ret = holds(v, &key, o->name, &good);
	if (ret == 0 && !good)
		disagree(v, "object %.*s: not found by its id", NAME(o->name));
	store_hash_key(&key, TABLE_UID, o->collection, o->uid);
	if (ret == 0)
		ret = holds(v, &key, o->name, &good);
	if (ret == 0 && !good)
		disagree(v, "object %.*s: not found by its UID", NAME(o->name));
	store_hash_key(&key, TABLE_OWNER_UID, owner, o->uid);
	key_add_u64(&key, o->collection);
	if (ret == 0)
		ret = holds(v, &key, o->name, &good);
	if (ret == 0 && !good)
		disagree(v, "object %.*s: not found by owner and UID", NAME(o->name));
	return ret;
}

static int object_row(struct verify *v, struct slice key, struct slice value)
{
	struct collection collection;
	struct object o;
	struct key own;
	bool there;
	int ret;

	v->counts.objects++;
	if (object_decode(value, &o) < 0)
		return disagree(v, "object: a row that cannot be read");
	store_number_key(&own, TABLE_OBJECT, o.collection);
	key_add_text(&own, o.name);
	if (!slice_equal(key_slice(&own), key))
		disagree(v, "object %.*s: under another name", NAME(o.name));
	ret = check_collection(v, "object", o.collection, &collection, &there);
	if (ret == 0 && there)
		ret = check_ids(v, &o, collection.owner);
	if (ret == 0)
		ret = check_body(v, &o);
	return ret < 0 ? ret : check_change(v, &o);
}

/* A row of COLLECTION that names an object by id. */
static int check_object_id(struct verify *v, const char *table, uint64_t collection, uint64_t id)
{
	struct object o;
	bool there;
	int ret = found(store_object_get_by_id(v->txn, v->arena, collection, id, &o), &there);

	if (ret < 0 || (there && o.id == id))
		return ret;
	return disagree(v, "%s: a row of object %llx, which is not there", table, ID(id));
}

static int object_id_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	uint64_t collection = 0, id = 0;

	(void)value;
	key_take_u64(&rest, &collection);
	key_take_u64(&rest, &id);
	return check_object_id(v, "object id", collection, id);
}

static int body_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	uint64_t id = 0;

	(void)value;
	key_take_u64(&rest, &id);
	return check_object_id(v, "body", id >> OBJECT_ID_SHIFT, id);
}

/* COLLECTION's object NAME must have the UID whose hash ends what is in KEY before the last SUFFIX bytes. */
static int check_uid_row(struct verify *v, struct slice key, size_t hash_at, uint64_t collection, struct slice name)
{
	struct object o;
	struct key own;
	bool there;
	int ret = found(store_object_get(v->txn, v->arena, collection, name, &o), &there);

	if (ret < 0)
		return ret;
	key_begin(&own, 0);
	if (there)
		key_add_hash(&own, o.uid);
	if (there && slice_starts(slice_from(key, hash_at), slice_from(key_slice(&own), 1)))
		return 0;
	return disagree(v, "UID: a row of %.*s, which has another", NAME(name));
}

static int uid_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	uint64_t collection = 0;

	key_take_u64(&rest, &collection);
	return check_uid_row(v, key, 9, collection, value);
}

static int owner_uid_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = slice_from(key, key.len < 8 ? 0 : key.len - 8), begin = behind_table(key);
	struct collection c;
	uint64_t collection = 0, owner = 0;
	bool there;
	int ret;

	key_take_u64(&begin, &owner);
	key_take_u64(&rest, &collection);
	ret = check_collection(v, "owner's UID", collection, &c, &there);
	if (ret < 0 || !there)
		return ret;
	if (c.owner != owner)
		disagree(v, "owner's UID: a row of %.*s under another owner", NAME(value));
	return check_uid_row(v, key, 9, collection, value);
}

/* ---- changes ---- */

static int change_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct change change;
	struct object o;
	uint64_t collection = 0, last = 0;
	bool there;
	int ret;

	key_take_u64(&rest, &collection);
	if (store_change_decode(key, value, &change) < 0)
		return disagree(v, "change: a row that cannot be read");
	ret = store_collection_change(v->txn, collection, &last);
	if (ret < 0)
		return ret;
	if (change.number > last)
		disagree(v, "change %llu of %.*s: above the counter", ID(change.number), NAME(change.name));
	ret = found(store_object_get(v->txn, v->arena, collection, change.name, &o), &there);
	if (ret < 0)
		return ret;
	if (change.op == CHANGE_DELETE)
		return there ? disagree(v, "change %llu of %.*s: a tombstone of what is there", ID(change.number),
				   NAME(change.name))
			     : 0;
	if (!there || o.change != change.number)
		return disagree(v, "change %llu of %.*s: not its last", ID(change.number), NAME(change.name));
	return 0;
}

static int tombstone_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key), row;
	uint64_t collection = 0, number = 0;
	struct change change;
	struct key other;
	bool there;
	int ret;

	key_take_u64(&rest, &collection);
	key_take_u64(&value, &number);
	store_two_key(&other, TABLE_CHANGE, collection, number);
	ret = found(kv_get(v->txn, key_slice(&other), &row), &there);
	if (ret < 0)
		return ret;
	if (!there || store_change_decode(key_slice(&other), row, &change) < 0 || change.op != CHANGE_DELETE)
		return disagree(v, "tombstone: no change row %llu of collection %llu", ID(number), ID(collection));
	return 0;
}

/* ---- indexes ---- */

static int check_busy(struct verify *v, uint64_t member, const struct busy *busy, struct buf *value)
{
	struct key key;
	bool good;
	int ret;

	store_busy_value(value, busy);
	store_busy_key(&key, busy);
	v->listed[COUNTED_BUSY]++;
	ret = holds(v, &key, buf_slice(value), &good);
	if (ret == 0 && !good)
		disagree(v, "busy: instance %u of object %llx is not there as listed", busy->instance, ID(busy->object));
	if (ret < 0 || member == 0 || !store_busy_blocks(busy))
		return ret;
	store_member_busy_key(&key, member, busy);
	v->listed[COUNTED_MEMBER_BUSY]++;
	ret = holds(v, &key, buf_slice(value), &good);
	if (ret == 0 && !good)
		disagree(v, "member's busy: instance %u of object %llx is not there as listed", busy->instance,
		    ID(busy->object));
	return ret;
}

static int index_row(struct verify *v, struct slice key, struct slice value)
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
		return disagree(v, "index: a row that cannot be read");
	if (ret == 0)
		ret = check_object_id(v, "index", collection, object);
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = check_busy(v, member, &rows[i], &row);
	return ret;
}

static int series_row(struct verify *v, struct slice key, struct slice value)
{
	struct series series;
	struct key due;
	bool there;
	int ret;

	(void)key;
	if (store_series_decode(value, &series) < 0)
		return disagree(v, "series: a row that cannot be read");
	ret = check_object_id(v, "series", series.collection, series.object);
	if (ret < 0)
		return ret;
	key_begin(&due, TABLE_SERIES_DUE);
	key_add_i64(&due, series.indexed.end);
	key_add_u64(&due, series.collection);
	key_add_u64(&due, series.object);
	v->listed[COUNTED_SERIES_DUE]++;
	ret = exists(v, &due, &there);
	return ret < 0 || there ? ret : disagree(v, "series of object %llx: not in the order of their ends",
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
	return disagree(rival->v, "occupancy of member %llu: %.*s and %.*s overlap at %lld", ID(other->member),
	    NAME(rival->own->uid), NAME(other->uid), (long long)other->guard.start);
}

static int occupancy_row(struct verify *v, struct slice key, struct slice value)
{
	struct occupancy occupancy;
	struct rival rival = {v, &occupancy};

	v->found[COUNTED_OCCUPANCY]++;
	if (store_occupancy_decode(key, value, &occupancy) < 0)
		return disagree(v, "occupancy: a row that cannot be read");
	return store_occupancy_each(v->txn, occupancy.member, occupancy.guard, rival_row, &rival);
}

static int occupied_row(struct verify *v, struct slice key, struct slice value)
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
		ret = exists(v, &row, &there);
		if (ret < 0)
			return ret;
		if (!there)
			disagree(v, "occupancy of member %llu: a guard at %lld is missing", ID(member),
			    (long long)guard.start);
	}
	return unpack_end(&u) < 0 ? disagree(v, "occupied: a row that cannot be read") : 0;
}

/* ---- jobs ---- */

static int job_row(struct verify *v, struct slice key, struct slice value)
{
	struct job job;
	struct key due;
	bool there;
	int ret;

	(void)key;
	if (job_decode(value, &job) < 0)
		return disagree(v, "job: a row that cannot be read");
	key_begin(&due, TABLE_JOB_DUE);
	key_add_i64(&due, job.due);
	key_add_u64(&due, job.id);
	v->listed[COUNTED_JOB_DUE]++;
	ret = exists(v, &due, &there);
	return ret < 0 || there ? ret : disagree(v, "job %llu: not in the order of what is due", ID(job.id));
}

static int job_key_row(struct verify *v, struct slice key, struct slice value)
{
	uint64_t id = 0;
	struct key job;
	bool there;
	int ret;

	(void)key;
	key_take_u64(&value, &id);
	store_number_key(&job, TABLE_JOB, id);
	ret = exists(v, &job, &there);
	return ret < 0 || there ? ret : disagree(v, "job's key: a row of job %llu, which is not there", ID(id));
}

/* ---- all tables ---- */

static int busy_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_BUSY]++;
	return 0;
}

static int member_busy_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_MEMBER_BUSY]++;
	return 0;
}

static int series_due_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_SERIES_DUE]++;
	return 0;
}

static int job_due_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_JOB_DUE]++;
	return 0;
}

static int access_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_access_check(v->txn, v->arena, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : disagree(v, "access: a row of table %c: %s", key.at[0], wrong);
}

static int feed_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_feed_check(v->txn, v->arena, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : disagree(v, "feeds: a row of table %c: %s", key.at[0], wrong);
}

static int usage_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_usage_check(v->txn, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : disagree(v, "usage: %s", wrong);
}

static int file_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	struct file file;
	int ret = store_file_check(v->txn, v->arena, key, value, &wrong);

	if (file_decode(value, &file) == 0 && !file.folder)
		v->listed[COUNTED_FILE_BODY]++;
	return ret < 0 || wrong == NULL ? ret : disagree(v, "file: %s", wrong);
}

static int file_body_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_FILE_BODY]++;
	return 0;
}

static int lock_row(struct verify *v, struct slice key, struct slice value)
{
	struct principal principal;
	struct lock lock;
	bool there;
	int ret;

	if (store_lock_decode(key, value, &lock) < 0)
		return disagree(v, "lock: a row that cannot be read");
	ret = found(store_principal_get_by_id(v->txn, v->arena, lock.owner, &principal), &there);
	return ret < 0 || there ? ret : disagree(v, "lock: a row of principal %llu, who is not there", ID(lock.owner));
}

/* A home's numbers, of somebody who is there. */
static int home_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct principal principal;
	uint64_t id = 0;
	bool there;
	int ret;

	(void)value;
	key_take_u64(&rest, &id);
	ret = found(store_principal_get_by_id(v->txn, v->arena, id, &principal), &there);
	return ret < 0 || there ? ret : disagree(v, "home: a row of principal %llu, who is not there", ID(id));
}

static int any_row(struct verify *v, struct slice key, struct slice value)
{
	(void)v;
	(void)key;
	(void)value;
	return 0;
}

typedef int row_fn(struct verify *v, struct slice key, struct slice value);

static row_fn *const row_of[UINT8_MAX + 1] = {
    [TABLE_META] = any_row,
    [TABLE_PRINCIPAL] = principal_row,
    [TABLE_PRINCIPAL_ID] = principal_id_row,
    [TABLE_PRINCIPAL_EMAIL] = principal_email_row,
    [TABLE_COLLECTION] = collection_row,
    [TABLE_COLLECTION_ID] = collection_id_row,
    [TABLE_COUNTER] = counter_row,
    [TABLE_HOME] = home_row,
    [TABLE_HOME_GONE] = home_row,
    [TABLE_PROPERTY] = property_row,
    [TABLE_OBJECT] = object_row,
    [TABLE_OBJECT_ID] = object_id_row,
    [TABLE_BODY] = body_row,
    [TABLE_UID] = uid_row,
    [TABLE_OWNER_UID] = owner_uid_row,
    [TABLE_CHANGE] = change_row,
    [TABLE_TOMBSTONE] = tombstone_row,
    [TABLE_INDEX] = index_row,
    [TABLE_BUSY] = busy_row,
    [TABLE_MEMBER_BUSY] = member_busy_row,
    [TABLE_OCCUPANCY] = occupancy_row,
    [TABLE_OCCUPIED] = occupied_row,
    [TABLE_SERIES] = series_row,
    [TABLE_SERIES_DUE] = series_due_row,
    [TABLE_JOB] = job_row,
    [TABLE_JOB_DUE] = job_due_row,
    [TABLE_JOB_KEY] = job_key_row,
    [TABLE_USAGE] = usage_row,
    [TABLE_FEED] = feed_row,
    [TABLE_FEED_OF] = feed_row,
    [TABLE_LOCK] = lock_row,
    [TABLE_FILE] = file_row,
    [TABLE_FILE_BODY] = file_body_row,
    [TABLE_GRANT] = access_row,
    [TABLE_GRANTED] = access_row,
    [TABLE_MEMBER] = access_row,
    [TABLE_MEMBERSHIP] = access_row,
    [TABLE_APP_PASSWORD] = access_row,
};

static int verify_row(struct slice key, struct slice value, void *arg)
{
	struct verify *v = arg;
	row_fn *fn = row_of[(unsigned char)key.at[0]];
	int ret;

	v->counts.rows++;
	arena_reset(v->arena);
	if (fn == NULL)
		return disagree(v, "a row of no table: %02x", (unsigned char)key.at[0]);
	ret = fn(v, key, value);
	return ret == -EBADMSG ? disagree(v, "table %c: a row beside one that cannot be read", key.at[0]) : ret;
}

static void compare_counts(struct verify *v)
{
	static const char *const names[COUNTED_TABLES] = {
	    [COUNTED_BUSY] = "busy",
	    [COUNTED_MEMBER_BUSY] = "member's busy",
	    [COUNTED_OCCUPANCY] = "occupancy",
	    [COUNTED_SERIES_DUE] = "series by end",
	    [COUNTED_JOB_DUE] = "jobs by due time",
	    [COUNTED_FILE_BODY] = "bytes of files",
	};

	for (size_t i = 0; i < COUNTED_TABLES; i++)
		if (v->listed[i] != v->found[i])
			disagree(v, "%s: %llu rows, %llu are listed elsewhere", names[i], ID(v->found[i]),
			    ID(v->listed[i]));
}

int store_verify(struct kv_txn *txn, store_verify_fn *fn, void *arg, struct store_verify_counts *counts_r)
{
	struct verify v = {.txn = txn, .arena = arena_new(VERIFY_ROWS_MAX), .fn = fn, .arg = arg};
	int ret;

	if (v.arena == NULL)
		return -ENOMEM;
	ret = kv_range(txn, SLICE("\x01"), SLICE("\xff"), false, 0, verify_row, &v);
	arena_free(v.arena);
	if (ret < 0)
		return ret;
	compare_counts(&v);
	*counts_r = v.counts;
	return 0;
}
