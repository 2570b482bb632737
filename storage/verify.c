#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "storage/verify_private.h"

#define SENTENCE_MAX    256
#define VERIFY_ROWS_MAX (256u << 20) /* bytes of one object's index rows, decoded */

int verify_disagree(struct verify *v, const char *format, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	v->counts.disagreements++;
	v->fn(sentence, v->arg);
	return 0;
}

int verify_holds(struct verify *v, const struct key *key, struct slice value, bool *holds_r)
{
	struct slice stored;
	int ret = kv_get(v->txn, key_slice(key), &stored);

	*holds_r = ret == 0 && slice_equal(stored, value);
	return ret == -ENOENT ? 0 : ret;
}

int verify_exists(struct verify *v, const struct key *key, bool *exists_r)
{
	struct slice stored;
	int ret = kv_get(v->txn, key_slice(key), &stored);

	*exists_r = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

int verify_found(int ret, bool *found_r)
{
	*found_r = ret == 0;
	return ret == -ENOENT || ret == -EBADMSG ? 0 : ret;
}

/* ---- all tables ---- */

static int busy_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_BUSY]++;
	return 0;
}

static int member_busy_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_MEMBER_BUSY]++;
	return 0;
}

static int series_due_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_SERIES_DUE]++;
	return 0;
}

static int job_due_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_JOB_DUE]++;
	return 0;
}

static int access_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_access_check(v->txn, v->arena, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : verify_disagree(v, "access: a row of table %c: %s", key.at[0], wrong);
}

static int feed_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_feed_check(v->txn, v->arena, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : verify_disagree(v, "feeds: a row of table %c: %s", key.at[0], wrong);
}

static int api_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_api_check(v->txn, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : verify_disagree(v, "API: a row of table %c: %s", key.at[0], wrong);
}

static int service_row(struct verify *v, struct slice key, struct slice value)
{
	struct service service;
	int ret = store_service_decode(key, value, v->arena, &service);

	return ret == -EBADMSG ? verify_disagree(v, "service: a row that cannot be read") : ret;
}

static int booking_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_booking_check(v->txn, v->arena, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : verify_disagree(v, "bookings: a row of table %c: %s", key.at[0], wrong);
}

static int session_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_session_check(v->txn, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : verify_disagree(v, "session: %s", wrong);
}

static int alert_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_alert_check(v->txn, v->arena, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : verify_disagree(v, "alert: %s", wrong);
}

static int usage_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	int ret = store_usage_check(v->txn, key, value, &wrong);

	return ret < 0 || wrong == NULL ? ret : verify_disagree(v, "usage: %s", wrong);
}

static int file_row(struct verify *v, struct slice key, struct slice value)
{
	const char *wrong;
	struct file file;
	int ret = store_file_check(v->txn, v->arena, key, value, &wrong);

	if (file_decode(value, &file) == 0 && !file.folder)
		v->listed[COUNTED_FILE_BODY]++;
	return ret < 0 || wrong == NULL ? ret : verify_disagree(v, "file: %s", wrong);
}

static int file_body_row(struct verify *v, struct slice key, struct slice value)
{
	(void)key;
	(void)value;
	v->found[COUNTED_FILE_BODY]++;
	return 0;
}

static int lock_row(struct verify *v, struct slice key, struct slice value)
{
	struct principal principal;
	struct lock lock;
	bool there;
	int ret;

	if (store_lock_decode(key, value, &lock) < 0)
		return verify_disagree(v, "lock: a row that cannot be read");
	ret = verify_found(store_principal_get_by_id(v->txn, v->arena, lock.owner, &principal), &there);
	return ret < 0 || there ? ret : verify_disagree(v, "lock: a row of principal %llu, who is not there", ID(lock.owner));
}

/* A home's numbers, of somebody who is there. */
static int home_row(struct verify *v, struct slice key, struct slice value)
{
	struct slice rest = behind_table(key);
	struct principal principal;
	uint64_t id = 0;
	bool there;
	int ret;

	(void)value;
	key_take_u64(&rest, &id);
	ret = verify_found(store_principal_get_by_id(v->txn, v->arena, id, &principal), &there);
	return ret < 0 || there ? ret : verify_disagree(v, "home: a row of principal %llu, who is not there", ID(id));
}

static int any_row(struct verify *v, struct slice key, struct slice value)
{
	(void)v;
	(void)key;
	(void)value;
	return 0;
}

