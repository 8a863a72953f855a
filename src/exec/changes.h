// SPDX-License-Identifier: Apache-2.0
// A partition in the order it was written: the newest version of every key, by _seq.
//
// What a subscription sends at first, what a client that was away has missed, and what a client
// that could not keep up is told again. Reads one stable view of both tiers, opened once and read
// in steps as the client takes the rows; so keep it no longer than needed. The hot tier is walked
// by its sequence index (a stream is in that order as it is); when cold rows are in question, both
// tiers are merged and as many rows as a bounded window holds are sorted at a time.
#ifndef KDB_EXEC_CHANGES_H
#define KDB_EXEC_CHANGES_H

#include "exec/exec.h"

struct kdb_changes;

// Opens the view of a partition; both are referenced until it is closed. On an event loop BLOCKED
// when that takes the disk. `exec` is prepared as for a statement (services, ctx, tier); it may be
// another one at every call.
KDB_NODISCARD kdb_status kdb_changes_open(struct kdb_exec *exec, struct kdb_table *table,
                                          struct kdb_partition *partition,
                                          struct kdb_changes **ret_changes);
void kdb_changes_close(struct kdb_changes *changes); // accepts NULL

// The newest _seq of the view: every change of the partition up to it is in, none after it.
int64_t kdb_changes_seq(const struct kdb_changes *changes);

// One version of a row, tombstones included; borrowed for the call.
typedef kdb_status (*kdb_changes_visit)(void *self, kdb_slice row, bool *ret_goes_on);

// Visits the versions with _seq in (after, up_to] in ascending order, or in descending order when
// `is_reverse`, until `visit` says stop. On an event loop BLOCKED when it takes the disk, cold rows
// or long; what was visited by then is the caller's to forget.
struct kdb_changes_range {
    int64_t after;
    int64_t up_to;
    bool is_reverse;
};
KDB_NODISCARD kdb_status kdb_changes_read(struct kdb_exec *exec, struct kdb_changes *changes,
                                          const struct kdb_changes_range *range,
                                          kdb_changes_visit visit, void *self);

// The oldest _seq a client may have seen and still be told everything that happened after it:
// tombstones are kept as long as the table's retention says, rows of a stream until they expire,
// make room for others or are deleted.
KDB_NODISCARD kdb_status kdb_changes_floor(struct kdb_exec *exec, const struct kdb_changes *changes,
                                           int64_t *ret_floor);

#endif
