#include <config.h>

#include "server/jobs/runner.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "protocol/base/log.h"
#include "server/base/metrics.h"
#include "server/base/pool.h"
#include "server/jobs/job_text.h"

#define PLACE_BYTES_MAX   (64u << 20) /* of one run's arena */
#define LOOK_BYTES_MAX    (16u << 20)
#define COUNTS_TEXT_MAX   (64u << 10)
#define TROUBLE_SECONDS   1 /* until the next look after one that the store refused */

enum place_state {
	PLACE_FREE,
	PLACE_TAKEN,   /* a task was given to it, the row is not yet leased */
	PLACE_RUNNING, /* leased: a worker has it, or its end is being written */
};

struct place {
	struct runner *runner;
	enum place_state state; /* under the runner's lock */
	struct job_task task;
	struct arena *arena;
	struct job job;     /* as leased; of the arena */
	bool leased;        /* by the update that ran last */
	struct job_run run;
	int ret;            /* of the run */
	enum job_end end;
};

struct runner {
	struct runner_options options;
	struct pool *pool; /* NULL when no kind needs one */
	pthread_t thread;
	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t changed;
	bool hint;     /* there may be something to do */
	bool counted;  /* nothing has changed since the last counting */
	bool trouble;  /* an end could not be written: no look for TROUBLE_SECONDS, whoever wakes it */
	bool stopping; /* the thread ends */
	char counts[COUNTS_TEXT_MAX];
	size_t counts_len;
	/* of the thread alone */
	struct arena *arena;
	struct timespec count_at; /* monotonic: not before */
	/* of everybody */
	atomic_bool stop; /* what runs should end soon */
	size_t place_count;
	struct place places[RUNNER_PLACES_MAX];
};

static uint64_t system_random(void)
{
	uint64_t random = 0;

	(void)!getrandom(&random, sizeof(random), 0); /* without it the waits have no jitter, and are right still */
	return random;
}

static uint64_t chance(struct runner *runner)
{
	return runner->options.random != NULL ? runner->options.random() : system_random();
}

static instant_t now_of(const struct runner *runner)
{
	return clock_now(runner->options.clock);
}

static struct kv *kv_of(const struct runner *runner)
{
	return store_kv(runner->options.store);
}

void runner_wake(struct runner *runner)
{
	pthread_mutex_lock(&runner->lock);
	runner->hint = true;
	runner->counted = false;
	pthread_cond_broadcast(&runner->changed);
	pthread_mutex_unlock(&runner->lock);
}

/* Behind every batch that put a job. */
static void jobs_written(void *arg)
{
	runner_wake(arg);
}

/* ---- places ---- */

static struct place *take_place(struct runner *runner, const struct job_task *task)
{
	struct place *place = NULL;

	pthread_mutex_lock(&runner->lock);
	for (size_t i = 0; place == NULL && i < runner->place_count; i++) {
		if (runner->places[i].state == PLACE_FREE)
			place = &runner->places[i];
	}
	if (place != NULL) {
		place->state = PLACE_TAKEN;
		place->task = *task;
		place->job = (struct job){.id = task->id};
		place->run = (struct job_run){.arena = place->arena, .arg = runner->options.arg, .kind = task->kind};
	}
	pthread_mutex_unlock(&runner->lock);
	return place;
}

static void free_place(struct place *place)
{
	arena_reset(place->arena);
	pthread_mutex_lock(&place->runner->lock);
	place->state = PLACE_FREE;
	place->runner->hint = true;
	place->runner->counted = false;
	pthread_cond_broadcast(&place->runner->changed);
	pthread_mutex_unlock(&place->runner->lock);
}

static size_t busy_places(const struct runner *runner)
{
	size_t busy = 0;

	for (size_t i = 0; i < runner->place_count; i++)
		busy += runner->places[i].state != PLACE_FREE;
	return busy;
}

/* ---- the end of a run ---- */

static void tell_end(struct runner *runner, const struct job_run *run, uint64_t id, struct slice request, int ret,
    enum job_end end)
{
	char words[64] = "";
	enum log_level level = end == JOB_ENDED_DEAD ? LOG_ERROR_LEVEL : LOG_WARN_LEVEL;

