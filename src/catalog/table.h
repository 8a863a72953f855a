// SPDX-License-Identifier: Apache-2.0
// The definition of one table: names, columns at every schema version, storage and policies.
//
// Immutable once published and reference-counted: a catalog snapshot, a plan or a partition holds a
// reference. An ALTER or DROP publishes another object and marks this one obsolete, which is how a
// cached plan notices. Any thread.
#ifndef KDB_CATALOG_TABLE_H
#define KDB_CATALOG_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/ctx.h"
#include "base/slice.h"
#include "types/schema.h"

typedef enum {
    KDB_TABLE_USER,   // a private copy for every user
    KDB_TABLE_SHARED, // one row set
    KDB_TABLE_STREAM, // per user, in memory, expires
    KDB_TABLE_SYSTEM  // computed rows: system.*, information_schema.*
} kdb_table_kind;

// Who reads and writes a SHARED table (auth/rights.h).
typedef enum {
    KDB_ACCESS_PRIVATE, // service and above: what is not said otherwise
    KDB_ACCESS_PUBLIC,  // everyone reads
    KDB_ACCESS_RESTRICTED,
    KDB_ACCESS_DBA // dba and system
} kdb_access_level;

// Ids from here on belong to system tables; they are never stored.
#define KDB_SYSTEM_TABLE_ID 0xFFFF0000U

// Bytes a namespace or table name may have.
#define KDB_NAME_BYTES_MAX 64

// When hot rows of one (table, user) move to Parquet; a zero part never fires, both zero: only by
// hand.
struct kdb_flush_policy {
    uint32_t rows;             // hot keys of one (table, user), tombstones included
    uint32_t interval_seconds; // since the scope's oldest unflushed write
};

// What a STREAM table keeps of each user, and for how long. Never changes.
struct kdb_stream_rules {
    int64_t ttl_ms;    // from the insert on; a row of that age is gone
    uint32_t rows_max; // MAX_BUFFER, the oldest go first; 0: stream.default_max_buffer applies
    bool is_ephemeral; // nothing is kept while nobody is subscribed
};

// Milliseconds a tombstone is kept; KDB_RETENTION_OFF: for ever.
#define KDB_RETENTION_OFF (-1)

struct kdb_table {
    atomic_uint references;
    atomic_bool is_obsolete; // altered or dropped: plans made with it must be made again
    struct kdb_arena arena;  // owns everything below
    uint32_t id;             // unique for ever
    kdb_slice space;         // namespace
    kdb_slice name;
    kdb_table_kind kind;
    kdb_slice owner;             // effective user at CREATE
    struct kdb_schema **schemas; // version v is schemas[v - 1]
    uint32_t schema_count;
    const struct kdb_schema *schema; // the newest
    int32_t next_column_id;
    kdb_slice storage_id; // row of system.storages
    kdb_slice location; // LOCATION 'path' as written, or null: then the storage's template applies
    struct kdb_flush_policy flush;
    bool has_flush_policy; // false: flush.default_* settings apply
    int64_t retention_ms;
    kdb_access_level access;        // SHARED tables
    struct kdb_stream_rules stream; // STREAM tables
    bool is_admin_only;             // system tables that only dba and system may read
    int64_t created_at_us;
    int64_t updated_at_us;
    kdb_slice full_name; // "namespace\0table", set by kdb_table_make_keys
    char id_key[4];      // id, big-endian, same
};

// A new table object with one reference and an empty arena, to be filled and published.
struct kdb_table *kdb_table_create(void);

struct kdb_table *kdb_table_ref(struct kdb_table *table);
void kdb_table_unref(struct kdb_table *table); // accepts NULL

// Sets full_name and id_key from the names and the id; the catalog calls it before it publishes a
// table.
void kdb_table_make_keys(struct kdb_table *table);

// The schema of version `version` or NULL when the table never had it.
static inline const struct kdb_schema *kdb_table_schema(const struct kdb_table *table,
                                                        uint32_t version)
{
    return version >= 1 && version <= table->schema_count ? table->schemas[version - 1] : NULL;
}

// The stored form of the definition (JSON, versioned; docs/FORMATS.md) and back.
void kdb_table_write(const struct kdb_table *table, struct kdb_buf *out);
KDB_NODISCARD kdb_status kdb_table_read(kdb_slice json, struct kdb_ctx *ctx,
                                        struct kdb_table **ret_table);

// "user", "shared", "stream", "system".
const char *kdb_table_kind_name(kdb_table_kind kind);

// "private", "public", "restricted", "dba", and back, in any case; false: there is no such level.
const char *kdb_access_level_name(kdb_access_level level);
bool kdb_access_level_parse(kdb_slice text, kdb_access_level *ret_level); // as above

#endif
