/* Alerts as people see them, with other times for the booking, and that somebody has seen to one. */
#include <config.h>

#include "server/booking/alerts.h"

#include <assert.h>
#include <errno.h>

#include "protocol/json/json.h"
#include "server/booking/audit.h"
#include "server/booking/change_private.h"

static const char *const states[] = {[ALERT_OPEN] = "open", [ALERT_RESOLVED] = "resolved"};

const char *alert_state_word(enum alert_state state)
{
	return states[state];
}

enum alert_state alert_state_of(struct slice word)
{
	for (enum alert_state state = ALERT_OPEN; state <= ALERT_RESOLVED; state++) {
		if (slice_is(word, states[state]))
			return state;
	}
	return 0;
}

/* ---- list ---- */

/* The smallest ids behind the cursor, sorted: the rows come by member. */
struct picking {
	struct arena *arena;
	const struct alerts_filter *filter;
	uint64_t member; /* 0: anybody */
	struct alert *at;
	size_t count, room; /* one more than the page, to know whether there is another */
};

int alert_copy(struct arena *arena, struct alert *alert)
{
	struct slice *texts[] = {&alert->event, &alert->booking, &alert->request, &alert->resolved_by};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		*texts[i] = slice_of(arena_copy(arena, *texts[i]), texts[i]->len);
		if (texts[i]->at == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int pick(const struct alert *alert, void *arg)
{
	struct picking *picking = arg;
	const struct alerts_filter *filter = picking->filter;
	size_t i = picking->count;

	if (alert->id <= filter->after || (filter->state != 0 && alert->state != filter->state) ||
	    (picking->member != 0 && alert->member != picking->member))
		return 0;
	if (i == picking->room && alert->id > picking->at[i - 1].id)
		return 0;
	i = i == picking->room ? i - 1 : i; /* the last gives way */
	for (; i > 0 && picking->at[i - 1].id > alert->id; i--)
		picking->at[i] = picking->at[i - 1];
	picking->at[i] = *alert;
	picking->count += picking->count < picking->room;
	return alert_copy(picking->arena, &picking->at[i]);
}

/* For an open one whose booking lies ahead. */
static int find_alternatives(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, struct alert_view *view)
{
	struct hours hours;
	struct free_times query = {
		.member = view->alert.member,
		.uid = view->alert.booking,
		.wanted = view->alert.at,
		.zone = place->zone,
		.now = clock_now(service->clock),
	};
	int ret;

	if (view->alert.state != ALERT_OPEN || view->alert.at.start <= query.now)
		return 0;
	ret = place_hours(service, arena, place, &hours, &query.hours_zone);
	query.hours = ret > 0 ? &hours : NULL;
	return ret < 0 ? ret
	               : free_times_find(txn, &query, view->alternatives, CHANGE_ALTERNATIVES_MAX, &view->alternative_count);
}

static int fill(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct alert_view *view)
{
	struct principal member;
	struct place place;
	int ret = store_principal_get_by_id(txn, arena, view->alert.member, &member);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	view->member = member.name;
	ret = place_get_by_id(service, txn, arena, view->alert.collection, &place);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	view->collection = place.collection.name;
	return find_alternatives(service, txn, arena, &place, view);
}

int alerts_list(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct alerts_filter *filter, struct alerts_page *page_r)
{
	struct picking picking = {.arena = arena, .filter = filter, .room = filter->limit + 1};
	struct alerts_page page = {0};
	struct principal member;
	int ret = 0;

	assert(filter->limit > 0 && filter->limit <= ALERTS_PAGE_MAX);
	if (filter->member.len > 0)
		ret = store_principal_get(txn, arena, filter->member, &member);
	if (ret < 0)
		return ret;
	picking.member = filter->member.len > 0 ? member.id : 0;
	picking.at = arena_array(arena, picking.room, sizeof(*picking.at));
	page.at = arena_array(arena, filter->limit, sizeof(*page.at));
	if (picking.at == NULL || page.at == NULL)
		return -ENOMEM;
	ret = store_alert_each(txn, pick, &picking);
	page.count = picking.count < filter->limit ? picking.count : filter->limit;
	for (size_t i = 0; ret == 0 && i < page.count; i++) {
		page.at[i].alert = picking.at[i];
		ret = fill(service, txn, arena, &page.at[i]);
	}
	if (picking.count > filter->limit)
		page.next = picking.at[filter->limit - 1].id;
	if (ret == 0)
		*page_r = page;
	return ret;
}

/* ---- resolve ---- */

static int resolve(struct change_service *service, struct kv_txn *txn, struct alert *alert,
    const struct change_origin *origin)
{
	AUTO_BUF struct buf who = BUF_INIT(AUDIT_WHO_MAX), id = BUF_INIT(32);
	instant_t now = clock_now(service->clock);
	int ret;

	buf_add_u64(&id, alert->id);
	alert->state = ALERT_RESOLVED;
	alert->resolved = now;
	alert->resolved_by = audit_who(origin, &who);
	if (who.err < 0 || id.err < 0)
		return -ENOMEM;
	ret = store_alert_put(txn, alert);
	return ret < 0 ? ret
	               : audit_change(txn, now, origin, "alert", buf_slice(&id), "resolve",
	                     SLICE("{\"state\":\"open\"}"), SLICE("{\"state\":\"resolved\"}"));
}

int alerts_resolve(struct change_service *service, struct kv_txn *txn, struct arena *arena, uint64_t id,
    const struct change_origin *origin)
{
	struct alerts_filter filter = {.after = id - 1, .limit = 1};
	struct picking picking = {.arena = arena, .filter = &filter, .room = 1};
	struct alert alert;
	int ret;

	picking.at = &alert;
	ret = id == 0 ? -ENOENT : store_alert_each(txn, pick, &picking);
	if (ret < 0)
		return ret;
	if (picking.count == 0 || alert.id != id)
		return -ENOENT;
	return alert.state == ALERT_RESOLVED ? -EALREADY : resolve(service, txn, &alert, origin);
}

/* ---- JSON ---- */

static void add_interval(struct buf *b, struct interval at)
{
	json_add_instant(b, "start", at.start);
	json_add_instant(b, "end", at.end);
}

void alert_add_json(struct buf *b, const struct alert_view *view)
{
	const struct alert *alert = &view->alert;

	json_open_object(b, NULL);
	json_add_integer(b, "id", (int64_t)alert->id);
	json_add_text(b, "kind", SLICE("overlap"));
	json_add_text(b, "state", slice_str(alert_state_word(alert->state)));
	json_add_text(b, "member", view->member);
	json_add_text(b, "calendar", view->collection);
	json_add_text(b, "event", alert->event);
	json_add_text(b, "booking", alert->booking);
	add_interval(b, alert->at);
	json_add_instant(b, "created", alert->created);
	if (alert->state == ALERT_RESOLVED) {
		json_add_instant(b, "resolved", alert->resolved);
		json_add_text(b, "resolved_by", alert->resolved_by);
	} else {
		json_add_null(b, "resolved");
		json_add_null(b, "resolved_by");
	}
	json_open_array(b, "alternatives");
	for (size_t i = 0; i < view->alternative_count; i++) {
		json_open_object(b, NULL);
		add_interval(b, view->alternatives[i]);
		json_close_object(b);
	}
	json_close_array(b);
	json_close_object(b);
}
