/* What can be booked, and when the business is closed. */
#include <config.h>

#include <errno.h>

#include "protocol/ical/timezone.h"
#include "protocol/json/json.h"
#include "server/base/config.h"
#include "server/booking/audit.h"
#include "server/booking/booking.h"
#include "server/booking/rules/hours.h"
#include "server/booking/services.h"
#include "server/control/commands_private.h"

static const struct change_origin operator_origin = {.kind = ORIGIN_OPERATOR};

/* The JSON that was given; DOCUMENT_R is the caller's then. COMMAND_OK or a status. */
static int take_json(struct command_call *call, size_t max, struct json_document **document_r, struct json_value *root_r)
{
	struct error err = ERROR_NONE;
	int ret;

	if (call->file_count == 0)
		return command_fail(call, COMMAND_USAGE, "%s: no file", call->command->name);
	ret = json_read(call->files[0].bytes, max, document_r, &err);
	if (ret == -ENOMEM)
		return command_store_failed(call, ret);
	if (ret < 0)
		return command_fail(call, COMMAND_USAGE, "%s: %s", call->files[0].name, err.detail);
	*root_r = json_root(*document_r);
	return COMMAND_OK;
}

/* ---- service add ---- */

struct service_call {
	struct command_call *call;
	struct policy policy;
	enum services_how how;
	bool force, json;
	int cancelled;
	struct error err;
};

static int write_in(struct kv_txn *txn, void *arg)
{
	struct service_call *write = arg;
	const struct app *app = write->call->app;
	bool created;

	return services_write(txn, write->call->arena, app->zones, clock_now(app->clock), &operator_origin, &write->policy,
	    write->how, &created, &write->err);
}

/* From the file; the policy does not point into it. */
static int take_policy(struct command_call *call, struct policy *policy_r)
{
	struct json_document *document;
	struct error err = ERROR_NONE;
	struct json_value root;
	int ret, status = take_json(call, POLICY_BYTES_MAX, &document, &root);

	if (status != COMMAND_OK)
		return status;
	ret = policy_read(call->arena, &root, true, policy_r, &err);
	json_free(document);
	if (ret == -EINVAL)
		return command_fail(call, COMMAND_USAGE, "%s: %s", call->files[0].name, err.detail);
	if (ret < 0)
		return command_store_failed(call, ret);
	if (!policy_id_is_good(policy_r->id))
		return command_fail(call, COMMAND_USAGE, "%s: id: letters, digits and -_. are wanted", call->files[0].name);
	return COMMAND_OK;
}

int command_service_add(struct command_call *call)
{
	struct service_call write = {.call = call, .how = SERVICES_CREATE, .err = ERROR_NONE};
	int ret, status = take_policy(call, &write.policy);

	if (status != COMMAND_OK)
		return status;
	if (command_option(call, "replace") != NULL)
		write.how = SERVICES_PUT;
	ret = kv_update_wait(store_kv(call->app->store), write_in, &write);
	if (ret == -EEXIST)
		return command_fail(call, COMMAND_FAILED, "there is a service %.*s already; --replace changes it",
		    SLICE_ARG(write.policy.id));
	if (ret == -EINVAL)
		return command_fail(call, COMMAND_USAGE, "%s: %s", call->files[0].name, write.err.detail);
	if (ret < 0)
		return command_store_failed(call, ret);
	buf_printf(&call->out, "%.*s\n", SLICE_ARG(write.policy.id));
	return COMMAND_OK;
}

/* ---- service list, service show ---- */

static void show_json(struct service_call *show, struct buf *out)
{
	struct policy *policy = &show->policy;

	if (policy->timezone.len == 0)
		policy->timezone = slice_str(config_get(show->call->app->config)->timezone);
	policy_write(out, NULL, policy, true);
}

static int see_service(const struct service *service, void *arg)
{
	struct service_call *list = arg;
	struct buf *out = &list->call->out;
	const struct policy *policy = &list->policy;
	int ret = services_read(list->call->arena, service, &list->policy);

	if (ret < 0)
		return ret;
	if (list->json) {
		show_json(list, out);
		return 0;
	}
	buf_printf(out, "%-20.*s %5lld min  ", SLICE_ARG(policy->id), (long long)(policy->duration / MINUTE_SECONDS));
	for (size_t i = 0; i < policy->staff_count; i++)
		buf_printf(out, "%s%.*s", i > 0 ? "," : "", SLICE_ARG(policy->staff[i]));
	buf_printf(out, "  %.*s\n", SLICE_ARG(policy->name));
	return 0;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	return store_service_each(txn, see_service, arg);
}

