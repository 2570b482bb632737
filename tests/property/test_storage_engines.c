/*
 * Random updates, a part of which fail on purpose in the middle of a batch, on both engines: what they answer and what
 * is stored is the same, row by row.
 */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/store_fixture.h"

#define ROUNDS     60
#define BATCH      24 /* updates queued at once */
#define OPERATIONS 30 /* at most, in one update */
#define KEYS       150
#define VALUE_MAX  9000 /* above LMDB's page: overflow pages come and go */

/* One update, fixed by its seed: both engines get the same. */
struct update {
	uint64_t seed;
	unsigned answer; /* all return values, folded */
	uint64_t digest; /* of all that it read */
	int done;        /* what DONE was told */
};

static void fold(uint64_t *digest, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		*digest = (*digest ^ (unsigned char)bytes.at[i]) * UINT64_C(1099511628211);
	*digest = (*digest ^ bytes.len) * UINT64_C(1099511628211);
}

static int fold_row(struct slice key, struct slice value, void *arg)
{
	fold(arg, key);
	fold(arg, value);
	return 0;
}

static struct slice random_key(uint64_t *seed, char *out)
{
	unsigned n = random_below(seed, KEYS);
	int len = snprintf(out, 64, "k%u%.*s", n, (int)(n % 40), "----------------------------------------");

	return slice_of(out, (size_t)len);
}

static int operate(struct kv_txn *txn, uint64_t *seed, uint64_t *digest)
{
	static const char bytes[VALUE_MAX] = "value";
	char a[64], b[64];
	struct slice key = random_key(seed, a), other = random_key(seed, b), value;
	size_t len = random_below(seed, 8) == 0 ? random_below(seed, VALUE_MAX) : random_below(seed, 60);
	int ret = 0;

	switch (random_below(seed, 8)) {
	case 0:
	case 1:
	case 2:
		return kv_put(txn, key, slice_of(bytes, len));
	case 3:
		return kv_put_if_absent(txn, key, slice_of(bytes, len));
	case 4:
	case 5:
		return kv_delete(txn, key);
	case 6:
		ret = kv_get(txn, key, &value);
		if (ret == 0)
			fold(digest, value);
		return ret;
	case 7:
		ret = kv_range(txn, key, other, random_below(seed, 2), random_below(seed, 20), fold_row, digest);
		break;
	}
	return ret;
}

static int run_update(struct kv_txn *txn, void *arg)
{
	struct update *update = arg;
	uint64_t seed = update->seed;
	unsigned count = random_below(&seed, OPERATIONS);

	update->digest = 0;
	update->answer = 0;
	for (unsigned i = 0; i < count; i++) {
		int ret = operate(txn, &seed, &update->digest);

		if (ret != 0 && ret != -ENOENT && ret != -EEXIST)
			return ret;
		update->answer = update->answer * 31 + (unsigned)ret;
	}
	return random_below(&seed, 4) == 0 ? -ECANCELED : 0;
}

static void note(int ret, void *arg)
{
	((struct update *)arg)->done = ret;
}

static int nothing(struct kv_txn *txn, void *arg)
{
	(void)txn;
	(void)arg;
	return 0;
}

static void run_batch(struct kv *kv, struct update *updates)
{
	for (int i = 0; i < BATCH; i++)
		kv_update(kv, run_update, note, &updates[i]);
	kv_update_wait(kv, nothing, NULL); /* the last one: all are told by then */
}

static int digest_all(struct kv_txn *txn, void *arg)
{
	return kv_range(txn, SLICE("k"), SLICE("l"), false, 0, fold_row, arg);
}

static void test_both_engines_answer_and_hold_the_same(void **state)
{
	struct fixture *memory = fixture_new(ENGINE_MEMORY, 0), *lmdb = fixture_new(ENGINE_LMDB, 0);
	uint64_t seed = 0xba7c4;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct update a[BATCH] = {{0}}, b[BATCH] = {{0}};
		uint64_t all_a = 0, all_b = 0;

		for (int i = 0; i < BATCH; i++)
			a[i].seed = b[i].seed = random_next(&seed);
		run_batch(memory->kv, a);
		run_batch(lmdb->kv, b);
		for (int i = 0; i < BATCH; i++)
			if (a[i].done != b[i].done || a[i].answer != b[i].answer || a[i].digest != b[i].digest)
				fail_msg("round %d, update %d: %d and %d, or other rows", round, i, a[i].done, b[i].done);
		if (round % 20 == 19)
			fixture_reopen(lmdb);
		assert_int_equal(kv_view(memory->kv, digest_all, &all_a), 0);
		assert_int_equal(kv_view(lmdb->kv, digest_all, &all_b), 0);
		if (all_a != all_b)
			fail_msg("round %d: the engines hold different rows", round);
	}
	fixture_free(memory);
	fixture_free(lmdb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_engines_answer_and_hold_the_same)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
