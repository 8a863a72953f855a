// SPDX-License-Identifier: Apache-2.0
// Reads JSON text strictly (RFC 8259) into a tree in the request's arena.
//
// Used for request bodies, WebSocket messages and stored documents. The tree borrows the text: a
// string without escapes, a number and `raw` point into it, so the text must live as long as the
// tree. Integers are read exactly or not at all; nothing passes through a double unless the caller
// asks. Objects keep duplicate names; lookup gives the last. Does not recurse. Any thread.
#ifndef KDB_BASE_JSON_READ_H
#define KDB_BASE_JSON_READ_H

#include <stddef.h>
#include <stdint.h>

#include "base/ctx.h"
#include "base/slice.h"

enum kdb_json_type {
    KDB_JSON_NULL,
    KDB_JSON_BOOL,   // integer is 0 or 1
    KDB_JSON_INT,    // written without fraction and exponent, fits int64
    KDB_JSON_NUMBER, // any other number: text has it as written
    KDB_JSON_STRING, // text has the characters
    KDB_JSON_ARRAY,
    KDB_JSON_OBJECT,
};

// One value. Members of a container hang off `first` and are linked by `next` in written order.
struct kdb_json {
    enum kdb_json_type type;
    uint32_t count;          // members of a container
    kdb_slice name;          // member of an object: its name, escapes resolved
    kdb_slice raw;           // the value as written
    kdb_slice text;          // STRING: escapes resolved, may hold NUL; INT, NUMBER: same as raw
    int64_t integer;         // INT, BOOL
    struct kdb_json *first;  // first member, NULL when empty
    struct kdb_json *next;   // next member of the same container
    struct kdb_json *parent; // the container, NULL at the root
};

struct kdb_json_limits {
    size_t size_max;    // bytes of text
    uint32_t depth_max; // containers inside each other; 0: only plain values
};

// Parses the whole text. Fails with INVALID_INPUT and a message that says what was expected at
// which byte (from 0), with LIMIT_EXCEEDED above a limit, and as kdb_ctx_check does.
KDB_NODISCARD kdb_status kdb_json_parse(struct kdb_ctx *ctx, kdb_slice text,
                                        const struct kdb_json_limits *limits,
                                        const struct kdb_json **ret_root);

// The last member of that name; NULL when there is none, or when `object` is NULL or no object.
const struct kdb_json *kdb_json_get(const struct kdb_json *object, kdb_slice name);

// Member `index` (from 0) of an array; NULL when there is none, or when `array` is NULL or no
// array. Walks the list: loops use first and next.
const struct kdb_json *kdb_json_at(const struct kdb_json *array, size_t index);

// Scanning a JSON string: the first quote, backslash or control character at or after `at`; `end`
// when there is none.
const char *kdb_json_find_special(const char *at, const char *end);

// The nearest double of an INT or NUMBER. False for other types and what a double cannot hold.
KDB_NODISCARD bool kdb_json_to_double(const struct kdb_json *value, double *ret_value);

#endif
