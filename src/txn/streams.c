// SPDX-License-Identifier: Apache-2.0
// Streams: which partitions hold rows, by the age of their oldest row and by when it expires.
#include "base/alloc.h"
#include "base/assert.h"
#include "base/id.h"
#include "base/log.h"
#include "txn/layout.h"
#include "txn/streams_priv.h"
#include "types/row.h"

// What the tree's nodes and the key add to a row, roundly.
#define ROW_OVERHEAD 160

// An expired row may stay this much longer, so that a busy stream is cleaned in portions.
#define EXPIRY_SLACK_MS 200

// How often an EPHEMERAL stream with rows is asked whether anybody still listens.
#define EPHEMERAL_PERIOD_MS 500

// Rows removed at once: writers wait that long.
#define EXPIRE_ROWS_MAX 4096

// Between two warnings about the budget.
#define WARN_PERIOD_MS 60000

enum { BY_AGE, BY_DUE, HEAP_COUNT };

// A partition that holds rows.
struct stream_rows {
    struct kdb_partition *partition; // referenced: it is not swept while it holds rows
    int64_t oldest_seq;              // no row is older
    int64_t due_ms;                  // when to look for expired rows
    size_t at[HEAP_COUNT];           // place in each heap
};

struct kdb_streams {
    struct kdb_store *store;
    struct kdb_store_batch *batch; // removals
    struct kdb_ctx ctx;
    int64_t bytes_max;
    struct stream_rows **heaps[HEAP_COUNT]; // least first; both hold the same items
    size_t count, capacity;
    int64_t warned_at_ms;
    _Atomic int64_t rows, bytes, partitions;
    _Atomic uint64_t expired, over_buffer, over_budget;
};

// How far a removal goes: whatever comes first.
struct eviction {
    size_t rows_max;
    int64_t bytes_max; // stop once so many are freed
    int64_t seq_end;   // rows from here on stay
};

// ---- heaps ----

static int64_t rank(const struct stream_rows *rows, int heap)
{
    return heap == BY_AGE ? rows->oldest_seq : rows->due_ms;
}

static void place(struct kdb_streams *streams, int heap, size_t at, struct stream_rows *rows)
{
    streams->heaps[heap][at] = rows;
    rows->at[heap] = at;
}

