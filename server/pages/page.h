/*
 * pages/page - what every page has: the frame, the fields of its answer, errors, redirects.
 *
 * A page works without script and has none; the one stylesheet comes from /assets/. No page may be framed, and the
 * content security policy allows nothing that is not named. The rows of PAGE_... say who may keep an answer and what a
 * browser tells the next site of the address.
 */
#ifndef SERVER_PAGES_PAGE_H
#define SERVER_PAGES_PAGE_H

#include "protocol/http/form.h"
#include "server/http/request.h"
#include "server/pages/html.h"

enum page_kind {
	PAGE_PUBLIC,
	PAGE_TOKEN, /* its address is a secret */
	PAGE_ADMIN,
	PAGE_KIND_COUNT
};

struct page {
	struct http_request *http;
	struct html html;
};

typedef void page_part_fn(struct html *h, const void *arg);

struct page_head {
	enum page_kind kind;
	int status;
	struct slice title;   /* of the window, and the first heading */
	bool wide;            /* for tables */
	page_part_fn *menu;   /* writes into the page's header; may be NULL */
	const void *menu_arg;
};

/* The header fields of an answer of that kind: who may keep it, what it may load, what the next site learns. */
void page_fields(struct http_request *http, enum page_kind kind);
/* Status, those fields and everything up to the first heading; the page's own part follows, inside main. */
void page_begin(struct page *page, struct http_request *http, const struct page_head *head);
/* The rest; sends it. */
void page_end(struct page *page);
/* A page that says what STATUS means to a person; sends it. */
void page_error(struct http_request *http, enum page_kind kind, int status);
/* 503 or 500 for a negative errno, which is logged; sends it. */
void page_failed(struct http_request *http, enum page_kind kind, int ret);
/* 303 to LOCATION, of html_location; NULL is 500. Sends it. */
void page_redirect(struct http_request *http, enum page_kind kind, const char *location);
/* The form that was sent, or with GET the query. False: the answer was sent. */
bool page_form(struct http_request *http, enum page_kind kind, struct http_form *form_r);
/*
 * Whether a browser that sent this came from a page of ours, as far as it tells: Sec-Fetch-Site and Origin, against
 * Host and public-url. Who sends neither is no browser of today, and is left to the secret in the form.
 */
bool page_is_same_origin(const struct http_request *http);

#endif