static verify_row_fn *const row_of[UINT8_MAX + 1] = {
    [TABLE_META] = any_row,
    [TABLE_PRINCIPAL] = verify_principal_row,
    [TABLE_PRINCIPAL_ID] = verify_principal_id_row,
    [TABLE_PRINCIPAL_EMAIL] = verify_principal_email_row,
    [TABLE_COLLECTION] = verify_collection_row,
    [TABLE_COLLECTION_ID] = verify_collection_id_row,
    [TABLE_COUNTER] = verify_counter_row,
    [TABLE_HOME] = home_row,
    [TABLE_HOME_GONE] = home_row,
    [TABLE_PROPERTY] = verify_property_row,
    [TABLE_OBJECT] = verify_object_row,
    [TABLE_OBJECT_ID] = verify_object_id_row,
    [TABLE_BODY] = verify_body_row,
    [TABLE_UID] = verify_uid_row,
    [TABLE_OWNER_UID] = verify_owner_uid_row,
    [TABLE_CHANGE] = verify_change_row,
    [TABLE_TOMBSTONE] = verify_tombstone_row,
    [TABLE_INDEX] = verify_index_row,
    [TABLE_BUSY] = busy_row,
    [TABLE_MEMBER_BUSY] = member_busy_row,
    [TABLE_OCCUPANCY] = verify_occupancy_row,
    [TABLE_OCCUPIED] = verify_occupied_row,
    [TABLE_SERIES] = verify_series_row,
    [TABLE_SERIES_DUE] = series_due_row,
    [TABLE_JOB] = verify_job_row,
    [TABLE_JOB_DUE] = job_due_row,
    [TABLE_JOB_KEY] = verify_job_key_row,
    [TABLE_ALERT] = alert_row,
    [TABLE_USAGE] = usage_row,
    [TABLE_SERVICE] = service_row,
    [TABLE_BOOKING] = booking_row,
    [TABLE_BOOKING_ID] = booking_row,
    [TABLE_BOOKING_UID] = booking_row,
    [TABLE_BOOKING_START] = booking_row,
    [TABLE_BOOKING_TOKEN] = booking_row,
    [TABLE_BOOKING_EXPIRY] = booking_row,
    [TABLE_BOOKING_MADE] = booking_row,
    [TABLE_FEED] = feed_row,
    [TABLE_FEED_OF] = feed_row,
    [TABLE_LOCK] = lock_row,
    [TABLE_FILE] = file_row,
    [TABLE_FILE_BODY] = file_body_row,
    [TABLE_GRANT] = access_row,
    [TABLE_GRANTED] = access_row,
    [TABLE_MEMBER] = access_row,
    [TABLE_MEMBERSHIP] = access_row,
    [TABLE_APP_PASSWORD] = access_row,
    [TABLE_SESSION] = session_row,
    [TABLE_API_KEY] = api_row,
    [TABLE_AUDIT] = api_row,
    [TABLE_IDEMPOTENCY] = api_row,
    [TABLE_IDEMPOTENCY_DUE] = api_row,
};

static int verify_row(struct slice key, struct slice value, void *arg)
{
	struct verify *v = arg;
	verify_row_fn *fn = row_of[(unsigned char)key.at[0]];
	int ret;

	v->counts.rows++;
	arena_reset(v->arena);
	if (fn == NULL)
		return verify_disagree(v, "a row of no table: %02x", (unsigned char)key.at[0]);
	ret = fn(v, key, value);
	return ret == -EBADMSG ? verify_disagree(v, "table %c: a row beside one that cannot be read", key.at[0]) : ret;
}

static void compare_counts(struct verify *v)
{
	static const char *const names[COUNTED_TABLES] = {
	    [COUNTED_BUSY] = "busy",
	    [COUNTED_MEMBER_BUSY] = "member's busy",
	    [COUNTED_OCCUPANCY] = "occupancy",
	    [COUNTED_SERIES_DUE] = "series by end",
	    [COUNTED_JOB_DUE] = "jobs by due time",
	    [COUNTED_FILE_BODY] = "bytes of files",
	};

	for (size_t i = 0; i < COUNTED_TABLES; i++)
		if (v->listed[i] != v->found[i])
			verify_disagree(v, "%s: %llu rows, %llu are listed elsewhere", names[i], ID(v->found[i]),
			    ID(v->listed[i]));
}

int store_verify(struct kv_txn *txn, store_verify_fn *fn, void *arg, struct store_verify_counts *counts_r)
{
	struct verify v = {.txn = txn, .arena = arena_new(VERIFY_ROWS_MAX), .fn = fn, .arg = arg};
	int ret;

	if (v.arena == NULL)
		return -ENOMEM;
	ret = kv_range(txn, SLICE("\x01"), SLICE("\xff"), false, 0, verify_row, &v);
	arena_free(v.arena);
	if (ret < 0)
		return ret;
	compare_counts(&v);
	*counts_r = v.counts;
	return 0;
}
