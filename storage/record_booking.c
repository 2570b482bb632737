#include <config.h>

#include <errno.h>
#include <string.h>

#include "storage/pack.h"
#include "storage/record.h"

#define BOOKING_VERSION 1

enum booking_bit {
	BIT_BUFFERS_MAX = 1 << 0,
	BIT_SHARED = 1 << 1,
	BIT_TOKEN = 1 << 2,
};

bool booking_is_live(const struct booking *booking)
{
	return booking->status == BOOKING_HELD || booking->status == BOOKING_CONFIRMED;
}

struct interval booking_guard(const struct booking *booking)
{
	return (struct interval){instant_add(booking->core.start, -booking->before),
	    instant_add(booking->core.end, booking->after)};
}

static void pack_names(struct buf *b, const struct slice *names, size_t count)
{
	pack_u32(b, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		pack_text(b, names[i]);
}

/* 0, -EBADMSG or -ENOMEM. */
static int unpack_names(struct unpack *u, struct arena *arena, const struct slice **names_r, size_t *count_r)
{
	uint32_t count = unpack_u32(u);
	struct slice *names;

	if (u->bad || count > BOOKING_MEMBERS_MAX)
		return -EBADMSG;
	names = arena_array(arena, count + 1u, sizeof(*names));
	if (names == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		names[i] = unpack_text(u);
	*names_r = names;
	*count_r = count;
	return 0;
}

void booking_encode(struct buf *b, const struct booking *booking)
{
	uint8_t bits = 0;

	if (booking->buffers_max)
		bits |= BIT_BUFFERS_MAX;
	if (booking->shared)
		bits |= BIT_SHARED;
	if (booking->has_token)
		bits |= BIT_TOKEN;
	pack_u8(b, BOOKING_VERSION);
	pack_u64(b, booking->number);
	pack_text(b, booking->id);
	pack_text(b, booking->uid);
	pack_u8(b, (uint8_t)booking->status);
	pack_u8(b, bits);
	pack_text(b, booking->service);
	pack_interval(b, booking->core);
	pack_i64(b, booking->before);
	pack_i64(b, booking->after);
	pack_names(b, booking->staff, booking->staff_count);
	pack_names(b, booking->resources, booking->resource_count);
	pack_i64(b, booking->seats);
	pack_text(b, booking->customer_name);
	pack_text(b, booking->customer_email);
	pack_text(b, booking->customer_phone);
	pack_text(b, booking->customer_timezone);
	pack_text(b, booking->customer_language);
	pack_text(b, booking->notes);
	if (booking->has_token)
		pack_text(b, slice_of((const char *)booking->token, sizeof(booking->token)));
	pack_i64(b, booking->expires);
	pack_u32(b, booking->extensions);
	pack_u64(b, booking->version);
	pack_u32(b, booking->sequence);
	pack_text(b, booking->reason);
	pack_text(b, booking->origin);
	pack_i64(b, booking->created);
	pack_i64(b, booking->updated);
}

static void unpack_customer(struct unpack *u, struct booking *booking)
{
	booking->customer_name = unpack_text(u);
	booking->customer_email = unpack_text(u);
	booking->customer_phone = unpack_text(u);
	booking->customer_timezone = unpack_text(u);
	booking->customer_language = unpack_text(u);
	booking->notes = unpack_text(u);
}

static void unpack_token(struct unpack *u, struct booking *booking)
{
	struct slice token = unpack_text(u);

	if (token.len == sizeof(booking->token))
		memcpy(booking->token, token.at, token.len);
	else
		u->bad = true;
}

int booking_decode(struct slice value, struct arena *arena, struct booking *booking_r)
{
	struct unpack u = unpack_begin(value, BOOKING_VERSION);
	struct booking b = {.number = unpack_u64(&u)};
	uint8_t bits;
	int ret;

	b.id = unpack_text(&u);
	b.uid = unpack_text(&u);
	b.status = (enum booking_status)unpack_u8(&u);
	bits = unpack_u8(&u);
	b.buffers_max = (bits & BIT_BUFFERS_MAX) != 0;
	b.shared = (bits & BIT_SHARED) != 0;
	b.has_token = (bits & BIT_TOKEN) != 0;
	b.service = unpack_text(&u);
	b.core = unpack_interval(&u);
	b.before = unpack_i64(&u);
	b.after = unpack_i64(&u);
	ret = unpack_names(&u, arena, &b.staff, &b.staff_count);
	if (ret == 0)
		ret = unpack_names(&u, arena, &b.resources, &b.resource_count);
	if (ret < 0)
		return ret;
	b.seats = unpack_i64(&u);
	unpack_customer(&u, &b);
	if (b.has_token)
		unpack_token(&u, &b);
	b.expires = unpack_i64(&u);
	b.extensions = unpack_u32(&u);
	b.version = unpack_u64(&u);
	b.sequence = unpack_u32(&u);
	b.reason = unpack_text(&u);
	b.origin = unpack_text(&u);
	b.created = unpack_i64(&u);
	b.updated = unpack_i64(&u);
	if (unpack_end(&u) < 0 || bits >= BIT_TOKEN << 1 || b.status < BOOKING_HELD || b.status > BOOKING_NO_SHOW)
		return -EBADMSG;
	*booking_r = b;
	return 0;
}
