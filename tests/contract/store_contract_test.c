// SPDX-License-Identifier: Apache-2.0
// What every store promises, over the in-memory store and over RocksDB.
// links: store base
#include "store/store.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/assert.h"
#include "lib/store_fixture.h"
#include "lib/test.h"

#define assert_ok(call)      assert_int_equal((call), KDB_OK)
#define assert_absent(slice) assert_null((slice).data)

static struct kdb_store_batch *begin(struct kdb_test_store *test)
{
    return kdb_store_batch_open(test->store);
}

static void commit(struct kdb_test_store *test, struct kdb_store_batch *batch)
{
    assert_ok(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_ASYNC));
    kdb_store_batch_close(batch);
}

// Commits each letter as key and value.
static void put_letters(struct kdb_test_store *test, const char *letters)
{
    struct kdb_store_batch *batch = begin(test);
    for (; *letters != '\0'; letters++) {
        kdb_slice letter = {letters, 1};
        kdb_store_batch_put(batch, KDB_SPACE_ROWS, letter, letter);
    }
    commit(test, batch);
}

// A range of ROWS by literals; NULL is the null slice.
static struct kdb_scan_range range_of(const char *first, const char *end, bool is_reverse)
{
    return (struct kdb_scan_range){
        .first = kdb_slice_cstr(first), .end = kdb_slice_cstr(end), .is_reverse = is_reverse};
}

static struct kdb_store_scan *open_scan(struct kdb_test_store *test, struct kdb_store_view *view,
                                        struct kdb_scan_range range)
{
    struct kdb_store_scan *scan = NULL;
    assert_ok(kdb_store_scan_open(test->store, &test->ctx, view, &range, &scan));
    return scan;
}

// The next key, or "END".
static kdb_slice step(struct kdb_test_store *test, struct kdb_store_scan *scan)
{
    kdb_slice key = {NULL, 0};
    kdb_slice value = {NULL, 0};
    bool has_more = false;
    assert_ok(kdb_store_scan_next(scan, &test->ctx, &key, &value, &has_more));
    return has_more ? key : KDB_LIT("END");
}

// The keys that are left, in one text; each is one byte long.
static kdb_slice rest_of(struct kdb_test_store *test, struct kdb_store_scan *scan)
{
    char keys[64];
    size_t count = 0;
    kdb_slice key;
    kdb_slice value;
    bool has_more = true;
    for (;;) {
        assert_ok(kdb_store_scan_next(scan, &test->ctx, &key, &value, &has_more));
        if (!has_more)
            break;
        assert_int_equal(key.len, 1);
        assert_true(kdb_slice_equal(key, value));
        assert_true(count < sizeof(keys));
        keys[count++] = key.data[0];
    }
    assert_true(kdb_store_scan_is_cached(scan));
    return kdb_arena_copy(&test->ctx.arena, kdb_slice_of(keys, count));
}

static kdb_slice keys_in(struct kdb_test_store *test, struct kdb_store_view *view,
                         struct kdb_scan_range range)
{
    struct kdb_store_scan *scan = open_scan(test, view, range);
    kdb_slice keys = rest_of(test, scan);
    kdb_store_scan_close(scan);
    return keys;
}

static void gives_back_what_was_put(void **state)
{
    struct kdb_test_store *test = *state;
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("k")));
    kdb_test_put(test, KDB_LIT("k"), KDB_LIT("one"));
    kdb_slice one = kdb_test_get(test, NULL, KDB_LIT("k"));
    kdb_test_put(test, KDB_LIT("k"), KDB_LIT("two"));
    assert_slice_equal(one, "one"); // copied: the change does not reach it
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("k")), "two");
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("k2")));
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("")));
    struct kdb_store_batch *batch = begin(test);
    kdb_store_batch_delete(batch, KDB_SPACE_ROWS, KDB_LIT("k"));
    kdb_store_batch_delete(batch, KDB_SPACE_ROWS, KDB_LIT("never there"));
    commit(test, batch);
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("k")));
}

