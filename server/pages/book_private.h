/*
 * pages/book_private - what the pages of /book/ share: what was asked, people's names, a summary, the choice of a time.
 */
#ifndef SERVER_PAGES_BOOK_PRIVATE_H
#define SERVER_PAGES_BOOK_PRIVATE_H

#include "server/app.h"
#include "server/booking/booking.h"
#include "server/http/router.h"
#include "server/pages/form.h"
#include "server/pages/page.h"
#include "server/pages/when.h"

/* One request. */
struct book {
	struct http_request *http;
	struct app *app;
	struct arena *arena;
	enum page_kind kind;
	instant_t now;
	struct http_form form; /* what was sent, or the query */
	struct slice key;      /* the last segment of the path: the id of a service, or a token */
	struct slice wish;     /* zone of the query, when there is one of that name; else empty */
	/* book_read_service's */
	struct policy policy;
	const struct zone *service_zone;
	const struct zone *zone;     /* in which times are shown: the one of the query, else the service's */
	const struct choice *people; /* of the policy's staff, in its order: what they are called */
};

enum book_rate { BOOK_SLOTS, BOOK_WRITES };

/* Reads path and query or form and counts the request; PREFIX is of the path. False: the answer was sent. */
bool book_enter(struct book *book, struct http_request *http, enum page_kind kind, struct slice prefix,
    enum book_rate rate);
/* The service ID with its people. -ENOENT. */
int book_read_service(struct book *book, struct kv_txn *txn, struct slice id);
/* What NAME is called; NAME itself when the service has nobody of that name. */
struct slice book_person(const struct book *book, struct slice name);
/* The names of COUNT people as one text. */
struct slice book_people(const struct book *book, const struct slice *names, size_t count);
/* 404, 410 and the rest for what went wrong reading. */
void book_failed(struct book *book, int ret);
/* A row of a list of facts, left out when TEXT is empty. */
void book_fact(struct html *h, const char *label, struct slice text);
/* Duration, price and place of the service. */
void book_service_facts(const struct book *book, struct html *h);
/* When: in the zone that is shown and, where that differs, in the service's. */
void book_when_facts(const struct book *book, struct html *h, struct interval core);

enum book_step { STEP_SERVICE, STEP_TIME, STEP_DETAILS, STEP_DONE, STEP_COUNT };
void book_steps(struct html *h, enum book_step present);
/* A sentence that needs to be seen: how an action ended. ALARM: that it did not. */
void book_notice(struct html *h, bool alarm, const char *words);

/* ---- book_times.c: days and times to choose from ---- */

#define PICKER_TIMES_MAX 1600 /* of one day: a start a minute, and an hour that comes twice */

struct picker_time {
	instant_t start;
	int64_t seats_left;
};

struct picker {
	struct book *book;
	/* Addresses, with {1} the book's key, {2} the person, {3} the zone and {4} a date or, of TIME_PATH, an instant. */
	const char *month_path, *day_path, *time_path;
	const char *zone_path; /* {1} the key */
	struct slice staff, own; /* as in struct booking_slots */
	int64_t seats;
	/* picker_find's */
	int64_t today, month, next_month, last_day; /* of the month that is shown its first day, ... */
	int64_t day;           /* whose times are shown; -1: there is none */
	unsigned counts[31];   /* times of each day of the month */
	struct picker_time *times;
	size_t time_count;
	int64_t later; /* a day with times behind a month that has none; -1: there is none */
};

int picker_find(struct picker *picker, struct kv_txn *txn);
void picker_show(const struct picker *picker, struct html *h);

/* ---- book_others.c: a refusal with what is free instead ---- */

/* Another time, as a button that sends the form that is open; its value is "START WHO". */
void book_others(const struct book *book, struct html *h, const struct booking_answer *answer);
/* Reads the value of such a button. False when it is none. */
bool book_read_other(struct slice value, instant_t *start_r, struct slice *staff_r);

/* ---- book_calendar.c ---- */
/* The booking as an iCalendar object called SUMMARY; POLICY says where, and what to know beforehand. */
void book_write_calendar(struct buf *b, const struct booking *booking, const struct policy *policy,
    struct slice summary);

http_handler_fn book_service, book_place, book_manage, book_change;

#endif
