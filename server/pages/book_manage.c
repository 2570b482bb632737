/* /book/manage/TOKEN: one's own booking, to look at, to move and to cancel. */
#include <config.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "server/base/config.h"
#include "server/pages/book_private.h"

#define PREFIX SLICE("/book/manage/")

static const struct {
	const char *title, *cancelled, *completed, *no_show, *past, *held;
	const char *service, *with, *name, *email, *phone, *people, *notes, *place;
	const char *calendar, *booked, *moved, *cancelled_now, *confirmed, *nothing_done;
	const char *move, *move_lead, *now, *move_to, *keep, *cancel, *cancel_lead, *cancel_button, *confirm, *again;
	const char *taken, *instead, *none, *all_times, *late, *late_title;
} say = {
	.title = N_("Your booking"),
	.cancelled = N_("This booking is cancelled"),
	.completed = N_("This appointment has been"),
	.no_show = N_("This appointment was not kept"),
	.past = N_("This appointment is over"),
	.held = N_("This time is held for you"),
	.service = N_("Service"),
	.with = N_("With"),
	.name = N_("Name"),
	.email = N_("E-mail"),
	.phone = N_("Telephone"),
	.people = N_("People"),
	.notes = N_("Notes"),
	.place = N_("Where"),
	.calendar = N_("Add to my calendar"),
	.booked = N_("Your booking is confirmed. Keep the address of this page: with it you can move or cancel the booking."),
	.moved = N_("Your booking has been moved."),
	.confirmed = N_("Your booking is confirmed."),
	.cancelled_now = N_("Your booking has been cancelled."),
	.nothing_done = N_("Nothing was changed, because the booking has changed meanwhile. Please look at it again."),
	.move = N_("Move to another time"),
	.move_lead = N_("Your present time stays yours until you have chosen another."),
	.now = N_("At present"),
	.move_to = N_("Move the booking to this time?"),
	.keep = N_("Keep the present time"),
	.cancel = N_("Cancel the booking"),
	.cancel_lead = N_("The time is given free at once."),
	.cancel_button = N_("Yes, cancel it"),
	.confirm = N_("Confirm the booking"),
	.again = N_("Book another appointment"),
	.taken = N_("That time is not free any more"),
	.instead = N_("Your booking is as it was. These times are free: one press moves it."),
	.none = N_("Your booking is as it was. No other time is free within two weeks of it."),
	.late_title = N_("It is too late for that"),
	.late = N_("So shortly before the appointment it can no longer be changed here. Please get in touch with us."),
	.all_times = N_("All times"),
};

struct managed {
	struct book book;
	struct booking booking;
	bool has_service; /* it may be gone */
	struct slice service_name;
};

/* ---- reading ---- */

static int read_booking(struct managed *managed, struct kv_txn *txn)
{
	struct book *book = &managed->book;
	const struct zone *own;
	int ret = booking_by_token(txn, book->arena, book->key, &managed->booking);

	if (ret < 0)
		return ret;
	own = zone_set_find(book->app->zones, managed->booking.customer_timezone);
	if (book->wish.len == 0 && own != NULL)
		book->wish = zone_name(own);
	ret = book_read_service(book, txn, managed->booking.service);
	managed->has_service = ret == 0;
	managed->service_name = ret == 0 ? book->policy.name : managed->booking.service;
	if (ret == -ENOENT) {
		book->policy.duration = managed->booking.core.end - managed->booking.core.start;
		book->zone = book->service_zone = own != NULL ? own : booking_zone(book->app->changes, &book->policy);
		ret = 0;
	}
	return ret;
}

static int view_booking(struct kv_txn *txn, void *arg)
{
	return read_booking(arg, txn);
}

static bool is_over(const struct managed *managed)
{
	return managed->booking.status == BOOKING_CANCELLED || managed->booking.status == BOOKING_COMPLETED ||
	       managed->booking.status == BOOKING_NO_SHOW || managed->booking.core.end <= managed->book.now;
}

/* ---- showing ---- */

static void begin(struct managed *managed, struct page *page, int status, const char *title)
{
	page_begin(page, managed->book.http,
	    &(struct page_head){.kind = PAGE_TOKEN, .status = status, .title = slice_str(title)});
}