// Keys that live once: gone at once, in views as ever.
static void deletes_what_lives_once(void **state)
{
    struct kdb_test_store *test = *state;
    kdb_test_put(test, KDB_LIT("1"), KDB_LIT("1"));
    kdb_test_put(test, KDB_LIT("2"), KDB_LIT("2"));
    struct kdb_store_view *view = kdb_store_view_open(test->store);
    struct kdb_store_batch *batch = begin(test);
    kdb_store_batch_delete_once(batch, KDB_SPACE_ROWS, KDB_LIT("1"));
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("3"), KDB_LIT("3"));
    assert_int_equal(kdb_store_batch_bytes(batch), 3);
    commit(test, batch);
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("1")));
    assert_slice_equal(kdb_test_get(test, view, KDB_LIT("1")), "1");
    assert_slice_equal(keys_in(test, NULL, range_of(NULL, NULL, false)), "23");
    assert_slice_equal(keys_in(test, view, range_of(NULL, NULL, false)), "12");
    kdb_store_view_close(view);
    kdb_store_clean_up(test->store);
    assert_slice_equal(keys_in(test, NULL, range_of(NULL, NULL, false)), "23");
    batch = begin(test);
    kdb_store_batch_delete_once(batch, KDB_SPACE_ROWS, KDB_LIT("3"));
    commit(test, batch);
    assert_slice_equal(keys_in(test, NULL, range_of(NULL, NULL, false)), "2");
}

static void keeps_spaces_apart(void **state)
{
    struct kdb_test_store *test = *state;
    struct kdb_store_batch *batch = begin(test);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("k"), KDB_LIT("row"));
    kdb_store_batch_put(batch, KDB_SPACE_META, KDB_LIT("k"), KDB_LIT("definition"));
    kdb_store_batch_put(batch, KDB_SPACE_META, KDB_LIT("l"), KDB_LIT("definition"));
    commit(test, batch);
    struct kdb_read_at meta = {.space = KDB_SPACE_META};
    kdb_slice value;
    assert_ok(kdb_store_get(test->store, &test->ctx, &meta, KDB_LIT("k"), &value, NULL));
    assert_slice_equal(value, "definition");
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("k")), "row");
    batch = begin(test);
    kdb_store_batch_delete_range(batch, KDB_SPACE_ROWS, KDB_LIT(""), KDB_LIT("z"));
    commit(test, batch);
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("k")));
    assert_ok(kdb_store_get(test->store, &test->ctx, &meta, KDB_LIT("k"), &value, NULL));
    assert_slice_equal(value, "definition");
    struct kdb_scan_range range = range_of(NULL, NULL, false);
    struct kdb_store_scan *scan = open_scan(test, NULL, range);
    assert_slice_equal(step(test, scan), "END");
    kdb_store_scan_close(scan);
    range.space = KDB_SPACE_META;
    scan = open_scan(test, NULL, range);
    assert_slice_equal(step(test, scan), "k");
    assert_slice_equal(step(test, scan), "l");
    assert_slice_equal(step(test, scan), "END");
    kdb_store_scan_close(scan);
}

static void tells_empty_from_absent(void **state)
{
    struct kdb_test_store *test = *state;
    kdb_test_put(test, KDB_LIT("k"), KDB_LIT(""));
    kdb_slice value = kdb_test_get(test, NULL, KDB_LIT("k"));
    assert_non_null(value.data);
    assert_int_equal(value.len, 0);
    kdb_test_put(test, KDB_LIT(""), KDB_LIT("of the empty key"));
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("")), "of the empty key");
    kdb_test_put(test, KDB_LIT("n"), (kdb_slice){NULL, 0});
    value = kdb_test_get(test, NULL, KDB_LIT("n"));
    assert_non_null(value.data);
    assert_int_equal(value.len, 0);
}

