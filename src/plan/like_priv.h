// SPDX-License-Identifier: Apache-2.0
// The matcher behind LIKE, for its evaluator and its tests.
#ifndef KDB_PLAN_LIKE_PRIV_H
#define KDB_PLAN_LIKE_PRIV_H

#include "base/slice.h"

typedef enum {
    PLAN_LIKE_NO,
    PLAN_LIKE_YES,
    PLAN_LIKE_BAD_PATTERN, // the match came to an escape character with nothing behind it
    PLAN_LIKE_STOPPED      // too much to do; the failure is recorded
} plan_like_result;

struct kdb_eval;

// Whether the whole text matches: % stands for any characters, _ for one, `escape` (0: none) takes
// the meaning from the character behind it. Both are UTF-8. No allocation; any thread. Steps are
// counted in `eval`, which may be NULL.
plan_like_result plan_like_match(struct kdb_eval *eval, kdb_slice text, kdb_slice pattern,
                                 char escape);

#endif
