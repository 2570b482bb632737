#include <config.h>

#include "server/booking/rules/alternatives.h"

#include <assert.h>

#include "protocol/ical/zoned_time.h"

#define KEPT_MAX 16

struct candidate {
	int64_t cost; /* seconds */
	struct interval at;
};

struct search {
	const struct alternatives_query *query;
	int64_t date; /* of the wanted start */
	int64_t length;
	struct candidate kept[KEPT_MAX]; /* the cheapest so far, sorted */
	size_t count, max;
};

struct interval alternatives_window(struct interval wanted)
{
	return (struct interval){
		instant_add(wanted.start, -ALTERNATIVES_REACH),
		instant_add(wanted.end, ALTERNATIVES_REACH + 1),
	};
}

static void keep(struct search *search, struct candidate candidate)
{
	size_t i = search->count;

	if (i == search->max) {
		/* Candidates come in order of time, so of equal cost the one that is there is the earlier. */
		if (candidate.cost >= search->kept[i - 1].cost)
			return;
		i--;
	} else {
		search->count++;
	}
	for (; i > 0 && search->kept[i - 1].cost > candidate.cost; i--)
		search->kept[i] = search->kept[i - 1];
	search->kept[i] = candidate;
}

static void consider(struct search *search, instant_t start)
{
	const struct alternatives_query *query = search->query;
	struct candidate candidate = {.at = {start, instant_add(start, search->length)}};
	int64_t away = start - query->wanted.start;

	if (start < query->now)
		return;
	if (interval_set_overlaps(query->busy, candidate.at))
		return;
	if (query->open != NULL && !interval_set_covers(query->open, candidate.at))
		return;
	candidate.cost = away < 0 ? -away : away;
	if (zoned_day_of(query->zone, start) != search->date)
		candidate.cost += ALTERNATIVES_OTHER_DATE_MINUTES * MINUTE_SECONDS;
	keep(search, candidate);
}

/* The starts from FROM to before TO, between which the offset does not change. */
static void walk(struct search *search, instant_t from, instant_t to, int offset)
{
	int64_t step = search->query->step_minutes * MINUTE_SECONDS;
	int64_t past = (from + offset) % step;

	if (past < 0)
		past += step;
	for (instant_t start = past == 0 ? from : from + step - past; start < to; start += step)
		consider(search, start);
}

size_t alternatives_find(const struct alternatives_query *query, struct interval *found, size_t max)
{
	struct search search = {
		.query = query,
		.date = zoned_day_of(query->zone, query->wanted.start),
		.length = query->wanted.end - query->wanted.start,
		.max = max < KEPT_MAX ? max : KEPT_MAX,
	};
	instant_t from = instant_add(query->wanted.start, -ALTERNATIVES_REACH);
	instant_t last = instant_add(query->wanted.start, ALTERNATIVES_REACH);

	assert(query->step_minutes > 0 && 1440 % query->step_minutes == 0);
	if (search.max == 0)
		return 0;
	while (from <= last) {
		instant_t next = zone_next_transition(query->zone, from);

		if (next > last)
			next = last + 1;
		walk(&search, from, next, zone_offset_at(query->zone, from));
		from = next;
	}
	for (size_t i = 0; i < search.count; i++)
		found[i] = search.kept[i].at;
	return search.count;
}
