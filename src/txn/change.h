// SPDX-License-Identifier: Apache-2.0
// News of committed rows, told upwards: caches now, live queries and topics later.
#ifndef KDB_TXN_CHANGE_H
#define KDB_TXN_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct kdb_partition;

// One committed row version. Slices are borrowed for the call.
//
// Rows of a STREAM table have their _seq for a key. A DELETE there removes the row, but is told as
// everywhere: `key` is the removed row's, `row` a tombstone with its values and the _seq of the
// DELETE, `old_row` what was there. Rows that expire or make room for others are not told of. What
// an EPHEMERAL stream does not keep is told all the same.
struct kdb_change {
    struct kdb_partition *partition;
    int64_t seq;
    kdb_slice key;     // encoded primary key, of a stream its _seq
    kdb_slice row;     // the new version, _seq inside
    kdb_slice old_row; // the version before, null when there was none or it is not known
};

// Told after every group commit, in _seq order, on the committer thread.
struct kdb_change_sink {
    void (*committed)(void *self, const struct kdb_change *changes, size_t count);
    void *self;
};

#endif
