/*
 * What a door may do with a booking, decided inside the update: the request is checked against the service, the rules are
 * asked about fresh rows, the state machine is guarded, and what follows is booking_write's.
 */
#include <config.h>

#include <errno.h>

#include "server/base/digest.h"
#include "server/booking/audit.h"
#include "server/booking/booking_private.h"
#include "server/booking/world_load.h"

#define ID_BYTES 16

struct operation {
	struct change_service *service;
	struct arena *arena;
	const struct booking_place *place;   /* one of these two */
	const struct booking_change *change;
	struct booking_hooks hooks;
	struct booking_cause cause;
	booking_done_fn *done;
	void *arg;
	char id[2 * ID_BYTES + 1]; /* of what may be made; chosen before the update, which may run again */
	struct booking_answer answer;
};

/* ---- answers ---- */

static int answer(struct operation *op, enum booking_outcome outcome, const char *sentence)
{
	op->answer.outcome = outcome;
	return error_set(&op->answer.error, 0, CONDITION_NONE, "%s", sentence);
}

/* error_set returns -EINVAL: an answer, which the update commits with what the door records. */
static bool is_answer(const struct operation *op, int ret)
{
	return ret == -EINVAL && op->answer.outcome != BOOKING_DONE;
}

/* ---- what is asked of the rules ---- */

struct wish {
	const struct policy *policy;
	instant_t start;
	const struct member *named; /* of the world */
	struct slice staff; /* a name, or empty */
	struct slice own;   /* id of the booking that moves, or of the hold */
	struct slice customer_zone;
	const struct booking *present; /* what it has now: its rooms come first; NULL: nothing */
	int64_t seats;
	enum grid grid;
};

static void prefer_present(struct world *world, const struct booking *present)
{
	for (size_t i = 0; present != NULL && i < world->resource_count; i++)
		for (size_t k = 0; k < present->resource_count; k++)
			if (slice_equal(world->resources[i].name, present->resources[k]))
				world->resources[i].preferred = true;
}

static int load(struct operation *op, struct kv_txn *txn, const struct wish *wish, struct interval window,
    struct world *world_r)
{
	const struct world_question question = {
		.policy = wish->policy,
		.window = window,
		.party = wish->seats,
		.own = wish->own,
	};
	int ret = world_load(op->service, txn, op->arena, &question, world_r);

	if (ret == 0)
		prefer_present(world_r, wish->present);
	return ret;
}

static const struct zone *zone_of_customer(const struct operation *op, const struct wish *wish)
{
	const struct zone_set *zones = op->service->zones;
	const struct zone *zone = wish->customer_zone.len > 0 ? zone_set_find(zones, wish->customer_zone) : NULL;

	return zone != NULL ? zone : booking_zone(op->service, wish->policy);
}

static const struct member *member_of(const struct world *world, struct slice name)
{
	for (size_t i = 0; name.len > 0 && i < world->staff_count; i++)
		if (slice_equal(world->staff[i].name, name))
			return &world->staff[i];
	return NULL;
}

/* Names of arrays in the arena; a world's members end with it, its names do not. */
static const struct slice *staff_names(struct operation *op, const struct world *world, const struct member *assigned,
    size_t *count_r)
{
	bool all = world->policy->assignment == ASSIGN_COLLECTIVE;
	struct slice *names = arena_array(op->arena, world->staff_count + 1, sizeof(*names));
	size_t count = 0;

	for (size_t i = 0; names != NULL && i < world->staff_count; i++)
		if (all || &world->staff[i] == assigned)
			names[count++] = world->staff[i].name;
	*count_r = count;
	return names;
}

static int tell_others(struct operation *op, const struct world *world, const struct slot_answer *found)
{
	struct booking_answer *told = &op->answer;

	told->other_count = 0;
	for (size_t i = 0; i < found->other_count && told->other_count < BOOKING_ALTERNATIVES; i++) {
		const struct slot_other *other = &found->others[i];
		const struct member *member = other->member != NULL ? other->member : &world->staff[0];
		struct booking_other *to = &told->others[told->other_count];
		struct placement placement = {0};

		*to = (struct booking_other){
			.start = other->start,
			.end = instant_add(other->start, world->policy->duration),
			.cost = other->cost,
		};
		to->staff = staff_names(op, world, other->member, &to->staff_count);
		if (to->staff == NULL)
			return -ENOMEM;
		if (world->policy->assignment == ASSIGN_COLLECTIVE)
			world_why_not_all(world, other->start, GRID_IS_KEPT, &placement);
		else
			world_why_not(world, member, other->start, GRID_IS_KEPT, &placement);
		to->seats_left = placement.seats_left;
		told->other_count++;
	}
	return 0;
}

