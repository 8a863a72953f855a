// SPDX-License-Identifier: Apache-2.0
// Folders are made with what is missing above them, and what is in the way is named by errno.
#include "base/folders.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/test.h"

static void test_missing_folders_are_made(void **state)
{
    (void)state;
    char top[] = "/tmp/kdb-folders-XXXXXX";
    assert_non_null(mkdtemp(top));
    char middle[64];
    char path[64];
    (void)snprintf(middle, sizeof(middle), "%s/a", top);
    (void)snprintf(path, sizeof(path), "%s/a/b", top);
    for (int i = 0; i < 2; i++) // the second time they are there
        assert_int_equal(kdb_make_folders(path, 0750), 0);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0007, 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(middle), 0);
    assert_int_equal(rmdir(top), 0);
}

static void test_what_cannot_be_made(void **state)
{
    (void)state;
    char path[8192];
    assert_int_equal(kdb_make_folders("/dev/null/a", 0750), ENOTDIR);
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(kdb_make_folders(path, 0750), ENAMETOOLONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_missing_folders_are_made),
        cmocka_unit_test(test_what_cannot_be_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
