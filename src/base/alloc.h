// SPDX-License-Identifier: Apache-2.0
// Heap memory for objects that outlive a request; request memory comes from the arena.
//
// These never return NULL: real exhaustion of the machine's memory ends the process with a message
// (the data is safe, the WAL has it). What a client can make grow is bounded before by budgets: an
// arena's byte limit, queue lengths, response sizes. docs/decisions/0002-memory.md says why. Any
// thread.
#ifndef KDB_BASE_ALLOC_H
#define KDB_BASE_ALLOC_H

#include <stddef.h>

// Zeroed memory of `size` bytes (at least one). Free with kdb_free.
void *kdb_alloc(size_t size);

// Zeroed memory for `count` objects of `size` bytes; a product that overflows is an assert.
void *kdb_alloc_array(size_t count, size_t size);

// As realloc; grown bytes are not zeroed. `old` may be NULL.
void *kdb_realloc(void *old, size_t size);

// Accepts NULL.
void kdb_free(void *memory);

// A NUL-terminated copy of `len` bytes. Free with kdb_free.
char *kdb_alloc_text(const char *data, size_t len);

// The next capacity for a growing array: doubles from `capacity` (0 allowed) until it is at least
// `needed`.
size_t kdb_grow_capacity(size_t capacity, size_t needed);

#endif
