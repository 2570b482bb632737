/*
 * A calendar-query body, a NUL, and a stored object: whatever is asked of whatever is stored, what stays of the object
 * can be read again, nothing that recurs is left in an expanded one, and as XML it is well formed.
 */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/base/cleanup.h"
#include "protocol/dav/calendar_data.h"
#include "protocol/dav/report_request.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/recur/instances.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY    (256 << 20)
#define INPUT_MAX 65536
#define ANSWER    (64 << 20)

static void require(bool holds)
{
	if (!holds)
		abort();
}

static const struct xml_element *find_data(const struct property_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->names[i].element != NULL && list->names[i].element->id == XML_CALDAV_CALENDAR_DATA)
			return list->names[i].element;
	return NULL;
}

static void check_expanded(const struct calendar_object *object)
{
	require(!recur_is_recurring(object) || calendar_object_master(object) == NULL);
	for (size_t i = 0; i < component_child_count(calendar_object_root(object)); i++) {
		const struct component *c = component_child(calendar_object_root(object), i);
		const struct ical_period *rdates;
		const struct ical_time *exdates;

		require(component_bit(c) != ICAL_VTIMEZONE);
		require(component_rrule_count(c) == 0 && component_rdates(c, &rdates) == 0 &&
		        component_exdates(c, &exdates) == 0);
	}
}

/* The parts of ANSWER that are of iCalendar's own kinds; instances of one set may repeat a RECURRENCE-ID nowhere. */
static void check_answer(struct arena *arena, const struct zone_set *zones, const struct calendar_data *request,
    uint32_t kind, struct slice answer)
{
	struct calendar_object *object;
	struct error err = ERROR_NONE;
	bool recurs = (kind & (ICAL_VEVENT | ICAL_VTODO | ICAL_VJOURNAL)) != 0;

	if (request->root != NULL) /* in part it need not be a valid object */
		return;
	if (calendar_object_parse(arena, zones, answer, SIZE_MAX, &object, &err) < 0) {
		/* Nothing in the range. */
		require(request->recurrence == RECURRENCE_EXPANDED && slice_find(answer, SLICE("BEGIN:VEVENT")) < 0);
		return;
	}
	require(calendar_object_component(object) == kind);
	if (request->recurrence == RECURRENCE_EXPANDED && recurs)
		check_expanded(object);
	calendar_object_free(object);
}

static void check_escaped(struct arena *arena, struct slice answer)
{
	AUTO_BUF struct buf xml = BUF_INIT(ANSWER);
	const struct xml_element *root;
	struct error err = ERROR_NONE;

	if (answer.len > 1 << 20)
		return;
	buf_add_str(&xml, "<a>");
	calendar_data_escape(&xml, answer);
	buf_add_str(&xml, "</a>");
	if (xml.err == 0)
		require(xml_read(arena, buf_slice(&xml), &root, &err) != -EINVAL);
}

static void ask(struct arena *arena, const struct zone_set *zones, const struct report_request *report,
    struct slice text, const struct calendar_object *object)
{
	const struct xml_element *element = find_data(&report->props);
	AUTO_BUF struct buf out = BUF_INIT(ANSWER);
	struct calendar_data request;
	bool matches;
	int ret;

	if (report->kind == REPORT_CALENDAR_QUERY)
		require(calendar_filter_match(arena, &report->filter, object, zone_utc(), &matches) != -EINVAL);
	if (element == NULL || calendar_data_read(arena, element, &request, NULL) < 0)
		return;
	ret = calendar_data_write(arena, zones, text, &request, zone_utc(), &out);
	require(ret == 0 || ret == -ENOMEM || ret == -EMSGSIZE ||
	        (ret == -EINVAL && request.recurrence == RECURRENCE_EXPANDED));
	if (ret < 0)
		return;
	require(request.root != NULL || request.recurrence == RECURRENCE_EXPANDED || out.len <= text.len);
	check_answer(arena, zones, &request, calendar_object_component(object), buf_slice(&out));
	check_escaped(arena, buf_slice(&out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_of((const char *)data, size), text;
	struct report_request report = {.kind = REPORT_UNKNOWN};
	ptrdiff_t nul = slice_find_byte(input, '\0');
	struct zone_set *zones = zone_set_new();
	struct arena *arena = arena_new(MEMORY);
	struct calendar_object *object;
	struct error err = ERROR_NONE;

	calendar_object_init();
	if (zones != NULL && arena != NULL && nul > 0 && size <= INPUT_MAX) {
		zone_set_seal(zones);
		text = slice_from(input, (size_t)nul + 1);
		if (report_read(arena, slice_sub(input, 0, (size_t)nul), &report, &err) == 0 &&
		    calendar_object_parse(arena, zones, text, ICAL_OBJECT_MAX, &object, &err) == 0) {
			ask(arena, zones, &report, text, object);
			calendar_object_free(object);
		}
	}
	arena_free(arena);
	zone_set_free(zones);
	return 0;
}
