#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "storage/store_private.h"
#include "storage/store_write.h"

/* An object's id: its collection and the number of the change that wrote it, so that it never comes again. */
#define ID_CHANGE_BITS 36
#define SCHEDULE_TAG_FACTOR UINT64_C(0x9e3779b97f4a7c15) /* spreads small numbers over all bits */

uint64_t store_object_collection(uint64_t id)
{
	return id >> ID_CHANGE_BITS;
}

static void object_key(struct key *key, uint64_t collection, struct slice name)
{
	key_begin(key, TABLE_OBJECT);
	key_add_u64(key, collection);
	key_add_text(key, name);
}

static void id_key(struct key *key, uint64_t collection, uint64_t id)
{
	key_begin(key, TABLE_OBJECT_ID);
	key_add_u64(key, collection);
	key_add_u64(key, id);
}

static void body_key(struct key *key, uint64_t id)
{
	key_begin(key, TABLE_BODY);
	key_add_u64(key, id);
}

static void uid_key(struct key *key, uint64_t collection, struct slice uid)
{
	key_begin(key, TABLE_UID);
	key_add_u64(key, collection);
	key_add_hash(key, uid);
}

static void owner_uid_key(struct key *key, uint64_t owner, struct slice uid)
{
	key_begin(key, TABLE_OWNER_UID);
	key_add_u64(key, owner);
	key_add_hash(key, uid);
}

static void change_key(struct key *key, uint64_t collection, uint64_t number)
{
	key_begin(key, TABLE_CHANGE);
	key_add_u64(key, collection);
	key_add_u64(key, number);
}

static void tombstone_key(struct key *key, uint64_t collection, struct slice name)
{
	key_begin(key, TABLE_TOMBSTONE);
	key_add_u64(key, collection);
	key_add_text(key, name);
}

/* ---- reads ---- */

int store_object_get(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice name,
    struct object *object_r)
{
	struct slice value;
	struct key key;
	int ret;

	object_key(&key, collection, name);
	ret = store_get_copy(txn, arena, &key, &value);
	return ret < 0 ? ret : object_decode(value, object_r);
}

static int get_by(struct kv_txn *txn, struct arena *arena, uint64_t collection, const struct key *key,
    struct object *object_r)
{
	struct slice name;
	int ret = kv_get(txn, key_slice(key), &name);

	return ret < 0 ? ret : store_object_get(txn, arena, collection, name, object_r);
}

int store_object_get_by_uid(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct slice uid,
    struct object *object_r)
{
	struct key key;

	uid_key(&key, collection, uid);
	return get_by(txn, arena, collection, &key, object_r);
}

int store_object_get_by_id(struct kv_txn *txn, struct arena *arena, uint64_t collection, uint64_t id,
    struct object *object_r)
{
	struct key key;

	id_key(&key, collection, id);
	return get_by(txn, arena, collection, &key, object_r);
}

struct each {
	struct kv_txn *txn;
	store_object_fn *fn;
	void *arg;
};

static int object_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct object object;
	int ret = object_decode(value, &object);

	(void)key;
	return ret < 0 ? ret : each->fn(&object, each->arg);
}

int store_object_each(struct kv_txn *txn, uint64_t collection, store_object_fn *fn, void *arg)
{
	struct each each = {txn, fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_OBJECT);
	key_add_u64(&prefix, collection);
	return store_range(txn, &prefix, object_row, &each);
}

/* The collection is the last part of the key, the name the value. */
static int owner_uid_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct slice tail = slice_from(key, key.len - 8), found;
	uint64_t collection;
	struct key target;
	int ret;

	if (key.len < 8 || !key_take_u64(&tail, &collection))
		return -EBADMSG;
	object_key(&target, collection, value);
	ret = kv_get(each->txn, key_slice(&target), &found);
	return ret < 0 ? ret : object_row(key, found, each);
}

int store_object_each_by_owner_uid(struct kv_txn *txn, uint64_t owner, struct slice uid, store_object_fn *fn, void *arg)
{
	struct each each = {txn, fn, arg};
	struct key prefix;

	owner_uid_key(&prefix, owner, uid);
	return store_range(txn, &prefix, owner_uid_row, &each);
}

