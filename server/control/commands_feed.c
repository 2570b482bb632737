/* Feeds: secret addresses of a calendar or of somebody's free/busy, for programs that cannot sign in. */
#include <config.h>

#include <errno.h>
#include <string.h>

#include "protocol/json/json.h"
#include "server/auth/password.h"
#include "server/control/commands_private.h"

/* "NAME[/CAL]" and what of it the command is about. */
struct feed_call {
	struct command_call *call;
	struct slice name, calendar; /* calendar empty: not said */
	struct principal owner;
	uint64_t collection; /* 0: not said, or free/busy */
	bool free_busy;
	uint64_t id; /* 0: all */
	struct feed feed;
	size_t count;
	bool json;
};

static int read_target(struct feed_call *feed)
{
	struct command_call *call = feed->call;
	struct slice text = slice_str(call->arguments[0]);

	feed->free_busy = command_option(call, "free-busy") != NULL;
	feed->calendar = SLICE_EMPTY;
	if (slice_find_byte(text, '/') < 0) {
		feed->name = text;
		return COMMAND_OK;
	}
	if (feed->free_busy)
		return command_fail(call, COMMAND_USAGE, "--free-busy is of all calendars of a person: give NAME alone");
	return command_calendar_name(call, call->arguments[0], &feed->name, &feed->calendar);
}

/* -ENOENT: no such principal or calendar. */
static int find_target(struct feed_call *feed, struct kv_txn *txn, struct slice calendar)
{
	struct collection collection;
	int ret = store_principal_get(txn, feed->call->arena, feed->name, &feed->owner);

	feed->collection = 0;
	if (ret == 0 && feed->owner.kind == PRINCIPAL_GROUP)
		return -ENOENT;
	if (ret < 0 || calendar.len == 0)
		return ret;
	ret = store_collection_get(txn, feed->call->arena, feed->name, calendar, &collection);
	if (ret == 0 && collection.kind != COLLECTION_CALENDAR && collection.kind != COLLECTION_BOOKINGS)
		return -ENOENT; /* nothing in it to subscribe to */
	if (ret == 0)
		feed->collection = collection.id;
	return ret;
}

static int failed(struct feed_call *feed, int ret)
{
	if (ret == -ENOENT)
		return command_fail(feed->call, COMMAND_FAILED, "there is no %s", feed->call->arguments[0]);
	return command_store_failed(feed->call, ret);
}

/* ---- feed create ---- */

static int create_in(struct kv_txn *txn, void *arg)
{
	struct feed_call *feed = arg;
	struct slice calendar = feed->calendar.len > 0 || feed->free_busy ? feed->calendar : SLICE("bookings");
	int ret = find_target(feed, txn, calendar);

	feed->feed.owner = feed->owner.id;
	feed->feed.collection = feed->collection;
	return ret < 0 ? ret : store_feed_put(txn, &feed->feed);
}

int command_feed_create(struct command_call *call)
{
	struct feed_call feed = {.call = call, .feed = {.created = clock_now(call->app->clock)}};
	char made[PASSWORD_MADE_LENGTH + 1];
	int ret, status = read_target(&feed);

	_Static_assert(FEED_DIGEST == PASSWORD_DIGEST_SIZE, "the store keeps the whole digest");
	if (status != COMMAND_OK)
		return status;
	ret = password_make(made);
	if (ret == 0)
		ret = password_digest(slice_str(made), feed.feed.digest);
	if (ret < 0)
		return command_fail(call, COMMAND_FAILED, "no random bytes to be had");
	ret = kv_update_wait(store_kv(call->app->store), create_in, &feed);
	if (ret == 0)
		buf_printf(&call->out, "%s\n", made);
	explicit_bzero(made, sizeof(made));
	return ret < 0 ? failed(&feed, ret) : COMMAND_OK;
}

/* ---- feed list ---- */

