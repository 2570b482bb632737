/* Signing in and out, and what stands around every page of /admin/. */
#include <config.h>

#include "server/pages/admin.h"

#include <errno.h>
#include <string.h>

#include "protocol/base/cleanup.h"
#include "server/base/config.h"
#include "server/base/metrics.h"
#include "server/pages/admin_private.h"

#define COOKIE        "slotkeeper_session"
#define FORM_COOKIE   "slotkeeper_sign_in" /* what the sign-in form itself brings back: there is no session yet */
#define COOKIE_PATH   "/admin/"
#define RETRY_SECONDS 60
#define NAME_MAX_     255
#define PASSWORD_MAX_ 1024

static const struct {
	const char *title, *name, *password, *button, *refused, *throttled, *hint, *sign_out, *menu;
} say = {
	.title = N_("Sign in"),
	.name = N_("User name"),
	.password = N_("Password"),
	.button = N_("Sign in"),
	.hint = N_("For administrators of this calendar server."),
	.refused = N_("User name or password is not right, or this is no administrator."),
	.throttled = N_("Too many wrong passwords. Please wait a minute."),
	.sign_out = N_("Sign out"),
	.menu = N_("Administration"),
};

static const struct {
	const char *path, *title;
} menu[] = {
    {"/admin/bookings", N_("Bookings")},
    {"/admin/alerts", N_("Alerts")},
    {"/admin/jobs", N_("Jobs")},
};

/* ---- cookies ---- */

/* Secure wherever a browser would send it back: on plain loopback it would not. */
static bool is_tls(const struct http_request *http)
{
	const struct app *app = http->app;

	return http->tls || slice_starts_nocase(slice_str(config_get(app->config)->public_url), SLICE("https://"));
}

static void set_cookie(struct http_request *http, const char *name, const char *value)
{
	http_reply_header(http, "Set-Cookie", "%s=%s; Path=%s; HttpOnly; SameSite=Lax%s%s", name, value, COOKIE_PATH,
	    is_tls(http) ? "; Secure" : "", value[0] == '\0' ? "; Max-Age=0" : "");
}

/* ---- who asks ---- */

static const struct zone *site_zone(const struct app *app)
{
	const struct zone *zone = zone_set_find(app->zones, slice_str(config_get(app->config)->timezone));

	return zone != NULL ? zone : zone_utc();
}

/* Where to go after signing in is the name of a page of the menu, never an address. */
static size_t page_named(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(menu); i++)
		if (slice_equal(slice_from(slice_str(menu[i].path), sizeof(COOKIE_PATH) - 1), name))
			return i;
	return 0;
}

static bool is_secure(struct http_request *http)
{
	if (!http->secure)
		page_error(http, PAGE_ADMIN, 403);
	return http->secure;
}

static void ask_to_sign_in(struct http_request *http)
{
	struct slice name = slice_from(http->path, sizeof(COOKIE_PATH) - 1);

	page_redirect(http, PAGE_ADMIN, html_location(http->arena, "/admin/sign-in?next={1}", name));
}

bool admin_enter(struct admin *admin, struct http_request *http)
{
	struct app *app = http->app;
	int ret;

	*admin = (struct admin){.http = http, .app = app, .arena = http->arena, .zone = site_zone(app)};
	if (!is_secure(http))
		return false;
	admin->cookie = http_cookie_get(http->headers, COOKIE);
	ret = session_find(app->store, app->clock, admin->cookie, &admin->user);
	if (ret == -ENOENT) {
		ask_to_sign_in(http);
		return false;
	}
	if (ret == 0)
		ret = session_form_make(admin->cookie, admin->secret);
	if (ret < 0) {
		page_failed(http, PAGE_ADMIN, ret);
		return false;
	}
	if (!page_form(http, PAGE_ADMIN, &admin->form))
		return false;
	if (http->method != HTTP_POST ||
	    (page_is_same_origin(http) && session_form_check(admin->cookie, http_form_get(&admin->form, "secret"))))
		return true;
	page_error(http, PAGE_ADMIN, 403);
	return false;
}

/* ---- the frame ---- */

struct menu_mark {
	const struct admin *admin;
	const char *path;
};

static void add_menu(struct html *h, const void *arg)
{
	const struct menu_mark *mark = arg;

	html_open(h, "nav.menu");
	html_attr(h, "aria-label", slice_str(say.menu));
	for (size_t i = 0; i < ARRAY_LEN(menu); i++) {
		html_open(h, "a");
		html_path_(h, SLICE("href"), menu[i].path, HTML_VALUES_OF());
		if (strcmp(menu[i].path, mark->path) == 0)
			html_attr(h, "aria-current", SLICE("page"));
		html_say(h, menu[i].title);
		html_close(h, "a");
	}
	form_post(h, "/admin/sign-out");
	html_line(h, "span", "{1}", slice_str(mark->admin->user.name));
	admin_secret(mark->admin, h);
	form_button(h, "button.small", say.sign_out);
	html_close(h, "form");
	html_close(h, "nav");
}

