#include <config.h>

#include "server/booking/change.h"

#include <errno.h>
#include <stdlib.h>

#include "protocol/recur/instances.h"
#include "server/booking/change_private.h"

/* A snapshot this often too old in a row is bad luck enough: then the update prepares for itself and cannot be late. */
#define STALE_MAX 3

struct change_service *change_service_new(struct store *store, const struct zone_set *zones, const struct clock *clock,
    struct pool *pool, const struct change_settings *settings)
{
	struct change_service *service = calloc(1, sizeof(*service));

	if (service == NULL)
		return NULL;
	service->store = store;
	atomic_init(&service->zones, zones);
	service->clock = clock;
	service->pool = pool;
	service->timezone = settings->timezone;
	service->max_resource_size = settings->max_resource_size ? settings->max_resource_size : ICAL_OBJECT_MAX;
	service->max_instances = settings->max_instances ? settings->max_instances : RECUR_INSTANCES_MAX;
	change_service_reload(service, settings);
	return service;
}

void change_service_free(struct change_service *service)
{
	free(service);
}

void change_service_reload(struct change_service *service, const struct change_settings *settings)
{
	atomic_store(&service->handling,
	    settings->handling == HANDLING_DEFAULT ? HANDLING_LENIENT : (int)settings->handling);
	atomic_store(&service->max_home_size, settings->max_home_size);
	atomic_store(&service->hold_seconds, settings->hold_seconds > 0 ? settings->hold_seconds : CHANGE_HOLD_SECONDS);
	atomic_store(&service->on_overlap,
	    settings->on_overlap == ON_OVERLAP_DEFAULT ? ON_OVERLAP_ALERT : (int)settings->on_overlap);
}

/* ---- put: prepare, update, and again when the snapshot was too old ---- */

static void write_start(struct write *write);

static void write_again(void *arg)
{
	write_start(arg);
}

static void write_done(int ret, void *arg)
{
	struct write *write = arg;

	if (ret != -ESTALE) {
		if (ret < 0) /* whatever the update said rests on a batch that is not there */
			write->result = (struct change_result){0};
		write_finish(write, ret);
		return;
	}
	write->stale++;
	if (write->stale < STALE_MAX && write->service->pool != NULL &&
	    pool_run(write->service->pool, write_again, write) == 0)
		return;
	write->in_writer = true;
	kv_update(store_kv(write->service->store), write_commit, write_done, write);
}

static void write_start(struct write *write)
{
	int ret = write_prepare(write, NULL);

	if (ret < 0)
		write_finish(write, ret);
	else
		kv_update(store_kv(write->service->store), write_commit, write_done, write);
}

void write_finish(struct write *write, int ret)
{
	struct change_result *result = &write->result;

	if (ret < 0 && result->outcome != CHANGE_REFUSED) {
		result->outcome = CHANGE_FAILED;
		result->ret = ret;
	}
	calendar_object_free(write->object);
	write->object = NULL;
	interval_set_free(&write->far.busy);
	write->done(result, write->arg);
}

/* NULL when there is no memory, which DONE has been told. */
static struct write *write_new(struct change_service *service, struct arena *arena, change_done_fn *done, void *arg)
{
	struct write *write = arena_zalloc(arena, sizeof(*write));

	if (write == NULL) {
		struct change_result result = {.outcome = CHANGE_FAILED, .ret = -ENOMEM};

		done(&result, arg);
		return NULL;
	}
	write->service = service;
	write->arena = arena;
	write->done = done;
	write->arg = arg;
	return write;
}

void change_put(struct change_service *service, struct arena *arena, const struct change_put *request,
    change_done_fn *done, void *arg)
{
	struct write *write = write_new(service, arena, done, arg);

	if (write == NULL)
		return;
	write->request = request;
	write_start(write);
}

void change_transfer(struct change_service *service, struct arena *arena, const struct change_transfer *request,
    change_done_fn *done, void *arg)
{
	struct write *write = write_new(service, arena, done, arg);

	if (write == NULL)
		return;
	write->transfer = request;
	write->transfer_put = (struct change_put){
	    .home = request->to_home,
	    .collection = request->to_collection,
	    .name = request->to_name,
	    .condition = {.if_none_match_any = !request->overwrite},
	    .handling = request->handling,
	    .unscheduled = request->unscheduled,
	    .origin = request->origin,
	};
	write->request = &write->transfer_put;
	write_start(write);
}

/* ---- waiting ---- */

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool done;
	struct change_result *result;
};

static void waiter_done(const struct change_result *result, void *arg)
{
	struct waiter *waiter = arg;

	pthread_mutex_lock(&waiter->lock);
	*waiter->result = *result;
	waiter->done = true;
	pthread_cond_signal(&waiter->changed);
	pthread_mutex_unlock(&waiter->lock);
}

static void waiter_wait(struct waiter *waiter)
{
	pthread_mutex_lock(&waiter->lock);
	while (!waiter->done)
		pthread_cond_wait(&waiter->changed, &waiter->lock);
	pthread_mutex_unlock(&waiter->lock);
	pthread_cond_destroy(&waiter->changed);
	pthread_mutex_destroy(&waiter->lock);
}

void change_put_wait(struct change_service *service, struct arena *arena, const struct change_put *request,
    struct change_result *result_r)
{
	struct waiter waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, result_r};

	change_put(service, arena, request, waiter_done, &waiter);
	waiter_wait(&waiter);
}

void change_transfer_wait(struct change_service *service, struct arena *arena, const struct change_transfer *request,
    struct change_result *result_r)
{
	struct waiter waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, result_r};

	change_transfer(service, arena, request, waiter_done, &waiter);
	waiter_wait(&waiter);
}

void change_delete_wait(struct change_service *service, struct arena *arena, const struct change_delete *request,
    struct change_result *result_r)
{
	struct waiter waiter = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, result_r};

	change_delete(service, arena, request, waiter_done, &waiter);
	waiter_wait(&waiter);
}
