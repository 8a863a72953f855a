// SPDX-License-Identifier: Apache-2.0
// DuckDB's messages as failures of ours: the right status, PostgreSQL's words where they are known,
// no folders, no advice.
#include "engine/failure_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct {
    const char *message;
    kdb_status status;
    const char *text;
} cases[] = {
    {"Conversion Error: Could not convert string 'a b' to INT32\n\nLINE 1: SELECT 'a b'::int\n"
     "    ^",
     KDB_ERR_INVALID_VALUE, "invalid input syntax for type integer: \"a b\""},
    {"Conversion Error: Could not convert string '/a/b' to DOUBLE", KDB_ERR_INVALID_VALUE,
     "invalid input syntax for type double precision: \"/a/b\""},
    {"Conversion Error: Could not convert string 'x' to GEOMETRY", KDB_ERR_INVALID_VALUE,
     "Could not convert string 'x' to GEOMETRY"},
    {"Conversion Error: Could not convert string 'x", KDB_ERR_INVALID_VALUE,
     "Could not convert string 'x"},
    {"Conversion Error: invalid timestamp field format: \"x\", expected format is (YYYY)",
     KDB_ERR_INVALID_VALUE, "invalid input syntax for type timestamp: \"x\""},
    {"Conversion Error: Type INT64 with value 40000 can't be cast because the value is out of "
     "range for the destination type INT16",
     KDB_ERR_OUT_OF_RANGE, "smallint out of range"},
    {"Out of Range Error: Overflow in multiplication of INT64 (5 * 7)!", KDB_ERR_OUT_OF_RANGE,
     "bigint out of range"},
    {"Out of Range Error: Overflow in addition of DECIMAL(38) (1 + 1);", KDB_ERR_OUT_OF_RANGE,
     "numeric out of range"},
    {"Out of Range Error: cannot take logarithm of zero", KDB_ERR_OUT_OF_RANGE,
     "cannot take logarithm of zero"},
    {"Invalid Input Error: kdb:CONSTRAINT:no: really", KDB_ERR_CONSTRAINT, "no: really"},
    {"Invalid Input Error: kdb:NONSENSE:text", KDB_ERR_INVALID_VALUE, "kdb:NONSENSE:text"},
    {"Invalid Input Error: kdb:OK:text", KDB_ERR_INVALID_VALUE, "kdb:OK:text"},
    {"Invalid Input Error: kdb:", KDB_ERR_INVALID_VALUE, "kdb:"},
    {"Invalid Input Error: division by zero", KDB_ERR_DIVISION_BY_ZERO, "division by zero"},
    {"Invalid Input Error: No magic bytes found at end of file '/data/users/u 1/b.parquet'",
     KDB_ERR_CORRUPT, "No magic bytes found at end of file 'b.parquet'"},
    {"Invalid Input Error: Failed to read file \"/data/x/b.parquet\": Snappy decompression "
     "failure",
     KDB_ERR_CORRUPT, "Failed to read file \"b.parquet\": Snappy decompression failure"},
    {"Invalid Error: don't know what type: ", KDB_ERR_CORRUPT, "don't know what type:"},
    {"IO Error: No files found that match the pattern \"/data/b.parquet\"", KDB_ERR_CORRUPT,
     "No files found that match the pattern \"b.parquet\""},
    {"IO Error: Could not write file \"/d/x\": No space left on device", KDB_ERR_DISK_FULL,
     "Could not write file \"x\": No space left on device"},
    {"IO Error: Cannot open file \"/data/b.parquet\": Permission denied", KDB_ERR_IO,
     "Cannot open file \"b.parquet\": Permission denied"},
    {"Conversion Error: In file \"/data/u/b.parquet\" the column \"x\" has type INTEGER",
     KDB_ERR_INVALID_VALUE, "In file \"b.parquet\" the column \"x\" has type INTEGER"},
    {"Out of Memory Error: failed to allocate 5 MB (1/2 used)\nPossible solutions:",
     KDB_ERR_LIMIT_EXCEEDED,
     "the statement needs more memory than the engine has "
     "(execution.engine_memory_limit, engine_temp_limit)"},
    {"INTERRUPT Error: Interrupted!", KDB_ERR_CANCELLED, "Interrupted!"},
    {"Permission Error: Cannot access file \"/etc/passwd\" - not allowed", KDB_ERR_INTERNAL,
     "engine: Cannot access file \"passwd\" - not allowed"},
    {"Binder Error: no such column\n\nDid you mean \"y\"?", KDB_ERR_INTERNAL,
     "engine: no such column"},
    {"Binder Error: Max expression depth limit of 1000 exceeded. Use \"SET", KDB_ERR_LIMIT_EXCEEDED,
     "the statement is nested too deeply for the engine"},
    {"Binder Error: Maximum tree depth of 1000 exceeded in logical planner", KDB_ERR_LIMIT_EXCEEDED,
     "the statement is nested too deeply for the engine"},
    {"Binder Error: interval cannot be 0!", KDB_ERR_INVALID_VALUE, "step size cannot equal zero"},
    {"TransactionContext Error: Current transaction is aborted", KDB_ERR_INTERNAL,
     "engine: Current transaction is aborted"},
    {"Not implemented Error: Cannot do this", KDB_ERR_INVALID_OPERATION, "Cannot do this"},
    {"something unknown", KDB_ERR_INTERNAL, "engine: something unknown"},
    {"", KDB_ERR_INTERNAL, "engine: "},
    {NULL, KDB_ERR_INTERNAL, "engine: no message"},
};

static void messages_become_failures(void **state)
{
    (void)state;
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(engine_fail(&ctx, cases[i].message), cases[i].status);
        assert_int_equal(ctx.error.status, cases[i].status);
        assert_string_equal(ctx.error.message, cases[i].text);
        kdb_ctx_clear_error(&ctx);
    }
    kdb_ctx_deinit(&ctx);
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    static char message[10000];
    memset(message, 'x', sizeof(message) - 1);
    memcpy(message, "Conversion Error: ", 18);
    struct kdb_ctx ctx;
    kdb_ctx_init(&ctx, 0);
    assert_int_equal(engine_fail(&ctx, message), KDB_ERR_INVALID_VALUE);
    assert_int_equal(strlen(ctx.error.message), KDB_MESSAGE_BYTES - 1);
    kdb_ctx_deinit(&ctx);
}

static void fatal_messages_are_known(void **state)
{
    (void)state;
    assert_true(engine_is_fatal("FATAL Error: Failed"));
    assert_true(engine_is_fatal(
        "FATAL Error: Failed: database has been invalidated because of a previous fatal error."));
    assert_true(engine_is_fatal(
        "Invalid Input Error: Attempting to ... database has been invalidated because"));
    assert_false(engine_is_fatal("Conversion Error: FATAL Error"));
    assert_false(engine_is_fatal("IO Error: x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_become_failures),
        cmocka_unit_test(long_messages_are_cut),
        cmocka_unit_test(fatal_messages_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
