/* A case file into a world: people, resources, and the question. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/ical/zoned_time.h"
#include "server/booking/explain.h"
#include "server/booking/explain_private.h"

#define MARGIN (8 * DAY_SECONDS) /* beyond what is asked: buffers are at most a week */

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
	ret = case_text(r, json, name, JSON_REQUIRED, &member->name);
	if (ret > 0)
		ret = case_zone(r, json, "timezone", &own);
	if (ret >= 0)
		ret = read_hours(r, json, own, person, member);
	if (ret >= 0)
		ret = json_get_integer(json, "seats", JSON_OPTIONAL, 0, POLICY_CAPACITY_MAX, &seats, r->err);
	member->seats = seats;
	if (ret >= 0)
		ret = case_text(r, json, "pool", JSON_OPTIONAL, &member->pool);
	if (ret >= 0)
		ret = json_get_integer(json, "weight", JSON_OPTIONAL, 1, POLICY_WEIGHT_MAX, &member->weight, r->err);
	if (ret >= 0)
		ret = json_get_integer(json, "round_robin_count", JSON_OPTIONAL, 0, INT32_MAX, &member->made, r->err);
	if (ret >= 0)
		ret = case_instant(r, json, "round_robin_last", JSON_OPTIONAL, &member->last_made);
	return ret < 0 ? ret : case_events(r, json, own, member);
}

static int read_staff(struct reading *r, const struct json_value *root)
{
	static const char *const names[] = {"name", "timezone", "hours", "weight", "round_robin_count", "round_robin_last", "events",
	    NULL};
	struct world *world = &r->result->world;
	const struct policy *policy = &r->result->policy;
	struct json_value list;
	size_t count;
	int ret = case_list(r, root, "staff", JSON_REQUIRED, POLICY_STAFF_MAX, &list, &count);

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
	int ret = case_list(r, root, "resources", JSON_OPTIONAL, EXPLAIN_MEMBERS_MAX, &list, &count);

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
		ret = case_list(r, &object, "dates", JSON_OPTIONAL, HOURS_OVERRIDES_MAX, &list, &count);
	else
		ret = case_list(r, root, "holidays", JSON_OPTIONAL, HOURS_OVERRIDES_MAX, &list, &count);
	if (ret < 0)
		return ret;
	dates = arena_array(r->arena, count + 1, sizeof(*dates));
	if (dates == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct json_value entry = json_entry(&list, i);
		struct moment moment;

		ret = case_moment_of(r, &entry, &moment);
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

/* ---- the question ---- */

static int read_date_start(struct reading *r, const struct json_value *query, const char *name, const struct zone *zone,
    instant_t *at_r)
{
	struct moment moment;
	int ret = case_moment(r, query, name, JSON_REQUIRED, &moment);

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
		ret = case_zone(r, query, "timezone", &result->zone);
	if (ret >= 0)
		ret = json_member(query, "from", JSON_OPTIONAL, JSON_KIND_TEXT, &from, r->err);
	if (ret > 0) {
		ret = read_date_start(r, query, "from", result->zone, &window->start);
		if (ret > 0)
			ret = read_date_start(r, query, "to", result->zone, &window->end);
	} else if (ret == 0) {
		ret = case_instant(r, query, "start", JSON_REQUIRED, &window->start);
		if (ret > 0)
			ret = case_instant(r, query, "end", JSON_REQUIRED, &window->end);
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
	ret = json_value_text(&value, JSON_ONE_LINE, 1, CASE_NAME_MAX, &name, r->err);
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
	int64_t limit = EXPLAIN_LIMIT;
	int ret = json_only(question, names, r->err);

	result->kind = EXPLAIN_REQUEST;
	request->search_days = SLOTS_SEARCH_DAYS;
	if (ret == 0)
		ret = case_instant(r, question, "start", JSON_REQUIRED, &request->start);
	if (ret > 0)
		ret = json_get_boolean(question, "insist_staff", JSON_OPTIONAL, &request->insist, r->err);
	if (ret >= 0)
		ret = json_get_boolean(question, "enforce_alignment", JSON_OPTIONAL, &aligned, r->err);
	if (ret >= 0)
		ret = json_get_integer(question, "limit", JSON_OPTIONAL, 0, SLOTS_OTHERS_MAX, &limit, r->err);
	if (ret >= 0)
		ret = json_get_integer(question, "search_days", JSON_OPTIONAL, 0, EXPLAIN_DAYS_MAX / 2, &request->search_days, r->err);
	if (ret >= 0)
		ret = case_zone(r, question, "customer_timezone", &result->zone);
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
		ret = case_zone(r, question, "timezone", &result->zone);
	if (ret >= 0)
		ret = case_moment(r, question, "start", JSON_REQUIRED, &moment);
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
			case_zone(r, &first, "timezone", &zone);
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
	int ret = case_names(r, root, "ignore_uids", &ignored, &world->ignored_count);

	if (ret == 0)
		world->ignored = ignored;
	return ret;
}

static int read_frame(struct reading *r, const struct json_value *root)
{
	struct explain_case *result = r->result;
	struct json_value service;
	int ret = case_instant(r, root, "now", JSON_REQUIRED, &result->world.now);

	if (ret > 0)
		ret = json_member(root, "service", JSON_REQUIRED, JSON_KIND_OBJECT, &service, r->err);
	if (ret > 0)
		ret = policy_read(r->arena, &service, false, &result->policy, r->err);
	result->world.policy = &result->policy;
	result->world.party = 1;
	if (ret >= 0)
		ret = json_get_integer(root, "party", JSON_OPTIONAL, 1, POLICY_CAPACITY_MAX, &result->world.party, r->err);
	if (ret >= 0)
		ret = case_text(r, root, "token", JSON_OPTIONAL, &result->world.token);
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
		ret = case_zone(r, root, "customer_timezone", &result->zone);
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
		ret = case_bookings(r, root);
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
