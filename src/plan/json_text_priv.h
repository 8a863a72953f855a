// SPDX-License-Identifier: Apache-2.0
// Finding parts of JSON text where it lies: one pass that also checks the text, no tree, no
// allocation.
//
// The rules are RFC 8259's; text that breaks them, or nests deeper than PLAN_JSON_DEPTH_MAX, has no
// parts at all. Of members with the same name the last one counts. Any thread.
#ifndef KDB_PLAN_JSON_TEXT_PRIV_H
#define KDB_PLAN_JSON_TEXT_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/slice.h"

#define PLAN_JSON_DEPTH_MAX 1024

// What a value is, by its first character.
typedef enum {
    PLAN_JSON_OBJECT = '{',
    PLAN_JSON_ARRAY = '[',
    PLAN_JSON_STRING = '"',
    PLAN_JSON_NUMBER = '0',
    PLAN_JSON_TRUE = 't',
    PLAN_JSON_FALSE = 'f',
    PLAN_JSON_NULL = 'n'
} plan_json_kind;

struct plan_json {
    plan_json_kind kind;
    kdb_slice raw; // as written
};

// One step down: a member's name, or an element's index (below zero: from the end). `name` in an
// array counts as an index when `is_loose` and it is a whole number.
struct plan_json_step {
    kdb_slice name;
    int64_t index;
    bool is_name;
    bool is_loose;
};

// The whole text as a value; false when it is no JSON.
bool plan_json_read(kdb_slice text, struct plan_json *ret_value);

// The part of a value that was read; false when there is none. `scratch` is for names with escapes.
bool plan_json_step(const struct plan_json *value, struct kdb_arena *scratch,
                    const struct plan_json_step *step, struct plan_json *ret_value);

// Members or elements, one after the other: `at` is 0 at first. False after the last. `ret_name` is
// the raw name with its quotes, null in arrays.
bool plan_json_next(const struct plan_json *container, size_t *at, kdb_slice *ret_name,
                    struct plan_json *ret_value);

// The characters of a raw string (with its quotes). False for \u0000, which text cannot hold.
bool plan_json_unescape(kdb_slice raw, struct kdb_arena *scratch, kdb_slice *ret_text);

#endif
