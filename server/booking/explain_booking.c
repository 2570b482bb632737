/* The bookings of a case, given to the people and rooms that are in them. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "server/booking/explain.h"
#include "server/booking/explain_private.h"

struct booking {
	struct reserved reserved;
	struct slice *staff;
	size_t staff_count;
	struct slice *rooms;
	size_t room_count;
	bool live;
};

static int read_state(struct reading *r, const struct json_value *json, struct booking *booking)
{
	static const char *const statuses[] = {"confirmed", "held", "cancelled", "completed", "no_show", NULL};
	int status = 0, ret = json_get_word(json, "status", JSON_OPTIONAL, statuses, &status, r->err);

	booking->live = status <= 1;
	booking->reserved.expires = INSTANT_MAX;
	if (ret >= 0)
		ret = case_instant(r, json, "expires", JSON_OPTIONAL, &booking->reserved.expires);
	if (ret >= 0)
		ret = case_text(r, json, "token", JSON_OPTIONAL, &booking->reserved.token);
	return ret < 0 ? ret : 0;
}

static int read_booking(struct reading *r, const struct json_value *json, struct booking *booking)
{
	static const char *const names[] = {"start", "end", "staff", "resources", "service", "uid", "seats", "buffer_before_minutes",
	    "buffer_after_minutes", "status", "expires", "token", NULL};
	struct reserved *reserved = &booking->reserved;
	int64_t before = 0, after = 0;
	int ret = json_expect(json, JSON_KIND_OBJECT, r->err);

	*booking = (struct booking){.reserved = {.seats = 1}};
	if (ret == 0)
		ret = json_only(json, names, r->err);
	if (ret == 0)
		ret = case_instant(r, json, "start", JSON_REQUIRED, &reserved->core.start);
	if (ret > 0)
		ret = case_instant(r, json, "end", JSON_REQUIRED, &reserved->core.end);
	if (ret > 0 && reserved->core.end <= reserved->core.start)
		ret = json_refuse(json, r->err, "end is not after start");
	if (ret > 0)
		ret = case_text(r, json, "service", JSON_OPTIONAL, &reserved->service);
	if (ret >= 0)
		ret = case_text(r, json, "uid", JSON_OPTIONAL, &reserved->uid);
	if (ret >= 0)
		ret = json_get_integer(json, "seats", JSON_OPTIONAL, 1, POLICY_CAPACITY_MAX, &reserved->seats, r->err);
	if (ret >= 0)
		ret = json_get_integer(json, "buffer_before_minutes", JSON_OPTIONAL, 0, POLICY_MINUTES_MAX, &before, r->err);
	if (ret >= 0)
		ret = json_get_integer(json, "buffer_after_minutes", JSON_OPTIONAL, 0, POLICY_MINUTES_MAX, &after, r->err);
	reserved->guard.start = instant_add(reserved->core.start, -before * MINUTE_SECONDS);
	reserved->guard.end = instant_add(reserved->core.end, after * MINUTE_SECONDS);
	if (ret >= 0)
		ret = read_state(r, json, booking);
	if (ret == 0)
		ret = case_names(r, json, "staff", &booking->staff, &booking->staff_count);
	if (ret == 0)
		ret = case_names(r, json, "resources", &booking->rooms, &booking->room_count);
	reserved->rooms = booking->rooms;
	reserved->room_count = booking->room_count;
	return ret;
}

static bool has_name(const struct slice *names, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(names[i], name))
			return true;
	return false;
}

/* A session's rooms cap its seats (R17). */
static void cap_seats(const struct world *world, struct booking *booking)
{
	for (size_t i = 0; i < world->resource_count; i++) {
		const struct member *room = &world->resources[i];

		if (room->seats > 0 && has_name(booking->rooms, booking->room_count, room->name) &&
		    (booking->reserved.room_seats == 0 || room->seats < booking->reserved.room_seats))
			booking->reserved.room_seats = room->seats;
	}
}

static int compare_reserved(const void *left, const void *right)
{
	const struct reserved *a = left, *b = right;

	return (a->guard.start > b->guard.start) - (a->guard.start < b->guard.start);
}

static int give(struct reading *r, struct member *member, bool person, const struct booking *bookings, size_t count)
{
	struct reserved *reserved = arena_array(r->arena, count + 1, sizeof(*reserved));
	size_t n = 0;

	if (reserved == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const struct booking *booking = &bookings[i];

		if (booking->live && (person ? has_name(booking->staff, booking->staff_count, member->name)
		                             : has_name(booking->rooms, booking->room_count, member->name)))
			reserved[n++] = booking->reserved;
	}
	qsort(reserved, n, sizeof(*reserved), compare_reserved);
	member->reserved = reserved;
	member->reserved_count = n;
	return 0;
}

static int compare_slices(const void *left, const void *right)
{
	return slice_compare(*(const struct slice *)left, *(const struct slice *)right);
}

static int read_mirrors(struct reading *r, const struct booking *bookings, size_t count)
{
	struct world *world = &r->result->world;
	struct slice *mirrors = arena_array(r->arena, count + 1, sizeof(*mirrors));

	if (mirrors == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (bookings[i].reserved.uid.len > 0)
			mirrors[world->mirror_count++] = bookings[i].reserved.uid;
	qsort(mirrors, world->mirror_count, sizeof(*mirrors), compare_slices);
	world->mirrors = mirrors;
	return 0;
}

int case_bookings(struct reading *r, const struct json_value *root)
{
	struct world *world = &r->result->world;
	struct booking *bookings;
	struct json_value list;
	size_t count;
	int ret = case_list(r, root, "bookings", JSON_OPTIONAL, EXPLAIN_EVENTS_MAX, &list, &count);

	if (ret < 0)
		return ret;
	bookings = arena_array(r->arena, count + 1, sizeof(*bookings));
	if (bookings == NULL)
		return -ENOMEM;
	ret = 0;
	for (size_t i = 0; ret == 0 && i < count; i++) {
		struct json_value json = json_entry(&list, i);

		ret = read_booking(r, &json, &bookings[i]);
		if (ret == 0)
			cap_seats(world, &bookings[i]);
	}
	for (size_t i = 0; ret == 0 && i < world->staff_count; i++)
		ret = give(r, &world->staff[i], true, bookings, count);
	for (size_t i = 0; ret == 0 && i < world->resource_count; i++)
		ret = give(r, &world->resources[i], false, bookings, count);
	return ret < 0 ? ret : read_mirrors(r, bookings, count);
}
