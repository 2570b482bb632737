#include <config.h>

#include "server/booking/rules/conflict.h"

#include <string.h>

void conflicts_add(struct conflicts *conflicts, struct interval clash)
{
	size_t i = 0;

	while (i < conflicts->count && (conflicts->at[i].start < clash.start ||
	    (conflicts->at[i].start == clash.start && conflicts->at[i].end < clash.end)))
		i++;
	if (i == CONFLICTS_MAX)
		return;
	if (i < conflicts->count && conflicts->at[i].start == clash.start && conflicts->at[i].end == clash.end)
		return;
	if (conflicts->count < CONFLICTS_MAX)
		conflicts->count++;
	memmove(&conflicts->at[i + 1], &conflicts->at[i], (conflicts->count - 1 - i) * sizeof(conflicts->at[0]));
	conflicts->at[i] = clash;
}

void conflict_within(const struct interval *proposed, size_t count, struct conflicts *conflicts)
{
	struct interval longest = {0, 0}; /* of those before: the one that ends last */

	for (size_t i = 0; i < count; i++) {
		if (i > 0 && conflict_between(proposed[i], longest))
			conflicts_add(conflicts, proposed[i]);
		if (i == 0 || proposed[i].end > longest.end)
			longest = proposed[i];
	}
}

size_t conflict_newly_claimed(const struct interval *proposed, size_t count, const struct interval_set *held,
    struct interval *kept)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (!interval_set_covers(held, proposed[i]))
			kept[n++] = proposed[i];
	}
	return n;
}
