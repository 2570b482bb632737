#include <config.h>

#include <errno.h>
#include <limits.h>

#include "storage/store_private.h"
#include "storage/store_write.h"

#define CLASS_MAX 40 /* 2^40 seconds: more than all years that we know */

/* ---- intervals by class ---- */

uint8_t store_interval_class(struct interval at)
{
	uint64_t length = at.end > at.start ? (uint64_t)(at.end - at.start) : 0;
	uint8_t class = 0;

	for (; length > 0; length >>= 1)
		class++;
	return class < CLASS_MAX ? class : CLASS_MAX;
}

/* A walk through one class after the other; a row beyond a class tells which one is next, so empty ones cost nothing. */
struct class_walk {
	size_t prefix_len;
	struct interval window;
	kv_row_fn *fn;
	void *arg;
	uint8_t class;
	uint8_t next;
};

#define NEXT_CLASS INT_MIN /* nothing that FN returns */

static int class_row(struct slice key, struct slice value, void *arg)
{
	struct class_walk *walk = arg;
	struct slice rest = slice_from(key, walk->prefix_len);
	uint8_t class;
	instant_t start;

	if (!key_take_u8(&rest, &class) || !key_take_i64(&rest, &start))
		return -EBADMSG;
	if (class == walk->class && start < walk->window.end)
		return walk->fn(key, value, walk->arg);
	walk->next = class == walk->class ? class + 1 : class;
	return NEXT_CLASS;
}

/* Shorter than 2^class: what starts earlier than this has ended. */
static instant_t earliest_start(uint8_t class, instant_t window_start)
{
	return class == 0 ? window_start : window_start - (INT64_C(1) << class) + 1;
}

int store_class_range(struct kv_txn *txn, const struct key *prefix, struct interval window, kv_row_fn *fn, void *arg)
{
	struct class_walk walk = {.prefix_len = prefix->len, .window = window, .fn = fn, .arg = arg};
	struct key end = key_end(prefix);
	int ret = NEXT_CLASS;

	while (ret == NEXT_CLASS && walk.next <= CLASS_MAX) {
		struct key from = *prefix;

		walk.class = walk.next;
		key_add_u8(&from, walk.class);
		key_add_i64(&from, earliest_start(walk.class, window.start));
		ret = kv_range(txn, key_slice(&from), key_slice(&end), false, 0, class_row, &walk);
	}
	return ret == NEXT_CLASS ? 0 : ret;
}

/* ---- an object's rows ---- */

static void index_key(struct key *key, uint64_t collection, uint64_t object)
{
	key_begin(key, TABLE_INDEX);
	key_add_u64(key, collection);
	key_add_u64(key, object);
}

void store_busy_key(struct key *key, const struct busy *busy)
{
	key_begin(key, TABLE_BUSY);
	key_add_u64(key, busy->collection);
	key_add_u8(key, store_interval_class(busy->at));
	key_add_i64(key, busy->at.start);
	key_add_u64(key, busy->object);
	key_add_u32(key, busy->instance);
}

void store_member_busy_key(struct key *key, uint64_t member, const struct busy *busy)
{
	key_begin(key, TABLE_MEMBER_BUSY);
	key_add_u64(key, member);
	key_add_u8(key, store_interval_class(busy->at));
	key_add_i64(key, busy->at.start);
	key_add_u64(key, busy->collection);
	key_add_u64(key, busy->object);
	key_add_u32(key, busy->instance);
}

bool store_busy_blocks(const struct busy *busy)
{
	return busy->kind != BUSY_KIND_FREE && busy->at.start < busy->at.end;
}

void store_busy_value(struct buf *b, const struct busy *busy)
{
	buf_reset(b);
	pack_u8(b, 1);
	pack_i64(b, busy->at.end);
	pack_u32(b, busy->component);
	pack_u8(b, (uint8_t)busy->kind);
	pack_u32(b, busy->flags);
}

static int unpack_busy_value(struct slice value, struct busy *busy)
{
	struct unpack u = unpack_begin(value, 1);

	busy->at.end = unpack_i64(&u);
	busy->component = unpack_u32(&u);
	busy->kind = (enum busy_kind)unpack_u8(&u);
	busy->flags = unpack_u32(&u);
	return unpack_end(&u);
}

int store_index_decode(struct slice value, struct arena *arena, uint64_t collection, uint64_t object,
    uint64_t *member_r, struct busy **rows_r, size_t *count_r)
{
	struct unpack u = unpack_begin(value, 1);
	uint64_t member = unpack_u64(&u);
	uint32_t count = unpack_u32(&u);
	struct busy *rows;

	if (u.bad || count > value.len) /* a row takes more than a byte */
		return -EBADMSG;
	rows = arena_array(arena, count + 1u, sizeof(*rows));
	if (rows == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		rows[i].collection = collection;
		rows[i].object = object;
		rows[i].at = unpack_interval(&u);
		rows[i].instance = unpack_u32(&u);
		rows[i].component = unpack_u32(&u);
		rows[i].kind = (enum busy_kind)unpack_u8(&u);
		rows[i].flags = unpack_u32(&u);
	}
	*member_r = member;
	*rows_r = rows;
	*count_r = count;
	return unpack_end(&u);
}

