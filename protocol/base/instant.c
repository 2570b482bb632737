#include <config.h>

#include "protocol/base/instant.h"

#include <errno.h>

#include "protocol/base/ascii.h"

/* Days and dates by the count of a March-based 400-year era (the proleptic Gregorian calendar repeats every 146,097 days). */
#define ERA_DAYS 146097
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

int64_t civil_to_days(int year, int month, int day)
{
	int64_t y = year, m = month - 1, era, of_era, of_year;

	y += m >= 0 ? m / 12 : -((11 - m) / 12);
	m = (m % 12 + 12) % 12; /* 0 January */
	if (m < 2)
		y--;
	m = (m + 10) % 12; /* 0 March */
	era = (y >= 0 ? y : y - 399) / 400;
	of_era = y - era * 400;
	of_year = (153 * m + 2) / 5 + day - 1;
	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
}

void civil_from_days(int64_t days, int *year_r, int *month_r, int *day_r)
{
	int64_t z = days + EPOCH_DAYS;
	int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
	int64_t of_era = z - era * ERA_DAYS;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* 0 March */

	*day_r = (int)(of_year - (153 * month + 2) / 5 + 1);
	*month_r = (int)(month < 10 ? month + 3 : month - 9);
	*year_r = (int)(year + era * 400 + (*month_r <= 2));
}

instant_t civil_to_utc(const struct civil *civil)
{
	int second = civil->second > 59 ? 59 : civil->second;

	return civil_to_days(civil->year, civil->month, civil->day) * DAY_SECONDS + civil->hour * HOUR_SECONDS +
	    civil->minute * MINUTE_SECONDS + second;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void civil_from_utc(instant_t at, struct civil *civil_r)
{
	int64_t days = floor_div(at, DAY_SECONDS);
	int of_day = (int)(at - days * DAY_SECONDS);

	civil_from_days(days, &civil_r->year, &civil_r->month, &civil_r->day);
	civil_r->hour = of_day / 3600;
	civil_r->minute = of_day / 60 % 60;
	civil_r->second = of_day % 60;
}

static int month_length(int year, int month)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return lengths[month - 1] + (month == 2 && leap);
}

bool civil_is_valid(const struct civil *civil)
{
	return civil->year >= 1 && civil->year <= 9999 && civil->month >= 1 && civil->month <= 12 && civil->day >= 1 &&
	    civil->day <= month_length(civil->year, civil->month) && civil->hour >= 0 && civil->hour <= 23 &&
	    civil->minute >= 0 && civil->minute <= 59 && civil->second >= 0 && civil->second <= 60;
}

