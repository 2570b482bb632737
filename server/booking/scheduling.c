#include <config.h>

#include "server/booking/scheduling.h"

#include <errno.h>

#include "protocol/ical/content_line.h"
#include "protocol/ical/draft.h"
#include "server/booking/calendar_user.h"

/* ---- roles ---- */

/* What the text says of its people. */
struct people {
	bool has_organizer, is_organizer; /* any; the owner */
	bool has_others, is_attendee;     /* whom the server would speak to; the owner among them */
};

static int read_people(const struct scheduling *s, struct slice text, struct people *people_r)
{
	uint64_t epoch = store_epoch(s->service->store);
	struct calendar_object *object;
	int ret = calendar_object_read(s->arena, s->service->zones, text, &object);

	*people_r = (struct people){false};
	for (size_t i = 0; ret == 0 && i < calendar_object_count(object); i++) {
		const struct component *c = calendar_object_at(object, i);
		const struct ical_attendee *attendees;
		struct ical_attendee organizer;
		size_t count = component_attendees(c, &attendees);

		if (component_organizer(c, &organizer)) {
			people_r->has_organizer = true;
			people_r->is_organizer |=
			    calendar_user_is(&s->owner.principal, epoch, organizer.address, organizer.email);
		}
		for (size_t j = 0; j < count; j++) {
			bool server = attendees[j].schedule_agent.len == 0 || slice_is_nocase(attendees[j].schedule_agent, "SERVER");

			if (calendar_user_is(&s->owner.principal, epoch, attendees[j].address, attendees[j].email))
				people_r->is_attendee |= server;
			else
				people_r->has_others |= server;
		}
	}
	return ret;
}

/* In a person's `bookings` the engine speaks to people; a room's holds what it was invited to. */
static enum schedule_role role_in(const struct scheduling *s, const struct people *people)
{
	enum collection_kind kind = s->place->collection.kind;
	bool resource = s->owner.principal.kind == PRINCIPAL_RESOURCE;

	if (!people->has_organizer)
		return SCHEDULE_NOBODY;
	if (people->is_organizer)
		return kind == COLLECTION_CALENDAR && people->has_others ? SCHEDULE_ORGANIZER : SCHEDULE_NOBODY;
	return people->is_attendee && (kind == COLLECTION_CALENDAR || resource) ? SCHEDULE_ATTENDEE : SCHEDULE_NOBODY;
}

static int refuse_with(struct change_result *result, const struct error *err)
{
	*result = (struct change_result){.outcome = CHANGE_REFUSED, .error = *err};
	return -EINVAL;
}

/* ---- the organizer ---- */

static bool is_local(struct slice address, struct slice email, void *arg)
{
	const struct scheduling *s = arg;
	struct principal principal;

	return calendar_user_find(s->txn, s->arena, store_epoch(s->service->store), address, email, &principal) == 0;
}

static int find_recipient(struct scheduling *s, struct schedule_recipient *r)
{
	struct slice address = r->delivery->address;
	int ret = calendar_user_find(s->txn, s->arena, store_epoch(s->service->store), address, r->delivery->email,
	    &r->party.principal);

	r->local = ret == 0;
	r->status = ret == 0                                              ? SCHEDULE_DELIVERED
	          : slice_starts_nocase(slice_trim(address), SLICE("mailto:")) ? SCHEDULE_PENDING
	                                                                   : SCHEDULE_UNKNOWN_USER;
	if (ret == -ENOENT)
		return 0;
	return ret < 0 ? ret : scheduling_find_party(s, &r->party);
}

/* From the organizer's text as it stands now. Most get the same. -E2BIG: too many different ones. */
static int make_body(struct scheduling *s, struct schedule_recipient *r, struct slice old)
{
	struct itip_env env = scheduling_env(s, s->place);
	struct slice *shared = r->delivery->everywhere ? &s->shared[r->delivery->method == ITIP_CANCEL] : NULL;
	int ret;

	if (shared != NULL && shared->len > 0) {
		r->body = *shared;
		return 0;
	}
	if (++s->messages > SCHEDULING_MESSAGES_MAX)
		return -E2BIG;
	ret = itip_organizer_message(&env, r->delivery->as_it_was ? old : s->text, r->delivery, &r->body);
	if (ret == 0 && shared != NULL)
		*shared = r->body;
	return ret;
}

