#include <config.h>

#include "server/jobs/queue.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "server/jobs/backoff.h"

#define LEASE_ENDED "whoever ran it ended in the middle"

const struct job_kind *job_kind_find(const struct job_kinds *kinds, struct slice name)
{
	for (size_t i = 0; i < kinds->count; i++) {
		if (slice_is(name, kinds->at[i].name))
			return &kinds->at[i];
	}
	return NULL;
}

size_t job_kind_places(const struct job_kind *kind)
{
	return kind->at_once != 0 ? kind->at_once : JOB_AT_ONCE;
}

static uint32_t attempts_of(const struct job_kind *kind)
{
	return kind != NULL && kind->attempts_max != 0 ? kind->attempts_max : JOB_ATTEMPTS;
}

/* ---- what is to be done ---- */

struct looking {
	struct job_look *look;
	const struct job_kind *kind; /* that is looked at */
	size_t places;               /* of it that are free still */
	struct job_busy given[JOB_TASKS_MAX]; /* what this look lets begin */
	size_t given_count;
};

static bool has_key(const struct job_busy *busy, size_t count, const struct job *job)
{
	for (size_t i = 0; i < count; i++) {
		if (slice_equal(busy[i].kind, job->kind) && slice_equal(busy[i].key, job->key))
			return true;
	}
	return false;
}

static bool is_busy(const struct job_look *look, uint64_t id)
{
	for (size_t i = 0; i < look->busy_count; i++) {
		if (look->busy[i].id == id)
			return true;
	}
	return false;
}

/* Whether one may begin: nobody works on it, or under its key. */
static bool may_begin(const struct looking *looking, const struct job *job)
{
	const struct job_look *look = looking->look;

	if (is_busy(look, job->id))
		return false;
	return job->key.len == 0 || (!has_key(look->busy, look->busy_count, job) &&
	                                !has_key(looking->given, looking->given_count, job));
}

/* The room for it is there: JOB_TASKS_MAX bounds both lists. */
static int give(struct looking *looking, const struct job *job)
{
	struct job_busy *given = &looking->given[looking->given_count++];

	looking->places--;
	given->kind = slice_str(looking->kind->name);
	given->key = slice_of(arena_copy(looking->look->arena, job->key), job->key.len);
	return given->key.at != NULL ? 0 : -ENOMEM;
}

/* Whether something is to be done with a job whose time has come, and what. */
static bool task_of(const struct looking *looking, const struct job *job, enum job_task_kind *what_r)
{
	switch (job->state) {
	case JOB_READY:
		*what_r = looking->kind->in_update ? TASK_UPDATE : TASK_RUN;
		return may_begin(looking, job);
	case JOB_RUNNING:
		*what_r = TASK_EXPIRE;
		return !is_busy(looking->look, job->id);
	case JOB_DONE:
		*what_r = TASK_SWEEP;
		return true;
	case JOB_DEAD:
		break;
	}
	return false;
}

/* Of one kind, soonest first; 1 ends it. */
static int see_due(const struct job *job, void *arg)
{
	struct looking *looking = arg;
	struct job_look *look = looking->look;
	enum job_task_kind what;

	if (job->due > look->now || job->state == JOB_DEAD) {
		if (job->state != JOB_DEAD && job->due < look->next)
			look->next = job->due;
		return 1;
	}
	if (!task_of(looking, job, &what))
		return 0;
	if (look->count == JOB_TASKS_MAX) {
		look->more = true;
		return 1;
	}
	if (job->state == JOB_READY && looking->places == 0)
		return 1; /* the place that becomes free has it looked at again */
	look->tasks[look->count++] = (struct job_task){what, looking->kind, job->id, job->version};
	return job->state == JOB_READY ? give(looking, job) : 0;
}

int jobs_look(struct kv_txn *txn, struct job_look *look)
{
	struct looking looking = {.look = look};
	int ret = 0;

	assert(look->kinds->count <= JOBS_KINDS_MAX);
	look->count = 0;
	look->more = false;
	look->next = INSTANT_MAX;
	for (size_t i = 0; ret >= 0 && i < look->kinds->count; i++) {
		looking.kind = &look->kinds->at[i];
		looking.places = look->places[i];
		if (looking.kind->run != NULL)
			ret = store_job_each_of(txn, slice_str(looking.kind->name), see_due, &looking);
	}
	return ret < 0 ? ret : 0;
}

