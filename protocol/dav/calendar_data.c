#include <config.h>

#include "protocol/dav/calendar_data.h"

#include <errno.h>

#include "protocol/dav/calendar_filter.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/zoned_time.h"
#include "protocol/recur/instances.h"

/* ---- the request ---- */

static int read_comp(struct arena *arena, const struct xml_element *element, size_t *count,
    struct comp_selection **comp_r, struct error *err);

static int read_props(struct arena *arena, const struct xml_element *element, struct comp_selection *comp)
{
	const struct prop_selection **end = &comp->props;

	for (const struct xml_element *prop = xml_child(element, XML_CALDAV_PROP); prop != NULL;
	     prop = xml_next(prop, XML_CALDAV_PROP)) {
		struct prop_selection *one = arena_zalloc(arena, sizeof(*one));

		if (one == NULL)
			return -ENOMEM;
		one->name = xml_attribute(prop, "name");
		one->no_value = slice_is(xml_attribute(prop, "novalue"), "yes");
		*end = one;
		end = &one->next;
	}
	return 0;
}

static int read_comps(struct arena *arena, const struct xml_element *element, size_t *count,
    struct comp_selection *comp, struct error *err)
{
	const struct comp_selection **end = &comp->comps;

	for (const struct xml_element *child = xml_child(element, XML_CALDAV_COMP); child != NULL;
	     child = xml_next(child, XML_CALDAV_COMP)) {
		struct comp_selection *one;
		int ret = read_comp(arena, child, count, &one, err);

		if (ret < 0)
			return ret;
		*end = one;
		end = &one->next;
	}
	return 0;
}

static int read_comp(struct arena *arena, const struct xml_element *element, size_t *count,
    struct comp_selection **comp_r, struct error *err)
{
	struct comp_selection *comp = arena_zalloc(arena, sizeof(*comp));
	int ret;

	if (comp == NULL)
		return -ENOMEM;
	if (++*count > CALENDAR_DATA_COMPS_MAX)
		return error_set(err, 400, CONDITION_NONE, "calendar-data: too many components");
	comp->name = xml_attribute(element, "name");
	comp->all_props = xml_child(element, XML_CALDAV_ALLPROP) != NULL;
	comp->all_comps = xml_child(element, XML_CALDAV_ALLCOMP) != NULL;
	ret = read_props(arena, element, comp);
	if (ret == 0)
		ret = read_comps(arena, element, count, comp, err);
	*comp_r = comp;
	return ret;
}

static int read_range(const struct xml_element *element, enum recurrence_data recurrence, struct calendar_data *data,
    struct error *err)
{
	int ret = time_range_read(element, &data->range, err);

	if (ret == 0 && (data->range.start == INSTANT_MIN || data->range.end == INSTANT_MAX))
		return error_set(err, 400, CONDITION_NONE, "calendar-data: expand and limit need start and end");
	data->recurrence = recurrence;
	return ret;
}

static bool is_supported(const struct xml_element *element)
{
	struct slice type = xml_attribute(element, "content-type"), version = xml_attribute(element, "version");

	return (type.at == NULL || slice_is_nocase(type, "text/calendar")) &&
	       (version.at == NULL || slice_is(version, "2.0"));
}

int calendar_data_read(struct arena *arena, const struct xml_element *element, struct calendar_data *data_r,
    struct error *err)
{
	const struct xml_element *comp = xml_child(element, XML_CALDAV_COMP);
	const struct xml_element *expand = xml_child(element, XML_CALDAV_EXPAND);
	const struct xml_element *limit = xml_child(element, XML_CALDAV_LIMIT_RECURRENCE_SET);
	struct calendar_data data = {0};
	struct comp_selection *root = NULL;
	size_t count = 0;
	int ret = 0;

