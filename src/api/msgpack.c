// SPDX-License-Identifier: Apache-2.0
// JSON to MessagePack and back, through msgpack-c.
#include <math.h>
#include <msgpack.h>

#include "api/encodings_priv.h"
#include "base/assert.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/utf8.h"

// Memory for the tree of one of our own messages.
#define TREE_MEMORY ((size_t)512 * 1024 * 1024)

// Containers inside each other that a client's message may have: as many as the library follows.
#define DEPTH_MAX 32

static int write_bytes(void *data, const char *bytes, size_t len)
{
    kdb_buf_append(data, bytes, len);
    return 0;
}

static msgpack_packer packer_of(struct kdb_buf *out)
{
    msgpack_packer packer;
    msgpack_packer_init(&packer, out, write_bytes);
    return packer;
}

// ---- JSON to MessagePack ----

static void pack_text(msgpack_packer *packer, kdb_slice text)
{
    (void)msgpack_pack_str(packer, text.len);
    (void)msgpack_pack_str_body(packer, text.data, text.len);
}

// A value without its members.
static void pack_value(msgpack_packer *packer, const struct kdb_json *value)
{
    double real = 0;
    switch (value->type) {
    case KDB_JSON_NULL:
        (void)msgpack_pack_nil(packer);
        return;
    case KDB_JSON_BOOL:
        (void)(value->integer ? msgpack_pack_true(packer) : msgpack_pack_false(packer));
        return;
    case KDB_JSON_INT:
        (void)msgpack_pack_int64(packer, value->integer);
        return;
    case KDB_JSON_NUMBER:
        (void)!kdb_json_to_double(value, &real);
        (void)msgpack_pack_double(packer, real);
        return;
    case KDB_JSON_STRING:
        pack_text(packer, value->text);
        return;
    case KDB_JSON_ARRAY:
        (void)msgpack_pack_array(packer, value->count);
        return;
    case KDB_JSON_OBJECT:
        (void)msgpack_pack_map(packer, value->count);
        return;
    }
    KDB_UNREACHABLE();
}

// Everything below `root`, in order, without recursion.
static void pack_inside(msgpack_packer *packer, const struct kdb_json *root)
{
    const struct kdb_json *at = root->first;
    while (at) {
        if (at->parent->type == KDB_JSON_OBJECT)
            pack_text(packer, at->name);
        pack_value(packer, at);
        if (at->first) {
            at = at->first;
            continue;
        }
        while (!at->next && at->parent != root)
            at = at->parent;
        at = at->next;
    }
}

static const struct kdb_json *read_own(struct kdb_ctx *ctx, kdb_slice json)
{
    const struct kdb_json_limits limits = {.size_max = json.len, .depth_max = 64};
    const struct kdb_json *root = NULL;
    kdb_ctx_init(ctx, TREE_MEMORY);
    KDB_ASSERT(kdb_json_parse(ctx, json, &limits, &root) == KDB_OK);
    return root;
}

void api_pack_json(kdb_slice json, struct kdb_buf *out)
{
    struct kdb_ctx ctx;
    const struct kdb_json *root = read_own(&ctx, json);
    msgpack_packer packer = packer_of(out);
    pack_value(&packer, root);
    pack_inside(&packer, root);
    kdb_ctx_deinit(&ctx);
}

void api_pack_members(kdb_slice json, struct kdb_buf *out, uint32_t *ret_count)
{
    struct kdb_ctx ctx;
    const struct kdb_json *root = read_own(&ctx, json);
    msgpack_packer packer = packer_of(out);
    pack_inside(&packer, root);
    *ret_count = root->count;
    kdb_ctx_deinit(&ctx);
}

void api_pack_map_header(uint32_t count, struct kdb_buf *out)
{
    msgpack_packer packer = packer_of(out);
    (void)msgpack_pack_map(&packer, count);
}

// ---- Whether a message has what it declares ----
//
// The library reserves memory for as many members as a container declares, before it has seen one:
// fourteen bytes would ask for 256 GiB.

