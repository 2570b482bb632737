/* Requests that are taken, requests that are refused with their status, and the same answer however bytes are cut. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>

#include "protocol/base/buf.h"
#include "protocol/http/request_parser.h"

struct seen {
	struct buf body;
	size_t limit;
};

static int take(struct slice bytes, void *arg)
{
	struct seen *seen = arg;

	buf_add_slice(&seen->body, bytes);
	return seen->body.len > seen->limit ? 413 : 0;
}

/* Feeds TEXT in pieces of STEP bytes; how many messages ended, or -status. All bodies are joined in SEEN. */
static int parse(struct slice text, size_t step, struct seen *seen)
{
	struct http_request_parser *parser = http_request_parser_new(take, seen);
	int messages = 0;

	buf_reset(&seen->body);
	while (text.len > 0 && messages >= 0) {
		ptrdiff_t used = http_request_parser_feed(parser, slice_sub(text, 0, step));

		if (used < 0) {
			messages = (int)used;
			break;
		}
		text = slice_from(text, (size_t)used);
		if (http_request_parser_phase(parser) == HTTP_PHASE_END) {
			messages++;
			http_request_parser_next(parser);
		}
	}
	http_request_parser_free(parser);
	return messages;
}

#define HEAD "PUT /a HTTP/1.1\r\nHost: x\r\n"

