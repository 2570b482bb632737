#include <config.h>

#include "protocol/dav/calendar_filter.h"

#include <errno.h>

#include "protocol/base/utf8.h"
#include "protocol/dav/calendar_range.h"

/* ---- from XML ---- */

struct reading {
	struct arena *arena;
	struct error *err;
	unsigned count;
};

static void *make(struct reading *reading, size_t size)
{
	if (++reading->count > DAV_FILTERS_MAX) {
		error_set(reading->err, 403, CALDAV_VALID_FILTER, "more than %d parts in one filter", DAV_FILTERS_MAX);
		return NULL;
	}
	return arena_zalloc(reading->arena, size);
}

/* -EINVAL when the count is over the limit (told), else -ENOMEM. */
static int make_failed(const struct reading *reading)
{
	return reading->count > DAV_FILTERS_MAX ? -EINVAL : -ENOMEM;
}

int time_range_read(const struct xml_element *element, struct interval *range_r, struct error *err)
{
	struct interval range = {INSTANT_MIN, INSTANT_MAX};
	struct slice start = xml_attribute(element, "start"), end = xml_attribute(element, "end");

	if (start.at == NULL && end.at == NULL)
		return error_set(err, 403, CALDAV_VALID_FILTER, "time-range: neither start nor end");
	if (start.at != NULL && instant_parse_basic(start, &range.start) < 0)
		return error_set(err, 403, CALDAV_VALID_FILTER, "time-range: start is not in the form 20270328T070000Z");
	if (end.at != NULL && instant_parse_basic(end, &range.end) < 0)
		return error_set(err, 403, CALDAV_VALID_FILTER, "time-range: end is not in the form 20270328T070000Z");
	if (range.start >= range.end)
		return error_set(err, 403, CALDAV_VALID_FILTER, "time-range: start is not before end");
	*range_r = range;
	return 0;
}

static int read_text_match(struct reading *reading, const struct xml_element *element, const struct text_match **match_r)
{
	struct slice collation = xml_attribute(element, "collation"), negate = xml_attribute(element, "negate-condition");
	struct text_match *match = make(reading, sizeof(*match));

	if (match == NULL)
		return make_failed(reading);
	match->text = element->text;
	match->negate = slice_is(negate, "yes");
	if (collation.at == NULL || slice_is(collation, "i;ascii-casemap") || slice_is(collation, "default"))
		match->collation = COLLATION_ASCII_CASEMAP;
	else if (slice_is(collation, "i;octet"))
		match->collation = COLLATION_OCTET;
	else if (slice_is(collation, "i;unicode-casemap"))
		match->collation = COLLATION_UNICODE_CASEMAP;
	else
		return error_set(reading->err, 403, CALDAV_SUPPORTED_COLLATION, "text-match: unknown collation");
	*match_r = match;
	return 0;
}

static int read_name(struct reading *reading, const struct xml_element *element, struct slice *name_r)
{
	*name_r = xml_attribute(element, "name");
	return name_r->len > 0 ? 0 : error_set(reading->err, 403, CALDAV_VALID_FILTER, "filter: no name");
}

static int read_param_filter(struct reading *reading, const struct xml_element *element,
    const struct param_filter **filter_r)
{
	struct param_filter *filter = make(reading, sizeof(*filter));
	const struct xml_element *match = xml_child(element, XML_CALDAV_TEXT_MATCH);
	int ret;

	if (filter == NULL)
		return make_failed(reading);
	ret = read_name(reading, element, &filter->name);
	filter->is_not_defined = xml_child(element, XML_CALDAV_IS_NOT_DEFINED) != NULL;
	if (ret == 0 && match != NULL)
		ret = read_text_match(reading, match, &filter->text);
	*filter_r = filter;
	return ret;
}

static int read_range(struct reading *reading, const struct xml_element *element, bool *has_r, struct interval *range_r)
{
	const struct xml_element *range = xml_child(element, XML_CALDAV_TIME_RANGE);

	*has_r = range != NULL;
	return range == NULL ? 0 : time_range_read(range, range_r, reading->err);
}

