#include <config.h>

#include "server/base/config.h"

#include <confuse.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/arena.h"
#include "protocol/base/cleanup.h"
#include "server/base/config_schema.h"
#include "server/base/system_zone.h"

#define GENERATION_ARENA_MAX (4 * (size_t)CONFIG_FILE_MAX) /* texts of one file, and what they mean */

/* What one option is set to, as text. */
struct setting {
	const char *const *texts;
	size_t count;
};

/* The values of one reading. */
struct generation {
	struct generation *older;
	struct arena *arena; /* of all below */
	const char *text;    /* of the file, without comments; NULL where there is none */
	struct config_values values;
	struct setting settings[]; /* config_option_count of them */
};

struct config {
	_Atomic(struct generation *) current;
	struct arena *arena; /* of all below, which stays as it was made */
	const char *file;
	bool may_be_missing;
	struct setting *overrides; /* config_option_count; count is SIZE_MAX where there is none */
};

#define NOT_OVERRIDDEN SIZE_MAX

/*
 * Whom the parser's callbacks tell: libconfuse hands them no argument of ours. Set while one file is read, in the
 * thread that reads it.
 */
static _Thread_local struct {
	const char *file;
	struct error *err;
	bool told; /* the first message counts */
} reading;

static int out_of_memory(struct error *err)
{
	error_set(err, 0, CONDITION_NONE, "out of memory");
	return -ENOMEM;
}

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *format, va_list args)
{
	char what[128];

	if (reading.told)
		return;
	vsnprintf(what, sizeof(what), format, args);
	error_set(reading.err, 0, CONDITION_NONE, "%s:%d: %s", reading.file, cfg->line, what);
	reading.told = true;
}

/* Collects the texts that the parser has for OPT. NULL when out of memory. */
static const char *const *texts_of(cfg_opt_t *opt, struct arena *arena, size_t *count_r)
{
	size_t count = cfg_opt_size(opt);
	const char **texts = arena_array(arena, count + 1, sizeof(*texts));

	for (size_t i = 0; texts != NULL && i < count; i++) {
		const char *text = cfg_opt_getnstr(opt, (unsigned)i);

		texts[i] = arena_strdup(arena, text != NULL ? text : "");
		if (texts[i] == NULL)
			return NULL;
	}
	*count_r = count;
	return texts;
}

/* Called where the value stands, so that the error has its line. */
static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct config_option *option = &config_options[config_option_find(opt->name)];
	struct arena *arena = arena_new(GENERATION_ARENA_MAX);
	struct config_values values;
	struct error err = ERROR_NONE;
	const char *const *texts;
	size_t count;
	int ret = -ENOMEM;

	texts = arena != NULL ? texts_of(opt, arena, &count) : NULL;
	if (texts != NULL)
		ret = config_option_parse(option, texts, count, arena, &values, &err);
	if (ret < 0)
		cfg_error(cfg, "%s: %s", option->name, ret == -ENOMEM ? "out of memory" : err.detail);
	arena_free(arena);
	return ret < 0 ? -1 : 0;
}

/* Options without defaults: a value that is there was in the file. The caller frees. */
static cfg_opt_t *make_options(void)
{
	cfg_opt_t *options = calloc(config_option_count + 1, sizeof(*options));

	for (size_t i = 0; options != NULL && i < config_option_count; i++) {
		cfg_opt_t text = CFG_STR(config_options[i].name, NULL, CFGF_NODEFAULT);
		cfg_opt_t list = CFG_STR_LIST(config_options[i].name, NULL, CFGF_NODEFAULT);

		options[i] = config_option_is_list(&config_options[i]) ? list : text;
	}
	return options;
}

