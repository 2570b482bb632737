/* gzip: any bytes are refused or expanded within the buffer, and what was compressed comes back. */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "protocol/http/coding.h"

#define EXPANDED_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void fields(struct slice value)
{
	const struct http_field at[] = {{SLICE("Accept-Encoding"), value}, {SLICE("Content-Encoding"), value}};
	const struct http_headers headers = {at, 2};

	(void)http_coding_takes_gzip(&headers);
	must(http_coding_of(&headers) <= HTTP_CODING_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_of((const char *)data, size);
	AUTO_BUF struct buf expanded = BUF_INIT(EXPANDED_MAX), small = BUF_INIT(size + 1024), again = BUF_INIT(size);
	int ret = http_gunzip(bytes, &expanded);

	must(ret == 0 || ret == -EINVAL || ret == -EMSGSIZE);
	must(expanded.len <= EXPANDED_MAX);
	must(http_gzip(bytes, &small) == 0);
	must(http_gunzip(buf_slice(&small), &again) == 0 && slice_equal(buf_slice(&again), bytes));
	fields(bytes);
	return 0;
}
