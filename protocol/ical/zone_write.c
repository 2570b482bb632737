/* A zone as a VTIMEZONE component (RFC 5545, 3.6.5). */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"
#include "protocol/ical/edit.h"
#include "protocol/ical/posix_tz.h"
#include "protocol/ical/zone_private.h"

#define CHANGES_MAX 600  /* of one zone; the system's longest has about 300 until the year below */
#define YEAR_LAST   2100 /* of changes that no rule can express; our own reader goes no further */

struct change {
	instant_t at;
	int from, to;
	bool written;
};

struct changes {
	struct change at[CHANGES_MAX];
	size_t count;
	size_t ruled; /* those from here on follow the rules for ever */
};

/* ---- what changes when ---- */

static void collect(const struct zone *zone, instant_t from, struct changes *all)
{
	const instant_t end = civil_to_days(YEAR_LAST + 1, 1, 1) * DAY_SECONDS;

	all->count = 0;
	for (instant_t at = zone_next_transition(zone, from); at < end; at = zone_next_transition(zone, at)) {
		if (all->count == CHANGES_MAX)
			break;
		all->at[all->count++] = (struct change){at, zone_offset_at(zone, at - 1), zone_offset_at(zone, at), false};
	}
}

static bool follows_rules(const struct zone_footer *footer, const struct change *change)
{
	return posix_tz_next(footer, change->at - 1) == change->at &&
	       posix_tz_offset_at(footer, change->at) == change->to &&
	       posix_tz_offset_at(footer, change->at - 1) == change->from;
}

/* The last changes are often listed although the rule for the future gives them too: from where on it does. */
static void find_ruled(const struct zone *zone, struct changes *all)
{
	size_t i = all->count;

	all->ruled = all->count;
	if (!zone->has_footer || !zone->footer.has_daylight)
		return;
	while (i > 0 && follows_rules(&zone->footer, &all->at[i - 1]) &&
	       (i == all->count || posix_tz_next(&zone->footer, all->at[i - 1].at) == all->at[i].at))
		i--;
	if (all->count - i >= 2)
		all->ruled = i;
}

/* ---- a rule of POSIX as one of iCalendar ---- */

static int month_length(int month)
{
	return (int)(civil_to_days(2001 + month / 12, month % 12 + 1, 1) - civil_to_days(2001, month, 1));
}

/*
 * "M3.4.4/50", 50 hours into the fourth Thursday of March, is at 02:00 on the Saturday among the 24th to the 30th. False
 * when there is no such form, as where the seven days leave the month.
 */
static bool add_rule(struct buf *b, const struct zone_rule_day *day)
{
	static const char names[7][3] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
	int shift = day->seconds / (int)DAY_SECONDS - (day->seconds % (int)DAY_SECONDS < 0);
	int length = month_length(day->month), first;

	if (day->kind != ZONE_RULE_MONTH)
		return false;
	buf_printf(b, "FREQ=YEARLY;BYMONTH=%d;", day->month);
	if (shift == 0) {
		buf_printf(b, "BYDAY=%d%s", day->week == 5 ? -1 : day->week, names[day->weekday]);
		return true;
	}
	first = (day->week == 5 ? length - 6 : 7 * (day->week - 1) + 1) + shift;
	if (first < 1 || first + 6 > length || day->month == 2)
		return false;
	buf_add_str(b, "BYMONTHDAY=");
	for (int i = 0; i < 7; i++)
		buf_printf(b, "%s%d", i > 0 ? "," : "", first + i);
	buf_printf(b, ";BYDAY=%s", names[((day->weekday + shift) % 7 + 7) % 7]);
	return true;
}

/* ---- text ---- */

static void add_offset(struct buf *b, const char *name, int offset)
{
	int size = offset < 0 ? -offset : offset;

	buf_printf(b, "%s:%c%02d%02d", name, offset < 0 ? '-' : '+', size / 3600, size / 60 % 60);
	if (size % 60 != 0)
		buf_printf(b, "%02d", size % 60);
	buf_add_str(b, "\r\n");
}

/* What the clock shows when the change comes. */
static void add_local(struct buf *b, const struct change *change)
{
	struct civil c;

	civil_from_utc(change->at + change->from, &c);
	buf_printf(b, "%04d%02d%02dT%02d%02d%02d", c.year, c.month, c.day, c.hour, c.minute, c.second);
}

/* RULE and DATES are values, empty: none. */
static void add_observance(struct buf *b, const struct change *first, struct slice rule, struct slice dates)
{
	const char *kind = first->to > first->from ? "DAYLIGHT" : "STANDARD";

	buf_printf(b, "BEGIN:%s\r\nDTSTART:", kind);
	add_local(b, first);
	buf_add_str(b, "\r\n");
	add_offset(b, "TZOFFSETFROM", first->from);
	add_offset(b, "TZOFFSETTO", first->to);
	if (rule.len > 0)
		ical_add_line(b, SLICE("RRULE"), SLICE_EMPTY, rule);
	if (dates.len > 0)
		ical_add_line(b, SLICE("RDATE"), SLICE_EMPTY, dates);
	buf_printf(b, "END:%s\r\n", kind);
}

/* The changes of [FROM, TO), those between the same offsets together. */
static void add_listed(struct buf *b, struct changes *all, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		AUTO_BUF struct buf dates = BUF_INIT(CHANGES_MAX * 17);
		struct change *first = &all->at[i];

		if (first->written)
			continue;
		for (size_t k = i + 1; k < to; k++) {
			struct change *other = &all->at[k];

			if (other->written || other->from != first->from || other->to != first->to)
				continue;
			if (dates.len > 0)
				buf_add_char(&dates, ',');
			add_local(&dates, other);
			other->written = true;
		}
		add_observance(b, first, SLICE_EMPTY, buf_slice(&dates));
	}
}

static void add_ruled(struct buf *b, const struct zone *zone, struct changes *all)
{
	AUTO_BUF struct buf start = BUF_INIT(256), end = BUF_INIT(256);
	const struct change *first = &all->at[all->ruled];

	if (all->ruled == all->count)
		return;
	if (!add_rule(&start, &zone->footer.start) || !add_rule(&end, &zone->footer.end)) {
		add_listed(b, all, all->ruled, all->count);
		return;
	}
	for (size_t i = 0; i < 2; i++)
		add_observance(b, &first[i], first[i].to == zone->footer.daylight ? buf_slice(&start) : buf_slice(&end),
		    SLICE_EMPTY);
}

int zone_write(const struct zone *zone, struct slice tzid, instant_t from, struct buf *out)
{
	struct changes *all = malloc(sizeof(*all));
	struct change begin = {.at = from};

	if (all == NULL)
		return -ENOMEM;
	collect(zone, from, all);
	find_ruled(zone, all);
	buf_add_str(out, "BEGIN:VTIMEZONE\r\n");
	ical_add_line(out, SLICE("TZID"), SLICE_EMPTY, tzid);
	if (from > INSTANT_MIN || all->count == 0) {
		begin.at = from > INSTANT_MIN ? from : 0;
		begin.from = begin.to = zone_offset_at(zone, begin.at);
		add_observance(out, &begin, SLICE_EMPTY, SLICE_EMPTY);
	}
	add_listed(out, all, 0, all->ruled);
	add_ruled(out, zone, all);
	buf_add_str(out, "END:VTIMEZONE\r\n");
	free(all);
	return out->err;
}
