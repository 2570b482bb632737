#include <config.h>

#include "server/dav/properties.h"

#include <errno.h>

#include "protocol/dav/multistatus.h"
#include "protocol/ical/alarms.h"
#include "server/dav/busy_time.h"

#define ROW(ns, name) {ns "", sizeof(ns) - 1}, {name "", sizeof(name) - 1}
#define PRINCIPALS ON(DAV_PRINCIPAL)
#define HOMES      ON(DAV_HOME)
#define CALENDARS  ON(DAV_COLLECTION)
#define OBJECTS    ON(DAV_OBJECT)
#define PROXIES    ON(DAV_PROXY)
#define FILES      ON(DAV_FILE)
#define FOLDERS    ON(DAV_FOLDER)
#define OWNED      (HOMES | CALENDARS | OBJECTS | FILES | FOLDERS)

const struct live_property live_properties[] = {
    {ROW(NS_DAV, "resourcetype"), ON_ALL, true, get_resourcetype, NULL, "RFC 4918, 15.9"},
    {ROW(NS_DAV, "displayname"), PRINCIPALS | PROXIES | HOMES | CALENDARS, true, get_displayname, set_displayname,
        "RFC 4918, 15.2"},
    {ROW(NS_DAV, "getetag"), OBJECTS | FILES, true, get_etag, NULL, "RFC 4918, 15.6"},
    {ROW(NS_DAV, "getcontenttype"), OBJECTS | FILES, true, get_content_type, NULL, "RFC 4918, 15.5"},
    {ROW(NS_DAV, "getcontentlength"), OBJECTS | FILES, true, get_content_length, NULL, "RFC 4918, 15.4"},
    {ROW(NS_DAV, "getlastmodified"), OBJECTS | FILES, true, get_last_modified, NULL, "RFC 4918, 15.7"},
    {ROW(NS_DAV, "creationdate"), CALENDARS | OBJECTS | FILES | FOLDERS, true, get_creation_date, NULL, "RFC 4918, 15.1"},
    {ROW(NS_DAV, "lockdiscovery"), CALENDARS | OBJECTS | FILES | FOLDERS, true, get_lock_discovery, NULL,
        "RFC 4918, 15.8"},
    {ROW(NS_DAV, "supportedlock"), CALENDARS | OBJECTS | FILES | FOLDERS, true, get_supported_lock, NULL,
        "RFC 4918, 15.10"},
    {ROW(NS_DAV, "current-user-principal"), ON_ALL, false, get_current_user_principal, NULL, "RFC 5397, 3"},
    {ROW(NS_DAV, "principal-URL"), PRINCIPALS | PROXIES, false, get_principal_url, NULL, "RFC 3744, 4.2"},
    {ROW(NS_DAV, "group-member-set"), PRINCIPALS | PROXIES, false, get_group_members, set_group_members,
        "RFC 3744, 4.3"},
    {ROW(NS_DAV, "group-membership"), PRINCIPALS | PROXIES, false, get_group_membership, NULL, "RFC 3744, 4.4"},
    {ROW(NS_DAV, "owner"), OWNED | PROXIES, false, get_owner, NULL, "RFC 3744, 5.1"},
    {ROW(NS_DAV, "supported-privilege-set"), PRINCIPALS | OWNED, false, get_supported_privilege_set, NULL,
        "RFC 3744, 5.3"},
    {ROW(NS_DAV, "current-user-privilege-set"), ON_ALL, false, get_current_user_privilege_set, NULL, "RFC 3744, 5.4"},
    {ROW(NS_DAV, "acl"), PRINCIPALS | OWNED, false, get_acl, NULL, "RFC 3744, 5.5"},
    {ROW(NS_DAV, "acl-restrictions"), PRINCIPALS | OWNED, false, get_acl_restrictions, NULL, "RFC 3744, 5.6"},
    {ROW(NS_DAV, "inherited-acl-set"), CALENDARS | OBJECTS | FILES | FOLDERS, false, get_inherited_acl_set, NULL, "RFC 3744, 5.7"},
    {ROW(NS_DAV, "principal-collection-set"), ON_ALL, false, get_principal_collection_set, NULL, "RFC 3744, 5.8"},
    {ROW(NS_DAV, "supported-report-set"), ON_ALL, false, get_supported_report_set, NULL, "RFC 3253, 3.1.5"},
    {ROW(NS_DAV, "sync-token"), CALENDARS | HOMES, false, get_sync_token, NULL, "RFC 6578, 4"},
    {ROW(NS_DAV, "add-member"), CALENDARS, false, get_add_member, NULL, "RFC 5995, 3.2"},
    {ROW(NS_DAV, "resource-id"), PRINCIPALS | HOMES | CALENDARS, false, get_resource_id, NULL, "RFC 5842, 3.1"},
    {ROW(NS_DAV, "quota-available-bytes"), HOMES | CALENDARS | FOLDERS, false, get_quota_available, NULL, "RFC 4331, 3"},
    {ROW(NS_DAV, "quota-used-bytes"), HOMES | CALENDARS | FOLDERS, false, get_quota_used, NULL, "RFC 4331, 4"},
    {ROW(NS_CS, "getctag"), CALENDARS | HOMES, false, get_sync_token, NULL, "calendarserver ctag, 4.1"},
    {ROW(NS_CS, "email-address-set"), PRINCIPALS, false, get_email_set, NULL, "calendarserver principals"},
    {ROW(NS_CS, "calendar-proxy-read-for"), PRINCIPALS, false, get_proxy_read_for, NULL, "calendarserver proxies, 5"},
    {ROW(NS_CS, "calendar-proxy-write-for"), PRINCIPALS, false, get_proxy_write_for, NULL, "calendarserver proxies, 5"},
    {ROW(NS_CALDAV, "calendar-home-set"), PRINCIPALS | PROXIES, false, get_calendar_home_set, NULL, "RFC 4791, 6.2.1"},
    {ROW(NS_CALDAV, "schedule-inbox-URL"), PRINCIPALS, false, get_schedule_inbox, NULL, "RFC 6638, 2.2.1"},
    {ROW(NS_CALDAV, "schedule-outbox-URL"), PRINCIPALS, false, get_schedule_outbox, NULL, "RFC 6638, 2.1.1"},
    {ROW(NS_CALDAV, "calendar-user-address-set"), PRINCIPALS, false, get_address_set, NULL, "RFC 6638, 2.4.1"},
    {ROW(NS_CALDAV, "calendar-user-type"), PRINCIPALS, false, get_user_type, NULL, "RFC 6638, 2.4.2"},
    {ROW(NS_CALDAV, "calendar-description"), CALENDARS, false, get_calendar_description, set_calendar_description,
        "RFC 4791, 5.2.1"},
    {ROW(NS_CALDAV, "calendar-timezone"), CALENDARS, false, get_calendar_timezone, set_calendar_timezone,
        "RFC 4791, 5.2.2"},
    {ROW(NS_CALDAV, "calendar-timezone-id"), CALENDARS, false, get_calendar_timezone_id, set_calendar_timezone_id,
        "RFC 7809, 5.2"},
    {ROW(NS_CALDAV, "timezone-service-set"), HOMES | CALENDARS, false, get_timezone_services, NULL, "RFC 7809, 5.1"},
    {ROW(NS_CALDAV, "supported-calendar-component-set"), CALENDARS, false, get_supported_components,
        set_supported_components, "RFC 4791, 5.2.3"},
    {ROW(NS_CALDAV, "supported-calendar-component-sets"), HOMES, false, get_supported_component_sets, NULL,
        "calendarserver, caldav-extensions"},
    {ROW(NS_CALDAV, "supported-calendar-data"), CALENDARS, false, get_supported_calendar_data, NULL,
        "RFC 4791, 5.2.4"},
    {ROW(NS_CALDAV, "supported-rscale-set"), CALENDARS, false, get_supported_rscales, NULL, "RFC 7529, 5.1"},
    {ROW(NS_CALDAV, "max-resource-size"), CALENDARS, false, get_max_resource_size, NULL, "RFC 4791, 5.2.5"},
    {ROW(NS_CALDAV, "min-date-time"), CALENDARS, false, get_min_date_time, NULL, "RFC 4791, 5.2.6"},
    {ROW(NS_CALDAV, "max-date-time"), CALENDARS, false, get_max_date_time, NULL, "RFC 4791, 5.2.7"},
    {ROW(NS_CALDAV, "max-instances"), CALENDARS, false, get_max_instances, NULL, "RFC 4791, 5.2.8"},
    {ROW(NS_CALDAV, "max-attendees-per-instance"), CALENDARS, false, get_max_attendees, NULL, "RFC 4791, 5.2.9"},
    {ROW(NS_CALDAV, "supported-collation-set"), CALENDARS, false, get_supported_collations, NULL, "RFC 4791, 7.5.1"},
    {ROW(NS_CALDAV, "schedule-calendar-transp"), CALENDARS, false, get_transparency, set_transparency,
        "RFC 6638, 9.1"},
    {ROW(NS_CALDAV, "schedule-default-calendar-URL"), CALENDARS, false, get_default_calendar, NULL, "RFC 6638, 9.2"},
    {ROW(NS_CALDAV, "schedule-tag"), OBJECTS, false, get_schedule_tag, NULL, "RFC 6638, 9.3"},
    {ROW(NS_CALDAV, "calendar-data"), OBJECTS, false, get_calendar_data, NULL, "RFC 4791, 9.6"},
};
const size_t live_property_count = ARRAY_LEN(live_properties);

