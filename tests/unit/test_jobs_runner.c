/* The runner's threads: that what is due is run, beside one another and in turn, and what a stop leaves. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "protocol/base/cleanup.h"
#include "server/base/metrics.h"
#include "server/jobs/runner.h"
#include "tests/contract/store_fixture.h"

#define PATIENCE_MS 60000 /* until a test gives up: the machine may be busy */

struct test_clock {
	struct clock clock;
	_Atomic instant_t now;
};

/* What the runs of a test share. */
struct bench {
	struct fixture *f;
	struct runner *runner;
	struct metrics *metrics;
	struct test_clock clock;
	sem_t entered, open; /* of runs at the gate */
	atomic_int running, most, runs, failures;
	char order[256]; /* payloads of runs in their order; of the single place of `one` */
};

static instant_t read_clock(const struct clock *clock)
{
	return ((const struct test_clock *)clock)->now;
}

static uint64_t no_chance(void)
{
	return 0;
}

static int run_quick(struct job_run *run)
{
	struct bench *bench = run->arg;

	if (slice_is(run->job->payload, "fails")) {
		strcpy(run->error, "it does");
		atomic_fetch_add(&bench->failures, 1);
		return -EIO;
	}
	strncat(bench->order, run->job->payload.at, run->job->payload.len);
	atomic_fetch_add(&bench->runs, 1);
	return 0;
}

static int run_at_gate(struct job_run *run)
{
	struct bench *bench = run->arg;
	int running = atomic_fetch_add(&bench->running, 1) + 1;

	if (running > bench->most)
		bench->most = running;
	sem_post(&bench->entered);
	sem_wait(&bench->open);
	atomic_fetch_sub(&bench->running, 1);
	atomic_fetch_add(&bench->runs, 1);
	return 0;
}

static int run_patiently(struct job_run *run)
{
	struct bench *bench = run->arg;
	const struct timespec pause = {.tv_nsec = 1000000};

	sem_post(&bench->entered);
	while (!atomic_load(run->stop))
		nanosleep(&pause, NULL);
	return -ECANCELED;
}

/* Counts in the store, so that a run that was thrown away does not count; fails once for the payload that asks for it. */
static int run_counting(struct job_run *run)
{
	struct bench *bench = run->arg;
	struct slice value;
	char text[32] = "";
	int ret = store_meta_get(run->txn, run->arena, SLICE("count"), &value);

	if (ret == 0)
		memcpy(text, value.at, value.len);
	else if (ret != -ENOENT)
		return ret;
	snprintf(text, sizeof(text), "%d", (int)strtol(text, NULL, 10) + 1);
	ret = store_meta_put(run->txn, SLICE("count"), slice_str(text));
	if (ret == 0 && slice_is(run->job->payload, "fails") && run->job->attempts == 0) {
		atomic_store(&bench->failures, 1);
		return -EDOM;
	}
	return ret;
}

static const struct job_kind rows[] = {
    {.name = "one", .run = run_quick, .at_once = 1, .attempts_max = 2},
    {.name = "slow", .run = run_at_gate, .at_once = 2},
    {.name = "patient", .run = run_patiently, .at_once = 1},
    {.name = "counting", .run = run_counting, .in_update = true, .at_once = 4},
    {.name = "mail"},
};

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct runner_options options = {.kinds = {rows, ARRAY_LEN(rows)}, .arg = bench, .random = no_chance};

	bench->f = fixture_new((enum engine)(uintptr_t)*state, 0);
	bench->metrics = metrics_new();
	bench->clock.clock.now = read_clock;
	bench->clock.now = 1000;
	sem_init(&bench->entered, 0, 0);
	sem_init(&bench->open, 0, 0);
	options.store = bench->f->store;
	options.clock = &bench->clock.clock;
	options.metrics = bench->metrics;
	*state = bench;
	return runner_new(&options, &bench->runner);
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	if (bench->runner != NULL) {
		for (int i = 0; i < 16; i++)
			sem_post(&bench->open);
		if (!runner_stop(bench->runner, 60))
			return -1;
		runner_free(bench->runner);
	}
	fixture_free(bench->f);
	metrics_free(bench->metrics);
	free(bench);
	return 0;
}

/* ---- what tests do and see ---- */

struct putting {
	const char *kind, *key, *payload;
	instant_t due;
	uint64_t id;
};

static int put_in(struct kv_txn *txn, void *arg)
{
	struct putting *putting = arg;
	struct job job = {.kind = slice_str(putting->kind),
	    .key = slice_str(putting->key),
	    .payload = slice_str(putting->payload),
	    .due = putting->due,
	    .created = putting->due};
	int ret = store_job_put(txn, &job);

	putting->id = job.id;
	return ret;
}

static uint64_t put(struct bench *bench, const char *kind, const char *key, const char *payload)
{
	struct putting putting = {kind, key, payload, bench->clock.now, 0};

	assert_int_equal(kv_update_wait(bench->f->kv, put_in, &putting), 0);
	return putting.id;
}