/* The message, and the copy with it. */
static int apply_message(struct scheduling *s, struct schedule_recipient *r, struct slice old)
{
	struct itip_env env = scheduling_env(s, s->place);
	struct itip_message message = {.method = r->delivery->method};
	struct itip_applied applied;
	int ret = make_body(s, r, old);

	r->text = SLICE_EMPTY;
	if (ret == -ENOENT) {
		r->body = SLICE_EMPTY;
		return 0;
	}
	message.body = r->body;
	if (ret < 0 || !r->local)
		return ret;
	ret = itip_apply(&env, &message, r->party.copy, &r->party.user, &applied);
	if (ret < 0)
		return ret;
	if (applied.outcome == ITIP_APPLIED)
		r->text = applied.text;
	else if (applied.outcome != ITIP_SAME && applied.outcome != ITIP_NO_OBJECT)
		r->status = SCHEDULE_REJECTED;
	r->remove = applied.cancelled && r->party.principal.kind == PRINCIPAL_RESOURCE;
	r->tell = applied.outcome == ITIP_APPLIED && !r->delivery->quiet;
	return 0;
}

/* He who answers at once does so into the organizer's text. */
static int let_answer(struct scheduling *s, struct schedule_recipient *r)
{
	struct itip_env env = scheduling_env(s, s->place);
	struct itip_message message = {.method = ITIP_REPLY};
	struct itip_applied applied;
	bool declined;
	int ret = scheduling_answer(s, r, &message.body, &declined);

	if (ret < 0 || message.body.len == 0)
		return ret;
	ret = itip_apply(&env, &message, s->text, &s->owner.user, &applied);
	if (ret < 0 || applied.outcome != ITIP_APPLIED)
		return ret;
	s->text = applied.text;
	s->shared[0] = SLICE_EMPTY; /* it is another now */
	r->answered = true;
	r->reply = declined ? message.body : SLICE_EMPTY;
	r->status = SCHEDULE_SUCCESS;
	return 0;
}

/* Times that a room is held for are not free because somebody's app says so. */
static int hold_time(struct scheduling *s, struct schedule_recipient *r)
{
	static const char *const names[] = {"TRANSP", "X-MICROSOFT-CDO-BUSYSTATUS", "X-APPLE-EWS-BUSYSTATUS"};
	struct draft_part *part;
	struct draft *draft;
	bool live = false;
	int ret = draft_parse(s->arena, r->text, &draft);

	if (ret < 0)
		return ret == -EILSEQ ? -EBADMSG : ret;
	for (size_t i = 0; (part = draft_component(draft, i)) != NULL; i++) {
		for (size_t j = 0; j < ARRAY_LEN(names); j++)
			draft_remove_all(part, names[j]);
		for (struct draft_line *line = draft_find(part, "ATTENDEE"); line != NULL; line = draft_find_next(line, "ATTENDEE")) {
			struct slice partstat, email = SLICE_EMPTY;

			(void)content_parameter(line->parameters, "EMAIL", &email);
			if (itip_user_is(&r->party.user, line->value, email))
				live |= !content_parameter(line->parameters, "PARTSTAT", &partstat) || !slice_is_nocase(partstat, "DECLINED");
		}
	}
	r->remove = !live;
	return draft_text(draft, &r->text);
}

/* What his copy becomes once all have answered who answer at once. */
static int finish_copy(struct scheduling *s, struct schedule_recipient *r, struct slice old)
{
	struct itip_env env = scheduling_env(s, s->place);
	enum itip_whose whose = r->answered ? ITIP_ALL : ITIP_OTHERS;
	bool resource = r->party.principal.kind == PRINCIPAL_RESOURCE;
	struct itip_applied applied;
	int ret = 0;

	if (r->delivery->quiet)
		r->text = r->party.copy;
	else
		ret = apply_message(s, r, old);
	if (ret < 0 || r->delivery->method != ITIP_REQUEST || r->text.len == 0)
		return ret;
	ret = itip_apply_participation(&env, s->text, r->text, &r->party.user, whose, &applied);
	if (ret < 0)
		return ret;
	if (applied.outcome == ITIP_APPLIED)
		r->text = applied.text;
	else if (r->delivery->quiet)
		r->text = SLICE_EMPTY;
	return resource && r->text.len > 0 ? hold_time(s, r) : 0;
}

static int write_statuses(struct scheduling *s)
{
	struct itip_env env = scheduling_env(s, s->place);
	struct itip_status *statuses = arena_array(s->arena, s->change.count + 1, sizeof(*statuses));
	size_t count = 0;

	if (statuses == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < s->change.count; i++) {
		const struct schedule_recipient *r = &s->recipients[i];

		if (r->delivery->method == ITIP_REQUEST && !r->delivery->quiet)
			statuses[count++] = (struct itip_status){r->delivery->address, schedule_status_code(r->status)};
	}
	return count > 0 && s->text.len > 0 ? itip_set_statuses(&env, s->text, statuses, count, &s->text) : 0;
}

