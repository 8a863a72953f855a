// SPDX-License-Identifier: Apache-2.0
// A count and a buffer.
#include "base/shared_bytes.h"

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/assert.h"

struct kdb_shared_bytes {
    atomic_size_t owners;
    kdb_slice view;
    char *taken; // memory of a buffer that was taken over; NULL: the bytes stand in `copied`
    char copied[];
};

struct kdb_shared_bytes *kdb_shared_bytes_create(kdb_slice bytes)
{
    struct kdb_shared_bytes *shared = kdb_alloc(sizeof(*shared) + bytes.len);
    atomic_init(&shared->owners, 1);
    shared->view = (kdb_slice){shared->copied, bytes.len};
    if (bytes.len > 0)
        memcpy(shared->copied, bytes.data, bytes.len);
    return shared;
}

struct kdb_shared_bytes *kdb_shared_bytes_take(struct kdb_buf *buf)
{
    struct kdb_shared_bytes *shared = kdb_alloc(sizeof(*shared));
    atomic_init(&shared->owners, 1);
    shared->view = kdb_buf_view(buf);
    shared->taken = buf->data;
    *buf = (struct kdb_buf){.limit = buf->limit};
    return shared;
}

struct kdb_shared_bytes *kdb_shared_bytes_ref(struct kdb_shared_bytes *shared)
{
    size_t before = atomic_fetch_add_explicit(&shared->owners, 1, memory_order_relaxed);
    KDB_ASSERT(before > 0);
    return shared;
}

void kdb_shared_bytes_unref(struct kdb_shared_bytes *shared)
{
    if (!shared || atomic_fetch_sub_explicit(&shared->owners, 1, memory_order_acq_rel) > 1)
        return;
    kdb_free(shared->taken);
    kdb_free(shared);
}

kdb_slice kdb_shared_bytes_view(const struct kdb_shared_bytes *shared)
{
    return shared->view;
}
