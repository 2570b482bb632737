#include <config.h>

#include <errno.h>

#include "server/booking/audit.h"
#include "server/booking/person_hours.h"
#include "server/control/commands_private.h"

struct hours_write {
	struct command_call *call;
	struct slice json;
	struct principal principal;
};

/* The text as it will be kept: without white space at its ends. */
static struct slice trim(struct slice text)
{
	while (text.len > 0 && (unsigned char)text.at[text.len - 1] <= ' ')
		text.len--;
	while (text.len > 0 && (unsigned char)text.at[0] <= ' ')
		text = slice_from(text, 1);
	return text;
}

static int set_in(struct kv_txn *txn, void *arg)
{
	static const struct change_origin operator_origin = {.kind = ORIGIN_OPERATOR};
	struct hours_write *write = arg;
	const struct app *app = write->call->app;
	struct principal principal;
	struct slice before;
	int ret = store_principal_get(txn, write->call->arena, slice_str(write->call->arguments[0]), &principal);

	if (ret < 0)
		return ret;
	before = principal.hours;
	ret = person_hours_set(app->changes, txn, write->call->arena, &principal, write->json);
	return ret < 0 ? ret
	               : audit_change(txn, clock_now(app->clock), &operator_origin, "hours", principal.name,
	                     before.len > 0 ? "update" : "create", before, principal.hours);
}

static int nobody(struct command_call *call)
{
	return command_fail(call, COMMAND_FAILED, "there is no user or resource %s", call->arguments[0]);
}

int command_hours_set(struct command_call *call)
{
	struct hours_write write = {.call = call};
	struct error err = ERROR_NONE;
	int ret;

	if (call->file_count == 0)
		return command_fail(call, COMMAND_USAGE, "hours set: no file");
	write.json = trim(call->files[0].bytes);
	ret = person_hours_check(call->arena, call->app->zones, write.json, &err);
	if (ret == -EINVAL)
		return command_fail(call, COMMAND_USAGE, "%s: %s", call->files[0].name, err.detail);
	if (ret == 0)
		ret = kv_update_wait(store_kv(call->app->store), set_in, &write);
	if (ret == -ENOENT)
		return nobody(call);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

static int show_in(struct kv_txn *txn, void *arg)
{
	struct hours_write *write = arg;

	return store_principal_get(txn, write->call->arena, slice_str(write->call->arguments[0]), &write->principal);
}

int command_hours_show(struct command_call *call)
{
	struct hours_write write = {.call = call};
	int ret = kv_view(store_kv(call->app->store), show_in, &write);

	if (ret == -ENOENT)
		return nobody(call);
	if (ret < 0)
		return command_store_failed(call, ret);
	buf_add_slice(&call->out, write.principal.hours.len > 0 ? write.principal.hours : SLICE("{\"weekly\":{}}"));
	buf_add_char(&call->out, '\n');
	return COMMAND_OK;
}
