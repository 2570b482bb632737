#include <config.h>

#include "server/auth/acl.h"

#include <errno.h>
#include <string.h>

/* ---- loading ---- */

/* A list that grows in an arena: the groups found so far, which is also the queue of those to look at. */
struct loading {
	struct arena *arena;
	uint64_t *groups;
	size_t group_count, group_capacity;
	struct acl_entry *entries;
	size_t entry_count, entry_capacity;
};

/* Room for one more element of SIZE bytes; the new place of the array or NULL. */
static void *grown(struct arena *arena, void *at, size_t count, size_t *capacity, size_t size)
{
	size_t wanted = *capacity != 0 ? 2 * *capacity : 16;
	void *copy;

	if (count < *capacity)
		return at;
	copy = arena_array(arena, wanted, size);
	if (copy == NULL)
		return NULL;
	if (count > 0)
		memcpy(copy, at, count * size);
	*capacity = wanted;
	return copy;
}

static int see_group(uint64_t id, void *arg)
{
	struct loading *loading = arg;
	uint64_t *groups;

	for (size_t i = 0; i < loading->group_count; i++)
		if (loading->groups[i] == id)
			return 0; /* groups may hold one another in a circle */
	groups = grown(loading->arena, loading->groups, loading->group_count, &loading->group_capacity, sizeof(*groups));
	if (groups == NULL)
		return -ENOMEM;
	loading->groups = groups;
	groups[loading->group_count++] = id;
	return 0;
}

static int see_grant(const struct grant *grant, void *arg)
{
	struct loading *loading = arg;
	struct acl_entry *entries = grown(loading->arena, loading->entries, loading->entry_count,
	    &loading->entry_capacity, sizeof(*entries));

	if (entries == NULL)
		return -ENOMEM;
	loading->entries = entries;
	entries[loading->entry_count++] = (struct acl_entry){grant->owner, grant->collection, grant->privileges};
	return 0;
}

static int load_user(struct kv_txn *txn, struct loading *loading, uint64_t id)
{
	int ret = store_membership_each(txn, id, see_group, loading);

	for (size_t i = 0; ret == 0 && i < loading->group_count; i++)
		ret = store_membership_each(txn, loading->groups[i], see_group, loading);
	if (ret == 0)
		ret = store_granted_each(txn, GRANT_TO_AUTHENTICATED, 0, see_grant, loading);
	if (ret == 0)
		ret = store_granted_each(txn, GRANT_TO_PRINCIPAL, id, see_grant, loading);
	for (size_t i = 0; ret == 0 && i < loading->group_count; i++)
		ret = store_granted_each(txn, GRANT_TO_PRINCIPAL, loading->groups[i], see_grant, loading);
	return ret;
}

int acl_load(struct kv_txn *txn, struct arena *arena, const struct auth_user *user, struct acl *acl_r)
{
	struct loading loading = {.arena = arena};
	int ret = store_granted_each(txn, GRANT_TO_ALL, 0, see_grant, &loading);

	if (ret == 0 && user != NULL)
		ret = load_user(txn, &loading, user->id);
	if (ret == 0)
		*acl_r = (struct acl){user, loading.entries, loading.entry_count, loading.groups, loading.group_count};
	return ret;
}

/* ---- answers ---- */

unsigned acl_of_rule(const struct auth_user *user, uint64_t owner, enum principal_kind owner_kind,
    const struct collection *collection)
{
	if (user == NULL || owner_kind == PRINCIPAL_GROUP)
		return 0;
	if (user->id == owner)
		return ACL_ALL;
	if (user->admin && (owner_kind == PRINCIPAL_RESOURCE ||
	                       (collection != NULL && collection->kind == COLLECTION_BOOKINGS)))
		return ACL_ALL;
	return ACL_READ_FREE_BUSY;
}

static unsigned granted(const struct acl *acl, uint64_t owner, uint64_t collection)
{
	unsigned privileges = 0;

	for (size_t i = 0; i < acl->count; i++)
		if (acl->entries[i].owner == owner &&
		    (acl->entries[i].collection == 0 || acl->entries[i].collection == collection))
			privileges |= acl->entries[i].privileges;
	return privileges;
}

unsigned acl_granted_home(const struct acl *acl, uint64_t owner)
{
	return granted(acl, owner, 0);
}

unsigned acl_home(const struct acl *acl, uint64_t owner, enum principal_kind owner_kind)
{
	return acl_of_rule(acl->user, owner, owner_kind, NULL) | granted(acl, owner, 0);
}

unsigned acl_collection(const struct acl *acl, const struct collection *collection, enum principal_kind owner_kind)
{
	return acl_of_rule(acl->user, collection->owner, owner_kind, collection) |
	       granted(acl, collection->owner, collection->id);
}

bool acl_finds_home(const struct acl *acl, uint64_t owner)
{
	for (size_t i = 0; i < acl->count; i++)
		if (acl->entries[i].owner == owner && (acl->entries[i].privileges & ACL_READ) != 0)
			return true;
	return false;
}
