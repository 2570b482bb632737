#include <config.h>

#include "server/base/loop.h"

#include <event2/event.h>
#include <event2/thread.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct post {
	struct post *next;
	loop_fn *fn;
	void *arg;
};

struct loop {
	struct event_base *base;
	struct event *woken;
	int wake; /* an eventfd */
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	struct post *first, **last;
	bool stop;
};

static _Thread_local const struct loop *current; /* the loop of this thread */

static void run_posts(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	struct post *post;
	uint64_t count;
	bool stop;

	(void)what;
	(void)!read(fd, &count, sizeof(count));
	pthread_mutex_lock(&loop->lock);
	post = loop->first;
	loop->first = NULL;
	loop->last = &loop->first;
	stop = loop->stop;
	pthread_mutex_unlock(&loop->lock);
	while (post != NULL) {
		struct post *next = post->next;

		post->fn(post->arg);
		free(post);
		post = next;
	}
	if (stop)
		event_base_loopbreak(loop->base);
}

static void use_threads(void)
{
	evthread_use_pthreads();
}

struct loop *loop_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct loop *loop;

	pthread_once(&once, use_threads);
	loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	loop->wake = -1;
	pthread_mutex_init(&loop->lock, NULL);
	loop->last = &loop->first;
	loop->base = event_base_new();
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->base != NULL && loop->wake >= 0)
		loop->woken = event_new(loop->base, loop->wake, EV_READ | EV_PERSIST, run_posts, loop);
	if (loop->woken == NULL || event_add(loop->woken, NULL) < 0) {
		loop_free(loop);
		return NULL;
	}
	return loop;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	while (loop->first != NULL) { /* of a loop that never ran */
		struct post *next = loop->first->next;

		free(loop->first);
		loop->first = next;
	}
	if (loop->woken != NULL)
		event_free(loop->woken);
	if (loop->base != NULL)
		event_base_free(loop->base);
	if (loop->wake >= 0)
		close(loop->wake);
	pthread_mutex_destroy(&loop->lock);
	free(loop);
}

static void *loop_main(void *arg)
{
	struct loop *loop = arg;

	current = loop;
	event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
	return NULL;
}

int loop_start(struct loop *loop)
{
	int ret = -pthread_create(&loop->thread, NULL, loop_main, loop);

	loop->started = ret == 0;
	return ret;
}

static void wake(struct loop *loop)
{
	uint64_t one = 1;

	(void)!write(loop->wake, &one, sizeof(one));
}

void loop_stop(struct loop *loop)
{
	if (!loop->started)
		return;
	pthread_mutex_lock(&loop->lock);
	loop->stop = true;
	pthread_mutex_unlock(&loop->lock);
	wake(loop);
	pthread_join(loop->thread, NULL);
	loop->started = false;
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

bool loop_is_current(const struct loop *loop)
{
	return current == loop;
}

void loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
	struct post *post = malloc(sizeof(*post));
	bool was_empty;

	if (post == NULL)
		abort(); /* a reply that nobody would ever send */
	*post = (struct post){NULL, fn, arg};
	pthread_mutex_lock(&loop->lock);
	was_empty = loop->first == NULL;
	*loop->last = post;
	loop->last = &post->next;
	pthread_mutex_unlock(&loop->lock);
	if (was_empty)
		wake(loop);
}
