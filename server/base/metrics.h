/*
 * server/base/metrics - what an operator watches: counters, gauges and the time that requests take, as Prometheus text.
 *
 * Every metric is a row of the table in metrics.c. Any thread may count at any time, without a lock; a text written
 * meanwhile is true of some moment for each number by itself.
 */
#ifndef SERVER_BASE_METRICS_H
#define SERVER_BASE_METRICS_H

#include <stdint.h>

#include "protocol/base/buf.h"
#include "protocol/http/method.h"

struct metrics;

enum metric {
	METRIC_HTTP_CONNECTIONS_OPEN,
	METRIC_HTTP_CONNECTIONS,
	METRIC_HTTP_CONNECTIONS_REFUSED,
	METRIC_HTTP_REQUESTS_RUNNING,
	METRIC_HTTP_BYTES_READ,
	METRIC_HTTP_BYTES_WRITTEN,
	METRIC_WORKERS_QUEUED,
	METRIC_WORKERS_REFUSED,
	METRIC_SIGN_INS_REFUSED,
	METRIC_OVERLAPS_REFUSED,
	METRIC_JOBS_RUN,
	METRIC_JOBS_FAILED,
	METRIC_JOBS_GIVEN_UP,
	METRIC_CONFIG_RELOADS,
	METRIC_CONFIG_RELOADS_FAILED,
	METRIC_COUNT
};

/* NULL when out of memory. */
struct metrics *metrics_new(void);
void metrics_free(struct metrics *metrics);
/* For a counter VALUE is 0 or more; a gauge also goes down. */
void metrics_add(struct metrics *metrics, enum metric metric, int64_t value);
void metrics_set(struct metrics *metrics, enum metric metric, int64_t value);
int64_t metrics_get(const struct metrics *metrics, enum metric metric);
/* A request that ended with STATUS after MICROSECONDS, from its head to the reply. HTTP_METHOD_COUNT: unknown method. */
void metrics_request(struct metrics *metrics, enum http_method method, int status, int64_t microseconds);

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
void metrics_write(const struct metrics *metrics, struct buf *b);

#endif
