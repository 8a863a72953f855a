// SPDX-License-Identifier: Apache-2.0
// The matcher behind LIKE.
#ifndef KDB_BASE_LIKE_H
#define KDB_BASE_LIKE_H

#include <stdbool.h>

#include "base/slice.h"

typedef enum {
    KDB_LIKE_NO,
    KDB_LIKE_YES,
    KDB_LIKE_BAD_PATTERN, // the match came to an escape character with nothing behind it
    KDB_LIKE_STOPPED      // the watch said so
} kdb_like_result;

// Steps between two questions to the watch.
#define KDB_LIKE_STEPS 65536

// Asked now and then by a match that takes long.
struct kdb_like_watch {
    bool (*must_stop)(void *self);
    void *self;
};

// Whether the whole text matches: % stands for any characters, _ for one, `escape` (0: none) takes
// the meaning from the character behind it. Both are UTF-8. No allocation; any thread. `watch` may
// be NULL.
kdb_like_result kdb_like_match(const struct kdb_like_watch *watch, kdb_slice text,
                               kdb_slice pattern, char escape);

#endif
