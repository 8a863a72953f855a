// SPDX-License-Identifier: Apache-2.0
// The little of HTTP that a closed loop of requests over keep-alive needs.
#include "load/response.h"

// The value of a field such as "content-length:", or -1.
static int64_t number_of_field(kdb_slice head, kdb_slice name)
{
    for (size_t line = kdb_slice_find(head, KDB_LIT("\r\n"), 0); line < head.len;
         line = kdb_slice_find(head, KDB_LIT("\r\n"), line)) {
        line += 2;
        kdb_slice rest = kdb_slice_skip(head, line);
        if (rest.len < name.len || !kdb_slice_equal_nocase((kdb_slice){rest.data, name.len}, name))
            continue;
        rest = kdb_slice_skip(rest, name.len);
        size_t end = kdb_slice_find(rest, KDB_LIT("\r\n"), 0);
        int64_t value;
        rest = kdb_slice_trim((kdb_slice){rest.data, end < rest.len ? end : rest.len});
        return kdb_slice_to_i64(rest, &value) ? value : -1;
    }
    return -1;
}

enum response_state response_read(kdb_slice bytes, struct response *response)
{
    static const size_t status_line = sizeof("HTTP/1.1 200") - 1;
    if (response->size == 0) {
        size_t blank = kdb_slice_find(bytes, KDB_LIT("\r\n\r\n"), 0);
        if (blank >= bytes.len)
            return RESPONSE_PARTIAL;
        kdb_slice head = {bytes.data, blank};
        int64_t status;
        int64_t length = number_of_field(head, KDB_LIT("content-length:"));
        if (head.len < status_line || !kdb_slice_has_prefix(head, KDB_LIT("HTTP/1.1 ")) ||
            !kdb_slice_to_i64((kdb_slice){head.data + status_line - 3, 3}, &status) || length < 0)
            return RESPONSE_BROKEN;
        response->status = (int)status;
        response->size = blank + 4 + (size_t)length;
        response->body.len = (size_t)length;
    }
    if (bytes.len < response->size)
        return RESPONSE_PARTIAL;
    response->body.data = bytes.data + response->size - response->body.len;
    return RESPONSE_COMPLETE;
}

// Searched from the end: it stands behind the rows.
bool response_has_row_count(kdb_slice body, int64_t count)
{
    static const char name[] = "\"row_count\":";
    const size_t len = sizeof(name) - 1;
    for (size_t at = body.len < len ? 0 : body.len - len + 1; at-- > 0;) {
        if (body.data[at] != '"' || memcmp(body.data + at, name, len) != 0)
            continue;
        size_t end = at + len;
        while (end < body.len && body.data[end] >= '0' && body.data[end] <= '9')
            end++;
        int64_t value;
        return kdb_slice_to_i64((kdb_slice){body.data + at + len, end - at - len}, &value) &&
               value == count;
    }
    return false;
}
