/* The first page, and what all pages of /book/ have in common. */
#include <config.h>

#include "server/pages/book.h"

#include <errno.h>
#include <time.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/codec.h"
#include "server/base/config.h"
#include "server/base/rate.h"
#include "server/pages/book_private.h"

#define BOOK     "/book/"
#define MANAGE   "/book/manage/"
#define LIST_MAX 500 /* services on the first page */

static const struct {
	const char *title, *lead, *none, *duration, *price, *place, *when, *there, *range, *minutes, *hours, *hours_minutes;
	const char *with, *steps;
} say = {
	.title = N_("Make an appointment"),
	.lead = N_("What would you like to book?"),
	.none = N_("Nothing can be booked here at the moment."),
	.duration = N_("Duration"),
	.price = N_("Price"),
	.place = N_("Where"),
	.when = N_("When"),
	.there = N_("Local time there"),
	.range = N_("{1} – {2} ({3})"),
	.minutes = N_("{1} minutes"),
	.hours = N_("{1} h"),
	.hours_minutes = N_("{1} h {2} min"),
	.with = N_(" · "),
	.steps = N_("Steps"),
};

static const char *const step_words[STEP_COUNT] = {
    [STEP_SERVICE] = N_("Service"),
    [STEP_TIME] = N_("Time"),
    [STEP_DETAILS] = N_("Your details"),
    [STEP_DONE] = N_("Done"),
};

/* ---- what was asked ---- */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool may_ask(struct http_request *http, enum page_kind kind, enum book_rate rate)
{
	const struct app *app = http->app;
	const struct config_values *config = config_get(app->config);
	bool slots = rate == BOOK_SLOTS;
	unsigned seconds = rate_take(slots ? app->slot_rate : app->booking_rate, http->peer_address,
	    slots ? config->rate_limit_slots : config->rate_limit_bookings, now_us());

	if (seconds == 0)
		return true;
	http_reply_header(http, "Retry-After", "%u", seconds);
	page_error(http, kind, 429);
	return false;
}

bool book_enter(struct book *book, struct http_request *http, enum page_kind kind, struct slice prefix,
    enum book_rate rate)
{
	struct slice raw = slice_from(http->path, prefix.len);
	char *key = arena_alloc(http->arena, raw.len + 1);
	ssize_t len = key != NULL ? codec_percent_decode(raw, key, raw.len) : 0;
	const struct zone *zone;

	*book = (struct book){.http = http, .app = http->app, .arena = http->arena, .kind = kind};
	if (len <= 0 || len > RECORD_NAME_MAX) {
		page_error(http, kind, 404);
		return false;
	}
	book->key = slice_of(key, (size_t)len);
	book->now = clock_now(book->app->clock);
	if (!may_ask(http, kind, rate) || !page_form(http, kind, &book->form))
		return false;
	zone = zone_set_find(book->app->zones, http_form_get(&book->form, "tz"));
	book->wish = zone != NULL ? zone_name(zone) : SLICE_EMPTY;
	return true;
}

void book_failed(struct book *book, int ret)
{
	if (ret == -ENOENT || ret == -EINVAL)
		page_error(book->http, book->kind, 404);
	else
		page_failed(book->http, book->kind, ret);
}

/* ---- the service ---- */

static int read_people(struct book *book, struct kv_txn *txn)
{
	struct choice *people = arena_array(book->arena, book->policy.staff_count + 1, sizeof(*people));
	int ret = people != NULL ? 0 : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < book->policy.staff_count; i++) {
		struct principal principal;

		people[i].value = people[i].label = book->policy.staff[i];
		ret = store_principal_get(txn, book->arena, book->policy.staff[i], &principal);
		if (ret == 0 && principal.display_name.len > 0)
			people[i].label = principal.display_name;
		ret = ret == -ENOENT ? 0 : ret;
	}
	book->people = people;
	return ret;
}

