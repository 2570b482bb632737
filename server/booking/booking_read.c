/* What is asked of services and bookings without writing: slots, policies, tokens, words. */
#include <config.h>

#include <errno.h>

#include "server/base/digest.h"
#include "server/booking/booking_private.h"
#include "server/booking/services.h"
#include "server/booking/world_load.h"

/* ---- services ---- */

int booking_policy(struct kv_txn *txn, struct arena *arena, struct slice id, struct policy *policy_r)
{
	struct service stored;
	int ret = store_service_get(txn, arena, id, &stored);

	return ret < 0 ? ret : services_read(arena, &stored, policy_r);
}

const struct zone *booking_zone(const struct change_service *service, const struct policy *policy)
{
	const struct zone_set *zones = service->zones;
	const struct zone *zone = policy->timezone.len > 0 ? zone_set_find(zones, policy->timezone) : NULL;

	if (zone == NULL)
		zone = zone_set_find(zones, service->timezone);
	return zone != NULL ? zone : zone_utc();
}

static int policy_of_members(struct arena *arena, const struct booking *booking, struct policy *policy_r)
{
	struct policy_need *needs = arena_array(arena, booking->resource_count + 1, sizeof(*needs));
	int64_t *weights = arena_array(arena, booking->staff_count + 1, sizeof(*weights));

	if (needs == NULL || weights == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < booking->resource_count; i++)
		needs[i] = (struct policy_need){.id = booking->resources[i], .count = 1};
	for (size_t i = 0; i < booking->staff_count; i++)
		weights[i] = 1;
	*policy_r = (struct policy){
		.duration = booking->core.end - booking->core.start,
		.buffer_before = booking->before,
		.buffer_after = booking->after,
		.staff = booking->staff,
		.weights = weights,
		.staff_count = booking->staff_count,
		.assignment = booking->staff_count > 1 ? ASSIGN_COLLECTIVE : ASSIGN_FIXED,
		.needs = needs,
		.need_count = booking->resource_count,
		.step_minutes = 30,
		.horizon_days = POLICY_HORIZON_MAX,
		.capacity = 1,
		.tentative_blocks = true,
	};
	return 0;
}

int booking_own_policy(struct kv_txn *txn, struct arena *arena, const struct booking *booking, struct policy *policy_r)
{
	int ret = booking->service.len > 0 ? booking_policy(txn, arena, booking->service, policy_r) : -ENOENT;

	if (ret == -ENOENT)
		return policy_of_members(arena, booking, policy_r);
	if (ret == 0)
		policy_r->duration = booking->core.end - booking->core.start; /* people may have made it longer */
	return ret;
}

/* ---- slots ---- */

int booking_slots(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct booking_slots *question, slot_fn *fn, void *arg, struct policy *policy_r, const struct zone **zone_r)
{
	struct policy policy;
	struct world world;
	struct world_question asked = {
		.policy = &policy,
		.window = question->window,
		.party = question->seats,
		.own = question->own,
	};
	const struct member *named = NULL;
	int index = -1, ret = booking_policy(txn, arena, question->service, &policy);

	if (ret < 0)
		return ret;
	if (question->staff.len > 0) {
		index = policy_find_staff(&policy, question->staff);
		if (index < 0)
			return -EINVAL;
	}
	if (policy_r != NULL)
		*policy_r = policy;
	if (zone_r != NULL)
		*zone_r = booking_zone(service, &policy);
	ret = world_load(service, txn, arena, &asked, &world);
	if (index >= 0)
		named = &world.staff[index];
	if (ret == 0)
		ret = slots_each(arena, &world, question->window, named, fn, arg);
	world_done(&world);
	return ret;
}

/* ---- manage tokens ---- */

#define SECRET_NAME   SLICE("manage-secret")
#define TOKEN_BYTES   20 /* of an HMAC: 160 bits */

/* In an update the secret is made when there is none; a view finds the one with which the first booking was made. */
static int get_secret(struct kv_txn *txn, struct arena *arena, bool make, struct slice *secret_r)
{
	char *secret;
	int ret = store_meta_get(txn, arena, SECRET_NAME, secret_r);

	if (ret != -ENOENT || !make)
		return ret;
	secret = arena_alloc(arena, DIGEST_SIZE);
	if (secret == NULL || !digest_random(secret, DIGEST_SIZE))
		return secret == NULL ? -ENOMEM : -EIO;
	*secret_r = slice_of(secret, DIGEST_SIZE);
	return store_meta_put(txn, SECRET_NAME, *secret_r);
}

