/* PROPPATCH (RFC 4918, 9.2): all or nothing, in the order of the document, in one update. */
#include <config.h>

#include <errno.h>

#include "protocol/dav/multistatus.h"
#include "server/booking/person_hours.h"
#include "server/dav/locks.h"
#include "server/dav/properties.h"

struct outcome {
	int status; /* 0: would be set; else why not */
	enum dav_condition condition;
};

struct patch {
	struct dav_request *d;
	struct property_changes changes;
	struct outcome *outcomes; /* one a change */
	struct error *wrong;      /* one a change: what its value is not, when it is dead */
	bool failed;
	struct dav_resource resource;
};

static void fail(struct patch *patch, size_t i, const struct error *err)
{
	patch->outcomes[i] = (struct outcome){err->http_status != 0 ? err->http_status : 403, err->condition};
	patch->failed = true;
}

static bool is_personal(const struct patch *patch, size_t i)
{
	uint64_t id;

	return property_is_personal(patch->d, &patch->resource, patch->changes.at[i].ns, patch->changes.at[i].name, &id);
}

/*
 * What is protected where it exists is not kept as a dead property elsewhere; what is the user's own, of another's
 * calendar, is kept beside the live one.
 */
static bool is_live_here(const struct patch *patch, size_t i)
{
	const struct property_change *change = &patch->changes.at[i];
	const struct live_property *live = live_property_find(change->ns, change->name);

	return live_property_claims(live, ON(patch->resource.kind)) && !is_personal(patch, i);
}

static int apply_live(struct patch *patch, size_t i, const struct live_property *live, struct property_edit *edit,
    bool *changed)
{
	const struct property_change *change = &patch->changes.at[i];
	struct error err = ERROR_NONE;
	int ret;

	if (live->set == NULL || (edit->collection == NULL && live->set != set_group_members))
		ret = error_set(&err, 403, DAV_CANNOT_MODIFY_PROTECTED_PROPERTY, "protected");
	else
		ret = live->set(edit, change->remove ? NULL : change->element, &err);
	if (ret == 0)
		*changed = true;
	if (ret != -EINVAL)
		return ret;
	fail(patch, i, &err);
	return 0;
}

/* The values of dead properties, before the update: that would hold up all others. */
static int check_dead(struct patch *patch)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < patch->changes.count; i++) {
		ret = property_check_dead(patch->d, &patch->changes.at[i], &patch->wrong[i]);
		if (ret == -EINVAL)
			ret = 0;
	}
	return ret;
}

static int count_dead(struct slice ns, struct slice name, struct slice xml, void *arg)
{
	(void)ns, (void)name, (void)xml;
	++*(size_t *)arg;
	return 0;
}

/* Those of the resource, or with PERSONAL those that the user has of another's calendar. */
static int apply_dead_of(struct patch *patch, struct kv_txn *txn, enum property_owner owner, uint64_t id, bool personal)
{
	size_t count = 0;
	int ret = store_property_each(txn, owner, id, count_dead, &count);

	for (size_t i = 0; ret == 0 && i < patch->changes.count; i++) {
		if (is_live_here(patch, i) || is_personal(patch, i) != personal)
			continue;
		ret = property_store_dead(txn, owner, id, &patch->changes.at[i], &count);
		if (ret == -EMSGSIZE) {
			fail(patch, i, &(struct error){507, CONDITION_NONE, ""});
			return -ECANCELED; /* takes back what was written */
		}
	}
	return ret;
}

static int apply_dead(struct patch *patch, struct kv_txn *txn)
{
	enum property_owner owner;
	uint64_t id, own;
	int ret = 0;

	if (property_owner_of(&patch->resource, &owner, &id))
		ret = apply_dead_of(patch, txn, owner, id, false);
	if (ret == 0 && property_sharee_of(patch->d, &patch->resource, &own))
		ret = apply_dead_of(patch, txn, PROPERTY_OF_SHAREE, own, true);
	return ret;
}

/* The hours that somebody sets in his calendar app are the ones that count (RFC 7953, 7.2.4). */
static int follow_hours(struct patch *patch, struct kv_txn *txn)
{
	struct dav_request *d = patch->d;
	const struct dav_resource *resource = &patch->resource;
	const struct change_origin origin = {
	    .kind = ORIGIN_USER, .principal = slice_str(d->http->user->name), .request = slice_str(d->http->id)};
	int ret = 0;

	if (resource->kind != DAV_COLLECTION || resource->collection->kind != COLLECTION_INBOX)
		return 0;
	for (size_t i = 0; ret == 0 && i < patch->changes.count; i++) {
		const struct property_change *change = &patch->changes.at[i];

		if (!slice_is(change->ns, NS_CALDAV) || !slice_is(change->name, "calendar-availability"))
			continue;
		ret = person_hours_follow(d->app->changes, txn, d->arena, resource->owner,
		    change->remove ? SLICE_EMPTY : xml_trimmed(change->element), &origin);
		if (ret == -E2BIG || ret == -EMSGSIZE || ret == -EBADMSG) {
			fail(patch, i, &(struct error){403, CALDAV_MAX_INSTANCES, ""});
			return -ECANCELED;
		}
	}
	return ret;
}

