#include <config.h>

#include "protocol/ical/calendar_object.h"

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/utf8.h"
#include "protocol/ical/component_private.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/libical_check.h"
#include "protocol/ical/value.h"
#include "protocol/ical/zoned_time.h"

/*
 * The table of tolerated faults; each has a row in tests/unit/test_ical_calendar_object.c. The bytes are kept as they are.
 *
 *	fault                                              read as
 *	byte order mark; LF, CR, CR CR LF; blank lines     one line end
 *	blank lines before the continuation of a line      nothing
 *	spaces around a name, lower case names             the name
 *	a line that begins with X- and has no colon        nothing
 *	a line without a colon after a text property       a line break in that text which was not folded
 *	a broken value of a property that decides nothing  missing (libical_check.c has those rows)
 *	control characters other than NUL                  text
 *	VALUE that does not fit the value's form           the form decides (EXDATE;TZID=..;VALUE=DATE: a date)
 *	UNTIL of another type than DTSTART                 recur/rule
 *	TZID that is empty                                 floating
 *	TZID without VTIMEZONE, known here                 the known zone
 *	broken VTIMEZONE of a known or unused TZID         not at all
 *	RDATE or EXDATE without a value                    none
 *	unknown components, a VALARM beside the events     kept, never read
 *	missing VERSION, PRODID, DTSTAMP                   nothing depends on them
 *	DTEND equal to DTSTART                             no length
 *	DUE before DTSTART in a VTODO                      it blocks nothing
 *	both DTEND and DURATION                            DTEND
 */

#define COMPONENTS_MAX 10000 /* of one object, nested ones too */

struct calendar_object {
	struct slice text;
	struct slice uid;
	uint32_t component;
	struct component *root;
	const struct component **components;
	size_t count;
	const struct component *master;
	const struct zone_set *zones;
	const struct zone_found *found; /* the zones of its TZIDs */
};

void calendar_object_init(void)
{
	libical_check_init();
}

static int invalid(struct error *err, size_t line, const char *what)
{
	return error_set(err, 403, CALDAV_VALID_CALENDAR_DATA, "line %zu: %s", line, what);
}

static int not_an_object(struct error *err, size_t line, const char *what)
{
	return error_set(err, 403, CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, "line %zu: %s", line, what);
}

/* ---- lines to a tree ---- */

struct builder {
	struct arena *arena;
	struct error *err;
	struct slice text;
	struct component *open[ICAL_DEPTH_MAX];
	size_t depth;
	struct component *root;
	size_t properties, components;
	bool after_text; /* the line before was a property that only people read */
};

static size_t line_at(struct slice text, size_t offset)
{
	size_t line = 1;

	for (size_t i = 0; i < offset && i < text.len; i++)
		line += text.at[i] == '\n';
	return line;
}

/* Bytes that could not be given back through XML, or that end C strings. */
static int check_bytes(struct slice text, size_t max_bytes, struct error *err)
{
	struct slice rest = text, line;
	size_t number = 0;
	ptrdiff_t nul;

	if (text.len > max_bytes)
		return error_set(err, 403, CALDAV_MAX_RESOURCE_SIZE, "more than %zu bytes", max_bytes);
	nul = slice_find_byte(text, '\0');
	if (nul >= 0)
		return invalid(err, line_at(text, (size_t)nul), "a NUL byte");
	if (utf8_is_valid(text))
		return 0;
	while (slice_next_line(&rest, &line)) {
		number++;
		if (!utf8_is_valid(line))
			break;
	}
	return invalid(err, number, "not UTF-8");
}

static int open_component(struct builder *b, struct slice name, const struct content_line *line)
{
	struct component *c;

	if (b->depth == 0 && b->root != NULL)
		return not_an_object(b->err, line->line, "a second calendar");
	if (b->depth == 0 && !slice_is_nocase(name, "VCALENDAR"))
		return invalid(b->err, line->line, "the outermost component is not VCALENDAR");
	if (b->depth == ICAL_DEPTH_MAX)
		return invalid(b->err, line->line, "components are nested too deep");
	if (name.len == 0 || ++b->components > COMPONENTS_MAX)
		return invalid(b->err, line->line, name.len == 0 ? "BEGIN without a name" : "too many components");
	c = component_new(b->arena, name, line->line);
	if (c == NULL)
		return -ENOMEM;
	c->raw = slice_from(line->raw, 0);
	if (b->depth == 0)
		b->root = c;
	else if (component_add_child(b->arena, b->open[b->depth - 1], c) < 0)
		return -ENOMEM;
	b->open[b->depth++] = c;
	return 0;
}

