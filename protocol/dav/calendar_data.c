#include <config.h>

#include "protocol/dav/calendar_data.h"

#include <errno.h>

#include "protocol/dav/calendar_filter.h"
#include "protocol/dav/freebusy_limit.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/edit.h"
#include "protocol/ical/value.h"
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

static int read_range(const struct xml_element *element, struct interval *range_r, struct error *err)
{
	int ret = time_range_read(element, range_r, err);

	if (ret == 0 && (range_r->start == INSTANT_MIN || range_r->end == INSTANT_MAX))
		return error_set(err, 400, CONDITION_NONE, "calendar-data: expand and limit need start and end");
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
	const struct xml_element *freebusy = xml_child(element, XML_CALDAV_LIMIT_FREEBUSY_SET);
	struct calendar_data data = {0};
	struct comp_selection *root = NULL;
	size_t count = 0;
	int ret = 0;

	if (!is_supported(element))
		return error_set(err, 403, CALDAV_SUPPORTED_CALENDAR_DATA, "calendar-data is text/calendar, version 2.0");
	if (comp != NULL)
		ret = read_comp(arena, comp, &count, &root, err);
	if (ret == 0 && (expand != NULL || limit != NULL))
		ret = read_range(expand != NULL ? expand : limit, &data.range, err);
	if (ret == 0 && freebusy != NULL)
		ret = read_range(freebusy, &data.freebusy, err);
	if (ret < 0)
		return ret;
	data.recurrence = expand != NULL ? RECURRENCE_EXPANDED : limit != NULL ? RECURRENCE_LIMITED : RECURRENCE_AS_STORED;
	data.limits_freebusy = freebusy != NULL;
	data.root = root;
	*data_r = data;
	return 0;
}

