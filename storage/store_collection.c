#include <config.h>

#include <errno.h>

#include "storage/store_private.h"
#include "storage/store_write.h"

static void collection_key(struct key *key, struct slice home, struct slice name)
{
	key_begin(key, TABLE_COLLECTION);
	key_add_text(key, home);
	key_add_text(key, name);
}

static void id_key(struct key *key, uint64_t id)
{
	key_begin(key, TABLE_COLLECTION_ID);
	key_add_u64(key, id);
}

static int get(struct kv_txn *txn, struct arena *arena, const struct key *key, struct collection *collection_r)
{
	struct slice value;
	int ret = store_get_copy(txn, arena, key, &value);

	return ret < 0 ? ret : collection_decode(value, collection_r);
}

int store_collection_get(struct kv_txn *txn, struct arena *arena, struct slice home, struct slice name,
    struct collection *collection_r)
{
	struct key key;

	collection_key(&key, home, name);
	return get(txn, arena, &key, collection_r);
}

int store_collection_get_by_id(struct kv_txn *txn, struct arena *arena, uint64_t id, struct collection *collection_r)
{
	struct slice value;
	struct key key;
	int ret;

	id_key(&key, id);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret < 0)
		return ret;
	if (value.len > KV_KEY_MAX)
		return -EBADMSG;
	key.len = value.len;
	memcpy(key.at, value.at, value.len);
	return get(txn, arena, &key, collection_r);
}

struct each {
	store_collection_fn *fn;
	void *arg;
};

static int each_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct collection collection;
	int ret = collection_decode(value, &collection);

	(void)key;
	return ret < 0 ? ret : each->fn(&collection, each->arg);
}

int store_collection_each(struct kv_txn *txn, struct slice home, store_collection_fn *fn, void *arg)
{
	struct each each = {fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_COLLECTION);
	key_add_text(&prefix, home);
	return store_range(txn, &prefix, each_row, &each);
}

/* -ENOENT when the stored row is another collection of that name. */
static int check_same(struct slice value, uint64_t id)
{
	struct collection old;
	int ret = collection_decode(value, &old);

	return ret < 0 ? ret : old.id == id ? 0 : -ENOENT;
}

int store_collection_put(struct kv_txn *txn, struct collection *collection)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	bool added = collection->id == 0;
	struct slice value;
	struct key key, id;
	int ret;

	collection_key(&key, collection->home, collection->name);
	ret = kv_get(txn, key_slice(&key), &value);
	if (collection->id != 0) {
		ret = ret < 0 ? ret : check_same(value, collection->id);
	} else {
		ret = ret == 0 ? -EEXIST : ret == -ENOENT ? store_next_number(txn, "collection", &collection->id) : ret;
		id_key(&id, collection->id);
		if (ret == 0)
			ret = kv_put(txn, key_slice(&id), key_slice(&key));
	}
	collection_encode(&b, collection);
	if (ret == 0)
		ret = store_put_buf(txn, &key, &b);
	if (ret == 0 && added)
		ret = store_home_forget(txn, collection->owner, collection->name, false);
	return ret < 0 ? ret : store_home_touch(txn, collection->owner, collection->id);
}

int store_collection_rename(struct kv_txn *txn, const struct collection *collection, struct slice name)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct collection renamed = *collection;
	struct slice value;
	struct key key, old, id;
	int ret;

	renamed.name = name;
	collection_encode(&b, &renamed);
	collection_key(&old, collection->home, collection->name);
	collection_key(&key, collection->home, name);
	id_key(&id, collection->id);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret != -ENOENT)
		return ret == 0 ? -EEXIST : ret;
	ret = kv_delete(txn, key_slice(&old));
	if (ret == 0)
		ret = kv_put(txn, key_slice(&id), key_slice(&key));
	if (ret == 0)
		ret = store_put_buf(txn, &key, &b);
	if (ret == 0)
		ret = store_home_forget(txn, collection->owner, name, false);
	if (ret == 0)
		ret = store_home_forget(txn, collection->owner, collection->name, true);
	return ret < 0 ? ret : store_home_touch(txn, collection->owner, collection->id);
}

static void property_prefix(struct key *key, enum property_owner owner, uint64_t id)
{
	key_begin(key, TABLE_PROPERTY);
	key_add_u8(key, (uint8_t)owner);
	key_add_u64(key, id);
}

