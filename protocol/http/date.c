#include <config.h>

#include "protocol/http/date.h"

#include <errno.h>

static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char days[7][4] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

void http_date_write(struct buf *b, instant_t at)
{
	struct civil c;

	civil_from_utc(at, &c);
	buf_printf(b, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[civil_weekday(civil_to_days(c.year, c.month, c.day))],
	    c.day, months[c.month - 1], c.year, c.hour, c.minute, c.second);
}

static bool number(struct slice text, int *value_r)
{
	uint64_t value;

	if (slice_to_u64(slice_trim(text), 9999, &value) < 0)
		return false;
	*value_r = (int)value;
	return true;
}

static bool month(struct slice text, int *month_r)
{
	for (int i = 0; i < 12; i++)
		if (slice_is_nocase(text, months[i])) {
			*month_r = i + 1;
			return true;
		}
	return false;
}

static bool time_of_day(struct slice text, struct civil *c)
{
	return text.len == 8 && text.at[2] == ':' && text.at[5] == ':' && number(slice_sub(text, 0, 2), &c->hour) &&
	    number(slice_sub(text, 3, 2), &c->minute) && number(slice_sub(text, 6, 2), &c->second);
}

/* "06 Nov 1994 08:49:37 GMT" */
static bool fixdate(struct slice t, struct civil *c)
{
	return t.len == 24 && number(slice_sub(t, 0, 2), &c->day) && month(slice_sub(t, 3, 3), &c->month) &&
	    number(slice_sub(t, 7, 4), &c->year) && time_of_day(slice_sub(t, 12, 8), c) &&
	    slice_is(slice_from(t, 20), " GMT");
}

/* "06-Nov-94 08:49:37 GMT" */
static bool rfc850(struct slice t, struct civil *c)
{
	if (t.len != 22 || !number(slice_sub(t, 0, 2), &c->day) || !month(slice_sub(t, 3, 3), &c->month) ||
	    !number(slice_sub(t, 7, 2), &c->year) || !time_of_day(slice_sub(t, 10, 8), c) ||
	    !slice_is(slice_from(t, 18), " GMT"))
		return false;
	c->year += c->year < 70 ? 2000 : 1900;
	return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool asctime_form(struct slice t, struct civil *c)
{
	return t.len == 24 && month(slice_sub(t, 4, 3), &c->month) && number(slice_sub(t, 8, 2), &c->day) &&
	    time_of_day(slice_sub(t, 11, 8), c) && number(slice_sub(t, 20, 4), &c->year);
}

int http_date_parse(struct slice text, instant_t *at_r)
{
	ptrdiff_t comma = slice_find_byte(text, ',');
	struct slice rest = comma < 0 ? text : slice_trim(slice_from(text, (size_t)comma + 1));
	struct civil c = {0};

	if (!(comma < 0 ? asctime_form(rest, &c) : fixdate(rest, &c) || rfc850(rest, &c)) || !civil_is_valid(&c))
		return -EINVAL;
	*at_r = civil_to_utc(&c);
	return 0;
}
