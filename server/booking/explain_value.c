/* The values of a case: texts, zones, instants, and what an event may have instead of an instant. */
#include <config.h>

#include <errno.h>

#include "server/booking/explain.h"
#include "server/booking/explain_private.h"

int case_text(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    struct slice *text_r)
{
	struct slice text;
	int ret = json_get_text(object, name, need, JSON_ONE_LINE, 0, CASE_NAME_MAX, &text, r->err);
	char *copy;

	if (ret <= 0)
		return ret;
	copy = arena_copy(r->arena, text);
	if (copy == NULL)
		return -ENOMEM;
	*text_r = slice_of(copy, text.len);
	return 1;
}

/* 1 and *ZONE_R; 0 when the member is absent. */
int case_zone(struct reading *r, const struct json_value *object, const char *name, const struct zone **zone_r)
{
	struct json_value value;
	struct slice text;
	const struct zone *zone;
	int ret = json_member(object, name, JSON_OPTIONAL, JSON_KIND_TEXT, &value, r->err);

	if (ret <= 0)
		return ret;
	ret = json_value_text(&value, JSON_ONE_LINE, 1, ZONE_NAME_MAX, &text, r->err);
	if (ret < 0)
		return ret;
	zone = zone_set_find(r->zones, text);
	if (zone == NULL)
		return json_refuse(&value, r->err, "there is no such time zone");
	*zone_r = zone;
	return 1;
}

int case_instant(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    instant_t *at_r)
{
	struct json_value value;
	struct slice text;
	int ret = json_member(object, name, need, JSON_KIND_TEXT, &value, r->err);

	if (ret <= 0)
		return ret;
	ret = json_value_text(&value, JSON_ONE_LINE, 1, 64, &text, r->err);
	if (ret < 0)
		return ret;
	if (instant_parse_rfc3339(text, at_r, NULL) < 0)
		return json_refuse(&value, r->err, "is not an instant like 2027-03-28T09:00:00Z");
	return 1;
}

static bool digits(struct slice text, size_t at, size_t count, int *value_r)
{
	int value = 0;

	for (size_t i = at; i < at + count; i++) {
		if (i >= text.len || text.at[i] < '0' || text.at[i] > '9')
			return false;
		value = value * 10 + text.at[i] - '0';
	}
	*value_r = value;
	return true;
}

static bool parse_moment(struct slice text, struct moment *moment)
{
	struct civil *c = &moment->civil;
	instant_t at;

	*moment = (struct moment){0};
	if (instant_parse_rfc3339(text, &at, NULL) == 0) {
		civil_from_utc(at, c);
		moment->is_utc = true;
		return true;
	}
	if (text.len < 10 || text.at[4] != '-' || text.at[7] != '-' || !digits(text, 0, 4, &c->year) ||
	    !digits(text, 5, 2, &c->month) || !digits(text, 8, 2, &c->day))
		return false;
	moment->is_date = text.len == 10;
	if (moment->is_date)
		return civil_is_valid(c);
	if ((text.len != 16 && text.len != 19) || text.at[10] != 'T' || text.at[13] != ':' || !digits(text, 11, 2, &c->hour) ||
	    !digits(text, 14, 2, &c->minute))
		return false;
	if (text.len == 19 && (text.at[16] != ':' || !digits(text, 17, 2, &c->second)))
		return false;
	return civil_is_valid(c);
}

int case_moment_of(struct reading *r, const struct json_value *value, struct moment *moment_r)
{
	struct slice text;
	int ret = json_value_text(value, JSON_ONE_LINE, 1, 64, &text, r->err);

	if (ret < 0)
		return ret;
	return parse_moment(text, moment_r) ? 0 : json_refuse(value, r->err, "is not an instant, a wall time or a date");
}

int case_moment(struct reading *r, const struct json_value *object, const char *name, enum json_need need,
    struct moment *moment_r)
{
	struct json_value value;
	int ret = json_member(object, name, need, JSON_KIND_TEXT, &value, r->err);

	if (ret <= 0)
		return ret;
	ret = case_moment_of(r, &value, moment_r);
	return ret < 0 ? ret : 1;
}

/* An array of OBJECT, or nothing: 1, 0 or -EINVAL. */
int case_list(struct reading *r, const struct json_value *object, const char *name, enum json_need need, size_t max,
    struct json_value *list_r, size_t *count_r)
{
	int ret = json_member(object, name, need, JSON_KIND_ARRAY, list_r, r->err);

	*count_r = ret > 0 ? json_count(list_r) : 0;
	return ret > 0 && *count_r > max ? json_refuse(list_r, r->err, "more than %zu", max) : ret;
}

/* Texts; one text stands for a list of one. */
int case_names(struct reading *r, const struct json_value *object, const char *name, struct slice **names_r, size_t *count_r)
{
	struct json_value list;
	struct slice *names, one;
	int ret = json_get_text(object, name, JSON_OPTIONAL, JSON_ONE_LINE, 1, CASE_NAME_MAX, &one, NULL);
	size_t count = 1;

	if (ret < 0)
		ret = case_list(r, object, name, JSON_OPTIONAL, EXPLAIN_MEMBERS_MAX, &list, &count);
	else if (ret == 0)
		count = 0;
	else
		list = *object;
	if (ret < 0)
		return ret;
	names = arena_array(r->arena, count + 1, sizeof(*names));
	for (size_t i = 0; names != NULL && i < count; i++) {
		if (json_kind(&list) == JSON_KIND_ARRAY) {
			struct json_value entry = json_entry(&list, i);

			ret = json_value_text(&entry, JSON_ONE_LINE, 1, CASE_NAME_MAX, &one, r->err);
			if (ret < 0)
				return ret;
		}
		names[i] = slice_of(arena_copy(r->arena, one), one.len);
		if (names[i].at == NULL)
			return -ENOMEM;
	}
	*names_r = names;
	*count_r = count;
	return names != NULL ? 0 : -ENOMEM;
}
