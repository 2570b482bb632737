/*
 * Reading keys: the input is read as parts of every kind, and what was read packs to the bytes it was read from. Two
 * texts cut out of the input sort as keys as they sort themselves.
 */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"
#include "storage/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

/* One part from *REST, packed again behind KEY; false when it is none. */
static bool part(struct slice *rest, uint8_t kind, struct key *key)
{
	char out[KV_KEY_MAX];
	struct slice text;
	uint8_t u8;
	uint32_t u32;
	uint64_t u64;
	int64_t i64;
	bool good = false;

	switch (kind % 5) {
	case 0:
		good = key_take_u8(rest, &u8);
		if (good)
			key_add_u8(key, u8);
		break;
	case 1:
		good = key_take_u32(rest, &u32);
		if (good)
			key_add_u32(key, u32);
		break;
	case 2:
		good = key_take_u64(rest, &u64);
		if (good)
			key_add_u64(key, u64);
		break;
	case 3:
		good = key_take_i64(rest, &i64);
		if (good)
			key_add_i64(key, i64);
		break;
	case 4:
		good = key_take_text(rest, out, sizeof(out), &text);
		if (good)
			key_add_text(key, text);
		break;
	}
	return good;
}

/* Kinds and parts by turns. */
static void read_parts(struct slice rest)
{
	while (rest.len > 1) {
		uint8_t kind = (uint8_t)rest.at[0];
		struct slice before = slice_from(rest, 1);
		struct key key;

		key_begin(&key, 't');
		rest = before;
		if (!part(&rest, kind, &key))
			return;
		if (before.len - rest.len < KV_KEY_MAX)
			CHECK(slice_equal(slice_from(key_slice(&key), 1), slice_sub(before, 0, before.len - rest.len)));
	}
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void compare_texts(struct slice a, struct slice b)
{
	struct key ka, kb;

	key_begin(&ka, 't');
	key_begin(&kb, 't');
	key_add_text(&ka, a);
	key_add_text(&kb, b);
	if (ka.len <= KV_KEY_MAX && kb.len <= KV_KEY_MAX)
		CHECK(sign(slice_compare(a, b)) == sign(slice_compare(key_slice(&ka), key_slice(&kb))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_of((const char *)data, size);

	read_parts(all);
	compare_texts(slice_sub(all, 0, size / 2), slice_from(all, size / 2));
	return 0;
}
