#include <config.h>

#include "server/booking/rules/hours.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/ascii.h"
#include "protocol/ical/zoned_time.h"
#include "protocol/json/json.h"

#define DAY_MINUTES 1440

/* ---- reading ---- */

static bool two_digits(struct slice text, size_t at, int *value_r)
{
	if (!ascii_is_digit(text.at[at]) || !ascii_is_digit(text.at[at + 1]))
		return false;
	*value_r = (text.at[at] - '0') * 10 + text.at[at + 1] - '0';
	return true;
}

/* "HH:MM" from 00:00 to 24:00. */
static int read_minutes(const struct json_value *value, int *minutes_r, struct error *err)
{
	struct slice text;
	int hour, minute, ret = json_value_text(value, JSON_ONE_LINE, 1, 16, &text, err);

	if (ret < 0)
		return ret;
	if (text.len != 5 || text.at[2] != ':' || !two_digits(text, 0, &hour) || !two_digits(text, 3, &minute) ||
	    minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return json_refuse(value, err, "a time from 00:00 to 24:00 is wanted");
	*minutes_r = hour * 60 + minute;
	return 0;
}

static int read_range(const struct json_value *pair, struct hours_range *range_r, struct error *err)
{
	struct json_value start, end;
	int ret = json_expect(pair, JSON_KIND_ARRAY, err);

	if (ret < 0)
		return ret;
	if (json_count(pair) != 2)
		return json_refuse(pair, err, "a start and an end are wanted");
	start = json_entry(pair, 0);
	end = json_entry(pair, 1);
	ret = read_minutes(&start, &range_r->start, err);
	if (ret == 0)
		ret = read_minutes(&end, &range_r->end, err);
	if (ret == 0 && range_r->start == DAY_MINUTES)
		return json_refuse(&start, err, "24:00 is an end only");
	return ret;
}

static int read_day(struct arena *arena, const struct json_value *list, struct hours_day *day_r, struct error *err)
{
	size_t count = json_count(list);
	struct hours_range *ranges = arena_array(arena, count + 1, sizeof(*ranges));

	if (ranges == NULL)
		return -ENOMEM;
	if (count > HOURS_RANGES_MAX)
		return json_refuse(list, err, "more than %d ranges", HOURS_RANGES_MAX);
	for (size_t i = 0; i < count; i++) {
		struct json_value pair = json_entry(list, i);
		int ret = read_range(&pair, &ranges[i], err);

		if (ret < 0)
			return ret;
	}
	*day_r = (struct hours_day){ranges, count};
	return 0;
}

static int read_weekly(struct arena *arena, const struct json_value *root, struct hours *hours, struct error *err)
{
	static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};
	struct json_value weekly, day;
	int ret = json_member(root, "weekly", JSON_OPTIONAL, JSON_KIND_OBJECT, &weekly, err);

	if (ret <= 0)
		return ret;
	ret = json_only(&weekly, names, err);
	for (size_t i = 0; ret == 0 && i < 7; i++) {
		ret = json_member(&weekly, names[i], JSON_OPTIONAL, JSON_KIND_ARRAY, &day, err);
		if (ret > 0)
			ret = read_day(arena, &day, &hours->weekly[i], err);
	}
	return ret;
}

/* "2027-12-24". */
static bool read_date(struct slice text, int64_t *date_r)
{
	struct civil civil = {0};
	int century, year;

	if (text.len != 10 || text.at[4] != '-' || text.at[7] != '-' || !two_digits(text, 0, &century) ||
	    !two_digits(text, 2, &year) || !two_digits(text, 5, &civil.month) || !two_digits(text, 8, &civil.day))
		return false;
	civil.year = century * 100 + year;
	if (!civil_is_valid(&civil))
		return false;
	*date_r = civil_to_days(civil.year, civil.month, civil.day);
	return true;
}

static int read_override(struct arena *arena, const struct json_value *entry, struct hours_override *override_r,
    struct error *err)
{
	static const char *const names[] = {"date", "hours", NULL};
	struct json_value list;
	struct slice date;
	int ret = json_expect(entry, JSON_KIND_OBJECT, err);

