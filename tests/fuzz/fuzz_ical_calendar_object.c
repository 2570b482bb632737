/* Any bytes as a calendar object: refused with a line, or every getter answers and the text is untouched. */
#include <config.h>

#include <assert.h>
#include <errno.h>

#include "protocol/ical/calendar_object.h"
#include "protocol/ical/zoned_time.h"
#include "tests/unit/ical_zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(const struct component *c)
{
	static const char *const names[] = {"DTSTART", "DTEND", "DUE", "COMPLETED", "CREATED"};
	const struct ical_period *rdates;
	const struct ical_time *exdates;
	const struct ical_attendee *attendees;
	struct ical_duration duration;
	struct ical_time time;
	struct slice value;
	bool future;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (component_time(c, names[i], &time)) {
			instant_t at = ical_time_instant(&time, zone_utc());

			assert(at >= INSTANT_MIN && at <= INSTANT_MAX);
		}
	}
	(void)component_recurrence_id(c, &time, &future);
	(void)component_duration(c, &duration);
	for (size_t i = component_rdates(c, &rdates); i-- > 0;)
		assert(civil_is_valid(&rdates[i].start.civil) && (!rdates[i].has_end || civil_is_valid(&rdates[i].end.civil)));
	for (size_t i = component_exdates(c, &exdates); i-- > 0;)
		assert(civil_is_valid(&exdates[i].civil));
	for (size_t i = component_attendees(c, &attendees); i-- > 0;)
		assert(attendees[i].address.at != NULL && attendees[i].partstat.at != NULL);
	for (size_t i = 0; i < component_property_count(c); i++) {
		const struct ical_property *p = component_property_at(c, i);

		assert(ical_property_name(p).len > 0 && ical_property_value(p).at != NULL);
		(void)ical_property_parameter(p, "VALUE", &value);
	}
	for (size_t i = 0; i < component_child_count(c); i++)
		visit(component_child(c, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct zone_set *zones;
	struct arena *arena = arena_new(64 << 20);
	struct calendar_object *object = NULL;
	struct error err = ERROR_NONE;
	int ret;

	if (zones == NULL) {
		calendar_object_init();
		zones = zone_set_new();
		(void)add_system_zone(zones, "Europe/Amsterdam");
		zone_set_seal(zones);
	}
	ret = calendar_object_parse(arena, zones, slice_of((const char *)data, size), ICAL_OBJECT_MAX, &object, &err);
	assert(ret == 0 || ret == -ENOMEM || (ret == -EINVAL && err.http_status != 0 && err.detail[0] != '\0'));
	if (ret == 0) {
		assert(calendar_object_uid(object).len > 0 && calendar_object_count(object) > 0);
		visit(calendar_object_root(object));
		calendar_object_free(object);
	}
	arena_free(arena);
	return 0;
}
