/*
 * The one writer: takes whatever is queued when the last commit ended, runs it as one batch, commits once, then tells
 * everybody (group commit). No answer goes out before the batch is on disk, also to an update that wrote nothing: it may
 * rest on a row of that batch.
 */
#include <config.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "protocol/base/log.h"
#include "storage/kv_private.h"

#define WRITER_BATCH_MAX 256 /* updates in one commit: bounds how long the first of them waits */

struct update {
	struct update *next;
	kv_fn *fn;
	kv_done_fn *done;
	void *arg;
	int ret;
};

struct writer {
	struct kv *kv;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct update *first, **last; /* the queue */
	bool stop;
	bool marked; /* an update of the present batch was; of the writer's thread alone */
	pthread_mutex_t watch_lock; /* held through a call */
	kv_watch_fn *watch;
	void *watch_arg;
	uint64_t queued, updates, batches;
};

/* Takes up to WRITER_BATCH_MAX updates; waits for the first. 0: stopped and nothing is left. */
static size_t take_batch(struct writer *writer, struct update **batch)
{
	size_t count = 0;

	pthread_mutex_lock(&writer->lock);
	while (writer->first == NULL && !writer->stop)
		pthread_cond_wait(&writer->work, &writer->lock);
	while (writer->first != NULL && count < WRITER_BATCH_MAX) {
		batch[count++] = writer->first;
		writer->first = writer->first->next;
	}
	if (writer->first == NULL)
		writer->last = &writer->first;
	writer->queued -= count;
	pthread_mutex_unlock(&writer->lock);
	return count;
}

/* All of BATCH in one commit. Negative: nothing was written. */
static int run_together(struct kv *kv, struct update **batch, size_t count)
{
	int ret = kv->ops->batch_begin(kv);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < count; i++) {
		ret = kv->ops->batch_run(kv, batch[i]->fn, batch[i]->arg, &batch[i]->ret);
		if (ret < 0) {
			kv->ops->batch_abort(kv);
			return ret;
		}
	}
	return kv->ops->batch_commit(kv);
}

/* In a commit of its own, so that one that is too large, say, fails alone. */
static void run_alone(struct kv *kv, struct update *update)
{
	int ret = run_together(kv, &update, 1);

	if (ret == 0)
		return;
	update->ret = ret;
	log_event(LOG_ERROR_LEVEL, "storage", NULL, "an update could not be written", "error=%d", -ret);
}

static void tell_watcher(struct writer *writer)
{
	writer->marked = false;
	pthread_mutex_lock(&writer->watch_lock);
	if (writer->watch != NULL)
		writer->watch(writer->watch_arg);
	pthread_mutex_unlock(&writer->watch_lock);
}

static void run_batch(struct writer *writer, struct update **batch, size_t count)
{
	size_t commits = 1;

	if (count == 1)
		run_alone(writer->kv, batch[0]);
	else if (run_together(writer->kv, batch, count) < 0) {
		commits = count;
		for (size_t i = 0; i < count; i++)
			run_alone(writer->kv, batch[i]);
	}
	pthread_mutex_lock(&writer->lock);
	writer->batches += commits;
	writer->updates += count;
	pthread_mutex_unlock(&writer->lock);
	for (size_t i = 0; i < count; i++) {
		if (batch[i]->done != NULL)
			batch[i]->done(batch[i]->ret, batch[i]->arg);
		free(batch[i]);
	}
	if (writer->marked)
		tell_watcher(writer);
}

void writer_mark(struct writer *writer)
{
	writer->marked = true;
}

void writer_watch(struct writer *writer, kv_watch_fn *fn, void *arg)
{
	pthread_mutex_lock(&writer->watch_lock);
	writer->watch = fn;
	writer->watch_arg = arg;
	pthread_mutex_unlock(&writer->watch_lock);
}

static void *writer_main(void *arg)
{
	struct writer *writer = arg;
	struct update *batch[WRITER_BATCH_MAX];
	size_t count;

	while ((count = take_batch(writer, batch)) > 0)
		run_batch(writer, batch, count);
	return NULL;
}

int writer_new(struct kv *kv, struct writer **writer_r)
{
	struct writer *writer = calloc(1, sizeof(*writer));
	int ret;

	if (writer == NULL)
		return -ENOMEM;
	writer->kv = kv;
	writer->last = &writer->first;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_mutex_init(&writer->watch_lock, NULL);
	pthread_cond_init(&writer->work, NULL);
	ret = -pthread_create(&writer->thread, NULL, writer_main, writer);
	if (ret < 0) {
		free(writer);
		return ret;
	}
	*writer_r = writer;
	return 0;
}

void writer_free(struct writer *writer)
{
	if (writer == NULL)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	pthread_cond_destroy(&writer->work);
	pthread_mutex_destroy(&writer->watch_lock);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
}

void writer_queue(struct writer *writer, kv_fn *fn, kv_done_fn *done, void *arg)
{
	struct update *update = malloc(sizeof(*update));

	if (update == NULL) {
		if (done != NULL)
			done(-ENOMEM, arg);
		return;
	}
	*update = (struct update){.fn = fn, .done = done, .arg = arg};
	pthread_mutex_lock(&writer->lock);
	*writer->last = update;
	writer->last = &update->next;
	writer->queued++;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
}

void writer_stats(struct writer *writer, struct kv_stats *stats)
{
	pthread_mutex_lock(&writer->lock);
	stats->updates = writer->updates;
	stats->batches = writer->batches;
	stats->queued = writer->queued;
	pthread_mutex_unlock(&writer->lock);
}
