/*
 * What a write needs to know before its update: the text parsed and screened, its rows, and for a booking the working
 * hours and the far series that the check and the alternatives ask for.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "server/booking/change_private.h"

/* The index holds this much of every series, whenever that was written or extended last. */
#define INDEX_SURE_BACK  CHANGE_WINDOW_BACK
#define INDEX_SURE_AHEAD (366 * DAY_SECONDS)

typedef int snapshot_fn(struct kv_txn *txn, struct write *write);

struct snapshot {
	snapshot_fn *fn;
	struct write *write;
};

static int run_snapshot(struct kv_txn *txn, void *arg)
{
	struct snapshot *snapshot = arg;

	return snapshot->fn(txn, snapshot->write);
}

/* In the update's own transaction, or on a snapshot. */
static int read_with(struct write *write, struct kv_txn *txn, snapshot_fn *fn)
{
	struct snapshot snapshot = {fn, write};

	return txn != NULL ? fn(txn, write) : kv_view(store_kv(write->service->store), run_snapshot, &snapshot);
}

static int refuse_with(struct write *write, const struct error *err)
{
	write->result = (struct change_result){.outcome = CHANGE_REFUSED, .error = *err};
	return -EINVAL;
}

static int parse(struct write *write, struct slice text)
{
	struct error err = ERROR_NONE;
	struct calendar_object *object;
	int ret = calendar_object_parse(write->arena, write->zones, text, write->service->max_resource_size,
	    &object, &err);

	if (ret == -EINVAL)
		return refuse_with(write, &err);
	if (ret < 0)
		return ret;
	calendar_object_free(write->object);
	write->object = object;
	write->text = text;
	return 0;
}

/* ---- the place and what lies there ---- */

static int read_place(struct kv_txn *txn, struct write *write)
{
	const struct change_put *request = write->request;
	struct object old;
	int ret = place_get(write->service, txn, write->arena, request->home, request->collection, &write->place);

	if (ret == -ENOENT)
		return result_refuse(&write->result, 409, CONDITION_NONE, "There is no such calendar.");
	if (ret < 0)
		return ret;
	ret = store_object_get(txn, write->arena, write->place.collection.id, request->name, &old);
	write->refused_copy = ret == 0 && old.flags & OBJECT_REFUSED ? old.id : 0;
	return ret == -ENOENT ? 0 : ret;
}

/* What would end after CALDAV:max-date-time is not taken; what lies in a store already stays readable. */
static int check_dates(struct write *write)
{
	for (size_t i = 0; i < calendar_object_count(write->object); i++) {
		const struct component *c = calendar_object_at(write->object, i);
		struct ical_duration length;
		struct ical_time start;

		if (component_time(c, "DTSTART", &start) && component_duration(c, &length) &&
		    civil_to_utc(&start.civil) + length.days * DAY_SECONDS + length.seconds >= INSTANT_MAX)
			return result_refuse(&write->result, 403, CALDAV_MAX_DATE_TIME, "It ends after the year 9999.");
	}
	return 0;
}

static int check_kind(struct write *write)
{
	const struct collection *collection = &write->place.collection;

	if (collection->kind != COLLECTION_CALENDAR && collection->kind != COLLECTION_BOOKINGS)
		return result_refuse(&write->result, 403, CALDAV_CALENDAR_COLLECTION_LOCATION_OK,
		    "Calendar objects are not stored here.");
	if (!(collection->components & calendar_object_component(write->object)))
		return result_refuse(&write->result, 403, CALDAV_SUPPORTED_CALENDAR_COMPONENT,
		    "This calendar does not take such components.");
	if (write->request->name.len == 0 || write->request->name.len > RECORD_NAME_MAX)
		return result_refuse(&write->result, 403, CONDITION_NONE, "The name is too long.");
	return 0;
}

static int make_rows(struct write *write)
{
	struct error err = ERROR_NONE;
	int ret = rows_make(write->service, write->arena, &write->place, write->object,
	    rows_window(clock_now(write->service->clock)), &write->rows, &err);

	return ret == -EINVAL ? refuse_with(write, &err) : ret;
}

/* ---- an item that was refused before, and comes again ---- */

struct moved {
	struct write *write;
	bool moved;
};

static int compare_with_copy(struct kv_txn *txn, void *arg)
{
	struct moved *moved = arg;
	struct write *write = moved->write;
	uint64_t member;
	struct busy *rows;
	size_t count;
	int ret = store_index_get(txn, write->arena, write->place.collection.id, write->refused_copy, &member, &rows, &count);

	if (ret < 0)
		return ret;
	moved->moved = count != write->rows.count;
	for (size_t i = 0; !moved->moved && i < count; i++)
		moved->moved = rows[i].at.start != write->rows.at[i].at.start || rows[i].at.end != write->rows.at[i].at.end;
	return 0;
}

