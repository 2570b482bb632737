/* What storage/kv.h promises, the same cases on every engine. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "storage/kv.h"
#include "tests/contract/store_fixture.h"

#define WRITER_PATIENCE 120 /* seconds until a test gives the writer up */

static struct slice text(const char *s)
{
	return slice_str(s);
}

/* ---- one step of a script, so that a test reads as a table ---- */

enum verb {
	PUT,
	PUT_NEW,
	DELETE,
	GET,
	FAIL, /* the function ends with `ret` */
};

struct step {
	enum verb verb;
	const char *key, *value;
	int ret;
};

struct script {
	const struct step *steps;
	size_t count;
	size_t failed; /* index + 1 of the step that answered something else */
	int got;
	int runs;
};

static int run_step(struct kv_txn *txn, const struct step *step)
{
	struct slice value;
	int ret = 0;

	switch (step->verb) {
	case PUT:
		return kv_put(txn, text(step->key), text(step->value));
	case PUT_NEW:
		return kv_put_if_absent(txn, text(step->key), text(step->value));
	case DELETE:
		return kv_delete(txn, text(step->key));
	case GET:
		ret = kv_get(txn, text(step->key), &value);
		return ret == 0 && !slice_equal(value, text(step->value)) ? -EILSEQ : ret;
	case FAIL:
		break;
	}
	return step->ret;
}

static int run_script(struct kv_txn *txn, void *arg)
{
	struct script *script = arg;

	script->runs++;
	for (size_t i = 0; i < script->count; i++) {
		int ret = run_step(txn, &script->steps[i]);

		if (ret != script->steps[i].ret) {
			script->failed = i + 1;
			script->got = ret;
			return -EPROTO;
		}
		if (script->steps[i].verb == FAIL)
			return ret;
	}
	return 0;
}

static void check_script(const struct script *script)
{
	if (script->failed != 0)
		fail_msg("step %zu (%s): %d instead of %d", script->failed, script->steps[script->failed - 1].key,
		    script->got, script->steps[script->failed - 1].ret);
}

#define UPDATE(kv, ...)                                                                            \
	do {                                                                                       \
		const struct step steps_[] = {__VA_ARGS__};                                        \
		struct script script_ = {.steps = steps_, .count = ARRAY_LEN(steps_)};             \
		int ret_ = kv_update_wait(kv, run_script, &script_);                               \
		check_script(&script_);                                                            \
		assert_int_equal(ret_, steps_[script_.count - 1].verb == FAIL ? steps_[script_.count - 1].ret : 0); \
	} while (0)

#define VIEW(kv, ...)                                                                              \
	do {                                                                                       \
		const struct step steps_[] = {__VA_ARGS__};                                        \
		struct script script_ = {.steps = steps_, .count = ARRAY_LEN(steps_)};             \
		int ret_ = kv_view(kv, run_script, &script_);                                      \
		check_script(&script_);                                                            \
		assert_int_equal(ret_, 0);                                                         \
	} while (0)

static void test_rows_are_put_read_replaced_and_deleted(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;

	UPDATE(kv, {GET, "a", "", -ENOENT}, {PUT, "a", "1", 0}, {GET, "a", "1", 0}, {PUT, "a", "twelve", 0},
	    {PUT, "b", "", 0}, {DELETE, "c", "", -ENOENT}, {PUT_NEW, "a", "3", -EEXIST}, {PUT_NEW, "d", "4", 0});
	VIEW(kv, {GET, "a", "twelve", 0}, {GET, "b", "", 0}, {GET, "c", "", -ENOENT}, {GET, "d", "4", 0});
	UPDATE(kv, {DELETE, "a", "", 0}, {GET, "a", "", -ENOENT}, {PUT_NEW, "a", "5", 0});
	VIEW(kv, {GET, "a", "5", 0});
}

static void test_a_view_cannot_write(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;

	VIEW(kv, {PUT, "a", "1", -EACCES}, {PUT_NEW, "a", "1", -EACCES}, {DELETE, "a", "", -EACCES});
}

