/*
 * What changes a booking: handed to the booking service, which checks and writes in one update. In that update the
 * answer to a request with an Idempotency-Key is looked up first and recorded last, refusals included, so that a
 * repeat is never a second booking.
 *
 * The manage token does not stand in the store: where an answer tells it, the record has a mask, and who asks again
 * gets the token computed anew.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "server/api/bookings_private.h"
#include "server/api/routes.h"
#include "server/auth/password.h"
#include "server/base/config.h"
#include "server/http/problem.h"

#define KEY_MAX   255 /* bytes of an Idempotency-Key */
#define BOOKINGS  API_ROOT "/bookings/"
#define TOKEN_LEN (BOOKING_TOKEN_SIZE - 1)

/* ---- what every change has ---- */

static int take_version(struct api_request *r, struct booking_change *change)
{
	struct slice text = http_header_get(r->http->headers, "If-Match");

	if (text.at == NULL || slice_is(text, "*"))
		return 0;
	if (text.len > 2 && text.at[0] == '"' && text.at[text.len - 1] == '"')
		text = slice_sub(text, 1, text.len - 2);
	if (slice_to_u64(text, UINT64_MAX, &change->version) < 0)
		return api_problem(r, 400, NULL, "If-Match is to be a version, as 3.");
	change->has_version = true;
	return 0;
}

/* SHA-256 of method, path and body: what the key was used for. */
static int digest_request(struct api_request *r, unsigned char digest_r[static IDEMPOTENCY_DIGEST])
{
	AUTO_BUF struct buf b = BUF_INIT(API_BODY_MAX + 65536);

	_Static_assert(IDEMPOTENCY_DIGEST == PASSWORD_DIGEST_SIZE, "the store keeps the whole digest");
	buf_printf(&b, "%s %.*s\n", http_methods[r->row->method].name, SLICE_ARG(r->http->path));
	buf_add_slice(&b, r->http->body);
	return b.err < 0 ? b.err : password_digest(buf_slice(&b), digest_r);
}

static int take_key(struct api_request *r, struct booking_call *call)
{
	struct slice key = http_header_get(r->http->headers, "Idempotency-Key");

	if (key.at == NULL)
		return 0;
	if (key.len == 0 || key.len > KEY_MAX)
		return api_problem(r, 400, NULL, "An Idempotency-Key has 1 to %d bytes.", KEY_MAX);
	call->key = key;
	return digest_request(r, call->request);
}

static int before(struct kv_txn *txn, void *arg);
static int after(struct kv_txn *txn, const struct booking_answer *answer, void *arg);

struct booking_call *api_booking_call(struct api_request *r)
{
	struct booking_call *call = arena_zalloc(r->arena, sizeof(*call));
	const struct booking_hooks hooks = {before, after, r};

	if (call == NULL)
		return NULL;
	r->state = call;
	call->place.hooks = call->change.hooks = hooks;
	call->place.origin = call->change.origin = api_origin(r);
	call->change.id = r->segments[0];
	call->change.customer = r->caller.kind == CALLER_CUSTOMER;
	return call;
}

/* ---- answers ---- */

/* Where the customer finds his booking: at the public address, or the one that the request came to. */
static void add_manage_url(struct api_request *r, struct buf *b, const char *token)
{
	const char *public_url = config_get(r->app->config)->public_url;
	struct slice host = http_header_get(r->http->headers, "Host");
	AUTO_BUF struct buf url = BUF_INIT(8192);

	if (public_url[0] != '\0')
		buf_add_str(&url, public_url);
	else
		buf_printf(&url, "%s://%.*s", r->http->tls ? "https" : "http", SLICE_ARG(host));
	buf_printf(&url, "/book/manage/%s", token);
	json_add_text(b, "manage_url", buf_slice(&url));
	json_add_text(b, "manage_token", slice_str(token));
}

static void write_booking(struct api_request *r, const struct booking_answer *answer)
{
	bool made = r->row->read == api_booking_read;
	struct buf *b = api_answer(r, made ? 201 : 200);

	if (made)
		api_location(r, "bookings", answer->booking.id);
	json_open_object(b, NULL);
	booking_json_members(b, &answer->booking, answer->zone);
	if (made && answer->token[0] != '\0')
		add_manage_url(r, b, answer->token);
	json_close_object(b);
}