static void orders_keys_by_their_bytes(void **state)
{
    struct kdb_test_store *test = *state;
    static const kdb_slice sorted[] = {
        {"\x00", 1}, {"\x00\x00", 2}, {"\x00\xff", 2}, {"\x01", 1},
        {"\x7f", 1}, {"\x7f\x00", 2}, {"\x80", 1},     {"\xfe\xff", 2},
        {"\xff", 1}, {"\xff\x00", 2}, {"\xff\xff", 2},
    };
    enum { COUNT = sizeof(sorted) / sizeof(sorted[0]) };
    for (size_t i = 0; i < COUNT; i++)
        kdb_test_put(test, sorted[i * 7 % COUNT], sorted[i * 7 % COUNT]);
    struct kdb_store_scan *scan = open_scan(test, NULL, range_of(NULL, NULL, false));
    for (size_t i = 0; i < COUNT; i++)
        assert_true(kdb_slice_equal(step(test, scan), sorted[i]));
    assert_slice_equal(step(test, scan), "END");
    kdb_store_scan_close(scan);
    scan = open_scan(test, NULL, range_of(NULL, NULL, true));
    for (size_t i = COUNT; i-- > 0;)
        assert_true(kdb_slice_equal(step(test, scan), sorted[i]));
    assert_slice_equal(step(test, scan), "END");
    kdb_store_scan_close(scan);
    for (size_t i = 0; i < COUNT; i++)
        assert_true(kdb_slice_equal(kdb_test_get(test, NULL, sorted[i]), sorted[i]));
}

static void keeps_large_values(void **state)
{
    struct kdb_test_store *test = *state;
    size_t len = 5U << 20; // several write buffers
    char *bytes = kdb_alloc(len);
    for (size_t i = 0; i < len; i++)
        bytes[i] = (char)(i * i >> 7);
    kdb_test_put(test, KDB_LIT("large"), kdb_slice_of(bytes, len));
    kdb_test_put(test, KDB_LIT("small"), KDB_LIT("x"));
    kdb_slice value = kdb_test_get(test, NULL, KDB_LIT("large"));
    assert_true(kdb_slice_equal(value, kdb_slice_of(bytes, len)));
    kdb_test_store_reopen(test);
    value = kdb_test_get(test, NULL, KDB_LIT("large"));
    assert_true(kdb_slice_equal(value, kdb_slice_of(bytes, len)));
    kdb_free(bytes);
}

static void applies_a_batch_in_order(void **state)
{
    struct kdb_test_store *test = *state;
    put_letters(test, "abcdef");
    struct kdb_store_batch *batch = begin(test);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("a"), KDB_LIT("first"));
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("a"), KDB_LIT("second"));
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("b"), KDB_LIT("gone"));
    kdb_store_batch_delete(batch, KDB_SPACE_ROWS, KDB_LIT("b"));
    kdb_store_batch_delete(batch, KDB_SPACE_ROWS, KDB_LIT("c"));
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("c"), KDB_LIT("back"));
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("d"), KDB_LIT("covered"));
    kdb_store_batch_delete_range(batch, KDB_SPACE_ROWS, KDB_LIT("d"), KDB_LIT("f"));
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("e"), KDB_LIT("after the range"));
    commit(test, batch);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("a")), "second");
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("b")));
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("c")), "back");
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("d")));
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("e")), "after the range");
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("f")), "f");
}

static void applies_nothing_before_commit(void **state)
{
    struct kdb_test_store *test = *state;
    struct kdb_store_batch *batch = begin(test);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("k"), KDB_LIT("v"));
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("k")));
    kdb_store_batch_close(batch);
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("k")));
}