// What follows the first byte of a value: a length of so many bytes, so many bytes more, and then
// what the length counts.
struct form {
    uint8_t length_bytes;
    uint8_t fixed_bytes;
    uint8_t members; // values each that the length counts; 0: it counts bytes
};

// First bytes from 0xC0 to 0xDF.
static const struct form forms[32] = {
    [0x04] = {1, 0, 0},  [0x05] = {2, 0, 0}, [0x06] = {4, 0, 0}, // binary
    [0x07] = {1, 1, 0},  [0x08] = {2, 1, 0}, [0x09] = {4, 1, 0}, // extension
    [0x0A] = {0, 4, 0},  [0x0B] = {0, 8, 0},                     // floating point
    [0x0C] = {0, 1, 0},  [0x0D] = {0, 2, 0}, [0x0E] = {0, 4, 0}, // unsigned
    [0x0F] = {0, 8, 0},  [0x10] = {0, 1, 0}, [0x11] = {0, 2, 0}, // signed
    [0x12] = {0, 4, 0},  [0x13] = {0, 8, 0}, [0x14] = {0, 2, 0}, // extension
    [0x15] = {0, 3, 0},  [0x16] = {0, 5, 0}, [0x17] = {0, 9, 0}, //
    [0x18] = {0, 17, 0}, [0x19] = {1, 0, 0}, [0x1A] = {2, 0, 0}, // text
    [0x1B] = {4, 0, 0},  [0x1C] = {2, 0, 1}, [0x1D] = {4, 0, 1}, // array
    [0x1E] = {2, 0, 2},  [0x1F] = {4, 0, 2},                     // map
};

// Takes a value but for its members off the front of `rest`; false: it is cut.
static bool take_value(kdb_slice *rest, bool *ret_is_container, uint64_t *ret_members)
{
    unsigned first = (unsigned char)rest->data[0];
    struct form form = {0};
    uint64_t count = 0; // of bytes or members
    if (first >= 0x80 && first < 0xA0) {
        form.members = first < 0x90 ? 2 : 1;
        count = first & 0x0F;
    } else if (first >= 0xA0 && first < 0xC0) {
        count = first & 0x1F;
    } else if (first >= 0xC0 && first < 0xE0) {
        form = forms[first - 0xC0];
    }
    *rest = kdb_slice_skip(*rest, 1);
    if (rest->len < form.length_bytes)
        return false;
    for (unsigned i = 0; i < form.length_bytes; i++)
        count = count << 8 | (unsigned char)rest->data[i];
    *rest = kdb_slice_skip(*rest, form.length_bytes);
    *ret_is_container = form.members > 0;
    *ret_members = count * form.members;
    uint64_t bytes = form.fixed_bytes + (form.members == 0 ? count : 0);
    bool is_whole = rest->len >= bytes;
    if (is_whole)
        *rest = kdb_slice_skip(*rest, (size_t)bytes);
    return is_whole;
}

static kdb_status wrong(struct kdb_ctx *ctx, const char *what)
{
    return kdb_fail(ctx, KDB_ERR_INVALID_INPUT, "the MessagePack message %s", what);
}

// Whether the bytes are as many as all lengths in them say, and the containers few enough.
static kdb_status check_whole(struct kdb_ctx *ctx, kdb_slice packed)
{
    uint64_t left[DEPTH_MAX + 1] = {1}; // values to come in each container that is open
    size_t depth = 0;
    for (;;) {
        while (depth > 0 && left[depth] == 0)
            depth--;
        if (left[depth] == 0)
            return packed.len == 0 ? KDB_OK : wrong(ctx, "has something behind it");
        left[depth]--;
        bool is_container;
        uint64_t members;
        if (packed.len == 0 || !take_value(&packed, &is_container, &members) ||
            members > packed.len)
            return wrong(ctx, "is cut or damaged");
        if (is_container && depth == DEPTH_MAX)
            return kdb_fail(ctx, KDB_ERR_LIMIT_EXCEEDED,
                            "the MessagePack message nests deeper than %d", DEPTH_MAX);
        if (is_container)
            left[++depth] = members;
    }
}

// ---- MessagePack to JSON ----

// A container that is being written.
struct frame {
    const msgpack_object *container;
    uint32_t next; // member
};