const struct live_property *live_property_find(struct slice ns, struct slice name)
{
	for (size_t i = 0; i < live_property_count; i++)
		if (slice_equal(name, live_properties[i].name) && slice_equal(ns, live_properties[i].ns))
			return &live_properties[i];
	return NULL;
}

bool live_property_claims(const struct live_property *live, unsigned kinds)
{
	return live != NULL && (live->set == NULL || (live->kinds & kinds) != 0);
}

/* ---- plans ---- */

struct step {
	const struct live_property *live; /* NULL: perhaps dead */
	struct slice ns, name;
	struct slice open, close, empty; /* its tags, made once */
	bool missing;                    /* of the resource at hand */
};

struct property_plan {
	enum propfind_kind kind;
	struct step *steps;
	size_t count;
	bool minimal; /* what is missing is not told (RFC 8144, 2.1) */
	const struct calendar_data *data;
};

static struct slice keep(struct arena *arena, struct buf *b)
{
	struct slice made = buf_slice(b);

	made.at = b->err == 0 ? arena_copy(arena, made) : NULL;
	buf_reset(b);
	return made;
}

static int add_step(struct dav_request *d, struct property_plan *plan, struct slice ns, struct slice name)
{
	AUTO_BUF struct buf b = BUF_INIT(65536);
	struct step *step = &plan->steps[plan->count++];

	*step = (struct step){.live = live_property_find(ns, name), .ns = ns, .name = name};
	property_open(&b, ns, name);
	step->open = keep(d->arena, &b);
	property_close(&b, ns, name);
	step->close = keep(d->arena, &b);
	property_empty(&b, ns, name);
	step->empty = keep(d->arena, &b);
	return step->open.at != NULL && step->close.at != NULL && step->empty.at != NULL ? 0 : -ENOMEM;
}