int store_index_get(struct kv_txn *txn, struct arena *arena, uint64_t collection, uint64_t object, uint64_t *member_r,
    struct busy **rows_r, size_t *count_r)
{
	struct slice value;
	struct key key;
	int ret;

	index_key(&key, collection, object);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret == -ENOENT) {
		*member_r = 0;
		*rows_r = NULL;
		*count_r = 0;
		return 0;
	}
	return ret < 0 ? ret : store_index_decode(value, arena, collection, object, member_r, rows_r, count_r);
}

static int put_row(struct kv_txn *txn, uint64_t member, const struct busy *busy, struct buf *value)
{
	struct key key;
	int ret;

	store_busy_value(value, busy);
	store_busy_key(&key, busy);
	ret = store_put_buf(txn, &key, value);
	if (ret < 0 || member == 0 || !store_busy_blocks(busy))
		return ret;
	store_member_busy_key(&key, member, busy);
	return store_put_buf(txn, &key, value);
}

int store_index_put(struct kv_txn *txn, uint64_t member, uint64_t collection, uint64_t object,
    const struct busy *rows, size_t count)
{
	AUTO_BUF struct buf list = BUF_INIT(RECORD_BYTES_MAX), value = BUF_INIT(64);
	struct key key;
	int ret = store_index_clear(txn, collection, object);

	pack_u8(&list, 1);
	pack_u64(&list, member);
	pack_u32(&list, (uint32_t)count);
	for (size_t i = 0; ret == 0 && i < count; i++) {
		pack_interval(&list, rows[i].at);
		pack_u32(&list, rows[i].instance);
		pack_u32(&list, rows[i].component);
		pack_u8(&list, (uint8_t)rows[i].kind);
		pack_u32(&list, rows[i].flags);
		ret = put_row(txn, member, &rows[i], &value);
	}
	if (ret < 0 || count == 0)
		return ret;
	index_key(&key, collection, object);
	return store_put_buf(txn, &key, &list);
}

static int clear_rows(struct kv_txn *txn, uint64_t member, const struct busy *rows, size_t count)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++) {
		struct key key;

		store_busy_key(&key, &rows[i]);
		ret = store_delete_quietly(txn, &key);
		if (ret < 0 || member == 0 || !store_busy_blocks(&rows[i]))
			continue;
		store_member_busy_key(&key, member, &rows[i]);
		ret = store_delete_quietly(txn, &key);
	}
	return ret;
}

static void series_key(struct key *key, uint64_t collection, uint64_t object)
{
	key_begin(key, TABLE_SERIES);
	key_add_u64(key, collection);
	key_add_u64(key, object);
}

static void series_due_key(struct key *key, instant_t end, uint64_t collection, uint64_t object)
{
	key_begin(key, TABLE_SERIES_DUE);
	key_add_i64(key, end);
	key_add_u64(key, collection);
	key_add_u64(key, object);
}

int store_series_decode(struct slice value, struct series *series_r)
{
	struct unpack u = unpack_begin(value, 1);

	series_r->collection = unpack_u64(&u);
	series_r->object = unpack_u64(&u);
	series_r->name = unpack_text(&u);
	series_r->span = unpack_interval(&u);
	series_r->indexed = unpack_interval(&u);
	return unpack_end(&u);
}

static int clear_series(struct kv_txn *txn, uint64_t collection, uint64_t object)
{
	struct series series;
	struct slice value;
	struct key key, due;
	int ret;

	series_key(&key, collection, object);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret == -ENOENT)
		return 0;
	if (ret == 0)
		ret = store_series_decode(value, &series);
	if (ret != 0)
		return ret;
	series_due_key(&due, series.indexed.end, collection, object);
	ret = store_delete_quietly(txn, &due);
	return ret < 0 ? ret : kv_delete(txn, key_slice(&key));
}

#define CLEAR_ARENA_MAX (256u << 20) /* the rows of one object: bounded by max-instances where they are made */

int store_index_clear(struct kv_txn *txn, uint64_t collection, uint64_t object)
{
	struct arena *arena;
	struct slice value;
	struct busy *rows;
	size_t count;
	uint64_t member;
	struct key key;
	int ret = clear_series(txn, collection, object);

	index_key(&key, collection, object);
	if (ret == 0)
		ret = kv_get(txn, key_slice(&key), &value);
	if (ret != 0)
		return ret == -ENOENT ? 0 : ret;
	arena = arena_new(CLEAR_ARENA_MAX);
	if (arena == NULL)
		return -ENOMEM;
	ret = store_index_decode(value, arena, collection, object, &member, &rows, &count);
	if (ret == 0)
		ret = clear_rows(txn, member, rows, count);
	if (ret == 0)
		ret = kv_delete(txn, key_slice(&key));
	arena_free(arena);
	return ret;
}

