#include <config.h>

#include "protocol/ical/alarms.h"

#include "protocol/base/buf.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/value.h"

struct scan {
	struct error *err;
	size_t depth, count;
	bool action, trigger; /* of the open alarm */
};

static int refuse(struct scan *scan, size_t line, const char *what)
{
	return error_set(scan->err, 403, CALDAV_VALID_CALENDAR_DATA, "line %zu: %s", line, what);
}

static int begin(struct scan *scan, struct slice name, size_t line)
{
	if (scan->depth++ > 0)
		return 0; /* what an alarm holds is judged with it */
	if (!slice_is_nocase(name, "VALARM"))
		return refuse(scan, line, "only VALARMs can be here");
	scan->action = scan->trigger = false;
	return ++scan->count <= ICAL_DEFAULT_ALARMS_MAX ? 0 : refuse(scan, line, "too many alarms");
}

static int end(struct scan *scan, struct slice name, size_t line)
{
	if (scan->depth == 0 || (scan->depth == 1 && !slice_is_nocase(name, "VALARM")))
		return refuse(scan, line, "END does not match BEGIN");
	if (--scan->depth > 0 || (scan->action && scan->trigger))
		return 0;
	return refuse(scan, line, "an alarm needs ACTION and TRIGGER");
}

/* Of an object that is stored it is not read: what an app cannot use is its own affair; here all apps would have it. */
static int see_trigger(struct scan *scan, const struct content_line *line)
{
	struct slice value = slice_trim(line->value);
	struct ical_duration duration;
	struct ical_time time;

	scan->trigger = true;
	if (ical_value_duration(value, &duration) < 0 && (ical_value_time(value, &time) < 0 || time.is_date))
		return refuse(scan, line->line, "TRIGGER is neither a duration nor a time");
	return 0;
}

static int see_line(struct scan *scan, const struct content_line *line)
{
	struct slice name;

	if (slice_trim(line->text).len == 0)
		return 0;
	if (content_line_marks(line, "BEGIN", &name))
		return begin(scan, name, line->line);
	if (content_line_marks(line, "END", &name))
		return end(scan, name, line->line);
	if (scan->depth == 0)
		return refuse(scan, line->line, "not a VALARM");
	if (scan->depth > 1)
		return 0;
	scan->action |= content_line_is(line, "ACTION");
	return content_line_is(line, "TRIGGER") ? see_trigger(scan, line) : 0;
}

/* An event with the alarms must be one that could be stored: then their values are sound. */
static int check_values(struct arena *arena, const struct zone_set *zones, struct slice text, struct error *err)
{
	AUTO_BUF struct buf b = BUF_INIT(text.len + 512);
	struct calendar_object *object;
	int ret;

	buf_add_str(&b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//Slotkeeper//EN\r\nBEGIN:VEVENT\r\nUID:x\r\n"
			"DTSTAMP:20270101T000000Z\r\nDTSTART:20270101T000000Z\r\n");
	buf_add_slice(&b, text);
	buf_add_str(&b, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
	if (b.err != 0)
		return b.err;
	ret = calendar_object_parse(arena, zones, buf_slice(&b), b.len, &object, err);
	if (ret == 0)
		calendar_object_free(object);
	return ret;
}

int ical_alarms_check(struct arena *arena, const struct zone_set *zones, struct slice text, struct error *err)
{
	struct scan scan = {.err = err};
	struct content_reader reader;
	struct content_line line;
	int ret;

	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		ret = see_line(&scan, &line);
		if (ret < 0)
			return ret;
	}
	if (ret == 0 && scan.depth > 0)
		ret = refuse(&scan, line.line, "BEGIN without END");
	if (ret == 0 && scan.count > 0)
		ret = check_values(arena, zones, text, err);
	return ret;
}
