/*
 * A message, an object that is stored and one that a client writes, apart by NUL bytes: never a crash; what comes out is a
 * calendar object; and what was applied has no second effect.
 */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/itip/apply.h"
#include "protocol/itip/attendee_change.h"
#include "protocol/itip/organizer_change.h"
#include "tests/support/zones.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice address[] = {{"mailto:b@example.org", 20}};
static const struct itip_user user = {address, 1};

static bool is_object(const struct itip_env *env, struct slice text)
{
	struct calendar_object *object;

	return text.len > 0 && calendar_object_parse(env->arena, env->zones, text, ITIP_MESSAGE_MAX, &object, NULL) == 0;
}

static void must_be_read(const struct itip_env *env, struct slice text)
{
	struct calendar_object *object;

	if (calendar_object_read(env->arena, env->zones, text, &object) == -EBADMSG)
		abort();
}

static void check_apply(const struct itip_env *env, struct slice text, struct slice stored)
{
	struct itip_applied applied, again;
	struct itip_message message;

	if (itip_message_read(env, text, &message, NULL) < 0 || itip_apply(env, &message, stored, &user, &applied) < 0 ||
	    applied.outcome != ITIP_APPLIED)
		return;
	must_be_read(env, applied.text);
	if (message.method == ITIP_REPLY && itip_apply(env, &message, applied.text, &user, &again) == 0 &&
	    again.outcome == ITIP_APPLIED && again.text.len > 4 * applied.text.len)
		abort();
}

static void check_changes(const struct itip_env *env, struct slice old, struct slice new)
{
	struct itip_organizer_change change;
	struct itip_attendee_change answer;

	if (itip_attendee_change(env, old, new, &user, &answer, NULL) == 0) {
		must_be_read(env, answer.text);
		if (answer.reply.len > 0)
			must_be_read(env, answer.reply);
	}
	if (itip_organizer_change(env, old, new, &user, NULL, &change, NULL) < 0)
		return;
	must_be_read(env, change.text);
	for (size_t i = 0; i < change.count && i < 10; i++) {
		const struct itip_delivery *delivery = &change.deliveries[i];
		struct slice body;

		if (itip_organizer_message(env, delivery->as_it_was ? old : change.text, delivery, &body) == 0)
			must_be_read(env, body);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"Europe/Amsterdam", NULL};
	static struct zone_set *zones;
	struct itip_env env = {.arena = arena_new(256u << 20), .floating = zone_utc(), .now = 1800000000};
	struct slice rest = slice_of((const char *)data, size), message, stored = SLICE_EMPTY, new = SLICE_EMPTY;

	if (zones == NULL) {
		calendar_object_init();
		zones = support_zones(names);
	}
	env.zones = zones;
	if (env.arena != NULL && size < 20000 && slice_next(&rest, '\0', &message)) {
		(void)(rest.at != NULL && slice_next(&rest, '\0', &stored) && rest.at != NULL && slice_next(&rest, '\0', &new));
		if (is_object(&env, stored))
			check_apply(&env, message, stored);
		if (is_object(&env, stored) && is_object(&env, new))
			check_changes(&env, stored, new);
	}
	arena_free(env.arena);
	return 0;
}
