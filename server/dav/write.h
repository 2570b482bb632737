/*
 * server/dav/write - what PUT, DELETE, COPY and MOVE have in common: rights, preconditions, and how a change was decided.
 */
#ifndef SERVER_DAV_WRITE_H
#define SERVER_DAV_WRITE_H

#include "server/booking/change.h"
#include "server/dav/locks.h"

/* One write on its way; of the request's arena. */
struct dav_write {
	struct dav_request *d;
	struct change_put put;
	struct change_delete delete;
	struct change_transfer transfer;
	struct dav_path destination; /* of a transfer */
	struct dav_lock_target locked[2];
	bool text_differs; /* a GET would not give back what this client wrote: no ETag */
};

/* PREPARE reads the request into the write: 0 or a negative errno for dav_finish; then START hands it on. */
typedef int dav_write_prepare_fn(struct dav_write *write);
typedef void dav_write_start_fn(struct dav_write *write);
void dav_write_run(struct http_request *http, dav_write_prepare_fn *prepare, dav_write_start_fn *start);

/* May the user write below the path's collection? 0, -ENOENT, -EACCES. */
int dav_write_check(struct dav_request *d);
/* 0, -ENOMEM, or -EINVAL with d->error. */
int dav_write_condition(struct dav_request *d, struct change_condition *condition_r);
/* Whether the body calls itself text/calendar in UTF-8: 0, or -EINVAL with d->error. */
int dav_check_calendar_type(struct dav_request *d);
/* Prefer: handling= (RFC 7240, 4.4). */
enum handling dav_write_handling(const struct dav_request *d);
/* Who writes; in the update the locks on TARGETS, which must live as long as the request, are asked for. */
struct change_origin dav_write_origin(struct dav_request *d, const struct dav_lock_target *targets, size_t count);
/* Sets up the answer of RESULT and finishes. ARG is the struct dav_write. */
void dav_write_done(const struct change_result *result, void *arg);

#endif
