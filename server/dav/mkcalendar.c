/* MKCALENDAR (RFC 4791, 5.3.1) and extended MKCOL (RFC 5689): a calendar and its first properties in one update. */
#include <config.h>

#include <errno.h>

#include "protocol/dav/multistatus.h"
#include "server/base/config.h"
#include "server/booking/change.h"
#include "server/dav/plain.h"
#include "server/dav/properties.h"

#define COLLECTIONS_MAX 500 /* of one home: each is listed at every poll of an app */

struct creation {
	struct dav_request *d;
	struct collection_request request;
	bool mkcalendar;
	struct error *wrong;             /* one a property: what its value is not, when it is dead */
	struct property_change *refused; /* the property that may not be so; d->error says why */
};

static int count_collection(const struct collection *collection, void *arg)
{
	(void)collection;
	++*(size_t *)arg;
	return 0;
}

/* 0, or -EINVAL with the condition of RFC 4791, 5.3.1.1. */
static int check_place(struct creation *creation, struct kv_txn *txn, struct dav_resource *home)
{
	struct dav_request *d = creation->d;
	struct dav_path path = d->path;
	struct collection there;
	size_t count = 0;
	int ret;

	path.kind = DAV_HOME;
	ret = dav_resolve(d, txn, &path, ACL_BIND, home);
	if (ret < 0)
		return ret;
	if (d->path.kind == DAV_OBJECT)
		return error_set(&d->error, 403, CALDAV_CALENDAR_COLLECTION_LOCATION_OK, "A calendar holds no calendars.");
	if (d->path.kind == DAV_HOME)
		return error_set(&d->error, creation->mkcalendar ? 403 : 405, DAV_RESOURCE_MUST_BE_NULL, "This exists.");
	if (home->owner_kind != PRINCIPAL_USER)
		return error_set(&d->error, 403, CALDAV_CALENDAR_COLLECTION_LOCATION_OK, "A resource has one calendar.");
	if (change_name_is_reserved(slice_str(d->path.collection)))
		return error_set(&d->error, 403, CALDAV_CALENDAR_COLLECTION_LOCATION_OK, "This name is reserved.");
	ret = store_collection_get(txn, d->arena, home->name, slice_str(d->path.collection), &there);
	if (ret != -ENOENT) /* RFC 4918, 9.3.1 says 405 of MKCOL */
		return ret < 0 ? ret
		               : error_set(&d->error, creation->mkcalendar ? 403 : 405, DAV_RESOURCE_MUST_BE_NULL,
		                     "There is something of this name already.");
	ret = store_collection_each(txn, home->name, count_collection, &count);
	if (ret == 0 && count >= COLLECTIONS_MAX)
		return error_set(&d->error, 507, DAV_QUOTA_NOT_EXCEEDED, "A home holds at most %d calendars.", COLLECTIONS_MAX);
	return ret;
}

static unsigned kind_of(const struct creation *creation)
{
	return creation->request.is_calendar ? ON(DAV_COLLECTION) : ON(DAV_FOLDER);
}

