#include <config.h>

#include "protocol/dav/condition.h"

#include <stddef.h>

#include "protocol/dav/multistatus.h"

static const struct condition_info conditions[DAV_CONDITION_COUNT] = {
    [DAV_NEED_PRIVILEGES] = {NS_DAV, "need-privileges", "RFC 3744, 7.1.1"},
    [DAV_GRANT_ONLY] = {NS_DAV, "grant-only", "RFC 3744, 8.1.1"},
    [DAV_NO_INVERT] = {NS_DAV, "no-invert", "RFC 3744, 8.1.1"},
    [DAV_NO_ABSTRACT] = {NS_DAV, "no-abstract", "RFC 3744, 8.1.1"},
    [DAV_NOT_SUPPORTED_PRIVILEGE] = {NS_DAV, "not-supported-privilege", "RFC 3744, 8.1.1"},
    [DAV_RECOGNIZED_PRINCIPAL] = {NS_DAV, "recognized-principal", "RFC 3744, 8.1.1"},
    [DAV_ALLOWED_PRINCIPAL] = {NS_DAV, "allowed-principal", "RFC 3744, 8.1.1"},
    [DAV_LIMITED_NUMBER_OF_ACES] = {NS_DAV, "limited-number-of-aces", "RFC 3744, 8.1.1"},
    [DAV_RESOURCE_MUST_BE_NULL] = {NS_DAV, "resource-must-be-null", "RFC 4791, 5.3.1.1"},
    [DAV_CANNOT_MODIFY_PROTECTED_PROPERTY] = {NS_DAV, "cannot-modify-protected-property", "RFC 4918, 16"},
    [DAV_VALID_SYNC_TOKEN] = {NS_DAV, "valid-sync-token", "RFC 6578, 3.2"},
    [DAV_SYNC_TRAVERSAL_SUPPORTED] = {NS_DAV, "sync-traversal-supported", "RFC 6578, 3.3"},
    [DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS] = {NS_DAV, "number-of-matches-within-limits", "RFC 3744, 9.2"},
    [DAV_SUPPORTED_REPORT] = {NS_DAV, "supported-report", "RFC 3253, 3.6"},
    [DAV_VALID_RESOURCETYPE] = {NS_DAV, "valid-resourcetype", "RFC 5689, 3.3"},
    [DAV_PROPFIND_FINITE_DEPTH] = {NS_DAV, "propfind-finite-depth", "RFC 4918, 9.1.1"},
    [DAV_QUOTA_NOT_EXCEEDED] = {NS_DAV, "quota-not-exceeded", "RFC 4331, 6"},
    [DAV_SUFFICIENT_DISK_SPACE] = {NS_DAV, "sufficient-disk-space", "RFC 4331, 6"},
    [DAV_LOCK_TOKEN_SUBMITTED] = {NS_DAV, "lock-token-submitted", "RFC 4918, 16"},
    [DAV_LOCK_TOKEN_MATCHES_REQUEST_URI] = {NS_DAV, "lock-token-matches-request-uri", "RFC 4918, 16"},
    [DAV_NO_CONFLICTING_LOCK] = {NS_DAV, "no-conflicting-lock", "RFC 4918, 16"},
    [CALDAV_SUPPORTED_CALENDAR_DATA] = {NS_CALDAV, "supported-calendar-data", "RFC 4791, 5.3.2.1"},
    [CALDAV_VALID_CALENDAR_DATA] = {NS_CALDAV, "valid-calendar-data", "RFC 4791, 5.3.2.1"},
    [CALDAV_VALID_CALENDAR_OBJECT_RESOURCE] = {NS_CALDAV, "valid-calendar-object-resource", "RFC 4791, 5.3.2.1"},
    [CALDAV_SUPPORTED_CALENDAR_COMPONENT] = {NS_CALDAV, "supported-calendar-component", "RFC 4791, 5.3.2.1"},
    [CALDAV_NO_UID_CONFLICT] = {NS_CALDAV, "no-uid-conflict", "RFC 4791, 5.3.2.1"},
    [CALDAV_CALENDAR_COLLECTION_LOCATION_OK] = {NS_CALDAV, "calendar-collection-location-ok", "RFC 4791, 5.3.1.1"},
    [CALDAV_MAX_RESOURCE_SIZE] = {NS_CALDAV, "max-resource-size", "RFC 4791, 5.3.2.1"},
    [CALDAV_MIN_DATE_TIME] = {NS_CALDAV, "min-date-time", "RFC 4791, 5.3.2.1"},
    [CALDAV_MAX_DATE_TIME] = {NS_CALDAV, "max-date-time", "RFC 4791, 5.3.2.1"},
    [CALDAV_MAX_INSTANCES] = {NS_CALDAV, "max-instances", "RFC 4791, 5.3.2.1"},
    [CALDAV_MAX_ATTENDEES_PER_INSTANCE] = {NS_CALDAV, "max-attendees-per-instance", "RFC 4791, 5.3.2.1"},
    [CALDAV_INITIALIZE_CALENDAR_COLLECTION] = {NS_CALDAV, "initialize-calendar-collection", "RFC 4791, 5.3.1.1"},
    [CALDAV_VALID_FILTER] = {NS_CALDAV, "valid-filter", "RFC 4791, 7.8"},
    [CALDAV_SUPPORTED_FILTER] = {NS_CALDAV, "supported-filter", "RFC 4791, 7.8"},
    [CALDAV_SUPPORTED_COLLATION] = {NS_CALDAV, "supported-collation", "RFC 4791, 7.5.1"},
    [CALDAV_VALID_TIMEZONE] = {NS_CALDAV, "valid-timezone", "RFC 7809, 5.2"},
    [CALDAV_SUPPORTED_RSCALE] = {NS_CALDAV, "supported-rscale", "RFC 7529, 4.1"},
    [CALDAV_SAME_ORGANIZER_IN_ALL_COMPONENTS] = {NS_CALDAV, "same-organizer-in-all-components",
        "RFC 6638, 3.2.4.2"},
    [CALDAV_UNIQUE_SCHEDULING_OBJECT_RESOURCE] = {NS_CALDAV, "unique-scheduling-object-resource",
        "RFC 6638, 3.2.4.1"},
    [CALDAV_ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE] = {NS_CALDAV, "allowed-organizer-scheduling-object-change",
        "RFC 6638, 3.2.4.3"},
    [CALDAV_ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE] = {NS_CALDAV, "allowed-attendee-scheduling-object-change",
        "RFC 6638, 3.2.4.4"},
    [CALDAV_VALID_SCHEDULING_MESSAGE] = {NS_CALDAV, "valid-scheduling-message", "RFC 6638, 5.2"},
    [CALDAV_VALID_ORGANIZER] = {NS_CALDAV, "valid-organizer", "RFC 6638, 5.2"},
    [CALDAV_SUPPORTED_COLLECTION] = {NS_CALDAV, "supported-collection", "RFC 6638, 5.2"},
    [CALDAV_DEFAULT_CALENDAR_NEEDED] = {NS_CALDAV, "default-calendar-needed", "RFC 6638, 9.2"},
    [CALDAV_VALID_SCHEDULE_DEFAULT_CALENDAR_URL] = {NS_CALDAV, "valid-schedule-default-calendar-URL",
        "RFC 6638, 9.2"},
    [SLOTKEEPER_SLOT_UNAVAILABLE] = {NS_SLOTKEEPER, "slot-unavailable", "slotkeeperd(8)"},
};

const struct condition_info *condition_find(enum dav_condition condition)
{
	return condition > CONDITION_NONE && condition < DAV_CONDITION_COUNT && conditions[condition].name != NULL
	    ? &conditions[condition]
	    : NULL;
}

void condition_write_error(struct buf *b, enum dav_condition condition, const char *detail, struct slice extra)
{
	const struct condition_info *info = condition_find(condition);

	buf_add_str(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:error xmlns:D=\"" NS_DAV "\" xmlns:C=\"" NS_CALDAV
	               "\">");
	if (condition == SLOTKEEPER_SLOT_UNAVAILABLE && extra.len > 0) {
		buf_add_slice(b, extra); /* the element itself, which has attributes */
	} else if (info != NULL && extra.len > 0) {
		property_open(b, slice_str(info->ns), slice_str(info->name));
		buf_add_slice(b, extra);
		property_close(b, slice_str(info->ns), slice_str(info->name));
	} else if (info != NULL) {
		property_empty(b, slice_str(info->ns), slice_str(info->name));
	}
	buf_add_xml(b, slice_str(detail));
	buf_add_str(b, "</D:error>\n");
}
