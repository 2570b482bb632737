/* Who may do what: groups, grants, passwords of apps. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/json/json.h"
#include "server/auth/password.h"
#include "server/booking/change.h"
#include "server/control/commands_private.h"

/* The principal NAME of one of KINDS (bits 1 << kind). */
static int find(struct command_call *call, struct kv_txn *txn, const char *name, unsigned kinds,
    struct principal *principal_r)
{
	int ret = store_principal_get(txn, call->arena, slice_str(name), principal_r);

	return ret == 0 && (1u << principal_r->kind & kinds) == 0 ? -ENOENT : ret;
}

#define USERS     (1u << PRINCIPAL_USER)
#define RESOURCES (1u << PRINCIPAL_RESOURCE)
#define GROUPS    (1u << PRINCIPAL_GROUP)

/* ---- groups ---- */

struct group_change {
	struct command_call *call;
	const char *missing; /* a member's name that is nobody's */
};

static int add_members(struct group_change *change, struct kv_txn *txn, uint64_t group)
{
	struct command_call *call = change->call;
	int ret = 0;

	for (size_t i = 1; ret == 0 && i < call->argument_count; i++) {
		struct principal member;

		ret = find(call, txn, call->arguments[i], USERS | RESOURCES | GROUPS, &member);
		if (ret == -ENOENT || (ret == 0 && member.id == group)) {
			change->missing = call->arguments[i];
			return -ENOENT;
		}
		if (ret == 0)
			ret = store_member_put(txn, group, member.id);
	}
	return ret;
}

static int add_group_in(struct kv_txn *txn, void *arg)
{
	struct group_change *change = arg;
	struct command_call *call = change->call;
	struct principal group = {.kind = PRINCIPAL_GROUP,
	    .name = slice_str(call->arguments[0]),
	    .display_name = slice_str(command_option(call, "name")),
	    .created = clock_now(call->app->clock)};
	int ret = find(call, txn, call->arguments[0], GROUPS, &group);

	change->missing = NULL;
	if (ret == -ENOENT)
		ret = change_principal_create(call->app->changes, txn, &group);
	return ret < 0 ? ret : add_members(change, txn, group.id);
}

