#include <config.h>

#include <errno.h>

#include "protocol/recur/instances.h"
#include "protocol/recur/override.h"
#include "protocol/recur/rule.h"
#include "protocol/recur/screen.h"

static void widen(struct interval *span, struct interval at)
{
	if (at.start < span->start)
		span->start = at.start;
	if (at.end > span->end)
		span->end = at.end;
}

/* 0 or -EINVAL with *ERR. */
static int read_rules(const struct component *master, const struct recur_frame *frame, bool *endless_r,
    struct error *err)
{
	size_t count = component_rrule_count(master);
	bool endless = false;

	for (size_t i = 0; i < count && i < RECUR_RULES_MAX; i++) {
		struct recur_rule rule;
		int ret = recur_rule_parse(component_rrule(master, i), &rule, err);

		if (ret == 0)
			ret = recur_screen(&rule, frame->start, frame->is_date, recur_frame_until(frame, &rule).local, err);
		if (ret < 0)
			return ret;
		endless |= !rule.has_until && rule.count == 0;
	}
	*endless_r = endless;
	return 0;
}

/*
 * No instance is before the earliest of DTSTART, the RDATEs and the overrides; what a THISANDFUTURE moves back is moved
 * no further than the override itself.
 */
static int span_unexpanded(struct arena *arena, const struct calendar_object *object, const struct recur_extent *master,
    const struct recur_frame *frame, struct interval *span_r)
{
	struct recur_overrides overrides;
	const struct ical_period *rdates;
	size_t count = component_rdates(calendar_object_master(object), &rdates);
	int ret = recur_overrides_collect(arena, object, master, frame->floating, &overrides);
	struct interval span = master->at;

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < count; i++)
		widen(&span, (struct interval){recur_frame_named(frame, &rdates[i].start), INSTANT_MIN});
	for (size_t i = 0; i < overrides.count; i++) {
		if (!overrides.at[i].extent.never)
			widen(&span, overrides.at[i].extent.at);
	}
	*span_r = (struct interval){instant_add(span.start, overrides.shift_min), INSTANT_MAX};
	return 0;
}

static int span_expanded(struct arena *arena, const struct calendar_object *object, const struct zone *floating,
    struct interval *span_r, struct error *err)
{
	struct instances_options options = {floating, {INSTANT_MIN, INSTANT_MAX}, 0};
	struct interval span = {INSTANT_MAX, INSTANT_MIN};
	struct instances all;
	int ret = recur_instances(arena, object, &options, &all, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < all.count; i++)
		widen(&span, recur_instance_hull(&all.at[i]));
	*span_r = all.count > 0 ? span : (struct interval){0, 0};
	return 0;
}

int recur_span(struct arena *arena, const struct calendar_object *object, const struct zone *floating,
    struct interval *span_r, struct error *err)
{
	const struct component *master = calendar_object_master(object);
	struct recur_extent extent;
	struct recur_frame frame;
	struct error refusal = {0};
	bool endless;
	int ret;

	if (master == NULL)
		return span_expanded(arena, object, floating, span_r, err);
	recur_extent_of(master, floating, &extent);
	if (!extent.has_start)
		return span_expanded(arena, object, floating, span_r, err);
	recur_frame_init(&frame, &extent.start, floating);
	ret = read_rules(master, &frame, &endless, err);
	if (ret < 0)
		return ret;
	if (!endless) {
		ret = span_expanded(arena, object, floating, span_r, &refusal);
		if (ret != -EINVAL || component_rrule_count(master) > RECUR_RULES_MAX) {
			if (ret == -EINVAL && err != NULL)
				*err = refusal;
			return ret;
		}
	}
	/* Endless, or so many instances that the last one is too far away to know. */
	return span_unexpanded(arena, object, &extent, &frame, span_r);
}
