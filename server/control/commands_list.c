#include <config.h>

#include "protocol/json/json.h"
#include "server/control/commands_private.h"

/* One list of principals, as lines with aligned columns or as a JSON array. */
struct listing {
	struct command_call *call;
	enum principal_kind kind;
	bool json;
};

static const char *resource_word(enum resource_kind kind)
{
	return kind == RESOURCE_EQUIPMENT ? "equipment" : "room";
}

static void add_json(struct buf *b, const struct principal *principal)
{
	json_open_object(b, NULL);
	json_add_text(b, "name", principal->name);
	json_add_text(b, "display_name", principal->display_name);
	json_add_text(b, "email", principal->email);
	json_add_text(b, "timezone", principal->timezone);
	if (principal->kind == PRINCIPAL_USER) {
		json_add_boolean(b, "admin", principal->admin);
	} else {
		json_add_text(b, "kind", slice_str(resource_word(principal->resource)));
		json_add_text(b, "pool", principal->pool);
		json_add_integer(b, "seats", principal->seats);
	}
	json_close_object(b);
}

static void add_line(struct buf *b, const struct principal *principal)
{
	buf_printf(b, "%-20.*s %-30.*s", SLICE_ARG(principal->name), SLICE_ARG(principal->email));
	if (principal->kind == PRINCIPAL_USER)
		buf_printf(b, " %-5s", principal->admin ? "admin" : "");
	else
		buf_printf(b, " %-9s %5u %-12.*s", resource_word(principal->resource), principal->seats,
		    SLICE_ARG(principal->pool));
	buf_printf(b, " %-20.*s %.*s\n", SLICE_ARG(principal->timezone), SLICE_ARG(principal->display_name));
}

static int add_principal(const struct principal *principal, void *arg)
{
	struct listing *listing = arg;

	if (principal->kind != listing->kind)
		return 0;
	if (listing->json)
		add_json(&listing->call->out, principal);
	else
		add_line(&listing->call->out, principal);
	return 0;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	return store_principal_each(txn, add_principal, arg);
}

static int list(struct command_call *call, enum principal_kind kind)
{
	struct listing listing = {call, kind, command_option(call, "json") != NULL};
	int ret;

	if (listing.json)
		json_open_array(&call->out, NULL);
	ret = kv_view(store_kv(call->app->store), list_in, &listing);
	if (listing.json) {
		json_close_array(&call->out);
		buf_add_char(&call->out, '\n');
	}
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

int command_user_list(struct command_call *call)
{
	return list(call, PRINCIPAL_USER);
}

int command_resource_list(struct command_call *call)
{
	return list(call, PRINCIPAL_RESOURCE);
}
