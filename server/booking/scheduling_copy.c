/* What scheduling writes for others: copies in their calendars, items in their inboxes, mail that waits. */
#include <config.h>

#include <errno.h>

#include "protocol/base/ascii.h"
#include "protocol/dav/path.h"
#include "protocol/json/json.h"
#include "server/booking/calendar_user.h"
#include "server/booking/scheduling.h"

#define MAIL_BYTES_MAX  (3 * ITIP_MESSAGE_MAX) /* as JSON */
#define UID_NAME_MAX    200 /* bytes: with what is added it still is a name */
#define EXPIRY_KIND     SLICE("inbox_expiry")

struct itip_env scheduling_env(const struct scheduling *s, const struct place *place)
{
	return (struct itip_env){
	    .arena = s->arena,
	    .zones = s->service->zones,
	    .floating = place->zone,
	    .now = clock_now(s->service->clock),
	};
}

/* ---- whose, and where ---- */

static int keep(struct scheduling *s, const struct buf *b, struct slice *text_r)
{
	char *copy = b->err == 0 ? arena_copy(s->arena, buf_slice(b)) : NULL;

	*text_r = slice_of(copy, b->len);
	return copy != NULL ? 0 : -ENOMEM;
}

static int fill_addresses(struct scheduling *s, struct schedule_party *party)
{
	const struct principal *p = &party->principal;
	AUTO_BUF struct buf path = BUF_INIT(4096), urn = BUF_INIT(128);
	int ret;

	dav_href_principal(&path, p->kind == PRINCIPAL_USER ? DAV_USERS : DAV_RESOURCES, p->name);
	resource_urn_write(&urn, store_epoch(s->service->store), DAV_PRINCIPAL, p->id);
	ret = keep(s, &path, &party->addresses[0]);
	if (ret == 0)
		ret = keep(s, &urn, &party->addresses[1]);
	party->addresses[2] = p->email;
	party->user = (struct itip_user){party->addresses, p->email.len > 0 ? 3 : 2};
	return ret;
}

struct search {
	struct scheduling *s;
	struct schedule_party *party;
	uint64_t collection;
	struct slice name;
};

static int see_object(const struct object *object, void *arg)
{
	struct search *search = arg;
	struct collection collection;
	char *name;
	int ret = store_collection_get_by_id(search->s->txn, search->s->arena, object->collection, &collection);

	if (ret < 0 || (collection.kind != COLLECTION_CALENDAR && collection.kind != COLLECTION_BOOKINGS))
		return ret;
	name = arena_copy(search->s->arena, object->name);
	if (name == NULL)
		return -ENOMEM;
	search->name = slice_of(name, object->name.len);
	search->collection = object->collection;
	return 1;
}

static int read_copy(struct scheduling *s, struct schedule_party *party, const struct search *search)
{
	struct slice body;
	char *copy;
	int ret = place_get_by_id(s->service, s->txn, s->arena, search->collection, &party->place);

	if (ret == 0)
		ret = store_object_get(s->txn, s->arena, search->collection, search->name, &party->object);
	if (ret == 0)
		ret = store_body_get(s->txn, party->object.id, &body);
	if (ret < 0)
		return ret;
	copy = arena_copy(s->arena, body);
	party->copy = slice_of(copy, body.len);
	party->has_copy = true;
	return copy != NULL ? 0 : -ENOMEM;
}

/* Where what is new to him goes. */
static int find_default(struct scheduling *s, struct schedule_party *party)
{
	bool resource = party->principal.kind == PRINCIPAL_RESOURCE;

	return place_get(s->service, s->txn, s->arena, party->principal.name, resource ? SLICE("bookings") : SLICE("work"),
	    &party->place);
}

int scheduling_find_party(struct scheduling *s, struct schedule_party *party)
{
	struct search search = {.s = s, .party = party};
	int ret = fill_addresses(s, party);

	if (ret == 0)
		ret = store_object_each_by_owner_uid(s->txn, party->principal.id, s->uid, see_object, &search);
	if (ret > 0)
		return read_copy(s, party, &search);
	return ret < 0 ? ret : find_default(s, party);
}

/* ---- copies ---- */