static kdb_status write_text(struct kdb_ctx *ctx, const msgpack_object_str *text,
                             struct kdb_buf *out)
{
    kdb_slice bytes = kdb_slice_of(text->ptr, text->size);
    if (kdb_utf8_valid_prefix(bytes) != bytes.len)
        return wrong(ctx, "holds text that is not UTF-8");
    kdb_json_string(out, bytes);
    return KDB_OK;
}

// A value that is no container.
static kdb_status write_scalar(struct kdb_ctx *ctx, const msgpack_object *value,
                               struct kdb_buf *out)
{
    switch ((int)value->type) {
    case MSGPACK_OBJECT_NIL:
        kdb_json_null(out);
        return KDB_OK;
    case MSGPACK_OBJECT_BOOLEAN:
        kdb_json_bool(out, value->via.boolean);
        return KDB_OK;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        kdb_buf_u64(out, value->via.u64);
        return KDB_OK;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        kdb_buf_i64(out, value->via.i64);
        return KDB_OK;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return kdb_json_double(out, value->via.f64) ? KDB_OK
                                                    : wrong(ctx, "holds NaN or an infinity");
    case MSGPACK_OBJECT_STR:
        return write_text(ctx, &value->via.str, out);
    default:
        return wrong(ctx, "holds binary or extension values");
    }
}

static bool is_container(const msgpack_object *value)
{
    return value->type == MSGPACK_OBJECT_ARRAY || value->type == MSGPACK_OBJECT_MAP;
}

static bool is_map(const struct frame *frame)
{
    return frame->container->type == MSGPACK_OBJECT_MAP;
}

static uint32_t member_count(const struct frame *frame)
{
    return is_map(frame) ? frame->container->via.map.size : frame->container->via.array.size;
}

// The next member, its key written.
static kdb_status next_member(struct kdb_ctx *ctx, struct frame *frame, struct kdb_buf *out,
                              const msgpack_object **ret)
{
    if (frame->next > 0)
        kdb_buf_put(out, ',');
    uint32_t index = frame->next++;
    if (!is_map(frame)) {
        *ret = &frame->container->via.array.ptr[index];
        return KDB_OK;
    }
    const msgpack_object_kv *member = &frame->container->via.map.ptr[index];
    if (member->key.type != MSGPACK_OBJECT_STR)
        return wrong(ctx, "has a key that is no string");
    KDB_TRY(write_text(ctx, &member->key.via.str, out));
    kdb_buf_put(out, ':');
    *ret = &member->val;
    return KDB_OK;
}

static kdb_status write_tree(struct kdb_ctx *ctx, const msgpack_object *root, struct kdb_buf *out)
{
    struct frame frames[DEPTH_MAX];
    size_t depth = 0;
    const msgpack_object *value = root;
    for (;;) {
        if (is_container(value)) {
            KDB_ASSERT(depth < DEPTH_MAX); // see check_whole
            frames[depth++] = (struct frame){value, 0};
            kdb_buf_put(out, value->type == MSGPACK_OBJECT_MAP ? '{' : '[');
        } else {
            KDB_TRY(write_scalar(ctx, value, out));
        }
        while (depth > 0 && frames[depth - 1].next == member_count(&frames[depth - 1]))
            kdb_buf_put(out, is_map(&frames[--depth]) ? '}' : ']');
        if (depth == 0)
            return KDB_OK;
        KDB_TRY(next_member(ctx, &frames[depth - 1], out, &value));
    }
}

kdb_status api_unpack_json(struct kdb_ctx *ctx, kdb_slice packed, struct kdb_buf *out)
{
    KDB_TRY(check_whole(ctx, packed));
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t taken = 0;
    msgpack_unpack_return result = msgpack_unpack_next(&unpacked, packed.data, packed.len, &taken);
    kdb_status status;
    if (result != MSGPACK_UNPACK_SUCCESS || taken != packed.len)
        status = wrong(ctx, "is cut or damaged");
    else
        status = write_tree(ctx, &unpacked.data, out);
    msgpack_unpacked_destroy(&unpacked);
    return status;
}
