// SPDX-License-Identifier: Apache-2.0
// Copying, ordering and hashing of values.
#include "types/value.h"

#include <math.h>

#include "base/assert.h"
#include "base/random.h"
#include "types/decimal.h"
#include "types/interval.h"

kdb_value kdb_value_copy(struct kdb_arena *arena, const kdb_value *value)
{
    kdb_value copy = *value;
    if (!value->is_null && kdb_kind_is_variable(value->kind))
        copy.bytes = kdb_arena_copy(arena, value->bytes);
    return copy;
}

static int compare_int(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_real(double a, double b)
{
    if (isnan(a) || isnan(b))
        return (isnan(a) ? 1 : 0) - (isnan(b) ? 1 : 0);
    return a < b ? -1 : a > b;
}

static int compare_span(kdb_int128 a, kdb_int128 b)
{
    return a < b ? -1 : a > b;
}

int kdb_value_compare(const kdb_value *a, const kdb_value *b)
{
    KDB_ASSERT(a->kind == b->kind && !a->is_null && !b->is_null);
    switch ((kdb_kind)a->kind) {
    case KDB_BOOLEAN:
        return (int)a->boolean - (int)b->boolean;
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
    case KDB_TIMESTAMP:
    case KDB_DATE:
    case KDB_DATETIME:
    case KDB_TIME:
        return compare_int(a->integer, b->integer);
    case KDB_DOUBLE:
    case KDB_FLOAT:
        return compare_real(a->real, b->real);
    case KDB_DECIMAL:
        return kdb_decimal_compare(a->decimal, a->scale, b->decimal, b->scale);
    case KDB_UUID:
        return memcmp(a->uuid, b->uuid, sizeof(a->uuid));
    case KDB_INTERVAL:
        return compare_span(kdb_interval_span(&a->interval), kdb_interval_span(&b->interval));
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_EMBEDDING:
    case KDB_FILE:
        return kdb_slice_compare(a->bytes, b->bytes);
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}

bool kdb_value_same(const kdb_value *a, const kdb_value *b)
{
    if (a->is_null || b->is_null)
        return a->is_null == b->is_null;
    if (kdb_kind_is_variable(a->kind))
        return a->kind == b->kind && kdb_slice_equal(a->bytes, b->bytes);
    return kdb_value_compare(a, b) == 0;
}

// Two words to one, with the process seed mixed in.
static uint64_t mix(uint64_t high, uint64_t low)
{
    const uint64_t *seed = kdb_hash_seed();
    // An even factor would lose a low bit, and some seeds give one with many zeros: stir twice
    // more.
    kdb_uint128 product =
        (kdb_uint128)(low ^ seed[0]) * (((high << 1) ^ seed[1] ^ 0x9E3779B97F4A7C15U) | 1);
    uint64_t folded = (uint64_t)(product >> 64) ^ (uint64_t)product;
    folded = (folded ^ (folded >> 30)) * 0xBF58476D1CE4E5B9U;
    folded = (folded ^ (folded >> 27)) * 0x94D049BB133111EBU;
    return folded ^ (folded >> 31);
}

static uint64_t hash_wide(kdb_uint128 word)
{
    return mix((uint64_t)(word >> 64), (uint64_t)word);
}

static uint64_t hash_real(double number)
{
    if (isnan(number))
        number = (double)NAN;
    if (number == 0)
        number = 0; // -0
    uint64_t bits;
    memcpy(&bits, &number, sizeof(bits));
    return mix(0, bits);
}

// Equal decimals of different scales differ by trailing zeros.
static uint64_t hash_decimal(kdb_int128 scaled, int scale)
{
    while (scale > 0 && (scaled > INT64_MAX || scaled < INT64_MIN) && scaled % 10 == 0) {
        scaled /= 10;
        scale--;
    }
    if (scaled <= INT64_MAX && scaled >= INT64_MIN) {
        int64_t small = (int64_t)scaled;
        while (scale > 0 && small % 10 == 0) {
            small /= 10;
            scale--;
        }
        scaled = small;
    }
    return hash_wide((kdb_uint128)scaled) + (uint64_t)scale;
}

uint64_t kdb_value_hash(const kdb_value *value)
{
    if (value->is_null)
        return mix(1, 0);
    switch ((kdb_kind)value->kind) {
    case KDB_BOOLEAN:
        return mix(0, value->boolean);
    case KDB_SMALLINT:
    case KDB_INT:
    case KDB_BIGINT:
    case KDB_TIMESTAMP:
    case KDB_DATE:
    case KDB_DATETIME:
    case KDB_TIME:
        return mix(0, (uint64_t)value->integer);
    case KDB_DOUBLE:
    case KDB_FLOAT:
        return hash_real(value->real);
    case KDB_DECIMAL:
        return hash_decimal(value->decimal, value->scale);
    case KDB_INTERVAL:
        return hash_wide((kdb_uint128)kdb_interval_span(&value->interval));
    case KDB_UUID:
        return kdb_slice_hash(kdb_slice_of(value->uuid, sizeof(value->uuid)));
    case KDB_UNKNOWN:
    case KDB_TEXT:
    case KDB_JSON:
    case KDB_BYTES:
    case KDB_EMBEDDING:
    case KDB_FILE:
        return kdb_slice_hash(value->bytes);
    case KDB_KIND_COUNT:
        break;
    }
    KDB_UNREACHABLE();
}
