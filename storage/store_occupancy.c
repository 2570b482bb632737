/*
 * The second line of the promise: the guards of live bookings, which the insert itself keeps from overlapping, whatever
 * the rules above it decided.
 */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"
#include "storage/store_write.h"

static void occupied_key(struct key *key, uint64_t member, struct slice uid)
{
	key_begin(key, TABLE_OCCUPIED);
	key_add_u64(key, member);
	key_add_hash(key, uid);
}

static void occupancy_key(struct key *key, uint64_t member, struct interval guard, struct slice uid, uint32_t ordinal)
{
	key_begin(key, TABLE_OCCUPANCY);
	key_add_u64(key, member);
	key_add_u8(key, store_interval_class(guard));
	key_add_i64(key, guard.start);
	key_add_hash(key, uid);
	key_add_u32(key, ordinal);
}

struct occupancy_range {
	struct interval window;
	store_occupancy_fn *fn;
	void *arg;
};

int store_occupancy_decode(struct slice key, struct slice value, struct occupancy *occupancy_r)
{
	struct unpack u = unpack_begin(value, 1);
	struct slice rest = slice_from(key, 1);
	struct occupancy o = {0};
	uint8_t class;

	o.guard.end = unpack_i64(&u);
	o.instance = unpack_u32(&u);
	o.uid = unpack_text(&u);
	if (unpack_end(&u) < 0 || !key_take_u64(&rest, &o.member) || !key_take_u8(&rest, &class) ||
	    !key_take_i64(&rest, &o.guard.start))
		return -EBADMSG;
	*occupancy_r = o;
	return 0;
}

static int occupancy_row(struct slice key, struct slice value, void *arg)
{
	struct occupancy_range *range = arg;
	struct occupancy occupancy;
	int ret = store_occupancy_decode(key, value, &occupancy);

	if (ret < 0 || !interval_overlaps(occupancy.guard, range->window))
		return ret;
	return range->fn(&occupancy, range->arg);
}

int store_occupancy_each(struct kv_txn *txn, uint64_t member, struct interval window, store_occupancy_fn *fn, void *arg)
{
	struct occupancy_range range = {window, fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_OCCUPANCY);
	key_add_u64(&prefix, member);
	return store_class_range(txn, &prefix, window, occupancy_row, &range);
}

struct clash {
	struct slice uid;
	struct interval guard;
};

static int see_clash(const struct occupancy *occupancy, void *arg)
{
	struct clash *clash = arg;

	if (slice_equal(occupancy->uid, clash->uid))
		return 0;
	clash->guard = occupancy->guard;
	return 1;
}

static int put_guard(struct kv_txn *txn, uint64_t member, struct slice uid, struct interval guard, uint32_t ordinal,
    struct buf *value)
{
	struct key key;

	buf_reset(value);
	pack_u8(value, 1);
	pack_i64(value, guard.end);
	pack_u32(value, ordinal);
	pack_text(value, uid);
	occupancy_key(&key, member, guard, uid, ordinal);
	return store_put_buf(txn, &key, value);
}

/* Before anything is written, so that a refusal leaves the guards that UID had. */
static int check_guards(struct kv_txn *txn, uint64_t member, struct slice uid, const struct interval *guards,
    size_t count, struct interval *clash_r)
{
	struct clash clash = {.uid = uid};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = store_occupancy_each(txn, member, guards[i], see_clash, &clash);
	if (ret > 0 && clash_r != NULL)
		*clash_r = clash.guard;
	return ret > 0 ? -EBUSY : ret;
}

int store_occupancy_put(struct kv_txn *txn, uint64_t member, struct slice uid, const struct interval *guards,
    size_t count, struct interval *clash_r)
{
	AUTO_BUF struct buf list = BUF_INIT(RECORD_BYTES_MAX), value = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;
	int ret = check_guards(txn, member, uid, guards, count, clash_r);

	if (ret == 0)
		ret = store_occupancy_clear(txn, member, uid);
	pack_u8(&list, 1);
	pack_u32(&list, (uint32_t)count);
	for (size_t i = 0; ret == 0 && i < count; i++) {
		pack_interval(&list, guards[i]);
		ret = put_guard(txn, member, uid, guards[i], (uint32_t)i, &value);
	}
	if (ret < 0 || count == 0)
		return ret;
	occupied_key(&key, member, uid);
	return store_put_buf(txn, &key, &list);
}

int store_occupancy_clear(struct kv_txn *txn, uint64_t member, struct slice uid)
{
	AUTO_BUF struct buf copy = BUF_INIT(RECORD_BYTES_MAX); /* what is borrowed ends with the first write */
	struct slice value;
	struct unpack u;
	struct key key, row;
	uint32_t count;
	int ret;

	occupied_key(&key, member, uid);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret != 0)
		return ret == -ENOENT ? 0 : ret;
	buf_add_slice(&copy, value);
	if (copy.err < 0)
		return copy.err;
	u = unpack_begin(buf_slice(&copy), 1);
	count = unpack_u32(&u);
	for (uint32_t i = 0; ret == 0 && i < count && !u.bad; i++) {
		occupancy_key(&row, member, unpack_interval(&u), uid, i);
		ret = store_delete_quietly(txn, &row);
	}
	if (ret == 0)
		ret = unpack_end(&u);
	return ret < 0 ? ret : kv_delete(txn, key_slice(&key));
}