	if (!is_supported(element))
		return error_set(err, 403, CALDAV_SUPPORTED_CALENDAR_DATA, "calendar-data is text/calendar, version 2.0");
	if (comp != NULL)
		ret = read_comp(arena, comp, &count, &root, err);
	if (ret == 0 && expand != NULL)
		ret = read_range(expand, RECURRENCE_EXPANDED, &data, err);
	else if (ret == 0 && limit != NULL)
		ret = read_range(limit, RECURRENCE_LIMITED, &data, err);
	if (ret < 0)
		return ret;
	data.root = root;
	*data_r = data;
	return 0;
}

bool calendar_data_is_whole(const struct calendar_data *data)
{
	return data->root == NULL && data->recurrence == RECURRENCE_AS_STORED;
}

/* ---- selection of lines ---- */

static const struct comp_selection everything = {.all_props = true, .all_comps = true};

/* What of the component NAME inside PARENT is wanted; NULL: nothing. */
static const struct comp_selection *select_child(const struct comp_selection *parent, struct slice name)
{
	for (const struct comp_selection *comp = parent->comps; comp != NULL; comp = comp->next)
		if (slice_equal_nocase(comp->name, name))
			return comp;
	return parent->all_comps ? &everything : NULL;
}

static bool select_line(const struct comp_selection *comp, const struct content_line *line, bool *no_value_r)
{
	*no_value_r = false;
	for (const struct prop_selection *prop = comp->props; prop != NULL; prop = prop->next)
		if (slice_equal_nocase(prop->name, line->name)) {
			*no_value_r = prop->no_value;
			return true;
		}
	return comp->all_props;
}

/* A component asked for without saying what of it is wanted whole (RFC 4791, 9.6.1). */
static const struct comp_selection *whole_when_silent(const struct comp_selection *comp)
{
	bool silent = comp != NULL && comp->props == NULL && comp->comps == NULL && !comp->all_props && !comp->all_comps;

	return silent ? &everything : comp;
}

static int write_selected(struct arena *arena, struct slice text, const struct comp_selection *root, struct buf *out)
{
	const struct comp_selection *open[ICAL_DEPTH_MAX + 1];
	struct content_reader reader;
	struct content_line line;
	struct slice name;
	size_t depth = 0;
	int ret;

	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		bool no_value;

		if (content_line_marks(&line, "BEGIN", &name)) {
			const struct comp_selection *comp = depth == 0 ? root
			    : open[depth - 1] != NULL                  ? select_child(open[depth - 1], name)
			                                               : NULL;

			if (depth == ICAL_DEPTH_MAX)
				return -EINVAL;
			open[depth++] = whole_when_silent(comp);
		}
		if (depth > 0 && open[depth - 1] != NULL) {
			if (content_line_marks(&line, "BEGIN", &name) || content_line_marks(&line, "END", &name)) {
				buf_add_slice(out, line.raw);
			} else if (select_line(open[depth - 1], &line, &no_value)) {
				if (no_value)
					buf_printf(out, "%.*s:\r\n", SLICE_ARG(line.name));
				else
					buf_add_slice(out, line.raw);
			}
		}
		if (content_line_marks(&line, "END", &name) && depth > 0)
			depth--;
	}
	return ret < 0 ? ret : out->err;
}

/* ---- recurrence ---- */

/* The text of an object in parts. */
struct parts {
	struct slice head; /* BEGIN:VCALENDAR and its properties, without components */
	struct slice *at;  /* each component of the object's kind, in the order of the text */
	size_t count;
};

/* HEAD collects the lines of the VCALENDAR itself. */
static int split_parts(struct arena *arena, const struct calendar_object *object, struct buf *head, struct parts *parts)
{
	size_t wanted = calendar_object_count(object), depth = 0;
	struct slice kind = component_name(calendar_object_at(object, 0)), name;
	struct content_reader reader;
	struct content_line line;
	const char *start = NULL;
	int ret;

	parts->at = arena_array(arena, wanted + 1, sizeof(*parts->at));
	if (parts->at == NULL)
		return -ENOMEM;
	content_reader_init(&reader, arena, calendar_object_text(object));
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		bool begins = content_line_marks(&line, "BEGIN", &name), ends = !begins && content_line_marks(&line, "END", &name);

		if (begins && depth++ == 1 && slice_equal_nocase(name, kind))
			start = line.raw.at;
		if (depth == 1 && !ends)
			buf_add_slice(head, line.raw);
		if (!ends || depth == 0)
			continue;
		if (--depth == 1 && start != NULL && parts->count < wanted) {
			parts->at[parts->count++] = slice_of(start, (size_t)(line.raw.at + line.raw.len - start));
			start = NULL;
		}
	}
	parts->head = buf_slice(head);
	if (ret == 0 && parts->count != wanted)
		return -EINVAL;
	return ret < 0 ? ret : head->err;
}

