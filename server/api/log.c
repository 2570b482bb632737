/* /audit: who changed what, the newest first. */
#include <config.h>

#include <errno.h>
#include <stdio.h>

#include "server/api/api_private.h"
#include "server/booking/audit.h"

#define NAME_SIZE 24 /* twenty digits */

struct page {
	struct api_request *r;
	struct api_list list;
};

/* Numbers fall, names of entries rise. */
static int see(const struct audit *audit, void *arg)
{
	struct page *page = arg;
	char name[NAME_SIZE];
	int takes;

	snprintf(name, sizeof(name), "%020llu", (unsigned long long)(UINT64_MAX - audit->number));
	takes = api_list_takes(page->r, &page->list, slice_str(name));
	if (takes > 0)
		audit_write_json(page->list.b, audit);
	return takes < 0 ? takes : 0;
}

int api_audit_list(struct api_request *r, struct kv_txn *txn)
{
	struct page page = {.r = r};
	uint64_t before = 0;
	int ret = api_list_begin(r, &page.list);

	if (ret == 0 && page.list.cursor.len > 0) {
		if (slice_to_u64(page.list.cursor, UINT64_MAX, &before) < 0)
			return api_refuse(r, "cursor", "it is not one that was given");
		before = UINT64_MAX - before;
	}
	if (ret < 0)
		return ret;
	ret = store_audit_each(txn, before, page.list.left + 1, see, &page);
	api_list_end(&page.list);
	return ret;
}