static bool is_one_of(struct slice name, const char *const *names)
{
	while (*names != NULL && !slice_is_nocase(name, *names))
		names++;
	return *names != NULL;
}

/* RFC 4791, 7.8, CALDAV:valid-filter: a component cannot be where the filter looks for it. Names of others may. */
static int check_place(struct reading *reading, struct slice name, const struct comp_filter *parent)
{
	static const char *const outer[] = {"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY",
	    "VCALENDAR", NULL};
	bool in_calendar = parent != NULL && slice_is_nocase(parent->name, "VCALENDAR");

	if (parent == NULL || (in_calendar ? !slice_is_nocase(name, "VALARM") && !slice_is_nocase(name, "VCALENDAR")
	                                   : !is_one_of(name, outer)))
		return 0;
	return error_set(reading->err, 403, CALDAV_VALID_FILTER, "filter: a component stands where it cannot be");
}

/* The same for a time range: what it is asked of must have a time (RFC 4791, 9.9). */
static int check_range(struct reading *reading, bool has_range, struct slice name, const char *const *timeless)
{
	if (has_range && is_one_of(name, timeless))
		return error_set(reading->err, 403, CALDAV_VALID_FILTER, "time-range: asked of what has no time");
	return 0;
}

static const char *const timeless_components[] = {"VCALENDAR", "VTIMEZONE", NULL};
static const char *const timeless_properties[] = {"SUMMARY", "DESCRIPTION", "LOCATION", "UID", "STATUS", "CATEGORIES",
    "CLASS", "TRANSP", "COMMENT", "URL", "GEO", "PRIORITY", "SEQUENCE", "ORGANIZER", "ATTENDEE", "RESOURCES", "CONTACT",
    "ATTACH", "RELATED-TO", "PERCENT-COMPLETE", "RRULE", NULL};

static int read_prop_filter(struct reading *reading, const struct xml_element *element,
    const struct prop_filter **filter_r)
{
	struct prop_filter *filter = make(reading, sizeof(*filter));
	const struct xml_element *match = xml_child(element, XML_CALDAV_TEXT_MATCH);
	const struct param_filter **last;
	int ret;

	if (filter == NULL)
		return make_failed(reading);
	last = &filter->params;
	ret = read_name(reading, element, &filter->name);
	filter->is_not_defined = xml_child(element, XML_CALDAV_IS_NOT_DEFINED) != NULL;
	if (ret == 0)
		ret = read_range(reading, element, &filter->has_range, &filter->range);
	if (ret == 0)
		ret = check_range(reading, filter->has_range, filter->name, timeless_properties);
	if (ret == 0 && match != NULL)
		ret = read_text_match(reading, match, &filter->text);
	for (const struct xml_element *child = xml_child(element, XML_CALDAV_PARAM_FILTER); ret == 0 && child != NULL;
	     child = xml_next(child, XML_CALDAV_PARAM_FILTER)) {
		ret = read_param_filter(reading, child, last);
		if (ret == 0)
			last = (const struct param_filter **)&(*last)->next;
	}
	*filter_r = filter;
	return ret;
}

static int read_comp_filter(struct reading *reading, const struct xml_element *element, const struct comp_filter *parent,
    const struct comp_filter **filter_r);

static int read_comp_child(struct reading *reading, const struct xml_element *child, struct comp_filter *filter,
    const struct comp_filter ***last_comp, const struct prop_filter ***last_prop)
{
	int ret;

	switch (child->id) {
	case XML_CALDAV_COMP_FILTER:
		ret = read_comp_filter(reading, child, filter, *last_comp);
		if (ret == 0)
			*last_comp = (const struct comp_filter **)&(**last_comp)->next;
		return ret;
	case XML_CALDAV_PROP_FILTER:
		ret = read_prop_filter(reading, child, *last_prop);
		if (ret == 0)
			*last_prop = (const struct prop_filter **)&(**last_prop)->next;
		return ret;
	case XML_CALDAV_TIME_RANGE:
	case XML_CALDAV_IS_NOT_DEFINED:
		return 0;
	case XML_UNKNOWN:
		return error_set(reading->err, 403, CALDAV_SUPPORTED_FILTER, "filter: unknown element");
	default:
		return error_set(reading->err, 403, CALDAV_VALID_FILTER, "comp-filter: an element that cannot be in it");
	}
}