static void clears_and_repeats_batches(void **state)
{
    struct kdb_test_store *test = *state;
    struct kdb_store_batch *batch = begin(test);
    assert_int_equal(kdb_store_batch_bytes(batch), 0);
    assert_ok(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_SYNC)); // empty
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("dropped"), KDB_LIT("v"));
    assert_int_equal(kdb_store_batch_bytes(batch), 8);
    kdb_store_batch_clear(batch);
    assert_int_equal(kdb_store_batch_bytes(batch), 0);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("kept"), KDB_LIT("v"));
    assert_ok(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_SYNC));
    assert_absent(kdb_test_get(test, NULL, KDB_LIT("dropped")));
    kdb_test_put(test, KDB_LIT("kept"), KDB_LIT("changed"));
    commit(test, batch); // unchanged by its first commit
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("kept")), "v");
}

static void copies_what_a_batch_is_given(void **state)
{
    struct kdb_test_store *test = *state;
    char key[] = "key";
    char value[] = "value";
    struct kdb_store_batch *batch = begin(test);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, kdb_slice_cstr(key), kdb_slice_cstr(value));
    key[0] = 'X';
    value[0] = 'X';
    commit(test, batch);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("key")), "value");
}

static void scans_the_keys_of_a_range(void **state)
{
    struct kdb_test_store *test = *state;
    put_letters(test, "gbdfa");
    static const struct {
        const char *first;
        const char *end;
        const char *keys;     // forward
        const char *backward; // reverse
    } cases[] = {
        {NULL, NULL, "abdfg", "gfdba"},
        {"", NULL, "abdfg", "gfdba"},
        {"b", "f", "bd", "db"},
        {"b", "f0", "bdf", "fdb"},
        {"aa", "e", "bd", "db"},
        {"d", NULL, "dfg", "gfd"},
        {NULL, "d", "ab", "ba"},
        {"c", "d", "", ""},
        {"h", NULL, "", ""},
        {NULL, "a", "", ""},
        {NULL, "", "", ""},
        {"d", "d", "", ""},
        {"f", "b", "", ""},
        {"g", "h", "g", "g"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kdb_scan_range range = range_of(cases[i].first, cases[i].end, false);
        assert_slice_equal(keys_in(test, NULL, range), cases[i].keys);
        range.is_reverse = true;
        assert_slice_equal(keys_in(test, NULL, range), cases[i].backward);
    }
}

static void copies_the_bounds_of_a_scan(void **state)
{
    struct kdb_test_store *test = *state;
    put_letters(test, "abcdef");
    for (int is_reverse = 0; is_reverse < 2; is_reverse++) {
        char first[] = "b";
        char end[] = "e";
        struct kdb_store_scan *scan = open_scan(test, NULL, range_of(first, end, is_reverse != 0));
        first[0] = 'a';
        end[0] = 'z';
        assert_slice_equal(rest_of(test, scan), is_reverse ? "dcb" : "bcd");
        kdb_store_scan_close(scan);
    }
}

static void stays_at_the_end(void **state)
{
    struct kdb_test_store *test = *state;
    put_letters(test, "ab");
    for (int is_reverse = 0; is_reverse < 2; is_reverse++) {
        struct kdb_store_scan *scan = open_scan(test, NULL, range_of("a", "b", is_reverse != 0));
        assert_slice_equal(step(test, scan), "a");
        for (int i = 0; i < 3; i++)
            assert_slice_equal(step(test, scan), "END");
        if (!is_reverse)
            kdb_store_scan_seek(scan, KDB_LIT("a"));
        assert_slice_equal(step(test, scan), "END");
        kdb_store_scan_close(scan);
    }
}

static void seeks_forward_only(void **state)
{
    struct kdb_test_store *test = *state;
    put_letters(test, "abcdefgh");
    struct kdb_store_scan *scan = open_scan(test, NULL, range_of("b", "h", false));
    kdb_store_scan_seek(scan, KDB_LIT("a")); // before the range
    assert_slice_equal(step(test, scan), "b");
    kdb_store_scan_seek(scan, KDB_LIT("d"));
    kdb_store_scan_seek(scan, KDB_LIT("c")); // back again
    assert_slice_equal(step(test, scan), "d");
    kdb_store_scan_seek(scan, KDB_LIT("d")); // the one given last
    assert_slice_equal(step(test, scan), "e");
    kdb_store_scan_seek(scan, KDB_LIT("a"));
    assert_slice_equal(step(test, scan), "f");
    kdb_store_scan_seek(scan, KDB_LIT("f0")); // between keys
    assert_slice_equal(step(test, scan), "g");
    kdb_store_scan_seek(scan, KDB_LIT("h")); // in the store, not in the range
    assert_slice_equal(step(test, scan), "END");
    kdb_store_scan_close(scan);
    scan = open_scan(test, NULL, range_of("b", "h", false));
    kdb_store_scan_seek(scan, KDB_LIT("e")); // before the first step
    assert_slice_equal(rest_of(test, scan), "efg");
    kdb_store_scan_close(scan);
    scan = open_scan(test, NULL, range_of("f", "f", false)); // nothing in it
    kdb_store_scan_seek(scan, KDB_LIT("f"));
    assert_slice_equal(step(test, scan), "END");
    kdb_store_scan_close(scan);
    scan = open_scan(test, NULL, range_of(NULL, NULL, false));
    kdb_store_scan_seek(scan, KDB_LIT("i")); // beyond the last
    kdb_store_scan_seek(scan, KDB_LIT("c"));
    assert_slice_equal(step(test, scan), "END");
    kdb_store_scan_close(scan);
}

static void removes_ranges(void **state)
{
    struct kdb_test_store *test = *state;
    static const struct {
        const char *first;
        const char *end;
        const char *left;
    } cases[] = {
        {"b", "d", "adef"}, {"", "c", "cdef"},    {"c", "z", "ab"},     {"bb", "d0", "abef"},
        {"", "z", ""},      {"c", "c", "abcdef"}, {"d", "b", "abcdef"}, {"g", "z", "abcdef"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        put_letters(test, "abcdef");
        struct kdb_store_batch *batch = begin(test);
        kdb_store_batch_delete_range(batch, KDB_SPACE_ROWS, kdb_slice_cstr(cases[i].first),
                                     kdb_slice_cstr(cases[i].end));
        commit(test, batch);
        assert_slice_equal(keys_in(test, NULL, range_of(NULL, NULL, false)), cases[i].left);
        assert_int_equal(keys_in(test, NULL, range_of(NULL, NULL, true)).len,
                         strlen(cases[i].left));
    }
}

static void views_do_not_change(void **state)
{
    struct kdb_test_store *test = *state;
    struct kdb_store_view *nothing = kdb_store_view_open(test->store);
    put_letters(test, "abcdef");
    struct kdb_store_view *letters = kdb_store_view_open(test->store);
    struct kdb_store_batch *batch = begin(test);
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("a"), KDB_LIT("changed"));
    kdb_store_batch_delete(batch, KDB_SPACE_ROWS, KDB_LIT("b"));
    kdb_store_batch_delete_range(batch, KDB_SPACE_ROWS, KDB_LIT("d"), KDB_LIT("f"));
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("g"), KDB_LIT("g"));
    commit(test, batch);
    struct kdb_store_view *newest = kdb_store_view_open(test->store);
    put_letters(test, "xyz");
    for (int i = 0; i < 2; i++) {
        assert_absent(kdb_test_get(test, nothing, KDB_LIT("a")));
        assert_slice_equal(kdb_test_get(test, letters, KDB_LIT("a")), "a");
        assert_slice_equal(kdb_test_get(test, letters, KDB_LIT("b")), "b");
        assert_absent(kdb_test_get(test, letters, KDB_LIT("g")));
        assert_slice_equal(kdb_test_get(test, newest, KDB_LIT("a")), "changed");
        assert_absent(kdb_test_get(test, newest, KDB_LIT("e")));
        assert_slice_equal(keys_in(test, nothing, range_of(NULL, NULL, i != 0)), "");
        assert_slice_equal(keys_in(test, letters, range_of("b", "f", false)), "bcde");
        assert_slice_equal(keys_in(test, letters, range_of(NULL, NULL, true)), "fedcba");
        assert_slice_equal(keys_in(test, newest, range_of("b", NULL, false)), "cfg");
        assert_slice_equal(keys_in(test, NULL, range_of("b", NULL, false)), "cfgxyz");
    }
    kdb_store_view_close(letters); // in the middle: the others go on
    put_letters(test, "b");
    assert_absent(kdb_test_get(test, nothing, KDB_LIT("a")));
    assert_slice_equal(kdb_test_get(test, newest, KDB_LIT("a")), "changed");
    assert_absent(kdb_test_get(test, newest, KDB_LIT("b")));
    kdb_store_view_close(nothing);
    kdb_store_view_close(newest);
}