bool calendar_data_is_whole(const struct calendar_data *data)
{
	return data->root == NULL && data->recurrence == RECURRENCE_AS_STORED && !data->limits_freebusy;
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
					ical_add_line(out, line.name, line.parameters, SLICE_EMPTY); /* 9.6.4 */
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

/* A line of the VCALENDAR itself, or a whole component inside it. */
struct piece {
	struct slice raw;       /* in the text */
	struct slice component; /* its name; empty: a line */
	bool is_end;            /* END:VCALENDAR */
};

/* 1, 0 at the end, or -ENOMEM. */
static int piece_next(struct content_reader *reader, struct piece *piece_r)
{
	struct content_line line;
	struct slice name;
	size_t depth = 0;
	int ret = content_reader_next(reader, &line);

	if (ret <= 0)
		return ret;
	*piece_r = (struct piece){.raw = line.raw, .is_end = content_line_marks(&line, "END", &name)};
	if (!content_line_marks(&line, "BEGIN", &name) || slice_is_nocase(name, "VCALENDAR"))
		return 1;
	piece_r->component = name;
	for (depth = 1; depth > 0;) {
		ret = content_reader_next(reader, &line);
		if (ret <= 0)
			return ret < 0 ? ret : 1;
		if (content_line_marks(&line, "BEGIN", &name))
			depth++;
		else if (content_line_marks(&line, "END", &name))
			depth--;
	}
	piece_r->raw.len = (size_t)(line.raw.at + line.raw.len - piece_r->raw.at);
	return 1;
}

/* How a time is written in an expanded object. */
enum time_form {
	TIME_UTC,
	TIME_FLOATING,
	TIME_DATE,
};

static enum time_form form_of(const struct ical_time *time)
{
	if (time->is_date)
		return TIME_DATE;
	return time->zone == NULL ? TIME_FLOATING : TIME_UTC;
}

static void add_time(struct buf *out, const char *name, instant_t at, enum time_form form, const struct zone *floating)
{
	struct civil civil;

	buf_add_str(out, name);
	switch (form) {
	case TIME_UTC:
		buf_add_char(out, ':');
		buf_add_basic_utc(out, at);
		break;
	case TIME_FLOATING:
		zoned_from_instant(floating, at, &civil, NULL);
		buf_printf(out, ":%04d%02d%02dT%02d%02d%02d", civil.year, civil.month, civil.day, civil.hour, civil.minute,
		    civil.second);
		break;
	case TIME_DATE:
		zoned_from_instant(floating, at, &civil, NULL);
		buf_printf(out, ";VALUE=DATE:%04d%02d%02d", civil.year, civil.month, civil.day);
		break;
	}
	buf_add_str(out, "\r\n");
}

/* A start: one without zone is its wall time, in whatever zone it was sought. */
static void add_start(struct buf *out, const char *name, instant_t at, int64_t local, enum time_form form,
    const struct zone *floating)
{
	if (form == TIME_FLOATING)
		add_time(out, name, local, form, zone_utc());
	else
		add_time(out, name, at, form, floating);
}

/* What all instances of a component have in common: read once, however many there are. */
struct common {
	struct slice begin, rest; /* the lines without those of is_replaced */
};

struct common_source {
	struct arena *arena;
	const struct calendar_object *object;
};

struct writing {
	struct arena *arena;
	const struct calendar_object *object;
	const struct zone *floating;
	struct interval range;
	struct instances instances;
	bool recurring;
	enum time_form id_form;  /* of RECURRENCE-ID: that of the set's DTSTART */
	struct common *common;   /* by number of the component, RECURRENCE_EXPANDED */
	size_t count;            /* components met so far */
};

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

static void add_without_tzid(struct buf *out, struct slice parameters)
{
	struct slice rest = parameters, name, value;

	for (struct slice at = rest; content_parameter_next(&rest, &name, &value); at = rest)
		if (!slice_is_nocase(name, "TZID"))
			buf_add_slice(out, slice_sub(at, 0, (size_t)(rest.at - at.at)));
}

static bool add_times_in_utc(struct buf *out, struct slice values, const struct zone *zone)
{
	struct slice one;

	while (slice_next(&values, ',', &one)) {
		struct ical_time time;

		if (ical_value_time(one, &time) < 0 || time.is_date)
			return false;
		if (out->len > 0)
			buf_add_char(out, ',');
		buf_add_basic_utc(out, ical_time_instant(&time, zone));
	}
	return out->len > 0 && out->err == 0;
}

/*
 * A line whose TZID would point nowhere, now that no VTIMEZONE is left (9.6.5): one of a property that nobody here knows.
 * Its times are written in UTC; what is no time stays as it is, for there the TZID says something else. True when done.
 */
static bool add_in_utc(const struct common_source *from, const struct content_line *line, struct buf *out)
{
	AUTO_BUF struct buf parameters = BUF_INIT(line->parameters.len + 1), times = BUF_INIT(2 * line->value.len + 32);
	const struct zone *zone = NULL;
	struct slice tzid;

	if (line->parameters.len > 0 && content_parameter(line->parameters, "TZID", &tzid))
		zone = calendar_object_zone(from->arena, from->object, slice_trim(tzid));
	if (zone == NULL || !add_times_in_utc(&times, line->value, zone))
		return false;
	add_without_tzid(&parameters, line->parameters);
	ical_add_line(out, line->name, buf_slice(&parameters), buf_slice(&times));
	return true;
}

static int read_common(const struct common_source *from, struct slice part, struct common *common_r)
{
	AUTO_BUF struct buf rest = BUF_INIT(2 * part.len + 1024);
	struct content_reader reader;
	struct content_line line;
	struct slice name;
	size_t depth = 0;
	int ret;

	content_reader_init(&reader, from->arena, part);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		if (content_line_marks(&line, "BEGIN", &name) && depth++ == 0) {
			common_r->begin = line.raw;
			continue;
		}
		if ((depth != 1 || !is_replaced(&line)) && !add_in_utc(from, &line, &rest))
			buf_add_slice(&rest, line.raw);
		if (content_line_marks(&line, "END", &name) && depth > 0)
			depth--;
	}
	if (ret < 0 || rest.err < 0)
		return ret < 0 ? ret : rest.err;
	common_r->rest = slice_of(arena_copy(from->arena, buf_slice(&rest)), rest.len);
	return common_r->rest.at == NULL ? -ENOMEM : 0;
}

