/* Requests and their answers on a connection: order, framing, sign-in, what a row of the router says. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "http_door.h"
#include "protocol/base/cleanup.h"

#define HOST  " HTTP/1.1\r\nHost: x\r\n"
#define CLOSE "Connection: close\r\n"

#define REPLY_MAX (32u << 20)

/* TEXT on one connection is answered with STATUS, and the reply holds WORD (NULL: any). */
struct exchange {
	const char *name, *text;
	int status;
	const char *word;
};

static void check_exchanges(struct door *door, const struct exchange *rows, size_t count)
{
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);

	for (size_t i = 0; i < count; i++)
		for (size_t step = 0; step < 2; step++) {
			buf_reset(&b);
			door_talk(door, rows[i].text, step, &b);
			if (door_status(&b) != rows[i].status || door_count(&b, "(still open)") > 0 ||
			    (rows[i].word != NULL && door_count(&b, rows[i].word) == 0))
				fail_msg("%s: not %d with \"%s\": %s", rows[i].name, rows[i].status,
				    rows[i].word != NULL ? rows[i].word : "", buf_cstr(&b));
		}
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void test_rows_say_what_may_come(void **state)
{
	static const struct exchange rows[] = {
	    {"a text", "GET /hello" HOST CLOSE "\r\n", 200, "\r\n\r\nhello\n"},
	    {"its date", "GET /hello" HOST CLOSE "\r\n", 200, " GMT\r\n"},
	    {"its number", "GET /hello" HOST CLOSE "\r\n", 200, "\r\nX-Request-Id: "},
	    {"HTTP/1.0 ends", "GET /hello HTTP/1.0\r\n\r\n", 200, "Connection: close"},
	    {"a body", "PUT /echo" HOST CLOSE "Content-Length: 4\r\n\r\nabcd", 200, "\r\n\r\nabcd"},
	    {"chunks", "PUT /echo" HOST CLOSE "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n",
	        200, "Content-Length: 5\r\nConnection: close\r\n\r\nabcde"},
	    {"another method", "DELETE /echo" HOST CLOSE "\r\n", 405, "Allow: PUT POST\r\n"},
	    {"an absolute form", "GET http://y/client?a=b" HOST CLOSE "\r\n", 200, "path=/client query=a=b"},
	    {"an absolute form without path", "GET http://y" HOST CLOSE DOOR_CREDENTIALS "\r\n", 404, NULL},
	    {"a fragment", "GET /client#a" HOST CLOSE "\r\n", 400, NULL},
	    {"no path", "GET client" HOST CLOSE "\r\n", 400, NULL},
	    {"an authority", "CONNECT x:80" HOST CLOSE "\r\n", 501, NULL},
	    {"a method of others", "SEARCH /hello" HOST CLOSE "\r\n", 501, NULL},
	    {"no method at all", "HELLO /hello" HOST CLOSE "\r\n", 501, NULL},
	    {"HTTP/2 is not spoken", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501, NULL},
	    {"an expectation", "PUT /echo" HOST CLOSE "Expect: a-miracle\r\nContent-Length: 1\r\n\r\na", 417, NULL},
	    {"a condition's element", "GET /error" HOST CLOSE "\r\n", 403, "valid-calendar-data"},
	    {"text in it is escaped", "GET /error" HOST CLOSE "\r\n", 403, "no &lt;calendar&gt;"},
	    {"fields after an error", "GET /error" HOST CLOSE "\r\n", 403, "X-After: kept"},
	    {"a handler without an answer", "GET /forget" HOST CLOSE "\r\n", 500, NULL},
	    {"a length that is read away", "PUT /private" HOST CLOSE "Content-Length: 5\r\n\r\nabcde", 401, NULL},
	};
	struct door *door = door_new("max-resource-size = 4096\n", NULL, NULL);

	(void)state;
	check_exchanges(door, rows, ARRAY_LEN(rows));
	door_free(door);
}

static void test_a_header_cannot_be_smuggled_into_an_answer(void **state)
{
	struct door *door = door_new("", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);

	(void)state;
	door_talk(door, "GET /error" HOST CLOSE "\r\n", 0, &b);
	assert_int_equal(door_count(&b, "X-Injected"), 0);
	assert_int_equal(door_count(&b, "X-Before"), 0);
	door_free(door);
}