static void scans_do_not_see_later_commits(void **state)
{
    struct kdb_test_store *test = *state;
    put_letters(test, "abc");
    struct kdb_store_scan *untouched = open_scan(test, NULL, range_of(NULL, NULL, false));
    struct kdb_store_scan *begun = open_scan(test, NULL, range_of(NULL, NULL, true));
    assert_slice_equal(step(test, begun), "c");
    struct kdb_store_view *view = kdb_store_view_open(test->store);
    struct kdb_store_scan *viewed = open_scan(test, view, range_of(NULL, NULL, false));
    struct kdb_store_batch *batch = begin(test);
    kdb_store_batch_delete_range(batch, KDB_SPACE_ROWS, KDB_LIT("a"), KDB_LIT("c"));
    kdb_store_batch_put(batch, KDB_SPACE_ROWS, KDB_LIT("bb"), KDB_LIT("v"));
    commit(test, batch);
    assert_slice_equal(rest_of(test, untouched), "abc");
    assert_slice_equal(rest_of(test, begun), "ba");
    assert_slice_equal(step(test, viewed), "a");
    kdb_store_scan_seek(viewed, KDB_LIT("ba"));
    assert_slice_equal(step(test, viewed), "c");
    kdb_store_scan_close(viewed);
    kdb_store_view_close(view);
    kdb_store_scan_close(begun);
    kdb_store_scan_close(untouched);
}