static bool is_calendar_data(const struct live_property *live)
{
	return live != NULL && live->get == get_calendar_data;
}

static int read_data(struct dav_request *d, struct property_plan *plan, const struct property_name *name)
{
	struct calendar_data *data = arena_zalloc(d->arena, sizeof(*data));
	int ret = data != NULL ? calendar_data_read(d->arena, name->element, data, &d->error) : -ENOMEM;

	plan->data = data;
	return ret;
}

int property_plan_make(struct dav_request *d, const struct property_list *list, bool report,
    struct property_plan **plan_r)
{
	struct property_plan *plan = arena_zalloc(d->arena, sizeof(*plan));
	int ret = 0;

	if (plan == NULL)
		return -ENOMEM;
	plan->kind = list->kind;
	plan->minimal = d->prefer.return_minimal;
	plan->steps = arena_array(d->arena, list->count + live_property_count, sizeof(*plan->steps));
	if (plan->steps == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && list->kind != PROPFIND_PROP && i < live_property_count; i++)
		if (list->kind == PROPFIND_PROPNAME || live_properties[i].in_allprop)
			ret = add_step(d, plan, live_properties[i].ns, live_properties[i].name);
	for (size_t i = 0; ret == 0 && list->kind != PROPFIND_PROPNAME && i < list->count; i++) {
		ret = add_step(d, plan, list->names[i].ns, list->names[i].name);
		if (ret == 0 && report && is_calendar_data(plan->steps[plan->count - 1].live))
			ret = read_data(d, plan, &list->names[i]);
	}
	*plan_r = plan;
	return ret;
}

