/*
 * base/error - what a client must be told, carried up to where the request ends.
 *
 * The caller owns the struct; the first function that refuses fills it. The condition names the precondition
 * element of the answer's body; the table of their names and sources is protocol/dav/condition.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/* Preconditions and postconditions (RFC 4918, 16; 3744; 4791; 5689; 6578; 6638; 7809; 7529; 8144). */
enum dav_condition {
	CONDITION_NONE,
	DAV_NEED_PRIVILEGES,
	DAV_GRANT_ONLY,
	DAV_NO_INVERT,
	DAV_NO_ABSTRACT,
	DAV_NOT_SUPPORTED_PRIVILEGE,
	DAV_RECOGNIZED_PRINCIPAL,
	DAV_ALLOWED_PRINCIPAL,
	DAV_LIMITED_NUMBER_OF_ACES,
	DAV_RESOURCE_MUST_BE_NULL,
	DAV_CANNOT_MODIFY_PROTECTED_PROPERTY,
	DAV_VALID_SYNC_TOKEN,
	DAV_SYNC_TRAVERSAL_SUPPORTED,
	DAV_NUMBER_OF_MATCHES_WITHIN_LIMITS,
	DAV_SUPPORTED_REPORT,
	DAV_VALID_RESOURCETYPE,
	DAV_PROPFIND_FINITE_DEPTH,
	DAV_QUOTA_NOT_EXCEEDED,
	DAV_SUFFICIENT_DISK_SPACE,
	DAV_LOCK_TOKEN_SUBMITTED,
	DAV_NO_CONFLICTING_LOCK,
	DAV_LOCK_TOKEN_MATCHES_REQUEST_URI,
	CALDAV_SUPPORTED_CALENDAR_DATA,
	CALDAV_VALID_CALENDAR_DATA,
	CALDAV_VALID_CALENDAR_OBJECT_RESOURCE,
	CALDAV_SUPPORTED_CALENDAR_COMPONENT,
	CALDAV_NO_UID_CONFLICT,
	CALDAV_CALENDAR_COLLECTION_LOCATION_OK,
	CALDAV_MAX_RESOURCE_SIZE,
	CALDAV_MIN_DATE_TIME,
	CALDAV_MAX_DATE_TIME,
	CALDAV_MAX_INSTANCES,
	CALDAV_MAX_ATTENDEES_PER_INSTANCE,
	CALDAV_INITIALIZE_CALENDAR_COLLECTION,
	CALDAV_VALID_FILTER,
	CALDAV_SUPPORTED_FILTER,
	CALDAV_SUPPORTED_COLLATION,
	CALDAV_VALID_TIMEZONE,
	CALDAV_SUPPORTED_RSCALE,
	CALDAV_SAME_ORGANIZER_IN_ALL_COMPONENTS,
	CALDAV_UNIQUE_SCHEDULING_OBJECT_RESOURCE,
	SLOTKEEPER_SLOT_UNAVAILABLE,
	DAV_CONDITION_COUNT
};

struct error {
	int http_status; /* 403; 0 when nothing is to be told beyond the negative errno */
	enum dav_condition condition;
	char detail[160]; /* for people and logs; never secrets, never raw input */
};

#define ERROR_NONE ((struct error){0})

/* Fills *ERR (which may be NULL) and returns -EINVAL, so that a refusal is one line. */
int error_set(struct error *err, int http_status, enum dav_condition condition, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
