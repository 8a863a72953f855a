// SPDX-License-Identifier: Apache-2.0
// Random changes, views, scans and restarts of a store, compared with a plain sorted array.
// links: store base
#include "store/store.h"

#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/random.h"
#include "lib/store_fixture.h"
#include "lib/test.h"

enum { KEY_BYTES_MAX = 4, ENTRIES_MAX = 512, VIEWS_MAX = 4, STEPS = 1500 };

// Keys that begin so are put once in their life; pick_key never makes one.
#define ONCE 'o'

struct entry {
    kdb_space space;
    uint64_t value;
    size_t len;
    char key[KEY_BYTES_MAX];
};

// What the store should hold: entries in order of space and key.
struct model {
    size_t count;
    struct entry entries[ENTRIES_MAX];
};

struct run {
    struct kdb_test_store *test;
    uint64_t random;
    struct model now;
    struct kdb_store_view *views[VIEWS_MAX]; // NULL: not open
    struct model seen[VIEWS_MAX];            // the model when the view was opened
    uint32_t once_count;                     // keys put once so far
};

static uint64_t pick(struct run *run, uint64_t count)
{
    return kdb_random_next(&run->random) % count;
}

// Short keys of few different bytes: many are prefixes of others, or the same.
static struct entry pick_key(struct run *run)
{
    static const char bytes[] = {'\x00', '\x01', 'a', '\x7f', '\x80', '\xff'};
    struct entry entry = {.space = pick(run, 4) ? KDB_SPACE_ROWS : KDB_SPACE_META,
                          .len = pick(run, KEY_BYTES_MAX + 1),
                          .value = kdb_random_next(&run->random)};
    for (size_t i = 0; i < entry.len; i++)
        entry.key[i] = bytes[pick(run, sizeof(bytes))];
    return entry;
}

static kdb_slice key_of(const struct entry *entry)
{
    return (kdb_slice){entry->key, entry->len};
}

static kdb_slice value_of(const struct entry *entry)
{
    // Values of different lengths, the empty one included.
    return (kdb_slice){(const char *)&entry->value, entry->value % (sizeof(entry->value) + 1)};
}

static int compare(const struct entry *a, const struct entry *b)
{
    if (a->space != b->space)
        return a->space < b->space ? -1 : 1;
    return kdb_slice_compare(key_of(a), key_of(b));
}

// Index of the first entry that is not below `key`.
static size_t model_find(const struct model *model, const struct entry *key)
{
    size_t index = 0;
    while (index < model->count && compare(&model->entries[index], key) < 0)
        index++;
    return index;
}

static bool model_has(const struct model *model, size_t index, const struct entry *key)
{
    return index < model->count && compare(&model->entries[index], key) == 0;
}

static void model_remove(struct model *model, size_t from, size_t to)
{
    memmove(&model->entries[from], &model->entries[to], (model->count - to) * sizeof(struct entry));
    model->count -= to - from;
}

static void model_put(struct model *model, const struct entry *entry)
{
    size_t index = model_find(model, entry);
    if (!model_has(model, index, entry)) {
        assert_true(model->count < ENTRIES_MAX);
        memmove(&model->entries[index + 1], &model->entries[index],
                (model->count - index) * sizeof(struct entry));
        model->count++;
    }
    model->entries[index] = *entry;
}

static void put_once(struct run *run, struct model *model, struct kdb_store_batch *batch)
{
    uint32_t number = run->once_count++;
    const struct entry entry = {
        .space = KDB_SPACE_ROWS,
        .len = KEY_BYTES_MAX,
        .value = kdb_random_next(&run->random),
        .key = {ONCE, (char)(number >> 16), (char)(number >> 8), (char)number}};
    kdb_store_batch_put(batch, entry.space, key_of(&entry), value_of(&entry));
    model_put(model, &entry);
}

