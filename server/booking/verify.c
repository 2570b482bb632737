#include <config.h>

#include "server/booking/verify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "server/booking/booking_private.h"
#include "storage/store_private.h"
#include "storage/verify.h"

/*
 * storage/verify sees to it that every table agrees with the others, and that no two guards overlap. Here each object is
 * read again, and its rows, its series and its guards must be those that its text means; and each guard must have a
 * booking.
 */

#define SENTENCE_MAX 800
#define ARENA_MAX    (256u << 20)

struct verify {
	struct change_service *service;
	struct kv_txn *txn;
	struct arena *arena; /* of one object */
	struct arena *place_arena; /* of one calendar */
	verify_fn *fn;
	void *arg;
	struct verify_counts *counts;
	struct place place;
};

static void tell(struct verify *verify, const char *table, const struct object *object, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void tell(struct verify *verify, const char *table, const struct object *object, const char *format, ...)
{
	const struct collection *collection = &verify->place.collection;
	char sentence[SENTENCE_MAX];
	va_list args;
	int len = snprintf(sentence, sizeof(sentence), "%s of %.*s/%.*s/%.*s: ", table, SLICE_ARG(collection->home),
	    SLICE_ARG(collection->name), SLICE_ARG(object->name));

	if (len < 0 || (size_t)len >= sizeof(sentence))
		len = 0;
	va_start(args, format);
	vsnprintf(sentence + len, sizeof(sentence) - (size_t)len, format, args);
	va_end(args);
	verify->counts->disagreements++;
	verify->fn(sentence, verify->arg);
}

/* ---- the series row ---- */

/* The window that the rows were made for: as the row says, else as if they were made now. */
static int find_series(struct verify *verify, const struct object *object, struct series *series_r, bool *has_r)
{
	int ret = store_series_get(verify->txn, object->collection, object->id, series_r);

	*has_r = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

static void compare_series(struct verify *verify, const struct object *object, const struct rows *rows,
    const struct series *series, bool has)
{
	if (rows->endless && !has)
		tell(verify, "series", object, "it goes on without end and has no row");
	else if (!rows->endless && has)
		tell(verify, "series", object, "a row of an object that ends");
	else if (has && (series->span.start != rows->span.start || series->span.end != rows->span.end))
		tell(verify, "series", object, "the span is another");
}

/* ---- the index rows ---- */

static int compare_index(struct verify *verify, const struct object *object, const struct rows *rows)
{
	uint64_t member;
	struct busy *stored;
	size_t count;
	int ret = store_index_get(verify->txn, verify->arena, object->collection, object->id, &member, &stored, &count);

	if (ret < 0)
		return ret;
	if (count != rows->count)
		tell(verify, "busy", object, "%zu rows, its text has %zu instances", count, rows->count);
	for (size_t i = 0; i < count && i < rows->count; i++) {
		if (rows_is_same(&stored[i], &rows->at[i]))
			continue;
		tell(verify, "busy", object, "row %zu begins at %lld, the instance at %lld", i, (long long)stored[i].at.start,
		    (long long)rows->at[i].at.start);
		break;
	}
	if (count > 0 && member != place_member(&verify->place))
		tell(verify, "member's busy", object, "it blocks the time of %llu instead of %llu", (unsigned long long)member,
		    (unsigned long long)place_member(&verify->place));
	return 0;
}

/* ---- the guards of a booking ---- */

static int read_guards(struct verify *verify, uint64_t member, struct slice uid, struct interval **guards_r, size_t *count_r)
{
	struct slice value;
	struct unpack u;
	struct key key;
	uint32_t count;
	int ret;

	*count_r = 0;
	*guards_r = NULL;
	key_begin(&key, TABLE_OCCUPIED);
	key_add_u64(&key, member);
	key_add_hash(&key, uid);
	ret = kv_get(verify->txn, key_slice(&key), &value);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	u = unpack_begin(value, 1);
	count = unpack_u32(&u);
	if (u.bad || count > value.len)
		return -EBADMSG;
	*guards_r = arena_array(verify->arena, count + 1u, sizeof(**guards_r));
	if (*guards_r == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		(*guards_r)[i] = unpack_interval(&u);
	*count_r = count;
	return unpack_end(&u);
}

static int compare_guards(struct verify *verify, const struct object *object, const struct rows *rows)
{
	struct interval *wanted, *found = NULL, guard;
	size_t wanted_count, count = 0, i = 0;
	bool is_booking;
	int ret = booking_guards_of(verify->txn, verify->arena, object->uid, verify->place.owner.name, &is_booking, &guard,
	    &wanted_count);

	wanted = &guard;
	if (ret == 0 && !is_booking && verify->place.collection.kind != COLLECTION_BOOKINGS)
		return 0;
	if (ret == 0 && !is_booking)
		ret = rows_blocking(verify->arena, rows->at, rows->count, &wanted, &wanted_count);
	if (ret == 0)
		ret = read_guards(verify, verify->place.owner.id, object->uid, &found, &count);
	if (ret < 0)
		return ret;
	while (i < count && i < wanted_count && found[i].start == wanted[i].start && found[i].end == wanted[i].end)
		i++;
	if (i < count || i < wanted_count)
		tell(verify, "occupancy", object, "%zu guards, it should have %zu, and number %zu differs", count, wanted_count,
		    i);
	return 0;
}

/* ---- one object ---- */

static void compare_record(struct verify *verify, const struct object *object, const struct calendar_object *parsed,
    const struct rows *rows)
{
	uint32_t flags = (rows->recurring ? OBJECT_RECURRING : 0u) | (rows->endless ? OBJECT_ENDLESS : 0u);

	if (!slice_equal(object->uid, calendar_object_uid(parsed)))
		tell(verify, "object", object, "its text has another UID");
	if (object->component != calendar_object_component(parsed))
		tell(verify, "object", object, "its text is of another component");
	if ((object->flags & (OBJECT_RECURRING | OBJECT_ENDLESS)) != flags)
		tell(verify, "object", object, "its flags are wrong");
	if (object->span.start != rows->span.start || object->span.end != rows->span.end)
		tell(verify, "object", object, "its span is another");
}

static int check_rows(struct verify *verify, const struct object *object, const struct calendar_object *parsed)
{
	struct error err = ERROR_NONE;
	struct series series;
	struct rows rows;
	bool has;
	int ret = find_series(verify, object, &series, &has);

	if (ret == 0)
		ret = rows_make(verify->service, verify->arena, &verify->place, parsed,
		    has ? series.indexed : rows_window(clock_now(verify->service->clock)), &rows, &err);
	if (ret == -EINVAL)
		tell(verify, "object", object, "its instances cannot be computed: %s", err.detail);
	if (ret < 0)
		return ret == -EINVAL ? 0 : ret;
	compare_record(verify, object, parsed, &rows);
	compare_series(verify, object, &rows, &series, has);
	ret = compare_index(verify, object, &rows);
	if (ret == 0)
		ret = compare_guards(verify, object, &rows);
	return ret;
}

static int see_object(const struct object *object, void *arg)
{
	struct verify *verify = arg;
	struct calendar_object *parsed = NULL;
	struct error err = ERROR_NONE;
	struct slice body;
	int ret = store_body_get(verify->txn, object->id, &body);

	arena_reset(verify->arena);
	if (ret == -ENOENT)
		return 0; /* told by the store */
	if (ret == 0)
		ret = calendar_object_parse(verify->arena, verify->service->zones, body, SIZE_MAX, &parsed, &err);
	if (ret == -EINVAL) {
		tell(verify, "body", object, "it cannot be read: %s", err.detail);
		return 0;
	}
	if (ret == 0)
		ret = check_rows(verify, object, parsed);
	calendar_object_free(parsed);
	if (ret == -EBADMSG) {
		tell(verify, "index", object, "a row that cannot be read");
		return 0;
	}
	return ret;
}

/* ---- people and their calendars ---- */

static int see_collection(const struct collection *collection, void *arg)
{
	struct verify *verify = arg;
	int ret;

	arena_reset(verify->place_arena);
	ret = place_get(verify->service, verify->txn, verify->place_arena, collection->home, collection->name,
	    &verify->place);
	if (ret == -EBADMSG || ret == -ENOENT)
		return 0; /* without an owner: told by the store */
	if (ret == 0 && verify->place.collection.kind == COLLECTION_INBOX)
		return 0; /* messages take nobody's time */
	return ret < 0 ? ret : store_object_each(verify->txn, verify->place.collection.id, see_object, verify);
}

struct guards {
	struct verify *verify;
	const struct principal *member;
	bool found;
};

static int see_owned(const struct object *object, void *arg)
{
	struct guards *guards = arg;
	struct collection collection;
	int ret = store_collection_get_by_id(guards->verify->txn, guards->verify->arena, object->collection, &collection);

	guards->found |= ret == 0 && collection.kind == COLLECTION_BOOKINGS;
	return ret == -ENOENT ? 0 : ret;
}

/* A guard without its booking would refuse that time for ever. */
static int see_guard(const struct occupancy *occupancy, void *arg)
{
	struct guards *guards = arg;
	char sentence[SENTENCE_MAX];
	struct interval guard;
	bool is_booking;
	size_t count;
	int ret;

	arena_reset(guards->verify->arena);
	guards->found = false;
	ret = booking_guards_of(guards->verify->txn, guards->verify->arena, occupancy->uid, guards->member->name, &is_booking,
	    &guard, &count);
	if (ret < 0 || count > 0)
		return ret;
	ret = store_object_each_by_owner_uid(guards->verify->txn, guards->member->id, occupancy->uid, see_owned, guards);
	if (ret < 0 || guards->found)
		return ret == -ENOENT ? 0 : ret;
	snprintf(sentence, sizeof(sentence), "occupancy of %.*s: a guard at %lld without its booking, %.*s",
	    SLICE_ARG(guards->member->name), (long long)occupancy->guard.start, SLICE_ARG(occupancy->uid));
	guards->verify->counts->disagreements++;
	guards->verify->fn(sentence, guards->verify->arg);
	return 0;
}

/* ---- bookings ---- */

static void tell_booking(struct verify *verify, const struct booking *booking, struct slice member, const char *what)
{
	char sentence[SENTENCE_MAX];

	snprintf(sentence, sizeof(sentence), "booking %.*s: %s %.*s", SLICE_ARG(booking->id), what, SLICE_ARG(member));
	verify->counts->disagreements++;
	verify->fn(sentence, verify->arg);
}

struct owned {
	size_t count;
};

static int count_owned(const struct object *object, void *arg)
{
	(void)object;
	((struct owned *)arg)->count++;
	return 0;
}

/* A live booking holds its time with everybody in it, and a confirmed one has its object there. */
static int check_member(struct verify *verify, const struct booking *booking, struct slice name)
{
	struct interval wanted = booking_held_range(booking), *found;
	struct principal principal;
	struct owned owned = {0};
	size_t count = 0;
	int ret = store_principal_get(verify->txn, verify->arena, name, &principal);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	ret = read_guards(verify, principal.id, booking->uid, &found, &count);
	if (ret < 0)
		return ret;
	if (count != 1 || found->start != wanted.start || found->end != wanted.end)
		tell_booking(verify, booking, name, "its time is not held with");
	if (booking->status != BOOKING_CONFIRMED)
		return 0;
	ret = store_object_each_by_owner_uid(verify->txn, principal.id, booking->uid, count_owned, &owned);
	if (ret == 0 && owned.count == 0)
		tell_booking(verify, booking, name, "no calendar object of");
	return ret;
}

static int see_booking(const struct booking *booking, void *arg)
{
	struct verify *verify = arg;
	int ret = 0;

	if (!booking_is_live(booking) || (booking->service.len == 0 && booking->status == BOOKING_CONFIRMED))
		return 0; /* a person's own event is checked by its text */
	for (size_t i = 0; ret == 0 && i < booking->staff_count; i++)
		ret = check_member(verify, booking, booking->staff[i]);
	for (size_t i = 0; ret == 0 && i < booking->resource_count; i++)
		ret = check_member(verify, booking, booking->resources[i]);
	return ret == -EBADMSG ? 0 : ret; /* told by the store */
}

static int see_principal(const struct principal *principal, void *arg)
{
	struct verify *verify = arg;
	struct guards guards = {verify, principal, false};
	int ret = store_collection_each(verify->txn, principal->name, see_collection, verify);

	if (ret == 0)
		ret = store_occupancy_each(verify->txn, principal->id, (struct interval){INSTANT_MIN, INSTANT_MAX}, see_guard,
		    &guards);
	return ret;
}

/* An alert lasts as long as its event lies over its booking, at the time that it says. */
static int see_alert(const struct alert *alert, void *arg)
{
	struct verify *verify = arg;
	char sentence[SENTENCE_MAX];
	struct interval at;
	int ret;

	arena_reset(verify->arena);
	ret = alert_meeting(verify->txn, verify->arena, alert, &at);
	if (ret < 0 || (ret > 0 && at.start == alert->at.start && at.end == alert->at.end))
		return ret < 0 ? ret : 0;
	snprintf(sentence, sizeof(sentence), "alert %llu: its event and its booking %s", (unsigned long long)alert->id,
	    ret > 0 ? "meet at another time" : "do not meet");
	verify->counts->disagreements++;
	verify->fn(sentence, verify->arg);
	return 0;
}

static int run(struct kv_txn *txn, void *arg)
{
	struct verify *verify = arg;
	struct store_verify_counts counts = {0};
	int ret = store_verify(txn, verify->fn, verify->arg, &counts);

	verify->txn = txn;
	verify->counts->principals = counts.principals;
	verify->counts->collections = counts.collections;
	verify->counts->objects = counts.objects;
	verify->counts->rows = counts.rows;
	verify->counts->disagreements = counts.disagreements;
	if (ret == 0)
		ret = store_principal_each(txn, see_principal, verify);
	if (ret < 0)
		return ret;
	ret = store_alert_each(txn, see_alert, verify);
	arena_reset(verify->place_arena);
	if (ret == 0 || ret == -EBADMSG) /* what cannot be read is told by the store */
		ret = store_booking_each_by_start(txn, verify->place_arena, (struct interval){INSTANT_MIN, INSTANT_MAX}, 0, 0,
		    see_booking, verify);
	return ret == -EBADMSG ? 0 : ret;
}

int verify_store(struct change_service *service, verify_fn *fn, void *arg, struct verify_counts *counts_r)
{
	struct verify_counts counts = {0};
	struct verify verify = {
		.service = service,
		.arena = arena_new(ARENA_MAX),
		.place_arena = arena_new(ARENA_MAX),
		.fn = fn,
		.arg = arg,
		.counts = &counts,
	};
	int ret = -ENOMEM;

	if (verify.arena != NULL && verify.place_arena != NULL)
		ret = kv_view(store_kv(service->store), run, &verify);
	arena_free(verify.arena);
	arena_free(verify.place_arena);
	if (ret == 0)
		*counts_r = counts;
	return ret;
}
