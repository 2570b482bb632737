/*
 * The word to somebody whose write was refused: an item in his inbox, as an answer that declines the time, with the reason and
 * the free times in COMMENT (contract, section 4).
 */
#include <config.h>

#include <errno.h>

#include "protocol/ical/draft.h"
#include "protocol/ical/edit.h"
#include "server/booking/scheduling.h"

#define COMMENT_MAX 65536

static int escaped_note(struct write *write, bool moved, struct slice *note_r)
{
	AUTO_BUF struct buf b = BUF_INIT(COMMENT_MAX);
	struct slice note;
	char *copy;
	int ret = refusal_note(write, moved ? "\nIt stays where it was." : REFUSAL_COPY_ENDING, &note);

	if (ret < 0)
		return ret;
	ical_escape_text(&b, note);
	copy = b.err < 0 ? NULL : arena_copy(write->arena, buf_slice(&b));
	*note_r = slice_of(copy, b.len);
	return copy != NULL ? 0 : -ENOMEM;
}

/* Whose time it is answers; whoever wrote is the organizer of what he asked for. */
static int put_people(struct draft *draft, struct draft_part *event, struct scheduling *s, const struct principal *writer)
{
	struct schedule_party owner = {.principal = s->place->owner}, asker = {.principal = *writer};
	struct slice declined = draft_parameter(draft, SLICE_EMPTY, "PARTSTAT", SLICE("DECLINED"));
	int ret = scheduling_find_party(s, &owner);

	if (ret == 0)
		ret = scheduling_find_party(s, &asker);
	if (ret < 0)
		return ret;
	draft_remove_all(event, "ATTENDEE");
	draft_put(draft, event, "ORGANIZER", SLICE_EMPTY, asker.addresses[0]);
	draft_add(draft, event, SLICE("ATTENDEE"), declined, owner.addresses[0]);
	return 0;
}

static int make_body(struct write *write, struct scheduling *s, const struct principal *writer, bool moved, struct slice *body_r)
{
	struct draft_part *event, *other;
	struct draft *draft;
	struct slice note;
	int ret = draft_parse(write->arena, write->text, &draft);

	if (ret == 0)
		ret = escaped_note(write, moved, &note);
	if (ret < 0)
		return ret;
	event = draft_component(draft, 0);
	if (event == NULL)
		return -EILSEQ;
	while ((other = draft_component(draft, 1)) != NULL)
		draft_drop(draft, other);
	draft_remove_inside(event); /* alarms */
	ret = put_people(draft, event, s, writer);
	draft_put(draft, event, "COMMENT", SLICE_EMPTY, note);
	return ret < 0 ? ret : draft_text(draft, body_r);
}

int refusal_item(struct write *write, struct kv_txn *txn, bool moved)
{
	const struct change_origin *origin = &write->request->origin;
	struct principal writer;
	struct scheduling *s;
	struct slice body;
	int ret;

	if (origin->kind != ORIGIN_USER)
		return 0;
	ret = store_principal_get(txn, write->arena, origin->principal, &writer);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	s = scheduling_new(write->service, txn, write->arena, &write->place, calendar_object_uid(write->object), origin->request);
	ret = s == NULL ? -ENOMEM : make_body(write, s, &writer, moved, &body);
	if (ret == 0)
		ret = scheduling_put_item(s, &writer, ITIP_REPLY, body);
	return ret == -EILSEQ ? 0 : ret; /* a text that we cannot take apart: the job tells him */
}
