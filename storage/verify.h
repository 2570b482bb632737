/*
 * storage/verify - every table against the others.
 *
 * What can be seen without reading calendar objects: that each row has its counterparts, both ways, that bodies are
 * those that were written, and that no two bookings' guards overlap. Whether an object's index rows are the right
 * ones, server/booking/verify finds out.
 */
#ifndef STORAGE_VERIFY_H
#define STORAGE_VERIFY_H

#include "storage/store.h"

/* One disagreement, as a sentence that names table and record. */
typedef void store_verify_fn(const char *sentence, void *arg);

struct store_verify_counts {
	uint64_t principals, collections, objects;
	uint64_t rows; /* of all tables */
	uint64_t disagreements;
};

/* 0, also when there are disagreements, or -errno when the store cannot be read. */
int store_verify(struct kv_txn *txn, store_verify_fn *fn, void *arg, struct store_verify_counts *counts_r);

#endif