static int read_in(struct kv_txn *txn, void *arg)
{
	struct job *job = arg;
	struct arena *arena = arena_new(1 << 16);
	int ret = store_job_get(txn, arena, job->id, job);

	job->kind = job->key = job->payload = job->request = job->last_error = SLICE_EMPTY; /* they go with the arena */
	arena_free(arena);
	return ret;
}

/* The row without its texts; state 0 when there is none. */
static struct job row(struct bench *bench, uint64_t id)
{
	struct job job = {.id = id};

	if (kv_view(bench->f->kv, read_in, &job) == -ENOENT)
		job = (struct job){.id = id};
	return job;
}

static void pause_shortly(void)
{
	const struct timespec pause = {.tv_nsec = 1000000};

	nanosleep(&pause, NULL);
}

/* The condition is asked many times: it may not put. */
#define AWAIT(condition)                                                                           \
	do {                                                                                       \
		int waited_ms = 0;                                                                 \
                                                                                                   \
		while (!(condition) && waited_ms++ < PATIENCE_MS)                                  \
			pause_shortly();                                                           \
		if (!(condition))                                                                  \
			fail_msg("not within %d ms: %s", PATIENCE_MS, #condition);                 \
	} while (0)

static void set_clock(struct bench *bench, instant_t now)
{
	bench->clock.now = now;
	runner_wake(bench->runner);
}

/* Puts one and waits until it is struck out: the runner has looked since. */
static void run_one(struct bench *bench, const char *kind, const char *payload)
{
	uint64_t id = put(bench, kind, "", payload);

	AWAIT(row(bench, id).state == 0);
}

/* ---- tests ---- */

static void test_what_an_update_puts_is_run(void **state)
{
	struct bench *bench = *state;
	uint64_t id = put(bench, "one", "", "a");

	AWAIT(row(bench, id).state == 0);
	assert_int_equal(bench->runs, 1);
	assert_int_equal(metrics_get(bench->metrics, METRIC_JOBS_RUN), 1);
	assert_int_equal(metrics_get(bench->metrics, METRIC_JOBS_FAILED), 0);
}

static void test_what_is_not_due_waits_for_its_time(void **state)
{
	struct bench *bench = *state;
	struct putting later = {"one", "", "later", 1010, 0};

	assert_int_equal(kv_update_wait(bench->f->kv, put_in, &later), 0);
	run_one(bench, "one", "now");
	assert_string_equal(bench->order, "now");
	set_clock(bench, 1010);
	AWAIT(row(bench, later.id).state == 0);
	assert_string_equal(bench->order, "nowlater");
}

static void test_a_failure_is_tried_again_and_given_up(void **state)
{
	struct bench *bench = *state;
	uint64_t id = put(bench, "one", "", "fails");

	AWAIT(bench->failures == 1 && row(bench, id).state == JOB_READY && row(bench, id).attempts == 1);
	assert_int_equal(row(bench, id).due, 1005);
	set_clock(bench, 1005);
	AWAIT(row(bench, id).state == JOB_DEAD);
	assert_int_equal(bench->failures, 2);
	assert_int_equal(metrics_get(bench->metrics, METRIC_JOBS_FAILED), 2);
	assert_int_equal(metrics_get(bench->metrics, METRIC_JOBS_GIVEN_UP), 1);
}

static void test_a_slow_kind_holds_up_itself_alone(void **state)
{
	struct bench *bench = *state;
	uint64_t slow[6];

	for (size_t i = 0; i < ARRAY_LEN(slow); i++)
		slow[i] = put(bench, "slow", "", "");
	sem_wait(&bench->entered);
	sem_wait(&bench->entered);
	run_one(bench, "one", "a");
	run_one(bench, "counting", "");
	assert_int_equal(row(bench, slow[0]).state, JOB_RUNNING);
	assert_int_equal(row(bench, slow[5]).state, JOB_READY);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++)
		sem_post(&bench->open);
	for (size_t i = 0; i < ARRAY_LEN(slow); i++)
		AWAIT(row(bench, slow[i]).state == 0);
	assert_int_equal(bench->most, 2);
}

static void test_a_newer_one_of_its_key_runs_behind_it(void **state)
{
	struct bench *bench = *state;
	uint64_t first = put(bench, "slow", "k", "first"), newer;

	sem_wait(&bench->entered);
	newer = put(bench, "slow", "k", "newer");
	run_one(bench, "one", "a");
	assert_int_equal(row(bench, newer).state, JOB_READY);
	sem_post(&bench->open);
	AWAIT(row(bench, first).state == 0);
	sem_wait(&bench->entered);
	sem_post(&bench->open);
	AWAIT(row(bench, newer).state == 0);
	assert_int_equal(bench->most, 1);
	assert_int_equal(bench->runs, 3);
}

