/*
 * What is told and done when a time is taken (contract, section 4).
 *
 * Strict: nothing changes. Lenient: a success without ETag, so that every app reads the item again: a present one is
 * touched, a new one stored as a cancelled copy. The person is told once for each target time: the job's key holds what
 * was to be changed (the object's id changes with every real change) and the times that were wanted.
 */
#include <config.h>

#include <errno.h>

#include "protocol/base/codec.h"
#include "protocol/json/json.h"
#include "server/booking/change_private.h"
#include "storage/key.h"
#include "storage/pack.h"

#define NOTICE_KIND SLICE("refusal_notice")

_Static_assert(CONFLICTS_MAX == CHANGE_CONFLICTS_MAX, "all that are found are told");

struct slice object_job_key(struct arena *arena, uint64_t collection, struct slice name)
{
	size_t prefix;
	char *key = arena_printf(arena, "%llu/", (unsigned long long)collection), *whole;

	if (key == NULL)
		return SLICE_EMPTY;
	prefix = strlen(key);
	whole = arena_alloc(arena, prefix + name.len);
	if (whole == NULL)
		return SLICE_EMPTY;
	memcpy(whole, key, prefix);
	memcpy(whole + prefix, name.at, name.len);
	return slice_of(whole, prefix + name.len);
}

int job_key_hash(struct arena *arena, struct slice bytes, struct slice *key_r)
{
	AUTO_BUF struct buf hex = BUF_INIT(128);
	struct key key;
	char *copy;

	key_begin(&key, 0);
	key_add_hash(&key, bytes);
	codec_hex_encode(&hex, key.at + 1, key.len - 1);
	copy = arena_copy(arena, buf_slice(&hex));
	if (hex.err < 0 || copy == NULL)
		return -ENOMEM;
	*key_r = slice_of(copy, hex.len);
	return 0;
}

/* ---- alternatives ---- */

/* The first instance that clashes is the one that other times are looked for. */
static struct interval wanted_of(const struct write *write, const struct conflicts *conflicts)
{
	for (size_t i = 0; i < write->guard_count; i++) {
		for (size_t j = 0; j < conflicts->count; j++) {
			if (conflict_between(write->guards[i], conflicts->at[j]))
				return write->guards[i];
		}
	}
	return write->guards[0];
}

static int find_alternatives(struct write *write, struct kv_txn *txn, const struct conflicts *conflicts)
{
	struct free_times query = {
		.member = write->place.owner.id,
		.uid = calendar_object_uid(write->object),
		.wanted = wanted_of(write, conflicts),
		/* A private event is refused over bookings alone, so it may go wherever there is none. */
		.bookings_only = !write->booking,
		.far = write->has_far ? &write->far.busy : NULL,
		.hours = write->has_hours ? &write->hours : NULL,
		.hours_zone = write->hours_zone,
		.zone = write->place.zone,
		.now = clock_now(write->service->clock),
	};

	return free_times_find(txn, &query, write->result.alternatives, CHANGE_ALTERNATIVES_MAX,
	    &write->result.alternative_count);
}

/* ---- the words ---- */

static const char *reason_of(const struct write *write)
{
	return write->place.owner.kind == PRINCIPAL_RESOURCE ? "resource_busy" : "staff_busy";
}

static const char *sentence_of(const struct write *write)
{
	if (write->place.owner.kind == PRINCIPAL_RESOURCE)
		return "The resource is taken at this time.";
	return write->booking ? "This time is taken." : "There is a booking at this time.";
}

int refusal_note(const struct write *write, const char *ending, struct slice *note_r)
{
	AUTO_BUF struct buf b = BUF_INIT(4096);
	const struct change_result *result = &write->result;
	char *copy;

	buf_printf(&b, "%s", sentence_of(write));
	free_times_write(&b, write->place.zone, result->alternatives, result->alternative_count);
	buf_add_str(&b, ending);
	if (b.err < 0)
		return b.err;
	copy = arena_copy(write->arena, buf_slice(&b));
	*note_r = slice_of(copy, b.len);
	return copy != NULL ? 0 : -ENOMEM;
}

/* ---- the notice ---- */

