/* Case files: whatever is read is answered with JSON that can be read again, for people too, or refused with a sentence. */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/ical/calendar_object.h"
#include "protocol/json/json.h"
#include "server/booking/explain.h"
#include "tests/support/zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIZE_LIMIT 65536

static const char *const zone_names[] = {"Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", NULL};
static struct zone_set *zones;

static void check_answer(struct slice text)
{
	AUTO_JSON struct json_document *document = NULL;

	if (json_read(text, text.len, &document, NULL) < 0)
		abort();
}

static void explain(struct arena *arena, struct slice json, enum explain_form form)
{
	AUTO_BUF struct buf out = BUF_INIT(64u << 20);
	struct error err = ERROR_NONE;
	int ret = explain_case(arena, zones, json, form, &out, &err);

	if (ret == 0 && form == EXPLAIN_JSON)
		check_answer(buf_slice(&out));
	if (ret == -EINVAL && err.detail[0] == '\0')
		abort();
	if (ret < 0 && ret != -EINVAL && ret != -E2BIG && ret != -ENOMEM && ret != -EMSGSIZE)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice json = slice_of((const char *)data, size);
	struct arena *arena;

	if (zones == NULL) {
		calendar_object_init();
		zones = support_zones(zone_names);
	}
	if (size > SIZE_LIMIT)
		return 0;
	arena = arena_new(256u << 20);
	if (arena == NULL)
		abort();
	explain(arena, json, EXPLAIN_JSON);
	arena_reset(arena);
	explain(arena, json, EXPLAIN_FOR_PEOPLE);
	arena_free(arena);
	return 0;
}