	metrics_add(runner->options.metrics, METRIC_JOBS_RUN, 1);
	if (ret >= 0 || ret == -ECANCELED)
		return;
	metrics_add(runner->options.metrics, METRIC_JOBS_FAILED, 1);
	if (end == JOB_ENDED_DEAD)
		metrics_add(runner->options.metrics, METRIC_JOBS_GIVEN_UP, 1);
	if (request.len > 0 && request.len < sizeof(words))
		memcpy(words, request.at, request.len);
	log_event(level, "jobs", words[0] != '\0' ? words : NULL, end == JOB_ENDED_DEAD ? "given up" : "failed",
	    "job=%" PRIu64 " kind=%s error=%d why=\"%s\"", id, run->kind->name, -ret,
	    run->error[0] != '\0' ? run->error : strerror(-ret));
}

/* A full disk, say: the job is as it was, and to look again at once would be a busy loop. */
static void could_not_write(struct runner *runner, const char *what, uint64_t id, int ret)
{
	pthread_mutex_lock(&runner->lock);
	runner->trouble = true;
	pthread_mutex_unlock(&runner->lock);
	log_event(LOG_ERROR_LEVEL, "jobs", NULL, "an end could not be written", "of=%s job=%" PRIu64 " error=%d", what, id,
	    -ret);
}

/* ---- a leased job, on a worker ---- */

static int write_end(struct kv_txn *txn, void *arg)
{
	struct place *place = arg;

	return jobs_finish(txn, place->arena, &place->job, &place->run, place->ret, chance(place->runner), &place->end);
}

static void end_written(int ret, void *arg)
{
	struct place *place = arg;

	if (ret < 0) /* when its lease ends it is run again */
		could_not_write(place->runner, "a run", place->job.id, ret);
	else
		tell_end(place->runner, &place->run, place->job.id, place->job.request, place->ret, place->end);
	free_place(place);
}

static void run_place(void *arg)
{
	struct place *place = arg;
	struct runner *runner = place->runner;

	place->run.job = &place->job;
	place->run.stop = &runner->stop;
	place->run.now = now_of(runner);
	place->ret = atomic_load(&runner->stop) ? -ECANCELED : place->task.kind->run(&place->run);
	place->run.now = now_of(runner); /* a wait begins when the run has ended */
	kv_update(kv_of(runner), write_end, end_written, place);
}

/* ---- a job inside its update ---- */

static int run_update(struct kv_txn *txn, void *arg)
{
	struct place *place = arg;

	arena_reset(place->arena);
	return jobs_run_in_update(txn, &place->task, &place->run);
}

static int fail_update(struct kv_txn *txn, void *arg)
{
	struct place *place = arg;

	return jobs_fail_update(txn, &place->task, &place->run, place->ret, chance(place->runner), &place->end);
}

static void failure_written(int ret, void *arg)
{
	struct place *place = arg;

	if (ret < 0)
		could_not_write(place->runner, "an update", place->task.id, ret);
	else
		tell_end(place->runner, &place->run, place->task.id, SLICE_EMPTY, place->ret, place->end);
	free_place(place);
}

static void update_ran(int ret, void *arg)
{
	struct place *place = arg;

	place->ret = ret;
	if (ret < 0 && ret != -ESTALE) {
		kv_update(kv_of(place->runner), fail_update, failure_written, place);
		return;
	}
	if (ret >= 0)
		tell_end(place->runner, &place->run, place->task.id, SLICE_EMPTY, 0, JOB_ENDED_WELL);
	free_place(place);
}

/* ---- one turn: look, lease, hand out ---- */

struct turn {
	struct runner *runner;
	struct job_look look;
	size_t places[JOBS_KINDS_MAX];
	struct job_busy busy[RUNNER_PLACES_MAX];
	struct place *leases[JOB_TASKS_MAX];
	size_t lease_count;
};

static void see_places(struct turn *turn)
{
	struct runner *runner = turn->runner;
	const struct job_kinds *kinds = &runner->options.kinds;

	for (size_t i = 0; i < kinds->count; i++)
		turn->places[i] = job_kind_places(&kinds->at[i]);
	pthread_mutex_lock(&runner->lock);
	for (size_t i = 0; i < runner->place_count; i++) {
		const struct place *place = &runner->places[i];

		if (place->state == PLACE_FREE)
			continue;
		turn->places[place->task.kind - kinds->at]--;
		turn->busy[turn->look.busy_count++] = (struct job_busy){place->task.id, place->job.kind, place->job.key};
	}
	pthread_mutex_unlock(&runner->lock);
}

