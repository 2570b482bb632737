#include <config.h>

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "protocol/json/json.h"
#include "server/base/metrics.h"
#include "server/booking/change.h"
#include "server/booking/verify.h"
#include "server/control/commands_private.h"

int command_init(struct command_call *call)
{
	if (call->live)
		return command_fail(call, COMMAND_FAILED, "a server runs here: the store is there already");
	/* opening it has made what was missing */
	return COMMAND_OK;
}

static void print_disagreement(const char *sentence, void *arg)
{
	struct command_call *call = arg;

	buf_add_str(&call->out, sentence);
	buf_add_char(&call->out, '\n');
}

int command_backup(struct command_call *call)
{
	struct error err = ERROR_NONE;
	int ret = kv_backup(store_kv(call->app->store), call->arguments[0], &err);

	return ret < 0 ? command_fail(call, COMMAND_FAILED, "%s", err.detail) : COMMAND_OK;
}

int command_restore(struct command_call *call)
{
	struct error err = ERROR_NONE;
	char aside[64];
	struct tm tm;
	time_t now = time(NULL);
	int ret;

	if (call->live)
		return command_fail(call, COMMAND_FAILED, "a server runs here: stop it first");
	if (gmtime_r(&now, &tm) == NULL || strftime(aside, sizeof(aside), "replaced-%Y%m%dT%H%M%SZ.mdb", &tm) == 0)
		return command_fail(call, COMMAND_FAILED, "the clock cannot be read");
	ret = store_restore(call->data, call->arguments[0], aside, &err);
	if (ret < 0)
		return command_fail(call, COMMAND_FAILED, "%s", err.detail[0] != '\0' ? err.detail : strerror(-ret));
	buf_printf(&call->out, "the former store, if there was one, is %s/%s\n", call->data, aside);
	return COMMAND_OK;
}

int command_check(struct command_call *call)
{
	struct verify_counts counts = {0};
	int ret = 0;

	if (command_option(call, "repair") != NULL)
		ret = change_repair(call->app->changes, print_disagreement, call);
	if (ret < 0)
		return command_store_failed(call, ret);
	ret = verify_store(call->app->changes, print_disagreement, call, &counts);

	if (ret < 0)
		return command_store_failed(call, ret);
	buf_printf(&call->out,
	    "%" PRIu64 " principals, %" PRIu64 " collections, %" PRIu64 " objects, %" PRIu64 " index rows: %" PRIu64
	    " disagreements\n",
	    counts.principals, counts.collections, counts.objects, counts.rows, counts.disagreements);
	return counts.disagreements > 0 ? COMMAND_FAILED : COMMAND_OK;
}

struct counts {
	struct kv_stats store;
	int64_t users, resources, alerts, jobs, running, dead;
};

static int count_principal(const struct principal *principal, void *arg)
{
	struct counts *counts = arg;

	if (principal->kind == PRINCIPAL_USER)
		counts->users++;
	else if (principal->kind == PRINCIPAL_RESOURCE)
		counts->resources++;
	return 0;
}

static int count_alert(const struct alert *alert, void *arg)
{
	struct counts *counts = arg;

	counts->alerts += alert->state == ALERT_OPEN;
	return 0;
}

static int count_job(const struct job *job, void *arg)
{
	struct counts *counts = arg;

	counts->jobs++;
	counts->running += job->state == JOB_RUNNING;
	counts->dead += job->state == JOB_DEAD;
	return 0;
}

static int count_in(struct kv_txn *txn, void *arg)
{
	struct counts *counts = arg;
	int ret;

	counts->users = counts->resources = counts->alerts = counts->jobs = counts->running = counts->dead = 0;
	ret = store_principal_each(txn, count_principal, counts);
	if (ret == 0)
		ret = store_alert_each(txn, count_alert, counts);
	return ret < 0 ? ret : store_job_each_by_id(txn, 0, count_job, counts);
}

int command_status(struct command_call *call)
{
	const struct app *app = call->app;
	struct counts counts = {0};
	int ret = kv_view(store_kv(app->store), count_in, &counts);

	if (ret == 0)
		ret = kv_stats(store_kv(app->store), &counts.store);
	if (ret < 0)
		return command_store_failed(call, ret);
	const struct {
		const char *name;
		int64_t value;
	} rows[] = {
	    {"connections", call->live ? metrics_get(app->metrics, METRIC_HTTP_CONNECTIONS_OPEN) : 0},
	    {"users", counts.users},
	    {"resources", counts.resources},
	    {"alerts", counts.alerts},
	    {"jobs", counts.jobs},
	    {"jobs_running", counts.running},
	    {"jobs_dead", counts.dead},
	    {"updates_waiting", (int64_t)counts.store.queued},
	    {"store_rows", (int64_t)counts.store.rows},
	    {"store_bytes", (int64_t)counts.store.bytes_used},
	    {"store_bytes_reserved", (int64_t)counts.store.bytes_reserved},
	};
	bool json = command_option(call, "json") != NULL;

	if (json) {
		json_open_object(&call->out, NULL);
		json_add_boolean(&call->out, "running", call->live);
	} else {
		buf_printf(&call->out, "%-22s%s\n", "running", call->live ? "yes" : "no");
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (json)
			json_add_integer(&call->out, rows[i].name, rows[i].value);
		else
			buf_printf(&call->out, "%-22s%lld\n", rows[i].name, (long long)rows[i].value);
	}
	if (json)
		json_close_object(&call->out);
	if (json)
		buf_add_char(&call->out, '\n');
	return COMMAND_OK;
}
