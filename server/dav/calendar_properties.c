/* Properties of calendars and their objects (RFC 4791, 5.2; 6578, 4; 6638, 9; 7809, 5). */
#include <config.h>

#include <errno.h>

#include "protocol/dav/sync_token.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/ical/content_line.h"
#include "protocol/ical/zone_reference.h"
#include "server/base/config.h"
#include "server/dav/properties.h"
#include "server/dav/timezone_service.h"

#define NAME_MAX_BYTES        1024  /* of a displayname */
#define DESCRIPTION_MAX_BYTES 16384 /* of a calendar-description */
#define TIMEZONE_MAX_BYTES    65536 /* of a calendar-timezone */
#define PART_ARENA_MAX (64u << 20) /* bytes while one object is cut or expanded */

static const struct {
	const char *name;
	uint32_t bit;
} components[] = {
    {"VEVENT", COMPONENT_VEVENT},
    {"VTODO", COMPONENT_VTODO},
    {"VJOURNAL", COMPONENT_VJOURNAL},
    {"VFREEBUSY", COMPONENT_VFREEBUSY},
    {"VAVAILABILITY", COMPONENT_VAVAILABILITY},
};

/* ---- getters ---- */

int get_sync_token(const struct property_source *s, struct buf *b)
{
	const struct dav_resource *r = s->resource;
	struct sync_token token = {.epoch = store_epoch(s->d->app->store)};
	int ret;

	if (r->kind == DAV_HOME) {
		if ((r->access & ACL_FOUND) != 0)
			return -ENOENT; /* it shows a part, of which no number tells */
		token.collection = SYNC_TOKEN_HOME | r->owner;
		ret = store_home_change(s->txn, r->owner, &token.number);
	} else {
		token.collection = r->collection->id;
		ret = store_collection_change(s->txn, token.collection, &token.number);
	}
	if (ret == 0)
		sync_token_write(b, &token);
	return ret;
}

/* ---- quotas: the home's, told to who may add to it ---- */

static int get_usage(const struct property_source *s, struct usage *usage_r)
{
	if ((s->resource->access & ACL_BIND) == 0)
		return -ENOENT;
	return store_usage_get(s->txn, s->resource->owner, usage_r);
}

int get_quota_used(const struct property_source *s, struct buf *b)
{
	struct usage usage;
	int ret = get_usage(s, &usage);

	if (ret == 0)
		buf_add_u64(b, usage.bytes);
	return ret;
}

int get_quota_available(const struct property_source *s, struct buf *b)
{
	uint64_t limit = (uint64_t)config_get(s->d->app->config)->max_home_size;
	struct usage usage;
	int ret = limit > 0 ? get_usage(s, &usage) : -ENOENT;

	if (ret == 0)
		buf_add_u64(b, usage.bytes < limit ? limit - usage.bytes : 0);
	return ret;
}

/* The calendar itself: POST to it makes an object. */
int get_add_member(const struct property_source *s, struct buf *b)
{
	if (dav_is_scheduling(s->resource->collection))
		return -ENOENT;
	buf_add_str(b, "<D:href>");
	dav_href_of(b, s->resource);
	buf_add_str(b, "</D:href>");
	return 0;
}

int get_calendar_description(const struct property_source *s, struct buf *b)
{
	if (s->resource->collection->description.len == 0)
		return -ENOENT;
	buf_add_xml(b, s->resource->collection->description);
	return 0;
}

int get_calendar_timezone(const struct property_source *s, struct buf *b)
{
	const struct collection *collection = s->resource->collection;
	AUTO_BUF struct buf text = BUF_INIT(TIMEZONE_MAX_BYTES);
	const struct zone *zone;
	int ret;

	if (collection->timezone.len > 0) {
		calendar_data_escape(b, collection->timezone);
		return 0;
	}
	/* One property follows the other (RFC 7809, 5.2). */
	zone = collection->timezone_id.len > 0 ? zone_set_find(s->d->app->zones, collection->timezone_id) : NULL;
	if (zone == NULL)
		return -ENOENT;
	buf_add_str(&text, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//Slotkeeper//EN\r\n");
	ret = zone_write(zone, collection->timezone_id, ZONE_REFERENCE_FROM, &text);
	buf_add_str(&text, "END:VCALENDAR\r\n");
	if (ret < 0 || text.err < 0)
		return ret < 0 ? ret : text.err;
	calendar_data_escape(b, buf_slice(&text));
	return 0;
}

int get_timezone_services(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "<D:href>" TIMEZONE_SERVICE "</D:href>");
	return 0;
}

int get_calendar_timezone_id(const struct property_source *s, struct buf *b)
{
	if (s->resource->collection->timezone_id.len == 0)
		return -ENOENT;
	buf_add_xml(b, s->resource->collection->timezone_id);
	return 0;
}

