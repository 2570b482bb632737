/*
 * A copy of the store while it serves, and the way back. The copy is one file, of one snapshot, without free pages; it gets
 * its name only when it is whole and on disk. Going back, the new file takes the old one's name in one step.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "protocol/base/cleanup.h"
#include "protocol/base/error.h"
#include "storage/lmdb/lmdb_private.h"

#define PART_NAME  LMDB_DATA_NAME ".part"
#define COPY_BYTES (1 << 20)

static int refuse(struct error *err, const char *directory, int ret)
{
	error_set(err, 0, CONDITION_NONE, "%.100s: %s", directory, strerror(-ret));
	return ret;
}

/* -ENOTEMPTY when anything but a copy that was broken off lies there. */
static int check_empty(const char *directory)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;
	int ret = 0;

	if (dir == NULL)
		return -errno;
	while (ret == 0 && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && strcmp(entry->d_name, PART_NAME) != 0)
			ret = -ENOTEMPTY;
	closedir(dir);
	return ret;
}

static int copy_snapshot(struct kv *kv, int fd)
{
	MDB_env *env;
	int ret = lmdb_enter(kv, &env);

	if (ret < 0)
		return ret;
	ret = lmdb_errno(mdb_env_copyfd2(env, fd, MDB_CP_COMPACT));
	lmdb_leave(kv);
	return ret;
}

static int copy_to(struct kv *kv, int dir)
{
	AUTO_CLOSE int fd = openat(dir, PART_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int ret = fd < 0 ? -errno : copy_snapshot(kv, fd);

	if (ret == 0 && fsync(fd) < 0)
		ret = -errno;
	if (ret < 0)
		unlinkat(dir, PART_NAME, 0);
	return ret;
}

int lmdb_backup(struct kv *kv, const char *directory, struct error *err)
{
	AUTO_CLOSE int dir = -1;
	int ret = lmdb_make_directory(directory);

	if (ret == 0)
		ret = check_empty(directory);
	if (ret == 0)
		dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (ret == 0 && dir < 0)
		ret = -errno;
	if (ret == 0)
		ret = copy_to(kv, dir);
	if (ret == 0 && renameat(dir, PART_NAME, dir, LMDB_DATA_NAME) < 0)
		ret = -errno;
	if (ret == 0)
		ret = lmdb_sync_directory(directory);
	return ret < 0 ? refuse(err, directory, ret) : 0;
}

/* ---- the way back ---- */

static int copy_bytes(int from, int to)
{
	static const size_t size = COPY_BYTES;
	char *buffer = malloc(size);
	ssize_t n = 1;
	int ret = buffer != NULL ? 0 : -ENOMEM;

	while (ret == 0 && n > 0) {
		n = read(from, buffer, size);
		if (n < 0)
			ret = -errno;
		for (ssize_t done = 0; ret == 0 && done < n;) {
			ssize_t written = write(to, buffer + done, (size_t)(n - done));

			if (written < 0)
				ret = -errno;
			else
				done += written;
		}
	}
	if (ret == 0 && fsync(to) < 0)
		ret = -errno;
	free(buffer);
	return ret;
}

static int path_in(const char *directory, const char *name, char path[PATH_MAX])
{
	return snprintf(path, PATH_MAX, "%s/%s", directory, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int lmdb_fetch(const char *backup, const char *directory, struct error *err)
{
	char from[PATH_MAX], to[PATH_MAX];
	AUTO_CLOSE int source = -1, target = -1;
	int ret = path_in(backup, LMDB_DATA_NAME, from);

	if (ret == 0)
		ret = path_in(directory, LMDB_DATA_NAME, to);
	if (ret == 0)
		source = open(from, O_RDONLY | O_CLOEXEC);
	if (ret == 0 && source < 0)
		return refuse(err, backup, errno == ENOENT ? -ENOENT : -errno);
	if (ret == 0)
		ret = lmdb_make_directory(directory);
	if (ret == 0) {
		target = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		ret = target < 0 ? -errno : copy_bytes(source, target);
	}
	if (ret == 0)
		ret = lmdb_sync_directory(directory);
	return ret < 0 ? refuse(err, directory, ret) : 0;
}

/* The former file keeps a name of its own: a link first, so that there is no moment without a store. */
static int put_aside(const char *path, const char *aside)
{
	if (link(path, aside) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

int lmdb_replace(const char *directory, const char *part, const char *aside_name, struct error *err)
{
	char now[PATH_MAX], next[PATH_MAX], aside[PATH_MAX], leftover[PATH_MAX];
	static const char *const leftovers[] = {"lock.mdb", LMDB_LOCK_NAME};
	AUTO_CLOSE int lock = lmdb_take_lock(directory, err);
	int ret = lock < 0 ? lock : path_in(directory, LMDB_DATA_NAME, now);

	if (lock < 0)
		return lock;
	if (ret == 0)
		ret = path_in(part, LMDB_DATA_NAME, next);
	if (ret == 0)
		ret = path_in(directory, aside_name, aside);
	if (ret == 0)
		ret = put_aside(now, aside);
	if (ret == 0 && rename(next, now) < 0)
		ret = -errno;
	if (ret == 0)
		ret = lmdb_sync_directory(directory);
	for (size_t i = 0; ret == 0 && i < ARRAY_LEN(leftovers); i++)
		if (path_in(part, leftovers[i], leftover) == 0)
			unlink(leftover);
	if (ret == 0)
		rmdir(part);
	return ret < 0 ? refuse(err, directory, ret) : 0;
}
