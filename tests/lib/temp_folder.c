// SPDX-License-Identifier: Apache-2.0
// mkdtemp and its opposite.
#include "lib/temp_folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/assert.h"

char *kdb_test_folder_create(void)
{
    const char *parent = getenv("TMPDIR");
    char path[512];
    int len = snprintf(path, sizeof(path), "%s/kdb-test-XXXXXX", parent ? parent : "/tmp");
    KDB_ASSERT(len > 0 && (size_t)len < sizeof(path));
    KDB_ASSERT(mkdtemp(path) != NULL);
    return kdb_alloc_text(path, (size_t)len);
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void kdb_test_folder_destroy(char *folder)
{
    if (!folder)
        return;
    KDB_ASSERT(nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0);
    kdb_free(folder);
}
