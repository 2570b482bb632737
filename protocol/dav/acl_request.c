#include <config.h>

#include "protocol/dav/acl_request.h"

#include <errno.h>

static int refuse(struct error *err, const char *sentence)
{
	return error_set(err, 400, CONDITION_NONE, "%s", sentence);
}

static int read_principal(const struct xml_element *principal, struct ace *ace, struct error *err)
{
	const struct xml_element *who = principal != NULL ? principal->children : NULL;

	if (who == NULL || who->next != NULL)
		return refuse(err, "DAV:principal names exactly one.");
	switch (who->id) {
	case XML_DAV_HREF:
		ace->principal = ACE_HREF;
		ace->href = xml_trimmed(who);
		return 0;
	case XML_DAV_ALL:
		ace->principal = ACE_ALL;
		return 0;
	case XML_DAV_AUTHENTICATED:
		ace->principal = ACE_AUTHENTICATED;
		return 0;
	case XML_DAV_UNAUTHENTICATED:
	case XML_DAV_SELF:
	case XML_DAV_PROPERTY:
		ace->principal = ACE_OTHER;
		return 0;
	default:
		return refuse(err, "DAV:principal holds what is no principal.");
	}
}

static int read_ace(const struct xml_element *element, struct ace *ace, struct error *err)
{
	const struct xml_element *grant = xml_child(element, XML_DAV_GRANT);

	if (xml_child(element, XML_DAV_INVERT) != NULL)
		return error_set(err, 403, DAV_NO_INVERT, "Name whom to grant it, not whom not.");
	if (xml_child(element, XML_DAV_DENY) != NULL)
		return error_set(err, 403, DAV_GRANT_ONLY, "Nothing can be denied: leave the grant out.");
	if (grant == NULL)
		return refuse(err, "DAV:ace without DAV:grant.");
	ace->privilege = xml_child(grant, XML_DAV_PRIVILEGE);
	if (ace->privilege == NULL)
		return refuse(err, "DAV:grant without DAV:privilege.");
	return read_principal(xml_child(element, XML_DAV_PRINCIPAL), ace, err);
}

int acl_request_read(struct arena *arena, struct slice body, struct ace **aces_r, size_t *count_r, struct error *err)
{
	const struct xml_element *root;
	struct ace *aces = arena_array(arena, ACL_ACES_MAX, sizeof(*aces));
	size_t count = 0;
	int ret = aces != NULL ? xml_read(arena, body, &root, err) : -ENOMEM;

	if (ret < 0)
		return ret;
	if (root->id != XML_DAV_ACL)
		return refuse(err, "The body is no DAV:acl.");
	for (const struct xml_element *e = xml_child(root, XML_DAV_ACE); ret == 0 && e != NULL; e = xml_next(e, XML_DAV_ACE)) {
		if (xml_child(e, XML_DAV_PROTECTED) != NULL || xml_child(e, XML_DAV_INHERITED) != NULL)
			continue;
		if (count == ACL_ACES_MAX)
			return error_set(err, 403, DAV_LIMITED_NUMBER_OF_ACES, "At most %d entries.", ACL_ACES_MAX);
		aces[count] = (struct ace){0};
		ret = read_ace(e, &aces[count++], err);
	}
	*aces_r = aces;
	*count_r = count;
	return ret;
}

const struct xml_element *ace_privilege_name(const struct xml_element *privilege)
{
	const struct xml_element *name = privilege->children;

	return name != NULL && name->next == NULL ? name : NULL;
}