struct listing {
	struct feed_call *feed;
	struct kv_txn *txn;
};

static int show(const struct feed *feed, void *arg)
{
	struct listing *listing = arg;
	struct command_call *call = listing->feed->call;
	AUTO_BUF struct buf created = BUF_INIT(64);
	struct collection collection = {.name = SLICE_EMPTY};

	if (listing->feed->collection != 0 && feed->collection != listing->feed->collection)
		return 0;
	if (feed->collection != 0) {
		int ret = store_collection_get_by_id(listing->txn, call->arena, feed->collection, &collection);

		if (ret < 0)
			return ret;
	}
	buf_add_rfc3339(&created, feed->created, 0);
	if (listing->feed->json) {
		json_open_object(&call->out, NULL);
		json_add_integer(&call->out, "id", (int64_t)feed->id);
		json_add_text(&call->out, "calendar", collection.name);
		json_add_boolean(&call->out, "free_busy", feed->collection == 0);
		json_add_text(&call->out, "created", buf_slice(&created));
		json_close_object(&call->out);
	} else {
		buf_printf(&call->out, "%-6llu %.*s %.*s\n", (unsigned long long)feed->id, SLICE_ARG(buf_slice(&created)),
		    SLICE_ARG(feed->collection != 0 ? collection.name : SLICE("(free/busy)")));
	}
	return 0;
}

static int list_in(struct kv_txn *txn, void *arg)
{
	struct feed_call *feed = arg;
	struct listing listing = {feed, txn};
	struct buf *out = &feed->call->out;
	int ret = find_target(feed, txn, feed->calendar);

	buf_reset(out);
	if (ret < 0)
		return ret;
	if (feed->json)
		json_open_array(out, NULL);
	ret = store_feed_each(txn, feed->owner.id, show, &listing);
	if (feed->json) {
		json_close_array(out);
		buf_add_char(out, '\n');
	}
	return ret;
}

int command_feed_list(struct command_call *call)
{
	struct feed_call feed = {.call = call, .json = command_option(call, "json") != NULL};
	int ret, status = read_target(&feed);

	if (status != COMMAND_OK)
		return status;
	ret = kv_view(store_kv(call->app->store), list_in, &feed);
	return ret < 0 ? failed(&feed, ret) : COMMAND_OK;
}

/* ---- feed revoke ---- */

/* Picks the next to go: an update may not write while it walks. */
static int pick(const struct feed *row, void *arg)
{
	struct feed_call *feed = arg;

	if ((feed->id != 0 && row->id != feed->id) || (feed->collection != 0 && row->collection != feed->collection))
		return 0;
	feed->feed = *row;
	return 1;
}

static int revoke_in(struct kv_txn *txn, void *arg)
{
	struct feed_call *feed = arg;
	int ret = find_target(feed, txn, feed->calendar);

	feed->count = 0;
	while (ret == 0) {
		ret = store_feed_each(txn, feed->owner.id, pick, feed);
		if (ret <= 0)
			return ret;
		ret = store_feed_delete(txn, &feed->feed);
		feed->count++;
	}
	return ret;
}

int command_feed_revoke(struct command_call *call)
{
	struct feed_call feed = {.call = call};
	const char *id = command_option(call, "id");
	int ret, status = read_target(&feed);

	if (status != COMMAND_OK)
		return status;
	if (id != NULL && (slice_to_u64(slice_str(id), UINT64_MAX, &feed.id) < 0 || feed.id == 0))
		return command_fail(call, COMMAND_USAGE, "--id: %s is no number of feed list", id);
	ret = kv_update_wait(store_kv(call->app->store), revoke_in, &feed);
	if (ret < 0)
		return failed(&feed, ret);
	if (feed.count == 0)
		return command_fail(call, COMMAND_FAILED, "%s has no such feed", call->arguments[0]);
	buf_printf(&call->out, "%zu revoked\n", feed.count);
	return COMMAND_OK;
}
