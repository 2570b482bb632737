/* Who asks: the key, or a booking's token, in the Authorization field (RFC 6750). */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "protocol/http/credentials.h"
#include "server/api/api_private.h"
#include "server/auth/password.h"
#include "server/base/config.h"
#include "server/base/metrics.h"
#include "server/base/rate.h"
#include "server/booking/booking.h"

static int challenge(struct api_request *r, const char *sentence)
{
	return api_problem(r, 401, NULL, "%s", sentence);
}

static int take_key(struct api_request *r, struct kv_txn *txn, struct slice token)
{
	unsigned char digest[PASSWORD_DIGEST_SIZE];
	struct api_key key;
	int ret = password_digest(token, digest);

	if (ret == 0)
		ret = store_api_key_get(txn, r->arena, digest, &key);
	if (ret < 0)
		return ret;
	r->caller.kind = key.role == API_ROLE_ADMIN ? CALLER_ADMIN : CALLER_BOOKING;
	snprintf(r->caller.who, sizeof(r->caller.who), "key %llu", (unsigned long long)key.id);
	return 0;
}

/* A booking's token opens that booking, where a row lets customers in. */
static int take_manage_token(struct api_request *r, struct kv_txn *txn, struct slice token)
{
	struct booking booking;
	int ret;

	if (r->row->access != API_CUSTOMER && !r->row->own)
		return -ENOENT;
	ret = booking_by_token(txn, r->arena, token, &booking);
	if (ret < 0)
		return ret;
	r->caller.kind = CALLER_CUSTOMER;
	r->caller.booking = booking.id;
	snprintf(r->caller.who, sizeof(r->caller.who), "customer %.*s", SLICE_ARG(booking.id));
	return 0;
}

/* What the Authorization field has, or for a customer the query. */
static int take_token(struct api_request *r, struct slice *token_r)
{
	struct slice header = http_header_get(r->http->headers, "Authorization"), manage = api_parameter(r, "manage");

	if (header.at == NULL && manage.at == NULL)
		return 0;
	if (!r->http->secure)
		return api_problem(r, 403, NULL, "Keys are accepted over TLS only: use https.");
	*token_r = manage;
	if (header.at == NULL || http_bearer_parse(header, token_r))
		return 1;
	return challenge(r, "A key is sent as Authorization: Bearer KEY.");
}

int api_identify(struct api_request *r, struct kv_txn *txn)
{
	struct slice token;
	int ret = take_token(r, &token);

	r->caller = (struct api_caller){.kind = CALLER_PUBLIC};
	snprintf(r->caller.who, sizeof(r->caller.who), "address %s", r->http->peer_address);
	if (ret <= 0)
		return ret;
	ret = take_key(r, txn, token);
	if (ret == -ENOENT)
		ret = take_manage_token(r, txn, token);
	if (ret != -ENOENT)
		return ret;
	metrics_add(r->app->metrics, METRIC_SIGN_INS_REFUSED, 1);
	return challenge(r, "There is no such key.");
}

int api_permit(struct api_request *r)
{
	static const enum api_caller_kind least[] = {[API_PUBLIC] = CALLER_PUBLIC, [API_CUSTOMER] = CALLER_CUSTOMER,
	    [API_BOOKING] = CALLER_BOOKING, [API_ADMIN] = CALLER_ADMIN};

	if (r->caller.kind >= least[r->row->access])
		return r->row->access == API_CUSTOMER && r->caller.kind == CALLER_CUSTOMER &&
		               !slice_equal(r->caller.booking, r->segments[0])
		           ? -ENOENT /* somebody else's */
		           : 0;
	if (r->caller.kind == CALLER_PUBLIC)
		return challenge(r, "This needs a key.");
	return api_problem(r, 403, NULL, "This key may not do that.");
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int api_limit_rate(struct api_request *r)
{
	const struct config_values *config = config_get(r->app->config);
	bool slots = r->row->rate == API_RATE_SLOTS;
	unsigned seconds;

	if (r->row->rate == API_UNLIMITED || r->caller.kind >= CALLER_BOOKING)
		return 0;
	seconds = rate_take(slots ? r->app->slot_rate : r->app->booking_rate, r->http->peer_address,
	    slots ? config->rate_limit_slots : config->rate_limit_bookings, now_us());
	if (seconds == 0)
		return 0;
	r->retry_after = seconds;
	return api_problem(r, 429, NULL, "Too many requests from this address; wait %u s.", seconds);
}
