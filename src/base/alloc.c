// SPDX-License-Identifier: Apache-2.0
// malloc that does not return NULL.
#include "base/alloc.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

void *kdb_alloc(size_t size)
{
    return kdb_alloc_array(1, size ? size : 1);
}

void *kdb_alloc_array(size_t count, size_t size)
{
    KDB_ASSERT(size == 0 || count <= SIZE_MAX / size);
    void *memory = calloc(count ? count : 1, size ? size : 1);
    KDB_ASSERT(memory != NULL);
    return memory;
}

void *kdb_realloc(void *old, size_t size)
{
    void *memory = realloc(old, size ? size : 1);
    KDB_ASSERT(memory != NULL);
    return memory;
}

void kdb_free(void *memory)
{
    free(memory);
}

char *kdb_alloc_text(const char *data, size_t len)
{
    char *text = kdb_alloc(len + 1);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    return text;
}

size_t kdb_grow_capacity(size_t capacity, size_t needed)
{
    size_t next = capacity ? capacity : 8;
    while (next < needed) {
        KDB_ASSERT(next <= SIZE_MAX / 2);
        next *= 2;
    }
    return next;
}
