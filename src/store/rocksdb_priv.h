// SPDX-License-Identifier: Apache-2.0
// Parts of the RocksDB backend that store_rocksdb.c uses: its settings and its errors.
#ifndef KDB_STORE_ROCKSDB_PRIV_H
#define KDB_STORE_ROCKSDB_PRIV_H

#include <rocksdb/c.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/ctx.h"
#include "store/store.h"

// Column families: RocksDB insists on a default one, which stays empty; then one for each space.
#define STORE_FAMILY_COUNT (1 + KDB_SPACE_COUNT)

// Settings of the database and of every column family; compression LZ4 or none.
struct store_rocksdb_settings {
    rocksdb_options_t *families[STORE_FAMILY_COUNT]; // the first also holds what is database-wide
};
// `cache` holds the blocks of all families, and their indexes and filters.
void store_rocksdb_settings_init(struct store_rocksdb_settings *settings,
                                 const struct kdb_rocksdb_options *options, rocksdb_cache_t *cache);
// Stores blocks as they are: for a RocksDB that was built without LZ4.
void store_rocksdb_settings_disable_compression(struct store_rocksdb_settings *settings);
// The database keeps what it needs.
void store_rocksdb_settings_deinit(struct store_rocksdb_settings *settings);

// What a RocksDB error text says.
kdb_status store_rocksdb_status(const char *error);
// It would have had to read the disk.
bool store_rocksdb_is_incomplete(const char *error);
// Another process, or another store of this one, has the folder open.
bool store_rocksdb_is_locked(const char *error);
// The text without folders: "While open /var/lib/db/000012.sst" becomes "While open 000012.sst".
// Writes at most `size` bytes, NUL included. `folder` is the data folder as RocksDB was given it.
void store_rocksdb_hide_paths(const char *error, const char *folder, char *out, size_t size);
// Records "doing: text" with the status of the text and frees `error` (RocksDB's memory).
kdb_status store_rocksdb_fail(struct kdb_ctx *ctx, char *error, const char *folder,
                              const char *doing);

#endif
