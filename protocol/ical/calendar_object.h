/*
 * ical/calendar_object - a calendar object resource parsed and validated (RFC 4791, 4.1; RFC 5545).
 *
 * Reads real exports leniently: the table of tolerated faults is in calendar_object.c; where no reading is safe the
 * object is refused with the precondition and the line. The text itself is never changed: it is stored as it came.
 * Call calendar_object_init() once, before any thread starts.
 */
#ifndef ICAL_CALENDAR_OBJECT_H
#define ICAL_CALENDAR_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol/base/arena.h"
#include "protocol/base/error.h"
#include "protocol/ical/component.h"
#include "protocol/ical/timezone.h"

#define ICAL_LINE_MAX       65536   /* bytes of one physical line; a folded one may be longer */
#define ICAL_DEPTH_MAX      10      /* BEGINs open at once: readers recurse */
#define ICAL_PROPERTIES_MAX 50000   /* lines of one object, unfolded */
#define ICAL_OBJECT_MAX     1048576 /* bytes, unless the caller says otherwise */
#define ICAL_ATTENDEES_MAX  1000    /* of one component: CALDAV:max-attendees-per-instance */

struct calendar_object; /* owns its components; freed by calendar_object_free, arena memory apart */

/* Library state that is global: errors never fatal, and the like. */
void calendar_object_init(void);

/*
 * Parses TEXT, which must live as long as the object. ZONES finds TZIDs; one that it does not know is taken from the
 * object's VTIMEZONE; one without either is refused. 0, -ENOMEM, or -EINVAL with *ERR filled:
 * CALDAV:valid-calendar-data (not iCalendar, broken value), CALDAV:valid-calendar-object-resource (METHOD, two UIDs,
 * mixed or no components), CALDAV:min-date-time, CALDAV:max-resource-size, CALDAV:max-attendees-per-instance,
 * CALDAV:supported-rscale, CALDAV:valid-timezone (a TZID neither known nor defined),
 * CALDAV:same-organizer-in-all-components.
 */
int calendar_object_parse(struct arena *arena, const struct zone_set *zones, struct slice text, size_t max_bytes,
    struct calendar_object **object_r, struct error *err);
/*
 * The same for what was accepted once and is stored. Zone data loses names: a TZID that is neither known nor defined now is
 * read as floating time, so that the object can still be found, shown and deleted. A METHOD is passed over: what lies in an
 * inbox has one. 0, -ENOMEM or -EBADMSG.
 */
int calendar_object_read(struct arena *arena, const struct zone_set *zones, struct slice text,
    struct calendar_object **object_r);
void calendar_object_free(struct calendar_object *object);

struct slice calendar_object_uid(const struct calendar_object *object);
struct slice calendar_object_text(const struct calendar_object *object);
/* One bit of enum ical_component_bit: all non-VTIMEZONE components are of one kind. */
uint32_t calendar_object_component(const struct calendar_object *object);
/* The whole VCALENDAR, for filters. */
const struct component *calendar_object_root(const struct calendar_object *object);
/* Master and overrides in the order of the text, VTIMEZONEs left out. */
size_t calendar_object_count(const struct calendar_object *object);
const struct component *calendar_object_at(const struct calendar_object *object, size_t i);
/* What the object means by TZID, of ARENA when it is not known already; NULL: neither known nor defined in it. */
const struct zone *calendar_object_zone(struct arena *arena, const struct calendar_object *object, struct slice tzid);
/* The component without RECURRENCE-ID, or NULL (an object of overrides only). */
const struct component *calendar_object_master(const struct calendar_object *object);

#endif
