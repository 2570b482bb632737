/* /admin/alerts: what a person has to see to. */
#include <config.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "server/booking/alerts.h"
#include "server/pages/admin_private.h"

static const struct {
	const char *title, *lead, *state, *open, *resolved, *any, *show, *none, *more, *caption;
	const char *when, *who, *what, *overlap, *instead, *actions, *resolve, *of, *by, *range;
} say = {
	.title = N_("Alerts"),
	.lead = N_("A private event lies over a booking: people fall ill. Move or cancel the booking, or leave it, and "
	           "say that it has been seen to."),
	.state = N_("State"),
	.open = N_("open"),
	.resolved = N_("resolved"),
	.any = N_("all"),
	.show = N_("Show"),
	.none = N_("Nothing needs a person."),
	.more = N_("Further alerts"),
	.caption = N_("Alerts"),
	.when = N_("When"),
	.who = N_("Whose"),
	.what = N_("What"),
	.overlap = N_("An event in “{1}” over the booking of {2}"),
	.instead = N_("Free instead"),
	.actions = N_("Do"),
	.resolve = N_("Seen to"),
	.of = N_(" alert {1}"),
	.by = N_("resolved by {1}"),
	.range = N_("{1}–{2}"),
};

static const struct admin_done done_rows[] = {
    {"resolve", N_("The alert is resolved.")},
    {"gone", N_("That alert is no longer there, or was resolved before.")},
};

/* ---- reading ---- */

struct listing {
	const struct admin *admin;
	struct alerts_filter filter;
	struct alerts_page page;
	struct slice *whose; /* of each, the customers of its booking */
};

struct naming {
	struct arena *arena;
	struct slice names;
};

static int see_booking(const struct booking *booking, void *arg)
{
	struct naming *naming = arg;

	if (!booking_is_live(booking) || booking->customer_name.len == 0)
		return 0;
	naming->names = naming->names.len == 0
	                    ? slice_of(arena_copy(naming->arena, booking->customer_name), booking->customer_name.len)
	                    : html_words(naming->arena, "{1}, {2}", naming->names, booking->customer_name);
	return naming->names.at != NULL ? 0 : -ENOMEM;
}

/* Names for people; a booking that an app made has nobody's but its UID. */
static int name_bookings(struct listing *listing, struct kv_txn *txn)
{
	struct arena *arena = listing->admin->arena;
	int ret = 0;

	listing->whose = arena_array(arena, listing->page.count + 1, sizeof(*listing->whose));
	if (listing->whose == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < listing->page.count; i++) {
		struct naming naming = {arena, SLICE_EMPTY};

		ret = store_booking_each_by_uid(txn, arena, listing->page.at[i].alert.booking, see_booking, &naming);
		listing->whose[i] = naming.names.len > 0 ? naming.names : listing->page.at[i].alert.booking;
	}
	return ret;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	struct listing *listing = arg;
	int ret =
	    alerts_list(listing->admin->app->changes, txn, listing->admin->arena, &listing->filter, &listing->page);

	return ret < 0 ? ret : name_bookings(listing, txn);
}

/* ---- showing ---- */

static void add_filter(const struct listing *listing, struct html *h)
{
	const struct choice choices[] = {
	    {slice_str(alert_state_word(ALERT_OPEN)), slice_str(say.open)},
	    {slice_str(alert_state_word(ALERT_RESOLVED)), slice_str(say.resolved)},
	    {SLICE("all"), slice_str(say.any)},
	};

	form_get(h, "/admin/alerts");
	form_select(h, "state", say.state, choices, ARRAY_LEN(choices),
	    listing->filter.state == 0 ? SLICE("all") : slice_str(alert_state_word(listing->filter.state)));
	form_button(h, "button", say.show);
	html_close(h, "form");
}

static void add_alternatives(const struct admin *admin, struct html *h, const struct alert_view *view)
{
	html_open(h, "td");
	html_attr(h, "data-label", slice_str(say.instead));
	for (size_t i = 0; i < view->alternative_count; i++) {
		if (i > 0)
			html_void(h, "br");
		html_text(h, when_moment(admin->arena, admin->zone, view->alternatives[i].start));
	}
	html_close(h, "td");
}

