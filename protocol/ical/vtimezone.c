#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/value.h"
#include "protocol/ical/zone_private.h"

/*
 * Observances are written out as transitions over these years: outside, the nearest offset holds. Rules that are not
 * yearly, or that name no single day of a year, are refused: no zone in use needs them, and a guess could be an hour off.
 */
#define YEAR_FIRST 1970
#define YEAR_LAST  2100

#define OBSERVANCES_MAX 500 /* STANDARD and DAYLIGHT together; the longest in the wild lists one a year */
#define RULES_MAX        64 /* RRULEs in all: each is walked through all the years */
#define RULES_IN_ONE     8  /* of one observance; RFC 5545, 3.8.5.3 wants one, but does not forbid more */

struct rule {
	int interval;
	uint64_t count;          /* 0: none */
	uint32_t months;         /* bits 1 to 12; 0: DTSTART's */
	uint32_t month_days;     /* bits 1 to 31; 0: by weekday, or DTSTART's */
	bool has_weekday;
	int weekday, week;       /* 0 Monday; -5 to 5, 0: that weekday among month_days */
	int time[3];             /* BYHOUR, BYMINUTE, BYSECOND, as Lotus Notes writes them; -1: DTSTART's */
	bool has_until, until_is_local;
	int64_t until;           /* inclusive */
};

struct observance {
	bool has_start, has_from, has_to;
	struct ical_time start;
	int from, to;
	struct rule rules[RULES_IN_ONE];
	size_t rule_count;
	struct slice *rdates; /* values of RDATE lines */
	size_t rdate_count;
};

struct onset {
	int64_t at;
	int32_t from, to; /* TZOFFSETFROM, TZOFFSETTO */
	size_t order;     /* in the text */
};

struct builder {
	struct arena *arena;
	struct onset *onsets;
	size_t count, capacity;
	size_t rules;
};

/* ---- rules ---- */

static int read_list(struct slice value, int max, uint32_t *bits)
{
	struct slice one;
	uint64_t n;

	while (slice_next(&value, ',', &one)) {
		if (slice_to_u64(slice_trim(one), (uint64_t)max, &n) < 0 || n == 0)
			return -EINVAL;
		*bits |= UINT32_C(1) << n;
	}
	return 0;
}

static int read_weekday(struct slice value, struct rule *rule)
{
	static const char names[] = "MOTUWETHFRSASU";
	int sign = 1, week = 0;
	size_t at = 0;

	value = slice_trim(value);
	if (at < value.len && (value.at[at] == '-' || value.at[at] == '+'))
		sign = value.at[at++] == '-' ? -1 : 1;
	if (at < value.len && ascii_is_digit(value.at[at]))
		week = value.at[at++] - '0';
	if (week > 5 || value.len - at != 2)
		return -EINVAL;
	for (int day = 0; day < 7; day++) {
		if (ascii_upper(value.at[at]) == names[2 * day] && ascii_upper(value.at[at + 1]) == names[2 * day + 1]) {
			rule->has_weekday = true;
			rule->weekday = day;
			rule->week = sign * week;
			return 0;
		}
	}
	return -EINVAL;
}

static int read_until(struct slice value, struct rule *rule)
{
	struct ical_time time;
	int ret = ical_value_time(value, &time);

	if (ret < 0)
		return ret;
	rule->has_until = true;
	rule->until_is_local = time.zone == NULL;
	rule->until = civil_to_utc(&time.civil) + (time.is_date ? DAY_SECONDS - 1 : 0);
	return 0;
}

/* What is too large is as wrong as what is no number. */
static int read_number(struct slice value, uint64_t max, uint64_t *number_r)
{
	return slice_to_u64(value, max, number_r) < 0 ? -EINVAL : 0;
}

static int read_part(struct slice name, struct slice value, struct rule *rule)
{
	static const char *const times[] = {"BYHOUR", "BYMINUTE", "BYSECOND"};
	uint64_t n;
	int ret;

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		if (slice_is_nocase(name, times[i])) {
			ret = read_number(value, i == 0 ? 23 : 59, &n);
			rule->time[i] = ret == 0 ? (int)n : -1;
			return ret;
		}
	}

	if (slice_is_nocase(name, "FREQ"))
		return slice_is_nocase(value, "YEARLY") ? 0 : -EINVAL;
	if (slice_is_nocase(name, "BYMONTH"))
		return read_list(value, 12, &rule->months);
	if (slice_is_nocase(name, "BYMONTHDAY"))
		return read_list(value, 31, &rule->month_days);
	if (slice_is_nocase(name, "BYDAY"))
		return read_weekday(value, rule);
	if (slice_is_nocase(name, "UNTIL"))
		return read_until(value, rule);
	if (slice_is_nocase(name, "WKST"))
		return 0;
	if (slice_is_nocase(name, "COUNT"))
		return read_number(value, UINT32_MAX, &rule->count);
	if (slice_is_nocase(name, "INTERVAL")) {
		ret = read_number(value, 1000, &n);
		rule->interval = ret == 0 ? (int)n : 0;
		return rule->interval > 0 ? 0 : -EINVAL;
	}
	return -EINVAL;
}

