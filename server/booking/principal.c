#include <config.h>

#include <errno.h>
#include <stdlib.h>

#include "server/booking/change_private.h"

static int make_collection(struct change_service *service, struct kv_txn *txn, const struct principal *principal,
    enum collection_kind kind, struct slice name, struct slice display_name, uint32_t components)
{
	struct collection collection = {
		.owner = principal->id,
		.kind = kind,
		.home = principal->name,
		.name = name,
		.display_name = display_name,
		.components = components,
		.created = clock_now(service->clock),
	};

	return store_collection_put(txn, &collection);
}

static const struct scheduling_collection {
	enum collection_kind kind;
	const char *name, *display_name;
	uint32_t components;
} scheduling_collections[] = {
    {COLLECTION_INBOX, "inbox", "Inbox", COMPONENT_VEVENT | COMPONENT_VTODO},
    {COLLECTION_OUTBOX, "outbox", "Outbox", COMPONENT_VFREEBUSY},
};

/* Those of a user's that are missing. */
static int make_scheduling(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    const struct principal *principal)
{
	int ret = -ENOENT;

	for (size_t i = 0; i < ARRAY_LEN(scheduling_collections) && (ret == 0 || ret == -ENOENT); i++) {
		const struct scheduling_collection *row = &scheduling_collections[i];
		struct collection there;

		ret = arena != NULL ? store_collection_get(txn, arena, principal->name, slice_str(row->name), &there) : -ENOENT;
		if (ret == -ENOENT)
			ret = make_collection(service, txn, principal, row->kind, slice_str(row->name),
			    slice_str(row->display_name), row->components);
	}
	return ret;
}

int change_principal_create(struct change_service *service, struct kv_txn *txn, struct principal *principal)
{
	int ret = store_principal_put(txn, principal);

	if (ret == 0 && principal->kind == PRINCIPAL_USER)
		ret = make_collection(service, txn, principal, COLLECTION_CALENDAR, SLICE("work"), SLICE("Work"),
		    COMPONENT_VEVENT | COMPONENT_VTODO | COMPONENT_VJOURNAL);
	if (ret == 0 && principal->kind != PRINCIPAL_GROUP)
		ret = make_collection(service, txn, principal, COLLECTION_BOOKINGS, SLICE("bookings"), SLICE("Bookings"),
		    COMPONENT_VEVENT);
	if (ret == 0 && principal->kind == PRINCIPAL_USER)
		ret = make_scheduling(service, txn, NULL, principal);
	return ret;
}

/* ---- stores from before there was an inbox, or an outbox ---- */

#define USERS_AT_ONCE 1000 /* of one update */

struct incomplete {
	struct change_service *service;
	struct arena *arena;
	struct kv_txn *txn;
	struct principal found[USERS_AT_ONCE];
	size_t count;
};

static int see_user(const struct principal *principal, void *arg)
{
	struct incomplete *without = arg;
	struct principal *copy = &without->found[without->count];
	struct collection there;
	int ret = 0;

	if (principal->kind != PRINCIPAL_USER || without->count == USERS_AT_ONCE)
		return 0;
	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(scheduling_collections); i++)
		ret = store_collection_get(without->txn, without->arena, principal->name,
		    slice_str(scheduling_collections[i].name), &there);
	if (ret != -ENOENT)
		return ret;
	*copy = (struct principal){.id = principal->id};
	copy->name = slice_of(arena_copy(without->arena, principal->name), principal->name.len);
	without->count++;
	return copy->name.at != NULL ? 0 : -ENOMEM;
}

static int find_without(struct kv_txn *txn, void *arg)
{
	struct incomplete *without = arg;

	without->txn = txn;
	without->count = 0;
	arena_reset(without->arena);
	return store_principal_each(txn, see_user, without);
}

static int make_missing(struct kv_txn *txn, void *arg)
{
	struct incomplete *without = arg;
	int ret = find_without(txn, without);

	for (size_t i = 0; ret == 0 && i < without->count; i++)
		ret = make_scheduling(without->service, txn, without->arena, &without->found[i]);
	return ret;
}

int change_complete_homes(struct change_service *service)
{
	struct incomplete *without = calloc(1, sizeof(*without));
	int ret = -ENOMEM;

	if (without != NULL)
		without->arena = arena_new(64u << 20);
	if (without != NULL && without->arena != NULL) {
		without->service = service;
		ret = kv_view(store_kv(service->store), find_without, without); /* mostly there is nothing to write */
		while (ret == 0 && without->count > 0)
			ret = kv_update_wait(store_kv(service->store), make_missing, without);
	}
	if (without != NULL)
		arena_free(without->arena);
	free(without);
	return ret;
}

/* ---- removal ---- */

static int see_live(const struct occupancy *occupancy, void *arg)
{
	(void)occupancy;
	(void)arg;
	return -EBUSY;
}

struct homes {
	struct arena *arena;
	struct slice names[1024];
	size_t count;
};

static int see_collection(const struct collection *collection, void *arg)
{
	struct homes *homes = arg;

	if (homes->count == ARRAY_LEN(homes->names))
		return 1; /* the next round takes the rest */
	homes->names[homes->count] = slice_of(arena_copy(homes->arena, collection->name), collection->name.len);
	return homes->names[homes->count++].at != NULL ? 0 : -ENOMEM;
}

static int remove_collections(struct change_service *service, struct kv_txn *txn, struct arena *arena,
    struct slice home)
{
	const struct change_origin engine = {.kind = ORIGIN_ENGINE};
	struct homes *homes = arena_zalloc(arena, sizeof(*homes));
	int ret;

	if (homes == NULL)
		return -ENOMEM;
	homes->arena = arena;
	do {
		homes->count = 0;
		ret = store_collection_each(txn, home, see_collection, homes);
		for (size_t i = 0; ret >= 0 && i < homes->count; i++) {
			struct place place;
			int failed = place_get(service, txn, arena, home, homes->names[i], &place);

			if (failed == 0)
				failed = collection_remove(service, txn, arena, &place, &engine);
			if (failed < 0)
				return failed;
		}
	} while (ret > 0);
	return ret;
}

int change_principal_delete(struct change_service *service, struct kv_txn *txn, struct arena *arena, struct slice name,
    bool force)
{
	struct principal principal;
	int ret = store_principal_get(txn, arena, name, &principal);

	if (ret == 0 && !force)
		ret = store_occupancy_each(txn, principal.id, (struct interval){clock_now(service->clock), INSTANT_MAX},
		    see_live, NULL);
	if (ret == 0)
		ret = remove_collections(service, txn, arena, name);
	if (ret == 0)
		ret = store_alert_forget(txn, principal.id);
	if (ret == 0)
		ret = store_property_delete_all(txn, PROPERTY_OF_HOME, principal.id);
	if (ret == 0)
		ret = store_property_delete_all(txn, PROPERTY_OF_PRINCIPAL, principal.id);
	if (ret == 0)
		ret = store_principal_forget(txn, arena, principal.id);
	return ret < 0 ? ret : store_principal_delete(txn, name);
}
