/* What becomes of a job: found, leased, struck out, put off, given up. The clock and chance are set by hand. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "server/jobs/backoff.h"
#include "server/jobs/job_text.h"
#include "server/jobs/queue.h"
#include "tests/contract/store_fixture.h"

#define NOW 1000000

/* ---- each case runs inside one update, twice: cmocka's asserts may not jump out of it ---- */

struct call {
	struct fixture *f;
	int line;
	int ret;
};

#define WANT(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			((struct call *)arg)->line = __LINE__;                                     \
			return 0;                                                                  \
		}                                                                                  \
	} while (0)
#define WANT_RET(wanted, expression)                                                               \
	do {                                                                                       \
		((struct call *)arg)->ret = (expression);                                          \
		WANT(((struct call *)arg)->ret == (wanted));                                       \
	} while (0)

static void run_case(struct fixture *f, kv_fn *fn)
{
	struct call call = {.f = f};
	int ret = kv_update_wait(f->kv, fn, &call);

	if (call.line != 0)
		fail_msg("line %d is not true (returned %d)", call.line, call.ret);
	assert_int_equal(ret, 0);
	assert_true(fixture_agrees(f));
}

#define CASE(name)                                                                                 \
	static int case_##name(struct kv_txn *txn, void *arg);                                     \
	static void test_##name(void **state)                                                      \
	{                                                                                          \
		run_case(*state, case_##name);                                                     \
	}                                                                                          \
	static int case_##name(struct kv_txn *txn, void *arg)
#define ARENA (((struct call *)arg)->f->arena)

/* ---- the kinds ---- */

static int run_never(struct job_run *run)
{
	(void)run;
	return -EIO;
}

/* Writes a row of its own, and what its payload says of the end. */
static int run_in_update(struct job_run *run)
{
	struct job again = {.kind = run->job->kind, .key = run->job->key, .due = run->now + 60, .payload = SLICE("again")};

	if (slice_is(run->job->payload, "fail")) {
		strcpy(run->error, "said so");
		return -EDOM;
	}
	if (slice_is(run->job->payload, "once more"))
		return store_job_put(run->txn, &again);
	if (slice_is(run->job->payload, "go on"))
		run->next = run->now + 7;
	return store_meta_put(run->txn, SLICE("ran"), run->job->payload);
}

enum { PULL, MAIL, NOTE, TOUCH, HOURLY };
static const struct job_kind rows[] = {
    [PULL] = {.name = "pull", .run = run_never, .lease_seconds = 30, .attempts_max = 3, .at_once = 2},
    [MAIL] = {.name = "mail"},
    [NOTE] = {.name = "note", .run = run_never, .kept_seconds = 500, .at_once = 1},
    [TOUCH] = {.name = "touch", .run = run_in_update, .in_update = true, .attempts_max = 2, .at_once = 16},
    [HOURLY] = {.name = "hourly", .run = run_never, .every_seconds = 3600, .attempts_max = 2, .at_once = 1},
};
static const struct job_kinds kinds = {rows, ARRAY_LEN(rows)};

static struct job job(const char *kind, const char *key, const char *payload, instant_t due)
{
	return (struct job){
	    .kind = slice_str(kind),
	    .key = slice_str(key),
	    .payload = slice_str(payload),
	    .due = due,
	    .created = NOW,
	};
}

/* All that is to be done at NOW with every place free, beside BUSY. */
static int look_at(struct kv_txn *txn, struct arena *arena, instant_t now, const struct job_busy *busy, size_t count,
    struct job_look *look_r)
{
	size_t places[ARRAY_LEN(rows)];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		places[i] = job_kind_places(&rows[i]);
	*look_r = (struct job_look){
	    .kinds = &kinds, .places = places, .busy = busy, .busy_count = count, .arena = arena, .now = now};
	return jobs_look(txn, look_r);
}

static bool is_task(const struct job_look *look, size_t i, enum job_task_kind what, uint64_t id)
{
	return i < look->count && look->tasks[i].what == what && look->tasks[i].id == id;
}

static struct job_task task_of(const struct job *of, int kind)
{
	return (struct job_task){TASK_RUN, &rows[kind], of->id, of->version};
}

static struct job_run ended(int kind, instant_t now, const char *error)
{
	struct job_run run = {.kind = &rows[kind], .now = now};

	strcpy(run.error, error);
	return run;
}

/* ---- waits ---- */

static void test_the_wait_doubles_within_its_bounds_and_chance_chooses_half_of_it(void **state)
{
	const struct {
		uint32_t attempts;
		int64_t span;
	} waits[] = {{0, 10}, {1, 10}, {2, 20}, {3, 40}, {6, 320}, {9, 2560}, {10, 3600}, {11, 3600}, {UINT32_MAX, 3600}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
		int64_t span = waits[i].span, half = span / 2;

		if (job_backoff_seconds(waits[i].attempts, 0) != half ||
		    job_backoff_seconds(waits[i].attempts, (uint64_t)half) != span ||
		    job_backoff_seconds(waits[i].attempts, (uint64_t)half + 1) != half)
			fail_msg("attempt %u: not from %lld to %lld", waits[i].attempts, (long long)half, (long long)span);
		for (uint64_t random = 0; random < 5000; random += 13) {
			int64_t wait = job_backoff_seconds(waits[i].attempts, random);

			if (wait < half || wait > span)
				fail_msg("attempt %u: %lld seconds", waits[i].attempts, (long long)wait);
		}
	}
}

/* ---- what is to be done ---- */

CASE(what_is_due_comes_in_order_and_the_next_time_is_told)
{
	struct job late = job("pull", "", "", NOW), soon = job("pull", "", "", NOW - 5), ahead = job("pull", "", "", NOW + 9),
		   touch = job("touch", "", "", NOW - 3), touch_ahead = job("touch", "", "", NOW + 8);
	struct job_look look;

	WANT_RET(0, store_job_put(txn, &late));
	WANT_RET(0, store_job_put(txn, &soon));
	WANT_RET(0, store_job_put(txn, &ahead));
	WANT_RET(0, store_job_put(txn, &touch_ahead));
	WANT_RET(0, store_job_put(txn, &touch));
	WANT_RET(0, look_at(txn, ARENA, NOW, NULL, 0, &look));
	WANT(look.count == 3 && is_task(&look, 0, TASK_RUN, soon.id) && is_task(&look, 1, TASK_RUN, late.id) &&
	     is_task(&look, 2, TASK_UPDATE, touch.id));
	WANT(look.tasks[1].kind == &rows[PULL] && look.tasks[1].version == 1 && look.next == NOW + 8 && !look.more);
	WANT_RET(0, look_at(txn, ARENA, NOW - 6, NULL, 0, &look));
	WANT(look.count == 0 && look.next == NOW - 5);
	return 0;
}

CASE(a_kind_without_a_runner_waits_and_takes_nobodys_place)
{
	struct job mail, strange = job("of a newer version", "", "", 1), pull = job("pull", "", "", NOW);
	struct job_look look;

	for (int i = 0; i < 2 * JOB_TASKS_MAX; i++) {
		mail = job("mail", "", "", i);
		WANT_RET(0, store_job_put(txn, &mail));
	}
	WANT_RET(0, store_job_put(txn, &strange));
	WANT_RET(0, store_job_put(txn, &pull));
	WANT_RET(0, look_at(txn, ARENA, NOW, NULL, 0, &look));
	WANT(look.count == 1 && is_task(&look, 0, TASK_RUN, pull.id) && look.next == INSTANT_MAX);
	WANT_RET(0, store_job_get(txn, ARENA, mail.id, &mail));
	WANT(mail.state == JOB_READY && mail.attempts == 0);
	return 0;
}

CASE(each_kind_has_its_own_places)
{
	struct job slow[5], note = job("note", "", "", NOW);
	struct job_look look;

	for (size_t i = 0; i < ARRAY_LEN(slow); i++) {
		slow[i] = job("pull", "", "", NOW - 100);
		WANT_RET(0, store_job_put(txn, &slow[i]));
	}
	WANT_RET(0, store_job_put(txn, &note));
	WANT_RET(0, look_at(txn, ARENA, NOW, NULL, 0, &look));
	WANT(look.count == 3 && is_task(&look, 0, TASK_RUN, slow[0].id) && is_task(&look, 1, TASK_RUN, slow[1].id) &&
	     is_task(&look, 2, TASK_RUN, note.id));
	return 0;
}

CASE(more_than_one_look_takes_is_told)
{
	struct job done;
	struct job_look look;

	for (int i = 0; i <= JOB_TASKS_MAX; i++) {
		done = job("note", "", "", NOW - 1);
		done.state = JOB_DONE;
		WANT_RET(0, store_job_put(txn, &done));
	}
	WANT_RET(0, look_at(txn, ARENA, NOW, NULL, 0, &look));
	WANT(look.count == JOB_TASKS_MAX && look.more && look.tasks[0].what == TASK_SWEEP);
	return 0;
}

CASE(two_of_one_key_do_not_run_beside_each_other)
{
	struct job first = job("pull", "c1", "first", NOW - 2), second = job("pull", "c1", "second", NOW - 1),
		   other = job("pull", "c2", "", NOW), leased;
	struct job_busy busy;
	struct job_task task;
	struct job_look look;

	WANT_RET(0, store_job_put(txn, &first));
	task = task_of(&first, PULL);
	WANT_RET(0, jobs_lease(txn, ARENA, &task, NOW, &leased));
	WANT_RET(0, store_job_put(txn, &second)); /* while it runs */
	WANT_RET(0, store_job_put(txn, &other));
	busy = (struct job_busy){leased.id, SLICE("pull"), SLICE("c1")};
	WANT_RET(0, look_at(txn, ARENA, NOW, &busy, 1, &look));
	WANT(second.id != first.id && look.count == 1 && is_task(&look, 0, TASK_RUN, other.id));
	WANT_RET(0, look_at(txn, ARENA, NOW, NULL, 0, &look)); /* it has ended */
	WANT(look.count == 2 && is_task(&look, 0, TASK_RUN, second.id));
	return 0;
}

/* ---- one job's way ---- */

CASE(a_lease_is_written_and_whoever_comes_later_finds_it)
{
	struct job pull = job("pull", "k", "{}", NOW), leased, again;
	struct job_task task;

	WANT_RET(0, store_job_put(txn, &pull));
	task = task_of(&pull, PULL);
	WANT_RET(0, jobs_lease(txn, ARENA, &task, NOW, &leased));
	WANT(leased.state == JOB_RUNNING && leased.lease_end == NOW + 30 && leased.due == NOW + 30 && leased.attempts == 1 &&
	     slice_is(leased.payload, "{}"));
	WANT_RET(-ESTALE, jobs_lease(txn, ARENA, &task, NOW, &again));
	task = task_of(&leased, PULL);
	WANT_RET(-ESTALE, jobs_lease(txn, ARENA, &task, NOW, &again));
	WANT_RET(0, store_job_delete(txn, pull.id));
	WANT_RET(-ESTALE, jobs_lease(txn, ARENA, &task, NOW, &again));
	return 0;
}

static int put_and_lease(struct kv_txn *txn, struct arena *arena, int kind, struct job *put, instant_t now,
    struct job *leased_r)
{
	int ret = store_job_put(txn, put);
	struct job_task task = task_of(put, kind);

	return ret < 0 ? ret : jobs_lease(txn, arena, &task, now, leased_r);
}

CASE(a_success_strikes_the_job_out)
{
	struct job pull = job("pull", "k", "{}", NOW), leased, found;
	struct job_run run = ended(PULL, NOW + 1, "");
	enum job_end end;

	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &pull, NOW, &leased));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, 0, 0, &end));
	WANT(end == JOB_ENDED_WELL);
	WANT_RET(-ENOENT, store_job_get(txn, ARENA, pull.id, &found));
	WANT_RET(-ENOENT, store_job_get_by_key(txn, ARENA, SLICE("pull"), SLICE("k"), &found));
	return 0;
}

