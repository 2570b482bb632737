/*
 * The calendar objects of bookings: one in the calendar of each person and room, under one UID (contract, section 4).
 *
 * A new copy is written by us; a present one is changed in its own text, so that what people added stays: times, the people
 * in it and the sequence are the engine's, everything else is theirs.
 */
#include <config.h>

#include <errno.h>

#include "protocol/ical/draft.h"
#include "protocol/ical/edit.h"
#include "protocol/ical/zoned_time.h"
#include "server/booking/booking_private.h"

#define TEXT_MAX        1048576
#define OWN_OBJECTS_MAX 16 /* calendars of one owner that hold one UID */

/* ---- small texts, of the arena; an empty one where there is no memory, which the draft remembers ---- */

static struct slice keep(struct draft *draft, struct buf *b)
{
	char *copy = b->err < 0 ? NULL : arena_copy(draft->arena, buf_slice(b));

	if (copy == NULL) {
		draft->err = -ENOMEM;
		return SLICE_EMPTY;
	}
	return slice_of(copy, b->len);
}

static struct slice utc(struct draft *draft, instant_t at)
{
	AUTO_BUF struct buf b = BUF_INIT(32);
	struct civil c;

	zoned_from_instant(zone_utc(), at, &c, NULL);
	buf_printf(&b, "%04d%02d%02dT%02d%02d%02dZ", c.year, c.month, c.day, c.hour, c.minute, c.second);
	return keep(draft, &b);
}

static struct slice escaped(struct draft *draft, struct slice text)
{
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);

	ical_escape_text(&b, text);
	return keep(draft, &b);
}

static struct slice number(struct draft *draft, uint64_t value)
{
	AUTO_BUF struct buf b = BUF_INIT(32);

	buf_printf(&b, "%llu", (unsigned long long)value);
	return keep(draft, &b);
}

/* ---- who is in it ---- */

/* "mailto:..." or, for who has no address, the path of the principal. */
static struct slice address_of(struct draft *draft, const struct principal *principal)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);

	if (principal->email.len > 0)
		buf_printf(&b, "mailto:%.*s", SLICE_ARG(principal->email));
	else
		buf_printf(&b, "/dav/principals/%s/%.*s/", principal->kind == PRINCIPAL_RESOURCE ? "resources" : "users",
		    SLICE_ARG(principal->name));
	return keep(draft, &b);
}

static struct slice name_of(const struct principal *principal)
{
	return principal->display_name.len > 0 ? principal->display_name : principal->name;
}

static const char *user_type(const struct principal *principal)
{
	if (principal->kind != PRINCIPAL_RESOURCE)
		return "INDIVIDUAL";
	return principal->resource == RESOURCE_ROOM ? "ROOM" : "RESOURCE";
}

static void add_attendee(struct draft *draft, struct draft_part *event, struct slice name, const char *type,
    struct slice address)
{
	struct slice parameters = draft_parameter(draft, SLICE_EMPTY, "CN", name);

	parameters = draft_parameter(draft, parameters, "CUTYPE", slice_str(type));
	parameters = draft_parameter(draft, parameters, "PARTSTAT", SLICE("ACCEPTED"));
	parameters = draft_parameter(draft, parameters, "SCHEDULE-AGENT", SLICE("NONE"));
	draft_add(draft, event, SLICE("ATTENDEE"), parameters, address);
}

static int add_member(const struct objects_sync *sync, struct draft *draft, struct draft_part *event, struct slice name,
    const struct principal *organizer)
{
	struct principal principal;
	int ret = store_principal_get(sync->txn, sync->arena, name, &principal);

	if (ret < 0 || principal.id == organizer->id)
		return ret == -ENOENT ? 0 : ret;
	add_attendee(draft, event, name_of(&principal), user_type(&principal), address_of(draft, &principal));
	return 0;
}

/* The owner of the calendar, so that his app may move it; in a room's the first of the staff. */
static int find_organizer(const struct objects_sync *sync, const struct booking *booking, const struct place *place,
    struct principal *organizer_r)
{
	int ret = 0;

	*organizer_r = place->owner;
	if (place->owner.kind == PRINCIPAL_RESOURCE && booking->staff_count > 0)
		ret = store_principal_get(sync->txn, sync->arena, booking->staff[0], organizer_r);
	return ret == -ENOENT ? 0 : ret;
}

static bool stays(const struct booking *booking)
{
	return booking->status == BOOKING_CONFIRMED || booking->status == BOOKING_COMPLETED ||
	       booking->status == BOOKING_NO_SHOW;
}

