/*
 * Bookings by number, and what leads to them: id, UID, start, the customer's secret, expiry, and who has how many of a
 * service. Every one of those rows follows from the booking, so it is one list of keys that put, repair and check share.
 */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/store_private.h"
#include "storage/store_write.h"

static void made_key(struct key *key, struct slice service, struct slice member)
{
	key_begin(key, TABLE_BOOKING_MADE);
	key_add_hash(key, service);
	key_add_hash(key, member);
}

static void id_key(struct key *key, struct slice id)
{
	key_begin(key, TABLE_BOOKING_ID);
	key_add_text(key, id);
}

static void token_key(struct key *key, const unsigned char digest[static BOOKING_TOKEN_DIGEST])
{
	key_begin(key, TABLE_BOOKING_TOKEN);
	key_add_bytes(key, slice_of((const char *)digest, BOOKING_TOKEN_DIGEST));
}

static void time_key(struct key *key, char table, instant_t at, uint64_t number)
{
	key_begin(key, table);
	key_add_i64(key, at);
	key_add_u64(key, number);
}

/* FN is called for every row that leads to BOOKING; HAS_NUMBER: its value is the number, else it is empty. */
typedef int lead_fn(struct kv_txn *txn, const struct key *key, bool has_number, void *arg);

static bool counts_as_made(const struct booking *booking)
{
	return booking->service.len > 0 && (booking_is_live(booking) || booking->status == BOOKING_COMPLETED);
}

static int each_lead(struct kv_txn *txn, const struct booking *booking, lead_fn *fn, void *arg)
{
	struct key key;
	int ret;

	id_key(&key, booking->id);
	ret = fn(txn, &key, true, arg);
	key_begin(&key, TABLE_BOOKING_UID);
	key_add_hash(&key, booking->uid);
	key_add_u64(&key, booking->number);
	if (ret == 0)
		ret = fn(txn, &key, false, arg);
	time_key(&key, TABLE_BOOKING_START, booking->core.start, booking->number);
	if (ret == 0)
		ret = fn(txn, &key, false, arg);
	token_key(&key, booking->token);
	if (ret == 0 && booking->has_token)
		ret = fn(txn, &key, true, arg);
	time_key(&key, TABLE_BOOKING_EXPIRY, booking->expires, booking->number);
	if (ret == 0 && booking->status == BOOKING_HELD)
		ret = fn(txn, &key, false, arg);
	for (size_t i = 0; ret == 0 && i < booking->staff_count && counts_as_made(booking); i++) {
		made_key(&key, booking->service, booking->staff[i]);
		key_add_i64(&key, booking->created);
		key_add_u64(&key, booking->number);
		ret = fn(txn, &key, false, arg);
	}
	return ret;
}

static struct slice number_value(struct key *number, uint64_t value)
{
	key_begin(number, 0);
	key_add_u64(number, value);
	return slice_from(key_slice(number), 1);
}

static int add_lead(struct kv_txn *txn, const struct key *key, bool has_number, void *arg)
{
	const struct booking *booking = arg;
	struct key number;

	return kv_put(txn, key_slice(key), has_number ? number_value(&number, booking->number) : SLICE_EMPTY);
}

static int drop_lead(struct kv_txn *txn, const struct key *key, bool has_number, void *arg)
{
	(void)has_number;
	(void)arg;
	return store_delete_quietly(txn, key);
}

int store_booking_repair(struct kv_txn *txn, const struct booking *booking)
{
	struct booking copy = *booking;

	return each_lead(txn, booking, add_lead, &copy);
}

/* ---- reading ---- */

int store_booking_get(struct kv_txn *txn, struct arena *arena, uint64_t number, struct booking *booking_r)
{
	struct slice value;
	struct key key;
	int ret;

	store_number_key(&key, TABLE_BOOKING, number);
	ret = store_get_copy(txn, arena, &key, &value);
	return ret < 0 ? ret : booking_decode(value, arena, booking_r);
}

