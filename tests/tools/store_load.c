/*
 * store_load DIR < DUMP - makes a store of what store_dump printed.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/base/error.h"
#include "storage/kv_private.h"

/* Hexadecimal digits become bytes in place; the number of bytes, or -1. */
static ssize_t decode(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *digits = "0123456789abcdef", *digit = text[i] != '\0' ? strchr(digits, text[i]) : NULL;

		if (digit == NULL)
			return -1;
		text[i / 2] = (char)(i % 2 == 0 ? (digit - digits) << 4 : text[i / 2] | (digit - digits));
	}
	return len % 2 == 0 ? (ssize_t)(len / 2) : -1;
}

static int put_line(struct kv_txn *txn, char *line)
{
	char *space = strchr(line, ' ');
	size_t len = strcspn(line, "\n");
	ssize_t key, value;

	if (space == NULL)
		return -EINVAL;
	value = decode(space + 1, len - (size_t)(space + 1 - line));
	key = decode(line, (size_t)(space - line));
	if (key <= 0 || value < 0)
		return -EINVAL;
	return kv_put(txn, slice_of(line, (size_t)key), slice_of(space + 1, (size_t)value));
}

static int load(struct kv_txn *txn, void *arg)
{
	char *line = NULL;
	size_t size = 0;
	int ret = 0;

	(void)arg;
	while (ret == 0 && getline(&line, &size, stdin) > 0)
		ret = put_line(txn, line);
	free(line);
	return ret;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_NONE;
	struct kv *kv;
	int ret;

	if (argc != 2) {
		fputs("usage: store_load DIR < DUMP\n", stderr);
		return 2;
	}
	ret = lmdb_open(argv[1], 0, true, &kv, &err);
	if (ret < 0) {
		fprintf(stderr, "store_load: %s\n", err.detail);
		return 1;
	}
	ret = kv_update_wait(kv, load, NULL);
	kv_close(kv);
	if (ret < 0)
		fprintf(stderr, "store_load: %s\n", strerror(-ret));
	return ret < 0;
}
