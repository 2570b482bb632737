/* Clients that are slow on purpose or go on for ever: each phase of a connection ends. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include "http_door.h"
#include "protocol/base/cleanup.h"

#define HOST      " HTTP/1.1\r\nHost: x\r\n"
#define REPLY_MAX (64u << 20)
#define SLACK_MS  1500 /* beyond a deadline: ticks, and a machine that is busy */

static const struct http_deadlines short_ones = {
    .tls_ms = 300,
    .head_ms = 400,
    .body_ms = 600,
    .idle_ms = 800,
    .write_ms = 300,
    .linger_ms = 200,
    .stop_ms = 1000,
    .tick_ms = 20,
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Sends START, then a byte of FILL every ten milliseconds until the server answers or closes; what it said is in B. */
static int64_t drip(const struct door *door, const char *start, char fill, struct buf *b)
{
	AUTO_CLOSE int fd = door_connect(door);
	struct pollfd answer = {.fd = fd, .events = POLLIN};
	int64_t begun = now_ms();

	door_send(fd, start);
	while (now_ms() - begun < 5000 && poll(&answer, 1, 10) == 0)
		door_send_bytes(fd, slice_of(&fill, 1));
	door_read_all(fd, b);
	return now_ms() - begun;
}

static void check_cut(const char *name, const struct buf *b, int64_t taken, int64_t from, int status)
{
	if (taken < from || taken > from + SLACK_MS || door_status(b) != status || door_count(b, "(still open)") > 0)
		fail_msg("%s: status %d after %lld ms", name, door_status(b), (long long)taken);
}

static void test_a_slow_sender_is_cut(void **state)
{
	static const struct {
		const char *name, *start;
		char fill;
		int64_t from;
		int status;
	} rows[] = {
	    {"a request line", "GET /", 'a', 400, 408},
	    {"fields", "GET /hello" HOST "X: ", 'a', 400, 408},
	    {"a body with a length", "PUT /echo" HOST "Content-Length: 100000\r\n\r\n", 'a', 600, 408},
	    {"chunk extensions", "PUT /echo" HOST "Transfer-Encoding: chunked\r\n\r\n1;", 'a', 600, 408},
	    {"a body nobody wants", "PUT /private" HOST "Content-Length: 100000\r\n\r\n", 'a', 600, 401},
	};
	struct door *door = door_new("", &short_ones, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
		int64_t taken = drip(door, rows[i].start, rows[i].fill, &b);

		check_cut(rows[i].name, &b, taken, rows[i].from, rows[i].status);
	}
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0));
	assert_int_equal(metrics_get(door->metrics, METRIC_HTTP_REQUESTS_RUNNING), 0);
	door_free(door);
}

/* Slower than the deadline in all, but as fast as it has to be. */
static void test_a_steady_sender_is_not_cut(void **state)
{
	struct door *door = door_new("", &short_ones, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	AUTO_CLOSE int fd = door_connect(door);
	char piece[100];

	(void)state;
	memset(piece, 'a', sizeof(piece));
	door_send(fd, "PUT /echo" HOST "Connection: close\r\nContent-Length: 10000\r\n\r\n");
	for (int i = 0; i < 100; i++) {
		pause_ms(9);
		door_send_bytes(fd, slice_of(piece, sizeof(piece)));
	}
	door_read_all(fd, &b);
	assert_int_equal(door_status(&b), 200);
	door_free(door);
}

static void test_an_idle_connection_is_closed(void **state)
{
	static const char *const starts[] = {"", "\r\n", "GET /hello" HOST "\r\n"};
	struct door *door = door_new("", &short_ones, NULL);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
		int64_t begun = now_ms();

		door_talk(door, starts[i], 0, &b);
		check_cut(starts[i], &b, now_ms() - begun, 800, i == 2 ? 200 : 0);
	}
	door_free(door);
}

/* The time in which a request runs is the server's, not the client's. */
static void test_a_running_request_has_no_deadline(void **state)
{
	struct door *door = door_new("", &short_ones, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	AUTO_CLOSE int fd = door_connect(door);

	(void)state;
	door_close_gate();
	door_send(fd, "GET /wait" HOST "Connection: close\r\n\r\n");
	pause_ms(1200);
	door_open_gate();
	door_read_all(fd, &b);
	assert_int_equal(door_status(&b), 200);
	door_free(door);
}

static void test_a_client_that_does_not_read_is_cut(void **state)
{
	struct door *door = door_new("", &short_ones, NULL);
	AUTO_CLOSE int fd = door_connect(door);

	(void)state;
	door_send(fd, "PUT /big" HOST "Content-Length: 8\r\n\r\n50000000");
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 1));
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0));
	door_free(door);
}