static int property_key(struct key *key, enum property_owner owner, uint64_t id, struct slice ns, struct slice name)
{
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	pack_text(&b, ns);
	pack_text(&b, name);
	property_prefix(key, owner, id);
	key_add_hash(key, buf_slice(&b));
	return b.err;
}

int store_property_decode(struct slice value, struct slice *ns_r, struct slice *name_r, struct slice *xml_r)
{
	struct unpack u = unpack_begin(value, 1);

	*ns_r = unpack_text(&u);
	*name_r = unpack_text(&u);
	*xml_r = unpack_text(&u);
	return unpack_end(&u);
}

int store_property_get(struct kv_txn *txn, struct arena *arena, enum property_owner owner, uint64_t id, struct slice ns,
    struct slice name, struct slice *xml_r)
{
	struct slice value, stored_ns, stored_name;
	struct key key;
	int ret = property_key(&key, owner, id, ns, name);

	if (ret == 0)
		ret = store_get_copy(txn, arena, &key, &value);
	return ret != 0 ? ret : store_property_decode(value, &stored_ns, &stored_name, xml_r);
}

struct each_property {
	store_property_fn *fn;
	void *arg;
};

static int property_row(struct slice key, struct slice value, void *arg)
{
	struct each_property *each = arg;
	struct slice ns, name, xml;
	int ret = store_property_decode(value, &ns, &name, &xml);

	(void)key;
	return ret < 0 ? ret : each->fn(ns, name, xml, each->arg);
}

int store_property_each(struct kv_txn *txn, enum property_owner owner, uint64_t id, store_property_fn *fn, void *arg)
{
	struct each_property each = {fn, arg};
	struct key prefix;

	property_prefix(&prefix, owner, id);
	return store_range(txn, &prefix, property_row, &each);
}

int store_property_put(struct kv_txn *txn, enum property_owner owner, uint64_t id, struct slice ns, struct slice name,
    struct slice xml)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key;
	int ret = property_key(&key, owner, id, ns, name);

	pack_u8(&b, 1);
	pack_text(&b, ns);
	pack_text(&b, name);
	pack_text(&b, xml);
	return ret < 0 ? ret : store_put_buf(txn, &key, &b);
}

int store_property_delete(struct kv_txn *txn, enum property_owner owner, uint64_t id, struct slice ns,
    struct slice name)
{
	struct key key;
	int ret = property_key(&key, owner, id, ns, name);

	return ret < 0 ? ret : kv_delete(txn, key_slice(&key));
}

/* ---- what somebody set on another's collection ---- */

#define SHAREE_BITS 32 /* of the principal; the collection stands above them, so that its rows lie side by side */

uint64_t store_sharee_id(uint64_t collection, uint64_t principal)
{
	return collection > UINT32_MAX || principal > UINT32_MAX ? 0 : collection << SHAREE_BITS | principal;
}

/* All that anybody set on COLLECTION. */
static int forget_sharees(struct kv_txn *txn, uint64_t collection)
{
	struct key prefix;

	if (collection > UINT32_MAX)
		return 0;
	key_begin(&prefix, TABLE_PROPERTY);
	key_add_u8(&prefix, PROPERTY_OF_SHAREE);
	key_add_u32(&prefix, (uint32_t)collection);
	return store_delete_range(txn, &prefix);
}

struct sharee {
	struct arena *arena;
	uint64_t principal;
	struct shared_with {
		uint64_t id;
		struct shared_with *next;
	} *first;
};

static int see_sharee(struct slice key, struct slice value, void *arg)
{
	struct slice rest = slice_from(key, 2);
	struct sharee *sharee = arg;
	struct shared_with *with;
	uint64_t id;

	(void)value;
	if (!key_take_u64(&rest, &id))
		return -EBADMSG;
	if ((id & UINT32_MAX) != sharee->principal || (sharee->first != NULL && sharee->first->id == id))
		return 0;
	with = arena_alloc(sharee->arena, sizeof(*with));
	if (with == NULL)
		return -ENOMEM;
	*with = (struct shared_with){id, sharee->first};
	sharee->first = with;
	return 0;
}

int store_sharee_forget(struct kv_txn *txn, struct arena *arena, uint64_t principal)
{
	struct sharee sharee = {arena, principal, NULL};
	struct key prefix;
	int ret;

	key_begin(&prefix, TABLE_PROPERTY);
	key_add_u8(&prefix, PROPERTY_OF_SHAREE);
	ret = store_range(txn, &prefix, see_sharee, &sharee);
	for (const struct shared_with *with = sharee.first; ret == 0 && with != NULL; with = with->next)
		ret = store_property_delete_all(txn, PROPERTY_OF_SHAREE, with->id);
	return ret;
}