static void test_a_failing_update_writes_nothing(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;

	UPDATE(kv, {PUT, "a", "1", 0}, {PUT, "b", "2", 0});
	UPDATE(kv, {PUT, "a", "9", 0}, {DELETE, "b", "", 0}, {PUT, "c", "9", 0}, {FAIL, "", "", -ECANCELED});
	VIEW(kv, {GET, "a", "1", 0}, {GET, "b", "2", 0}, {GET, "c", "", -ENOENT});
}

/* ---- sizes ---- */

static char big[KV_KEY_MAX + 1];

static int put_sizes(struct kv_txn *txn, void *arg)
{
	struct slice value;

	(void)arg;
	memset(big, 'k', sizeof(big));
	if (kv_put(txn, SLICE_EMPTY, text("v")) != -ENAMETOOLONG || kv_put(txn, slice_of(big, 512), text("v")) != -ENAMETOOLONG)
		return -EPROTO;
	if (kv_get(txn, slice_of(big, 512), &value) != -ENOENT || kv_delete(txn, slice_of(big, 512)) != -ENOENT)
		return -EPROTO;
	return kv_put(txn, slice_of(big, KV_KEY_MAX), slice_of(arg, 3u << 20));
}

static int get_sizes(struct kv_txn *txn, void *arg)
{
	struct slice value;
	int ret = kv_get(txn, slice_of(big, KV_KEY_MAX), &value);

	return ret < 0 ? ret : slice_equal(value, slice_of(arg, 3u << 20)) ? 0 : -EPROTO;
}

static void test_keys_and_values_have_the_promised_sizes(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	AUTO_FREE char *value = malloc(3u << 20);

	assert_non_null(value);
	for (size_t i = 0; i < 3u << 20; i++)
		value[i] = (char)(i * 7 >> 3);
	assert_int_equal(kv_update_wait(kv, put_sizes, value), 0);
	assert_int_equal(kv_view(kv, get_sizes, value), 0);
}

/* ---- ranges ---- */

struct seen {
	char keys[256];
	size_t stop_after;
	size_t count;
};

static int see(struct slice key, struct slice value, void *arg)
{
	struct seen *seen = arg;

	(void)value;
	strncat(seen->keys, key.at, key.len);
	strcat(seen->keys, " ");
	return ++seen->count == seen->stop_after ? 77 : 0;
}

struct range_row {
	const char *from, *to;
	bool reverse;
	size_t limit, stop_after;
	const char *expected;
	int ret;
};

static const struct range_row range_rows[] = {
    {"a", "k", false, 0, 0, "a aa ab b ba c ", 0},
    {"a", "k", true, 0, 0, "c ba b ab aa a ", 0},
    {"aa", "b", false, 0, 0, "aa ab ", 0},
    {"aa", "b", true, 0, 0, "ab aa ", 0},
    {"a1", "b", false, 0, 0, "aa ab ", 0},
    {"a", "k", false, 2, 0, "a aa ", 0},
    {"a", "k", true, 2, 0, "c ba ", 0},
    {"a", "k", false, 0, 3, "a aa ab ", 77},
    {"a", "k", true, 0, 3, "c ba b ", 77},
    {"d", "k", false, 0, 0, "", 0},
    {"d", "k", true, 0, 0, "", 0},
    {"0", "a", false, 0, 0, "", 0},
    {"0", "a", true, 0, 0, "", 0},
    {"b", "b", false, 0, 0, "", 0},
    {"c", "a", false, 0, 0, "", 0},
    {"c", "a", true, 0, 0, "", 0},
    {"c", "c\x01", true, 0, 0, "c ", 0},
};

#define RANGE_MESSAGE 1024

