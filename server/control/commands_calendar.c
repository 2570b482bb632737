#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/ical/split.h"
#include "protocol/ical/zone_reference.h"
#include "server/booking/change.h"
#include "server/control/commands_private.h"

#define OBJECT_NAME_UID_MAX 200 /* bytes of a UID that can be a file name; longer ones are named by content */
#define IMPORT_ARENA_MAX    (64u << 20) /* for one object */

struct import {
	struct command_call *call;
	const char *file;
	struct slice home, calendar;
	struct arena *arena; /* reset for every object */
	unsigned stored, refused;
};

static bool uid_is_plain(struct slice uid)
{
	if (uid.len == 0 || uid.len > OBJECT_NAME_UID_MAX || uid.at[0] == '.')
		return false;
	for (size_t i = 0; i < uid.len; i++)
		if ((unsigned char)uid.at[i] <= ' ' || uid.at[i] == '/' || uid.at[i] == 0x7f)
			return false;
	return true;
}

/* UID.ics; a UID that is no good as a name is hashed. */
static struct slice object_name(struct arena *arena, struct slice uid)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	char *copy;

	if (uid_is_plain(uid)) {
		buf_add_slice(&b, uid);
	} else {
		uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a: a name, not a proof; the UID rule decides */

		for (size_t i = 0; i < uid.len; i++)
			hash = (hash ^ (unsigned char)uid.at[i]) * UINT64_C(0x100000001b3);
		buf_printf(&b, "uid-%zu-%016llx", uid.len, (unsigned long long)hash);
	}
	buf_add_str(&b, ".ics");
	copy = b.err ? NULL : arena_copy(arena, buf_slice(&b));
	return slice_str(copy);
}

struct name_lookup {
	struct import *import;
	struct slice uid;
	struct slice name; /* of the object that has the UID already, or a new one */
};

/* An object that is there already keeps its name, so that a second import brings it up to date. */
static int find_name(struct kv_txn *txn, void *arg)
{
	struct name_lookup *lookup = arg;
	struct import *import = lookup->import;
	struct collection collection;
	struct object object;
	int ret = store_collection_get(txn, import->arena, import->home, import->calendar, &collection);

	if (ret < 0)
		return ret;
	ret = store_object_get_by_uid(txn, import->arena, collection.id, lookup->uid, &object);
	if (ret == 0)
		lookup->name = object.name;
	else if (ret == -ENOENT)
		lookup->name = object_name(import->arena, lookup->uid);
	return ret == -ENOENT ? 0 : ret;
}

static void refuse(struct import *import, const struct ical_part *part, const char *why)
{
	buf_printf(&import->call->out, "%s:%zu: %.*s: %s\n", import->file, part->line, SLICE_ARG(part->uid), why);
	import->refused++;
}

static void tell(struct import *import, const struct ical_part *part, const struct change_result *result)
{
	switch (result->outcome) {
	case CHANGE_CREATED:
	case CHANGE_UPDATED:
	case CHANGE_UNCHANGED:
		import->stored++;
		return;
	case CHANGE_DELETED:
	case CHANGE_REFUSED_LENIENT:
	case CHANGE_REFUSED:
		refuse(import, part, result->error.detail[0] ? result->error.detail : "refused");
		return;
	case CHANGE_FAILED:
		refuse(import, part, strerror(-result->ret));
		return;
	}
}

static int import_part(const struct ical_part *part, void *arg)
{
	struct import *import = arg;
	struct name_lookup lookup = {.import = import, .uid = part->uid};
	struct change_put put = {.home = import->home,
	    .collection = import->calendar,
	    .body = part->text,
	    .handling = HANDLING_STRICT,
	    .origin = {.kind = ORIGIN_OPERATOR}};
	struct change_result result;
	int ret;

	arena_reset(import->arena);
	ret = kv_view(store_kv(import->call->app->store), find_name, &lookup);
	if (ret < 0)
		return ret;
	put.name = lookup.name;
	change_put_wait(import->call->app->changes, import->arena, &put, &result);
	tell(import, part, &result);
	return 0;
}