/* What a row that leads to a booking says: its number. */
static int follow(struct kv_txn *txn, struct arena *arena, const struct key *key, struct booking *booking_r)
{
	struct slice value;
	uint64_t number;
	int ret = kv_get(txn, key_slice(key), &value);

	if (ret < 0)
		return ret;
	if (!key_take_u64(&value, &number))
		return -EBADMSG;
	ret = store_booking_get(txn, arena, number, booking_r);
	return ret == -ENOENT ? -EBADMSG : ret;
}

int store_booking_get_by_id(struct kv_txn *txn, struct arena *arena, struct slice id, struct booking *booking_r)
{
	struct key key;

	id_key(&key, id);
	return follow(txn, arena, &key, booking_r);
}

int store_booking_get_by_token(struct kv_txn *txn, struct arena *arena,
    const unsigned char digest[static BOOKING_TOKEN_DIGEST], struct booking *booking_r)
{
	struct key key;

	token_key(&key, digest);
	return follow(txn, arena, &key, booking_r);
}

struct walk {
	struct kv_txn *txn;
	struct arena *arena;
	store_booking_fn *fn;
	void *arg;
};

/* The number stands at the end of the key. */
static int see_booking(struct slice key, struct slice value, void *arg)
{
	struct walk *walk = arg;
	struct slice rest = slice_from(key, key.len - sizeof(uint64_t));
	struct booking booking;
	uint64_t number;
	int ret = key_take_u64(&rest, &number) ? store_booking_get(walk->txn, walk->arena, number, &booking) : -EBADMSG;

	(void)value;
	return ret < 0 ? (ret == -ENOENT ? -EBADMSG : ret) : walk->fn(&booking, walk->arg);
}

int store_booking_each_by_uid(struct kv_txn *txn, struct arena *arena, struct slice uid, store_booking_fn *fn, void *arg)
{
	struct walk walk = {txn, arena, fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_BOOKING_UID);
	key_add_hash(&prefix, uid);
	return store_range(txn, &prefix, see_booking, &walk);
}

int store_booking_each_by_start(struct kv_txn *txn, struct arena *arena, struct interval window, instant_t after_start,
    uint64_t after, store_booking_fn *fn, void *arg)
{
	struct walk walk = {txn, arena, fn, arg};
	struct key from, to;

	if (after != 0)
		time_key(&from, TABLE_BOOKING_START, after_start, after + 1);
	else
		time_key(&from, TABLE_BOOKING_START, window.start, 0);
	time_key(&to, TABLE_BOOKING_START, window.end, 0);
	return kv_range(txn, key_slice(&from), key_slice(&to), false, 0, see_booking, &walk);
}

int store_booking_each_expired(struct kv_txn *txn, struct arena *arena, instant_t now, size_t limit, store_booking_fn *fn,
    void *arg)
{
	struct walk walk = {txn, arena, fn, arg};
	struct key from, to;

	time_key(&from, TABLE_BOOKING_EXPIRY, INSTANT_MIN, 0);
	time_key(&to, TABLE_BOOKING_EXPIRY, instant_add(now, 1), 0);
	return kv_range(txn, key_slice(&from), key_slice(&to), false, limit, see_booking, &walk);
}

struct made {
	int64_t count;
	instant_t last;
};

static int see_made(struct slice key, struct slice value, void *arg)
{
	struct made *made = arg;
	struct slice rest = slice_from(key, key.len - 2 * sizeof(uint64_t));

	(void)value;
	made->count++;
	return key_take_i64(&rest, &made->last) ? 0 : -EBADMSG;
}

int store_booking_count_made(struct kv_txn *txn, struct slice service, struct slice member, instant_t since,
    int64_t *count_r, instant_t *last_r)
{
	struct made made = {0, INSTANT_MIN}, newest = {0, INSTANT_MIN};
	struct key from, prefix, to;
	int ret;

	made_key(&prefix, service, member);
	to = key_end(&prefix);
	from = prefix;
	key_add_i64(&from, since);
	ret = kv_range(txn, key_slice(&from), key_slice(&to), false, 0, see_made, &made);
	if (ret == 0 && made.count == 0) /* the last one may be older */
		ret = kv_range(txn, key_slice(&prefix), key_slice(&to), true, 1, see_made, &newest);
	*count_r = made.count;
	*last_r = made.count > 0 ? made.last : newest.last;
	return ret;
}

