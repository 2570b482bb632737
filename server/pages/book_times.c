/* A month of days, and the times of one of them. */
#include <config.h>

#include <errno.h>

#include "protocol/base/cleanup.h"
#include "server/pages/book_private.h"

#define MANY_TIMES   8  /* more of one day are told apart by its parts */
#define NOON_HOUR    12
#define EVENING_HOUR 17
#define AHEAD_MAX    6 /* looks of BOOKING_SLOT_DAYS_MAX days each, for a month that has times */

static const struct {
	const char *days, *before, *after, *none_now, *none_then, *none, *there_is, *times, *one, *many, *no_times, *free;
	const char *morning, *afternoon, *evening, *seat, *seats, *zone, *change, *other_zone;
} say = {
	.days = N_("Choose a day"),
	.before = N_("Month before"),
	.after = N_("Next month"),
	.none = N_("There are no free times in {1}."),
	.there_is = N_("The next are in {1}"),
	.none_then = N_("Nor are there any in the months after it."),
	.none_now = N_("There are no free times on this day."),
	.times = N_("Times for {1}"),
	.one = N_("{1}, one time"),
	.many = N_("{1}, {2} times"),
	.no_times = N_("{1}, no times"),
	.free = N_("Days with free times can be chosen."),
	.morning = N_("Morning"),
	.afternoon = N_("Afternoon"),
	.evening = N_("Evening"),
	.seat = N_("1 place left"),
	.seats = N_("{1} places left"),
	.zone = N_("Times are shown in {1}."),
	.change = N_("Change the time zone"),
	.other_zone = N_("Time zone"),
};

/* ---- finding ---- */

static int64_t first_of_month(int64_t day)
{
	int year, month, date;

	civil_from_days(day, &year, &month, &date);
	return day - date + 1;
}

static int64_t first_of_next(int64_t first)
{
	return first_of_month(first + 31);
}

/* The month and day that are asked for, within what can be booked. */
static void take_wish(struct picker *picker)
{
	const struct book *book = picker->book;
	int64_t wish, day;

	picker->today = zoned_day_of(book->zone, book->now);
	picker->last_day = picker->today + book->policy.horizon_days;
	picker->day = picker->later = -1;
	wish = picker->today;
	if (when_read_date(http_form_get(&book->form, "day"), &day) == 0)
		picker->day = wish = day;
	else if (when_read_date(http_form_get(&book->form, "month"), &day) == 0)
		wish = day;
	if (wish < picker->today || wish > picker->last_day) {
		wish = picker->today;
		picker->day = -1;
	}
	picker->month = first_of_month(wish);
	picker->next_month = first_of_next(picker->month);
}

static int see_slot(const struct slot *slot, void *arg)
{
	struct picker *picker = arg;
	const struct book *book = picker->book;
	int64_t day = zoned_day_of(book->zone, slot->start);

	if (day < picker->month || day >= picker->next_month)
		return 0;
	picker->counts[day - picker->month]++;
	if (picker->day < 0)
		picker->day = day;
	if (day == picker->day && picker->time_count < PICKER_TIMES_MAX)
		picker->times[picker->time_count++] = (struct picker_time){slot->start,
		    slot->placement.session != NULL ? slot->placement.seats_left : book->policy.capacity};
	return 0;
}

static int look(struct picker *picker, struct kv_txn *txn, int64_t from, int64_t to, slot_fn *fn)
{
	const struct book *book = picker->book;
	const struct booking_slots question = {
	    .service = book->policy.id,
	    .window = {zoned_day_start(book->zone, from), zoned_day_start(book->zone, to)},
	    .staff = picker->staff,
	    .seats = picker->seats,
	    .own = picker->own,
	};

	return booking_slots(book->app->changes, txn, book->arena, &question, fn, picker, NULL, NULL);
}

static int see_later(const struct slot *slot, void *arg)
{
	struct picker *picker = arg;

	picker->later = zoned_day_of(picker->book->zone, slot->start);
	return 1;
}

static int look_ahead(struct picker *picker, struct kv_txn *txn)
{
	int64_t from = picker->next_month;
	int ret = 0;

	for (int i = 0; ret == 0 && i < AHEAD_MAX && from <= picker->last_day; i++) {
		ret = look(picker, txn, from, from + BOOKING_SLOT_DAYS_MAX, see_later);
		from += BOOKING_SLOT_DAYS_MAX;
	}
	return ret < 0 ? ret : 0;
}

