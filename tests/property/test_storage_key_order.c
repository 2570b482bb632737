/* Pack order equals value order, for random tuples of every kind of part. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "storage/key.h"
#include "tests/contract/store_fixture.h"

#define ROUNDS   400000
#define TEXT_MAX 4

struct tuple {
	char text[TEXT_MAX];
	size_t len;
	int64_t at;
	uint8_t small;
	uint32_t medium;
	uint64_t large;
};

static uint64_t seed = 0x5eed;

/* Few values, close to one another and to the ends, so that equal parts and borders come up often. */
static struct tuple random_tuple(void)
{
	static const int64_t instants[] = {INT64_MIN, -256, -255, -1, 0, 1, 255, 256, INT64_MAX};
	static const uint64_t numbers[] = {0, 1, 255, 256, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
	static const char bytes[] = {'\0', '\1', 'a', '\xff'};
	struct tuple t = {.len = random_below(&seed, TEXT_MAX + 1)};

	for (size_t i = 0; i < t.len; i++)
		t.text[i] = bytes[random_below(&seed, sizeof(bytes))];
	t.at = random_below(&seed, 2) ? instants[random_below(&seed, 9)] : (int64_t)random_next(&seed);
	t.small = (uint8_t)(random_below(&seed, 3) * 127);
	t.medium = (uint32_t)numbers[random_below(&seed, 5)];
	t.large = random_below(&seed, 2) ? numbers[random_below(&seed, 7)] : random_next(&seed);
	return t;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* The order that is meant: part by part, text as memcmp with a prefix first. */
static int compare(const struct tuple *a, const struct tuple *b)
{
	int text = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	if (text != 0)
		return text;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	if (a->at != b->at)
		return a->at < b->at ? -1 : 1;
	if (a->small != b->small)
		return compare_numbers(a->small, b->small);
	return a->medium != b->medium ? compare_numbers(a->medium, b->medium) : compare_numbers(a->large, b->large);
}

static struct key pack(const struct tuple *t)
{
	struct key key;

	key_begin(&key, 't');
	key_add_text(&key, slice_of(t->text, t->len));
	key_add_i64(&key, t->at);
	key_add_u8(&key, t->small);
	key_add_u32(&key, t->medium);
	key_add_u64(&key, t->large);
	return key;
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_pack_order_equals_value_order(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		struct tuple a = random_tuple(), b = random_tuple();
		struct key ka, kb, end;

		if (random_below(&seed, 2)) { /* the same beginning, so that later parts decide */
			memcpy(b.text, a.text, sizeof(b.text));
			b.len = a.len;
			if (random_below(&seed, 2))
				b.at = a.at;
		}
		ka = pack(&a);
		kb = pack(&b);
		if (sign(compare(&a, &b)) != sign(slice_compare(key_slice(&ka), key_slice(&kb))))
			fail_msg("round %d: the order of the keys is not that of the tuples", i);
		ka.len -= 8; /* a prefix: everything that begins with it lies before its end */
		end = key_end(&ka);
		if (slice_starts(key_slice(&kb), key_slice(&ka)) !=
		    (slice_compare(key_slice(&ka), key_slice(&kb)) <= 0 &&
			slice_compare(key_slice(&kb), key_slice(&end)) < 0))
			fail_msg("round %d: the end of the range is not behind what begins so", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pack_order_equals_value_order)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