static int run_ranges(struct kv_txn *txn, void *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(range_rows); i++) {
		const struct range_row *row = &range_rows[i];
		struct seen seen = {.stop_after = row->stop_after};
		int ret = kv_range(txn, text(row->from), text(row->to), row->reverse, row->limit, see, &seen);

		if (ret != row->ret || strcmp(seen.keys, row->expected) != 0) {
			snprintf(arg, RANGE_MESSAGE, "row %zu [%s, %s): \"%s\" (%d), not \"%s\"", i, row->from, row->to,
			    seen.keys, ret, row->expected);
			return -EPROTO;
		}
	}
	return 0;
}

static void test_ranges_are_sorted_bounded_and_stopped(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	char message[RANGE_MESSAGE] = "";

	UPDATE(kv, {PUT, "b", "", 0}, {PUT, "aa", "", 0}, {PUT, "c", "", 0}, {PUT, "a", "", 0}, {PUT, "ba", "", 0},
	    {PUT, "ab", "", 0});
	if (kv_view(kv, run_ranges, message) < 0 || kv_update_wait(kv, run_ranges, message) < 0)
		fail_msg("%s", message);
}

static int see_and_write(struct slice key, struct slice value, void *arg)
{
	char other[8] = "z";
	int ret;

	(void)value;
	memcpy(other + 1, key.at, key.len);
	ret = kv_put(arg, text(other), SLICE("copy"));
	return ret < 0 ? ret : kv_delete(arg, SLICE("y"));
}

static int write_within_a_range(struct kv_txn *txn, void *arg)
{
	struct seen *seen = arg;
	int ret = kv_range(txn, SLICE("a"), SLICE("d"), false, 1, see_and_write, txn);

	return ret < 0 ? ret : kv_range(txn, SLICE("x"), SLICE("zz"), false, 0, see, seen);
}

static void test_an_update_reads_its_own_writes_and_may_write_beside_a_range(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	struct seen seen = {0};

	UPDATE(kv, {PUT, "a", "", 0}, {PUT, "b", "", 0}, {PUT, "y", "", 0});
	assert_int_equal(kv_update_wait(kv, write_within_a_range, &seen), 0);
	assert_string_equal(seen.keys, "za ");
}

static int get_many(struct kv_txn *txn, void *arg)
{
	const struct slice keys[] = {SLICE("b"), SLICE("missing"), SLICE("a")};
	struct slice values[3];
	int ret = kv_get_many(txn, keys, 3, values);

	(void)arg;
	if (ret < 0)
		return ret;
	return slice_is(values[0], "2") && values[1].at == NULL && slice_is(values[2], "") && values[2].at != NULL
		   ? 0
		   : -EPROTO;
}

static void test_get_many_tells_missing_from_empty(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;

	UPDATE(kv, {PUT, "a", "", 0}, {PUT, "b", "2", 0});
	assert_int_equal(kv_view(kv, get_many, NULL), 0);
}

/* ---- the batch ---- */

#define QUEUED_MAX 700

struct queued {
	struct script script;
	struct kv *kv;
	struct record *record;
	const char *watched; /* when set: what a new snapshot must hold once DONE is called */
	int ret, number;
	bool visible;
};

struct record {
	sem_t done;
	int order[QUEUED_MAX];
	int count;
};

static int run_queued(struct kv_txn *txn, void *arg)
{
	return run_script(txn, &((struct queued *)arg)->script);
}

static int look(struct kv_txn *txn, void *arg)
{
	struct slice value;

	return kv_get(txn, text(arg), &value);
}

static void queued_done(int ret, void *arg)
{
	struct queued *queued = arg;

	queued->ret = ret;
	queued->record->order[queued->record->count++] = queued->number;
	if (queued->watched != NULL)
		queued->visible = kv_view(queued->kv, look, (void *)queued->watched) == 0;
	sem_post(&queued->record->done);
}

static void await(struct record *record, size_t count)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += WRITER_PATIENCE;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(sem_timedwait(&record->done, &limit), 0);
}