// The first key from a random one on that was put once, in an earlier batch.
static void delete_once(struct run *run, struct model *model, struct kdb_store_batch *batch)
{
    uint64_t number = run->once_count ? pick(run, run->once_count) : 0;
    const struct entry from = {
        .space = KDB_SPACE_ROWS,
        .len = KEY_BYTES_MAX,
        .key = {ONCE, (char)(number >> 16), (char)(number >> 8), (char)number}};
    size_t index = model_find(model, &from);
    if (index == model->count || model->entries[index].space != KDB_SPACE_ROWS ||
        model->entries[index].key[0] != ONCE)
        return;
    struct entry entry = model->entries[index];
    if (!model_has(&run->now, model_find(&run->now, &entry), &entry))
        return;
    kdb_store_batch_delete_once(batch, entry.space, key_of(&entry));
    model_remove(model, index, index + 1);
}

static void change_at_random(struct run *run, struct model *model, struct kdb_store_batch *batch)
{
    if (model->count < ENTRIES_MAX - 16 && pick(run, 5) == 0) {
        put_once(run, model, batch);
        return;
    }
    if (pick(run, 6) == 0) {
        delete_once(run, model, batch);
        return;
    }
    struct entry entry = pick_key(run);
    uint64_t kind = model->count > ENTRIES_MAX - 16 ? 9 : pick(run, 10);
    if (kind < 6) {
        kdb_store_batch_put(batch, entry.space, key_of(&entry), value_of(&entry));
        model_put(model, &entry);
    } else if (kind < 9) {
        size_t index = model_find(model, &entry);
        kdb_store_batch_delete(batch, entry.space, key_of(&entry));
        if (model_has(model, index, &entry))
            model_remove(model, index, index + 1);
    } else {
        struct entry end = pick_key(run);
        end.space = entry.space;
        kdb_store_batch_delete_range(batch, entry.space, key_of(&entry), key_of(&end));
        if (compare(&entry, &end) < 0)
            model_remove(model, model_find(model, &entry), model_find(model, &end));
    }
}

static void commit_at_random(struct run *run)
{
    struct kdb_store_batch *batch = kdb_store_batch_open(run->test->store);
    struct model *after = kdb_alloc(sizeof(*after));
    *after = run->now;
    uint32_t once_count = run->once_count;
    for (uint64_t left = 1 + pick(run, 12); left > 0; left--)
        change_at_random(run, after, batch);
    if (pick(run, 8) > 0) { // else it is given up
        kdb_commit_mode mode = pick(run, 50) ? KDB_COMMIT_ASYNC : KDB_COMMIT_SYNC;
        assert_int_equal(kdb_store_commit(run->test->store, &run->test->ctx, batch, mode), KDB_OK);
        run->now = *after;
    } else {
        run->once_count = once_count;
    }
    kdb_free(after);
    kdb_store_batch_close(batch);
}

static void get_at_random(struct run *run, struct kdb_store_view *view, const struct model *model)
{
    struct entry entry = pick_key(run);
    struct kdb_read_at at = {.view = view, .space = entry.space};
    kdb_slice value;
    assert_int_equal(
        kdb_store_get(run->test->store, &run->test->ctx, &at, key_of(&entry), &value, NULL),
        KDB_OK);
    size_t index = model_find(model, &entry);
    assert_int_equal(value.data != NULL, model_has(model, index, &entry));
    if (value.data)
        assert_true(kdb_slice_equal(value, value_of(&model->entries[index])));
}

// Walks `scan` beside the model's entries [from, to), with a jump now and then when it is forward.
static void follow(struct run *run, struct kdb_store_scan *scan, const struct model *model,
                   const size_t range[2], bool is_reverse)
{
    size_t from = range[0];
    size_t to = range[1];
    for (;;) {
        if (!is_reverse && pick(run, 6) == 0) {
            struct entry target = pick_key(run);
            if (from < to)
                target.space = model->entries[from].space;
            kdb_store_scan_seek(scan, key_of(&target));
            while (from < to && compare(&model->entries[from], &target) < 0)
                from++;
        }
        kdb_slice key = {NULL, 0};
        kdb_slice value = {NULL, 0};
        bool has_more = false;
        assert_int_equal(kdb_store_scan_next(scan, &run->test->ctx, &key, &value, &has_more),
                         KDB_OK);
        assert_int_equal(has_more, from < to);
        if (!has_more)
            return;
        const struct entry *expected = is_reverse ? &model->entries[--to] : &model->entries[from++];
        assert_true(kdb_slice_equal(key, key_of(expected)));
        assert_true(kdb_slice_equal(value, value_of(expected)));
    }
}