int book_read_service(struct book *book, struct kv_txn *txn, struct slice id)
{
	int ret = booking_policy(txn, book->arena, id, &book->policy);

	if (ret < 0)
		return ret;
	book->service_zone = booking_zone(book->app->changes, &book->policy);
	book->zone = book->wish.len > 0 ? zone_set_find(book->app->zones, book->wish) : book->service_zone;
	return read_people(book, txn);
}

struct slice book_person(const struct book *book, struct slice name)
{
	for (size_t i = 0; i < book->policy.staff_count; i++)
		if (slice_equal(book->people[i].value, name))
			return book->people[i].label;
	return name;
}

struct slice book_people(const struct book *book, const struct slice *names, size_t count)
{
	struct slice all = SLICE_EMPTY;

	for (size_t i = 0; i < count; i++)
		all = i == 0 ? book_person(book, names[0])
		             : html_words(book->arena, "{1}, {2}", all, book_person(book, names[i]));
	return all;
}

/* ---- parts of pages ---- */

void book_fact(struct html *h, const char *label, struct slice text)
{
	if (text.len == 0)
		return;
	html_line(h, "dt", label);
	html_open(h, "dd");
	html_lines(h, text);
	html_close(h, "dd");
}

static struct slice duration_words(struct arena *arena, int64_t seconds)
{
	int64_t minutes = seconds / MINUTE_SECONDS;
	struct slice hours = slice_str(arena_printf(arena, "%lld", (long long)(minutes / 60)));
	struct slice rest = slice_str(arena_printf(arena, "%lld", (long long)(minutes < 120 ? minutes : minutes % 60)));

	if (minutes < 120)
		return html_words(arena, say.minutes, rest);
	return minutes % 60 == 0 ? html_words(arena, say.hours, hours)
	                         : html_words(arena, say.hours_minutes, hours, rest);
}

void book_service_facts(const struct book *book, struct html *h)
{
	book_fact(h, say.duration, duration_words(book->arena, book->policy.duration));
	book_fact(h, say.price, book->policy.price);
	book_fact(h, say.place, book->policy.location);
}

static struct slice range_words(const struct book *book, const struct zone *zone, struct interval core)
{
	struct slice end = zoned_day_of(zone, core.start) == zoned_day_of(zone, core.end)
	                       ? when_time(book->arena, zone, core.end)
	                       : when_moment(book->arena, zone, core.end);

	return html_words(book->arena, say.range, when_moment(book->arena, zone, core.start), end, zone_name(zone));
}

void book_when_facts(const struct book *book, struct html *h, struct interval core)
{
	book_fact(h, say.when, range_words(book, book->zone, core));
	if (zone_offset_at(book->zone, core.start) != zone_offset_at(book->service_zone, core.start))
		book_fact(h, say.there, range_words(book, book->service_zone, core));
}

void book_steps(struct html *h, enum book_step present)
{
	html_open(h, "ol.steps");
	html_attr(h, "aria-label", slice_str(say.steps));
	for (size_t i = 0; i < STEP_COUNT; i++) {
		html_open(h, "li");
		if (i == (size_t)present)
			html_attr(h, "aria-current", SLICE("step"));
		html_say(h, step_words[i]);
		html_close(h, "li");
	}
	html_close(h, "ol");
}

void book_notice(struct html *h, bool alarm, const char *words)
{
	if (alarm)
		html_open(h, "div.alarm");
	else
		html_open(h, "div.notice");
	html_attr(h, "role", alarm ? SLICE("alert") : SLICE("status"));
	html_line(h, "p", words);
	html_close(h, "div");
}

/* ---- the first page ---- */

struct services {
	struct book *book;
	struct kv_txn *txn;
	struct policy *at;
	size_t count;
};

