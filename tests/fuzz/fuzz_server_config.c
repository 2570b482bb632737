/* The configuration file: taken whole, or refused with a sentence; read by way of an unnamed file. */
#include <config.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "server/base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct config *config = NULL;
	struct error err = ERROR_NONE;
	char path[64];
	int ret;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = config_open(path, NULL, 0, &config, &err);
	if (ret == 0 ? config_get(config)->workers < 1 : err.detail[0] == '\0')
		abort();
	if (ret == 0)
		config_free(config);
	close(fd);
	return 0;
}