// Moves an item whose rank changed to where it belongs.
static void settle(struct kdb_streams *streams, int heap, size_t at)
{
    struct stream_rows **items = streams->heaps[heap];
    struct stream_rows *rows = items[at];
    int64_t own = rank(rows, heap);
    while (at > 0 && own < rank(items[(at - 1) / 2], heap)) {
        place(streams, heap, at, items[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < streams->count && rank(items[child + 1], heap) < rank(items[child], heap))
            child++;
        if (child >= streams->count || own <= rank(items[child], heap))
            break;
        place(streams, heap, at, items[child]);
        at = child;
    }
    place(streams, heap, at, rows);
}

static void add(struct kdb_streams *streams, struct stream_rows *rows)
{
    if (streams->count == streams->capacity) {
        streams->capacity = kdb_grow_capacity(streams->capacity, streams->count + 1);
        for (int heap = 0; heap < HEAP_COUNT; heap++)
            streams->heaps[heap] = kdb_realloc(streams->heaps[heap],
                                               streams->capacity * sizeof(*streams->heaps[heap]));
    }
    size_t last = streams->count++;
    for (int heap = 0; heap < HEAP_COUNT; heap++) {
        place(streams, heap, last, rows);
        settle(streams, heap, last);
    }
    atomic_store(&streams->partitions, (int64_t)streams->count);
}

// Takes a partition without rows out.
static void release(struct kdb_streams *streams, struct kdb_partition *partition)
{
    struct stream_rows *rows = partition->stream;
    if (!rows)
        return;
    streams->count--;
    for (int heap = 0; heap < HEAP_COUNT; heap++) {
        size_t at = rows->at[heap];
        if (at == streams->count)
            continue;
        place(streams, heap, at, streams->heaps[heap][streams->count]);
        settle(streams, heap, at);
    }
    atomic_store(&streams->partitions, (int64_t)streams->count);
    partition->stream = NULL;
    kdb_free(rows);
    kdb_partition_unref(partition);
}

static void set_oldest(struct stream_rows *rows, int64_t oldest_seq, int64_t now_ms)
{
    const struct kdb_partition *partition = rows->partition;
    rows->oldest_seq = oldest_seq;
    rows->due_ms =
        kdb_snowflake_ms(oldest_seq) + atomic_load(&partition->stream_ttl_ms) + EXPIRY_SLACK_MS;
    if (atomic_load(&partition->is_ephemeral) && rows->due_ms > now_ms + EPHEMERAL_PERIOD_MS)
        rows->due_ms = now_ms + EPHEMERAL_PERIOD_MS;
}

// ---- life ----

kdb_status kdb_streams_create(struct kdb_ctx *ctx, uint64_t bytes_max,
                              struct kdb_streams **ret_streams)
{
    struct kdb_store *store;
    KDB_TRY(kdb_store_mem_open(ctx, &store));
    struct kdb_streams *streams = kdb_alloc(sizeof(*streams));
    streams->store = store;
    streams->batch = kdb_store_batch_open(store);
    streams->bytes_max = (int64_t)bytes_max;
    kdb_ctx_init(&streams->ctx, 0);
    *ret_streams = streams;
    return KDB_OK;
}

void kdb_streams_destroy(struct kdb_streams *streams)
{
    if (!streams)
        return;
    while (streams->count > 0)
        release(streams, streams->heaps[BY_AGE][streams->count - 1]->partition);
    for (int heap = 0; heap < HEAP_COUNT; heap++)
        kdb_free(streams->heaps[heap]);
    kdb_store_batch_close(streams->batch);
    kdb_store_close(streams->store);
    kdb_ctx_deinit(&streams->ctx);
    kdb_free(streams);
}

struct kdb_store *kdb_streams_store(struct kdb_streams *streams)
{
    return streams->store;
}

int64_t kdb_streams_cost(kdb_slice row)
{
    return (int64_t)row.len + ROW_OVERHEAD;
}

void kdb_streams_apply(struct kdb_streams *streams, struct kdb_store_batch *batch)
{
    // Memory has neither a disk that is full nor one that fails.
    kdb_status status = kdb_store_commit(streams->store, &streams->ctx, batch, KDB_COMMIT_ASYNC);
    KDB_ASSERT(status == KDB_OK);
}

static void count(struct kdb_streams *streams, struct kdb_partition *partition, int64_t rows,
                  int64_t bytes)
{
    atomic_fetch_add(&partition->hot_rows, rows);
    atomic_fetch_add(&partition->live_rows, rows);
    atomic_fetch_add(&partition->memory_bytes, bytes);
    atomic_fetch_add(&streams->rows, rows);
    atomic_fetch_add(&streams->bytes, bytes);
}

// ---- removing ----

// What a walk over the oldest rows found.
struct found {
    size_t rows;
    int64_t bytes;
    int64_t last_seq;    // of the last one that goes
    int64_t next_seq;    // of the first one that stays, 0: none does
    struct kdb_buf next; // its key
};

static void find_oldest(struct kdb_streams *streams, const struct kdb_scan_range *range,
                        const struct eviction *eviction, struct found *ret)
{
    struct kdb_store_scan *scan;
    kdb_status status = kdb_store_scan_open(streams->store, &streams->ctx, NULL, range, &scan);
    KDB_ASSERT(status == KDB_OK);
    for (;;) {
        kdb_slice key;
        kdb_slice row;
        bool has_more;
        status = kdb_store_scan_next(scan, &streams->ctx, &key, &row, &has_more);
        KDB_ASSERT(status == KDB_OK);
        if (!has_more)
            break;
        int64_t seq = kdb_row_seq(row);
        if (ret->rows == eviction->rows_max || ret->bytes >= eviction->bytes_max ||
            seq >= eviction->seq_end) {
            ret->next_seq = seq;
            kdb_buf_slice(&ret->next, key);
            break;
        }
        ret->rows++;
        ret->bytes += kdb_streams_cost(row);
        ret->last_seq = seq;
    }
    kdb_store_scan_close(scan); // or the removal would copy what the scan still sees
}

// Removes a partition's oldest rows; how many.
static size_t evict(struct kdb_streams *streams, struct kdb_partition *partition,
                    const struct eviction *eviction, int64_t now_ms)
{
    struct kdb_buf first = {0};
    struct kdb_buf end = {0};
    struct found found = {0};
    kdb_layout_key(&first, partition->prefix, KDB_KEYS_ROWS, KDB_LIT(""));
    kdb_layout_key(&end, partition->prefix, KDB_KEYS_ROWS + 1, KDB_LIT(""));
    const struct kdb_scan_range range = {
        .space = KDB_SPACE_ROWS, .first = kdb_buf_view(&first), .end = kdb_buf_view(&end)};
    find_oldest(streams, &range, eviction, &found);
    if (found.rows > 0) {
        kdb_partition_begin_change(partition);
        kdb_store_batch_delete_range(streams->batch, KDB_SPACE_ROWS, range.first,
                                     found.next_seq ? kdb_buf_view(&found.next) : range.end);
        kdb_streams_apply(streams, streams->batch);
        kdb_store_batch_clear(streams->batch);
        kdb_partition_end_change(partition);
        count(streams, partition, -(int64_t)found.rows, -found.bytes);
        kdb_partition_raise_floor(partition, found.last_seq);
    }
    if (found.next_seq == 0) {
        release(streams, partition);
    } else {
        set_oldest(partition->stream, found.next_seq, now_ms);
        for (int heap = 0; heap < HEAP_COUNT; heap++)
            settle(streams, heap, partition->stream->at[heap]);
    }
    kdb_buf_deinit(&first);
    kdb_buf_deinit(&end);
    kdb_buf_deinit(&found.next);
    kdb_ctx_reset(&streams->ctx);
    return found.rows;
}

void kdb_streams_changed(struct kdb_streams *streams, struct kdb_partition *partition,
                         const struct kdb_streams_change *change, int64_t now_ms)
{
    count(streams, partition, change->rows, change->bytes);
    int64_t held = atomic_load(&partition->hot_rows);
    if (held > 0 && !partition->stream) {
        struct stream_rows *rows = kdb_alloc(sizeof(*rows));
        rows->partition = kdb_partition_ref(partition);
        set_oldest(rows, change->first_seq, now_ms);
        partition->stream = rows;
        add(streams, rows);
    }
    uint32_t rows_max = atomic_load(&partition->stream_rows_max);
    if (rows_max > 0 && held > (int64_t)rows_max) {
        const struct eviction eviction = {(size_t)(held - rows_max), INT64_MAX, INT64_MAX};
        atomic_fetch_add(&streams->over_buffer, evict(streams, partition, &eviction, now_ms));
    } else if (held == 0) {
        release(streams, partition);
    }
}

// The _seq up to which the partition with the oldest row of all has older ones than any other.
static int64_t second_oldest(const struct kdb_streams *streams)
{
    int64_t second = INT64_MAX;
    for (size_t i = 1; i <= 2 && i < streams->count; i++) {
        if (streams->heaps[BY_AGE][i]->oldest_seq < second)
            second = streams->heaps[BY_AGE][i]->oldest_seq;
    }
    return second;
}

void kdb_streams_trim(struct kdb_streams *streams, int64_t now_ms)
{
    size_t dropped = 0;
    int64_t excess;
    while ((excess = atomic_load(&streams->bytes) - streams->bytes_max) > 0 && streams->count > 0) {
        const struct eviction eviction = {SIZE_MAX, excess, second_oldest(streams)};
        dropped += evict(streams, streams->heaps[BY_AGE][0]->partition, &eviction, now_ms);
    }
    if (dropped == 0)
        return;
    uint64_t so_far = atomic_fetch_add(&streams->over_budget, dropped) + dropped;
    if (streams->warned_at_ms != 0 && now_ms - streams->warned_at_ms < WARN_PERIOD_MS)
        return;
    streams->warned_at_ms = now_ms;
    kdb_log_warn("streams", NULL,
                 "STREAM tables take all of stream.memory_bytes: their oldest rows are dropped "
                 "before their time, %llu so far",
                 (unsigned long long)so_far);
}

void kdb_streams_expire(struct kdb_streams *streams, int64_t now_ms)
{
    size_t left = EXPIRE_ROWS_MAX;
    while (left > 0 && kdb_streams_due_ms(streams) <= now_ms) {
        struct kdb_partition *partition = streams->heaps[BY_DUE][0]->partition;
        bool is_unheard =
            atomic_load(&partition->is_ephemeral) && atomic_load(&partition->subscriptions) == 0;
        int64_t ttl_ms = atomic_load(&partition->stream_ttl_ms);
        const struct eviction eviction = {
            left, INT64_MAX,
            is_unheard ? INT64_MAX : kdb_snowflake_first_of_ms(now_ms - ttl_ms + 1)};
        size_t removed = evict(streams, partition, &eviction, now_ms);
        atomic_fetch_add(&streams->expired, removed);
        left -= removed;
    }
}

int64_t kdb_streams_due_ms(const struct kdb_streams *streams)
{
    return streams->count > 0 ? streams->heaps[BY_DUE][0]->due_ms : INT64_MAX;
}

void kdb_streams_drop_table(struct kdb_streams *streams, uint32_t table_id)
{
    static const struct eviction all = {SIZE_MAX, INT64_MAX, INT64_MAX};
    // From the end: what takes a removed item's place comes from behind it.
    for (size_t i = streams->count; i-- > 0;) {
        while (i < streams->count && streams->heaps[BY_AGE][i]->partition->table_id == table_id)
            (void)evict(streams, streams->heaps[BY_AGE][i]->partition, &all, 0);
    }
}

void kdb_streams_stats(const struct kdb_streams *streams, struct kdb_streams_stats *ret_stats)
{
    *ret_stats =
        (struct kdb_streams_stats){.rows = (uint64_t)atomic_load(&streams->rows),
                                   .bytes = (uint64_t)atomic_load(&streams->bytes),
                                   .expired = atomic_load(&streams->expired),
                                   .over_buffer = atomic_load(&streams->over_buffer),
                                   .over_budget = atomic_load(&streams->over_budget),
                                   .partitions = (uint64_t)atomic_load(&streams->partitions)};
}
