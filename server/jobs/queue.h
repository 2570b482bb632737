/*
 * jobs/queue - the durable queue as functions of a transaction: what is due, who works on it, how it ended.
 *
 * A job is written in the update of its cause (store_job_put). Whoever runs it leases it first, in an update of its own:
 * RUNNING until lease_end. How it ended is recorded only when the row is still the one that was leased, told by its
 * version: what was retried, dropped or leased anew meanwhile is nobody's to strike out. A job that is put under the key
 * of one that runs is a row of its own, waits until that one has ended, and takes its place when it fails: the newer says
 * all that the older said. So a run may be repeated after a crash, and its effect must stand being repeated.
 *
 * The clock and chance are arguments. All of this runs inside kv_view or kv_update and may run again.
 */
#ifndef SERVER_JOBS_QUEUE_H
#define SERVER_JOBS_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "storage/store.h"

#define JOB_LEASE_SECONDS 60  /* of a kind that says nothing else */
#define JOB_ATTEMPTS      10  /* likewise; with the waits of backoff.h about an hour and a half */
#define JOB_AT_ONCE       2   /* likewise */
#define JOB_ERROR_MAX     200 /* bytes of what is kept of a failure */

struct job_kind;

/* One run. */
struct job_run {
	const struct job *job;
	const struct job_kind *kind;
	struct arena *arena; /* ends with the run */
	struct kv_txn *txn;  /* of a kind that runs in its update, else NULL */
	instant_t now;
	void *arg;               /* of whoever made the runner */
	const atomic_bool *stop; /* true: end soon; -ECANCELED is as if the run had not begun. NULL in an update */
	instant_t next;                /* set by the function: it goes on as it is, at this time; 0: that was all */
	char error[JOB_ERROR_MAX + 1]; /* set by the function when it fails: what a person reads; else errno's words */
};

/* 0, or -errno: it is tried again. */
typedef int job_fn(struct job_run *run);

/* What the runner knows of one kind; 0 in a number is the default above. */
struct job_kind {
	const char *name;
	job_fn *run;            /* NULL: it waits, READY and for all to see, until a version comes that can run it */
	bool in_update;         /* RUN belongs to the update that strikes the job out: exactly once; it may only touch run->txn */
	unsigned lease_seconds; /* after a crash it is left alone so long */
	unsigned attempts_max;  /* then it is DEAD and a person decides */
	unsigned at_once;       /* its own places: a slow kind takes none of another's */
	int64_t kept_seconds;   /* a success is kept so long as DONE, so that a repeat under its key is recognised; 0: it goes */
	int64_t every_seconds;  /* not 0: there is always one, run so long after its last run; it is never DEAD */
};

struct job_kinds {
	const struct job_kind *at;
	size_t count;
};

/* NULL for a kind of another version. */
const struct job_kind *job_kind_find(const struct job_kinds *kinds, struct slice name);
/* at_once, or its default. */
size_t job_kind_places(const struct job_kind *kind);

/* ---- what is to be done ---- */

enum job_task_kind {
	TASK_RUN,    /* lease it and run it */
	TASK_UPDATE, /* run it inside one update */
	TASK_EXPIRE, /* whoever leased it is gone */
	TASK_SWEEP,  /* DONE, and kept long enough */
};

struct job_task {
	enum job_task_kind what;
	const struct job_kind *kind;
	uint64_t id, version;
};

/* What somebody in this process works on: it does not expire, and no other job of its key begins beside it. */
struct job_busy {
	uint64_t id;
	struct slice kind, key;
};

#define JOB_TASKS_MAX 64

struct job_look {
	const struct job_kinds *kinds;
	const size_t *places; /* free ones of each kind */
	const struct job_busy *busy;
	size_t busy_count;
	struct arena *arena;
	instant_t now;
	/* found */
	struct job_task tasks[JOB_TASKS_MAX];
	size_t count;
	bool more;      /* there were more than JOB_TASKS_MAX */
	instant_t next; /* the soonest time that lies ahead; INSTANT_MAX: none */
};