static int set_live(struct creation *creation, struct property_edit *edit, size_t *failed)
{
	for (size_t i = 0; i < creation->request.set.count; i++) {
		const struct property_change *change = &creation->request.set.at[i];
		const struct live_property *live = live_property_find(change->ns, change->name);
		int ret = 0;

		if (!live_property_claims(live, kind_of(creation)))
			continue;
		*failed = i;
		if (live->set == NULL)
			return error_set(&creation->d->error, 403, DAV_CANNOT_MODIFY_PROTECTED_PROPERTY, "protected");
		ret = live->set(edit, change->element, &creation->d->error);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int set_dead(struct creation *creation, struct kv_txn *txn, uint64_t collection, size_t *failed)
{
	size_t count = 0;

	for (size_t i = 0; i < creation->request.set.count; i++) {
		const struct property_change *change = &creation->request.set.at[i];
		const struct live_property *live = live_property_find(change->ns, change->name);
		int ret;

		if (live_property_claims(live, kind_of(creation)))
			continue;
		*failed = i;
		if (creation->wrong[i].http_status != 0) {
			creation->d->error = creation->wrong[i];
			return -EINVAL;
		}
		ret = property_store_dead(txn, PROPERTY_OF_COLLECTION, collection, change, &count);
		if (ret == -EMSGSIZE)
			return error_set(&creation->d->error, 507, CONDITION_NONE, "too many properties, or one too large");
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int check_type(struct creation *creation)
{
	struct error *err = &creation->d->error;

	if (creation->request.is_other)
		return error_set(err, 403, DAV_VALID_RESOURCETYPE, "Only calendars can be made here.");
	if (!creation->request.is_calendar && !config_get(creation->d->app->config)->plain_collections)
		return error_set(err, 403, DAV_VALID_RESOURCETYPE, "A plain collection cannot be made here.");
	return 0;
}

static int create(struct kv_txn *txn, void *arg)
{
	struct creation *creation = arg;
	struct dav_request *d = creation->d;
	struct collection collection = {.kind = COLLECTION_CALENDAR,
	    .name = slice_str(d->path.collection),
	    .display_name = SLICE_EMPTY,
	    .description = SLICE_EMPTY,
	    .timezone = SLICE_EMPTY,
	    .timezone_id = SLICE_EMPTY,
	    .components = COMPONENT_VEVENT | COMPONENT_VTODO | COMPONENT_VJOURNAL,
	    .created = clock_now(d->app->clock)};
	struct property_edit edit = {.d = d, .txn = txn, .collection = &collection, .creating = true};
	struct dav_resource home;
	size_t failed = SIZE_MAX;
	int ret;

	creation->refused = NULL;
	d->error = ERROR_NONE;
	if (d->path.kind == DAV_OBJECT && !creation->mkcalendar) {
		ret = plain_make_folder(d, txn);
		if (ret != -ENOENT)
			return ret;
	}
	ret = check_place(creation, txn, &home);
	if (ret == 0)
		ret = check_type(creation);
	if (ret < 0)
		return ret;
	if (!creation->request.is_calendar) {
		collection.kind = COLLECTION_PLAIN;
		collection.components = 0;
	}
	collection.home = home.name;
	collection.owner = home.owner;
	ret = set_live(creation, &edit, &failed);
	if (ret == 0) {
		failed = SIZE_MAX;
		ret = store_collection_put(txn, &collection);
	}
	if (ret == 0)
		ret = set_dead(creation, txn, collection.id, &failed);
	if (ret == -EINVAL && failed != SIZE_MAX)
		creation->refused = &creation->request.set.at[failed];
	return ret;
}

/* Which property it was (RFC 4791, 5.3.1.2 and RFC 5689, 3.4); the others wait for it with 424. */
static void refuse_properties(struct creation *creation)
{
	struct buf *b = &creation->d->http->response.body;
	struct slice ns = slice_str(creation->mkcalendar ? NS_CALDAV : NS_DAV);
	struct slice root = slice_str(creation->mkcalendar ? "mkcalendar-response" : "mkcol-response");
	struct http_request *http = creation->d->http;

	buf_printf(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<%s xmlns=\"%s\" xmlns:D=\"DAV:\" xmlns:C=\"" NS_CALDAV
	              "\" xmlns:CS=\"" NS_CS "\" xmlns:I=\"" NS_ICAL "\" xmlns:M=\"" NS_ME "\">",
	    root.at, ns.at);
	for (size_t i = 0; i < creation->request.set.count; i++) {
		const struct property_change *change = &creation->request.set.at[i];
		bool at_fault = change == creation->refused;

		propstat_open(b);
		property_empty(b, change->ns, change->name);
		propstat_close(b, at_fault ? creation->d->error.http_status : 424,
		    at_fault ? creation->d->error.condition : CONDITION_NONE);
	}
	buf_printf(b, "</%s>\n", root.at);
	http->response.status = creation->mkcalendar ? 403 : 424;
	http_reply_header(http, "Content-Type", "application/xml; charset=utf-8");
}

static void created(int ret, void *arg)
{
	struct creation *creation = arg;
	struct http_request *http = creation->d->http;

	if (ret == -EINVAL && creation->refused != NULL) {
		refuse_properties(creation);
		ret = 0;
	} else if (ret == 0) {
		http->response.status = 201;
		http_reply_header(http, "Cache-Control", "no-cache"); /* RFC 4791, 5.3.1 */
		dav_reply_minimal(creation->d);
	}
	dav_finish(creation->d, ret);
}

/* RFC 4918, 9.3: a body of a kind that is not understood is 415; what says nothing must parse anyway. */
static int check_body_type(struct dav_request *d)
{
	struct slice type = http_header_get(d->http->headers, "Content-Type");
	ptrdiff_t end = slice_find_byte(type, ';');

	type = slice_trim(end < 0 ? type : slice_sub(type, 0, (size_t)end));
	if (d->http->body.len == 0 || type.len == 0 || slice_is_nocase(type, "text/xml") ||
	    slice_is_nocase(type, "application/xml"))
		return 0;
	return error_set(&d->error, 415, CONDITION_NONE, "Send application/xml.");
}

/* As in PROPPATCH: before the update. */
static int check_dead(struct creation *creation)
{
	size_t count = creation->request.set.count;
	int ret = 0;

	creation->wrong = arena_zalloc(creation->d->arena, (count + 1) * sizeof(*creation->wrong));
	if (creation->wrong == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < count; i++) {
		ret = property_check_dead(creation->d, &creation->request.set.at[i], &creation->wrong[i]);
		if (ret == -EINVAL)
			ret = 0;
	}
	return ret;
}

void dav_mkcalendar(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	struct creation *creation;
	int ret = -ENOMEM;

	if (d == NULL)
		return;
	creation = arena_zalloc(d->arena, sizeof(*creation));
	if (creation != NULL) {
		creation->d = d;
		creation->mkcalendar = http->method == HTTP_MKCALENDAR;
		ret = check_body_type(d);
	}
	if (ret == 0) {
		ret = collection_request_read(d->arena, http->body, creation->mkcalendar, &creation->request, &d->error);
	}
	if (ret == 0)
		ret = check_dead(creation);
	if (ret < 0)
		dav_finish(d, ret);
	else
		kv_update(store_kv(d->app->store), create, created, creation);
}
