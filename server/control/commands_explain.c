#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/ical/calendar_object.h"
#include "server/base/tzdata.h"
#include "server/booking/explain.h"
#include "server/control/commands_private.h"

static enum explain_form form_of(const struct command_call *call)
{
	return command_option(call, "json") != NULL ? EXPLAIN_JSON : EXPLAIN_FOR_PEOPLE;
}

/* ---- a case ---- */

static int explain(struct command_call *call, const struct zone_set *zones)
{
	struct error err = ERROR_NONE;
	int ret = explain_case(call->arena, zones, call->files[0].bytes, form_of(call), &call->out, &err);

	if (ret == 0)
		return COMMAND_OK;
	buf_reset(&call->out);
	if (ret == -EINVAL)
		return command_fail(call, COMMAND_USAGE, "%s: %s", call->files[0].name, err.detail);
	return command_fail(call, COMMAND_FAILED, "%s: %s", call->files[0].name,
	    ret == -E2BIG ? "it asks for too much at once" : strerror(-ret));
}

static int explain_of_case(struct command_call *call)
{
	struct zone_set *zones = NULL;
	struct error err = ERROR_NONE;
	int status;

	calendar_object_init();
	if (tzdata_load(NULL, &zones, &err) < 0)
		return command_fail(call, COMMAND_FAILED, "%s", err.detail);
	status = explain(call, zones);
	zone_set_free(zones);
	return status;
}

/* ---- what is in the store ---- */

struct stored_call {
	struct command_call *call;
	struct explain_stored asked;
	struct error err;
};

static int stored_in(struct kv_txn *txn, void *arg)
{
	struct stored_call *stored = arg;
	struct command_call *call = stored->call;

	return explain_stored(call->app->changes, txn, call->arena, &stored->asked, form_of(call), &call->out, &stored->err);
}

static int explain_of_store(struct command_call *call)
{
	struct stored_call stored = {
		.call = call,
		.asked = {
			.service = slice_str(command_option(call, "service")),
			.staff = slice_str(command_option(call, "staff")),
			.at = slice_str(command_option(call, "at")),
		},
		.err = ERROR_NONE,
	};
	int ret;

	if (stored.asked.at.len == 0)
		return command_fail(call, COMMAND_USAGE, "explain: --at is missing");
	if (command_option(call, "file") != NULL)
		return command_fail(call, COMMAND_USAGE, "explain: --file and --service do not go together");
	ret = kv_view(store_kv(call->app->store), stored_in, &stored);
	if (ret == 0)
		return COMMAND_OK;
	buf_reset(&call->out);
	if (ret == -EINVAL)
		return command_fail(call, COMMAND_USAGE, "--%s", stored.err.detail);
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no service %s", command_option(call, "service"));
	return command_store_failed(call, ret);
}

int command_explain(struct command_call *call)
{
	return command_is_case(call) ? explain_of_case(call) : explain_of_store(call);
}