int get_supported_components(const struct property_source *s, struct buf *b)
{
	for (size_t i = 0; i < ARRAY_LEN(components); i++)
		if ((s->resource->collection->components & components[i].bit) != 0)
			buf_printf(b, "<C:comp name=\"%s\"/>", components[i].name);
	return 0;
}

/* Which calendars can be made: for any one kind of component, or for all that an app can show. */
int get_supported_component_sets(const struct property_source *s, struct buf *b)
{
	static const uint32_t sets[] = {COMPONENT_VEVENT | COMPONENT_VTODO | COMPONENT_VJOURNAL, COMPONENT_VEVENT,
	    COMPONENT_VTODO, COMPONENT_VJOURNAL};

	(void)s;
	for (size_t set = 0; set < ARRAY_LEN(sets); set++) {
		buf_add_str(b, "<C:supported-calendar-component-set>");
		for (size_t i = 0; i < ARRAY_LEN(components); i++)
			if ((sets[set] & components[i].bit) != 0)
				buf_printf(b, "<C:comp name=\"%s\"/>", components[i].name);
		buf_add_str(b, "</C:supported-calendar-component-set>");
	}
	return 0;
}

int get_supported_calendar_data(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "<C:calendar-data content-type=\"text/calendar\" version=\"2.0\"/>");
	return 0;
}

int get_max_resource_size(const struct property_source *s, struct buf *b)
{
	buf_add_i64(b, config_get(s->d->app->config)->max_resource_size);
	return 0;
}

int get_supported_rscales(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "<C:supported-rscale>GREGORIAN</C:supported-rscale>");
	return 0;
}

int get_min_date_time(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "00010101T000000Z");
	return 0;
}

int get_max_date_time(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "99991231T235959Z");
	return 0;
}

int get_max_instances(const struct property_source *s, struct buf *b)
{
	buf_add_i64(b, config_get(s->d->app->config)->max_instances);
	return 0;
}

int get_max_attendees(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_i64(b, ICAL_ATTENDEES_MAX);
	return 0;
}

int get_supported_collations(const struct property_source *s, struct buf *b)
{
	(void)s;
	buf_add_str(b, "<C:supported-collation>i;ascii-casemap</C:supported-collation>"
	               "<C:supported-collation>i;octet</C:supported-collation>"
	               "<C:supported-collation>i;unicode-casemap</C:supported-collation>");
	return 0;
}

int get_transparency(const struct property_source *s, struct buf *b)
{
	if (dav_is_scheduling(s->resource->collection))
		return -ENOENT;
	buf_add_str(b, s->resource->collection->transparent ? "<C:transparent/>" : "<C:opaque/>");
	return 0;
}

static int add_escaped(const struct property_source *s, struct slice body, struct buf *b)
{
	AUTO_BUF struct buf text = BUF_INIT(b->max);
	int ret = dav_text_apply(s->d, body, &text);

	if (ret >= 0)
		calendar_data_escape(b, ret > 0 ? buf_slice(&text) : body);
	return ret < 0 ? ret : 0;
}

/* Expanded instances name no zone, and of a selection the client said which components it wants. */
static bool defines_zones(const struct calendar_data *data)
{
	return data->recurrence != RECURRENCE_EXPANDED && data->root == NULL;
}

/* An object that cannot be shown as asked, because it has too many instances there, is shown whole. */
static int write_part(const struct property_source *s, struct slice body, struct buf *b)
{
	const struct zone *floating = dav_zone(s->d, s->txn, s->resource);
	AUTO_BUF struct buf part = BUF_INIT(b->max);
	struct arena *scratch = arena_new(PART_ARENA_MAX); /* a report of many objects must not keep all of them parsed */
	int ret = scratch == NULL ? -ENOMEM
	                          : calendar_data_write(scratch, s->d->app->zones, body, s->data, floating, &part);

	arena_free(scratch);
	if (ret < 0 && ret != -EINVAL)
		return ret;
	if (ret == 0 && !s->d->prefer.zones_by_reference && !defines_zones(s->data)) {
		calendar_data_escape(b, buf_slice(&part));
		return 0;
	}
	return add_escaped(s, ret == 0 ? buf_slice(&part) : body, b);
}

int get_calendar_data(const struct property_source *s, struct buf *b)
{
	struct slice body;
	int ret;

	if (s->data == NULL)
		return -ENOENT; /* no property for PROPFIND (RFC 4791, 9.6) */
	ret = store_body_get(s->txn, s->resource->object->id, &body);
	if (ret < 0)
		return ret == -ENOENT ? -EBADMSG : ret;
	return calendar_data_is_whole(s->data) ? add_escaped(s, body, b) : write_part(s, body, b);
}

/* ---- setters ---- */

static int set_text(const struct xml_element *element, size_t max, struct slice *text_r, struct error *err)
{
	struct slice text = element != NULL ? xml_trimmed(element) : SLICE_EMPTY;

	if (text.len > max)
		return error_set(err, 507, CONDITION_NONE, "longer than %zu bytes", max);
	*text_r = text;
	return 0;
}

