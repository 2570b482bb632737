#include <config.h>

#include "protocol/dav/xml_names.h"

#include <stddef.h>

static const struct {
	struct slice ns, name;
} known[XML_ID_COUNT] = {
#define ROW_(id, prefix, local) [XML_##id] = {{NS_##prefix, sizeof(NS_##prefix) - 1}, {local, sizeof(local) - 1}},
    XML_NAMES(ROW_)
#undef ROW_
};

enum xml_id xml_id_find(struct slice ns, struct slice name)
{
	for (enum xml_id id = XML_UNKNOWN + 1; id < XML_ID_COUNT; id++)
		if (slice_equal(known[id].name, name) && slice_equal(known[id].ns, ns))
			return id;
	return XML_UNKNOWN;
}

const char *xml_prefix(struct slice ns)
{
	static const struct {
		const char *ns, *prefix;
	} prefixes[] = {{NS_DAV, "D"}, {NS_CALDAV, "C"}, {NS_CS, "CS"}, {NS_ICAL, "I"}, {NS_ME, "M"}};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (slice_is(ns, prefixes[i].ns))
			return prefixes[i].prefix;
	return NULL;
}
