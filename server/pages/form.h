/*
 * pages/form - forms as everybody can use them: a visible label for each field, what is required said in words, an
 * error beside its field and in a list at the top that leads to it.
 */
#ifndef SERVER_PAGES_FORM_H
#define SERVER_PAGES_FORM_H

#include "server/pages/html.h"

struct field {
	const char *name;
	const char *type;     /* of an input: "text", "email", ...; NULL: a text of several lines */
	const char *label;
	const char *hint, *error, *complete; /* NULL: none; COMPLETE as HTML's autocomplete names it */
	struct slice value;
	bool required;
	unsigned max; /* characters; 0: not said */
};

struct choice {
	struct slice value, label;
};

/* A form that changes something, and one that only asks; each is closed with html_close(h, "form"). */
#define form_post(h, path, ...)                                                                                        \
	do {                                                                                                           \
		html_open(h, "form");                                                                                  \
		html_attr(h, "method", SLICE("post"));                                                                 \
		html_path(h, "action", path, ##__VA_ARGS__);                                                           \
	} while (0)
#define form_get(h, path, ...)                                                                                         \
	do {                                                                                                           \
		html_open(h, "form.filter");                                                                           \
		html_attr(h, "method", SLICE("get"));                                                                  \
		html_path(h, "action", path, ##__VA_ARGS__);                                                           \
	} while (0)
/* A button that sends the form it stands in; the words behind CLASSES are as in html_say. */
#define form_button(h, classes, words, ...)                                                                            \
	do {                                                                                                           \
		html_open(h, "button." classes);                                                                       \
		html_attr(h, "type", SLICE("submit"));                                                                 \
		html_say(h, words, ##__VA_ARGS__);                                                                     \
		html_close(h, "button");                                                                               \
	} while (0)

void form_hidden(struct html *h, const char *name, struct slice value);
void form_field(struct html *h, const struct field *field);
/* A list to choose from, with the label before it; for a filter. */
void form_select(struct html *h, const char *name, const char *label, const struct choice *choices, size_t count,
    struct slice chosen);
/* What is wrong, at the top; nothing when nothing is. */
void form_errors(struct html *h, const struct field *fields, size_t count);
bool form_has_errors(const struct field *fields, size_t count);

#endif
