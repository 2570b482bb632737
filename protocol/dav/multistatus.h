/*
 * dav/multistatus - 207 answers, written straight into a buffer (RFC 4918, 13).
 *
 * The root declares the prefixes D, C, CS, I and M; everything else declares its own namespace. One response is:
 * response_open, any number of propstat groups, response_close; or response_status alone.
 */
#ifndef DAV_MULTISTATUS_H
#define DAV_MULTISTATUS_H

#include "protocol/base/buf.h"
#include "protocol/base/error.h"
#include "protocol/dav/xml_names.h"

void multistatus_open(struct buf *b);
/* TOKEN: the DAV:sync-token behind the responses, "" without. */
void multistatus_close(struct buf *b, struct slice sync_token);

/* HREF is percent-encoded already: dav/path writes them. */
void response_open(struct buf *b, struct slice href);
void response_close(struct buf *b);
/* A whole response of a status: 404 for a member that is gone. */
void response_status(struct buf *b, struct slice href, int status);
/* The same with a condition: 507 and DAV:number-of-matches-within-limits. */
void response_error(struct buf *b, struct slice href, int status, enum dav_condition condition);

/* "<D:propstat><D:prop>" and its end with the status; CONDITION may be CONDITION_NONE. */
void propstat_open(struct buf *b);
void propstat_close(struct buf *b, int status, enum dav_condition condition);

/* The tags of a property, with our prefix or its own declaration. */
void property_open(struct buf *b, struct slice ns, struct slice name);
void property_close(struct buf *b, struct slice ns, struct slice name);
void property_empty(struct buf *b, struct slice ns, struct slice name);

/* "HTTP/1.1 404 Not Found" */
void status_line(struct buf *b, int status);

#endif
