/*
 * Answers that nobody types: of rooms and equipment, of people who want it so, and of whoever has a booking then.
 *
 * What overlaps a booking is declined whatever the mode says: no booking of theirs lies over another, and an invitation is
 * no way around that. The mode decides about the rest.
 */
#include <config.h>

#include <errno.h>

#include "protocol/recur/instances.h"
#include "server/booking/calendar_user.h"
#include "server/booking/scheduling.h"

/* What becomes of an instance: [mode][taken]. Empty: left to a person. */
static const struct mode_row {
	const char *free, *taken;
	bool bookings_only; /* taken is what a booking holds, not private time */
} modes[] = {
    [SCHEDULE_MODE_NONE] = {"", "DECLINED", true},
    [SCHEDULE_MODE_AUTOMATIC] = {"ACCEPTED", "DECLINED", false},
    [SCHEDULE_MODE_ACCEPT_ALWAYS] = {"ACCEPTED", "DECLINED", true},
    [SCHEDULE_MODE_DECLINE_ALWAYS] = {"DECLINED", "DECLINED", false},
    [SCHEDULE_MODE_ACCEPT_IF_FREE] = {"ACCEPTED", "", false},
    [SCHEDULE_MODE_DECLINE_IF_BUSY] = {"", "DECLINED", false},
};

struct decision {
	struct scheduling *s;
	const struct schedule_party *party;
	const struct mode_row *mode;
	struct calendar_object *object;
	struct instances instances;
	struct interval_set taken, booked; /* by the mode; by bookings */
	struct itip_answer *answers;
	size_t count;
	struct interval clash; /* the first instance that is declined */
	bool has_clash;
	const char *reason;
};

static bool is_resource(const struct schedule_party *party)
{
	return party->principal.kind == PRINCIPAL_RESOURCE;
}

static const struct mode_row *mode_of(const struct schedule_party *party)
{
	enum schedule_mode mode = party->place.collection.schedule_mode;

	if (mode == SCHEDULE_MODE_DEFAULT)
		mode = is_resource(party) ? SCHEDULE_MODE_AUTOMATIC : SCHEDULE_MODE_NONE;
	return &modes[mode];
}

/* He is asked about this instance and has not answered. */
static bool is_open(const struct decision *d, const struct instance *instance)
{
	const struct ical_attendee *attendees;
	size_t count = component_attendees(instance->component, &attendees);
	uint64_t epoch = store_epoch(d->s->service->store);

	if (slice_is_nocase(component_text(instance->component, "STATUS"), "CANCELLED") ||
	    instance->at.start >= instance->at.end || instance->at.end <= clock_now(d->s->service->clock))
		return false;
	for (size_t i = 0; i < count; i++)
		if (calendar_user_is(&d->party->principal, epoch, attendees[i].address, attendees[i].email))
			return attendees[i].partstat.len == 0 || slice_is_nocase(attendees[i].partstat, "NEEDS-ACTION");
	return false;
}

static struct slice answer_to(const struct decision *d, struct interval at)
{
	if (interval_set_overlaps(&d->booked, at))
		return SLICE("DECLINED");
	return slice_str(interval_set_overlaps(&d->taken, at) ? d->mode->taken : d->mode->free);
}

/* ---- the instances ---- */

static int expand(struct decision *d)
{
	instant_t now = clock_now(d->s->service->clock);
	struct instances_options options = {
	    .floating = d->party->place.zone,
	    .window = {now, recur_is_recurring(d->object) ? instant_add(now, CHANGE_SERIES_CHECK_DAYS * DAY_SECONDS) : INSTANT_MAX},
	    .max_instances = d->s->service->max_instances,
	};
	struct error err = ERROR_NONE;
	int ret = recur_instances(d->s->arena, d->object, &options, &d->instances, &err);

	return ret == -EINVAL ? -E2BIG : ret;
}