CASE(a_success_that_is_kept_is_recognised_and_goes_in_its_time)
{
	struct job note = job("note", "k", "{}", NOW), leased, found;
	struct job_run run = ended(NOTE, NOW + 1, "");
	struct job_look look;
	enum job_end end;

	WANT_RET(0, put_and_lease(txn, ARENA, NOTE, &note, NOW, &leased));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, 0, 0, &end));
	WANT_RET(0, store_job_get_by_key(txn, ARENA, SLICE("note"), SLICE("k"), &found));
	WANT(found.state == JOB_DONE && found.due == NOW + 501);
	WANT_RET(0, look_at(txn, ARENA, NOW + 500, NULL, 0, &look));
	WANT(look.count == 0);
	WANT_RET(0, look_at(txn, ARENA, NOW + 501, NULL, 0, &look));
	WANT(look.count == 1 && is_task(&look, 0, TASK_SWEEP, note.id));
	WANT_RET(0, jobs_sweep(txn, ARENA, &look.tasks[0], NOW + 501));
	WANT_RET(-ENOENT, store_job_get(txn, ARENA, note.id, &found));
	WANT_RET(0, jobs_sweep(txn, ARENA, &look.tasks[0], NOW + 501)); /* again */
	return 0;
}

CASE(a_failure_is_tried_again_later_each_time_and_given_up_at_last)
{
	struct job pull = job("pull", "k", "{}", NOW), leased, found;
	struct job_run run = ended(PULL, NOW, "no route"), silent = ended(PULL, NOW + 100, "");
	struct job_task task;
	struct job_look look;
	enum job_end end;

	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &pull, NOW, &leased));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, -EIO, 3, &end));
	WANT(end == JOB_ENDED_RETRY);
	WANT_RET(0, store_job_get(txn, ARENA, pull.id, &found));
	WANT(found.state == JOB_READY && found.due == NOW + 8 && found.attempts == 1 && found.lease_end == 0 &&
	     slice_is(found.last_error, "no route"));
	WANT_RET(0, look_at(txn, ARENA, NOW + 7, NULL, 0, &look));
	WANT(look.count == 0 && look.next == NOW + 8);
	task = task_of(&found, PULL);
	WANT_RET(0, jobs_lease(txn, ARENA, &task, NOW + 8, &leased));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, -EIO, 10, &end));
	WANT_RET(0, store_job_get(txn, ARENA, pull.id, &found));
	WANT(end == JOB_ENDED_RETRY && found.due == NOW + 20 && found.attempts == 2);
	task = task_of(&found, PULL);
	WANT_RET(0, jobs_lease(txn, ARENA, &task, NOW + 100, &leased));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &silent, -ETIMEDOUT, 0, &end));
	WANT_RET(0, store_job_get(txn, ARENA, pull.id, &found));
	WANT(end == JOB_ENDED_DEAD && found.state == JOB_DEAD && found.attempts == 3 &&
	     slice_is(found.last_error, strerror(ETIMEDOUT)));
	WANT_RET(0, look_at(txn, ARENA, NOW + 100000, NULL, 0, &look));
	WANT(look.count == 0);
	return 0;
}