static void write_alternatives(struct buf *b, const struct booking_answer *answer)
{
	json_open_array(b, "alternatives");
	for (size_t i = 0; i < answer->other_count; i++) {
		const struct booking_other *other = &answer->others[i];

		api_add_slot(b, answer->zone, other->start, other->end);
		json_open_array(b, "staff");
		for (size_t k = 0; k < other->staff_count; k++)
			json_add_text(b, NULL, other->staff[k]);
		json_close_array(b);
		json_add_integer(b, "seats_left", other->seats_left);
		json_add_integer(b, "cost", other->cost);
		json_close_object(b);
	}
	json_close_array(b);
}

static void write_taken(struct api_request *r, const struct booking_answer *answer)
{
	struct buf *b = &r->http->response.body;

	http_problem_open(r->http, 409, "slot-taken", answer->error.detail);
	json_add_text(b, "reason", slice_str(why_not_word(answer->why)));
	write_alternatives(b, answer);
	json_close_object(b);
}

/* 0 when the answer is written; else what api_finish is to tell. */
static int write_answer(struct api_request *r, const struct booking_answer *answer)
{
	switch (answer->outcome) {
	case BOOKING_DONE:
		write_booking(r, answer);
		return 0;
	case BOOKING_TAKEN:
		write_taken(r, answer);
		return 0;
	case BOOKING_WRONG_STATE:
		http_reply_problem(r->http, 409, "wrong-state", answer->error.detail);
		return 0;
	case BOOKING_TOO_LATE:
		http_reply_problem(r->http, 409, "too-late", answer->error.detail);
		return 0;
	case BOOKING_REPEATED:
		return ((struct booking_call *)r->state)->mismatch
		           ? api_problem(r, 422, "idempotency", "This Idempotency-Key was used for another request.")
		           : 0;
	case BOOKING_NOT_FOUND:
		return -ENOENT;
	case BOOKING_INVALID:
		r->error = answer->error;
		r->error.http_status = 422;
		return -EINVAL;
	case BOOKING_STALE:
		return api_problem(r, 412, NULL, "%s", answer->error.detail);
	case BOOKING_FAILED:
		break;
	}
	return answer->ret < 0 ? answer->ret : -EIO;
}

/* ---- idempotency ---- */

/* Every FROM becomes TO, which is as long. */
static void swap(struct slice text, const char *from, const char *to)
{
	for (;;) {
		ptrdiff_t at = slice_find(text, slice_of(from, TOKEN_LEN));

		if (at < 0)
			return;
		memcpy((char *)text.at + at, to, TOKEN_LEN);
		text = slice_from(text, (size_t)at + TOKEN_LEN);
	}
}

/* No JSON text has this byte: the writer escapes it. */
static void make_mask(char mask_r[static BOOKING_TOKEN_SIZE])
{
	memset(mask_r, '\1', TOKEN_LEN);
	mask_r[TOKEN_LEN] = '\0';
}

static int unmask(struct api_request *r, struct kv_txn *txn, const struct idempotency *record, struct buf *body)
{
	char mask[BOOKING_TOKEN_SIZE], token[BOOKING_TOKEN_SIZE];
	struct booking booking;
	int ret;

	make_mask(mask);
	if (slice_find(buf_slice(body), slice_str(mask)) < 0)
		return 0;
	ret = store_booking_get_by_id(txn, r->arena, slice_from(record->location, sizeof(BOOKINGS) - 1), &booking);
	if (ret == 0)
		ret = booking_token(txn, r->arena, &booking, token);
	if (ret == 0)
		swap(buf_slice(body), mask, token);
	return ret;
}