static int see_service(const struct service *service, void *arg)
{
	struct services *services = arg;
	struct book *book = services->book;
	struct policy *policy = &services->at[services->count];
	int ret = booking_policy(services->txn, book->arena, service->id, policy);

	if (ret == 0 && policy->visible)
		services->count++;
	return ret == -EBADMSG ? 0 : ret < 0 ? ret : services->count == LIST_MAX;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	struct services *services = arg;
	int ret;

	services->txn = txn;
	services->at = arena_array(services->book->arena, LIST_MAX, sizeof(*services->at));
	ret = services->at != NULL ? store_service_each(txn, see_service, services) : -ENOMEM;
	return ret < 0 ? ret : 0;
}

static void add_service(const struct book *book, struct html *h, const struct policy *policy)
{
	html_open(h, "li");
	html_open(h, "a.card");
	html_path(h, "href", "/book/{1}?tz={2}", policy->id, book->wish);
	html_open(h, "strong");
	html_text(h, policy->name);
	html_close(h, "strong");
	html_open(h, "span");
	html_text(h, duration_words(book->arena, policy->duration));
	if (policy->price.len > 0) {
		html_say(h, say.with);
		html_text(h, policy->price);
	}
	html_close(h, "span");
	html_close(h, "a");
	html_close(h, "li");
}

static void book_first(struct http_request *http)
{
	struct book book = {.http = http, .app = http->app, .arena = http->arena, .kind = PAGE_PUBLIC};
	struct services services = {.book = &book};
	struct page page;
	int ret;

	if (!may_ask(http, PAGE_PUBLIC, BOOK_SLOTS) || !page_form(http, PAGE_PUBLIC, &book.form))
		return;
	ret = kv_view(store_kv(book.app->store), list_in, &services);
	if (ret < 0) {
		book_failed(&book, ret);
		return;
	}
	page_begin(&page, http, &(struct page_head){.kind = PAGE_PUBLIC, .status = 200, .title = slice_str(say.title)});
	html_line(&page.html, "p.lead", services.count > 0 ? say.lead : say.none);
	if (services.count > 0)
		html_open(&page.html, "ul.cards");
	for (size_t i = 0; i < services.count; i++)
		add_service(&book, &page.html, &services.at[i]);
	if (services.count > 0)
		html_close(&page.html, "ul");
	page_end(&page);
}

static void to_first(struct http_request *http)
{
	page_redirect(http, PAGE_PUBLIC, BOOK);
}

/* ---- routes ---- */

const struct http_route *book_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	static const struct http_route first = {book_first, RUN_ON_WORKER, BODY_NONE, ACCESS_ANYONE},
	                               redirect = {to_first, RUN_ON_LOOP, BODY_NONE, ACCESS_ANYONE},
	                               service = {book_service, RUN_ON_WORKER, BODY_NONE, ACCESS_ANYONE},
	                               place = {book_place, RUN_ON_WORKER, BODY_FORM, ACCESS_ANYONE},
	                               manage = {book_manage, RUN_ON_WORKER, BODY_NONE, ACCESS_BY_PATH},
	                               change = {book_change, RUN_ON_WORKER, BODY_FORM, ACCESS_BY_PATH},
	                               other = {NULL, RUN_ON_LOOP, BODY_NONE, ACCESS_BY_PATH};
	bool get = method == HTTP_GET || method == HTTP_HEAD, post = method == HTTP_POST;

	(void)app;
	(void)arena;
	if (slice_is(path, "/"))
		return get ? &redirect : NULL; /* other methods are for calendar programs */
	if (slice_is(path, "/book"))
		return get ? &redirect : NULL;
	if (!slice_starts(path, SLICE(BOOK)))
		return NULL;
	*allow_r = slice_is(path, BOOK) ? "GET, HEAD" : "GET, HEAD, POST";
	if (slice_is(path, BOOK))
		return get ? &first : &other;
	if (slice_starts(path, SLICE(MANAGE)))
		return get ? &manage : post ? &change : &other;
	return get ? &service : post ? &place : &other;
}