static void write_times(const struct writing *w, const struct instance *instance, struct buf *out)
{
	const struct component *c = instance->component;
	enum time_form form = instance->all_day ? TIME_DATE : instance->floating ? TIME_FLOATING : TIME_UTC;
	bool is_todo = component_bit(c) == ICAL_VTODO, future;
	bool is_instance = w->recurring;
	struct ical_time time;

	if (component_recurrence_id(c, &time, &future))
		is_instance = true;
	/* A task may have neither start nor end (RFC 5545, 3.6.2). */
	if (component_time(c, "DTSTART", &time) || (is_instance && !is_todo))
		add_start(out, "DTSTART", instance->at.start, instance->local_start, form, w->floating);
	if (is_todo && component_time(c, "DUE", &time))
		add_time(out, "DUE", instance->at.end, form, w->floating);
	else if (component_time(c, "DTSTART", &time) && instance->at.end > instance->at.start &&
	         component_bit(c) != ICAL_VJOURNAL)
		add_time(out, is_todo ? "DUE" : "DTEND", instance->at.end, form, w->floating);
	if (is_instance)
		add_start(out, "RECURRENCE-ID", instance->recurrence_id, instance->local_id, w->id_form, w->floating);
}

static int write_instances(const struct writing *w, struct buf *out)
{
	for (size_t i = 0; i < w->instances.count; i++) {
		const struct instance *instance = &w->instances.at[i];
		size_t k = 0;

		while (k < w->count && calendar_object_at(w->object, k) != instance->component)
			k++;
		if (k == w->count)
			return -EINVAL;
		buf_add_slice(out, w->common[k].begin);
		write_times(w, instance, out);
		buf_add_slice(out, w->common[k].rest);
		if (out->err < 0)
			return out->err;
	}
	return 0;
}

static int write_expanded_piece(struct writing *w, const struct piece *piece, bool of_kind, struct buf *out)
{
	struct common_source from = {w->arena, w->object};
	int ret = 0;

	if (of_kind)
		return read_common(&from, piece->raw, &w->common[w->count++]);
	if (piece->is_end)
		ret = write_instances(w, out);
	if (!slice_is_nocase(piece->component, "VTIMEZONE"))
		buf_add_slice(out, piece->raw);
	return ret;
}

/* Seconds that an instance of the set lasts, near enough: a day more or less keeps an override too many. */
static int64_t length_of(const struct component *master, const struct zone *floating)
{
	struct ical_time start, end;
	struct ical_duration duration;

	if (master == NULL || !component_time(master, "DTSTART", &start))
		return 0;
	if (component_time(master, "DTEND", &end) || component_time(master, "DUE", &end))
		return ical_time_instant(&end, floating) - ical_time_instant(&start, floating);
	if (component_duration(master, &duration))
		return duration.days * DAY_SECONDS + duration.seconds;
	return start.is_date ? DAY_SECONDS : 0;
}

/* Whether the component bears on the range: it or what it replaces lies there, or it changes all that follows. */
static bool bears_on(const struct writing *w, const struct component *component)
{
	struct ical_time id;
	bool future;
	instant_t at;

	if (!component_recurrence_id(component, &id, &future) || future)
		return true;
	at = recur_named_instant(calendar_object_master(w->object), &id, w->floating);
	if (at < w->range.end &&
	    (at >= w->range.start || at + length_of(calendar_object_master(w->object), w->floating) > w->range.start))
		return true;
	for (size_t i = 0; i < w->instances.count; i++)
		if (w->instances.at[i].component == component)
			return true;
	return false;
}

static int write_pieces(struct writing *w, bool expanded, struct buf *out)
{
	struct slice kind = component_name(calendar_object_at(w->object, 0));
	struct content_reader reader;
	struct piece piece;
	int ret;

	content_reader_init(&reader, w->arena, calendar_object_text(w->object));
	while ((ret = piece_next(&reader, &piece)) > 0) {
		bool of_kind = slice_equal_nocase(piece.component, kind);

		if (of_kind && w->count == calendar_object_count(w->object))
			return -EINVAL;
		if (expanded)
			ret = write_expanded_piece(w, &piece, of_kind, out);
		else if (!of_kind || bears_on(w, calendar_object_at(w->object, w->count++)))
			buf_add_slice(out, piece.raw);
		if (ret < 0)
			break;
	}
	return ret;
}

static void find_id_form(struct writing *w)
{
	const struct component *master = calendar_object_master(w->object);
	struct ical_time time;
	bool future;

	if (master != NULL ? component_time(master, "DTSTART", &time)
	                   : component_recurrence_id(calendar_object_at(w->object, 0), &time, &future))
		w->id_form = form_of(&time);
}