/* ---- one job's way ---- */

/* The row, if it is still that of VERSION and in STATE; -ESTALE. */
static int read_same(struct kv_txn *txn, struct arena *arena, uint64_t id, uint64_t version, enum job_state state,
    struct job *job_r)
{
	int ret = store_job_get(txn, arena, id, job_r);

	if (ret == -ENOENT)
		return -ESTALE;
	return ret == 0 && (job_r->version != version || job_r->state != state) ? -ESTALE : ret;
}

int jobs_lease(struct kv_txn *txn, struct arena *arena, const struct job_task *task, instant_t now, struct job *job_r)
{
	unsigned seconds = task->kind->lease_seconds != 0 ? task->kind->lease_seconds : JOB_LEASE_SECONDS;
	struct job job;
	int ret = read_same(txn, arena, task->id, task->version, JOB_READY, &job);

	if (ret < 0)
		return ret;
	job.state = JOB_RUNNING;
	job.lease_end = instant_add(now, seconds);
	job.due = job.lease_end;
	job.attempts++;
	ret = store_job_put(txn, &job);
	*job_r = job;
	return ret;
}

/* A run that failed for the last time, or not. JOB is the row, which counts this attempt. */
static int put_off(struct kv_txn *txn, struct job *job, const struct job_kind *kind, const char *error, instant_t now,
    uint64_t random, enum job_end *end_r)
{
	bool last = job->attempts >= attempts_of(kind);
	int newest = store_job_is_newest(txn, job);

	if (newest < 0)
		return newest;
	if (newest == 0) {
		*end_r = JOB_ENDED_SUPERSEDED;
		return store_job_delete(txn, job->id);
	}
	*end_r = JOB_ENDED_RETRY;
	job->state = JOB_READY;
	job->due = instant_add(now, job_backoff_seconds(job->attempts, random));
	job->last_error = slice_str(error);
	if (last && kind != NULL && kind->every_seconds != 0) {
		job->due = instant_add(now, kind->every_seconds);
		job->attempts = 0;
	} else if (last) {
		*end_r = JOB_ENDED_DEAD;
		job->state = JOB_DEAD;
		job->due = now;
	}
	job->lease_end = 0;
	return store_job_put(txn, job);
}

static void start_anew(struct job *job, instant_t due)
{
	job->state = JOB_READY;
	job->due = due;
	job->lease_end = 0;
	job->attempts = 0;
	job->last_error = SLICE_EMPTY;
}

/* When a job goes on after a success: as its run or its kind says; 0: it does not. */
static instant_t next_of(const struct job_run *run)
{
	if (run->next != 0)
		return run->next;
	return run->kind->every_seconds != 0 ? instant_add(run->now, run->kind->every_seconds) : 0;
}

static int end_well(struct kv_txn *txn, struct job *job, const struct job_run *run)
{
	instant_t next = next_of(run);
	int newest;

	if (next != 0) {
		newest = store_job_is_newest(txn, job);
		if (newest <= 0)
			return newest < 0 ? newest : store_job_delete(txn, job->id);
		start_anew(job, next);
		return store_job_put(txn, job);
	}
	if (run->kind->kept_seconds == 0)
		return store_job_delete(txn, job->id);
	job->state = JOB_DONE;
	job->lease_end = 0;
	job->due = instant_add(run->now, run->kind->kept_seconds);
	return store_job_put(txn, job);
}

static const char *words_of(const struct job_run *run, int ret)
{
	return run->error[0] != '\0' ? run->error : strerror(-ret);
}

int jobs_finish(struct kv_txn *txn, struct arena *arena, const struct job *job, const struct job_run *run, int ret,
    uint64_t random, enum job_end *end_r)
{
	struct job row;
	int read = read_same(txn, arena, job->id, job->version, JOB_RUNNING, &row);

	*end_r = JOB_ENDED_STALE;
	if (read < 0)
		return read == -ESTALE ? 0 : read;
	if (ret == -ECANCELED) {
		*end_r = JOB_ENDED_RETRY;
		row.state = JOB_READY;
		row.due = run->now;
		row.lease_end = 0;
		row.attempts--;
		return store_job_put(txn, &row);
	}
	if (ret < 0)
		return put_off(txn, &row, run->kind, words_of(run, ret), run->now, random, end_r);
	*end_r = JOB_ENDED_WELL;
	return end_well(txn, &row, run);
}

