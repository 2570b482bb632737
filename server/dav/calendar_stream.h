/*
 * server/dav/calendar_stream - a calendar as one iCalendar stream (RFC 5545, 3.4): what GET of the collection and a
 * subscription answer.
 *
 * The events stand in it as they are stored, each zone once. What a refusal left behind (a cancelled copy that tells its
 * writer's app) is nobody else's business and is left out.
 */
#ifndef SERVER_DAV_CALENDAR_STREAM_H
#define SERVER_DAV_CALENDAR_STREAM_H

#include "server/dav/dav_private.h"

#define CALENDAR_STREAM_MAX     (64u << 20) /* bytes of all objects of one stream; a larger calendar is read by REPORT */
#define CALENDAR_STREAM_REFRESH 15          /* minutes after which it is worth asking again */
#define CALENDAR_STREAM_ETAG    64          /* bytes */

/*
 * The stream's entity tag: of the collection's change number, of what its head says, and of the store's epoch, since a
 * restored store counts again.
 */
int calendar_stream_etag(struct dav_request *d, struct kv_txn *txn, const struct collection *collection,
    char etag_r[static CALENDAR_STREAM_ETAG]);
/* Appends the stream to the reply; METHOD may be empty. 0, -EMSGSIZE when it would be too large, or another -errno. */
int calendar_stream_write(struct dav_request *d, struct kv_txn *txn, const struct collection *collection,
    struct slice method);
/*
 * Answers a GET with the headers of a stream, and 200 with the stream or 304 or 412 as the request's preconditions say.
 * 0, -EINVAL with d->error, or another -errno.
 */
int calendar_stream_answer(struct dav_request *d, struct kv_txn *txn, const struct collection *collection,
    struct slice method);

#endif
