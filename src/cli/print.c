// SPDX-License-Identifier: Apache-2.0
// Formats, messages, and the order of the two output streams.
#include "cli/print_priv.h"

#include <errno.h>

#include "base/utf8.h"
#include "cli/cell_priv.h"
#include "cli/format_priv.h"

// Gathered text is written when there is this much.
#define FLUSH_BYTES ((size_t)64 * 1024)

// Of the statement that failed.
#define DETAIL_BYTES_SHOWN ((size_t)300)

#define RED   "\033[1;31m"
#define PLAIN "\033[0m"

static const kdb_slice format_names[] = {[CLI_FORMAT_TABLE] = KDB_LIT_INIT("table"),
                                         [CLI_FORMAT_CSV] = KDB_LIT_INIT("csv"),
                                         [CLI_FORMAT_JSON] = KDB_LIT_INIT("json")};

bool cli_format_of(kdb_slice name, enum cli_format *ret_format)
{
    for (size_t i = 0; i < sizeof(format_names) / sizeof(format_names[0]); i++) {
        if (kdb_slice_equal_nocase(name, format_names[i])) {
            *ret_format = (enum cli_format)i;
            return true;
        }
    }
    return false;
}

const char *cli_format_name(enum cli_format format)
{
    return format_names[format].data;
}

void cli_out_deinit(struct cli_out *out)
{
    kdb_buf_deinit(&out->text);
}

static void write_gathered(struct cli_out *out)
{
    // A failed write is found again by cli_out_flush: the stream remembers it. An interrupted one
    // has not failed; nobody wants the rest.
    if (out->text.len > 0 &&
        fwrite(out->text.data, 1, out->text.len, out->results) < out->text.len && errno == EINTR)
        clearerr(out->results);
    kdb_buf_clear(&out->text);
}

bool cli_out_flush(struct cli_out *out)
{
    write_gathered(out);
    if (fflush(out->results) != 0 && errno == EINTR)
        clearerr(out->results);
    return !ferror(out->results);
}

void cli_row_done(struct cli_out *out)
{
    if (out->text.len >= FLUSH_BYTES)
        write_gathered(out);
}

kdb_status cli_may_go_on(struct cli_out *out, struct kdb_ctx *ctx)
{
    if (!atomic_load_explicit(&ctx->is_cancelled, memory_order_relaxed))
        return KDB_OK;
    kdb_buf_clear(&out->text);
    return kdb_fail(ctx, KDB_ERR_CANCELLED, "the output was cut short");
}

// ---- messages ----

static void write_message(struct cli_out *out, kdb_slice text)
{
    struct kdb_buf line = {0};
    (void)cli_put_visible(text, &line);
    kdb_buf_put(&line, '\n');
    (void)fwrite(line.data, 1, line.len, out->messages);
    kdb_buf_deinit(&line);
}

// A statement's text over several lines keeps them; a long one is told by its beginning.
static void write_details(struct cli_out *out, kdb_slice details)
{
    bool is_cut = details.len > DETAIL_BYTES_SHOWN;
    if (is_cut) {
        details.len = DETAIL_BYTES_SHOWN;
        details.len = kdb_utf8_valid_prefix(details);
    }
    while (details.len > 0) {
        size_t newline = kdb_slice_find(details, KDB_LIT("\n"), 0);
        size_t end = newline == SIZE_MAX ? details.len : newline;
        (void)fputs("  ", out->messages);
        write_message(out, kdb_slice_of(details.data, end));
        details = kdb_slice_skip(details, end + 1);
    }
    if (is_cut)
        (void)fputs("  ...\n", out->messages);
}

void cli_print_error(struct cli_out *out, kdb_slice code, kdb_slice message, kdb_slice details)
{
    (void)cli_out_flush(out);
    struct kdb_buf line = {0};
    (void)cli_put_visible(code, &line);
    KDB_BUF_LIT(&line, ": ");
    (void)cli_put_visible(message, &line);
    (void)fprintf(out->messages, "%sERROR%s %.*s\n", out->has_message_color ? RED : "",
                  out->has_message_color ? PLAIN : "", KDB_ARG(kdb_buf_view(&line)));
    kdb_buf_deinit(&line);
    write_details(out, details);
    (void)fflush(out->messages);
}

void cli_print_notice(struct cli_out *out, kdb_slice text)
{
    (void)cli_out_flush(out);
    write_message(out, text);
    (void)fflush(out->messages);
}

void cli_print_line(struct cli_out *out, kdb_slice line)
{
    if (out->format != CLI_FORMAT_TABLE) {
        (void)cli_out_flush(out);
        write_message(out, line);
        return;
    }
    (void)cli_put_visible(line, &out->text);
    kdb_buf_put(&out->text, '\n');
}

// ---- results ----

static kdb_status print_result(struct cli_out *out, struct kdb_ctx *ctx,
                               const struct kdb_result *result)
{
    bool has_table = result->columns && result->has_rows;
    if (has_table && out->format == CLI_FORMAT_TABLE)
        KDB_TRY(cli_print_table(out, ctx, result));
    else if (has_table)
        KDB_TRY(cli_print_csv(out, ctx, result));
    if (result->message.data)
        cli_print_line(out, result->message);
    else if (!has_table)
        cli_print_line(out, KDB_LIT("OK"));
    return KDB_OK;
}

// As it came; piece by piece, so that it can be interrupted.
static kdb_status print_text(struct cli_out *out, struct kdb_ctx *ctx, kdb_slice text)
{
    while (text.len > 0) {
        size_t len = text.len < FLUSH_BYTES ? text.len : FLUSH_BYTES;
        kdb_buf_append(&out->text, text.data, len);
        text = kdb_slice_skip(text, len);
        cli_row_done(out);
        KDB_TRY(cli_may_go_on(out, ctx));
    }
    kdb_buf_put(&out->text, '\n');
    return KDB_OK;
}

kdb_status cli_print_results(struct cli_out *out, struct kdb_ctx *ctx,
                             const struct kdb_results *results)
{
    if (out->format == CLI_FORMAT_JSON)
        return print_text(out, ctx, results->text);
    for (size_t i = 0; i < results->count; i++)
        KDB_TRY(print_result(out, ctx, &results->items[i]));
    return KDB_OK;
}
