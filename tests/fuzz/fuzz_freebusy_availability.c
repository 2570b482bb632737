/* Any text is refused with a reason or closes time within the window alone. */
#include <config.h>

#include <assert.h>
#include <errno.h>
#include <stdint.h>

#include "protocol/freebusy/availability.h"
#include "protocol/ical/calendar_object.h"

#define INPUT_MAX 32768

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct interval window = {1805670000, 1805670000 + 14 * DAY_SECONDS};
	struct slice text = slice_of((const char *)data, size < INPUT_MAX ? size : INPUT_MAX);
	struct availability availability = {.window = window};
	struct freebusy_reply reply = {.window = window};
	struct zone_set *zones = zone_set_new();
	struct arena *arena = arena_new(256 << 20);
	struct error err = ERROR_NONE;
	int ret;

	calendar_object_init();
	zone_set_seal(zones);
	ret = availability_add(&availability, arena, zones, text, zone_utc(), 100, &err);
	assert(ret == 0 || ret == -ENOMEM || ret == -E2BIG || (ret == -EINVAL && err.http_status == 403));
	if (ret == 0 && availability_apply(&availability, &reply) == 0)
		for (int kind = FREEBUSY_TENTATIVE; kind <= FREEBUSY_UNAVAILABLE; kind++)
			for (size_t i = 0; i < reply.kinds[kind].count; i++)
				assert(reply.kinds[kind].at[i].start >= window.start && reply.kinds[kind].at[i].end <= window.end);
	availability_free(&availability);
	freebusy_reply_free(&reply);
	arena_free(arena);
	zone_set_free(zones);
	return 0;
}
