#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/ical/timezone.h"
#include "protocol/json/json.h"
#include "server/auth/password.h"
#include "server/booking/booking.h"
#include "server/control/commands_private.h"

#define PASSWORD_MAX        1024

static const struct change_origin operator_origin = {.kind = ORIGIN_OPERATOR};

/* ---- what was given ---- */

static int take_timezone(struct command_call *call, struct principal *principal)
{
	const char *value = command_option(call, "timezone");
	const struct zone *zone;

	if (value == NULL)
		return COMMAND_OK;
	zone = zone_set_find(call->app->zones, slice_str(value));
	if (zone == NULL)
		return command_fail(call, COMMAND_USAGE, "--timezone: %s is no time zone", value);
	principal->timezone = zone_name(zone);
	return COMMAND_OK;
}

/* What users and resources have in common. */
static int take_common(struct command_call *call, struct principal *principal)
{
	const char *email = command_option(call, "email"), *name = command_option(call, "name");

	principal->name = slice_str(call->arguments[0]);
	principal->created = clock_now(call->app->clock);
	if (!names_name_is_good(principal->name))
		return command_fail(call, COMMAND_USAGE,
		    "%s: a name is 1 to %d letters, digits and . _ - @ +, and begins with a letter or digit",
		    call->arguments[0], NAMES_NAME_MAX);
	if (email != NULL && !names_email_is_good(slice_str(email)))
		return command_fail(call, COMMAND_USAGE, "--email: %s is no e-mail address", email);
	principal->email = slice_str(email);
	principal->display_name = name != NULL ? slice_str(name) : principal->name;
	if (!names_text_is_good(principal->display_name))
		return command_fail(call, COMMAND_USAGE, "--name: not plain text of at most %d bytes", NAMES_TEXT_MAX);
	return take_timezone(call, principal);
}

/* ---- passwords ---- */

/* From standard input without its line end, or made; *GENERATED_R tells. */
static int take_password(struct command_call *call, struct slice *password_r, bool *generated_r)
{
	char *made;

	*generated_r = command_option(call, "password-stdin") == NULL;
	if (!*generated_r) {
		struct slice given = call->file_count > 0 ? call->files[0].bytes : SLICE_EMPTY;
		struct slice line = SLICE_EMPTY;

		if (!slice_next_line(&given, &line) || line.len == 0 || line.len > PASSWORD_MAX ||
		    !names_text_is_good(slice_sub(line, 0, NAMES_TEXT_MAX)))
			return command_fail(call, COMMAND_USAGE,
			    "--password-stdin: wants one line of 1 to %d bytes", PASSWORD_MAX);
		*password_r = line;
		return COMMAND_OK;
	}
	made = arena_alloc(call->arena, PASSWORD_MADE_LENGTH + 1);
	if (made == NULL || password_make(made) < 0)
		return command_fail(call, COMMAND_FAILED, "no random bytes to be had");
	*password_r = slice_of(made, PASSWORD_MADE_LENGTH);
	return COMMAND_OK;
}

static int hash_password(struct command_call *call, struct slice password, struct slice *hash_r)
{
	char encoded[PASSWORD_HASH_SIZE];
	char *copy;
	int ret = password_hash(password, encoded);

	copy = ret < 0 ? NULL : arena_strdup(call->arena, encoded);
	if (copy == NULL)
		return command_fail(call, COMMAND_FAILED, "the password could not be hashed");
	*hash_r = slice_str(copy);
	return COMMAND_OK;
}

static void print_generated(struct command_call *call, struct slice password, bool generated)
{
	if (generated)
		buf_printf(&call->out, "%.*s\n", SLICE_ARG(password));
}

/* ---- adding ---- */

struct principal_write {
	struct command_call *call;
	struct principal principal; /* as it is to be */
	struct slice hash;
	bool force;
	int cancelled; /* bookings */
};

static int create_in(struct kv_txn *txn, void *arg)
{
	struct principal_write *write = arg;
	struct principal principal = write->principal; /* may run again: ids are given to a copy */

	return change_principal_create(write->call->app->changes, txn, &principal);
}

