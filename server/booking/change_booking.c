/*
 * Bookings written over CalDAV (contract, section 4): an object whose UID is that of a booking. A moved one moves all of its
 * copies, a deleted one cancels it, one put into somebody else's calendar is reassigned; each after the same check as at any
 * other door, with overlap alone binding. Who is in it is the engine's, the rest of the text is the person's.
 */
#include <config.h>

#include <errno.h>

#include "protocol/base/codec.h"
#include "server/base/digest.h"
#include "server/booking/audit.h"
#include "server/booking/booking_private.h"
#include "server/booking/world_load.h"

/* No service has this id: a booking that is moved joins no session. */
#define NO_SERVICE SLICE("\x01")

#define DELETED SLICE("deleted") /* why it is cancelled: its object went */

/* ---- which bookings a write is about ---- */

static bool is_confirmed(const struct booking *booking)
{
	return booking->service.len > 0 && booking->status == BOOKING_CONFIRMED;
}

/* Deleted a moment ago: the same UID put again is a move. */
static bool may_revive(const struct booking *booking, instant_t now)
{
	return booking->service.len > 0 && booking->status == BOOKING_CANCELLED && slice_equal(booking->reason, DELETED) &&
	       now < instant_add(booking->updated, CANCELLATION_SECONDS);
}

static bool is_ended(const struct booking *booking)
{
	return booking->service.len > 0 && (booking->status == BOOKING_COMPLETED || booking->status == BOOKING_NO_SHOW);
}

/* Those that live; without any, those that may come back; without any, those that ended. */
static void keep_nearest(struct claim *claim, instant_t now)
{
	struct booking_list *list = &claim->bookings;
	bool live = false, deleted = false;
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++) {
		live |= is_confirmed(&list->at[i]);
		deleted |= may_revive(&list->at[i], now);
	}
	claim->revives = !live && deleted;
	claim->ended = !live && !deleted;
	for (size_t i = 0; i < list->count; i++) {
		const struct booking *booking = &list->at[i];

		if (live ? is_confirmed(booking) : deleted ? may_revive(booking, now) : is_ended(booking))
			list->at[kept++] = *booking;
	}
	list->count = kept;
}

static int find_bookings(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct slice uid,
    struct claim *claim)
{
	int ret = booking_list_of_uid(txn, arena, uid, &claim->bookings);

	if (ret == 0)
		keep_nearest(claim, clock_now(service->clock));
	return ret;
}

/* The one of NAMES that is the only one, or the one whose calendar the object leaves. */
static struct slice one_leaving(const struct write *write, const struct slice *names, size_t count)
{
	for (size_t i = 0; write->transfer != NULL && i < count; i++)
		if (slice_equal(names[i], write->source_place.owner.name))
			return names[i];
	return count == 1 ? names[0] : SLICE_EMPTY;
}

/* Whoever takes a booking out of somebody's hands is that person, his delegate, or an administrator. */
static int may_take(const struct write *write, struct kv_txn *txn, struct slice from)
{
	const struct change_origin *origin = &write->request->origin;
	struct principal writer, owner;
	struct grant grant;
	int ret;

	if (origin->kind != ORIGIN_USER || slice_equal(origin->principal, from))
		return 1;
	ret = store_principal_get(txn, write->arena, origin->principal, &writer);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (writer.admin)
		return 1;
	ret = store_principal_get(txn, write->arena, from, &owner);
	if (ret < 0)
		return ret == -ENOENT ? 1 : ret;
	grant = (struct grant){.owner = owner.id, .to = GRANT_TO_PRINCIPAL, .who = writer.id};
	ret = store_grant_get(txn, &grant);
	return ret < 0 ? ret : (grant.privileges & ACL_UNBIND) != 0;
}

