// SPDX-License-Identifier: Apache-2.0
// How RocksDB is set up, with the reason beside each choice that is not its default.
#include "store/rocksdb_priv.h"

#define MIB ((size_t)1024 * 1024)

static rocksdb_block_based_table_options_t *make_table_options(rocksdb_cache_t *cache)
{
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(table, cache);
    rocksdb_block_based_options_set_block_size(table, 8192);
    rocksdb_block_based_options_set_format_version(table, 5);
    rocksdb_block_based_options_set_filter_policy(table,
                                                  rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_block_based_options_set_whole_key_filtering(table, 1);
    // Filters and indexes in pieces: whole, those of a large file are larger than the part of the
    // cache they would go to, are never kept, and every get reads a megabyte.
    rocksdb_block_based_options_set_index_type(
        table, rocksdb_block_based_table_index_type_two_level_index_search);
    rocksdb_block_based_options_set_partition_filters(table, 1);
    // Indexes and filters count against the cache, so that its size is the bound of memory; the
    // newest files' stay in it.
    rocksdb_block_based_options_set_cache_index_and_filter_blocks(table, 1);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks_with_high_priority(table, 1);
    rocksdb_block_based_options_set_pin_l0_filter_and_index_blocks_in_cache(table, 1);
    return table;
}

static void set_family(rocksdb_options_t *family, size_t write_buffer_bytes, rocksdb_cache_t *cache)
{
    rocksdb_options_set_write_buffer_size(family, write_buffer_bytes);
    // Two more than the one being filled: writers go on while one is flushed and one waits.
    rocksdb_options_set_max_write_buffer_number(family, 3);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(family, 1);
    rocksdb_options_set_compression(family, rocksdb_lz4_compression);
    // Flushed rows leave the hot store one by one. Compact what is mostly tombstones, or scans
    // over such a range get slower and slower.
    rocksdb_options_add_compact_on_deletion_collector_factory(family, 4096, 2048);
    rocksdb_block_based_table_options_t *table = make_table_options(cache);
    rocksdb_options_set_block_based_table_factory(family, table);
    rocksdb_block_based_options_destroy(table);
}

static void set_logs(rocksdb_options_t *db, size_t write_buffer_bytes)
{
    // The write-ahead log. Whatever was acknowledged before a power loss is read again; a torn
    // end is dropped.
    rocksdb_options_set_wal_recovery_mode(db, rocksdb_point_in_time_recovery);
    rocksdb_options_set_manual_wal_flush(db, 0);
    // A family that is seldom written keeps old logs alive: past this size it is flushed. It also
    // bounds what a start after a crash has to read.
    rocksdb_options_set_max_total_wal_size(db, 2 * write_buffer_bytes);
    rocksdb_options_set_max_manifest_file_size(db, 16 * MIB);
    // The informational log stays empty. RocksDB writes it beside the data, and Debian's build,
    // which has its assertions on, ends the process at the second line that a full disk refuses.
    // Level 5 leaves only headers, and those a log that never rolls over gives a lower level.
    rocksdb_options_set_info_log_level(db, 5);
    rocksdb_options_set_keep_log_file_num(db, 1);
    // No thread that writes statistics.
    rocksdb_options_set_stats_dump_period_sec(db, 0);
    rocksdb_options_set_stats_persist_period_sec(db, 0);
}

static void set_database(rocksdb_options_t *db, const struct kdb_rocksdb_options *options)
{
    rocksdb_options_set_create_if_missing(db, 1);
    rocksdb_options_set_create_missing_column_families(db, 1);
    rocksdb_options_set_max_background_jobs(db, options->max_background_jobs);
    rocksdb_options_set_max_open_files(db, options->max_open_files);
    rocksdb_options_set_max_file_opening_threads(db, 2);
    rocksdb_options_set_skip_stats_update_on_db_open(db, 1);
    // Closing a scan on an event loop must not delete files there.
    rocksdb_options_set_avoid_unnecessary_blocking_io(db, 1);
    // Hand dirty pages to the disk as files are written, instead of all at their fsync.
    rocksdb_options_set_bytes_per_sync(db, MIB);
    set_logs(db, options->write_buffer_bytes);
}

// An INSERT asks for a key that is not there: a filter in the write buffer answers in a quarter of
// the time that searching it takes. Ten bits a key for rows of 100 bytes and more.
static void set_rows_family(rocksdb_options_t *family)
{
    rocksdb_options_set_memtable_prefix_bloom_size_ratio(family, 0.01);
    rocksdb_options_set_memtable_whole_key_filtering(family, 1);
}

void store_rocksdb_settings_init(struct store_rocksdb_settings *settings,
                                 const struct kdb_rocksdb_options *options, rocksdb_cache_t *cache)
{
    for (int i = 0; i < STORE_FAMILY_COUNT; i++) {
        settings->families[i] = rocksdb_options_create();
        set_family(settings->families[i], options->write_buffer_bytes, cache);
    }
    set_rows_family(settings->families[1 + KDB_SPACE_ROWS]);
    set_database(settings->families[0], options);
}

void store_rocksdb_settings_disable_compression(struct store_rocksdb_settings *settings)
{
    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        rocksdb_options_set_compression(settings->families[i], rocksdb_no_compression);
}

void store_rocksdb_settings_deinit(struct store_rocksdb_settings *settings)
{
    for (int i = 0; i < STORE_FAMILY_COUNT; i++)
        rocksdb_options_destroy(settings->families[i]);
}
