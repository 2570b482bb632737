#include <config.h>

#include "server/job_kinds.h"

#include "protocol/base/cleanup.h"
#include "server/app.h"
#include "server/booking/booking.h"
#include "server/booking/change.h"

#define HORIZON_BATCH 100 /* series in one run; then others may come first */

static int run_touch(struct job_run *run)
{
	return change_run_touch(run->txn, run->arena, run->job, run->now);
}

static int run_sweep(struct job_run *run)
{
	const struct app *app = run->arg;

	return change_run_sweep(app->changes, run->txn, run->arena, run->job, run->now);
}

static int run_inbox_expiry(struct job_run *run)
{
	const struct app *app = run->arg;

	return change_run_inbox_expiry(app->changes, run->txn, run->arena, run->job, run->now);
}

static int run_prune(struct job_run *run)
{
	const struct app *app = run->arg;

	return change_prune(app->changes);
}

static int run_horizon(struct job_run *run)
{
	const struct app *app = run->arg;
	int ret = change_extend_horizon(app->changes, HORIZON_BATCH);

	if (ret == HORIZON_BATCH)
		run->next = run->now;
	return ret;
}

static int run_expired_holds(struct job_run *run)
{
	const struct app *app = run->arg;

	return booking_sweep_holds(app->changes);
}

static const struct job_kind rows[] = {
    /* the new ETag of a refused object that was put off, at its minute's end */
    {.name = "touch", .run = run_touch, .in_update = true, .at_once = 8},
    /* the cancelled copy of a refused item goes after a week */
    {.name = "refused_sweep", .run = run_sweep, .in_update = true, .at_once = 8},
    /* an item of an inbox that nobody deleted goes after a month */
    {.name = "inbox_expiry", .run = run_inbox_expiry, .in_update = true, .at_once = 8},
    /* tombstones that no sync token needs any more */
    {.name = "prune", .run = run_prune, .every_seconds = HOUR_SECONDS, .lease_seconds = 600, .at_once = 1},
    /* the index of series without end, ahead of the time */
    {.name = "horizon", .run = run_horizon, .every_seconds = HOUR_SECONDS, .lease_seconds = 600, .at_once = 1},
    /* holds that nobody confirmed; their time is free already, but nobody has looked at them since */
    {.name = "expired_holds", .run = run_expired_holds, .every_seconds = MINUTE_SECONDS, .at_once = 1},
    /* words to people: they wait for the mail */
    {.name = "booking_notice"},
    {.name = "refusal_notice"},
    {.name = "itip_mail"}, /* invitations and answers for people outside */
    {.name = "booking_cancelled"},
    {.name = "overlap_alert"},
};

const struct job_kinds job_kinds = {rows, ARRAY_LEN(rows)};
