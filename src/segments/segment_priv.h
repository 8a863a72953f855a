// SPDX-License-Identifier: Apache-2.0
// Segments and manifests as objects, and their stored form.
#ifndef KDB_SEGMENTS_SEGMENT_PRIV_H
#define KDB_SEGMENTS_SEGMENT_PRIV_H

#include "base/buf.h"
#include "segments/manifest.h"

// "batch-18446744073709551615.parquet.tmp" and a NUL.
#define SEGMENT_NAME_BYTES 40

// The file name of a segment: batch-<number>.parquet. Returns its length.
size_t segment_file_name(uint64_t number, char name[SEGMENT_NAME_BYTES]);

// The last component of a segment's path: what messages may show.
const char *segment_name_of(const struct kdb_segment *segment);

// ---- stored form (segment_record.c; docs/FORMATS.md) ----

// Appends the record of one segment. `data_path`: a path below it is stored relative, so that the
// data folder can be moved.
void segment_record_write(const struct kdb_segment *segment, kdb_slice data_path,
                          struct kdb_buf *out);

// Reads a record: any bytes that are not exactly what write makes are CORRUPT. The segment has one
// reference, is not doomed and is not in the service's table of segments. It is one block of
// memory: kdb_free.
KDB_NODISCARD kdb_status segment_record_read(struct kdb_segment_service *service,
                                             kdb_slice data_path, kdb_slice bytes,
                                             struct kdb_ctx *ctx, struct kdb_segment **ret_segment);

// The head of a partition's manifest.
struct manifest_head {
    uint64_t version;
    int64_t created_at_ms;
    int64_t updated_at_ms;
    uint32_t segment_count;
};
void manifest_head_write(const struct manifest_head *head, struct kdb_buf *out);
KDB_NODISCARD kdb_status manifest_head_read(kdb_slice bytes, struct kdb_ctx *ctx,
                                            struct manifest_head *ret_head);

// ---- objects (segment.c, manifest.c) ----

struct kdb_segment *segment_ref(struct kdb_segment *segment);

// The segment that the record describes: the object that is in memory already when there is one, so
// that a file has one object however often its manifest is read. Referenced for the caller.
KDB_NODISCARD kdb_status segment_open(struct kdb_segment_service *service, kdb_slice record,
                                      struct kdb_ctx *ctx, struct kdb_segment **ret_segment);

// A manifest over the segments (each referenced by it), sorted as it wants. One reference.
struct kdb_manifest *manifest_create(struct kdb_segment *const *segments,
                                     const struct manifest_head *head);

// The partition's newest manifest, referenced for the caller: as kdb_manifest_acquire, but also one
// that has no segments any more. NULL when the partition never had any.
KDB_NODISCARD kdb_status manifest_acquire_any(struct kdb_segment_service *service,
                                              struct kdb_partition *partition, struct kdb_ctx *ctx,
                                              kdb_read_tier tier,
                                              struct kdb_manifest **ret_manifest);

// Marks in `ret_overlaps` which of the segments share keys with another within [first, end) (null
// slices: no bound). True when any do.
bool segment_find_overlaps(struct kdb_segment *const *segments, uint32_t count, kdb_slice first,
                           kdb_slice end, bool *ret_overlaps);

// False when the segment has no key in [first, end).
bool segment_meets(const struct kdb_segment *segment, kdb_slice first, kdb_slice end);

#endif
