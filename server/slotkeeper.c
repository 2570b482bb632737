/*
 * slotkeeper - the administrator's command line.
 *
 * A command goes to the running server over its control socket; while none runs, this process opens the store itself
 * and runs the same command function.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "server/control/control_client.h"
#include "server/site.h"

#define FILE_CHUNK      65536
#define CALL_ARENA_MAX  (2 * (size_t)COMMAND_INPUT_MAX)
#define CONNECT_RETRIES 50 /* of 100 ms: a server that starts or stops holds the store for a moment */

struct arguments {
	struct site_options site;
	const char *const *words;
	size_t word_count;
};

static int usage(void)
{
	AUTO_BUF struct buf b = BUF_INIT(65536);

	command_help(&b);
	printf("usage: slotkeeper [--config FILE] [--data DIR] COMMAND [ARGUMENT...]\n\n%s\n"
	       "Commands take effect at once while the server runs, and work on the store while it does not.\n",
	    buf_cstr(&b));
	return COMMAND_OK;
}

static int complain(const char *what, const char *why, int status)
{
	fprintf(stderr, "slotkeeper: %s: %s\n", what, why);
	return status;
}

/* The options before the command. -1: go on; else the exit status. */
static int parse_global(int argc, char **argv, struct arguments *arguments)
{
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		const char **target = NULL;

		if (strcmp(argv[i], "--help") == 0)
			return usage();
		if (strcmp(argv[i], "--version") == 0) {
			puts("slotkeeper " PACKAGE_VERSION);
			return COMMAND_OK;
		}
		if (strcmp(argv[i], "--config") == 0)
			target = &arguments->site.config;
		else if (strcmp(argv[i], "--data") == 0)
			target = &arguments->site.data;
		else
			return complain(argv[i], "unknown option", COMMAND_USAGE);
		if (++i == argc)
			return complain(argv[i - 1], "needs a value", COMMAND_USAGE);
		*target = argv[i];
	}
	arguments->words = (const char *const *)argv + i;
	arguments->word_count = (size_t)(argc - i);
	return -1;
}

/* Reads all of NAME ("-": standard input) into ARENA. 0 or -errno. */
static int read_file(struct arena *arena, const char *name, size_t *left, struct slice *bytes_r)
{
	AUTO_BUF struct buf b = BUF_INIT(*left);
	FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
	struct stat status;
	int ret = 0;
	size_t n = 1;
	char *copy;

	if (file == NULL)
		return -errno;
	if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode))
		ret = -EISDIR;
	while (ret == 0 && n > 0) {
		char *at = buf_reserve(&b, FILE_CHUNK);

		if (at == NULL)
			break;
		n = fread(at, 1, FILE_CHUNK, file);
		buf_reserved(&b, n);
		if (n == 0 && ferror(file))
			ret = -EIO;
	}
	if (file != stdin)
		fclose(file);
	if (ret == 0)
		ret = b.err;
	if (ret < 0)
		return ret;
	copy = arena_copy(arena, buf_slice(&b));
	if (copy == NULL)
		return -ENOMEM;
	*left -= b.len;
	*bytes_r = slice_of(copy, b.len);
	return 0;
}

/* The files that the command reads, which only this process can find. */
static int read_inputs(struct command_call *call, struct command_file **files_r, size_t *count_r)
{
	const char *option = command_option(call, "file");
	const char *const *names = call->arguments + 1;
	size_t count = 0, left = COMMAND_INPUT_MAX;
	struct command_file *files;

	switch (call->command->input) {
	case INPUT_NONE:
	case INPUT_DIRECTORY:
	case INPUT_RESTORE:
		break;
	case INPUT_FILE_OPTION:
		count = 1;
		break;
	case INPUT_CASE:
		count = command_is_case(call);
		break;
	case INPUT_FILES:
		count = call->argument_count - 1;
		break;
	case INPUT_PASSWORD:
		count = command_option(call, "password-stdin") != NULL;
		break;
	}
	files = arena_array(call->arena, count + 1, sizeof(*files));
	if (files == NULL)
		return complain(call->command->name, "out of memory", COMMAND_FAILED);
	for (size_t i = 0; i < count; i++) {
		int ret;

		files[i].name = call->command->input == INPUT_FILES ? names[i] : option != NULL ? option : "-";
		ret = read_file(call->arena, files[i].name, &left, &files[i].bytes);
		if (ret < 0)
			return complain(files[i].name, strerror(-ret), COMMAND_USAGE);
	}
	*files_r = files;
	*count_r = count;
	return COMMAND_OK;
}