CASE(what_was_put_while_it_ran_stays)
{
	struct job first = job("pull", "c1", "first", NOW), newer = job("pull", "c1", "newer", NOW), leased, found;
	struct job_run run = ended(PULL, NOW + 1, "");
	enum job_end end;

	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &first, NOW, &leased));
	WANT_RET(0, store_job_put(txn, &newer));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, 0, 0, &end));
	WANT_RET(0, store_job_get_by_key(txn, ARENA, SLICE("pull"), SLICE("c1"), &found));
	WANT(end == JOB_ENDED_WELL && found.id == newer.id && slice_is(found.payload, "newer") && found.attempts == 0);
	WANT_RET(-ENOENT, store_job_get(txn, ARENA, first.id, &found));
	return 0;
}

CASE(a_failed_one_gives_way_to_a_newer_one_of_its_key)
{
	struct job first = job("pull", "c1", "first", NOW), newer = job("pull", "c1", "newer", NOW), leased, found;
	struct job_run run = ended(PULL, NOW + 1, "");
	enum job_end end;

	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &first, NOW, &leased));
	WANT_RET(0, store_job_put(txn, &newer));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, -EIO, 0, &end));
	WANT(end == JOB_ENDED_SUPERSEDED);
	WANT_RET(-ENOENT, store_job_get(txn, ARENA, first.id, &found));
	WANT_RET(0, store_job_get_by_key(txn, ARENA, SLICE("pull"), SLICE("c1"), &found));
	WANT(found.id == newer.id && found.state == JOB_READY);
	return 0;
}