int jobs_run_in_update(struct kv_txn *txn, const struct job_task *task, struct job_run *run)
{
	struct job job, again;
	int ret = read_same(txn, run->arena, task->id, task->version, JOB_READY, &job);

	run->next = 0;
	run->error[0] = '\0';
	if (ret == 0)
		ret = store_job_delete(txn, job.id);
	if (ret < 0)
		return ret;
	run->job = &job;
	run->kind = task->kind;
	run->txn = txn;
	ret = task->kind->run(run);
	run->job = NULL;
	if (ret < 0 || next_of(run) == 0)
		return ret;
	again = job;
	start_anew(&again, next_of(run));
	again.id = 0;
	return store_job_put(txn, &again);
}

int jobs_fail_update(struct kv_txn *txn, const struct job_task *task, const struct job_run *run, int ret,
    uint64_t random, enum job_end *end_r)
{
	struct job row;
	int read = read_same(txn, run->arena, task->id, task->version, JOB_READY, &row);

	*end_r = JOB_ENDED_STALE;
	if (read < 0)
		return read == -ESTALE ? 0 : read;
	row.attempts++;
	return put_off(txn, &row, task->kind, words_of(run, ret), run->now, random, end_r);
}

int jobs_expire(struct kv_txn *txn, struct arena *arena, const struct job_task *task, instant_t now, uint64_t random,
    enum job_end *end_r)
{
	struct job row;
	int ret = read_same(txn, arena, task->id, task->version, JOB_RUNNING, &row);

	*end_r = JOB_ENDED_STALE;
	if (ret < 0)
		return ret == -ESTALE ? 0 : ret;
	return put_off(txn, &row, task->kind, LEASE_ENDED, now, random, end_r);
}

int jobs_sweep(struct kv_txn *txn, struct arena *arena, const struct job_task *task, instant_t now)
{
	struct job row;
	int ret = read_same(txn, arena, task->id, task->version, JOB_DONE, &row);

	if (ret < 0 || row.due > now)
		return ret == -ESTALE ? 0 : ret;
	return store_job_delete(txn, row.id);
}

/* ---- start ---- */

struct found {
	uint64_t *ids;
	size_t count, capacity;
	int (*wanted)(const struct job *job, const void *arg); /* 1: take it */
	const void *arg;
};

/* Takes ids; 1 when there is no room for another. */
static int take_id(const struct job *job, void *arg)
{
	struct found *found = arg;

	if (!found->wanted(job, found->arg))
		return 0;
	if (found->count == found->capacity)
		return 1;
	found->ids[found->count++] = job->id;
	return 0;
}

static int is_running(const struct job *job, const void *arg)
{
	(void)arg;
	return job->state == JOB_RUNNING;
}

static int release(struct kv_txn *txn, struct arena *arena, const struct job_kinds *kinds, uint64_t id, instant_t now)
{
	const struct job_kind *kind;
	enum job_end end;
	struct job job;
	int ret = store_job_get(txn, arena, id, &job);

	if (ret < 0)
		return ret;
	kind = job_kind_find(kinds, job.kind);
	ret = put_off(txn, &job, kind, LEASE_ENDED, now, 0, &end);
	if (ret < 0 || end != JOB_ENDED_RETRY)
		return ret;
	job.due = now; /* it was not the job's fault, most likely */
	return store_job_put(txn, &job);
}

/* The only one of its kind that has a time is found by its key. */
static int ensure(struct kv_txn *txn, struct arena *arena, const struct job_kind *kind, instant_t now)
{
	struct slice name = slice_str(kind->name);
	struct job job = {.due = now, .created = now, .kind = name, .key = name, .payload = SLICE("{}")}, present;
	int ret = store_job_get_by_key(txn, arena, name, name, &present);

	return ret == -ENOENT ? store_job_put(txn, &job) : ret;
}

