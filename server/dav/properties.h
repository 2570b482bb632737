/*
 * server/dav/properties - live and dead properties of resources: one table, and answers made from it.
 *
 * What a request names is turned into a plan once; then each resource of the answer is written by running down the plan
 * with no further memory, so that a listing of ten thousand objects is one scan.
 */
#ifndef SERVER_DAV_PROPERTIES_H
#define SERVER_DAV_PROPERTIES_H

#include "protocol/dav/calendar_data.h"
#include "protocol/dav/property_request.h"
#include "server/dav/dav_private.h"

#define ON(kind) (1u << (kind))
#define ON_ALL   ((1u << DAV_KIND_COUNT) - 1)

/* A property of a resource that is being read. */
struct property_source {
	struct dav_request *d;
	struct kv_txn *txn;
	struct dav_resource *resource;
	const struct calendar_data *data; /* how calendar-data was asked for; NULL outside reports */
};

/* Writes the content; nothing written is an empty element. -ENOENT: this resource does not have it; other -errno. */
typedef int property_get_fn(const struct property_source *source, struct buf *b);

/* A resource whose properties are being changed: the collection in memory, what else there is in the update itself. */
struct property_edit {
	struct dav_request *d;
	struct kv_txn *txn;
	const struct dav_resource *resource; /* NULL while it is being made */
	struct collection *collection;       /* NULL when it is none */
	bool creating; /* MKCALENDAR and MKCOL: what is protected later may be set */
};

/* ELEMENT NULL removes. 0, -ENOMEM, or -EINVAL with *ERR. */
typedef int property_set_fn(struct property_edit *edit, const struct xml_element *element, struct error *err);

struct live_property {
	struct slice ns, name;
	unsigned kinds;  /* ON(...) */
	bool in_allprop; /* RFC 4918, 9.1: what is cheap and wanted by nearly everybody */
	property_get_fn *get;
	property_set_fn *set; /* on calendars, and on DAV_PROXY; NULL: protected */
	const char *source;
};

extern const struct live_property live_properties[];
extern const size_t live_property_count;

/* NULL when it is not live: then it may be dead. */
const struct live_property *live_property_find(struct slice ns, struct slice name);

/* Whether a name is LIVE's on resources of KINDS: what is protected where it exists is no dead property elsewhere. */
bool live_property_claims(const struct live_property *live, unsigned kinds);

struct property_plan;

/* DATA: calendar-data is answered in this way (reports). 0, -ENOMEM or -EINVAL with d->error. */
int property_plan_make(struct dav_request *d, const struct property_list *list, bool report,
    struct property_plan **plan_r);
/* Adds one DAV:response for SOURCE->resource. 0 or -errno. */
int property_plan_run(const struct property_plan *plan, struct property_source *source, struct slice href, struct buf *b);

/* Whose dead properties those of RESOURCE are; false for a kind that has none. */
bool property_owner_of(const struct dav_resource *resource, enum property_owner *owner_r, uint64_t *id_r);
/* The dead property as it is stored: the whole element. */
int property_store_dead(struct kv_txn *txn, enum property_owner owner, uint64_t id, const struct property_change *change,
    size_t *count);

/*
 * Whether CHANGE's value is one that a dead property of that name may have; most may have any. Takes its time: not for an
 * update. 0, -ENOMEM, or -EINVAL with *ERR.
 */
int property_check_dead(struct dav_request *d, const struct property_change *change, struct error *err);

/* ---- personal.c: properties of another's calendar that are the user's own ---- */
/* Whether the resource is such a calendar for him; *ID_R: with PROPERTY_OF_SHAREE what he set there. */
bool property_sharee_of(const struct dav_request *d, const struct dav_resource *resource, uint64_t *id_r);
/* And whether that property is one of them. */
bool property_is_personal(const struct dav_request *d, const struct dav_resource *resource, struct slice ns,
    struct slice name, uint64_t *id_r);
/* Writes the element as he set it; -ENOENT when he did not: then it is as the owner has it. */
int property_write_personal(const struct property_source *source, struct slice ns, struct slice name, struct buf *b);

#define DAV_DEAD_PROPERTY_MAX   65536 /* bytes of one */
#define DAV_DEAD_PROPERTIES_MAX 200   /* of one resource */
/* Of a calendar object, less: they are written again with each of its writes, in the one writer. */
#define DAV_OBJECT_PROPERTY_MAX   4096
#define DAV_OBJECT_PROPERTIES_MAX 20

/* ---- getters and setters, by file ---- */
/* live_properties.c */
property_get_fn get_resourcetype, get_displayname, get_etag, get_schedule_tag, get_content_type, get_content_length, get_last_modified,
    get_creation_date, get_current_user_principal, get_owner, get_principal_collection_set, get_supported_report_set,
    get_resource_id;
/* acl.c */
property_get_fn get_current_user_privilege_set, get_supported_privilege_set, get_acl, get_acl_restrictions,
    get_inherited_acl_set;
/* The href of a principal by his id; -ENOENT. */
int add_principal_href(const struct property_source *source, uint64_t id, struct buf *b);
/* locks.c */
property_get_fn get_lock_discovery, get_supported_lock;
/* groups.c */
property_get_fn get_group_members, get_group_membership, get_proxy_read_for, get_proxy_write_for;
property_set_fn set_group_members;
/* calendar_properties.c */
property_get_fn get_add_member, get_quota_available, get_quota_used, get_sync_token, get_calendar_description,
    get_calendar_timezone, get_calendar_timezone_id, get_timezone_services, get_supported_components, get_supported_component_sets, get_supported_calendar_data, get_max_resource_size, get_supported_rscales, get_min_date_time, get_max_date_time,
    get_max_instances, get_max_attendees, get_supported_collations, get_transparency, get_calendar_data;
property_set_fn set_displayname, set_calendar_description, set_calendar_timezone, set_calendar_timezone_id,
    set_supported_components, set_transparency;
/* principal_properties.c */
property_get_fn get_principal_url, get_calendar_home_set, get_schedule_inbox, get_schedule_outbox, get_default_calendar, get_address_set, get_email_set, get_user_type;

/* The names of the reports that a kind of resource answers, as DAV:supported-report elements; report.c. */
void report_write_supported(struct buf *b, enum dav_kind kind);

#endif
