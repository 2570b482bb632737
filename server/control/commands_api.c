/* Keys to the JSON API, and the audit log. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/json/json.h"
#include "server/auth/password.h"
#include "server/booking/audit.h"
#include "server/control/commands_private.h"

#define AUDIT_SHOWN     50 /* records, when nothing else is asked for */
#define AUDIT_SHOWN_MAX 10000

static const char *const roles[] = {[API_ROLE_BOOKING] = "booking", [API_ROLE_ADMIN] = "admin"};
static const struct change_origin operator_origin = {.kind = ORIGIN_OPERATOR};

struct key_call {
	struct command_call *call;
	struct api_key key;
	bool json;
};

static void add_key(struct buf *b, const struct api_key *key)
{
	AUTO_BUF struct buf created = BUF_INIT(64);

	buf_add_rfc3339(&created, key->created, 0);
	json_open_object(b, NULL);
	json_add_integer(b, "id", (int64_t)key->id);
	json_add_text(b, "name", key->name);
	json_add_text(b, "role", slice_str(roles[key->role]));
	json_add_text(b, "created", buf_slice(&created));
	json_close_object(b);
}

/* The key in the audit log; CREATED says whether it came or went. */
static int tell(struct kv_txn *txn, const struct key_call *call, const struct api_key *key, bool created)
{
	AUTO_BUF struct buf json = BUF_INIT(4096), id = BUF_INIT(32);

	add_key(&json, key);
	buf_add_u64(&id, key->id);
	return audit_change(txn, clock_now(call->call->app->clock), &operator_origin, "api_key", buf_slice(&id),
	    created ? "create" : "delete", created ? SLICE_EMPTY : buf_slice(&json), created ? buf_slice(&json) : SLICE_EMPTY);
}

/* ---- apikey create ---- */

static int create_in(struct kv_txn *txn, void *arg)
{
	struct key_call *call = arg;
	struct api_key key = call->key; /* may run again: the id is given to a copy */
	int ret = store_api_key_put(txn, &key);

	return ret < 0 ? ret : tell(txn, call, &key, true);
}

static int take_key(struct key_call *call)
{
	const char *name = command_option(call->call, "name"), *role = command_option(call->call, "role");

	call->key.name = slice_str(name);
	call->key.role = API_ROLE_BOOKING;
	call->key.created = clock_now(call->call->app->clock);
	if (!names_text_is_good(call->key.name))
		return command_fail(call->call, COMMAND_USAGE, "--name: not plain text of a bounded length");
	if (role == NULL)
		return COMMAND_OK;
	for (size_t i = API_ROLE_BOOKING; i < ARRAY_LEN(roles); i++) {
		if (strcmp(role, roles[i]) == 0) {
			call->key.role = (enum api_role)i;
			return COMMAND_OK;
		}
	}
	return command_fail(call->call, COMMAND_USAGE, "--role: %s is neither admin nor booking", role);
}

int command_apikey_create(struct command_call *call)
{
	struct key_call create = {.call = call};
	char made[PASSWORD_MADE_LENGTH + 1];
	int ret, status = take_key(&create);

	_Static_assert(API_KEY_DIGEST == PASSWORD_DIGEST_SIZE, "the store keeps the whole digest");
	if (status != COMMAND_OK)
		return status;
	ret = password_make(made);
	if (ret == 0)
		ret = password_digest(slice_str(made), create.key.digest);
	if (ret < 0)
		return command_fail(call, COMMAND_FAILED, "no random bytes to be had");
	ret = kv_update_wait(store_kv(call->app->store), create_in, &create);
	if (ret == 0)
		buf_printf(&call->out, "%s\n", made);
	explicit_bzero(made, sizeof(made));
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

/* ---- apikey list ---- */

static int show_key(const struct api_key *key, void *arg)
{
	struct key_call *list = arg;
	AUTO_BUF struct buf created = BUF_INIT(64);

	if (list->json) {
		add_key(&list->call->out, key);
		return 0;
	}
	buf_add_rfc3339(&created, key->created, 0);
	buf_printf(&list->call->out, "%-6llu %-7s %.*s %.*s\n", (unsigned long long)key->id, roles[key->role],
	    SLICE_ARG(buf_slice(&created)), SLICE_ARG(key->name));
	return 0;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	return store_api_key_each(txn, show_key, arg);
}

/* An array of what IN shows, or its lines. */
static int list(struct command_call *call, kv_fn *in, void *arg, bool json)
{
	int ret;

	if (json)
		json_open_array(&call->out, NULL);
	ret = kv_view(store_kv(call->app->store), in, arg);
	if (json) {
		json_close_array(&call->out);
		buf_add_char(&call->out, '\n');
	}
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

int command_apikey_list(struct command_call *call)
{
	struct key_call keys = {.call = call, .json = command_option(call, "json") != NULL};

	return list(call, list_in, &keys, keys.json);
}

/* ---- apikey revoke ---- */

static int revoke_in(struct kv_txn *txn, void *arg)
{
	struct key_call *revoke = arg;
	struct api_key key;
	int ret = store_api_key_find(txn, revoke->call->arena, revoke->key.id, &key);

	if (ret == 0)
		ret = store_api_key_delete(txn, &key);
	return ret < 0 ? ret : tell(txn, revoke, &key, false);
}

int command_apikey_revoke(struct command_call *call)
{
	struct key_call revoke = {.call = call};
	int ret;

	if (slice_to_u64(slice_str(call->arguments[0]), UINT64_MAX, &revoke.key.id) < 0)
		return command_fail(call, COMMAND_USAGE, "%s is no number of apikey list", call->arguments[0]);
	ret = kv_update_wait(store_kv(call->app->store), revoke_in, &revoke);
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no key %s", call->arguments[0]);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

/* ---- audit ---- */

struct audit_call {
	struct command_call *call;
	uint64_t before, limit;
	bool json;
};

static int show_audit(const struct audit *audit, void *arg)
{
	struct audit_call *list = arg;
	AUTO_BUF struct buf at = BUF_INIT(64);

	if (list->json) {
		audit_write_json(&list->call->out, audit);
		return 0;
	}
	buf_add_rfc3339(&at, audit->at, 0);
	buf_printf(&list->call->out, "%-8llu %.*s %.*s (%.*s) %.*s %.*s %.*s\n", (unsigned long long)audit->number,
	    SLICE_ARG(buf_slice(&at)), SLICE_ARG(audit->who), SLICE_ARG(audit->origin), SLICE_ARG(audit->action),
	    SLICE_ARG(audit->kind), SLICE_ARG(audit->target));
	return 0;
}

static int audit_in(struct kv_txn *txn, void *arg)
{
	struct audit_call *list = arg;

	return store_audit_each(txn, list->before, (size_t)list->limit, show_audit, list);
}

int command_audit(struct command_call *call)
{
	struct audit_call audit = {.call = call, .limit = AUDIT_SHOWN, .json = command_option(call, "json") != NULL};
	const char *limit = command_option(call, "limit"), *before = command_option(call, "before");

	if (limit != NULL && (slice_to_u64(slice_str(limit), AUDIT_SHOWN_MAX, &audit.limit) < 0 || audit.limit == 0))
		return command_fail(call, COMMAND_USAGE, "--limit: %s is no number from 1 to %d", limit, AUDIT_SHOWN_MAX);
	if (before != NULL && slice_to_u64(slice_str(before), UINT64_MAX, &audit.before) < 0)
		return command_fail(call, COMMAND_USAGE, "--before: %s is no number of audit", before);
	return list(call, audit_in, &audit, audit.json);
}