/* The lease ended, the row was replaced under its id and leased again: the first run has no say. */
CASE(a_run_that_comes_back_late_changes_nothing)
{
	struct job pull = job("pull", "k", "old", NOW), replaced = job("pull", "k", "new", NOW), leased, second, found;
	struct job_run run = ended(PULL, NOW + 40, "");
	struct job_task task;
	enum job_end end;

	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &pull, NOW, &leased));
	task = task_of(&leased, PULL);
	WANT_RET(0, jobs_expire(txn, ARENA, &task, NOW + 30, 0, &end));
	WANT(end == JOB_ENDED_RETRY);
	WANT_RET(0, store_job_put(txn, &replaced));
	WANT(replaced.id == pull.id);
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, 0, 0, &end));
	WANT(end == JOB_ENDED_STALE);
	task = task_of(&replaced, PULL);
	WANT_RET(0, jobs_lease(txn, ARENA, &task, NOW + 30, &second));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, -EIO, 0, &end));
	WANT(end == JOB_ENDED_STALE);
	WANT_RET(0, store_job_get(txn, ARENA, pull.id, &found));
	WANT(found.state == JOB_RUNNING && found.version == second.version && slice_is(found.payload, "new") &&
	     found.last_error.len == 0);
	return 0;
}

CASE(a_lease_that_ended_makes_the_job_ready_again_but_not_beside_its_own_run)
{
	struct job pull = job("pull", "k", "{}", NOW), leased, found;
	struct job_busy busy;
	struct job_look look;
	enum job_end end;

	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &pull, NOW, &leased));
	busy = (struct job_busy){leased.id, SLICE("pull"), SLICE("k")};
	WANT_RET(0, look_at(txn, ARENA, NOW + 29, NULL, 0, &look));
	WANT(look.count == 0 && look.next == NOW + 30);
	WANT_RET(0, look_at(txn, ARENA, NOW + 30, &busy, 1, &look));
	WANT(look.count == 0);
	WANT_RET(0, look_at(txn, ARENA, NOW + 30, NULL, 0, &look));
	WANT(look.count == 1 && is_task(&look, 0, TASK_EXPIRE, pull.id));
	WANT_RET(0, jobs_expire(txn, ARENA, &look.tasks[0], NOW + 30, 0, &end));
	WANT_RET(0, store_job_get(txn, ARENA, pull.id, &found));
	WANT(end == JOB_ENDED_RETRY && found.state == JOB_READY && found.due == NOW + 35 && found.last_error.len > 0);
	WANT_RET(0, jobs_expire(txn, ARENA, &look.tasks[0], NOW + 30, 0, &end)); /* again: it is another row now */
	WANT(end == JOB_ENDED_STALE);
	return 0;
}