/* In the new zone, bookings at floating times would lie over one another. */
static int refuse_overlap(struct patch *patch)
{
	for (size_t i = 0; i < patch->changes.count; i++)
		if (is_live_here(patch, i))
			fail(patch, i, &(struct error){409, SLOTKEEPER_SLOT_UNAVAILABLE, ""});
	return -ECANCELED;
}

static int apply(struct kv_txn *txn, void *arg)
{
	struct patch *patch = arg;
	struct dav_request *d = patch->d;
	enum property_owner owner;
	struct collection copy;
	uint64_t id;
	struct property_edit edit = {.d = d, .txn = txn, .resource = &patch->resource};
	bool changed = false;
	int ret;

	memset(patch->outcomes, 0, patch->changes.count * sizeof(*patch->outcomes));
	patch->failed = false;
	ret = dav_resolve(d, txn, &d->path, ACL_READ, &patch->resource);
	if (ret == 0)
		ret = dav_locks_check(d, txn, &(struct dav_lock_target){&d->path, LOCKED_SELF}, 1);
	if (ret < 0)
		return ret;
	if (patch->resource.kind == DAV_COLLECTION) {
		copy = *patch->resource.collection;
		edit.collection = &copy;
	}
	for (size_t i = 0; ret == 0 && i < patch->changes.count; i++) {
		const struct property_change *change = &patch->changes.at[i];
		const struct live_property *live = live_property_find(change->ns, change->name);

		if ((patch->resource.access & ACL_WRITE_PROPERTIES) == 0 && !is_personal(patch, i))
			fail(patch, i, &(struct error){403, DAV_NEED_PRIVILEGES, ""});
		else if (is_live_here(patch, i))
			ret = apply_live(patch, i, live, &edit, &changed);
		else if (!property_owner_of(&patch->resource, &owner, &id))
			fail(patch, i, &(struct error){403, CONDITION_NONE, ""}); /* a kind that keeps no dead properties */
		else if (patch->wrong[i].http_status != 0)
			fail(patch, i, &patch->wrong[i]);
	}
	if (ret < 0 || patch->failed)
		return ret < 0 ? ret : -ECANCELED; /* takes back what was written */
	ret = apply_dead(patch, txn);
	if (ret == 0)
		ret = follow_hours(patch, txn);
	if (ret == 0 && patch->resource.collection != NULL && patch->resource.object == NULL && patch->resource.file == NULL)
		ret = store_home_touch(txn, patch->resource.owner, patch->resource.collection->id);
	if (ret == 0 && changed && edit.collection != NULL)
		ret = change_collection_update(d->app->changes, txn, d->arena, &copy);
	return ret == -EBUSY ? refuse_overlap(patch) : ret;
}

/* One propstat a property: what failed with its reason, the rest 424 then. */
static void write_outcomes(struct patch *patch)
{
	struct buf *b = &patch->d->http->response.body;
	AUTO_BUF struct buf href = BUF_INIT(8192);

	dav_href_of(&href, &patch->resource);
	multistatus_open(b);
	response_open(b, buf_slice(&href));
	if (!patch->failed)
		propstat_open(b);
	for (size_t i = 0; i < patch->changes.count; i++) {
		struct outcome *outcome = &patch->outcomes[i];

		if (patch->failed)
			propstat_open(b);
		property_empty(b, patch->changes.at[i].ns, patch->changes.at[i].name);
		if (patch->failed)
			propstat_close(b, outcome->status != 0 ? outcome->status : 424, outcome->condition);
	}
	if (!patch->failed)
		propstat_close(b, 200, CONDITION_NONE);
	response_close(b);
	multistatus_close(b, SLICE_EMPTY);
	dav_reply_multistatus(patch->d);
}

static void applied(int ret, void *arg)
{
	struct patch *patch = arg;

	if (ret == -ECANCELED)
		ret = 0;
	if (ret == 0 && !patch->failed && patch->d->prefer.return_minimal) {
		patch->d->http->response.status = 200; /* RFC 8144, 2.2 */
		http_reply_header(patch->d->http, "Vary", "Prefer, Brief");
		dav_reply_minimal(patch->d);
	} else if (ret == 0) {
		write_outcomes(patch);
	}
	dav_finish(patch->d, ret);
}

void dav_proppatch(struct http_request *http)
{
	struct dav_request *d = dav_request_new(http);
	struct patch *patch;
	int ret;

	if (d == NULL)
		return;
	patch = arena_zalloc(d->arena, sizeof(*patch));
	ret = patch != NULL ? proppatch_read(d->arena, http->body, &patch->changes, &d->error) : -ENOMEM;
	if (ret == 0) {
		patch->d = d;
		patch->outcomes = arena_array(d->arena, patch->changes.count + 1, sizeof(*patch->outcomes));
		patch->wrong = arena_zalloc(d->arena, (patch->changes.count + 1) * sizeof(*patch->wrong));
		ret = patch->outcomes != NULL && patch->wrong != NULL ? check_dead(patch) : -ENOMEM;
	}
	if (ret < 0)
		dav_finish(d, ret);
	else
		kv_update(store_kv(d->app->store), apply, applied, patch);
}
