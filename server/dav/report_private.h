/*
 * server/dav/report_private - what the reports share.
 */
#ifndef SERVER_DAV_REPORT_PRIVATE_H
#define SERVER_DAV_REPORT_PRIVATE_H

#include "protocol/dav/report_request.h"
#include "server/dav/properties.h"

/* One report while it is answered. */
struct report {
	struct dav_request *d;
	struct report_request request;
	enum dav_depth depth;
	struct property_plan *plan; /* NULL for free-busy-query */
	struct arena *scratch;      /* for one object at a time: reset between */
	/* of the snapshot */
	struct kv_txn *txn;
	struct dav_resource resource; /* what the report was sent to */
	struct buf *out;
};

/* Answers into report->out. 0, -EINVAL with d->error, or another -errno. */
typedef int report_fn(struct report *report);
report_fn report_calendar_query, report_calendar_multiget, report_sync_collection, report_free_busy_query;

/* Writes the response of OBJECT, which lies in COLLECTION of the home that the report was sent to. */
int report_write_object(struct report *report, const struct collection *collection, const struct object *object);

/* The stored object, parsed into report->scratch; TEXT is borrowed from the snapshot. 0 or -errno. */
int report_parse(struct report *report, const struct object *object, struct calendar_object **parsed_r);

#define REPORT_SCRATCH_MAX (64u << 20) /* bytes that reading one object may take */

#endif
