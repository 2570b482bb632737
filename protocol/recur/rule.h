/*
 * recur/rule - one recurrence rule as a value (RFC 5545, 3.3.10).
 *
 * Lists become bit sets, so a rule has a fixed size however long its text is, order and repetition in a list do not
 * matter, and every test of a date or time is a few shifts.
 */
#ifndef RECUR_RULE_H
#define RECUR_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/base/error.h"
#include "protocol/base/instant.h"
#include "protocol/base/slice.h"

enum recur_freq {
	RECUR_YEARLY,
	RECUR_MONTHLY,
	RECUR_WEEKLY,
	RECUR_DAILY,
	RECUR_HOURLY,
	RECUR_MINUTELY,
	RECUR_SECONDLY,
};

/* What becomes of a date that does not exist, as 31 April (RFC 7529, 4.1). */
enum recur_skip {
	RECUR_SKIP_OMIT,
	RECUR_SKIP_BACKWARD, /* the last day before it */
	RECUR_SKIP_FORWARD,  /* the first day after it */
};

#define RECUR_RULE_BYTES_MAX 8192 /* of the text of one rule: room for every day of the year, by name from both ends */

/* The numbers 1 to 366, in the index; a list with negative numbers has a second one for their absolute values. */
struct recur_days {
	uint64_t word[6];
};

/* A missing list is all zero. */
struct recur_rule {
	enum recur_freq freq;
	uint32_t interval; /* 1 or more */
	uint32_t count;    /* 0: none */
	int week_start;    /* WKST; 0 Monday to 6 Sunday */
	enum recur_skip skip;

	bool has_until;
	bool until_is_date;
	bool until_is_utc;
	struct civil until;

	uint64_t seconds, minutes;           /* bits 0 to 59; a leap second is read as second 59 */
	uint32_t hours;                      /* bits 0 to 23 */
	uint32_t months;                     /* bits 1 to 12 */
	uint32_t month_days, month_days_end; /* bits 1 to 31; _end counts from the end of the month */
	struct recur_days year_days, year_days_end;
	uint64_t weeks, weeks_end; /* bits 1 to 53 */
	uint32_t weekdays;         /* BYDAY without a number; bits 0 (Monday) to 6 */
	bool has_nth;              /* BYDAY with a number, by weekday; bits 1 to 53 */
	uint64_t nth[7], nth_end[7];
	bool has_year_days, has_positions;
	struct recur_days positions, positions_end; /* BYSETPOS */
};

/*
 * 0, or -EINVAL with *ERR: CALDAV:valid-calendar-data when it cannot be read, CALDAV:supported-rscale for another
 * calendar than the Gregorian (RFC 7529). Lenient: case, a semicolon at the end, X- parts, a
 * number before a weekday where it has no meaning, both COUNT and UNTIL (the earlier end counts).
 */
int recur_rule_parse(struct slice text, struct recur_rule *rule_r, struct error *err);

static inline bool recur_days_has(const struct recur_days *days, int n)
{
	return n >= 0 && n < 384 && (days->word[n / 64] >> (n % 64) & 1);
}

#endif
