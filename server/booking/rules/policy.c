#include <config.h>

#include "server/booking/rules/policy.h"

#include <errno.h>
#include <stddef.h>

#include "protocol/base/ascii.h"
#include "protocol/ical/timezone.h"

static const char *const assignments[] = {
    [ASSIGN_ANY] = "any", [ASSIGN_ROUND_ROBIN] = "round_robin", [ASSIGN_COLLECTIVE] = "collective", [ASSIGN_FIXED] = "fixed",
    [ASSIGN_CHOOSE] = "choose", NULL};
static const char *const videos[] = {
    [VIDEO_NONE] = "none", [VIDEO_GOOGLE_MEET] = "google_meet", [VIDEO_TEAMS] = "teams", [VIDEO_ZOOM] = "zoom", NULL};
static const char *const combines[] = {"add", "max", NULL};
static const char *const aligns[] = {"wall", "window", NULL};
static const char *const declines[] = {"cancel", "keep", NULL};

/* ---- members that are one value: how each is read and written ---- */

enum shape { SHAPE_INTEGER, SHAPE_MINUTES, SHAPE_BOOLEAN, SHAPE_TEXT, SHAPE_WORD_FLAG };

static const struct member {
	const char *name;
	enum shape shape;
	size_t at;      /* in struct policy */
	int64_t min, max; /* of a number; MAX bytes of a text */
	const char *const *words; /* the second one is true */
	enum json_need need;
} members[] = {
#define AT(field) offsetof(struct policy, field)
    {"duration_minutes", SHAPE_MINUTES, AT(duration), 1, POLICY_MINUTES_MAX, NULL, JSON_REQUIRED},
    {"buffer_before_minutes", SHAPE_MINUTES, AT(buffer_before), 0, POLICY_MINUTES_MAX, NULL, JSON_OPTIONAL},
    {"buffer_after_minutes", SHAPE_MINUTES, AT(buffer_after), 0, POLICY_MINUTES_MAX, NULL, JSON_OPTIONAL},
    {"buffer_combine", SHAPE_WORD_FLAG, AT(buffers_max), 0, 0, combines, JSON_OPTIONAL},
    {"buffers_within_hours", SHAPE_BOOLEAN, AT(buffers_within_hours), 0, 0, NULL, JSON_OPTIONAL},
    {"slot_step_minutes", SHAPE_INTEGER, AT(step_minutes), 1, POLICY_MINUTES_MAX, NULL, JSON_OPTIONAL},
    {"slot_align", SHAPE_WORD_FLAG, AT(align_window), 0, 0, aligns, JSON_OPTIONAL},
    {"min_notice_minutes", SHAPE_MINUTES, AT(min_notice), 0, INT64_C(60) * 24 * POLICY_HORIZON_MAX, NULL, JSON_OPTIONAL},
    {"min_notice_days", SHAPE_INTEGER, AT(min_notice_days), 0, POLICY_HORIZON_MAX, NULL, JSON_OPTIONAL},
    {"horizon_days", SHAPE_INTEGER, AT(horizon_days), 0, POLICY_HORIZON_MAX, NULL, JSON_OPTIONAL},
    {"max_per_day", SHAPE_INTEGER, AT(max_per_day), 0, POLICY_CAPACITY_MAX, NULL, JSON_OPTIONAL},
    {"capacity", SHAPE_INTEGER, AT(capacity), 1, POLICY_CAPACITY_MAX, NULL, JSON_OPTIONAL},
    {"tentative_blocks", SHAPE_BOOLEAN, AT(tentative_blocks), 0, 0, NULL, JSON_OPTIONAL},
    {"series_max_conflicts", SHAPE_INTEGER, AT(series_max_conflicts), 0, POLICY_CAPACITY_MAX, NULL, JSON_OPTIONAL},
    {"series_max_conflict_percent", SHAPE_INTEGER, AT(series_max_conflict_percent), 0, 100, NULL, JSON_OPTIONAL},
    {"location", SHAPE_TEXT, AT(location), 0, POLICY_TEXT_MAX, NULL, JSON_OPTIONAL},
    {"preparation", SHAPE_TEXT, AT(preparation), 0, POLICY_TEXT_MAX, NULL, JSON_OPTIONAL},
    {"price", SHAPE_TEXT, AT(price), 0, 100, NULL, JSON_OPTIONAL},
    {"ask_phone", SHAPE_BOOLEAN, AT(ask_phone), 0, 0, NULL, JSON_OPTIONAL},
    {"timezone", SHAPE_TEXT, AT(timezone), 0, ZONE_NAME_MAX, NULL, JSON_OPTIONAL},
    {"cancel_notice_minutes", SHAPE_INTEGER, AT(cancel_notice_minutes), 0, INT64_C(60) * 24 * 366, NULL, JSON_OPTIONAL},
    {"on_decline", SHAPE_WORD_FLAG, AT(keep_on_decline), 0, 0, declines, JSON_OPTIONAL},
    {"public", SHAPE_BOOLEAN, AT(visible), 0, 0, NULL, JSON_OPTIONAL},
#undef AT
};

