/* calendar set: what a calendar decides for itself. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/ical/timezone.h"
#include "server/booking/change.h"
#include "server/control/commands_private.h"

struct setting {
	struct command_call *call;
	struct slice home, calendar;
	size_t wrong; /* argument that is no setting; 0: none */
};

static int one_of(struct slice value, const char *const *names, int *index_r)
{
	for (int i = 0; names[i] != NULL; i++)
		if (slice_is(value, names[i])) {
			*index_r = i;
			return 0;
		}
	return -EINVAL;
}

static int set_handling(struct command_call *call, struct collection *c, struct slice value)
{
	static const char *const names[] = {"default", "lenient", "strict", NULL};
	int index = 0, ret = one_of(value, names, &index);

	(void)call;
	c->handling = (enum handling)index;
	return ret;
}

static int set_on_overlap(struct command_call *call, struct collection *c, struct slice value)
{
	static const char *const names[] = {"default", "alert", "refuse", NULL};
	int index = 0, ret = one_of(value, names, &index);

	(void)call;
	c->on_overlap = (enum on_overlap)index;
	return ret;
}

/* In the order of enum schedule_mode. */
static int set_schedule_mode(struct command_call *call, struct collection *c, struct slice value)
{
	static const char *const names[] = {"default", "none", "automatic", "accept-always", "decline-always", "accept-if-free",
	    "decline-if-busy", NULL};
	int index = 0, ret = one_of(value, names, &index);

	(void)call;
	c->schedule_mode = (enum schedule_mode)index;
	return ret;
}

static int set_transparent(struct command_call *call, struct collection *c, struct slice value)
{
	static const char *const names[] = {"no", "yes", NULL};
	int index = 0, ret = one_of(value, names, &index);

	(void)call;
	c->transparent = index != 0;
	return ret;
}

static int set_name(struct command_call *call, struct collection *c, struct slice value)
{
	(void)call;
	c->display_name = value;
	return names_text_is_good(value) ? 0 : -EINVAL;
}

static int set_timezone(struct command_call *call, struct collection *c, struct slice value)
{
	const struct zone *zone = value.len > 0 ? zone_set_find(call->app->zones, value) : NULL;

	if (value.len > 0 && zone == NULL)
		return -EINVAL;
	c->timezone = SLICE_EMPTY;
	c->timezone_id = zone != NULL ? zone_name(zone) : SLICE_EMPTY;
	return 0;
}

static const struct {
	const char *key;
	int (*set)(struct command_call *call, struct collection *collection, struct slice value);
	const char *values;
} settings[] = {
    {"handling", set_handling, "lenient, strict or default"},
    {"on-overlap", set_on_overlap, "alert, refuse or default"},
    {"schedule-mode", set_schedule_mode,
        "none, automatic, accept-always, decline-always, accept-if-free, decline-if-busy or default"},
    {"transparent", set_transparent, "yes or no"},
    {"name", set_name, "plain text"},
    {"timezone", set_timezone, "a time zone, or nothing for the owner's"},
};

/* "KEY=VALUE" into COLLECTION; the row of the table, or ARRAY_LEN(settings) when there is none. *RET: of its setter. */
static size_t apply(struct command_call *call, const char *argument, struct collection *collection, int *ret)
{
	struct slice text = slice_str(argument);
	ptrdiff_t equals = slice_find_byte(text, '=');

	*ret = -EINVAL;
	for (size_t i = 0; equals > 0 && i < ARRAY_LEN(settings); i++)
		if (slice_is(slice_sub(text, 0, (size_t)equals), settings[i].key)) {
			*ret = settings[i].set(call, collection, slice_from(text, (size_t)equals + 1));
			return i;
		}
	return ARRAY_LEN(settings);
}

static int set_in(struct kv_txn *txn, void *arg)
{
	struct setting *setting = arg;
	struct command_call *call = setting->call;
	struct collection collection;
	int ret = store_collection_get(txn, call->arena, setting->home, setting->calendar, &collection);

	setting->wrong = 0;
	for (size_t i = 1; ret == 0 && i < call->argument_count; i++) {
		apply(call, call->arguments[i], &collection, &ret);
		if (ret == -EINVAL)
			setting->wrong = i;
	}
	return ret < 0 ? ret : change_collection_update(call->app->changes, txn, call->arena, &collection);
}

static int wrong_setting(struct command_call *call, const char *argument)
{
	struct collection none = {0};
	int ret;
	size_t i = apply(call, argument, &none, &ret);

	if (i < ARRAY_LEN(settings))
		return command_fail(call, COMMAND_USAGE, "%s: %s wants %s", argument, settings[i].key, settings[i].values);
	return command_fail(call, COMMAND_USAGE, "%s: not handling=, on-overlap=, schedule-mode=, transparent=, name= or timezone=",
	    argument);
}

int command_calendar_set(struct command_call *call)
{
	struct setting setting = {.call = call};
	int ret, status = command_calendar_name(call, call->arguments[0], &setting.home, &setting.calendar);

	if (status != COMMAND_OK)
		return status;
	ret = kv_update_wait(store_kv(call->app->store), set_in, &setting);
	if (ret == -EINVAL && setting.wrong > 0)
		return wrong_setting(call, call->arguments[setting.wrong]);
	if (ret == -ENOENT)
		return command_fail(call, COMMAND_FAILED, "there is no calendar %s", call->arguments[0]);
	if (ret == -EBUSY)
		return command_fail(call, COMMAND_FAILED, "in that time zone bookings of %s would overlap",
		    call->arguments[0]);
	return ret < 0 ? command_store_failed(call, ret) : COMMAND_OK;
}
