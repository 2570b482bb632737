/*
 * The first byte chooses a reader of base, the rest is its input. What is read is written and read again as the same; what
 * is refused leaves no trace.
 */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/base/codec.h"
#include "protocol/base/instant.h"
#include "protocol/base/utf8.h"

#define MAX_BYTES 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_percent(struct slice in)
{
	AUTO_BUF struct buf b = BUF_INIT(4 * MAX_BYTES);
	AUTO_FREE char *out = malloc(in.len + 1), *again = malloc(in.len + 1);
	ssize_t len = codec_percent_decode(in, out, in.len), len_again;

	assert(len == -EINVAL || (len >= 0 && (size_t)len <= in.len));
	if (len < 0)
		return;
	buf_add_percent(&b, slice_of(out, (size_t)len));
	assert(b.err == 0);
	len_again = codec_percent_decode(buf_slice(&b), again, in.len);
	assert(len_again == len && memcmp(out, again, (size_t)len) == 0);
	if (len > 0)
		assert(codec_percent_decode(in, out, (size_t)len - 1) == -ENOSPC);
}

/* A value has one spelling: what was decoded encodes to the very text (hex: but for its case). */
static void check_exact(struct slice in, ssize_t (*decode)(struct slice, void *, size_t),
    void (*encode)(struct buf *, const void *, size_t), bool any_case)
{
	AUTO_BUF struct buf b = BUF_INIT(4 * MAX_BYTES);
	AUTO_FREE char *out = malloc(in.len + 1);
	ssize_t len = decode(in, out, in.len);

	assert(len == -EINVAL || (len >= 0 && (size_t)len <= in.len));
	if (len < 0)
		return;
	encode(&b, out, (size_t)len);
	assert(any_case ? slice_equal_nocase(buf_slice(&b), in) : slice_equal(buf_slice(&b), in));
}

static void check_utf8(struct slice in)
{
	struct slice rest = in, cut = utf8_truncate(in, in.len / 2);
	size_t count = 0;
	uint32_t code;

	while (utf8_next(&rest, &code)) {
		assert(code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000));
		assert(utf8_fold(utf8_fold(code)) == utf8_fold(code));
		count++;
	}
	assert(count == utf8_count(in) && count <= in.len);
	assert(cut.len <= in.len / 2);
	if (utf8_is_valid(in))
		assert(utf8_is_valid(cut));
	assert(utf8_equal_folded(in, in) && utf8_contains_folded(in, cut));
}

static void check_instants(struct slice in)
{
	AUTO_BUF struct buf b = BUF_INIT(100);
	instant_t at = 0, again;
	int offset, offset_again;

	if (instant_parse_rfc3339(in, &at, &offset) == 0) {
		assert(at >= INSTANT_MIN && at < INSTANT_MAX);
		buf_add_rfc3339(&b, at, offset);
		assert(instant_parse_rfc3339(buf_slice(&b), &again, &offset_again) == 0);
		assert(again == at && offset_again == offset);
	}
	buf_reset(&b);
	if (instant_parse_basic(in, &at) == 0) {
		buf_add_basic_utc(&b, at);
		assert(instant_parse_basic(buf_slice(&b), &again) == 0 && again == at);
	}
}

static void check_lines(struct slice in)
{
	struct slice rest = in, part;
	size_t total = 0, parts = 0;

	while (slice_next_line(&rest, &part)) {
		assert(slice_find_byte(part, '\n') < 0);
		total += part.len;
	}
	assert(total <= in.len);
	rest = in;
	for (total = 0; slice_next(&rest, ',', &part); parts++)
		total += part.len;
	assert(parts > 0 && total + parts - 1 == in.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in;

	if (size == 0 || size > MAX_BYTES)
		return 0;
	in = slice_of((const char *)data + 1, size - 1);
	switch (data[0]) {
	case 'p':
		check_percent(in);
		break;
	case 'b':
		check_exact(in, codec_base64_decode, codec_base64_encode, false);
		break;
	case 'u':
		check_exact(in, codec_base64url_decode, codec_base64url_encode, false);
		break;
	case 'h':
		check_exact(in, codec_hex_decode, codec_hex_encode, true);
		break;
	case '8':
		check_utf8(in);
		break;
	case 't':
		check_instants(in);
		break;
	case 'l':
		check_lines(in);
		break;
	}
	return 0;
}
