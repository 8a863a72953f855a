// SPDX-License-Identifier: Apache-2.0
// system.stats: figures of the process, the catalog, the stores and the caches, by name.
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "exec/catalog_list.h"
#include "exec/partition_cache.h"
#include "exec/system_rows_priv.h"
#include "exec/system_tables.h"
#include "jobs/jobs.h"

struct stat_rows {
    struct row_writer *writer;
    kdb_status status;
};

static struct kdb_arena *arena_of(struct stat_rows *rows)
{
    return &rows->writer->exec->ctx->arena;
}

static void text_row(void *arg, kdb_slice name, kdb_slice value)
{
    struct stat_rows *rows = arg;
    if (rows->status != KDB_OK)
        return;
    row_writer_text(rows->writer, name);
    row_writer_text(rows->writer, value);
    rows->status = row_writer_end(rows->writer);
}

static void number_row(struct stat_rows *rows, const char *name, uint64_t value)
{
    text_row(rows, kdb_slice_cstr(name),
             kdb_arena_printf(arena_of(rows), "%llu", (unsigned long long)value));
}

// ---- the process ----

// A line "Name:   123 kB" of /proc/self/status; 0 when it is not there.
static uint64_t status_field(kdb_slice text, const char *name)
{
    size_t at = kdb_slice_find(text, kdb_slice_cstr(name), 0);
    if (at == SIZE_MAX)
        return 0;
    kdb_slice rest = kdb_slice_trim(kdb_slice_skip(text, at + strlen(name)));
    size_t digits = 0;
    while (digits < rest.len && rest.data[digits] >= '0' && rest.data[digits] <= '9')
        digits++;
    int64_t value = 0;
    return kdb_slice_to_i64(kdb_slice_of(rest.data, digits), &value) ? (uint64_t)value : 0;
}

static void process_rows(struct stat_rows *rows)
{
    char buffer[4096];
    size_t len = 0;
    FILE *file = fopen("/proc/self/status", "re");
    if (file) {
        len = fread(buffer, 1, sizeof(buffer), file);
        (void)fclose(file);
    }
    kdb_slice text = kdb_slice_of(buffer, len);
    uint64_t resident = status_field(text, "VmRSS:") * 1024;
    number_row(rows, "pid", (uint64_t)getpid());
    number_row(rows, "memory_rss_bytes", resident);
    number_row(rows, "memory_usage_mb", resident >> 20);
    number_row(rows, "memory_virtual_bytes", status_field(text, "VmSize:") * 1024);
    number_row(rows, "thread_count", status_field(text, "Threads:"));
    number_row(rows, "cpu_logical_cores", (uint64_t)sysconf(_SC_NPROCESSORS_ONLN));
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        number_row(rows, "cpu_user_ms",
                   (uint64_t)usage.ru_utime.tv_sec * 1000 +
                       (uint64_t)usage.ru_utime.tv_usec / 1000);
        number_row(rows, "cpu_system_ms",
                   (uint64_t)usage.ru_stime.tv_sec * 1000 +
                       (uint64_t)usage.ru_stime.tv_usec / 1000);
    }
}

static void server_rows(struct stat_rows *rows)
{
    const struct kdb_exec_services *services = rows->writer->exec->services;
    const struct kdb_system_tables *system = services->system;
    if (!system)
        return;
    text_row(rows, KDB_LIT("server_version"), system->version);
    int64_t seconds = (kdb_clock_now_us(services->clock) - system->started_at_us) / 1000000;
    uint64_t up = seconds > 0 ? (uint64_t)seconds : 0;
    number_row(rows, "server_uptime_seconds", up);
    text_row(rows, KDB_LIT("server_uptime_human"),
             kdb_arena_printf(arena_of(rows), "%llud %lluh %llum %llus",
                              (unsigned long long)(up / 86400),
                              (unsigned long long)(up / 3600 % 24),
                              (unsigned long long)(up / 60 % 60), (unsigned long long)(up % 60)));
    if (system->stats)
        system->stats(system->self, text_row, rows);
}

// ---- definitions and jobs ----

