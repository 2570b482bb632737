/* The request parser: the same messages, bodies and status whether bytes come at once or one by one. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include "protocol/base/buf.h"
#include "protocol/http/request_parser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int take(struct slice bytes, void *arg)
{
	buf_add_slice(arg, bytes);
	return 0;
}

static int run(struct slice text, size_t step, struct buf *bodies)
{
	struct http_request_parser *parser = http_request_parser_new(take, bodies);
	int messages = 0;

	if (parser == NULL)
		abort();
	while (text.len > 0) {
		ptrdiff_t used = http_request_parser_feed(parser, slice_sub(text, 0, step));

		if (used < 0) {
			messages = (int)used;
			break;
		}
		if (used == 0)
			abort();
		text = slice_from(text, (size_t)used);
		if (http_request_parser_phase(parser) == HTTP_PHASE_END) {
			messages++;
			http_request_parser_next(parser);
		}
	}
	http_request_parser_free(parser);
	return messages;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole = BUF_INIT(1 << 20), pieces = BUF_INIT(1 << 20);
	struct slice text = slice_of((const char *)data, size);

	if (run(text, size, &whole) != run(text, 1, &pieces) || !slice_equal(buf_slice(&whole), buf_slice(&pieces)))
		abort();
	buf_free(&whole);
	buf_free(&pieces);
	return 0;
}
