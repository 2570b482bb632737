/*
 * server/base/loop - an event loop in a thread of its own, and work handed to it from other threads.
 */
#ifndef SERVER_BASE_LOOP_H
#define SERVER_BASE_LOOP_H

#include <stdbool.h>

struct event_base;
struct loop;

typedef void loop_fn(void *arg);

/* NULL when it cannot be made. */
struct loop *loop_new(void);
/* After loop_stop. */
void loop_free(struct loop *loop);
/* Starts the thread. 0 or -errno. */
int loop_start(struct loop *loop);
/* Lets the loop run out of what was posted, ends the thread. */
void loop_stop(struct loop *loop);
struct event_base *loop_base(struct loop *loop);
bool loop_is_current(const struct loop *loop);
/* Runs FN in the loop's thread, soon, in the order of posting. Any thread. */
void loop_post(struct loop *loop, loop_fn *fn, void *arg);

#endif