static int plan_deliveries(struct scheduling *s, struct slice old)
{
	int ret = 0;

	s->recipients = arena_array(s->arena, s->change.count + 1, sizeof(*s->recipients));
	if (s->recipients == NULL)
		return -ENOMEM;
	for (size_t i = 0; ret == 0 && i < s->change.count; i++) {
		struct schedule_recipient *r = &s->recipients[i];

		r->delivery = &s->change.deliveries[i];
		ret = find_recipient(s, r);
		if (ret < 0 || !r->local || r->delivery->method != ITIP_REQUEST || r->delivery->quiet)
			continue;
		ret = apply_message(s, r, old);
		if (ret == 0 && r->text.len > 0)
			ret = let_answer(s, r);
	}
	for (size_t i = 0; ret == 0 && i < s->change.count; i++) {
		struct schedule_recipient *r = &s->recipients[i];

		if (r->local)
			ret = finish_copy(s, r, old);
		else if (!r->delivery->quiet)
			ret = apply_message(s, r, old);
	}
	return ret < 0 ? ret : write_statuses(s);
}

static int plan_organizer(struct scheduling *s, struct slice old, struct slice new, struct change_result *result)
{
	struct itip_env env = scheduling_env(s, s->place);
	struct itip_local local = {is_local, s};
	struct error err = ERROR_NONE;
	int ret = itip_organizer_change(&env, old, new, &s->owner.user, &local, &s->change, &err);

	if (ret < 0)
		return ret == -EINVAL ? refuse_with(result, &err) : ret;
	s->text = s->change.text;
	ret = plan_deliveries(s, old);
	if (ret == -E2BIG)
		return result_refuse(result, 403, CALDAV_MAX_ATTENDEES_PER_INSTANCE,
		    "Too many attendees take part in different instances.");
	return ret;
}

static bool is_mailed(const struct schedule_recipient *r)
{
	return !r->local && !r->delivery->quiet && r->body.len > 0 && r->status == SCHEDULE_PENDING;
}

/* One job for all who get the same message: from the Ith recipient, if none before him does. */
static int put_mail(struct scheduling *s, size_t i)
{
	const struct schedule_recipient *r = &s->recipients[i];
	struct slice *to = arena_array(s->arena, s->change.count, sizeof(*to));
	size_t count = 0;

	if (to == NULL)
		return -ENOMEM;
	for (size_t j = 0; j < s->change.count; j++) {
		const struct schedule_recipient *other = &s->recipients[j];

		if (!is_mailed(other) || other->body.at != r->body.at)
			continue;
		if (j < i)
			return 0;
		to[count++] = other->delivery->address;
	}
	return scheduling_put_mail(s, to, count, r->delivery->method, r->body);
}

static int carry_out_organizer(struct scheduling *s)
{
	size_t mailed = SIZE_MAX; /* the last that was */
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < s->change.count; i++) {
		struct schedule_recipient *r = &s->recipients[i];

		if (r->local && r->remove)
			ret = scheduling_remove_copy(s, &r->party);
		else if (r->local && r->text.len > 0)
			ret = scheduling_put_copy(s, &r->party, r->text, r->delivery->quiet ? TAG_STAYS : TAG_NEW);
		if (ret == 0 && r->local && r->tell)
			ret = scheduling_put_item(s, &r->party.principal, r->delivery->method, r->body);
		if (ret == 0 && is_mailed(r) && (mailed == SIZE_MAX || s->recipients[mailed].body.at != r->body.at)) {
			ret = put_mail(s, i);
			mailed = i;
		}
		if (ret == 0 && r->reply.len > 0)
			ret = scheduling_put_item(s, &s->owner.principal, ITIP_REPLY, r->reply);
	}
	return ret;
}

/* ---- an attendee ---- */

static bool organizer_of(const struct scheduling *s, struct slice text, struct ical_attendee *organizer_r)
{
	struct calendar_object *object;

	if (calendar_object_read(s->arena, s->service->zones, text, &object) < 0)
		return false;
	for (size_t i = 0; i < calendar_object_count(object); i++)
		if (component_organizer(calendar_object_at(object, i), organizer_r))
			return true;
	return false;
}

