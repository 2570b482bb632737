#include <config.h>

#include "server/base/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

static int refuse(struct error *err, int ret, const char *user, const char *why)
{
	error_set(err, 0, CONDITION_NONE, "cannot become user %s: %s", user, why);
	return ret;
}

int privileges_drop(const char *user, struct error *err)
{
	const struct passwd *entry;
	uid_t uid;
	gid_t gid;

	if (user == NULL || user[0] == '\0')
		return 0;
	errno = 0;
	entry = getpwnam(user);
	if (entry == NULL)
		return refuse(err, errno != 0 ? -errno : -ENOENT, user, errno != 0 ? strerror(errno) : "there is no such user");
	uid = entry->pw_uid;
	gid = entry->pw_gid;
	if (geteuid() == uid && getuid() == uid)
		return 0;
	if (geteuid() != 0)
		return refuse(err, -EPERM, user, "only a server started as root can");
	if (initgroups(user, gid) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return refuse(err, -errno, user, strerror(errno));
	if (uid != 0 && setresuid(0, 0, 0) == 0)
		return refuse(err, -EPERM, user, "root could be had back");
	return 0;
}

void privileges_seal(void)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* fails on no kernel we run on; a failure leaves what we had */
}

size_t privileges_raise_files(size_t files)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= files)
		return (size_t)limit.rlim_cur;
	if (limit.rlim_max < files) {
		struct rlimit more = {files, files};

		if (setrlimit(RLIMIT_NOFILE, &more) == 0)
			return files;
	}
	limit.rlim_cur = limit.rlim_max < files ? limit.rlim_max : files;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		getrlimit(RLIMIT_NOFILE, &limit);
	return (size_t)limit.rlim_cur;
}
