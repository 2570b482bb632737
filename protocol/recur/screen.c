#include <config.h>

#include "protocol/recur/screen.h"

#include "protocol/recur/iterator.h"

/* Several instances a day are possible; otherwise a year holds 366 at most. */
static bool is_dense(const struct recur_rule *rule)
{
	return rule->freq > RECUR_DAILY || (rule->hours | rule->minutes | rule->seconds) != 0;
}

/* Whether the rule, its end aside, ever yields something. */
static bool is_fruitless(const struct recur_rule *rule, const struct recur_iterator_options *given)
{
	struct recur_iterator_options options = *given;
	struct recur_rule endless = *rule;
	struct recur_iterator it;
	uint32_t steps = RECUR_FRUITLESS_MAX;
	int64_t local;

	endless.count = 0;
	options.steps = &steps;
	recur_iterator_init(&it, &endless, &options);
	return recur_iterator_next(&it, &local) == RECUR_COSTLY;
}

static bool is_crowded(const struct recur_rule *rule, const struct recur_iterator_options *given)
{
	struct recur_iterator_options options = *given;
	struct recur_iterator it;
	/* An instance costs itself, its period and the day of it at most three steps, the rest of the year 366 days. */
	uint32_t steps = RECUR_FRUITLESS_MAX + 4 * RECUR_YEARLY_MAX;
	enum recur_next next;
	size_t count = 0;
	int64_t local;

	options.steps = &steps;
	options.limit = options.start + 366 * DAY_SECONDS;
	recur_iterator_init(&it, rule, &options);
	while ((next = recur_iterator_next(&it, &local)) == RECUR_FOUND && count < RECUR_YEARLY_MAX)
		count++;
	return next == RECUR_FOUND || next == RECUR_COSTLY;
}

int recur_screen(const struct recur_rule *rule, int64_t start, bool is_date, int64_t until, struct error *err)
{
	struct recur_iterator_options options = {
		.start = start,
		.is_date = is_date,
		.from = INT64_MIN,
		.limit = INT64_MAX,
		.until = INT64_MAX,
	};

	if (is_date && rule->freq > RECUR_DAILY)
		return error_set(err, 403, CALDAV_VALID_CALENDAR_DATA,
		    "a rule by the hour, minute or second needs a time of day in DTSTART");
	if (is_fruitless(rule, &options))
		return error_set(err, 403, CALDAV_MAX_INSTANCES, "the recurrence rule names dates that do not exist");
	if (!is_date && is_dense(rule)) {
		options.until = until;
		if (is_crowded(rule, &options))
			return error_set(err, 403, CALDAV_MAX_INSTANCES,
			    "the recurrence rule has more than %d instances in a year", RECUR_YEARLY_MAX);
	}
	return 0;
}