static const char *sentence_of(enum why_not why)
{
	switch (why) {
	case WHY_NOTICE:
		return "This time is too soon.";
	case WHY_HORIZON:
		return "This time is too far ahead.";
	case WHY_OUTSIDE_HOURS:
		return "This time is outside working hours.";
	case WHY_MISALIGNED:
		return "No appointment begins at this time.";
	case WHY_FULL:
		return "There are not enough seats left.";
	case WHY_DAILY_LIMIT:
		return "No more appointments on this day.";
	case WHY_STAFF_BUSY:
	case WHY_RESOURCE_BUSY:
	case WHY_FREE:
		break;
	}
	return "This time is taken.";
}

/* The wish is refused: what else there is, within 14 days each way. */
static int refuse(struct operation *op, struct kv_txn *txn, const struct wish *wish, enum why_not why)
{
	struct slot_request request = {
		.start = wish->start,
		.grid = wish->grid,
		.limit = BOOKING_ALTERNATIVES,
		.search_days = SLOTS_SEARCH_DAYS,
		.customer = zone_of_customer(op, wish),
	};
	struct slot_answer found;
	struct world world;
	int ret = load(op, txn, wish, slots_window(&request), &world);

	if (ret == 0) {
		request.named = member_of(&world, wish->staff);
		slots_ask(&world, &request, &found);
		ret = tell_others(op, &world, &found);
	}
	world_done(&world);
	if (ret < 0)
		return ret;
	op->answer.why = why;
	return answer(op, BOOKING_TAKEN, sentence_of(why));
}

static int keep_rooms(struct operation *op, const struct placement *placement, struct booking *booking)
{
	const struct reserved *session = placement->session;
	struct slice *names;

	if (session != NULL) {
		booking->resources = session->rooms;
		booking->resource_count = session->room_count;
		booking->uid = session->uid;
		return 0;
	}
	names = arena_array(op->arena, placement->room_count + 1, sizeof(*names));
	if (names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < placement->room_count; i++)
		names[i] = placement->rooms[i]->name;
	booking->resources = names;
	booking->resource_count = placement->room_count;
	return 0;
}

/* *WHY_R; when it is free, BOOKING has who and where. A session that it joins gives it its UID. */
static int ask(struct operation *op, struct kv_txn *txn, const struct wish *wish, struct booking *booking,
    enum why_not *why_r)
{
	const struct policy *policy = wish->policy;
	struct interval window = {wish->start, instant_add(wish->start, 1)};
	struct slot_request request = {.start = wish->start, .grid = wish->grid, .customer = zone_utc()};
	struct slot_answer found = {0};
	struct world world;
	int ret = load(op, txn, wish, window, &world);

	if (ret == 0) {
		request.named = member_of(&world, wish->staff);
		slots_ask(&world, &request, &found);
		*why_r = found.why;
	}
	if (ret == 0 && found.why == WHY_FREE) {
		booking->core = (struct interval){wish->start, instant_add(wish->start, policy->duration)};
		booking->before = policy->buffer_before;
		booking->after = policy->buffer_after;
		booking->buffers_max = policy->buffers_max;
		booking->shared = policy->capacity > 1;
		booking->staff = staff_names(op, &world, found.assigned, &booking->staff_count);
		ret = booking->staff == NULL ? -ENOMEM : keep_rooms(op, &found.placement, booking);
	}
	world_done(&world);
	return ret;
}

/* ---- a new one ---- */

static int check_staff(struct operation *op, const struct policy *policy, struct slice staff)
{
	if (staff.len == 0 && policy->assignment == ASSIGN_CHOOSE)
		return answer(op, BOOKING_INVALID, "staff: must name somebody for this service");
	if (staff.len > 0 && policy_find_staff(policy, staff) < 0)
		return answer(op, BOOKING_INVALID, "staff: nobody of this service has that name");
	return 0;
}

