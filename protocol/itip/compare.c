/* What is whose in a scheduled object, and whether two components say the same. */
#include <config.h>

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"
#include "protocol/itip/view.h"
#include "protocol/recur/instances.h"

static bool is_in(struct slice name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is_nocase(name, names[i]))
			return true;
	return false;
}

bool itip_is_personal(struct slice name)
{
	static const char *const names[] = {"TRANSP", "CATEGORIES", "COLOR", "PERCENT-COMPLETE", "COMPLETED"};

	return slice_starts_nocase(name, SLICE("X-")) || is_in(name, names, ARRAY_LEN(names));
}

void itip_take_personal(struct itip_view *view, struct draft_part *part, const struct draft_part *from)
{
	struct draft_line *next;

	for (struct draft_line *line = part->first; line != NULL; line = next) {
		next = line->next;
		if (line->name.len > 0 && itip_is_personal(line->name))
			draft_remove(part, line);
	}
	draft_remove_inside(part);
	for (const struct draft_line *line = from->first; line != NULL; line = line->next)
		if (line->name.len > 0 && itip_is_personal(line->name))
			draft_copy_line(view->draft, part, line);
	draft_copy_inside(view->draft, part, from);
}

/* ---- times ---- */

struct extent {
	bool has_start, has_end, is_date;
	instant_t start, end;
};

static struct extent extent_of(const struct itip_env *env, const struct component *c)
{
	struct ical_duration duration;
	struct ical_time start, end;
	struct extent extent = {.has_start = component_time(c, "DTSTART", &start)};

	if (extent.has_start) {
		extent.start = ical_time_instant(&start, env->floating);
		extent.is_date = start.is_date;
	}
	extent.has_end = component_time(c, "DTEND", &end) || component_time(c, "DUE", &end);
	if (extent.has_end) {
		extent.end = ical_time_instant(&end, env->floating);
	} else if (extent.has_start) {
		int64_t seconds = start.is_date && component_bit(c) == ICAL_VEVENT ? DAY_SECONDS : 0;

		if (component_duration(c, &duration))
			seconds = duration.days * DAY_SECONDS + duration.seconds;
		extent.end = instant_add(extent.start, seconds);
	}
	return extent;
}

/* The parts of a rule in any order. */
static bool rule_within(struct slice a, struct slice b)
{
	struct slice part, other;

	while (slice_next(&a, ';', &part)) {
		struct slice rest = b;
		bool found = slice_trim(part).len == 0;

		while (!found && slice_next(&rest, ';', &other))
			found = slice_equal_nocase(slice_trim(part), slice_trim(other));
		if (!found)
			return false;
	}
	return true;
}

static bool same_rules(const struct component *a, const struct component *b)
{
	if (component_rrule_count(a) != component_rrule_count(b))
		return false;
	for (size_t i = 0; i < component_rrule_count(a); i++)
		if (!rule_within(component_rrule(a, i), component_rrule(b, i)) ||
		    !rule_within(component_rrule(b, i), component_rrule(a, i)))
			return false;
	return true;
}

static bool rdates_within(const struct itip_env *env, const struct component *a, const struct component *b)
{
	const struct ical_period *of_a, *of_b;
	size_t count_a = component_rdates(a, &of_a), count_b = component_rdates(b, &of_b);

	for (size_t i = 0; i < count_a; i++) {
		instant_t at = recur_named_instant(a, &of_a[i].start, env->floating);
		bool found = false;

		for (size_t j = 0; !found && j < count_b; j++)
			found = recur_named_instant(b, &of_b[j].start, env->floating) == at;
		if (!found)
			return false;
	}
	return true;
}

bool itip_same_times(const struct itip_env *env, const struct component *a, const struct component *b)
{
	struct extent x = extent_of(env, a), y = extent_of(env, b);

	if (x.has_start != y.has_start || x.is_date != y.is_date || x.start != y.start || x.end != y.end)
		return false;
	return same_rules(a, b) && rdates_within(env, a, b) && rdates_within(env, b, a);
}

bool itip_same_as_master(const struct itip_env *env, const struct component *override, instant_t id,
    const struct component *master)
{
	struct extent x = extent_of(env, override), y = extent_of(env, master);

	return x.has_start && y.has_start && x.is_date == y.is_date && x.start == id && x.end - x.start == y.end - y.start;
}

/* ---- content ---- */

/* Compared elsewhere, or of no weight: Android and Outlook write them anew with every change. */
static bool is_passed_over(struct slice name)
{
	static const char *const names[] = {"DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE",
	    "RECURRENCE-ID", "ATTENDEE", "ORGANIZER", "UID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "SEQUENCE", "COMMENT",
	    "REQUEST-STATUS", "ACKNOWLEDGED"};

	return itip_is_personal(name) || is_in(name, names, ARRAY_LEN(names));
}

/* What an app stands in for a property that is missing. */
static struct slice meant(struct slice name, struct slice value)
{
	static const char *const defaults[][2] = {{"STATUS", "CONFIRMED"}, {"CLASS", "PUBLIC"}, {"PRIORITY", "0"}};

	for (size_t i = 0; i < ARRAY_LEN(defaults); i++)
		if (slice_is_nocase(name, defaults[i][0]) && slice_is_nocase(slice_trim(value), defaults[i][1]))
			return SLICE_EMPTY;
	return value;
}

/* White space aside: apps wrap, trim and end lines in their own ways. */
static bool same_words(struct slice a, struct slice b)
{
	size_t i = 0, j = 0;

	for (;;) {
		while (i < a.len && ascii_is_space(a.at[i]))
			i++;
		while (j < b.len && ascii_is_space(b.at[j]))
			j++;
		if (i == a.len || j == b.len)
			return i == a.len && j == b.len;
		if (a.at[i++] != b.at[j++])
			return false;
	}
}

/* Comparisons of lines: what has more is taken for different, which costs a message and no time. */
#define COMPARISONS_MAX 1000000

bool itip_content_within(const struct component *a, const struct component *b)
{
	size_t comparisons = 0;

	for (size_t i = 0; i < component_property_count(a); i++) {
		const struct ical_property *p = component_property_at(a, i);
		struct slice name = ical_property_name(p), value = meant(name, ical_property_value(p));
		bool found = value.len == 0 || is_passed_over(name);

		for (size_t j = 0; !found && j < component_property_count(b); j++) {
			const struct ical_property *q = component_property_at(b, j);

			if (++comparisons > COMPARISONS_MAX)
				return false;
			found = slice_equal(name, ical_property_name(q)) && same_words(value, ical_property_value(q));
		}
		if (!found)
			return false;
	}
	return true;
}
