/* /admin/jobs: what is still to be done, and what was given up. */
#include <config.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "server/booking/audit.h"
#include "server/jobs/job_text.h"
#include "server/jobs/queue.h"
#include "server/pages/admin_private.h"

static const struct {
	const char *title, *lead, *state, *any, *show, *none, *more;
	const char *number, *kind, *when, *attempts, *error, *actions, *retry, *drop, *of;
} say = {
	.title = N_("Jobs"),
	.lead = N_("What the server has still to do: mails, notices, upkeep. What failed too often waits here for a person."),
	.state = N_("State"),
	.any = N_("all"),
	.show = N_("Show"),
	.none = N_("There is nothing of this kind."),
	.more = N_("Further jobs"),
	.number = N_("Number"),
	.kind = N_("What"),
	.when = N_("Due"),
	.attempts = N_("Attempts"),
	.error = N_("Last error"),
	.actions = N_("Do"),
	.retry = N_("Try again"),
	.drop = N_("Drop"),
	.of = N_(" job {1}"),
};

static const struct admin_done done_rows[] = {
    {"retry", N_("The job is due now.")},
    {"drop", N_("The job was dropped.")},
    {"gone", N_("That job is no longer there, or is not in that state any more.")},
    {"runs", N_("That job is running just now.")},
};

/* ---- the list ---- */

struct listing {
	struct arena *arena;
	struct jobs_filter filter;
	struct jobs_page page;
};

static int list_in(struct kv_txn *txn, void *arg)
{
	struct listing *listing = arg;

	return jobs_list(txn, listing->arena, &listing->filter, &listing->page);
}

static void add_filter(const struct admin *admin, struct html *h)
{
	struct choice choices[JOB_DEAD + 1] = {{SLICE_EMPTY, slice_str(say.any)}};

	for (int state = JOB_READY; state <= JOB_DEAD; state++)
		choices[state].value = choices[state].label = slice_str(job_state_word((enum job_state)state));
	form_get(h, "/admin/jobs");
	form_select(h, "state", say.state, choices, ARRAY_LEN(choices), http_form_get(&admin->form, "state"));
	form_button(h, "button", say.show);
	html_close(h, "form");
}

static void add_job(const struct admin *admin, struct html *h, const struct job *job)
{
	struct slice id = slice_str(arena_printf(admin->arena, "%llu", (unsigned long long)job->id));

	html_open(h, "tr");
	html_open(h, "th");
	html_attr(h, "scope", SLICE("row"));
	html_text(h, id);
	html_close(h, "th");
	admin_cell(h, say.kind, job->kind);
	admin_cell(h, say.state, slice_str(job_state_word(job->state)));
	admin_cell(h, say.when, when_moment(admin->arena, admin->zone, job->due));
	admin_cell(h, say.attempts, slice_str(arena_printf(admin->arena, "%u", job->attempts)));
	admin_cell(h, say.error, job->last_error);
	html_open(h, "td");
	if (job->state == JOB_READY || job->state == JOB_DEAD) {
		admin_action(admin, h, "/admin/jobs", job->id, "retry", say.retry, say.of);
		admin_action(admin, h, "/admin/jobs", job->id, "drop", say.drop, say.of);
	}
	html_close(h, "td");
	html_close(h, "tr");
}

static void add_table(const struct admin *admin, struct html *h, const struct jobs_page *page)
{
	const char *const heads[] = {say.number, say.kind, say.state, say.when, say.attempts, say.error, say.actions};

	admin_open_table(h, say.title, heads, ARRAY_LEN(heads));
	for (size_t i = 0; i < page->count; i++)
		add_job(admin, h, &page->at[i]);
	admin_close_table(h);
}

void admin_jobs(struct http_request *http)
{
	struct listing listing = {.arena = http->arena, .filter.limit = ADMIN_PAGE_ROWS};
	struct admin admin;
	struct page page;
	int ret;

	if (!admin_enter(&admin, http))
		return;
	listing.filter.state = job_state_of(http_form_get(&admin.form, "state"));
	(void)!slice_to_u64(http_form_get(&admin.form, "after"), UINT64_MAX, &listing.filter.after); /* else the first page */
	ret = kv_view(store_kv(admin.app->store), list_in, &listing);
	if (ret < 0) {
		page_failed(http, PAGE_ADMIN, ret);
		return;
	}
	admin_begin(&admin, &page, "/admin/jobs", say.title);
	admin_tell_done(&admin, &page.html, done_rows, ARRAY_LEN(done_rows));
	html_line(&page.html, "p.lead", say.lead);
	add_filter(&admin, &page.html);
	if (listing.page.count == 0)
		html_line(&page.html, "p", say.none);
	else
		add_table(&admin, &page.html, &listing.page);
	if (listing.page.next != 0)
		admin_more(&admin, &page.html, "/admin/jobs?state={1}&after={2}", listing.page.next, say.more);
	page_end(&page);
}

/* ---- what can be done to one ---- */

struct job_change {
	struct admin *admin;
	uint64_t id;
	bool drop;
};

static int tell_audit(struct kv_txn *txn, const struct job_change *change)
{
	const struct admin *admin = change->admin;
	struct change_origin origin = admin_origin(admin);
	char *id = arena_printf(admin->arena, "%llu", (unsigned long long)change->id);

	return id == NULL ? -ENOMEM
	                  : audit_change(txn, clock_now(admin->app->clock), &origin, "job", slice_str(id),
	                        change->drop ? "drop" : "retry", SLICE_EMPTY, SLICE_EMPTY);
}

static int change_in(struct kv_txn *txn, void *arg)
{
	const struct job_change *change = arg;
	struct admin *admin = change->admin;
	int ret = change->drop ? jobs_drop(txn, admin->arena, change->id)
	                       : jobs_retry(txn, admin->arena, change->id, clock_now(admin->app->clock));

	return ret < 0 ? ret : tell_audit(txn, change);
}

void admin_change_job(struct http_request *http)
{
	struct admin admin;
	struct job_change change = {.admin = &admin};
	const char *done;
	int ret;

	if (!admin_enter(&admin, http))
		return;
	change.drop = slice_is(http_form_get(&admin.form, "action"), "drop");
	if ((!change.drop && !slice_is(http_form_get(&admin.form, "action"), "retry")) ||
	    slice_to_u64(http_form_get(&admin.form, "id"), UINT64_MAX, &change.id) < 0) {
		page_error(http, PAGE_ADMIN, 400);
		return;
	}
	ret = kv_update_wait(store_kv(admin.app->store), change_in, &change);
	done = ret == 0 ? (change.drop ? "drop" : "retry") : ret == -EBUSY ? "runs" : "gone";
	if (ret == 0 || ret == -ENOENT || ret == -EBUSY || ret == -EALREADY || ret == -ESTALE)
		page_redirect(http, PAGE_ADMIN, html_location(http->arena, "/admin/jobs?done={1}", slice_str(done)));
	else
		page_failed(http, PAGE_ADMIN, ret);
}
