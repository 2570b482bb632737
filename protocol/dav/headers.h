/*
 * dav/headers - the request fields of WebDAV and preferences (RFC 4918, 10; RFC 7240; RFC 8144).
 */
#ifndef DAV_HEADERS_H
#define DAV_HEADERS_H

#include "protocol/base/error.h"
#include "protocol/http/header.h"

enum dav_depth {
	DEPTH_0,
	DEPTH_1,
	DEPTH_INFINITY,
};

/* MISSING when there is no Depth. -EINVAL with *ERR (400) for another value. */
int dav_depth_read(const struct http_headers *headers, enum dav_depth missing, enum dav_depth *depth_r,
    struct error *err);

/*
 * Destination (RFC 4918, 10.3) of COPY and MOVE: a path of ours, or an absolute URI whose authority is one of
 * AUTHORITIES (COUNT of them; empty ones are passed over). 0 with the raw path, or -EINVAL with *ERR: 400 for none or
 * a broken one, 502 for another server (RFC 4918, 9.8.5).
 */
int dav_destination_read(const struct http_headers *headers, const struct slice *authorities, size_t count,
    struct slice *path_r, struct error *err);
/* Overwrite (RFC 4918, 10.6): true when there is none. -EINVAL with *ERR (400) for another value. */
int dav_overwrite_read(const struct http_headers *headers, bool *overwrite_r, struct error *err);

/* Schedule-Reply: F of DELETE (RFC 6638, 8.1): no answer is sent. */
bool dav_schedule_reply_is_off(const struct http_headers *headers);

struct dav_preferences {
	bool return_minimal;        /* also "return-minimal" of old clients, and Brief: t */
	bool return_representation; /* RFC 8144 */
	bool handling_strict, handling_lenient;
	bool zones_by_reference; /* CalDAV-Timezones: F (RFC 7809, 7.1) */
	bool depth_noroot; /* RFC 8144, 4: of a listing the members alone */
};
void dav_preferences_read(const struct http_headers *headers, struct dav_preferences *preferences_r);

#endif
