/*
 * The change numbers of collections and homes. A collection's row also has the number that its home had when it last changed:
 * so what changed in a home is read off its collections, and only those that went need rows of their own.
 */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"

#define COUNTER_VERSION 2 /* 1 had no home number */
#define HOME_VERSION    1

static void counter_key(struct key *key, uint64_t collection)
{
	key_begin(key, TABLE_COUNTER);
	key_add_u64(key, collection);
}

int store_counter_get(struct kv_txn *txn, uint64_t collection, struct counter *counter_r)
{
	struct slice value;
	struct unpack u;
	struct key key;
	int ret;

	*counter_r = (struct counter){0, 0, 0};
	counter_key(&key, collection);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	u = unpack_begin(value, value.len > 0 && value.at[0] == 1 ? 1 : COUNTER_VERSION);
	counter_r->number = unpack_u64(&u);
	counter_r->floor = unpack_u64(&u);
	if (value.len > 0 && value.at[0] != 1)
		counter_r->home = unpack_u64(&u);
	return unpack_end(&u);
}

int store_counter_put(struct kv_txn *txn, uint64_t collection, struct counter counter)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	struct key key;

	counter_key(&key, collection);
	pack_u8(&b, COUNTER_VERSION);
	pack_u64(&b, counter.number);
	pack_u64(&b, counter.floor);
	pack_u64(&b, counter.home);
	return store_put_buf(txn, &key, &b);
}

int store_collection_change(struct kv_txn *txn, uint64_t collection, uint64_t *number_r)
{
	struct counter counter;
	int ret = store_counter_get(txn, collection, &counter);

	if (ret == 0)
		*number_r = counter.number;
	return ret;
}

/* ---- homes ---- */

struct home {
	uint64_t number; /* of the last change of any of its collections */
	uint64_t floor;  /* what went up to this number is forgotten */
};

static void home_key(struct key *key, uint64_t owner)
{
	key_begin(key, TABLE_HOME);
	key_add_u64(key, owner);
}

static int home_get(struct kv_txn *txn, uint64_t owner, struct home *home_r)
{
	struct slice value;
	struct unpack u;
	struct key key;
	int ret;

	*home_r = (struct home){0, 0};
	home_key(&key, owner);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	u = unpack_begin(value, HOME_VERSION);
	home_r->number = unpack_u64(&u);
	home_r->floor = unpack_u64(&u);
	return unpack_end(&u);
}

static int home_put(struct kv_txn *txn, uint64_t owner, struct home home)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	struct key key;

	home_key(&key, owner);
	pack_u8(&b, HOME_VERSION);
	pack_u64(&b, home.number);
	pack_u64(&b, home.floor);
	return store_put_buf(txn, &key, &b);
}

int store_home_next(struct kv_txn *txn, uint64_t owner, uint64_t *number_r)
{
	struct home home;
	int ret = home_get(txn, owner, &home);

	*number_r = ++home.number;
	return ret < 0 ? ret : home_put(txn, owner, home);
}

int store_home_touch(struct kv_txn *txn, uint64_t owner, uint64_t collection)
{
	struct counter counter;
	int ret = store_counter_get(txn, collection, &counter);

	if (ret == 0)
		ret = store_home_next(txn, owner, &counter.home);
	return ret < 0 ? ret : store_counter_put(txn, collection, counter);
}

int store_home_change(struct kv_txn *txn, uint64_t owner, uint64_t *number_r)
{
	struct home home;
	int ret = home_get(txn, owner, &home);

	*number_r = home.number;
	return ret;
}

int store_home_change_of(struct kv_txn *txn, uint64_t collection, uint64_t *number_r)
{
	struct counter counter;
	int ret = store_counter_get(txn, collection, &counter);

	*number_r = counter.home;
	return ret;
}

/* ---- collections that went ---- */

static void gone_key(struct key *key, uint64_t owner, uint64_t number)
{
	key_begin(key, TABLE_HOME_GONE);
	key_add_u64(key, owner);
	key_add_u64(key, number);
}

struct gone {
	store_gone_fn *fn;
	void *arg;
};

static int see_gone(struct slice key, struct slice value, void *arg)
{
	struct slice rest = slice_from(key, 1);
	struct gone *gone = arg;
	uint64_t owner, number;

	if (!key_take_u64(&rest, &owner) || !key_take_u64(&rest, &number) || rest.len > 0)
		return -EBADMSG;
	return gone->fn(value, number, gone->arg);
}

int store_home_gone_each(struct kv_txn *txn, uint64_t owner, uint64_t after, store_gone_fn *fn, void *arg)
{
	struct gone gone = {fn, arg};
	struct key from, prefix, end;
	struct home home;
	int ret = home_get(txn, owner, &home);

	if (ret < 0)
		return ret;
	if (after > home.number || (after > 0 && after < home.floor))
		return -ESTALE;
	gone_key(&from, owner, after + 1);
	key_begin(&prefix, TABLE_HOME_GONE);
	key_add_u64(&prefix, owner);
	end = key_end(&prefix);
	return kv_range(txn, key_slice(&from), key_slice(&end), false, 0, see_gone, &gone);
}

struct rows {
	struct slice name; /* the one that is looked for */
	uint64_t oldest, same;
	size_t count;
};

static int count_gone(struct slice name, uint64_t number, void *arg)
{
	struct rows *rows = arg;

	if (rows->count++ == 0)
		rows->oldest = number;
	if (slice_equal(name, rows->name))
		rows->same = number;
	return 0;
}

int store_home_forget(struct kv_txn *txn, uint64_t owner, struct slice name, bool gone)
{
	struct rows rows = {.name = name};
	struct home home;
	struct key key;
	int ret = store_home_gone_each(txn, owner, 0, count_gone, &rows);

	if (ret == 0 && rows.same != 0) {
		gone_key(&key, owner, rows.same);
		ret = kv_delete(txn, key_slice(&key));
		rows.count--;
	}
	if (ret < 0 || !gone)
		return ret;
	ret = home_get(txn, owner, &home);
	if (ret == 0 && rows.count >= STORE_HOME_GONE_KEPT && rows.oldest != rows.same) {
		gone_key(&key, owner, rows.oldest);
		ret = kv_delete(txn, key_slice(&key));
		home.floor = rows.oldest;
	}
	home.number++;
	gone_key(&key, owner, home.number);
	if (ret == 0)
		ret = kv_put(txn, key_slice(&key), name);
	return ret < 0 ? ret : home_put(txn, owner, home);
}

int store_home_delete(struct kv_txn *txn, uint64_t owner)
{
	struct key key;
	int ret;

	home_key(&key, owner);
	ret = store_delete_quietly(txn, &key);
	key_begin(&key, TABLE_HOME_GONE);
	key_add_u64(&key, owner);
	return ret < 0 ? ret : store_delete_range(txn, &key);
}
