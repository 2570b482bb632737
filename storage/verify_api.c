/* Whether the rows of API keys, audit log and idempotency can be read and agree with one another. */
#include <config.h>

#include <errno.h>

#include "storage/store_private.h"

int store_api_check(struct kv_txn *txn, struct slice key, struct slice value, const char **wrong_r)
{
	struct api_key api_key;
	struct audit audit;
	int ret;

	*wrong_r = NULL;
	switch (key.at[0]) {
	case TABLE_API_KEY:
		ret = store_api_key_decode(key, value, &api_key);
		break;
	case TABLE_AUDIT:
		ret = store_audit_decode(key, value, &audit);
		break;
	default:
		return store_idempotency_check(txn, key, value, wrong_r);
	}
	if (ret < 0)
		*wrong_r = "a row that cannot be read";
	return 0;
}