static int read_rule(struct slice text, struct rule *rule)
{
	struct slice part, name;
	int ret = 0;

	*rule = (struct rule){.interval = 1, .time = {-1, -1, -1}};
	while (ret == 0 && slice_next(&text, ';', &part)) {
		part = slice_trim(part);
		if (part.len == 0)
			continue;
		slice_next(&part, '=', &name);
		ret = part.at != NULL ? read_part(slice_trim(name), slice_trim(part), rule) : -EINVAL;
	}
	if (rule->has_weekday && (rule->months == 0 || (rule->week == 0) != (rule->month_days != 0)))
		return -EINVAL;
	return ret;
}

/* The day (civil_to_days) on which RULE falls in that month, or INT64_MIN. */
static int64_t rule_day(const struct rule *rule, int year, int month, int default_day)
{
	int64_t first = civil_to_days(year, month, 1);
	int64_t next = month == 12 ? civil_to_days(year + 1, 1, 1) : civil_to_days(year, month + 1, 1);
	int64_t day;

	if (rule->month_days != 0) {
		for (day = first; day < next; day++)
			if ((rule->month_days >> (day - first + 1) & 1) != 0 &&
			    (!rule->has_weekday || civil_weekday(day) == rule->weekday))
				return day;
		return INT64_MIN;
	}
	if (!rule->has_weekday)
		return first + default_day - 1 < next ? first + default_day - 1 : INT64_MIN;
	if (rule->week > 0)
		day = first + (rule->weekday - civil_weekday(first) + 7) % 7 + (rule->week - 1) * 7;
	else
		day = next - 1 - (civil_weekday(next - 1) - rule->weekday + 7) % 7 + (rule->week + 1) * 7;
	return day >= first && day < next ? day : INT64_MIN;
}

/* ---- transitions ---- */