int set_displayname(struct property_edit *edit, const struct xml_element *element, struct error *err)
{
	return set_text(element, NAME_MAX_BYTES, &edit->collection->display_name, err);
}

int set_calendar_description(struct property_edit *edit, const struct xml_element *element, struct error *err)
{
	return set_text(element, DESCRIPTION_MAX_BYTES, &edit->collection->description, err);
}

/* The TZID of the one VTIMEZONE in TEXT; -EINVAL when it is not that. */
static int read_tzid(struct arena *arena, struct slice text, struct slice *tzid_r)
{
	struct slice component, tzid = SLICE_EMPTY;
	struct content_reader reader;
	struct content_line line;
	size_t zones = 0;
	int ret;

	content_reader_init(&reader, arena, text);
	while ((ret = content_reader_next(&reader, &line)) > 0) {
		if (content_line_marks(&line, "BEGIN", &component) && slice_is_nocase(component, "VTIMEZONE"))
			zones++;
		else if (zones == 1 && tzid.len == 0 && content_line_is(&line, "TZID"))
			tzid = line.value;
	}
	*tzid_r = tzid;
	return ret < 0 ? ret : zones == 1 && tzid.len > 0 ? 0 : -EINVAL;
}

/* A TZID that we know means that zone (RFC 7809, 5.2: the id follows); another one is kept by its rules. */
int set_calendar_timezone(struct property_edit *edit, const struct xml_element *element, struct error *err)
{
	const struct zone *zone;
	struct slice text = SLICE_EMPTY, tzid;
	int ret = set_text(element, TIMEZONE_MAX_BYTES, &text, err);

	if (ret < 0)
		return ret;
	if (text.len == 0) {
		edit->collection->timezone = edit->collection->timezone_id = SLICE_EMPTY;
		return 0;
	}
	ret = read_tzid(edit->d->arena, text, &tzid);
	if (ret == -ENOMEM)
		return ret;
	if (ret < 0)
		return error_set(err, 403, CALDAV_VALID_CALENDAR_DATA, "an iCalendar object with one VTIMEZONE is needed");
	zone = zone_set_find(edit->d->app->zones, tzid);
	if (zone == NULL && dav_zone_of_text(edit->d, text) == NULL)
		return error_set(err, 403, CALDAV_VALID_CALENDAR_DATA, "the rules of the VTIMEZONE cannot be read");
	edit->collection->timezone = text;
	edit->collection->timezone_id = zone != NULL ? zone_name(zone) : SLICE_EMPTY;
	return 0;
}

int set_calendar_timezone_id(struct property_edit *edit, const struct xml_element *element, struct error *err)
{
	const struct zone *zone = NULL;
	struct slice id = SLICE_EMPTY;
	int ret = set_text(element, ZONE_NAME_MAX, &id, err);

	if (ret < 0)
		return ret;
	if (id.len > 0 && (zone = zone_set_find(edit->d->app->zones, id)) == NULL)
		return error_set(err, 403, CALDAV_VALID_TIMEZONE, "no such time zone");
	edit->collection->timezone = SLICE_EMPTY;
	edit->collection->timezone_id = zone != NULL ? zone_name(zone) : SLICE_EMPTY;
	return 0;
}

int set_supported_components(struct property_edit *edit, const struct xml_element *element, struct error *err)
{
	uint32_t bits = 0;

	if (!edit->creating)
		return error_set(err, 403, DAV_CANNOT_MODIFY_PROTECTED_PROPERTY, "set when the calendar is made");
	for (const struct xml_element *comp = element != NULL ? xml_child(element, XML_CALDAV_COMP) : NULL; comp != NULL;
	     comp = xml_next(comp, XML_CALDAV_COMP)) {
		size_t i = 0;

		while (i < ARRAY_LEN(components) && !slice_is_nocase(xml_attribute(comp, "name"), components[i].name))
			i++;
		if (i == ARRAY_LEN(components))
			return error_set(err, 403, CALDAV_SUPPORTED_CALENDAR_COMPONENT, "a component that is not supported");
		bits |= components[i].bit;
	}
	if (bits == 0)
		return error_set(err, 403, CALDAV_SUPPORTED_CALENDAR_COMPONENT, "no component");
	edit->collection->components = bits;
	return 0;
}

int set_transparency(struct property_edit *edit, const struct xml_element *element, struct error *err)
{
	bool transparent = element != NULL && xml_child(element, XML_CALDAV_TRANSPARENT) != NULL;

	if (dav_is_scheduling(edit->collection))
		return error_set(err, 403, DAV_CANNOT_MODIFY_PROTECTED_PROPERTY, "it takes nobody's time");
	if (transparent && edit->collection->kind == COLLECTION_BOOKINGS)
		return error_set(err, 403, CONDITION_NONE, "bookings always count as busy");
	edit->collection->transparent = transparent;
	return 0;
}
