// SPDX-License-Identifier: Apache-2.0
// TOML as a flat run of values: the seam to the C++ library that reads it.
//
// Plain C types only, because toml_read.cpp is C++ and the headers of base are not. Every table,
// key and array of the document is handed out once, parents before their children, with its dotted
// name and its line. One thread; nothing is kept after the call.
#ifndef KDB_CONF_TOML_READ_H
#define KDB_CONF_TOML_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum kdb_toml_type {
    KDB_TOML_BOOLEAN,
    KDB_TOML_INTEGER,
    KDB_TOML_FLOAT,
    KDB_TOML_STRING,
    KDB_TOML_STRINGS, // an array of nothing but strings, or of nothing
    KDB_TOML_ARRAY,   // any other array
    KDB_TOML_TIME,    // a date, a time or both
    KDB_TOML_TABLE
};

// Bytes of a key or a string, not NUL-terminated.
struct kdb_toml_text {
    const char *data;
    size_t len;
};

// One node of the document; what it points to is valid during the call that hands it out.
struct kdb_toml_value {
    struct kdb_toml_text name; // dotted from the root; a part that is no bare key stands in quotes
    size_t parent_len;         // bytes of `name` that name the table it stands in
    enum kdb_toml_type type;
    int line;                          // from 1; 0 when the library does not know
    int64_t integer;                   // INTEGER; BOOLEAN: 0 or 1
    struct kdb_toml_text string;       // STRING
    const struct kdb_toml_text *items; // STRINGS
    size_t item_count;                 // STRINGS
};

// Where and why a text is not TOML.
struct kdb_toml_error {
    int line;   // from 1
    int column; // from 1
    char message[256];
};

// Hands every node to `visit`, in no particular order but parents first. False when the text is not
// TOML; then nothing was visited and `ret_error` is filled.
bool kdb_toml_read(struct kdb_toml_text text, const char *file,
                   void (*visit)(void *self, const struct kdb_toml_value *value), void *self,
                   struct kdb_toml_error *ret_error);

#ifdef __cplusplus
}
#endif

#endif
