/* Feeds: secret addresses of a calendar, or of a principal's free/busy. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/store_private.h"

#define ROW_VERSION 1

static void feed_key(struct key *key, const unsigned char digest[static FEED_DIGEST])
{
	key_begin(key, TABLE_FEED);
	key_add_bytes(key, slice_of((const char *)digest, FEED_DIGEST));
}

static void feed_of_key(struct key *key, uint64_t owner, uint64_t id)
{
	key_begin(key, TABLE_FEED_OF);
	key_add_u64(key, owner);
	key_add_u64(key, id);
}

static int decode_feed(struct slice key, struct slice value, struct feed *feed_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct feed feed = {.id = unpack_u64(&u)};

	feed.owner = unpack_u64(&u);
	feed.collection = unpack_u64(&u);
	feed.created = unpack_i64(&u);
	if (unpack_end(&u) < 0 || key.len != 1 + FEED_DIGEST)
		return -EBADMSG;
	memcpy(feed.digest, key.at + 1, FEED_DIGEST);
	*feed_r = feed;
	return 0;
}

int store_feed_put(struct kv_txn *txn, struct feed *feed)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	struct key key, of;
	int ret = store_next_number(txn, "feed", &feed->id);

	pack_u8(&b, ROW_VERSION);
	pack_u64(&b, feed->id);
	pack_u64(&b, feed->owner);
	pack_u64(&b, feed->collection);
	pack_i64(&b, feed->created);
	feed_key(&key, feed->digest);
	feed_of_key(&of, feed->owner, feed->id);
	if (ret == 0)
		ret = store_put_buf(txn, &key, &b);
	return ret < 0 ? ret : kv_put(txn, key_slice(&of), slice_of((const char *)feed->digest, FEED_DIGEST));
}

int store_feed_get(struct kv_txn *txn, const unsigned char digest[static FEED_DIGEST], struct feed *feed_r)
{
	struct slice value;
	struct key key;
	int ret;

	feed_key(&key, digest);
	ret = kv_get(txn, key_slice(&key), &value);
	return ret < 0 ? ret : decode_feed(key_slice(&key), value, feed_r);
}

/* The row that a row of TABLE_FEED_OF leads to. */
static int follow(struct kv_txn *txn, struct slice digest, struct feed *feed_r)
{
	unsigned char bytes[FEED_DIGEST];
	int ret;

	if (digest.len != FEED_DIGEST)
		return -EBADMSG;
	memcpy(bytes, digest.at, FEED_DIGEST);
	ret = store_feed_get(txn, bytes, feed_r);
	return ret == -ENOENT ? -EBADMSG : ret;
}

struct walk {
	struct kv_txn *txn;
	store_feed_fn *fn;
	void *arg;
};

static int see_feed(struct slice key, struct slice value, void *arg)
{
	struct walk *walk = arg;
	struct feed feed;
	int ret = follow(walk->txn, value, &feed);

	(void)key;
	return ret < 0 ? ret : walk->fn(&feed, walk->arg);
}

int store_feed_each(struct kv_txn *txn, uint64_t owner, store_feed_fn *fn, void *arg)
{
	struct walk walk = {txn, fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_FEED_OF);
	key_add_u64(&prefix, owner);
	return store_range(txn, &prefix, see_feed, &walk);
}

int store_feed_delete(struct kv_txn *txn, const struct feed *feed)
{
	struct key key;
	int ret;

	feed_of_key(&key, feed->owner, feed->id);
	ret = kv_delete(txn, key_slice(&key));
	feed_key(&key, feed->digest);
	return ret < 0 ? ret : kv_delete(txn, key_slice(&key));
}

struct picked {
	struct arena *arena;
	uint64_t collection;
	struct picked_feed {
		struct feed feed;
		struct picked_feed *next;
	} *first;
};

static int pick(const struct feed *feed, void *arg)
{
	struct picked *picked = arg;
	struct picked_feed *listed;

	if (picked->collection != 0 && feed->collection != picked->collection)
		return 0;
	listed = arena_alloc(picked->arena, sizeof(*listed));
	if (listed == NULL)
		return -ENOMEM;
	*listed = (struct picked_feed){*feed, picked->first};
	picked->first = listed;
	return 0;
}

int store_feed_forget(struct kv_txn *txn, struct arena *arena, uint64_t owner, uint64_t collection)
{
	struct picked picked = {arena, collection, NULL};
	int ret = store_feed_each(txn, owner, pick, &picked); /* an update may not write while it walks */

	for (const struct picked_feed *listed = picked.first; ret == 0 && listed != NULL; listed = listed->next)
		ret = store_feed_delete(txn, &listed->feed);
	return ret;
}

/* ---- slotkeeper check ---- */

static int check_of(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r)
{
	struct slice rest = slice_from(key, 1);
	struct feed feed;
	uint64_t owner, id;
	int ret = follow(txn, value, &feed);

	if (ret < 0 && ret != -EBADMSG)
		return ret;
	if (ret < 0 || !key_take_u64(&rest, &owner) || !key_take_u64(&rest, &id) || rest.len > 0 || feed.owner != owner ||
	    feed.id != id)
		*wrong_r = "its counterpart says something else";
	return 0;
}

static int check_feed(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value, const char **wrong_r)
{
	struct collection collection;
	struct principal principal;
	struct slice other;
	struct feed feed;
	struct key of;
	int ret;

	if (decode_feed(key, value, &feed) < 0)
		return *wrong_r = "a row that cannot be read", 0;
	feed_of_key(&of, feed.owner, feed.id);
	ret = kv_get(txn, key_slice(&of), &other);
	if (ret == -ENOENT || (ret == 0 && !slice_equal(other, slice_from(key, 1))))
		return *wrong_r = "its counterpart says something else", 0;
	if (ret == 0)
		ret = store_principal_get_by_id(txn, arena, feed.owner, &principal);
	if (ret == -ENOENT)
		return *wrong_r = "a principal that is not there", 0;
	if (ret < 0 || feed.collection == 0)
		return ret;
	ret = store_collection_get_by_id(txn, arena, feed.collection, &collection);
	if (ret == -ENOENT || (ret == 0 && collection.owner != feed.owner))
		return *wrong_r = "a collection that is not the owner's", 0;
	return ret;
}

int store_feed_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value, const char **wrong_r)
{
	*wrong_r = NULL;
	return key.at[0] == TABLE_FEED ? check_feed(txn, arena, key, value, wrong_r) : check_of(txn, key, value, wrong_r);
}

int store_feed_repair(struct kv_txn *txn, struct slice key, struct slice value)
{
	struct feed feed;
	struct key of;

	if (decode_feed(key, value, &feed) < 0)
		return 0; /* stays, and is told by a check */
	feed_of_key(&of, feed.owner, feed.id);
	return kv_put(txn, key_slice(&of), slice_of((const char *)feed.digest, FEED_DIGEST));
}