CASE(a_run_that_was_asked_to_stop_is_as_if_it_had_not_begun)
{
	struct job pull = job("pull", "k", "{}", NOW), leased, found;
	struct job_run run = ended(PULL, NOW + 2, "");
	enum job_end end;

	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &pull, NOW, &leased));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, -ECANCELED, 0, &end));
	WANT_RET(0, store_job_get(txn, ARENA, pull.id, &found));
	WANT(found.state == JOB_READY && found.due == NOW + 2 && found.attempts == 0 && found.last_error.len == 0);
	return 0;
}

CASE(one_with_a_time_goes_on_after_success_and_failure)
{
	struct job hourly = job("hourly", "hourly", "{}", NOW), leased, found;
	struct job_run run = ended(HOURLY, NOW + 1, ""), soon = ended(HOURLY, NOW + 3601, "");
	struct job_task task;
	enum job_end end;

	soon.next = NOW + 3602;
	WANT_RET(0, put_and_lease(txn, ARENA, HOURLY, &hourly, NOW, &leased));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, 0, 0, &end));
	WANT_RET(0, store_job_get(txn, ARENA, hourly.id, &found));
	WANT(found.state == JOB_READY && found.due == NOW + 3601 && found.attempts == 0);
	task = task_of(&found, HOURLY);
	WANT_RET(0, jobs_lease(txn, ARENA, &task, NOW + 3601, &leased));
	WANT_RET(0, jobs_finish(txn, ARENA, &leased, &soon, 0, 0, &end)); /* there is more to do */
	WANT_RET(0, store_job_get(txn, ARENA, hourly.id, &found));
	WANT(found.due == NOW + 3602);
	for (uint32_t attempt = 1; attempt <= 2; attempt++) {
		task = task_of(&found, HOURLY);
		WANT_RET(0, jobs_lease(txn, ARENA, &task, NOW + 3602, &leased));
		run.now = NOW + 3602;
		WANT_RET(0, jobs_finish(txn, ARENA, &leased, &run, -EIO, 0, &end));
		WANT_RET(0, store_job_get(txn, ARENA, hourly.id, &found));
		WANT(end == JOB_ENDED_RETRY && found.state == JOB_READY);
		WANT(attempt == 1 ? found.due == NOW + 3607 : found.due == NOW + 7202 && found.attempts == 0);
	}
	WANT(slice_is(found.last_error, strerror(EIO)));
	return 0;
}

/* ---- inside an update ---- */

static struct job_run in_update(struct arena *arena)
{
	return (struct job_run){.arena = arena, .now = NOW};
}

