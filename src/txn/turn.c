// SPDX-License-Identifier: Apache-2.0
// Statements that lost a conflict run again one after the other, in the order in which they lost.
#include "txn/turn_priv.h"

bool turn_take(struct kdb_commit_request *request)
{
    struct kdb_commit_turn *turn = request->turn;
    if (!turn || turn->partition)
        return true;
    struct kdb_partition *partition = request->partition;
    (void)pthread_mutex_lock(&partition->lock);
    bool is_free = !partition->is_turn_taken;
    if (is_free) {
        partition->is_turn_taken = true;
        turn->partition = partition;
    } else {
        request->next = NULL;
        if (partition->lost)
            partition->lost_last->next = request;
        else
            partition->lost = request;
        partition->lost_last = request;
    }
    (void)pthread_mutex_unlock(&partition->lock);
    return is_free;
}

void kdb_commit_turn_end(struct kdb_commit_turn *turn)
{
    struct kdb_partition *partition = turn->partition;
    if (!partition)
        return;
    turn->partition = NULL;
    (void)pthread_mutex_lock(&partition->lock);
    struct kdb_commit_request *next = partition->lost;
    if (next)
        partition->lost = next->next;
    partition->is_turn_taken = next != NULL;
    (void)pthread_mutex_unlock(&partition->lock);
    if (!next)
        return;
    next->turn->partition = partition;
    next->done(next); // may free it
}
