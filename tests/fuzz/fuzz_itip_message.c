/* Scheduling messages and questions for free/busy times: never a crash, and what is accepted is written and read alike. */
#include <config.h>

#include <stdint.h>
#include <stdlib.h>

#include "protocol/itip/freebusy_request.h"
#include "tests/support/zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct itip_env *env, struct slice text)
{
	struct itip_message message, again;
	struct freebusy_request request;
	struct slice written;

	if (freebusy_request_read(env, text, &request, NULL) == 0 && request.window.end <= request.window.start)
		abort();
	if (itip_message_read(env, text, &message, NULL) < 0)
		return;
	if (itip_message_write(env, message.method, message.body, &written) < 0)
		abort();
	if (itip_message_read(env, written, &again, NULL) < 0 || again.method != message.method ||
	    !slice_equal(again.body, message.body))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"Europe/Amsterdam", "America/Nuuk", NULL};
	static struct zone_set *zones;
	struct itip_env env = {.arena = arena_new(64u << 20), .floating = zone_utc(), .now = 1800000000};

	if (zones == NULL) {
		calendar_object_init();
		zones = support_zones(names);
	}
	env.zones = zones;
	if (env.arena != NULL && size < 100000)
		check(&env, slice_of((const char *)data, size));
	arena_free(env.arena);
	return 0;
}