static void test_sign_in(void **state)
{
	static const struct exchange rows[] = {
	    {"nobody", "GET /private" HOST CLOSE "\r\n", 401, "WWW-Authenticate: Basic realm=\"Slotkeeper\", charset=\"UTF-8\""},
	    {"nobody asks for options", "OPTIONS /private" HOST CLOSE "\r\n", 401, "WWW-Authenticate: Basic"},
	    {"nobody asks for what is not there", "GET /nothing" HOST CLOSE "\r\n", 401, "WWW-Authenticate: Basic"},
	    {"another scheme", "GET /private" HOST CLOSE "Authorization: Bearer x\r\n\r\n", 401, NULL},
	    {"broken credentials", "GET /private" HOST CLOSE "Authorization: Basic !\r\n\r\n", 401, NULL},
	    {"a wrong password", "GET /private" HOST CLOSE DOOR_WRONG "\r\n", 401, "WWW-Authenticate: Basic"},
	    {"the right one", "GET /private" HOST CLOSE DOOR_CREDENTIALS "\r\n", 200, "\r\n\r\n" DOOR_USER},
	    {"known by now", "GET /private" HOST CLOSE DOOR_CREDENTIALS "\r\n", 200, "\r\n\r\n" DOOR_USER},
	    {"signed in, with a body", "PUT /private" HOST CLOSE DOOR_CREDENTIALS "Content-Length: 3\r\n\r\nabc", 200, DOOR_USER},
	    {"what is not there", "GET /nothing" HOST CLOSE DOOR_CREDENTIALS "\r\n", 404, NULL},
	};
	struct door *door = door_new("login-failures = 100\n", NULL, NULL);

	(void)state;
	check_exchanges(door, rows, ARRAY_LEN(rows));
	door_free(door);
}

/* Password hashes are slow on purpose: those who have signed in must not wait behind a crowd that guesses. */
static void test_guessers_do_not_take_all_workers(void **state)
{
	struct door *door = door_new("workers = 2\nlogin-failures = 0\n", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	int fds[12];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = door_connect(door);
		door_send(fds[i], "GET /private" HOST CLOSE DOOR_WRONG "\r\n");
	}
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, ARRAY_LEN(fds)));
	door_talk(door, "PUT /echo" HOST CLOSE "Content-Length: 2\r\n\r\nhi", 0, &b);
	assert_int_equal(door_status(&b), 200);
	assert_in_range(metrics_get(door->metrics, METRIC_SIGN_INS_REFUSED), 0, ARRAY_LEN(fds) / 2);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		buf_reset(&b);
		door_read_all(fds[i], &b);
		assert_int_equal(door_status(&b), 401);
		close(fds[i]);
	}
	door_free(door);
}