static void reads_memory_without_the_disk(void **state)
{
    struct kdb_test_store *test = *state;
    put_letters(test, "abc"); // not flushed: in RocksDB's write buffer
    struct kdb_read_at at = {.tier = KDB_READ_MEMORY};
    bool is_cached = false;
    kdb_slice value = {NULL, 0};
    assert_ok(kdb_store_get(test->store, &test->ctx, &at, KDB_LIT("b"), &value, &is_cached));
    assert_true(is_cached);
    assert_slice_equal(value, "b");
    is_cached = false;
    assert_ok(kdb_store_get(test->store, &test->ctx, &at, KDB_LIT("z"), &value, &is_cached));
    assert_true(is_cached);
    assert_absent(value);
    struct kdb_store_view *view = kdb_store_view_open(test->store);
    at.view = view;
    put_letters(test, "z");
    assert_ok(kdb_store_get(test->store, &test->ctx, &at, KDB_LIT("z"), &value, &is_cached));
    assert_true(is_cached);
    assert_absent(value);
    struct kdb_scan_range range = range_of(NULL, NULL, false);
    range.tier = KDB_READ_MEMORY;
    assert_slice_equal(keys_in(test, view, range), "abc");
    kdb_store_view_close(view);
}

static void syncs_at_any_time(void **state)
{
    struct kdb_test_store *test = *state;
    assert_ok(kdb_store_sync(test->store, &test->ctx));
    kdb_test_put(test, KDB_LIT("k"), KDB_LIT("v"));
    assert_ok(kdb_store_sync(test->store, &test->ctx));
    assert_ok(kdb_store_sync(test->store, &test->ctx));
    assert_ok(kdb_store_resume(test->store, &test->ctx));
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("k")), "v");
    struct kdb_store_stats stats = {0};
    kdb_store_stats(test->store, &stats);
    assert_true(stats.memory_bytes > 0);
    assert_int_equal(stats.disk_bytes > 0, test->folder != NULL);
}