static int find_leaving(struct write *write, struct kv_txn *txn, struct claim *claim)
{
	const struct booking *booking = &claim->bookings.at[0];
	bool resource = write->place.owner.kind == PRINCIPAL_RESOURCE;
	int ret;

	claim->leaving = resource ? one_leaving(write, booking->resources, booking->resource_count)
	                          : one_leaving(write, booking->staff, booking->staff_count);
	if (claim->leaving.len == 0)
		return result_refuse(&write->result, 403, CALDAV_NO_UID_CONFLICT,
		    "This is a booking of several people: move it out of the calendar of the one whose place is taken.");
	ret = claim->revives ? 1 : may_take(write, txn, claim->leaving); /* what was given up is nobody's */
	if (ret == 0)
		return result_refuse(&write->result, 403, CALDAV_NO_UID_CONFLICT, "This UID belongs to somebody else's booking.");
	return ret < 0 ? ret : 1;
}

int claim_find(struct write *write, struct kv_txn *txn, struct claim *claim_r)
{
	struct slice uid = calendar_object_uid(write->object);
	int ret = 0;

	*claim_r = (struct claim){0};
	if (calendar_object_component(write->object) == ICAL_VEVENT)
		ret = find_bookings(write->service, txn, write->arena, uid, claim_r);
	if (ret < 0 || claim_r->bookings.count == 0)
		return ret;
	if (booking_has_member(&claim_r->bookings.at[0], write->place.owner.name))
		return 1;
	/* A copy of an invitation in somebody's own calendar takes nothing from anybody. */
	return write->place.collection.kind == COLLECTION_BOOKINGS && !claim_r->ended ? find_leaving(write, txn, claim_r) : 0;
}

/* ---- what it shall be ---- */

struct claim_write {
	struct write *write;
	struct kv_txn *txn;
	struct claim *claim;
	struct object *old;
	struct policy policy; /* of the service, of the new length */
	struct interval core; /* as it is wanted */
	const struct slice *staff, *resources; /* as they are wanted; rooms may be others of their pool */
	size_t staff_count, resource_count;
	int64_t seats;
};

static int refuse(struct write *write, const char *sentence)
{
	return result_refuse(&write->result, 403, CALDAV_VALID_CALENDAR_OBJECT_RESOURCE, sentence);
}

static const struct slice *replaced(struct arena *arena, const struct slice *names, size_t count, struct slice from,
    struct slice to)
{
	struct slice *all = arena_array(arena, count + 1, sizeof(*all));

	for (size_t i = 0; all != NULL && i < count; i++)
		all[i] = from.len > 0 && slice_equal(names[i], from) ? to : names[i];
	return all;
}

static int read_wish(struct claim_write *w)
{
	struct write *write = w->write;
	const struct booking *booking = &w->claim->bookings.at[0];
	struct slice leaving = w->claim->leaving, owner = write->place.owner.name;
	int ret;

	if (write->rows.recurring || write->rows.count != 1)
		return refuse(write, "A booking is a single event.");
	w->core = write->rows.at[0].at;
	if (w->core.end <= w->core.start)
		return refuse(write, "A booking has a length.");
	w->staff = replaced(write->arena, booking->staff, booking->staff_count, leaving, owner);
	w->resources = replaced(write->arena, booking->resources, booking->resource_count, leaving, owner);
	w->staff_count = booking->staff_count;
	w->resource_count = booking->resource_count;
	if (w->staff == NULL || w->resources == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < w->claim->bookings.count; i++)
		w->seats += w->claim->bookings.at[i].seats;
	ret = booking_own_policy(w->txn, write->arena, booking, &w->policy);
	w->policy.duration = w->core.end - w->core.start;
	return ret;
}

static bool is_moved(const struct claim_write *w)
{
	const struct booking *booking = &w->claim->bookings.at[0];

	return w->claim->revives || w->claim->leaving.len > 0 || booking->core.start != w->core.start ||
	       booking->core.end != w->core.end;
}

/* ---- the check ---- */

