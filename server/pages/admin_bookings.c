/* /admin/bookings: who comes when. */
#include <config.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "server/booking/booking.h"
#include "server/pages/admin_private.h"

#define SCAN_MAX  20000 /* bookings that one page looks at for its filter */
#define STAFF_MAX 500   /* in the list to choose from */

static const struct {
	const char *title, *zone, *day, *staff, *everyone, *status, *any, *show, *from_now, *before, *after, *none, *more;
	const char *when, *service, *customer, *with, *place, *notes, *actions, *own, *range;
	const char *cancel, *cancel_it, *complete, *no_show, *of;
} say = {
	.title = N_("Bookings"),
	.zone = N_("Times are shown in {1}."),
	.day = N_("Day"),
	.staff = N_("With"),
	.everyone = N_("everyone"),
	.status = N_("Status"),
	.any = N_("all"),
	.show = N_("Show"),
	.from_now = N_("All from today"),
	.before = N_("Day before"),
	.after = N_("Next day"),
	.none = N_("No bookings here."),
	.more = N_("Further bookings"),
	.when = N_("When"),
	.service = N_("Service"),
	.customer = N_("Customer"),
	.with = N_("With"),
	.place = N_("Place"),
	.notes = N_("Notes"),
	.actions = N_("Do"),
	.cancel = N_("Cancel"),
	.cancel_it = N_("Yes, cancel it"),
	.complete = N_("Has been"),
	.no_show = N_("Did not come"),
	.of = N_(" ({1}, {2})"),
	.own = N_("own event"),
	.range = N_("{1}–{2}"),
};

static const struct admin_done done_rows[] = {
    {"cancel", N_("The booking is cancelled.")},
    {"complete", N_("The booking is marked as completed.")},
    {"no_show", N_("The booking is marked: nobody came.")},
    {"gone", N_("Nothing was changed: the booking is no longer there, or has changed meanwhile.")},
};

static const struct action {
	const char *word;
	enum booking_action action;
} actions[] = {
    {"cancel", BOOKING_CANCEL},
    {"complete", BOOKING_COMPLETE},
    {"no_show", BOOKING_MARK_NO_SHOW},
};

struct row {
	struct booking booking; /* its texts are of the arena */
	struct slice staff, resources;
};

struct listing {
	struct admin *admin;
	struct kv_txn *txn;
	/* asked */
	bool has_day;
	int64_t day;
	struct interval window;
	struct slice with;
	enum booking_status status; /* 0: any */
	instant_t after_start;
	uint64_t after;
	/* found */
	struct row rows[ADMIN_PAGE_ROWS];
	size_t count, seen;
	bool more;
	instant_t last_start; /* of the last that was looked at */
	uint64_t last;
	struct choice *staff;
	size_t staff_count;
};

/* ---- what was asked ---- */

static enum booking_status status_of(struct slice word)
{
	for (int status = BOOKING_HELD; status <= BOOKING_NO_SHOW; status++)
		if (slice_is(word, booking_status_word((enum booking_status)status)))
			return (enum booking_status)status;
	return 0;
}

/* "START-NUMBER": behind which booking the page begins; anything else is the first page. */
static void take_cursor(struct listing *listing, struct slice text)
{
	ptrdiff_t dash = slice_find_byte(text, '-');
	uint64_t start, number;

	if (dash <= 0 || slice_to_u64(slice_sub(text, 0, (size_t)dash), INSTANT_MAX, &start) < 0 ||
	    slice_to_u64(slice_from(text, (size_t)dash + 1), UINT64_MAX, &number) < 0)
		return;
	listing->after_start = (instant_t)start;
	listing->after = number;
}

static void take_query(struct listing *listing)
{
	const struct admin *admin = listing->admin;
	const struct http_form *query = &admin->form;
	int64_t today = zoned_day_of(admin->zone, clock_now(admin->app->clock));

	listing->has_day = when_read_date(http_form_get(query, "day"), &listing->day) == 0;
	if (!listing->has_day)
		listing->day = today;
	listing->window.start = zoned_day_start(admin->zone, listing->day);
	listing->window.end = listing->has_day ? zoned_day_start(admin->zone, listing->day + 1) : INSTANT_MAX;
	listing->with = http_form_get(query, "staff");
	listing->status = status_of(http_form_get(query, "status"));
	take_cursor(listing, http_form_get(query, "after"));
}

/* ---- reading ---- */

