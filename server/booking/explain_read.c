/* A case file into a world. Events are turned into iCalendar, so that the engine's own reader and evaluator expand them. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/freebusy/busy.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/ical/zoned_time.h"
#include "server/booking/explain.h"
#include "server/booking/explain_private.h"

#define NAME_MAX_BYTES 255
#define RULE_MAX_BYTES 2000
#define OWNER          "owner@case.invalid"
#define MARGIN         (8 * DAY_SECONDS) /* beyond what is asked: buffers are at most a week */

struct reading {
	struct arena *arena;
	const struct zone_set *zones;
	struct error *err;
	struct explain_case *result;
	struct interval window; /* in which events are expanded */
	const int64_t *holidays;
	size_t holiday_count;
};

/* ---- single values ---- */

static int get_text(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    struct slice *text_r)
{
	struct slice text;
	int ret = json_get_text(object, name, need, JSON_ONE_LINE, 0, NAME_MAX_BYTES, &text, r->err);
	char *copy;

	if (ret <= 0)
		return ret;
	copy = arena_copy(r->arena, text);
	if (copy == NULL)
		return -ENOMEM;
	*text_r = slice_of(copy, text.len);
	return 1;
}

/* 1 and *ZONE_R; 0 when the member is absent. */
static int get_zone(struct reading *r, const struct json_value *object, const char *name, const struct zone **zone_r)
{
	struct json_value value;
	struct slice text;
	const struct zone *zone;
	int ret = json_member(object, name, JSON_OPTIONAL, JSON_KIND_TEXT, &value, r->err);

	if (ret <= 0)
		return ret;
	ret = json_value_text(&value, JSON_ONE_LINE, 1, ZONE_NAME_MAX, &text, r->err);
	if (ret < 0)
		return ret;
	zone = zone_set_find(r->zones, text);
	if (zone == NULL)
		return json_refuse(&value, r->err, "there is no such time zone");
	*zone_r = zone;
	return 1;
}

static int get_instant(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    instant_t *at_r)
{
	struct json_value value;
	struct slice text;
	int ret = json_member(object, name, need, JSON_KIND_TEXT, &value, r->err);

	if (ret <= 0)
		return ret;
	ret = json_value_text(&value, JSON_ONE_LINE, 1, 64, &text, r->err);
	if (ret < 0)
		return ret;
	if (instant_parse_rfc3339(text, at_r, NULL) < 0)
		return json_refuse(&value, r->err, "is not an instant like 2027-03-28T09:00:00Z");
	return 1;
}

/* A date, a wall time or an instant, as an event has it. */
struct moment {
	struct civil civil;
	bool is_date, is_utc;
};

static bool digits(struct slice text, size_t at, size_t count, int *value_r)
{
	int value = 0;

	for (size_t i = at; i < at + count; i++) {
		if (i >= text.len || text.at[i] < '0' || text.at[i] > '9')
			return false;
		value = value * 10 + text.at[i] - '0';
	}
	*value_r = value;
	return true;
}

static bool parse_moment(struct slice text, struct moment *moment)
{
	struct civil *c = &moment->civil;
	instant_t at;

	*moment = (struct moment){0};
	if (instant_parse_rfc3339(text, &at, NULL) == 0) {
		civil_from_utc(at, c);
		moment->is_utc = true;
		return true;
	}
	if (text.len < 10 || text.at[4] != '-' || text.at[7] != '-' || !digits(text, 0, 4, &c->year) ||
	    !digits(text, 5, 2, &c->month) || !digits(text, 8, 2, &c->day))
		return false;
	moment->is_date = text.len == 10;
	if (moment->is_date)
		return civil_is_valid(c);
	if ((text.len != 16 && text.len != 19) || text.at[10] != 'T' || text.at[13] != ':' || !digits(text, 11, 2, &c->hour) ||
	    !digits(text, 14, 2, &c->minute))
		return false;
	if (text.len == 19 && (text.at[16] != ':' || !digits(text, 17, 2, &c->second)))
		return false;
	return civil_is_valid(c);
}

