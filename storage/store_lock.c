/* Locks: the few of one home are read together, and paths compared in memory. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/store_private.h"

#define ROW_VERSION 1

static void owner_prefix(struct key *key, uint64_t owner)
{
	key_begin(key, TABLE_LOCK);
	key_add_u64(key, owner);
}

static void lock_key(struct key *key, const struct lock *lock)
{
	owner_prefix(key, lock->owner);
	key_add_bytes(key, slice_of((const char *)lock->token, LOCK_TOKEN_SIZE));
}

int store_lock_decode(struct slice key, struct slice value, struct lock *lock_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct slice rest = slice_from(key, 1);
	struct lock lock = {.path = unpack_text(&u)};

	lock.infinite = unpack_u8(&u) != 0;
	lock.shared = unpack_u8(&u) != 0;
	lock.holder = unpack_u64(&u);
	lock.told = unpack_text(&u);
	lock.expires = unpack_i64(&u);
	if (unpack_end(&u) < 0 || !key_take_u64(&rest, &lock.owner) || rest.len != LOCK_TOKEN_SIZE)
		return -EBADMSG;
	memcpy(lock.token, rest.at, LOCK_TOKEN_SIZE);
	*lock_r = lock;
	return 0;
}

int store_lock_put(struct kv_txn *txn, const struct lock *lock)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;

	lock_key(&key, lock);
	pack_u8(&b, ROW_VERSION);
	pack_text(&b, lock->path);
	pack_u8(&b, lock->infinite);
	pack_u8(&b, lock->shared);
	pack_u64(&b, lock->holder);
	pack_text(&b, lock->told);
	pack_i64(&b, lock->expires);
	return store_put_buf(txn, &key, &b);
}

int store_lock_delete(struct kv_txn *txn, const struct lock *lock)
{
	struct key key;

	lock_key(&key, lock);
	return store_delete_quietly(txn, &key);
}

struct each {
	store_lock_fn *fn;
	void *arg;
};

static int see_lock(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct lock lock;
	int ret = store_lock_decode(key, value, &lock);

	return ret < 0 ? ret : each->fn(&lock, each->arg);
}

int store_lock_each(struct kv_txn *txn, uint64_t owner, store_lock_fn *fn, void *arg)
{
	struct each each = {fn, arg};
	struct key prefix;

	owner_prefix(&prefix, owner);
	return store_range(txn, &prefix, see_lock, &each);
}

/* ---- those that go: listed first, as an update may not write while it walks ---- */

struct going {
	struct arena *arena;
	struct slice path;
	bool tree;
	instant_t now; /* INSTANT_MIN: by path */
	struct listed {
		struct lock lock;
		struct listed *next;
	} *first;
};

static bool goes(const struct going *going, const struct lock *lock)
{
	if (going->now != INSTANT_MIN)
		return lock->expires <= going->now;
	if (!slice_starts(lock->path, going->path))
		return false;
	return lock->path.len == going->path.len || (going->tree && lock->path.at[going->path.len] == '/');
}

static int list_going(const struct lock *lock, void *arg)
{
	struct going *going = arg;
	struct listed *listed;

	if (!goes(going, lock))
		return 0;
	listed = arena_alloc(going->arena, sizeof(*listed));
	if (listed == NULL)
		return -ENOMEM;
	*listed = (struct listed){*lock, going->first}; /* the key's parts are no slices */
	going->first = listed;
	return 0;
}

static int remove_going(struct kv_txn *txn, uint64_t owner, struct going *going)
{
	int ret = store_lock_each(txn, owner, list_going, going);

	for (const struct listed *listed = going->first; ret == 0 && listed != NULL; listed = listed->next)
		ret = store_lock_delete(txn, &listed->lock);
	return ret;
}

int store_lock_forget(struct kv_txn *txn, struct arena *arena, uint64_t owner, struct slice path, bool tree)
{
	struct going going = {arena, path, tree, INSTANT_MIN, NULL};

	return remove_going(txn, owner, &going);
}

int store_lock_sweep(struct kv_txn *txn, struct arena *arena, uint64_t owner, instant_t now)
{
	struct going going = {arena, SLICE_EMPTY, false, now, NULL};

	return remove_going(txn, owner, &going);
}