static int look(struct kv_txn *txn, void *arg)
{
	struct turn *turn = arg;

	return jobs_look(txn, &turn->look);
}

/* Leases, and what needs no run. */
static int write_turn(struct kv_txn *txn, void *arg)
{
	struct turn *turn = arg;
	struct runner *runner = turn->runner;
	instant_t now = turn->look.now;
	enum job_end end;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < turn->lease_count; i++) {
		struct place *place = turn->leases[i];

		arena_reset(place->arena);
		ret = jobs_lease(txn, place->arena, &place->task, now, &place->job);
		place->leased = ret == 0;
		ret = ret == -ESTALE ? 0 : ret;
	}
	for (size_t i = 0; ret == 0 && i < turn->look.count; i++) {
		const struct job_task *task = &turn->look.tasks[i];

		if (task->what == TASK_SWEEP)
			ret = jobs_sweep(txn, runner->arena, task, now);
		else if (task->what == TASK_EXPIRE)
			ret = jobs_expire(txn, runner->arena, task, now, chance(runner), &end);
	}
	return ret;
}

/* *WRITES_R: there is something to write. */
static void give_out(struct turn *turn, bool *writes_r)
{
	struct runner *runner = turn->runner;

	*writes_r = false;
	for (size_t i = 0; i < turn->look.count; i++) {
		const struct job_task *task = &turn->look.tasks[i];
		struct place *place;

		if (task->what != TASK_RUN && task->what != TASK_UPDATE) {
			*writes_r = true;
			continue;
		}
		place = take_place(runner, task);
		assert(place != NULL); /* the look counted them, and this thread alone takes any */
		if (task->what == TASK_RUN) {
			turn->leases[turn->lease_count++] = place;
			*writes_r = true;
		} else {
			place->run.now = turn->look.now;
			kv_update(kv_of(runner), run_update, update_ran, place);
		}
	}
}

static void begin_leased(struct turn *turn, int ret)
{
	for (size_t i = 0; i < turn->lease_count; i++) {
		struct place *place = turn->leases[i];

		if (ret < 0 || !place->leased) {
			free_place(place);
			continue;
		}
		pthread_mutex_lock(&turn->runner->lock);
		place->state = PLACE_RUNNING;
		pthread_mutex_unlock(&turn->runner->lock);
		if (pool_run(turn->runner->pool, run_place, place) < 0)
			assert(!"the pool has room for every place");
	}
}

/* *NEXT_R: when to look again; the present time when there is more. 0 or -errno. */
static int take_turn(struct runner *runner, instant_t *next_r)
{
	struct turn turn = {.runner = runner};
	bool writes;
	int ret;

	arena_reset(runner->arena);
	turn.look = (struct job_look){.kinds = &runner->options.kinds,
	    .places = turn.places,
	    .busy = turn.busy,
	    .arena = runner->arena,
	    .now = now_of(runner)};
	see_places(&turn);
	ret = kv_view(kv_of(runner), look, &turn);
	if (ret < 0)
		return ret;
	give_out(&turn, &writes);
	if (writes)
		ret = kv_update_wait(kv_of(runner), write_turn, &turn);
	begin_leased(&turn, ret);
	*next_r = turn.look.more ? turn.look.now : turn.look.next;
	return ret;
}

/* ---- counting ---- */

static bool is_label(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return text.len > 0;
}

static void add_counts(struct buf *b, struct slice kind, const struct jobs_count *count)
{
	for (enum job_state state = JOB_READY; state <= JOB_DEAD; state++)
		buf_printf(b, "slotkeeper_jobs{kind=\"%.*s\",state=\"%s\"} %" PRIu64 "\n", SLICE_ARG(kind),
		    job_state_word(state), count != NULL ? count->of[state] : 0);
}

struct counted {
	struct runner *runner;
	struct jobs_count *rows;
	size_t count;
};

static int count_in(struct kv_txn *txn, void *arg)
{
	struct counted *counted = arg;

	return jobs_count(txn, counted->runner->arena, &counted->rows, &counted->count);
}