int jobs_recover(struct kv_txn *txn, struct arena *arena, const struct job_kinds *kinds, instant_t now)
{
	uint64_t ids[JOB_TASKS_MAX];
	struct found found;
	int ret;

	do {
		found = (struct found){.ids = ids, .capacity = ARRAY_LEN(ids), .wanted = is_running};
		ret = store_job_each_by_id(txn, 0, take_id, &found);
		for (size_t i = 0; ret >= 0 && i < found.count; i++) {
			int failed = release(txn, arena, kinds, ids[i], now);

			ret = failed < 0 ? failed : ret;
		}
	} while (ret == 1);
	for (size_t i = 0; ret == 0 && i < kinds->count; i++) {
		if (kinds->at[i].every_seconds != 0)
			ret = ensure(txn, arena, &kinds->at[i], now);
	}
	return ret;
}

/* ---- for people ---- */

static int is_wanted(const struct job *job, const void *arg)
{
	const struct jobs_filter *filter = arg;

	return (filter->state == 0 || job->state == filter->state) &&
	       (filter->kind.len == 0 || slice_equal(job->kind, filter->kind));
}

int jobs_list(struct kv_txn *txn, struct arena *arena, const struct jobs_filter *filter, struct jobs_page *page_r)
{
	struct found found = {.capacity = filter->limit, .wanted = is_wanted, .arg = filter};
	struct jobs_page page = {0};
	int ret;

	assert(filter->limit > 0 && filter->limit <= JOBS_PAGE_MAX);
	found.ids = arena_array(arena, filter->limit, sizeof(*found.ids));
	page.at = arena_array(arena, filter->limit, sizeof(*page.at));
	if (found.ids == NULL || page.at == NULL)
		return -ENOMEM;
	ret = store_job_each_by_id(txn, filter->after, take_id, &found);
	page.next = ret == 1 ? found.ids[found.count - 1] : 0;
	for (size_t i = 0; ret >= 0 && i < found.count; i++) {
		int failed = store_job_get(txn, arena, found.ids[i], &page.at[page.count++]);

		ret = failed < 0 ? failed : ret;
	}
	if (ret < 0)
		return ret;
	*page_r = page;
	return 0;
}

int jobs_retry(struct kv_txn *txn, struct arena *arena, uint64_t id, instant_t now)
{
	struct job job;
	int newest, ret = store_job_get(txn, arena, id, &job);

	if (ret < 0)
		return ret;
	if (job.state == JOB_RUNNING || job.state == JOB_DONE)
		return job.state == JOB_RUNNING ? -EBUSY : -EALREADY;
	newest = store_job_is_newest(txn, &job);
	if (newest <= 0)
		return newest < 0 ? newest : -ESTALE;
	start_anew(&job, now);
	return store_job_put(txn, &job);
}

int jobs_drop(struct kv_txn *txn, struct arena *arena, uint64_t id)
{
	struct job job;
	int ret = store_job_get(txn, arena, id, &job);

	if (ret < 0)
		return ret;
	return job.state == JOB_RUNNING ? -EBUSY : store_job_delete(txn, id);
}

struct counting {
	struct arena *arena;
	struct jobs_count *rows;
	size_t count;
};

static int count_job(const struct job *job, void *arg)
{
	struct counting *counting = arg;
	size_t i = 0;

	while (i < counting->count && !slice_equal(counting->rows[i].kind, job->kind))
		i++;
	if (i == JOBS_KINDS_MAX)
		i--;
	if (i == counting->count) {
		counting->rows[i].kind = slice_of(arena_copy(counting->arena, job->kind), job->kind.len);
		if (counting->rows[i].kind.at == NULL)
			return -ENOMEM;
		counting->count++;
	}
	counting->rows[i].of[job->state]++;
	return 0;
}

int jobs_count(struct kv_txn *txn, struct arena *arena, struct jobs_count **rows_r, size_t *count_r)
{
	struct counting counting = {.arena = arena};
	int ret;

	counting.rows = arena_array(arena, JOBS_KINDS_MAX, sizeof(*counting.rows));
	if (counting.rows == NULL)
		return -ENOMEM;
	ret = store_job_each_by_id(txn, 0, count_job, &counting);
	if (ret < 0)
		return ret;
	*rows_r = counting.rows;
	*count_r = counting.count;
	return 0;
}
