#include <config.h>

#include "protocol/base/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/ascii.h"

static const char base64_plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

ssize_t codec_percent_decode(struct slice in, char *out, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < in.len; i++) {
		char c = in.at[i];

		if (c == '%') {
			int high = i + 2 < in.len ? ascii_hex_value(in.at[i + 1]) : -1;
			int low = i + 2 < in.len ? ascii_hex_value(in.at[i + 2]) : -1;

			if (high < 0 || low < 0)
				return -EINVAL;
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (used == size)
			return -ENOSPC;
		out[used++] = c;
	}
	return (ssize_t)used;
}

static int base64_value(char c, const char *letters)
{
	if (ascii_is_upper(c))
		return c - 'A';
	if (ascii_is_lower(c))
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	return c == letters[62] ? 62 : c == letters[63] ? 63 : -1;
}

/* Letters only, no padding; spare bits must be zero, so that a value has one spelling. */
static ssize_t base64_decode(struct slice in, const char *letters, unsigned char *out, size_t size)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t used = 0;

	if (in.len % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < in.len; i++) {
		int value = base64_value(in.at[i], letters);

		if (value < 0)
			return -EINVAL;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held < 8)
			continue;
		if (used == size)
			return -ENOSPC;
		held -= 8;
		out[used++] = (unsigned char)(bits >> held);
		bits &= (1u << held) - 1;
	}
	return bits != 0 ? -EINVAL : (ssize_t)used;
}

ssize_t codec_base64_decode(struct slice in, void *out, size_t size)
{
	if (in.len % 4 != 0)
		return -EINVAL;
	for (int i = 0; i < 2 && in.len > 0 && in.at[in.len - 1] == '='; i++)
		in.len--;
	return base64_decode(in, base64_plain, out, size);
}

ssize_t codec_base64url_decode(struct slice in, void *out, size_t size)
{
	return base64_decode(in, base64_url, out, size);
}

ssize_t codec_hex_decode(struct slice in, void *out, size_t size)
{
	unsigned char *at = out;

	if (in.len % 2 != 0)
		return -EINVAL;
	if (in.len / 2 > size)
		return -ENOSPC;
	for (size_t i = 0; i < in.len; i += 2) {
		int high = ascii_hex_value(in.at[i]), low = ascii_hex_value(in.at[i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		at[i / 2] = (unsigned char)(high << 4 | low);
	}
	return (ssize_t)(in.len / 2);
}

static void base64_encode(struct buf *b, const unsigned char *bytes, size_t len, const char *letters, bool padding)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i < 3 ? len - i : 3;
		uint32_t bits = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
		    (left > 2 ? bytes[i + 2] : 0);
		char out[4] = {letters[bits >> 18], letters[bits >> 12 & 63], letters[bits >> 6 & 63], letters[bits & 63]};

		if (left < 3)
			out[3] = '=';
		if (left < 2)
			out[2] = '=';
		buf_add(b, out, padding ? 4 : left + 1);
	}
}

void codec_base64_encode(struct buf *b, const void *bytes, size_t len)
{
	base64_encode(b, bytes, len, base64_plain, true);
}

void codec_base64url_encode(struct buf *b, const void *bytes, size_t len)
{
	base64_encode(b, bytes, len, base64_url, false);
}

void codec_hex_encode(struct buf *b, const void *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++) {
		buf_add_char(b, digits[at[i] >> 4]);
		buf_add_char(b, digits[at[i] & 15]);
	}
}