static int close_component(struct builder *b, struct slice name, const struct content_line *line)
{
	struct component *c = b->depth > 0 ? b->open[b->depth - 1] : NULL;

	if (c == NULL || !slice_equal_nocase(c->name, name))
		return invalid(b->err, line->line, "END does not match BEGIN");
	c->raw.len = (size_t)(line->raw.at + line->raw.len - c->raw.at);
	b->depth--;
	return 0;
}

/* Whether a value may go on in a line that is no property: what people read, and nothing that decides. */
static bool is_prose(struct slice name)
{
	static const char *const prose[] = {"SUMMARY", "DESCRIPTION", "LOCATION", "COMMENT", "CONTACT", "ATTACH", "URL",
	    "CATEGORIES", "RESOURCES"};

	for (size_t i = 0; i < ARRAY_LEN(prose); i++)
		if (slice_is_nocase(name, prose[i]))
			return true;
	return slice_starts_nocase(name, SLICE("X-"));
}

static int add_line(struct builder *b, const struct content_line *line)
{
	struct slice name;

	if (slice_trim(line->text).len == 0)
		return 0;
	if (!line->has_value) {
		if (b->depth > 0 && (b->after_text || slice_starts_nocase(line->text, SLICE("X-"))))
			return 0;
		return invalid(b->err, line->line, b->root == NULL ? "not iCalendar" : "not a property");
	}
	b->after_text = false;
	if (content_line_marks(line, "BEGIN", &name))
		return open_component(b, name, line);
	if (content_line_marks(line, "END", &name))
		return close_component(b, name, line);
	if (b->depth == 0)
		return invalid(b->err, line->line,
		    b->root == NULL ? "not iCalendar" : "text behind the end of the calendar");
	if (++b->properties > ICAL_PROPERTIES_MAX)
		return invalid(b->err, line->line, "too many properties");
	b->after_text = is_prose(line->name);
	return component_add_property(b->arena, b->open[b->depth - 1], line);
}

static int build(struct builder *b)
{
	struct content_reader reader;
	struct content_line line;
	int ret;

	content_reader_init(&reader, b->arena, b->text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		if (reader.longest > ICAL_LINE_MAX)
			return invalid(b->err, line.line, "the line is too long");
		ret = add_line(b, &line);
		if (ret < 0)
			return ret;
	}
	if (ret < 0)
		return ret;
	if (b->root == NULL)
		return invalid(b->err, 1, "not iCalendar");
	if (b->depth > 0)
		return invalid(b->err, b->open[b->depth - 1]->line, "BEGIN without END");
	return 0;
}

/* ---- what one component must be ---- */

static bool is_same_value(const struct component *c, const char *name, const struct ical_property **second_r)
{
	const struct ical_property *first = component_find(c, name);

	for (size_t i = 0; first != NULL && i < c->property_count; i++) {
		const struct ical_property *p = &c->properties[i];

		if (p != first && slice_is(p->name, name) &&
		    (!slice_equal(p->value, first->value) || !slice_equal(p->parameters, first->parameters))) {
			*second_r = p;
			return false;
		}
	}
	return true;
}

/* Of these there may be one; of two that differ none can be preferred. */
static int check_single(const struct component *c, struct error *err)
{
	static const char *const singles[] = {"UID", "DTSTART", "DTEND", "DUE", "DURATION", "RECURRENCE-ID"};
	const struct ical_property *second;

	for (size_t i = 0; i < ARRAY_LEN(singles); i++)
		if (!is_same_value(c, singles[i], &second))
			return error_set(err, 403, CALDAV_VALID_CALENDAR_DATA, "line %zu: a second %s that differs",
			    second->line, singles[i]);
	return 0;
}

