/* The message that one attendee gets: the organizer's text as far as it is his business. */
#include <config.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "protocol/itip/organizer_change.h"
#include "protocol/itip/view.h"

static bool is_wanted(const struct itip_delivery *delivery, instant_t id)
{
	for (size_t i = 0; i < delivery->id_count; i++)
		if (delivery->ids[i] == id)
			return true;
	return false;
}

/* What the apps of the organizer keep for themselves, and what is between him and his server. */
static bool is_private(const struct draft_line *line)
{
	static const char *const prefixes[] = {"X-MOZ-", "X-LIC-", "X-EVOLUTION-", "X-SLOTKEEPER-", "X-APPLE-DEFAULT-ALARM",
	    "X-KDE-", "X-CALENDARSERVER-"};

	if (slice_is_nocase(line->name, "COMMENT"))
		return itip_parameter(line, ITIP_COMMENT_FROM).len > 0;
	if (slice_is_nocase(line->name, "CATEGORIES") || slice_is_nocase(line->name, "COLOR"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (slice_starts_nocase(line->name, slice_str(prefixes[i])))
			return true;
	return false;
}

static void clean(struct itip_view *view, struct draft_part *part)
{
	static const char *const parameters[] = {"SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND", "SCHEDULE-AGENT", ITIP_REPLIED};
	struct draft_line *next;

	draft_remove_inside(part);
	for (struct draft_line *line = part->first; line != NULL; line = next) {
		next = line->next;
		if (line->name.len > 0 && is_private(line)) {
			draft_remove(part, line);
			continue;
		}
		if (!slice_is_nocase(line->name, "ATTENDEE") && !slice_is_nocase(line->name, "ORGANIZER"))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
			itip_drop_parameter(view, line, parameters[i]);
	}
	itip_set_stamp(view, part);
}

static bool is_taken_out(const struct itip_delivery *delivery, struct slice address)
{
	for (size_t i = 0; i < delivery->together_count; i++)
		if (ical_address_is(address, delivery->together[i]))
			return true;
	return ical_address_is(address, delivery->address);
}

/* A CANCEL names those alone whom it takes out; others learn of it from their own (RFC 5546, 3.2.5). */
static void cancel(struct itip_view *view, struct draft_part *part, const struct itip_delivery *delivery)
{
	struct draft_line *next;

	for (struct draft_line *line = draft_find(part, "ATTENDEE"); line != NULL; line = next) {
		next = draft_find_next(line, "ATTENDEE");
		if (!is_taken_out(delivery, line->value))
			draft_remove(part, line);
	}
	draft_put(view->draft, part, "STATUS", SLICE_EMPTY, SLICE("CANCELLED"));
	itip_set_sequence(view, part, itip_sequence(part) + 1);
}

/* Overrides that he is not in are no instances of his; of a master that he is not in nothing is his. */
static int leave_out_others(struct itip_view *view, const struct itip_delivery *delivery)
{
	const struct itip_component *master = itip_view_master(view);
	bool in_master = master != NULL && itip_attendee_at(master->part, delivery->address) != NULL;
	int ret = 0;

	for (size_t i = view->count; ret == 0 && i-- > 0;) {
		struct itip_component *c = &view->at[i];

		if (c->is_master || (itip_attendee_at(c->part, delivery->address) != NULL &&
		                        (delivery->method == ITIP_CANCEL || !itip_is_cancelled(c->part))))
			continue;
		if (in_master)
			ret = itip_view_exclude(view, c->id);
		else
			itip_view_drop(view, c);
	}
	if (ret == 0 && master != NULL && !in_master)
		itip_view_drop(view, itip_view_master(view));
	return ret;
}

static int keep_instances(struct itip_view *view, const struct itip_delivery *delivery)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < delivery->id_count; i++) {
		struct itip_component *c;

		ret = itip_view_derive(view, delivery->ids[i], &c);
		if (ret == -ENOENT)
			ret = 0; /* never was one */
	}
	for (size_t i = view->count; ret == 0 && i-- > 0;)
		if (view->at[i].is_master || !is_wanted(delivery, view->at[i].id))
			itip_view_drop(view, &view->at[i]);
	return ret;
}

int itip_organizer_message(const struct itip_env *env, struct slice text, const struct itip_delivery *delivery,
    struct slice *body_r)
{
	struct itip_view view;
	int ret = itip_view_open(env, text, &view);

	if (ret == 0 && delivery->id_count > 0)
		ret = keep_instances(&view, delivery);
	else if (ret == 0)
		ret = leave_out_others(&view, delivery);
	if (ret == 0 && view.count == 0)
		ret = -ENOENT;
	for (size_t i = 0; ret == 0 && i < view.count; i++) {
		clean(&view, view.at[i].part);
		if (delivery->method == ITIP_CANCEL)
			cancel(&view, view.at[i].part, delivery);
	}
	return ret < 0 ? ret : itip_view_text(&view, body_r);
}
