/*
 * pages/admin_private - what the pages of /admin/ share: who asks, the menu, the check of a form.
 */
#ifndef SERVER_PAGES_ADMIN_PRIVATE_H
#define SERVER_PAGES_ADMIN_PRIVATE_H

#include "server/app.h"
#include "server/auth/session.h"
#include "server/booking/change.h"
#include "server/http/router.h"
#include "server/pages/form.h"
#include "server/pages/page.h"
#include "server/pages/when.h"

#define ADMIN_PAGE_ROWS 50 /* of one list */

/* One request of somebody who is signed in. */
struct admin {
	struct http_request *http;
	struct app *app;
	struct arena *arena;
	struct auth_user user;
	struct slice cookie;
	char secret[SESSION_FORM_SIZE]; /* for the forms of the page */
	struct http_form form;          /* what was sent, or the query */
	const struct zone *zone;        /* the site's */
};

/*
 * False: the answer was sent - to the form that signs in, or a refusal. A POST must bring its secret and come from a
 * page of ours.
 */
bool admin_enter(struct admin *admin, struct http_request *http);
/* The frame with the menu; PATH is the page's own, for the menu's mark. */
void admin_begin(struct admin *admin, struct page *page, const char *path, const char *title);
/* The hidden field that admin_enter looks for. */
void admin_secret(const struct admin *admin, struct html *h);
/* What an action came to, when the query's `done` says that one was: WORDS by their names. */
struct admin_done {
	const char *name, *words;
};
void admin_tell_done(const struct admin *admin, struct html *h, const struct admin_done *rows, size_t count);

/* A table with its heads, open in its body. */
void admin_open_table(struct html *h, const char *caption, const char *const *heads, size_t count);
void admin_close_table(struct html *h);
void admin_cell(struct html *h, const char *label, struct slice text);
/* A button in a row that posts ACTION and ID to PATH, a constant; who cannot see its row hears OF, with {1} the id. */
void admin_action(const struct admin *admin, struct html *h, const char *path, uint64_t id, const char *action,
    const char *words, const char *of);
/* The way to the page behind AFTER: PATH, a constant, has the places {1} state and {2} after. */
void admin_more(const struct admin *admin, struct html *h, const char *path, uint64_t after, const char *words);
/* For what somebody changes here. */
struct change_origin admin_origin(const struct admin *admin);

http_handler_fn admin_bookings, admin_change_booking, admin_alerts, admin_change_alert, admin_jobs, admin_change_job;

#endif
