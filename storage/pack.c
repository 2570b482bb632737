#include <config.h>

#include "storage/pack.h"

#include <errno.h>

static void pack(struct buf *b, uint64_t value, size_t bytes)
{
	unsigned char out[8];

	for (size_t i = 0; i < bytes; i++, value >>= 8)
		out[i] = (unsigned char)value;
	buf_add(b, out, bytes);
}

void pack_u8(struct buf *b, uint8_t value)
{
	pack(b, value, 1);
}

void pack_u32(struct buf *b, uint32_t value)
{
	pack(b, value, 4);
}

void pack_u64(struct buf *b, uint64_t value)
{
	pack(b, value, 8);
}

void pack_i64(struct buf *b, int64_t value)
{
	pack(b, (uint64_t)value, 8);
}

void pack_text(struct buf *b, struct slice text)
{
	pack_u32(b, (uint32_t)text.len);
	buf_add_slice(b, text);
}

void pack_interval(struct buf *b, struct interval at)
{
	pack_i64(b, at.start);
	pack_i64(b, at.end);
}

static uint64_t unpack(struct unpack *u, size_t bytes)
{
	uint64_t value = 0;

	if (u->bad || u->rest.len < bytes) {
		u->bad = true;
		return 0;
	}
	for (size_t i = bytes; i-- > 0;)
		value = value << 8 | (unsigned char)u->rest.at[i];
	u->rest = slice_from(u->rest, bytes);
	return value;
}

struct unpack unpack_begin(struct slice value, uint8_t version)
{
	struct unpack u = {.rest = value};

	if (unpack_u8(&u) != version)
		u.bad = true;
	return u;
}

uint8_t unpack_u8(struct unpack *u)
{
	return (uint8_t)unpack(u, 1);
}

uint32_t unpack_u32(struct unpack *u)
{
	return (uint32_t)unpack(u, 4);
}

uint64_t unpack_u64(struct unpack *u)
{
	return unpack(u, 8);
}

int64_t unpack_i64(struct unpack *u)
{
	return (int64_t)unpack(u, 8);
}

struct slice unpack_text(struct unpack *u)
{
	uint32_t len = unpack_u32(u);
	struct slice text;

	if (u->bad || u->rest.len < len) {
		u->bad = true;
		return SLICE_EMPTY;
	}
	text = slice_sub(u->rest, 0, len);
	u->rest = slice_from(u->rest, len);
	return text;
}

struct interval unpack_interval(struct unpack *u)
{
	instant_t start = unpack_i64(u), end = unpack_i64(u);

	return (struct interval){start, end};
}

int unpack_end(const struct unpack *u)
{
	return u->bad || u->rest.len > 0 ? -EBADMSG : 0;
}
