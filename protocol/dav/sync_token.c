#include <config.h>

#include "protocol/dav/sync_token.h"

#include <errno.h>

#include "protocol/base/ascii.h"

#define PREFIX "urn:slotkeeper:sync:"

void sync_token_write(struct buf *b, const struct sync_token *token)
{
	buf_printf(b, PREFIX "%016llx-%llx-%llu", (unsigned long long)token->epoch,
	    (unsigned long long)token->collection, (unsigned long long)token->number);
	if (token->began != 0)
		buf_printf(b, "-%llu", (unsigned long long)token->began);
}

static bool take_hex(struct slice text, uint64_t *value_r)
{
	uint64_t value = 0;

	if (text.len == 0 || text.len > 16)
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

int sync_token_read(struct slice text, struct sync_token *token_r)
{
	struct slice epoch, collection, number, began;
	struct sync_token token = {.began = 0};

	if (!slice_starts(text, SLICE(PREFIX)))
		return -EINVAL;
	text = slice_from(text, sizeof(PREFIX) - 1);
	if (!slice_next(&text, '-', &epoch) || !slice_next(&text, '-', &collection) || !slice_next(&text, '-', &number) ||
	    !take_hex(epoch, &token.epoch) || !take_hex(collection, &token.collection) ||
	    slice_to_u64(number, UINT64_MAX, &token.number) < 0)
		return -EINVAL;
	if (slice_next(&text, '-', &began) &&
	    (text.at != NULL || slice_to_u64(began, UINT64_MAX, &token.began) < 0 || token.began < token.number))
		return -EINVAL;
	*token_r = token;
	return 0;
}
