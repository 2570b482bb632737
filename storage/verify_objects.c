/* Whether principals, collections, objects and changes agree with one another. */
#include <config.h>

#include <errno.h>

#include "protocol/base/ascii.h"
#include "storage/verify_private.h"

#define OBJECT_ID_SHIFT 36 /* an object's id begins with its collection: store_object.c */

/* ---- principals ---- */

static void email_key(struct key *key, struct slice email, struct arena *arena)
{
	char *lower = arena_copy(arena, email);

	key_begin(key, TABLE_PRINCIPAL_EMAIL);
	for (size_t i = 0; lower != NULL && i < email.len; i++)
		lower[i] = ascii_lower(lower[i]);
	key_add_hash(key, slice_of(lower, lower != NULL ? email.len : 0));
}

int verify_principal_row(struct verify *v, struct slice key, struct slice value)
{
	struct principal p;
	struct key other;
	bool good;
	int ret;

	(void)key;
	v->counts.principals++;
	if (principal_decode(value, &p) < 0)
		return verify_disagree(v, "principal: a row that cannot be read");
	store_number_key(&other, TABLE_PRINCIPAL_ID, p.id);
	ret = verify_holds(v, &other, p.name, &good);
	if (ret == 0 && !good)
		verify_disagree(v, "principal %.*s: not found by its id", NAME(p.name));
	if (ret < 0 || p.email.len == 0)
		return ret;
	email_key(&other, p.email, v->arena);
	ret = verify_holds(v, &other, p.name, &good);
	return ret < 0 || good ? ret : verify_disagree(v, "principal %.*s: not found by its address", NAME(p.name));
}

int verify_principal_id_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct principal p;
	uint64_t id;
	bool there;
	int ret = verify_found(store_principal_get(v->txn, v->arena, value, &p), &there);

	if (ret < 0 || (there && key_take_u64(&rest, &id) && p.id == id))
		return ret;
	return verify_disagree(v, "principal id: a row of %.*s, which is not that principal", NAME(value));
}

int verify_principal_email_row(struct verify *v, struct slice key, struct slice value)
{
	struct principal p;
	struct key own;
	bool there;
	int ret = verify_found(store_principal_get(v->txn, v->arena, value, &p), &there);

	if (ret < 0)
		return ret;
	if (there)
		email_key(&own, p.email, v->arena);
	if (there && slice_equal(key_slice(&own), key))
		return 0;
	return verify_disagree(v, "address: a row of %.*s, who has another", NAME(value));
}

/* ---- collections ---- */

int verify_collection_row(struct verify *v, struct slice key, struct slice value)
{
	struct principal owner;
	struct collection c;
	struct key id;
	bool good;
	int ret;

	v->counts.collections++;
	if (collection_decode(value, &c) < 0)
		return verify_disagree(v, "collection: a row that cannot be read");
	store_number_key(&id, TABLE_COLLECTION_ID, c.id);
	ret = verify_holds(v, &id, key, &good);
	if (ret == 0 && !good)
		verify_disagree(v, "collection %.*s/%.*s: not found by its id", NAME(c.home), NAME(c.name));
	if (ret == 0)
		ret = verify_found(store_principal_get_by_id(v->txn, v->arena, c.owner, &owner), &good);
	if (ret == 0 && (!good || !slice_equal(owner.name, c.home)))
		verify_disagree(v, "collection %.*s/%.*s: not its owner's home", NAME(c.home), NAME(c.name));
	return ret;
}

/* A row whose key begins with the id of a collection. */
static int check_collection(struct verify *v, const char *table, uint64_t id, struct collection *collection_r,
    bool *there_r)
{
	int ret = verify_found(store_collection_get_by_id(v->txn, v->arena, id, collection_r), there_r);

	if (ret == 0 && !*there_r)
		verify_disagree(v, "%s: a row of collection %llu, which is not there", table, ID(id));
	return ret;
}

int verify_collection_id_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct collection c;
	uint64_t id = 0;
	bool there;
	int ret;

	(void)value;
	key_take_u64(&rest, &id);
	ret = check_collection(v, "collection id", id, &c, &there);
	return ret < 0 || !there || c.id == id ? ret : verify_disagree(v, "collection id: %llu is another's", ID(id));
}

