/* What the lowest layer does when memory runs out: every allocation fails once, and nothing is half done. */
#include <config.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/interval_set.h"

static int allowed = -1; /* allocations until one fails; negative: all succeed */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);

static bool fails(void)
{
	return allowed >= 0 && allowed-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	return fails() ? NULL : __real_realloc(at, size);
}

static void test_a_buffer_keeps_what_it_had(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(100000);
	char big[1000];

	(void)state;
	memset(big, 'x', sizeof(big));
	buf_add_str(&b, "before");
	allowed = 0;
	buf_add(&b, big, sizeof(big));
	allowed = -1;
	buf_add_str(&b, "after");
	assert_int_equal(b.err, -ENOMEM);
	assert_true(slice_is(buf_slice(&b), "before"));
	assert_null(buf_cstr(&b));
}

static void test_an_interval_set_stays_as_it_was(void **state)
{
	int (*const operations[])(struct interval_set *, const struct interval_set *) = {
	    interval_set_add_all,
	    interval_set_subtract,
	    interval_set_intersect,
	};

	(void)state;
	for (size_t op = 0; op < ARRAY_LEN(operations); op++) {
		for (int n = 0;; n++) {
			AUTO_INTERVAL_SET struct interval_set a = INTERVAL_SET_INIT, b = INTERVAL_SET_INIT;
			int ret;

			for (int i = 0; i < 40; i++) {
				assert_int_equal(interval_set_add(&a, (struct interval){i * 10, i * 10 + 6}), 0);
				assert_int_equal(interval_set_add(&b, (struct interval){i * 10 + 3, i * 10 + 5}), 0);
			}
			allowed = n;
			ret = operations[op](&a, &b);
			allowed = -1;
			if (ret == 0) {
				assert_true(n > 1); /* it did allocate, and more than once */
				break;
			}
			assert_int_equal(ret, -ENOMEM);
			assert_int_equal(a.count, 40);
			assert_int_equal(interval_set_total(&a), 240);
		}
	}
}

static void test_an_arena_gives_nothing_and_goes_on(void **state)
{
	struct arena *arena;

	(void)state;
	allowed = 0;
	assert_null(arena_new(1000));
	allowed = -1;
	arena = arena_new(100000);
	allowed = 0;
	assert_null(arena_alloc(arena, 10));
	assert_non_null(arena_alloc(arena, 10));
	allowed = 0;
	assert_null(arena_zalloc(arena, 90000));
	allowed = -1;
	assert_string_equal(arena_strdup(arena, "x"), "x");
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_buffer_keeps_what_it_had),
	    cmocka_unit_test(test_an_interval_set_stays_as_it_was),
	    cmocka_unit_test(test_an_arena_gives_nothing_and_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
