#include <config.h>

#include "server/base/metrics.h"

#include <assert.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"

static const struct {
	const char *name, *type, *help;
} rows[METRIC_COUNT] = {
    [METRIC_HTTP_CONNECTIONS_OPEN] = {"http_connections_open", "gauge", "HTTP connections open now."},
    [METRIC_HTTP_CONNECTIONS] = {"http_connections_total", "counter", "HTTP connections accepted."},
    [METRIC_HTTP_CONNECTIONS_REFUSED] = {"http_connections_refused_total", "counter",
        "HTTP connections closed at once because a limit was reached."},
    [METRIC_HTTP_REQUESTS_RUNNING] = {"http_requests_running", "gauge", "Requests being answered now."},
    [METRIC_HTTP_BYTES_READ] = {"http_read_bytes_total", "counter", "Bytes read from HTTP connections, inside TLS."},
    [METRIC_HTTP_BYTES_WRITTEN] = {"http_written_bytes_total", "counter", "Bytes of replies, inside TLS."},
    [METRIC_WORKERS_QUEUED] = {"workers_queued", "gauge", "Requests that wait for a worker."},
    [METRIC_WORKERS_REFUSED] = {"workers_refused_total", "counter", "Requests answered 503 because too many waited."},
    [METRIC_SIGN_INS_REFUSED] = {"sign_ins_refused_total", "counter", "Wrong names or passwords, and those throttled."},
    [METRIC_OVERLAPS_REFUSED] = {"overlaps_refused_total", "counter", "Writes refused because the time was taken."},
    [METRIC_JOBS_RUN] = {"jobs_run_total", "counter", "Runs of jobs that ended, well or not."},
    [METRIC_JOBS_FAILED] = {"jobs_failed_total", "counter", "Runs of jobs that failed."},
    [METRIC_JOBS_GIVEN_UP] = {"jobs_given_up_total", "counter", "Jobs that failed for the last time: a person decides."},
    [METRIC_CONFIG_RELOADS] = {"config_reloads_total", "counter", "Configurations taken over while running."},
    [METRIC_CONFIG_RELOADS_FAILED] = {"config_reloads_failed_total", "counter",
        "Configurations that were not valid and not taken over."},
};

/* Upper bounds of the classes of a request's time, in microseconds, and as text in seconds; above them +Inf. */
static const struct {
	int64_t microseconds;
	const char *seconds;
} bounds[] = {
    {500, "0.0005"}, {1000, "0.001"}, {2500, "0.0025"}, {5000, "0.005"}, {10000, "0.01"}, {25000, "0.025"},
    {50000, "0.05"}, {100000, "0.1"}, {250000, "0.25"}, {500000, "0.5"}, {1000000, "1"}, {2500000, "2.5"},
    {5000000, "5"}, {10000000, "10"},
};

#define BOUND_COUNT   ARRAY_LEN(bounds)
#define STATUS_COUNT  5 /* 1xx to 5xx */
#define METHOD_COUNT  (HTTP_METHOD_COUNT + 1)
#define MICROSECONDS  1000000
#define CACHE_LINE    64

struct histogram {
	_Atomic uint64_t classes[BOUND_COUNT + 1];
	_Atomic uint64_t microseconds;
};

struct metrics {
	struct {
		_Alignas(CACHE_LINE) _Atomic int64_t value; /* alone on its line: loops count at the same time */
	} values[METRIC_COUNT];
	struct histogram requests[METHOD_COUNT][STATUS_COUNT];
};

struct metrics *metrics_new(void)
{
	struct metrics *metrics = aligned_alloc(CACHE_LINE, sizeof(*metrics));

	if (metrics != NULL)
		memset(metrics, 0, sizeof(*metrics));
	return metrics;
}

void metrics_free(struct metrics *metrics)
{
	free(metrics);
}

void metrics_add(struct metrics *metrics, enum metric metric, int64_t value)
{
	atomic_fetch_add_explicit(&metrics->values[metric].value, value, memory_order_relaxed);
}

void metrics_set(struct metrics *metrics, enum metric metric, int64_t value)
{
	atomic_store_explicit(&metrics->values[metric].value, value, memory_order_relaxed);
}

int64_t metrics_get(const struct metrics *metrics, enum metric metric)
{
	return atomic_load_explicit(&metrics->values[metric].value, memory_order_relaxed);
}

void metrics_request(struct metrics *metrics, enum http_method method, int status, int64_t microseconds)
{
	struct histogram *histogram;
	size_t class = 0;

	assert(status >= 100 && status < 600);
	histogram = &metrics->requests[method][status / 100 - 1];
	if (microseconds < 0)
		microseconds = 0; /* a clock set back */
	while (class < BOUND_COUNT && microseconds > bounds[class].microseconds)
		class++;
	atomic_fetch_add_explicit(&histogram->classes[class], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&histogram->microseconds, (uint64_t)microseconds, memory_order_relaxed);
}

static void write_head(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_printf(b, "# HELP slotkeeper_%s %s\n# TYPE slotkeeper_%s %s\n", name, help, name, type);
}

/* Nothing for a pair of method and status that never was. */
static void write_histogram(struct buf *b, const struct histogram *histogram, const char *method, int class)
{
	uint64_t microseconds = atomic_load_explicit(&histogram->microseconds, memory_order_relaxed);
	uint64_t counts[BOUND_COUNT + 1], total = 0;

	for (size_t i = 0; i <= BOUND_COUNT; i++)
		total += counts[i] = atomic_load_explicit(&histogram->classes[i], memory_order_relaxed);
	if (total == 0)
		return;
	total = 0;
	for (size_t i = 0; i <= BOUND_COUNT; i++) {
		total += counts[i];
		buf_printf(b, "slotkeeper_http_request_seconds_bucket{method=\"%s\",status=\"%dxx\",le=\"%s\"} %" PRIu64 "\n",
		    method, class, i < BOUND_COUNT ? bounds[i].seconds : "+Inf", total);
	}
	buf_printf(b, "slotkeeper_http_request_seconds_sum{method=\"%s\",status=\"%dxx\"} %" PRIu64 ".%06" PRIu64 "\n", method,
	    class, microseconds / MICROSECONDS, microseconds % MICROSECONDS);
	buf_printf(b, "slotkeeper_http_request_seconds_count{method=\"%s\",status=\"%dxx\"} %" PRIu64 "\n", method, class,
	    total);
}

void metrics_write(const struct metrics *metrics, struct buf *b)
{
	for (int i = 0; i < METRIC_COUNT; i++) {
		write_head(b, rows[i].name, rows[i].type, rows[i].help);
		buf_printf(b, "slotkeeper_%s %" PRId64 "\n", rows[i].name, metrics_get(metrics, i));
	}
	write_head(b, "http_request_seconds", "histogram", "Time from a request's head to its reply.");
	for (int method = 0; method < METHOD_COUNT; method++)
		for (int class = 0; class < STATUS_COUNT; class++)
			write_histogram(b, &metrics->requests[method][class],
			    method < HTTP_METHOD_COUNT ? http_methods[method].name : "other", class + 1);
}
