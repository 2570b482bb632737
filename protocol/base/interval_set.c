#include <config.h>

#include "protocol/base/interval_set.h"

#include <errno.h>
#include <string.h>

void interval_set_free(struct interval_set *set)
{
	free(set->at);
	*set = INTERVAL_SET_INIT;
}

static int reserve(struct interval_set *set, size_t count)
{
	size_t capacity = set->capacity > 0 ? set->capacity : 8;
	struct interval *at;

	if (count > INTERVAL_SET_MAX)
		return -E2BIG;
	if (count <= set->capacity)
		return 0;
	while (capacity < count)
		capacity *= 2;
	at = realloc(set->at, capacity * sizeof(*at));
	if (at == NULL)
		return -ENOMEM;
	set->at = at;
	set->capacity = capacity;
	return 0;
}

/* Index of the first interval whose end is at or after AT: the first that something from AT on can touch. */
static size_t first_ending_from(const struct interval_set *set, instant_t at)
{
	size_t low = 0, high = set->count;

	if (high > 0 && set->at[high - 1].end < at)
		return high; /* the usual case of adding in order */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (set->at[middle].end < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int interval_set_add(struct interval_set *set, struct interval one)
{
	size_t from, to;
	int ret;

	if (one.start >= one.end)
		return 0;
	from = to = first_ending_from(set, one.start);
	while (to < set->count && set->at[to].start <= one.end) {
		if (set->at[to].start < one.start)
			one.start = set->at[to].start;
		if (set->at[to].end > one.end)
			one.end = set->at[to].end;
		to++;
	}
	if (from == to) {
		ret = reserve(set, set->count + 1);
		if (ret < 0)
			return ret;
		memmove(set->at + from + 1, set->at + from, (set->count - from) * sizeof(*set->at));
		set->count++;
	} else {
		memmove(set->at + from + 1, set->at + to, (set->count - to) * sizeof(*set->at));
		set->count -= to - from - 1;
	}
	set->at[from] = one;
	return 0;
}

/* Appends to a set that is being made in order, merging what touches. */
static int append(struct interval_set *set, struct interval one)
{
	struct interval *last = set->count > 0 ? &set->at[set->count - 1] : NULL;
	int ret;

	if (one.start >= one.end)
		return 0;
	if (last != NULL && one.start <= last->end) {
		if (one.end > last->end)
			last->end = one.end;
		return 0;
	}
	ret = reserve(set, set->count + 1);
	if (ret == 0)
		set->at[set->count++] = one;
	return ret;
}

/* SET becomes NEW when RET is 0; else NEW is dropped. */
static int replace(struct interval_set *set, struct interval_set *new, int ret)
{
	if (ret < 0) {
		interval_set_free(new);
		return ret;
	}
	interval_set_free(set);
	*set = *new;
	return 0;
}

int interval_set_add_all(struct interval_set *set, const struct interval_set *other)
{
	struct interval_set merged = INTERVAL_SET_INIT;
	size_t i = 0, j = 0;
	int ret = 0;

	while (ret == 0 && (i < set->count || j < other->count)) {
		bool left = j == other->count || (i < set->count && set->at[i].start <= other->at[j].start);

		ret = append(&merged, left ? set->at[i++] : other->at[j++]);
	}
	return replace(set, &merged, ret);
}

int interval_set_subtract(struct interval_set *set, const struct interval_set *other)
{
	struct interval_set left = INTERVAL_SET_INIT;
	size_t j = 0;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < set->count; i++) {
		struct interval rest = set->at[i];

		while (j < other->count && other->at[j].end <= rest.start)
			j++;
		for (size_t k = j; ret == 0 && k < other->count && other->at[k].start < rest.end; k++) {
			ret = append(&left, (struct interval){rest.start, other->at[k].start});
			rest.start = other->at[k].end;
		}
		if (ret == 0)
			ret = append(&left, rest);
	}
	return replace(set, &left, ret);
}

int interval_set_subtract_one(struct interval_set *set, struct interval one)
{
	struct interval_set other = {&one, one.start < one.end, 1};

	return interval_set_subtract(set, &other);
}

void interval_set_clip(struct interval_set *set, struct interval window)
{
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct interval one = set->at[i];

		if (one.start < window.start)
			one.start = window.start;
		if (one.end > window.end)
			one.end = window.end;
		if (one.start < one.end)
			set->at[kept++] = one;
	}
	set->count = kept;
}

int interval_set_complement(struct interval_set *set, struct interval window)
{
	struct interval_set whole = INTERVAL_SET_INIT;
	int ret = interval_set_add(&whole, window);

	if (ret == 0)
		ret = interval_set_subtract(&whole, set);
	return replace(set, &whole, ret);
}

int interval_set_intersect(struct interval_set *set, const struct interval_set *other)
{
	struct interval_set common = INTERVAL_SET_INIT;
	size_t i = 0, j = 0;
	int ret = 0;

	while (ret == 0 && i < set->count && j < other->count) {
		struct interval a = set->at[i], b = other->at[j];

		ret = append(&common,
		    (struct interval){a.start > b.start ? a.start : b.start, a.end < b.end ? a.end : b.end});
		if (a.end < b.end)
			i++;
		else
			j++;
	}
	return replace(set, &common, ret);
}

bool interval_set_overlaps(const struct interval_set *set, struct interval one)
{
	size_t i = first_ending_from(set, one.start);

	if (i < set->count && set->at[i].end == one.start)
		i++;
	return i < set->count && interval_overlaps(set->at[i], one);
}

bool interval_set_covers(const struct interval_set *set, struct interval one)
{
	size_t i;

	if (one.start >= one.end)
		return true;
	i = first_ending_from(set, one.end);
	return i < set->count && set->at[i].start <= one.start;
}

int64_t interval_set_total(const struct interval_set *set)
{
	int64_t total = 0;

	for (size_t i = 0; i < set->count; i++)
		total += set->at[i].end - set->at[i].start;
	return total;
}