bool property_owner_of(const struct dav_resource *resource, enum property_owner *owner_r, uint64_t *id_r)
{
	*id_r = resource->owner;
	switch (resource->kind) {
	case DAV_PRINCIPAL:
		*owner_r = PROPERTY_OF_PRINCIPAL;
		return true;
	case DAV_HOME:
		*owner_r = PROPERTY_OF_HOME;
		return (resource->access & ACL_FOUND) == 0;
	case DAV_FILE:
	case DAV_FOLDER:
		*owner_r = resource->file != NULL ? PROPERTY_OF_FILE : PROPERTY_OF_COLLECTION;
		*id_r = resource->file != NULL ? resource->file->id : resource->collection->id;
		return true;
	case DAV_COLLECTION:
		*owner_r = PROPERTY_OF_COLLECTION;
		*id_r = resource->collection->id;
		return true;
	case DAV_OBJECT:
		*owner_r = PROPERTY_OF_OBJECT;
		*id_r = resource->object != NULL ? resource->object->id : 0;
		return resource->object != NULL;
	default:
		return false;
	}
}

static int write_dead(const struct step *step, const struct property_source *source, struct buf *b)
{
	enum property_owner owner;
	struct slice xml;
	uint64_t id;
	int ret;

	if (!property_owner_of(source->resource, &owner, &id))
		return -ENOENT;
	ret = store_property_get(source->txn, source->d->arena, owner, id, step->ns, step->name, &xml);
	if (ret == 0)
		buf_add_slice(b, xml);
	return ret;
}

/* A resource has a live property when its kind does and the getter finds it; calendar-data in reports only. */
static int write_live(const struct step *step, const struct property_source *source, struct buf *b)
{
	size_t from = b->len, content;
	int ret;

	if ((step->live->kinds & ON(source->resource->kind)) == 0)
		return write_dead(step, source, b);
	buf_add_slice(b, step->open);
	content = b->len;
	ret = step->live->get(source, b);
	if (ret < 0) {
		buf_truncate(b, from);
		return ret;
	}
	if (b->len > content) {
		buf_add_slice(b, step->close);
	} else {
		buf_truncate(b, from);
		buf_add_slice(b, step->empty);
	}
	return 0;
}

static int write_name(const struct step *step, const struct property_source *source, struct buf *b)
{
	if ((step->live->kinds & ON(source->resource->kind)) == 0 || is_calendar_data(step->live))
		return -ENOENT;
	buf_add_slice(b, step->empty);
	return 0;
}

static int write_step(const struct property_plan *plan, const struct step *step, const struct property_source *source,
    struct buf *b)
{
	int ret;

	if (plan->kind == PROPFIND_PROPNAME)
		return write_name(step, source, b);
	ret = property_write_personal(source, step->ns, step->name, b);
	if (ret != -ENOENT)
		return ret;
	return step->live != NULL ? write_live(step, source, b) : write_dead(step, source, b);
}

struct dead_writing {
	const struct property_plan *plan;
	const struct property_source *source;
	struct buf *b;
	bool of_sharee; /* what he set himself; else the resource's */
};

/* Named in DAV:include, or live and so written already. */
static bool is_written(const struct property_plan *plan, struct slice ns, struct slice name)
{
	for (size_t i = 0; i < plan->count; i++)
		if (slice_equal(name, plan->steps[i].name) && slice_equal(ns, plan->steps[i].ns))
			return true;
	return false;
}

static int write_one_dead(struct slice ns, struct slice name, struct slice xml, void *arg)
{
	struct dead_writing *writing = arg;
	const struct property_source *source = writing->source;
	struct slice other;
	uint64_t id;

	if (is_written(writing->plan, ns, name))
		return 0;
	if (!writing->of_sharee && property_is_personal(source->d, source->resource, ns, name, &id)) {
		int ret = store_property_get(source->txn, source->d->arena, PROPERTY_OF_SHAREE, id, ns, name, &other);

		if (ret != -ENOENT)
			return ret; /* his own comes instead */
	}
	if (writing->plan->kind == PROPFIND_PROPNAME)
		property_empty(writing->b, ns, name);
	else
		buf_add_slice(writing->b, xml);
	return 0;
}