	if (ret == 0)
		ret = json_only(entry, names, err);
	if (ret == 0)
		ret = json_get_text(entry, "date", JSON_REQUIRED, JSON_ONE_LINE, 1, 16, &date, err);
	if (ret < 0)
		return ret;
	if (!read_date(date, &override_r->date))
		return json_refuse(entry, err, "date is not YYYY-MM-DD");
	ret = json_member(entry, "hours", JSON_REQUIRED, JSON_KIND_ARRAY, &list, err);
	return ret < 0 ? ret : read_day(arena, &list, &override_r->day, err);
}

static int compare_dates(const void *left, const void *right)
{
	const struct hours_override *a = left, *b = right;

	return (a->date > b->date) - (a->date < b->date);
}

static int read_overrides(struct arena *arena, const struct json_value *root, struct hours *hours, struct error *err)
{
	struct json_value list;
	struct hours_override *overrides;
	size_t count;
	int ret = json_member(root, "overrides", JSON_OPTIONAL, JSON_KIND_ARRAY, &list, err);

	if (ret <= 0)
		return ret;
	count = json_count(&list);
	if (count > HOURS_OVERRIDES_MAX)
		return json_refuse(&list, err, "more than %d dates", HOURS_OVERRIDES_MAX);
	overrides = arena_array(arena, count + 1, sizeof(*overrides));
	if (overrides == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct json_value entry = json_entry(&list, i);

		ret = read_override(arena, &entry, &overrides[i], err);
		if (ret < 0)
			return ret;
	}
	qsort(overrides, count, sizeof(*overrides), compare_dates);
	for (size_t i = 1; i < count; i++) {
		if (overrides[i - 1].date == overrides[i].date)
			return json_refuse(&list, err, "a date is there twice");
	}
	hours->overrides = overrides;
	hours->override_count = count;
	return 0;
}

static int read_timezone(struct arena *arena, const struct json_value *root, struct hours *hours, struct error *err)
{
	struct slice name;
	int ret = json_get_text(root, "timezone", JSON_OPTIONAL, JSON_ONE_LINE, 1, ZONE_NAME_MAX, &name, err);

	if (ret <= 0)
		return ret;
	hours->timezone.at = arena_copy(arena, name);
	hours->timezone.len = name.len;
	return hours->timezone.at != NULL ? 0 : -ENOMEM;
}

static int read_availability(struct arena *arena, const struct json_value *root, struct hours *hours, struct error *err)
{
	struct json_value other;
	struct slice text;
	int ret = json_get_text(root, "availability", JSON_OPTIONAL, JSON_LINES, 1, HOURS_BYTES_MAX, &text, err);

	if (ret <= 0)
		return ret;
	if (json_member(root, "weekly", JSON_OPTIONAL, JSON_KIND_OBJECT, &other, NULL) != 0 ||
	    json_member(root, "overrides", JSON_OPTIONAL, JSON_KIND_ARRAY, &other, NULL) != 0)
		return error_set(err, 422, CONDITION_NONE, "availability: stands in place of weekly and overrides");
	hours->availability = slice_of(arena_copy(arena, text), text.len);
	return hours->availability.at != NULL ? 0 : -ENOMEM;
}

int hours_read(struct arena *arena, const struct json_value *json, struct hours *hours_r, struct error *err)
{
	static const char *const names[] = {"timezone", "weekly", "overrides", "availability", NULL};
	struct hours hours = {.timezone = SLICE_EMPTY};
	int ret = json_expect(json, JSON_KIND_OBJECT, err);

	if (ret == 0)
		ret = json_only(json, names, err);
	if (ret == 0)
		ret = read_timezone(arena, json, &hours, err);
	if (ret == 0)
		ret = read_weekly(arena, json, &hours, err);
	if (ret == 0)
		ret = read_overrides(arena, json, &hours, err);
	if (ret == 0)
		ret = read_availability(arena, json, &hours, err);
	if (ret == 0)
		*hours_r = hours;
	return ret;
}