void admin_begin(struct admin *admin, struct page *page, const char *path, const char *title)
{
	const struct menu_mark mark = {admin, path};
	const struct page_head head = {.kind = PAGE_ADMIN, .status = 200, .title = slice_str(title), .wide = true,
	    .menu = add_menu, .menu_arg = &mark};

	page_begin(page, admin->http, &head);
}

void admin_secret(const struct admin *admin, struct html *h)
{
	form_hidden(h, "secret", slice_str(admin->secret));
}

void admin_tell_done(const struct admin *admin, struct html *h, const struct admin_done *rows, size_t count)
{
	struct slice done = http_form_get(&admin->form, "done");

	for (size_t i = 0; i < count; i++) {
		if (!slice_is(done, rows[i].name))
			continue;
		html_open(h, "div.notice");
		html_attr(h, "role", SLICE("status"));
		html_line(h, "p", rows[i].words);
		html_close(h, "div");
	}
}

/* ---- tables ---- */

void admin_open_table(struct html *h, const char *caption, const char *const *heads, size_t count)
{
	html_open(h, "div.scroll");
	html_open(h, "table.list");
	html_line(h, "caption.unseen", caption);
	html_open(h, "thead");
	html_open(h, "tr");
	for (size_t i = 0; i < count; i++) {
		html_open(h, "th");
		html_attr(h, "scope", SLICE("col"));
		html_say(h, heads[i]);
		html_close(h, "th");
	}
	html_close(h, "tr");
	html_close(h, "thead");
	html_open(h, "tbody");
}

void admin_close_table(struct html *h)
{
	html_close(h, "tbody");
	html_close(h, "table");
	html_close(h, "div");
}

void admin_cell(struct html *h, const char *label, struct slice text)
{
	html_open(h, "td");
	html_attr(h, "data-label", slice_str(label));
	html_text(h, text);
	html_close(h, "td");
}

static struct slice number_words(const struct admin *admin, uint64_t number)
{
	return slice_str(arena_printf(admin->arena, "%llu", (unsigned long long)number));
}

void admin_action(const struct admin *admin, struct html *h, const char *path, uint64_t id, const char *action,
    const char *words, const char *of)
{
	html_open(h, "form");
	html_attr(h, "method", SLICE("post"));
	html_path_(h, SLICE("action"), path, HTML_VALUES_OF());
	admin_secret(admin, h);
	form_hidden(h, "id", number_words(admin, id));
	form_hidden(h, "action", slice_str(action));
	html_open(h, "button.button.small");
	html_attr(h, "type", SLICE("submit"));
	html_say(h, words);
	html_line(h, "span.unseen", of, number_words(admin, id));
	html_close(h, "button");
	html_close(h, "form");
}

void admin_more(const struct admin *admin, struct html *h, const char *path, uint64_t after, const char *words)
{
	html_open(h, "p");
	html_open(h, "a.button");
	html_path_(h, SLICE("href"), path,
	    HTML_VALUES_OF(http_form_get(&admin->form, "state"), number_words(admin, after)));
	html_say(h, words);
	html_close(h, "a");
	html_close(h, "p");
}

struct change_origin admin_origin(const struct admin *admin)
{
	return (struct change_origin){
	    .kind = ORIGIN_PAGE, .principal = slice_str(admin->user.name), .request = slice_str(admin->http->id)};
}

/* ---- signing in ---- */

struct sign_in {
	struct slice name, next;
	const char *error;
	int status;
};

static void show_sign_in(struct http_request *http, const struct sign_in *show)
{
	const struct field fields[] = {
	    {.name = "user", .type = "text", .label = say.name, .complete = "username", .value = show->name,
	        .required = true, .max = NAME_MAX_, .error = show->error},
	    {.name = "password", .type = "password", .label = say.password, .complete = "current-password",
	        .required = true, .max = PASSWORD_MAX_},
	};
	char cookie[SESSION_COOKIE_SIZE], secret[SESSION_FORM_SIZE];
	struct page page;
	struct html *h = &page.html;
	int ret = session_make(0, cookie);

	if (ret == 0)
		ret = session_form_make(slice_str(cookie), secret);
	if (ret < 0) {
		page_failed(http, PAGE_ADMIN, ret);
		return;
	}
	set_cookie(http, FORM_COOKIE, cookie);
	page_begin(&page, http,
	    &(struct page_head){.kind = PAGE_ADMIN, .status = show->status, .title = slice_str(say.title)});
	html_line(h, "p.lead", say.hint);
	form_errors(h, fields, ARRAY_LEN(fields));
	html_open(h, "div.sheet.narrow");
	form_post(h, "/admin/sign-in");
	form_hidden(h, "secret", slice_str(secret));
	form_hidden(h, "next", show->next);
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		form_field(h, &fields[i]);
	form_button(h, "button.main", say.button);
	html_close(h, "form");
	html_close(h, "div");
	page_end(&page);
}

static void get_sign_in(struct http_request *http)
{
	struct sign_in show = {.status = 200};
	struct http_form query;

	if (!is_secure(http) || !page_form(http, PAGE_ADMIN, &query))
		return;
	show.next = slice_sub(http_form_get(&query, "next"), 0, HTTP_FORM_NAME_MAX);
	show_sign_in(http, &show);
}