CASE(a_job_and_what_it_does_are_one_update)
{
	struct job touch = job("touch", "k", "hello", NOW), found;
	struct job_run run = in_update(ARENA);
	struct job_task task;
	struct slice ran;

	WANT_RET(0, store_job_put(txn, &touch));
	task = task_of(&touch, TOUCH);
	WANT_RET(0, jobs_run_in_update(txn, &task, &run));
	WANT_RET(0, store_meta_get(txn, ARENA, SLICE("ran"), &ran));
	WANT(slice_is(ran, "hello"));
	WANT_RET(-ENOENT, store_job_get(txn, ARENA, touch.id, &found));
	WANT_RET(-ESTALE, jobs_run_in_update(txn, &task, &run));
	return 0;
}

CASE(a_run_inside_an_update_may_put_its_job_again_and_may_go_on)
{
	struct job twice = job("touch", "a", "once more", NOW), on = job("touch", "b", "go on", NOW), found;
	struct job_run run = in_update(ARENA);
	struct job_task task;

	WANT_RET(0, store_job_put(txn, &twice));
	task = task_of(&twice, TOUCH);
	WANT_RET(0, jobs_run_in_update(txn, &task, &run));
	WANT_RET(0, store_job_get_by_key(txn, ARENA, SLICE("touch"), SLICE("a"), &found));
	WANT(slice_is(found.payload, "again") && found.due == NOW + 60);
	WANT_RET(0, store_job_put(txn, &on));
	task = task_of(&on, TOUCH);
	WANT_RET(0, jobs_run_in_update(txn, &task, &run));
	WANT_RET(0, store_job_get_by_key(txn, ARENA, SLICE("touch"), SLICE("b"), &found));
	WANT(slice_is(found.payload, "go on") && found.due == NOW + 7 && found.state == JOB_READY);
	return 0;
}

CASE(a_failure_inside_an_update_is_told_in_the_next)
{
	struct job touch = job("touch", "k", "fail", NOW), found;
	struct job_run run = in_update(ARENA);
	struct job_task task;
	enum job_end end;

	WANT_RET(0, store_job_put(txn, &touch));
	task = task_of(&touch, TOUCH);
	WANT_RET(0, jobs_fail_update(txn, &task, &run, -EDOM, 0, &end));
	WANT_RET(0, store_job_get(txn, ARENA, touch.id, &found));
	WANT(end == JOB_ENDED_RETRY && found.attempts == 1 && found.due == NOW + 5);
	WANT_RET(0, jobs_fail_update(txn, &task, &run, -EDOM, 0, &end)); /* once only */
	WANT(end == JOB_ENDED_STALE);
	task = task_of(&found, TOUCH);
	WANT_RET(-EDOM, jobs_run_in_update(txn, &task, &run)); /* here the update would fail with it */
	WANT(strcmp(run.error, "said so") == 0);
	return 0;
}

/* ---- start ---- */

CASE(after_a_crash_what_ran_is_ready_at_once_until_its_attempts_are_used_up)
{
	struct job many[JOB_TASKS_MAX + 5], leased, last = job("pull", "last", "", NOW), found;
	struct job_look look;

	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		many[i] = job("pull", "", "", NOW);
		WANT_RET(0, put_and_lease(txn, ARENA, PULL, &many[i], NOW, &leased));
	}
	last.attempts = 2;
	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &last, NOW, &leased));
	WANT_RET(0, jobs_recover(txn, ARENA, &kinds, NOW + 1));
	for (size_t i = 0; i < ARRAY_LEN(many); i++) {
		WANT_RET(0, store_job_get(txn, ARENA, many[i].id, &found));
		WANT(found.state == JOB_READY && found.due == NOW + 1 && found.attempts == 1);
	}
	WANT_RET(0, store_job_get(txn, ARENA, last.id, &found));
	WANT(found.state == JOB_DEAD);
	WANT_RET(0, look_at(txn, ARENA, NOW + 1, NULL, 0, &look));
	WANT(look.count == 3); /* two places, and the hourly one */
	return 0;
}

CASE(there_is_always_one_of_a_kind_that_has_a_time)
{
	struct jobs_filter filter = {.kind = SLICE("hourly"), .limit = 10};
	struct jobs_page page;

	for (int start = 0; start < 2; start++)
		WANT_RET(0, jobs_recover(txn, ARENA, &kinds, NOW + start));
	WANT_RET(0, jobs_list(txn, ARENA, &filter, &page));
	WANT(page.count == 1 && page.at[0].due == NOW && page.at[0].state == JOB_READY);
	return 0;
}

/* ---- for people ---- */

