#include <config.h>

#include "server/auth/acl.h"

#define ACL_ALL (ACL_READ_FREE_BUSY | ACL_READ | ACL_WRITE)

unsigned acl_home(const struct auth_user *user, uint64_t owner, enum principal_kind owner_kind)
{
	if (user->id == owner)
		return ACL_ALL | ACL_OWN;
	if (user->admin && owner_kind == PRINCIPAL_RESOURCE)
		return ACL_ALL;
	return ACL_READ_FREE_BUSY;
}

unsigned acl_collection(const struct auth_user *user, const struct collection *collection,
    enum principal_kind owner_kind)
{
	if (user->id != collection->owner && user->admin && collection->kind == COLLECTION_BOOKINGS)
		return ACL_ALL;
	return acl_home(user, collection->owner, owner_kind);
}
