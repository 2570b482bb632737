/*
 * server/control/command - the administrator's commands, one table.
 *
 * A command runs the same way inside the server (asked over the control socket) and in the command line's own process
 * (on the store itself, while no server runs). The table says what a command takes, so that options, files, --help
 * and the manual's list come from it.
 */
#ifndef SERVER_CONTROL_COMMAND_H
#define SERVER_CONTROL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "protocol/base/slice.h"

struct app;

#define COMMAND_ARGUMENTS_MAX 4096         /* words of one command: a shell's expansion of many files */
#define COMMAND_INPUT_MAX     (256u << 20) /* bytes of all files of one command */
#define COMMAND_OUTPUT_MAX    (256u << 20)

/* Exit statuses of the command line. */
enum command_status {
	COMMAND_OK = 0,
	COMMAND_FAILED = 1, /* it ran and something was refused or is wrong */
	COMMAND_USAGE = 2,  /* wrong option, argument or file: nothing was done */
};

/* What a command reads besides its words; the client reads it, since a path means something only there. */
enum command_input {
	INPUT_NONE,
	INPUT_FILE_OPTION, /* --file F, else standard input */
	INPUT_CASE,        /* --file F, which is all that it needs: no server, no store; with --service no file, but the store */
	INPUT_FILES,       /* every argument after the first is a file */
	INPUT_PASSWORD,    /* standard input, only with --password-stdin */
	INPUT_DIRECTORY,   /* the first argument is one: made absolute, as the server works elsewhere */
	INPUT_RESTORE,     /* the same; no process, nor this one, may have the store open */
};

struct command_file {
	const char *name; /* as it was given, for messages */
	struct slice bytes;
};

struct command_option {
	const char *name;
	const char *value; /* "" for one that takes none */
};

struct command_call {
	const struct app *app;
	const struct command *command;
	struct arena *arena; /* for all that ends with the command */
	const char **arguments; /* the words behind the command's name that are no options */
	size_t argument_count;
	struct command_option *options;
	size_t option_count;
	const struct command_file *files;
	size_t file_count;
	bool live;      /* inside the running server */
	const char *data; /* the data directory; for INPUT_RESTORE, which has no app */
	struct buf out; /* standard output */
	struct buf err; /* standard error */
};

typedef int command_fn(struct command_call *call); /* an enum command_status */

struct command {
	const char *name;      /* "user add" */
	const char *arguments; /* what follows it, for people */
	const char *help;      /* one sentence */
	const char *options;   /* words; "email=" takes a value */
	unsigned min, max;     /* arguments that are no options */
	enum command_input input;
	command_fn *run;
};

/* All commands; ends with a NULL name. */
extern const struct command commands[];

/*
 * Parses WORDS ("user", "add", "alice", "--email", ...) into CALL, whose arena, app and buffers are set. COMMAND_OK, or
 * COMMAND_USAGE with a line in call->err. WORDS must outlive the call.
 */
int command_parse(struct command_call *call, const char *const *words, size_t count);
/* The value of option NAME, "" for a flag that was given, NULL when it was not. The last one counts. */
const char *command_option(const struct command_call *call, const char *name);
/* A line "slotkeeper: ..." in call->err; returns STATUS. */
int command_fail(struct command_call *call, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Whether it needs neither server nor store: all is in its file. */
bool command_is_case(const struct command_call *call);
/* The list of commands for --help. */
void command_help(struct buf *b);

#endif
