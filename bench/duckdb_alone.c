// SPDX-License-Identifier: Apache-2.0
// kalam-duckdb: runs queries on DuckDB alone, again and again, and prints how long each took. The
// reference for what the server answers from Parquet files.
#include <duckdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "load/histogram.h"

#define NS_PER_SECOND 1000000000.0

struct reference {
    duckdb_database database;
    duckdb_connection connection;
    double seconds; // of measuring each query
};

static bool run_text(struct reference *reference, const char *sql, idx_t *ret_rows)
{
    duckdb_result result;
    bool is_good = duckdb_query(reference->connection, sql, &result) == DuckDBSuccess;
    if (is_good)
        *ret_rows = duckdb_row_count(&result);
    else
        (void)fprintf(stderr, "kalam-duckdb: %s\n", duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    return is_good;
}

static bool run_prepared(duckdb_prepared_statement statement)
{
    duckdb_result result;
    bool is_good = duckdb_execute_prepared(statement, &result) == DuckDBSuccess;
    duckdb_destroy_result(&result);
    return is_good;
}

// Runs the text (or the prepared statement, when there is one) until the time is over; the first
// run, which may read from the disk, does not count.
static bool measure(struct reference *reference, const char *sql,
                    duckdb_prepared_statement statement, struct histogram *histogram)
{
    int64_t end = 0;
    for (bool is_first = true;; is_first = false) {
        idx_t rows;
        int64_t before = kdb_monotonic_ns();
        if (!is_first && before >= end)
            return true;
        if (statement ? !run_prepared(statement) : !run_text(reference, sql, &rows))
            return false;
        int64_t after = kdb_monotonic_ns();
        if (is_first)
            end = after + (int64_t)(reference->seconds * NS_PER_SECOND);
        else
            histogram_add(histogram, (uint64_t)(after - before));
    }
}

static void print_times(struct kdb_buf *out, const char *name, const struct histogram *histogram)
{
    double runs = histogram->count > 0 ? (double)histogram->count : 1;
    kdb_buf_printf(out, "\"%s\":{\"runs\":%llu,\"mean_us\":%.1f", name,
                   (unsigned long long)histogram->count, (double)histogram->sum / runs / 1000);
    kdb_buf_printf(out, ",\"p50_us\":%.1f,\"p99_us\":%.1f}",
                   (double)histogram_quantile(histogram, 0.5) / 1000,
                   (double)histogram_quantile(histogram, 0.99) / 1000);
}

static bool measure_query(struct reference *reference, const char *sql, struct kdb_buf *out)
{
    static struct histogram text;
    static struct histogram prepared;
    text = prepared = (struct histogram){0};
    duckdb_prepared_statement statement = NULL;
    idx_t rows = 0;
    bool is_good = run_text(reference, sql, &rows) && measure(reference, sql, NULL, &text) &&
                   duckdb_prepare(reference->connection, sql, &statement) == DuckDBSuccess &&
                   measure(reference, sql, statement, &prepared);
    duckdb_destroy_prepare(&statement);
    KDB_BUF_LIT(out, "{\"sql\":");
    kdb_json_string(out, kdb_slice_cstr(sql));
    kdb_buf_printf(out, ",\"rows\":%llu,", (unsigned long long)rows);
    print_times(out, "text", &text);
    KDB_BUF_LIT(out, ",");
    print_times(out, "prepared", &prepared);
    KDB_BUF_LIT(out, "}");
    return is_good;
}

static bool open_reference(struct reference *reference)
{
    idx_t rows;
    return duckdb_open(NULL, &reference->database) == DuckDBSuccess &&
           duckdb_connect(reference->database, &reference->connection) == DuckDBSuccess &&
           run_text(reference, "SET threads = 1", &rows);
}

int main(int argc, char **argv)
{
    char *end = NULL;
    struct reference reference = {.seconds = argc > 2 ? strtod(argv[1], &end) : 0};
    if (reference.seconds <= 0 || *end != '\0') {
        (void)fputs("usage: kalam-duckdb SECONDS SQL...\n", stderr);
        return 2;
    }
    if (!open_reference(&reference))
        return 1;
    struct kdb_buf out = {0};
    kdb_buf_printf(&out, "{\"version\":\"%s\",\"queries\":[", duckdb_library_version());
    bool is_good = true;
    for (int i = 2; i < argc && is_good; i++) {
        if (i > 2)
            KDB_BUF_LIT(&out, ",");
        is_good = measure_query(&reference, argv[i], &out);
    }
    KDB_BUF_LIT(&out, "]}\n");
    if (is_good)
        (void)fwrite(out.data, 1, out.len, stdout);
    kdb_buf_deinit(&out);
    duckdb_disconnect(&reference.connection);
    duckdb_close(&reference.database);
    return is_good ? 0 : 1;
}