static const char *const all_names[] = {"id", "name", "duration_minutes", "buffer_before_minutes", "buffer_after_minutes",
    "buffer_combine", "buffers_within_hours", "staff", "assignment", "weights", "resources", "slot_step_minutes", "slot_align",
    "min_notice_minutes", "min_notice_days", "horizon_days", "max_per_day", "capacity", "tentative_blocks",
    "series_max_conflicts", "series_max_conflict_percent", "location", "preparation", "price", "ask_phone", "video", "timezone",
    "cancel_notice_minutes", "reminders_minutes", "on_decline", "public", NULL};

static int copy_text(struct arena *arena, struct slice text, struct slice *copy_r)
{
	*copy_r = slice_of(arena_copy(arena, text), text.len);
	return copy_r->at != NULL ? 0 : -ENOMEM;
}

static int read_member(struct arena *arena, const struct json_value *json, const struct member *member,
    struct policy *policy, struct error *err)
{
	char *at = (char *)policy + member->at;
	struct slice text;
	int ret, word;

	switch (member->shape) {
	case SHAPE_INTEGER:
	case SHAPE_MINUTES:
		ret = json_get_integer(json, member->name, member->need, member->min, member->max, (int64_t *)at, err);
		if (ret > 0 && member->shape == SHAPE_MINUTES)
			*(int64_t *)at *= MINUTE_SECONDS;
		return ret < 0 ? ret : 0;
	case SHAPE_BOOLEAN:
		ret = json_get_boolean(json, member->name, member->need, (bool *)at, err);
		return ret < 0 ? ret : 0;
	case SHAPE_TEXT:
		ret = json_get_text(json, member->name, member->need, JSON_LINES, (size_t)member->min, (size_t)member->max, &text, err);
		return ret > 0 ? copy_text(arena, text, (struct slice *)at) : ret;
	case SHAPE_WORD_FLAG:
		ret = json_get_word(json, member->name, member->need, member->words, &word, err);
		if (ret > 0)
			*(bool *)at = word == 1;
		return ret < 0 ? ret : 0;
	}
	return -EINVAL;
}

/* ---- lists ---- */

int policy_find_staff(const struct policy *policy, struct slice name)
{
	for (size_t i = 0; i < policy->staff_count; i++)
		if (slice_equal(policy->staff[i], name))
			return (int)i;
	return -1;
}