static size_t part_of(const struct calendar_object *object, const struct component *component)
{
	size_t i = 0;

	while (i < calendar_object_count(object) && calendar_object_at(object, i) != component)
		i++;
	return i;
}

static void add_time(struct buf *out, const char *name, instant_t at, bool all_day, const struct zone *floating)
{
	buf_add_str(out, name);
	if (all_day) {
		struct civil civil;

		zoned_from_instant(floating, at, &civil, NULL);
		buf_printf(out, ";VALUE=DATE:%04d%02d%02d\r\n", civil.year, civil.month, civil.day);
		return;
	}
	buf_add_char(out, ':');
	buf_add_basic_utc(out, at);
	buf_add_str(out, "\r\n");
}

/* What an instance says by itself, or must not say any more. */
static bool is_replaced(const struct content_line *line)
{
	static const char *const names[] = {"RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE",
	    "DURATION"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (content_line_is(line, names[i]))
			return true;
	return false;
}

static int write_instance(struct arena *arena, struct slice part, const struct instance *instance, bool recurring,
    const struct zone *floating, struct buf *out)
{
	bool is_todo = component_bit(instance->component) == ICAL_VTODO;
	struct content_reader reader;
	struct content_line line;
	struct slice name;
	size_t depth = 0;
	int ret;

	content_reader_init(&reader, arena, part);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		if (content_line_marks(&line, "BEGIN", &name) && depth++ == 0) {
			buf_add_slice(out, line.raw);
			add_time(out, "DTSTART", instance->at.start, instance->all_day, floating);
			if (instance->at.end > instance->at.start && component_bit(instance->component) != ICAL_VJOURNAL)
				add_time(out, is_todo ? "DUE" : "DTEND", instance->at.end, instance->all_day, floating);
			if (recurring)
				add_time(out, "RECURRENCE-ID", instance->recurrence_id, instance->all_day, floating);
			continue;
		}
		if (depth != 1 || !is_replaced(&line))
			buf_add_slice(out, line.raw);
		if (content_line_marks(&line, "END", &name) && depth > 0)
			depth--;
	}
	return ret;
}

static int write_expanded(struct arena *arena, const struct calendar_object *object, const struct parts *parts,
    struct interval range, const struct zone *floating, struct buf *out)
{
	struct instances_options options = {floating, range, 0};
	bool recurring = recur_is_recurring(object);
	struct instances instances;
	int ret = recur_instances(arena, object, &options, &instances, NULL);

	for (size_t i = 0; ret == 0 && i < instances.count; i++)
		ret = write_instance(arena, parts->at[part_of(object, instances.at[i].component)], &instances.at[i], recurring,
		    floating, out);
	return ret;
}

/* Whether the override bears on the range: it lies there, or what it replaces does, or it changes all that follows. */
static bool bears_on(const struct component *component, const struct instances *instances, struct interval range,
    const struct zone *floating)
{
	struct ical_time id;
	bool future;
	instant_t at;

	if (!component_recurrence_id(component, &id, &future) || future)
		return true;
	at = ical_time_instant(&id, floating);
	if (at >= range.start && at < range.end)
		return true;
	for (size_t i = 0; i < instances->count; i++)
		if (instances->at[i].component == component)
			return true;
	return false;
}

