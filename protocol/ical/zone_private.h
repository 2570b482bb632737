/*
 * ical/zone_private - what a zone consists of, for the files that make zones.
 */
#ifndef ICAL_ZONE_PRIVATE_H
#define ICAL_ZONE_PRIVATE_H

#include "protocol/ical/timezone.h"

#define ZONE_OFFSET_MAX      93599  /* seconds either side: RFC 8536, 3.2 */
#define ZONE_TRANSITIONS_MAX 4096   /* of one zone; the system's longest has about 250 */
#define ZONE_TYPES_MAX       256    /* RFC 8536, 3.2 */

/* A day of the year of a POSIX TZ string (RFC 8536, 3.3). */
struct zone_rule_day {
	enum zone_rule_kind {
		ZONE_RULE_MONTH,  /* weekday `weekday` (0 Sunday) of week `week` (5: the last) of `month` */
		ZONE_RULE_JULIAN, /* day 1 to 365; 29 February is never counted */
		ZONE_RULE_DAY,    /* day 0 to 365 */
	} kind;
	int month, week, weekday;
	int day;
	int seconds; /* of local time, -167 h to 167 h */
};

/* What holds for ever after the last transition. */
struct zone_footer {
	int standard, daylight; /* seconds east of UTC */
	bool has_daylight;
	struct zone_rule_day start, end; /* of daylight time */
};

struct zone_transition {
	instant_t at;
	int32_t offset; /* from then on */
};

struct zone {
	struct slice name;
	const struct zone_transition *transitions; /* ascending */
	size_t count;
	int32_t initial; /* before the first */
	bool has_footer;
	struct zone_footer footer;
	uint64_t digest;    /* of the file */
	instant_t modified; /* of the file */
};

#endif
