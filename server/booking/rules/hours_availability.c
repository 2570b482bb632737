/*
 * Working hours as VAVAILABILITY, both ways. What comes from a calendar app is looked at by what it means, not by how it
 * is written: hours of every week that open the same time are the weekly form of it.
 */
#include <config.h>

#include "server/booking/rules/hours.h"

#include <errno.h>
#include <stdio.h>

#include "protocol/freebusy/availability.h"
#include "protocol/ical/zoned_time.h"
#include "protocol/json/json.h"

#define SCRATCH_BYTES  (64u << 20)
#define INSTANCES_MAX  10000                        /* of one AVAILABLE: days of five years, and hours of one */
#define ANCHOR_DAYS    18267                        /* 2020-01-06, a Monday: our weeks are told from here */
#define COMPARED       (366 * DAY_SECONDS)          /* how long weekly hours must mean the same */
#define FAR            (20 * 366 * DAY_SECONDS)     /* and again from here: what ends before that is not weekly */
#define DAY_MINUTES    1440

/* ---- what is open ---- */

/* What of WINDOW no part closes. */
static int open_of(const struct availability *availability, struct interval window, struct interval_set *open)
{
	struct freebusy_reply reply = {.window = window};
	AUTO_INTERVAL_SET struct interval_set closed = INTERVAL_SET_INIT;
	int ret = availability_apply(availability, &reply);

	for (int kind = FREEBUSY_TENTATIVE; ret == 0 && kind <= FREEBUSY_UNAVAILABLE; kind++)
		ret = interval_set_add_all(&closed, &reply.kinds[kind]);
	if (ret == 0)
		ret = interval_set_complement(&closed, window);
	if (ret == 0)
		ret = interval_set_add_all(open, &closed);
	freebusy_reply_free(&reply);
	return ret;
}

static int close_holidays(const struct hours *hours, const struct zone *zone, struct interval_set *open)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < hours->holiday_count; i++)
		ret = interval_set_subtract_one(open, (struct interval){zoned_day_start(zone, hours->holidays[i]),
		                                          zoned_day_start(zone, hours->holidays[i] + 1)});
	return ret;
}

int hours_open_availability(const struct hours *hours, const struct zone *zone, struct interval window,
    struct interval_set *open, struct error *err)
{
	struct arena *scratch = arena_new(SCRATCH_BYTES);
	struct availability availability = {.window = window};
	AUTO_INTERVAL_SET struct interval_set found = INTERVAL_SET_INIT;
	int ret = scratch == NULL ? -ENOMEM : hours->zones == NULL ? -EINVAL : 0;

	if (ret == 0)
		ret = availability_add(&availability, scratch, hours->zones, hours->availability, zone, INSTANCES_MAX, err);
	if (ret == 0)
		ret = open_of(&availability, window, &found);
	if (ret == 0)
		ret = close_holidays(hours, zone, &found);
	if (ret == 0)
		ret = interval_set_add_all(open, &found);
	availability_free(&availability);
	arena_free(scratch);
	return ret;
}

/* ---- writing ---- */

struct writing {
	struct buf *b;
	const struct hours *hours;
	struct slice zone; /* its name */
	instant_t now;
	int64_t today;
	unsigned uid; /* each AVAILABLE has its own */
};

static void add_date(struct buf *b, int64_t date, int minutes)
{
	int year, month, day;

	civil_from_days(date + minutes / DAY_MINUTES, &year, &month, &day);
	buf_printf(b, "%04d%02d%02dT%02d%02d00", year, month, day, minutes % DAY_MINUTES / 60, minutes % 60);
}

static void add_stamp(struct writing *w, const char *what)
{
	buf_printf(w->b, "UID:slotkeeper-hours-%s-%u\r\nDTSTAMP:", what, w->uid++);
	buf_add_basic_utc(w->b, w->now);
	buf_add_str(w->b, "\r\n");
}

static void add_time(struct writing *w, const char *name, int64_t date, int minutes)
{
	buf_printf(w->b, "%s;TZID=%.*s:", name, SLICE_ARG(w->zone));
	add_date(w->b, date, minutes);
	buf_add_str(w->b, "\r\n");
}

static void begin_available(struct writing *w, int64_t date, struct hours_range range)
{
	int end = range.end <= range.start ? range.end + DAY_MINUTES : range.end;

	buf_add_str(w->b, "BEGIN:AVAILABLE\r\n");
	add_stamp(w, "available");
	add_time(w, "DTSTART", date, range.start);
	add_time(w, "DTEND", date, end);
}

static bool is_told(const struct writing *w, size_t i, size_t *count)
{
	return w->hours->overrides[i].date >= w->today - 1 && ++*count <= HOURS_EXCEPTIONS_MAX;
}

