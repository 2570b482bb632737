/*
 * Cases of a contract test of the store, to be included behind cmocka.h.
 */
#ifndef TESTS_STORE_CASES_H
#define TESTS_STORE_CASES_H

#include <errno.h>

#include "tests/contract/store_fixture.h"

/*
 * Each case is one update function, which says on which line it went wrong: the writer's thread must not jump. What it
 * wrote is then compared table by table.
 */
struct call {
	struct fixture *f;
	int line;
	int ret;
};

#define WANT(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			call->line = __LINE__;                                                     \
			return -EPROTO;                                                            \
		}                                                                                  \
	} while (0)
#define WANT_RET(expected, expression)                                                             \
	do {                                                                                       \
		call->ret = (expression);                                                          \
		WANT(call->ret == (expected));                                                     \
	} while (0)

static inline void run_case(struct fixture *f, kv_fn *fn)
{
	struct call call = {.f = f};
	int ret = kv_update_wait(f->kv, fn, &call);

	if (call.line != 0)
		fail_msg("line %d is not true (returned %d)", call.line, call.ret);
	assert_int_equal(ret, 0);
	assert_true(fixture_agrees(f));
}

#define CASE(name)                                                                                 \
	static int name##_fn(struct kv_txn *txn, void *arg);                                       \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		run_case(*state, name##_fn);                                                       \
	}                                                                                          \
	static int name##_fn(struct kv_txn *txn, void *arg)

#define ENGINES(name) ON_MEMORY(test_##name), ON_LMDB(test_##name), ON_AGAIN(test_##name)

#endif
