/* A question about what is stored: its world is loaded as that of a slot list is, and the answer has the form of a case's. */
#include <config.h>

#include <errno.h>

#include "protocol/ical/zoned_time.h"
#include "server/booking/booking.h"
#include "server/booking/explain.h"
#include "server/booking/explain_private.h"
#include "server/booking/world_load.h"

/* "2027-03-29T09:00", in ZONE; seconds may follow. */
static int parse_wall_time(struct arena *arena, const struct zone *zone, struct slice text, instant_t *at_r)
{
	static const char *const ends[] = {"Z", ":00Z"};

	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		const char *utc = arena_printf(arena, "%.*s%s", SLICE_ARG(text), ends[i]);
		struct civil civil;
		instant_t at;

		if (utc == NULL)
			return -ENOMEM;
		if (instant_parse_rfc3339(slice_str(utc), &at, NULL) < 0)
			continue;
		civil_from_utc(at, &civil);
		*at_r = zoned_to_instant(zone, &civil);
		return 0;
	}
	return -EINVAL;
}

static int take_time(struct arena *arena, const struct explain_stored *asked, struct explain_case *question, struct error *err)
{
	instant_t *start = &question->request.start;
	int ret = instant_parse_rfc3339(asked->at, start, NULL);

	if (ret < 0)
		ret = parse_wall_time(arena, question->zone, asked->at, start);
	if (ret == -EINVAL)
		return error_set(err, 422, CONDITION_NONE, "at: a time is wanted, as 2027-03-29T09:00 or with an offset");
	return ret;
}

static int take_staff(const struct explain_stored *asked, const struct policy *policy, int *index_r, struct error *err)
{
	*index_r = -1;
	if (asked->staff.len == 0)
		return 0;
	*index_r = policy_find_staff(policy, asked->staff);
	return *index_r < 0 ? error_set(err, 422, CONDITION_NONE, "staff: nobody of this service has that name") : 0;
}

int explain_stored(struct change_service *service, struct kv_txn *txn, struct arena *arena, const struct explain_stored *asked,
    enum explain_form form, struct buf *out, struct error *err)
{
	struct explain_case question = {.kind = EXPLAIN_REQUEST, .request = {.limit = EXPLAIN_LIMIT, .search_days = SLOTS_SEARCH_DAYS}};
	struct world_question loaded = {.policy = &question.policy, .party = 1};
	int index, ret = booking_policy(txn, arena, asked->service, &question.policy);

	if (ret < 0)
		return ret;
	question.zone = question.request.customer = booking_zone(service, &question.policy);
	ret = take_time(arena, asked, &question, err);
	if (ret == 0)
		ret = take_staff(asked, &question.policy, &index, err);
	if (ret < 0)
		return ret;
	question.window = loaded.window = slots_window(&question.request);
	ret = world_load(service, txn, arena, &loaded, &question.world);
	if (ret == 0) {
		question.request.named = index >= 0 ? &question.world.staff[index] : NULL;
		ret = explain_answer(arena, &question, form, out);
	}
	world_done(&question.world);
	return ret;
}
