#include <config.h>

#include "protocol/recur/rule.h"

#include <errno.h>

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"

struct target {
	const char *name; /* for the refusal */
	void *low;        /* counted from the start */
	void *high;       /* counted from the end; NULL: negative numbers are refused */
	int min, max;     /* of the absolute value */
};

typedef void set_bit_fn(void *bits, int n);

static void set_bit32(void *bits, int n)
{
	*(uint32_t *)bits |= UINT32_C(1) << n;
}

static void set_bit64(void *bits, int n)
{
	*(uint64_t *)bits |= UINT64_C(1) << n;
}

static void set_bit_days(void *bits, int n)
{
	((struct recur_days *)bits)->word[n / 64] |= UINT64_C(1) << (n % 64);
}

static int refuse(struct error *err, const char *part)
{
	return error_set(err, 403, CALDAV_VALID_CALENDAR_DATA, "the recurrence rule has a bad %s", part);
}

/* "[+|-]digits" with an absolute value up to MAX. */
static bool read_number(struct slice text, int max, int *value_r)
{
	bool negative = text.len > 0 && text.at[0] == '-';
	uint64_t value;

	if (negative || (text.len > 0 && text.at[0] == '+'))
		text = slice_from(text, 1);
	if (slice_to_u64(text, (uint64_t)max, &value) < 0)
		return false;
	*value_r = negative ? -(int)value : (int)value;
	return true;
}

static int read_list(struct slice list, const struct target *t, set_bit_fn *set, struct error *err)
{
	struct slice one;

	while (slice_next(&list, ',', &one)) {
		int n;

		one = slice_trim(one);
		if (!read_number(one, t->max, &n) || (n < 0 ? -n : n) < t->min || (n < 0 && t->high == NULL) ||
		    (one.at[0] == '-' && n == 0))
			return refuse(err, t->name);
		set(n < 0 ? t->high : t->low, n < 0 ? -n : n);
	}
	return 0;
}

static bool read_weekday(struct slice text, int *day_r)
{
	static const char names[7][3] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};

	for (int i = 0; i < 7; i++) {
		if (slice_is_nocase(text, names[i])) {
			*day_r = i;
			return true;
		}
	}
	return false;
}

static int read_by_day(struct slice list, struct recur_rule *rule, struct error *err)
{
	struct slice one;

	while (slice_next(&list, ',', &one)) {
		int day, n = 0;

		one = slice_trim(one);
		if (one.len < 2 || !read_weekday(slice_from(one, one.len - 2), &day))
			return refuse(err, "BYDAY");
		if (one.len > 2 && (!read_number(slice_sub(one, 0, one.len - 2), 53, &n) || n == 0))
			return refuse(err, "BYDAY");
		if (n == 0) {
			rule->weekdays |= UINT32_C(1) << day;
		} else {
			set_bit64(n < 0 ? &rule->nth_end[day] : &rule->nth[day], n < 0 ? -n : n);
			rule->has_nth = true;
		}
	}
	return 0;
}

static bool read_digits(struct slice text, size_t from, size_t count, int *value_r)
{
	uint64_t value;

	if (slice_to_u64(slice_sub(text, from, count), 9999, &value) < 0)
		return false;
	*value_r = (int)value;
	return true;
}

/* A date, a local time or the UTC form. */
static int read_until(struct slice text, struct recur_rule *rule, struct error *err)
{
	struct civil c = {0};

	rule->until_is_utc = text.len == 16 && ascii_upper(text.at[15]) == 'Z';
	rule->until_is_date = text.len == 8;
	if (!rule->until_is_date && !rule->until_is_utc && text.len != 15)
		return refuse(err, "UNTIL");
	if (!read_digits(text, 0, 4, &c.year) || !read_digits(text, 4, 2, &c.month) || !read_digits(text, 6, 2, &c.day))
		return refuse(err, "UNTIL");
	if (!rule->until_is_date &&
	    (ascii_upper(text.at[8]) != 'T' || !read_digits(text, 9, 2, &c.hour) ||
	        !read_digits(text, 11, 2, &c.minute) || !read_digits(text, 13, 2, &c.second)))
		return refuse(err, "UNTIL");
	if (c.second == 60)
		c.second = 59;
	if (!civil_is_valid(&c))
		return refuse(err, "UNTIL");
	rule->until = c;
	rule->has_until = true;
	return 0;
}

static int read_freq(struct slice text, struct recur_rule *rule, struct error *err)
{
	static const char *const names[] = {
		[RECUR_YEARLY] = "YEARLY",
		[RECUR_MONTHLY] = "MONTHLY",
		[RECUR_WEEKLY] = "WEEKLY",
		[RECUR_DAILY] = "DAILY",
		[RECUR_HOURLY] = "HOURLY",
		[RECUR_MINUTELY] = "MINUTELY",
		[RECUR_SECONDLY] = "SECONDLY",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_is_nocase(text, names[i])) {
			rule->freq = (enum recur_freq)i;
			return 0;
		}
	}
	return refuse(err, "FREQ");
}

