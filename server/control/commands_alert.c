/* Alerts: what a person has to see to. */
#include <config.h>

#include <errno.h>

#include "protocol/json/json.h"
#include "server/booking/alerts.h"
#include "server/control/commands_private.h"

#define ARENA_BYTES_MAX (64u << 20) /* of one page */

static const struct change_origin operator_origin = {.kind = ORIGIN_OPERATOR};

struct alert_call {
	struct command_call *call;
	struct alerts_filter filter;
	struct arena *arena; /* of the page */
	struct alerts_page page;
	uint64_t id;
};

/* ---- alert list ---- */

static int list_in(struct kv_txn *txn, void *arg)
{
	struct alert_call *alerts = arg;

	return alerts_list(alerts->call->app->changes, txn, alerts->arena, &alerts->filter, &alerts->page);
}

static void show(struct buf *b, const struct alert_view *view)
{
	const struct alert *alert = &view->alert;

	buf_printf(b, "%-6llu %-8s %.*s ", (unsigned long long)alert->id, alert_state_word(alert->state),
	    SLICE_ARG(view->member));
	buf_add_rfc3339(b, alert->at.start, 0);
	buf_printf(b, " booking %.*s, under %.*s in %.*s\n", SLICE_ARG(alert->booking), SLICE_ARG(alert->event),
	    SLICE_ARG(view->collection));
	for (size_t i = 0; i < view->alternative_count; i++) {
		buf_add_str(b, i == 0 ? "       free: " : ", ");
		buf_add_rfc3339(b, view->alternatives[i].start, 0);
	}
	if (view->alternative_count > 0)
		buf_add_char(b, '\n');
}

static int show_page(struct alert_call *alerts, bool json)
{
	struct buf *out = &alerts->call->out;
	int ret;

	arena_reset(alerts->arena);
	ret = kv_view(store_kv(alerts->call->app->store), list_in, alerts);
	for (size_t i = 0; ret == 0 && i < alerts->page.count; i++) {
		if (json)
			alert_add_json(out, &alerts->page.at[i]);
		else
			show(out, &alerts->page.at[i]);
	}
	alerts->filter.after = alerts->page.next;
	return ret;
}

int command_alert_list(struct command_call *call)
{
	struct alert_call alerts = {.call = call, .filter = {.state = ALERT_OPEN, .limit = ALERTS_PAGE_MAX}};
	const char *state = command_option(call, "state");
	bool json = command_option(call, "json") != NULL;
	int ret;

	if (command_option(call, "all") != NULL)
		alerts.filter.state = 0;
	if (state != NULL && (alerts.filter.state = alert_state_of(slice_str(state))) == 0)
		return command_fail(call, COMMAND_USAGE, "--state: %s is neither open nor resolved", state);
	alerts.arena = arena_new(ARENA_BYTES_MAX);
	if (alerts.arena == NULL)
		return command_store_failed(call, -ENOMEM);
	if (json)
		json_open_array(&call->out, NULL);
	do
		ret = show_page(&alerts, json);
	while (ret == 0 && alerts.page.next != 0);
	arena_free(alerts.arena);
	if (json) {
		json_close_array(&call->out);
		buf_add_char(&call->out, '\n');
	}
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

/* ---- alert resolve ---- */

static int resolve_in(struct kv_txn *txn, void *arg)
{
	const struct alert_call *alerts = arg;
	struct command_call *call = alerts->call;

	return alerts_resolve(call->app->changes, txn, call->arena, alerts->id, &operator_origin);
}

int command_alert_resolve(struct command_call *call)
{
	struct alert_call alerts = {.call = call};
	const char *id = call->arguments[0];
	int ret;

	if (slice_to_u64(slice_str(id), UINT64_MAX, &alerts.id) < 0 || alerts.id == 0)
		return command_fail(call, COMMAND_USAGE, "%s is no number of alert list", id);
	ret = kv_update_wait(store_kv(call->app->store), resolve_in, &alerts);
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no alert %s", id);
	if (ret == -EALREADY)
		return command_fail(call, COMMAND_FAILED, "alert %s is resolved", id);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}
