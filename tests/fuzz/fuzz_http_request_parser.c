/*
 * The request parser: the same messages, heads, bodies and status whether bytes come at once, one by one, or cut
 * anywhere; and what a head says holds to the rules that keep two readers from seeing two requests.
 */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include "protocol/base/buf.h"
#include "protocol/http/request_parser.h"

#define SEEN_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static int take(struct slice bytes, void *arg)
{
	must(bytes.len > 0);
	buf_add_slice(arg, bytes);
	return 0;
}

/* Writes down the head, and looks at it as a suspicious proxy would. */
static void see_head(const struct http_request_parser *parser, struct buf *seen)
{
	size_t hosts = 0, lengths = 0, codings = 0, count = http_request_parser_field_count(parser);
	struct slice name, value;

	must(count <= HTTP_FIELDS_MAX && http_request_parser_target(parser).len <= HTTP_TARGET_MAX);
	must(http_request_parser_method(parser).len > 0 && http_request_parser_target(parser).len > 0);
	buf_printf(seen, "%.*s|%.*s|%d|%d|%llu|", SLICE_ARG(http_request_parser_method(parser)),
	    SLICE_ARG(http_request_parser_target(parser)), http_request_parser_keep_alive(parser),
	    http_request_parser_minor_version(parser), (unsigned long long)http_request_parser_length(parser));
	for (size_t i = 0; i < count; i++) {
		http_request_parser_field(parser, i, &name, &value);
		must(name.len > 0 && slice_find_byte(name, ' ') < 0 && slice_find_byte(name, ':') < 0);
		must(slice_find_byte(value, '\r') < 0 && slice_find_byte(value, '\n') < 0 && slice_find_byte(value, '\0') < 0);
		must(slice_equal(value, slice_trim(value)));
		hosts += slice_is_nocase(name, "Host");
		lengths += slice_is_nocase(name, "Content-Length");
		codings += slice_is_nocase(name, "Transfer-Encoding");
		buf_printf(seen, "%.*s=%.*s|", SLICE_ARG(name), SLICE_ARG(value));
	}
	must(hosts == 1 || (hosts == 0 && !http_request_parser_minor_version(parser)));
	must(lengths + codings <= 1);
	must((http_request_parser_length(parser) == UINT64_MAX) == (codings == 1));
}

/* Feeds the first FIRST bytes and then pieces of STEP; how many messages ended, or -status. */
static int run(struct slice text, size_t first, size_t step, struct buf *seen)
{
	struct http_request_parser *parser = http_request_parser_new(take, seen);
	int messages = 0;

	must(parser != NULL);
	while (text.len > 0) {
		enum http_parser_phase before = http_request_parser_phase(parser), after;
		struct slice piece = slice_sub(text, 0, first > 0 ? first : step);
		ptrdiff_t used = http_request_parser_feed(parser, piece);

		if (used < 0) {
			must(used <= -400 && used >= -505);
			must(http_request_parser_feed(parser, piece) == used); /* for good */
			messages = (int)used;
			break;
		}
		must(used > 0 && (size_t)used <= piece.len);
		text = slice_from(text, (size_t)used);
		first -= first > (size_t)used ? (size_t)used : first;
		after = http_request_parser_phase(parser);
		if (before < HTTP_PHASE_BODY && after >= HTTP_PHASE_BODY)
			see_head(parser, seen);
		if (after == HTTP_PHASE_END) {
			messages++;
			http_request_parser_next(parser);
		}
	}
	http_request_parser_free(parser);
	return messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT(SEEN_MAX), pieces = BUF_INIT(SEEN_MAX);
	struct slice text = slice_of((const char *)data, size);
	int messages = run(text, 0, size, &whole);

	must(run(text, 0, 1, &pieces) == messages && slice_equal(buf_slice(&whole), buf_slice(&pieces)));
	buf_reset(&pieces);
	if (size > 0)
		must(run(text, data[size - 1], size, &pieces) == messages && slice_equal(buf_slice(&whole), buf_slice(&pieces)));
	buf_free(&whole);
	buf_free(&pieces);
	return 0;
}
