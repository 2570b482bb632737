/* Answers that are given again. A row has its end in a second table, by which those that are too old are found. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/store_private.h"

#define ROW_VERSION   1
#define HASH_BYTES    16 /* of a key: key_add_hash */
#define FORGOTTEN_MAX 4  /* rows that go with a new one: more than come */

/* A key says nothing of another scope's keys, and what stands in the store says nothing of the key. */
static int record_key(struct key *row, struct slice scope, struct slice key)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	pack_text(&b, scope);
	pack_text(&b, key);
	key_begin(row, TABLE_IDEMPOTENCY);
	key_add_hash(row, buf_slice(&b));
	return b.err;
}

static void due_key(struct key *due, const struct key *row, instant_t at)
{
	key_begin(due, TABLE_IDEMPOTENCY_DUE);
	key_add_i64(due, at + IDEMPOTENCY_KEPT);
	key_add_bytes(due, slice_from(key_slice(row), 1));
}

int store_idempotency_decode(struct slice value, struct idempotency *record_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct idempotency record = {.at = unpack_i64(&u)};
	struct slice request;

	record.status = unpack_u32(&u);
	request = unpack_text(&u);
	record.location = unpack_text(&u);
	record.body = unpack_text(&u);
	if (unpack_end(&u) < 0 || request.len != IDEMPOTENCY_DIGEST || record.at < INSTANT_MIN || record.at > INSTANT_MAX)
		return -EBADMSG;
	memcpy(record.request, request.at, IDEMPOTENCY_DIGEST);
	*record_r = record;
	return 0;
}

int store_idempotency_get(struct kv_txn *txn, struct arena *arena, struct slice scope, struct slice key, instant_t now,
    struct idempotency *record_r)
{
	struct idempotency record;
	struct slice value;
	struct key row;
	int ret = record_key(&row, scope, key);

	if (ret == 0)
		ret = store_get_copy(txn, arena, &row, &value);
	if (ret == 0)
		ret = store_idempotency_decode(value, &record);
	if (ret < 0)
		return ret;
	if (record.at + IDEMPOTENCY_KEPT <= now)
		return -ENOENT;
	record.scope = scope;
	record.key = key;
	*record_r = record;
	return 0;
}

/* ---- what is too old ---- */

struct going {
	struct key due[FORGOTTEN_MAX];
	size_t count;
};

static int see_due(struct slice key, struct slice value, void *arg)
{
	struct going *going = arg;
	struct key *due = &going->due[going->count++];

	(void)value;
	due->len = key.len;
	memcpy(due->at, key.at, key.len);
	return 0;
}

/* Both rows of one that DUE names. */
static int forget(struct kv_txn *txn, const struct key *due)
{
	struct key row;
	int ret = kv_delete(txn, key_slice(due));

	key_begin(&row, TABLE_IDEMPOTENCY);
	key_add_bytes(&row, slice_from(key_slice(due), due->len - HASH_BYTES));
	return ret < 0 ? ret : store_delete_quietly(txn, &row);
}

static int forget_old(struct kv_txn *txn, instant_t now)
{
	struct going going = {.count = 0};
	struct key from, end;
	int ret;

	key_begin(&from, TABLE_IDEMPOTENCY_DUE);
	end = from;
	key_add_i64(&end, now + 1);
	ret = kv_range(txn, key_slice(&from), key_slice(&end), false, FORGOTTEN_MAX, see_due, &going);
	for (size_t i = 0; ret == 0 && i < going.count; i++)
		ret = forget(txn, &going.due[i]);
	return ret;
}

/* The end of a row that is about to be written anew. */
static int drop_former_due(struct kv_txn *txn, const struct key *row)
{
	struct idempotency former;
	struct slice value;
	struct key due;
	int ret = kv_get(txn, key_slice(row), &value);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (store_idempotency_decode(value, &former) < 0)
		return 0;
	due_key(&due, row, former.at);
	return store_delete_quietly(txn, &due);
}

int store_idempotency_put(struct kv_txn *txn, const struct idempotency *record)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key row, due;
	int ret = record_key(&row, record->scope, record->key);

	pack_u8(&b, ROW_VERSION);
	pack_i64(&b, record->at);
	pack_u32(&b, record->status);
	pack_text(&b, slice_of((const char *)record->request, IDEMPOTENCY_DIGEST));
	pack_text(&b, record->location);
	pack_text(&b, record->body);
	if (ret == 0)
		ret = forget_old(txn, record->at);
	if (ret == 0)
		ret = drop_former_due(txn, &row);
	if (ret == 0)
		ret = store_put_buf(txn, &row, &b);
	due_key(&due, &row, record->at);
	return ret < 0 ? ret : kv_put(txn, key_slice(&due), SLICE_EMPTY);
}

/* ---- slotkeeper check ---- */

static int check_due(struct kv_txn *txn, struct slice key, const char **wrong_r)
{
	struct slice rest = slice_from(key, 1), value;
	struct idempotency record;
	instant_t end;
	struct key row;
	int ret;

	if (!key_take_i64(&rest, &end) || rest.len != HASH_BYTES)
		return *wrong_r = "a row that cannot be read", 0;
	key_begin(&row, TABLE_IDEMPOTENCY);
	key_add_bytes(&row, rest);
	ret = kv_get(txn, key_slice(&row), &value);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	if (ret == -ENOENT || store_idempotency_decode(value, &record) < 0 || record.at + IDEMPOTENCY_KEPT != end)
		*wrong_r = "its counterpart says something else";
	return 0;
}

int store_idempotency_check(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r)
{
	struct idempotency record;
	struct key row, due;
	struct slice found;
	int ret;

	if (key.at[0] == TABLE_IDEMPOTENCY_DUE)
		return check_due(txn, key, wrong_r);
	if (store_idempotency_decode(value, &record) < 0 || key.len != 1 + HASH_BYTES)
		return *wrong_r = "a row that cannot be read", 0;
	key_begin(&row, TABLE_IDEMPOTENCY);
	key_add_bytes(&row, slice_from(key, 1));
	due_key(&due, &row, record.at);
	ret = kv_get(txn, key_slice(&due), &found);
	if (ret == -ENOENT)
		*wrong_r = "its counterpart is missing";
	return ret == -ENOENT ? 0 : ret;
}

int store_idempotency_repair(struct kv_txn *txn, struct slice key, struct slice value)
{
	struct idempotency record;
	struct key row, due;

	key_begin(&row, TABLE_IDEMPOTENCY);
	key_add_bytes(&row, slice_from(key, 1));
	if (store_idempotency_decode(value, &record) < 0 || key.len != 1 + HASH_BYTES)
		return store_delete_quietly(txn, &row); /* nobody wrote it by hand: a client asks again */
	due_key(&due, &row, record.at);
	return kv_put(txn, key_slice(&due), SLICE_EMPTY);
}