/* The policy as the people and rooms that are wanted, all of them together. */
static int strict_policy(const struct claim_write *w, struct policy *policy_r)
{
	bool exchange = w->claim->leaving.len > 0 && w->write->place.owner.kind == PRINCIPAL_RESOURCE;
	struct policy_need *needs = arena_array(w->write->arena, w->resource_count + 1, sizeof(*needs));
	int64_t *weights = arena_array(w->write->arena, w->staff_count + 1, sizeof(*weights));

	if (needs == NULL || weights == NULL)
		return -ENOMEM;
	*policy_r = w->policy;
	policy_r->id = NO_SERVICE;
	policy_r->staff = w->staff;
	policy_r->staff_count = w->staff_count;
	policy_r->weights = weights;
	policy_r->assignment = w->staff_count > 1 ? ASSIGN_COLLECTIVE : ASSIGN_FIXED;
	policy_r->capacity = w->seats;
	if (!exchange)
		return 0;
	for (size_t i = 0; i < w->resource_count; i++)
		needs[i] = (struct policy_need){.id = w->resources[i], .count = 1};
	policy_r->needs = needs;
	policy_r->need_count = w->resource_count;
	return 0;
}

static int load(const struct claim_write *w, const struct policy *policy, struct interval window, struct world *world_r)
{
	const struct world_question question = {
		.policy = policy,
		.window = window,
		.party = w->seats,
		.uid = calendar_object_uid(w->write->object),
	};
	int ret = world_load(w->write->service, w->txn, w->write->arena, &question, world_r);

	for (size_t i = 0; ret == 0 && i < world_r->resource_count; i++)
		for (size_t k = 0; k < w->resource_count; k++)
			world_r->resources[i].preferred |= slice_equal(world_r->resources[i].name, w->resources[k]);
	return ret;
}

/* Rooms are chosen anew, the present ones first. */
static int keep_rooms(struct claim_write *w, const struct placement *placement)
{
	struct slice *names = arena_array(w->write->arena, placement->room_count + 1, sizeof(*names));

	if (names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < placement->room_count; i++)
		names[i] = placement->rooms[i]->name;
	w->resources = names;
	w->resource_count = placement->room_count;
	return 0;
}

static int check(struct claim_write *w, enum why_not *why_r)
{
	struct interval window = {w->core.start, instant_add(w->core.start, 1)};
	struct slot_request request = {.start = w->core.start, .grid = GRID_ONLY_OVERLAP, .customer = zone_utc()};
	struct slot_answer answer;
	struct policy policy;
	struct world world;
	int ret = strict_policy(w, &policy);

	if (ret < 0)
		return ret;
	ret = load(w, &policy, window, &world);
	if (ret == 0) {
		slots_ask(&world, &request, &answer);
		*why_r = answer.why;
		if (answer.why == WHY_FREE)
			ret = keep_rooms(w, &answer.placement);
	}
	world_done(&world);
	return ret;
}

/* ---- a refusal: what is in the way, times only, and what is free ---- */

struct finding {
	const struct claim_write *w;
	struct interval guard;
	struct verdict *verdict;
	struct arena *arena;
	uint64_t own[16];
	size_t own_count;
};

static int see_own(const struct object *object, void *arg)
{
	struct finding *finding = arg;

	if (finding->own_count < ARRAY_LEN(finding->own))
		finding->own[finding->own_count++] = object->id;
	return 0;
}

static int see_busy(const struct busy *busy, void *arg)
{
	struct finding *finding = arg;

	for (size_t i = 0; i < finding->own_count; i++)
		if (finding->own[i] == busy->object)
			return 0;
	conflicts_add(&finding->verdict->conflicts, busy->at);
	return 0;
}

static int see_occupancy(const struct occupancy *occupancy, void *arg)
{
	struct finding *finding = arg;

	if (!slice_equal(occupancy->uid, calendar_object_uid(finding->w->write->object)))
		conflicts_add(&finding->verdict->conflicts, occupancy->guard);
	return 0;
}