static int import_file(struct import *import, const struct command_file *file)
{
	struct error err = ERROR_NONE;
	int ret;

	import->file = file->name;
	ret = ical_split(import->call->arena, file->bytes, import_part, import, &err);
	if (ret == -EINVAL) {
		buf_printf(&import->call->out, "%s: %s\n", file->name, err.detail);
		import->refused++;
		ret = 0;
	}
	return ret;
}

static int calendar_exists(struct kv_txn *txn, void *arg)
{
	struct import *import = arg;
	struct collection collection;

	return store_collection_get(txn, import->arena, import->home, import->calendar, &collection);
}

static int import_start(struct import *import)
{
	struct command_call *call = import->call;
	int ret;

	import->arena = arena_new(IMPORT_ARENA_MAX);
	if (import->arena == NULL)
		return command_fail(call, COMMAND_FAILED, "out of memory");
	ret = kv_view(store_kv(call->app->store), calendar_exists, import);
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no calendar %s", call->arguments[0]);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}

int command_import(struct command_call *call)
{
	struct import import = {.call = call};
	int status = command_calendar_name(call, call->arguments[0], &import.home, &import.calendar);

	if (status == COMMAND_OK)
		status = import_start(&import);
	for (size_t i = 0; status == COMMAND_OK && i < call->file_count; i++) {
		int ret = import_file(&import, &call->files[i]);

		if (ret < 0)
			status = command_store_failed(call, ret);
	}
	arena_free(import.arena);
	if (status != COMMAND_OK)
		return status;
	buf_printf(&call->out, "%u stored, %u refused\n", import.stored, import.refused);
	return import.refused > 0 ? COMMAND_FAILED : COMMAND_OK;
}

struct export {
	struct command_call *call;
	struct kv_txn *txn;
	struct slice home, calendar;
	struct ical_join *join;
	struct slice title;
};

#define EXPORT_SCRATCH (8u << 20) /* for one object's folded lines */

/* Who reads the file may not know the zones: those that the client left out are defined in it. */
static int export_text(struct export *export, struct slice body)
{
	AUTO_BUF struct buf text = BUF_INIT(2 * body.len + EXPORT_SCRATCH);
	struct arena *scratch;
	int ret;

	if (!ical_zones_may_change(body, ZONES_DEFINED))
		return ical_join_add(export->join, body);
	scratch = arena_new(EXPORT_SCRATCH + 4 * body.len);
	ret = scratch == NULL ? -ENOMEM
	                      : ical_zones_apply(scratch, export->call->app->zones, body, ZONES_DEFINED, &text);
	arena_free(scratch);
	return ret < 0 ? ret : ical_join_add(export->join, ret > 0 ? buf_slice(&text) : body);
}

static int export_object(const struct object *object, void *arg)
{
	struct export *export = arg;
	struct slice body;
	int ret;

	if (object->flags & OBJECT_REFUSED)
		return 0; /* a notice to an app, no event */
	ret = store_body_get(export->txn, object->id, &body);
	return ret < 0 ? ret : export_text(export, body);
}

static int export_calendar(struct kv_txn *txn, void *arg)
{
	struct export *export = arg;
	struct collection collection;
	int ret = store_collection_get(txn, export->call->arena, export->home, export->calendar, &collection);

	if (ret < 0)
		return ret;
	export->txn = txn;
	export->title = collection.display_name;
	return store_object_each(txn, collection.id, export_object, export);
}

int command_export(struct command_call *call)
{
	struct export export = {.call = call};
	int ret, status = command_calendar_name(call, call->arguments[0], &export.home, &export.calendar);

	if (status != COMMAND_OK)
		return status;
	export.join = ical_join_new(call->arena, call->app->zones);
	if (export.join == NULL)
		return command_fail(call, COMMAND_FAILED, "out of memory");
	ret = kv_view(store_kv(call->app->store), export_calendar, &export);
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no calendar %s", call->arguments[0]);
	if (ret == 0)
		ret = ical_join_finish(export.join, &(struct ical_stream_head){.name = export.title}, &call->out);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}
