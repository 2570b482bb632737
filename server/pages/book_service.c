/* /book/SERVICE: a person, a day, a time, one's details, and the booking itself. */
#include <config.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/utf8.h"
#include "server/auth/password.h"
#include "server/booking/names.h"
#include "server/pages/book_private.h"

#define PREFIX     SLICE("/book/")
#define PAGE_SCOPE SLICE("page") /* of idempotency: a form that is sent twice books once */
#define NAME_LENGTH  200
#define EMAIL_LENGTH 254
#define PHONE_LENGTH 50
#define NOTES_LENGTH 2000
#define SEATS_DIGITS 5

static const struct {
	const char *title, *person, *anyone, *with, *service, *details, *name, *email, *phone, *notes, *seats, *book;
	const char *other_time;
	const char *email_hint, *notes_hint, *no_name, *no_email, *bad_phone, *bad_seats, *bad_email, *bad_notes;
	const char *taken, *instead, *nothing, *all_times, *refused;
} say = {
	.title = N_("Book: {1}"),
	.person = N_("With whom?"),
	.anyone = N_("Anyone"),
	.with = N_("With"),
	.service = N_("Service"),
	.details = N_("Your details"),
	.name = N_("Name"),
	.email = N_("E-mail"),
	.email_hint = N_("So that you can be reached about the booking."),
	.phone = N_("Telephone"),
	.notes = N_("Notes"),
	.notes_hint = N_("Anything we should know beforehand."),
	.seats = N_("Number of people"),
	.book = N_("Book this time"),
	.other_time = N_("Choose another time"),
	.no_name = N_("Please enter your name, at most 200 letters."),
	.no_email = N_("Please enter your e-mail address."),
	.bad_email = N_("Please check the e-mail address, as in kim@example.org."),
	.bad_phone = N_("Please enter a telephone number."),
	.bad_notes = N_("Please shorten the notes."),
	.bad_seats = N_("Please enter for how many people, as a number that is possible here."),
	.taken = N_("That time is not free any more"),
	.instead = N_("These are. What you have entered is kept: one press books."),
	.nothing = N_("Nor is any other within two weeks of it."),
	.all_times = N_("All times"),
	.refused = N_("This cannot be booked: {1}"),
};

/* ---- fields ---- */

enum { FIELD_NAME, FIELD_EMAIL, FIELD_PHONE, FIELD_SEATS, FIELD_NOTES, FIELD_COUNT };

/* What the answer's error calls a field, and what it says of it. */
static const struct {
	const char *name, *field;
} field_names[FIELD_COUNT] = {
    [FIELD_NAME] = {"name", "customer.name"},
    [FIELD_EMAIL] = {"email", "customer.email"},
    [FIELD_PHONE] = {"phone", "customer.phone"},
    [FIELD_SEATS] = {"seats", "seats"},
    [FIELD_NOTES] = {"notes", "notes"},
};

struct details {
	struct book *book;
	instant_t start;
	struct slice staff, once;
	int64_t seats;
	struct field fields[FIELD_COUNT];
	struct slice refused; /* a sentence that belongs to no field; empty: none */
	int status;
};

static bool is_asked(const struct details *details, int field)
{
	if (field == FIELD_PHONE)
		return details->book->policy.ask_phone;
	return field != FIELD_SEATS || details->book->policy.capacity > 1;
}

static void make_fields(struct details *details)
{
	struct field *fields = details->fields;

	fields[FIELD_NAME] = (struct field){.type = "text", .label = say.name, .complete = "name", .required = true,
	    .max = NAME_LENGTH};
	fields[FIELD_EMAIL] = (struct field){.type = "email", .label = say.email, .hint = say.email_hint,
	    .complete = "email", .required = true, .max = EMAIL_LENGTH};
	fields[FIELD_PHONE] = (struct field){.type = "tel", .label = say.phone, .complete = "tel", .required = true,
	    .max = PHONE_LENGTH};
	fields[FIELD_SEATS] = (struct field){.type = "number", .label = say.seats, .value = SLICE("1"), .required = true,
	    .max = SEATS_DIGITS};
	fields[FIELD_NOTES] = (struct field){.label = say.notes, .hint = say.notes_hint, .max = NOTES_LENGTH};
	for (int i = 0; i < FIELD_COUNT; i++) {
		struct slice value = http_form_get(&details->book->form, field_names[i].name);

		fields[i].name = field_names[i].name;
		if (value.at != NULL)
			fields[i].value = slice_trim(value);
	}
}