int store_series_get(struct kv_txn *txn, uint64_t collection, uint64_t object, struct series *series_r)
{
	struct slice value;
	struct key key;
	int ret;

	key_begin(&key, TABLE_SERIES);
	key_add_u64(&key, collection);
	key_add_u64(&key, object);
	ret = kv_get(txn, key_slice(&key), &value);
	return ret < 0 ? ret : store_series_decode(value, series_r);
}

int store_series_put(struct kv_txn *txn, const struct series *series)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	struct key key;
	int ret = clear_series(txn, series->collection, series->object);

	if (ret < 0)
		return ret;
	pack_u8(&b, 1);
	pack_u64(&b, series->collection);
	pack_u64(&b, series->object);
	pack_text(&b, series->name);
	pack_interval(&b, series->span);
	pack_interval(&b, series->indexed);
	series_key(&key, series->collection, series->object);
	ret = store_put_buf(txn, &key, &b);
	if (ret < 0)
		return ret;
	series_due_key(&key, series->indexed.end, series->collection, series->object);
	return kv_put(txn, key_slice(&key), SLICE_EMPTY);
}

/* ---- reads ---- */

struct busy_range {
	struct interval window;
	store_busy_fn *fn;
	void *arg;
	bool by_member;
};

/* Decodes a row of either index: behind table, owner and class come start, (collection,) object and instance. */
static int busy_row(struct slice key, struct slice value, void *arg)
{
	struct busy_range *range = arg;
	struct slice rest = slice_from(key, 1);
	struct busy busy = {0};
	uint64_t owner;
	uint8_t class;
	int ret = unpack_busy_value(value, &busy);

	if (ret < 0)
		return ret;
	if (!key_take_u64(&rest, &owner) || !key_take_u8(&rest, &class) || !key_take_i64(&rest, &busy.at.start))
		return -EBADMSG;
	busy.collection = owner;
	if (range->by_member && !key_take_u64(&rest, &busy.collection))
		return -EBADMSG;
	if (!key_take_u64(&rest, &busy.object) || !key_take_u32(&rest, &busy.instance))
		return -EBADMSG;
	if (busy.at.start < busy.at.end && busy.at.end <= range->window.start)
		return 0;
	return range->fn(&busy, range->arg);
}

int store_busy_each(struct kv_txn *txn, uint64_t collection, struct interval window, store_busy_fn *fn, void *arg)
{
	struct busy_range range = {window, fn, arg, false};
	struct key prefix;

	key_begin(&prefix, TABLE_BUSY);
	key_add_u64(&prefix, collection);
	return store_class_range(txn, &prefix, window, busy_row, &range);
}

int store_member_busy_each(struct kv_txn *txn, uint64_t member, struct interval window, store_busy_fn *fn, void *arg)
{
	struct busy_range range = {window, fn, arg, true};
	struct key prefix;

	key_begin(&prefix, TABLE_MEMBER_BUSY);
	key_add_u64(&prefix, member);
	return store_class_range(txn, &prefix, window, busy_row, &range);
}

struct series_range {
	struct interval window;
	store_series_fn *fn;
	void *arg;
	struct kv_txn *txn;
};

static int series_row(struct slice key, struct slice value, void *arg)
{
	struct series_range *range = arg;
	struct series series;
	int ret = store_series_decode(value, &series);

	(void)key;
	if (ret < 0)
		return ret;
	if (!interval_overlaps(series.span, range->window) ||
	    (series.indexed.start <= range->window.start && range->window.end <= series.indexed.end))
		return 0;
	return range->fn(&series, range->arg);
}

int store_series_each(struct kv_txn *txn, uint64_t collection, struct interval window, store_series_fn *fn, void *arg)
{
	struct series_range range = {window, fn, arg, txn};
	struct key prefix;

	key_begin(&prefix, TABLE_SERIES);
	key_add_u64(&prefix, collection);
	return store_range(txn, &prefix, series_row, &range);
}

static int series_due_row(struct slice key, struct slice value, void *arg)
{
	struct series_range *range = arg;
	struct slice rest = slice_from(key, 1), stored;
	uint64_t collection, object;
	struct series series;
	struct key target;
	instant_t end;
	int ret;

	(void)value;
	if (!key_take_i64(&rest, &end) || !key_take_u64(&rest, &collection) || !key_take_u64(&rest, &object))
		return -EBADMSG;
	series_key(&target, collection, object);
	ret = kv_get(range->txn, key_slice(&target), &stored);
	if (ret == 0)
		ret = store_series_decode(stored, &series);
	return ret < 0 ? ret : range->fn(&series, range->arg);
}

int store_series_each_due(struct kv_txn *txn, instant_t horizon, size_t limit, store_series_fn *fn, void *arg)
{
	struct series_range range = {{0, 0}, fn, arg, txn};
	struct key from, to;

	key_begin(&from, TABLE_SERIES_DUE);
	to = from;
	key_add_i64(&from, INSTANT_MIN);
	key_add_i64(&to, horizon);
	return kv_range(txn, key_slice(&from), key_slice(&to), false, limit, series_due_row, &range);
}
