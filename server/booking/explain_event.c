/* The events of a case become iCalendar, so that the engine's own reader and evaluator expand them. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/freebusy/busy.h"
#include "protocol/ical/calendar_object.h"
#include "server/booking/explain.h"
#include "server/booking/explain_private.h"

#define RULE_MAX_BYTES 2000
#define OWNER          "owner@case.invalid"

static void add_moment(struct buf *b, const char *property, const struct moment *moment, struct slice timezone)
{
	const struct civil *c = &moment->civil;

	buf_add_str(b, property);
	if (moment->is_date)
		buf_add_str(b, ";VALUE=DATE");
	else if (!moment->is_utc && timezone.len > 0)
		buf_printf(b, ";TZID=%.*s", SLICE_ARG(timezone));
	buf_printf(b, ":%04d%02d%02d", c->year, c->month, c->day);
	if (!moment->is_date)
		buf_printf(b, "T%02d%02d%02d%s", c->hour, c->minute, c->second, moment->is_utc ? "Z" : "");
	buf_add_str(b, "\r\n");
}

static int add_times(struct reading *r, const struct json_value *event, struct slice timezone, struct buf *b)
{
	struct moment start, end;
	int ret = case_moment(r, event, "start", JSON_REQUIRED, &start);

	if (ret < 0)
		return ret;
	add_moment(b, "DTSTART", &start, timezone);
	ret = case_moment(r, event, "end", JSON_OPTIONAL, &end);
	if (ret > 0 && end.is_date != start.is_date)
		return json_refuse(event, r->err, "start and end are of two kinds");
	if (ret > 0)
		add_moment(b, "DTEND", &end, timezone);
	return ret < 0 ? ret : 0;
}

static int add_exdates(struct reading *r, const struct json_value *event, struct slice timezone, struct buf *b)
{
	struct json_value list;
	size_t count;
	int ret = case_list(r, event, "exdate", JSON_OPTIONAL, EXPLAIN_MEMBERS_MAX, &list, &count);

	for (size_t i = 0; ret >= 0 && i < count; i++) {
		struct json_value entry = json_entry(&list, i);
		struct moment moment;

		ret = case_moment_of(r, &entry, &moment);
		if (ret == 0)
			add_moment(b, "EXDATE", &moment, timezone);
	}
	return ret < 0 ? ret : 0;
}

/* One of WORDS after NAME and a colon. */
static int add_word(struct reading *r, const struct json_value *event, const char *name, const char *property,
    const char *const *words, struct buf *b)
{
	int word, ret = json_get_word(event, name, JSON_OPTIONAL, words, &word, r->err);

	if (ret > 0)
		buf_printf(b, "%s%s\r\n", property, words[word]);
	return ret < 0 ? ret : 0;
}

static int add_effect(struct reading *r, const struct json_value *event, struct buf *b)
{
	static const char *const transparencies[] = {"OPAQUE", "TRANSPARENT", NULL};
	static const char *const statuses[] = {"CONFIRMED", "TENTATIVE", "CANCELLED", NULL};
	static const char *const answers[] = {"ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION", "DELEGATED", NULL};
	int word, ret = add_word(r, event, "transp", "TRANSP:", transparencies, b);

	if (ret == 0)
		ret = add_word(r, event, "status", "STATUS:", statuses, b);
	if (ret < 0)
		return ret;
	ret = json_get_word(event, "partstat", JSON_OPTIONAL, answers, &word, r->err);
	if (ret > 0)
		buf_printf(b, "ORGANIZER:mailto:other@case.invalid\r\nATTENDEE;PARTSTAT=%s:mailto:" OWNER "\r\n", answers[word]);
	return ret < 0 ? ret : 0;
}

static int add_overrides(struct reading *r, const struct json_value *event, struct slice timezone, struct buf *b)
{
	static const char *const names[] = {"recurrence_id", "start", "end", NULL};
	struct json_value list;
	size_t count;
	int ret = case_list(r, event, "overrides", JSON_OPTIONAL, EXPLAIN_MEMBERS_MAX, &list, &count);

	for (size_t i = 0; ret >= 0 && i < count; i++) {
		struct json_value entry = json_entry(&list, i);
		struct moment id;

		ret = json_expect(&entry, JSON_KIND_OBJECT, r->err);
		if (ret == 0)
			ret = json_only(&entry, names, r->err);
		if (ret == 0)
			ret = case_moment(r, &entry, "recurrence_id", JSON_REQUIRED, &id);
		buf_add_str(b, "BEGIN:VEVENT\r\nUID:event\r\nDTSTAMP:20200101T000000Z\r\n");
		if (ret >= 0)
			add_moment(b, "RECURRENCE-ID", &id, timezone);
		if (ret >= 0)
			ret = add_times(r, &entry, timezone, b);
		if (ret == 0)
			ret = add_effect(r, event, b);
		buf_add_str(b, "END:VEVENT\r\n");
	}
	return ret < 0 ? ret : 0;
}

