/* Alerts: the few that there are lie by member, so that what comes and goes with his time is found by its key. */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"
#include "storage/store_write.h"

#define ROW_VERSION 1

static void member_prefix(struct key *key, uint64_t member)
{
	key_begin(key, TABLE_ALERT);
	key_add_u64(key, member);
}

static int alert_key(struct key *key, uint64_t member, struct slice event, struct slice booking)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);

	pack_text(&b, event);
	pack_text(&b, booking);
	member_prefix(key, member);
	key_add_hash(key, buf_slice(&b));
	return b.err;
}

int store_alert_decode(struct slice key, struct slice value, struct alert *alert_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct slice rest = slice_from(key, 1);
	struct alert alert = {.id = unpack_u64(&u)};

	alert.kind = (enum alert_kind)unpack_u8(&u);
	alert.state = (enum alert_state)unpack_u8(&u);
	alert.collection = unpack_u64(&u);
	alert.event = unpack_text(&u);
	alert.booking = unpack_text(&u);
	alert.at = unpack_interval(&u);
	alert.created = unpack_i64(&u);
	alert.request = unpack_text(&u);
	alert.resolved = unpack_i64(&u);
	alert.resolved_by = unpack_text(&u);
	if (unpack_end(&u) < 0 || alert.kind != ALERT_OVERLAP || alert.state < ALERT_OPEN ||
	    alert.state > ALERT_RESOLVED || !key_take_u64(&rest, &alert.member))
		return -EBADMSG;
	*alert_r = alert;
	return 0;
}

static void encode(struct buf *b, const struct alert *alert)
{
	pack_u8(b, ROW_VERSION);
	pack_u64(b, alert->id);
	pack_u8(b, (uint8_t)alert->kind);
	pack_u8(b, (uint8_t)alert->state);
	pack_u64(b, alert->collection);
	pack_text(b, alert->event);
	pack_text(b, alert->booking);
	pack_interval(b, alert->at);
	pack_i64(b, alert->created);
	pack_text(b, alert->request);
	pack_i64(b, alert->resolved);
	pack_text(b, alert->resolved_by);
}

int store_alert_put(struct kv_txn *txn, struct alert *alert)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;
	int ret = alert_key(&key, alert->member, alert->event, alert->booking);

	if (ret == 0 && alert->id == 0)
		ret = store_next_number(txn, "alert", &alert->id);
	if (ret < 0)
		return ret;
	encode(&b, alert);
	return store_put_buf(txn, &key, &b);
}

int store_alert_get(struct kv_txn *txn, struct arena *arena, uint64_t member, struct slice event, struct slice booking,
    struct alert *alert_r)
{
	struct slice value;
	struct key key;
	int ret = alert_key(&key, member, event, booking);

	if (ret == 0)
		ret = store_get_copy(txn, arena, &key, &value);
	return ret < 0 ? ret : store_alert_decode(key_slice(&key), value, alert_r);
}

int store_alert_delete(struct kv_txn *txn, const struct alert *alert)
{
	struct key key;
	int ret = alert_key(&key, alert->member, alert->event, alert->booking);

	return ret < 0 ? ret : kv_delete(txn, key_slice(&key));
}

struct each {
	store_alert_fn *fn;
	void *arg;
};

static int alert_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct alert alert;
	int ret = store_alert_decode(key, value, &alert);

	return ret < 0 ? ret : each->fn(&alert, each->arg);
}

int store_alert_each(struct kv_txn *txn, store_alert_fn *fn, void *arg)
{
	struct each each = {fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_ALERT);
	return store_range(txn, &prefix, alert_row, &each);
}

int store_alert_each_of(struct kv_txn *txn, uint64_t member, store_alert_fn *fn, void *arg)
{
	struct each each = {fn, arg};
	struct key prefix;

	member_prefix(&prefix, member);
	return store_range(txn, &prefix, alert_row, &each);
}

int store_alert_forget(struct kv_txn *txn, uint64_t member)
{
	struct key prefix;

	member_prefix(&prefix, member);
	return store_delete_range(txn, &prefix);
}

int store_alert_check(struct kv_txn *txn, struct arena *arena, struct slice key, struct slice value,
    const char **wrong_r)
{
	struct principal member;
	struct alert alert;
	struct key wanted;
	int ret;

	*wrong_r = "it cannot be read";
	if (store_alert_decode(key, value, &alert) < 0)
		return 0;
	ret = alert_key(&wanted, alert.member, alert.event, alert.booking);
	if (ret < 0)
		return ret;
	*wrong_r = "it lies under another's key";
	if (!slice_equal(key, key_slice(&wanted)))
		return 0;
	*wrong_r = "its member is not there";
	ret = store_principal_get_by_id(txn, arena, alert.member, &member);
	if (ret == 0)
		*wrong_r = NULL;
	return ret == -ENOENT || ret == -EBADMSG ? 0 : ret;
}