static void test_a_client_that_reads_slowly_is_not_cut(void **state)
{
	struct http_deadlines deadlines = short_ones;
	struct door *door;
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	AUTO_CLOSE int fd = -1;
	size_t got = 0;

	(void)state;
	deadlines.write_ms = 800;
	door = door_new("", &deadlines, NULL);
	fd = door_connect(door);
	door_send(fd, "PUT /big" HOST "Connection: close\r\nContent-Length: 8\r\n\r\n12000000");
	for (int i = 0; i < 100; i++) { /* two seconds, more than write_ms */
		static char piece[100000];
		ssize_t n = recv(fd, piece, sizeof(piece), 0);

		assert_true(n > 0);
		got += (size_t)n;
		pause_ms(20);
	}
	door_read_all(fd, &b);
	assert_true(got + b.len > 12000000);
	assert_int_equal(door_count(&b, "(still open)") + door_count(&b, "(reset)"), 0);
	door_free(door);
}

/* What a client pipelines without reading the answers must not pile up: a little is queued, the rest waits in its socket. */
static void *flood(void *arg)
{
	static const char request[] = "GET /private" HOST "\r\n";
	int fd = *(int *)arg;

	for (int i = 0; i < 200000; i++)
		if (send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL) <= 0)
			break;
	return NULL;
}

static void test_answers_that_nobody_reads_do_not_pile_up(void **state)
{
	struct http_deadlines deadlines = short_ones;
	struct door *door;
	pthread_t thread;
	int fd;

	(void)state;
	deadlines.write_ms = 1000;
	door = door_new("", &deadlines, NULL);
	fd = door_connect(door);
	assert_int_equal(pthread_create(&thread, NULL, flood, &fd), 0);
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 1));
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0)); /* write_ms after the last answer that was taken */
	pthread_join(thread, NULL);
	/* the socket's own buffers, and ours */
	assert_in_range(metrics_get(door->metrics, METRIC_HTTP_BYTES_WRITTEN), 1, (16 << 20));
	close(fd);
	door_free(door);
}

/* A server without descriptors waits; it neither spins nor forgets who knocked. */
static void test_accepting_goes_on_when_descriptors_are_free_again(void **state)
{
	struct door *door = door_new("", &short_ones, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	AUTO_CLOSE int last = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct rlimit usual, few;
	struct timespec before, after;
	int fd;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
	few = usual;
	few.rlim_cur = (rlim_t)last + 2; /* one more: the client's */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	fd = door_connect(door);
	door_send(fd, "GET /hello" HOST "Connection: close\r\n\r\n");
	pause_ms(50);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
	pause_ms(300);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
	assert_int_equal(metrics_get(door->metrics, METRIC_HTTP_CONNECTIONS), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
	door_read_all(fd, &b);
	assert_int_equal(door_status(&b), 200);
	assert_in_range((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000, 0, 150);
	close(fd);
	door_free(door);
}

struct load {
	const struct door *door;
	long good, bad;
};

/* Connections with pipelined requests of all kinds, some cut off in the middle. */
static void *load(void *arg)
{
	struct load *l = arg;
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);

	for (int i = 0; i < 30; i++) {
		int fd = door_connect(l->door);

		door_send(fd, "GET /hello" HOST "\r\nPUT /echo" HOST "Content-Length: 5\r\n\r\nfirstGET /private" HOST DOOR_CREDENTIALS
		              "\r\nGET /nothing" HOST "\r\nGET /wait" HOST "\r\nPUT /big" HOST "Content-Length: 6\r\n\r\n200000GET /client" HOST
		              "Connection: close\r\n\r\n");
		if (i % 3 != 0) {
			buf_reset(&b);
			door_read_all(fd, &b);
			if (door_count(&b, "HTTP/1.1 200") == 6 && door_count(&b, "HTTP/1.1 401") == 1)
				l->good++;
			else
				l->bad++;
		}
		close(fd);
	}
	return NULL;
}

static void test_many_clients_at_once(void **state)
{
	struct http_deadlines deadlines = {.tls_ms = 60000, .head_ms = 60000, .body_ms = 60000, .idle_ms = 60000,
	    .write_ms = 60000, .linger_ms = 200, .stop_ms = 1000, .tick_ms = 20};
	struct door *door = door_new("", &deadlines, NULL);
	pthread_t threads[8];
	struct load loads[ARRAY_LEN(threads)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		loads[i] = (struct load){.door = door};
		assert_int_equal(pthread_create(&threads[i], NULL, load, &loads[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(loads[i].good, 20);
		assert_int_equal(loads[i].bad, 0);
	}
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0));
	assert_true(door_settles(door, METRIC_HTTP_REQUESTS_RUNNING, 0));
	door_free(door);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_slow_sender_is_cut),
	    cmocka_unit_test(test_a_steady_sender_is_not_cut),
	    cmocka_unit_test(test_an_idle_connection_is_closed),
	    cmocka_unit_test(test_a_running_request_has_no_deadline),
	    cmocka_unit_test(test_a_client_that_does_not_read_is_cut),
	    cmocka_unit_test(test_a_client_that_reads_slowly_is_not_cut),
	    cmocka_unit_test(test_answers_that_nobody_reads_do_not_pile_up),
	    cmocka_unit_test(test_accepting_goes_on_when_descriptors_are_free_again),
	    cmocka_unit_test(test_many_clients_at_once),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