static int read_comp_filter(struct reading *reading, const struct xml_element *element, const struct comp_filter *parent,
    const struct comp_filter **filter_r)
{
	struct comp_filter *filter = make(reading, sizeof(*filter));
	const struct comp_filter **last_comp;
	const struct prop_filter **last_prop;
	int ret;

	if (filter == NULL)
		return make_failed(reading);
	last_comp = &filter->comps;
	last_prop = &filter->props;
	ret = read_name(reading, element, &filter->name);
	filter->is_not_defined = xml_child(element, XML_CALDAV_IS_NOT_DEFINED) != NULL;
	if (ret == 0)
		ret = read_range(reading, element, &filter->has_range, &filter->range);
	if (ret == 0)
		ret = check_range(reading, filter->has_range, filter->name, timeless_components);
	if (ret == 0)
		ret = check_place(reading, filter->name, parent);
	for (const struct xml_element *child = element->children; ret == 0 && child != NULL; child = child->next)
		ret = read_comp_child(reading, child, filter, &last_comp, &last_prop);
	*filter_r = filter;
	return ret;
}

int calendar_filter_read(struct arena *arena, const struct xml_element *filter, struct calendar_filter *filter_r,
    struct error *err)
{
	struct reading reading = {.arena = arena, .err = err};
	const struct xml_element *root = xml_child(filter, XML_CALDAV_COMP_FILTER);
	const struct comp_filter *comp;
	int ret;

	if (root == NULL || xml_next(root, XML_CALDAV_COMP_FILTER) != NULL)
		return error_set(err, 403, CALDAV_VALID_FILTER, "filter: wants one comp-filter for VCALENDAR");
	ret = read_comp_filter(&reading, root, NULL, &comp);
	if (ret < 0)
		return ret;
	if (!slice_is_nocase(comp->name, "VCALENDAR"))
		return error_set(err, 403, CALDAV_VALID_FILTER, "filter: the outermost comp-filter is not VCALENDAR");
	filter_r->root = comp;
	return 0;
}

/* ---- what the index decides ---- */

static uint32_t bit_of(struct slice name)
{
	static const struct {
		const char *name;
		uint32_t bit;
	} bits[] = {{"VEVENT", ICAL_VEVENT}, {"VTODO", ICAL_VTODO}, {"VJOURNAL", ICAL_VJOURNAL},
	    {"VFREEBUSY", ICAL_VFREEBUSY}, {"VAVAILABILITY", ICAL_VAVAILABILITY}};

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (slice_is_nocase(name, bits[i].name))
			return bits[i].bit;
	return 0;
}

void calendar_filter_plan(const struct calendar_filter *filter, struct filter_plan *plan_r)
{
	const struct comp_filter *root = filter->root, *comp = root->comps;
	struct filter_plan plan = {.exact = root->props == NULL && !root->has_range && !root->is_not_defined};

	if (comp == NULL) {
		*plan_r = plan;
		return;
	}
	if (comp->next != NULL || comp->is_not_defined) {
		plan.exact = false; /* several at once, or what is not there: each object is looked at */
		*plan_r = plan;
		return;
	}
	plan.components = bit_of(comp->name);
	if (plan.components == 0) {
		plan.exact = false; /* VTIMEZONE and what others defined: not in the index */
		*plan_r = plan;
		return;
	}
	if (plan.components == ICAL_VFREEBUSY && comp->has_range) { /* the index has its periods, not DTSTART and DTEND */
		plan.exact = false;
		*plan_r = plan;
		return;
	}
	plan.has_range = comp->has_range;
	plan.range = comp->range;
	if (comp->props != NULL || comp->comps != NULL)
		plan.exact = false;
	*plan_r = plan;
}

/* ---- evaluation ---- */

static bool contains_octets(struct slice haystack, struct slice needle)
{
	return slice_find(haystack, needle) >= 0;
}

static bool contains_ascii(struct slice haystack, struct slice needle)
{
	for (size_t i = 0; i + needle.len <= haystack.len; i++)
		if (slice_equal_nocase(slice_sub(haystack, i, needle.len), needle))
			return true;
	return false;
}

