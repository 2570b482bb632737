/* free-busy-query on a calendar or a whole home (RFC 4791, 7.10), for who may read free/busy. */
#include <config.h>

#include "server/dav/busy_time.h"
#include "server/dav/reports.h"

int report_free_busy_query(struct report *report)
{
	struct freebusy_reply reply = {.window = report->request.range};
	int ret;

	if (report->request.range.start == INSTANT_MIN || report->request.range.end == INSTANT_MAX)
		return error_set(&report->d->error, 403, CALDAV_VALID_FILTER, "The time-range needs start and end.");
	ret = busy_time_gather(report->d, report->txn, &report->resource, &reply);
	if (ret == 0)
		busy_time_reply(report->d, &reply);
	freebusy_reply_free(&reply);
	return ret;
}