static void cleaning_up_changes_no_answer(void **state)
{
    struct kdb_test_store *test = *state;
    for (int i = 0; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "k%03d", i);
        kdb_test_put(test, kdb_slice_cstr(key), KDB_LIT("v"));
    }
    struct kdb_store_view *view = kdb_store_view_open(test->store);
    struct kdb_store_batch *batch = kdb_store_batch_open(test->store);
    for (int i = 1; i < 200; i++) {
        char key[16];
        (void)snprintf(key, sizeof(key), "k%03d", i);
        kdb_store_batch_delete(batch, KDB_SPACE_ROWS, kdb_slice_cstr(key));
    }
    assert_ok(kdb_store_commit(test->store, &test->ctx, batch, KDB_COMMIT_ASYNC));
    kdb_store_batch_close(batch);
    kdb_store_clean_up(test->store);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("k000")), "v");
    assert_null(kdb_test_get(test, NULL, KDB_LIT("k100")).data);
    assert_slice_equal(kdb_test_get(test, view, KDB_LIT("k100")), "v");
    kdb_store_view_close(view);
    kdb_test_store_reopen(test);
    assert_slice_equal(kdb_test_get(test, NULL, KDB_LIT("k000")), "v");
    assert_null(kdb_test_get(test, NULL, KDB_LIT("k100")).data);
}

static void close_accepts_null(void **state)
{
    (void)state;
    kdb_store_close(NULL);
    kdb_store_view_close(NULL);
    kdb_store_scan_close(NULL);
    kdb_store_batch_close(NULL);
}

// One writer sets all keys of both spaces to the same number, again and again; readers must never
// see two numbers in one view, one scan, or a number smaller than one seen before.
enum { KEYS = 24, ROUNDS = 300, READERS = 3 };

struct race {
    struct kdb_store *store;
    atomic_bool is_over;
};

static kdb_slice number_key(int number, char text[16])
{
    return kdb_slice_of(text, (size_t)snprintf(text, 16, "key%04d", number));
}

static void *write_rounds(void *argument)
{
    struct race *race = argument;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    struct kdb_store_batch *batch = kdb_store_batch_open(race->store);
    for (int round = 1; round <= ROUNDS; round++) {
        kdb_store_batch_clear(batch);
        if (round % 3 == 0)
            kdb_store_batch_delete_range(batch, KDB_SPACE_ROWS, KDB_LIT("key"), KDB_LIT("kez"));
        for (int i = 0; i < KEYS; i++) {
            char text[16];
            kdb_slice key = number_key(i, text);
            kdb_slice value = kdb_slice_of(&round, sizeof(round));
            kdb_store_batch_put(batch, i % 2 ? KDB_SPACE_ROWS : KDB_SPACE_META, key, value);
        }
        KDB_ASSERT(kdb_store_commit(race->store, &ctx, batch, KDB_COMMIT_ASYNC) == KDB_OK);
    }
    kdb_store_batch_close(batch);
    kdb_ctx_deinit(&ctx);
    atomic_store(&race->is_over, true);
    return NULL;
}

static int number_of(kdb_slice value)
{
    int number = 0;
    KDB_ASSERT(value.data == NULL || value.len == sizeof(number));
    if (value.data)
        memcpy(&number, value.data, sizeof(number));
    return number;
}

// The number that all keys of `view` hold, 0 before the first commit.
static int read_view(struct race *race, struct kdb_ctx *ctx, struct kdb_store_view *view)
{
    int number = -1;
    for (int i = 0; i < KEYS; i++) {
        struct kdb_read_at at = {.view = view, .space = i % 2 ? KDB_SPACE_ROWS : KDB_SPACE_META};
        char text[16];
        kdb_slice value;
        KDB_ASSERT(kdb_store_get(race->store, ctx, &at, number_key(i, text), &value, NULL) ==
                   KDB_OK);
        KDB_ASSERT(number == -1 || number == number_of(value));
        number = number_of(value);
    }
    return number;
}