/* However long it takes, it is not begun beside itself. */
static void test_a_lease_does_not_end_while_its_run_goes_on(void **state)
{
	struct bench *bench = *state;
	uint64_t id = put(bench, "slow", "", "");

	sem_wait(&bench->entered);
	set_clock(bench, 1000 + 10 * JOB_LEASE_SECONDS);
	run_one(bench, "one", "a");
	assert_int_equal(row(bench, id).state, JOB_RUNNING);
	assert_int_equal(row(bench, id).attempts, 1);
	sem_post(&bench->open);
	AWAIT(row(bench, id).state == 0);
	assert_int_equal(bench->most, 1);
}

static int read_count(struct kv_txn *txn, void *arg)
{
	struct bench *bench = arg;
	struct slice value;

	if (store_meta_get(txn, bench->f->arena, SLICE("count"), &value) < 0)
		return 0;
	return (int)strtol(value.at, NULL, 10);
}

static void test_what_runs_in_its_update_is_done_once_also_after_a_failure(void **state)
{
	struct bench *bench = *state;
	uint64_t ids[20];

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		ids[i] = put(bench, "counting", "", i == 7 ? "fails" : "");
	AWAIT(bench->failures == 1 && row(bench, ids[7]).attempts == 1);
	set_clock(bench, 1100);
	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		AWAIT(row(bench, ids[i]).state == 0);
	assert_int_equal(kv_view(bench->f->kv, read_count, bench), (int)ARRAY_LEN(ids));
}

static void test_the_queue_is_counted_by_kind_and_state(void **state)
{
	struct bench *bench = *state;
	AUTO_BUF struct buf b = BUF_INIT(1 << 20);

	put(bench, "mail", "", "");
	put(bench, "mail", "", "");
	put(bench, "of_another_version", "", "");
	do {
		buf_reset(&b);
		runner_write_metrics(bench->runner, &b);
		pause_shortly();
	} while (b.len == 0 || strstr(buf_cstr(&b), "slotkeeper_jobs{kind=\"of_another_version\",state=\"ready\"} 1\n") == NULL);
	assert_non_null(strstr(buf_cstr(&b), "slotkeeper_jobs{kind=\"mail\",state=\"ready\"} 2\n"));
	assert_non_null(strstr(buf_cstr(&b), "slotkeeper_jobs{kind=\"slow\",state=\"dead\"} 0\n"));
}

static void test_a_stop_waits_for_what_ends_and_begins_nothing(void **state)
{
	struct bench *bench = *state;
	uint64_t patient = put(bench, "patient", "", ""), waiting;

	sem_wait(&bench->entered);
	waiting = put(bench, "patient", "", "");
	assert_true(runner_stop(bench->runner, 60));
	assert_int_equal(row(bench, patient).state, JOB_READY);
	assert_int_equal(row(bench, patient).attempts, 0);
	assert_int_equal(row(bench, waiting).state, JOB_READY);
	runner_free(bench->runner);
	bench->runner = NULL;
}

static void test_a_stop_gives_back_the_lease_of_what_does_not_end(void **state)
{
	struct bench *bench = *state;
	uint64_t id = put(bench, "slow", "", "");

	sem_wait(&bench->entered);
	assert_false(runner_stop(bench->runner, 0));
	assert_int_equal(row(bench, id).state, JOB_READY);
	assert_int_equal(row(bench, id).attempts, 0);
	sem_post(&bench->open); /* it ends too late to have a say */
	assert_true(runner_stop(bench->runner, 60));
	assert_int_equal(row(bench, id).state, JOB_READY);
	runner_free(bench->runner);
	bench->runner = NULL;
}

#define IN_MEMORY(test) {#test " in memory", test, setup, teardown, (void *)(uintptr_t)ENGINE_MEMORY}
#define IN_LMDB(test)   {#test " in LMDB", test, setup, teardown, (void *)(uintptr_t)ENGINE_LMDB}
#define TWICE(test)     {#test " run again", test, setup, teardown, (void *)(uintptr_t)ENGINE_AGAIN}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    IN_MEMORY(test_what_an_update_puts_is_run),
	    IN_LMDB(test_what_an_update_puts_is_run),
	    IN_MEMORY(test_what_is_not_due_waits_for_its_time),
	    IN_MEMORY(test_a_failure_is_tried_again_and_given_up),
	    IN_LMDB(test_a_slow_kind_holds_up_itself_alone),
	    IN_MEMORY(test_a_newer_one_of_its_key_runs_behind_it),
	    IN_MEMORY(test_a_lease_does_not_end_while_its_run_goes_on),
	    IN_LMDB(test_what_runs_in_its_update_is_done_once_also_after_a_failure),
	    TWICE(test_what_runs_in_its_update_is_done_once_also_after_a_failure),
	    IN_MEMORY(test_the_queue_is_counted_by_kind_and_state),
	    IN_MEMORY(test_a_stop_waits_for_what_ends_and_begins_nothing),
	    IN_LMDB(test_a_stop_gives_back_the_lease_of_what_does_not_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
