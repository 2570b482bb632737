/*
 * slots_bench - the slots of one service for 30 days, with 1, 10 and 100 members of staff who have 500 events each.
 *
 * Beside each: the least that any answer costs, which is to read every event and every start that the grid has once. Prints
 * CPU time per list, and the ratio.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "protocol/ical/calendar_object.h"
#include "server/base/tzdata.h"
#include "server/booking/rules/slots.h"

#define DAYS       30
#define EVENTS     500
#define STAFF_MAX  100
#define BEGIN      INT64_C(1893452400) /* 2030-01-01T00:00:00+01:00 */
#define LISTS      60000               /* member lists timed in one row */
#define ARENA_MAX  (256u << 20)

static const char service[] = "{\"name\":\"x\",\"duration_minutes\":30,\"buffer_after_minutes\":10,\"staff\":[\"a\"]}";
static const char hours_text[] = "{\"timezone\":\"Europe/Amsterdam\",\"weekly\":{\"mon\":[[\"09:00\",\"12:30\"],[\"13:00\",\"17:00\"]],"
                                 "\"tue\":[[\"09:00\",\"17:00\"]],\"wed\":[[\"09:00\",\"17:00\"]],\"thu\":[[\"09:00\",\"17:00\"]],"
                                 "\"fri\":[[\"09:00\",\"15:00\"]]}}";

static uint64_t seed = 1;

static unsigned below(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % limit);
}

static double cpu_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare(const void *left, const void *right)
{
	const struct taken *a = left, *b = right;

	return (a->at.start > b->at.start) - (a->at.start < b->at.start);
}

/* Half an hour each, anywhere in the 30 days: about one in five starts stays free. */
static struct taken *some_events(struct arena *arena)
{
	struct taken *events = arena_array(arena, EVENTS, sizeof(*events));

	for (size_t i = 0; events != NULL && i < EVENTS; i++) {
		events[i].at.start = BEGIN + (int64_t)below(DAYS * 24 * 4) * 15 * MINUTE_SECONDS;
		events[i].at.end = events[i].at.start + 30 * MINUTE_SECONDS;
	}
	if (events != NULL)
		qsort(events, EVENTS, sizeof(*events), compare);
	return events;
}

static int count_slot(const struct slot *slot, void *arg)
{
	(void)slot;
	++*(size_t *)arg;
	return 0;
}

static int list(struct arena *arena, struct world *world, size_t *slots_r)
{
	const struct interval window = {BEGIN, BEGIN + DAYS * DAY_SECONDS};
	int ret = world_prepare(world, window);

	*slots_r = 0;
	if (ret == 0)
		ret = slots_each(arena, world, window, NULL, count_slot, slots_r);
	world_done(world);
	return ret;
}

/* Every event and every start of the grid, looked at once. */
static int64_t read_once(const struct world *world)
{
	int64_t sum = 0;

	for (size_t i = 0; i < world->staff_count; i++) {
		const struct member *member = &world->staff[i];
		size_t next = 0;

		for (instant_t start = BEGIN; start < BEGIN + DAYS * DAY_SECONDS; start += 30 * MINUTE_SECONDS) {
			while (next < member->taken_count && member->taken[next].at.end <= start)
				next++;
			sum += next < member->taken_count && member->taken[next].at.start < start + 30 * MINUTE_SECONDS;
		}
	}
	return sum;
}

static int row(struct arena *arena, struct world *world, size_t staff)
{
	size_t rounds = LISTS / staff / 10, slots = 0;
	volatile int64_t sink = 0;
	double began, lists, reads;

	world->staff_count = staff;
	began = cpu_seconds();
	for (size_t i = 0; i < rounds; i++) {
		arena_reset(arena);
		if (list(arena, world, &slots) < 0)
			return 1;
	}
	lists = (cpu_seconds() - began) / (double)rounds;
	began = cpu_seconds();
	for (size_t i = 0; i < rounds; i++)
		sink += read_once(world);
	reads = (cpu_seconds() - began) / (double)rounds;
	printf("| %zu | %zu | %.3f | %.3f | %.1f |\n", staff, slots, lists * 1e3, reads * 1e3, lists / reads);
	return 0;
}

static int run(struct arena *kept, struct arena *scratch, const struct zone_set *zones)
{
	AUTO_JSON struct json_document *document = NULL;
	struct world world = {.now = BEGIN - DAY_SECONDS, .party = 1};
	struct error err = ERROR_NONE;
	struct json_value root;
	struct policy policy;
	struct hours hours;

	if (json_read(slice_str(service), sizeof(service), &document, &err) < 0)
		return 1;
	root = json_root(document);
	world.staff = arena_array(kept, STAFF_MAX, sizeof(*world.staff));
	if (policy_read(kept, &root, true, &policy, &err) < 0 || hours_parse(kept, slice_str(hours_text), &hours, &err) < 0 ||
	    world.staff == NULL)
		return 1;
	policy.assignment = ASSIGN_ANY;
	world.policy = &policy;
	for (size_t i = 0; i < STAFF_MAX; i++)
		world.staff[i] = (struct member){.name = SLICE("a"), .zone = zone_set_find(zones, SLICE("Europe/Amsterdam")),
		    .hours = &hours, .taken = some_events(kept), .taken_count = EVENTS, .weight = 1};
	printf("| staff | slots | list, ms | read once, ms | ratio |\n|--:|--:|--:|--:|--:|\n");
	return row(scratch, &world, 1) || row(scratch, &world, 10) || row(scratch, &world, STAFF_MAX);
}

int main(void)
{
	struct arena *kept = arena_new(ARENA_MAX), *scratch = arena_new(ARENA_MAX);
	struct zone_set *zones = NULL;
	struct error err = ERROR_NONE;
	int failed;

	calendar_object_init();
	if (kept == NULL || scratch == NULL || tzdata_load(NULL, &zones, &err) < 0) {
		fprintf(stderr, "slots_bench: %s\n", err.detail);
		return 1;
	}
	failed = run(kept, scratch, zones);
	zone_set_free(zones);
	arena_free(scratch);
	arena_free(kept);
	return failed;
}
