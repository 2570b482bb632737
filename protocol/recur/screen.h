/*
 * recur/screen - refuses a hostile rule before it is expanded (contract, section 7).
 *
 * The iterator is bounded by itself; the screen sees to it that what is stored can be served: a rule that would be
 * refused in some later window is refused when it is written.
 */
#ifndef RECUR_SCREEN_H
#define RECUR_SCREEN_H

#include "protocol/recur/rule.h"

#define RECUR_RULES_MAX    8     /* RRULEs of one component; RFC 5545, 3.8.5.3 wants one at most */
#define RECUR_YEARLY_MAX   3000  /* instances in the first year: one every three hours; bounds the index */
#define RECUR_FRUITLESS_MAX 20000 /* steps without any occurrence: over 50 years of days, 0.3 ms */

/*
 * START is DTSTART and UNTIL the rule's end in local seconds (INT64_MAX: none). 0, or -EINVAL with *ERR: CALDAV:max-instances when the rule has too many instances
 * or searches without finding (30 February), CALDAV:valid-calendar-data when it is by the hour and DTSTART is a date.
 */
int recur_screen(const struct recur_rule *rule, int64_t start, bool is_date, int64_t until, struct error *err);

#endif