static int put_people(const struct objects_sync *sync, struct draft *draft, struct draft_part *event,
    const struct booking *booking, const struct place *place)
{
	struct principal organizer;
	int ret = find_organizer(sync, booking, place, &organizer);

	draft_remove_all(event, "ATTENDEE");
	draft_put(draft, event, "ORGANIZER", draft_parameter(draft, SLICE_EMPTY, "CN", name_of(&organizer)),
	    address_of(draft, &organizer));
	for (size_t i = 0; ret == 0 && i < booking->staff_count; i++)
		ret = add_member(sync, draft, event, booking->staff[i], &organizer);
	for (size_t i = 0; ret == 0 && i < booking->resource_count; i++)
		ret = add_member(sync, draft, event, booking->resources[i], &organizer);
	for (size_t i = 0; ret == 0 && i < sync->bookings->count; i++) {
		const struct booking *one = &sync->bookings->at[i];
		AUTO_BUF struct buf b = BUF_INIT(4096);

		if (!stays(one) || one->customer_email.len == 0)
			continue;
		buf_printf(&b, "mailto:%.*s", SLICE_ARG(one->customer_email));
		add_attendee(draft, event, one->customer_name, "INDIVIDUAL", keep(draft, &b));
	}
	return ret;
}

/* ---- the words of a new copy ---- */

static void put_summary(const struct objects_sync *sync, struct draft *draft, struct draft_part *event,
    const struct booking *booking)
{
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);

	ical_escape_text(&b, sync->policy->name);
	if (!booking->shared && booking->customer_name.len > 0) {
		buf_add_str(&b, ": ");
		ical_escape_text(&b, booking->customer_name);
	}
	draft_put(draft, event, "SUMMARY", SLICE_EMPTY, keep(draft, &b));
}

static void add_line(struct buf *b, struct slice text)
{
	if (text.len == 0)
		return;
	if (b->len > 0)
		buf_add_char(b, '\n');
	buf_add_slice(b, text);
}

/* What the person needs to know: of one customer who he is and what he wrote; then how to prepare. */
static void put_description(const struct objects_sync *sync, struct draft *draft, struct draft_part *event,
    const struct booking *booking)
{
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);

	if (!booking->shared) {
		add_line(&b, booking->customer_name);
		add_line(&b, booking->customer_email);
		add_line(&b, booking->customer_phone);
		add_line(&b, booking->notes);
	}
	add_line(&b, sync->policy->preparation);
	if (b.len > 0)
		draft_put(draft, event, "DESCRIPTION", SLICE_EMPTY, escaped(draft, buf_slice(&b)));
}

/* Where it is: as the service says, else the rooms by name. */
static int location_of(const struct objects_sync *sync, struct draft *draft, const struct booking *booking,
    struct slice *location_r)
{
	AUTO_BUF struct buf b = BUF_INIT(TEXT_MAX);

	if (sync->policy->location.len > 0) {
		*location_r = escaped(draft, sync->policy->location);
		return 0;
	}
	for (size_t i = 0; i < booking->resource_count; i++) {
		struct principal room;
		int ret = store_principal_get(sync->txn, sync->arena, booking->resources[i], &room);

		if (ret == -ENOENT || (ret == 0 && room.resource != RESOURCE_ROOM))
			continue;
		if (ret < 0)
			return ret;
		if (b.len > 0)
			buf_add_str(&b, "\\, ");
		ical_escape_text(&b, name_of(&room));
	}
	*location_r = keep(draft, &b);
	return 0;
}

/* A place that people wrote themselves stays. */
static int put_location(const struct objects_sync *sync, struct draft *draft, struct draft_part *event,
    const struct booking *booking)
{
	struct draft_line *line = draft_find(event, "LOCATION");
	struct slice now, then = SLICE_EMPTY;
	int ret = location_of(sync, draft, booking, &now);

	if (ret == 0 && line != NULL && sync->before != NULL)
		ret = location_of(sync, draft, sync->before, &then);
	if (ret < 0 || (line != NULL && !slice_equal(line->value, then)))
		return ret;
	if (now.len > 0)
		draft_put(draft, event, "LOCATION", SLICE_EMPTY, now);
	else
		draft_remove_all(event, "LOCATION");
	return 0;
}

/* ---- one copy ---- */