static int parse(const char *text, struct generation *generation)
{
	AUTO_FREE cfg_opt_t *options = make_options();
	cfg_t *cfg = options != NULL ? cfg_init(options, CFGF_NONE) : NULL;
	int ret = 0;

	if (cfg == NULL)
		return out_of_memory(reading.err);
	cfg_set_error_function(cfg, on_error);
	for (size_t i = 0; i < config_option_count; i++)
		cfg_set_validate_func(cfg, config_options[i].name, on_value);
	if (cfg_parse_buf(cfg, text) != CFG_SUCCESS) {
		if (!reading.told)
			error_set(reading.err, 0, CONDITION_NONE, "%s: cannot be parsed", reading.file);
		ret = -EINVAL;
	}
	for (size_t i = 0; ret == 0 && i < config_option_count; i++) {
		struct setting *setting = &generation->settings[i];
		cfg_opt_t *opt = cfg_getopt(cfg, config_options[i].name);

		if (!(opt->flags & CFGF_MODIFIED))
			continue;
		setting->texts = texts_of(opt, generation->arena, &setting->count);
		if (setting->texts == NULL)
			ret = out_of_memory(reading.err);
	}
	cfg_free(cfg);
	return ret;
}

/* Where a string in quotes ends that begins at I; the last byte when it does not. A backslash keeps the next byte. */
static size_t end_of_string(const char *text, size_t len, size_t i)
{
	char quote = text[i++];

	while (i < len && text[i] != quote)
		i += text[i] == '\\' ? 2 : 1;
	return i < len ? i : len - 1;
}

/*
 * Turns comments into spaces: libconfuse 3.3 counts three lines for one that ends in a comment, and errors would have
 * the wrong line. Its other forms of comment, which it also misreads in the middle of a line, are refused.
 */
static int blank_comments(char *text, size_t len, int *line_r)
{
	bool between = true; /* words */

	*line_r = 1;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '#') {
			while (i < len && text[i] != '\n')
				text[i++] = ' ';
		} else if (text[i] == '"' || text[i] == '\'') {
			size_t end = end_of_string(text, len, i);

			for (; i < end; i++)
				*line_r += text[i] == '\n';
		} else if (between && text[i] == '/' && i + 1 < len && (text[i + 1] == '/' || text[i + 1] == '*')) {
			return -EINVAL;
		}
		if (i < len) {
			*line_r += text[i] == '\n';
			between = strchr(" \t\r\n={},\"'", text[i]) != NULL;
		}
	}
	return 0;
}

/* Reads all of FILE into B. */
static int slurp(FILE *file, struct buf *b)
{
	struct stat status;
	size_t n;

	if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode))
		return -EISDIR;
	do {
		char *at = buf_reserve(b, 4096);

		if (at == NULL)
			return b->err == -EMSGSIZE ? -EFBIG : b->err;
		n = fread(at, 1, 4096, file);
		buf_reserved(b, n);
	} while (n > 0);
	if (ferror(file))
		return -EIO;
	return slice_find_byte(buf_slice(b), '\0') >= 0 ? -EILSEQ : 0;
}

static int read_file(const struct config *config, struct generation *generation, struct error *err)
{
	AUTO_BUF struct buf b = BUF_INIT(CONFIG_FILE_MAX + 4096);
	FILE *file = fopen(config->file, "re");
	int ret, line;

	if (file == NULL && errno == ENOENT && config->may_be_missing)
		return 0;
	ret = file != NULL ? slurp(file, &b) : -errno;
	if (file != NULL)
		fclose(file);
	if (ret < 0 || buf_cstr(&b) == NULL) {
		ret = ret < 0 ? ret : b.err;
		error_set(err, 0, CONDITION_NONE, "%s: %s", config->file,
		    ret == -EILSEQ ? "holds a NUL byte" : strerror(-ret));
		return ret;
	}
	if (blank_comments(b.at, b.len, &line) < 0)
		return error_set(err, 0, CONDITION_NONE, "%s:%d: a comment begins with #", config->file, line);
	reading.file = config->file;
	reading.err = err;
	reading.told = false;
	generation->text = arena_copy(generation->arena, buf_slice(&b));
	return generation->text != NULL ? parse(generation->text, generation) : out_of_memory(err);
}