static int find_organizer(struct scheduling *s, struct slice text)
{
	struct ical_attendee organizer;
	int ret;

	if (!organizer_of(s, text, &organizer))
		return -EBADMSG;
	s->organizer_address = organizer.address;
	ret = calendar_user_find(s->txn, s->arena, store_epoch(s->service->store), organizer.address, organizer.email,
	    &s->organizer.principal);
	s->has_organizer = ret == 0;
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	return scheduling_find_party(s, &s->organizer);
}

/* What becomes of his answer, for the ORGANIZER of his copy. */
static enum schedule_status reply_status(const struct scheduling *s)
{
	if (s->has_organizer)
		return s->organizer.has_copy ? SCHEDULE_DELIVERED : SCHEDULE_UNKNOWN_USER;
	return slice_starts_nocase(slice_trim(s->organizer_address), SLICE("mailto:")) ? SCHEDULE_PENDING
	                                                                               : SCHEDULE_UNKNOWN_USER;
}

static int plan_attendee(struct scheduling *s, struct slice old, struct slice new, bool silent,
    struct change_result *result)
{
	struct itip_env env = scheduling_env(s, s->place);
	struct itip_attendee_change change = {.text = SLICE_EMPTY, .reply = SLICE_EMPTY};
	struct error err = ERROR_NONE;
	struct itip_status status;
	int ret;

	if (new.len > 0)
		ret = itip_attendee_change(&env, old, new, &s->owner.user, &change, &err);
	else
		ret = silent ? 0 : itip_attendee_decline(&env, old, &s->owner.user, &change.reply);
	if (ret < 0)
		return ret == -EINVAL ? refuse_with(result, &err) : ret;
	s->text = change.text;
	s->reply = change.reply;
	if (s->reply.len == 0)
		return 0;
	ret = find_organizer(s, new.len > 0 ? new : old);
	status = (struct itip_status){SLICE_EMPTY, schedule_status_code(reply_status(s))};
	return ret < 0 || new.len == 0 ? ret : itip_set_statuses(&env, s->text, &status, 1, &s->text);
}

/* Who has been told, for he may be in many components; beyond that many he may be told twice, which changes nothing. */
struct told {
	uint64_t ids[1024];
	size_t count;
};

static bool is_told(struct told *told, uint64_t id)
{
	for (size_t i = 0; i < told->count; i++)
		if (told->ids[i] == id)
			return true;
	if (told->count < ARRAY_LEN(told->ids))
		told->ids[told->count++] = id;
	return false;
}

static int tell_other(struct scheduling *s, const struct itip_env *env, struct slice source,
    const struct ical_attendee *attendee, struct told *told)
{
	struct schedule_party party = {.has_copy = false};
	struct itip_applied applied = {.outcome = ITIP_SAME};
	int ret = calendar_user_find(s->txn, s->arena, store_epoch(s->service->store), attendee->address, attendee->email,
	    &party.principal);

	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (party.principal.kind != PRINCIPAL_USER || party.principal.id == s->owner.principal.id ||
	    party.principal.id == s->organizer.principal.id || is_told(told, party.principal.id))
		return 0;
	ret = scheduling_find_party(s, &party);
	if (ret == 0 && party.has_copy && place_is_scheduled(&party.place))
		ret = itip_apply_participation(env, source, party.copy, &party.user, ITIP_OTHERS, &applied);
	return ret == 0 && applied.outcome == ITIP_APPLIED ? scheduling_put_copy(s, &party, applied.text, TAG_STAYS) : ret;
}

/* His answer, as the others' apps see it: their schedule tags stay. */
static int tell_others(struct scheduling *s, struct slice source)
{
	struct itip_env env = scheduling_env(s, &s->organizer.place);
	struct calendar_object *object;
	struct told told = {.count = 0};
	int ret = calendar_object_read(s->arena, s->service->zones, source, &object);

	for (size_t i = 0; ret == 0 && i < calendar_object_count(object); i++) {
		const struct ical_attendee *attendees;
		size_t count = component_attendees(calendar_object_at(object, i), &attendees);

		for (size_t j = 0; ret == 0 && j < count; j++)
			ret = tell_other(s, &env, source, &attendees[j], &told);
	}
	return ret;
}