static struct slice join(struct arena *arena, const struct slice *names, size_t count)
{
	struct slice all = SLICE_EMPTY;

	for (size_t i = 0; i < count; i++) {
		char *text = i == 0 ? arena_copy(arena, names[0])
		                    : arena_printf(arena, "%.*s, %.*s", SLICE_ARG(all), SLICE_ARG(names[i]));

		all = slice_str(text);
	}
	return all;
}

static bool is_asked_for(const struct listing *listing, const struct booking *booking)
{
	if (listing->status != 0 && booking->status != listing->status)
		return false;
	if (listing->with.len == 0)
		return true;
	for (size_t i = 0; i < booking->staff_count; i++)
		if (slice_equal(booking->staff[i], listing->with))
			return true;
	return false;
}

/* What the page shows, out of the transaction. */
static int keep(struct listing *listing, const struct booking *booking)
{
	struct arena *arena = listing->admin->arena;
	struct row *row = &listing->rows[listing->count];
	struct slice *const texts[] = {&row->booking.id, &row->booking.service, &row->booking.customer_name,
	    &row->booking.customer_email, &row->booking.customer_phone, &row->booking.notes};

	row->booking = *booking;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		texts[i]->at = arena_copy(arena, *texts[i]);
		if (texts[i]->at == NULL)
			return -ENOMEM;
	}
	row->staff = join(arena, booking->staff, booking->staff_count);
	row->resources = join(arena, booking->resources, booking->resource_count);
	listing->count++;
	return 0;
}

static int see_booking(const struct booking *booking, void *arg)
{
	struct listing *listing = arg;

	if (listing->count == ADMIN_PAGE_ROWS || listing->seen == SCAN_MAX) {
		listing->more = true;
		return 1;
	}
	listing->seen++;
	listing->last_start = booking->core.start;
	listing->last = booking->number;
	return is_asked_for(listing, booking) ? keep(listing, booking) : 0;
}

static int see_principal(const struct principal *principal, void *arg)
{
	struct listing *listing = arg;
	struct choice *choice = &listing->staff[listing->staff_count];

	if (principal->kind != PRINCIPAL_USER || listing->staff_count > STAFF_MAX)
		return 0;
	choice->value = slice_of(arena_copy(listing->admin->arena, principal->name), principal->name.len);
	choice->label = slice_of(arena_copy(listing->admin->arena, principal->display_name), principal->display_name.len);
	listing->staff_count++;
	return choice->value.at != NULL && choice->label.at != NULL ? 0 : -ENOMEM;
}

/* What a service is called, while it is there. */
static int name_services(struct listing *listing, struct kv_txn *txn)
{
	for (size_t i = 0; i < listing->count; i++) {
		struct booking *booking = &listing->rows[i].booking;
		struct policy policy;
		int ret = booking->service.len > 0 ? booking_policy(txn, listing->admin->arena, booking->service, &policy)
		                                   : -ENOENT;

		if (ret == 0)
			booking->service = policy.name;
		else if (ret != -ENOENT && ret != -EBADMSG)
			return ret;
	}
	return 0;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	struct listing *listing = arg;
	int ret;

	listing->staff = arena_array(listing->admin->arena, STAFF_MAX + 1, sizeof(*listing->staff));
	if (listing->staff == NULL)
		return -ENOMEM;
	listing->staff[listing->staff_count++] = (struct choice){SLICE_EMPTY, slice_str(say.everyone)};
	ret = store_principal_each(txn, see_principal, listing);
	if (ret == 0)
		ret = store_booking_each_by_start(txn, listing->admin->arena, listing->window, listing->after_start,
		    listing->after, see_booking, listing);
	return ret < 0 ? ret : name_services(listing, txn);
}

/* ---- showing ---- */