/* The last line of TEXT that begins with NAME, 0 when none does. For what libconfuse does not let us judge in place. */
static int line_of(const char *text, const char *name)
{
	struct slice rest = slice_str(text), line;
	int found = 0;

	for (int number = 1; slice_next_line(&rest, &line); number++) {
		line = slice_trim(line);
		if (!slice_starts(line, slice_str(name)))
			continue;
		line = slice_from(line, strlen(name));
		if (line.len == 0 || strchr(" \t=+", line.at[0]) != NULL)
			found = number;
	}
	return found;
}

/* Fills *ERR for the option NAME, with its place in the file as far as there is one. Returns -EINVAL. */
static int refuse(const struct config *config, const struct generation *generation, const char *name, const char *what,
    struct error *err)
{
	int line = line_of(generation->text, name);

	if (config->overrides[config_option_find(name)].count != NOT_OVERRIDDEN)
		return error_set(err, 0, CONDITION_NONE, "%s: %s", name, what);
	if (line == 0)
		return error_set(err, 0, CONDITION_NONE, "%s: %s: %s", config->file, name, what);
	return error_set(err, 0, CONDITION_NONE, "%s:%d: %s: %s", config->file, line, name, what);
}

static bool same(const struct setting *a, const struct setting *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->texts[i], b->texts[i]) != 0)
			return false;
	return true;
}

static int set_one(struct setting *setting, struct arena *arena, const char *text)
{
	const char **texts = arena_array(arena, 1, sizeof(*texts));

	if (texts == NULL || (texts[0] = arena_strdup(arena, text)) == NULL)
		return -ENOMEM;
	*setting = (struct setting){texts, 1};
	return 0;
}

/* What stands for nothing said: the default, and the machine's own zone, so that a change of it counts as one. */
static int complete(const struct config_option *option, struct setting *setting, struct arena *arena)
{
	char zone[SYSTEM_ZONE_SIZE];
	int ret = 0;

	if (setting->texts == NULL && !(config_option_is_list(option) && option->value[0] == '\0'))
		ret = set_one(setting, arena, option->value);
	if (ret == 0 && option->type == CONFIG_ZONE && setting->texts != NULL && setting->texts[0][0] == '\0') {
		system_zone_name(zone);
		ret = set_one(setting, arena, zone);
	}
	return ret;
}

static int copy_setting(struct arena *arena, const char *const *texts, size_t count, struct setting *setting_r)
{
	const char **copies = arena_array(arena, count + 1, sizeof(*copies));

	for (size_t i = 0; copies != NULL && i < count; i++) {
		copies[i] = arena_strdup(arena, texts[i]);
		if (copies[i] == NULL)
			return -ENOMEM;
	}
	if (copies == NULL)
		return -ENOMEM;
	*setting_r = (struct setting){copies, count};
	return 0;
}

/* The setting of option I that counts: command line, file, default; a value that may not change stays as it was. */
static int settle(const struct config *config, const struct generation *current, struct generation *generation, size_t i)
{
	const struct config_option *option = &config_options[i];
	const struct setting *override = &config->overrides[i];
	struct setting *setting = &generation->settings[i];
	int ret;

	if (override->count != NOT_OVERRIDDEN)
		*setting = *override;
	ret = complete(option, setting, generation->arena);
	if (ret < 0 || current == NULL || option->reloadable == CONFIG_RELOADED || same(setting, &current->settings[i]))
		return ret;
	log_event(LOG_WARN_LEVEL, "config", NULL, "option keeps its value until the next start", "option=%s", option->name);
	*setting = current->settings[i]; /* which lives until config_free, as all generations do */
	return 0;
}

/* What no option can judge alone, and values that stand for another. */
static int finish_values(const struct config *config, struct generation *generation, struct error *err)
{
	struct config_values *values = &generation->values;

	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every option of the table was parsed before */
	if (values->tls_certificate[0] != '\0' && values->tls_key[0] == '\0')
		return refuse(config, generation, "tls-certificate", "needs tls-key beside it", err);
	if (values->tls_certificate[0] == '\0' && values->tls_key[0] != '\0')
		return refuse(config, generation, "tls-key", "needs tls-certificate beside it", err);
	if (values->workers == 0) {
		values->workers = sysconf(_SC_NPROCESSORS_ONLN);
		if (values->workers < 1)
			values->workers = 1;
	}
	return 0;
}