static int event_text(struct reading *r, const struct json_value *event, struct buf *b)
{
	const struct zone *zone = NULL;
	struct slice timezone = SLICE_EMPTY, rule;
	int ret = case_zone(r, event, "timezone", &zone);

	if (ret > 0)
		timezone = zone_name(zone);
	buf_add_str(b, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//case//EN\r\nBEGIN:VEVENT\r\nUID:event\r\n"
	               "DTSTAMP:20200101T000000Z\r\n");
	if (ret >= 0)
		ret = add_times(r, event, timezone, b);
	if (ret >= 0)
		ret = json_get_text(event, "rrule", JSON_OPTIONAL, JSON_ONE_LINE, 1, RULE_MAX_BYTES, &rule, r->err);
	if (ret > 0)
		buf_printf(b, "RRULE:%.*s\r\n", SLICE_ARG(rule));
	if (ret >= 0)
		ret = add_exdates(r, event, timezone, b);
	if (ret == 0)
		ret = add_effect(r, event, b);
	buf_add_str(b, "END:VEVENT\r\n");
	if (ret == 0)
		ret = add_overrides(r, event, timezone, b);
	buf_add_str(b, "END:VCALENDAR\r\n");
	return ret < 0 ? ret : b->err;
}

struct taken_list {
	struct taken *at;
	size_t count, capacity;
};

static int add_taken(struct reading *r, struct taken_list *list, struct taken one)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity > 0 ? list->capacity * 2 : 64;
		struct taken *grown = arena_array(r->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		for (size_t i = 0; i < list->count; i++)
			grown[i] = list->at[i];
		list->at = grown;
		list->capacity = capacity;
	}
	list->at[list->count++] = one;
	return 0;
}

static int expand_event(struct reading *r, const struct json_value *event, const struct zone *floating,
    struct taken_list *list)
{
	static const char *const names[] = {"start", "end", "timezone", "uid", "rrule", "exdate", "overrides", "transp", "status",
	    "partstat", NULL};
	struct instances_options options = {.floating = floating, .window = r->window, .max_instances = EXPLAIN_EVENTS_MAX};
	AUTO_BUF struct buf text = BUF_INIT(ICAL_OBJECT_MAX);
	struct calendar_object *object;
	struct busy_list rows;
	struct taken one = {.uid = SLICE_EMPTY};
	struct error err = ERROR_NONE;
	char *copy;
	int ret = json_expect(event, JSON_KIND_OBJECT, r->err);

	if (ret == 0)
		ret = json_only(event, names, r->err);
	if (ret == 0)
		ret = case_text(r, event, "uid", JSON_OPTIONAL, &one.uid);
	if (ret >= 0)
		ret = event_text(r, event, &text);
	if (ret < 0)
		return ret;
	copy = arena_copy(r->arena, buf_slice(&text));
	if (copy == NULL)
		return -ENOMEM;
	ret = calendar_object_parse(r->arena, r->zones, slice_of(copy, text.len), ICAL_OBJECT_MAX, &object, &err);
	if (ret == 0)
		ret = freebusy_rows(r->arena, object, SLICE(OWNER), &options, &rows, &err);
	if (ret < 0)
		return ret == -EINVAL ? json_refuse(event, r->err, "%.100s", err.detail) : ret;
	for (size_t i = 0; ret == 0 && i < rows.count; i++) {
		one.at = rows.at[i].at;
		one.tentative = rows.at[i].kind == FREEBUSY_TENTATIVE;
		if (rows.at[i].kind != FREEBUSY_FREE && one.at.end > one.at.start)
			ret = add_taken(r, list, one);
	}
	calendar_object_free(object);
	return ret;
}

static int compare_taken(const void *left, const void *right)
{
	const struct taken *a = left, *b = right;

	return (a->at.start > b->at.start) - (a->at.start < b->at.start);
}

int case_events(struct reading *r, const struct json_value *person, const struct zone *floating,
    struct member *member)
{
	struct taken_list taken = {0};
	struct json_value list;
	size_t count;
	int ret = case_list(r, person, "events", JSON_OPTIONAL, EXPLAIN_EVENTS_MAX, &list, &count);

	for (size_t i = 0; ret >= 0 && i < count; i++) {
		struct json_value event = json_entry(&list, i);

		ret = expand_event(r, &event, floating, &taken);
	}
	if (taken.count > 0)
		qsort(taken.at, taken.count, sizeof(*taken.at), compare_taken);
	member->taken = taken.at;
	member->taken_count = taken.count;
	return ret < 0 ? ret : 0;
}