static void add_filter(const struct listing *listing, struct html *h)
{
	struct arena *arena = listing->admin->arena;
	struct choice statuses[BOOKING_NO_SHOW + 1] = {{SLICE_EMPTY, slice_str(say.any)}};

	for (int status = BOOKING_HELD; status <= BOOKING_NO_SHOW; status++)
		statuses[status].value = statuses[status].label =
		    slice_str(booking_status_word((enum booking_status)status));
	form_get(h, "/admin/bookings");
	html_open(h, "div");
	html_open(h, "label");
	html_attr(h, "for", SLICE("day"));
	html_say(h, say.day);
	html_close(h, "label");
	html_void(h, "input");
	html_attr(h, "type", SLICE("date"));
	html_attr(h, "id", SLICE("day"));
	html_attr(h, "name", SLICE("day"));
	html_attr(h, "value", listing->has_day ? when_date(arena, listing->day) : SLICE_EMPTY);
	html_close(h, "div");
	form_select(h, "staff", say.staff, listing->staff, listing->staff_count, listing->with);
	form_select(h, "status", say.status, statuses, ARRAY_LEN(statuses),
	    listing->status == 0 ? SLICE_EMPTY : slice_str(booking_status_word(listing->status)));
	form_button(h, "button", say.show);
	html_close(h, "form");
}

static void add_day_link(const struct listing *listing, struct html *h, int64_t day, const char *words)
{
	html_open(h, "a.button.small");
	html_path(h, "href", "/admin/bookings?day={1}&staff={2}&status={3}", when_date(listing->admin->arena, day),
	    listing->with, http_form_get(&listing->admin->form, "status"));
	html_say(h, words);
	html_close(h, "a");
}

static void add_ways(const struct listing *listing, struct html *h)
{
	html_open(h, "div.row");
	add_day_link(listing, h, listing->day - 1, say.before);
	add_day_link(listing, h, listing->day + 1, say.after);
	if (listing->has_day) {
		html_open(h, "a.button.small");
		html_path(h, "href", "/admin/bookings");
		html_say(h, say.from_now);
		html_close(h, "a");
	}
	html_close(h, "div");
}

static void add_customer(struct html *h, const struct booking *booking)
{
	html_open(h, "td");
	html_attr(h, "data-label", slice_str(say.customer));
	if (booking->customer_email.len == 0 && booking->service.len == 0)
		html_say(h, say.own);
	html_text(h, booking->customer_name);
	for (int i = 0; i < 2; i++) {
		struct slice text = i == 0 ? booking->customer_email : booking->customer_phone;

		if (text.len == 0)
			continue;
		html_void(h, "br");
		html_text(h, text);
	}
	html_close(h, "td");
}

static void add_button(const struct listing *listing, struct html *h, const struct row *row, const char *action,
    const char *words)
{
	const struct admin *admin = listing->admin;
	const struct booking *booking = &row->booking;

	form_post(h, "/admin/bookings");
	admin_secret(admin, h);
	form_hidden(h, "id", booking->id);
	form_hidden(h, "version",
	    slice_str(arena_printf(admin->arena, "%llu", (unsigned long long)booking->version)));
	form_hidden(h, "action", slice_str(action));
	form_hidden(h, "day", listing->has_day ? when_date(admin->arena, listing->day) : SLICE_EMPTY);
	html_open(h, "button.button.small");
	html_attr(h, "type", SLICE("submit"));
	html_say(h, words);
	html_line(h, "span.unseen", say.of, booking->customer_name,
	    when_moment(admin->arena, admin->zone, booking->core.start));
	html_close(h, "button");
	html_close(h, "form");
}

/* What lies ahead can be cancelled, what has begun has been or not. */
static void add_actions(const struct listing *listing, struct html *h, const struct row *row)
{
	html_open(h, "td");
	if (!booking_is_live(&row->booking)) {
		html_close(h, "td");
		return;
	}
	if (row->booking.status == BOOKING_CONFIRMED && row->booking.core.start <= clock_now(listing->admin->app->clock)) {
		add_button(listing, h, row, "complete", say.complete);
		add_button(listing, h, row, "no_show", say.no_show);
	}
	html_open(h, "details");
	html_line(h, "summary", say.cancel);
	add_button(listing, h, row, "cancel", say.cancel_it);
	html_close(h, "details");
	html_close(h, "td");
}

static void add_row(const struct listing *listing, struct html *h, const struct row *row)
{
	const struct admin *admin = listing->admin;
	const struct booking *booking = &row->booking;

	html_open(h, "tr");
	html_open(h, "th");
	html_attr(h, "scope", SLICE("row"));
	if (!listing->has_day) {
		html_text(h, when_day(admin->arena, zoned_day_of(admin->zone, booking->core.start)));
		html_void(h, "br");
	}
	html_say(h, say.range, when_time(admin->arena, admin->zone, booking->core.start),
	    when_time(admin->arena, admin->zone, booking->core.end));
	html_close(h, "th");
	admin_cell(h, say.service, booking->service);
	add_customer(h, booking);
	admin_cell(h, say.with, row->staff);
	admin_cell(h, say.place, row->resources);
	admin_cell(h, say.status, slice_str(booking_status_word(booking->status)));
	html_open(h, "td");
	html_attr(h, "data-label", slice_str(say.notes));
	html_lines(h, booking->notes);
	html_close(h, "td");
	add_actions(listing, h, row);
	html_close(h, "tr");
}

