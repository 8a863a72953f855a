// SPDX-License-Identifier: Apache-2.0
// Finds and opens libduckdb.so on first need and fills the table of its functions.
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/duckdb_priv.h"

#define LIBRARY "libduckdb.so"

// What this code was written and tested with; the Parquet files and the answers depend on it.
#define VERSION_PREFIX "v1.4."

struct engine_duckdb engine_duckdb;
static pthread_mutex_t load_lock = PTHREAD_MUTEX_INITIALIZER;

struct call {
    const char *name;
    size_t offset; // in struct engine_duckdb
};

static const struct call calls[] = {
#define ENGINE_CALL(name) {"duckdb_" #name, offsetof(struct engine_duckdb, name)},
#include "engine/duckdb_calls.def"
#undef ENGINE_CALL
};

// Opens the first of the places that has the file. A place that ends in '/' is a folder.
static void *open_from(const char *folder, const char *below)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof(path), "%s%s" LIBRARY, folder, below);
    if (len < 0 || (size_t)len >= sizeof(path))
        return NULL;
    if (*folder != '\0' && access(path, R_OK) != 0)
        return NULL;
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

static void *open_beside_program(void)
{
    char folder[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
    if (len <= 0)
        return NULL;
    folder[len] = '\0';
    char *slash = strrchr(folder, '/');
    if (!slash)
        return NULL;
    slash[1] = '\0';
    void *library = open_from(folder, "lib/");
    if (!library)
        library = open_from(folder, "../lib/");
    return library;
}

// The order: the environment, beside the program, then where the dynamic linker looks (rpath, the
// system).
static void *open_library(void)
{
    const char *root = getenv("KALAMDB_DUCKDB_ROOT");
    if (root && *root != '\0') {
        void *library = open_from(root, "/lib/");
        return library ? library : open_from(root, "/");
    }
    void *library = open_beside_program();
    return library ? library : open_from("", "");
}

static kdb_status fill_table(struct kdb_ctx *ctx, void *library)
{
    struct engine_duckdb table;
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        void *symbol = dlsym(library, calls[i].name);
        if (!symbol)
            return kdb_fail(ctx, KDB_ERR_UNAVAILABLE, "the DuckDB library has no function %s",
                            calls[i].name);
        memcpy((char *)&table + calls[i].offset, &symbol, sizeof(symbol));
    }
    const char *version = table.library_version();
    if (strncmp(version, VERSION_PREFIX, strlen(VERSION_PREFIX)) != 0)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        "the DuckDB library is %s, wanted is " VERSION_PREFIX "x", version);
    engine_duckdb = table;
    return KDB_OK;
}

static kdb_status load_locked(struct kdb_ctx *ctx)
{
    if (engine_duckdb.query)
        return KDB_OK;
    void *library = open_library();
    if (!library)
        return kdb_fail(ctx, KDB_ERR_UNAVAILABLE,
                        LIBRARY " was not found in KALAMDB_DUCKDB_ROOT, in lib/ beside the "
                                "program, or where the system looks for libraries");
    return fill_table(ctx, library);
}

kdb_status engine_duckdb_load(struct kdb_ctx *ctx)
{
    pthread_mutex_lock(&load_lock);
    kdb_status status = load_locked(ctx);
    pthread_mutex_unlock(&load_lock);
    return status;
}
