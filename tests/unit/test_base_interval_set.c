/* Interval sets against a bitmap: every operation, many random sets. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "protocol/base/interval_set.h"

#define SPAN 96

struct model {
	bool on[SPAN];
};

static uint32_t seed = 12345;

static unsigned next_random(unsigned below)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % below;
}

static struct interval random_interval(void)
{
	instant_t start = next_random(SPAN), end = start + next_random(14);

	return (struct interval){start, end > SPAN ? SPAN : end};
}

static void paint(struct model *model, struct interval one, bool on)
{
	for (instant_t i = one.start; i < one.end; i++)
		model->on[i] = on;
}

static void assert_same(const struct interval_set *set, const struct model *model, const char *what)
{
	struct model seen = {0};

	for (size_t i = 0; i < set->count; i++) {
		if (set->at[i].start >= set->at[i].end || (i > 0 && set->at[i].start <= set->at[i - 1].end))
			fail_msg("%s: interval %zu is empty, unsorted or touches the one before", what, i);
		paint(&seen, set->at[i], true);
	}
	if (memcmp(&seen, model, sizeof(seen)) != 0)
		fail_msg("%s: not what the bitmap says", what);
}

static void fill(struct interval_set *set, struct model *model)
{
	for (unsigned n = next_random(12); n > 0; n--) {
		struct interval one = random_interval();

		assert_int_equal(interval_set_add(set, one), 0);
		paint(model, one, true);
	}
	assert_same(set, model, "add");
}

static void test_operations_agree_with_a_bitmap(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		AUTO_INTERVAL_SET struct interval_set a = INTERVAL_SET_INIT, b = INTERVAL_SET_INIT;
		struct model ma = {0}, mb = {0};
		struct interval one = random_interval();
		bool overlaps = false, covers = true;

		fill(&a, &ma);
		fill(&b, &mb);
		for (instant_t i = one.start; i < one.end; i++) {
			overlaps |= ma.on[i];
			covers &= ma.on[i];
		}
		assert_int_equal(interval_set_overlaps(&a, one), overlaps);
		assert_int_equal(interval_set_covers(&a, one), covers);
		switch (round % 5) {
		case 0:
			assert_int_equal(interval_set_add_all(&a, &b), 0);
			for (int i = 0; i < SPAN; i++)
				ma.on[i] |= mb.on[i];
			break;
		case 1:
			assert_int_equal(interval_set_subtract(&a, &b), 0);
			for (int i = 0; i < SPAN; i++)
				ma.on[i] &= !mb.on[i];
			break;
		case 2:
			assert_int_equal(interval_set_intersect(&a, &b), 0);
			for (int i = 0; i < SPAN; i++)
				ma.on[i] &= mb.on[i];
			break;
		case 3:
			assert_int_equal(interval_set_complement(&a, one), 0);
			for (int i = 0; i < SPAN; i++)
				ma.on[i] = !ma.on[i] && i >= one.start && i < one.end;
			break;
		case 4:
			interval_set_clip(&a, one);
			for (int i = 0; i < SPAN; i++)
				ma.on[i] &= i >= one.start && i < one.end;
			break;
		}
		assert_same(&a, &ma, "operation");
	}
}

static void test_touching_intervals_do_not_overlap(void **state)
{
	(void)state;
	assert_false(interval_overlaps((struct interval){0, 3600}, (struct interval){3600, 7200}));
	assert_false(interval_overlaps((struct interval){0, 3600}, (struct interval){1800, 1800}));
	assert_true(interval_overlaps((struct interval){0, 3600}, (struct interval){3599, 7200}));
}

static void test_a_set_above_its_limit_stays_as_it_was(void **state)
{
	AUTO_INTERVAL_SET struct interval_set set = INTERVAL_SET_INIT;

	(void)state;
	for (int64_t i = 0; i < INTERVAL_SET_MAX; i++)
		assert_int_equal(interval_set_add(&set, (struct interval){i * 2, i * 2 + 1}), 0);
	assert_true(interval_set_add(&set, (struct interval){-10, -9}) < 0);
	assert_int_equal(set.count, INTERVAL_SET_MAX);
	assert_int_equal(interval_set_total(&set), INTERVAL_SET_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_operations_agree_with_a_bitmap),
	    cmocka_unit_test(test_touching_intervals_do_not_overlap),
	    cmocka_unit_test(test_a_set_above_its_limit_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