static void add_facts(const struct managed *managed, struct html *h)
{
	const struct book *book = &managed->book;
	const struct booking *booking = &managed->booking;

	html_open(h, "div.sheet");
	html_open(h, "dl.facts");
	book_fact(h, say.service, managed->service_name);
	book_when_facts(book, h, booking->core);
	book_fact(h, say.with, book_people(book, booking->staff, booking->staff_count));
	book_fact(h, say.place, book->policy.location);
	book_fact(h, say.name, booking->customer_name);
	book_fact(h, say.email, booking->customer_email);
	book_fact(h, say.phone, booking->customer_phone);
	if (booking->seats > 1)
		book_fact(h, say.people, slice_str(arena_printf(book->arena, "%lld", (long long)booking->seats)));
	book_fact(h, say.notes, booking->notes);
	html_close(h, "dl");
	html_close(h, "div");
}

static void add_done(const struct managed *managed, struct html *h)
{
	const struct {
		const char *name, *words;
		bool alarm;
	} rows[] = {
	    {"booked", say.booked, false},
	    {"moved", say.moved, false},
	    {"confirmed", say.confirmed, false},
	    {"cancelled", say.cancelled_now, false},
	    {"nothing", say.nothing_done, true},
	};
	struct slice done = http_form_get(&managed->book.form, "done");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_is(done, rows[i].name))
			book_notice(h, rows[i].alarm, rows[i].words);
}

static void open_form(const struct managed *managed, struct html *h, struct slice action)
{
	form_post(h, "/book/manage/{1}", managed->book.key);
	form_hidden(h, "action", action);
	form_hidden(h, "tz", managed->book.wish);
	form_hidden(h, "version",
	    slice_str(arena_printf(managed->book.arena, "%llu", (unsigned long long)managed->booking.version)));
}

static void add_actions(const struct managed *managed, struct html *h)
{
	if (managed->booking.status == BOOKING_HELD) {
		open_form(managed, h, SLICE("confirm"));
		html_open(h, "p");
		form_button(h, "button.main", say.confirm);
		html_close(h, "p");
		html_close(h, "form");
	}
	if (managed->has_service) {
		html_open(h, "p");
		html_open(h, "a.button");
		html_path(h, "href", "/book/manage/{1}?move=1&tz={2}", managed->book.key, managed->book.wish);
		html_say(h, say.move);
		html_close(h, "a");
		html_close(h, "p");
	}
	html_open(h, "p");
	html_open(h, "a");
	html_path(h, "href", "/book/manage/{1}?calendar=1", managed->book.key);
	html_say(h, say.calendar);
	html_close(h, "a");
	html_close(h, "p");
	html_open(h, "details");
	html_line(h, "summary", say.cancel);
	html_line(h, "p", say.cancel_lead);
	open_form(managed, h, SLICE("cancel"));
	form_button(h, "button.danger", say.cancel_button);
	html_close(h, "form");
	html_close(h, "details");
}

static void add_again(const struct managed *managed, struct html *h)
{
	html_open(h, "p");
	html_open(h, "a.button");
	if (managed->has_service && managed->book.policy.visible)
		html_path(h, "href", "/book/{1}", managed->book.policy.id);
	else
		html_path(h, "href", "/book/");
	html_say(h, say.again);
	html_close(h, "a");
	html_close(h, "p");
}

static const char *title_of(const struct managed *managed)
{
	switch (managed->booking.status) {
	case BOOKING_HELD:
		return managed->booking.core.end <= managed->book.now ? say.past : say.held;
	case BOOKING_CONFIRMED:
		return managed->booking.core.end <= managed->book.now ? say.past : say.title;
	case BOOKING_CANCELLED:
		return say.cancelled;
	case BOOKING_COMPLETED:
		return say.completed;
	case BOOKING_NO_SHOW:
		return say.no_show;
	}
	return say.title;
}

static void show_booking(struct managed *managed)
{
	bool over = is_over(managed);
	struct page page;
	struct html *h = &page.html;

	begin(managed, &page, over ? 410 : 200, title_of(managed));
	if (slice_is(http_form_get(&managed->book.form, "done"), "booked"))
		book_steps(h, STEP_DONE);
	add_done(managed, h);
	add_facts(managed, h);
	if (over)
		add_again(managed, h);
	else
		add_actions(managed, h);
	page_end(&page);
}

static void send_calendar(const struct managed *managed)
{
	struct http_request *http = managed->book.http;

	page_fields(http, PAGE_TOKEN);
	http_reply_header(http, "Content-Disposition", "attachment; filename=\"booking.ics\"");
	http_reply_text(http, 200, "text/calendar; charset=utf-8; method=PUBLISH", SLICE_EMPTY);
	book_write_calendar(&http->response.body, &managed->booking, &managed->book.policy, managed->service_name);
	http_request_finish(http);
}