static int write_limited(struct arena *arena, const struct calendar_object *object, const struct parts *parts,
    struct interval range, const struct zone *floating, struct buf *out)
{
	struct instances_options options = {floating, range, 0};
	struct instances instances;
	int ret = recur_instances(arena, object, &options, &instances, NULL);

	for (size_t i = 0; ret == 0 && i < parts->count; i++)
		if (bears_on(calendar_object_at(object, i), &instances, range, floating))
			buf_add_slice(out, parts->at[i]);
	return ret;
}

/* The VTIMEZONEs of the text, which components that keep their TZID need. */
static int write_zones(struct arena *arena, struct slice text, struct buf *out)
{
	static const struct comp_selection zones = {.name = {"VTIMEZONE", 9}, .all_props = true, .all_comps = true};
	static const struct comp_selection root = {.name = {"VCALENDAR", 9}, .comps = &zones};
	AUTO_BUF struct buf all = BUF_INIT(out->max);
	ptrdiff_t start;
	int ret = write_selected(arena, text, &root, &all);

	start = slice_find(buf_slice(&all), SLICE("BEGIN:VTIMEZONE"));
	if (ret == 0 && start >= 0) {
		struct slice rest = slice_from(buf_slice(&all), (size_t)start);
		ptrdiff_t end = slice_find(rest, SLICE("END:VCALENDAR"));

		buf_add_slice(out, end >= 0 ? slice_sub(rest, 0, (size_t)end) : rest);
	}
	return ret;
}

static int write_recurrences(struct arena *arena, const struct zone_set *zones, struct slice text,
    const struct calendar_data *data, const struct zone *floating, struct buf *out)
{
	AUTO_BUF struct buf head = BUF_INIT(out->max);
	struct calendar_object *object;
	struct parts parts = {0};
	int ret = calendar_object_parse(arena, zones, text, SIZE_MAX, &object, NULL);

	if (ret < 0)
		return ret;
	ret = split_parts(arena, object, &head, &parts);
	buf_add_slice(out, parts.head);
	if (ret == 0 && data->recurrence == RECURRENCE_EXPANDED) {
		ret = write_expanded(arena, object, &parts, data->range, floating, out);
	} else if (ret == 0) {
		ret = write_zones(arena, text, out);
		if (ret == 0)
			ret = write_limited(arena, object, &parts, data->range, floating, out);
	}
	buf_add_str(out, "END:VCALENDAR\r\n");
	calendar_object_free(object);
	return ret < 0 ? ret : out->err;
}

int calendar_data_write(struct arena *arena, const struct zone_set *zones, struct slice text,
    const struct calendar_data *data, const struct zone *floating, struct buf *out)
{
	AUTO_BUF struct buf made = BUF_INIT(out->max);
	int ret = 0;

	if (data->recurrence != RECURRENCE_AS_STORED) {
		ret = write_recurrences(arena, zones, text, data, floating, data->root != NULL ? &made : out);
		text = buf_slice(&made);
	}
	if (ret == 0 && data->root != NULL)
		ret = write_selected(arena, text, data->root, out);
	return ret < 0 ? ret : out->err;
}

/* ---- escapes ---- */

static const char *const *escapes(void)
{
	/* Carriage returns would not survive a reader of XML as they are (XML 1.0, 2.11). */
	static const char *const table[256] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['\r'] = "&#13;"};

	return table;
}

/* Control characters that XML forbids are no iCalendar either (RFC 5545, 3.1); where a file has them they are shown so. */
static bool is_forbidden(unsigned char c)
{
	return c < 0x20 && c != '\t' && c != '\n' && c != '\r';
}

void calendar_data_escape(struct buf *b, struct slice text)
{
	const char *const *table = escapes();
	size_t from = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		const char *entity = is_forbidden(c) ? "\xef\xbf\xbd" : table[c];

		if (entity == NULL)
			continue;
		buf_add(b, text.at + from, i - from);
		buf_add_str(b, entity);
		from = i + 1;
	}
	buf_add(b, text.at + from, text.len - from);
}