static const struct {
	const char *name, *text;
	int messages; /* or -status */
	const char *body;
} rows[] = {
    {"no body", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", 1, ""},
    {"a body with a length", HEAD "Content-Length: 5\r\n\r\nhello", 1, "hello"},
    {"two pipelined", HEAD "Content-Length: 2\r\n\r\nhiGET / HTTP/1.1\r\nHost: x\r\n\r\n", 2, "hi"},
    {"chunks", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n", 1, "abc0123456789"},
    {"a chunk extension and a trailer",
        HEAD "Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", 1, "abc"},
    {"empty lines before", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 1, ""},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 1, ""},
    {"DAV methods", "MKCALENDAR /a HTTP/1.1\r\nHost: x\r\n\r\nREPORT /a HTTP/1.1\r\nHost: x\r\n\r\n", 2, ""},
    {"an unfinished body", HEAD "Content-Length: 5\r\n\r\nhell", 0, "hell"},
    /* RFC 9112, 5.1: no space before the colon, which some read as part of the name */
    {"space before the colon", HEAD "Content-Length : 5\r\n\r\nhello", -400, ""},
    {"a folded line", HEAD "X: a\r\n b\r\n\r\n", -400, ""},
    {"a line without colon", HEAD "nonsense\r\n\r\n", -400, ""},
    {"a bare line feed", "GET / HTTP/1.1\nHost: x\n\n", -400, ""},
    {"a bare line feed in a field", HEAD "X: a\nY: b\r\n\r\n", -400, ""},
    {"a bare carriage return", HEAD "X: a\rContent-Length: 5\r\n\r\n", -400, ""},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", -400, ""},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", -400, ""},
    {"a Host with a path", "GET / HTTP/1.1\r\nHost: x/y\r\n\r\n", -400, ""},
    {"length and chunks", HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", -400, ""},
    {"two lengths", HEAD "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", -400, ""},
    {"two equal lengths", HEAD "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", -400, ""},
    {"a list of lengths", HEAD "Content-Length: 5, 5\r\n\r\n", -400, ""},
    {"a length with a sign", HEAD "Content-Length: +5\r\n\r\n", -400, ""},
    {"a negative length", HEAD "Content-Length: -5\r\n\r\n", -400, ""},
    {"a length beyond 64 bits", HEAD "Content-Length: 99999999999999999999\r\n\r\n", -400, ""},
    {"an unknown coding", HEAD "Transfer-Encoding: xchunked\r\n\r\n", -501, ""},
    {"two codings", HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", -501, ""},
    {"chunked twice", HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", -400, ""},
    {"chunks in HTTP/1.0", "PUT /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", -400, ""},
    {"a chunk size that is none", HEAD "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", -400, ""},
    {"a chunk size with a prefix", HEAD "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n", -400, ""},
    {"a chunk size beyond 64 bits", HEAD "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", -400, ""},
    {"a chunk line that ends in a line feed", HEAD "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", -400, ""},
    {"a chunk that is longer than said", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", -400, "abc"},
    {"a chunk size with words behind it", HEAD "Transfer-Encoding: chunked\r\n\r\n3 4\r\nabc\r\n0\r\n\r\n", -400, ""},
    {"white space before an extension", HEAD "Transfer-Encoding: chunked\r\n\r\n3 \t;a\r\nabc\r\n0 \r\n\r\n", 1, "abc"},
    {"a chunk without its end", HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc0\r\n\r\n", -400, "abc"},
    {"a negative chunk", HEAD "Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n0\r\n\r\n", -400, ""},
    {"an empty chunk size", HEAD "Transfer-Encoding: chunked\r\n\r\n\r\n", -400, ""},
    {"a trailer without a name", HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n: x\r\n\r\n", -400, ""},
    {"an empty length", HEAD "Content-Length:\r\n\r\n", -400, ""},
    {"a hexadecimal length", HEAD "Content-Length: 0x5\r\n\r\nhello", -400, ""},
    {"a length with a space inside", HEAD "Content-Length: 5 5\r\n\r\nhello", -400, ""},
    {"a coding with a tab before it", HEAD "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n", 1, ""},
    {"a coding with a parameter", HEAD "Transfer-Encoding: chunked;x\r\n\r\n0\r\n\r\n", -501, ""},
    {"identity and a length", HEAD "Transfer-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello", -400, ""},
    {"a length in other case, twice", HEAD "content-length: 5\r\nCONTENT-LENGTH: 5\r\n\r\nhello", -400, ""},
    {"a quoted coding", HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", -501, ""},
    {"an underscore for a dash", HEAD "Content_Length: 5\r\n\r\n", 1, ""},
    {"a field without name", HEAD ": x\r\n\r\n", -400, ""},
    {"a first field that is folded", "GET / HTTP/1.1\r\n Host: x\r\n\r\n", -400, ""},
    {"a tab inside a value", HEAD "X: a\tb\r\n\r\n", 1, ""},
    {"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 1, ""},
    {"a Host with a user", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", -400, ""},
    {"a Host with white space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", -400, ""},
    {"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", -400, ""},
    {"a space behind the version", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", -400, ""},
    {"a space before the method", " GET / HTTP/1.1\r\nHost: x\r\n\r\n", -400, ""},
    {"a tab in the request line", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n", -400, ""},
    {"a target in absolute form", "GET http://x/a HTTP/1.1\r\nHost: x\r\n\r\n", 1, ""},
    {"many empty lines", "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", -400, ""},
    {"a version in small letters", "GET / http/1.1\r\nHost: x\r\n\r\n", -400, ""},
    {"a body that looks like a request",
        HEAD "Content-Length: 26\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n", 1, "GET /b HTTP/1.1\r\nHost: x\r\n"},
    {"an unknown method", "FOOBAR / HTTP/1.1\r\nHost: x\r\n\r\n", -501, ""},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -501, ""},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", -505, ""},
    {"HTTP/0.9", "GET /\r\n\r\n", -505, ""},
    {"a control character", HEAD "X: a\x01\r\n\r\n", -400, ""},
    {"TLS on a plain port", "\x16\x03\x01\x02\r\n", -400, ""},
};

static void test_each_request_has_its_answer_however_it_is_cut(void **state)
{
	struct seen seen = {.body = BUF_INIT(100000), .limit = 100000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t step = 1; step <= 4096; step *= step == 1 ? 2 : 7) {
			int messages = parse(slice_str(rows[i].text), step, &seen);

			if (messages != rows[i].messages || !slice_is(buf_slice(&seen.body), rows[i].body))
				fail_msg("%s, in pieces of %zu: %d, body \"%.*s\"", rows[i].name, step, messages,
				    SLICE_ARG(buf_slice(&seen.body)));
		}
	buf_free(&seen.body);
}

static void test_a_nul_is_refused(void **state)
{
	struct seen seen = {.body = BUF_INIT(1000), .limit = 1000};

	(void)state;
	assert_int_equal(parse(SLICE(HEAD "X: a\0b\r\n\r\n"), 4096, &seen), -400);
}

static void test_limits(void **state)
{
	struct seen seen = {.body = BUF_INIT(1 << 20), .limit = 10};
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	(void)state;
	buf_add_str(&b, "GET /");
	while (b.len < HTTP_TARGET_MAX + 100)
		buf_add_char(&b, 'a');
	buf_add_str(&b, " HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(parse(buf_slice(&b), 1000, &seen), -414);
	buf_reset(&b);
	buf_add_str(&b, HEAD "X: ");
	while (b.len < HTTP_HEAD_MAX + 100)
		buf_add_char(&b, 'a');
	assert_int_equal(parse(buf_slice(&b), 1000, &seen), -431);
	buf_reset(&b);
	buf_add_str(&b, HEAD);
	for (int i = 0; i < HTTP_FIELDS_MAX; i++)
		buf_add_str(&b, "X: a\r\n");
	buf_add_str(&b, "\r\n");
	assert_int_equal(parse(buf_slice(&b), 1000, &seen), -431);
	assert_int_equal(parse(SLICE(HEAD "Content-Length: 11\r\n\r\n01234567890"), 1000, &seen), -413);
	buf_free(&seen.body);
}

static void test_what_the_head_says(void **state)
{
	struct seen seen = {.body = BUF_INIT(1000), .limit = 1000};
	struct http_request_parser *parser = http_request_parser_new(take, &seen);
	struct slice name, value;

	(void)state;
	assert_true(http_request_parser_feed(parser, SLICE("PROPFIND /dav/?x=1 HTTP/1.1\r\nHost: h:8080\r\nDepth: \t 1 \r\n"
	                                                   "Connection: close\r\nContent-Length: 3\r\n\r\n")) > 0);
	assert_int_equal(http_request_parser_phase(parser), HTTP_PHASE_BODY);
	assert_true(slice_is(http_request_parser_method(parser), "PROPFIND"));
	assert_true(slice_is(http_request_parser_target(parser), "/dav/?x=1"));
	assert_int_equal(http_request_parser_field_count(parser), 4);
	http_request_parser_field(parser, 1, &name, &value);
	assert_true(slice_is(name, "Depth") && slice_is(value, "1"));
	assert_false(http_request_parser_keep_alive(parser));
	assert_int_equal(http_request_parser_length(parser), 3);
	http_request_parser_free(parser);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_request_has_its_answer_however_it_is_cut),
	    cmocka_unit_test(test_a_nul_is_refused),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_what_the_head_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
