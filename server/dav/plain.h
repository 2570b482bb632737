/*
 * server/dav/plain - plain WebDAV collections (RFC 4918): files and folders of any kind in a calendar home, where
 * plain-collections allows them.
 *
 * A whole plain collection is one collection of the store; its files and folders are rows by path. They are no calendar
 * objects, so these writes pass by the change service, each as one update. What a path names decides the kind of a resource,
 * so the methods of calendars call in here when they have found a plain collection.
 */
#ifndef SERVER_DAV_PLAIN_H
#define SERVER_DAV_PLAIN_H

#include "protocol/http/precondition.h"
#include "server/dav/write.h"

#define PLAIN_TREE_MAX 10000 /* files and folders that one COPY, MOVE or DELETE takes along */
#define PLAIN_TYPE_MAX 255   /* bytes of a Content-Type */

/* GET and HEAD within the view: 200, 304 or 412 for a file, 405 for a folder. */
int plain_get(struct dav_request *d, struct kv_txn *txn, const struct dav_resource *resource,
    const struct http_precondition *precondition);
/* PUT, DELETE, COPY and MOVE; each finishes the request. */
void plain_put(struct dav_request *d);
void plain_delete(struct dav_request *d);
void plain_transfer(struct dav_write *write);
/* An empty file where nothing is, for LOCK; within the update. 0, or a negative errno for dav_finish. */
int plain_make_file(struct dav_request *d, struct kv_txn *txn);
/* MKCOL inside a plain collection, within the update. 0, or a negative errno for dav_finish. */
int plain_make_folder(struct dav_request *d, struct kv_txn *txn);

#endif
