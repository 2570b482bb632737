#include <config.h>

#include "protocol/ical/posix_tz.h"

#include <errno.h>

#include "protocol/base/ascii.h"

/* ---- reading ---- */

struct cursor {
	const char *at, *end;
};

static bool take(struct cursor *c, char wanted)
{
	if (c->at == c->end || *c->at != wanted)
		return false;
	c->at++;
	return true;
}

static bool take_number(struct cursor *c, int max, int *value_r)
{
	int value = 0;
	const char *first = c->at;

	while (c->at < c->end && ascii_is_digit(*c->at)) {
		value = value * 10 + (*c->at++ - '0');
		if (value > max)
			return false;
	}
	*value_r = value;
	return c->at > first;
}

static bool take_name(struct cursor *c)
{
	const char *first = c->at;

	if (take(c, '<')) {
		while (c->at < c->end && *c->at != '>')
			c->at++;
		return take(c, '>');
	}
	while (c->at < c->end && ascii_is_alpha(*c->at))
		c->at++;
	return c->at - first >= 3;
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct cursor *c, int max_hours, int *seconds_r)
{
	int hours, minutes = 0, seconds = 0;
	bool negative = take(c, '-');

	if (!negative)
		take(c, '+');
	if (!take_number(c, max_hours, &hours))
		return false;
	if (take(c, ':')) {
		if (!take_number(c, 59, &minutes))
			return false;
		if (take(c, ':') && !take_number(c, 59, &seconds))
			return false;
	}
	*seconds_r = hours * 3600 + minutes * 60 + seconds;
	if (negative)
		*seconds_r = -*seconds_r;
	return true;
}

static bool take_day(struct cursor *c, struct zone_rule_day *day)
{
	day->seconds = 7200;
	if (take(c, 'M')) {
		day->kind = ZONE_RULE_MONTH;
		if (!take_number(c, 12, &day->month) || !take(c, '.') || !take_number(c, 5, &day->week) ||
		    !take(c, '.') || !take_number(c, 6, &day->weekday) || day->month < 1 || day->week < 1)
			return false;
	} else if (take(c, 'J')) {
		day->kind = ZONE_RULE_JULIAN;
		if (!take_number(c, 365, &day->day) || day->day < 1)
			return false;
	} else {
		day->kind = ZONE_RULE_DAY;
		if (!take_number(c, 365, &day->day))
			return false;
	}
	return !take(c, '/') || take_time(c, 167, &day->seconds);
}

int posix_tz_parse(struct slice text, struct zone_footer *footer_r)
{
	struct cursor c = {text.at, text.at + text.len};
	struct zone_footer footer = {0};

	if (!take_name(&c) || !take_time(&c, 24, &footer.standard))
		return -EINVAL;
	footer.standard = -footer.standard; /* POSIX counts west */
	if (c.at < c.end) {
		footer.has_daylight = true;
		footer.daylight = footer.standard + 3600;
		if (!take_name(&c))
			return -EINVAL;
		if (c.at < c.end && *c.at != ',') {
			if (!take_time(&c, 24, &footer.daylight))
				return -EINVAL;
			footer.daylight = -footer.daylight;
		}
		if (!take(&c, ',') || !take_day(&c, &footer.start) || !take(&c, ',') ||
		    !take_day(&c, &footer.end))
			return -EINVAL;
	}
	if (c.at != c.end)
		return -EINVAL;
	*footer_r = footer;
	return 0;
}

/* ---- computing ---- */

/* Local seconds, counted as UTC, at which RULE fires in YEAR. */
static int64_t rule_local(const struct zone_rule_day *rule, int year)
{
	int64_t day = 0;

	switch (rule->kind) {
	case ZONE_RULE_MONTH:
		day = civil_to_days(year, rule->month, 1);
		day += (rule->weekday + 6 - civil_weekday(day) + 7) % 7 + (rule->week - 1) * 7;
		if (rule->week == 5) {
			int64_t next = rule->month == 12 ? civil_to_days(year + 1, 1, 1) :
							   civil_to_days(year, rule->month + 1, 1);

			while (day >= next)
				day -= 7;
		}
		break;
	case ZONE_RULE_JULIAN:
		day = civil_to_days(year, 1, 1) + rule->day - 1;
		if (rule->day > 59)
			day += civil_to_days(year, 3, 1) - civil_to_days(year, 2, 28) - 1;
		break;
	case ZONE_RULE_DAY:
		day = civil_to_days(year, 1, 1) + rule->day;
		break;
	}
	return day * DAY_SECONDS + rule->seconds;
}

static int year_of(instant_t at)
{
	int year, month, day;

	if (at < INSTANT_MIN)
		at = INSTANT_MIN;
	if (at >= INSTANT_MAX)
		at = INSTANT_MAX - 1;
	civil_from_days(at / DAY_SECONDS - (at % DAY_SECONDS < 0), &year, &month, &day);
	return year;
}

int posix_tz_offset_at(const struct zone_footer *f, instant_t at)
{
	instant_t best = INT64_MIN;
	int offset = f->standard, year;

	if (!f->has_daylight)
		return f->standard;
	year = year_of(at);
	/*
	 * The last change not after AT decides. A rule's time may lie up to a week outside its year. Where both
	 * coincide daylight time goes on: so a footer says that it never ends.
	 */
	for (int y = year - 1; y <= year + 1; y++) {
		instant_t start = rule_local(&f->start, y) - f->standard;
		instant_t end = rule_local(&f->end, y) - f->daylight;

		if (end <= at && end > best) {
			best = end;
			offset = f->standard;
		}
		if (start <= at && start >= best) {
			best = start;
			offset = f->daylight;
		}
	}
	return offset;
}

instant_t posix_tz_next(const struct zone_footer *f, instant_t at)
{
	int here, year;

	if (!f->has_daylight || f->daylight == f->standard)
		return INSTANT_MAX;
	here = posix_tz_offset_at(f, at);
	year = year_of(at);
	for (int tries = 0; tries < 6; tries++) {
		instant_t next = INSTANT_MAX;

		for (int y = year - 1; y <= year + 2; y++) {
			instant_t start = rule_local(&f->start, y) - f->standard;
			instant_t end = rule_local(&f->end, y) - f->daylight;

			if (start > at && start < next)
				next = start;
			if (end > at && end < next)
				next = end;
		}
		if (next == INSTANT_MAX || posix_tz_offset_at(f, next) != here)
			return next;
		at = next; /* both rules at once: nothing changed */
		year = year_of(at);
	}
	return INSTANT_MAX;
}