static void test_a_batch_is_one_commit_and_its_failures_leave_the_others_whole(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	const struct step first[] = {{PUT, "a", "1", 0}}, second[] = {{PUT, "a", "2", 0}, {PUT, "b", "2", 0}, {FAIL, "", "", -EDOM}},
			  third[] = {{GET, "a", "1", 0}, {GET, "b", "", -ENOENT}, {PUT, "c", "3", 0}},
			  fourth[] = {{GET, "c", "3", 0}};
	struct record record = {.count = 0};
	struct queued queued[] = {
	    {.script = {first, 1, 0, 0, 0}, .number = 0},
	    {.script = {second, 3, 0, 0, 0}, .number = 1},
	    {.script = {third, 3, 0, 0, 0}, .number = 2},
	    {.script = {fourth, 1, 0, 0, 0}, .number = 3}, /* writes nothing, rests on the third */
	};
	struct kv_stats before, after;
	struct gate gate;

	sem_init(&record.done, 0, 0);
	gate_close(kv, &gate);
	assert_int_equal(kv_stats(kv, &before), 0);
	for (size_t i = 0; i < ARRAY_LEN(queued); i++) {
		queued[i].record = &record;
		queued[i].kv = kv;
		queued[i].watched = "c"; /* committed before the first of them is told */
		kv_update(kv, run_queued, queued_done, &queued[i]);
	}
	sem_post(&gate.open);
	await(&record, ARRAY_LEN(queued));
	UPDATE(kv, {GET, "a", "1", 0}); /* the counters of the batch are in */
	assert_int_equal(kv_stats(kv, &after), 0);
	for (size_t i = 0; i < ARRAY_LEN(queued); i++) {
		check_script(&queued[i].script);
		assert_int_equal(queued[i].ret, i == 1 ? -EDOM : 0);
		assert_int_equal(record.order[i], (int)i);
		assert_true(queued[i].visible);
	}
	VIEW(kv, {GET, "a", "1", 0}, {GET, "b", "", -ENOENT}, {GET, "c", "3", 0});
	assert_int_equal(after.batches - before.batches, 3); /* the gate, the four, the last one */
	assert_int_equal(after.updates - before.updates, 6);
}

static int append(struct kv_txn *txn, void *arg)
{
	struct queued *queued = arg;
	char key[16], value[16];
	struct slice last;
	int ret = kv_get(txn, SLICE("last"), &last);

	snprintf(value, sizeof(value), "%d", queued->number - 1);
	if (queued->number > 0 && (ret < 0 || !slice_is(last, value)))
		return -EPROTO;
	snprintf(value, sizeof(value), "%d", queued->number);
	snprintf(key, sizeof(key), "n%d", queued->number);
	ret = kv_put(txn, slice_str(key), slice_str(value));
	return ret < 0 ? ret : kv_put(txn, SLICE("last"), slice_str(value));
}

static void test_updates_run_in_the_order_in_which_they_were_queued(void **state)
{
	static struct queued queued[QUEUED_MAX];
	static struct record record;
	struct kv *kv = ((struct fixture *)*state)->kv;
	struct gate gate;

	memset(&record, 0, sizeof(record));
	sem_init(&record.done, 0, 0);
	gate_close(kv, &gate);
	for (int i = 0; i < QUEUED_MAX; i++) { /* more than one batch takes */
		queued[i] = (struct queued){.kv = kv, .record = &record, .number = i};
		kv_update(kv, append, queued_done, &queued[i]);
	}
	sem_post(&gate.open);
	await(&record, QUEUED_MAX);
	for (int i = 0; i < QUEUED_MAX; i++) {
		assert_int_equal(queued[i].ret, 0);
		assert_int_equal(record.order[i], i);
	}
	VIEW(kv, {GET, "last", "699", 0}, {GET, "n0", "0", 0}, {GET, "n699", "699", 0});
}

static void queue_another(int ret, void *arg)
{
	struct queued *queued = arg;

	queued[0].ret = ret;
	kv_update(queued[0].kv, run_queued, queued_done, &queued[1]);
}

