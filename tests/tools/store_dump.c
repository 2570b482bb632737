/*
 * store_dump DIR - every row of a store as text, so that a store of today can be kept for the tests of tomorrow.
 *
 * One row a line, key and value in hexadecimal; what an engine's file looks like plays no part.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "protocol/base/buf.h"
#include "protocol/base/codec.h"
#include "protocol/base/error.h"
#include "storage/kv_private.h"

static int print_row(struct slice key, struct slice value, void *arg)
{
	AUTO_BUF struct buf line = BUF_INIT(256u << 20);

	(void)arg;
	codec_hex_encode(&line, key.at, key.len);
	buf_add_char(&line, ' ');
	codec_hex_encode(&line, value.at, value.len);
	return line.err < 0 ? line.err : puts(buf_cstr(&line)) < 0;
}

static int print_all(struct kv_txn *txn, void *arg)
{
	return kv_range(txn, SLICE("\x01"), SLICE("\xff"), false, 0, print_row, arg);
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	struct kv *kv;
	int ret;

	if (argc != 2) {
		fputs("usage: store_dump DIR\n", stderr);
		return 2;
	}
	ret = lmdb_open(argv[1], 0, false, &kv, &err);
	if (ret < 0) {
		fprintf(stderr, "store_dump: %s\n", err.detail);
		return 1;
	}
	ret = kv_view(kv, print_all, NULL);
	kv_close(kv);
	return ret != 0 || fflush(stdout) != 0;
}