static int find_conflicts(const struct claim_write *w, const struct slice *names, size_t count, struct verdict *verdict)
{
	struct finding finding = {
		.w = w,
		.guard = {instant_add(w->core.start, -w->policy.buffer_before), instant_add(w->core.end, w->policy.buffer_after)},
		.verdict = verdict,
	};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < count; i++) {
		struct principal principal;

		finding.own_count = 0;
		ret = store_principal_get(w->txn, w->write->arena, names[i], &principal);
		if (ret == 0)
			ret = store_object_each_by_owner_uid(w->txn, principal.id, calendar_object_uid(w->write->object), see_own,
			    &finding);
		if (ret == 0)
			ret = store_occupancy_each(w->txn, principal.id, finding.guard, see_occupancy, &finding);
		if (ret == 0)
			ret = store_member_busy_each(w->txn, principal.id, finding.guard, see_busy, &finding);
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

/* By R19, with all the rules: what a customer would be offered. */
static int find_others(struct claim_write *w, struct verdict *verdict)
{
	struct slot_request request = {
		.start = w->core.start,
		.grid = GRID_IS_KEPT,
		.insist = true,
		.limit = CHANGE_ALTERNATIVES_MAX,
		.search_days = CHANGE_ALTERNATIVE_DAYS,
		.customer = booking_zone(w->write->service, &w->policy),
	};
	struct slot_answer answer = {0};
	struct policy policy;
	struct world world;
	int ret = strict_policy(w, &policy);

	if (ret < 0)
		return ret;
	ret = load(w, &policy, slots_window(&request), &world);
	if (ret == 0)
		slots_ask(&world, &request, &answer);
	for (size_t i = 0; ret == 0 && i < answer.other_count; i++)
		verdict->others[i] = (struct interval){answer.others[i].start, instant_add(answer.others[i].start, policy.duration)};
	verdict->other_count = answer.other_count;
	verdict->has_others = true;
	world_done(&world);
	return ret;
}

static int refuse_move(struct claim_write *w, enum why_not why)
{
	struct verdict verdict = {.refuse = true, .reason = why_not_word(why)};
	int ret = find_conflicts(w, w->staff, w->staff_count, &verdict);

	if (ret == 0)
		ret = find_conflicts(w, w->resources, w->resource_count, &verdict);
	if (ret == 0)
		ret = find_others(w, &verdict);
	return ret < 0 ? ret : refusal_apply(w->write, w->txn, w->old, &verdict);
}

/* ---- writing ---- */

static uint32_t sequence_of(const struct write *write)
{
	return component_integer(calendar_object_at(write->object, 0), "SEQUENCE", 0);
}

static struct booking_copy copy_of(const struct claim_write *w, bool text_only)
{
	return (struct booking_copy){
		.place = &w->write->place,
		.name = w->write->request->name,
		.text = w->write->text,
		.at = w->core,
		.text_only = text_only,
	};
}

static int write_move(struct claim_write *w)
{
	struct write *write = w->write;
	struct booking_copy copy = copy_of(w, false);
	struct booking_cause cause = {
		.origin = &write->request->origin,
		.action = w->claim->revives ? "confirm" : "move",
		.copy = &copy,
	};
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < w->claim->bookings.count; i++) {
		const struct booking *before = &w->claim->bookings.at[i];
		struct booking after = *before;

		after.status = BOOKING_CONFIRMED;
		after.reason = SLICE_EMPTY;
		after.core = w->core;
		after.staff = w->staff;
		after.staff_count = w->staff_count;
		after.resources = w->resources;
		after.resource_count = w->resource_count;
		after.version++;
		after.sequence = before->sequence + 1 > sequence_of(write) ? before->sequence + 1 : sequence_of(write);
		ret = booking_write(write->service, w->txn, write->arena, before, &after, &w->policy, &cause);
	}
	return ret;
}

/* Another text at the same time: who is in it is restored. */
static int write_text(struct claim_write *w)
{
	struct write *write = w->write;
	struct booking_copy copy = copy_of(w, true);
	const struct objects_sync sync = {
		.service = write->service,
		.txn = w->txn,
		.arena = write->arena,
		.uid = calendar_object_uid(write->object),
		.bookings = &w->claim->bookings,
		.policy = &w->policy,
		.members = &write->place.owner.name,
		.member_count = 1,
		.copy = &copy,
		.request = write->request->origin.request,
	};

	return booking_objects_sync(&sync);
}