static int replay(struct api_request *r, struct kv_txn *txn, const struct idempotency *record)
{
	struct buf *b = api_answer(r, (int)record->status);

	if (record->status >= 400) {
		buf_reset(&r->http->response.headers);
		http_reply_text(r->http, (int)record->status, "application/problem+json", SLICE_EMPTY);
		http_reply_header(r->http, "Cache-Control", "no-store");
	}
	if (record->location.len > 0)
		http_reply_header(r->http, "Location", "%.*s", SLICE_ARG(record->location));
	http_reply_header(r->http, "Idempotent-Replayed", "true");
	buf_add_slice(b, record->body);
	return unmask(r, txn, record, b);
}

static int before(struct kv_txn *txn, void *arg)
{
	struct api_request *r = arg;
	struct booking_call *call = r->state;
	struct idempotency record;
	int ret;

	call->mismatch = false;
	if (call->key.at == NULL)
		return 0;
	ret = store_idempotency_get(txn, r->arena, slice_str(r->caller.who), call->key, r->now, &record);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	call->mismatch = memcmp(record.request, call->request, IDEMPOTENCY_DIGEST) != 0;
	ret = call->mismatch ? 0 : replay(r, txn, &record);
	return ret < 0 ? ret : 1;
}

static int record_answer(struct api_request *r, struct kv_txn *txn, const struct booking_answer *answer)
{
	const struct booking_call *call = r->state;
	const struct http_response *response = &r->http->response;
	AUTO_BUF struct buf location = BUF_INIT(1024), body = BUF_INIT(response->body.len + 1);
	struct idempotency record = {.scope = slice_str(r->caller.who), .key = call->key, .status = (uint32_t)response->status,
	    .at = r->now};
	char mask[BOOKING_TOKEN_SIZE];

	memcpy(record.request, call->request, IDEMPOTENCY_DIGEST);
	buf_add_slice(&body, buf_slice(&response->body));
	if (response->status == 201)
		buf_printf(&location, BOOKINGS "%.*s", SLICE_ARG(answer->booking.id));
	if (body.err < 0 || location.err < 0 || response->body.err < 0)
		return -ENOMEM;
	make_mask(mask);
	if (answer->token[0] != '\0')
		swap(buf_slice(&body), answer->token, mask);
	record.location = buf_slice(&location);
	record.body = buf_slice(&body);
	return store_idempotency_put(txn, &record);
}

/* 2xx and 409 are kept. */
static int after(struct kv_txn *txn, const struct booking_answer *answer, void *arg)
{
	struct api_request *r = arg;
	const struct booking_call *call = r->state;
	int status;

	if (call->key.at == NULL || write_answer(r, answer) < 0)
		return 0;
	status = r->http->response.status;
	return status < 300 || status == 409 ? record_answer(r, txn, answer) : 0;
}

/* ---- starting ---- */

static void done(const struct booking_answer *answer, void *arg)
{
	struct api_request *r = arg;

	r->error = ERROR_NONE;
	api_finish(r, write_answer(r, answer));
}

void api_booking_place(struct api_request *r)
{
	struct booking_call *call = r->state;
	int ret = take_key(r, call);

	if (ret < 0)
		api_finish(r, ret);
	else
		booking_place(r->app->changes, r->arena, &call->place, done, r);
}

static void change(struct api_request *r)
{
	struct booking_call *call = r->state;
	int ret = take_key(r, call);

	if (ret == 0)
		ret = take_version(r, &call->change);
	if (ret < 0)
		api_finish(r, ret);
	else
		booking_change(r->app->changes, r->arena, &call->change, done, r);
}

void api_booking_patch(struct api_request *r)
{
	change(r);
}

/* Of the rows that have no body: the address says what is done. */
static void change_to(struct api_request *r, enum booking_action action)
{
	struct booking_call *call = api_booking_call(r);

	if (call == NULL) {
		api_finish(r, -ENOMEM);
		return;
	}
	call->change.action = action;
	change(r);
}

void api_booking_cancel(struct api_request *r)
{
	change_to(r, BOOKING_CANCEL);
}

void api_booking_confirm(struct api_request *r)
{
	change_to(r, BOOKING_CONFIRM);
}

void api_booking_extend(struct api_request *r)
{
	change_to(r, BOOKING_EXTEND);
}
