// SPDX-License-Identifier: Apache-2.0
// The committer's half of turns.
#ifndef KDB_TXN_TURN_PRIV_H
#define KDB_TXN_TURN_PRIV_H

#include "txn/commit.h"

// For a request that lost: true when it shall be answered now. Else it was put behind the others,
// and kdb_commit_turn_end answers it: the caller must not touch it any more.
bool turn_take(struct kdb_commit_request *request);

#endif