/* Floating times are compared as they stand, mixtures by their local dates. */
static bool ends_before_start(const struct ical_time *start, const struct ical_time *end)
{
	int64_t start_local = civil_to_utc(&start->civil), end_local = civil_to_utc(&end->civil);

	if (start->is_date != end->is_date || (start->zone == NULL) != (end->zone == NULL))
		return end_local + DAY_SECONDS <= start_local;
	return ical_time_instant(end, zone_utc()) < ical_time_instant(start, zone_utc());
}

static int check_times(const struct component *c, struct error *err)
{
	const struct ical_property *duration = component_find(c, "DURATION");
	struct ical_duration length = {0};
	struct ical_time start, end;
	bool has_start = component_time(c, "DTSTART", &start);

	if (duration != NULL && !component_duration(c, &length))
		return invalid(err, duration->line, "DURATION cannot be read");
	if (length.days < 0 || length.seconds < 0)
		return invalid(err, duration->line, "DURATION is negative");
	if (c->bit == ICAL_VEVENT && !has_start)
		return invalid(err, c->line, "the event has no DTSTART");
	if (c->bit != ICAL_VTODO && has_start && component_time(c, "DTEND", &end) && ends_before_start(&start, &end))
		return invalid(err, component_find(c, "DTEND")->line, "DTEND is before DTSTART");
	if (!has_start && c->rrule_count + c->rdate_count > 0 && c->bit != ICAL_VTODO)
		return invalid(err, c->line, "it recurs but has no DTSTART");
	return 0;
}

static int check_component(const struct component *c, struct error *err)
{
	int ret = check_single(c, err);

	if (ret == 0)
		ret = check_times(c, err);
	if (ret == 0 && c->attendee_count > ICAL_ATTENDEES_MAX)
		ret = error_set(err, 403, CALDAV_MAX_ATTENDEES_PER_INSTANCE, "line %zu: more than %d attendees", c->line,
		    ICAL_ATTENDEES_MAX);
	return ret;
}

/* ---- what the whole must be (RFC 4791, 4.1) ---- */

#define OBJECT_KINDS (ICAL_VEVENT | ICAL_VTODO | ICAL_VJOURNAL | ICAL_VFREEBUSY | ICAL_VAVAILABILITY)

static int check_calendar(const struct component *root, bool stored, struct error *err)
{
	const struct ical_property *method = component_find(root, "METHOD");
	const struct ical_property *scale = component_find(root, "CALSCALE");
	const struct ical_property *version = component_find(root, "VERSION");

	if (method != NULL && !stored)
		return not_an_object(err, method->line, "METHOD makes it a message, not an object");
	if (scale != NULL && slice_trim(scale->value).len > 0 &&
	    !slice_is_nocase(slice_trim(scale->value), "GREGORIAN"))
		return invalid(err, scale->line, "only the Gregorian calendar is supported");
	if (version != NULL && slice_is(slice_trim(version->value), "1.0"))
		return invalid(err, version->line, "vCalendar 1.0, not iCalendar 2.0");
	return 0;
}

static int collect(struct arena *arena, struct calendar_object *object, struct error *err)
{
	const struct component *root = object->root;

	object->components = arena_array(arena, root->child_count + 1, sizeof(*object->components));
	if (object->components == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < root->child_count; i++) {
		const struct component *c = root->children[i];

		if ((c->bit & OBJECT_KINDS) == 0)
			continue;
		if (object->component != 0 && c->bit != object->component)
			return not_an_object(err, c->line, "components of different kinds");
		object->component = c->bit;
		object->components[object->count++] = c;
	}
	if (object->count == 0)
		return not_an_object(err, root->line, "no event, to-do, journal entry or free/busy time");
	return 0;
}

static int check_identity(struct calendar_object *object, struct error *err)
{
	for (size_t i = 0; i < object->count; i++) {
		const struct component *c = object->components[i];
		struct slice uid = slice_trim(component_text(c, "UID"));
		struct ical_time time;
		bool future;

		if (uid.len == 0)
			return not_an_object(err, c->line, "no UID");
		if (i > 0 && !slice_equal(uid, object->uid))
			return not_an_object(err, c->line, "a second UID");
		object->uid = uid;
		if (component_recurrence_id(c, &time, &future))
			continue;
		if (object->master != NULL)
			return not_an_object(err, c->line, "a second component without RECURRENCE-ID");
		object->master = c;
	}
	return 0;
}