static int cancel_all(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct booking_list *bookings, const struct change_origin *origin)
{
	const struct booking_cause cause = {.origin = origin, .action = "cancel", .tell_after = CANCELLATION_SECONDS};
	struct policy policy;
	int ret = booking_own_policy(txn, arena, &bookings->at[0], &policy);

	for (size_t i = 0; ret == 0 && i < bookings->count; i++) {
		struct booking after = bookings->at[i];

		after.status = BOOKING_CANCELLED;
		after.reason = DELETED;
		after.version++;
		after.sequence++;
		ret = booking_write(service, txn, arena, &bookings->at[i], &after, &policy, &cause);
	}
	return ret;
}

static bool is_cancelled(const struct write *write)
{
	return slice_equal_nocase(component_text(calendar_object_at(write->object, 0), "STATUS"), SLICE("CANCELLED"));
}

/* What is stored now: its ETag is told only when it is the client's text. */
static int tell_stored(struct claim_write *w)
{
	struct write *write = w->write;
	struct object object;
	struct slice body;
	int ret = store_object_get(w->txn, write->arena, write->place.collection.id, write->request->name, &object);

	if (ret == 0 && write->transfer != NULL)
		ret = transfer_properties(w->txn, write, object.id);
	if (ret == 0)
		ret = store_body_get(w->txn, object.id, &body);
	if (ret < 0)
		return ret;
	write->result.outcome = w->old != NULL ? CHANGE_UPDATED : CHANGE_CREATED;
	write->result.created = w->old == NULL;
	write->result.rewritten = write->rewritten || !slice_equal(body, write->request->body);
	object_etag(&object, write->result.etag);
	return 0;
}

static int store_claim(struct claim_write *w, bool moved)
{
	struct write *write = w->write;
	int ret = 0;

	if (write->transfer != NULL)
		ret = transfer_clear(w->txn, write, NULL);
	if (ret == 0)
		ret = moved ? write_move(w) : write_text(w);
	if (ret == 0)
		ret = refusal_forget(w->txn, write->arena, write->place.collection.id, write->request->name);
	return ret < 0 ? ret : tell_stored(w);
}

int claim_commit(struct write *write, struct kv_txn *txn, struct object *old, struct claim *claim)
{
	struct claim_write w = {.write = write, .txn = txn, .claim = claim, .old = old};
	enum why_not why = WHY_FREE;
	bool moved;
	int ret;

	if (is_cancelled(write) && claim->leaving.len == 0 && !claim->revives && !claim->ended) {
		ret = cancel_all(write->service, txn, write->arena, &claim->bookings, &write->request->origin);
		write->result.outcome = CHANGE_UPDATED;
		write->result.rewritten = true;
		return ret;
	}
	ret = read_wish(&w);
	if (ret < 0)
		return ret;
	moved = is_moved(&w);
	if (moved && claim->ended)
		return refuse(write, "This booking is over: it stays where it was.");
	if (moved)
		ret = check(&w, &why);
	if (ret < 0)
		return ret;
	return why != WHY_FREE ? refuse_move(&w, why) : store_claim(&w, moved);
}

/* ---- deleting ---- */

struct counting {
	uint64_t spared; /* id of the object that goes */
	size_t others;
};

static int count_others(const struct object *object, void *arg)
{
	struct counting *counting = arg;

	counting->others += object->id != counting->spared && !(object->flags & OBJECT_REFUSED);
	return 0;
}

int claim_remove(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    const struct object *object, const struct change_origin *origin)
{
	struct counting counting = {.spared = object->id};
	struct slice uid = slice_of(arena_copy(arena, object->uid), object->uid.len);
	struct claim claim;
	int ret;

	if (uid.at == NULL)
		return -ENOMEM;
	if (object->flags & OBJECT_REFUSED)
		return 0;
	ret = find_bookings(service, txn, arena, uid, &claim);
	if (ret < 0)
		return ret;
	if (claim.bookings.count == 0 || claim.revives || claim.ended)
		return place->collection.kind == COLLECTION_BOOKINGS ? own_event_end(service, txn, arena, place, uid, origin) : 0;
	if (!booking_has_member(&claim.bookings.at[0], place->owner.name))
		return 0;
	ret = store_object_each_by_owner_uid(txn, place->owner.id, uid, count_others, &counting);
	if (ret < 0 || counting.others > 0)
		return ret; /* it lives on in another calendar of its owner */
	ret = cancel_all(service, txn, arena, &claim.bookings, origin);
	return ret < 0 ? ret : 1;
}