static int check_place(struct operation *op, const struct policy *policy)
{
	const struct booking_place *request = op->place;
	int ret = check_staff(op, policy, request->staff);

	if (ret == 0 && request->seats > policy->capacity)
		ret = answer(op, BOOKING_INVALID, "seats: more than the service's capacity");
	if (ret == 0 && policy->ask_phone && request->customer.phone.len == 0)
		ret = answer(op, BOOKING_INVALID, "customer.phone: is needed for this service");
	if (ret == 0 && request->customer.timezone.len > 0 &&
	    zone_set_find(op->service->zones, request->customer.timezone) == NULL)
		ret = answer(op, BOOKING_INVALID, "customer.timezone: is not an IANA time zone");
	return ret;
}

static struct booking new_booking(const struct operation *op)
{
	const struct booking_place *request = op->place;
	instant_t now = clock_now(op->service->clock);

	return (struct booking){
		.id = slice_str(op->id),
		.uid = slice_str(op->id),
		.status = request->hold ? BOOKING_HELD : BOOKING_CONFIRMED,
		.service = request->service,
		.seats = request->seats,
		.customer_name = request->customer.name,
		.customer_email = request->customer.email,
		.customer_phone = request->customer.phone,
		.customer_timezone = request->customer.timezone,
		.customer_language = request->customer.language,
		.notes = request->notes,
		.expires = request->hold ? instant_add(now, atomic_load(&op->service->hold_seconds)) : INSTANT_MAX,
		.version = 1,
		.origin = slice_str(audit_door(request->origin.kind)),
		.created = now,
		.updated = now,
	};
}

static enum grid grid_of(bool force, bool off_grid)
{
	return force ? GRID_ONLY_OVERLAP : off_grid ? GRID_IS_FREE : GRID_IS_KEPT;
}

static int place_in(struct operation *op, struct kv_txn *txn)
{
	const struct booking_place *request = op->place;
	struct booking_answer *told = &op->answer;
	struct wish wish = {
		.policy = &told->policy,
		.start = request->start,
		.staff = request->staff,
		.seats = request->seats,
		.customer_zone = request->customer.timezone,
		.grid = grid_of(request->force, request->off_grid),
	};
	struct booking booking = new_booking(op);
	enum why_not why = WHY_FREE;
	int ret = booking_policy(txn, op->arena, request->service, &told->policy);

	if (ret == -ENOENT)
		return answer(op, BOOKING_INVALID, "service: there is no such service");
	if (ret < 0)
		return ret;
	told->zone = booking_zone(op->service, &told->policy);
	ret = check_place(op, &told->policy);
	if (ret == 0)
		ret = ask(op, txn, &wish, &booking, &why);
	if (ret < 0)
		return ret;
	if (why != WHY_FREE)
		return refuse(op, txn, &wish, why);
	ret = booking_give_token(txn, op->arena, &booking, told->token);
	if (ret == 0)
		ret = booking_write(op->service, txn, op->arena, NULL, &booking, &told->policy, &op->cause);
	told->booking = booking;
	return ret;
}

/* ---- a change ---- */

/* What it was, and what it shall be. */
struct step {
	struct operation *op;
	struct kv_txn *txn;
	struct booking before, after;
};

static int wrong_state(struct step *step, const char *sentence)
{
	return answer(step->op, BOOKING_WRONG_STATE, sentence);
}

/* A move, or a confirmation: AFTER gets the time if the rules agree. */
static int take(struct step *step, instant_t start, struct slice staff, enum grid grid, enum why_not *why_r)
{
	struct operation *op = step->op;
	const struct booking *before = &step->before;
	struct wish wish = {
		.policy = &op->answer.policy,
		.start = start,
		.staff = staff,
		.own = before->id,
		.customer_zone = before->customer_timezone,
		.present = before,
		.seats = before->seats,
		.grid = grid,
	};

	return ask(op, step->txn, &wish, &step->after, why_r);
}