static void add_table(const struct listing *listing, struct html *h)
{
	const char *const heads[] = {
	    say.when, say.service, say.customer, say.with, say.place, say.status, say.notes, say.actions};

	admin_open_table(h, say.title, heads, ARRAY_LEN(heads));
	for (size_t i = 0; i < listing->count; i++)
		add_row(listing, h, &listing->rows[i]);
	admin_close_table(h);
}

static void add_more(const struct listing *listing, struct html *h)
{
	const struct admin *admin = listing->admin;

	html_open(h, "p");
	html_open(h, "a.button");
	html_path(h, "href", "/admin/bookings?day={1}&staff={2}&status={3}&after={4}",
	    listing->has_day ? when_date(admin->arena, listing->day) : SLICE_EMPTY, listing->with,
	    http_form_get(&admin->form, "status"),
	    slice_str(arena_printf(admin->arena, "%lld-%llu", (long long)listing->last_start,
	        (unsigned long long)listing->last)));
	html_say(h, say.more);
	html_close(h, "a");
	html_close(h, "p");
}

void admin_bookings(struct http_request *http)
{
	struct listing *listing = arena_zalloc(http->arena, sizeof(*listing));
	struct admin admin;
	struct page page;
	int ret;

	if (!admin_enter(&admin, http))
		return;
	ret = listing != NULL ? 0 : -ENOMEM;
	if (ret == 0) {
		listing->admin = &admin;
		take_query(listing);
		ret = kv_view(store_kv(admin.app->store), list_in, listing);
	}
	if (ret < 0) {
		page_failed(http, PAGE_ADMIN, ret);
		return;
	}
	admin_begin(&admin, &page, "/admin/bookings", say.title);
	admin_tell_done(&admin, &page.html, done_rows, ARRAY_LEN(done_rows));
	html_line(&page.html, "p.lead", say.zone, zone_name(admin.zone));
	add_filter(listing, &page.html);
	add_ways(listing, &page.html);
	if (listing->count == 0)
		html_line(&page.html, "p", say.none);
	else
		add_table(listing, &page.html);
	if (listing->more)
		add_more(listing, &page.html);
	page_end(&page);
}

/* ---- what can be done to one ---- */

static const struct action *find_action(struct slice word)
{
	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (slice_is(word, actions[i].word))
			return &actions[i];
	return NULL;
}

static void answer_change(const struct admin *admin, const struct action *action, const struct booking_answer *answer)
{
	bool done = answer->outcome == BOOKING_DONE || answer->outcome == BOOKING_REPEATED;
	struct slice day = http_form_get(&admin->form, "day");
	int64_t number;

	if (answer->outcome == BOOKING_FAILED)
		page_failed(admin->http, PAGE_ADMIN, answer->ret);
	else
		page_redirect(admin->http, PAGE_ADMIN,
		    html_location(admin->arena, "/admin/bookings?done={1}&day={2}", slice_str(done ? action->word : "gone"),
		        when_read_date(day, &number) == 0 ? day : SLICE_EMPTY));
}

void admin_change_booking(struct http_request *http)
{
	struct booking_answer *answer = arena_zalloc(http->arena, sizeof(*answer));
	struct booking_change change = {.has_version = true};
	const struct action *action;
	struct admin admin;

	if (!admin_enter(&admin, http))
		return;
	action = find_action(http_form_get(&admin.form, "action"));
	change.id = http_form_get(&admin.form, "id");
	if (action == NULL || change.id.len == 0 ||
	    slice_to_u64(http_form_get(&admin.form, "version"), UINT64_MAX, &change.version) < 0) {
		page_error(http, PAGE_ADMIN, 400);
		return;
	}
	if (answer == NULL) {
		page_failed(http, PAGE_ADMIN, -ENOMEM);
		return;
	}
	change.action = action->action;
	change.origin = admin_origin(&admin);
	booking_change_wait(admin.app->changes, admin.arena, &change, answer);
	answer_change(&admin, action, answer);
}