static void refuse(struct http_request *http, struct sign_in *show, enum auth_result result)
{
	struct app *app = http->app;

	metrics_add(app->metrics, METRIC_SIGN_INS_REFUSED, 1);
	if (result == AUTH_THROTTLED)
		http_reply_header(http, "Retry-After", "%d", RETRY_SECONDS);
	show->error = result == AUTH_THROTTLED ? say.throttled : say.refused;
	show->status = result == AUTH_THROTTLED ? 429 : 403;
	show_sign_in(http, show);
}

static void let_in(struct http_request *http, struct sign_in *show, const struct auth_user *user)
{
	struct app *app = http->app;
	char cookie[SESSION_COOKIE_SIZE];
	int ret = session_begin(app->store, app->clock, user, cookie);

	if (ret == -EACCES) {
		refuse(http, show, AUTH_REFUSED);
		return;
	}
	if (ret < 0) {
		page_failed(http, PAGE_ADMIN, ret);
		return;
	}
	set_cookie(http, COOKIE, cookie);
	set_cookie(http, FORM_COOKIE, "");
	page_redirect(http, PAGE_ADMIN, menu[page_named(show->next)].path);
}

static void post_sign_in(struct http_request *http)
{
	struct sign_in show = {0};
	struct app *app = http->app;
	struct auth_user user;
	struct http_form form;
	enum auth_result result;

	if (!is_secure(http) || !page_form(http, PAGE_ADMIN, &form))
		return;
	if (!page_is_same_origin(http) ||
	    !session_form_check(http_cookie_get(http->headers, FORM_COOKIE), http_form_get(&form, "secret"))) {
		page_error(http, PAGE_ADMIN, 403);
		return;
	}
	show.name = http_form_get(&form, "user");
	show.next = http_form_get(&form, "next");
	result = auth_sign_in(app->auth, show.name, http_form_get(&form, "password"), http->peer_address, &user);
	if (result == AUTH_OK)
		let_in(http, &show, &user);
	else if (result == AUTH_UNAVAILABLE)
		page_failed(http, PAGE_ADMIN, -EAGAIN);
	else
		refuse(http, &show, result);
}

static void post_sign_out(struct http_request *http)
{
	struct admin admin;
	int ret;

	if (!admin_enter(&admin, http))
		return;
	ret = session_end(admin.app->store, admin.cookie);
	if (ret < 0) {
		page_failed(http, PAGE_ADMIN, ret);
		return;
	}
	set_cookie(http, COOKIE, "");
	page_redirect(http, PAGE_ADMIN, "/admin/sign-in");
}

static void get_first(struct http_request *http)
{
	page_redirect(http, PAGE_ADMIN, menu[0].path);
}

static void get_nothing(struct http_request *http)
{
	struct admin admin;

	if (admin_enter(&admin, http))
		page_error(http, PAGE_ADMIN, 404);
}

/* ---- routes ---- */

static const struct admin_row {
	const char *path;
	http_handler_fn *get, *post;
	enum http_run run; /* of the POST */
} rows[] = {
    {"/admin/", get_first, NULL, 0},
    {"/admin", get_first, NULL, 0},
    {"/admin/sign-in", get_sign_in, post_sign_in, RUN_ON_HASHER},
    {"/admin/sign-out", NULL, post_sign_out, RUN_ON_WORKER},
    {"/admin/bookings", admin_bookings, admin_change_booking, RUN_ON_WORKER},
    {"/admin/alerts", admin_alerts, admin_change_alert, RUN_ON_WORKER},
    {"/admin/jobs", admin_jobs, admin_change_job, RUN_ON_WORKER},
};

static const struct http_route *make_route(struct arena *arena, http_handler_fn *handler, enum http_run run,
    enum http_body body)
{
	struct http_route *route = arena_alloc(arena, sizeof(*route));

	if (route != NULL)
		*route = (struct http_route){handler, run, body, ACCESS_ANYONE};
	return route;
}

const struct http_route *admin_find(void *app, enum http_method method, struct slice path, struct arena *arena,
    const char **allow_r)
{
	const struct admin_row *row = NULL;

	(void)app;
	if (!slice_is(path, "/admin") && !slice_starts(path, SLICE(COOKIE_PATH)))
		return NULL;
	for (size_t i = 0; row == NULL && i < ARRAY_LEN(rows); i++)
		if (slice_is(path, rows[i].path))
			row = &rows[i];
	*allow_r = row == NULL || row->post == NULL ? "GET, HEAD" : row->get == NULL ? "POST" : "GET, HEAD, POST";
	if (method == HTTP_POST)
		return make_route(arena, row != NULL ? row->post : NULL, row != NULL ? row->run : RUN_ON_LOOP, BODY_FORM);
	if (method != HTTP_GET && method != HTTP_HEAD)
		return make_route(arena, NULL, RUN_ON_LOOP, BODY_NONE);
	return make_route(arena, row != NULL ? row->get : get_nothing, RUN_ON_WORKER, BODY_NONE);
}