int civil_weekday(int64_t days)
{
	return (int)((days + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
}

int civil_compare(const struct civil *a, const struct civil *b)
{
	int64_t days_a = civil_to_days(a->year, a->month, a->day), days_b = civil_to_days(b->year, b->month, b->day);
	int of_day_a = (a->hour * 60 + a->minute) * 60 + a->second;
	int of_day_b = (b->hour * 60 + b->minute) * 60 + b->second;

	if (days_a != days_b)
		return days_a < days_b ? -1 : 1;
	return (of_day_a > of_day_b) - (of_day_a < of_day_b);
}

instant_t instant_add(instant_t a, int64_t seconds)
{
	int64_t sum;

	if (__builtin_add_overflow(a, seconds, &sum))
		return seconds < 0 ? INSTANT_MIN : INSTANT_MAX;
	return sum < INSTANT_MIN ? INSTANT_MIN : sum > INSTANT_MAX ? INSTANT_MAX : sum;
}

/* Reads DIGITS digits off *REST. */
static bool take_number(struct slice *rest, size_t digits, int *value_r)
{
	int value = 0;

	if (rest->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!ascii_is_digit(rest->at[i]))
			return false;
		value = value * 10 + (rest->at[i] - '0');
	}
	*rest = slice_from(*rest, digits);
	*value_r = value;
	return true;
}

static bool take_byte(struct slice *rest, char byte)
{
	if (rest->len == 0 || ascii_upper(rest->at[0]) != byte)
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

static bool take_fraction(struct slice *rest)
{
	int digit;

	if (!take_byte(rest, '.'))
		return true;
	if (!take_number(rest, 1, &digit))
		return false;
	while (take_number(rest, 1, &digit))
		;
	return true;
}

static bool take_offset(struct slice *rest, int *offset_r)
{
	int sign, hours, minutes;

	if (take_byte(rest, 'Z')) {
		*offset_r = 0;
		return true;
	}
	if (rest->len == 0 || (rest->at[0] != '+' && rest->at[0] != '-'))
		return false;
	sign = rest->at[0] == '-' ? -1 : 1;
	*rest = slice_from(*rest, 1);
	if (!take_number(rest, 2, &hours) || !take_byte(rest, ':') || !take_number(rest, 2, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	*offset_r = sign * (hours * 3600 + minutes * 60);
	return true;
}

int instant_parse_rfc3339(struct slice text, instant_t *at_r, int *offset_r)
{
	struct civil c;
	instant_t at;
	int offset;

	if (!take_number(&text, 4, &c.year) || !take_byte(&text, '-') || !take_number(&text, 2, &c.month) ||
	    !take_byte(&text, '-') || !take_number(&text, 2, &c.day) || !take_byte(&text, 'T') ||
	    !take_number(&text, 2, &c.hour) || !take_byte(&text, ':') || !take_number(&text, 2, &c.minute) ||
	    !take_byte(&text, ':') || !take_number(&text, 2, &c.second) || !take_fraction(&text) ||
	    !take_offset(&text, &offset) || text.len != 0 || !civil_is_valid(&c))
		return -EINVAL;
	at = civil_to_utc(&c) - offset;
	if (at < INSTANT_MIN || at >= INSTANT_MAX)
		return -EINVAL;
	*at_r = at;
	if (offset_r != NULL)
		*offset_r = offset;
	return 0;
}

static void add_padded(struct buf *b, int value, int digits)
{
	char text[8];

	for (int i = digits; i-- > 0; value /= 10)
		text[i] = (char)('0' + value % 10);
	buf_add(b, text, (size_t)digits);
}

/* What has four digits for its year: "no end" is written as the last second that has. */
static void civil_to_write(instant_t at, struct civil *civil_r)
{
	civil_from_utc(at < INSTANT_MIN ? INSTANT_MIN : at >= INSTANT_MAX ? INSTANT_MAX - 1 : at, civil_r);
}

void buf_add_rfc3339(struct buf *b, instant_t at, int offset_seconds)
{
	int minutes = (offset_seconds < 0 ? -offset_seconds : offset_seconds) / 60;
	struct civil c;

	offset_seconds -= offset_seconds % 60; /* of local mean times: the text has no room for them */
	civil_to_write(at + offset_seconds, &c);
	add_padded(b, c.year, 4);
	buf_add_char(b, '-');
	add_padded(b, c.month, 2);
	buf_add_char(b, '-');
	add_padded(b, c.day, 2);
	buf_add_char(b, 'T');
	add_padded(b, c.hour, 2);
	buf_add_char(b, ':');
	add_padded(b, c.minute, 2);
	buf_add_char(b, ':');
	add_padded(b, c.second, 2);
	if (offset_seconds == 0) {
		buf_add_char(b, 'Z');
		return;
	}
	buf_add_char(b, offset_seconds < 0 ? '-' : '+');
	add_padded(b, minutes / 60, 2);
	buf_add_char(b, ':');
	add_padded(b, minutes % 60, 2);
}

int instant_parse_basic(struct slice text, instant_t *at_r)
{
	struct civil c;

	if (!take_number(&text, 4, &c.year) || !take_number(&text, 2, &c.month) || !take_number(&text, 2, &c.day) ||
	    !take_byte(&text, 'T') || !take_number(&text, 2, &c.hour) || !take_number(&text, 2, &c.minute) ||
	    !take_number(&text, 2, &c.second) || !take_byte(&text, 'Z') || text.len != 0 || !civil_is_valid(&c))
		return -EINVAL;
	*at_r = civil_to_utc(&c);
	return 0;
}

void buf_add_basic_utc(struct buf *b, instant_t at)
{
	struct civil c;

	civil_to_write(at, &c);
	add_padded(b, c.year, 4);
	add_padded(b, c.month, 2);
	add_padded(b, c.day, 2);
	buf_add_char(b, 'T');
	add_padded(b, c.hour, 2);
	add_padded(b, c.minute, 2);
	add_padded(b, c.second, 2);
	buf_add_char(b, 'Z');
}
