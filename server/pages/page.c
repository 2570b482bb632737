#include <config.h>

#include "server/pages/page.h"

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/log.h"
#include "server/app.h"
#include "server/base/config.h"
#include "server/pages/assets.h"

#define POLICY                                                                                                         \
	"default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

static const struct {
	const char *skip, *home, *contact;
	const char *refused, *forbidden, *not_found, *gone, *too_many, *unavailable, *failed;
	const char *refused_why, *forbidden_why, *not_found_why, *gone_why, *too_many_why, *unavailable_why, *failed_why;
	const char *begin;
} say = {
	.skip = N_("Skip to the content"),
	.home = N_("{1}: first page"),
	.contact = N_("Questions? {1}"),
	.refused = N_("This could not be read"),
	.refused_why = N_("Something in the address or the form was not as it should be."),
	.forbidden = N_("Not accepted"),
	.forbidden_why = N_("The form is too old or was sent from another site. Go back, load the page again and repeat it."),
	.not_found = N_("There is no such page"),
	.not_found_why = N_("The address may be mistyped, or what it led to is no longer there."),
	.gone = N_("This is over"),
	.gone_why = N_("What this address led to is no longer there."),
	.too_many = N_("Too many requests"),
	.too_many_why = N_("Please wait a minute and try again."),
	.unavailable = N_("Busy at the moment"),
	.unavailable_why = N_("Please try again in a moment. Nothing was changed."),
	.failed = N_("Something went wrong"),
	.failed_why = N_("It has been written to the log. Please try again later."),
	.begin = N_("To the first page"),
};

static const struct {
	const char *cache, *referrer, *home;
	bool found; /* search engines may list it */
} kinds[PAGE_KIND_COUNT] = {
    [PAGE_PUBLIC] = {"no-cache", "same-origin", "/book/", true},
    [PAGE_TOKEN] = {"no-store", "no-referrer", "/book/", false},
    [PAGE_ADMIN] = {"no-store", "same-origin", "/admin/", false},
};

static const struct config_values *config_of(const struct http_request *http)
{
	const struct app *app = http->app;

	return config_get(app->config);
}

/* ---- the frame ---- */

void page_fields(struct http_request *http, enum page_kind kind)
{
	http_reply_header(http, "Cache-Control", "%s", kinds[kind].cache);
	http_reply_header(http, "Content-Security-Policy", "%s", POLICY);
	http_reply_header(http, "X-Content-Type-Options", "nosniff");
	http_reply_header(http, "X-Frame-Options", "DENY");
	http_reply_header(http, "Referrer-Policy", "%s", kinds[kind].referrer);
	http_reply_header(http, "Cross-Origin-Opener-Policy", "same-origin");
	if (!kinds[kind].found)
		http_reply_header(http, "X-Robots-Tag", "noindex, nofollow");
}

static void add_meta(struct html *h, struct slice name, struct slice content)
{
	html_void(h, "meta");
	html_attr(h, "name", name);
	html_attr(h, "content", content);
}

static void add_link(struct html *h, struct slice rel, struct slice type)
{
	html_void(h, "link");
	html_attr(h, "rel", rel);
	html_attr(h, "type", type);
}

static void add_head(struct html *h, const struct page_head *head, struct slice business)
{
	html_open(h, "head");
	html_void(h, "meta");
	html_attr(h, "charset", SLICE("utf-8"));
	add_meta(h, SLICE("viewport"), SLICE("width=device-width, initial-scale=1"));
	add_meta(h, SLICE("color-scheme"), SLICE("light dark"));
	if (!kinds[head->kind].found)
		add_meta(h, SLICE("robots"), SLICE("noindex, nofollow"));
	html_line(h, "title", "{1} – {2}", head->title, business);
	add_link(h, SLICE("stylesheet"), SLICE("text/css"));
	html_path(h, "href", ASSET_STYLE "?{1}", slice_str(asset_version(ASSET_STYLE)));
	add_link(h, SLICE("icon"), SLICE("image/svg+xml"));
	html_path(h, "href", ASSET_ICON "?{1}", slice_str(asset_version(ASSET_ICON)));
	html_close(h, "head");
}

static void add_banner(struct html *h, const struct page_head *head, struct slice business)
{
	html_open(h, "header.banner");
	html_open(h, "div.inner");
	html_open(h, "a.business");
	if (head->kind == PAGE_ADMIN)
		html_path(h, "href", "/admin/");
	else
		html_path(h, "href", "/book/");
	html_text(h, business);
	html_close(h, "a");
	if (head->menu != NULL)
		head->menu(h, head->menu_arg);
	html_close(h, "div");
	html_close(h, "header");
}

static void add_contact(struct html *h, struct slice contact)
{
	if (contact.len == 0)
		return;
	html_open(h, "footer.inner");
	html_line(h, "p", say.contact, contact);
	html_close(h, "footer");
}

