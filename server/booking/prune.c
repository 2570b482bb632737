/* Tombstones: kept for a year or 100,000 changes of a calendar, so that clients' sync tokens stay good, and not for ever. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "server/booking/change_private.h"

#define PRUNE_IN_ONE 500 /* tombstones in one update: bounds how long others wait */

struct pruning {
	struct change_service *service;
	struct kv_txn *txn;
	uint64_t *collections;
	size_t count, capacity;
	uint64_t collection; /* of this update */
	int pruned;
};

static int see_collection(const struct collection *collection, void *arg)
{
	struct pruning *pruning = arg;

	if (pruning->count == pruning->capacity) {
		size_t capacity = pruning->capacity != 0 ? 2 * pruning->capacity : 256;
		uint64_t *grown = reallocarray(pruning->collections, capacity, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		pruning->collections = grown;
		pruning->capacity = capacity;
	}
	pruning->collections[pruning->count++] = collection->id;
	return 0;
}

static int see_owner(const struct principal *principal, void *arg)
{
	struct pruning *pruning = arg;

	return store_collection_each(pruning->txn, principal->name, see_collection, pruning);
}

static int list(struct kv_txn *txn, void *arg)
{
	struct pruning *pruning = arg;

	pruning->txn = txn;
	pruning->count = 0;
	return store_principal_each(txn, see_owner, pruning);
}

static int prune(struct kv_txn *txn, void *arg)
{
	struct pruning *pruning = arg;

	pruning->pruned =
	    store_change_prune(txn, pruning->collection, clock_now(pruning->service->clock), PRUNE_IN_ONE);
	return pruning->pruned < 0 ? pruning->pruned : 0;
}

int change_prune(struct change_service *service)
{
	struct pruning pruning = {.service = service};
	struct kv *kv = store_kv(service->store);
	int total = 0, ret = kv_view(kv, list, &pruning);

	for (size_t i = 0; ret == 0 && i < pruning.count; i++) {
		pruning.collection = pruning.collections[i];
		do {
			ret = kv_update_wait(kv, prune, &pruning);
			total += ret == 0 ? pruning.pruned : 0;
		} while (ret == 0 && pruning.pruned == PRUNE_IN_ONE);
	}
	free(pruning.collections);
	return ret < 0 ? ret : total;
}