static void test_guessing_is_slowed_down(void **state)
{
	struct door *door = door_new("login-failures = 3\n", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	int status = 401;

	(void)state;
	for (int i = 0; i < 8 && status == 401; i++) { /* a minute may turn meanwhile */
		buf_reset(&b);
		door_talk(door, "GET /private" HOST CLOSE DOOR_WRONG "\r\n", 0, &b);
		status = door_status(&b);
	}
	assert_int_equal(status, 429);
	assert_int_equal(door_count(&b, "\r\nRetry-After: "), 1);
	assert_int_equal(door_count(&b, "WWW-Authenticate"), 0);
	door_free(door);
}

/* Loopback is a trusted proxy here; what it says decides. */
static void test_passwords_travel_safely_or_not_at_all(void **state)
{
	static const struct exchange rows[] = {
	    {"TLS at the proxy", "GET /client" HOST CLOSE "X-Forwarded-Proto: https\r\n\r\n", 200, "secure=1"},
	    {"none at the proxy", "GET /client" HOST CLOSE "X-Forwarded-Proto: http\r\n\r\n", 200, "secure=0"},
	    {"no word of it", "GET /client" HOST CLOSE "\r\n", 200, "secure=1"},
	    {"a word of the client before the proxy's", "GET /client" HOST CLOSE
	        "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n\r\n", 200, "secure=0"},
	    {"a password in the clear", "GET /private" HOST CLOSE "X-Forwarded-Proto: http\r\n" DOOR_CREDENTIALS "\r\n", 403,
	        "use https"},
	    {"one client", "GET /client" HOST CLOSE "X-Forwarded-For: 192.0.2.7\r\n\r\n", 200, "from=192.0.2.7 "},
	    {"an invented one before it", "GET /client" HOST CLOSE "X-Forwarded-For: 203.0.113.9, 192.0.2.7\r\n\r\n", 200,
	        "from=192.0.2.7 "},
	    {"in a field of its own", "GET /client" HOST CLOSE
	        "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n", 200, "from=192.0.2.7 "},
	    {"two proxies", "GET /client" HOST CLOSE "X-Forwarded-For: 203.0.113.9, 192.0.2.7, 10.1.2.3\r\n\r\n", 200,
	        "from=192.0.2.7 "},
	    {"IPv6", "GET /client" HOST CLOSE "X-Forwarded-For: 2001:db8::7\r\n\r\n", 200, "from=2001:db8::7 "},
	    {"IPv6 in brackets", "GET /client" HOST CLOSE "X-Forwarded-For: [2001:db8::7]\r\n\r\n", 200, "from=2001:db8::7 "},
	    {"no address", "GET /client" HOST CLOSE "X-Forwarded-For: 192.0.2.7, unknown\r\n\r\n", 200, "from=127.0.0.1 "},
	    {"a long one", "GET /client" HOST CLOSE
	        "X-Forwarded-For: 111111111111111111111111111111111111111111111111111111111111111111111111\r\n\r\n", 200,
	        "from=127.0.0.1 "},
	};
	static const struct exchange untrusted[] = {
	    {"a stranger's word", "GET /client" HOST CLOSE "X-Forwarded-Proto: http\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n", 200,
	        "from=127.0.0.1 secure=1"},
	};
	struct door *door = door_new("trusted-proxies = {\"127.0.0.0/8\", \"10.0.0.0/8\"}\n", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);

	(void)state;
	check_exchanges(door, rows, ARRAY_LEN(rows));
	door_talk(door, rows[4].text, 0, &b);
	assert_int_equal(door_count(&b, "WWW-Authenticate"), 0); /* no invitation to send it again */
	door_free(door);
	door = door_new("", NULL, NULL);
	check_exchanges(door, untrusted, ARRAY_LEN(untrusted));
	door_free(door);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
	struct door *door = door_new("", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	AUTO_CLOSE int fd = door_connect(door);
	struct slice rest;

	(void)state;
	door_close_gate();
	door_send(fd, "GET /wait" HOST "\r\nGET /hello" HOST "\r\nPUT /echo" HOST "Content-Length: 5\r\n\r\nfirstPUT /echo" HOST
	              "Transfer-Encoding: chunked\r\n\r\n6\r\nsecond\r\n0\r\n\r\nGET /none" HOST "\r\nGET /unchanged" HOST
	              "\r\nHEAD /hello" HOST "\r\nGET /private" HOST DOOR_CREDENTIALS CLOSE "\r\n");
	pause_ms(50);
	assert_int_equal(recv(fd, &(char){0}, 1, MSG_DONTWAIT), -1); /* the second does not overtake the first */
	door_open_gate();
	door_read_all(fd, &b);
	rest = buf_slice(&b);
	for (size_t i = 0; i < 8; i++) {
		static const char *const bodies[] = {"waited\n", "hello\n", "first", "second", "", "", "", DOOR_USER};
		static const int statuses[] = {200, 200, 200, 200, 204, 304, 200, 200};
		ptrdiff_t end = slice_find(rest, SLICE("\r\n\r\n"));
		uint64_t status;

		assert_true(end > 0);
		assert_int_equal(slice_to_u64(slice_sub(rest, 9, 3), 999, &status), 0);
		rest = slice_from(rest, (size_t)end + 4);
		if (status != (uint64_t)statuses[i] || !slice_starts(rest, slice_str(bodies[i])))
			fail_msg("answer %zu: %s", i, buf_cstr(&b));
		rest = slice_from(rest, strlen(bodies[i]));
	}
	assert_int_equal(rest.len, 0);
	door_free(door);
}

static void test_a_refused_body_does_not_become_a_request(void **state)
{
	struct door *door = door_new("", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);

	(void)state;
	door_talk(door, "PUT /private" HOST "Content-Length: 34\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n\r\n"
	                "PUT /private" HOST "Transfer-Encoding: chunked\r\n\r\n22\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n\r\n0\r\n\r\n", 0, &b);
	assert_int_equal(door_count(&b, "HTTP/1.1 401"), 2);
	assert_int_equal(door_count(&b, "hello\n"), 0);
	assert_int_equal(door_count(&b, "Connection: close"), 1);
	door_free(door);
}

static void test_the_body_is_asked_for_only_when_it_is_wanted(void **state)
{
	static const struct exchange refused[] = {
	    {"nobody", "PUT /private" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 401, "Connection: close"},
	    {"too long", "PUT /echo" HOST "Expect: 100-continue\r\nContent-Length: 9000\r\n\r\n", 413, "Connection: close"},
	    {"nothing there", "PUT /nothing" HOST DOOR_CREDENTIALS "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 404, NULL},
	};
	struct door *door = door_new("max-resource-size = 4096\n", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	int fd = door_connect(door);

	(void)state;
	check_exchanges(door, refused, ARRAY_LEN(refused));
	door_send(fd, "PUT /private" HOST DOOR_CREDENTIALS CLOSE "Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n");
	door_read_reply(fd, &b);
	assert_string_equal(buf_cstr(&b), "HTTP/1.1 100 Continue\r\n\r\n");
	door_send(fd, "abcde");
	buf_reset(&b);
	door_read_all(fd, &b);
	assert_int_equal(door_status(&b), 200);
	close(fd);
	buf_reset(&b);
	fd = door_connect(door); /* RFC 9110, 10.1.1: 1.0 does not know it */
	door_send(fd, "PUT /echo HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab");
	door_read_all(fd, &b);
	assert_int_equal(door_status(&b), 200);
	close(fd);
	door_free(door);
}

static void test_chunks_beyond_the_limit_are_refused_as_they_come(void **state)
{
	struct door *door = door_new("max-resource-size = 4096\n", NULL, NULL);
	AUTO_BUF struct buf text = BUF_INIT(1 << 20), b = BUF_INIT(REPLY_MAX);

	(void)state;
	buf_add_str(&text, "PUT /echo" HOST "Transfer-Encoding: chunked\r\n\r\n");
	for (int i = 0; i < 9; i++) /* twice the largest object are read, so that the answer can name its precondition */
		buf_printf(&text, "400\r\n%01024d\r\n", i);
	door_talk(door, buf_cstr(&text), 0, &b);
	assert_int_equal(door_status(&b), 413);
	assert_int_equal(door_count(&b, "(still open)"), 0);
	door_free(door);
}

static void test_broken_requests_end_the_connection(void **state)
{
	static const struct exchange rows[] = {
	    {"two lengths", "PUT /echo" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcGET /hello" HOST "\r\n", 400, NULL},
	    {"length and chunks", "PUT /echo" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /hello" HOST "\r\n",
	        400, NULL},
	    {"space before the colon", "PUT /echo" HOST "Content-Length : 3\r\n\r\nabcGET /hello" HOST "\r\n", 400, NULL},
	    {"a folded field", "PUT /echo" HOST "X: a\r\n Content-Length: 3\r\n\r\nGET /hello" HOST "\r\n", 400, NULL},
	    {"a bare line feed", "GET /hello HTTP/1.1\nHost: x\n\nGET /hello" HOST "\r\n", 400, NULL},
	    {"a broken chunk", "PUT /echo" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\nGET /hello" HOST "\r\n", 400, NULL},
	    {"another coding", "PUT /echo" HOST "Transfer-Encoding: xchunked\r\n\r\nGET /hello" HOST "\r\n", 501, NULL},
	};
	struct door *door = door_new("", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);

	(void)state;
	check_exchanges(door, rows, ARRAY_LEN(rows));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&b);
		door_talk(door, rows[i].text, 0, &b);
		if (door_count(&b, "HTTP/1.1 ") != 1 || door_count(&b, "Connection: close") != 1)
			fail_msg("%s: %s", rows[i].name, buf_cstr(&b));
	}
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0));
	assert_int_equal(metrics_get(door->metrics, METRIC_HTTP_REQUESTS_RUNNING), 0);
	door_free(door);
}

static void test_a_client_that_closed_its_half_gets_its_answers(void **state)
{
	struct door *door = door_new("", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	AUTO_CLOSE int fd = door_connect(door);

	(void)state;
	door_close_gate();
	door_send(fd, "GET /wait" HOST "\r\nGET /hello" HOST "\r\n");
	shutdown(fd, SHUT_WR);
	pause_ms(50);
	door_open_gate();
	door_read_all(fd, &b);
	assert_int_equal(door_count(&b, "HTTP/1.1 200"), 2);
	assert_int_equal(door_count(&b, "waited\n"), 1);
	assert_int_equal(door_count(&b, "hello\n"), 1);
	assert_int_equal(door_count(&b, "(still open)"), 0);
	door_free(door);
}

static void test_a_client_that_goes_away_takes_nothing_along(void **state)
{
	struct door *door = door_new("", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);

	(void)state;
	door_close_gate();
	for (int i = 0; i < 20; i++) {
		const struct linger reset = {.l_onoff = 1};
		int fd = door_connect(door);

		switch (i % 4) {
		case 0:
			door_send(fd, "GET /wait" HOST "\r\n");
			break;
		case 1:
			door_send(fd, "PUT /echo" HOST "Content-Length: 50\r\n\r\nsome of it");
			break;
		case 2:
			door_send(fd, "GET /private" HOST DOOR_WRONG "\r\n");
			break;
		case 3:
			door_send(fd, "GET /hel");
			break;
		}
		if (i % 8 < 4)
			(void)!setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		if (i % 5 == 0)
			pause_ms(5);
		close(fd);
	}
	pause_ms(50);
	door_open_gate();
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0));
	assert_true(door_settles(door, METRIC_HTTP_REQUESTS_RUNNING, 0));
	door_talk(door, "GET /hello" HOST CLOSE "\r\n", 0, &b);
	assert_int_equal(door_status(&b), 200);
	door_free(door);
}

static void test_a_long_answer_comes_whole_to_a_slow_reader(void **state)
{
	struct door *door = door_new("", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	AUTO_CLOSE int fd = door_connect(door);
	ptrdiff_t end;

	(void)state;
	door_send(fd, "PUT /big" HOST "Content-Length: 8\r\n\r\n16000000GET /hello" HOST CLOSE "\r\n");
	pause_ms(100);
	door_read_all(fd, &b);
	end = slice_find(buf_slice(&b), SLICE("\r\n\r\n"));
	assert_true(end > 0);
	assert_true(slice_starts(slice_from(buf_slice(&b), (size_t)end + 4 + 16000000), SLICE("HTTP/1.1 200")));
	assert_true(slice_ends(buf_slice(&b), SLICE("\r\n\r\nhello\n")));
	door_free(door);
}

static void test_connections_above_the_limit_are_closed(void **state)
{
	struct door *door = door_new("max-connections = 16\n", NULL, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	int fds[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = door_connect(door);
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 16));
	door_talk(door, "GET /hello" HOST CLOSE "\r\n", 0, &b);
	assert_int_equal(door_status(&b), 0);
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_REFUSED, 1));
	close(fds[0]);
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 15));
	buf_reset(&b);
	door_talk(door, "GET /hello" HOST CLOSE "\r\n", 0, &b);
	assert_int_equal(door_status(&b), 200);
	for (size_t i = 1; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	door_free(door);
}

