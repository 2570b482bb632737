/* The audit log: rows by number; each new one lets a few go that are too old or too many, so that it needs no sweep. */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"

#define ROW_VERSION 1
#define DROPPED_MAX 2 /* rows that go with a new one: more than come, so that the log shrinks to its bound */

static void number_key(struct key *key, uint64_t number)
{
	store_number_key(key, TABLE_AUDIT, number);
}

int store_audit_decode(struct slice key, struct slice value, struct audit *audit_r)
{
	struct unpack u = unpack_begin(value, ROW_VERSION);
	struct slice rest = slice_from(key, 1);
	struct audit audit = {.at = unpack_i64(&u)};

	audit.who = unpack_text(&u);
	audit.origin = unpack_text(&u);
	audit.request = unpack_text(&u);
	audit.kind = unpack_text(&u);
	audit.target = unpack_text(&u);
	audit.action = unpack_text(&u);
	audit.before = unpack_text(&u);
	audit.after = unpack_text(&u);
	if (unpack_end(&u) < 0 || !key_take_u64(&rest, &audit.number) || rest.len > 0)
		return -EBADMSG;
	*audit_r = audit;
	return 0;
}

static void encode(struct buf *b, const struct audit *audit)
{
	pack_u8(b, ROW_VERSION);
	pack_i64(b, audit->at);
	pack_text(b, audit->who);
	pack_text(b, audit->origin);
	pack_text(b, audit->request);
	pack_text(b, audit->kind);
	pack_text(b, audit->target);
	pack_text(b, audit->action);
	pack_text(b, audit->before);
	pack_text(b, audit->after);
}

/* ---- what goes ---- */

struct going {
	const struct audit *newest;
	uint64_t numbers[DROPPED_MAX];
	size_t count;
};

static int see_oldest(struct slice key, struct slice value, void *arg)
{
	struct going *going = arg;
	struct audit audit;
	int ret = store_audit_decode(key, value, &audit);

	if (ret < 0)
		return 0; /* it stays, and is told by a check */
	if (audit.number + AUDIT_KEPT_MAX <= going->newest->number || audit.at + AUDIT_KEPT_TIME < going->newest->at)
		going->numbers[going->count++] = audit.number;
	return 0;
}

static int drop_oldest(struct kv_txn *txn, const struct audit *newest)
{
	struct going going = {.newest = newest};
	struct key from, end;
	int ret;

	key_begin(&from, TABLE_AUDIT);
	end = key_end(&from);
	ret = kv_range(txn, key_slice(&from), key_slice(&end), false, DROPPED_MAX, see_oldest, &going);
	for (size_t i = 0; ret == 0 && i < going.count; i++) {
		struct key key;

		number_key(&key, going.numbers[i]);
		ret = kv_delete(txn, key_slice(&key));
	}
	return ret;
}

int store_audit_add(struct kv_txn *txn, struct audit *audit)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;
	int ret;

	if (audit->who.len == 0 || audit->kind.len == 0 || audit->action.len == 0)
		return -EINVAL;
	ret = store_next_number(txn, "audit", &audit->number);
	if (ret < 0)
		return ret;
	encode(&b, audit);
	number_key(&key, audit->number);
	ret = store_put_buf(txn, &key, &b);
	return ret < 0 ? ret : drop_oldest(txn, audit);
}

/* ---- reading ---- */

struct each {
	store_audit_fn *fn;
	void *arg;
};

static int see_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct audit audit;
	int ret = store_audit_decode(key, value, &audit);

	return ret < 0 ? ret : each->fn(&audit, each->arg);
}

int store_audit_each(struct kv_txn *txn, uint64_t before, size_t limit, store_audit_fn *fn, void *arg)
{
	struct each each = {fn, arg};
	struct key from, end;

	key_begin(&from, TABLE_AUDIT);
	if (before == 0)
		end = key_end(&from);
	else
		number_key(&end, before);
	return kv_range(txn, key_slice(&from), key_slice(&end), true, limit, see_row, &each);
}
