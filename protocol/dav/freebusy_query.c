#include <config.h>

#include "protocol/dav/freebusy_query.h"

#include <errno.h>

#include "protocol/base/codec.h"
#include "protocol/ical/value.h"
#include "protocol/ical/zoned_time.h"

/* 1 with the decoded value of the parameter NAME, the first one; 0 when it is not there; -EINVAL, -ENOMEM. */
static int find(struct arena *arena, struct slice query, const char *name, struct slice *value_r)
{
	struct slice part;

	while (slice_next(&query, '&', &part)) {
		ptrdiff_t equals = slice_find_byte(part, '=');
		struct slice raw = equals < 0 ? SLICE_EMPTY : slice_from(part, (size_t)equals + 1);
		char *value;
		ssize_t len;

		if (!slice_is(equals < 0 ? part : slice_sub(part, 0, (size_t)equals), name))
			continue;
		if (raw.len > FREEBUSY_QUERY_MAX)
			return -EINVAL;
		value = arena_alloc(arena, raw.len + 1);
		if (value == NULL)
			return -ENOMEM;
		len = codec_percent_decode(raw, value, raw.len);
		*value_r = slice_of(value, len < 0 ? 0 : (size_t)len);
		return len < 0 ? -EINVAL : 1;
	}
	return 0;
}

struct slice freebusy_query_token(struct arena *arena, struct slice query)
{
	struct slice token;

	return find(arena, query, "token", &token) == 1 ? token : SLICE_EMPTY;
}

/* "2027-03-28T09:00:00" and "20270328T090000" alike. */
static int read_local(struct slice text, const struct zone *zone, instant_t *at_r)
{
	char basic[sizeof("20270328T090000Z")];
	struct ical_time time;
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '-' || text.at[i] == ':')
			continue;
		if (len == sizeof(basic) - 1)
			return -EINVAL;
		basic[len++] = text.at[i];
	}
	if (ical_value_time(slice_of(basic, len), &time) < 0)
		return -EINVAL;
	*at_r = ical_time_instant(&time, zone);
	return 0;
}

/* 1: it is there; 0: it is not. */
static int read_time(struct arena *arena, struct slice query, const char *name, const struct zone *zone, instant_t *at_r,
    struct error *err)
{
	struct slice text;
	int ret = find(arena, query, name, &text);

	if (ret == 1 && instant_parse_rfc3339(text, at_r, NULL) < 0 && read_local(text, zone, at_r) < 0)
		ret = -EINVAL;
	if (ret == -EINVAL)
		return error_set(err, 400, CONDITION_NONE, "%s: not a date or a time like 2027-03-28T09:00:00Z", name);
	return ret;
}

/* START and a duration later: its days are days on the wall (RFC 5545, 3.3.6). */
static instant_t later(const struct zone *zone, instant_t start, const struct ical_duration *duration)
{
	struct civil civil;
	int64_t days;

	zoned_from_instant(zone, start, &civil, NULL);
	days = civil_to_days(civil.year, civil.month, civil.day) + duration->days;
	civil_from_days(days, &civil.year, &civil.month, &civil.day);
	return instant_add(zoned_to_instant(zone, &civil), duration->seconds);
}

static int read_period(struct arena *arena, struct slice query, const struct zone *zone, struct interval *window,
    struct error *err)
{
	struct ical_duration duration = {.days = FREEBUSY_QUERY_DAYS};
	struct slice text;
	int ret = find(arena, query, "period", &text);

	if (ret == -ENOMEM)
		return ret;
	if (ret < 0 || (ret == 1 && ical_value_duration(text, &duration) < 0))
		return error_set(err, 400, CONDITION_NONE, "period: not a duration like P2W");
	if (duration.days < 0 || duration.seconds < 0 || duration.days > FREEBUSY_QUERY_DAYS_MAX ||
	    duration.seconds > FREEBUSY_QUERY_DAYS_MAX * DAY_SECONDS)
		return error_set(err, 400, CONDITION_NONE, "period: at most %d days", FREEBUSY_QUERY_DAYS_MAX);
	window->end = later(zone, window->start, &duration);
	return 0;
}

int freebusy_query_window(struct arena *arena, struct slice query, const struct zone *zone, instant_t now,
    struct interval *window_r, struct error *err)
{
	struct interval window = {now - FREEBUSY_QUERY_BACK * DAY_SECONDS, now};
	struct slice period;
	int ret = read_time(arena, query, "start", zone, &window.start, err);

	if (ret >= 0)
		ret = read_time(arena, query, "end", zone, &window.end, err);
	if (ret == 1 && find(arena, query, "period", &period) != 0)
		return error_set(err, 400, CONDITION_NONE, "Give end or period, not both.");
	if (ret == 0)
		ret = read_period(arena, query, zone, &window, err);
	if (ret < 0)
		return ret;
	if (window.end <= window.start)
		return error_set(err, 400, CONDITION_NONE, "The end is not after the start.");
	if (window.end - window.start > FREEBUSY_QUERY_DAYS_MAX * DAY_SECONDS)
		return error_set(err, 400, CONDITION_NONE, "At most %d days at once.", FREEBUSY_QUERY_DAYS_MAX);
	*window_r = window;
	return 0;
}