static int add_transition(struct builder *b, int64_t at, const struct observance *o)
{
	if (b->count == ZONE_TRANSITIONS_MAX)
		return -EINVAL;
	if (b->count == b->capacity) {
		size_t capacity = b->capacity ? b->capacity * 2 : 2 * (YEAR_LAST - YEAR_FIRST + 2);
		struct onset *grown = arena_array(b->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (b->count > 0)
			memcpy(grown, b->onsets, b->count * sizeof(*grown));
		b->onsets = grown;
		b->capacity = capacity;
	}
	b->onsets[b->count] = (struct onset){at, o->from, o->to, b->count};
	b->count++;
	return 0;
}

static int64_t onset_of(const struct ical_time *time, const struct observance *o)
{
	return civil_to_utc(&time->civil) - (time->zone != NULL ? 0 : o->from);
}

static int64_t time_of_day_of(const struct observance *o, const struct rule *rule)
{
	const struct civil *start = &o->start.civil;
	const int *time = rule->time;

	return (time[0] >= 0 ? time[0] : start->hour) * HOUR_SECONDS +
	       (time[1] >= 0 ? time[1] : start->minute) * MINUTE_SECONDS + (time[2] >= 0 ? time[2] : start->second);
}

static int expand_rule(struct builder *b, const struct observance *o, const struct rule *rule)
{
	int64_t start = civil_to_utc(&o->start.civil);
	int64_t time_of_day = time_of_day_of(o, rule);
	uint32_t months = rule->months != 0 ? rule->months : UINT32_C(1) << o->start.civil.month;
	uint64_t left = rule->count > 0 ? rule->count - 1 : UINT64_MAX;
	int year = o->start.civil.year;

	if (rule->count == 0 && year < YEAR_FIRST) /* begin in step with INTERVAL */
		year += (YEAR_FIRST - year) / rule->interval * rule->interval;
	for (; year <= YEAR_LAST; year += rule->interval) {
		for (int month = 1; month <= 12; month++) {
			int64_t day, local, at;
			int ret;

			if ((months >> month & 1) == 0)
				continue;
			day = rule_day(rule, year, month, o->start.civil.day);
			if (day == INT64_MIN)
				continue;
			local = day * DAY_SECONDS + time_of_day;
			at = local - (o->start.zone != NULL ? 0 : o->from);
			if (local <= start)
				continue;
			if (left-- == 0 || (rule->has_until && (rule->until_is_local ? local : at) > rule->until))
				return 0;
			ret = add_transition(b, at, o);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

static int expand_rdates(struct builder *b, const struct observance *o)
{
	for (size_t i = 0; i < o->rdate_count; i++) {
		struct slice rest = o->rdates[i], one;

		while (slice_next(&rest, ',', &one)) {
			struct ical_period period;
			int ret;

			if (slice_trim(one).len == 0)
				continue;
			ret = ical_value_period(one, &period);
			if (ret == 0)
				ret = add_transition(b, onset_of(&period.start, o), o);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

static int expand(struct builder *b, const struct observance *o)
{
	int ret;

	if (!o->has_start || !o->has_to || !o->has_from)
		return -EINVAL;
	b->rules += o->rule_count;
	if (b->rules > RULES_MAX)
		return -EINVAL;
	ret = add_transition(b, onset_of(&o->start, o), o);
	for (size_t i = 0; ret == 0 && i < o->rule_count; i++)
		ret = expand_rule(b, o, &o->rules[i]);
	if (ret == 0)
		ret = expand_rdates(b, o);
	return ret;
}

/* ---- text ---- */

static int add_rdate(struct arena *arena, struct observance *o, struct slice value)
{
	if ((o->rdate_count & (o->rdate_count - 1)) == 0) { /* full at each power of two */
		struct slice *grown = arena_array(arena, o->rdate_count ? o->rdate_count * 2 : 1, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (o->rdate_count > 0)
			memcpy(grown, o->rdates, o->rdate_count * sizeof(*grown));
		o->rdates = grown;
	}
	o->rdates[o->rdate_count++] = value;
	return 0;
}

static int read_property(struct arena *arena, struct observance *o, const struct content_line *line)
{
	int ret = 0;

	if (content_line_is(line, "DTSTART")) {
		ret = ical_value_time(line->value, &o->start);
		o->has_start = true;
	} else if (content_line_is(line, "TZOFFSETFROM")) {
		ret = ical_value_offset(line->value, &o->from);
		o->has_from = true;
	} else if (content_line_is(line, "TZOFFSETTO")) {
		ret = ical_value_offset(line->value, &o->to);
		o->has_to = true;
	} else if (content_line_is(line, "RRULE")) {
		ret = o->rule_count < RULES_IN_ONE ? read_rule(line->value, &o->rules[o->rule_count++]) : -EINVAL;
	} else if (content_line_is(line, "RDATE")) {
		ret = add_rdate(arena, o, line->value);
	}
	return ret;
}

static bool is_observance(struct slice name)
{
	return slice_is_nocase(name, "STANDARD") || slice_is_nocase(name, "DAYLIGHT");
}

/* Reads up to the END of VTIMEZONE; DEPTH counts components inside observances that we do not know. */
static int read_lines(struct builder *b, struct slice text, struct slice *tzid_r)
{
	struct content_reader reader;
	struct content_line line;
	struct observance now;
	struct slice name;
	size_t depth = 0, observances = 0;
	bool inside = false;
	int ret;

	*tzid_r = SLICE_EMPTY;
	content_reader_init(&reader, b->arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		ret = 0;
		if (content_line_marks(&line, "BEGIN", &name)) {
			depth++;
			if (depth == 1 && !slice_is_nocase(name, "VTIMEZONE"))
				return -EINVAL;
			if (depth == 2 && is_observance(name)) {
				inside = true;
				now = (struct observance){0};
				if (++observances > OBSERVANCES_MAX)
					return -EINVAL;
			}
		} else if (content_line_marks(&line, "END", &name)) {
			if (depth == 2 && inside) {
				inside = false;
				ret = expand(b, &now);
			}
			if (depth == 0)
				return -EINVAL;
			depth--;
		} else if (depth == 1 && content_line_is(&line, "TZID")) {
			*tzid_r = slice_trim(line.value);
		} else if (depth == 2 && inside) {
			ret = read_property(b->arena, &now, &line);
		}
		if (ret < 0)
			return ret;
	}
	return ret == 0 && depth != 0 ? -EINVAL : ret;
}

/* ---- the zone ---- */

static int compare_onsets(const void *a, const void *b)
{
	const struct onset *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

/* Sorts; of two changes at one instant the later in the text stays. */
static int finish(struct builder *b, struct zone *zone)
{
	struct zone_transition *transitions = arena_array(b->arena, b->count, sizeof(*transitions));
	size_t kept = 0;

	if (transitions == NULL)
		return -ENOMEM;
	qsort(b->onsets, b->count, sizeof(*b->onsets), compare_onsets);
	zone->initial = b->onsets[0].from;
	for (size_t i = 0; i < b->count; i++) {
		if (kept > 0 && transitions[kept - 1].at == b->onsets[i].at)
			kept--;
		transitions[kept++] = (struct zone_transition){b->onsets[i].at, b->onsets[i].to};
	}
	zone->transitions = transitions;
	zone->count = kept;
	return 0;
}

int zone_from_vtimezone(struct arena *arena, struct slice text, const struct zone **zone_r)
{
	struct builder b = {.arena = arena};
	struct zone *zone = arena_zalloc(arena, sizeof(*zone));
	struct slice tzid;
	char *name;
	int ret;

	if (zone == NULL)
		return -ENOMEM;
	ret = read_lines(&b, text, &tzid);
	if (ret == 0 && (b.count == 0 || tzid.len == 0))
		ret = -EINVAL;
	if (ret == 0)
		ret = finish(&b, zone);
	if (ret < 0)
		return ret == -ENOMEM ? ret : -EINVAL; /* numbers out of range and the like too */
	name = arena_copy(arena, tzid);
	if (name == NULL)
		return -ENOMEM;
	zone->name = slice_of(name, tzid.len);
	*zone_r = zone;
	return 0;
}
