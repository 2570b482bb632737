#include <config.h>

#include "server/dav/privileges.h"

#include <string.h>

#include "protocol/dav/xml_names.h"
#include "storage/record.h"

/* Each stands under the one above it that has the next lower depth, and is contained in it. */
static const struct privilege {
	const char *element, *description;
	unsigned bits;
	int depth;
	bool abstract; /* part of the one above: it cannot be granted alone */
} privileges[] = {
    {"D:all", "Everything", ACL_ALL, 0, false},
    {"D:read", "Read", ACL_READ | ACL_READ_FREE_BUSY, 1, false},
    {"C:read-free-busy", "Read free/busy", ACL_READ_FREE_BUSY, 2, false},
    {"D:read-current-user-privilege-set", "Read one's own privileges", ACL_READ, 2, true},
    {"D:read-acl", "Read the access control list", ACL_READ_ACL, 1, false},
    {"D:write-acl", "Change the access control list", ACL_WRITE_ACL, 1, false},
    {"D:write", "Write", ACL_WRITE, 1, false},
    {"D:write-properties", "Write properties", ACL_WRITE_PROPERTIES, 2, false},
    {"D:write-content", "Write content", ACL_WRITE_CONTENT, 2, false},
    {"D:bind", "Add members", ACL_BIND, 2, false},
    {"D:unbind", "Remove members", ACL_UNBIND, 2, false},
    {"D:unlock", "Remove the locks of others", ACL_UNLOCK, 1, false},
    {"C:schedule-send", "Send invitations and answers in the owner's name", ACL_SCHEDULE_SEND, 1, false},
    {"C:schedule-deliver", "Deliver invitations and answers to the owner", ACL_SCHEDULE_DELIVER, 1, false},
};

static void add_privilege(struct buf *b, size_t i)
{
	buf_printf(b, "<D:privilege><%s/></D:privilege>", privileges[i].element);
}

const char *privilege_name(unsigned bits)
{
	for (size_t i = 0; i < ARRAY_LEN(privileges); i++)
		if ((privileges[i].bits & ~bits) == 0 && !privileges[i].abstract)
			return privileges[i].element;
	for (size_t i = ARRAY_LEN(privileges); i-- > 0;)
		if ((privileges[i].bits & bits) != 0 && !privileges[i].abstract)
			return privileges[i].element;
	return privileges[0].element;
}

unsigned privilege_bits(struct slice ns, struct slice name, bool *abstract_r)
{
	const char *prefix = xml_prefix(ns);

	*abstract_r = false;
	for (size_t i = 0; prefix != NULL && i < ARRAY_LEN(privileges); i++) {
		const char *element = privileges[i].element;
		size_t len = strlen(prefix);

		if (strncmp(element, prefix, len) != 0 || element[len] != ':' || !slice_is(name, element + len + 1))
			continue;
		*abstract_r = privileges[i].abstract;
		return privileges[i].abstract ? 0 : privileges[i].bits;
	}
	return 0;
}

void privilege_write_current(struct buf *b, unsigned bits)
{
	for (size_t i = 0; i < ARRAY_LEN(privileges); i++)
		if ((privileges[i].bits & ~bits) == 0)
			add_privilege(b, i);
}

void privilege_write_granted(struct buf *b, unsigned bits)
{
	unsigned told = 0;

	for (size_t i = 0; i < ARRAY_LEN(privileges); i++)
		if ((privileges[i].bits & ~bits) == 0 && (privileges[i].bits & ~told) != 0 && !privileges[i].abstract) {
			add_privilege(b, i);
			told |= privileges[i].bits;
		}
}

void privilege_write_supported(struct buf *b)
{
	for (size_t i = 0; i < ARRAY_LEN(privileges); i++) {
		int next = i + 1 < ARRAY_LEN(privileges) ? privileges[i + 1].depth : 0;

		buf_add_str(b, "<D:supported-privilege>");
		add_privilege(b, i);
		if (privileges[i].abstract)
			buf_add_str(b, "<D:abstract/>");
		buf_printf(b, "<D:description xml:lang=\"en\">%s</D:description>", privileges[i].description);
		for (int depth = privileges[i].depth; depth >= next; depth--) {
			buf_add_str(b, "</D:supported-privilege>");
			if (depth == 0)
				break;
		}
	}
}
