#include <config.h>

#include "server/booking/person_hours.h"

#include <errno.h>

#include "server/booking/audit.h"
#include "server/booking/change_private.h"
#include "server/booking/rules/hours.h"

#define CALDAV   SLICE("urn:ietf:params:xml:ns:caldav")
#define PROPERTY SLICE("calendar-availability")
#define XML_MAX  (4u << 20)
#define CHECKED  (366 * DAY_SECONDS) /* of an availability, to find out whether it is sound */

int person_hours_check(struct arena *arena, const struct zone_set *zones, struct slice json, struct error *err)
{
	AUTO_INTERVAL_SET struct interval_set open = INTERVAL_SET_INIT;
	const struct interval window = {INT64_C(1767225600), INT64_C(1767225600) + CHECKED}; /* any year is as good */
	struct hours hours;
	int ret = hours_parse(arena, json, &hours, err);

	if (ret < 0)
		return ret;
	if (hours.timezone.len > 0 && zone_set_find(zones, hours.timezone) == NULL)
		return error_set(err, 422, CONDITION_NONE, "timezone: there is no such time zone");
	if (hours.availability.len == 0)
		return 0;
	hours.zones = zones;
	ret = hours_open_availability(&hours, zone_utc(), window, &open, NULL);
	if (ret == -EINVAL || ret == -E2BIG)
		return error_set(err, 422, CONDITION_NONE, "availability: it is no VAVAILABILITY that can be read");
	return ret;
}

/* The zone in which hours without one are told. */
static const struct zone *zone_of(const struct change_service *service, const struct principal *principal,
    struct slice named)
{
	const struct zone_set *zones = service->zones;
	const struct zone *zone = named.len > 0 ? zone_set_find(zones, named) : NULL;

	if (zone == NULL && principal->timezone.len > 0)
		zone = zone_set_find(zones, principal->timezone);
	if (zone == NULL)
		zone = zone_set_find(zones, service->timezone);
	return zone != NULL ? zone : zone_utc();
}

/* The property's element; an empty one when there are no hours. */
static int write_element(struct change_service *service, struct arena *arena, const struct principal *principal,
    struct buf *xml)
{
	AUTO_BUF struct buf text = BUF_INIT(XML_MAX);
	struct hours hours = {.timezone = SLICE_EMPTY};
	int ret = principal->hours.len > 0 ? hours_parse(arena, principal->hours, &hours, NULL) : 0;

	if (ret < 0)
		return ret == -EINVAL ? 0 : ret;
	if (hours.availability.len > 0)
		buf_add_slice(&text, hours.availability);
	else
		hours_write_availability(&text, &hours, zone_of(service, principal, hours.timezone), clock_now(service->clock));
	buf_add_str(xml, "<C:calendar-availability xmlns:C=\"urn:ietf:params:xml:ns:caldav\">");
	buf_add_xml(xml, buf_slice(&text));
	buf_add_str(xml, "</C:calendar-availability>");
	return text.err < 0 ? text.err : xml->err;
}

static int write_property(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct principal *principal, const struct collection *inbox)
{
	AUTO_BUF struct buf xml = BUF_INIT(XML_MAX);
	int ret;

	if (principal->hours.len == 0) {
		ret = store_property_delete(txn, PROPERTY_OF_COLLECTION, inbox->id, CALDAV, PROPERTY);
		ret = ret == -ENOENT ? 0 : ret;
	} else {
		ret = write_element(service, arena, principal, &xml);
		if (ret == 0)
			ret = store_property_put(txn, PROPERTY_OF_COLLECTION, inbox->id, CALDAV, PROPERTY, buf_slice(&xml));
	}
	return ret < 0 ? ret : store_home_touch(txn, principal->id, inbox->id);
}

int person_hours_set(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct principal *principal,
    struct slice json)
{
	struct collection inbox;
	int ret;

	principal->hours = json;
	ret = store_principal_put(txn, principal);
	if (ret < 0 || principal->kind != PRINCIPAL_USER)
		return ret;
	ret = store_collection_get(txn, arena, principal->name, SLICE("inbox"), &inbox);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	return write_property(service, txn, arena, principal, &inbox);
}

int person_hours_follow(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t owner,
    struct slice text, const struct change_origin *origin)
{
	AUTO_BUF struct buf json = BUF_INIT(HOURS_BYTES_MAX);
	struct principal principal;
	struct slice before;
	instant_t now = clock_now(service->clock);
	int ret = store_principal_get_by_id(txn, arena, owner, &principal);

	if (ret == 0 && text.len > 0)
		ret = hours_json_of_availability(arena, service->zones, zone_of(service, &principal, SLICE_EMPTY), text, now, &json,
		    NULL);
	if (ret < 0)
		return ret == -EINVAL ? -EBADMSG : ret; /* it was looked at before */
	before = principal.hours;
	principal.hours = buf_slice(&json);
	ret = store_principal_put(txn, &principal);
	if (ret < 0)
		return ret;
	return audit_change(txn, now, origin, "hours", principal.name,
	    before.len == 0 ? "create" : json.len == 0 ? "delete" : "update", before, buf_slice(&json));
}
