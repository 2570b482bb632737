#include <config.h>

#include "server/pages/when.h"

#include <errno.h>
#include <stdio.h>

#include "server/pages/html.h"

#define YEAR_MIN 1970
#define YEAR_MAX 9998

static const char *const weekdays[] = {N_("Monday"), N_("Tuesday"), N_("Wednesday"), N_("Thursday"), N_("Friday"),
    N_("Saturday"), N_("Sunday")};
static const char *const short_weekdays[] = {N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"),
    N_("Sun")};
static const char *const months[] = {N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"),
    N_("July"), N_("August"), N_("September"), N_("October"), N_("November"), N_("December")};
static const struct {
	const char *day, *month, *moment, *twice;
} say = {
	.day = N_("{1} {2} {3} {4}"), /* weekday, day, month, year */
	.month = N_("{1} {2}"),
	.moment = N_("{1}, {2}"),
	.twice = N_("{1} (UTC{2})"),
};

static struct slice number(struct arena *arena, int value)
{
	return slice_str(arena_printf(arena, "%d", value));
}

struct slice when_day(struct arena *arena, int64_t day)
{
	int year, month, date;

	civil_from_days(day, &year, &month, &date);
	return html_words(arena, say.day, when_weekday(civil_weekday(day)), number(arena, date),
	    slice_str(months[month - 1]), number(arena, year));
}

struct slice when_month(struct arena *arena, int64_t day)
{
	int year, month, date;

	civil_from_days(day, &year, &month, &date);
	return html_words(arena, say.month, slice_str(months[month - 1]), number(arena, year));
}

struct slice when_weekday(int weekday)
{
	return slice_str(weekdays[weekday]);
}

struct slice when_weekday_short(int weekday)
{
	return slice_str(short_weekdays[weekday]);
}

/* Whether another instant of the same day has the same label: the clock goes back over it, or did. */
static bool comes_twice(const struct zone *zone, instant_t at, const struct civil *civil, int offset)
{
	instant_t change = zone_next_transition(zone, at), later;
	struct civil other;

	if (zoned_to_instant(zone, civil) != at)
		return true; /* this is the second: a label means the first */
	if (change - at > DAY_SECONDS)
		return false;
	later = instant_add(at, offset - zone_offset_at(zone, change));
	if (later <= at)
		return false;
	zoned_from_instant(zone, later, &other, NULL);
	return civil_compare(civil, &other) == 0;
}

/* "+2", "-3:30" */
static struct slice offset_words(struct arena *arena, int offset)
{
	int minutes = (offset < 0 ? -offset : offset) / 60;
	const char *sign = offset < 0 ? "-" : "+";

	return slice_str(minutes % 60 == 0 ? arena_printf(arena, "%s%d", sign, minutes / 60)
	                                   : arena_printf(arena, "%s%d:%02d", sign, minutes / 60, minutes % 60));
}

struct slice when_time(struct arena *arena, const struct zone *zone, instant_t at)
{
	struct slice label;
	struct civil civil;
	int offset;

	zoned_from_instant(zone, at, &civil, &offset);
	label = slice_str(arena_printf(arena, "%02d:%02d", civil.hour, civil.minute));
	return comes_twice(zone, at, &civil, offset) ? html_words(arena, say.twice, label, offset_words(arena, offset))
	                                             : label;
}

struct slice when_moment(struct arena *arena, const struct zone *zone, instant_t at)
{
	return html_words(arena, say.moment, when_day(arena, zoned_day_of(zone, at)), when_time(arena, zone, at));
}

struct slice when_date(struct arena *arena, int64_t day)
{
	int year, month, date;

	civil_from_days(day, &year, &month, &date);
	return slice_str(arena_printf(arena, "%04d-%02d-%02d", year, month, date));
}

int when_read_date(struct slice text, int64_t *day_r)
{
	struct civil civil = {0};
	uint64_t year, month, day;

	if (text.len != sizeof("2025-06-10") - 1 || text.at[4] != '-' || text.at[7] != '-' ||
	    slice_to_u64(slice_sub(text, 0, 4), YEAR_MAX, &year) < 0 || year < YEAR_MIN ||
	    slice_to_u64(slice_sub(text, 5, 2), 12, &month) < 0 || slice_to_u64(slice_sub(text, 8, 2), 31, &day) < 0)
		return -EINVAL;
	civil.year = (int)year;
	civil.month = (int)month;
	civil.day = (int)day;
	if (!civil_is_valid(&civil))
		return -EINVAL;
	*day_r = civil_to_days(civil.year, civil.month, civil.day);
	return 0;
}

struct slice when_instant(struct arena *arena, const struct zone *zone, instant_t at)
{
	AUTO_BUF struct buf b = BUF_INIT(64);
	char *copy;

	buf_add_rfc3339(&b, at, zone_offset_at(zone, at));
	copy = b.err == 0 ? arena_copy(arena, buf_slice(&b)) : NULL;
	return copy != NULL ? slice_of(copy, b.len) : SLICE_EMPTY;
}
