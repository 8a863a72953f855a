// SPDX-License-Identifier: Apache-2.0
// Records in blocks.
#include "net/ws_queue_priv.h"

#include <stdint.h>
#include <string.h>

#include "base/alloc.h"
#include "base/assert.h"

enum {
    block_bytes = 2032,     // with the allocator's own word below 2 KiB
    free_blocks_max = 2048, // 4 MiB per loop
    copied_body_bytes =
        4096, // a body up to this is cheaper to copy than to give to the system alone
};

struct record {
    struct kdb_shared_bytes *body; // NULL: none
    size_t own_len;                // bytes behind this struct
};

struct net_ws_block {
    struct net_ws_block *next;
    uint32_t begin; // of the first record
    uint32_t end;   // of the last one
    _Alignas(struct record) char records[block_bytes - 16];
};

_Static_assert(sizeof(struct net_ws_block) == block_bytes, "no padding");
_Static_assert(sizeof(struct record) + NET_WS_OWN_BYTES_MAX <=
                   sizeof(((struct net_ws_block *)0)->records),
               "a record fits a block");

static size_t record_size(size_t own_len)
{
    size_t alignment = _Alignof(struct record);
    return sizeof(struct record) + (own_len + alignment - 1) / alignment * alignment;
}

static struct record *record_at(struct net_ws_block *block, uint32_t at)
{
    return (struct record *)(void *)(block->records + at);
}

static const char *own_bytes(const struct record *record)
{
    return (const char *)(record + 1);
}

static kdb_slice body_view(const struct record *record)
{
    return record->body ? kdb_shared_bytes_view(record->body) : (kdb_slice){"", 0};
}

// ---- Blocks.

static struct net_ws_block *take_block(struct net_ws_pool *pool)
{
    struct net_ws_block *block = pool->free;
    if (!block)
        return kdb_alloc(sizeof(*block));
    pool->free = block->next;
    pool->count--;
    block->next = NULL;
    block->begin = block->end = 0;
    return block;
}

static void give_block(struct net_ws_pool *pool, struct net_ws_block *block)
{
    if (pool->count >= free_blocks_max) {
        kdb_free(block);
        return;
    }
    block->next = pool->free;
    pool->free = block;
    pool->count++;
}

void net_ws_pool_deinit(struct net_ws_pool *pool)
{
    while (pool->free) {
        struct net_ws_block *block = pool->free;
        pool->free = block->next;
        kdb_free(block);
    }
    pool->count = 0;
}

// ---- The queue.

void net_ws_queue_push(struct net_ws_queue *queue, struct net_ws_pool *pool, kdb_slice head,
                       kdb_slice own, struct kdb_shared_bytes *body)
{
    size_t own_len = head.len + own.len;
    size_t size = record_size(own_len);
    KDB_ASSERT(own_len <= NET_WS_OWN_BYTES_MAX);
    struct net_ws_block *block = queue->last;
    if (!block || size > sizeof(block->records) - block->end) {
        block = take_block(pool);
        *(queue->last ? &queue->last->next : &queue->first) = block;
        queue->last = block;
    }
    struct record *record = record_at(block, block->end);
    record->body = body ? kdb_shared_bytes_ref(body) : NULL;
    record->own_len = own_len;
    char *at = (char *)(record + 1);
    if (head.len > 0)
        memcpy(at, head.data, head.len);
    if (own.len > 0)
        memcpy(at + head.len, own.data, own.len);
    block->end += (uint32_t)size;
    queue->bytes += own_len + body_view(record).len;
}

// The first record leaves.
static void pop(struct net_ws_queue *queue, struct net_ws_pool *pool)
{
    struct net_ws_block *block = queue->first;
    struct record *record = record_at(block, block->begin);
    kdb_shared_bytes_unref(record->body);
    block->begin += (uint32_t)record_size(record->own_len);
    queue->sent = 0;
    if (block->begin < block->end)
        return;
    queue->first = block->next;
    if (!block->next)
        queue->last = NULL;
    give_block(pool, block);
}

void net_ws_queue_deinit(struct net_ws_queue *queue, struct net_ws_pool *pool)
{
    while (queue->first)
        pop(queue, pool);
    queue->bytes = 0;
}

void net_ws_queue_sent(struct net_ws_queue *queue, struct net_ws_pool *pool, size_t len)
{
    KDB_ASSERT(len <= queue->bytes);
    queue->bytes -= len;
    queue->sent += len;
    while (queue->first) {
        const struct record *record = record_at(queue->first, queue->first->begin);
        size_t whole = record->own_len + body_view(record).len;
        if (queue->sent < whole)
            return;
        size_t more = queue->sent - whole;
        pop(queue, pool);
        queue->sent = more;
    }
}

// What of a record is left behind its first `sent` bytes.
static void rest_of(const struct record *record, size_t sent, kdb_slice *ret_own,
                    kdb_slice *ret_body)
{
    kdb_slice own = {own_bytes(record), record->own_len};
    size_t of_body = sent > own.len ? sent - own.len : 0;
    *ret_own = kdb_slice_skip(own, sent);
    *ret_body = kdb_slice_skip(body_view(record), of_body);
}

size_t net_ws_queue_first(const struct net_ws_queue *queue, kdb_slice pieces[2])
{
    if (!queue->first)
        return 0;
    kdb_slice own;
    kdb_slice body;
    rest_of(record_at(queue->first, queue->first->begin), queue->sent, &own, &body);
    size_t count = 0;
    if (own.len > 0)
        pieces[count++] = own;
    if (body.len > 0)
        pieces[count++] = body;
    return count;
}

// Where gathering stands.
struct gathering {
    char *scratch;
    size_t size;  // of scratch
    size_t used;  // of it
    size_t begin; // of the run that is no piece yet
    kdb_slice *pieces;
    size_t count;
    size_t max;
};

static void end_run(struct gathering *at)
{
    if (at->used > at->begin)
        at->pieces[at->count++] = (kdb_slice){at->scratch + at->begin, at->used - at->begin};
    at->begin = at->used;
}

static void copy(struct gathering *at, kdb_slice bytes)
{
    if (bytes.len > 0)
        memcpy(at->scratch + at->used, bytes.data, bytes.len);
    at->used += bytes.len;
}

// False when there is no room for it.
static bool gather_record(struct gathering *at, const struct record *record, size_t sent)
{
    kdb_slice own;
    kdb_slice body;
    rest_of(record, sent, &own, &body);
    bool is_copied = body.len <= copied_body_bytes;
    size_t copied = own.len + (is_copied ? body.len : 0);
    // The run so far, a body, and the run behind it.
    if (copied > at->size - at->used || at->count + (is_copied ? 1 : 2) > at->max)
        return false;
    copy(at, own);
    if (is_copied) {
        copy(at, body);
        return true;
    }
    end_run(at);
    at->pieces[at->count++] = body;
    return true;
}

size_t net_ws_queue_gather(const struct net_ws_queue *queue, char *scratch, size_t scratch_size,
                           kdb_slice *pieces, size_t max)
{
    struct gathering at = {.scratch = scratch, .size = scratch_size, .pieces = pieces, .max = max};
    size_t sent = queue->sent;
    for (struct net_ws_block *block = queue->first; block; block = block->next) {
        for (uint32_t begin = block->begin; begin < block->end;) {
            const struct record *record = record_at(block, begin);
            if (!gather_record(&at, record, sent)) {
                end_run(&at);
                return at.count;
            }
            sent = 0;
            begin += (uint32_t)record_size(record->own_len);
        }
    }
    end_run(&at);
    return at.count;
}