static void test_done_may_queue_further_updates(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	const struct step first[] = {{PUT, "a", "1", 0}}, second[] = {{GET, "a", "1", 0}, {PUT, "a", "2", 0}};
	struct record record = {.count = 0};
	struct queued queued[] = {{.script = {first, 1, 0, 0, 0}, .kv = kv, .record = &record},
	    {.script = {second, 2, 0, 0, 0}, .kv = kv, .record = &record}};

	sem_init(&record.done, 0, 0);
	kv_update(kv, run_queued, queue_another, queued);
	await(&record, 1);
	assert_int_equal(queued[0].ret, 0);
	assert_int_equal(queued[1].ret, 0);
	VIEW(kv, {GET, "a", "2", 0});
}

/* ---- snapshots ---- */

static int read_beside_an_update(struct kv_txn *txn, void *arg)
{
	const struct step change[] = {{PUT, "a", "new", 0}, {DELETE, "b", "", 0}, {PUT, "c", "new", 0}};
	struct script script = {.steps = change, .count = 3};
	struct slice a, b;
	struct seen seen = {0};
	int ret = kv_get(txn, SLICE("a"), &a);

	if (ret == 0)
		ret = kv_get(txn, SLICE("b"), &b);
	if (ret == 0)
		ret = kv_update_wait(arg, run_script, &script);
	if (ret < 0)
		return ret;
	if (!slice_is(a, "old") || !slice_is(b, "old")) /* what was borrowed before still stands */
		return -EPROTO;
	ret = kv_get(txn, SLICE("a"), &a);
	if (ret == 0)
		ret = kv_range(txn, SLICE("a"), SLICE("k"), false, 0, see, &seen);
	return ret < 0 ? ret : slice_is(a, "old") && strcmp(seen.keys, "a b ") == 0 ? 0 : -EPROTO;
}

static void test_a_snapshot_stays_as_it_was_beside_an_update(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;

	UPDATE(kv, {PUT, "a", "old", 0}, {PUT, "b", "old", 0});
	assert_int_equal(kv_view(kv, read_beside_an_update, kv), 0);
	VIEW(kv, {GET, "a", "new", 0}, {GET, "b", "", -ENOENT}, {GET, "c", "new", 0});
}

static int return_number(struct kv_txn *txn, void *arg)
{
	(void)txn;
	return *(int *)arg;
}

static void test_what_a_function_returns_is_handed_up(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	int number = 42, error = -EXDEV;

	assert_int_equal(kv_view(kv, return_number, &number), 42);
	assert_int_equal(kv_update_wait(kv, return_number, &number), 42);
	assert_int_equal(kv_view(kv, return_number, &error), -EXDEV);
	assert_int_equal(kv_update_wait(kv, return_number, &error), -EXDEV);
}

/* ---- life ---- */

static int count_up(struct kv_txn *txn, void *arg)
{
	(void)txn;
	++*(int *)arg;
	return 0;
}

static void test_closing_finishes_what_is_queued(void **state)
{
	struct fixture *f = *state;
	int runs = 0;
	struct gate gate;

	gate_close(f->kv, &gate);
	for (int i = 0; i < 100; i++)
		kv_update(f->kv, count_up, NULL, &runs);
	sem_post(&gate.open);
	fixture_reopen(f);
	assert_int_equal(runs, 100);
}

static int stats_within(struct kv_txn *txn, void *arg)
{
	struct kv_stats stats;

	(void)txn;
	return kv_stats(arg, &stats) < 0 ? -EPROTO : (int)stats.readers;
}

static void test_statistics_count_rows_and_open_snapshots(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	struct kv_stats before, after;

	assert_int_equal(kv_stats(kv, &before), 0);
	UPDATE(kv, {PUT, "a", "1", 0}, {PUT, "b", "2", 0});
	assert_int_equal(kv_view(kv, stats_within, kv), 1);
	assert_int_equal(kv_stats(kv, &after), 0);
	assert_int_equal(after.rows, before.rows + 2);
	assert_true(after.bytes_used > 0);
	assert_int_equal(after.readers, 0);
	assert_int_equal(after.queued, 0);
}