int store_body_get(struct kv_txn *txn, uint64_t object, struct slice *body_r)
{
	struct key key;

	body_key(&key, object);
	return kv_get(txn, key_slice(&key), body_r);
}

/* ---- change numbers ---- */

int store_change_decode(struct slice key, struct slice value, struct change *change_r)
{
	struct slice tail = slice_from(key, key.len < 8 ? key.len : key.len - 8);
	struct unpack u = unpack_begin(value, 1);

	change_r->op = (enum change_op)unpack_u8(&u);
	change_r->at = unpack_i64(&u);
	change_r->name = unpack_text(&u);
	return key_take_u64(&tail, &change_r->number) ? unpack_end(&u) : -EBADMSG;
}

static int change_put(struct kv_txn *txn, uint64_t collection, const struct change *change)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	struct key key;

	change_key(&key, collection, change->number);
	pack_u8(&b, 1);
	pack_u8(&b, (uint8_t)change->op);
	pack_i64(&b, change->at);
	pack_text(&b, change->name);
	return store_put_buf(txn, &key, &b);
}

static int change_delete_row(struct kv_txn *txn, uint64_t collection, uint64_t number)
{
	struct key key;

	change_key(&key, collection, number);
	return store_delete_quietly(txn, &key);
}

/* A new number, a row under it for NAME, and the name's older row (OLD, 0: none) gone. */
static int change_add(struct kv_txn *txn, uint64_t owner, uint64_t collection, enum change_op op, struct slice name,
    uint64_t old, instant_t now, uint64_t *number_r)
{
	struct counter counter;
	struct change change = {.op = op, .name = name, .at = now};
	int ret = store_counter_get(txn, collection, &counter);

	if (ret < 0)
		return ret;
	change.number = ++counter.number;
	ret = store_home_next(txn, owner, &counter.home);
	if (ret == 0)
		ret = store_counter_put(txn, collection, counter);
	if (ret == 0 && old != 0)
		ret = change_delete_row(txn, collection, old);
	if (ret == 0)
		ret = change_put(txn, collection, &change);
	if (ret == 0)
		*number_r = change.number;
	return ret;
}

struct each_change {
	store_change_fn *fn;
	void *arg;
};

static int change_row(struct slice key, struct slice value, void *arg)
{
	struct each_change *each = arg;
	struct change change;
	int ret = store_change_decode(key, value, &change);

	return ret < 0 ? ret : each->fn(&change, each->arg);
}

int store_change_each(struct kv_txn *txn, uint64_t collection, uint64_t after, size_t limit, store_change_fn *fn,
    void *arg)
{
	return store_change_each_since(txn, collection, after, after, limit, fn, arg);
}

int store_change_each_since(struct kv_txn *txn, uint64_t collection, uint64_t after, uint64_t began, size_t limit,
    store_change_fn *fn, void *arg)
{
	struct each_change each = {fn, arg};
	struct key from, prefix, end;
	struct counter counter;
	int ret = store_counter_get(txn, collection, &counter);

	if (ret < 0)
		return ret;
	if (after > counter.number || began > counter.number ||
	    (after > 0 && after < counter.floor && began < counter.floor))
		return -ESTALE;
	change_key(&from, collection, after + 1);
	key_begin(&prefix, TABLE_CHANGE);
	key_add_u64(&prefix, collection);
	end = key_end(&prefix);
	return kv_range(txn, key_slice(&from), key_slice(&end), false, limit, change_row, &each);
}

/* ---- writes ---- */

/* The object that had the name before, or its tombstone. */
struct former {
	uint64_t id;     /* 0: a tombstone, or nothing */
	uint64_t change; /* 0: nothing */
	instant_t created;
};

