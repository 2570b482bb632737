/*
 * storage/verify_private - what the files of the verification share: the walk, how it complains, a function for each table.
 */
#ifndef STORAGE_VERIFY_PRIVATE_H
#define STORAGE_VERIFY_PRIVATE_H

#include "storage/store_private.h"
#include "storage/verify.h"

/* Tables of which each row belongs to exactly one listed elsewhere: counted on both sides. */
enum counted {
	COUNTED_BUSY,
	COUNTED_MEMBER_BUSY,
	COUNTED_OCCUPANCY,
	COUNTED_SERIES_DUE,
	COUNTED_JOB_DUE,
	COUNTED_FILE_BODY,
	COUNTED_TABLES
};

struct verify {
	struct kv_txn *txn;
	struct arena *arena; /* reset for every row */
	store_verify_fn *fn;
	void *arg;
	struct store_verify_counts counts;
	uint64_t listed[COUNTED_TABLES], found[COUNTED_TABLES];
};

/* Of a text and an id in a sentence: "%.*s" and "%llu". */
#define NAME(s) (int)((s).len < 80 ? (s).len : 80), (s).at
#define ID(n)   ((unsigned long long)(n))

/* Reports; 0, so that the walk goes on. */
int verify_disagree(struct verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether the row of KEY holds exactly VALUE. */
int verify_holds(struct verify *v, const struct key *key, struct slice value, bool *holds_r);
int verify_exists(struct verify *v, const struct key *key, bool *exists_r);
/* What is missing, or cannot be read and is reported in its own table, becomes *FOUND_R == false. */
int verify_found(int ret, bool *found_r);
/* Whether the object of an index row is there; TABLE is for the sentence. */
int verify_check_object_id(struct verify *v, const char *table, uint64_t collection, uint64_t id);

typedef int verify_row_fn(struct verify *v, struct slice key, struct slice value);

/* verify_objects.c */
verify_row_fn verify_principal_row, verify_principal_id_row, verify_principal_email_row,
    verify_collection_row, verify_collection_id_row, verify_counter_row, verify_property_row,
    verify_object_row, verify_object_id_row, verify_body_row, verify_uid_row,
    verify_owner_uid_row, verify_change_row, verify_tombstone_row;
/* verify_times.c */
verify_row_fn verify_index_row, verify_series_row, verify_occupancy_row, verify_occupied_row, verify_job_row,
    verify_job_key_row;

static inline struct slice behind_table(struct slice key)
{
	return slice_from(key, 1);
}

#endif
