#include <config.h>

#include "server/pages/form.h"

#include <stdio.h>

#define ID_MAX 96

static const struct {
	const char *required, *optional, *wrong;
} say = {
	.required = N_(" (required)"),
	.optional = N_(" (optional)"),
	.wrong = N_("Please look at this again"),
};

void form_hidden(struct html *h, const char *name, struct slice value)
{
	html_void(h, "input");
	html_attr(h, "type", SLICE("hidden"));
	html_attr(h, "name", slice_str(name));
	html_attr(h, "value", value);
}

/* "hint", "error" of a field: what its aria-describedby names. */
static struct slice id_of(const struct field *field, const char *what, char id_r[static ID_MAX])
{
	snprintf(id_r, ID_MAX, "%s-%s", field->name, what);
	return slice_str(id_r);
}

static void add_note(struct html *h, const struct field *field, const char *what, const char *words)
{
	char id[ID_MAX];

	html_attr(h, "id", id_of(field, what, id));
	html_say(h, words);
	html_close(h, "p");
}

static void add_described_by(struct html *h, const struct field *field)
{
	char ids[2 * ID_MAX], error[ID_MAX], hint[ID_MAX];

	if (field->error == NULL && field->hint == NULL)
		return;
	snprintf(ids, sizeof(ids), "%.*s%s%.*s", SLICE_ARG(field->error ? id_of(field, "error", error) : SLICE_EMPTY),
	    field->error && field->hint ? " " : "", SLICE_ARG(field->hint ? id_of(field, "hint", hint) : SLICE_EMPTY));
	html_attr(h, "aria-describedby", slice_str(ids));
}

static void add_control(struct html *h, const struct field *field)
{
	char max[24];

	if (field->type != NULL) {
		html_void(h, "input");
		html_attr(h, "type", slice_str(field->type));
	} else {
		html_open(h, "textarea");
		html_attr(h, "rows", SLICE("4"));
	}
	html_attr(h, "id", slice_str(field->name));
	html_attr(h, "name", slice_str(field->name));
	if (field->complete != NULL)
		html_attr(h, "autocomplete", slice_str(field->complete));
	if (field->max > 0) {
		snprintf(max, sizeof(max), "%u", field->max);
		html_attr(h, "maxlength", slice_str(max));
	}
	if (field->required)
		html_flag(h, "required");
	if (field->error != NULL)
		html_attr(h, "aria-invalid", SLICE("true"));
	add_described_by(h, field);
	if (field->type != NULL) {
		html_attr(h, "value", field->value);
		return;
	}
	html_text(h, SLICE("\n")); /* a browser drops the first line end */
	html_text(h, field->value);
	html_close(h, "textarea");
}

void form_field(struct html *h, const struct field *field)
{
	html_open(h, "div.field");
	html_open(h, "label");
	html_attr(h, "for", slice_str(field->name));
	html_say(h, field->label);
	html_say(h, field->required ? say.required : say.optional);
	html_close(h, "label");
	if (field->hint != NULL) {
		html_open(h, "p.hint");
		add_note(h, field, "hint", field->hint);
	}
	if (field->error != NULL) {
		html_open(h, "p.error");
		add_note(h, field, "error", field->error);
	}
	add_control(h, field);
	html_close(h, "div");
}

void form_select(struct html *h, const char *name, const char *label, const struct choice *choices, size_t count,
    struct slice chosen)
{
	html_open(h, "div");
	html_open(h, "label");
	html_attr(h, "for", slice_str(name));
	html_say(h, label);
	html_close(h, "label");
	html_open(h, "select");
	html_attr(h, "id", slice_str(name));
	html_attr(h, "name", slice_str(name));
	for (size_t i = 0; i < count; i++) {
		html_open(h, "option");
		html_attr(h, "value", choices[i].value);
		if (slice_equal(choices[i].value, chosen))
			html_flag(h, "selected");
		html_text(h, choices[i].label);
		html_close(h, "option");
	}
	html_close(h, "select");
	html_close(h, "div");
}

bool form_has_errors(const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fields[i].error != NULL)
			return true;
	return false;
}

void form_errors(struct html *h, const struct field *fields, size_t count)
{
	if (!form_has_errors(fields, count))
		return;
	html_open(h, "div.alarm");
	html_attr(h, "role", SLICE("alert"));
	html_line(h, "h2", say.wrong);
	html_open(h, "ul");
	for (size_t i = 0; i < count; i++) {
		if (fields[i].error == NULL)
			continue;
		html_open(h, "li");
		html_open(h, "a");
		html_path(h, "href", "#{1}", slice_str(fields[i].name));
		html_say(h, fields[i].error);
		html_close(h, "a");
		html_close(h, "li");
	}
	html_close(h, "ul");
	html_close(h, "div");
}
