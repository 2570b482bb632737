/*
 * booking/rules/hours - working hours: the JSON of the API and the open time that it means.
 *
 * Hours belong to dates in one zone. A day that is not named has none; an override replaces its whole date, also with
 * nothing. `24:00` is midnight at the end; an end that is not later than its start runs into the next date and still
 * belongs to its start date. A range whose start resolves to another local date (the zone skipped the date) is dropped,
 * one whose end is not after its start once resolved is empty. Wall times are resolved by ical/zoned_time.
 */
#ifndef BOOKING_RULES_HOURS_H
#define BOOKING_RULES_HOURS_H

#include "protocol/base/arena.h"
#include "protocol/base/error.h"
#include "protocol/base/interval_set.h"
#include "protocol/ical/timezone.h"

#define HOURS_BYTES_MAX     262144 /* of the JSON text */
#define HOURS_RANGES_MAX    48     /* of one day: one every half hour */
#define HOURS_OVERRIDES_MAX 2000   /* dates: over five years of them */

struct hours_range {
	int start, end; /* minutes of the wall clock; start 0 to 1439, end 0 to 1440 */
};

struct hours_day {
	const struct hours_range *at;
	size_t count;
};

struct hours_override {
	int64_t date; /* days from 1970-01-01 */
	struct hours_day day;
};

struct hours {
	struct slice timezone; /* IANA; empty: the person's */
	struct hours_day weekly[7]; /* from Monday */
	const struct hours_override *overrides; /* sorted by date, each date once */
	size_t override_count;
	/* Of the business, set by the caller and not part of the JSON: sorted dates on which only overrides open (R5). */
	const int64_t *holidays;
	size_t holiday_count;
	/*
	 * VAVAILABILITYs as a calendar app wrote them, where weekly and overrides cannot say the same: they are empty then.
	 * The caller sets ZONES, in which its zones are found.
	 */
	struct slice availability;
	const struct zone_set *zones;
};

/*
 * Reads {"timezone", "weekly": {"mon": [["09:00", "12:30"]]}, "overrides": [{"date", "hours"}]}, or {"timezone",
 * "availability": "BEGIN:VCALENDAR..."}; everything is optional, nothing else is allowed. What it returns is of ARENA. 0, -ENOMEM, or -EINVAL with *ERR naming the field.
 */
int hours_parse(struct arena *arena, struct slice json, struct hours *hours_r, struct error *err);
struct json_value;
/* The same of a value inside a document; the result does not point into it. */
int hours_read(struct arena *arena, const struct json_value *json, struct hours *hours_r, struct error *err);
/* Reads {"dates": ["2027-12-25"]}, the holidays of the business, sorted and each once; of ARENA. The same returns. */
int hours_read_holidays(struct arena *arena, const struct json_value *json, const int64_t **dates_r, size_t *count_r,
    struct error *err);
/* Adds to *OPEN what of WINDOW is open; of an availability that cannot be read nothing is. 0, -ENOMEM or -E2BIG. */
int hours_open(const struct hours *hours, const struct zone *zone, struct interval window, struct interval_set *open);

/* ---- hours_availability.c: the VAVAILABILITY (RFC 7953) that a calendar app reads and writes ---- */

#define HOURS_EXCEPTIONS_MAX 50 /* dates with other hours that a VAVAILABILITY of ours tells: the next ones */

/*
 * Writes HOURS of ZONE as one VCALENDAR: an AVAILABLE for each range of a week, with its exceptions, and one for each range
 * of the dates that differ, from NOW on.
 */
void hours_write_availability(struct buf *b, const struct hours *hours, const struct zone *zone, instant_t now);
/*
 * The JSON of a VAVAILABILITY: weekly where it means the same at every time, as far as a year can tell, else as it is.
 * FLOATING is the zone of times without one. 0, -ENOMEM, -E2BIG, or -EINVAL with *ERR.
 */
int hours_json_of_availability(struct arena *arena, const struct zone_set *zones, const struct zone *floating,
    struct slice text, instant_t now, struct buf *json, struct error *err);
/* hours_open of one that has an availability; -EINVAL or -E2BIG, with *ERR, when it cannot be read. */
int hours_open_availability(const struct hours *hours, const struct zone *zone, struct interval window,
    struct interval_set *open, struct error *err);

#endif