static int create(struct command_call *call, struct principal_write *write)
{
	int ret = kv_update_wait(store_kv(call->app->store), create_in, write);

	if (ret == -EEXIST)
		return command_fail(call, COMMAND_FAILED, "the name or the e-mail address belongs to another already");
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

int command_user_add(struct command_call *call)
{
	struct principal_write write = {.call = call, .principal = {.kind = PRINCIPAL_USER}};
	struct slice password = SLICE_EMPTY;
	bool generated = false;
	int status = take_common(call, &write.principal);

	if (status == COMMAND_OK && write.principal.email.len == 0)
		status = command_fail(call, COMMAND_USAGE, "user add: --email is missing");
	if (status == COMMAND_OK)
		status = take_password(call, &password, &generated);
	if (status == COMMAND_OK)
		status = hash_password(call, password, &write.principal.password_hash);
	write.principal.admin = command_option(call, "admin") != NULL;
	write.principal.credential_version = 1;
	if (status == COMMAND_OK)
		status = create(call, &write);
	if (status == COMMAND_OK)
		print_generated(call, password, generated);
	return status;
}

static int take_resource(struct command_call *call, struct principal *principal)
{
	const char *kind = command_option(call, "kind"), *seats = command_option(call, "seats");
	uint64_t count = 0;

	principal->resource = RESOURCE_ROOM;
	if (kind != NULL && strcmp(kind, "equipment") == 0)
		principal->resource = RESOURCE_EQUIPMENT;
	else if (kind != NULL && strcmp(kind, "room") != 0)
		return command_fail(call, COMMAND_USAGE, "--kind: %s is neither room nor equipment", kind);
	if (seats != NULL && slice_to_u64(slice_str(seats), NAMES_SEATS_MAX, &count) < 0)
		return command_fail(call, COMMAND_USAGE, "--seats: %s is no number up to %d", seats, NAMES_SEATS_MAX);
	principal->seats = (uint32_t)count;
	principal->pool = slice_str(command_option(call, "pool"));
	if (principal->pool.len > 0 && !names_name_is_good(principal->pool))
		return command_fail(call, COMMAND_USAGE, "--pool: a pool is named like a resource");
	return COMMAND_OK;
}

int command_resource_add(struct command_call *call)
{
	struct principal_write write = {.call = call, .principal = {.kind = PRINCIPAL_RESOURCE}};
	int status = take_common(call, &write.principal);

	if (status == COMMAND_OK)
		status = take_resource(call, &write.principal);
	return status == COMMAND_OK ? create(call, &write) : status;
}

/* ---- passwd ---- */

static int change_password_in(struct kv_txn *txn, void *arg)
{
	struct principal_write *write = arg;
	struct principal principal;
	int ret = store_principal_get(txn, write->call->arena, slice_str(write->call->arguments[0]), &principal);

	if (ret < 0)
		return ret;
	if (principal.kind != PRINCIPAL_USER)
		return -ENOENT;
	principal.password_hash = write->hash;
	principal.credential_version++;
	return store_principal_put(txn, &principal);
}

int command_user_passwd(struct command_call *call)
{
	struct principal_write write = {.call = call};
	struct slice password = SLICE_EMPTY;
	bool generated = false;
	int ret, status = take_password(call, &password, &generated);

	if (status == COMMAND_OK)
		status = hash_password(call, password, &write.hash);
	if (status != COMMAND_OK)
		return status;
	ret = kv_update_wait(store_kv(call->app->store), change_password_in, &write);
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no user %s", call->arguments[0]);
	if (ret < 0)
		return command_store_failed(call, ret);
	print_generated(call, password, generated);
	return COMMAND_OK;
}

/* ---- removing ---- */

static int remove_in(struct kv_txn *txn, void *arg)
{
	struct principal_write *write = arg;
	struct command_call *call = write->call;
	struct slice name = slice_str(call->arguments[0]);
	const struct booking_ahead ahead = {.member = name, .now = clock_now(call->app->clock)};
	struct principal principal;
	int ret = store_principal_get(txn, call->arena, name, &principal);

	if (ret < 0)
		return ret;
	if (principal.kind != write->principal.kind)
		return -ENOENT;
	if (write->force)
		ret = booking_cancel_ahead(call->app->changes, txn, call->arena, &ahead, &operator_origin);
	if (ret < 0)
		return ret;
	write->cancelled = ret;
	return change_principal_delete(call->app->changes, txn, call->arena, name, write->force);
}

static int remove_principal(struct command_call *call, enum principal_kind kind, const char *noun)
{
	struct principal_write write = {
	    .call = call, .principal = {.kind = kind}, .force = command_option(call, "force") != NULL};
	int ret = kv_update_wait(store_kv(call->app->store), remove_in, &write);

	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no %s %s", noun, call->arguments[0]);
	if (ret == -EBUSY)
		return command_fail(call, COMMAND_FAILED, "live bookings of %s lie ahead; --force cancels them",
		    call->arguments[0]);
	if (ret < 0)
		return command_store_failed(call, ret);
	if (write.cancelled > 0)
		buf_printf(&call->out, "%d bookings cancelled\n", write.cancelled);
	return COMMAND_OK;
}

int command_user_remove(struct command_call *call)
{
	return remove_principal(call, PRINCIPAL_USER, "user");
}

int command_resource_remove(struct command_call *call)
{
	return remove_principal(call, PRINCIPAL_RESOURCE, "resource");
}