/* A range of each week, but on the dates that have other hours. */
static void add_weekly(struct writing *w, int weekday, struct hours_range range)
{
	size_t told = 0;

	begin_available(w, ANCHOR_DAYS + weekday, range);
	buf_add_str(w->b, "RRULE:FREQ=WEEKLY\r\n");
	for (size_t i = 0; i < w->hours->override_count; i++)
		if (is_told(w, i, &told) && civil_weekday(w->hours->overrides[i].date) == weekday)
			add_time(w, "EXDATE", w->hours->overrides[i].date, range.start);
	buf_add_str(w->b, "END:AVAILABLE\r\n");
}

static void add_override(struct writing *w, const struct hours_override *override)
{
	for (size_t i = 0; i < override->day.count; i++) {
		begin_available(w, override->date, override->day.at[i]);
		buf_add_str(w->b, "END:AVAILABLE\r\n");
	}
}

void hours_write_availability(struct buf *b, const struct hours *hours, const struct zone *zone, instant_t now)
{
	struct writing w = {.b = b, .hours = hours, .zone = zone_name(zone), .now = now, .today = zoned_day_of(zone, now)};
	size_t told = 0;

	buf_add_str(b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//Slotkeeper//EN\r\n");
	(void)zone_write(zone, w.zone, ANCHOR_DAYS * DAY_SECONDS, b); /* an error stays in the buffer */
	buf_add_str(b, "BEGIN:VAVAILABILITY\r\n");
	add_stamp(&w, "of");
	for (int weekday = 0; weekday < 7; weekday++)
		for (size_t i = 0; i < hours->weekly[weekday].count; i++)
			add_weekly(&w, weekday, hours->weekly[weekday].at[i]);
	for (size_t i = 0; i < hours->override_count; i++)
		if (is_told(&w, i, &told))
			add_override(&w, &hours->overrides[i]);
	buf_add_str(b, "END:VAVAILABILITY\r\nEND:VCALENDAR\r\n");
}

/* ---- reading ---- */

/* The zone that the first DTSTART names, "" when it names none. */
static struct slice zone_in(struct slice text)
{
	ptrdiff_t at = slice_find(text, SLICE("DTSTART;TZID="));
	struct slice rest = at < 0 ? SLICE_EMPTY : slice_from(text, (size_t)at + sizeof("DTSTART;TZID=") - 1), name;

	slice_next(&rest, ':', &name);
	if (name.len >= 2 && name.at[0] == '"')
		name = slice_sub(name, 1, name.len - 2);
	return name;
}

static bool has_exceptions(struct slice text)
{
	static const char *const words[] = {"UNTIL=", "COUNT=", "EXDATE", "RDATE", "RECURRENCE-ID"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_find(text, slice_str(words[i])) >= 0)
			return true;
	return false;
}

/* What ends some day, or is of one date, is no weekly form, however far it lies; zones may have such. */
static bool may_be_weekly(struct slice text)
{
	for (;;) {
		ptrdiff_t zone = slice_find(text, SLICE("BEGIN:VTIMEZONE")), end = slice_find(text, SLICE("END:VTIMEZONE"));

		if (has_exceptions(slice_sub(text, 0, zone < 0 ? text.len : (size_t)zone)))
			return false;
		if (zone < 0 || end < zone)
			return true;
		text = slice_from(text, (size_t)end + 1);
	}
}

struct week {
	struct arena *arena;
	const struct zone *zone;
	struct hours_range ranges[7][HOURS_RANGES_MAX];
	size_t counts[7];
};

/* The wall time of AT on DATE or the one behind it, in minutes; -1: not a whole minute. */
static int minutes_of(const struct zone *zone, instant_t at, int64_t date)
{
	struct civil civil;

	zoned_from_instant(zone, at, &civil, NULL);
	if (civil.second != 0)
		return -1;
	return (int)(zoned_day_of(zone, at) - date) * DAY_MINUTES + civil.hour * 60 + civil.minute;
}

static bool take_range(struct week *week, struct interval at)
{
	int64_t date = zoned_day_of(week->zone, at.start);
	int start = minutes_of(week->zone, at.start, date), end = minutes_of(week->zone, at.end, date);
	size_t *count = &week->counts[civil_weekday(date)];

	if (start < 0 || end < 0 || end - start > DAY_MINUTES || *count == HOURS_RANGES_MAX)
		return false;
	week->ranges[civil_weekday(date)][(*count)++] =
	    (struct hours_range){start, end > DAY_MINUTES ? end - DAY_MINUTES : end};
	return true;
}

/* The ranges that begin in the week from MONDAY. */
static bool take_week(struct week *week, const struct interval_set *open, int64_t monday)
{
	struct interval window = {zoned_day_start(week->zone, monday), zoned_day_start(week->zone, monday + 7)};

	for (size_t i = 0; i < open->count; i++)
		if (open->at[i].start >= window.start && open->at[i].start < window.end && !take_range(week, open->at[i]))
			return false;
	return true;
}

static bool is_equal(const struct interval_set *a, const struct interval_set *b)
{
	for (size_t i = 0; i < a->count && a->count == b->count; i++)
		if (a->at[i].start != b->at[i].start || a->at[i].end != b->at[i].end)
			return false;
	return a->count == b->count;
}

static int means_the_same(const struct hours *as_is, const struct hours *weekly, const struct zone *zone,
    struct interval window)
{
	AUTO_INTERVAL_SET struct interval_set one = INTERVAL_SET_INIT, other = INTERVAL_SET_INIT;
	int ret = hours_open(as_is, zone, window, &one);

	if (ret == 0)
		ret = hours_open(weekly, zone, window, &other);
	return ret < 0 ? ret : is_equal(&one, &other);
}

/* 1 when WEEKLY means the same as AS_IS for a year, and for another one far away; 0 when not. */
static int compare(const struct hours *as_is, const struct zone *zone, const struct interval_set *open,
    struct interval window, struct week *week, struct hours *weekly)
{
	const struct interval far = {instant_add(window.start, FAR), instant_add(window.end, FAR)};
	int64_t monday = zoned_day_of(zone, window.start) + 7;
	int ret;

	monday -= civil_weekday(monday);
	*weekly = (struct hours){.timezone = as_is->timezone};
	week->zone = zone;
	if (!take_week(week, open, monday))
		return 0;
	for (size_t i = 0; i < 7; i++)
		weekly->weekly[i] = (struct hours_day){week->ranges[i], week->counts[i]};
	ret = means_the_same(as_is, weekly, zone, window);
	return ret <= 0 ? ret : means_the_same(as_is, weekly, zone, far);
}

static void add_minutes(struct buf *b, int minutes)
{
	char text[16];

	snprintf(text, sizeof(text), "%02d:%02d", minutes / 60, minutes % 60);
	json_add_text(b, NULL, slice_str(text));
}

static void write_weekly(struct buf *json, const struct hours *hours)
{
	static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

	json_open_object(json, "weekly");
	for (size_t i = 0; i < 7; i++) {
		if (hours->weekly[i].count == 0)
			continue;
		json_open_array(json, names[i]);
		for (size_t k = 0; k < hours->weekly[i].count; k++) {
			json_open_array(json, NULL);
			add_minutes(json, hours->weekly[i].at[k].start);
			add_minutes(json, hours->weekly[i].at[k].end);
			json_close_array(json);
		}
		json_close_array(json);
	}
	json_close_object(json);
}

/* As JSON has no carriage returns, lines end without them. */
static int copy_lines(struct arena *arena, struct slice text, struct slice *copy_r)
{
	char *copy = arena_alloc(arena, text.len + 1);
	size_t len = 0;

	if (copy == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] != '\r')
			copy[len++] = text.at[i];
	*copy_r = slice_of(copy, len);
	return 0;
}

