/*
 * ical/split - a file into calendar objects by UID, as text, each with the zones it names (RFC 4791, 4.1).
 *
 * For import: components keep their own lines, the VCALENDAR properties of the file go into each object (METHOD is left
 * out), a component without UID gets one made from its content. Several VCALENDARs in a file are read in turn.
 */
#ifndef ICAL_SPLIT_H
#define ICAL_SPLIT_H

#include <stdint.h>

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/error.h"
#include "protocol/base/instant.h"
#include "protocol/base/slice.h"
#include "protocol/ical/timezone.h"

struct ical_part {
	struct slice uid;
	struct slice text; /* one whole VCALENDAR, of the arena */
	size_t line;       /* of its first component in the file, from 1 */
};

/* Calls FN for each part in the order of the first appearance of its UID. */
typedef int ical_split_fn(const struct ical_part *part, void *arg);
/* 0, what FN returned, -ENOMEM, or -EINVAL with *ERR naming the line where the file is not iCalendar. */
int ical_split(struct arena *arena, struct slice file, ical_split_fn *fn, void *arg, struct error *err);

/*
 * Joins objects into one VCALENDAR stream for export: zones once, components as they stand. Feed, then finish. Of two zones
 * that go by one name which KNOWN has not, and differ, the second gets another name. KNOWN NULL: names are not looked at.
 */
struct ical_join;
struct ical_join *ical_join_new(struct arena *arena, const struct zone_set *known);
int ical_join_add(struct ical_join *join, struct slice object_text);
/* The same; a component without DTSTAMP, which RFC 5545, 3.8.7.2 wants, gets the instant AT. */
int ical_join_add_stamped(struct ical_join *join, struct slice object_text, instant_t at);

/* What stands at the head of the stream; a zeroed one says nothing. */
struct ical_stream_head {
	struct slice name;      /* NAME (RFC 7986, 5.1) and X-WR-CALNAME */
	struct slice method;    /* METHOD (RFC 5545, 3.7.2) */
	uint32_t refresh_minutes; /* REFRESH-INTERVAL (RFC 7986, 5.7) and X-PUBLISHED-TTL: how often it is worth asking */
};
int ical_join_finish(struct ical_join *join, const struct ical_stream_head *head, struct buf *out);

#endif
