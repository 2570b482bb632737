#include <config.h>

#include "protocol/ical/value.h"

#include <errno.h>

#include "protocol/base/ascii.h"
#include "protocol/ical/zoned_time.h"

static bool take_digits(struct slice *rest, size_t count, int *value_r)
{
	int value = 0;

	if (rest->len < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!ascii_is_digit(rest->at[i]))
			return false;
		value = value * 10 + (rest->at[i] - '0');
	}
	*value_r = value;
	*rest = slice_from(*rest, count);
	return true;
}

static bool take_letter(struct slice *rest, char upper)
{
	if (rest->len == 0 || ascii_upper(rest->at[0]) != upper)
		return false;
	*rest = slice_from(*rest, 1);
	return true;
}

int ical_value_time(struct slice text, struct ical_time *time_r)
{
	struct ical_time t = {0};
	struct civil *c = &t.civil;
	struct slice rest = slice_trim(text);

	if (!take_digits(&rest, 4, &c->year) || !take_digits(&rest, 2, &c->month) || !take_digits(&rest, 2, &c->day))
		return -EINVAL;
	t.is_date = rest.len == 0;
	if (!t.is_date) {
		if (!take_letter(&rest, 'T') || !take_digits(&rest, 2, &c->hour) || !take_digits(&rest, 2, &c->minute))
			return -EINVAL;
		take_digits(&rest, 2, &c->second);
		if (take_letter(&rest, 'Z'))
			t.zone = zone_utc();
		if (rest.len != 0)
			return -EINVAL;
	}
	if (!civil_is_valid(c))
		return -EINVAL;
	*time_r = t;
	return 0;
}

int ical_value_duration(struct slice text, struct ical_duration *duration_r)
{
	static const struct {
		char letter;
		bool needs_t; /* would be a month, or could not stand there */
		int64_t days, seconds;
	} units[] = {
	    {'W', false, 7, 0}, {'D', false, 1, 0}, {'H', false, 0, 3600}, {'M', true, 0, 60}, {'S', false, 0, 1}};
	struct ical_duration d = {0};
	struct slice rest = slice_trim(text);
	bool negative = false, after_t = false;
	size_t next = 0, parts = 0;

	if (rest.len > 0 && (rest.at[0] == '+' || rest.at[0] == '-')) {
		negative = rest.at[0] == '-';
		rest = slice_from(rest, 1);
	}
	if (!take_letter(&rest, 'P'))
		return -EINVAL;
	while (rest.len > 0) {
		size_t digits = 0, unit = next;
		uint64_t n;

		if (!after_t && take_letter(&rest, 'T')) {
			after_t = true;
			continue;
		}
		while (digits < rest.len && ascii_is_digit(rest.at[digits]))
			digits++;
		if (digits == 0 || slice_to_u64(slice_sub(rest, 0, digits), UINT32_MAX, &n) < 0)
			return -EINVAL;
		rest = slice_from(rest, digits);
		while (unit < sizeof(units) / sizeof(units[0]) && !take_letter(&rest, units[unit].letter))
			unit++;
		if (unit == sizeof(units) / sizeof(units[0]) || (units[unit].needs_t && !after_t) ||
		    (after_t && units[unit].days != 0))
			return -EINVAL;
		d.days += (int64_t)n * units[unit].days;
		d.seconds += (int64_t)n * units[unit].seconds;
		next = unit + 1;
		parts++;
	}
	if (parts == 0)
		return -EINVAL;
	if (negative) {
		d.days = -d.days;
		d.seconds = -d.seconds;
	}
	*duration_r = d;
	return 0;
}

int ical_value_offset(struct slice text, int *seconds_r)
{
	struct slice rest = slice_trim(text);
	int hours, minutes, seconds = 0, sign = 1;

	if (rest.len > 0 && (rest.at[0] == '+' || rest.at[0] == '-')) {
		sign = rest.at[0] == '-' ? -1 : 1;
		rest = slice_from(rest, 1);
	}
	if (!take_digits(&rest, 2, &hours))
		return -EINVAL;
	take_letter(&rest, ':');
	if (!take_digits(&rest, 2, &minutes))
		return -EINVAL;
	take_letter(&rest, ':');
	take_digits(&rest, 2, &seconds);
	if (rest.len != 0 || hours > 24 || minutes > 59 || seconds > 59)
		return -EINVAL;
	*seconds_r = sign * (hours * 3600 + minutes * 60 + seconds);
	return 0;
}

static void add_duration(const struct ical_time *start, const struct ical_duration *duration, struct ical_time *end_r)
{
	int64_t local = civil_to_utc(&start->civil) + duration->days * DAY_SECONDS + duration->seconds;

	*end_r = *start;
	if (local < INSTANT_MIN)
		local = INSTANT_MIN;
	if (local >= INSTANT_MAX)
		local = INSTANT_MAX - 1;
	civil_from_utc(local, &end_r->civil);
}

int ical_value_period(struct slice text, struct ical_period *period_r)
{
	struct ical_period p = {0};
	struct slice start, rest = slice_trim(text);
	struct ical_duration duration;
	int ret;

	slice_next(&rest, '/', &start);
	ret = ical_value_time(start, &p.start);
	if (ret == 0 && rest.at != NULL) {
		p.has_end = true;
		ret = ical_value_time(rest, &p.end);
		if (ret < 0) {
			ret = ical_value_duration(rest, &duration);
			if (ret == 0)
				add_duration(&p.start, &duration, &p.end);
		}
	}
	if (ret == 0)
		*period_r = p;
	return ret;
}

struct slice ical_value_unescape(struct arena *arena, struct slice text)
{
	size_t used = 0;
	char *out;

	if (slice_find_byte(text, '\\') < 0)
		return text;
	out = arena_alloc(arena, text.len);
	if (out == NULL)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < text.len; i++) {
		char next = text.at[i] == '\\' && i + 1 < text.len ? text.at[i + 1] : '\0';

		if (next == 'n' || next == 'N')
			out[used++] = '\n';
		else if (next == '\\' || next == ',' || next == ';' || next == '"' || next == ':')
			out[used++] = next;
		else
			next = '\0', out[used++] = text.at[i];
		i += next != '\0';
	}
	return slice_of(out, used);
}

struct slice ical_parameter_unescape(struct arena *arena, struct slice text)
{
	size_t used = 0;
	char *out;

	if (slice_find_byte(text, '^') < 0)
		return text;
	out = arena_alloc(arena, text.len);
	if (out == NULL)
		return slice_of(NULL, 0);
	for (size_t i = 0; i < text.len; i++) {
		char next = text.at[i] == '^' && i + 1 < text.len ? text.at[i + 1] : '\0';
		bool escaped = next == 'n' || next == '^' || next == '\'';

		out[used++] = !escaped ? text.at[i] : next == 'n' ? '\n' : next == '^' ? '^' : '"';
		i += escaped;
	}
	return slice_of(out, used);
}

instant_t ical_time_instant(const struct ical_time *time, const struct zone *floating)
{
	if (time->is_date)
		return zoned_day_start(floating, civil_to_days(time->civil.year, time->civil.month, time->civil.day));
	return zoned_to_instant(time->zone != NULL ? time->zone : floating, &time->civil);
}