struct written {
	struct calendar_object *parsed;
	struct rows rows;
	struct interval *guards;
	size_t guard_count;
};

static int compute(struct scheduling *s, const struct schedule_party *party, struct slice text, struct written *w)
{
	struct error err = ERROR_NONE;
	int ret = calendar_object_read(s->arena, s->service->zones, text, &w->parsed);

	if (ret == 0)
		ret = rows_make(s->service, s->arena, &party->place, w->parsed, rows_window(clock_now(s->service->clock)),
		    &w->rows, &err);
	if (ret == 0)
		ret = rows_blocking(s->arena, w->rows.at, w->rows.count, &w->guards, &w->guard_count);
	return ret == -EINVAL ? -EBADMSG : ret;
}

static bool is_plain(struct slice uid)
{
	for (size_t i = 0; i < uid.len; i++)
		if (!ascii_is_alnum(uid.at[i]) && (i == 0 || strchr(".-_@+", uid.at[i]) == NULL || uid.at[i] == '\0'))
			return false;
	return uid.len > 0 && uid.len <= UID_NAME_MAX;
}

/* UID.ics where that is a name: python-caldav and Evolution write there when somebody accepts what lies in his inbox. */
static int name_copy(struct scheduling *s, const struct schedule_party *party, struct slice *name_r)
{
	struct slice hash = s->uid;
	struct object there;
	char *name;
	int ret = is_plain(s->uid) ? 0 : job_key_hash(s->arena, s->uid, &hash);

	for (unsigned i = 0; ret == 0; i++) {
		name = i == 0 ? arena_printf(s->arena, "%.*s.ics", SLICE_ARG(hash))
		              : arena_printf(s->arena, "%.*s-%u.ics", SLICE_ARG(hash), i);
		if (name == NULL)
			return -ENOMEM;
		*name_r = slice_str(name);
		ret = store_object_get(s->txn, s->arena, party->place.collection.id, *name_r, &there);
	}
	return ret == -ENOENT ? 0 : ret;
}

int scheduling_put_copy(struct scheduling *s, struct schedule_party *party, struct slice text, enum tag_change tag)
{
	const struct place *place = &party->place;
	struct object object = {.collection = place->collection.id, .name = party->object.name, .uid = s->uid};
	struct written w = {.guard_count = 0};
	int ret = compute(s, party, text, &w);

	if (ret == 0 && !party->has_copy)
		ret = name_copy(s, party, &object.name);
	if (ret < 0)
		return ret;
	object.component = calendar_object_component(w.parsed);
	object.flags = (w.rows.recurring ? OBJECT_RECURRING : 0u) | (w.rows.endless ? OBJECT_ENDLESS : 0u);
	object.span = w.rows.span;
	object.schedule_tag = tag == TAG_STAYS && party->object.schedule_tag != 0 ? party->object.schedule_tag
	                                                                          : OBJECT_SCHEDULE_TAG_NEW;
	if (party->has_copy)
		ret = store_index_clear(s->txn, party->object.collection, party->object.id);
	if (ret == 0)
		ret = store_object_put(s->txn, place->owner.id, &object, text, clock_now(s->service->clock));
	if (ret == 0)
		ret = rows_put(s->txn, s->arena, place, &object, &w.rows);
	if (ret == 0 && place_member(place) != 0 && place->collection.kind == COLLECTION_CALENDAR)
		ret = alerts_raise_event(s->service, s->txn, s->arena, place, s->uid, w.guards, w.guard_count, s->request);
	if (ret == 0)
		ret = alerts_review(s->service, s->txn, s->arena, place->owner.id, s->uid, s->request);
	if (ret < 0)
		return ret;
	party->object = object;
	party->has_copy = true;
	party->copy = text;
	return 0;
}

int scheduling_remove_copy(struct scheduling *s, struct schedule_party *party)
{
	struct removal_cause cause = {.request = s->request, .moved = true}; /* no booking of the engine: nobody to be told */
	int ret = party->has_copy ? object_remove(s->service, s->txn, s->arena, &party->place, &party->object, &cause) : 0;

	party->has_copy = false;
	return ret;
}