/* ---- a person's own event ---- */

struct own_event {
	struct slice member;
	struct booking found;
	bool has;
};

static int see_own_event(const struct booking *booking, void *arg)
{
	struct own_event *own = arg;

	if (booking->service.len > 0 || !booking_has_member(booking, own->member))
		return 0;
	own->found = *booking;
	own->has = true;
	return 0;
}

/* The same for the same event however often the update runs. */
static int own_event_id(struct arena *arena, const struct place *place, struct slice uid, struct slice *id_r)
{
	AUTO_BUF struct buf b = BUF_INIT(RECORD_NAME_MAX + 65536), hex = BUF_INIT(65);
	unsigned char digest[DIGEST_SIZE];
	char *copy;

	buf_printf(&b, "%llu ", (unsigned long long)place->owner.id);
	buf_add_slice(&b, uid);
	if (b.err < 0 || !digest_sha256(buf_slice(&b), digest))
		return -ENOMEM;
	codec_hex_encode(&hex, digest, DIGEST_SIZE / 2);
	copy = hex.err < 0 ? NULL : arena_copy(arena, buf_slice(&hex));
	*id_r = slice_of(copy, hex.len);
	return copy != NULL ? 0 : -ENOMEM;
}

/* Its guards and its object are the change service's own business: only the record and the audit log are written here. */
static int put_own_event(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct booking *before,
    struct booking *after, const struct change_origin *origin, const char *action)
{
	int ret;

	after->updated = clock_now(service->clock);
	after->version++;
	ret = store_booking_put(txn, arena, after);
	return ret < 0 ? ret : booking_audit(service, txn, before, after, NULL, origin, action);
}

int own_event_record(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice uid, struct interval core, const struct change_origin *origin)
{
	bool resource = place->owner.kind == PRINCIPAL_RESOURCE;
	struct own_event own = {.member = place->owner.name};
	struct booking booking = {
		.uid = uid,
		.status = BOOKING_CONFIRMED,
		.core = core,
		.staff = &place->owner.name,
		.staff_count = !resource,
		.resources = &place->owner.name,
		.resource_count = resource,
		.seats = 1,
		.expires = INSTANT_MAX,
		.created = clock_now(service->clock),
	};
	int ret = store_booking_each_by_uid(txn, arena, uid, see_own_event, &own);

	if (ret < 0)
		return ret;
	if (own.has) {
		booking = own.found;
		booking.status = BOOKING_CONFIRMED;
		booking.reason = SLICE_EMPTY;
		booking.core = core;
		if (own.found.status == booking.status && own.found.core.start == core.start && own.found.core.end == core.end)
			return 0;
	} else {
		booking.origin = slice_str(audit_door(origin->kind));
		ret = own_event_id(arena, place, uid, &booking.id);
	}
	return ret < 0 ? ret
	               : put_own_event(service, txn, arena, own.has ? &own.found : NULL, &booking, origin,
	                     own.has ? "move" : "create");
}

int own_event_end(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    struct slice uid, const struct change_origin *origin)
{
	struct own_event own = {.member = place->owner.name};
	struct booking after;
	int ret = store_booking_each_by_uid(txn, arena, uid, see_own_event, &own);

	if (ret < 0 || !own.has || own.found.status != BOOKING_CONFIRMED)
		return ret;
	after = own.found;
	after.status = BOOKING_CANCELLED;
	after.reason = DELETED;
	return put_own_event(service, txn, arena, &own.found, &after, origin, "cancel");
}
