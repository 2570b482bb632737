#include <config.h>

#include "server/dav/calendar_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "protocol/http/precondition.h"
#include "protocol/ical/split.h"

static struct slice title_of(const struct collection *collection)
{
	return collection->display_name.len > 0 ? collection->display_name : collection->name;
}

/* FNV-1a: tells two names of one calendar apart; nobody gains by a collision. */
static uint32_t hash_of(struct slice text)
{
	uint32_t hash = UINT32_C(0x811c9dc5);

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.at[i]) * UINT32_C(0x01000193);
	return hash;
}

int calendar_stream_etag(struct dav_request *d, struct kv_txn *txn, const struct collection *collection,
    char etag_r[static CALENDAR_STREAM_ETAG])
{
	uint64_t number;
	int ret = store_collection_change(txn, collection->id, &number);

	if (ret < 0)
		return ret;
	snprintf(etag_r, CALENDAR_STREAM_ETAG, "\"%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx32 "\"",
	    store_epoch(d->app->store), collection->id, number, hash_of(title_of(collection)));
	return 0;
}

struct stream {
	struct dav_request *d;
	struct kv_txn *txn;
	struct ical_join *join;
	struct buf text; /* of the present object */
	size_t bytes;
};

static int add_object(const struct object *object, void *arg)
{
	struct stream *stream = arg;
	struct slice body;
	int ret;

	if ((object->flags & OBJECT_REFUSED) != 0)
		return 0;
	stream->bytes += object->size;
	if (stream->bytes > CALENDAR_STREAM_MAX)
		return -EMSGSIZE;
	ret = store_body_get(stream->txn, object->id, &body);
	if (ret < 0)
		return ret == -ENOENT ? -EBADMSG : ret;
	buf_reset(&stream->text);
	ret = dav_add_text(stream->d, body, &stream->text);
	if (ret == 0)
		ret = stream->text.err;
	if (ret == 0)
		ret = ical_join_add_stamped(stream->join, buf_slice(&stream->text), object->modified);
	return ret == -EINVAL ? -EBADMSG : ret;
}

int calendar_stream_write(struct dav_request *d, struct kv_txn *txn, const struct collection *collection,
    struct slice method)
{
	const struct ical_stream_head head = {title_of(collection), method, CALENDAR_STREAM_REFRESH};
	struct stream stream = {
	    .d = d, .txn = txn, .join = ical_join_new(d->arena, d->app->zones), .text = BUF_INIT(CALENDAR_STREAM_MAX)};
	int ret = stream.join != NULL ? store_object_each(txn, collection->id, add_object, &stream) : -ENOMEM;

	buf_free(&stream.text);
	return ret < 0 ? ret : ical_join_finish(stream.join, &head, &d->http->response.body);
}

int calendar_stream_answer(struct dav_request *d, struct kv_txn *txn, const struct collection *collection,
    struct slice method)
{
	struct http_precondition precondition;
	char etag[CALENDAR_STREAM_ETAG];
	int ret = http_precondition_parse(d->http->headers, d->arena, &precondition);

	if (ret == -EINVAL)
		return error_set(&d->error, 400, CONDITION_NONE, "The list of entity tags cannot be read.");
	if (ret == 0)
		ret = calendar_stream_etag(d, txn, collection, etag);
	if (ret < 0)
		return ret;
	/* It has no date of its last change to compare (RFC 9110, 13.1.3 and 13.1.4). */
	precondition.has_modified_since = precondition.has_unmodified_since = false;
	http_reply_header(d->http, "Content-Type", "text/calendar; charset=utf-8%s%.*s", method.len > 0 ? "; method=" : "",
	    SLICE_ARG(method));
	http_reply_header(d->http, "ETag", "%s", etag);
	http_reply_header(d->http, "Vary", "CalDAV-Timezones");
	d->http->response.status = http_precondition_get(&precondition, slice_str(etag), INSTANT_MAX);
	if (d->http->response.status != 0)
		return 0;
	d->http->response.status = 200;
	return calendar_stream_write(d, txn, collection, method);
}
