/* What is free instead of a time that is taken (booking rule R19). */
#include <config.h>

#include "protocol/base/cleanup.h"
#include "server/pages/book_private.h"

static const struct {
	const char *alone, *with;
} say = {
	.alone = N_("{1}"),
	.with = N_("{1}, with {2}"),
};

/* With one person in it the offer is for that person; a collective service names nobody. */
static struct slice person_of(const struct booking_other *other)
{
	return other->staff_count == 1 ? other->staff[0] : SLICE_EMPTY;
}

static void add_other(const struct book *book, struct html *h, const struct booking_other *other)
{
	struct slice when = when_moment(book->arena, book->zone, other->start), who = person_of(other);

	html_open(h, "li");
	html_open(h, "button.button");
	html_attr(h, "type", SLICE("submit"));
	html_attr(h, "name", SLICE("pick"));
	html_attr(h, "value",
	    html_words(book->arena, "{1} {2}", when_instant(book->arena, book->zone, other->start), who));
	if (other->staff_count > 0)
		html_say(h, say.with, when, book_people(book, other->staff, other->staff_count));
	else
		html_say(h, say.alone, when);
	html_close(h, "button");
	html_close(h, "li");
}

void book_others(const struct book *book, struct html *h, const struct booking_answer *answer)
{
	html_open(h, "ul.others");
	for (size_t i = 0; i < answer->other_count; i++)
		add_other(book, h, &answer->others[i]);
	html_close(h, "ul");
}

bool book_read_other(struct slice value, instant_t *start_r, struct slice *staff_r)
{
	ptrdiff_t space = slice_find_byte(value, ' ');

	if (space < 0 || instant_parse_rfc3339(slice_sub(value, 0, (size_t)space), start_r, NULL) < 0)
		return false;
	*staff_r = slice_from(value, (size_t)space + 1);
	return true;
}