static int write_all_dead(const struct property_plan *plan, const struct property_source *source, struct buf *b)
{
	struct dead_writing writing = {plan, source, b, false};
	enum property_owner owner;
	uint64_t id, own;
	int ret;

	if (plan->kind == PROPFIND_PROP || !property_owner_of(source->resource, &owner, &id))
		return 0;
	ret = store_property_each(source->txn, owner, id, write_one_dead, &writing);
	if (ret < 0 || !property_sharee_of(source->d, source->resource, &own))
		return ret;
	writing.of_sharee = true;
	return store_property_each(source->txn, PROPERTY_OF_SHAREE, own, write_one_dead, &writing);
}

static void write_missing(const struct property_plan *plan, struct buf *b)
{
	propstat_open(b);
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].missing)
			buf_add_slice(b, plan->steps[i].empty);
	propstat_close(b, 404, CONDITION_NONE);
}

int property_plan_run(const struct property_plan *plan, struct property_source *source, struct slice href, struct buf *b)
{
	size_t group, content;
	bool any_missing = false;
	int ret = 0;

	source->data = plan->data;
	response_open(b, href);
	group = b->len;
	propstat_open(b);
	content = b->len;
	for (size_t i = 0; i < plan->count; i++) {
		struct step *step = &plan->steps[i];

		ret = write_step(plan, step, source, b);
		step->missing = ret == -ENOENT;
		any_missing |= step->missing;
		if (ret < 0 && ret != -ENOENT)
			return ret;
	}
	ret = write_all_dead(plan, source, b);
	if (ret < 0)
		return ret;
	any_missing &= !plan->minimal && plan->kind == PROPFIND_PROP;
	if (b->len == content && any_missing)
		buf_truncate(b, group); /* nothing was found: a 200 without properties says nothing */
	else
		propstat_close(b, 200, CONDITION_NONE);
	if (any_missing)
		write_missing(plan, b);
	response_close(b);
	return b->err;
}

/* ---- dead properties ---- */

/*
 * Alarms for events and tasks that have none of their own, of a home and of a calendar: apps read them and show them, the
 * server only keeps them, so a broken one is refused here.
 */
static bool is_default_alarm(const struct property_change *change)
{
	static const char *const names[] = {"default-alarm-vevent-date", "default-alarm-vevent-datetime",
	    "default-alarm-vtodo-date", "default-alarm-vtodo-datetime"};

	if (!slice_is(change->ns, NS_CALDAV))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(change->name, names[i]))
			return true;
	return false;
}

int property_check_dead(struct dav_request *d, const struct property_change *change, struct error *err)
{
	if (change->remove)
		return 0;
	if (is_default_alarm(change))
		return ical_alarms_check(d->arena, d->app->zones, xml_trimmed(change->element), err);
	if (slice_is(change->ns, NS_CALDAV) && slice_is(change->name, "calendar-availability"))
		return availability_property_check(d, xml_trimmed(change->element), err);
	return 0;
}

int property_store_dead(struct kv_txn *txn, enum property_owner owner, uint64_t id, const struct property_change *change,
    size_t *count)
{
	bool small = owner == PROPERTY_OF_OBJECT;
	AUTO_BUF struct buf xml = BUF_INIT(small ? DAV_OBJECT_PROPERTY_MAX : DAV_DEAD_PROPERTY_MAX);
	size_t count_max = small ? DAV_OBJECT_PROPERTIES_MAX : DAV_DEAD_PROPERTIES_MAX;
	int ret;

	ret = store_property_delete(txn, owner, id, change->ns, change->name);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	if (ret == 0)
		--*count;
	if (change->remove)
		return 0; /* none there is no error: RFC 4918, 14.23 */
	xml_write_element(&xml, change->element);
	if (xml.err != 0)
		return xml.err;
	if (++*count > count_max)
		return -EMSGSIZE;
	return store_property_put(txn, owner, id, change->ns, change->name, buf_slice(&xml));
}
