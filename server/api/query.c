#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "server/api/api_private.h"

#define DATE_LENGTH 10 /* of 2027-03-28 */

int api_refuse(struct api_request *r, const char *field, const char *format, ...)
{
	char what[sizeof(r->error.detail)];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return error_set(&r->error, 422, CONDITION_NONE, "%s: %s", field, what);
}

int api_problem(struct api_request *r, int status, const char *name, const char *format, ...)
{
	va_list args;

	r->error = (struct error){.http_status = status};
	r->problem = name;
	va_start(args, format);
	vsnprintf(r->error.detail, sizeof(r->error.detail), format, args);
	va_end(args);
	return -EINVAL;
}

static bool is_listed(const char *names, struct slice name)
{
	struct slice rest = slice_str(names), word;

	while (slice_next(&rest, ' ', &word))
		if (word.len > 0 && slice_equal(word, name))
			return true;
	return false;
}

int api_read_query(struct api_request *r)
{
	int ret = http_form_parse(r->http->query, r->arena, &r->parameters);

	return ret == -EINVAL || ret == -E2BIG ? api_problem(r, 400, NULL, "The query cannot be read.") : ret;
}

int api_check_query(struct api_request *r)
{
	for (size_t i = 0; i < r->parameters.count; i++)
		if (!is_listed(r->row->query, r->parameters.at[i].name))
			return api_refuse(r, "query", "there is an unknown parameter");
	return 0;
}

struct slice api_parameter(const struct api_request *r, const char *name)
{
	return http_form_get(&r->parameters, name);
}

int api_parameter_number(struct api_request *r, const char *name, int64_t min, int64_t max, int64_t *value_r)
{
	struct slice text = api_parameter(r, name);
	uint64_t value;

	if (text.at == NULL)
		return 0;
	if (slice_to_u64(text, (uint64_t)max, &value) < 0 || (int64_t)value < min)
		return api_refuse(r, name, "a number from %lld to %lld is wanted", (long long)min, (long long)max);
	*value_r = (int64_t)value;
	return 1;
}

int api_parameter_date(struct api_request *r, const char *name, int64_t *days_r)
{
	struct slice text = api_parameter(r, name);
	struct civil date = {0};
	uint64_t year, month, day;

	if (text.at == NULL)
		return 0;
	if (text.len == DATE_LENGTH && text.at[4] == '-' && text.at[7] == '-' &&
	    slice_to_u64(slice_sub(text, 0, 4), 9999, &year) == 0 && slice_to_u64(slice_sub(text, 5, 2), 12, &month) == 0 &&
	    slice_to_u64(slice_sub(text, 8, 2), 31, &day) == 0)
		date = (struct civil){.year = (int)year, .month = (int)month, .day = (int)day};
	if (!civil_is_valid(&date))
		return api_refuse(r, name, "a date is wanted, as 2027-03-28");
	*days_r = civil_to_days(date.year, date.month, date.day);
	return 1;
}

int api_parameter_word(struct api_request *r, const char *name, const char *const *words, int *word_r)
{
	struct slice text = api_parameter(r, name);

	if (text.at == NULL)
		return 0;
	for (int i = 0; words[i] != NULL; i++) {
		if (slice_is(text, words[i])) {
			*word_r = i;
			return 1;
		}
	}
	return api_refuse(r, name, "there is no such value");
}