/* ---- another time ---- */

static void add_keep(const struct managed *managed, struct html *h)
{
	html_open(h, "a");
	html_path(h, "href", "/book/manage/{1}?tz={2}", managed->book.key, managed->book.wish);
	html_say(h, say.keep);
	html_close(h, "a");
}

static void add_present(const struct managed *managed, struct html *h)
{
	html_open(h, "div.sheet");
	html_open(h, "dl.facts");
	book_fact(h, say.service, managed->service_name);
	book_fact(h, say.now, when_moment(managed->book.arena, managed->book.zone, managed->booking.core.start));
	html_close(h, "dl");
	html_close(h, "div");
}

static void show_times(struct managed *managed, const struct picker *picker)
{
	struct page page;
	struct html *h = &page.html;

	begin(managed, &page, 200, say.move);
	html_line(h, "p.lead", say.move_lead);
	add_present(managed, h);
	picker_show(picker, h);
	html_open(h, "p");
	add_keep(managed, h);
	html_close(h, "p");
	page_end(&page);
}

static void show_question(struct managed *managed, instant_t start)
{
	struct book *book = &managed->book;
	struct interval core = {start, instant_add(start, managed->booking.core.end - managed->booking.core.start)};
	struct page page;
	struct html *h = &page.html;

	begin(managed, &page, 200, say.move_to);
	add_present(managed, h);
	html_open(h, "div.sheet");
	html_open(h, "dl.facts");
	book_when_facts(book, h, core);
	html_close(h, "dl");
	html_close(h, "div");
	open_form(managed, h, SLICE("move"));
	form_hidden(h, "start", when_instant(book->arena, book->zone, start));
	form_hidden(h, "staff", http_form_get(&book->form, "staff"));
	html_open(h, "div.row");
	form_button(h, "button.main", say.move);
	add_keep(managed, h);
	html_close(h, "div");
	html_close(h, "form");
	page_end(&page);
}

struct moving {
	struct managed *managed;
	struct picker *picker;
};

static int view_times(struct kv_txn *txn, void *arg)
{
	struct moving *moving = arg;
	struct managed *managed = moving->managed;
	int ret = read_booking(managed, txn);

	if (ret == 0 && !managed->has_service)
		return -ENOENT;
	moving->picker->own = managed->booking.id;
	moving->picker->seats = managed->booking.seats > 0 ? managed->booking.seats : 1;
	return ret < 0 || is_over(managed) ? ret : picker_find(moving->picker, txn);
}

static void choose_time(struct managed *managed)
{
	struct picker picker = {
	    .book = &managed->book,
	    .month_path = "/book/manage/{1}?move=1&staff={2}&tz={3}&month={4}",
	    .day_path = "/book/manage/{1}?move=1&staff={2}&tz={3}&day={4}#times",
	    .time_path = "/book/manage/{1}?staff={2}&tz={3}&start={4}",
	    .zone_path = "/book/manage/{1}?move=1",
	    .staff = http_form_get(&managed->book.form, "staff"),
	};
	int ret = kv_view(store_kv(managed->book.app->store), view_times, &(struct moving){managed, &picker});

	if (ret < 0)
		book_failed(&managed->book, ret);
	else if (is_over(managed))
		show_booking(managed);
	else
		show_times(managed, &picker);
}

void book_manage(struct http_request *http)
{
	struct managed *managed = arena_zalloc(http->arena, sizeof(*managed));
	instant_t start;
	int ret;

	if (managed == NULL) {
		page_failed(http, PAGE_TOKEN, -ENOMEM);
		return;
	}
	if (!book_enter(&managed->book, http, PAGE_TOKEN, PREFIX, BOOK_SLOTS))
		return;
	if (http_form_get(&managed->book.form, "move").at != NULL) {
		choose_time(managed);
		return;
	}
	ret = kv_view(store_kv(managed->book.app->store), view_booking, managed);
	if (ret < 0)
		book_failed(&managed->book, ret);
	else if (!is_over(managed) && instant_parse_rfc3339(http_form_get(&managed->book.form, "start"), &start, NULL) == 0)
		show_question(managed, start);
	else if (!is_over(managed) && http_form_get(&managed->book.form, "calendar").at != NULL)
		send_calendar(managed);
	else
		show_booking(managed);
}

/* ---- changing ---- */