static void test_a_stop_lets_what_is_under_way_end(void **state)
{
	const struct http_deadlines deadlines = {10000, 10000, 10000, 10000, 10000, 200, 400, 20};
	struct door *door = door_new("", &deadlines, NULL);
	AUTO_BUF struct buf b = BUF_INIT(REPLY_MAX);
	AUTO_CLOSE int idle = door_connect(door), running = door_connect(door);

	(void)state;
	door_close_gate();
	door_send(running, "GET /wait" HOST "\r\n");
	assert_true(door_settles(door, METRIC_HTTP_REQUESTS_RUNNING, 1));
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 2));
	http_server_stop(door->server); /* gives up waiting after stop_ms, with the request still there */
	door_read_all(idle, &b);
	assert_int_equal(b.len, 0);
	door_open_gate();
	door_read_all(running, &b);
	assert_int_equal(door_status(&b), 200);
	assert_int_equal(door_count(&b, "Connection: close"), 1);
	assert_true(door_settles(door, METRIC_HTTP_CONNECTIONS_OPEN, 0));
	door_free(door);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows_say_what_may_come),
	    cmocka_unit_test(test_a_header_cannot_be_smuggled_into_an_answer),
	    cmocka_unit_test(test_sign_in),
	    cmocka_unit_test(test_guessers_do_not_take_all_workers),
	    cmocka_unit_test(test_guessing_is_slowed_down),
	    cmocka_unit_test(test_passwords_travel_safely_or_not_at_all),
	    cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
	    cmocka_unit_test(test_a_refused_body_does_not_become_a_request),
	    cmocka_unit_test(test_the_body_is_asked_for_only_when_it_is_wanted),
	    cmocka_unit_test(test_chunks_beyond_the_limit_are_refused_as_they_come),
	    cmocka_unit_test(test_broken_requests_end_the_connection),
	    cmocka_unit_test(test_a_client_that_closed_its_half_gets_its_answers),
	    cmocka_unit_test(test_a_client_that_goes_away_takes_nothing_along),
	    cmocka_unit_test(test_a_long_answer_comes_whole_to_a_slow_reader),
	    cmocka_unit_test(test_connections_above_the_limit_are_closed),
	    cmocka_unit_test(test_a_stop_lets_what_is_under_way_end),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