int verify_counter_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct collection c;
	uint64_t id = 0;
	bool there;

	(void)value;
	key_take_u64(&rest, &id);
	return check_collection(v, "counter", id, &c, &there);
}

static int check_object_property(struct verify *v, uint64_t object)
{
	struct key key;
	bool there;
	int ret;

	store_two_key(&key, TABLE_OBJECT_ID, store_object_collection(object), object);
	ret = verify_exists(v, &key, &there);
	return ret < 0 || there ? ret : verify_disagree(v, "property: a row of object %llx, which is not there", ID(object));
}

int verify_property_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct principal principal;
	struct collection collection;
	struct slice ns, name, xml;
	uint8_t owner = 0;
	uint64_t id = 0;
	bool there;
	int ret;

	key_take_u8(&rest, &owner);
	key_take_u64(&rest, &id);
	if (store_property_decode(value, &ns, &name, &xml) < 0)
		return verify_disagree(v, "property: a row that cannot be read");
	if (owner == PROPERTY_OF_OBJECT)
		return check_object_property(v, id);
	if (owner == PROPERTY_OF_FILE)
		return 0; /* files are not found by their id alone */
	if (owner == PROPERTY_OF_COLLECTION)
		return check_collection(v, "property", id, &collection, &there);
	if (owner == PROPERTY_OF_SHAREE) {
		ret = check_collection(v, "sharee's property", id >> 32, &collection, &there);
		if (ret < 0)
			return ret;
		id &= UINT32_MAX;
	}
	ret = verify_found(store_principal_get_by_id(v->txn, v->arena, id, &principal), &there);
	return ret < 0 || there ? ret : verify_disagree(v, "property: a row of principal %llu, who is not there", ID(id));
}

/* ---- objects ---- */

static int check_body(struct verify *v, const struct object *o)
{
	struct slice body;
	bool there;
	int ret = verify_found(store_body_get(v->txn, o->id, &body), &there);

	if (ret < 0)
		return ret;
	if (!there)
		return verify_disagree(v, "object %.*s: no body", NAME(o->name));
	if (body.len != o->size || key_digest(body) != o->digest)
		return verify_disagree(v, "object %.*s: not the body that was written", NAME(o->name));
	return 0;
}

static int check_change(struct verify *v, const struct object *o)
{
	struct slice value;
	struct change change;
	struct key key;
	bool there;
	int ret;

	store_two_key(&key, TABLE_CHANGE, o->collection, o->change);
	ret = verify_found(kv_get(v->txn, key_slice(&key), &value), &there);
	if (ret < 0)
		return ret;
	if (!there || store_change_decode(key_slice(&key), value, &change) < 0 || change.op != CHANGE_PUT ||
	    !slice_equal(change.name, o->name))
		return verify_disagree(v, "object %.*s: no change row %llu", NAME(o->name), ID(o->change));
	return 0;
}

static int check_ids(struct verify *v, const struct object *o, uint64_t owner)
{
	struct key key;
	bool good;
	int ret;

	store_two_key(&key, TABLE_OBJECT_ID, o->collection, o->id);
	ret = verify_holds(v, &key, o->name, &good);
	if (ret == 0 && !good)
		verify_disagree(v, "object %.*s: not found by its id", NAME(o->name));
	store_hash_key(&key, TABLE_UID, o->collection, o->uid);
	if (ret == 0)
		ret = verify_holds(v, &key, o->name, &good);
	if (ret == 0 && !good)
		verify_disagree(v, "object %.*s: not found by its UID", NAME(o->name));
	store_hash_key(&key, TABLE_OWNER_UID, owner, o->uid);
	key_add_u64(&key, o->collection);
	if (ret == 0)
		ret = verify_holds(v, &key, o->name, &good);
	if (ret == 0 && !good)
		verify_disagree(v, "object %.*s: not found by owner and UID", NAME(o->name));
	return ret;
}

int verify_object_row(struct verify *v, struct slice key, struct slice value)
{
	struct collection collection;
	struct object o;
	struct key own;
	bool there;
	int ret;

	v->counts.objects++;
	if (object_decode(value, &o) < 0)
		return verify_disagree(v, "object: a row that cannot be read");
	store_number_key(&own, TABLE_OBJECT, o.collection);
	key_add_text(&own, o.name);
	if (!slice_equal(key_slice(&own), key))
		verify_disagree(v, "object %.*s: under another name", NAME(o.name));
	ret = check_collection(v, "object", o.collection, &collection, &there);
	if (ret == 0 && there)
		ret = check_ids(v, &o, collection.owner);
	if (ret == 0)
		ret = check_body(v, &o);
	return ret < 0 ? ret : check_change(v, &o);
}

