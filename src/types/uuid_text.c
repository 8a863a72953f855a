// SPDX-License-Identifier: Apache-2.0
// UUID text.
#include "types/uuid_text.h"

#include "base/hex.h"

bool kdb_uuid_parse(kdb_slice text, uint8_t ret_uuid[16])
{
    uint8_t uuid[16];
    bool has_braces = text.len >= 2 && text.data[0] == '{' && text.data[text.len - 1] == '}';
    if (has_braces)
        text = kdb_slice_of(text.data + 1, text.len - 2);
    for (int i = 0; i < 16; i++) {
        if (text.len < 2)
            return false;
        int high = kdb_hex_digit(text.data[0]);
        int low = kdb_hex_digit(text.data[1]);
        if (high < 0 || low < 0)
            return false;
        uuid[i] = (uint8_t)(high * 16 + low);
        text = kdb_slice_skip(text, 2);
        if (i % 2 == 1 && i < 15 && text.len > 0 && text.data[0] == '-')
            text = kdb_slice_skip(text, 1);
    }
    if (text.len > 0)
        return false;
    memcpy(ret_uuid, uuid, sizeof(uuid));
    return true;
}