static void check_fields(struct details *details)
{
	struct field *fields = details->fields;
	uint64_t seats = 1;

	if (fields[FIELD_NAME].value.len == 0 || !names_text_is_good(fields[FIELD_NAME].value))
		fields[FIELD_NAME].error = say.no_name;
	if (!names_email_is_good(fields[FIELD_EMAIL].value))
		fields[FIELD_EMAIL].error = fields[FIELD_EMAIL].value.len == 0 ? say.no_email : say.bad_email;
	if (is_asked(details, FIELD_PHONE) &&
	    (fields[FIELD_PHONE].value.len == 0 || !names_text_is_good(fields[FIELD_PHONE].value)))
		fields[FIELD_PHONE].error = say.bad_phone;
	if (is_asked(details, FIELD_SEATS) &&
	    (slice_to_u64(fields[FIELD_SEATS].value, (uint64_t)details->book->policy.capacity, &seats) < 0 || seats == 0))
		fields[FIELD_SEATS].error = say.bad_seats;
	if (utf8_count(fields[FIELD_NOTES].value) > NOTES_LENGTH)
		fields[FIELD_NOTES].error = say.bad_notes;
	details->seats = (int64_t)seats;
}

/* ---- showing ---- */

static void begin(const struct book *book, struct page *page, int status)
{
	page_begin(page, book->http, &(struct page_head){.kind = PAGE_PUBLIC, .status = status,
	    .title = html_words(book->arena, say.title, book->policy.name)});
}

static void add_summary(const struct details *details, struct html *h)
{
	const struct book *book = details->book;
	struct interval core = {details->start, instant_add(details->start, book->policy.duration)};

	html_open(h, "div.sheet");
	html_open(h, "dl.facts");
	book_fact(h, say.service, book->policy.name);
	book_when_facts(book, h, core);
	if (details->staff.len > 0)
		book_fact(h, say.with, book_person(book, details->staff));
	book_service_facts(book, h);
	html_close(h, "dl");
	html_close(h, "div");
}

static void add_way_back(const struct details *details, struct html *h)
{
	const struct book *book = details->book;

	html_open(h, "a");
	html_path(h, "href", "/book/{1}?staff={2}&tz={3}&day={4}", book->key, details->staff, book->wish,
	    when_date(book->arena, zoned_day_of(book->zone, details->start)));
	html_say(h, say.other_time);
	html_close(h, "a");
}

static void add_hidden(const struct details *details, struct html *h)
{
	const struct book *book = details->book;

	form_hidden(h, "tz", book->wish);
	form_hidden(h, "once", details->once);
}

static void show_details(struct details *details)
{
	const struct book *book = details->book;
	struct page page;
	struct html *h = &page.html;

	begin(book, &page, details->status);
	book_steps(h, STEP_DETAILS);
	if (details->refused.len > 0) {
		html_open(h, "div.alarm");
		html_attr(h, "role", SLICE("alert"));
		html_line(h, "p", say.refused, details->refused);
		html_close(h, "div");
	}
	form_errors(h, details->fields, FIELD_COUNT);
	add_summary(details, h);
	html_line(h, "h2", say.details);
	form_post(h, "/book/{1}", book->key);
	form_hidden(h, "start", when_instant(book->arena, book->zone, details->start));
	form_hidden(h, "staff", details->staff);
	add_hidden(details, h);
	for (int i = 0; i < FIELD_COUNT; i++)
		if (is_asked(details, i))
			form_field(h, &details->fields[i]);
	html_open(h, "div.row");
	form_button(h, "button.main", say.book);
	add_way_back(details, h);
	html_close(h, "div");
	html_close(h, "form");
	page_end(&page);
}

/* The form's contents go along, so that another time is one press. */
static void show_taken(struct details *details, const struct booking_answer *answer)
{
	const struct book *book = details->book;
	struct page page;
	struct html *h = &page.html;

	page_begin(&page, book->http,
	    &(struct page_head){.kind = PAGE_PUBLIC, .status = 409, .title = slice_str(say.taken)});
	html_line(h, "p.lead", answer->other_count > 0 ? say.instead : say.nothing);
	add_summary(details, h);
	form_post(h, "/book/{1}", book->key);
	add_hidden(details, h);
	form_hidden(h, "staff", details->staff);
	for (int i = 0; i < FIELD_COUNT; i++)
		if (is_asked(details, i))
			form_hidden(h, details->fields[i].name, details->fields[i].value);
	book_others(book, h, answer);
	html_close(h, "form");
	html_open(h, "p");
	html_open(h, "a");
	html_path(h, "href", "/book/{1}?staff={2}&tz={3}&day={4}", book->key, details->staff, book->wish,
	    when_date(book->arena, zoned_day_of(book->zone, details->start)));
	html_say(h, say.all_times);
	html_close(h, "a");
	html_close(h, "p");
	page_end(&page);
}

/* ---- a person, a day, a time ---- */

