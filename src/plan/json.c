// SPDX-License-Identifier: Apache-2.0
// The JSON operators and functions. What is no JSON text gives NULL.
#include "base/double_text.h"
#include "base/json_write.h"
#include "plan/function_priv.h"
#include "plan/json_text_priv.h"

// The value at the end of a path: args[0] is the document, the others the steps. False: NULL.
static bool walk(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                 bool is_loose, struct plan_json *ret_value)
{
    struct plan_json value;
    if (!plan_json_read(args[0].bytes, &value))
        return false;
    for (size_t i = 1; i < call->arg_count; i++) {
        struct plan_json_step step = {.is_name = args[i].kind == KDB_TEXT, .is_loose = is_loose};
        if (step.is_name)
            step.name = args[i].bytes;
        else
            step.index = args[i].integer;
        if (!plan_json_step(&value, eval->scratch, &step, &value))
            return false;
    }
    *ret_value = value;
    return true;
}

static kdb_status return_null(const struct kdb_expr *call, kdb_value *ret_value)
{
    *ret_value = kdb_value_null((kdb_kind)call->type.kind);
    return KDB_OK;
}

static kdb_status return_string(struct kdb_eval *eval, const struct plan_json *value,
                                kdb_value *ret_value)
{
    kdb_slice text;
    if (!plan_json_unescape(value->raw, eval->scratch, &text))
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE,
                        "unsupported Unicode escape sequence: \\u0000 cannot be converted to text");
    return plan_return_slice(text, ret_value);
}

// Strings without quotes, JSON's null as NULL, the rest as written.
static kdb_status return_plain(struct kdb_eval *eval, const struct kdb_expr *call,
                               const struct plan_json *value, kdb_value *ret_value)
{
    if (value->kind == PLAN_JSON_NULL)
        return return_null(call, ret_value);
    if (value->kind == PLAN_JSON_STRING)
        return return_string(eval, value, ret_value);
    return plan_return_slice(value->raw, ret_value);
}

kdb_status plan_json_get(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                         kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, false, &value))
        return return_null(call, ret_value);
    *ret_value = kdb_value_bytes(KDB_JSON, value.raw);
    return KDB_OK;
}

kdb_status plan_json_get_text(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, false, &value))
        return return_null(call, ret_value);
    return return_plain(eval, call, &value, ret_value);
}

// json_extract_path: all steps are text, a number in an array is an index.
kdb_status plan_json_path(struct kdb_eval *eval, const struct kdb_expr *call, const kdb_value *args,
                          kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, true, &value))
        return return_null(call, ret_value);
    *ret_value = kdb_value_bytes(KDB_JSON, value.raw);
    return KDB_OK;
}

kdb_status plan_json_path_text(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, true, &value))
        return return_null(call, ret_value);
    return return_plain(eval, call, &value, ret_value);
}

kdb_status plan_json_get_array(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, false, &value) || value.kind != PLAN_JSON_ARRAY)
        return return_null(call, ret_value);
    *ret_value = kdb_value_bytes(KDB_JSON, value.raw);
    return KDB_OK;
}

kdb_status plan_json_get_str(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, false, &value) || value.kind != PLAN_JSON_STRING)
        return return_null(call, ret_value);
    return return_string(eval, &value, ret_value);
}

kdb_status plan_json_get_int(struct kdb_eval *eval, const struct kdb_expr *call,
                             const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    int64_t number;
    if (!walk(eval, call, args, false, &value) || value.kind != PLAN_JSON_NUMBER ||
        !kdb_slice_to_i64(value.raw, &number))
        return return_null(call, ret_value);
    *ret_value = kdb_value_int(KDB_BIGINT, number);
    return KDB_OK;
}

kdb_status plan_json_get_float(struct kdb_eval *eval, const struct kdb_expr *call,
                               const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    double number;
    if (!walk(eval, call, args, false, &value) || value.kind != PLAN_JSON_NUMBER ||
        !kdb_double_parse(value.raw, &number))
        return return_null(call, ret_value);
    *ret_value = kdb_value_double(number);
    return KDB_OK;
}

kdb_status plan_json_get_bool(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, false, &value) ||
        (value.kind != PLAN_JSON_TRUE && value.kind != PLAN_JSON_FALSE))
        return return_null(call, ret_value);
    return plan_return_bool(value.kind == PLAN_JSON_TRUE, ret_value);
}