/* Takes its rows away, but for the change row and its dead properties. */
static int forget_former(struct kv_txn *txn, uint64_t owner, const struct object *object, struct former *former)
{
	struct key key, uid, owner_uid, id, body;
	struct object old;
	struct slice value;
	int ret;

	object_key(&key, object->collection, object->name);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret == -ENOENT) {
		tombstone_key(&key, object->collection, object->name);
		ret = kv_get(txn, key_slice(&key), &value);
		if (ret == -ENOENT)
			return 0;
		if (ret == 0 && !key_take_u64(&value, &former->change))
			return -EBADMSG;
		return ret < 0 ? ret : kv_delete(txn, key_slice(&key));
	}
	if (ret == 0)
		ret = object_decode(value, &old);
	if (ret != 0)
		return ret;
	*former = (struct former){old.id, old.change, old.created};
	ret = store_usage_add(txn, owner, -(int64_t)old.size, -1);
	if (ret < 0)
		return ret;
	uid_key(&uid, old.collection, old.uid);
	owner_uid_key(&owner_uid, owner, old.uid);
	key_add_u64(&owner_uid, old.collection);
	id_key(&id, old.collection, old.id);
	body_key(&body, old.id);
	ret = kv_delete(txn, key_slice(&uid));
	if (ret == 0)
		ret = kv_delete(txn, key_slice(&owner_uid));
	if (ret == 0)
		ret = kv_delete(txn, key_slice(&id));
	return ret < 0 ? ret : kv_delete(txn, key_slice(&body));
}

/* -EEXIST when the UID belongs to another name of the collection. */
static int check_uid(struct kv_txn *txn, const struct object *object)
{
	struct slice name;
	struct key key;
	int ret;

	uid_key(&key, object->collection, object->uid);
	ret = kv_get(txn, key_slice(&key), &name);
	if (ret == -ENOENT)
		return 0;
	return ret < 0 ? ret : slice_equal(name, object->name) ? 0 : -EEXIST;
}

static int put_rows(struct kv_txn *txn, uint64_t owner, const struct object *object, struct slice body)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;
	int ret;

	object_encode(&b, object);
	object_key(&key, object->collection, object->name);
	ret = store_put_buf(txn, &key, &b);
	if (ret < 0)
		return ret;
	id_key(&key, object->collection, object->id);
	ret = kv_put(txn, key_slice(&key), object->name);
	if (ret < 0)
		return ret;
	uid_key(&key, object->collection, object->uid);
	ret = kv_put(txn, key_slice(&key), object->name);
	if (ret < 0)
		return ret;
	owner_uid_key(&key, owner, object->uid);
	key_add_u64(&key, object->collection);
	ret = kv_put(txn, key_slice(&key), object->name);
	if (ret < 0)
		return ret;
	body_key(&key, object->id);
	ret = kv_put(txn, key_slice(&key), body);
	return ret < 0 ? ret : store_usage_add(txn, owner, object->size, 1);
}

int store_object_put(struct kv_txn *txn, uint64_t owner, struct object *object, struct slice body, instant_t now)
{
	struct former former = {.created = now};
	int ret = check_uid(txn, object);

	object->modified = now;
	if (ret == 0)
		ret = store_usage_begin(txn, owner);
	if (ret == 0)
		ret = forget_former(txn, owner, object, &former);
	if (ret == 0)
		ret = change_add(txn, owner, object->collection, CHANGE_PUT, object->name, former.change, now, &object->change);
	if (ret < 0)
		return ret;
	object->created = former.created;
	object->id = object->collection << ID_CHANGE_BITS | object->change;
	object->digest = key_digest(body);
	object->size = (uint32_t)body.len;
	if (object->schedule_tag == OBJECT_SCHEDULE_TAG_NEW) /* of body and number, as the ETag is, so that none comes again */
		object->schedule_tag = object->digest ^ object->change * SCHEDULE_TAG_FACTOR;
	ret = former.id != 0 ? store_property_move(txn, PROPERTY_OF_OBJECT, former.id, object->id) : 0;
	return ret < 0 ? ret : put_rows(txn, owner, object, body);
}

int store_object_delete(struct kv_txn *txn, uint64_t owner, const struct object *object, instant_t now)
{
	struct key key, tombstone, number_key;
	struct former former = {.id = 0};
	uint64_t number;
	int ret = store_usage_begin(txn, owner);

	if (ret == 0)
		ret = forget_former(txn, owner, object, &former);
	if (ret == 0 && former.id != 0)
		ret = store_property_delete_all(txn, PROPERTY_OF_OBJECT, former.id);
	object_key(&key, object->collection, object->name);
	if (ret == 0)
		ret = kv_delete(txn, key_slice(&key));
	if (ret == 0)
		ret = change_add(txn, owner, object->collection, CHANGE_DELETE, object->name, former.change, now, &number);
	if (ret != 0)
		return ret;
	tombstone_key(&tombstone, object->collection, object->name);
	key_begin(&number_key, 0);
	key_add_u64(&number_key, number);
	return kv_put(txn, key_slice(&tombstone), slice_from(key_slice(&number_key), 1));
}