static void add_person(const struct picker *picker, struct html *h, struct slice name, struct slice words)
{
	const struct book *book = picker->book;

	html_open(h, "li");
	html_open(h, "a.button");
	html_path(h, "href", "/book/{1}?staff={2}&tz={3}&day={4}", book->key, name, book->wish,
	    http_form_get(&book->form, "day"));
	if (slice_equal(name, picker->staff))
		html_attr(h, "aria-current", SLICE("true"));
	html_text(h, words);
	html_close(h, "a");
	html_close(h, "li");
}

/* Whom one can wish for. */
static void add_people(const struct picker *picker, struct html *h)
{
	const struct book *book = picker->book;
	enum policy_assignment assignment = book->policy.assignment;

	if (book->policy.staff_count < 2 || assignment == ASSIGN_COLLECTIVE || assignment == ASSIGN_FIXED)
		return;
	html_line(h, "h2", say.person);
	html_open(h, "ul.times");
	if (assignment != ASSIGN_CHOOSE)
		add_person(picker, h, SLICE_EMPTY, slice_str(say.anyone));
	for (size_t i = 0; i < book->policy.staff_count; i++)
		add_person(picker, h, book->people[i].value, book->people[i].label);
	html_close(h, "ul");
}

static void show_times(const struct picker *picker)
{
	const struct book *book = picker->book;
	struct page page;
	struct html *h = &page.html;

	begin(book, &page, 200);
	book_steps(h, STEP_TIME);
	html_open(h, "div.sheet");
	html_open(h, "dl.facts");
	book_service_facts(book, h);
	html_close(h, "dl");
	html_close(h, "div");
	add_people(picker, h);
	picker_show(picker, h);
	page_end(&page);
}

/* ---- reading ---- */

struct reading {
	struct book *book;
	struct picker *picker; /* NULL: the service alone */
};

static int read_in(struct kv_txn *txn, void *arg)
{
	struct reading *reading = arg;
	struct book *book = reading->book;
	struct picker *picker = reading->picker;
	int ret = book_read_service(book, txn, book->key);

	if (ret < 0 || picker == NULL)
		return ret < 0 || book->policy.visible ? ret : -ENOENT;
	if (!book->policy.visible)
		return -ENOENT;
	if (book->policy.assignment == ASSIGN_CHOOSE && picker->staff.len == 0 && book->policy.staff_count > 0)
		picker->staff = book->policy.staff[0];
	return picker_find(picker, txn);
}

static struct slice make_once(struct arena *arena)
{
	char *once = arena_alloc(arena, PASSWORD_MADE_LENGTH + 1);

	return once != NULL && password_make(once) == 0 ? slice_str(once) : SLICE_EMPTY;
}

void book_service(struct http_request *http)
{
	struct book book;
	struct details details = {.book = &book, .status = 200};
	struct picker picker = {
	    .book = &book,
	    .month_path = "/book/{1}?staff={2}&tz={3}&month={4}",
	    .day_path = "/book/{1}?staff={2}&tz={3}&day={4}#times",
	    .time_path = "/book/{1}?staff={2}&tz={3}&start={4}",
	    .zone_path = "/book/{1}",
	    .seats = 1,
	};
	bool timed;
	int ret;

	if (!book_enter(&book, http, PAGE_PUBLIC, PREFIX, BOOK_SLOTS))
		return;
	timed = instant_parse_rfc3339(http_form_get(&book.form, "start"), &details.start, NULL) == 0;
	picker.staff = details.staff = http_form_get(&book.form, "staff");
	ret = kv_view(store_kv(book.app->store), read_in, &(struct reading){&book, timed ? NULL : &picker});
	if (ret < 0) {
		book_failed(&book, ret);
		return;
	}
	if (!timed) {
		show_times(&picker);
		return;
	}
	details.once = make_once(book.arena);
	make_fields(&details);
	show_details(&details);
}

/* ---- booking ---- */

struct placing {
	struct book *book;
	struct slice once;
	struct slice earlier; /* id of the booking that this form made before */
	char token[BOOKING_TOKEN_SIZE];
};

static int find_earlier(struct kv_txn *txn, void *arg)
{
	struct placing *placing = arg;
	struct book *book = placing->book;
	struct idempotency record;
	int ret;

	if (placing->once.len == 0)
		return 0;
	ret = store_idempotency_get(txn, book->arena, PAGE_SCOPE, placing->once, book->now, &record);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	placing->earlier = record.body;
	return 1;
}

static int remember(struct kv_txn *txn, const struct booking_answer *answer, void *arg)
{
	const struct placing *placing = arg;
	const struct idempotency record = {.scope = PAGE_SCOPE, .key = placing->once, .status = 303,
	    .body = answer->booking.id, .at = placing->book->now};

	return answer->outcome != BOOKING_DONE || placing->once.len == 0 ? 0 : store_idempotency_put(txn, &record);
}