static int refuse_change(struct step *step, instant_t start, struct slice staff, enum grid grid, enum why_not why)
{
	struct operation *op = step->op;
	const struct wish wish = {
		.policy = &op->answer.policy,
		.start = start,
		.staff = staff,
		.own = step->before.id,
		.customer_zone = step->before.customer_timezone,
		.present = &step->before,
		.seats = step->before.seats,
		.grid = grid,
	};

	return refuse(op, step->txn, &wish, why);
}

static int write_change(struct step *step)
{
	struct operation *op = step->op;
	int ret;

	step->after.version++;
	ret = booking_write(op->service, step->txn, op->arena, &step->before, &step->after, &op->answer.policy, &op->cause);
	if (ret == 0)
		op->answer.booking = step->after;
	return ret;
}

/* A booking that leaves others of its session behind, or has none to join, has a UID of its own. */
static int own_uid(struct step *step)
{
	struct booking_list list;
	int ret;

	if (!step->before.shared || !slice_equal(step->after.uid, step->before.uid))
		return 0;
	if (step->after.core.start == step->before.core.start && step->before.staff_count > 0 &&
	    slice_equal(step->after.staff[0], step->before.staff[0]))
		return 0;
	ret = booking_list_of_uid(step->txn, step->op->arena, step->before.uid, &list);
	for (size_t i = 0; ret == 0 && i < list.count; i++)
		if (list.at[i].number != step->before.number && booking_is_live(&list.at[i]))
			step->after.uid = slice_str(step->op->id);
	return ret;
}

/* The edge into a confirmed state goes through the check, whether the hold still stands or not. */
static int confirm(struct step *step)
{
	const struct booking *before = &step->before;
	struct slice staff = before->staff_count > 0 ? before->staff[0] : SLICE_EMPTY;
	bool expired = before->status == BOOKING_CANCELLED && slice_is(before->reason, "expired");
	instant_t now = clock_now(step->op->service->clock);
	enum why_not why = WHY_FREE;
	int ret;

	if (before->status == BOOKING_CONFIRMED)
		return 0; /* again: the same answer */
	if (before->status != BOOKING_HELD && !expired)
		return wrong_state(step, "It is not held any more.");
	/* Notice, hours and the like were asked when it was held; its time cannot have been given away while it stands. */
	ret = take(step, before->core.start, staff,
	    before->status == BOOKING_HELD && before->expires > now ? GRID_ONLY_OVERLAP : GRID_IS_FREE, &why);
	if (ret < 0)
		return ret;
	if (why == WHY_FREE) {
		step->after.status = BOOKING_CONFIRMED;
		step->after.expires = INSTANT_MAX;
		step->after.reason = SLICE_EMPTY;
		return write_change(step);
	}
	if (before->status == BOOKING_HELD) { /* a refused confirmation ends the hold */
		step->after = *before;
		step->after.status = BOOKING_CANCELLED;
		step->after.reason = SLICE("refused");
		ret = write_change(step);
	}
	return ret < 0 ? ret : refuse_change(step, before->core.start, staff, GRID_IS_FREE, why);
}

static int extend(struct step *step)
{
	instant_t now = clock_now(step->op->service->clock);

	if (step->before.status != BOOKING_HELD || step->before.expires <= now)
		return wrong_state(step, "It is not held any more.");
	if (step->before.extensions >= BOOKING_EXTENSIONS_MAX)
		return wrong_state(step, "It cannot be held any longer.");
	step->after.expires = instant_add(step->before.expires, BOOKING_HOLD_SECONDS);
	step->after.extensions++;
	return write_change(step);
}

static bool is_late(const struct step *step)
{
	const struct operation *op = step->op;
	int64_t notice = op->answer.policy.cancel_notice_minutes * MINUTE_SECONDS;

	return op->change->customer && clock_now(op->service->clock) > step->before.core.start - notice;
}

