/*
 * server/base/config_schema - the table of all options, from which the reader, the sample file and the manual come.
 */
#ifndef SERVER_BASE_CONFIG_SCHEMA_H
#define SERVER_BASE_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "protocol/base/arena.h"
#include "protocol/base/buf.h"
#include "server/base/config.h"

enum config_type {
	CONFIG_TEXT,      /* const char *: one line of UTF-8, at most MAX bytes */
	CONFIG_PATH,      /* const char *: of a file or a directory */
	CONFIG_URL,       /* const char *: http or https, without query; "" is none */
	CONFIG_ZONE,      /* const char *: a zone of this machine; "" is the one it is set to */
	CONFIG_NUMBER,    /* long from MIN to MAX */
	CONFIG_SIZE,      /* long bytes from MIN to MAX; K and M behind the digits are 1,024 and 1,048,576 */
	CONFIG_WORD,      /* int: the index of one of WORDS */
	CONFIG_ADDRESSES, /* struct config_addresses: a list */
	CONFIG_NETWORKS,  /* struct config_networks: a list */
};

enum config_reloadable {
	CONFIG_AT_START, /* a reload leaves it and warns */
	CONFIG_RELOADED,
};

#define CONFIG_WORDS_MAX 8

struct config_option {
	const char *name;
	enum config_type type;
	enum config_reloadable reloadable;
	size_t offset;       /* of its field in struct config_values */
	const char *value;   /* the default, as written in a file; a list has one entry, or none when it is "" */
	const char *shown;   /* the default in the sample and the manual where a build changes it; else NULL */
	long min, max;       /* of a number, a size, or a text's bytes */
	const char *words[CONFIG_WORDS_MAX];
	const char *help;    /* one sentence, more where a trap lies */
};

extern const struct config_option config_options[];
extern const size_t config_option_count;

/* -1 when there is none. */
int config_option_find(const char *name);
bool config_option_is_list(const struct config_option *option);
/*
 * Checks the COUNT texts (1 but for a list) and stores what they mean in the option's field of *VALUES, allocating from
 * ARENA. -EINVAL with *ERR "what is wrong", without the name; -ENOMEM.
 */
int config_option_parse(const struct config_option *option, const char *const *texts, size_t count, struct arena *arena,
    struct config_values *values, struct error *err);

/* The sample configuration: every option, commented out, with its help and default. */
void config_write_sample(struct buf *b);
/* The manual page slotkeeper.conf(5). */
void config_write_manual(struct buf *b);

#endif
