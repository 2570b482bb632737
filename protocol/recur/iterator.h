/*
 * recur/iterator - the occurrences of one rule in local time (RFC 5545, 3.3.10).
 *
 * Works on local seconds: a civil time counted as if it were UTC. No zone is known here, so an hour of a rule is an hour
 * on the wall, and 02:30 stays 02:30 on every day; who needs instants converts each result.
 *
 * A rule is walked period by period (a year, a month, ... a second, by FREQ). A period in which nothing can lie is
 * jumped over by arithmetic: a rule by the second that is limited to February costs a step a month, not one a second.
 * Every step is taken from a budget that the caller owns, so no rule can hold a thread.
 */
#ifndef RECUR_ITERATOR_H
#define RECUR_ITERATOR_H

#include "protocol/recur/rule.h"

enum recur_next {
	RECUR_FOUND,
	RECUR_END,    /* COUNT, UNTIL or the year 9999 is reached: nothing follows */
	RECUR_BEYOND, /* what follows, if anything, lies beyond the limit */
	RECUR_COSTLY, /* the budget of steps is used up */
};

struct recur_iterator_options {
	int64_t start; /* DTSTART, local seconds */
	bool is_date;  /* DTSTART is a date: parts of the time of day are ignored (RFC 5545, 3.3.10) */
	int64_t from;  /* occurrences before it are not wanted; without COUNT they are not even walked */
	int64_t limit; /* nor those after it */
	int64_t until; /* UNTIL, local seconds, inclusive; INT64_MAX: none */
	uint32_t *steps; /* left; shared by all iterators of one expansion */
};

/* Open only so that it can live on the stack; its fields are the iterator's own. */
struct recur_iterator {
	struct recur_rule rule; /* with what DTSTART implies filled in */
	struct recur_iterator_options options;
	uint32_t count_left;
	bool counted;  /* the rule has COUNT */
	bool nth_in_month; /* numbers of BYDAY count within the month, not the year */
	int64_t first; /* of DTSTART's period */
	int64_t period;
	int64_t last;    /* found; what SKIP leads to may be named twice */
	int64_t skip_to; /* local seconds before which no later period can hold anything */
	/* The set of the present period: days x hours x minutes x seconds, ascending, addressed by position. */
	int32_t days[368]; /* a year, and where SKIP leads out of it */
	int64_t day_count;
	uint32_t hours;
	uint64_t minutes, seconds;
	int64_t times; /* a day */
	int64_t position;
	int low, high; /* BYSETPOS: the next number of each list */
};

/*
 * An iterator over the occurrences AFTER DTSTART, ascending and distinct: DTSTART itself is always the first instance,
 * whether or not the rule yields it, and COUNT counts it (RFC 5545, 3.3.10).
 */
void recur_iterator_init(struct recur_iterator *it, const struct recur_rule *rule,
    const struct recur_iterator_options *options);
enum recur_next recur_iterator_next(struct recur_iterator *it, int64_t *local_r);

#endif
