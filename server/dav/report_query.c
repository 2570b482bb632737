/*
 * calendar-query (RFC 4791, 7.8). A filter of component and time range alone is answered from the busy index; what the
 * index cannot decide is read and evaluated, and only that.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/dav/multistatus.h"
#include "server/dav/report_private.h"

#define ZONE_SLACK (26 * HOUR_SECONDS) /* how far two zones can lie apart */

/* An object that may match. */
struct candidate {
	uint64_t object;
	bool sure; /* the index decided */
};

struct query {
	struct report *report;
	const struct collection *collection;
	struct filter_plan plan;
	const struct zone *zone;  /* for floating times */
	bool zone_given;          /* by the request: the index was written with another */
	struct candidate *candidates;
	size_t count, capacity;
};

static int add_candidate(struct query *query, uint64_t object, bool sure)
{
	struct candidate *last = query->count > 0 ? &query->candidates[query->count - 1] : NULL;

	if (last != NULL && last->object == object) {
		last->sure |= sure;
		return 0;
	}
	if (query->count == query->capacity) {
		size_t capacity = query->capacity > 0 ? query->capacity * 2 : 64;
		struct candidate *grown = realloc(query->candidates, capacity * sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		query->candidates = grown;
		query->capacity = capacity;
	}
	query->candidates[query->count++] = (struct candidate){object, sure};
	return 0;
}

static bool lies_in(const struct busy *busy, struct interval range)
{
	if (busy->at.start == busy->at.end)
		return busy->at.start >= range.start && busy->at.start < range.end;
	return interval_overlaps(busy->at, range);
}

static int take_row(const struct busy *busy, void *arg)
{
	struct query *query = arg;
	bool sure = query->plan.exact && (busy->flags & BUSY_INEXACT) == 0;

	if (query->plan.components != 0 && (query->plan.components & busy->component) == 0)
		return 0;
	if (query->zone_given && (busy->flags & BUSY_FLOATING) != 0)
		return add_candidate(query, busy->object, false);
	return lies_in(busy, query->plan.range) ? add_candidate(query, busy->object, sure) : 0;
}

static int take_series(const struct series *series, void *arg)
{
	return add_candidate(arg, series->object, false);
}

static int compare(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->object != y->object)
		return x->object < y->object ? -1 : 1;
	return (int)y->sure - (int)x->sure; /* the sure one first: it is the one that stays */
}

static int matches(struct query *query, const struct object *object, bool *matches_r)
{
	struct report *report = query->report;
	struct calendar_object *parsed;
	int ret = report_parse(report, object, &parsed);

	if (ret == 0)
		ret = calendar_filter_match(report->scratch, &report->request.filter, parsed, query->zone, matches_r);
	if (ret == 0)
		calendar_object_free(parsed);
	return ret;
}

static int write_if_matches(struct query *query, const struct object *object, bool sure)
{
	bool match = true;
	int ret = sure ? 0 : matches(query, object, &match);

	return ret < 0 || !match ? ret : report_write_object(query->report, query->collection, object);
}

static int write_candidates(struct query *query)
{
	struct arena *arena = arena_new(1 << 20);
	int ret = arena == NULL ? -ENOMEM : 0;

	if (query->count > 1)
		qsort(query->candidates, query->count, sizeof(*query->candidates), compare);
	for (size_t i = 0; ret == 0 && i < query->count; i++) {
		struct object object;

		if (i > 0 && query->candidates[i].object == query->candidates[i - 1].object)
			continue;
		arena_reset(arena);
		ret = store_object_get_by_id(query->report->txn, arena, query->collection->id,
		    query->candidates[i].object, &object);
		if (ret == 0)
			ret = write_if_matches(query, &object, query->candidates[i].sure);
	}
	arena_free(arena);
	return ret;
}

static int query_range(struct query *query)
{
	struct interval window = query->plan.range;
	struct kv_txn *txn = query->report->txn;
	int ret;

	if (query->zone_given) {
		window.start = instant_add(window.start, -ZONE_SLACK);
		window.end = instant_add(window.end, ZONE_SLACK);
	}
	ret = store_busy_each(txn, query->collection->id, window, take_row, query);
	if (ret == 0)
		ret = store_series_each(txn, query->collection->id, window, take_series, query);
	if (ret == 0)
		ret = write_candidates(query);
	free(query->candidates);
	return ret;
}

static int scan_object(const struct object *object, void *arg)
{
	struct query *query = arg;

	if (query->plan.components != 0 && (query->plan.components & object->component) == 0)
		return 0;
	return write_if_matches(query, object, query->plan.exact);
}

static int query_collection(struct report *report, const struct collection *collection, const struct zone *zone)
{
	struct query query = {.report = report, .collection = collection, .zone = zone, .zone_given = zone != NULL};
	struct dav_resource resource = report->resource;

	resource.collection = collection;
	if (zone == NULL)
		query.zone = dav_zone(report->d, report->txn, &resource);
	calendar_filter_plan(&report->request.filter, &query.plan);
	if (query.plan.has_range)
		return query_range(&query);
	return store_object_each(report->txn, collection->id, scan_object, &query);
}

/* CALDAV:timezone or timezone-id of the request. 0 with *ZONE_R NULL when there is none. */
static int requested_zone(struct report *report, const struct zone **zone_r)
{
	const struct report_request *request = &report->request;

	*zone_r = NULL;
	if (request->timezone_id.len > 0) {
		*zone_r = zone_set_find(report->d->app->zones, request->timezone_id);
		if (*zone_r == NULL)
			return error_set(&report->d->error, 403, CALDAV_VALID_TIMEZONE, "timezone-id: no such time zone");
	} else if (request->timezone.len > 0) {
		*zone_r = dav_zone_of_text(report->d, request->timezone);
		if (*zone_r == NULL)
			return error_set(&report->d->error, 403, CALDAV_VALID_CALENDAR_DATA,
			    "timezone: not an iCalendar object with one VTIMEZONE");
	}
	return 0;
}

struct each_collection {
	struct report *report;
	const struct zone *zone;
};

static int query_one_of_home(const struct collection *collection, void *arg)
{
	struct each_collection *each = arg;
	unsigned access = acl_collection(each->report->d->user, collection, each->report->resource.owner_kind);

	if ((access & ACL_READ) == 0)
		return 0;
	return query_collection(each->report, collection, each->zone);
}

int report_calendar_query(struct report *report)
{
	struct each_collection each = {.report = report};
	int ret = requested_zone(report, &each.zone);

	if (ret < 0)
		return ret;
	multistatus_open(report->out);
	/* many apps leave Depth out or say 0 for a calendar, and mean its objects */
	if (report->resource.kind == DAV_COLLECTION)
		ret = query_collection(report, report->resource.collection, each.zone);
	else if (report->depth == DEPTH_INFINITY)
		ret = store_collection_each(report->txn, report->resource.name, query_one_of_home, &each);
	multistatus_close(report->out, SLICE_EMPTY);
	return ret;
}