static int read_positive(struct slice text, const char *name, uint32_t *value_r, struct error *err)
{
	uint64_t value;

	if (slice_to_u64(text, INT32_MAX, &value) < 0 || value == 0)
		return refuse(err, name);
	*value_r = (uint32_t)value;
	return 0;
}

static int read_by_part(struct slice name, struct slice value, struct recur_rule *rule, struct error *err)
{
	const struct {
		struct target target;
		set_bit_fn *set;
		bool *has;
	} lists[] = {
		{{"BYSECOND", &rule->seconds, NULL, 0, 60}, set_bit64, NULL},
		{{"BYMINUTE", &rule->minutes, NULL, 0, 59}, set_bit64, NULL},
		{{"BYHOUR", &rule->hours, NULL, 0, 23}, set_bit32, NULL},
		{{"BYMONTHDAY", &rule->month_days, &rule->month_days_end, 1, 31}, set_bit32, NULL},
		{{"BYYEARDAY", &rule->year_days, &rule->year_days_end, 1, 366}, set_bit_days,
		    &rule->has_year_days},
		{{"BYWEEKNO", &rule->weeks, &rule->weeks_end, 1, 53}, set_bit64, NULL},
		{{"BYMONTH", &rule->months, NULL, 1, 12}, set_bit32, NULL},
		{{"BYSETPOS", &rule->positions, &rule->positions_end, 1, 366}, set_bit_days,
		    &rule->has_positions},
	};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		if (!slice_is_nocase(name, lists[i].target.name))
			continue;
		if (lists[i].has != NULL)
			*lists[i].has = true;
		return read_list(value, &lists[i].target, lists[i].set, err);
	}
	if (slice_starts_nocase(name, SLICE("X-")))
		return 0;
	return error_set(err, 403, CALDAV_VALID_CALENDAR_DATA, "the recurrence rule has an unknown part");
}

static int read_skip(struct slice text, struct recur_rule *rule, struct error *err)
{
	static const char *const names[] = {
		[RECUR_SKIP_OMIT] = "OMIT",
		[RECUR_SKIP_BACKWARD] = "BACKWARD",
		[RECUR_SKIP_FORWARD] = "FORWARD",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (slice_is_nocase(text, names[i])) {
			rule->skip = (enum recur_skip)i;
			return 0;
		}
	}
	return refuse(err, "SKIP");
}

static int read_part(struct slice name, struct slice value, struct recur_rule *rule, struct error *err)
{
	if (slice_is_nocase(name, "FREQ"))
		return read_freq(value, rule, err);
	if (slice_is_nocase(name, "INTERVAL"))
		return read_positive(value, "INTERVAL", &rule->interval, err);
	if (slice_is_nocase(name, "COUNT"))
		return read_positive(value, "COUNT", &rule->count, err);
	if (slice_is_nocase(name, "UNTIL"))
		return read_until(value, rule, err);
	if (slice_is_nocase(name, "BYDAY"))
		return read_by_day(value, rule, err);
	if (slice_is_nocase(name, "WKST"))
		return read_weekday(value, &rule->week_start) ? 0 : refuse(err, "WKST");
	if (slice_is_nocase(name, "RSCALE"))
		return slice_is_nocase(value, "GREGORIAN") ? 0
		                                           : error_set(err, 403, CALDAV_SUPPORTED_RSCALE,
		                                                 "the recurrence rule uses another calendar scale");
	if (slice_is_nocase(name, "SKIP"))
		return read_skip(value, rule, err);
	return read_by_part(name, value, rule, err);
}

int recur_rule_parse(struct slice text, struct recur_rule *rule_r, struct error *err)
{
	struct recur_rule rule = {.interval = 1};
	bool has_freq = false, has_scale = false;
	struct slice part;

	if (text.len > RECUR_RULE_BYTES_MAX)
		return error_set(err, 403, CALDAV_MAX_INSTANCES, "the recurrence rule is too long");
	while (slice_next(&text, ';', &part)) {
		struct slice name, value = slice_trim(part);
		int ret;

		if (value.len == 0)
			continue; /* a semicolon at the end: seen in exports */
		if (!slice_next(&value, '=', &name) || value.at == NULL || value.len == 0)
			return refuse(err, "part");
		ret = read_part(slice_trim(name), slice_trim(value), &rule, err);
		if (ret < 0)
			return ret;
		has_freq |= slice_is_nocase(slice_trim(name), "FREQ");
		has_scale |= slice_is_nocase(slice_trim(name), "RSCALE");
	}
	if (rule.skip != RECUR_SKIP_OMIT && !has_scale)
		return refuse(err, "SKIP, for it has no RSCALE");
	if (!has_freq)
		return refuse(err, "FREQ");
	if (rule.seconds >> 60 & 1)
		rule.seconds = (rule.seconds & ~(UINT64_C(1) << 60)) | UINT64_C(1) << 59;
	*rule_r = rule;
	return 0;
}