static int read_staff(struct arena *arena, const struct json_value *json, struct policy *policy, struct error *err)
{
	struct json_value list;
	struct slice *staff;
	int64_t *weights;
	int ret = json_member(json, "staff", JSON_REQUIRED, JSON_KIND_ARRAY, &list, err);
	size_t count = ret > 0 ? json_count(&list) : 0;

	if (ret < 0)
		return ret;
	if (count == 0 || count > POLICY_STAFF_MAX)
		return json_refuse(&list, err, "from 1 to %d names are wanted", POLICY_STAFF_MAX);
	policy->staff = staff = arena_array(arena, count, sizeof(*staff));
	policy->weights = weights = arena_array(arena, count, sizeof(*weights));
	if (staff == NULL || weights == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct json_value entry = json_entry(&list, i);
		struct slice name;

		ret = json_value_text(&entry, JSON_ONE_LINE, 1, 255, &name, err);
		if (ret == 0 && policy_find_staff(policy, name) >= 0)
			return json_refuse(&entry, err, "is there twice");
		if (ret == 0)
			ret = copy_text(arena, name, &staff[i]);
		if (ret < 0)
			return ret;
		weights[i] = 1;
		policy->staff_count = i + 1;
	}
	return 0;
}

static int read_weights(const struct json_value *json, struct policy *policy, struct error *err)
{
	struct json_value weights, member;
	void *step = NULL;
	int ret = json_member(json, "weights", JSON_OPTIONAL, JSON_KIND_OBJECT, &weights, err);

	if (ret <= 0)
		return ret;
	while (json_next(&weights, &step, &member)) {
		int index = policy_find_staff(policy, member.name);
		char name[256];

		if (index < 0 || slice_copy(member.name, name, sizeof(name)) < 0)
			return json_refuse(&member, err, "is not one of the staff");
		ret = json_get_integer(&weights, name, JSON_REQUIRED, 1, POLICY_WEIGHT_MAX, (int64_t *)&policy->weights[index], err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int read_need(struct arena *arena, const struct json_value *entry, struct policy_need *need, struct error *err)
{
	static const char *const names[] = {"id", "pool", "count", NULL};
	struct slice id = SLICE_EMPTY, pool = SLICE_EMPTY;
	int ret = json_expect(entry, JSON_KIND_OBJECT, err);

	need->count = 1;
	if (ret == 0)
		ret = json_only(entry, names, err);
	if (ret == 0)
		ret = json_get_text(entry, "id", JSON_OPTIONAL, JSON_ONE_LINE, 1, 255, &id, err);
	if (ret >= 0)
		ret = json_get_text(entry, "pool", JSON_OPTIONAL, JSON_ONE_LINE, 1, 255, &pool, err);
	if (ret >= 0)
		ret = json_get_integer(entry, "count", JSON_OPTIONAL, 1, POLICY_COUNT_MAX, &need->count, err);
	if (ret < 0)
		return ret;
	if ((id.len == 0) == (pool.len == 0))
		return json_refuse(entry, err, "an id or a pool is wanted");
	if (id.len > 0 && need->count != 1)
		return json_refuse(entry, err, "count is of a pool");
	ret = copy_text(arena, id, &need->id);
	return ret < 0 ? ret : copy_text(arena, pool, &need->pool);
}

static int read_needs(struct arena *arena, const struct json_value *json, struct policy *policy, struct error *err)
{
	struct json_value list;
	struct policy_need *needs;
	int ret = json_member(json, "resources", JSON_OPTIONAL, JSON_KIND_ARRAY, &list, err);
	size_t count = ret > 0 ? json_count(&list) : 0;

	if (ret <= 0)
		return ret;
	if (count > POLICY_NEEDS_MAX)
		return json_refuse(&list, err, "more than %d", POLICY_NEEDS_MAX);
	policy->needs = needs = arena_array(arena, count + 1, sizeof(*needs));
	if (needs == NULL)
		return -ENOMEM;
	policy->need_count = count;
	for (size_t i = 0; i < count; i++) {
		struct json_value entry = json_entry(&list, i);

		ret = read_need(arena, &entry, &needs[i], err);
		if (ret < 0)
			return ret;
		for (size_t k = 0; k < i; k++)
			if (needs[i].id.len > 0 && slice_equal(needs[i].id, needs[k].id))
				return json_refuse(&entry, err, "is there twice");
	}
	return 0;
}

static int read_reminders(struct arena *arena, const struct json_value *json, struct policy *policy, struct error *err)
{
	static const int64_t day_before[] = {1440};
	struct json_value list;
	int64_t *reminders;
	int ret = json_member(json, "reminders_minutes", JSON_OPTIONAL, JSON_KIND_ARRAY, &list, err);
	size_t count = ret > 0 ? json_count(&list) : 0;

	policy->reminders = day_before;
	policy->reminder_count = 1;
	if (ret <= 0)
		return ret;
	if (count > POLICY_REMINDERS_MAX)
		return json_refuse(&list, err, "more than %d", POLICY_REMINDERS_MAX);
	policy->reminders = reminders = arena_array(arena, count + 1, sizeof(*reminders));
	if (reminders == NULL)
		return -ENOMEM;
	policy->reminder_count = count;
	for (size_t i = 0; i < count; i++) {
		struct json_value entry = json_entry(&list, i);

		ret = json_value_integer(&entry, 0, INT64_C(60) * 24 * 366, &reminders[i], err);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* ---- the whole ---- */

/* "Haircut, short" becomes "haircut-short". */
static int slug_of(struct arena *arena, struct slice name, struct slice *slug_r)
{
	char *slug = arena_copy(arena, name);
	size_t len = 0;

	if (slug == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < name.len; i++) {
		char c = ascii_lower(name.at[i]);

		if (ascii_is_alpha(c) || ascii_is_digit(c))
			slug[len++] = c;
		else if (len > 0 && slug[len - 1] != '-')
			slug[len++] = '-';
	}
	while (len > 0 && slug[len - 1] == '-')
		len--;
	*slug_r = slice_of(slug, len);
	return 0;
}

bool policy_id_is_good(struct slice id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!ascii_is_alpha(id.at[i]) && !ascii_is_digit(id.at[i]) && (i == 0 || slice_find_byte(SLICE("-_."), id.at[i]) < 0))
			return false;
	return id.len > 0;
}

static int read_names(struct arena *arena, const struct json_value *json, bool named, struct policy *policy,
    struct error *err)
{
	struct slice id = SLICE_EMPTY, name = SLICE_EMPTY;
	int ret = json_get_text(json, "name", named ? JSON_REQUIRED : JSON_OPTIONAL, JSON_ONE_LINE, 1, 200, &name, err);

	if (ret >= 0)
		ret = copy_text(arena, name, &policy->name);
	if (ret >= 0)
		ret = json_get_text(json, "id", JSON_OPTIONAL, JSON_ONE_LINE, 1, 100, &id, err);
	if (ret == 0)
		return slug_of(arena, policy->name, &policy->id);
	if (ret < 0)
		return ret;
	return policy_id_is_good(id) ? copy_text(arena, id, &policy->id)
	                      : error_set(err, 422, CONDITION_NONE, "id: letters, digits and -_. are wanted");
}

static int read_words(const struct json_value *json, struct policy *policy, struct error *err)
{
	int word, ret = json_get_word(json, "assignment", JSON_OPTIONAL, assignments, &word, err);

	if (ret < 0)
		return ret;
	policy->assignment = ret > 0 ? (enum policy_assignment)word : policy->staff_count == 1 ? ASSIGN_FIXED : ASSIGN_ANY;
	if (policy->assignment == ASSIGN_FIXED && policy->staff_count != 1)
		return error_set(err, 422, CONDITION_NONE, "assignment: fixed is for a service with one member of staff");
	ret = json_get_word(json, "video", JSON_OPTIONAL, videos, &word, err);
	if (ret > 0)
		policy->video = (enum policy_video)word;
	return ret < 0 ? ret : 0;
}

/* Only so far do neighbours look for one another's buffers. */
static int check_buffers(const struct json_value *json, const struct policy *policy, struct error *err)
{
	if (!policy->buffers_max || (policy->buffer_before <= POLICY_COMBINED_MAX * MINUTE_SECONDS &&
	                                policy->buffer_after <= POLICY_COMBINED_MAX * MINUTE_SECONDS))
		return 0;
	return json_refuse(json, err, "buffer_combine: max takes buffers of up to %d minutes", POLICY_COMBINED_MAX);
}

int policy_read(struct arena *arena, const struct json_value *json, bool named, struct policy *policy_r, struct error *err)
{
	struct policy policy = {.step_minutes = 30, .horizon_days = 365, .capacity = 1, .tentative_blocks = true, .visible = true};
	int ret = json_expect(json, JSON_KIND_OBJECT, err);

	if (ret == 0)
		ret = json_only(json, all_names, err);
	if (ret == 0)
		ret = read_names(arena, json, named, &policy, err);
	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(members); i++)
		ret = read_member(arena, json, &members[i], &policy, err);
	if (ret == 0)
		ret = read_staff(arena, json, &policy, err);
	if (ret == 0)
		ret = read_weights(json, &policy, err);
	if (ret == 0)
		ret = read_words(json, &policy, err);
	if (ret == 0)
		ret = read_needs(arena, json, &policy, err);
	if (ret == 0)
		ret = read_reminders(arena, json, &policy, err);
	if (ret == 0)
		ret = check_buffers(json, &policy, err);
	if (ret == 0)
		*policy_r = policy;
	return ret < 0 ? ret : 0;
}

static void write_member(struct buf *b, const struct policy *policy, const struct member *member)
{
	const char *at = (const char *)policy + member->at;

	switch (member->shape) {
	case SHAPE_INTEGER:
		json_add_integer(b, member->name, *(const int64_t *)at);
		break;
	case SHAPE_MINUTES:
		json_add_integer(b, member->name, *(const int64_t *)at / MINUTE_SECONDS);
		break;
	case SHAPE_BOOLEAN:
		json_add_boolean(b, member->name, *(const bool *)at);
		break;
	case SHAPE_TEXT:
		json_add_text(b, member->name, *(const struct slice *)at);
		break;
	case SHAPE_WORD_FLAG:
		json_add_text(b, member->name, slice_str(member->words[*(const bool *)at]));
		break;
	}
}

static void write_needs(struct buf *b, const struct policy *policy)
{
	json_open_array(b, "resources");
	for (size_t i = 0; i < policy->need_count; i++) {
		const struct policy_need *need = &policy->needs[i];

		json_open_object(b, NULL);
		json_add_text(b, need->id.len > 0 ? "id" : "pool", need->id.len > 0 ? need->id : need->pool);
		if (need->id.len == 0)
			json_add_integer(b, "count", need->count);
		json_close_object(b);
	}
	json_close_array(b);
}

static void write_weights(struct buf *b, const struct policy *policy)
{
	json_open_object(b, "weights");
	for (size_t i = 0; i < policy->staff_count; i++) {
		char name[256];

		if (policy->weights[i] != 1 && slice_copy(policy->staff[i], name, sizeof(name)) == 0)
			json_add_integer(b, name, policy->weights[i]);
	}
	json_close_object(b);
}

void policy_write(struct buf *b, const char *name, const struct policy *policy, bool weights)
{
	json_open_object(b, name);
	json_add_text(b, "id", policy->id);
	json_add_text(b, "name", policy->name);
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		write_member(b, policy, &members[i]);
	json_open_array(b, "staff");
	for (size_t i = 0; i < policy->staff_count; i++)
		json_add_text(b, NULL, policy->staff[i]);
	json_close_array(b);
	json_add_text(b, "assignment", slice_str(assignments[policy->assignment]));
	if (weights)
		write_weights(b, policy);
	write_needs(b, policy);
	json_add_text(b, "video", slice_str(videos[policy->video]));
	json_open_array(b, "reminders_minutes");
	for (size_t i = 0; i < policy->reminder_count; i++)
		json_add_integer(b, NULL, policy->reminders[i]);
	json_close_array(b);
	json_close_object(b);
}
