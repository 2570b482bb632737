/* Text that is taken as alarms cannot end the event that it is put into. */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "protocol/base/buf.h"
#include "protocol/ical/alarms.h"
#include "protocol/ical/calendar_object.h"
#include "protocol/ical/split.h"

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(const struct ical_part *part, void *arg)
{
	(void)part;
	++*(size_t *)arg;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_of((const char *)data, size < INPUT_MAX ? size : INPUT_MAX);
	struct zone_set *zones = zone_set_new();
	struct arena *arena = arena_new(64 << 20);
	AUTO_BUF struct buf b = BUF_INIT(2 * INPUT_MAX);
	struct error err = ERROR_NONE;
	size_t parts = 0;
	int ret;

	calendar_object_init();
	zone_set_seal(zones);
	ret = ical_alarms_check(arena, zones, text, &err);
	assert(ret == 0 || ret == -ENOMEM || (ret == -EINVAL && err.condition == CALDAV_VALID_CALENDAR_DATA));
	if (ret == 0) {
		buf_add_str(&b, "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n");
		buf_add_slice(&b, text);
		buf_add_str(&b, "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
		assert(ical_split(arena, buf_slice(&b), count, &parts, &err) == 0 && parts == 1);
	}
	arena_free(arena);
	zone_set_free(zones);
	return 0;
}