int hours_json_of_availability(struct arena *arena, const struct zone_set *zones, const struct zone *floating,
    struct slice text, instant_t now, struct buf *json, struct error *err)
{
	struct week *week = arena_zalloc(arena, sizeof(*week));
	struct hours as_is = {.timezone = zone_in(text), .zones = zones}, weekly;
	const struct zone *named = as_is.timezone.len > 0 ? zone_set_find(zones, as_is.timezone) : NULL;
	const struct zone *zone = named != NULL ? named : floating;
	struct interval window = {zoned_day_start(zone, zoned_day_of(zone, now)), 0};
	AUTO_INTERVAL_SET struct interval_set open = INTERVAL_SET_INIT;
	int ret = week == NULL ? -ENOMEM : copy_lines(arena, text, &as_is.availability);

	window.end = instant_add(window.start, COMPARED);
	as_is.timezone = zone_name(zone);
	if (ret == 0)
		ret = hours_open_availability(&as_is, zone, window, &open, err);
	if (ret == 0 && may_be_weekly(text))
		ret = compare(&as_is, zone, &open, window, week, &weekly);
	if (ret < 0)
		return ret;
	json_open_object(json, NULL);
	json_add_text(json, "timezone", as_is.timezone);
	if (ret > 0)
		write_weekly(json, &weekly);
	else
		json_add_text(json, "availability", as_is.availability);
	json_close_object(json);
	return json->err;
}