static void scan_at_random(struct run *run, struct kdb_store_view *view, const struct model *model)
{
    struct entry first = pick_key(run);
    struct entry end = pick_key(run);
    end.space = first.space;
    bool has_first = pick(run, 4) > 0;
    bool has_end = pick(run, 4) > 0;
    if (!has_first)
        first.len = 0;
    struct kdb_scan_range range = {
        .space = first.space,
        .first = has_first ? key_of(&first) : (kdb_slice){NULL, 0},
        .end = has_end ? key_of(&end) : (kdb_slice){NULL, 0},
        .is_reverse = pick(run, 2) > 0,
    };
    size_t bounds[2] = {model_find(model, &first), model_find(model, &end)};
    if (!has_end) {
        bounds[1] = bounds[0];
        while (bounds[1] < model->count && model->entries[bounds[1]].space == first.space)
            bounds[1]++;
    }
    if (bounds[1] < bounds[0])
        bounds[1] = bounds[0];
    struct kdb_store_scan *scan;
    assert_int_equal(kdb_store_scan_open(run->test->store, &run->test->ctx, view, &range, &scan),
                     KDB_OK);
    if (!view && pick(run, 3) == 0) {
        // What is committed under an open scan is not seen by it.
        struct model *before = kdb_alloc(sizeof(*before));
        *before = *model;
        commit_at_random(run);
        follow(run, scan, before, bounds, range.is_reverse);
        kdb_free(before);
    } else {
        follow(run, scan, model, bounds, range.is_reverse);
    }
    kdb_store_scan_close(scan);
}

static void toggle_view(struct run *run, size_t index)
{
    if (run->views[index]) {
        kdb_store_view_close(run->views[index]);
        run->views[index] = NULL;
    } else {
        run->views[index] = kdb_store_view_open(run->test->store);
        run->seen[index] = run->now;
    }
}

static void close_views(struct run *run)
{
    for (size_t i = 0; i < VIEWS_MAX; i++) {
        kdb_store_view_close(run->views[i]);
        run->views[i] = NULL;
    }
}

static void take_step(struct run *run)
{
    uint64_t kind = pick(run, 200);
    size_t index = pick(run, VIEWS_MAX);
    struct kdb_store_view *view = run->views[index];
    const struct model *model = view ? &run->seen[index] : &run->now;
    if (kind == 0) {
        close_views(run);
        kdb_test_store_reopen(run->test);
    } else if (kind < 4) {
        kdb_store_clean_up(run->test->store);
    } else if (kind < 100) {
        commit_at_random(run);
    } else if (kind < 110) {
        toggle_view(run, index);
    } else if (kind < 150) {
        get_at_random(run, view, model);
    } else {
        scan_at_random(run, view, model);
    }
    kdb_ctx_reset(&run->test->ctx);
}

// KDB_SEED repeats a failed run, KDB_STEPS makes it longer.
static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void behaves_as_a_sorted_array(void **state)
{
    uint64_t seed = number_of("KDB_SEED", (uint64_t)time(NULL));
    uint64_t steps = number_of("KDB_STEPS", STEPS);
    print_message("KDB_SEED=%llu\n", (unsigned long long)seed);
    struct run *run = kdb_alloc(sizeof(*run));
    run->test = *state;
    run->random = seed;
    for (uint64_t i = 0; i < steps; i++)
        take_step(run);
    close_views(run);
    kdb_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KDB_TEST_BOTH_STORES(behaves_as_a_sorted_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
