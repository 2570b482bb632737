#include <config.h>

#include <errno.h>

#include "protocol/base/ascii.h"
#include "storage/store_private.h"

static void principal_key(struct key *key, struct slice name)
{
	key_begin(key, TABLE_PRINCIPAL);
	key_add_text(key, name);
}

static void id_key(struct key *key, uint64_t id)
{
	key_begin(key, TABLE_PRINCIPAL_ID);
	key_add_u64(key, id);
}

#define EMAIL_MAX 512 /* bytes; a longer one is nobody's */

/* False when the address is too long to be anybody's. */
static bool email_key(struct key *key, struct slice email)
{
	char lower[EMAIL_MAX];

	if (email.len > sizeof(lower))
		return false;
	for (size_t i = 0; i < email.len; i++)
		lower[i] = ascii_lower(email.at[i]);
	key_begin(key, TABLE_PRINCIPAL_EMAIL);
	key_add_hash(key, slice_of(lower, email.len));
	return true;
}

int store_principal_get(struct kv_txn *txn, struct arena *arena, struct slice name, struct principal *principal_r)
{
	struct slice value;
	struct key key;
	int ret;

	principal_key(&key, name);
	ret = store_get_copy(txn, arena, &key, &value);
	return ret < 0 ? ret : principal_decode(value, principal_r);
}

/* By a row that holds the name. */
static int get_by(struct kv_txn *txn, struct arena *arena, const struct key *key, struct principal *principal_r)
{
	struct slice name;
	int ret = kv_get(txn, key_slice(key), &name);

	return ret < 0 ? ret : store_principal_get(txn, arena, name, principal_r);
}

int store_principal_get_by_id(struct kv_txn *txn, struct arena *arena, uint64_t id, struct principal *principal_r)
{
	struct key key;

	id_key(&key, id);
	return get_by(txn, arena, &key, principal_r);
}

int store_principal_get_by_email(struct kv_txn *txn, struct arena *arena, struct slice email,
    struct principal *principal_r)
{
	struct key key;

	return email_key(&key, email) ? get_by(txn, arena, &key, principal_r) : -ENOENT;
}

struct each {
	store_principal_fn *fn;
	void *arg;
};

static int each_row(struct slice key, struct slice value, void *arg)
{
	struct each *each = arg;
	struct principal principal;
	int ret = principal_decode(value, &principal);

	(void)key;
	return ret < 0 ? ret : each->fn(&principal, each->arg);
}

int store_principal_each(struct kv_txn *txn, store_principal_fn *fn, void *arg)
{
	struct each each = {fn, arg};
	struct key prefix;

	key_begin(&prefix, TABLE_PRINCIPAL);
	return store_range(txn, &prefix, each_row, &each);
}

/* -EEXIST when the row of KEY names another than NAME. */
static int claim(struct kv_txn *txn, const struct key *key, struct slice name)
{
	struct slice holder;
	int ret = kv_get(txn, key_slice(key), &holder);

	if (ret == 0)
		return slice_equal(holder, name) ? 0 : -EEXIST;
	return ret == -ENOENT ? kv_put(txn, key_slice(key), name) : ret;
}

/* Forgets the address of the row that is replaced when it changes. */
static int release_email(struct kv_txn *txn, struct slice old_email, struct slice new_email)
{
	struct key key;

	if (old_email.len == 0 || slice_equal_nocase(old_email, new_email) || !email_key(&key, old_email))
		return 0;
	return store_delete_quietly(txn, &key);
}

static int check_old(struct kv_txn *txn, const struct key *key, const struct principal *principal)
{
	struct principal old;
	struct slice value;
	int ret = kv_get(txn, key_slice(key), &value);

	if (ret == -ENOENT && principal->id == 0)
		return 0;
	if (ret == 0)
		ret = principal_decode(value, &old);
	if (ret != 0)
		return ret;
	return old.id != principal->id ? -EEXIST : release_email(txn, old.email, principal->email);
}

int store_principal_put(struct kv_txn *txn, struct principal *principal)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_BYTES_MAX);
	struct key key, other;
	int ret;

	principal_key(&key, principal->name);
	ret = check_old(txn, &key, principal);
	if (ret == 0 && principal->id == 0)
		ret = store_next_number(txn, "principal", &principal->id);
	if (ret == 0 && principal->email.len > 0)
		ret = email_key(&other, principal->email) ? claim(txn, &other, principal->name) : -ENAMETOOLONG;
	if (ret < 0)
		return ret;
	id_key(&other, principal->id);
	ret = claim(txn, &other, principal->name);
	if (ret < 0)
		return ret;
	principal_encode(&b, principal);
	return store_put_buf(txn, &key, &b);
}

int store_principal_delete(struct kv_txn *txn, struct slice name)
{
	struct principal principal;
	struct slice value;
	struct key key, id, email;
	bool has_email;
	int ret;

	principal_key(&key, name);
	ret = kv_get(txn, key_slice(&key), &value);
	if (ret == 0)
		ret = principal_decode(value, &principal);
	if (ret != 0)
		return ret;
	id_key(&id, principal.id); /* all keys before the first write, which ends what was borrowed */
	has_email = principal.email.len > 0 && email_key(&email, principal.email);
	ret = kv_delete(txn, key_slice(&key));
	if (ret == 0)
		ret = store_delete_quietly(txn, &id);
	if (ret == 0 && has_email)
		ret = store_delete_quietly(txn, &email);
	return ret;
}