static int read_token(struct kv_txn *txn, void *arg)
{
	struct placing *placing = arg;
	struct book *book = placing->book;
	struct booking booking;
	int ret = store_booking_get_by_id(txn, book->arena, placing->earlier, &booking);

	return ret < 0 ? ret : booking_token(txn, book->arena, &booking, placing->token);
}

static void to_booking(struct book *book, const char *token)
{
	page_redirect(book->http, PAGE_TOKEN,
	    html_location(book->arena, "/book/manage/{1}?done=booked&tz={2}", slice_str(token), book->wish));
}

static void repeat(struct placing *placing)
{
	int ret = kv_view(store_kv(placing->book->app->store), read_token, placing);

	if (ret < 0)
		book_failed(placing->book, ret);
	else
		to_booking(placing->book, placing->token);
}

/* "customer.email: ..." belongs to a field, anything else to the whole. */
static void take_refusal(struct details *details, const struct booking_answer *answer)
{
	struct slice rest = slice_str(answer->error.detail), name = SLICE_EMPTY;

	details->status = 422;
	(void)slice_next(&rest, ':', &name);
	for (int i = 0; i < FIELD_COUNT; i++)
		if (slice_is(name, field_names[i].field)) {
			details->fields[i].error = i == FIELD_EMAIL   ? say.bad_email
			                           : i == FIELD_SEATS ? say.bad_seats
			                                              : arena_copy(details->book->arena, slice_trim(rest));
			return;
		}
	details->refused = slice_str(arena_strdup(details->book->arena, answer->error.detail));
}

static void answer_placing(struct details *details, struct placing *placing, const struct booking_answer *answer)
{
	switch (answer->outcome) {
	case BOOKING_DONE:
		to_booking(details->book, answer->token);
		break;
	case BOOKING_REPEATED:
		repeat(placing);
		break;
	case BOOKING_TAKEN:
		show_taken(details, answer);
		break;
	case BOOKING_INVALID:
	case BOOKING_NOT_FOUND:
	case BOOKING_WRONG_STATE:
	case BOOKING_TOO_LATE:
	case BOOKING_STALE:
		take_refusal(details, answer);
		show_details(details);
		break;
	case BOOKING_FAILED:
		book_failed(details->book, answer->ret);
		break;
	}
}

static void place(struct details *details)
{
	struct book *book = details->book;
	const struct field *fields = details->fields;
	struct placing placing = {.book = book, .once = details->once};
	const struct booking_place request = {
	    .service = book->key,
	    .start = details->start,
	    .staff = details->staff,
	    .customer = {.name = fields[FIELD_NAME].value,
	        .email = fields[FIELD_EMAIL].value,
	        .phone = is_asked(details, FIELD_PHONE) ? fields[FIELD_PHONE].value : SLICE_EMPTY,
	        .timezone = book->wish,
	        .language = SLICE("en")},
	    .notes = fields[FIELD_NOTES].value,
	    .seats = details->seats,
	    .origin = {.kind = ORIGIN_PAGE, .who = SLICE("customer"), .request = slice_str(book->http->id)},
	    .hooks = {find_earlier, remember, &placing},
	};
	struct booking_answer *answer = arena_zalloc(book->arena, sizeof(*answer));

	if (answer == NULL) {
		book_failed(book, -ENOMEM);
		return;
	}
	booking_place_wait(book->app->changes, book->arena, &request, answer);
	answer_placing(details, &placing, answer);
}

/* A start and a person: those of the form, or of the alternative that was pressed. */
static bool take_time(struct details *details)
{
	const struct http_form *form = &details->book->form;
	struct slice pick = http_form_get(form, "pick");

	details->staff = http_form_get(form, "staff");
	if (pick.at != NULL)
		return book_read_other(pick, &details->start, &details->staff);
	return instant_parse_rfc3339(http_form_get(form, "start"), &details->start, NULL) == 0;
}

void book_place(struct http_request *http)
{
	struct book book;
	struct details details = {.book = &book, .status = 422};
	int ret;

	if (!book_enter(&book, http, PAGE_PUBLIC, PREFIX, BOOK_WRITES))
		return;
	if (!page_is_same_origin(http)) {
		page_error(http, PAGE_PUBLIC, 403);
		return;
	}
	if (!take_time(&details)) {
		page_error(http, PAGE_PUBLIC, 400);
		return;
	}
	ret = kv_view(store_kv(book.app->store), read_in, &(struct reading){&book, NULL});
	if (ret < 0) {
		book_failed(&book, ret);
		return;
	}
	details.once = slice_sub(http_form_get(&book.form, "once"), 0, HTTP_FORM_NAME_MAX);
	make_fields(&details);
	check_fields(&details);
	if (form_has_errors(details.fields, FIELD_COUNT))
		show_details(&details);
	else
		place(&details);
}