/* A room is held for all of a series or for none of it, so it must end where all can be checked (as in every calendar of it). */
static int check_series(const struct decision *d, bool *too_long_r)
{
	instant_t now = clock_now(d->s->service->clock);
	struct interval span;
	struct error err = ERROR_NONE;
	int ret = recur_span(d->s->arena, d->object, d->party->place.zone, &span, &err);

	*too_long_r = ret == 0 && recur_is_recurring(d->object) &&
	              span.end > instant_add(span.start > now ? span.start : now, CHANGE_SERIES_CHECK_DAYS * DAY_SECONDS);
	return ret == -EINVAL ? -E2BIG : ret;
}

static int look_up(struct decision *d)
{
	struct interval hull = {INSTANT_MAX, INSTANT_MIN};
	uint64_t member = d->party->principal.id;
	int ret;

	for (size_t i = 0; i < d->instances.count; i++) {
		if (d->instances.at[i].at.start < hull.start)
			hull.start = d->instances.at[i].at.start;
		if (d->instances.at[i].at.end > hull.end)
			hull.end = d->instances.at[i].at.end;
	}
	if (hull.start >= hull.end)
		return 0;
	/* All that a resource has lies in its one calendar: any of it is a booking. */
	ret = free_times_taken(d->s->txn, member, d->s->uid, hull, !is_resource(d->party), &d->booked);
	return ret < 0 ? ret : free_times_taken(d->s->txn, member, d->s->uid, hull, d->mode->bookings_only, &d->taken);
}

/* ---- what is said ---- */

static void add_answer(struct decision *d, struct itip_answer answer)
{
	d->answers[d->count++] = answer;
}

struct tally {
	size_t open, by_hand;
	struct slice most; /* what most instances get */
	bool master; /* the master is among what is open */
};

static struct tally count_answers(struct decision *d)
{
	size_t accepted = 0, declined = 0;
	struct tally tally = {.open = 0};

	for (size_t i = 0; i < d->instances.count; i++) {
		const struct instance *instance = &d->instances.at[i];
		struct slice answer;

		if (!is_open(d, instance))
			continue;
		tally.open++;
		tally.master |= instance->component == calendar_object_master(d->object);
		answer = answer_to(d, instance->at);
		accepted += slice_is(answer, "ACCEPTED");
		declined += slice_is(answer, "DECLINED");
		if (slice_is(answer, "DECLINED") && !d->has_clash) {
			d->clash = instance->at;
			d->has_clash = true;
		}
	}
	tally.by_hand = tally.open - accepted - declined;
	tally.most = accepted >= declined && accepted >= tally.by_hand ? SLICE("ACCEPTED")
	           : declined >= tally.by_hand                         ? SLICE("DECLINED")
	                                                               : SLICE_EMPTY;
	return tally;
}

/* The answer of most for the whole, the others one by one: "accepted but for the third". */
static int make_answers(struct decision *d)
{
	struct tally tally = count_answers(d);

	d->answers = arena_array(d->s->arena, d->instances.count + 1, sizeof(*d->answers));
	if (d->answers == NULL)
		return -ENOMEM;
	if (tally.master && tally.most.len > 0)
		add_answer(d, (struct itip_answer){.whole = true, .partstat = tally.most});
	for (size_t i = 0; i < d->instances.count; i++) {
		const struct instance *instance = &d->instances.at[i];
		struct slice answer = is_open(d, instance) ? answer_to(d, instance->at) : SLICE_EMPTY;

		if (answer.len == 0 || (tally.master && slice_equal(answer, tally.most)))
			continue;
		/* The one instance of what does not recur is the whole. */
		add_answer(d, (struct itip_answer){.whole = instance->component == calendar_object_master(d->object) &&
		                                            !recur_is_recurring(d->object),
		                  .id = instance->recurrence_id, .partstat = answer});
	}
	return d->count > SCHEDULING_OVERRIDES_MAX ? -E2BIG : 0;
}

