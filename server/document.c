/*
 * document - writes the sample configuration or its manual page from the table of options.
 *
 * `document sample` and `document manual` write to standard output. The results are committed; `make update-conf`
 * renews them and a unit test compares.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "server/base/config_schema.h"

#define DOCUMENT_MAX 262144 /* bytes */

int main(int argc, char **argv)
{
	AUTO_BUF struct buf b = BUF_INIT(DOCUMENT_MAX);

	if (argc == 2 && strcmp(argv[1], "sample") == 0)
		config_write_sample(&b);
	else if (argc == 2 && strcmp(argv[1], "manual") == 0)
		config_write_manual(&b);
	else
		return 2;
	return b.err != 0 || fwrite(b.at, 1, b.len, stdout) != b.len || fflush(stdout) != 0;
}