/* A server that is asked works in another directory: the first argument becomes an absolute path, in WORDS too. */
static int make_absolute(struct command_call *call, const char **words, size_t count)
{
	const char *given = call->arguments[0], *absolute;
	char here[4096];

	if (given[0] == '/')
		return COMMAND_OK;
	absolute = getcwd(here, sizeof(here)) != NULL ? arena_printf(call->arena, "%s/%s", here, given) : NULL;
	if (absolute == NULL)
		return complain(given, strerror(errno), COMMAND_FAILED);
	for (size_t i = 0; i < count; i++)
		if (words[i] == given)
			words[i] = absolute;
	call->arguments[0] = absolute;
	return COMMAND_OK;
}

static int print_answer(struct command_call *call, int status)
{
	if (call->out.len > 0 && fwrite(call->out.at, 1, call->out.len, stdout) != call->out.len)
		status = COMMAND_FAILED;
	if (fflush(stdout) != 0)
		status = COMMAND_FAILED;
	if (call->err.len > 0)
		(void)!fwrite(call->err.at, 1, call->err.len, stderr);
	return status;
}

/* On the store itself. -EBUSY: a server has it. */
static int run_here(struct command_call *call, const struct arguments *arguments)
{
	struct site_options options = arguments->site;
	struct site *site = NULL;
	struct error err = ERROR_NONE;
	int status, ret;

	if (call->command->input == INPUT_RESTORE) {
		status = call->command->run(call);
		return print_answer(call, status);
	}
	options.create = strcmp(call->command->name, "init") == 0;
	ret = site_open(NULL, &options, &site, &err);
	if (ret == -EBUSY)
		return ret;
	if (ret < 0)
		return complain(call->command->name, err.detail[0] ? err.detail : strerror(-ret),
		    ret == -EINVAL ? COMMAND_USAGE : COMMAND_FAILED);
	call->app = site_app(site);
	status = call->command->run(call);
	status = print_answer(call, status);
	site_close(site);
	return status;
}

/* In the server when one runs, else here; tries again while one starts or stops. */
static int run_somewhere(struct command_call *call, const struct arguments *arguments, const char *data,
    const struct control_request *request)
{
	for (int i = 0; i < CONNECT_RETRIES; i++) {
		struct timespec pause = {.tv_nsec = 100000000};
		AUTO_CLOSE int fd = -1;
		int ret = control_connect(data, &fd);

		if (ret == 0) {
			ret = control_ask(fd, request);
			return ret < 0 ? complain("the server does not answer", strerror(-ret), COMMAND_FAILED) : ret;
		}
		ret = run_here(call, arguments);
		if (ret != -EBUSY)
			return ret;
		nanosleep(&pause, NULL);
	}
	return complain(data, "another process has the store and answers no command", COMMAND_FAILED);
}

static int run_call(struct command_call *call, const struct arguments *arguments)
{
	struct control_request request = {
	    .words = (const char **)arguments->words, .word_count = arguments->word_count};
	struct error err = ERROR_NONE;
	char *data = NULL;
	int status = command_parse(call, arguments->words, arguments->word_count);

	if (status != COMMAND_OK)
		return print_answer(call, status);
	status = site_data_directory(&arguments->site, call->arena, &data, &err);
	if (status < 0)
		return complain("configuration", err.detail, COMMAND_USAGE);
	status = read_inputs(call, &request.files, &request.file_count);
	if (status != COMMAND_OK)
		return status;
	call->data = data;
	if (call->command->input == INPUT_DIRECTORY || call->command->input == INPUT_RESTORE)
		status = make_absolute(call, request.words, request.word_count);
	if (status != COMMAND_OK)
		return status;
	call->files = request.files;
	call->file_count = request.file_count;
	if (command_is_case(call)) {
		status = call->command->run(call);
		return print_answer(call, status);
	}
	return run_somewhere(call, arguments, data, &request);
}

static int run(struct arena *arena, const struct arguments *arguments)
{
	struct command_call call = {
	    .arena = arena, .out = BUF_INIT(COMMAND_OUTPUT_MAX), .err = BUF_INIT(COMMAND_OUTPUT_MAX)};
	int status = run_call(&call, arguments);

	buf_free(&call.out);
	buf_free(&call.err);
	return status;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	struct arena *arena;
	int status = parse_global(argc, argv, &arguments);

	if (status >= 0)
		return status;
	arena = arena_new(CALL_ARENA_MAX);
	if (arena == NULL)
		return complain("start", "out of memory", COMMAND_FAILED);
	status = run(arena, &arguments);
	arena_free(arena);
	return status;
}
