#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/base/privileges.h"

#define OTHER_USER "nobody" /* Debian always has it */

static void test_no_user_is_no_change(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(privileges_drop(NULL, &err), 0);
	assert_int_equal(privileges_drop("", &err), 0);
}

static void test_an_unknown_user_is_refused(void **state)
{
	struct error err = ERROR_NONE;

	(void)state;
	assert_int_equal(privileges_drop("no-such-user-here", &err), -ENOENT);
	assert_string_equal(err.detail, "cannot become user no-such-user-here: there is no such user");
}

/* In a child, which exits 0 when all is as it should be. */
static int become_other(void)
{
	struct error err = ERROR_NONE;
	int ret = privileges_drop(OTHER_USER, &err);
	const struct passwd *other = getpwnam(OTHER_USER);
	gid_t groups[64];
	int count = getgroups(64, groups);

	if (ret != 0 || other == NULL || getuid() != other->pw_uid || geteuid() != other->pw_uid || getgid() != other->pw_gid)
		return 1;
	for (int i = 0; i < count; i++)
		if (groups[i] == 0)
			return 2; /* a group of root's was kept */
	if (setuid(0) == 0 || setgid(0) == 0)
		return 3;
	return privileges_drop(OTHER_USER, &err) != 0 || privileges_drop("root", &err) != -EPERM ? 4 : 0;
}

static void test_root_becomes_another_user_for_good(void **state)
{
	struct error err = ERROR_NONE;
	int status;
	pid_t child;

	(void)state;
	if (geteuid() != 0) {
		assert_int_equal(privileges_drop(OTHER_USER, &err), -EPERM);
		return;
	}
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(become_other());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_true(WIFEXITED(status));
}

static void test_the_limit_of_files_is_raised_as_far_as_may_be(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max > 600)
		limit.rlim_cur = 200;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(privileges_raise_files(100), limit.rlim_cur); /* never lowered */
	assert_int_equal(privileges_raise_files(600), limit.rlim_max > 600 ? 600 : limit.rlim_max);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(limit.rlim_cur, limit.rlim_max > 600 ? 600 : limit.rlim_max);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_user_is_no_change),
	    cmocka_unit_test(test_an_unknown_user_is_refused),
	    cmocka_unit_test(test_root_becomes_another_user_for_good),
	    cmocka_unit_test(test_the_limit_of_files_is_raised_as_far_as_may_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