static int found(struct slice key, struct slice value, void *arg)
{
	(void)key;
	(void)value;
	(void)arg;
	return -ENOTEMPTY;
}

/* What lies in tables under the collection's id once its objects are gone. */
static int delete_rows(struct kv_txn *txn, uint64_t collection)
{
	static const char tables[] = {TABLE_CHANGE, TABLE_TOMBSTONE, TABLE_COUNTER};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < sizeof(tables); i++) {
		struct key prefix;

		key_begin(&prefix, tables[i]);
		key_add_u64(&prefix, collection);
		ret = store_delete_range(txn, &prefix);
	}
	return ret;
}

int store_collection_delete(struct kv_txn *txn, const struct collection *collection)
{
	struct key objects, key, id;
	int ret;

	key_begin(&objects, TABLE_OBJECT);
	key_add_u64(&objects, collection->id);
	ret = store_range(txn, &objects, found, NULL);
	key_begin(&objects, TABLE_FILE);
	key_add_u64(&objects, collection->id);
	if (ret == 0)
		ret = store_range(txn, &objects, found, NULL);
	if (ret == 0)
		ret = delete_rows(txn, collection->id);
	if (ret == 0)
		ret = store_property_delete_all(txn, PROPERTY_OF_COLLECTION, collection->id);
	if (ret == 0)
		ret = forget_sharees(txn, collection->id);
	collection_key(&key, collection->home, collection->name);
	id_key(&id, collection->id);
	if (ret == 0)
		ret = store_delete_quietly(txn, &id);
	if (ret == 0)
		ret = kv_delete(txn, key_slice(&key));
	return ret < 0 ? ret : store_home_forget(txn, collection->owner, collection->name, true);
}

int store_property_delete_all(struct kv_txn *txn, enum property_owner owner, uint64_t id)
{
	struct key prefix;

	property_prefix(&prefix, owner, id);
	return store_delete_range(txn, &prefix);
}

struct property_list {
	struct arena *arena;
	struct stored_property *first;
};

static int list_property(struct slice ns, struct slice name, struct slice xml, void *arg)
{
	struct property_list *list = arg;
	struct stored_property *copy = arena_alloc(list->arena, sizeof(*copy));

	if (copy == NULL)
		return -ENOMEM;
	copy->ns = slice_of(arena_copy(list->arena, ns), ns.len);
	copy->name = slice_of(arena_copy(list->arena, name), name.len);
	copy->xml = slice_of(arena_copy(list->arena, xml), xml.len);
	copy->next = list->first;
	list->first = copy;
	return copy->ns.at != NULL && copy->name.at != NULL && copy->xml.at != NULL ? 0 : -ENOMEM;
}

int store_property_list(struct kv_txn *txn, struct arena *arena, enum property_owner owner, uint64_t id,
    struct stored_property **first_r)
{
	struct property_list list = {arena, NULL};
	int ret = store_property_each(txn, owner, id, list_property, &list);

	*first_r = list.first;
	return ret;
}

int store_property_put_list(struct kv_txn *txn, enum property_owner owner, uint64_t id, const struct stored_property *first)
{
	int ret = 0;

	for (const struct stored_property *p = first; ret == 0 && p != NULL; p = p->next)
		ret = store_property_put(txn, owner, id, p->ns, p->name, p->xml);
	return ret;
}

int store_property_copy(struct kv_txn *txn, struct arena *arena, enum property_owner owner, uint64_t from, uint64_t to)
{
	struct stored_property *first;
	int ret = store_property_list(txn, arena, owner, from, &first);

	return ret < 0 ? ret : store_property_put_list(txn, owner, to, first);
}

#define MOVED_BYTES_MAX (16u << 20) /* of one owner's properties while they move */

int store_property_move(struct kv_txn *txn, enum property_owner owner, uint64_t from, uint64_t to)
{
	struct arena *arena;
	struct key prefix;
	int ret;

	property_prefix(&prefix, owner, from);
	ret = store_range(txn, &prefix, found, NULL);
	if (ret != -ENOTEMPTY)
		return ret; /* the usual case costs one look */
	arena = arena_new(MOVED_BYTES_MAX);
	ret = arena != NULL ? store_property_copy(txn, arena, owner, from, to) : -ENOMEM;
	arena_free(arena);
	return ret < 0 ? ret : store_property_delete_all(txn, owner, from);
}