static void add_alert(const struct listing *listing, struct html *h, size_t i)
{
	const struct admin *admin = listing->admin;
	const struct alert_view *view = &listing->page.at[i];
	const struct alert *alert = &view->alert;

	html_open(h, "tr");
	html_open(h, "th");
	html_attr(h, "scope", SLICE("row"));
	html_say(h, say.range, when_moment(admin->arena, admin->zone, alert->at.start),
	    when_time(admin->arena, admin->zone, alert->at.end));
	html_close(h, "th");
	admin_cell(h, say.who, view->member);
	admin_cell(h, say.what, html_words(admin->arena, say.overlap, view->collection, listing->whose[i]));
	add_alternatives(admin, h, view);
	html_open(h, "td");
	if (alert->state == ALERT_OPEN)
		admin_action(admin, h, "/admin/alerts", alert->id, "resolve", say.resolve, say.of);
	else
		html_say(h, say.by, alert->resolved_by);
	html_close(h, "td");
	html_close(h, "tr");
}

static void add_table(const struct listing *listing, struct html *h)
{
	const char *const heads[] = {say.when, say.who, say.what, say.instead, say.actions};

	admin_open_table(h, say.caption, heads, ARRAY_LEN(heads));
	for (size_t i = 0; i < listing->page.count; i++)
		add_alert(listing, h, i);
	admin_close_table(h);
}

static void show_alerts(struct admin *admin, const struct listing *listing)
{
	struct page page;
	struct html *h = &page.html;

	admin_begin(admin, &page, "/admin/alerts", say.title);
	admin_tell_done(admin, h, done_rows, ARRAY_LEN(done_rows));
	html_line(h, "p.lead", say.lead);
	add_filter(listing, h);
	if (listing->page.count == 0)
		html_line(h, "p", say.none);
	else
		add_table(listing, h);
	if (listing->page.next != 0)
		admin_more(admin, h, "/admin/alerts?state={1}&after={2}", listing->page.next, say.more);
	page_end(&page);
}

void admin_alerts(struct http_request *http)
{
	struct admin admin;
	struct listing listing = {.admin = &admin, .filter = {.state = ALERT_OPEN, .limit = ADMIN_PAGE_ROWS}};
	struct slice state;
	int ret;

	if (!admin_enter(&admin, http))
		return;
	state = http_form_get(&admin.form, "state");
	if (state.len > 0)
		listing.filter.state = alert_state_of(state);
	(void)!slice_to_u64(http_form_get(&admin.form, "after"), UINT64_MAX, &listing.filter.after); /* else the first page */
	ret = kv_view(store_kv(admin.app->store), list_in, &listing);
	if (ret < 0)
		page_failed(http, PAGE_ADMIN, ret);
	else
		show_alerts(&admin, &listing);
}

/* ---- resolving ---- */

struct resolving {
	const struct admin *admin;
	uint64_t id;
};

static int resolve_in(struct kv_txn *txn, void *arg)
{
	const struct resolving *resolving = arg;
	const struct admin *admin = resolving->admin;
	struct change_origin origin = admin_origin(admin);

	return alerts_resolve(admin->app->changes, txn, admin->arena, resolving->id, &origin);
}

void admin_change_alert(struct http_request *http)
{
	struct admin admin;
	struct resolving resolving = {.admin = &admin};
	int ret;

	if (!admin_enter(&admin, http))
		return;
	if (!slice_is(http_form_get(&admin.form, "action"), "resolve") ||
	    slice_to_u64(http_form_get(&admin.form, "id"), UINT64_MAX, &resolving.id) < 0) {
		page_error(http, PAGE_ADMIN, 400);
		return;
	}
	ret = kv_update_wait(store_kv(admin.app->store), resolve_in, &resolving);
	if (ret == 0)
		page_redirect(http, PAGE_ADMIN, "/admin/alerts?done=resolve");
	else if (ret == -ENOENT || ret == -EALREADY)
		page_redirect(http, PAGE_ADMIN, "/admin/alerts?done=gone");
	else
		page_failed(http, PAGE_ADMIN, ret);
}