/* Every kind that this version knows, and those that are there besides. */
static void write_counts(struct buf *b, const struct job_kinds *kinds, const struct counted *counted)
{
	buf_add_str(b, "# HELP slotkeeper_jobs Jobs in the queue.\n# TYPE slotkeeper_jobs gauge\n");
	for (size_t i = 0; i < kinds->count; i++) {
		const struct jobs_count *row = NULL;

		for (size_t j = 0; row == NULL && j < counted->count; j++) {
			if (slice_is(counted->rows[j].kind, kinds->at[i].name))
				row = &counted->rows[j];
		}
		add_counts(b, slice_str(kinds->at[i].name), row);
	}
	for (size_t j = 0; j < counted->count; j++) {
		if (job_kind_find(kinds, counted->rows[j].kind) == NULL && is_label(counted->rows[j].kind))
			add_counts(b, counted->rows[j].kind, &counted->rows[j]);
	}
}

static void count(struct runner *runner)
{
	AUTO_BUF struct buf b = BUF_INIT(COUNTS_TEXT_MAX);
	struct counted counted = {.runner = runner};

	arena_reset(runner->arena);
	if (kv_view(kv_of(runner), count_in, &counted) < 0)
		return;
	write_counts(&b, &runner->options.kinds, &counted);
	if (b.err < 0)
		return;
	pthread_mutex_lock(&runner->lock);
	memcpy(runner->counts, b.at, b.len);
	runner->counts_len = b.len;
	pthread_mutex_unlock(&runner->lock);
}

void runner_write_metrics(struct runner *runner, struct buf *b)
{
	pthread_mutex_lock(&runner->lock);
	buf_add(b, runner->counts, runner->counts_len);
	pthread_mutex_unlock(&runner->lock);
}

/* Counts when something has changed and the last time is long enough ago. Seconds until it should be done; 0: none. */
static int64_t count_if_due(struct runner *runner)
{
	struct timespec now;
	bool counted;

	clock_gettime(CLOCK_MONOTONIC, &now);
	pthread_mutex_lock(&runner->lock);
	counted = runner->counted;
	if (!counted && now.tv_sec >= runner->count_at.tv_sec)
		runner->counted = true; /* what changes from here on is for the next time */
	pthread_mutex_unlock(&runner->lock);
	if (counted)
		return 0;
	if (now.tv_sec < runner->count_at.tv_sec)
		return runner->count_at.tv_sec - now.tv_sec;
	runner->count_at.tv_sec = now.tv_sec + RUNNER_COUNT_SECONDS;
	count(runner);
	return 0;
}

/* ---- the thread ---- */

static int64_t smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Sleeps for SECONDS, or until somebody wakes it. False: it is over. */
static bool sleep_for(struct runner *runner, int64_t seconds)
{
	struct timespec until;
	bool goes_on, deaf;

	clock_gettime(CLOCK_MONOTONIC, &until);
	pthread_mutex_lock(&runner->lock);
	deaf = runner->trouble;
	runner->trouble = false;
	until.tv_sec += deaf ? TROUBLE_SECONDS : seconds;
	while ((seconds > 0 || deaf) && (deaf || !runner->hint) && !runner->stopping &&
	       pthread_cond_timedwait(&runner->changed, &runner->lock, &until) == 0)
		;
	runner->hint = false;
	goes_on = !runner->stopping;
	pthread_mutex_unlock(&runner->lock);
	return goes_on;
}

static void in_trouble(struct runner *runner, int ret)
{
	pthread_mutex_lock(&runner->lock);
	runner->trouble = true;
	pthread_mutex_unlock(&runner->lock);
	log_event(LOG_ERROR_LEVEL, "jobs", NULL, "the queue could not be worked on", "error=%d", -ret);
}

static void *runner_main(void *arg)
{
	struct runner *runner = arg;
	int64_t seconds = 0;

	while (sleep_for(runner, seconds)) {
		instant_t next = INSTANT_MAX;
		int64_t to_count;
		int ret = take_turn(runner, &next);

		if (ret < 0)
			in_trouble(runner, ret);
		seconds = smaller(RUNNER_LOOK_SECONDS, next - now_of(runner));
		to_count = count_if_due(runner);
		if (to_count > 0)
			seconds = smaller(seconds, to_count);
	}
	return NULL;
}

/* ---- start and end ---- */

static int recover(struct kv_txn *txn, void *arg)
{
	struct runner *runner = arg;

	arena_reset(runner->arena);
	return jobs_recover(txn, runner->arena, &runner->options.kinds, now_of(runner));
}