static int move(struct step *step)
{
	struct operation *op = step->op;
	const struct booking_change *request = op->change;
	const struct booking *before = &step->before;
	const struct policy *policy = &op->answer.policy;
	instant_t start = request->has_start ? request->start : before->core.start;
	bool alone = policy->assignment != ASSIGN_COLLECTIVE && before->staff_count > 0;
	struct slice staff = request->staff.len > 0 ? request->staff : alone ? before->staff[0] : SLICE_EMPTY;
	enum grid grid = grid_of(request->force, false);
	enum why_not why = WHY_FREE, other = WHY_FREE;
	int ret;

	if (!booking_is_live(before) || (before->status == BOOKING_HELD && before->expires <= clock_now(op->service->clock)))
		return wrong_state(step, "It cannot be moved any more.");
	if (is_late(step))
		return answer(op, BOOKING_TOO_LATE, "It is too late to move it.");
	if (request->staff.len > 0 && policy_find_staff(policy, request->staff) < 0)
		return answer(op, BOOKING_INVALID, "staff: nobody of this service has that name");
	if (start == before->core.start && (request->staff.len == 0 || (alone && slice_equal(staff, before->staff[0]))))
		return 0; /* nothing changes */
	ret = take(step, start, staff, grid, &why);
	if (ret == 0 && why != WHY_FREE && request->staff.len == 0 && alone && policy->assignment != ASSIGN_CHOOSE) {
		ret = take(step, start, SLICE_EMPTY, grid, &other);
		if (ret == 0 && other == WHY_FREE)
			why = WHY_FREE;
	}
	if (ret < 0)
		return ret;
	if (why != WHY_FREE)
		return refuse_change(step, start, staff, grid, why);
	ret = own_uid(step);
	step->after.sequence++;
	return ret < 0 ? ret : write_change(step);
}

static int cancel(struct step *step)
{
	if (step->before.status == BOOKING_CANCELLED)
		return 0; /* again: the same answer */
	if (!booking_is_live(&step->before))
		return wrong_state(step, "It is over.");
	if (is_late(step))
		return answer(step->op, BOOKING_TOO_LATE, "It is too late to cancel it.");
	step->after.status = BOOKING_CANCELLED;
	step->after.reason = step->op->change->reason;
	step->after.sequence++;
	return write_change(step);
}

static int end(struct step *step, enum booking_status status)
{
	if (step->before.status == status)
		return 0;
	if (step->before.status != BOOKING_CONFIRMED && step->before.status != BOOKING_COMPLETED &&
	    step->before.status != BOOKING_NO_SHOW)
		return wrong_state(step, "It is not confirmed.");
	if (step->before.core.start > clock_now(step->op->service->clock))
		return wrong_state(step, "It has not begun.");
	step->after.status = status;
	return write_change(step);
}

static int run_change(struct step *step)
{
	switch (step->op->change->action) {
	case BOOKING_CONFIRM:
		return confirm(step);
	case BOOKING_EXTEND:
		return extend(step);
	case BOOKING_MOVE:
		return move(step);
	case BOOKING_CANCEL:
		return cancel(step);
	case BOOKING_COMPLETE:
		return end(step, BOOKING_COMPLETED);
	case BOOKING_MARK_NO_SHOW:
		return end(step, BOOKING_NO_SHOW);
	}
	return -EINVAL;
}

static int change_in(struct operation *op, struct kv_txn *txn)
{
	struct step step = {.op = op, .txn = txn};
	struct booking_answer *told = &op->answer;
	int ret = store_booking_get_by_id(txn, op->arena, op->change->id, &step.before);

	if (ret == -ENOENT)
		return answer(op, BOOKING_NOT_FOUND, "There is no such booking.");
	if (ret == 0)
		ret = booking_own_policy(txn, op->arena, &step.before, &told->policy);
	if (ret < 0)
		return ret;
	told->zone = booking_zone(op->service, &told->policy);
	told->booking = step.before;
	if (op->change->has_version && op->change->version != step.before.version)
		return answer(op, BOOKING_STALE, "It was changed since: read it again.");
	step.after = step.before;
	return run_change(&step);
}

/* ---- the update ---- */