static void add_interval(struct buf *b, const char *name, struct interval at)
{
	AUTO_BUF struct buf start = BUF_INIT(64), end = BUF_INIT(64);

	buf_add_rfc3339(&start, at.start, 0);
	buf_add_rfc3339(&end, at.end, 0);
	json_open_object(b, name);
	json_add_text(b, "start", buf_slice(&start));
	json_add_text(b, "end", buf_slice(&end));
	json_close_object(b);
}

static int notice_payload(const struct write *write, const struct object *old, struct buf *b)
{
	const struct change_result *result = &write->result;

	json_open_object(b, NULL);
	json_add_text(b, "principal", write->place.owner.name);
	json_add_text(b, "writer", write->request->origin.principal);
	json_add_text(b, "collection", write->place.collection.name);
	json_add_text(b, "name", write->request->name);
	json_add_text(b, "uid", calendar_object_uid(write->object));
	json_add_boolean(b, "moved", old != NULL && !(old->flags & OBJECT_REFUSED));
	json_add_text(b, "reason", slice_str(result->reason));
	add_interval(b, "wanted", write->guards[0]);
	json_open_array(b, "alternatives");
	for (size_t i = 0; i < result->alternative_count; i++)
		add_interval(b, NULL, result->alternatives[i]);
	json_close_array(b);
	json_close_object(b);
	return b->err;
}

/* A hash of what was to be changed, and to which times. */
static int notice_key(const struct write *write, const struct object *old, struct slice *key_r)
{
	AUTO_BUF struct buf b = BUF_INIT(8u << 20);

	pack_u64(&b, write->place.collection.id);
	pack_text(&b, calendar_object_uid(write->object));
	pack_u64(&b, old != NULL && !(old->flags & OBJECT_REFUSED) ? old->id : 0);
	for (size_t i = 0; i < write->guard_count; i++)
		pack_interval(&b, write->guards[i]);
	return b.err < 0 ? b.err : job_key_hash(write->arena, buf_slice(&b), key_r);
}

static int tell_once(struct write *write, struct kv_txn *txn, const struct object *old)
{
	AUTO_BUF struct buf payload = BUF_INIT(1u << 20);
	struct slice key;
	instant_t now = clock_now(write->service->clock);
	struct job job = {
		.due = now,
		.created = now,
		.kind = NOTICE_KIND,
		.request = write->request->origin.request,
	}, told;
	int ret = notice_key(write, old, &key);

	if (ret == 0)
		ret = store_job_get_by_key(txn, write->arena, NOTICE_KIND, key, &told);
	if (ret != -ENOENT)
		return ret;
	ret = notice_payload(write, old, &payload);
	job.key = key;
	job.payload = buf_slice(&payload);
	if (ret == 0)
		ret = store_job_put(txn, &job);
	return ret < 0 ? ret : refusal_item(write, txn, old != NULL && !(old->flags & OBJECT_REFUSED));
}

/* ---- lenient ---- */

/* The rows of the copy: every instance is found by its time and blocks nothing. */
static int free_rows(const struct write *write, struct rows *rows_r)
{
	*rows_r = write->rows;
	rows_r->at = arena_array(write->arena, write->rows.count + 1, sizeof(*rows_r->at));
	if (rows_r->at == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < write->rows.count; i++) {
		rows_r->at[i] = write->rows.at[i];
		rows_r->at[i].kind = BUSY_KIND_FREE;
	}
	return 0;
}

static int store_copy(struct write *write, struct kv_txn *txn, const struct object *old, struct slice text)
{
	struct object object = {
		.collection = write->place.collection.id,
		.name = write->request->name,
		.uid = calendar_object_uid(write->object),
		.component = calendar_object_component(write->object),
		.flags = OBJECT_REFUSED | (write->rows.recurring ? OBJECT_RECURRING : 0u) |
		         (write->rows.endless ? OBJECT_ENDLESS : 0u),
		.span = write->rows.span,
	};
	struct rows rows;
	int ret = free_rows(write, &rows);

	if (ret == 0 && old != NULL)
		ret = store_index_clear(txn, old->collection, old->id);
	if (ret == 0)
		ret = store_object_put(txn, write->place.owner.id, &object, text, clock_now(write->service->clock));
	if (ret == 0 && write->transfer != NULL)
		ret = transfer_properties(txn, write, object.id);
	if (ret == 0)
		ret = rows_put(txn, write->arena, &write->place, &object, &rows);
	return ret < 0 ? ret : refusal_schedule_sweep(txn, write->arena, &object);
}

