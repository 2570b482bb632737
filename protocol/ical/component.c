#include <config.h>

#include "protocol/ical/component.h"

#include "protocol/base/ascii.h"
#include "protocol/base/cleanup.h"
#include "protocol/ical/component_private.h"

const struct ical_property *component_find(const struct component *c, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < c->property_count; i++)
		if (c->properties[i].name.len == len && memcmp(c->properties[i].name.at, name, len) == 0)
			return &c->properties[i];
	return NULL;
}

uint32_t component_bit(const struct component *c)
{
	return c->bit;
}

struct slice component_name(const struct component *c)
{
	return c->name;
}

size_t component_child_count(const struct component *c)
{
	return c->child_count;
}

const struct component *component_child(const struct component *c, size_t i)
{
	return c->children[i];
}

bool component_time(const struct component *c, const char *name, struct ical_time *time_r)
{
	const struct ical_property *p = component_find(c, name);

	if (p == NULL || p->time == NULL)
		return false;
	*time_r = *p->time;
	return true;
}

bool component_recurrence_id(const struct component *c, struct ical_time *time_r, bool *this_and_future_r)
{
	const struct ical_property *p = component_find(c, "RECURRENCE-ID");
	struct slice range;

	if (p == NULL || p->time == NULL)
		return false;
	*time_r = *p->time;
	*this_and_future_r =
	    content_parameter(p->parameters, "RANGE", &range) && slice_is_nocase(range, "THISANDFUTURE");
	return true;
}

struct slice component_text(const struct component *c, const char *name)
{
	const struct ical_property *p = component_find(c, name);

	return p != NULL ? p->text : SLICE_EMPTY;
}

uint32_t component_integer(const struct component *c, const char *name, uint32_t missing)
{
	const struct ical_property *p = component_find(c, name);
	uint64_t value;

	if (p == NULL || slice_to_u64(slice_trim(p->value), UINT32_MAX, &value) < 0)
		return missing;
	return (uint32_t)value;
}

size_t component_rrule_count(const struct component *c)
{
	return c->rrule_count;
}

struct slice component_rrule(const struct component *c, size_t i)
{
	return i < c->rrule_count ? c->rrules[i] : SLICE_EMPTY;
}

size_t component_rdates(const struct component *c, const struct ical_period **rdates_r)
{
	*rdates_r = c->rdates;
	return c->rdate_count;
}

size_t component_exdates(const struct component *c, const struct ical_time **exdates_r)
{
	*exdates_r = c->exdates;
	return c->exdate_count;
}

size_t component_attendees(const struct component *c, const struct ical_attendee **attendees_r)
{
	*attendees_r = c->attendees;
	return c->attendee_count;
}

bool component_organizer(const struct component *c, struct ical_attendee *organizer_r)
{
	if (c->has_organizer)
		*organizer_r = c->organizer;
	return c->has_organizer;
}

static struct slice without_mailto(struct slice address)
{
	address = slice_trim(address);
	return slice_starts_nocase(address, SLICE("mailto:")) ? slice_trim(slice_from(address, 7)) : address;
}

bool ical_address_is(struct slice address, struct slice email)
{
	address = without_mailto(address);
	return address.len > 0 && slice_equal_nocase(address, without_mailto(email));
}

size_t component_property_count(const struct component *c)
{
	return c->property_count;
}

const struct ical_property *component_property_at(const struct component *c, size_t i)
{
	return &c->properties[i];
}

struct slice ical_property_name(const struct ical_property *p)
{
	return p->name;
}

struct slice ical_property_value(const struct ical_property *p)
{
	return p->text;
}

bool ical_property_parameter(const struct ical_property *p, const char *name, struct slice *value_r)
{
	struct slice value;

	if (!content_parameter(p->parameters, name, &value))
		return false;
	for (const struct ical_parameter *d = p->decoded; d != NULL; d = d->next) {
		if (slice_is_nocase(d->name, name)) {
			*value_r = d->value;
			return true;
		}
	}
	*value_r = value;
	return true;
}
