/*
 * server/base/system_zone - the zones that this machine has, by name, and the one it is set to.
 */
#ifndef SERVER_BASE_SYSTEM_ZONE_H
#define SERVER_BASE_SYSTEM_ZONE_H

#include <stdbool.h>

#define ZONEINFO_DIRECTORY "/usr/share/zoneinfo" /* package tzdata */
#define SYSTEM_ZONE_SIZE   65                    /* bytes of a zone's name with its NUL */

/* Whether NAME has the shape of a zone's name (letters, digits and "_+-" in parts between "/") and is in zoneinfo. */
bool system_zone_exists(const char *name);
/*
 * The zone this machine is set to, from TZ, /etc/timezone or the link /etc/localtime; "UTC" when none names a zone of
 * zoneinfo.
 */
void system_zone_name(char name_r[SYSTEM_ZONE_SIZE]);
/* The same with the three sources given, for tests: any may be NULL. */
void system_zone_choose(const char *tz, const char *timezone_file, const char *localtime_link,
    char name_r[SYSTEM_ZONE_SIZE]);

#endif