/* ---- writing ---- */

static int forget_former(struct kv_txn *txn, struct arena *arena, uint64_t number)
{
	struct booking former;
	int ret = store_booking_get(txn, arena, number, &former);

	return ret < 0 ? ret : each_lead(txn, &former, drop_lead, NULL);
}

static int check_id(struct kv_txn *txn, const struct booking *booking)
{
	struct slice value;
	struct key key;
	uint64_t number = 0;
	int ret;

	id_key(&key, booking->id);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	return key_take_u64(&value, &number) && number == booking->number ? 0 : -EEXIST;
}

int store_booking_put(struct kv_txn *txn, struct arena *arena, struct booking *booking)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;
	int ret = check_id(txn, booking);

	if (ret == 0)
		ret = booking->number == 0 ? store_next_number(txn, "booking", &booking->number)
		                           : forget_former(txn, arena, booking->number);
	if (ret < 0)
		return ret;
	booking_encode(&b, booking);
	store_number_key(&key, TABLE_BOOKING, booking->number);
	ret = store_put_buf(txn, &key, &b);
	return ret < 0 ? ret : each_lead(txn, booking, add_lead, booking);
}

/* ---- slotkeeper check ---- */

struct comparison {
	const struct booking *booking;
	struct slice key; /* a row that must be among those that lead to it; empty: all of them must be there */
	bool found;
	const char *wrong;
};

static int compare_lead(struct kv_txn *txn, const struct key *key, bool has_number, void *arg)
{
	struct comparison *comparison = arg;
	struct slice value;
	struct key number;
	int ret;

	if (comparison->key.len > 0) {
		comparison->found |= slice_equal(key_slice(key), comparison->key);
		return 0;
	}
	ret = kv_get(txn, key_slice(key), &value);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	if (ret == -ENOENT ||
	    !slice_equal(value, has_number ? number_value(&number, comparison->booking->number) : SLICE_EMPTY))
		comparison->wrong = "a row that leads to it is missing or leads elsewhere";
	return 0;
}

static int check_booking(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r)
{
	struct slice rest = slice_from(key, 1);
	struct comparison comparison = {0};
	struct booking booking;
	uint64_t number;
	int ret = booking_decode(value, arena, &booking);

	if (ret == -ENOMEM)
		return ret;
	if (ret < 0 || !key_take_u64(&rest, &number) || rest.len > 0 || number != booking.number)
		return *wrong_r = "a row that cannot be read", 0;
	comparison.booking = &booking;
	ret = each_lead(txn, &booking, compare_lead, &comparison);
	*wrong_r = comparison.wrong;
	return ret;
}

static int check_lead(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value, const char **wrong_r)
{
	bool has_number = key.at[0] == TABLE_BOOKING_ID || key.at[0] == TABLE_BOOKING_TOKEN;
	size_t tail = key.len > sizeof(uint64_t) ? key.len - sizeof(uint64_t) : key.len;
	struct slice rest = has_number ? value : slice_from(key, tail);
	struct comparison comparison = {.key = key};
	struct booking booking;
	uint64_t number;
	int ret;

	if (!key_take_u64(&rest, &number))
		return *wrong_r = "a row that cannot be read", 0;
	ret = store_booking_get(txn, arena, number, &booking);
	if (ret == -ENOENT || ret == -EBADMSG)
		return *wrong_r = "it leads to no booking", 0;
	if (ret == 0)
		ret = each_lead(txn, &booking, compare_lead, &comparison);
	if (ret == 0 && !comparison.found)
		*wrong_r = "its booking says something else";
	return ret;
}

int store_booking_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r)
{
	*wrong_r = NULL;
	return key.at[0] == TABLE_BOOKING ? check_booking(txn, arena, key, value, wrong_r)
	                                  : check_lead(txn, arena, key, value, wrong_r);
}