static int check_organizers(const struct calendar_object *object, struct error *err)
{
	const struct component *first = NULL;

	for (size_t i = 0; i < object->count; i++) {
		const struct component *c = object->components[i];

		if (!c->has_organizer)
			continue;
		if (first != NULL && !ical_address_is(c->organizer.address, first->organizer.address) &&
		    !slice_equal(c->organizer.address, first->organizer.address))
			return error_set(err, 403, CALDAV_SAME_ORGANIZER_IN_ALL_COMPONENTS,
			    "line %zu: another ORGANIZER than that of line %zu", c->line, first->line);
		if (first == NULL)
			first = c;
	}
	return 0;
}

static int validate(struct arena *arena, struct calendar_object *object, bool stored, struct error *err)
{
	int ret = check_calendar(object->root, stored, err);

	if (ret == 0)
		ret = collect(arena, object, err);
	for (size_t i = 0; ret == 0 && i < object->count; i++)
		ret = check_component(object->components[i], err);
	if (ret == 0)
		ret = check_identity(object, err);
	if (ret == 0)
		ret = check_organizers(object, err);
	if (ret == 0)
		ret = libical_check(object->root, err);
	return ret;
}

static int parse(struct zone_finder *finder, struct slice text, struct calendar_object **object_r, struct error *err)
{
	struct calendar_object *object = arena_zalloc(finder->arena, sizeof(*object));
	struct builder builder = {.arena = finder->arena, .err = err, .text = text};
	int ret = object != NULL ? build(&builder) : -ENOMEM;

	if (ret < 0)
		return ret;
	object->text = text;
	object->root = builder.root;
	finder->root = builder.root;
	ret = component_read_values(builder.root, finder, err);
	object->zones = finder->zones;
	object->found = finder->found;
	if (ret == 0)
		ret = validate(finder->arena, object, finder->unknown_is_floating, err);
	if (ret == 0)
		*object_r = object;
	return ret;
}

int calendar_object_parse(struct arena *arena, const struct zone_set *zones, struct slice text, size_t max_bytes,
    struct calendar_object **object_r, struct error *err)
{
	struct zone_finder finder = {.arena = arena, .zones = zones};
	int ret = check_bytes(text, max_bytes, err);

	return ret < 0 ? ret : parse(&finder, text, object_r, err);
}

int calendar_object_read(struct arena *arena, const struct zone_set *zones, struct slice text,
    struct calendar_object **object_r)
{
	struct zone_finder finder = {.arena = arena, .zones = zones, .unknown_is_floating = true};
	int ret = check_bytes(text, SIZE_MAX, NULL);

	if (ret == 0)
		ret = parse(&finder, text, object_r, NULL);
	return ret == -EINVAL ? -EBADMSG : ret;
}

void calendar_object_free(struct calendar_object *object)
{
	(void)object; /* all of it is the arena's */
}

struct slice calendar_object_uid(const struct calendar_object *object)
{
	return object->uid;
}

struct slice calendar_object_text(const struct calendar_object *object)
{
	return object->text;
}

uint32_t calendar_object_component(const struct calendar_object *object)
{
	return object->component;
}

const struct component *calendar_object_root(const struct calendar_object *object)
{
	return object->root;
}

size_t calendar_object_count(const struct calendar_object *object)
{
	return object->count;
}

const struct component *calendar_object_at(const struct calendar_object *object, size_t i)
{
	return object->components[i];
}

const struct component *calendar_object_master(const struct calendar_object *object)
{
	return object->master;
}

const struct zone *calendar_object_zone(struct arena *arena, const struct calendar_object *object, struct slice tzid)
{
	struct zone_finder finder = {.arena = arena, .zones = object->zones, .root = object->root};
	const struct zone *zone;

	for (const struct zone_found *found = object->found; found != NULL; found = found->next)
		if (slice_equal(found->tzid, tzid))
			return found->zone;
	return zone_finder_find(&finder, tzid, &zone) == 0 ? zone : NULL;
}