/* 32 characters of base 32 (RFC 4648, 6) in lower case: easy to read aloud, and safe in an address. */
static void spell(const unsigned char bytes[static TOKEN_BYTES], char token_r[static BOOKING_TOKEN_SIZE])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned bits = 0, count = 0;
	size_t n = 0;

	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		bits = bits << 8 | bytes[i];
		for (count += 8; count >= 5; count -= 5)
			token_r[n++] = letters[bits >> (count - 5) & 31];
	}
	token_r[n] = '\0';
}

static int compute_token(struct kv_txn *txn, struct arena *arena, bool make, struct slice id,
    char token_r[static BOOKING_TOKEN_SIZE])
{
	unsigned char digest[DIGEST_SIZE];
	struct slice secret;
	int ret = get_secret(txn, arena, make, &secret);

	if (ret == 0 && !digest_hmac(secret, id, digest))
		ret = -ENOMEM;
	if (ret == 0)
		spell(digest, token_r);
	return ret;
}

int booking_token(struct kv_txn *txn, struct arena *arena, const struct booking *booking,
    char token_r[static BOOKING_TOKEN_SIZE])
{
	token_r[0] = '\0';
	return booking->has_token ? compute_token(txn, arena, false, booking->id, token_r) : 0;
}

int booking_give_token(struct kv_txn *txn, struct arena *arena, struct booking *booking,
    char token_r[static BOOKING_TOKEN_SIZE])
{
	int ret = compute_token(txn, arena, true, booking->id, token_r);

	booking->has_token = ret == 0;
	if (ret == 0 && !digest_sha256(slice_str(token_r), booking->token))
		ret = -ENOMEM;
	return ret;
}

int booking_by_token(struct kv_txn *txn, struct arena *arena, struct slice token,
    struct booking *booking_r)
{
	unsigned char digest[DIGEST_SIZE];

	if (token.len != BOOKING_TOKEN_SIZE - 1)
		return -ENOENT;
	return digest_sha256(token, digest) ? store_booking_get_by_token(txn, arena, digest, booking_r) : -ENOMEM;
}

/* ---- words ---- */

const char *booking_status_word(enum booking_status status)
{
	static const char *const words[] = {
	    [BOOKING_HELD] = "held",
	    [BOOKING_CONFIRMED] = "confirmed",
	    [BOOKING_CANCELLED] = "cancelled",
	    [BOOKING_COMPLETED] = "completed",
	    [BOOKING_NO_SHOW] = "no_show",
	};

	return words[status];
}

static void add_time(struct buf *b, const char *name, instant_t at, const struct zone *zone)
{
	AUTO_BUF struct buf text = BUF_INIT(64);

	buf_add_rfc3339(&text, at, zone_offset_at(zone, at));
	json_add_text(b, name, buf_slice(&text));
}

static void add_names(struct buf *b, const char *name, const struct slice *names, size_t count)
{
	json_open_array(b, name);
	for (size_t i = 0; i < count; i++)
		json_add_text(b, NULL, names[i]);
	json_close_array(b);
}

static void add_customer(struct buf *b, const struct booking *booking)
{
	if (booking->customer_name.len == 0 && booking->customer_email.len == 0) {
		json_add_null(b, "customer");
		return;
	}
	json_open_object(b, "customer");
	json_add_text(b, "name", booking->customer_name);
	json_add_text(b, "email", booking->customer_email);
	json_add_text(b, "phone", booking->customer_phone);
	json_add_text(b, "timezone", booking->customer_timezone);
	json_add_text(b, "language", booking->customer_language);
	json_close_object(b);
}

void booking_json_members(struct buf *b, const struct booking *booking, const struct zone *zone)
{
	json_add_text(b, "id", booking->id);
	json_add_text(b, "uid", booking->uid);
	json_add_text(b, "status", slice_str(booking_status_word(booking->status)));
	if (booking->status == BOOKING_CANCELLED && booking->reason.len > 0)
		json_add_text(b, "reason", booking->reason);
	if (booking->service.len > 0)
		json_add_text(b, "service", booking->service);
	else
		json_add_null(b, "service");
	add_time(b, "start", booking->core.start, zone);
	add_time(b, "end", booking->core.end, zone);
	json_add_text(b, "timezone", zone_name(zone));
	add_names(b, "staff", booking->staff, booking->staff_count);
	add_names(b, "resources", booking->resources, booking->resource_count);
	add_customer(b, booking);
	json_add_text(b, "notes", booking->notes);
	json_add_integer(b, "seats", booking->seats);
	json_add_null(b, "video");
	if (booking->status == BOOKING_HELD)
		add_time(b, "expires_at", booking->expires, zone);
	else
		json_add_null(b, "expires_at");
	json_add_integer(b, "version", (int64_t)booking->version);
	add_time(b, "created", booking->created, zone);
	add_time(b, "updated", booking->updated, zone);
}