int picker_find(struct picker *picker, struct kv_txn *txn)
{
	int64_t from;
	bool any = false;
	int ret;

	take_wish(picker);
	picker->times = arena_array(picker->book->arena, PICKER_TIMES_MAX, sizeof(*picker->times));
	if (picker->times == NULL)
		return -ENOMEM;
	from = picker->month < picker->today ? picker->today : picker->month;
	ret = look(picker, txn, from, picker->next_month, see_slot);
	for (size_t i = 0; i < ARRAY_LEN(picker->counts); i++)
		any |= picker->counts[i] > 0;
	return ret == 0 && !any ? look_ahead(picker, txn) : ret;
}

/* ---- showing ---- */

static void add_href(const struct picker *picker, struct html *h, const char *path, struct slice value)
{
	html_path_(h, SLICE("href"), path,
	    HTML_VALUES_OF(picker->book->key, picker->staff, picker->book->wish, value));
}

static void add_month_link(const struct picker *picker, struct html *h, int64_t month, const char *words)
{
	html_open(h, "a.button.small");
	add_href(picker, h, picker->month_path, when_date(picker->book->arena, month));
	html_say(h, words);
	html_close(h, "a");
}

static void add_months(const struct picker *picker, struct html *h)
{
	html_open(h, "div.row");
	if (picker->month > picker->today)
		add_month_link(picker, h, first_of_month(picker->month - 1), say.before);
	if (picker->next_month <= picker->last_day)
		add_month_link(picker, h, picker->next_month, say.after);
	html_close(h, "div");
}

/* What stands in a cell for eyes, and what a screen reader says. */
static void add_label(struct html *h, struct slice number, const char *words, struct slice day, struct slice count)
{
	html_open(h, "span");
	html_attr(h, "aria-hidden", SLICE("true"));
	html_text(h, number);
	html_close(h, "span");
	html_line(h, "span.unseen", words, day, count);
}

static void add_day(const struct picker *picker, struct html *h, int64_t day)
{
	struct arena *arena = picker->book->arena;
	unsigned count = picker->counts[day - picker->month];
	struct slice number = slice_str(arena_printf(arena, "%d", (int)(day - picker->month + 1)));
	struct slice words = when_day(arena, day), times = slice_str(arena_printf(arena, "%u", count));

	html_open(h, "td");
	if (count == 0) {
		html_open(h, "span.day");
		add_label(h, number, say.no_times, words, times);
		html_close(h, "span");
	} else {
		html_open(h, "a.day");
		add_href(picker, h, picker->day_path, when_date(arena, day));
		if (day == picker->day)
			html_attr(h, "aria-current", SLICE("true"));
		add_label(h, number, count == 1 ? say.one : say.many, words, times);
		html_close(h, "a");
	}
	html_close(h, "td");
}

static void add_weekdays(struct html *h)
{
	html_open(h, "thead");
	html_open(h, "tr");
	for (int i = 0; i < 7; i++) {
		html_open(h, "th");
		html_attr(h, "scope", SLICE("col"));
		html_open(h, "abbr");
		html_attr(h, "title", when_weekday(i));
		html_text(h, when_weekday_short(i));
		html_close(h, "abbr");
		html_close(h, "th");
	}
	html_close(h, "tr");
	html_close(h, "thead");
}

static void add_month(const struct picker *picker, struct html *h)
{
	int64_t from = picker->month - civil_weekday(picker->month);

	html_open(h, "table.month");
	html_open(h, "caption");
	html_text(h, when_month(picker->book->arena, picker->month));
	html_close(h, "caption");
	add_weekdays(h);
	html_open(h, "tbody");
	for (int64_t week = from; week < picker->next_month; week += 7) {
		html_open(h, "tr");
		for (int64_t day = week; day < week + 7; day++) {
			if (day < picker->month || day >= picker->next_month) {
				html_open(h, "td");
				html_close(h, "td");
			} else {
				add_day(picker, h, day);
			}
		}
		html_close(h, "tr");
	}
	html_close(h, "tbody");
	html_close(h, "table");
}

static void add_time(const struct picker *picker, struct html *h, const struct picker_time *time)
{
	const struct book *book = picker->book;

	html_open(h, "li");
	html_open(h, "a.button");
	add_href(picker, h, picker->time_path, when_instant(book->arena, book->zone, time->start));
	html_text(h, when_time(book->arena, book->zone, time->start));
	if (book->policy.capacity > 1)
		html_line(h, "small", time->seats_left == 1 ? say.seat : say.seats,
		    slice_str(arena_printf(book->arena, "%lld", (long long)time->seats_left)));
	html_close(h, "a");
	html_close(h, "li");
}

