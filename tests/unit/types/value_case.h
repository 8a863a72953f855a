// SPDX-License-Identifier: Apache-2.0
// Short ways to read a value from text, and to say what a value must be as text.
#ifndef KDB_TESTS_UNIT_TYPES_VALUE_CASE_H
#define KDB_TESTS_UNIT_TYPES_VALUE_CASE_H

#include "base/buf.h"
#include "base/ctx.h"
#include "lib/test.h"
#include "types/cast.h"

#define DECIMAL(precision_, scale_)                                                                \
    ((kdb_type){.kind = KDB_DECIMAL, .precision = (precision_), .scale = (scale_)})

// Memory and errors of one test; used by one program, reset where it matters.
struct value_case {
    struct kdb_ctx ctx;
    struct kdb_buf out;
};

static inline void case_init(struct value_case *c)
{
    *c = (struct value_case){0};
    kdb_ctx_init(&c->ctx, 0);
}

static inline void case_deinit(struct value_case *c)
{
    kdb_ctx_deinit(&c->ctx);
    kdb_buf_deinit(&c->out);
}

// The value `text` means for `type`; fails the test when it means none.
static inline kdb_value parsed(struct value_case *c, kdb_type type, const char *text)
{
    kdb_value value;
    if (kdb_value_parse(kdb_slice_cstr(text), &c->ctx, type, &value) != KDB_OK)
        fail_msg("%s: %s", text, c->ctx.error.message);
    assert_int_equal(value.kind, type.kind);
    assert_false(value.is_null);
    return value;
}

static inline void expect_text(struct value_case *c, const kdb_value *value, const char *expected)
{
    kdb_buf_clear(&c->out);
    kdb_value_print(value, &c->out);
    assert_slice_equal(kdb_buf_view(&c->out), expected);
}

// `text` read as `type` prints as `expected`.
static inline void expect_parsed(struct value_case *c, kdb_type type, const char *text,
                                 const char *expected)
{
    kdb_value value = parsed(c, type, text);
    expect_text(c, &value, expected);
}

// The failure recorded is this one; forgets it.
static inline void expect_error(struct value_case *c, kdb_status status, kdb_status expected,
                                const char *message)
{
    if (status != expected)
        fail_msg("%s: status %d (%s) instead of %d", message, (int)status, c->ctx.error.message,
                 (int)expected);
    assert_string_equal(c->ctx.error.message, message);
    kdb_ctx_clear_error(&c->ctx);
}

// `text` is no value of `type`, with this message.
static inline void expect_refused(struct value_case *c, kdb_type type, const char *text,
                                  kdb_status expected, const char *message)
{
    kdb_value value = kdb_value_null(KDB_KIND_COUNT);
    kdb_status status = kdb_value_parse(kdb_slice_cstr(text), &c->ctx, type, &value);
    expect_error(c, status, expected, message);
    assert_int_equal(value.kind, KDB_KIND_COUNT); // untouched
}

#endif