static const struct action {
	const char *word, *done;
	enum booking_action action;
} actions[] = {
    {"move", "moved", BOOKING_MOVE},
    {"cancel", "cancelled", BOOKING_CANCEL},
    {"confirm", "confirmed", BOOKING_CONFIRM},
};

static void show_taken(struct managed *managed, const struct booking_answer *answer)
{
	struct book *book = &managed->book;
	struct page page;
	struct html *h = &page.html;

	begin(managed, &page, 409, say.taken);
	html_line(h, "p.lead", answer->other_count > 0 ? say.instead : say.none);
	add_present(managed, h);
	open_form(managed, h, SLICE("move"));
	book_others(book, h, answer);
	html_close(h, "form");
	html_open(h, "div.row");
	html_open(h, "a.button");
	html_path(h, "href", "/book/manage/{1}?move=1&tz={2}", book->key, book->wish);
	html_say(h, say.all_times);
	html_close(h, "a");
	add_keep(managed, h);
	html_close(h, "div");
	page_end(&page);
}

static void show_too_late(struct managed *managed)
{
	struct page page;

	begin(managed, &page, 409, say.late_title);
	book_notice(&page.html, true, say.late);
	add_facts(managed, &page.html);
	page_end(&page);
}

static void back(struct managed *managed, const char *done)
{
	page_redirect(managed->book.http, PAGE_TOKEN,
	    html_location(managed->book.arena, "/book/manage/{1}?done={2}&tz={3}", managed->book.key, slice_str(done),
	        managed->book.wish));
}

static void answer_change(struct managed *managed, const struct action *action, const struct booking_answer *answer)
{
	switch (answer->outcome) {
	case BOOKING_DONE:
	case BOOKING_REPEATED:
		back(managed, action->done);
		break;
	case BOOKING_TAKEN:
		show_taken(managed, answer);
		break;
	case BOOKING_TOO_LATE:
		show_too_late(managed);
		break;
	case BOOKING_STALE:
	case BOOKING_WRONG_STATE:
	case BOOKING_INVALID:
		back(managed, "nothing");
		break;
	case BOOKING_NOT_FOUND:
		book_failed(&managed->book, -ENOENT);
		break;
	case BOOKING_FAILED:
		book_failed(&managed->book, answer->ret);
		break;
	}
}

/* False: what was sent is no change. */
static bool take_change(const struct managed *managed, struct booking_change *change, const struct action **action_r)
{
	const struct http_form *form = &managed->book.form;
	struct slice word = http_form_get(form, "action"), pick = http_form_get(form, "pick");
	const struct action *action = NULL;

	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (slice_is(word, actions[i].word))
			action = &actions[i];
	if (action == NULL)
		return false;
	*action_r = action;
	change->action = action->action;
	change->has_version = slice_to_u64(http_form_get(form, "version"), UINT64_MAX, &change->version) == 0;
	if (action->action != BOOKING_MOVE)
		return true;
	change->has_start = true;
	change->staff = http_form_get(form, "staff");
	return pick.at != NULL ? book_read_other(pick, &change->start, &change->staff)
	                       : instant_parse_rfc3339(http_form_get(form, "start"), &change->start, NULL) == 0;
}

static void change_it(struct managed *managed, struct booking_change *change, const struct action *action)
{
	struct book *book = &managed->book;
	struct booking_answer *answer = arena_zalloc(book->arena, sizeof(*answer));

	if (answer == NULL) {
		book_failed(book, -ENOMEM);
		return;
	}
	change->id = managed->booking.id;
	change->customer = true;
	change->origin =
	    (struct change_origin){.kind = ORIGIN_PAGE, .who = SLICE("customer"), .request = slice_str(book->http->id)};
	booking_change_wait(book->app->changes, book->arena, change, answer);
	answer_change(managed, action, answer);
}

/* Who has the token is the customer: there is no cookie that another site could use. */
void book_change(struct http_request *http)
{
	struct managed *managed = arena_zalloc(http->arena, sizeof(*managed));
	struct booking_change change = {0};
	const struct action *action;
	int ret;

	if (managed == NULL) {
		page_failed(http, PAGE_TOKEN, -ENOMEM);
		return;
	}
	if (!book_enter(&managed->book, http, PAGE_TOKEN, PREFIX, BOOK_WRITES))
		return;
	ret = kv_view(store_kv(managed->book.app->store), view_booking, managed);
	if (ret < 0)
		book_failed(&managed->book, ret);
	else if (!take_change(managed, &change, &action))
		page_error(http, PAGE_TOKEN, 400);
	else
		change_it(managed, &change, action);
}