static void catalog_rows(struct stat_rows *rows)
{
    const struct kdb_catalog_snapshot *snapshot = rows->writer->exec->snapshot;
    size_t tables;
    size_t users;
    size_t active = 0;
    const struct catalog_choice created = {.part = CATALOG_CREATED};
    const struct catalog_names everybody = {0};
    (void)catalog_list_tables(arena_of(rows), snapshot, &created, &tables);
    struct kdb_user **list = catalog_list_users(arena_of(rows), snapshot, &everybody, &users);
    for (size_t i = 0; i < users; i++)
        active += list[i]->deleted_at_us == 0;
    number_row(rows, "total_users", active);
    number_row(rows, "total_namespaces", kdb_cow_map_count(snapshot->namespaces));
    number_row(rows, "total_tables", tables);
    number_row(rows, "total_storages", kdb_cow_map_count(snapshot->storages));
    number_row(rows, "schema_cache_size", tables);
    number_row(rows, "schema_registry_size", kdb_cow_map_count(snapshot->tables));
    number_row(rows, "catalog_version", snapshot->version);
}

static kdb_status job_rows(struct stat_rows *rows)
{
    struct kdb_exec *exec = rows->writer->exec;
    uint64_t by_state[KDB_JOB_STATE_COUNT] = {0};
    uint64_t total = 0;
    if (exec->services->jobs)
        KDB_TRY(kdb_jobs_count(exec->services->jobs, exec->ctx, by_state));
    for (size_t i = 0; i < KDB_JOB_STATE_COUNT; i++)
        total += by_state[i];
    number_row(rows, "total_jobs", total);
    number_row(rows, "jobs_running", by_state[KDB_JOB_RUNNING]);
    number_row(rows, "jobs_queued", by_state[KDB_JOB_QUEUED] + by_state[KDB_JOB_RETRYING]);
    number_row(rows, "jobs_failed", by_state[KDB_JOB_FAILED]);
    return KDB_OK;
}

// ---- stores and caches ----

static void store_rows(struct stat_rows *rows)
{
    const struct kdb_exec_services *services = rows->writer->exec->services;
    struct kdb_store_stats store;
    kdb_store_stats(services->store, &store);
    number_row(rows, "store_memory_bytes", store.memory_bytes);
    number_row(rows, "store_disk_bytes", store.disk_bytes);
    struct kdb_committer_stats commits;
    kdb_committer_stats(services->committer, &commits);
    number_row(rows, "commit_groups", commits.groups);
    number_row(rows, "commit_requests", commits.requests);
    number_row(rows, "commit_conflicts", commits.conflicts);
    number_row(rows, "commit_rows", commits.rows);
    number_row(rows, "commit_queue_length", kdb_committer_queue_length(services->committer));
    number_row(rows, "partitions_in_memory", kdb_partition_count(services->partitions));
    struct kdb_streams_stats streams;
    kdb_streams_stats(services->streams, &streams);
    number_row(rows, "stream_rows", streams.rows);
    number_row(rows, "stream_memory_bytes", streams.bytes);
    number_row(rows, "stream_partitions", streams.partitions);
    number_row(rows, "stream_rows_expired", streams.expired);
    number_row(rows, "stream_rows_over_buffer", streams.over_buffer);
    number_row(rows, "stream_rows_over_budget", streams.over_budget);
    struct kdb_segment_cache_stats segments;
    kdb_segment_cache_stats(services->segments, &segments);
    number_row(rows, "segment_cache_bytes", segments.bytes);
    number_row(rows, "segment_cache_hits", segments.hits);
    number_row(rows, "segment_cache_misses", segments.misses);
    number_row(rows, "segment_cache_evictions", segments.evictions);
    if (services->cache) {
        struct kdb_partition_cache_stats cache;
        kdb_partition_cache_stats(services->cache, &cache);
        number_row(rows, "partition_cache_bytes", cache.bytes);
        number_row(rows, "partition_cache_hits", cache.hits);
        number_row(rows, "partition_cache_misses", cache.misses);
    }
    text_row(rows, KDB_LIT("engine_loaded"),
             services->engine && kdb_engine_is_open(services->engine) ? KDB_LIT("true")
                                                                      : KDB_LIT("false"));
}

kdb_status system_rows_stats(struct row_writer *writer, const struct rows_filter *filter)
{
    (void)filter;
    struct stat_rows rows = {.writer = writer};
    server_rows(&rows);
    process_rows(&rows);
    catalog_rows(&rows);
    KDB_TRY(job_rows(&rows));
    store_rows(&rows);
    return rows.status;
}