static int make_places(struct runner *runner)
{
	const struct job_kinds *kinds = &runner->options.kinds;
	size_t workers = 0;

	for (size_t i = 0; i < kinds->count; i++) {
		if (kinds->at[i].run == NULL)
			continue;
		runner->place_count += job_kind_places(&kinds->at[i]);
		workers += kinds->at[i].in_update ? 0 : job_kind_places(&kinds->at[i]);
	}
	assert(runner->place_count <= RUNNER_PLACES_MAX);
	for (size_t i = 0; i < runner->place_count; i++) {
		runner->places[i].runner = runner;
		runner->places[i].arena = arena_new(PLACE_BYTES_MAX);
		if (runner->places[i].arena == NULL)
			return -ENOMEM;
	}
	runner->pool = workers > 0 ? pool_new("job", workers, RUNNER_PLACES_MAX) : NULL;
	runner->arena = arena_new(LOOK_BYTES_MAX);
	return (workers > 0 && runner->pool == NULL) || runner->arena == NULL ? -ENOMEM : 0;
}

static int start(struct runner *runner)
{
	sigset_t all, old;
	int ret;

	sigfillset(&all); /* signals are for the thread that main chose */
	pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = -pthread_create(&runner->thread, NULL, runner_main, runner);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (ret == 0)
		pthread_setname_np(runner->thread, "jobs");
	return ret;
}

void runner_free(struct runner *runner)
{
	if (runner == NULL)
		return;
	pool_free(runner->pool);
	for (size_t i = 0; i < runner->place_count; i++)
		arena_free(runner->places[i].arena);
	arena_free(runner->arena);
	pthread_cond_destroy(&runner->changed);
	pthread_mutex_destroy(&runner->lock);
	free(runner);
}

int runner_new(const struct runner_options *options, struct runner **runner_r)
{
	struct runner *runner = calloc(1, sizeof(*runner));
	pthread_condattr_t monotonic;
	int ret;

	if (runner == NULL)
		return -ENOMEM;
	runner->options = *options;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&runner->lock, NULL);
	pthread_cond_init(&runner->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	ret = make_places(runner);
	if (ret == 0)
		ret = kv_update_wait(kv_of(runner), recover, runner);
	if (ret == 0)
		kv_watch(kv_of(runner), jobs_written, runner);
	if (ret == 0)
		ret = start(runner);
	if (ret < 0) {
		kv_watch(kv_of(runner), NULL, NULL);
		runner_free(runner);
		return ret;
	}
	*runner_r = runner;
	return 0;
}

/* Waits up to SECONDS until no place is taken. */
static bool wait_for_places(struct runner *runner, int64_t seconds)
{
	struct timespec until;
	bool all_free;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&runner->lock);
	while (busy_places(runner) > 0 && ret == 0)
		ret = pthread_cond_timedwait(&runner->changed, &runner->lock, &until);
	all_free = busy_places(runner) == 0;
	pthread_mutex_unlock(&runner->lock);
	return all_free;
}

/* Gives the leases back: whoever still runs has no say from here on. */
static int give_back(struct kv_txn *txn, void *arg)
{
	struct runner *runner = arg;
	struct job_run run = {.now = now_of(runner)};
	enum job_end end;
	int ret = 0;

	arena_reset(runner->arena);
	for (size_t i = 0; ret == 0 && i < runner->place_count; i++) {
		const struct place *place = &runner->places[i];
		bool running;

		pthread_mutex_lock(&runner->lock);
		running = place->state == PLACE_RUNNING;
		pthread_mutex_unlock(&runner->lock);
		if (running)
			ret = jobs_finish(txn, runner->arena, &place->job, &run, -ECANCELED, 0, &end);
	}
	return ret;
}

void runner_quiet(struct runner *runner)
{
	if (atomic_exchange(&runner->stop, true))
		return;
	kv_watch(kv_of(runner), NULL, NULL);
	pthread_mutex_lock(&runner->lock);
	runner->stopping = true;
	pthread_cond_broadcast(&runner->changed);
	pthread_mutex_unlock(&runner->lock);
	pthread_join(runner->thread, NULL);
}

bool runner_stop(struct runner *runner, int64_t seconds)
{
	runner_quiet(runner);
	if (wait_for_places(runner, seconds))
		return true;
	if (kv_update_wait(kv_of(runner), give_back, runner) < 0)
		log_event(LOG_WARN_LEVEL, "jobs", NULL, "leases could not be given back: they end by themselves", NULL);
	return false;
}
