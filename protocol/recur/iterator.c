#include <config.h>

#include "protocol/recur/iterator.h"

#define LOCAL_MAX (INSTANT_MAX - 3 * DAY_SECONDS) /* a zone's offset may be added to it and the year stays 9999 */

/* ---- arithmetic ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int weekday_of(int64_t day)
{
	return (int)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

/* The number of the N-th set bit of BITS, from 0; there are more than N. */
static int nth_bit(uint64_t bits, int64_t n)
{
	while (n-- > 0)
		bits &= bits - 1;
	return __builtin_ctzll(bits);
}

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool take_step(struct recur_iterator *it)
{
	if (*it->options.steps == 0)
		return false;
	--*it->options.steps;
	return true;
}

/* ---- which days a rule names ---- */

struct day_walk {
	int64_t day;
	int year, month, month_day;
	int64_t year_start; /* day number of 1 January */
	int64_t month_start;
	int month_length, year_length;
};

static void day_walk_to(struct day_walk *w, int64_t day)
{
	static const int lengths[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	w->day = day;
	civil_from_days(day, &w->year, &w->month, &w->month_day);
	w->year_start = civil_to_days(w->year, 1, 1);
	w->month_start = day - w->month_day + 1;
	w->year_length = is_leap(w->year) ? 366 : 365;
	w->month_length = lengths[w->month] + (w->month == 2 && is_leap(w->year));
}

static void day_walk_next(struct day_walk *w)
{
	if (w->month_day < w->month_length) {
		w->day++;
		w->month_day++;
	} else {
		day_walk_to(w, w->day + 1);
	}
}

/*
 * Weeks begin on WKST; week 1 is the first with at least four days in its year, so the year of a week is that of its
 * fourth day (ISO 8601).
 */
static bool week_matches(const struct recur_rule *rule, int64_t day)
{
	int64_t fourth = day - (weekday_of(day) - rule->week_start + 7) % 7 + 3;
	int64_t next_january_4;
	int year, month, month_day, week;

	civil_from_days(fourth, &year, &month, &month_day);
	week = (int)(fourth - civil_to_days(year, 1, 1)) / 7 + 1;
	if (rule->weeks >> week & 1)
		return true;
	if (rule->weeks_end == 0)
		return false;
	next_january_4 = civil_to_days(year + 1, 1, 4);
	next_january_4 -= (weekday_of(next_january_4) - rule->week_start + 7) % 7;
	week = (int)((next_january_4 - (fourth - 3)) / 7);
	return rule->weeks_end >> week & 1;
}

static bool weekday_matches(const struct recur_iterator *it, const struct day_walk *w)
{
	const struct recur_rule *rule = &it->rule;
	int weekday = weekday_of(w->day);
	int before, after; /* days of the month or year on either side */

	if (rule->weekdays >> weekday & 1)
		return true;
	if (!rule->has_nth)
		return false;
	before = it->nth_in_month ? w->month_day - 1 : (int)(w->day - w->year_start);
	after = (it->nth_in_month ? w->month_length : w->year_length) - 1 - before;
	return (rule->nth[weekday] >> (before / 7 + 1) & 1) || (rule->nth_end[weekday] >> (after / 7 + 1) & 1);
}

/* The parts that limit what the days of month and year name: they look at the date that SKIP led to. */
static bool limits_match(const struct recur_iterator *it, const struct day_walk *w)
{
	const struct recur_rule *rule = &it->rule;

	if ((rule->weekdays != 0 || rule->has_nth) && !weekday_matches(it, w))
		return false;
	return (rule->weeks | rule->weeks_end) == 0 || week_matches(rule, w->day);
}

static bool day_matches(const struct recur_iterator *it, const struct day_walk *w)
{
	const struct recur_rule *rule = &it->rule;
	int year_day = (int)(w->day - w->year_start) + 1;

	if ((rule->month_days | rule->month_days_end) != 0 && !(rule->month_days >> w->month_day & 1) &&
	    !(rule->month_days_end >> (w->month_length - w->month_day + 1) & 1))
		return false;
	if (rule->has_year_days && !recur_days_has(&rule->year_days, year_day) &&
	    !recur_days_has(&rule->year_days_end, w->year_length - year_day + 1))
		return false;
	return limits_match(it, w);
}

/* ---- SKIP: dates that do not exist (RFC 7529, 4.1) ---- */

/* The rule names a day behind the last one of this month or year, W. */
static bool runs_over(const struct recur_rule *rule, const struct day_walk *w)
{
	if ((rule->month_days | rule->month_days_end) != 0)
		return w->month_day == w->month_length && (uint64_t)rule->month_days >> (w->month_length + 1) != 0;
	return w->day - w->year_start + 1 == w->year_length && w->year_length == 365 &&
	       recur_days_has(&rule->year_days, 366);
}

/* Counting from the end, the rule names a day in front of the first one of this month or year, W. */
static bool runs_under(const struct recur_rule *rule, const struct day_walk *w)
{
	if ((rule->month_days | rule->month_days_end) != 0)
		return w->month_day == 1 && (uint64_t)rule->month_days_end >> (w->month_length + 1) != 0;
	return w->day == w->year_start && w->year_length == 365 && recur_days_has(&rule->year_days_end, 366);
}

static void add_day(struct recur_iterator *it, int64_t day)
{
	if (it->day_count == 0 || it->days[it->day_count - 1] < day)
		it->days[it->day_count++] = (int32_t)day;
}

static void add_skipped_to(struct recur_iterator *it, int64_t day)
{
	struct day_walk w;

	day_walk_to(&w, day);
	if (limits_match(it, &w))
		add_day(it, day);
}

/* The days that W stands for: itself, and those that do not exist around it. */
static void add_days_of(struct recur_iterator *it, const struct day_walk *w)
{
	enum recur_skip skip = it->rule.skip;
	bool over = skip != RECUR_SKIP_OMIT && runs_over(&it->rule, w);
	bool under = skip != RECUR_SKIP_OMIT && runs_under(&it->rule, w);

	if (under)
		add_skipped_to(it, skip == RECUR_SKIP_BACKWARD ? w->day - 1 : w->day);
	if (day_matches(it, w))
		add_day(it, w->day);
	if (over)
		add_skipped_to(it, skip == RECUR_SKIP_FORWARD ? w->day + 1 : w->day);
}

static bool month_matches(const struct recur_rule *rule, const struct day_walk *w)
{
	return rule->months == 0 || (rule->months >> w->month & 1);
}

/* Puts the days of [FROM, TO) that the rule names into the set; a month that it does not name is one step. */
static bool load_days(struct recur_iterator *it, int64_t from, int64_t to)
{
	struct day_walk w;

	it->day_count = 0;
	day_walk_to(&w, from);
	while (w.day < to) {
		if (!take_step(it))
			return false;
		if (!month_matches(&it->rule, &w)) {
			int64_t next = w.month_start + w.month_length;

			it->skip_to = next * DAY_SECONDS;
			if (next >= to)
				break;
			day_walk_to(&w, next);
			continue;
		}
		add_days_of(it, &w);
		if (w.day + 1 >= to)
			break;
		day_walk_next(&w);
	}
	return true;
}

/* ---- periods ---- */

static const int64_t period_seconds[] = {
	[RECUR_WEEKLY] = 7 * DAY_SECONDS,
	[RECUR_DAILY] = DAY_SECONDS,
	[RECUR_HOURLY] = HOUR_SECONDS,
	[RECUR_MINUTELY] = MINUTE_SECONDS,
	[RECUR_SECONDLY] = 1,
};

/* Weeks are counted from the WKST before 1970-01-01. */
static int64_t week_shift(const struct recur_rule *rule)
{
	return (3 - rule->week_start + 7) % 7 * DAY_SECONDS;
}

static int64_t period_of(const struct recur_rule *rule, int64_t local)
{
	int year, month, day;

	switch (rule->freq) {
	case RECUR_YEARLY:
	case RECUR_MONTHLY:
		civil_from_days(floor_div(local, DAY_SECONDS), &year, &month, &day);
		return rule->freq == RECUR_YEARLY ? year : (int64_t)year * 12 + month - 1;
	case RECUR_WEEKLY:
		local += week_shift(rule);
		break;
	case RECUR_DAILY:
	case RECUR_HOURLY:
	case RECUR_MINUTELY:
	case RECUR_SECONDLY:
		break;
	}
	return floor_div(local, period_seconds[rule->freq]);
}

static int64_t period_start(const struct recur_rule *rule, int64_t period)
{
	switch (rule->freq) {
	case RECUR_YEARLY:
		return civil_to_days((int)period, 1, 1) * DAY_SECONDS;
	case RECUR_MONTHLY:
		return civil_to_days((int)floor_div(period, 12), (int)(period - floor_div(period, 12) * 12) + 1, 1) *
		       DAY_SECONDS;
	case RECUR_WEEKLY:
		return period * period_seconds[RECUR_WEEKLY] - week_shift(rule);
	case RECUR_DAILY:
	case RECUR_HOURLY:
	case RECUR_MINUTELY:
	case RECUR_SECONDLY:
		break;
	}
	return period * period_seconds[rule->freq];
}

/* Moves to the first period of the rule that is not before PERIOD. */
static void go_to_period(struct recur_iterator *it, int64_t period)
{
	int64_t interval = it->rule.interval;

	if (period > it->first)
		it->period = it->first + (period - it->first + interval - 1) / interval * interval;
}

/*
 * Limits the set to one hour, minute or second. Where the rule does not allow it the set is empty and SKIP_TO is the
 * start of the next one that it may allow.
 */
static bool load_time(struct recur_iterator *it, int64_t local)
{
	int64_t day = floor_div(local, DAY_SECONDS);
	int64_t time = local - day * DAY_SECONDS;
	int hour = (int)(time / HOUR_SECONDS), minute = (int)(time / MINUTE_SECONDS % 60), second = (int)(time % 60);
	const struct recur_rule *rule = &it->rule;

	if (rule->hours != 0 && !(rule->hours >> hour & 1)) {
		uint32_t later = rule->hours & ~((UINT32_C(2) << hour) - 1);

		it->skip_to = day * DAY_SECONDS + (later != 0 ? __builtin_ctz(later) : 24) * HOUR_SECONDS;
		return false;
	}
	it->hours = UINT32_C(1) << hour;
	if (rule->freq == RECUR_HOURLY)
		return true;
	if (rule->minutes != 0 && !(rule->minutes >> minute & 1)) {
		uint64_t later = rule->minutes & ~((UINT64_C(2) << minute) - 1);

		it->skip_to = local - time % HOUR_SECONDS +
		              (later != 0 ? __builtin_ctzll(later) : 60) * MINUTE_SECONDS;
		return false;
	}
	it->minutes = UINT64_C(1) << minute;
	if (rule->freq == RECUR_MINUTELY)
		return true;
	if (rule->seconds != 0 && !(rule->seconds >> second & 1)) {
		uint64_t later = rule->seconds & ~((UINT64_C(2) << second) - 1);

		it->skip_to = local - second + (later != 0 ? __builtin_ctzll(later) : 60);
		return false;
	}
	it->seconds = UINT64_C(1) << second;
	return true;
}

/* Fills the set of the present period; false when the budget is used up. */
static bool load_period(struct recur_iterator *it)
{
	const struct recur_rule *rule = &it->rule;
	int64_t start = period_start(rule, it->period);
	int64_t day = floor_div(start, DAY_SECONDS), end = day + 1;

	it->skip_to = INT64_MIN;
	it->position = 0;
	it->low = 0;
	it->high = 367;
	switch (rule->freq) {
	case RECUR_YEARLY:
	case RECUR_MONTHLY:
		end = floor_div(period_start(rule, it->period + 1), DAY_SECONDS);
		break;
	case RECUR_WEEKLY:
		end = day + 7;
		break;
	case RECUR_DAILY:
	case RECUR_HOURLY:
	case RECUR_MINUTELY:
	case RECUR_SECONDLY:
		break;
	}
	if (!load_days(it, day, end))
		return false;
	if (rule->freq > RECUR_DAILY && it->day_count == 0 && it->skip_to == INT64_MIN)
		it->skip_to = end * DAY_SECONDS;
	if (rule->freq > RECUR_DAILY && it->day_count != 0 && !load_time(it, start))
		it->day_count = 0;
	it->times = (int64_t)__builtin_popcount(it->hours) * __builtin_popcountll(it->minutes) *
	            __builtin_popcountll(it->seconds);
	return true;
}

static int64_t set_at(const struct recur_iterator *it, int64_t position)
{
	int64_t seconds = __builtin_popcountll(it->seconds), minutes = __builtin_popcountll(it->minutes);
	int64_t time = position % it->times;

	return it->days[position / it->times] * DAY_SECONDS +
	       nth_bit(it->hours, time / (minutes * seconds)) * HOUR_SECONDS +
	       nth_bit(it->minutes, time / seconds % minutes) * MINUTE_SECONDS + nth_bit(it->seconds, time % seconds);
}

/* The next number above N, or 384; the next below N, or 0. */
static int number_above(const struct recur_days *days, int n)
{
	for (n++; n < 384; n = (n / 64 + 1) * 64) {
		uint64_t rest = days->word[n / 64] >> (n % 64);

		if (rest != 0)
			return n + __builtin_ctzll(rest);
	}
	return 384;
}

static int number_below(const struct recur_days *days, int n)
{
	for (n--; n > 0; n = n / 64 * 64 - 1) {
		uint64_t rest = days->word[n / 64] << (63 - n % 64);

		if (rest != 0)
			return n - __builtin_clzll(rest);
	}
	return 0;
}

/* The next position of the set that BYSETPOS names: two ascending lists merged. -1 at the end. */
static int64_t next_named_position(struct recur_iterator *it)
{
	int64_t total = it->day_count * it->times;

	for (;;) {
		int low = number_above(&it->rule.positions, it->low);
		int high = number_below(&it->rule.positions_end, it->high);
		int64_t from_start = low < 384 ? low - 1 : INT64_MAX;
		int64_t from_end = high > 0 ? total - high : INT64_MAX;
		int64_t next = from_start < from_end ? from_start : from_end;

		if (from_start <= from_end)
			it->low = low;
		if (from_end <= from_start)
			it->high = high;
		if (next >= total)
			return -1;
		if (next >= 0)
			return next;
	}
}

/* The next of the present period, or false. Whole days before FROM are not looked at when nobody counts. */
static bool next_in_period(struct recur_iterator *it, int64_t *local_r)
{
	int64_t position;

	if (it->rule.has_positions) {
		position = next_named_position(it);
		if (position < 0)
			return false;
	} else {
		int64_t total = it->day_count * it->times;

		while (!it->counted && it->position % it->times == 0 && it->position < total &&
		       (it->days[it->position / it->times] + 1) * DAY_SECONDS <= it->options.from)
			it->position += it->times;
		if (it->position >= total)
			return false;
		position = it->position++;
	}
	*local_r = set_at(it, position);
	return true;
}

/* How far a period may reach out of itself. */
static int64_t reach_of(const struct recur_iterator *it)
{
	return it->rule.skip != RECUR_SKIP_OMIT ? DAY_SECONDS : 0;
}

static enum recur_next next_period(struct recur_iterator *it)
{
	int64_t last = it->options.until < LOCAL_MAX ? it->options.until : LOCAL_MAX;
	int64_t start;

	if (it->skip_to > INT64_MIN && it->skip_to <= LOCAL_MAX) {
		int64_t period = period_of(&it->rule, it->skip_to);

		go_to_period(it, period > it->period ? period : it->period + 1);
	} else {
		it->period += it->rule.interval;
	}
	if (it->period > period_of(&it->rule, LOCAL_MAX))
		return RECUR_END;
	start = period_start(&it->rule, it->period) - reach_of(it);
	if (start > last)
		return RECUR_END;
	if (start > it->options.limit)
		return RECUR_BEYOND;
	return load_period(it) ? RECUR_FOUND : RECUR_COSTLY;
}

enum recur_next recur_iterator_next(struct recur_iterator *it, int64_t *local_r)
{
	for (;;) {
		int64_t local;

		if (it->counted && it->count_left == 0)
			return RECUR_END;
		if (!next_in_period(it, &local)) {
			enum recur_next next = next_period(it);

			if (next != RECUR_FOUND)
				return next;
			continue;
		}
		if (!take_step(it))
			return RECUR_COSTLY;
		if (local <= it->options.start || local <= it->last)
			continue;
		it->last = local;
		if (local > it->options.until || local > LOCAL_MAX)
			return RECUR_END;
		if (local > it->options.limit)
			return RECUR_BEYOND;
		if (it->counted)
			it->count_left--;
		if (local < it->options.from)
			continue;
		*local_r = local;
		return RECUR_FOUND;
	}
}

/* ---- what DTSTART implies ---- */

/* "Information, not contained in the rule, ... is derived from DTSTART": RFC 5545, 3.3.10. */
static void imply_days(struct recur_rule *rule, int64_t day)
{
	bool has_month_days = (rule->month_days | rule->month_days_end) != 0;
	bool has_weeks = (rule->weeks | rule->weeks_end) != 0;
	int year, month, month_day;

	if (has_month_days || rule->has_year_days || rule->weekdays != 0 || rule->has_nth)
		return;
	civil_from_days(day, &year, &month, &month_day);
	if (rule->freq == RECUR_WEEKLY || has_weeks) {
		rule->weekdays = UINT32_C(1) << weekday_of(day);
	} else if (rule->freq == RECUR_YEARLY || rule->freq == RECUR_MONTHLY) {
		rule->month_days = UINT32_C(1) << month_day;
		if (rule->freq == RECUR_YEARLY && rule->months == 0)
			rule->months = UINT32_C(1) << month;
	}
}

/* A number before a weekday means something in a month or a year only. */
static void forget_numbers(struct recur_rule *rule)
{
	for (int day = 0; day < 7; day++) {
		if ((rule->nth[day] | rule->nth_end[day]) != 0)
			rule->weekdays |= UINT32_C(1) << day;
	}
	rule->has_nth = false;
}

static void imply_times(struct recur_iterator *it, int64_t time)
{
	struct recur_rule *rule = &it->rule;

	if (it->options.is_date) {
		rule->hours = 0;
		rule->minutes = rule->seconds = 0;
	}
	it->hours = rule->hours;
	it->minutes = rule->minutes;
	it->seconds = rule->seconds;
	if (it->hours == 0)
		it->hours = UINT32_C(1) << (time / HOUR_SECONDS);
	if (it->minutes == 0)
		it->minutes = UINT64_C(1) << (time / MINUTE_SECONDS % 60);
	if (it->seconds == 0)
		it->seconds = UINT64_C(1) << (time % 60);
}

void recur_iterator_init(struct recur_iterator *it, const struct recur_rule *rule,
    const struct recur_iterator_options *options)
{
	int64_t day = floor_div(options->start, DAY_SECONDS);

	it->rule = *rule;
	it->options = *options;
	if (rule->freq != RECUR_YEARLY && rule->freq != RECUR_MONTHLY)
		forget_numbers(&it->rule);
	if (rule->freq != RECUR_YEARLY && rule->freq != RECUR_MONTHLY)
		it->rule.skip = RECUR_SKIP_OMIT; /* they walk over days that exist */
	it->last = INT64_MIN;
	imply_days(&it->rule, day);
	imply_times(it, options->start - day * DAY_SECONDS);
	it->nth_in_month = rule->freq == RECUR_MONTHLY || it->rule.months != 0;
	it->counted = rule->count != 0;
	it->count_left = it->counted ? rule->count - 1 : 0;
	it->first = it->period = period_of(&it->rule, options->start);
	/* One period back, so that next_period() steps into the first one that is wanted. */
	if (!it->counted && options->from > options->start)
		go_to_period(it, period_of(&it->rule, options->from - reach_of(it)));
	it->period -= it->rule.interval;
	it->skip_to = INT64_MIN;
	it->day_count = 0;
	it->times = 1;
	it->position = 0;
	it->low = 0;
	it->high = 367;
}