static int value_moment(struct reading *r, const struct json_value *value, struct moment *moment_r)
{
	struct slice text;
	int ret = json_value_text(value, JSON_ONE_LINE, 1, 64, &text, r->err);

	if (ret < 0)
		return ret;
	return parse_moment(text, moment_r) ? 0 : json_refuse(value, r->err, "is not an instant, a wall time or a date");
}

static int get_moment(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    struct moment *moment_r)
{
	struct json_value value;
	int ret = json_member(object, name, need, JSON_KIND_TEXT, &value, r->err);

	if (ret <= 0)
		return ret;
	ret = value_moment(r, &value, moment_r);
	return ret < 0 ? ret : 1;
}

/* An array of OBJECT, or nothing: 1, 0 or -EINVAL. */
static int get_list(struct reading *r, const struct json_value *object, const char *name, enum json_need need, size_t max,
    struct json_value *list_r, size_t *count_r)
{
	int ret = json_member(object, name, need, JSON_KIND_ARRAY, list_r, r->err);

	*count_r = ret > 0 ? json_count(list_r) : 0;
	return ret > 0 && *count_r > max ? json_refuse(list_r, r->err, "more than %zu", max) : ret;
}

/* Texts; one text stands for a list of one. */
static int get_names(struct reading *r, const struct json_value *object, const char *name, struct slice **names_r, size_t *count_r)
{
	struct json_value list;
	struct slice *names, one;
	int ret = json_get_text(object, name, JSON_OPTIONAL, JSON_ONE_LINE, 1, NAME_MAX_BYTES, &one, NULL);
	size_t count = 1;

	if (ret < 0)
		ret = get_list(r, object, name, JSON_OPTIONAL, EXPLAIN_MEMBERS_MAX, &list, &count);
	else if (ret == 0)
		count = 0;
	else
		list = *object;
	if (ret < 0)
		return ret;
	names = arena_array(r->arena, count + 1, sizeof(*names));
	for (size_t i = 0; names != NULL && i < count; i++) {
		if (json_kind(&list) == JSON_KIND_ARRAY) {
			struct json_value entry = json_entry(&list, i);

			ret = json_value_text(&entry, JSON_ONE_LINE, 1, NAME_MAX_BYTES, &one, r->err);
			if (ret < 0)
				return ret;
		}
		names[i] = slice_of(arena_copy(r->arena, one), one.len);
		if (names[i].at == NULL)
			return -ENOMEM;
	}
	*names_r = names;
	*count_r = count;
	return names != NULL ? 0 : -ENOMEM;
}

