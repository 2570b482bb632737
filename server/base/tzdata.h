/*
 * server/base/tzdata - loads the zones of this machine (RFC 8536 files below /usr/share/zoneinfo) into a zone_set.
 */
#ifndef SERVER_BASE_TZDATA_H
#define SERVER_BASE_TZDATA_H

#include "protocol/base/error.h"
#include "protocol/ical/timezone.h"

/*
 * Reads every TZif file below DIRECTORY (NULL: what TZDIR names, as in tzset(3), else ZONEINFO_DIRECTORY) but those of right/ and posix/, under its path as
 * name, and seals the set. The caller frees it. -ENOENT when there are no zones, -ENOMEM; *ERR says it for a person.
 * A file that cannot be read is logged and left out.
 */
int tzdata_load(const char *directory, struct zone_set **set_r, struct error *err);

#endif
