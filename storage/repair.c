#include <config.h>

#include "storage/repair.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/store_private.h"

#define PAGE_ROWS       256 /* read, then written: an update may not write while it walks */
#define PAGE_BYTES      ((size_t)PAGE_ROWS * 4096 + 2 * (size_t)KV_VALUE_MAX)
#define SENTENCE_MAX    256
#define OBJECT_ID_SHIFT 36 /* an object's id begins with its collection: store_object.c */
#define NAME(s)         (int)((s).len < 80 ? (s).len : 80), (s).at

struct repair {
	struct kv_txn *txn;
	struct arena *arena; /* of the row at hand */
	store_repair_fn *fn;
	void *arg;
};

static int tell(struct repair *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* 0, so that the walk goes on. */
static int tell(struct repair *r, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	r->fn(sentence, r->arg);
	return 0;
}

/* ---- walking a table page by page ---- */

struct page_row {
	struct key key;
	struct slice value;
};

struct page {
	struct arena *arena;
	struct page_row rows[PAGE_ROWS];
	size_t count;
	bool keys_only; /* values are large and not looked at */
};

static int collect(struct slice key, struct slice value, void *arg)
{
	struct page *page = arg;
	struct page_row *row = &page->rows[page->count++];

	row->key.len = key.len;
	memcpy(row->key.at, key.at, key.len);
	row->value = page->keys_only ? SLICE_EMPTY : slice_of(arena_copy(page->arena, value), value.len);
	if (row->value.at == NULL)
		return -ENOMEM;
	return page->count == PAGE_ROWS ? 1 : 0;
}

typedef int row_fn(struct repair *r, const struct key *key, struct slice value);

static int walk(struct repair *r, char table, bool keys_only, row_fn *fn)
{
	struct page *page = calloc(1, sizeof(*page));
	struct key from, end;
	int ret = page != NULL ? 1 : -ENOMEM;

	key_begin(&from, table);
	end = key_end(&from);
	if (page != NULL) {
		page->arena = arena_new(PAGE_BYTES);
		page->keys_only = keys_only;
		ret = page->arena != NULL ? 1 : -ENOMEM;
	}
	while (ret == 1) {
		page->count = 0;
		arena_reset(page->arena);
		ret = kv_range(r->txn, key_slice(&from), key_slice(&end), false, 0, collect, page);
		for (size_t i = 0; ret >= 0 && i < page->count; i++) {
			int failed;

			arena_reset(r->arena);
			failed = fn(r, &page->rows[i].key, page->rows[i].value);
			ret = failed < 0 ? failed : ret;
		}
		if (page->count > 0) { /* the next page begins behind the last row */
			from = page->rows[page->count - 1].key;
			if (from.len < KV_KEY_MAX)
				from.at[from.len++] = '\0';
			else
				from = key_end(&from);
		}
	}
	if (page != NULL)
		arena_free(page->arena);
	free(page);
	return ret;
}

static int drop(struct repair *r, const struct key *key)
{
	return store_delete_quietly(r->txn, key);
}

static int exists(struct repair *r, const struct key *key, bool *exists_r)
{
	struct slice value;
	int ret = kv_get(r->txn, key_slice(key), &value);

	*exists_r = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

static int id_exists(struct repair *r, char table, uint64_t id, bool *exists_r)
{
	struct key key;

	store_number_key(&key, table, id);
	return exists(r, &key, exists_r);
}

/* ---- principals, collections ---- */

static int principal_row(struct repair *r, const struct key *key, struct slice value)
{
	struct principal principal;
	int ret;

	(void)key;
	if (principal_decode(value, &principal) < 0)
		return tell(r, "principal: a row that cannot be read");
	ret = store_principal_put(r->txn, &principal);
	return ret == -EEXIST ? tell(r, "principal %.*s: its address belongs to another", NAME(principal.name)) : ret;
}

static int collection_row(struct repair *r, const struct key *key, struct slice value)
{
	struct collection collection;
	struct key id;

	if (collection_decode(value, &collection) < 0)
		return tell(r, "collection: a row that cannot be read");
	store_number_key(&id, TABLE_COLLECTION_ID, collection.id);
	return kv_put(r->txn, key_slice(&id), key_slice(key));
}

/* Rows whose key begins with the id of a principal or a collection, and that mean nothing without it. */
static int orphan_of(struct repair *r, const struct key *key, char table)
{
	struct slice rest = slice_from(key_slice(key), 1);
	uint64_t id = 0;
	bool there = false;
	int ret = key_take_u64(&rest, &id) ? id_exists(r, table, id, &there) : 0;

	return ret < 0 || there ? ret : drop(r, key);
}

static int of_principal(struct repair *r, const struct key *key, struct slice value)
{
	(void)value;
	return orphan_of(r, key, TABLE_PRINCIPAL_ID);
}

static int of_collection(struct repair *r, const struct key *key, struct slice value)
{
	(void)value;
	return orphan_of(r, key, TABLE_COLLECTION_ID);
}

static int property_owner_exists(struct repair *r, enum property_owner owner, uint64_t id, bool *exists_r)
{
	struct key key;
	int ret;

	*exists_r = owner == PROPERTY_OF_FILE;
	switch (owner) {
	case PROPERTY_OF_FILE: /* files are not found by their id alone */
		return 0;
	case PROPERTY_OF_COLLECTION:
		return id_exists(r, TABLE_COLLECTION_ID, id, exists_r);
	case PROPERTY_OF_SHAREE:
		ret = id_exists(r, TABLE_COLLECTION_ID, id >> 32, exists_r);
		return ret < 0 || !*exists_r ? ret : id_exists(r, TABLE_PRINCIPAL_ID, id & UINT32_MAX, exists_r);
	case PROPERTY_OF_OBJECT:
		store_two_key(&key, TABLE_OBJECT_ID, store_object_collection(id), id);
		return exists(r, &key, exists_r);
	case PROPERTY_OF_HOME:
	case PROPERTY_OF_PRINCIPAL:
		return id_exists(r, TABLE_PRINCIPAL_ID, id, exists_r);
	}
	return 0; /* of no kind there is */
}

static int property_row(struct repair *r, const struct key *key, struct slice value)
{
	struct slice rest = slice_from(key_slice(key), 1);
	struct slice ns, name, xml;
	uint8_t owner = 0;
	uint64_t id = 0;
	bool there = false;
	int ret;

	if (!key_take_u8(&rest, &owner) || !key_take_u64(&rest, &id))
		return drop(r, key);
	if (store_property_decode(value, &ns, &name, &xml) < 0)
		return tell(r, "property: a row that cannot be read");
	ret = property_owner_exists(r, (enum property_owner)owner, id, &there);
	return ret < 0 || there ? ret : drop(r, key);
}

/* ---- objects ---- */

/* A number that was given is never given again. */
static int raise_counter(struct repair *r, uint64_t collection, uint64_t number)
{
	struct counter counter;
	int ret = store_counter_get(r->txn, collection, &counter);

	if (ret == -EBADMSG) {
		counter = (struct counter){0, 0, 0};
		ret = 0;
	}
	if (ret < 0 || counter.number >= number)
		return ret;
	counter.number = number;
	return store_counter_put(r->txn, collection, counter);
}

static int check_body(struct repair *r, const struct object *object)
{
	struct slice body;
	int ret = store_body_get(r->txn, object->id, &body);

	if (ret == -ENOENT)
		return tell(r, "object %.*s: no body", NAME(object->name));
	if (ret == 0 && (body.len != object->size || key_digest(body) != object->digest))
		return tell(r, "object %.*s: not the body that was written", NAME(object->name));
	return ret;
}

static int put_object_rows(struct repair *r, const struct object *object, const struct collection *collection)
{
	struct key key;
	bool taken;
	int ret;

	store_two_key(&key, TABLE_OBJECT_ID, object->collection, object->id);
	ret = kv_put(r->txn, key_slice(&key), object->name);
	store_hash_key(&key, TABLE_UID, object->collection, object->uid);
	if (ret == 0)
		ret = exists(r, &key, &taken);
	if (ret == 0 && taken)
		tell(r, "object %.*s: another of its calendar has its UID", NAME(object->name));
	if (ret == 0 && !taken)
		ret = kv_put(r->txn, key_slice(&key), object->name);
	store_hash_key(&key, TABLE_OWNER_UID, collection->owner, object->uid);
	key_add_u64(&key, object->collection);
	if (ret == 0)
		ret = kv_put(r->txn, key_slice(&key), object->name);
	return ret < 0 ? ret : store_change_repair(r->txn, object);
}

static int object_row(struct repair *r, const struct key *key, struct slice value)
{
	struct collection collection;
	struct object object;
	int ret;

	(void)key;
	if (object_decode(value, &object) < 0)
		return tell(r, "object: a row that cannot be read");
	ret = store_collection_get_by_id(r->txn, r->arena, object.collection, &collection);
	if (ret == -ENOENT || ret == -EBADMSG)
		return tell(r, "object %.*s: its collection is not there", NAME(object.name));
	if (ret == 0)
		ret = check_body(r, &object);
	if (ret == 0)
		ret = put_object_rows(r, &object, &collection);
	return ret < 0 ? ret : raise_counter(r, object.collection, object.change);
}

/* Changes by number, so that of two deletions of one name the later stays. */
static int change_row(struct repair *r, const struct key *key, struct slice value)
{
	struct slice rest = slice_from(key_slice(key), 1);
	uint64_t collection = 0, former = 0;
	struct change change;
	struct object object;
	int ret;

	if (!key_take_u64(&rest, &collection) || store_change_decode(key_slice(key), value, &change) < 0)
		return drop(r, key);
	ret = store_object_get(r->txn, r->arena, collection, change.name, &object);
	if (ret == 0 || ret == -EBADMSG)
		return change.op == CHANGE_PUT && (ret == -EBADMSG || object.change == change.number) ? 0 : drop(r, key);
	if (ret != -ENOENT)
		return ret;
	if (change.op != CHANGE_DELETE)
		return drop(r, key);
	ret = store_tombstone_repair(r->txn, collection, &change, &former);
	if (ret == 0 && former != 0) {
		struct key old;

		store_two_key(&old, TABLE_CHANGE, collection, former);
		ret = drop(r, &old);
	}
	return ret < 0 ? ret : raise_counter(r, collection, change.number);
}

static int body_row(struct repair *r, const struct key *key, struct slice value)
{
	struct slice rest = slice_from(key_slice(key), 1);
	struct key other;
	uint64_t id = 0;
	bool there = false;
	int ret = 0;

	(void)value;
	if (key_take_u64(&rest, &id)) {
		store_two_key(&other, TABLE_OBJECT_ID, id >> OBJECT_ID_SHIFT, id);
		ret = exists(r, &other, &there);
	}
	return ret < 0 || there ? ret : drop(r, key);
}

/* ---- the small tables ---- */

static int job_row(struct repair *r, const struct key *key, struct slice value)
{
	struct job job;

	(void)key;
	return job_decode(value, &job) < 0 ? tell(r, "job: a row that cannot be read") : store_job_repair(r->txn, &job);
}

static int access_row(struct repair *r, const struct key *key, struct slice value)
{
	struct slice rest = slice_from(key_slice(key), 1);
	uint64_t group = 0, member = 0;
	struct grant grant;
	const char *wrong;
	bool first = false, second = false;
	int ret;

	if (key->at[0] == TABLE_GRANT) {
		if (store_grant_decode(key_slice(key), value, &grant) < 0)
			return tell(r, "grant: a row that cannot be read");
		ret = store_grant_put(r->txn, &grant); /* with its counterpart; what is wrong then is not that */
		if (ret == 0)
			ret = store_access_check(r->txn, r->arena, key_slice(key), value, &wrong);
		grant.privileges = 0;
		return ret < 0 || wrong == NULL ? ret : store_grant_put(r->txn, &grant);
	}
	if (!key_take_u64(&rest, &group) || !key_take_u64(&rest, &member))
		return drop(r, key);
	ret = id_exists(r, TABLE_PRINCIPAL_ID, group, &first);
	if (ret == 0)
		ret = id_exists(r, TABLE_PRINCIPAL_ID, member, &second);
	return ret < 0 ? ret : first && second ? store_member_put(r->txn, group, member) : drop(r, key);
}

static int feed_row(struct repair *r, const struct key *key, struct slice value)
{
	return store_feed_repair(r->txn, key_slice(key), value);
}

static int idempotency_row(struct repair *r, const struct key *key, struct slice value)
{
	return store_idempotency_repair(r->txn, key_slice(key), value);
}

static int booking_row(struct repair *r, const struct key *key, struct slice value)
{
	struct booking booking;
	int ret = booking_decode(value, r->arena, &booking);

	(void)key;
	return ret == -EBADMSG ? tell(r, "booking: a row that cannot be read") :
	       ret < 0         ? ret
	                       : store_booking_repair(r->txn, &booking);
}

/* Who loses it signs in again. */
static int session_row(struct repair *r, const struct key *key, struct slice value)
{
	const char *wrong;
	int ret = store_session_check(r->txn, key_slice(key), value, &wrong);

	return ret < 0 || wrong == NULL ? ret : drop(r, key);
}

/* The clash makes it anew, if there is one. */
static int alert_row(struct repair *r, const struct key *key, struct slice value)
{
	const char *wrong;
	int ret = store_alert_check(r->txn, r->arena, key_slice(key), value, &wrong);

	return ret < 0 || wrong == NULL ? ret : drop(r, key);
}

/* ---- all of it, in the order in which one leans on another ---- */

static const char derived[] = {TABLE_PRINCIPAL_ID, TABLE_PRINCIPAL_EMAIL, TABLE_COLLECTION_ID, TABLE_OBJECT_ID, TABLE_UID,
    TABLE_OWNER_UID, TABLE_TOMBSTONE, TABLE_INDEX, TABLE_BUSY, TABLE_MEMBER_BUSY, TABLE_OCCUPANCY, TABLE_OCCUPIED,
    TABLE_SERIES, TABLE_SERIES_DUE, TABLE_JOB_DUE, TABLE_JOB_KEY, TABLE_GRANTED, TABLE_MEMBERSHIP, TABLE_FEED_OF,
    TABLE_IDEMPOTENCY_DUE, TABLE_BOOKING_ID, TABLE_BOOKING_UID, TABLE_BOOKING_START, TABLE_BOOKING_TOKEN, TABLE_BOOKING_EXPIRY,
    TABLE_BOOKING_MADE, TABLE_USAGE}; /* usage is counted when it is first asked for */

static const struct {
	char table;
	bool keys_only;
	row_fn *fn;
} steps[] = {
    {TABLE_PRINCIPAL, false, principal_row},
    {TABLE_COLLECTION, false, collection_row},
    {TABLE_COUNTER, true, of_collection},
    {TABLE_OBJECT, false, object_row},
    {TABLE_PROPERTY, false, property_row},
    {TABLE_CHANGE, false, change_row},
    {TABLE_BODY, true, body_row},
    {TABLE_JOB, false, job_row},
    {TABLE_MEMBER, false, access_row},
    {TABLE_GRANT, false, access_row},
    {TABLE_FEED, false, feed_row},
    {TABLE_IDEMPOTENCY, false, idempotency_row},
    {TABLE_BOOKING, false, booking_row},
    {TABLE_APP_PASSWORD, true, of_principal},
    {TABLE_SESSION, false, session_row},
    {TABLE_LOCK, true, of_principal},
    {TABLE_ALERT, false, alert_row},
    {TABLE_HOME, true, of_principal},
    {TABLE_HOME_GONE, true, of_principal},
};

int store_repair(struct kv_txn *txn, store_repair_fn *fn, void *arg)
{
	struct repair r = {.txn = txn, .arena = arena_new(PAGE_BYTES), .fn = fn, .arg = arg};
	int ret = r.arena != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < sizeof(derived); i++) {
		struct key prefix;

		key_begin(&prefix, derived[i]);
		ret = store_delete_range(txn, &prefix);
	}
	for (size_t i = 0; ret == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		ret = walk(&r, steps[i].table, steps[i].keys_only, steps[i].fn);
	arena_free(r.arena);
	return ret;
}

/* ---- what the booking side then works on ---- */

struct listing {
	struct arena *arena;
	size_t size; /* of one record */
	char *at;
	size_t count, capacity;
	int (*decode)(struct slice value, void *record);
};

static int list_row(struct slice key, struct slice value, void *arg)
{
	struct listing *list = arg;
	struct slice copy = slice_of(arena_copy(list->arena, value), value.len);

	(void)key;
	if (copy.at == NULL)
		return -ENOMEM;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity != 0 ? 2 * list->capacity : 64;
		char *grown = arena_array(list->arena, capacity, list->size);

		if (grown == NULL)
			return -ENOMEM;
		if (list->count > 0)
			memcpy(grown, list->at, list->count * list->size);
		list->at = grown;
		list->capacity = capacity;
	}
	if (list->decode(copy, list->at + list->count * list->size) == 0)
		list->count++;
	return 0;
}

static int decode_object(struct slice value, void *record)
{
	return object_decode(value, record);
}

static int decode_collection(struct slice value, void *record)
{
	return collection_decode(value, record);
}

int store_repair_objects(struct kv_txn *txn, struct arena *arena, uint64_t collection, struct object **objects_r,
    size_t *count_r)
{
	struct listing list = {.arena = arena, .size = sizeof(**objects_r), .decode = decode_object};
	struct key prefix;
	int ret;

	store_number_key(&prefix, TABLE_OBJECT, collection);
	ret = store_range(txn, &prefix, list_row, &list);
	*objects_r = (struct object *)(void *)list.at;
	*count_r = list.count;
	return ret;
}

int store_repair_collections(struct kv_txn *txn, struct arena *arena, struct collection **collections_r, size_t *count_r)
{
	struct listing list = {.arena = arena, .size = sizeof(**collections_r), .decode = decode_collection};
	struct key prefix;
	int ret;

	key_begin(&prefix, TABLE_COLLECTION);
	ret = store_range(txn, &prefix, list_row, &list);
	*collections_r = (struct collection *)(void *)list.at;
	*count_r = list.count;
	return ret;
}