static int write_object(struct arena *arena, const struct calendar_object *object, const struct calendar_data *data,
    const struct zone *floating, struct buf *out)
{
	struct writing w = {.arena = arena, .object = object, .floating = floating, .range = data->range};
	struct instances_options options = {floating, data->range, 0};
	bool expanded = data->recurrence == RECURRENCE_EXPANDED;
	bool recurs = (calendar_object_component(object) & (ICAL_VEVENT | ICAL_VTODO | ICAL_VJOURNAL)) != 0;
	int ret = recurs ? recur_instances(arena, object, &options, &w.instances, NULL) : 0;

	if (!recurs || (ret == -EINVAL && !expanded)) { /* nothing to leave out, or too much to tell what */
		buf_add_slice(out, calendar_object_text(object));
		return 0;
	}
	w.recurring = recur_is_recurring(object);
	w.common = arena_array(arena, calendar_object_count(object), sizeof(*w.common));
	if (ret < 0 || w.common == NULL)
		return ret < 0 ? ret : -ENOMEM;
	find_id_form(&w);
	return write_pieces(&w, expanded, out);
}

static int write_recurrences(struct arena *arena, const struct zone_set *zones, struct slice text,
    const struct calendar_data *data, const struct zone *floating, struct buf *out)
{
	struct calendar_object *object;
	int ret = calendar_object_read(arena, zones, text, &object);

	if (ret < 0)
		return ret == -EBADMSG ? -EINVAL : ret;
	ret = write_object(arena, object, data, floating, out);
	calendar_object_free(object);
	return ret < 0 ? ret : out->err;
}

int calendar_data_write(struct arena *arena, const struct zone_set *zones, struct slice text,
    const struct calendar_data *data, const struct zone *floating, struct buf *out)
{
	AUTO_BUF struct buf made = BUF_INIT(out->max), limited = BUF_INIT(out->max);
	int ret = 0;

	if (data->limits_freebusy) {
		ret = freebusy_limit(arena, text, data->freebusy, &limited);
		if (ret < 0)
			return ret;
		text = buf_slice(&limited);
	}
	if (data->recurrence != RECURRENCE_AS_STORED) {
		ret = write_recurrences(arena, zones, text, data, floating, data->root != NULL ? &made : out);
		text = buf_slice(&made);
	}
	if (ret == 0 && data->root != NULL)
		ret = write_selected(arena, text, data->root, out);
	else if (ret == 0 && data->recurrence == RECURRENCE_AS_STORED)
		buf_add_slice(out, text);
	return ret < 0 ? ret : out->err;
}

/* ---- escapes ---- */

static const char *const *escapes(void)
{
	/* Carriage returns would not survive a reader of XML as they are (XML 1.0, 2.11). */
	static const char *const table[256] = {['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['\r'] = "&#13;"};

	return table;
}

/*
 * Control characters and two code points that XML forbids; in iCalendar they mean nothing (RFC 5545, 3.1), but one of
 * them in one object would make every report on its collection unreadable. *LEN_R: bytes it takes.
 */
static bool is_forbidden(struct slice text, size_t at, size_t *len_r)
{
	unsigned char c = (unsigned char)text.at[at];

	*len_r = 1;
	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\r';
	if (c != 0xef || text.len - at < 3 || (unsigned char)text.at[at + 1] != 0xbf)
		return false;
	*len_r = 3;
	return (unsigned char)text.at[at + 2] >= 0xbe; /* U+FFFE, U+FFFF */
}

void calendar_data_escape(struct buf *b, struct slice text)
{
	const char *const *table = escapes();
	size_t from = 0;

	for (size_t i = 0, len; i < text.len; i++) {
		bool forbidden = is_forbidden(text, i, &len);
		const char *entity = forbidden ? "\xef\xbf\xbd" : table[(unsigned char)text.at[i]];

		if (entity == NULL)
			continue;
		buf_add(b, text.at + from, i - from);
		buf_add_str(b, entity);
		from = i + (forbidden ? len : 1);
		i = from - 1;
	}
	buf_add(b, text.at + from, text.len - from);
}
