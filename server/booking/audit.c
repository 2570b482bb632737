#include <config.h>

#include "server/booking/audit.h"

#include "protocol/json/json.h"

static const char *const doors[] = {[ORIGIN_USER] = "caldav", [ORIGIN_OPERATOR] = "command", [ORIGIN_API] = "api",
    [ORIGIN_PAGE] = "page", [ORIGIN_CONNECTION] = "provider", [ORIGIN_ENGINE] = "engine", [ORIGIN_MAIL] = "mail"};

const char *audit_door(enum change_origin_kind kind)
{
	return doors[kind];
}

struct slice audit_who(const struct change_origin *origin, struct buf *b)
{
	if (origin->who.len > 0)
		return origin->who;
	if (origin->principal.len > 0)
		buf_printf(b, "user %.*s", SLICE_ARG(origin->principal));
	else
		buf_add_str(b, origin->kind == ORIGIN_OPERATOR ? "operator" : doors[origin->kind]);
	return buf_slice(b);
}

int audit_change(struct kv_txn *txn, instant_t now, const struct change_origin *origin, const char *kind,
    struct slice target, const char *action, struct slice before, struct slice after)
{
	AUTO_BUF struct buf who = BUF_INIT(AUDIT_WHO_MAX);
	struct audit audit = {
	    .at = now,
	    .who = audit_who(origin, &who),
	    .origin = slice_str(doors[origin->kind]),
	    .request = origin->request,
	    .kind = slice_str(kind),
	    .target = target,
	    .action = slice_str(action),
	    .before = before,
	    .after = after,
	};

	return who.err < 0 ? who.err : store_audit_add(txn, &audit);
}

/* JSON as it was stored, or null. */
static void add_json(struct buf *b, const char *name, struct slice json)
{
	buf_printf(b, ",\"%s\":", name);
	buf_add_slice(b, json.len > 0 ? json : SLICE("null"));
}

void audit_write_json(struct buf *b, const struct audit *audit)
{
	AUTO_BUF struct buf at = BUF_INIT(64);

	buf_add_rfc3339(&at, audit->at, 0);
	json_open_object(b, NULL);
	json_add_integer(b, "number", (int64_t)audit->number);
	json_add_text(b, "at", buf_slice(&at));
	json_add_text(b, "who", audit->who);
	json_add_text(b, "origin", audit->origin);
	json_add_text(b, "request", audit->request);
	json_add_text(b, "kind", audit->kind);
	json_add_text(b, "target", audit->target);
	json_add_text(b, "action", audit->action);
	add_json(b, "before", audit->before);
	add_json(b, "after", audit->after);
	json_close_object(b);
}