/* ---- events ---- */

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
	int ret = get_moment(r, event, "start", JSON_REQUIRED, &start);

	if (ret < 0)
		return ret;
	add_moment(b, "DTSTART", &start, timezone);
	ret = get_moment(r, event, "end", JSON_OPTIONAL, &end);
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
	int ret = get_list(r, event, "exdate", JSON_OPTIONAL, EXPLAIN_MEMBERS_MAX, &list, &count);

	for (size_t i = 0; ret >= 0 && i < count; i++) {
		struct json_value entry = json_entry(&list, i);
		struct moment moment;

		ret = value_moment(r, &entry, &moment);
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
	int ret = get_list(r, event, "overrides", JSON_OPTIONAL, EXPLAIN_MEMBERS_MAX, &list, &count);

	for (size_t i = 0; ret >= 0 && i < count; i++) {
		struct json_value entry = json_entry(&list, i);
		struct moment id;

		ret = json_expect(&entry, JSON_KIND_OBJECT, r->err);
		if (ret == 0)
			ret = json_only(&entry, names, r->err);
		if (ret == 0)
			ret = get_moment(r, &entry, "recurrence_id", JSON_REQUIRED, &id);
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
	int ret = get_zone(r, event, "timezone", &zone);

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
		ret = get_text(r, event, "uid", JSON_OPTIONAL, &one.uid);
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

static int read_events(struct reading *r, const struct json_value *person, const struct zone *floating,
    struct member *member)
{
	struct taken_list taken = {0};
	struct json_value list;
	size_t count;
	int ret = get_list(r, person, "events", JSON_OPTIONAL, EXPLAIN_EVENTS_MAX, &list, &count);

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

/* ---- people and resources ---- */

static int read_hours(struct reading *r, const struct json_value *person, const struct zone *own, bool closes,
    struct member *member)
{
	struct json_value value;
	struct hours *hours;
	int ret = json_member(person, "hours", JSON_OPTIONAL, JSON_KIND_OBJECT, &value, r->err);

	member->zone = own;
	if (ret <= 0)
		return ret;
	hours = arena_zalloc(r->arena, sizeof(*hours));
	if (hours == NULL)
		return -ENOMEM;
	ret = hours_read(r->arena, &value, hours, r->err);
	if (ret < 0)
		return ret;
	if (hours->timezone.len > 0) {
		member->zone = zone_set_find(r->zones, hours->timezone);
		if (member->zone == NULL)
			return json_refuse(&value, r->err, "timezone: there is no such time zone");
	}
	if (closes) {
		hours->holidays = r->holidays;
		hours->holiday_count = r->holiday_count;
	}
	member->hours = hours;
	return 0;
}

static int read_member(struct reading *r, const struct json_value *json, const char *name, bool person, struct member *member)
{
	const struct zone *own = zone_utc();
	int64_t seats = 0;
	int ret;

	*member = (struct member){.weight = 1, .last_made = INSTANT_MIN};
	ret = get_text(r, json, name, JSON_REQUIRED, &member->name);
	if (ret > 0)
		ret = get_zone(r, json, "timezone", &own);
	if (ret >= 0)
		ret = read_hours(r, json, own, person, member);
	if (ret >= 0)
		ret = json_get_integer(json, "seats", JSON_OPTIONAL, 0, POLICY_CAPACITY_MAX, &seats, r->err);
	member->seats = seats;
	if (ret >= 0)
		ret = get_text(r, json, "pool", JSON_OPTIONAL, &member->pool);
	if (ret >= 0)
		ret = json_get_integer(json, "weight", JSON_OPTIONAL, 1, POLICY_WEIGHT_MAX, &member->weight, r->err);
	if (ret >= 0)
		ret = json_get_integer(json, "round_robin_count", JSON_OPTIONAL, 0, INT32_MAX, &member->made, r->err);
	if (ret >= 0)
		ret = get_instant(r, json, "round_robin_last", JSON_OPTIONAL, &member->last_made);
	return ret < 0 ? ret : read_events(r, json, own, member);
}

static int read_staff(struct reading *r, const struct json_value *root)
{
	static const char *const names[] = {"name", "timezone", "hours", "weight", "round_robin_count", "round_robin_last", "events",
	    NULL};
	struct world *world = &r->result->world;
	const struct policy *policy = &r->result->policy;
	struct json_value list;
	size_t count;
	int ret = get_list(r, root, "staff", JSON_REQUIRED, POLICY_STAFF_MAX, &list, &count);

	world->staff = arena_array(r->arena, policy->staff_count + 1, sizeof(*world->staff));
	if (world->staff == NULL)
		return -ENOMEM;
	world->staff_count = policy->staff_count;
	for (size_t i = 0; ret >= 0 && i < count; i++) {
		struct json_value json = json_entry(&list, i);
		struct member member;
		int index;

		ret = json_expect(&json, JSON_KIND_OBJECT, r->err);
		if (ret == 0)
			ret = json_only(&json, names, r->err);
		if (ret == 0)
			ret = read_member(r, &json, "name", true, &member);
		index = ret == 0 ? policy_find_staff(policy, member.name) : -1;
		if (index < 0)
			continue;
		if (member.weight == 1)
			member.weight = policy->weights[index];
		world->staff[index] = member;
	}
	for (size_t i = 0; ret >= 0 && i < world->staff_count; i++)
		if (world->staff[i].zone == NULL)
			return error_set(r->err, 422, CONDITION_NONE, "service.staff[%zu]: is not described under staff", i);
	return ret < 0 ? ret : 0;
}

static int read_resources(struct reading *r, const struct json_value *root)
{
	static const char *const names[] = {"id", "pool", "seats", "timezone", "hours", "events", NULL};
	struct world *world = &r->result->world;
	struct json_value list;
	size_t count;
	int ret = get_list(r, root, "resources", JSON_OPTIONAL, EXPLAIN_MEMBERS_MAX, &list, &count);

	world->resources = arena_array(r->arena, count + 1, sizeof(*world->resources));
	if (world->resources == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret >= 0 && i < count; i++) {
		struct json_value json = json_entry(&list, i);

		ret = json_expect(&json, JSON_KIND_OBJECT, r->err);
		if (ret == 0)
			ret = json_only(&json, names, r->err);
		if (ret == 0)
			ret = read_member(r, &json, "id", false, &world->resources[i]);
		world->resource_count = i + 1;
	}
	return ret < 0 ? ret : 0;
}

static int compare_dates(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

/* A list of dates, or {"dates": [...]} as the API has it. */
static int read_holidays(struct reading *r, const struct json_value *root)
{
	struct json_value list, object;
	int64_t *dates;
	size_t count;
	int ret = json_member(root, "holidays", JSON_OPTIONAL, JSON_KIND_OBJECT, &object, NULL);

	if (ret > 0)
		ret = get_list(r, &object, "dates", JSON_OPTIONAL, HOURS_OVERRIDES_MAX, &list, &count);
	else
		ret = get_list(r, root, "holidays", JSON_OPTIONAL, HOURS_OVERRIDES_MAX, &list, &count);
	if (ret < 0)
		return ret;
	dates = arena_array(r->arena, count + 1, sizeof(*dates));
	if (dates == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct json_value entry = json_entry(&list, i);
		struct moment moment;

		ret = value_moment(r, &entry, &moment);
		if (ret == 0 && !moment.is_date)
			ret = json_refuse(&entry, r->err, "is not a date");
		if (ret < 0)
			return ret;
		dates[i] = civil_to_days(moment.civil.year, moment.civil.month, moment.civil.day);
	}
	qsort(dates, count, sizeof(*dates), compare_dates);
	r->holidays = dates;
	r->holiday_count = count;
	return 0;
}

/* ---- bookings ---- */

struct booking {
	struct reserved reserved;
	struct slice *staff;
	size_t staff_count;
	struct slice *rooms;
	size_t room_count;
	bool live;
};

static int read_state(struct reading *r, const struct json_value *json, struct booking *booking)
{
	static const char *const statuses[] = {"confirmed", "held", "cancelled", "completed", "no_show", NULL};
	int status = 0, ret = json_get_word(json, "status", JSON_OPTIONAL, statuses, &status, r->err);

	booking->live = status <= 1;
	booking->reserved.expires = INSTANT_MAX;
	if (ret >= 0)
		ret = get_instant(r, json, "expires", JSON_OPTIONAL, &booking->reserved.expires);
	if (ret >= 0)
		ret = get_text(r, json, "token", JSON_OPTIONAL, &booking->reserved.token);
	return ret < 0 ? ret : 0;
}

static int read_booking(struct reading *r, const struct json_value *json, struct booking *booking)
{
	static const char *const names[] = {"start", "end", "staff", "resources", "service", "uid", "seats", "buffer_before_minutes",
	    "buffer_after_minutes", "status", "expires", "token", NULL};
	struct reserved *reserved = &booking->reserved;
	int64_t before = 0, after = 0;
	int ret = json_expect(json, JSON_KIND_OBJECT, r->err);

	*booking = (struct booking){.reserved = {.seats = 1}};
	if (ret == 0)
		ret = json_only(json, names, r->err);
	if (ret == 0)
		ret = get_instant(r, json, "start", JSON_REQUIRED, &reserved->core.start);
	if (ret > 0)
		ret = get_instant(r, json, "end", JSON_REQUIRED, &reserved->core.end);
	if (ret > 0 && reserved->core.end <= reserved->core.start)
		ret = json_refuse(json, r->err, "end is not after start");
	if (ret > 0)
		ret = get_text(r, json, "service", JSON_OPTIONAL, &reserved->service);
	if (ret >= 0)
		ret = get_text(r, json, "uid", JSON_OPTIONAL, &reserved->uid);
	if (ret >= 0)
		ret = json_get_integer(json, "seats", JSON_OPTIONAL, 1, POLICY_CAPACITY_MAX, &reserved->seats, r->err);
	if (ret >= 0)
		ret = json_get_integer(json, "buffer_before_minutes", JSON_OPTIONAL, 0, POLICY_MINUTES_MAX, &before, r->err);
	if (ret >= 0)
		ret = json_get_integer(json, "buffer_after_minutes", JSON_OPTIONAL, 0, POLICY_MINUTES_MAX, &after, r->err);
	reserved->guard.start = instant_add(reserved->core.start, -before * MINUTE_SECONDS);
	reserved->guard.end = instant_add(reserved->core.end, after * MINUTE_SECONDS);
	if (ret >= 0)
		ret = read_state(r, json, booking);
	if (ret == 0)
		ret = get_names(r, json, "staff", &booking->staff, &booking->staff_count);
	if (ret == 0)
		ret = get_names(r, json, "resources", &booking->rooms, &booking->room_count);
	reserved->rooms = booking->rooms;
	reserved->room_count = booking->room_count;
	return ret;
}

static bool has_name(const struct slice *names, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(names[i], name))
			return true;
	return false;
}

/* A session's rooms cap its seats (R17). */
static void cap_seats(const struct world *world, struct booking *booking)
{
	for (size_t i = 0; i < world->resource_count; i++) {
		const struct member *room = &world->resources[i];

		if (room->seats > 0 && has_name(booking->rooms, booking->room_count, room->name) &&
		    (booking->reserved.room_seats == 0 || room->seats < booking->reserved.room_seats))
			booking->reserved.room_seats = room->seats;
	}
}

static int compare_reserved(const void *left, const void *right)
{
	const struct reserved *a = left, *b = right;

	return (a->guard.start > b->guard.start) - (a->guard.start < b->guard.start);
}

static int give(struct reading *r, struct member *member, bool person, const struct booking *bookings, size_t count)
{
	struct reserved *reserved = arena_array(r->arena, count + 1, sizeof(*reserved));
	size_t n = 0;

	if (reserved == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct booking *booking = &bookings[i];

		if (booking->live && (person ? has_name(booking->staff, booking->staff_count, member->name)
		                             : has_name(booking->rooms, booking->room_count, member->name)))
			reserved[n++] = booking->reserved;
	}
	qsort(reserved, n, sizeof(*reserved), compare_reserved);
	member->reserved = reserved;
	member->reserved_count = n;
	return 0;
}

static int compare_slices(const void *left, const void *right)
{
	return slice_compare(*(const struct slice *)left, *(const struct slice *)right);
}

static int read_mirrors(struct reading *r, const struct booking *bookings, size_t count)
{
	struct world *world = &r->result->world;
	struct slice *mirrors = arena_array(r->arena, count + 1, sizeof(*mirrors));

	if (mirrors == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (bookings[i].reserved.uid.len > 0)
			mirrors[world->mirror_count++] = bookings[i].reserved.uid;
	qsort(mirrors, world->mirror_count, sizeof(*mirrors), compare_slices);
	world->mirrors = mirrors;
	return 0;
}

static int read_bookings(struct reading *r, const struct json_value *root)
{
	struct world *world = &r->result->world;
	struct booking *bookings;
	struct json_value list;
	size_t count;
	int ret = get_list(r, root, "bookings", JSON_OPTIONAL, EXPLAIN_EVENTS_MAX, &list, &count);

	if (ret < 0)
		return ret;
	bookings = arena_array(r->arena, count + 1, sizeof(*bookings));
	if (bookings == NULL)
		return -ENOMEM;
	ret = 0;
	for (size_t i = 0; ret == 0 && i < count; i++) {
		struct json_value json = json_entry(&list, i);

		ret = read_booking(r, &json, &bookings[i]);
		if (ret == 0)
			cap_seats(world, &bookings[i]);
	}
	for (size_t i = 0; ret == 0 && i < world->staff_count; i++)
		ret = give(r, &world->staff[i], true, bookings, count);
	for (size_t i = 0; ret == 0 && i < world->resource_count; i++)
		ret = give(r, &world->resources[i], false, bookings, count);
	return ret < 0 ? ret : read_mirrors(r, bookings, count);
}

/* ---- the question ---- */

static int read_date_start(struct reading *r, const struct json_value *query, const char *name, const struct zone *zone,
    instant_t *at_r)
{
	struct moment moment;
	int ret = get_moment(r, query, name, JSON_REQUIRED, &moment);

	if (ret > 0 && !moment.is_date)
		return json_refuse(query, r->err, "%s is not a date", name);
	if (ret > 0)
		*at_r = zoned_day_start(zone, civil_to_days(moment.civil.year, moment.civil.month, moment.civil.day));
	return ret;
}

static int read_query(struct reading *r, const struct json_value *query)
{
	static const char *const names[] = {"timezone", "from", "to", "start", "end", NULL};
	struct explain_case *result = r->result;
	struct interval *window = &result->window;
	struct json_value from;
	int ret = json_only(query, names, r->err);

	result->kind = EXPLAIN_QUERY;
	if (ret == 0)
		ret = get_zone(r, query, "timezone", &result->zone);
	if (ret >= 0)
		ret = json_member(query, "from", JSON_OPTIONAL, JSON_KIND_TEXT, &from, r->err);
	if (ret > 0) {
		ret = read_date_start(r, query, "from", result->zone, &window->start);
		if (ret > 0)
			ret = read_date_start(r, query, "to", result->zone, &window->end);
	} else if (ret == 0) {
		ret = get_instant(r, query, "start", JSON_REQUIRED, &window->start);
		if (ret > 0)
			ret = get_instant(r, query, "end", JSON_REQUIRED, &window->end);
	}
	if (ret > 0 && (window->end < window->start || window->end - window->start > EXPLAIN_DAYS_MAX * DAY_SECONDS))
		return json_refuse(query, r->err, "is not a range of up to %d days", EXPLAIN_DAYS_MAX);
	return ret < 0 ? ret : 0;
}

/* Who is named, once the staff is read. */
static int find_named(struct reading *r, const struct json_value *question, const struct member **named_r)
{
	struct json_value value;
	struct slice name;
	int index, ret = json_member(question, "staff", JSON_OPTIONAL, JSON_KIND_TEXT, &value, r->err);

	*named_r = NULL;
	if (ret <= 0)
		return ret;
	ret = json_value_text(&value, JSON_ONE_LINE, 1, NAME_MAX_BYTES, &name, r->err);
	if (ret < 0)
		return ret;
	index = policy_find_staff(&r->result->policy, name);
	if (index < 0)
		return json_refuse(&value, r->err, "is not one of the service's staff");
	*named_r = &r->result->world.staff[index];
	return 0;
}

static int read_request(struct reading *r, const struct json_value *question)
{
	static const char *const names[] = {"start", "staff", "insist_staff", "enforce_alignment", "limit", "search_days",
	    "customer_timezone", NULL};
	struct explain_case *result = r->result;
	struct slot_request *request = &result->request;
	bool aligned = true;
	int64_t limit = 3;
	int ret = json_only(question, names, r->err);

	result->kind = EXPLAIN_REQUEST;
	request->search_days = SLOTS_SEARCH_DAYS;
	if (ret == 0)
		ret = get_instant(r, question, "start", JSON_REQUIRED, &request->start);
	if (ret > 0)
		ret = json_get_boolean(question, "insist_staff", JSON_OPTIONAL, &request->insist, r->err);
	if (ret >= 0)
		ret = json_get_boolean(question, "enforce_alignment", JSON_OPTIONAL, &aligned, r->err);
	if (ret >= 0)
		ret = json_get_integer(question, "limit", JSON_OPTIONAL, 0, SLOTS_OTHERS_MAX, &limit, r->err);
	if (ret >= 0)
		ret = json_get_integer(question, "search_days", JSON_OPTIONAL, 0, EXPLAIN_DAYS_MAX / 2, &request->search_days, r->err);
	if (ret >= 0)
		ret = get_zone(r, question, "customer_timezone", &result->zone);
	request->grid = aligned ? GRID_IS_KEPT : GRID_IS_FREE;
	request->limit = (size_t)limit;
	result->window = slots_window(request);
	return ret < 0 ? ret : 0;
}

static int read_series(struct reading *r, const struct json_value *question)
{
	static const char *const names[] = {"start", "timezone", "staff", "count", "max_conflicts", "max_conflict_percent", NULL};
	struct explain_case *result = r->result;
	struct slot_series *series = &result->series;
	struct moment moment;
	int64_t count = 1;
	int ret = json_only(question, names, r->err);

	result->kind = EXPLAIN_SERIES;
	series->max_conflicts = result->policy.series_max_conflicts;
	series->max_conflict_percent = result->policy.series_max_conflict_percent;
	if (ret == 0)
		ret = get_zone(r, question, "timezone", &result->zone);
	if (ret >= 0)
		ret = get_moment(r, question, "start", JSON_REQUIRED, &moment);
	if (ret > 0 && (moment.is_date || moment.is_utc))
		ret = json_refuse(question, r->err, "start is not a wall time");
	if (ret > 0)
		ret = json_get_integer(question, "count", JSON_REQUIRED, 1, SLOTS_SERIES_MAX, &count, r->err);
	if (ret >= 0)
		ret = json_get_integer(question, "max_conflicts", JSON_OPTIONAL, 0, SLOTS_SERIES_MAX, &series->max_conflicts, r->err);
	if (ret >= 0)
		ret = json_get_integer(question, "max_conflict_percent", JSON_OPTIONAL, 0, 100, &series->max_conflict_percent, r->err);
	if (ret < 0)
		return ret;
	series->start = moment.civil;
	series->zone = result->zone;
	series->count = (size_t)count;
	result->window.start = zoned_to_instant(series->zone, &series->start) - DAY_SECONDS;
	result->window.end = instant_add(result->window.start, (7 * count + 2) * DAY_SECONDS);
	return result->window.end - result->window.start > WORLD_WINDOW_MAX ? -E2BIG : 0;
}

/* Of a question that names no zone: the first person's. The staff is read later, and complains then. */
static const struct zone *first_zone(struct reading *r, const struct json_value *root)
{
	const struct zone *zone = zone_utc();
	struct json_value list, first;
	struct error *err = r->err;

	r->err = NULL;
	if (json_member(root, "staff", JSON_OPTIONAL, JSON_KIND_ARRAY, &list, NULL) > 0 && json_count(&list) > 0) {
		first = json_entry(&list, 0);
		if (json_kind(&first) == JSON_KIND_OBJECT)
			get_zone(r, &first, "timezone", &zone);
	}
	r->err = err;
	return zone;
}

static const struct {
	const char *name;
	int (*read)(struct reading *r, const struct json_value *question);
} questions[] = {{"query", read_query}, {"request", read_request}, {"series", read_series}};

/* The one question; its window must be known before events are expanded, who is named after the staff is read. */
static int find_question(struct reading *r, const struct json_value *root, struct json_value *question_r)
{
	int found = -1;

	for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
		struct json_value question;
		int ret = json_member(root, questions[i].name, JSON_OPTIONAL, JSON_KIND_OBJECT, &question, r->err);

		if (ret < 0)
			return ret;
		if (ret > 0 && found >= 0)
			return json_refuse(&question, r->err, "there is a %s already", questions[found].name);
		if (ret > 0) {
			found = (int)i;
			*question_r = question;
		}
	}
	return found >= 0 ? questions[found].read(r, question_r)
	                  : error_set(r->err, 422, CONDITION_NONE, "query, request or series: one is wanted");
}

static int read_ignored(struct reading *r, const struct json_value *root)
{
	struct slice *ignored;
	struct world *world = &r->result->world;
	int ret = get_names(r, root, "ignore_uids", &ignored, &world->ignored_count);

	if (ret == 0)
		world->ignored = ignored;
	return ret;
}

static int read_frame(struct reading *r, const struct json_value *root)
{
	struct explain_case *result = r->result;
	struct json_value service;
	int ret = get_instant(r, root, "now", JSON_REQUIRED, &result->world.now);

	if (ret > 0)
		ret = json_member(root, "service", JSON_REQUIRED, JSON_KIND_OBJECT, &service, r->err);
	if (ret > 0)
		ret = policy_read(r->arena, &service, false, &result->policy, r->err);
	result->world.policy = &result->policy;
	result->world.party = 1;
	if (ret >= 0)
		ret = json_get_integer(root, "party", JSON_OPTIONAL, 1, POLICY_CAPACITY_MAX, &result->world.party, r->err);
	if (ret >= 0)
		ret = get_text(r, root, "token", JSON_OPTIONAL, &result->world.token);
	if (ret >= 0)
		ret = read_ignored(r, root);
	if (ret == 0)
		ret = read_holidays(r, root);
	return ret;
}

static int read_case(struct reading *r, const struct json_value *root)
{
	static const char *const names[] = {"now", "service", "staff", "resources", "holidays", "bookings", "party", "token",
	    "ignore_uids", "customer_timezone", "query", "request", "series", NULL};
	struct explain_case *result = r->result;
	struct json_value question;
	int ret = json_expect(root, JSON_KIND_OBJECT, r->err);

	if (ret == 0)
		ret = json_only(root, names, r->err);
	if (ret == 0)
		ret = read_frame(r, root);
	if (ret == 0)
		ret = get_zone(r, root, "customer_timezone", &result->zone);
	if (ret == 0)
		result->zone = first_zone(r, root);
	if (ret >= 0)
		ret = find_question(r, root, &question);
	if (ret < 0)
		return ret;
	r->window = (struct interval){instant_add(result->window.start, -MARGIN), instant_add(result->window.end, MARGIN)};
	ret = read_staff(r, root);
	if (ret == 0)
		ret = read_resources(r, root);
	if (ret == 0)
		ret = read_bookings(r, root);
	if (ret == 0)
		ret = find_named(r, &question, result->kind == EXPLAIN_SERIES ? &result->series.named : &result->request.named);
	result->request.customer = result->zone;
	return ret;
}

int explain_read(struct arena *arena, const struct zone_set *zones, struct slice json, struct explain_case *case_r,
    struct error *err)
{
	struct reading reading = {.arena = arena, .zones = zones, .err = err, .result = case_r};
	AUTO_JSON struct json_document *document = NULL;
	struct json_value root;
	int ret = json_read(json, EXPLAIN_BYTES_MAX, &document, err);

	if (ret < 0)
		return ret == -ENOMEM ? ret : -EINVAL;
	root = json_root(document);
	return read_case(&reading, &root);
}