static int run_in(struct kv_txn *txn, void *arg)
{
	struct operation *op = arg;
	int ret = op->hooks.before != NULL ? op->hooks.before(txn, op->hooks.arg) : 0;

	op->answer = (struct booking_answer){.outcome = BOOKING_DONE, .zone = zone_utc()};
	if (ret > 0) {
		op->answer.outcome = BOOKING_REPEATED;
		return 0;
	}
	if (ret == 0)
		ret = op->place != NULL ? place_in(op, txn) : change_in(op, txn);
	if (is_answer(op, ret))
		ret = 0;
	if (ret == 0 && op->hooks.after != NULL)
		ret = op->hooks.after(txn, &op->answer, op->hooks.arg);
	return ret;
}

static void finish(int ret, void *arg)
{
	struct operation *op = arg;

	if (ret < 0)
		op->answer = (struct booking_answer){.outcome = BOOKING_FAILED, .ret = ret};
	op->done(&op->answer, op->arg);
}

static void fail(booking_done_fn *done, void *arg, int ret)
{
	struct booking_answer answer_of = {.outcome = BOOKING_FAILED, .ret = ret};

	done(&answer_of, arg);
}

static struct operation *operation_new(struct change_service *service, struct arena *arena, booking_done_fn *done, void *arg)
{
	struct operation *op = arena_zalloc(arena, sizeof(*op));
	AUTO_BUF struct buf hex = BUF_INIT(2 * ID_BYTES + 1);
	unsigned char random[ID_BYTES];

	if (op == NULL || !digest_random(random, sizeof(random)))
		return NULL;
	codec_hex_encode(&hex, random, sizeof(random));
	if (hex.err < 0)
		return NULL;
	memcpy(op->id, buf_cstr(&hex), sizeof(op->id));
	op->service = service;
	op->arena = arena;
	op->done = done;
	op->arg = arg;
	return op;
}

static struct operation *new_place(struct change_service *service, struct arena *arena, const struct booking_place *request,
    booking_done_fn *done, void *arg)
{
	struct operation *op = operation_new(service, arena, done, arg);

	if (op == NULL)
		return NULL;
	op->place = request;
	op->hooks = request->hooks;
	op->cause = (struct booking_cause){.origin = &request->origin, .action = "create"};
	return op;
}

static struct operation *new_change(struct change_service *service, struct arena *arena,
    const struct booking_change *request, booking_done_fn *done, void *arg)
{
	static const char *const actions[] = {
	    [BOOKING_CONFIRM] = "confirm",
	    [BOOKING_EXTEND] = "extend",
	    [BOOKING_MOVE] = "move",
	    [BOOKING_CANCEL] = "cancel",
	    [BOOKING_COMPLETE] = "complete",
	    [BOOKING_MARK_NO_SHOW] = "no_show",
	};
	struct operation *op = operation_new(service, arena, done, arg);

	if (op == NULL)
		return NULL;
	op->change = request;
	op->hooks = request->hooks;
	op->cause = (struct booking_cause){.origin = &request->origin, .action = actions[request->action]};
	return op;
}

static void run(struct operation *op, booking_done_fn *done, void *arg)
{
	if (op == NULL)
		fail(done, arg, -ENOMEM);
	else
		kv_update(store_kv(op->service->store), run_in, finish, op);
}

static void run_wait(struct operation *op, booking_done_fn *done, void *arg)
{
	if (op == NULL)
		fail(done, arg, -ENOMEM);
	else
		finish(kv_update_wait(store_kv(op->service->store), run_in, op), op);
}

void booking_place(struct change_service *service, struct arena *arena, const struct booking_place *request,
    booking_done_fn *done, void *arg)
{
	run(new_place(service, arena, request, done, arg), done, arg);
}

void booking_change(struct change_service *service, struct arena *arena, const struct booking_change *request,
    booking_done_fn *done, void *arg)
{
	run(new_change(service, arena, request, done, arg), done, arg);
}

static void keep_answer(const struct booking_answer *told, void *arg)
{
	*(struct booking_answer *)arg = *told;
}

void booking_place_wait(struct change_service *service, struct arena *arena, const struct booking_place *request,
    struct booking_answer *answer_r)
{
	run_wait(new_place(service, arena, request, keep_answer, answer_r), keep_answer, answer_r);
}

void booking_change_wait(struct change_service *service, struct arena *arena, const struct booking_change *request,
    struct booking_answer *answer_r)
{
	run_wait(new_change(service, arena, request, keep_answer, answer_r), keep_answer, answer_r);
}