int store_object_touch(struct kv_txn *txn, uint64_t owner, struct object *object, instant_t now)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct slice value;
	struct object old;
	struct key key;
	int ret;

	object_key(&key, object->collection, object->name);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret == 0)
		ret = object_decode(value, &old);
	if (ret == 0 && old.id != object->id)
		ret = -ENOENT; /* its body is gone */
	if (ret == 0)
		ret = change_add(txn, owner, object->collection, CHANGE_PUT, object->name, old.change, now, &object->change);
	if (ret < 0)
		return ret;
	object_encode(&b, object);
	return store_put_buf(txn, &key, &b);
}

int store_object_reindexed(struct kv_txn *txn, const struct object *object)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;

	object_encode(&b, object);
	object_key(&key, object->collection, object->name);
	return store_put_buf(txn, &key, &b);
}

/* ---- repair ---- */

int store_change_repair(struct kv_txn *txn, const struct object *object)
{
	struct change change = {object->change, CHANGE_PUT, object->name, object->modified};

	return change_put(txn, object->collection, &change);
}

int store_tombstone_repair(struct kv_txn *txn, uint64_t collection, const struct change *change, uint64_t *former_r)
{
	struct key key, number;
	struct slice value;
	int ret;

	*former_r = 0;
	tombstone_key(&key, collection, change->name);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret == 0 && !key_take_u64(&value, former_r))
		return -EBADMSG;
	if (ret < 0 && ret != -ENOENT)
		return ret;
	key_begin(&number, 0);
	key_add_u64(&number, change->number);
	return kv_put(txn, key_slice(&key), slice_from(key_slice(&number), 1));
}

/* ---- pruning ---- */

struct prune {
	uint64_t keep_from; /* numbers from here on stay */
	instant_t old;      /* what is older goes anyway */
	size_t count, limit;
	uint64_t *numbers;
	struct key *names;
	uint64_t collection;
};

static int prune_row(struct slice key, struct slice value, void *arg)
{
	struct prune *prune = arg;
	struct change change;
	int ret = store_change_decode(key, value, &change);

	if (ret < 0)
		return ret;
	if (change.number >= prune->keep_from && change.at >= prune->old)
		return 1; /* all later ones stay too */
	if (change.op != CHANGE_DELETE)
		return 0;
	prune->numbers[prune->count] = change.number;
	tombstone_key(&prune->names[prune->count], prune->collection, change.name);
	return ++prune->count == prune->limit;
}

static int prune_collected(struct kv_txn *txn, const struct prune *prune, struct counter counter)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < prune->count; i++) {
		ret = change_delete_row(txn, prune->collection, prune->numbers[i]);
		if (ret == 0)
			ret = store_delete_quietly(txn, &prune->names[i]);
	}
	if (ret < 0 || prune->count == 0)
		return ret;
	counter.floor = prune->numbers[prune->count - 1];
	ret = store_counter_put(txn, prune->collection, counter);
	return ret < 0 ? ret : (int)prune->count;
}

int store_change_prune(struct kv_txn *txn, uint64_t collection, instant_t now, size_t limit)
{
	struct prune prune = {.old = now - STORE_TOMBSTONE_KEPT_SECONDS, .limit = limit, .collection = collection};
	struct key prefix;
	struct counter counter;
	int ret = store_counter_get(txn, collection, &counter);

	if (ret < 0 || limit == 0)
		return ret;
	if (counter.number > STORE_TOMBSTONES_KEPT)
		prune.keep_from = counter.number - STORE_TOMBSTONES_KEPT;
	prune.numbers = calloc(limit, sizeof(*prune.numbers));
	prune.names = calloc(limit, sizeof(*prune.names));
	key_begin(&prefix, TABLE_CHANGE);
	key_add_u64(&prefix, collection);
	ret = prune.numbers == NULL || prune.names == NULL ? -ENOMEM : store_range(txn, &prefix, prune_row, &prune);
	if (ret >= 0)
		ret = prune_collected(txn, &prune, counter);
	free(prune.numbers);
	free(prune.names);
	return ret;
}