// As read_view, by a scan of ROWS with a view of its own or `view`.
static int read_scan(struct race *race, struct kdb_ctx *ctx, struct kdb_store_view *view,
                     bool is_reverse)
{
    struct kdb_scan_range range = {.first = KDB_LIT("key"), .is_reverse = is_reverse};
    struct kdb_store_scan *scan;
    KDB_ASSERT(kdb_store_scan_open(race->store, ctx, view, &range, &scan) == KDB_OK);
    int number = 0;
    int count = 0;
    bool has_more = true;
    for (;; count++) {
        kdb_slice key;
        kdb_slice value;
        KDB_ASSERT(kdb_store_scan_next(scan, ctx, &key, &value, &has_more) == KDB_OK);
        if (!has_more)
            break;
        KDB_ASSERT(count == 0 || number == number_of(value));
        number = number_of(value);
    }
    KDB_ASSERT(number == 0 ? count == 0 : count == KEYS / 2);
    kdb_store_scan_close(scan);
    return number;
}

static void *read_rounds(void *argument)
{
    struct race *race = argument;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    int newest = 0;
    for (bool is_last = false; !is_last;) {
        is_last = atomic_load(&race->is_over);
        struct kdb_store_view *view = kdb_store_view_open(race->store);
        int number = read_view(race, &ctx, view);
        KDB_ASSERT(number >= newest);
        newest = read_scan(race, &ctx, NULL, number % 2 == 0);
        KDB_ASSERT(newest >= number);
        KDB_ASSERT(read_scan(race, &ctx, view, number % 2 != 0) == number);
        kdb_store_view_close(view);
        kdb_ctx_reset(&ctx);
    }
    KDB_ASSERT(newest == ROUNDS);
    kdb_ctx_deinit(&ctx);
    return NULL;
}

static void readers_see_whole_batches(void **state)
{
    struct kdb_test_store *test = *state;
    struct race race = {.store = test->store};
    pthread_t threads[1 + READERS];
    for (int i = 0; i <= READERS; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, i < READERS ? read_rounds : write_rounds, &race), 0);
    for (int i = 0; i <= READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KDB_TEST_BOTH_STORES(gives_back_what_was_put),
        KDB_TEST_BOTH_STORES(deletes_what_lives_once),
        KDB_TEST_BOTH_STORES(keeps_spaces_apart),
        KDB_TEST_BOTH_STORES(tells_empty_from_absent),
        KDB_TEST_BOTH_STORES(orders_keys_by_their_bytes),
        KDB_TEST_BOTH_STORES(keeps_large_values),
        KDB_TEST_BOTH_STORES(applies_a_batch_in_order),
        KDB_TEST_BOTH_STORES(applies_nothing_before_commit),
        KDB_TEST_BOTH_STORES(clears_and_repeats_batches),
        KDB_TEST_BOTH_STORES(copies_what_a_batch_is_given),
        KDB_TEST_BOTH_STORES(scans_the_keys_of_a_range),
        KDB_TEST_BOTH_STORES(copies_the_bounds_of_a_scan),
        KDB_TEST_BOTH_STORES(stays_at_the_end),
        KDB_TEST_BOTH_STORES(seeks_forward_only),
        KDB_TEST_BOTH_STORES(removes_ranges),
        KDB_TEST_BOTH_STORES(views_do_not_change),
        KDB_TEST_BOTH_STORES(scans_do_not_see_later_commits),
        KDB_TEST_BOTH_STORES(reads_memory_without_the_disk),
        KDB_TEST_BOTH_STORES(syncs_at_any_time),
        KDB_TEST_BOTH_STORES(cleaning_up_changes_no_answer),
        KDB_TEST_BOTH_STORES(readers_see_whole_batches),
        cmocka_unit_test(close_accepts_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