static int count_runs(struct kv_txn *txn, void *arg)
{
	const struct step put_once = {PUT_NEW, "a", "1", 0};

	++*(int *)arg;
	return run_step(txn, &put_once);
}

static void test_an_engine_for_tests_runs_every_update_twice_and_keeps_one(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	int runs = 0;

	assert_int_equal(kv_update_wait(kv, count_runs, &runs), 0);
	assert_int_equal(runs, 2);
	VIEW(kv, {GET, "a", "1", 0});
}

static int put_marked(struct kv_txn *txn, void *arg)
{
	const struct step put = {PUT, "a", arg, 0};

	kv_mark(txn);
	return run_step(txn, &put);
}

static int mark_only(struct kv_txn *txn, void *arg)
{
	(void)arg;
	kv_mark(txn);
	return 0;
}

struct watched {
	struct kv *kv;
	int calls;
	bool visible; /* what was written stood there already */
};

static int is_written(struct kv_txn *txn, void *arg)
{
	struct slice value;

	(void)arg;
	return kv_get(txn, SLICE("a"), &value) == 0 && slice_is(value, "1");
}

static void note_batch(void *arg)
{
	struct watched *watched = arg;

	watched->calls++;
	watched->visible = kv_view(watched->kv, is_written, NULL) == 1;
}

static void test_a_watcher_hears_of_marked_batches_alone_and_behind_them(void **state)
{
	struct kv *kv = ((struct fixture *)*state)->kv;
	struct watched watched = {.kv = kv};

	kv_watch(kv, note_batch, &watched);
	UPDATE(kv, {PUT, "b", "1", 0});
	UPDATE(kv, {PUT, "c", "1", 0}); /* behind this one the writer has told of the one before */
	assert_int_equal(watched.calls, 0);
	assert_int_equal(kv_update_wait(kv, put_marked, (void *)(uintptr_t)"1"), 0);
	UPDATE(kv, {PUT, "b", "2", 0});
	assert_int_equal(watched.calls, 1);
	assert_true(watched.visible);
	assert_int_equal(kv_view(kv, mark_only, NULL), 0);
	UPDATE(kv, {PUT, "b", "3", 0});
	UPDATE(kv, {PUT, "b", "4", 0});
	assert_int_equal(watched.calls, 1);
	kv_watch(kv, NULL, NULL);
	assert_int_equal(kv_update_wait(kv, put_marked, (void *)(uintptr_t)"2"), 0);
	UPDATE(kv, {PUT, "b", "5", 0});
	assert_int_equal(watched.calls, 1);
}

#define BOTH(test) ON_MEMORY(test), ON_LMDB(test)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    BOTH(test_rows_are_put_read_replaced_and_deleted),
	    BOTH(test_a_view_cannot_write),
	    BOTH(test_a_failing_update_writes_nothing),
	    BOTH(test_keys_and_values_have_the_promised_sizes),
	    BOTH(test_ranges_are_sorted_bounded_and_stopped),
	    BOTH(test_an_update_reads_its_own_writes_and_may_write_beside_a_range),
	    BOTH(test_get_many_tells_missing_from_empty),
	    BOTH(test_a_batch_is_one_commit_and_its_failures_leave_the_others_whole),
	    BOTH(test_updates_run_in_the_order_in_which_they_were_queued),
	    BOTH(test_done_may_queue_further_updates),
	    BOTH(test_a_snapshot_stays_as_it_was_beside_an_update),
	    BOTH(test_what_a_function_returns_is_handed_up),
	    BOTH(test_closing_finishes_what_is_queued),
	    BOTH(test_statistics_count_rows_and_open_snapshots),
	    BOTH(test_a_watcher_hears_of_marked_batches_alone_and_behind_them),
	    ON_AGAIN(test_an_engine_for_tests_runs_every_update_twice_and_keeps_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