CASE(a_list_comes_in_pages_and_by_state_and_kind)
{
	struct jobs_filter two = {.limit = 2}, dead = {.state = JOB_DEAD, .limit = 2}, mail = {.kind = SLICE("mail"), .limit = 2};
	struct job all[5];
	struct jobs_page page;

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		all[i] = job(i % 2 ? "mail" : "pull", "", "", NOW - (instant_t)i);
		all[i].state = i == 3 ? JOB_DEAD : JOB_READY;
		WANT_RET(0, store_job_put(txn, &all[i]));
	}
	WANT_RET(0, jobs_list(txn, ARENA, &two, &page));
	WANT(page.count == 2 && page.at[0].id == all[0].id && page.at[1].id == all[1].id && page.next == all[1].id);
	two.after = page.next;
	WANT_RET(0, jobs_list(txn, ARENA, &two, &page));
	WANT(page.count == 2 && page.at[0].id == all[2].id && page.next == all[3].id);
	two.after = page.next;
	WANT_RET(0, jobs_list(txn, ARENA, &two, &page));
	WANT(page.count == 1 && page.at[0].id == all[4].id && page.next == 0);
	WANT_RET(0, jobs_list(txn, ARENA, &dead, &page));
	WANT(page.count == 1 && page.at[0].id == all[3].id && page.next == 0);
	WANT_RET(0, jobs_list(txn, ARENA, &mail, &page)); /* exactly a page full: no empty one behind it */
	WANT(page.count == 2 && page.at[0].id == all[1].id && page.next == 0);
	return 0;
}

CASE(a_person_retries_what_is_dead_or_waits_and_nothing_else)
{
	struct job dead = job("pull", "a", "", NOW), waits = job("pull", "b", "", NOW + 900), runs = job("pull", "c", "", NOW),
		   done = job("note", "d", "", NOW), old = job("pull", "e", "", NOW), newer = job("pull", "e", "", NOW), leased,
		   found;

	dead.state = old.state = JOB_DEAD;
	dead.attempts = 3;
	dead.last_error = SLICE("no route");
	done.state = JOB_DONE;
	WANT_RET(0, store_job_put(txn, &dead));
	WANT_RET(0, store_job_put(txn, &waits));
	WANT_RET(0, store_job_put(txn, &done));
	WANT_RET(0, store_job_put(txn, &old));
	WANT_RET(0, store_job_put(txn, &newer));
	WANT_RET(0, put_and_lease(txn, ARENA, PULL, &runs, NOW, &leased));
	WANT_RET(0, jobs_retry(txn, ARENA, dead.id, NOW + 5));
	WANT_RET(0, store_job_get(txn, ARENA, dead.id, &found));
	WANT(found.state == JOB_READY && found.due == NOW + 5 && found.attempts == 0 && found.last_error.len == 0);
	WANT_RET(0, jobs_retry(txn, ARENA, waits.id, NOW + 5));
	WANT_RET(-EBUSY, jobs_retry(txn, ARENA, runs.id, NOW + 5));
	WANT_RET(-EALREADY, jobs_retry(txn, ARENA, done.id, NOW + 5));
	WANT_RET(-ESTALE, jobs_retry(txn, ARENA, old.id, NOW + 5));
	WANT_RET(-ENOENT, jobs_retry(txn, ARENA, 999, NOW + 5));
	WANT_RET(-EBUSY, jobs_drop(txn, ARENA, runs.id));
	WANT_RET(0, jobs_drop(txn, ARENA, old.id));
	WANT_RET(-ENOENT, jobs_drop(txn, ARENA, old.id));
	WANT_RET(0, store_job_get_by_key(txn, ARENA, SLICE("pull"), SLICE("e"), &found));
	WANT(found.id == newer.id);
	return 0;
}

CASE(they_are_counted_by_kind_and_state)
{
	struct jobs_count *counts;
	struct job one;
	size_t count;

	for (size_t i = 0; i < 6; i++) {
		one = job(i < 4 ? "mail" : "pull", "", "", NOW);
		one.state = i == 0 ? JOB_DEAD : JOB_READY;
		WANT_RET(0, store_job_put(txn, &one));
	}
	WANT_RET(0, jobs_count(txn, ARENA, &counts, &count));
	WANT(count == 2 && slice_is(counts[0].kind, "mail") && counts[0].of[JOB_READY] == 3 && counts[0].of[JOB_DEAD] == 1 &&
	     slice_is(counts[1].kind, "pull") && counts[1].of[JOB_READY] == 2);
	return 0;
}