/*
 * A cancelled copy that comes back at another time is the person's second try: it becomes what it was before. At its
 * old time it is an edit of the copy, and stays one. A text that is not cancelled only loses our marks.
 */
static int revive(struct write *write, struct kv_txn *txn)
{
	struct moved moved = {write, true};
	bool marked = refused_copy_is_marked(write->object), cancelled = refused_copy_is_cancelled(write->object);
	struct slice text;
	int ret = 0;

	write->stays_refused = false;
	write->rewritten = false;
	if (calendar_object_component(write->object) != ICAL_VEVENT || (!marked && (write->refused_copy == 0 || !cancelled)))
		return 0;
	if (write->refused_copy != 0 && cancelled)
		ret = txn != NULL ? compare_with_copy(txn, &moved) :
		                    kv_view(store_kv(write->service->store), compare_with_copy, &moved);
	if (ret < 0)
		return ret;
	if (!moved.moved) {
		write->stays_refused = true;
		return 0;
	}
	ret = refused_copy_revive(write->arena, write->object, &text);
	if (ret == -EILSEQ)
		return 0; /* none of our making: it is taken as it says */
	if (ret == 0)
		ret = parse(write, text);
	write->rewritten = true;
	return ret < 0 ? ret : make_rows(write);
}

/* ---- what a booking needs besides ---- */

static int read_hours(struct write *write)
{
	int ret;

	write->has_hours = false;
	if (!write->booking && on_overlap_of(write->service, &write->place.collection) != ON_OVERLAP_REFUSE)
		return 0; /* nothing to refuse */
	if (write->guard_count == 0)
		return 0;
	/* without hours a staff member's own time is bound by overlap alone; a resource is always open */
	ret = place_hours(write->service, write->arena, &write->place, &write->hours, &write->hours_zone);
	write->has_hours = ret > 0;
	return ret < 0 ? ret : 0;
}

static int read_far(struct kv_txn *txn, struct write *write)
{
	int ret = far_collect(write->service, txn, write->arena, &write->place, calendar_object_uid(write->object),
	    write->hull, &write->far);

	if (ret == -E2BIG)
		return result_refuse(&write->result, 403, CALDAV_MAX_INSTANCES,
		    "Too much lies there, so far ahead, to check for a clash.");
	return ret;
}

/* A series is all or nothing, so it must end where all of it can be checked. */
static int check_series(struct write *write, instant_t now)
{
	const struct rows *rows = &write->rows;
	instant_t from = rows->span.start > now ? rows->span.start : now;

	if (rows->recurring && (rows->endless || rows->span.end > instant_add(from, CHANGE_SERIES_CHECK_DAYS * DAY_SECONDS)))
		return result_refuse(&write->result, 403, CALDAV_MAX_INSTANCES,
		    "A series of bookings must end within 365 days.");
	return 0;
}

static struct interval hull_of(const struct interval *guards, size_t count)
{
	struct interval hull = guards[0];

	for (size_t i = 1; i < count; i++) {
		if (guards[i].end > hull.end)
			hull.end = guards[i].end;
	}
	return hull;
}

static int prepare_booking(struct write *write, struct kv_txn *txn)
{
	instant_t now = clock_now(write->service->clock);
	int ret = check_series(write, now);

	if (ret < 0)
		return ret;
	write->hull = hull_of(write->guards, write->guard_count);
	write->has_far = write->hull.start < now - INDEX_SURE_BACK || write->hull.end > now + INDEX_SURE_AHEAD;
	return write->has_far ? read_with(write, txn, read_far) : 0;
}

int write_replace_text(struct write *write, struct slice text)
{
	int ret = parse(write, text);

	write->replanned = true;
	write->rewritten = true;
	if (ret == 0)
		ret = make_rows(write);
	return ret < 0 ? ret : rows_blocking(write->arena, write->rows.at, write->rows.count, &write->guards, &write->guard_count);
}

int write_prepare(struct write *write, struct kv_txn *txn)
{
	int ret;

	write->zones = write->service->zones;
	ret = write->transfer != NULL ? read_with(write, txn, transfer_read) : 0;
	if (ret == 0)
		ret = parse(write, write->request->body);
	write->has_far = false;
	if (ret == 0)
		ret = read_with(write, txn, read_place);
	if (ret == 0)
		ret = check_kind(write);
	if (ret == 0)
		ret = check_dates(write);
	if (ret == 0)
		ret = make_rows(write);
	if (ret == 0)
		ret = revive(write, txn);
	if (ret == 0)
		ret = rows_blocking(write->arena, write->rows.at, write->rows.count, &write->guards, &write->guard_count);
	if (ret < 0)
		return ret;
	write->booking = write->place.collection.kind == COLLECTION_BOOKINGS && write->guard_count > 0;
	if (write->booking)
		ret = prepare_booking(write, txn);
	return ret < 0 ? ret : read_hours(write);
}