/* ---- inbox items ---- */

static int plan_expiry(struct scheduling *s, const struct object *object)
{
	instant_t now = clock_now(s->service->clock);
	struct job job = {
	    .due = now + CHANGE_INBOX_KEPT,
	    .created = now,
	    .kind = EXPIRY_KIND,
	    .key = object_job_key(s->arena, object->collection, object->name),
	    .payload = SLICE("{}"),
	};

	return job.key.len > 0 ? store_job_put(s->txn, &job) : -ENOMEM;
}

/* The name tells messages apart; it is also what stands for a UID, for several messages of one object may lie there. */
static int name_item(struct scheduling *s, const struct principal *principal, struct slice text, struct slice *name_r)
{
	char *all = arena_printf(s->arena, "%llu %.*s", (unsigned long long)principal->id, SLICE_ARG(text)), *name;
	struct slice hash;
	int ret = all != NULL ? job_key_hash(s->arena, slice_str(all), &hash) : -ENOMEM;

	name = ret == 0 ? arena_printf(s->arena, "%.*s.ics", SLICE_ARG(hash)) : NULL;
	*name_r = slice_str(name);
	return name != NULL ? 0 : -ENOMEM;
}

int scheduling_put_item(struct scheduling *s, const struct principal *principal, enum itip_method method,
    struct slice body)
{
	struct itip_env env = scheduling_env(s, s->place);
	struct calendar_object *parsed;
	struct object object = {.id = 0};
	struct collection inbox;
	struct slice text;
	int ret;

	if (principal->kind != PRINCIPAL_USER)
		return 0;
	ret = store_collection_get(s->txn, s->arena, principal->name, SLICE("inbox"), &inbox);
	if (ret == 0)
		ret = itip_message_write(&env, method, body, &text);
	if (ret == 0)
		ret = calendar_object_read(s->arena, s->service->zones, body, &parsed);
	if (ret == 0)
		ret = name_item(s, principal, text, &object.name);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret; /* without an inbox he is not told; change_complete_homes gives him one */
	object.collection = inbox.id;
	object.uid = object.name;
	object.component = calendar_object_component(parsed);
	ret = store_object_put(s->txn, principal->id, &object, text, clock_now(s->service->clock));
	return ret < 0 ? ret : plan_expiry(s, &object);
}

int change_run_inbox_expiry(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct job *job,
    instant_t now)
{
	struct object object;
	struct place place;
	int ret = object_of_job(service, txn, arena, job, &place, &object);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (place.collection.kind != COLLECTION_INBOX || object.modified + CHANGE_INBOX_KEPT > now)
		return 0;
	ret = object_remove(service, txn, arena, &place, &object, &(struct removal_cause){.request = SLICE_EMPTY});
	return ret < 0 ? ret : 1;
}

/* ---- mail ---- */

int scheduling_put_mail(struct scheduling *s, const struct slice *to, size_t count, enum itip_method method,
    struct slice body)
{
	struct itip_env env = scheduling_env(s, s->place);
	AUTO_BUF struct buf payload = BUF_INIT(MAIL_BYTES_MAX);
	instant_t now = clock_now(s->service->clock);
	struct job job = {.due = now, .created = now, .kind = SCHEDULING_MAIL_KIND, .request = s->request};
	struct slice text;
	int ret = itip_message_write(&env, method, body, &text);

	if (ret < 0)
		return ret;
	json_open_object(&payload, NULL);
	json_add_text(&payload, "principal", s->owner.principal.name);
	json_add_text(&payload, "from", s->owner.principal.email);
	json_open_array(&payload, "to");
	for (size_t i = 0; i < count; i++)
		json_add_text(&payload, NULL, to[i]);
	json_close_array(&payload);
	json_add_text(&payload, "method", itip_method_name(method));
	json_add_text(&payload, "uid", s->uid);
	json_add_text(&payload, "message", text);
	json_close_object(&payload);
	if (payload.err < 0)
		return payload.err;
	job.payload = buf_slice(&payload);
	ret = job_key_hash(s->arena, job.payload, &job.key);
	return ret < 0 ? ret : store_job_put(s->txn, &job);
}
