/*
 * dav/path - which resource a request path names (RFC 4918, 5.1; RFC 3986, 3.3).
 *
 * Pure: no lookup - a path can be well formed and name nothing. `@` and `%40`, and every other spelling of a segment,
 * are the same name.
 */
#ifndef DAV_PATH_H
#define DAV_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/buf.h"
#include "protocol/base/slice.h"

enum dav_kind {
	DAV_SITE,             /* / : Apple probes it */
	DAV_WELL_KNOWN,       /* /.well-known/caldav, with or without a slash behind (RFC 6764, 5) */
	DAV_PROBE_PRINCIPALS, /* /principals/ : Apple probes it */
	DAV_PROBE_USER,       /* /calendar/dav/NAME/user/ : Apple probes it */
	DAV_ROOT,             /* /dav/ */
	DAV_PRINCIPALS,       /* /dav/principals/ */
	DAV_PRINCIPAL_SET,    /* /dav/principals/users/, resources/, groups/ */
	DAV_PRINCIPAL,        /* /dav/principals/users/NAME/ (RFC 3744, 2) */
	DAV_PROXY,            /* .../NAME/calendar-proxy-read/ and -write/ : the group of those who act for NAME */
	DAV_CALENDARS,        /* /dav/calendars/ */
	DAV_HOME,             /* /dav/calendars/NAME/ (RFC 4791, 6.2.1) */
	DAV_COLLECTION,       /* /dav/calendars/NAME/COLLECTION/ (RFC 4791, 4.2) */
	DAV_OBJECT,           /* /dav/calendars/NAME/COLLECTION/OBJECT (RFC 4791, 4.1), and what is deeper */
	DAV_FOLDER,           /* a plain collection, or a folder in it; */
	DAV_FILE,             /* and a file: what lies at the path decides, so these come from no parser */
	DAV_KIND_COUNT
};

enum dav_principal_set {
	DAV_USERS,
	DAV_RESOURCES,
	DAV_GROUPS,
};

/* calendarserver proxies, 3: what the members of the group may do with its owner's calendars. */
enum dav_proxy {
	DAV_PROXY_READ,
	DAV_PROXY_WRITE,
};

#define DAV_SEGMENT_MAX 255 /* bytes of one decoded segment, so names fit a key */

struct dav_path {
	enum dav_kind kind;
	enum dav_principal_set set; /* DAV_PRINCIPAL_SET, DAV_PRINCIPAL and DAV_PROXY */
	enum dav_proxy proxy;       /* DAV_PROXY */
	bool slash;                 /* it ended in one */
	char name[DAV_SEGMENT_MAX + 1];       /* of the principal or home, "" above one */
	char collection[DAV_SEGMENT_MAX + 1]; /* "" above one */
	char object[DAV_SEGMENT_MAX + 1];     /* "" unless DAV_OBJECT; deeper segments follow, each behind a slash */
};

/*
 * Parses a raw path. Returns 0 and fills *PATH_R; -ENOENT (no such shape), -EINVAL (bad escape, dot segment, control
 * character, "/" or NUL inside a segment) or -ENAMETOOLONG, with *PATH_R untouched.
 */
int dav_path_parse(struct slice text, struct dav_path *path_r);
/* Parses the path of an href in a body: absolute path, or absolute URI whose authority is not looked at; no query. */
int dav_path_parse_href(struct slice href, struct dav_path *path_r);

/* ---- hrefs out: always percent-encoded the same way ---- */
void dav_href_home(struct buf *b, struct slice name);                             /* /dav/calendars/NAME/ */
void dav_href_collection(struct buf *b, struct slice name, struct slice collection);
/* A slash inside OBJECT separates segments. */
void dav_href_object(struct buf *b, struct slice name, struct slice collection, struct slice object);
void dav_href_principal(struct buf *b, enum dav_principal_set set, struct slice name);
void dav_href_proxy(struct buf *b, enum dav_principal_set set, struct slice name, enum dav_proxy proxy);
void dav_href(struct buf *b, const struct dav_path *path);

#endif