CASE(more_kinds_than_are_counted_apart_are_counted_with_the_last)
{
	char name[16];
	struct jobs_count *counts;
	size_t count;

	for (int i = 0; i < JOBS_KINDS_MAX + 3; i++) {
		struct job one;

		snprintf(name, sizeof(name), "k%d", i);
		one = job(name, "", "", NOW);
		WANT_RET(0, store_job_put(txn, &one));
	}
	WANT_RET(0, jobs_count(txn, ARENA, &counts, &count));
	WANT(count == JOBS_KINDS_MAX && counts[JOBS_KINDS_MAX - 1].of[JOB_READY] == 4);
	return 0;
}

static void test_words_and_states_are_each_others(void **state)
{
	(void)state;
	for (enum job_state one = JOB_READY; one <= JOB_DEAD; one++)
		assert_int_equal(job_state_of(slice_str(job_state_word(one))), one);
	assert_int_equal(job_state_of(SLICE("Ready")), 0);
	assert_int_equal(job_state_of(SLICE("")), 0);
}

static void test_a_job_in_json(void **state)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	struct job one = job("pull", "k", "{\"a\":1}", 0);

	(void)state;
	one.id = 7;
	one.state = JOB_RUNNING;
	one.created = 0;
	one.lease_end = 60;
	one.attempts = 2;
	one.last_error = SLICE("no \"route\"");
	job_add_json(&b, &one);
	assert_string_equal(buf_cstr(&b),
	    "{\"id\":7,\"kind\":\"pull\",\"state\":\"running\",\"key\":\"k\",\"created\":\"1970-01-01T00:00:00Z\","
	    "\"due\":\"1970-01-01T00:00:00Z\",\"lease_end\":\"1970-01-01T00:01:00Z\",\"attempts\":2,"
	    "\"last_error\":\"no \\\"route\\\"\",\"request\":null,\"payload\":\"{\\\"a\\\":1}\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_wait_doubles_within_its_bounds_and_chance_chooses_half_of_it),
	    ON_AGAIN(test_what_is_due_comes_in_order_and_the_next_time_is_told),
	    ON_AGAIN(test_a_kind_without_a_runner_waits_and_takes_nobodys_place),
	    ON_AGAIN(test_each_kind_has_its_own_places),
	    ON_AGAIN(test_more_than_one_look_takes_is_told),
	    ON_AGAIN(test_two_of_one_key_do_not_run_beside_each_other),
	    ON_AGAIN(test_a_lease_is_written_and_whoever_comes_later_finds_it),
	    ON_AGAIN(test_a_success_strikes_the_job_out),
	    ON_AGAIN(test_a_success_that_is_kept_is_recognised_and_goes_in_its_time),
	    ON_AGAIN(test_a_failure_is_tried_again_later_each_time_and_given_up_at_last),
	    ON_AGAIN(test_what_was_put_while_it_ran_stays),
	    ON_AGAIN(test_a_failed_one_gives_way_to_a_newer_one_of_its_key),
	    ON_AGAIN(test_a_run_that_comes_back_late_changes_nothing),
	    ON_AGAIN(test_a_lease_that_ended_makes_the_job_ready_again_but_not_beside_its_own_run),
	    ON_AGAIN(test_a_run_that_was_asked_to_stop_is_as_if_it_had_not_begun),
	    ON_AGAIN(test_one_with_a_time_goes_on_after_success_and_failure),
	    ON_AGAIN(test_a_job_and_what_it_does_are_one_update),
	    ON_AGAIN(test_a_run_inside_an_update_may_put_its_job_again_and_may_go_on),
	    ON_AGAIN(test_a_failure_inside_an_update_is_told_in_the_next),
	    ON_AGAIN(test_after_a_crash_what_ran_is_ready_at_once_until_its_attempts_are_used_up),
	    ON_AGAIN(test_there_is_always_one_of_a_kind_that_has_a_time),
	    ON_AGAIN(test_a_list_comes_in_pages_and_by_state_and_kind),
	    ON_AGAIN(test_a_person_retries_what_is_dead_or_waits_and_nothing_else),
	    ON_AGAIN(test_they_are_counted_by_kind_and_state),
	    ON_AGAIN(test_more_kinds_than_are_counted_apart_are_counted_with_the_last),
	    cmocka_unit_test(test_words_and_states_are_each_others),
	    cmocka_unit_test(test_a_job_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