kdb_status plan_json_contains(struct kdb_eval *eval, const struct kdb_expr *call,
                              const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!plan_json_read(args[0].bytes, &value))
        return return_null(call, ret_value);
    return plan_return_bool(walk(eval, call, args, false, &value), ret_value);
}

// document ? text: a member's name, an element that is this string, or the string itself.
kdb_status plan_json_exists(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!plan_json_read(args[0].bytes, &value))
        return return_null(call, ret_value);
    const struct plan_json_step step = {.is_name = true, .name = args[1].bytes};
    struct plan_json found;
    if (value.kind == PLAN_JSON_OBJECT)
        return plan_return_bool(plan_json_step(&value, eval->scratch, &step, &found), ret_value);
    kdb_slice text;
    if (value.kind == PLAN_JSON_STRING)
        return plan_return_bool(plan_json_unescape(value.raw, eval->scratch, &text) &&
                                    kdb_slice_equal(text, args[1].bytes),
                                ret_value);
    bool exists = false;
    kdb_slice name;
    size_t at = 0;
    while (value.kind == PLAN_JSON_ARRAY && !exists && plan_json_next(&value, &at, &name, &found))
        exists = found.kind == PLAN_JSON_STRING &&
                 plan_json_unescape(found.raw, eval->scratch, &text) &&
                 kdb_slice_equal(text, args[1].bytes);
    return plan_return_bool(exists, ret_value);
}

static int64_t count_members(const struct plan_json *container)
{
    struct plan_json member;
    kdb_slice name;
    int64_t count = 0;
    for (size_t at = 0; plan_json_next(container, &at, &name, &member);)
        count++;
    return count;
}

kdb_status plan_json_length(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, false, &value) ||
        (value.kind != PLAN_JSON_ARRAY && value.kind != PLAN_JSON_OBJECT))
        return return_null(call, ret_value);
    *ret_value = kdb_value_int(KDB_BIGINT, count_members(&value));
    return KDB_OK;
}

kdb_status plan_json_array_length(struct kdb_eval *eval, const struct kdb_expr *call,
                                  const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, false, &value))
        return return_null(call, ret_value);
    if (value.kind != PLAN_JSON_ARRAY)
        return kdb_fail(eval->ctx, KDB_ERR_INVALID_VALUE, "cannot get array length of a %s",
                        value.kind == PLAN_JSON_OBJECT ? "non-array" : "scalar");
    *ret_value = kdb_value_int(KDB_INT, count_members(&value));
    return KDB_OK;
}

// The names of an object's members as a JSON array, as written.
kdb_status plan_json_object_keys(struct kdb_eval *eval, const struct kdb_expr *call,
                                 const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json object;
    struct plan_json member;
    kdb_slice name;
    if (!walk(eval, call, args, false, &object) || object.kind != PLAN_JSON_OBJECT)
        return return_null(call, ret_value);
    char *out;
    KDB_TRY(plan_text(eval, object.raw.len, &out)); // names and commas of it
    size_t len = 0;
    out[len++] = '[';
    for (size_t at = 0; plan_json_next(&object, &at, &name, &member);) {
        if (len > 1)
            out[len++] = ',';
        memcpy(out + len, name.data, name.len);
        len += name.len;
    }
    out[len++] = ']';
    *ret_value = kdb_value_bytes(KDB_JSON, (kdb_slice){out, len});
    return KDB_OK;
}

kdb_status plan_json_typeof(struct kdb_eval *eval, const struct kdb_expr *call,
                            const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    if (!walk(eval, call, args, false, &value))
        return return_null(call, ret_value);
    kdb_slice name = {NULL, 0};
    switch (value.kind) {
    case PLAN_JSON_OBJECT:
        name = KDB_LIT("object");
        break;
    case PLAN_JSON_ARRAY:
        name = KDB_LIT("array");
        break;
    case PLAN_JSON_STRING:
        name = KDB_LIT("string");
        break;
    case PLAN_JSON_NUMBER:
        name = KDB_LIT("number");
        break;
    case PLAN_JSON_TRUE:
    case PLAN_JSON_FALSE:
        name = KDB_LIT("boolean");
        break;
    case PLAN_JSON_NULL:
        name = KDB_LIT("null");
        break;
    }
    return plan_return_slice(name, ret_value);
}

kdb_status plan_json_valid(struct kdb_eval *eval, const struct kdb_expr *call,
                           const kdb_value *args, kdb_value *ret_value)
{
    struct plan_json value;
    (void)eval;
    (void)call;
    return plan_return_bool(plan_json_read(args[0].bytes, &value), ret_value);
}