static int make_values(const struct config *config, const struct generation *current, struct generation *generation,
    struct error *err)
{
	for (size_t i = 0; i < config_option_count; i++) {
		const struct setting *setting = &generation->settings[i];
		struct error why = ERROR_NONE;
		int ret = settle(config, current, generation, i);

		if (ret == 0)
			ret = config_option_parse(&config_options[i], setting->texts, setting->count, generation->arena,
			    &generation->values, &why);
		if (ret == -ENOMEM)
			return out_of_memory(err);
		if (ret < 0)
			return refuse(config, generation, config_options[i].name, why.detail, err);
	}
	return finish_values(config, generation, err);
}

static void generation_free(struct generation *generation)
{
	if (generation == NULL)
		return;
	arena_free(generation->arena);
	free(generation);
}

static int read_generation(const struct config *config, const struct generation *current,
    struct generation **generation_r, struct error *err)
{
	struct generation *generation =
	    calloc(1, sizeof(*generation) + config_option_count * sizeof(generation->settings[0]));
	int ret;

	if (generation == NULL)
		return out_of_memory(err);
	generation->arena = arena_new(GENERATION_ARENA_MAX);
	ret = generation->arena != NULL ? read_file(config, generation, err) : out_of_memory(err);
	if (ret == 0)
		ret = make_values(config, current, generation, err);
	if (ret < 0) {
		generation_free(generation);
		return ret;
	}
	*generation_r = generation;
	return 0;
}

static int keep_overrides(struct config *config, const struct config_override *overrides, size_t count,
    struct error *err)
{
	for (size_t i = 0; i < config_option_count; i++)
		config->overrides[i].count = NOT_OVERRIDDEN;
	for (size_t i = 0; i < count; i++) {
		int option = config_option_find(overrides[i].name);

		if (option < 0)
			return error_set(err, 0, CONDITION_NONE, "%s: no such option", overrides[i].name);
		if (copy_setting(config->arena, overrides[i].values, overrides[i].count, &config->overrides[option]) < 0)
			return out_of_memory(err);
	}
	return 0;
}

int config_open(const char *file, const struct config_override *overrides, size_t override_count,
    struct config **config_r, struct error *err)
{
	struct config *config = calloc(1, sizeof(*config));
	struct generation *first;
	int ret;

	if (config == NULL)
		return out_of_memory(err);
	config->may_be_missing = file == NULL;
	config->arena = arena_new(GENERATION_ARENA_MAX);
	if (config->arena != NULL) {
		config->file = arena_strdup(config->arena, file != NULL ? file : CONFIG_DEFAULT_FILE);
		config->overrides = arena_array(config->arena, config_option_count, sizeof(*config->overrides));
	}
	ret = config->file != NULL && config->overrides != NULL ? keep_overrides(config, overrides, override_count, err)
								: out_of_memory(err);
	if (ret == 0)
		ret = read_generation(config, NULL, &first, err);
	if (ret < 0) {
		config_free(config);
		return ret;
	}
	atomic_store_explicit(&config->current, first, memory_order_release);
	*config_r = config;
	return 0;
}

void config_free(struct config *config)
{
	struct generation *generation;

	if (config == NULL)
		return;
	generation = atomic_load_explicit(&config->current, memory_order_acquire);
	while (generation != NULL) {
		struct generation *older = generation->older;

		generation_free(generation);
		generation = older;
	}
	arena_free(config->arena);
	free(config);
}

const struct config_values *config_get(const struct config *config)
{
	return &atomic_load_explicit(&config->current, memory_order_acquire)->values;
}

int config_reload(struct config *config, struct error *err)
{
	struct generation *current = atomic_load_explicit(&config->current, memory_order_acquire), *next;
	bool changed = false;
	int ret = read_generation(config, current, &next, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < config_option_count; i++)
		changed |= !same(&current->settings[i], &next->settings[i]);
	if (!changed) {
		generation_free(next);
		return 0;
	}
	next->older = current;
	atomic_store_explicit(&config->current, next, memory_order_release);
	return 0;
}
