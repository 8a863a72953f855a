// SPDX-License-Identifier: Apache-2.0
// The end of the process when an invariant of ours does not hold.
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void kdb_assert_failed(const char *what, const char *file, int line)
{
    (void)fprintf(stderr, "kalamdb: invariant broken: %s at %s:%d\n", what, file, line);
    (void)fflush(stderr);
    abort();
}