void page_begin(struct page *page, struct http_request *http, const struct page_head *head)
{
	struct slice business = slice_str(config_of(http)->business_name);
	struct html *h = &page->html;

	*page = (struct page){.http = http, .html = {.out = &http->response.body}};
	page_fields(http, head->kind);
	http_reply_text(http, head->status, "text/html; charset=utf-8", SLICE("<!DOCTYPE html>\n"));
	html_open(h, "html");
	html_attr(h, "lang", SLICE("en"));
	add_head(h, head, business);
	html_open(h, "body");
	if (head->wide)
		html_attr(h, "class", SLICE("wide"));
	html_open(h, "a.skip");
	html_path(h, "href", "#main");
	html_say(h, say.skip);
	html_close(h, "a");
	add_banner(h, head, business);
	html_open(h, "main.inner");
	html_attr(h, "id", SLICE("main"));
	html_attr(h, "tabindex", SLICE("-1"));
	html_open(h, "h1");
	html_text(h, head->title);
	html_close(h, "h1");
}

void page_end(struct page *page)
{
	struct html *h = &page->html;

	html_close(h, "main");
	add_contact(h, slice_str(config_of(page->http)->business_contact));
	html_close(h, "body");
	html_close(h, "html");
	http_request_finish(page->http);
}

/* ---- errors and redirects ---- */

static void add_error(struct http_request *http, enum page_kind kind, int status, const char *title, const char *why)
{
	struct page page;

	buf_reset(&http->response.body);
	page_begin(&page, http, &(struct page_head){.kind = kind, .status = status, .title = slice_str(title)});
	html_line(&page.html, "p.lead", why);
	html_open(&page.html, "p");
	html_open(&page.html, "a");
	if (kind == PAGE_ADMIN)
		html_path(&page.html, "href", "/admin/");
	else
		html_path(&page.html, "href", "/book/");
	html_say(&page.html, say.begin);
	html_close(&page.html, "a");
	html_close(&page.html, "p");
	page_end(&page);
}

void page_error(struct http_request *http, enum page_kind kind, int status)
{
	const struct {
		int status;
		const char *title, *why;
	} rows[] = {
	    {400, say.refused, say.refused_why},
	    {403, say.forbidden, say.forbidden_why},
	    {404, say.not_found, say.not_found_why},
	    {410, say.gone, say.gone_why},
	    {429, say.too_many, say.too_many_why},
	    {503, say.unavailable, say.unavailable_why},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].status == status) {
			add_error(http, kind, status, rows[i].title, rows[i].why);
			return;
		}
	add_error(http, kind, 500, say.failed, say.failed_why);
}

void page_failed(struct http_request *http, enum page_kind kind, int ret)
{
	bool busy = ret == -EAGAIN || ret == -ENOSPC || ret == -EBUSY;

	log_event(busy ? LOG_WARN_LEVEL : LOG_ERROR_LEVEL, "pages", http->id, "page could not be made", "error=%d", -ret);
	page_error(http, kind, busy ? 503 : 500);
}

void page_redirect(struct http_request *http, enum page_kind kind, const char *location)
{
	if (location == NULL) {
		page_failed(http, kind, -ENOMEM);
		return;
	}
	page_fields(http, kind);
	http_reply_header(http, "Location", "%s", location);
	http->response.status = 303;
	http_request_finish(http);
}

/* ---- what came ---- */

static bool is_form(const struct http_request *http)
{
	struct slice rest = http_header_get(http->headers, "Content-Type"), type;

	return slice_next(&rest, ';', &type) && slice_is_nocase(slice_trim(type), "application/x-www-form-urlencoded");
}

bool page_form(struct http_request *http, enum page_kind kind, struct http_form *form_r)
{
	bool post = http->method == HTTP_POST;
	int ret = post && !is_form(http) ? -EINVAL
	                                 : http_form_parse(post ? http->body : http->query, http->arena, form_r);

	if (ret == -ENOMEM)
		page_failed(http, kind, ret);
	else if (ret < 0)
		page_error(http, kind, 400);
	return ret == 0;
}

/* Of "https://host:port" the part behind the scheme; an opaque "null" gives itself and equals no host. */
static struct slice host_of(struct slice origin)
{
	ptrdiff_t slashes = slice_find(origin, SLICE("://"));
	struct slice rest = slashes < 0 ? origin : slice_from(origin, (size_t)slashes + 3);
	ptrdiff_t slash = slice_find_byte(rest, '/');

	return slash < 0 ? rest : slice_sub(rest, 0, (size_t)slash);
}

bool page_is_same_origin(const struct http_request *http)
{
	struct slice site = http_header_get(http->headers, "Sec-Fetch-Site");
	struct slice origin = http_header_get(http->headers, "Origin");
	struct slice ours = host_of(slice_str(config_of(http)->public_url));

	if (site.at != NULL)
		return slice_is(site, "same-origin") || slice_is(site, "none"); /* none: the person himself repeats it */
	if (origin.at == NULL)
		return true;
	return slice_equal_nocase(host_of(origin), http_header_get(http->headers, "Host")) ||
	       (ours.len > 0 && slice_equal_nocase(host_of(origin), ours));
}