/* A row of COLLECTION that names an object by id. */
int verify_check_object_id(struct verify *v, const char *table, uint64_t collection, uint64_t id)
{
	struct object o;
	bool there;
	int ret = verify_found(store_object_get_by_id(v->txn, v->arena, collection, id, &o), &there);

	if (ret < 0 || (there && o.id == id))
		return ret;
	return verify_disagree(v, "%s: a row of object %llx, which is not there", table, ID(id));
}

int verify_object_id_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	uint64_t collection = 0, id = 0;

	(void)value;
	key_take_u64(&rest, &collection);
	key_take_u64(&rest, &id);
	return verify_check_object_id(v, "object id", collection, id);
}

int verify_body_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	uint64_t id = 0;

	(void)value;
	key_take_u64(&rest, &id);
	return verify_check_object_id(v, "body", id >> OBJECT_ID_SHIFT, id);
}

/* COLLECTION's object NAME must have the UID whose hash ends what is in KEY before the last SUFFIX bytes. */
static int check_uid_row(struct verify *v, struct slice key, size_t hash_at, uint64_t collection, struct slice name)
{
	struct object o;
	struct key own;
	bool there;
	int ret = verify_found(store_object_get(v->txn, v->arena, collection, name, &o), &there);

	if (ret < 0)
		return ret;
	key_begin(&own, 0);
	if (there)
		key_add_hash(&own, o.uid);
	if (there && slice_starts(slice_from(key, hash_at), slice_from(key_slice(&own), 1)))
		return 0;
	return verify_disagree(v, "UID: a row of %.*s, which has another", NAME(name));
}

int verify_uid_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	uint64_t collection = 0;

	key_take_u64(&rest, &collection);
	return check_uid_row(v, key, 9, collection, value);
}

int verify_owner_uid_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = slice_from(key, key.len < 8 ? 0 : key.len - 8), begin = behind_table(key);
	struct collection c;
	uint64_t collection = 0, owner = 0;
	bool there;
	int ret;

	key_take_u64(&begin, &owner);
	key_take_u64(&rest, &collection);
	ret = check_collection(v, "owner's UID", collection, &c, &there);
	if (ret < 0 || !there)
		return ret;
	if (c.owner != owner)
		verify_disagree(v, "owner's UID: a row of %.*s under another owner", NAME(value));
	return check_uid_row(v, key, 9, collection, value);
}

/* ---- changes ---- */

int verify_change_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct change change;
	struct object o;
	uint64_t collection = 0, last = 0;
	bool there;
	int ret;

	key_take_u64(&rest, &collection);
	if (store_change_decode(key, value, &change) < 0)
		return verify_disagree(v, "change: a row that cannot be read");
	ret = store_collection_change(v->txn, collection, &last);
	if (ret < 0)
		return ret;
	if (change.number > last)
		verify_disagree(v, "change %llu of %.*s: above the counter", ID(change.number), NAME(change.name));
	ret = verify_found(store_object_get(v->txn, v->arena, collection, change.name, &o), &there);
	if (ret < 0)
		return ret;
	if (change.op == CHANGE_DELETE)
		return there ? verify_disagree(v, "change %llu of %.*s: a tombstone of what is there", ID(change.number),
				   NAME(change.name))
			     : 0;
	if (!there || o.change != change.number)
		return verify_disagree(v, "change %llu of %.*s: not its last", ID(change.number), NAME(change.name));
	return 0;
}

int verify_tombstone_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key), row;
	uint64_t collection = 0, number = 0;
	struct change change;
	struct key other;
	bool there;
	int ret;

	key_take_u64(&rest, &collection);
	key_take_u64(&value, &number);
	store_two_key(&other, TABLE_CHANGE, collection, number);
	ret = verify_found(kv_get(v->txn, key_slice(&other), &row), &there);
	if (ret < 0)
		return ret;
	if (!there || store_change_decode(key_slice(&other), row, &change) < 0 || change.op != CHANGE_DELETE)
		return verify_disagree(v, "tombstone: no change row %llu of collection %llu", ID(number), ID(collection));
	return 0;
}
