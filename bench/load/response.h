// SPDX-License-Identifier: Apache-2.0
// Reads one HTTP/1.1 response out of the bytes that have arrived so far, and judges it.
#ifndef KDB_BENCH_LOAD_RESPONSE_H
#define KDB_BENCH_LOAD_RESPONSE_H

#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum response_state {
    RESPONSE_PARTIAL,  // more bytes are to come
    RESPONSE_COMPLETE, // all of it is there
    RESPONSE_BROKEN,   // not HTTP, or no Content-Length
};

struct response {
    int status;     // HTTP status code
    size_t size;    // bytes of head and body; 0 while the head is not complete
    kdb_slice body; // inside the bytes given
};

// Looks at `bytes`, which begin where the response begins. `response` is zeroed before the first
// call and passed again when more bytes have arrived: the head is then not read again.
enum response_state response_read(kdb_slice bytes, struct response *response);

// True when the last "row_count" of the body is `count`.
bool response_has_row_count(kdb_slice body, int64_t count);

#endif