static int has_body(struct kv_txn *txn, const struct object *old, struct slice text)
{
	struct slice body;
	int ret = store_body_get(txn, old->id, &body);

	return ret < 0 ? ret : slice_equal(body, text);
}

/* What is stored must block nothing when it is read again, so it is. -EILSEQ when it cannot be made. */
static int make_copy(struct write *write, struct slice *text_r)
{
	struct calendar_object *copy;
	struct slice note;
	bool harmless;
	int ret = refusal_note(write, REFUSAL_COPY_ENDING, &note);

	if (ret == 0)
		ret = refused_copy_make(write->arena, write->object, write->result.reason, note, text_r);
	if (ret == 0)
		ret = calendar_object_parse(write->arena, write->service->zones, *text_r, SIZE_MAX, &copy, NULL);
	if (ret < 0)
		return ret == -EINVAL ? -EILSEQ : ret;
	harmless = refused_copy_is_cancelled(copy) && calendar_object_count(copy) == calendar_object_count(write->object);
	calendar_object_free(copy);
	return harmless ? 0 : -EILSEQ;
}

static int refuse_new(struct write *write, struct kv_txn *txn, struct slice copy)
{
	write->result.created = true;
	return store_copy(write, txn, NULL, copy);
}

/* Something is there: a live item, which stays, or the copy of an earlier refusal, which becomes that of this one. */
static int refuse_again(struct write *write, struct kv_txn *txn, struct object *old, struct slice copy)
{
	bool allowed;
	int ret = touch_take(txn, write->arena, old, clock_now(write->service->clock), &allowed);

	if (ret < 0 || !allowed)
		return ret;
	if (old->flags & OBJECT_REFUSED) {
		ret = has_body(txn, old, copy);
		if (ret == 0)
			return store_copy(write, txn, old, copy);
		if (ret < 0)
			return ret;
	}
	return store_object_touch(txn, write->place.owner.id, old, clock_now(write->service->clock));
}

static enum handling handling_of(const struct write *write)
{
	if (write->request->handling != HANDLING_DEFAULT)
		return write->request->handling;
	if (write->place.collection.handling != HANDLING_DEFAULT)
		return write->place.collection.handling;
	return (enum handling)atomic_load(&write->service->handling);
}

static int refuse_strictly(struct write *write)
{
	write->result.outcome = CHANGE_REFUSED;
	return error_set(&write->result.error, 403, SLOTKEEPER_SLOT_UNAVAILABLE, "%s", sentence_of(write));
}

int refusal_apply(struct write *write, struct kv_txn *txn, struct object *old, const struct verdict *verdict)
{
	struct change_result *result = &write->result;
	struct slice copy = SLICE_EMPTY;
	int ret;

	*result = (struct change_result){.reason = verdict->reason != NULL ? verdict->reason : reason_of(write)};
	memcpy(result->conflicts, verdict->conflicts.at, verdict->conflicts.count * sizeof(result->conflicts[0]));
	result->conflict_count = verdict->conflicts.count;
	if (verdict->has_others) {
		memcpy(result->alternatives, verdict->others, verdict->other_count * sizeof(result->alternatives[0]));
		result->alternative_count = verdict->other_count;
	} else {
		ret = find_alternatives(write, txn, &verdict->conflicts);
		if (ret < 0)
			return ret;
	}
	if (handling_of(write) == HANDLING_STRICT)
		return refuse_strictly(write);
	if (write->transfer != NULL && write->transfer->move) {
		result->outcome = CHANGE_REFUSED_LENIENT;
		result->created = old == NULL;
		ret = transfer_refuse(txn, write);
		return ret < 0 ? ret : tell_once(write, txn, old);
	}
	if (old == NULL || old->flags & OBJECT_REFUSED)
		ret = make_copy(write, &copy);
	if (ret == -EILSEQ)
		return refuse_strictly(write); /* nothing was written yet */
	if (ret < 0)
		return ret;
	result->outcome = CHANGE_REFUSED_LENIENT;
	ret = old != NULL ? refuse_again(write, txn, old, copy) : refuse_new(write, txn, copy);
	return ret < 0 ? ret : tell_once(write, txn, old);
}
