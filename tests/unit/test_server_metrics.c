#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "server/base/metrics.h"

#define TEXT_MAX 1048576

static bool has_line(struct buf *b, const char *expected)
{
	struct slice rest = buf_slice(b), line;

	while (slice_next_line(&rest, &line))
		if (slice_is(line, expected))
			return true;
	return false;
}

static void assert_lines(const struct metrics *metrics, const char *const *expected)
{
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);

	metrics_write(metrics, &b);
	for (; *expected != NULL; expected++)
		if (!has_line(&b, *expected))
			fail_msg("no line %s in\n%s", *expected, buf_cstr(&b));
}

static void test_counters_and_gauges_are_written(void **state)
{
	static const char *const expected[] = {
	    "# TYPE slotkeeper_http_connections_total counter",
	    "slotkeeper_http_connections_total 3",
	    "# TYPE slotkeeper_http_connections_open gauge",
	    "slotkeeper_http_connections_open 1",
	    "slotkeeper_workers_queued 7",
	    "slotkeeper_overlaps_refused_total 0",
	    NULL,
	};
	struct metrics *metrics = metrics_new();

	(void)state;
	metrics_add(metrics, METRIC_HTTP_CONNECTIONS, 1);
	metrics_add(metrics, METRIC_HTTP_CONNECTIONS, 2);
	metrics_add(metrics, METRIC_HTTP_CONNECTIONS_OPEN, 2);
	metrics_add(metrics, METRIC_HTTP_CONNECTIONS_OPEN, -1);
	metrics_set(metrics, METRIC_WORKERS_QUEUED, 9);
	metrics_set(metrics, METRIC_WORKERS_QUEUED, 7);
	assert_int_equal(metrics_get(metrics, METRIC_WORKERS_QUEUED), 7);
	assert_lines(metrics, expected);
	metrics_free(metrics);
}

static void test_times_fall_into_their_classes(void **state)
{
	static const char *const expected[] = {
	    "slotkeeper_http_request_seconds_bucket{method=\"PUT\",status=\"2xx\",le=\"0.0005\"} 2",
	    "slotkeeper_http_request_seconds_bucket{method=\"PUT\",status=\"2xx\",le=\"0.001\"} 3",
	    "slotkeeper_http_request_seconds_bucket{method=\"PUT\",status=\"2xx\",le=\"10\"} 3",
	    "slotkeeper_http_request_seconds_bucket{method=\"PUT\",status=\"2xx\",le=\"+Inf\"} 4",
	    "slotkeeper_http_request_seconds_sum{method=\"PUT\",status=\"2xx\"} 11.001001",
	    "slotkeeper_http_request_seconds_count{method=\"PUT\",status=\"2xx\"} 4",
	    "slotkeeper_http_request_seconds_count{method=\"PUT\",status=\"4xx\"} 1",
	    "slotkeeper_http_request_seconds_count{method=\"other\",status=\"5xx\"} 1",
	    NULL,
	};
	struct metrics *metrics = metrics_new();
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);

	(void)state;
	metrics_request(metrics, HTTP_PUT, 201, 500); /* a bound belongs to its class */
	metrics_request(metrics, HTTP_PUT, 204, -3);  /* a clock set back */
	metrics_request(metrics, HTTP_PUT, 200, 501);
	metrics_request(metrics, HTTP_PUT, 200, 11000000);
	metrics_request(metrics, HTTP_PUT, 412, 10);
	metrics_request(metrics, HTTP_METHOD_COUNT, 501, 10);
	assert_lines(metrics, expected);
	metrics_write(metrics, &b);
	assert_null(strstr(buf_cstr(&b), "method=\"GET\"")); /* what never was is not written */
	metrics_free(metrics);
}

/* Every line is a comment, or a name with optional labels and one number; each name was declared before. */
static void test_the_text_is_well_formed(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);
	struct metrics *metrics = metrics_new();
	struct slice rest, line;
	char declared[64] = "";

	(void)state;
	for (int method = 0; method <= HTTP_METHOD_COUNT; method++)
		metrics_request(metrics, method, 200, 5);
	metrics_write(metrics, &b);
	assert_int_equal(b.err, 0);
	assert_true(slice_ends(buf_slice(&b), SLICE("\n")));
	rest = buf_slice(&b);
	while (slice_next_line(&rest, &line)) {
		ptrdiff_t space = slice_find_byte(line, ' ');

		if (slice_starts(line, SLICE("# TYPE "))) {
			line = slice_from(line, 7);
			assert_int_equal(slice_copy(slice_sub(line, 0, (size_t)slice_find_byte(line, ' ')), declared, 64), 0);
		} else if (!slice_starts(line, SLICE("# HELP "))) {
			if (space < 0 || !slice_starts(line, slice_str(declared)) || slice_find(line, SLICE("(null)")) >= 0)
				fail_msg("%.*s", SLICE_ARG(line));
		}
	}
	metrics_free(metrics);
}

static void *count_many(void *arg)
{
	for (int i = 0; i < 5000; i++) {
		metrics_add(arg, METRIC_HTTP_CONNECTIONS, 1);
		metrics_request(arg, HTTP_GET, 200, 100);
	}
	return NULL;
}

static void test_no_count_is_lost_between_threads(void **state)
{
	static const char *const expected[] = {
	    "slotkeeper_http_connections_total 20000",
	    "slotkeeper_http_request_seconds_count{method=\"GET\",status=\"2xx\"} 20000",
	    "slotkeeper_http_request_seconds_sum{method=\"GET\",status=\"2xx\"} 2.000000",
	    NULL,
	};
	struct metrics *metrics = metrics_new();
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_many, metrics), 0);
	metrics_write(metrics, &b); /* beside them */
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	assert_lines(metrics, expected);
	metrics_free(metrics);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_counters_and_gauges_are_written),
	    cmocka_unit_test(test_times_fall_into_their_classes),
	    cmocka_unit_test(test_the_text_is_well_formed),
	    cmocka_unit_test(test_no_count_is_lost_between_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