static int new_draft(const struct objects_sync *sync, const struct booking *booking, struct draft **draft_r)
{
	char *text = arena_printf(sync->arena,
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slotkeeper//EN\r\nBEGIN:VEVENT\r\nUID:%.*s\r\nEND:VEVENT\r\n"
	    "END:VCALENDAR\r\n", SLICE_ARG(sync->uid));
	struct draft_part *event;
	int ret = text == NULL ? -ENOMEM : draft_parse(sync->arena, slice_str(text), draft_r);

	if (ret < 0)
		return ret;
	event = draft_component(*draft_r, 0);
	draft_put(*draft_r, event, "CREATED", SLICE_EMPTY, utc(*draft_r, booking->created));
	put_summary(sync, *draft_r, event, booking);
	put_description(sync, *draft_r, event, booking);
	draft_put(*draft_r, event, "STATUS", SLICE_EMPTY, SLICE("CONFIRMED"));
	draft_put(*draft_r, event, "TRANSP", SLICE_EMPTY, SLICE("OPAQUE"));
	if (sync->policy->id.len > 0)
		draft_put(*draft_r, event, "X-SLOTKEEPER-SERVICE", SLICE_EMPTY, escaped(*draft_r, sync->policy->id));
	return 0;
}

/* Times that are right already stay as the app wrote them, in its zone. */
static void put_times(struct draft *draft, struct draft_part *event, struct interval core, const struct interval *present)
{
	if (present != NULL && present->start == core.start && present->end == core.end)
		return;
	draft_put(draft, event, "DTSTART", SLICE_EMPTY, utc(draft, core.start));
	draft_remove_all(event, "DURATION");
	draft_put(draft, event, "DTEND", SLICE_EMPTY, utc(draft, core.end));
}

/* TEXT_R is of the arena. PRESENT: the text that is there, or empty; AT: its time. */
static int make_text(const struct objects_sync *sync, const struct booking *booking, const struct place *place,
    struct slice present, const struct interval *at, struct slice *text_r)
{
	instant_t now = clock_now(sync->service->clock);
	struct draft_part *event;
	struct draft *draft;
	int ret = present.len > 0 ? draft_parse(sync->arena, present, &draft) : new_draft(sync, booking, &draft);

	if (ret < 0)
		return ret;
	event = draft_component(draft, 0);
	if (event == NULL)
		return -EILSEQ;
	if (sync->copy == NULL || !sync->copy->text_only) {
		put_times(draft, event, booking->core, at);
		draft_put(draft, event, "SEQUENCE", SLICE_EMPTY, number(draft, booking->sequence));
		draft_put(draft, event, "DTSTAMP", SLICE_EMPTY, utc(draft, now));
		draft_put(draft, event, "LAST-MODIFIED", SLICE_EMPTY, utc(draft, now));
		ret = put_location(sync, draft, event, booking);
	}
	if (ret == 0 && booking->service.len > 0) /* a person's own event names whom he wrote there */
		ret = put_people(sync, draft, event, booking, place);
	return ret < 0 ? ret : draft_text(draft, text_r);
}

/* OLD is NULL for a new one, which is called NAME. */
static int store_copy(const struct objects_sync *sync, const struct place *place, const struct object *old,
    struct slice name, struct slice text)
{
	struct change_service *service = sync->service;
	struct calendar_object *parsed;
	struct error err = ERROR_NONE;
	struct rows rows;
	struct object object = {.collection = place->collection.id, .uid = sync->uid, .component = COMPONENT_VEVENT};
	instant_t now = clock_now(service->clock);
	int ret = calendar_object_parse(sync->arena, service->zones, text, SIZE_MAX, &parsed, &err);

	if (ret < 0)
		return ret == -EINVAL ? -EBADMSG : ret;
	ret = rows_make(service, sync->arena, place, parsed, rows_window(now), &rows, &err);
	calendar_object_free(parsed);
	if (ret < 0)
		return ret == -EINVAL ? -EBADMSG : ret;
	object.name = old != NULL ? old->name : name;
	object.span = rows.span;
	ret = old != NULL ? store_index_clear(sync->txn, old->collection, old->id) : 0;
	if (ret == 0)
		ret = store_object_put(sync->txn, place->owner.id, &object, text, now);
	return ret < 0 ? ret : rows_put(sync->txn, sync->arena, place, &object, &rows);
}

/* ---- the copies of one owner ---- */

struct owned {
	struct object at[OWN_OBJECTS_MAX];
	struct arena *arena;
	size_t count;
};

static int see_owned(const struct object *object, void *arg)
{
	struct owned *owned = arg;
	char *name;

	if (owned->count == OWN_OBJECTS_MAX || object->flags & OBJECT_REFUSED)
		return 0;
	name = arena_copy(owned->arena, object->name);
	owned->at[owned->count] = *object;
	owned->at[owned->count].uid = SLICE_EMPTY;
	owned->at[owned->count].name = slice_of(name, object->name.len);
	owned->count++;
	return name != NULL ? 0 : -ENOMEM;
}