int hours_parse(struct arena *arena, struct slice json, struct hours *hours_r, struct error *err)
{
	AUTO_JSON struct json_document *document = NULL;
	struct json_value root;
	int ret = json_read(json, HOURS_BYTES_MAX, &document, err);

	if (ret < 0)
		return ret == -ENOMEM ? ret : -EINVAL;
	root = json_root(document);
	return hours_read(arena, &root, hours_r, err);
}

/* ---- what is open ---- */

static int compare_numbers(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

int hours_read_holidays(struct arena *arena, const struct json_value *json, const int64_t **dates_r, size_t *count_r,
    struct error *err)
{
	static const char *const names[] = {"dates", NULL};
	struct json_value list;
	int64_t *dates;
	size_t count, kept = 0;
	int ret = json_expect(json, JSON_KIND_OBJECT, err);

	if (ret == 0)
		ret = json_only(json, names, err);
	if (ret == 0)
		ret = json_member(json, "dates", JSON_REQUIRED, JSON_KIND_ARRAY, &list, err);
	if (ret < 0)
		return ret;
	count = json_count(&list);
	if (count > HOURS_OVERRIDES_MAX)
		return json_refuse(&list, err, "more than %d dates", HOURS_OVERRIDES_MAX);
	dates = arena_array(arena, count + 1, sizeof(*dates));
	if (dates == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct json_value entry = json_entry(&list, i);
		struct slice date;

		ret = json_value_text(&entry, JSON_ONE_LINE, 1, 16, &date, err);
		if (ret < 0)
			return ret;
		if (!read_date(date, &dates[i]))
			return json_refuse(&entry, err, "is not YYYY-MM-DD");
	}
	qsort(dates, count, sizeof(*dates), compare_numbers);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || dates[kept - 1] != dates[i])
			dates[kept++] = dates[i];
	*dates_r = dates;
	*count_r = kept;
	return 0;
}

static const struct hours_day *day_of(const struct hours *hours, int64_t date)
{
	static const struct hours_day closed;
	const struct hours_override key = {.date = date}, *found = NULL;

	if (hours->override_count > 0)
		found = bsearch(&key, hours->overrides, hours->override_count, sizeof(key), compare_dates);
	if (found != NULL)
		return &found->day;
	if (hours->holiday_count > 0 &&
	    bsearch(&date, hours->holidays, hours->holiday_count, sizeof(date), compare_numbers) != NULL)
		return &closed;
	return &hours->weekly[civil_weekday(date)];
}

static instant_t wall(const struct zone *zone, int64_t date, int minutes)
{
	struct civil civil = {0};

	civil_from_days(date, &civil.year, &civil.month, &civil.day);
	civil.hour = minutes / 60;
	civil.minute = minutes % 60;
	return zoned_to_instant(zone, &civil);
}

/* Empty when the zone skipped the date or the clock change left nothing of it. */
static struct interval resolve(const struct zone *zone, int64_t date, struct hours_range range)
{
	struct interval at = {wall(zone, date, range.start), 0};

	if (zoned_day_of(zone, at.start) != date)
		return (struct interval){0, 0};
	if (range.end == DAY_MINUTES)
		at.end = wall(zone, date + 1, 0);
	else
		at.end = wall(zone, range.end <= range.start ? date + 1 : date, range.end);
	return at.end > at.start ? at : (struct interval){0, 0};
}

int hours_open(const struct hours *hours, const struct zone *zone, struct interval window, struct interval_set *open)
{
	/* A range begun the day before may run into the window. */
	int64_t first = zoned_day_of(zone, window.start) - 1, last = zoned_day_of(zone, window.end);

	if (hours->availability.len > 0) {
		int ret = hours_open_availability(hours, zone, window, open, NULL);

		return ret == -EINVAL || ret == -E2BIG ? 0 : ret; /* one person's text is not to keep all from booking */
	}
	for (int64_t date = first; date <= last; date++) {
		const struct hours_day *day = day_of(hours, date);

		for (size_t i = 0; i < day->count; i++) {
			struct interval at = resolve(zone, date, day->at[i]);
			int ret;

			if (at.start < window.start)
				at.start = window.start;
			if (at.end > window.end)
				at.end = window.end;
			ret = at.start < at.end ? interval_set_add(open, at) : 0;
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}