static const char *part_of_day(const struct picker *picker, instant_t at)
{
	struct civil civil;

	zoned_from_instant(picker->book->zone, at, &civil, NULL);
	return civil.hour < NOON_HOUR ? say.morning : civil.hour < EVENING_HOUR ? say.afternoon : say.evening;
}

static void add_times(const struct picker *picker, struct html *h)
{
	bool parts = picker->time_count > MANY_TIMES;
	const char *part = NULL;

	html_open(h, "h2");
	html_attr(h, "id", SLICE("times"));
	html_say(h, say.times, when_day(picker->book->arena, picker->day));
	html_close(h, "h2");
	if (picker->time_count == 0)
		html_line(h, "p", say.none_now);
	for (size_t i = 0; i < picker->time_count; i++) {
		const char *next = part_of_day(picker, picker->times[i].start);

		if (part == NULL || (parts && next != part)) {
			if (part != NULL)
				html_close(h, "ul");
			part = next;
			if (parts)
				html_line(h, "h3", part);
			html_open(h, "ul.times");
		}
		add_time(picker, h, &picker->times[i]);
	}
	if (part != NULL)
		html_close(h, "ul");
}

/* A month without times: where the next are. */
static void add_nothing(const struct picker *picker, struct html *h)
{
	struct arena *arena = picker->book->arena;

	html_open(h, "div.notice");
	html_line(h, "p", say.none, when_month(arena, picker->month));
	html_open(h, "p");
	if (picker->later >= 0) {
		html_open(h, "a");
		add_href(picker, h, picker->day_path, when_date(arena, picker->later));
		html_say(h, say.there_is, when_month(arena, picker->later));
		html_close(h, "a");
	} else {
		html_say(h, say.none_then);
	}
	html_close(h, "p");
	html_close(h, "div");
}

/* Zones that people live in: "Area/City", without the names that are there for machines. */
static bool is_for_people(struct slice name)
{
	return slice_find_byte(name, '/') > 0 && !slice_starts(name, SLICE("Etc/")) && !slice_starts(name, SLICE("posix/")) &&
	       !slice_starts(name, SLICE("right/")) && !slice_starts(name, SLICE("SystemV/"));
}

static void add_zones(const struct picker *picker, struct html *h)
{
	const struct book *book = picker->book;
	const struct zone_set *zones = book->app->zones;
	size_t count = 0;
	struct choice *choices = arena_array(book->arena, zone_set_count(zones) + 1, sizeof(*choices));

	for (size_t i = 0; choices != NULL && i < zone_set_count(zones); i++) {
		struct slice name = zone_name(zone_set_at(zones, i));

		if (is_for_people(name) || slice_equal(name, zone_name(book->zone)))
			choices[count++] = (struct choice){name, name};
	}
	html_open(h, "details.zone");
	html_open(h, "summary");
	html_say(h, say.zone, zone_name(book->zone));
	html_close(h, "summary");
	html_open(h, "form.filter");
	html_attr(h, "method", SLICE("get"));
	html_path_(h, SLICE("action"), picker->zone_path, HTML_VALUES_OF(book->key));
	form_hidden(h, "staff", picker->staff);
	if (picker->day >= 0)
		form_hidden(h, "day", when_date(book->arena, picker->day));
	form_select(h, "tz", say.other_zone, choices, count, zone_name(book->zone));
	form_button(h, "button", say.change);
	html_close(h, "form");
	html_close(h, "details");
}

void picker_show(const struct picker *picker, struct html *h)
{
	bool any = picker->time_count > 0;

	for (size_t i = 0; i < ARRAY_LEN(picker->counts); i++)
		any |= picker->counts[i] > 0;
	html_open(h, "div.picker");
	html_open(h, "div");
	html_line(h, "h2", say.days);
	html_line(h, "p.hint", say.free);
	add_month(picker, h);
	add_months(picker, h);
	html_close(h, "div");
	html_open(h, "div");
	if (!any)
		add_nothing(picker, h);
	else
		add_times(picker, h);
	html_close(h, "div");
	html_close(h, "div");
	add_zones(picker, h);
}
