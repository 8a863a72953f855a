// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the JSON reader: no input may crash it, and what it accepts it reads the same way
// twice: as written, and as json_write writes it.
// links: base
#include "base/json_read.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/json_write.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct kdb_json_limits limits = {.size_max = 1 << 16, .depth_max = 32};

// What must hold for every value of a tree over `text`.
static void check_value(const struct kdb_json *value, kdb_slice text)
{
    KDB_ASSERT(value->raw.len > 0);
    KDB_ASSERT(value->raw.data >= text.data);
    KDB_ASSERT(value->raw.data + value->raw.len <= text.data + text.len);
    KDB_ASSERT(kdb_utf8_is_valid(value->text) && kdb_utf8_is_valid(value->name));
    bool is_container = value->type == KDB_JSON_ARRAY || value->type == KDB_JSON_OBJECT;
    KDB_ASSERT((value->count > 0) == (value->first != NULL));
    KDB_ASSERT(is_container || value->count == 0);
}

static void put_leaf(struct kdb_buf *buf, const struct kdb_json *value)
{
    if (value->type == KDB_JSON_STRING)
        kdb_json_string(buf, value->text);
    else if (value->type == KDB_JSON_INT)
        kdb_json_i64(buf, value->integer);
    else
        kdb_buf_slice(buf, value->raw);
}

// The value before whose writing a comma goes: any but the first of its container.
static void put_opening(struct kdb_buf *buf, const struct kdb_json *value)
{
    if (value->parent && value->parent->first != value)
        kdb_buf_put(buf, ',');
    if (value->parent && value->parent->type == KDB_JSON_OBJECT) {
        kdb_json_string(buf, value->name);
        kdb_buf_put(buf, ':');
    }
    if (value->type == KDB_JSON_ARRAY || value->type == KDB_JSON_OBJECT)
        kdb_buf_put(buf, value->type == KDB_JSON_ARRAY ? '[' : '{');
    else
        put_leaf(buf, value);
}

// Walks the tree in written order, checking every value and writing it to `buf`.
static void put_tree(struct kdb_buf *buf, const struct kdb_json *root, kdb_slice text)
{
    const struct kdb_json *value = root;
    bool is_closing = false;
    while (value) {
        bool is_container = value->type == KDB_JSON_ARRAY || value->type == KDB_JSON_OBJECT;
        if (!is_closing) {
            check_value(value, text);
            put_opening(buf, value);
        }
        if (is_container && !is_closing && value->first) {
            value = value->first;
            continue;
        }
        if (is_container)
            kdb_buf_put(buf, value->type == KDB_JSON_ARRAY ? ']' : '}');
        is_closing = value->next == NULL;
        value = value->next ? value->next : value->parent;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    kdb_slice text = kdb_slice_of(data, size);
    const struct kdb_json *root = NULL;
    kdb_status status = kdb_json_parse(&ctx, text, &limits, &root);
    KDB_ASSERT((status == KDB_OK) == (root != NULL));
    KDB_ASSERT((status == KDB_OK) == (ctx.error.message[0] == '\0'));
    if (root) {
        struct kdb_buf first = {0};
        struct kdb_buf second = {0};
        put_tree(&first, root, text);
        const struct kdb_json *again = NULL;
        struct kdb_json_limits wide = {.size_max = SIZE_MAX, .depth_max = limits.depth_max};
        KDB_ASSERT(kdb_json_parse(&ctx, kdb_buf_view(&first), &wide, &again) == KDB_OK);
        put_tree(&second, again, kdb_buf_view(&first));
        KDB_ASSERT(kdb_slice_equal(kdb_buf_view(&first), kdb_buf_view(&second)));
        kdb_buf_deinit(&first);
        kdb_buf_deinit(&second);
    }
    kdb_ctx_deinit(&ctx);
    return 0;
}
