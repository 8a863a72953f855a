// SPDX-License-Identifier: Apache-2.0
// LIKE and ILIKE. ILIKE compares both sides in lower case, as PostgreSQL does under UTF-8.
#include "base/like.h"
#include "base/utf8.h"
#include "plan/function_priv.h"

// The pattern with a backslash in place of its escape character.
static kdb_status with_backslash(struct kdb_eval *eval, kdb_slice escape, kdb_slice *pattern)
{
    char *out;
    KDB_TRY(plan_text(eval, pattern->len * 2, &out));
    size_t len = 0;
    bool is_behind_escape = false;
    for (size_t at = 0; at < pattern->len;) {
        size_t next = at;
        (void)kdb_utf8_next(*pattern, &next);
        kdb_slice character = {pattern->data + at, next - at};
        at = next;
        if (!is_behind_escape && kdb_slice_equal(character, escape)) {
            out[len++] = '\\';
            is_behind_escape = true;
            continue;
        }
        if (!is_behind_escape && character.data[0] == '\\')
            out[len++] = '\\';
        memcpy(out + len, character.data, character.len);
        len += character.len;
        is_behind_escape = false;
    }
    *pattern = (kdb_slice){out, len};
    return KDB_OK;
}

// ESCAPE '…': none when empty, else one character. One of several bytes, or one that must survive a
// change of case, is brought to a backslash in a copy of the pattern.
static kdb_status read_escape(struct kdb_eval *eval, kdb_slice escape, bool ignores_case,
                              kdb_slice *pattern, char *ret_escape)
{
    *ret_escape = escape.len > 0 ? escape.data[0] : '\0';
    if (escape.len == 0 || (escape.len == 1 && !ignores_case))
        return KDB_OK;
    if (kdb_utf8_offset(escape, 1) != escape.len)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE, "invalid escape string");
    *ret_escape = '\\';
    return with_backslash(eval, escape, pattern);
}

static bool must_stop(void *self)
{
    return plan_work(self, KDB_LIKE_STEPS) != KDB_OK;
}

static kdb_status like(struct kdb_eval *eval, kdb_slice text, kdb_slice pattern, char escape,
                       kdb_value *ret_value)
{
    const struct kdb_like_watch watch = {must_stop, eval};
    kdb_like_result result = kdb_like_match(&watch, text, pattern, escape);
    if (result == KDB_LIKE_STOPPED)
        return eval->ctx->error.status;
    if (result == KDB_LIKE_BAD_PATTERN)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE,
                        "LIKE pattern must not end with escape character");
    return plan_return_bool(result == KDB_LIKE_YES, ret_value);
}

kdb_status plan_like(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                     kdb_value *ret_value)
{
    kdb_slice pattern = args[1].bytes;
    char escape = '\\';
    if (call->arg_count == 3)
        KDB_TRY(read_escape(eval, args[2].bytes, false, &pattern, &escape));
    return like(eval, args[0].bytes, pattern, escape, ret_value);
}

kdb_status plan_ilike(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                      kdb_value *ret_value)
{
    kdb_slice text;
    kdb_slice pattern = args[1].bytes;
    char escape = '\\';
    if (call->arg_count == 3)
        KDB_TRY(read_escape(eval, args[2].bytes, true, &pattern, &escape));
    KDB_TRY(plan_text_lower(eval, args[0].bytes, &text));
    KDB_TRY(plan_text_lower(eval, pattern, &pattern));
    return like(eval, text, pattern, escape, ret_value);
}
