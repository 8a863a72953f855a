// SPDX-License-Identifier: Apache-2.0
// Request context: first failure wins, budgets become errors.
#include "base/ctx.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/assert.h"
#include "base/clock.h"

void kdb_ctx_init(struct kdb_ctx *ctx, size_t limit_bytes)
{
    memset(ctx, 0, sizeof(*ctx));
    kdb_arena_init(&ctx->arena, limit_bytes);
    atomic_init(&ctx->is_cancelled, false);
}

void kdb_ctx_deinit(struct kdb_ctx *ctx)
{
    kdb_arena_deinit(&ctx->arena);
}

void kdb_ctx_reset(struct kdb_ctx *ctx)
{
    kdb_arena_reset(&ctx->arena);
    kdb_ctx_clear_error(ctx);
    ctx->deadline_ns = 0;
    ctx->request_id[0] = '\0';
    atomic_store_explicit(&ctx->is_cancelled, false, memory_order_relaxed);
}

void kdb_ctx_clear_error(struct kdb_ctx *ctx)
{
    ctx->error.status = KDB_OK;
    ctx->error.position = 0;
    ctx->error.message[0] = '\0';
}

// Cuts a message that filled its buffer back to a whole UTF-8 character.
static void cut_at_character(char *message, size_t len)
{
    while (len > 0 && ((unsigned char)message[len - 1] & 0xC0U) == 0x80U)
        len--;
    if (len > 0 && (unsigned char)message[len - 1] >= 0xC0U)
        len--;
    message[len] = '\0';
}

kdb_status kdb_fail_at(struct kdb_ctx *ctx, kdb_status status, const char *file, int line,
                       const char *format, ...)
{
    KDB_ASSERT(status != KDB_OK);
    if (ctx->error.status != KDB_OK)
        return ctx->error.status;
    ctx->error.status = status;
    ctx->error.file = file;
    ctx->error.line = line;
    va_list args;
    va_start(args, format);
    int len = vsnprintf(ctx->error.message, sizeof(ctx->error.message), format, args);
    va_end(args);
    if (len >= (int)sizeof(ctx->error.message))
        cut_at_character(ctx->error.message, sizeof(ctx->error.message) - 1);
    return status;
}

kdb_status kdb_wrap(struct kdb_ctx *ctx, const char *format, ...)
{
    KDB_ASSERT(ctx->error.status != KDB_OK);
    char wrapped[KDB_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    int prefix = vsnprintf(wrapped, sizeof(wrapped), format, args);
    va_end(args);
    if (prefix >= 0 && (size_t)prefix < sizeof(wrapped)) {
        size_t room = sizeof(wrapped) - (size_t)prefix;
        int rest = snprintf(wrapped + prefix, room, ": %s", ctx->error.message);
        if (rest >= (int)room)
            cut_at_character(wrapped, sizeof(wrapped) - 1);
    }
    memcpy(ctx->error.message, wrapped, sizeof(wrapped));
    return ctx->error.status;
}

void kdb_error_at(struct kdb_ctx *ctx, int position)
{
    if (ctx->error.position == 0)
        ctx->error.position = position;
}

kdb_status kdb_ctx_check(struct kdb_ctx *ctx)
{
    if (KDB_UNLIKELY(atomic_load_explicit(&ctx->is_cancelled, memory_order_relaxed)))
        return kdb_fail(ctx, KDB_ERR_CANCELLED, "the statement was cancelled");
    if (KDB_UNLIKELY(kdb_arena_is_exceeded(&ctx->arena)))
        return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                        "the statement needs more than %zu bytes of memory "
                        "(limits.request_memory_bytes)",
                        ctx->arena.limit_bytes);
    if (ctx->deadline_ns != 0 && KDB_UNLIKELY(kdb_monotonic_ns() > ctx->deadline_ns))
        return kdb_fail(ctx, KDB_ERR_TIMEOUT,
                        "the statement took longer than execution.handler_timeout_seconds");
    return KDB_OK;
}