static int remove_copy(const struct objects_sync *sync, struct object *object)
{
	const struct removal_cause cause = {.request = sync->request, .moved = true}; /* the booking tells, not its copies */
	struct place place;
	int ret = place_get_by_id(sync->service, sync->txn, sync->arena, object->collection, &place);

	object->uid = sync->uid;
	return ret < 0 ? ret : object_remove(sync->service, sync->txn, sync->arena, &place, object, &cause);
}

static int change_copy(const struct objects_sync *sync, const struct booking *booking, struct object *object)
{
	struct slice body, text;
	struct interval *held;
	struct busy *rows;
	struct place place;
	size_t count, held_count = 0;
	uint64_t member;
	int ret = place_get_by_id(sync->service, sync->txn, sync->arena, object->collection, &place);

	if (ret == 0)
		ret = store_body_get(sync->txn, object->id, &body);
	if (ret == 0) {
		body = slice_of(arena_copy(sync->arena, body), body.len);
		ret = body.at != NULL ? 0 : -ENOMEM;
	}
	if (ret == 0)
		ret = store_index_get(sync->txn, sync->arena, object->collection, object->id, &member, &rows, &count);
	if (ret == 0)
		ret = rows_blocking(sync->arena, rows, count, &held, &held_count);
	if (ret == 0)
		ret = make_text(sync, booking, &place, body, held_count == 1 ? held : NULL, &text);
	if (ret < 0)
		return ret;
	object->uid = sync->uid;
	ret = store_copy(sync, &place, object, object->name, text);
	return ret < 0 ? ret : alerts_review(sync->service, sync->txn, sync->arena, place.owner.id, sync->uid, sync->request);
}

static int new_copy(const struct objects_sync *sync, const struct booking *booking, struct slice home)
{
	const char *name = arena_printf(sync->arena, "%.*s.ics", SLICE_ARG(sync->uid));
	struct slice text;
	struct place place;
	int ret = place_get(sync->service, sync->txn, sync->arena, home, SLICE("bookings"), &place);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	ret = make_text(sync, booking, &place, SLICE_EMPTY, NULL, &text);
	if (ret == 0 && name == NULL)
		ret = -ENOMEM;
	return ret < 0 ? ret : store_copy(sync, &place, NULL, slice_str(name), text);
}

/* What the app wrote, where it wrote it; the UID's other objects of that owner go: it is one booking. */
static int written_copy(const struct objects_sync *sync, const struct booking *booking, struct owned *owned)
{
	const struct booking_copy *copy = sync->copy;
	const struct object *old = NULL;
	struct slice text;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < owned->count; i++) {
		struct object *object = &owned->at[i];

		if (object->collection == copy->place->collection.id && slice_equal(object->name, copy->name))
			old = object;
		else
			ret = remove_copy(sync, object);
	}
	if (ret == 0)
		ret = make_text(sync, booking, copy->place, copy->text, &copy->at, &text);
	if (ret == 0)
		ret = store_copy(sync, copy->place, old, copy->name, text);
	return ret < 0 ? ret
	               : alerts_review(sync->service, sync->txn, sync->arena, copy->place->owner.id, sync->uid, sync->request);
}

/* BOOKING is NULL when none of the UID has an object any more. */
static int sync_member(const struct objects_sync *sync, const struct booking *booking, struct slice name)
{
	struct owned owned = {.arena = sync->arena};
	struct principal principal;
	bool wanted = booking != NULL && booking_has_member(booking, name);
	int ret = store_principal_get(sync->txn, sync->arena, name, &principal);

	if (ret == 0)
		ret = store_object_each_by_owner_uid(sync->txn, principal.id, sync->uid, see_owned, &owned);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (wanted && sync->copy != NULL && sync->copy->place->owner.id == principal.id)
		return written_copy(sync, booking, &owned);
	for (size_t i = wanted ? 1 : 0; ret == 0 && i < owned.count; i++)
		ret = remove_copy(sync, &owned.at[i]);
	if (ret < 0 || !wanted)
		return ret;
	return owned.count > 0 ? change_copy(sync, booking, &owned.at[0]) : new_copy(sync, booking, name);
}

int booking_objects_sync(const struct objects_sync *sync)
{
	const struct booking *booking = NULL;
	int ret = 0;

	for (size_t i = 0; booking == NULL && i < sync->bookings->count; i++)
		if (stays(&sync->bookings->at[i]))
			booking = &sync->bookings->at[i];
	for (size_t i = 0; ret == 0 && i < sync->member_count; i++)
		ret = sync_member(sync, booking, sync->members[i]);
	return ret;
}