int command_group_add(struct command_call *call)
{
	struct group_change change = {.call = call};
	const char *name = command_option(call, "name");
	int ret;

	if (!names_name_is_good(slice_str(call->arguments[0])))
		return command_fail(call, COMMAND_USAGE, "%s: a group is named like a user", call->arguments[0]);
	if (name != NULL && !names_text_is_good(slice_str(name)))
		return command_fail(call, COMMAND_USAGE, "--name: not plain text, or too long");
	ret = kv_update_wait(store_kv(call->app->store), add_group_in, &change);
	if (change.missing != NULL)
		return command_fail(call, COMMAND_FAILED, "there is no %s that could be a member", change.missing);
	if (ret == -EEXIST)
		return command_fail(call, COMMAND_FAILED, "%s is no group", call->arguments[0]);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

static int remove_group_in(struct kv_txn *txn, void *arg)
{
	struct group_change *change = arg;
	struct command_call *call = change->call;
	struct principal group, member;
	int ret = find(call, txn, call->arguments[0], GROUPS, &group);

	change->missing = NULL;
	if (ret == 0 && call->argument_count == 1)
		return change_principal_delete(call->app->changes, txn, call->arena, group.name, false);
	for (size_t i = 1; ret == 0 && i < call->argument_count; i++) {
		ret = store_principal_get(txn, call->arena, slice_str(call->arguments[i]), &member);
		if (ret == -ENOENT)
			change->missing = call->arguments[i];
		if (ret == 0)
			ret = store_member_delete(txn, group.id, member.id);
	}
	return ret;
}

int command_group_remove(struct command_call *call)
{
	struct group_change change = {.call = call};
	int ret = kv_update_wait(store_kv(call->app->store), remove_group_in, &change);

	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no %s %s", change.missing != NULL ? "member" : "group",
		    change.missing != NULL ? change.missing : call->arguments[0]);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

struct group_list {
	struct command_call *call;
	struct kv_txn *txn;
	bool json;
};

static int add_member_name(uint64_t id, void *arg)
{
	struct group_list *list = arg;
	struct principal member;
	int ret = store_principal_get_by_id(list->txn, list->call->arena, id, &member);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (list->json)
		json_add_text(&list->call->out, NULL, member.name);
	else
		buf_printf(&list->call->out, " %.*s", SLICE_ARG(member.name));
	return 0;
}

static int add_group(const struct principal *principal, void *arg)
{
	struct group_list *list = arg;
	struct buf *out = &list->call->out;
	int ret;

	if (principal->kind != PRINCIPAL_GROUP)
		return 0;
	if (list->json) {
		json_open_object(out, NULL);
		json_add_text(out, "name", principal->name);
		json_add_text(out, "display_name", principal->display_name);
		json_open_array(out, "members");
	} else {
		buf_printf(out, "%.*s:", SLICE_ARG(principal->name));
	}
	ret = store_member_each(list->txn, principal->id, add_member_name, list);
	if (list->json) {
		json_close_array(out);
		json_close_object(out);
	} else {
		buf_add_char(out, '\n');
	}
	return ret;
}

static int list_groups_in(struct kv_txn *txn, void *arg)
{
	struct group_list *list = arg;
	int ret;

	list->txn = txn;
	buf_reset(&list->call->out);
	if (list->json)
		json_open_array(&list->call->out, NULL);
	ret = store_principal_each(txn, add_group, list);
	if (list->json) {
		json_close_array(&list->call->out);
		buf_add_char(&list->call->out, '\n');
	}
	return ret;
}

int command_group_list(struct command_call *call)
{
	struct group_list list = {.call = call, .json = command_option(call, "json") != NULL};
	int ret = kv_view(store_kv(call->app->store), list_groups_in, &list);

	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

/* ---- grants ---- */

static const struct level {
	const char *name;
	uint32_t bits;
} levels[] = {
    {"none", 0},
    {"read-free-busy", ACL_READ_FREE_BUSY},
    {"read", ACL_READ_FREE_BUSY | ACL_READ},
    {"read-write", ACL_READ_FREE_BUSY | ACL_READ | ACL_WRITE},
    {"schedule", ACL_SCHEDULE},
};

struct grant_change {
	struct command_call *call;
	struct slice home, calendar; /* calendar: empty for the whole home */
	const struct level *level;
	const char *missing;
};

static int find_target(struct grant_change *change, struct kv_txn *txn, struct grant *grant)
{
	struct command_call *call = change->call;
	struct principal owner;
	struct collection collection;
	int ret = store_principal_get(txn, call->arena, change->home, &owner);

	if (ret == 0 && owner.kind == PRINCIPAL_GROUP)
		ret = -ENOENT;
	grant->owner = ret == 0 ? owner.id : 0;
	grant->collection = 0;
	if (ret == 0 && change->calendar.len > 0) {
		ret = store_collection_get(txn, call->arena, change->home, change->calendar, &collection);
		grant->collection = ret == 0 ? collection.id : 0;
	}
	if (ret == -ENOENT)
		change->missing = call->arguments[0];
	return ret;
}

static int find_receiver(struct grant_change *change, struct kv_txn *txn, struct grant *grant)
{
	const char *who = change->call->arguments[1];
	struct principal receiver;
	int ret;

	grant->who = 0;
	grant->to = strcmp(who, NAMES_ALL) == 0 ? GRANT_TO_ALL : GRANT_TO_AUTHENTICATED;
	if (grant->to == GRANT_TO_ALL || strcmp(who, NAMES_AUTHENTICATED) == 0)
		return 0;
	ret = store_principal_get(txn, change->call->arena, slice_str(who), &receiver);
	if (ret == -ENOENT || (ret == 0 && receiver.id == grant->owner)) {
		change->missing = who;
		return -ENOENT;
	}
	grant->to = GRANT_TO_PRINCIPAL;
	grant->who = ret == 0 ? receiver.id : 0;
	return ret;
}

/* The three levels of reading take one another's place; to schedule is granted beside them. */
static int grant_in(struct kv_txn *txn, void *arg)
{
	struct grant_change *change = arg;
	struct grant grant = {0};
	int ret;

	change->missing = NULL;
	ret = find_target(change, txn, &grant);
	if (ret == 0)
		ret = find_receiver(change, txn, &grant);
	if (ret == 0)
		ret = store_grant_get(txn, &grant);
	if (ret < 0)
		return ret;
	if (change->level->bits == 0)
		grant.privileges = 0;
	else if (change->level->bits == ACL_SCHEDULE)
		grant.privileges |= ACL_SCHEDULE;
	else
		grant.privileges = (grant.privileges & ACL_SCHEDULE) | change->level->bits;
	return store_grant_put(txn, &grant);
}

struct grant_list {
	struct grant_change *change;
	struct kv_txn *txn;
};

/* The level that BITS hold, without the right to schedule: what the ACL method set in part has no name here. */
static const char *level_name(uint32_t bits)
{
	for (size_t i = 0; i < ARRAY_LEN(levels); i++)
		if (levels[i].bits == (bits & ~(uint32_t)ACL_SCHEDULE))
			return levels[i].name;
	return "other";
}

static void add_grant(struct buf *out, bool json, struct slice who, const struct grant *grant)
{
	const char *level = level_name(grant->privileges);
	bool schedule = (grant->privileges & ACL_SCHEDULE) != 0;

	if (json) {
		json_open_object(out, NULL);
		json_add_text(out, "who", who);
		json_add_text(out, "level", slice_str(level));
		json_add_boolean(out, "schedule", schedule);
		json_close_object(out);
	} else {
		buf_printf(out, "%-20.*s %s%s\n", SLICE_ARG(who), strcmp(level, "none") == 0 ? "" : level,
		    !schedule ? "" : strcmp(level, "none") == 0 ? "schedule" : " schedule");
	}
}

static int see_grant(const struct grant *grant, void *arg)
{
	struct grant_list *list = arg;
	struct command_call *call = list->change->call;
	struct principal receiver = {.name = slice_str(grant->to == GRANT_TO_ALL ? NAMES_ALL : NAMES_AUTHENTICATED)};
	int ret = 0;

	if (grant->to == GRANT_TO_PRINCIPAL)
		ret = store_principal_get_by_id(list->txn, call->arena, grant->who, &receiver);
	if (ret == 0)
		add_grant(&call->out, command_option(call, "json") != NULL, receiver.name, grant);
	return ret == -ENOENT ? 0 : ret;
}

static int list_grants_in(struct kv_txn *txn, void *arg)
{
	struct grant_list list = {arg, txn};
	struct buf *out = &list.change->call->out;
	bool json = command_option(list.change->call, "json") != NULL;
	struct grant grant;
	int ret;

	list.change->missing = NULL;
	buf_reset(out);
	ret = find_target(list.change, txn, &grant);
	if (json)
		json_open_array(out, NULL);
	if (ret == 0)
		ret = store_grant_each(txn, grant.owner, grant.collection, see_grant, &list);
	if (json) {
		json_close_array(out);
		buf_add_char(out, '\n');
	}
	return ret;
}

int command_grant(struct command_call *call)
{
	struct grant_change change = {.call = call, .home = slice_str(call->arguments[0]), .calendar = SLICE_EMPTY};
	int ret, status = COMMAND_OK;

	if (strchr(call->arguments[0], '/') != NULL)
		status = command_calendar_name(call, call->arguments[0], &change.home, &change.calendar);
	if (status != COMMAND_OK)
		return status;
	if (call->argument_count == 2)
		return command_fail(call, COMMAND_USAGE, "usage: slotkeeper grant %s", call->command->arguments);
	for (size_t i = 0; call->argument_count == 3 && i < ARRAY_LEN(levels); i++)
		if (strcmp(call->arguments[2], levels[i].name) == 0)
			change.level = &levels[i];
	if (call->argument_count == 3 && change.level == NULL)
		return command_fail(call, COMMAND_USAGE,
		    "%s: not one of read, read-write, read-free-busy, schedule, none", call->arguments[2]);
	if (change.level != NULL)
		ret = kv_update_wait(store_kv(call->app->store), grant_in, &change);
	else
		ret = kv_view(store_kv(call->app->store), list_grants_in, &change);
	if (ret == -ENOENT) {
		buf_reset(&call->out);
		return command_fail(call, COMMAND_FAILED, "there is no %s", change.missing);
	}
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

/* ---- passwords of apps ---- */

struct app_change {
	struct command_call *call;
	struct app_password password;
	uint64_t id;
};

static int create_in(struct kv_txn *txn, void *arg)
{
	struct app_change *change = arg;
	struct app_password password = change->password; /* may run again: the id is given to a copy */
	struct principal user;
	int ret = find(change->call, txn, change->call->arguments[0], USERS, &user);

	password.principal = ret == 0 ? user.id : 0;
	return ret < 0 ? ret : store_app_password_put(txn, &password);
}

static int app_failed(struct command_call *call, int ret)
{
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no user %s", call->arguments[0]);
	return command_store_failed(call, ret);
}

int command_app_password_create(struct command_call *call)
{
	struct app_change change = {.call = call,
	    .password = {.name = slice_str(command_option(call, "name")), .created = clock_now(call->app->clock)}};
	char made[PASSWORD_MADE_LENGTH + 1];
	int ret;

	_Static_assert(APP_PASSWORD_DIGEST == PASSWORD_DIGEST_SIZE, "the store keeps the whole digest");
	if (!names_text_is_good(change.password.name))
		return command_fail(call, COMMAND_USAGE, "--name: not plain text, or too long");
	ret = password_make(made);
	if (ret == 0)
		ret = password_digest(slice_str(made), change.password.digest);
	if (ret < 0)
		return command_fail(call, COMMAND_FAILED, "no random bytes to be had");
	ret = kv_update_wait(store_kv(call->app->store), create_in, &change);
	if (ret == 0)
		buf_printf(&call->out, "%s\n", made);
	explicit_bzero(made, sizeof(made));
	return ret < 0 ? app_failed(call, ret) : COMMAND_OK;
}

static int add_app_password(const struct app_password *password, void *arg)
{
	struct command_call *call = arg;
	AUTO_BUF struct buf created = BUF_INIT(64);

	buf_add_rfc3339(&created, password->created, 0);
	if (command_option(call, "json") != NULL) {
		json_open_object(&call->out, NULL);
		json_add_integer(&call->out, "id", (int64_t)password->id);
		json_add_text(&call->out, "name", password->name);
		json_add_text(&call->out, "created", buf_slice(&created));
		json_close_object(&call->out);
	} else {
		buf_printf(&call->out, "%-6llu %.*s %.*s\n", (unsigned long long)password->id,
		    SLICE_ARG(buf_slice(&created)), SLICE_ARG(password->name));
	}
	return 0;
}

static int list_apps_in(struct kv_txn *txn, void *arg)
{
	struct command_call *call = arg;
	struct principal user;
	bool json = command_option(call, "json") != NULL;
	int ret = find(call, txn, call->arguments[0], USERS, &user);

	buf_reset(&call->out);
	if (ret < 0)
		return ret;
	if (json)
		json_open_array(&call->out, NULL);
	ret = store_app_password_each(txn, user.id, add_app_password, call);
	if (json) {
		json_close_array(&call->out);
		buf_add_char(&call->out, '\n');
	}
	return ret;
}

int command_app_password_list(struct command_call *call)
{
	int ret = kv_view(store_kv(call->app->store), list_apps_in, call);

	return ret < 0 ? app_failed(call, ret) : COMMAND_OK;
}

static int revoke_in(struct kv_txn *txn, void *arg)
{
	struct app_change *change = arg;
	struct principal user;
	int ret = find(change->call, txn, change->call->arguments[0], USERS, &user);

	return ret < 0 ? ret : store_app_password_delete(txn, user.id, change->id);
}

int command_app_password_revoke(struct command_call *call)
{
	struct app_change change = {.call = call};
	int ret;

	if (slice_to_u64(slice_str(call->arguments[1]), UINT64_MAX, &change.id) < 0)
		return command_fail(call, COMMAND_USAGE, "%s: not a number of app-password list", call->arguments[1]);
	ret = kv_update_wait(store_kv(call->app->store), revoke_in, &change);
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "%s has no app password %s", call->arguments[0],
		    call->arguments[1]);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}