int command_service_list(struct command_call *call)
{
	struct service_call list = {.call = call, .json = command_option(call, "json") != NULL};
	int ret;

	if (list.json)
		json_open_array(&call->out, NULL);
	ret = kv_view(store_kv(call->app->store), list_in, &list);
	if (list.json) {
		json_close_array(&call->out);
		buf_add_char(&call->out, '\n');
	}
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

static int show_in(struct kv_txn *txn, void *arg)
{
	struct service_call *show = arg;

	return booking_policy(txn, show->call->arena, slice_str(show->call->arguments[0]), &show->policy);
}

static int no_service(struct command_call *call)
{
	return command_fail(call, COMMAND_FAILED, "there is no service %s", call->arguments[0]);
}

int command_service_show(struct command_call *call)
{
	struct service_call show = {.call = call};
	int ret = kv_view(store_kv(call->app->store), show_in, &show);

	if (ret == -ENOENT)
		return no_service(call);
	if (ret < 0)
		return command_store_failed(call, ret);
	show_json(&show, &call->out);
	buf_add_char(&call->out, '\n');
	return COMMAND_OK;
}

/* ---- service remove ---- */

static int remove_in(struct kv_txn *txn, void *arg)
{
	struct service_call *removal = arg;
	struct command_call *call = removal->call;
	struct booking_ahead ahead = {.service = slice_str(call->arguments[0]), .now = clock_now(call->app->clock)};
	int ret = 0;

	if (removal->force)
		ret = booking_cancel_ahead(call->app->changes, txn, call->arena, &ahead, &operator_origin);
	removal->cancelled = ret;
	return ret < 0 ? ret : services_remove(txn, call->arena, ahead.now, &operator_origin, ahead.service);
}

int command_service_remove(struct command_call *call)
{
	struct service_call removal = {.call = call, .force = command_option(call, "force") != NULL};
	int ret = kv_update_wait(store_kv(call->app->store), remove_in, &removal);

	if (ret == -ENOENT)
		return no_service(call);
	if (ret == -EBUSY)
		return command_fail(call, COMMAND_FAILED, "live bookings of %s lie ahead; --force cancels them", call->arguments[0]);
	if (ret < 0)
		return command_store_failed(call, ret);
	if (removal.cancelled > 0)
		buf_printf(&call->out, "%d bookings cancelled\n", removal.cancelled);
	return COMMAND_OK;
}

/* ---- holidays ---- */

#define HOLIDAYS    SLICE("holidays") /* the name of the value in the store */
#define NO_HOLIDAYS SLICE("{\"dates\":[]}")

struct holidays_call {
	struct command_call *call;
	struct slice json;
};

static int get_holidays(struct kv_txn *txn, struct arena *arena, struct slice *json_r)
{
	int ret = store_meta_get(txn, arena, HOLIDAYS, json_r);

	if (ret == -ENOENT)
		*json_r = NO_HOLIDAYS;
	return ret == -ENOENT ? 0 : ret;
}

static int set_holidays_in(struct kv_txn *txn, void *arg)
{
	const struct holidays_call *holidays = arg;
	const struct command_call *call = holidays->call;
	struct slice before;
	int ret = get_holidays(txn, call->arena, &before);

	if (ret == 0)
		ret = store_meta_put(txn, HOLIDAYS, holidays->json);
	return ret < 0 ? ret
	               : audit_change(txn, clock_now(call->app->clock), &operator_origin, "holidays", SLICE("site"), "update",
	                     before, holidays->json);
}

int command_holidays_set(struct command_call *call)
{
	struct holidays_call holidays = {.call = call};
	struct json_document *document;
	struct error err = ERROR_NONE;
	struct json_value root;
	const int64_t *dates;
	size_t count;
	int ret, status = take_json(call, HOURS_BYTES_MAX, &document, &root);

	if (status != COMMAND_OK)
		return status;
	ret = hours_read_holidays(call->arena, &root, &dates, &count, &err);
	json_free(document);
	if (ret == -EINVAL)
		return command_fail(call, COMMAND_USAGE, "%s: %s", call->files[0].name, err.detail);
	holidays.json = slice_trim(call->files[0].bytes);
	if (ret == 0)
		ret = kv_update_wait(store_kv(call->app->store), set_holidays_in, &holidays);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

static int show_holidays_in(struct kv_txn *txn, void *arg)
{
	struct holidays_call *holidays = arg;

	return get_holidays(txn, holidays->call->arena, &holidays->json);
}

int command_holidays_show(struct command_call *call)
{
	struct holidays_call holidays = {.call = call};
	int ret = kv_view(store_kv(call->app->store), show_holidays_in, &holidays);

	if (ret < 0)
		return command_store_failed(call, ret);
	buf_add_slice(&call->out, holidays.json);
	buf_add_char(&call->out, '\n');
	return COMMAND_OK;
}
