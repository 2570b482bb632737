/*
 * Rules and whole objects, hostile ones among them: time is bounded by steps, results are sorted, distinct, inside the
 * window, and a slice of an expansion is the expansion of the slice.
 *
 * An input that begins with BEGIN: is an iCalendar object, anything else the text of one RRULE.
 */
#include <config.h>

#include <stdlib.h>

#include "protocol/freebusy/busy.h"
#include "protocol/recur/instances.h"
#include "protocol/recur/iterator.h"
#include "protocol/recur/screen.h"
#include "tests/support/zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define START  INT64_C(1767258000) /* 2026-01-01T09:00:00 */
#define STEPS  20000
#define MEMORY (64 << 20)

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_rule(struct slice text)
{
	uint32_t steps = STEPS;
	struct recur_iterator_options options = {.start = START,
		.from = INT64_MIN,
		.limit = INT64_MAX,
		.until = INT64_MAX,
		.steps = &steps};
	struct recur_rule rule;
	struct recur_iterator it;
	int64_t local, last = START;
	size_t found = 0;
	enum recur_next next;

	if (recur_rule_parse(text, &rule, NULL) < 0)
		return;
	recur_screen(&rule, START, false, INT64_MAX, NULL);
	recur_iterator_init(&it, &rule, &options);
	while ((next = recur_iterator_next(&it, &local)) == RECUR_FOUND) {
		require(local > last && local < INSTANT_MAX);
		last = local;
		found++;
	}
	require(found <= STEPS);
	require(next == RECUR_END || (next == RECUR_COSTLY && steps == 0));
	require(rule.count == 0 || found < rule.count);
}

static bool is_found(const struct instances *all, const struct instance *wanted)
{
	for (size_t i = 0; i < all->count; i++) {
		if (all->at[i].at.start == wanted->at.start && all->at[i].at.end == wanted->at.end &&
		    all->at[i].recurrence_id == wanted->recurrence_id)
			return true;
	}
	return false;
}

static void check_sorted(const struct instances *all, struct interval window)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct instance *one = &all->at[i];

		require(one->at.start <= one->at.end && one->component != NULL && one->ordinal < all->count);
		require(recur_instance_hull(one).start < window.end && recur_instance_hull(one).end >= window.start);
		require(i == 0 || all->at[i - 1].at.start <= one->at.start);
	}
}

static void check_object(struct arena *arena, const struct calendar_object *object, const struct zone *zone)
{
	struct instances_options whole = {zone, {START - 40 * DAY_SECONDS, START + 400 * DAY_SECONDS}, 500};
	struct instances_options part = {zone, {START + 30 * DAY_SECONDS, START + 60 * DAY_SECONDS}, 500};
	struct instances all, some;
	struct busy_list rows;
	struct interval span;

	if (recur_span(arena, object, zone, &span, NULL) == 0)
		require(span.start <= span.end);
	if (recur_instances(arena, object, &whole, &all, NULL) < 0)
		return;
	check_sorted(&all, whole.window);
	if (recur_instances(arena, object, &part, &some, NULL) < 0)
		return;
	check_sorted(&some, part.window);
	for (size_t i = 0; i < some.count; i++)
		require(is_found(&all, &some.at[i]));
	for (size_t i = 0; i < all.count; i++)
		require(!interval_overlaps(all.at[i].at, part.window) || is_found(&some, &all.at[i]));
	if (freebusy_rows(arena, object, SLICE("anna@example.com"), &whole, &rows, NULL) == 0)
		require(rows.count >= all.count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"Europe/Berlin", "Australia/Lord_Howe", NULL};
	static struct zone_set *zones;
	struct slice text = {(const char *)data, size};
	struct calendar_object *object;
	struct arena *arena;

	if (zones == NULL) {
		calendar_object_init();
		zones = support_zones(names);
	}
	if (!slice_starts(text, SLICE("BEGIN:"))) {
		check_rule(text);
		return 0;
	}
	arena = arena_new(MEMORY);
	if (arena != NULL && calendar_object_parse(arena, zones, text, 65536, &object, NULL) == 0) {
		check_object(arena, object, zone_set_find(zones, SLICE("Europe/Berlin")));
		calendar_object_free(object);
	}
	arena_free(arena);
	return 0;
}
