/* Versions before format 3 kept alerts as jobs alone: what they left becomes alerts when the store is opened. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "protocol/json/json.h"
#include "server/booking/change_private.h"

#define PAYLOAD_MAX  (8u << 20)
#define TEXT_MAX     (1u << 20) /* bytes of a UID in it */
#define ADOPT_IN_ONE 100        /* jobs that one update works on */

struct adopting {
	struct change_service *service;
	struct arena *arena;
	uint64_t ids[ADOPT_IN_ONE];
	size_t count;
};

/* What such a job says; the names and UIDs lie in the document. */
struct former {
	struct slice principal, collection, event, booking;
};

static bool is_former(const struct json_value *root)
{
	struct json_value alert;

	return json_member(root, "alert", JSON_REQUIRED, JSON_KIND_INTEGER, &alert, NULL) < 0;
}

static int see_job(const struct job *job, void *arg)
{
	struct adopting *adopting = arg;
	AUTO_JSON struct json_document *document = NULL;
	struct json_value root;

	if (!slice_is(job->kind, "overlap_alert") || json_read(job->payload, PAYLOAD_MAX, &document, NULL) < 0)
		return 0;
	root = json_root(document);
	if (!is_former(&root))
		return 0;
	adopting->ids[adopting->count++] = job->id;
	return adopting->count == ADOPT_IN_ONE ? 1 : 0;
}

static int find_former(struct kv_txn *txn, void *arg)
{
	struct adopting *adopting = arg;
	int ret;

	adopting->count = 0;
	ret = store_job_each_by_id(txn, 0, see_job, adopting);
	return ret < 0 ? ret : 0;
}

static bool read_former(const struct json_value *root, struct former *former_r)
{
	const struct {
		const char *name;
		struct slice *text;
	} members[] = {
		{"principal", &former_r->principal},
		{"collection", &former_r->collection},
		{"event", &former_r->event},
		{"booking", &former_r->booking},
	};

	for (size_t i = 0; i < ARRAY_LEN(members); i++) {
		if (json_get_text(root, members[i].name, JSON_REQUIRED, JSON_LINES, 1, TEXT_MAX, members[i].text, NULL) < 0)
			return false;
	}
	return true;
}

/* What it tells is looked up anew: the alert is as the index has it. */
static int adopt_one(struct adopting *adopting, struct kv_txn *txn, const struct job *job)
{
	AUTO_JSON struct json_document *document = NULL;
	struct former former;
	struct json_value root;
	struct place place;
	int ret = json_read(job->payload, PAYLOAD_MAX, &document, NULL);

	if (ret < 0)
		return ret == -ENOMEM ? ret : 0;
	root = json_root(document);
	if (!read_former(&root, &former))
		return 0;
	ret = place_get(adopting->service, txn, adopting->arena, former.principal, former.collection, &place);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	return alerts_raise_pair(adopting->service, txn, adopting->arena, &place, former.event, former.booking, job->request);
}

static int adopt(struct kv_txn *txn, void *arg)
{
	struct adopting *adopting = arg;
	int ret = 0;

	arena_reset(adopting->arena);
	for (size_t i = 0; ret == 0 && i < adopting->count; i++) {
		struct job job;

		ret = store_job_get(txn, adopting->arena, adopting->ids[i], &job);
		if (ret == 0)
			ret = store_job_delete(txn, job.id);
		if (ret == 0)
			ret = adopt_one(adopting, txn, &job);
	}
	return ret;
}

int change_adopt_alerts(struct change_service *service)
{
	struct adopting *adopting = calloc(1, sizeof(*adopting));
	struct kv *kv = store_kv(service->store);
	int ret = -ENOMEM;

	if (adopting == NULL)
		return ret;
	adopting->service = service;
	adopting->arena = arena_new(64u << 20);
	if (adopting->arena != NULL)
		ret = kv_view(kv, find_former, adopting);
	while (ret == 0 && adopting->count > 0) {
		ret = kv_update_wait(kv, adopt, adopting);
		if (ret == 0)
			ret = kv_view(kv, find_former, adopting);
	}
	arena_free(adopting->arena);
	free(adopting);
	return ret;
}