/* Looks at what is due, kind by kind, soonest first. What waits of kinds that nobody runs, and what was given up, costs nothing. */
int jobs_look(struct kv_txn *txn, struct job_look *look);

/* ---- one job's way ---- */

/* READY to RUNNING. *JOB_R, of ARENA, is the row as it is now; -ESTALE: somebody else changed it since it was seen. */
int jobs_lease(struct kv_txn *txn, struct arena *arena, const struct job_task *task, instant_t now, struct job *job_r);

enum job_end {
	JOB_ENDED_WELL,
	JOB_ENDED_RETRY, /* it failed and is tried again */
	JOB_ENDED_DEAD,
	JOB_ENDED_SUPERSEDED, /* it failed, and a newer one of its key is there */
	JOB_ENDED_STALE,      /* the row is another by now: nothing was written */
};

/*
 * How a run of JOB ended, RET of its function: strikes it out, keeps it, or puts it off. RUN holds next and error. *END_R is
 * what became of it.
 */
int jobs_finish(struct kv_txn *txn, struct arena *arena, const struct job *job, const struct job_run *run, int ret,
    uint64_t random, enum job_end *end_r);
/*
 * The whole of TASK_UPDATE: strikes the job out, then calls RUN of its kind, which may put it anew; RUN->arena, now, arg
 * are set. What RUN returns; the update must fail with it. -ESTALE as above.
 */
int jobs_run_in_update(struct kv_txn *txn, const struct job_task *task, struct job_run *run);
/* A failed run of TASK_UPDATE, in the update behind the one that failed. */
int jobs_fail_update(struct kv_txn *txn, const struct job_task *task, const struct job_run *run, int ret,
    uint64_t random, enum job_end *end_r);
/* TASK_EXPIRE and TASK_SWEEP. */
int jobs_expire(struct kv_txn *txn, struct arena *arena, const struct job_task *task, instant_t now, uint64_t random,
    enum job_end *end_r);
int jobs_sweep(struct kv_txn *txn, struct arena *arena, const struct job_task *task, instant_t now);

/*
 * At start, when no process has the store but this: what was RUNNING is READY at once (DEAD after its last attempt), and
 * each kind that has a time has its job.
 */
int jobs_recover(struct kv_txn *txn, struct arena *arena, const struct job_kinds *kinds, instant_t now);

/* ---- for people ---- */

#define JOBS_PAGE_MAX 500

struct jobs_filter {
	enum job_state state; /* 0: any */
	struct slice kind;    /* empty: any */
	uint64_t after;       /* the cursor: `next` of the page before; 0: from the beginning */
	size_t limit;         /* 1 to JOBS_PAGE_MAX */
};

struct jobs_page {
	struct job *at; /* by id; of the arena */
	size_t count;
	uint64_t next; /* 0: there are no more */
};

int jobs_list(struct kv_txn *txn, struct arena *arena, const struct jobs_filter *filter, struct jobs_page *page_r);

/*
 * Due now, with all its attempts again. -ENOENT; -EBUSY: it runs; -EALREADY: it is done; -ESTALE: a newer job of its key says
 * what it said.
 */
int jobs_retry(struct kv_txn *txn, struct arena *arena, uint64_t id, instant_t now);
/* -ENOENT; -EBUSY: it runs. */
int jobs_drop(struct kv_txn *txn, struct arena *arena, uint64_t id);

/* One row of what there is: so many of one kind in each state. */
struct jobs_count {
	struct slice kind; /* of the arena */
	uint64_t of[JOB_DEAD + 1]; /* by enum job_state */
};

#define JOBS_KINDS_MAX 64 /* kinds counted apart; what is beyond is counted with the last */

/* *ROWS_R, of ARENA, has *COUNT_R rows. */
int jobs_count(struct kv_txn *txn, struct arena *arena, struct jobs_count **rows_r, size_t *count_r);

#endif
