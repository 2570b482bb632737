#include <config.h>

#include "protocol/itip/message.h"

#include <errno.h>

#include "protocol/ical/draft.h"

static const struct method_row {
	const char *name;
	bool organizer;     /* every component has one */
	size_t attendees;   /* of each component: no fewer, */
	bool one_attendee;  /* and no more */
	bool timeless;      /* DTSTART may be missing */
} methods[ITIP_METHOD_COUNT] = {
    [ITIP_PUBLISH] = {"PUBLISH", false, 0, false, false},
    [ITIP_REQUEST] = {"REQUEST", true, 1, false, false},
    [ITIP_REPLY] = {"REPLY", false, 1, true, true},
    [ITIP_CANCEL] = {"CANCEL", true, 0, false, true},
    [ITIP_ADD] = {"ADD", true, 1, false, false},
    [ITIP_REFRESH] = {"REFRESH", true, 1, true, true},
    [ITIP_COUNTER] = {"COUNTER", true, 1, true, false},
    [ITIP_DECLINECOUNTER] = {"DECLINECOUNTER", true, 0, false, true},
};

struct slice itip_method_name(enum itip_method method)
{
	return slice_str(methods[method].name);
}

bool itip_method_find(struct slice name, enum itip_method *method_r)
{
	for (int i = 0; i < ITIP_METHOD_COUNT; i++) {
		if (slice_is_nocase(name, methods[i].name)) {
			*method_r = (enum itip_method)i;
			return true;
		}
	}
	return false;
}

bool itip_user_is(const struct itip_user *user, struct slice address, struct slice email)
{
	for (size_t i = 0; i < user->count; i++)
		if (ical_address_is(address, user->addresses[i]) ||
		    (email.len > 0 && ical_address_is(email, user->addresses[i])))
			return true;
	return false;
}

static int invalid(struct error *err, const char *why)
{
	return error_set(err, 403, CALDAV_VALID_SCHEDULING_MESSAGE, "%s", why);
}

/* COUNTER may tell of the others too; what its sender says of himself is found by his address. */
static int check(const struct itip_message *message, struct error *err)
{
	const struct method_row *row = &methods[message->method];

	for (size_t i = 0; i < calendar_object_count(message->object); i++) {
		const struct component *c = calendar_object_at(message->object, i);
		const struct ical_attendee *attendees;
		struct ical_attendee organizer;
		size_t count = component_attendees(c, &attendees);

		if (row->organizer && !component_organizer(c, &organizer))
			return invalid(err, "a component without ORGANIZER");
		if (count < row->attendees)
			return invalid(err, "a component without ATTENDEE");
		if (row->one_attendee && count != 1)
			return invalid(err, "an answer is of exactly one ATTENDEE");
	}
	return 0;
}

/* Takes METHOD out of the draft: 0, or -EINVAL when there is not exactly one that we know. */
static int take_method(struct draft *draft, enum itip_method *method_r)
{
	size_t count = 0;
	bool known = false;

	for (struct draft_part *part = draft->first; part != NULL; part = part->next) {
		struct draft_line *line;

		while (part->name.len == 0 && (line = draft_find(part, "METHOD")) != NULL) {
			known = itip_method_find(slice_trim(line->value), method_r);
			draft_remove(part, line);
			count++;
		}
	}
	return count == 1 && known ? 0 : -EINVAL;
}

/* An object has a start: what names an instance gets that one, the rest one that nobody looks at. */
static void complete_times(struct draft *draft)
{
	struct draft_part *part;

	for (size_t i = 0; (part = draft_component(draft, i)) != NULL; i++) {
		const struct draft_line *id = draft_find(part, "RECURRENCE-ID");

		if (!slice_is_nocase(part->name, "VEVENT") || draft_find(part, "DTSTART") != NULL)
			continue;
		if (id != NULL)
			draft_add(draft, part, SLICE("DTSTART"),
			    draft_parameter(draft, id->parameters, "RANGE", slice_of(NULL, 0)), id->value);
		else
			draft_add(draft, part, SLICE("DTSTART"), SLICE_EMPTY, SLICE("19700101T000000Z"));
	}
}

int itip_message_read(const struct itip_env *env, struct slice text, struct itip_message *message_r, struct error *err)
{
	struct itip_message message = {.method = ITIP_PUBLISH};
	struct draft *draft;
	int ret;

	if (text.len > ITIP_MESSAGE_MAX)
		return error_set(err, 403, CALDAV_MAX_RESOURCE_SIZE, "more than %d bytes", ITIP_MESSAGE_MAX);
	ret = draft_parse(env->arena, text, &draft);
	if (ret == 0 && draft_component(draft, 0) == NULL)
		ret = -EILSEQ;
	if (ret < 0)
		return ret == -EILSEQ ? error_set(err, 403, CALDAV_VALID_CALENDAR_DATA, "not iCalendar") : ret;
	if (take_method(draft, &message.method) < 0)
		return invalid(err, "not exactly one METHOD of RFC 5546");
	if (methods[message.method].timeless)
		complete_times(draft);
	ret = draft_text(draft, &message.body);
	if (ret == 0)
		ret = calendar_object_parse(env->arena, env->zones, message.body, ITIP_MESSAGE_MAX, &message.object, err);
	if (ret == 0)
		ret = check(&message, err);
	if (ret == 0)
		*message_r = message;
	return ret;
}

int itip_message_write(const struct itip_env *env, enum itip_method method, struct slice body, struct slice *text_r)
{
	struct draft *draft;
	int ret = draft_parse(env->arena, body, &draft);

	if (ret < 0)
		return ret;
	draft_put(draft, draft->first, "METHOD", SLICE_EMPTY, itip_method_name(method));
	return draft_text(draft, text_r);
}
