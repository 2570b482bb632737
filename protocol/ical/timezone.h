/*
 * ical/timezone - TZID to zone: the system's IANA data, Windows names, and a VTIMEZONE for what nobody knows.
 *
 * A zone_set is filled once, before any thread starts, by a loader that hands over the bytes of TZif files (RFC 8536);
 * afterwards it is immutable and may be shared. For a TZID that it knows, an object's own VTIMEZONE is never used.
 */
#ifndef ICAL_TIMEZONE_H
#define ICAL_TIMEZONE_H

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/instant.h"
#include "protocol/base/slice.h"

struct zone; /* immutable; lives as long as its set or arena */
struct zone_set;

#define ZONE_NAME_MAX 64 /* bytes of an IANA name */

struct zone_set *zone_set_new(void);
void zone_set_free(struct zone_set *set);
/* Adds a zone from the bytes of a TZif file, which are not kept. 0, -EINVAL (not TZif), -ENOMEM. */
int zone_set_add(struct zone_set *set, struct slice name, struct slice tzif);
/* After the last add: sorts, so that lookups work. */
void zone_set_seal(struct zone_set *set);
/* The set that was in force before, which must live as long; NULL: none is remembered. */
void zone_set_follow(struct zone_set *set, const struct zone_set *previous);
const struct zone_set *zone_set_previous(const struct zone_set *set);
/* When the file of the zone that was added last was written; for zone_modified. */
void zone_set_date(struct zone_set *set, instant_t modified);
/* The zones by name; without UTC when the set has no file of that name. */
size_t zone_set_count(const struct zone_set *set);
const struct zone *zone_set_at(const struct zone_set *set, size_t i);
/* A digest of the zone's own file, and its date; 0 for those that were made otherwise. */
uint64_t zone_digest(const struct zone *zone);
instant_t zone_modified(const struct zone *zone);
/* A digest of all data in the set, to find out that the system's zone data changed. */
uint64_t zone_set_digest(const struct zone_set *set);

/* By IANA name (exact, then without case) or Windows name (CLDR windowsZones) or "/vendor/.../Area/City"; or NULL. */
const struct zone *zone_set_find(const struct zone_set *set, struct slice tzid);
/* The zone with that very name, or NULL: as its file says, not zone_utc() for one of the names of UTC. */
const struct zone *zone_set_named(const struct zone_set *set, struct slice name);
/* The IANA name; for a zone made from a VTIMEZONE its TZID. */
struct slice zone_name(const struct zone *zone);
const struct zone *zone_utc(void);

/*
 * A zone from the text of one VTIMEZONE component (RFC 5545, 3.6.5), in ARENA. Observances with yearly rules are
 * computed, everything is bounded. -EINVAL when no reading is safe.
 */
int zone_from_vtimezone(struct arena *arena, struct slice text, const struct zone **zone_r);

/*
 * Appends the zone as a VTIMEZONE called TZID: every change after FROM (INSTANT_MIN: all there are), the last ones as
 * rules without end. 0, -ENOMEM or the error of OUT.
 */
int zone_write(const struct zone *zone, struct slice tzid, instant_t from, struct buf *out);

/* Seconds east of UTC at an instant. */
int zone_offset_at(const struct zone *zone, instant_t at);
/* The next change of the offset after AT, or INSTANT_MAX. */
instant_t zone_next_transition(const struct zone *zone, instant_t at);

#endif
