#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/ical/calendar_object.h"
#include "server/base/tzdata.h"
#include "server/booking/explain.h"
#include "server/control/commands_private.h"

static int explain(struct command_call *call, const struct zone_set *zones)
{
	enum explain_form form = command_option(call, "json") != NULL ? EXPLAIN_JSON : EXPLAIN_FOR_PEOPLE;
	struct error err = ERROR_NONE;
	int ret = explain_case(call->arena, zones, call->files[0].bytes, form, &call->out, &err);

	if (ret == 0)
		return COMMAND_OK;
	buf_reset(&call->out);
	if (ret == -EINVAL)
		return command_fail(call, COMMAND_USAGE, "%s: %s", call->files[0].name, err.detail);
	return command_fail(call, COMMAND_FAILED, "%s: %s", call->files[0].name,
	    ret == -E2BIG ? "it asks for too much at once" : strerror(-ret));
}

int command_explain(struct command_call *call)
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