static void decline_all(struct decision *d, const char *reason)
{
	d->reason = reason;
	d->count = 0;
	d->has_clash = false;
	if (calendar_object_master(d->object) != NULL)
		add_answer(d, (struct itip_answer){.whole = true, .partstat = SLICE("DECLINED")});
	for (size_t i = 0; calendar_object_master(d->object) == NULL && i < d->instances.count; i++)
		add_answer(d, (struct itip_answer){.id = d->instances.at[i].recurrence_id, .partstat = SLICE("DECLINED")});
}

/* Times and nothing else: no title, nobody's name. */
static int write_comment(struct decision *d, struct slice *comment_r)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	struct interval found[CHANGE_ALTERNATIVES_MAX];
	const struct place *place = &d->party->place;
	struct free_times times = {
	    .member = d->party->principal.id,
	    .uid = d->s->uid,
	    .wanted = d->clash,
	    .bookings_only = !is_resource(d->party),
	    .zone = place->zone,
	    .now = clock_now(d->s->service->clock),
	};
	struct hours hours;
	size_t count = 0;
	char *text;
	int ret = place_hours(d->s->service, d->s->arena, place, &hours, &times.hours_zone);

	if (ret > 0)
		times.hours = &hours;
	if (ret >= 0 && d->has_clash)
		ret = free_times_find(d->s->txn, &times, found, CHANGE_ALTERNATIVES_MAX, &count);
	buf_add_str(&b, d->reason);
	free_times_write(&b, place->zone, found, count);
	if (ret < 0 || b.err < 0)
		return ret < 0 ? ret : b.err;
	text = arena_copy(d->s->arena, buf_slice(&b));
	*comment_r = slice_of(text, b.len);
	return text != NULL ? 0 : -ENOMEM;
}

static int comment(struct decision *d, bool *declined_r)
{
	struct slice text = SLICE_EMPTY;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < d->count; i++) {
		if (!slice_is(d->answers[i].partstat, "DECLINED"))
			continue;
		if (text.len == 0)
			ret = write_comment(d, &text);
		d->answers[i].comment = text;
		*declined_r = true;
	}
	return ret;
}

static int decide(struct decision *d)
{
	bool too_long = false;
	int ret = expand(d);

	if (ret == 0 && is_resource(d->party))
		ret = check_series(d, &too_long);
	if (ret == 0 && !too_long)
		ret = look_up(d);
	d->reason = d->mode == &modes[SCHEDULE_MODE_DECLINE_ALWAYS] ? "No invitations are accepted here."
	          : is_resource(d->party)                           ? "The resource is taken at this time."
	                                                            : "There is a booking at this time.";
	if (ret == 0 && !too_long)
		ret = make_answers(d);
	if (ret == -E2BIG || too_long) {
		d->answers = arena_array(d->s->arena, d->instances.count + 1, sizeof(*d->answers));
		if (d->answers == NULL)
			return -ENOMEM;
		if (is_resource(d->party))
			decline_all(d, too_long ? "A series must end within 365 days." : "There are too many clashes.");
		else
			d->count = 0; /* a person sees for himself */
		ret = 0;
	}
	return ret;
}

int scheduling_answer(struct scheduling *s, struct schedule_recipient *recipient, struct slice *reply_r, bool *declined_r)
{
	struct decision d = {.s = s, .party = &recipient->party, .mode = mode_of(&recipient->party)};
	struct itip_env env = scheduling_env(s, &recipient->party.place);
	int ret = calendar_object_read(s->arena, s->service->zones, recipient->text, &d.object);

	*reply_r = SLICE_EMPTY;
	*declined_r = false;
	if (ret == 0)
		ret = decide(&d);
	if (ret == 0)
		ret = comment(&d, declined_r);
	if (ret == 0 && d.count > 0)
		ret = itip_attendee_answer(&env, recipient->text, &recipient->party.user, d.answers, d.count, reply_r);
	interval_set_free(&d.taken);
	interval_set_free(&d.booked);
	return ret;
}
