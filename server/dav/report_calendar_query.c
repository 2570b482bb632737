/*
 * calendar-query (RFC 4791, 7.8). What the busy index decides is answered from it: a query by component and time range
 * reads no object but those whose rows are only a hull. Everything else is found by the index where it can be, and looked
 * at one object at a time.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/dav/multistatus.h"
#include "protocol/ical/calendar_object.h"
#include "server/dav/reports.h"

#define ZONES_APART   (26 * HOUR_SECONDS) /* between the first and the last place on earth where a date begins */
#define SCRATCH_BYTES (64u << 20)         /* for one object while it is looked at */

struct hit {
	uint64_t object;
	bool sure; /* the index says that it matches component and range */
};

struct query {
	struct report *report;
	struct dav_resource member;
	struct filter_plan plan;
	const struct zone *floating; /* for dates and floating times */
	bool other_zone;             /* FLOATING is not the one that the index was made with */
	struct hit *hits;
	size_t count, capacity;
	struct arena *scratch;
};

/* ---- looking at an object ---- */

static int match(struct query *query, const struct object *object, bool *matches_r)
{
	const struct report *report = query->report;
	struct calendar_object *parsed;
	struct slice body;
	int ret = store_body_get(report->txn, object->id, &body);

	*matches_r = false;
	if (ret < 0)
		return ret == -ENOENT ? -EBADMSG : ret;
	arena_reset(query->scratch);
	ret = calendar_object_read(query->scratch, report->d->app->zones, body, &parsed);
	if (ret < 0)
		return ret == -EBADMSG ? 0 : ret; /* stored by a reader that knew more: it is found without a filter */
	ret = calendar_filter_match(query->scratch, &report->request.filter, parsed, query->floating, matches_r);
	calendar_object_free(parsed);
	return ret;
}

static int consider(struct query *query, const struct object *object, bool sure)
{
	bool matches = sure && query->plan.exact;
	int ret = 0;

	if (query->plan.components != 0 && (query->plan.components & object->component) == 0)
		return 0;
	if (!matches)
		ret = match(query, object, &matches);
	return ret == 0 && matches ? report_add_object(query->report, object) : ret;
}

static int see_object(const struct object *object, void *arg)
{
	return consider(arg, object, true);
}

/* ---- by time range ---- */

static int add_hit(struct query *query, uint64_t object, bool sure)
{
	if (query->count == query->capacity) {
		size_t capacity = query->capacity ? query->capacity * 2 : 256;
		struct hit *grown = arena_array(query->report->d->arena, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		if (query->count > 0)
			memcpy(grown, query->hits, query->count * sizeof(*grown));
		query->hits = grown;
		query->capacity = capacity;
	}
	query->hits[query->count++] = (struct hit){object, sure};
	return 0;
}

static bool in_range(struct interval at, struct interval range)
{
	return at.start < at.end ? interval_overlaps(at, range) : at.start >= range.start && at.start < range.end;
}

static int see_row(const struct busy *busy, void *arg)
{
	struct query *query = arg;
	bool sure = (busy->flags & BUSY_INEXACT) == 0;

	if (query->plan.components != 0 && (query->plan.components & busy->component) == 0)
		return 0;
	if (query->other_zone) {
		if ((busy->flags & BUSY_FLOATING) != 0)
			sure = false;
		else if (!in_range(busy->at, query->plan.range))
			return 0;
	}
	return add_hit(query, busy->object, sure);
}

static int see_series(const struct series *series, void *arg)
{
	return add_hit(arg, series->object, false);
}

static int compare_hits(const void *left, const void *right)
{
	const struct hit *a = left, *b = right;

	if (a->object != b->object)
		return a->object < b->object ? -1 : 1;
	return (int)b->sure - (int)a->sure; /* sure ones first: they are kept */
}

static int find_hits(struct query *query)
{
	uint64_t collection = query->report->resource.collection->id;
	struct kv_txn *txn = query->report->txn;
	struct interval window = query->plan.range;
	int ret;

	if (query->other_zone)
		window = (struct interval){instant_add(window.start, -ZONES_APART), instant_add(window.end, ZONES_APART)};
	ret = store_busy_each(txn, collection, window, see_row, query);
	if (ret == 0)
		ret = store_series_each(txn, collection, window, see_series, query);
	if (ret == 0 && query->count > 0)
		qsort(query->hits, query->count, sizeof(*query->hits), compare_hits);
	return ret;
}

static int answer_hits(struct query *query)
{
	struct report *report = query->report;
	uint64_t collection = report->resource.collection->id;

	for (size_t i = 0; i < query->count; i++) {
		struct object object;
		int ret;

		if (i > 0 && query->hits[i].object == query->hits[i - 1].object)
			continue;
		ret = store_object_get_by_id(report->txn, report->d->arena, collection, query->hits[i].object, &object);
		if (ret == 0)
			ret = consider(query, &object, query->hits[i].sure);
		if (ret < 0)
			return ret == -ENOENT ? -EBADMSG : ret;
	}
	return 0;
}

/* ---- the zone that dates are read in (RFC 4791, 9.8 and RFC 7809, 4.3) ---- */

static int find_zone(struct query *query)
{
	struct report *report = query->report;
	struct dav_request *d = report->d;
	const struct report_request *request = &report->request;
	const struct zone *own = dav_zone(d, report->txn, &report->resource);

	query->floating = own;
	if (request->timezone_id.len > 0) {
		query->floating = zone_set_find(d->app->zones, request->timezone_id);
		if (query->floating == NULL)
			return error_set(&d->error, 403, CALDAV_VALID_TIMEZONE, "no such time zone");
	} else if (request->timezone.len > 0) {
		query->floating = dav_zone_of_text(d, request->timezone);
		if (query->floating == NULL)
			return error_set(&d->error, 403, CALDAV_VALID_CALENDAR_DATA, "timezone: no VTIMEZONE that can be read");
	}
	query->other_zone = query->floating != own;
	return 0;
}

int report_calendar_query(struct report *report)
{
	struct query query = {.report = report};
	int ret = find_zone(&query);

	if (ret < 0)
		return ret;
	query.scratch = arena_new(SCRATCH_BYTES);
	if (query.scratch == NULL)
		return -ENOMEM;
	calendar_filter_plan(&report->request.filter, &query.plan);
	report_begin_members(report, &query.member);
	if (query.plan.has_range) {
		ret = find_hits(&query);
		if (ret == 0)
			ret = answer_hits(&query);
	} else {
		ret = store_object_each(report->txn, report->resource.collection->id, see_object, &query);
	}
	arena_free(query.scratch);
	multistatus_close(report_body(report), SLICE_EMPTY);
	return ret;
}
