#include <config.h>

#include "protocol/dav/sync_token.h"

#include <errno.h>

#include "protocol/base/ascii.h"

#define PREFIX         "urn:slotkeeper:sync:"
#define SYNC_TOKEN_MAX 200 /* more than the longest */

void sync_token_write(struct buf *b, const struct sync_token *token)
{
	buf_printf(b, PREFIX "%016llx-%llx-%llu", (unsigned long long)token->epoch,
	    (unsigned long long)token->collection, (unsigned long long)token->number);
	if (token->began != 0)
		buf_printf(b, "-%llu", (unsigned long long)token->began);
}

/* The part before the next hyphen. */
static bool take_hex(struct slice *rest, uint64_t *value_r)
{
	struct slice text;
	uint64_t value = 0;

	if (!slice_next(rest, '-', &text) || text.len == 0 || text.len > 16)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = ascii_hex_value(text.at[i]);

		if (digit < 0)
			return false;
		value = value << 4 | (unsigned)digit;
	}
	*value_r = value;
	return true;
}

static bool take_number(struct slice *rest, uint64_t *value_r)
{
	struct slice text;

	return slice_next(rest, '-', &text) && slice_to_u64(text, UINT64_MAX, value_r) == 0;
}

static bool is_canonical(struct slice text, const struct sync_token *token)
{
	struct buf again = BUF_INIT(SYNC_TOKEN_MAX);
	bool same;

	sync_token_write(&again, token);
	same = again.err == 0 && slice_equal(text, buf_slice(&again));
	buf_free(&again);
	return same;
}

int sync_token_read(struct slice text, struct sync_token *token_r)
{
	struct sync_token token = {0};
	struct slice rest = text;

	if (!slice_starts(text, SLICE(PREFIX)))
		return -EINVAL;
	rest = slice_from(text, sizeof(PREFIX) - 1);
	if (!take_hex(&rest, &token.epoch) || !take_hex(&rest, &token.collection) || !take_number(&rest, &token.number))
		return -EINVAL;
	if (rest.at != NULL && (!take_number(&rest, &token.began) || rest.at != NULL || token.began < token.number))
		return -EINVAL;
	if (!is_canonical(text, &token))
		return -EINVAL;
	*token_r = token;
	return 0;
}