static bool text_matches(const struct text_match *match, struct slice text)
{
	bool found = false;

	switch (match->collation) {
	case COLLATION_OCTET:
		found = contains_octets(text, match->text);
		break;
	case COLLATION_ASCII_CASEMAP:
		found = contains_ascii(text, match->text);
		break;
	case COLLATION_UNICODE_CASEMAP:
		found = utf8_contains_folded(text, match->text);
		break;
	}
	return found != match->negate;
}

static bool param_matches(const struct param_filter *filter, const struct ical_property *property)
{
	char name[64];
	struct slice value;
	bool defined = slice_copy(filter->name, name, sizeof(name)) == 0 && ical_property_parameter(property, name, &value);

	if (filter->is_not_defined)
		return !defined;
	return defined && (filter->text == NULL || text_matches(filter->text, value));
}

/* RFC 4791, 9.9: a date-time property lies in the range; a date is its whole day. */
static bool property_in_range(struct range_object *o, const struct component *component,
    const struct prop_filter *filter, const struct ical_property *property)
{
	char name[64];
	struct ical_time time;
	instant_t at;

	if (slice_copy(ical_property_name(property), name, sizeof(name)) < 0 || !component_time(component, name, &time))
		return false;
	at = ical_time_instant(&time, o->floating);
	if (time.is_date)
		return at < filter->range.end && instant_add(at, DAY_SECONDS) > filter->range.start;
	return at >= filter->range.start && at < filter->range.end;
}

static bool one_property_matches(struct range_object *o, const struct component *component,
    const struct prop_filter *filter, const struct ical_property *property)
{
	if (filter->has_range && !property_in_range(o, component, filter, property))
		return false;
	if (filter->text != NULL && !text_matches(filter->text, ical_property_value(property)))
		return false;
	for (const struct param_filter *param = filter->params; param != NULL; param = param->next)
		if (!param_matches(param, property))
			return false;
	return true;
}

static bool prop_matches(struct range_object *o, const struct component *component, const struct prop_filter *filter)
{
	bool defined = false;

	for (size_t i = 0; i < component_property_count(component); i++) {
		const struct ical_property *property = component_property_at(component, i);

		if (!slice_equal_nocase(ical_property_name(property), filter->name))
			continue;
		defined = true;
		if (!filter->is_not_defined && one_property_matches(o, component, filter, property))
			return true;
	}
	return filter->is_not_defined && !defined;
}

static bool children_match(struct range_object *o, const struct component *parent, const struct comp_filter *filter);

static bool inside_matches(struct range_object *o, const struct component *component, const struct comp_filter *filter)
{
	for (const struct prop_filter *prop = filter->props; prop != NULL; prop = prop->next)
		if (!prop_matches(o, component, prop))
			return false;
	for (const struct comp_filter *comp = filter->comps; comp != NULL; comp = comp->next)
		if (!children_match(o, component, comp))
			return false;
	return true;
}

/* What costs nothing is asked first. */
static bool component_matches(struct range_object *o, const struct component *component, const struct comp_filter *filter)
{
	return inside_matches(o, component, filter) &&
	    (!filter->has_range || calendar_range_matches(o, component, filter->range));
}

static bool children_match(struct range_object *o, const struct component *parent, const struct comp_filter *filter)
{
	bool defined = false;

	for (size_t i = 0; i < component_child_count(parent); i++) {
		const struct component *child = component_child(parent, i);

		if (!slice_equal_nocase(component_name(child), filter->name))
			continue;
		defined = true;
		if (!filter->is_not_defined && component_matches(o, child, filter))
			return true;
	}
	return filter->is_not_defined && !defined;
}

int calendar_filter_match(struct arena *arena, const struct calendar_filter *filter,
    const struct calendar_object *object, const struct zone *floating, bool *matches_r)
{
	struct range_object o = {.arena = arena, .object = object, .floating = floating};

	*matches_r = !filter->root->is_not_defined && inside_matches(&o, calendar_object_root(object), filter->root);
	return o.ret;
}
