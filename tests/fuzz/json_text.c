// SPDX-License-Identifier: Apache-2.0
// Fuzz target of the JSON operators: what they take for JSON is what the parser takes for it, and
// every part lies inside the text.
// links: plan
#include "base/assert.h"
#include "base/json_read.h"
#include "base/utf8.h"
#include "plan/json_text_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(kdb_slice part, kdb_slice whole)
{
    KDB_ASSERT(part.len > 0 && part.data >= whole.data);
    KDB_ASSERT(part.data + part.len <= whole.data + whole.len);
}

// Walks the members of one container; each is found again by its name or index.
static void walk(const struct plan_json *container, kdb_slice whole, struct kdb_arena *arena)
{
    size_t at = 0;
    int64_t index = 0;
    kdb_slice name;
    struct plan_json value;
    while (plan_json_next(container, &at, &name, &value)) {
        check_inside(value.raw, whole);
        struct plan_json_step step = {.index = index++};
        struct plan_json again;
        kdb_slice text;
        if (container->kind == PLAN_JSON_OBJECT) {
            check_inside(name, whole);
            if (!plan_json_unescape(name, arena, &text))
                continue;
            step = (struct plan_json_step){.name = text, .is_name = true};
        }
        KDB_ASSERT(plan_json_step(container, arena, &step, &again));
        if (container->kind == PLAN_JSON_ARRAY)
            KDB_ASSERT(again.raw.data == value.raw.data && again.raw.len == value.raw.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kdb_ctx ctx;
    struct plan_json value;
    const struct kdb_json *tree;
    const struct kdb_json_limits limits = {.size_max = SIZE_MAX / 2,
                                           .depth_max = PLAN_JSON_DEPTH_MAX};
    kdb_ctx_init(&ctx, 0);
    kdb_slice text = kdb_slice_of(data, size);
    if (!kdb_utf8_is_valid(text)) // text in a table always is
        text.len = kdb_utf8_valid_prefix(text);
    bool is_json = plan_json_read(text, &value);
    bool parses = kdb_json_parse(&ctx, text, &limits, &tree) == KDB_OK;
    KDB_ASSERT(is_json == parses);
    if (is_json) {
        check_inside(value.raw, text);
        if (value.kind == PLAN_JSON_OBJECT || value.kind == PLAN_JSON_ARRAY)
            walk(&value, text, &ctx.arena);
    }
    kdb_ctx_deinit(&ctx);
    return 0;
}
