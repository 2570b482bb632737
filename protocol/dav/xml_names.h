/*
 * dav/xml_names - the namespaces and element names that we know, one table; a small number for each.
 */
#ifndef DAV_XML_NAMES_H
#define DAV_XML_NAMES_H

#include "protocol/base/slice.h"

#define NS_DAV        "DAV:"
#define NS_CALDAV     "urn:ietf:params:xml:ns:caldav"
#define NS_CS         "http://calendarserver.org/ns/"
#define NS_ICAL       "http://apple.com/ns/ical/"
#define NS_ME         "http://me.com/_namespace/"
#define NS_SLOTKEEPER "urn:slotkeeper"

/* X(id, namespace, local name) */
#define XML_NAMES(X)                                                                                                   \
	X(DAV_ALLPROP, DAV, "allprop")                                                                                 \
	X(DAV_PROPNAME, DAV, "propname")                                                                               \
	X(DAV_PROP, DAV, "prop")                                                                                       \
	X(DAV_INCLUDE, DAV, "include")                                                                                 \
	X(DAV_PROPFIND, DAV, "propfind")                                                                               \
	X(DAV_PROPERTYUPDATE, DAV, "propertyupdate")                                                                   \
	X(DAV_SET, DAV, "set")                                                                                         \
	X(DAV_REMOVE, DAV, "remove")                                                                                   \
	X(DAV_MKCOL, DAV, "mkcol")                                                                                     \
	X(DAV_HREF, DAV, "href")                                                                                       \
	X(DAV_COLLECTION, DAV, "collection")                                                                           \
	X(DAV_RESOURCETYPE, DAV, "resourcetype")                                                                       \
	X(DAV_DISPLAYNAME, DAV, "displayname")                                                                         \
	X(DAV_SYNC_COLLECTION, DAV, "sync-collection")                                                                 \
	X(DAV_SYNC_TOKEN, DAV, "sync-token")                                                                           \
	X(DAV_SYNC_LEVEL, DAV, "sync-level")                                                                           \
	X(DAV_EXPAND_PROPERTY, DAV, "expand-property")                                                                 \
	X(DAV_PROPERTY, DAV, "property")                                                                               \
	X(DAV_PRINCIPAL_SEARCH_PROPERTY_SET, DAV, "principal-search-property-set")                                     \
	X(DAV_PRINCIPAL_PROPERTY_SEARCH, DAV, "principal-property-search")                                             \
	X(DAV_PROPERTY_SEARCH, DAV, "property-search")                                                                 \
	X(DAV_MATCH, DAV, "match")                                                                                     \
	X(DAV_LIMIT, DAV, "limit")                                                                                     \
	X(DAV_NRESULTS, DAV, "nresults")                                                                               \
	X(DAV_ACL, DAV, "acl")                                                                                         \
	X(DAV_ACE, DAV, "ace")                                                                                         \
	X(DAV_PRINCIPAL, DAV, "principal")                                                                             \
	X(DAV_INVERT, DAV, "invert")                                                                                   \
	X(DAV_GRANT, DAV, "grant")                                                                                     \
	X(DAV_DENY, DAV, "deny")                                                                                       \
	X(DAV_PROTECTED, DAV, "protected")                                                                             \
	X(DAV_INHERITED, DAV, "inherited")                                                                             \
	X(DAV_PRIVILEGE, DAV, "privilege")                                                                             \
	X(DAV_ALL, DAV, "all")                                                                                         \
	X(DAV_AUTHENTICATED, DAV, "authenticated")                                                                     \
	X(DAV_UNAUTHENTICATED, DAV, "unauthenticated")                                                                 \
	X(DAV_SELF, DAV, "self")                                                                                       \
	X(DAV_LOCKINFO, DAV, "lockinfo")                                                                                   \
	X(DAV_LOCKSCOPE, DAV, "lockscope")                                                                                 \
	X(DAV_LOCKTYPE, DAV, "locktype")                                                                                   \
	X(DAV_WRITE, DAV, "write")                                                                                         \
	X(DAV_EXCLUSIVE, DAV, "exclusive")                                                                                 \
	X(DAV_SHARED, DAV, "shared")                                                                                       \
	X(DAV_OWNER, DAV, "owner")                                                                                         \
	X(DAV_PRINCIPAL_MATCH, DAV, "principal-match")                                                                     \
	X(DAV_PRINCIPAL_PROPERTY, DAV, "principal-property")                                                               \
	X(DAV_ACL_PRINCIPAL_PROP_SET, DAV, "acl-principal-prop-set")                                                       \
	X(DAV_APPLY_TO_PRINCIPAL_COLLECTION_SET, DAV, "apply-to-principal-collection-set")                                 \
	X(CALDAV_MKCALENDAR, CALDAV, "mkcalendar")                                                                     \
	X(CALDAV_CALENDAR, CALDAV, "calendar")                                                                         \
	X(CALDAV_CALENDAR_DATA, CALDAV, "calendar-data")                                                               \
	X(CALDAV_CALENDAR_QUERY, CALDAV, "calendar-query")                                                             \
	X(CALDAV_CALENDAR_MULTIGET, CALDAV, "calendar-multiget")                                                       \
	X(CALDAV_FREE_BUSY_QUERY, CALDAV, "free-busy-query")                                                           \
	X(CALDAV_FILTER, CALDAV, "filter")                                                                             \
	X(CALDAV_COMP_FILTER, CALDAV, "comp-filter")                                                                   \
	X(CALDAV_PROP_FILTER, CALDAV, "prop-filter")                                                                   \
	X(CALDAV_PARAM_FILTER, CALDAV, "param-filter")                                                                 \
	X(CALDAV_IS_NOT_DEFINED, CALDAV, "is-not-defined")                                                             \
	X(CALDAV_TEXT_MATCH, CALDAV, "text-match")                                                                     \
	X(CALDAV_TIME_RANGE, CALDAV, "time-range")                                                                     \
	X(CALDAV_TIMEZONE, CALDAV, "timezone")                                                                         \
	X(CALDAV_TIMEZONE_ID, CALDAV, "timezone-id")                                                                   \
	X(CALDAV_COMP, CALDAV, "comp")                                                                                 \
	X(CALDAV_ALLCOMP, CALDAV, "allcomp")                                                                           \
	X(CALDAV_ALLPROP, CALDAV, "allprop")                                                                           \
	X(CALDAV_PROP, CALDAV, "prop")                                                                                 \
	X(CALDAV_EXPAND, CALDAV, "expand")                                                                             \
	X(CALDAV_LIMIT_RECURRENCE_SET, CALDAV, "limit-recurrence-set")                                                 \
	X(CALDAV_LIMIT_FREEBUSY_SET, CALDAV, "limit-freebusy-set")                                                     \
	X(CALDAV_OPAQUE, CALDAV, "opaque")                                                                             \
	X(CALDAV_TRANSPARENT, CALDAV, "transparent")                                                                   \
	X(CS_CALENDARSERVER_PRINCIPAL_SEARCH, CS, "calendarserver-principal-search")                                       \
	X(CS_SEARCH_TOKEN, CS, "search-token")                                                                             \
	X(CS_LIMIT, CS, "limit")                                                                                           \
	X(CS_NRESULTS, CS, "nresults")                                                                                     \
	X(CS_SUBSCRIBED, CS, "subscribed")

enum xml_id {
	XML_UNKNOWN,
#define XML_ID_(id, ns, name) XML_##id,
	XML_NAMES(XML_ID_)
#undef XML_ID_
	    XML_ID_COUNT
};

enum xml_id xml_id_find(struct slice ns, struct slice name);

/* The prefix that our answers declare for a namespace ("D", "C", "CS", "I", "M"), or NULL. */
const char *xml_prefix(struct slice ns);

#endif