static int carry_out_attendee(struct scheduling *s)
{
	struct itip_message message = {.method = ITIP_REPLY, .body = s->reply};
	struct itip_env env;
	struct itip_applied applied;
	int ret;

	if (s->reply.len == 0)
		return 0;
	if (!s->has_organizer)
		return reply_status(s) == SCHEDULE_PENDING ? scheduling_put_mail(s, &s->organizer_address, 1, ITIP_REPLY, s->reply) : 0;
	if (!s->organizer.has_copy || !place_is_scheduled(&s->organizer.place))
		return 0;
	env = scheduling_env(s, &s->organizer.place);
	ret = itip_apply(&env, &message, s->organizer.copy, &s->organizer.user, &applied);
	if (ret < 0 || applied.outcome != ITIP_APPLIED)
		return ret;
	ret = scheduling_put_copy(s, &s->organizer, applied.text, TAG_STAYS);
	if (ret == 0)
		ret = scheduling_put_item(s, &s->organizer.principal, ITIP_REPLY, s->reply);
	return ret < 0 ? ret : tell_others(s, applied.text);
}

/* ---- any ---- */

static int check_roles(const struct people *new, bool there, enum schedule_role role, struct change_result *result)
{
	if (role == SCHEDULE_ORGANIZER && there && !new->is_organizer && (new->has_organizer || new->has_others))
		return result_refuse(result, 403, CALDAV_ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE,
		    "Who organizes this cannot be changed.");
	return 0;
}

struct scheduling *scheduling_new(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct place *place, struct slice uid, struct slice request)
{
	struct scheduling *s = arena_zalloc(arena, sizeof(*s));

	if (s == NULL)
		return NULL;
	*s = (struct scheduling){.service = service, .txn = txn, .arena = arena, .place = place, .uid = uid, .request = request};
	return s;
}

int scheduling_plan(struct scheduling *s, struct slice old, struct slice new, bool silent, struct change_result *result)
{
	struct people before = {false}, after = {false};
	enum schedule_role was = SCHEDULE_NOBODY;
	int ret = 0;

	s->text = new;
	s->owner.principal = s->place->owner;
	if (!place_is_scheduled(s->place))
		return 0;
	if (old.len > 0)
		ret = read_people(s, old, &before);
	if (ret == 0 && new.len > 0)
		ret = read_people(s, new, &after);
	if (ret < 0)
		return ret;
	was = role_in(s, &before);
	s->role = was != SCHEDULE_NOBODY ? was : role_in(s, &after);
	if (s->role == SCHEDULE_NOBODY)
		return 0;
	ret = check_roles(&after, new.len > 0, s->role, result);
	if (ret == 0)
		ret = scheduling_find_party(s, &s->owner);
	if (ret < 0)
		return ret;
	ret = s->role == SCHEDULE_ORGANIZER ? plan_organizer(s, old, new, result)
	                                    : plan_attendee(s, old, new, silent, result);
	s->rewritten = ret == 0 && !slice_equal(s->text, new);
	return ret;
}

bool scheduling_speaks(const struct scheduling *s)
{
	for (size_t i = 0; s->role == SCHEDULE_ORGANIZER && i < s->change.count; i++)
		if (!s->change.deliveries[i].quiet)
			return true;
	return s->role == SCHEDULE_ATTENDEE && s->reply.len > 0;
}

int scheduling_carry_out(struct scheduling *s)
{
	switch (s->role) {
	case SCHEDULE_NOBODY:
		break;
	case SCHEDULE_ORGANIZER:
		return carry_out_organizer(s);
	case SCHEDULE_ATTENDEE:
		return carry_out_attendee(s);
	}
	return 0;
}

int scheduling_remove(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct place *place,
    const struct object *object, const struct removal_cause *cause, bool silent, struct change_result *result)
{
	struct scheduling *s = scheduling_new(service, txn, arena, place, object->uid, cause->request);
	struct change_result ignored;
	struct slice body;
	char *copy;
	int ret;

	if (s == NULL)
		return -ENOMEM;
	ret = store_body_get(txn, object->id, &body);
	if (ret < 0)
		return ret;
	copy = arena_copy(arena, body);
	if (copy == NULL)
		return -ENOMEM;
	ret = scheduling_plan(s, slice_of(copy, body.len), SLICE_EMPTY, silent, &ignored);
	if (ret == -EBADMSG) { /* it cannot be read any more: it goes, and nobody can be told what it was */
		s->role = SCHEDULE_NOBODY;
		ret = 0;
	}
	if (ret == 0 && result != NULL && scheduling_speaks(s))
		return result_refuse(result, 403, DAV_NEED_PRIVILEGES, "You may not send invitations and answers for its owner.");
	if (ret == 0)
		ret = object_remove(service, txn, arena, place, object, cause);
	return ret < 0 ? ret : scheduling_carry_out(s);
}
