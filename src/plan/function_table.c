// SPDX-License-Identifier: Apache-2.0
// The tables of operators, functions and aggregates, and the pieces of DuckDB SQL their templates
// share.
//
// An argument may stand in a template several times: whoever prints it keeps the text from growing.
// A $ is always a placeholder: chr(36) where DuckDB needs one (JSON paths begin with it).
// Errors are texts that the engine turns back into a status (engine/quote.h).
#include "plan/function_priv.h"

// clang-format off
#define ZERO_ERROR "error('kdb:DIVISION_BY_ZERO:division by zero')"
#define OVERFLOW_ERROR "error('kdb:OUT_OF_RANGE:value out of range: overflow')"
#define UNDERFLOW_ERROR "error('kdb:OUT_OF_RANGE:value out of range: underflow')"
#define INPUT_ERROR "error('kdb:OUT_OF_RANGE:input is out of range')"
#define ZERO_POWER_ERROR \
    "error('kdb:OUT_OF_RANGE:zero raised to a negative power is undefined')"
#define COMPLEX_POWER_ERROR \
    "error('kdb:OUT_OF_RANGE:a negative number raised to a non-integer power yields a complex " \
    "result')"
#define FRACTION_ERROR \
    "error('kdb:INVALID_OPERATION:an interval times a fraction is not supported in a statement " \
    "that needs the engine')"
#define ESCAPE_ERROR "error('kdb:INVALID_VALUE:invalid escape string')"
#define LENGTH_ERROR "error('kdb:INVALID_VALUE:negative substring length not allowed')"
#define FIELD_ERROR "error('kdb:INVALID_VALUE:field position must not be zero')"
#define CHARACTER_SIGN_ERROR "error('kdb:INVALID_VALUE:character number must be positive')"
#define CHARACTER_NULL_ERROR "error('kdb:INVALID_VALUE:null character not permitted')"
#define CHARACTER_LARGE_ERROR \
    "error('kdb:INVALID_VALUE:requested character too large for encoding: ' || $1)"
#define CHARACTER_VALID_ERROR \
    "error('kdb:INVALID_VALUE:requested character not valid for encoding: ' || $1)"
#define NON_ARRAY_ERROR "error('kdb:INVALID_VALUE:cannot get array length of a non-array')"
#define SCALAR_ERROR "error('kdb:INVALID_VALUE:cannot get array length of a scalar')"

#define NTILE_ERROR "error('kdb:INVALID_VALUE:argument of ntile must be greater than zero')"
#define NTH_ERROR "error('kdb:INVALID_VALUE:argument of nth_value must be greater than zero')"
#define INTEGER_ERROR "error('kdb:OUT_OF_RANGE:integer out of range')"

// Opens a CASE whose other branches do not see to it that NULL gives NULL.
#define NULL_OF_THREE "CASE WHEN $1 IS NULL OR $2 IS NULL OR $3 IS NULL THEN NULL"
#define NULL_OF_FOUR \
    "CASE WHEN $1 IS NULL OR $2 IS NULL OR $3 IS NULL OR $4 IS NULL THEN NULL"

// DuckDB divides by zero to NULL, and lets floats overflow.
#define ZERO_CHECKED "CASE WHEN $2 = 0 AND $1 IS NOT NULL THEN " ZERO_ERROR
#define INTEGER_DIVIDE ZERO_CHECKED " ELSE $1 // $2 END"
#define INTEGER_MODULO ZERO_CHECKED " WHEN $2 = -1 THEN $1 - $1 ELSE $1 % $2 END"
#define DECIMAL_DIVIDE ZERO_CHECKED " ELSE CAST($1 AS DOUBLE) / CAST($2 AS DOUBLE) END"
#define DECIMAL_MODULO ZERO_CHECKED " ELSE $1 % $2 END"
#define REAL_CHECKED(operator) \
    "CASE WHEN isinf($1 " operator " $2) AND NOT isinf($1) AND NOT isinf($2) THEN " \
    OVERFLOW_ERROR
#define REAL_ADD REAL_CHECKED("+") " ELSE $1 + $2 END"
#define REAL_SUBTRACT REAL_CHECKED("-") " ELSE $1 - $2 END"
#define REAL_MULTIPLY \
    REAL_CHECKED("*") " WHEN $1 * $2 = 0 AND $1 <> 0 AND $2 <> 0 THEN " UNDERFLOW_ERROR \
    " ELSE $1 * $2 END"
#define REAL_DIVIDE \
    "CASE WHEN $2 = 0 THEN CASE WHEN isnan($1) THEN $1 + $2 WHEN $1 IS NOT NULL THEN " ZERO_ERROR \
    " END WHEN isinf($1 / $2) AND NOT isinf($1) THEN " OVERFLOW_ERROR \
    " WHEN $1 / $2 = 0 AND $1 <> 0 AND NOT isinf($2) THEN " UNDERFLOW_ERROR " ELSE $1 / $2 END"
#define REAL_DIGITS \
    "CASE WHEN NOT isfinite($1) AND $2 IS NOT NULL THEN CAST($1 AS DOUBLE) " \
    "WHEN $2 < -308 AND $1 IS NOT NULL THEN 0.0::DOUBLE"
#define REAL_POWER \
    "CASE WHEN $1 = 0 AND $2 < 0 THEN " ZERO_POWER_ERROR \
    " WHEN $1 < 0 AND isfinite($2) AND floor($2) <> $2 THEN " COMPLEX_POWER_ERROR \
    " WHEN isinf(power($1, $2)) AND isfinite($1) AND isfinite($2) THEN " OVERFLOW_ERROR \
    " WHEN power($1, $2) = 0 AND $1 <> 0 AND isfinite($1) AND isfinite($2) THEN " \
    UNDERFLOW_ERROR " ELSE power($1, $2) END"

// DuckDB multiplies intervals by whole numbers only.
#define INTERVAL_PARTS(interval, number) \
    "CASE WHEN " number " <> trunc(" number ") THEN " FRACTION_ERROR \
    " ELSE to_months(CAST((date_part('year', " interval ") * 12 + date_part('month', " interval \
    ")) * " number " AS INTEGER)) + to_days(CAST(date_part('day', " interval ") * " number \
    " AS INTEGER)) + to_microseconds(CAST((date_part('hour', " interval \
    ") * 3600000000 + date_part('minute', " interval ") * 60000000 + date_part('microsecond', " \
    interval ")) * " number " AS BIGINT)) END"
#define INTERVAL_TIMES INTERVAL_PARTS("$1", "$2")
#define TIMES_INTERVAL INTERVAL_PARTS("$2", "$1")

// Seconds and milliseconds have a fraction in PostgreSQL.
#define DATE_PART \
    "CASE WHEN lower($1) IN ('second', 'seconds', 'sec', 'secs', 's') " \
    "THEN CAST(date_part('microseconds', $2) AS DOUBLE) / 1000000 " \
    "WHEN lower($1) IN ('millisecond', 'milliseconds', 'msec', 'msecs', 'ms') " \
    "THEN CAST(date_part('microseconds', $2) AS DOUBLE) / 1000 " \
    "ELSE CAST(date_part($1, $2) AS DOUBLE) END"

#define UNIT_ERROR \
    "error('kdb:INVALID_VALUE:unit \"' || lower($1) || '\" not supported for type date')"
#define EXTRACT_DATE \
    "CASE WHEN lower($1) IN ('hour', 'hours', 'h', 'hr', 'hrs', 'minute', 'minutes', 'm', 'min', " \
    "'mins', 'second', 'seconds', 'sec', 'secs', 's', 'millisecond', 'milliseconds', 'msec', " \
    "'msecs', 'ms', 'microsecond', 'microseconds', 'usec', 'usecs', 'us', 'timezone', " \
    "'timezone_hour', 'timezone_minute') AND $2 IS NOT NULL THEN " UNIT_ERROR \
    " ELSE CAST(date_part($1, $2) AS DOUBLE) END"

// Centuries and millennia begin with the year 1.
#define TRUNCATE_ERROR(kind) \
    "error('kdb:INVALID_VALUE:unit \"' || lower($1) || '\" not supported for type " kind "')"
#define EXTRACT_ONLY \
    "lower($1) IN ('epoch', 'dow', 'isodow', 'doy', 'isoyear', 'julian', 'jd', 'timezone', " \
    "'timezone_hour', 'timezone_minute')"
#define YEARS_BACK(span) \
    "THEN date_trunc('year', $2) - to_years(CAST((date_part('year', $2) - 1) % " span \
    " AS INTEGER)) "
// The interval keeps DuckDB from its shortcut for date_trunc() <> constant, which takes NULL for
// TRUE.
#define TRUNCATE(kind, type) \
    "CAST(CASE WHEN lower($1) IN ('century', 'centuries', 'cent', 'c') " YEARS_BACK("100") \
    "WHEN lower($1) IN ('millennium', 'millennia', 'mil', 'mils') " YEARS_BACK("1000") \
    "WHEN " EXTRACT_ONLY " AND $2 IS NOT NULL THEN " TRUNCATE_ERROR(kind) \
    " ELSE date_trunc($1, $2) + INTERVAL 0 DAY END AS " type ")"
#define TRUNCATE_TIMESTAMP TRUNCATE("timestamp without time zone", "TIMESTAMP")
#define TRUNCATE_DATETIME TRUNCATE("timestamp with time zone", "TIMESTAMP WITH TIME ZONE")
#define TRUNCATE_INTERVAL \
    "CASE WHEN (" EXTRACT_ONLY " OR lower($1) IN ('week', 'weeks', 'w')) AND $2 IS NOT NULL THEN " \
    TRUNCATE_ERROR("interval") " ELSE date_trunc($1, $2) END"

// There is no year 0, and DuckDB takes the year before 1 for it.
#define YEAR_CHECKED \
    "CASE WHEN $1 = 0 AND $2 IS NOT NULL AND $3 IS NOT NULL THEN " \
    "error('kdb:OUT_OF_RANGE:date field value out of range: 0-' || $2 || '-' || $3)"
#define TIME_ERROR "error('kdb:OUT_OF_RANGE:time field value out of range')"

// The engine's own LIKE for patterns with nothing but a % at either end, which it makes searches
// for a text of; ours for the others.
#define MATCH(text, pattern) \
    "CASE WHEN regexp_matches(" pattern ", '^%?[^%_\\\\]*%?\\z') THEN " text " LIKE " pattern \
    " ELSE kdb_like(" text ", " pattern ", '\\') END"
#define LIKE MATCH("$1", "$2")
#define ILIKE MATCH("lower($1)", "lower($2)")

// \& is the whole match in PostgreSQL, \0 in DuckDB.
#define REPLACEMENT "replace($3, '\\&', '\\0')"

// Paths of DuckDB's JSON functions.
#define JSON_CHECKED "CASE WHEN json_valid($1) THEN"
#define JSON_QUOTED(name) \
    "CASE WHEN " name " = '' THEN '/' ELSE chr(36) || '.\"' || replace(replace(" name \
    ", '\\', '\\\\'), '\"', '\\\"') || '\"' END"
#define JSON_NAME JSON_QUOTED("$2")
#define JSON_INDEX \
    "chr(36) || CASE WHEN $2 < 0 THEN '[#' ELSE '[' END || CAST($2 AS VARCHAR) || ']'"
#define JSON_STEP \
    "CASE typeof($2) WHEN 'VARCHAR' THEN " JSON_QUOTED("CAST($2 AS VARCHAR)") \
    " ELSE chr(36) || replace('[' || CAST($2 AS VARCHAR) || ']', '[-', '[#-') END"

// NOLINTBEGIN(bugprone-macro-parentheses): rows of a table, not expressions
#define A0() .arg_count = 0
#define A1(a) .arg_count = 1, .arg_kinds = {KDB_##a}
#define A2(a, b) .arg_count = 2, .arg_kinds = {KDB_##a, KDB_##b}
#define A3(a, b, c) .arg_count = 3, .arg_kinds = {KDB_##a, KDB_##b, KDB_##c}
#define A4(a, b, c, d) .arg_count = 4, .arg_kinds = {KDB_##a, KDB_##b, KDB_##c, KDB_##d}
#define A6(a, b, c, d, e, f) \
    .arg_count = 6, .arg_kinds = {KDB_##a, KDB_##b, KDB_##c, KDB_##d, KDB_##e, KDB_##f}
#define V1(a, t) .arg_count = 1, .arg_kinds = {KDB_##a, KDB_##t}, .is_variadic = true
#define V2(a, b, t) \
    .arg_count = 2, .arg_kinds = {KDB_##a, KDB_##b, KDB_##t}, .is_variadic = true
#define V3(a, b, c, t) \
    .arg_count = 3, .arg_kinds = {KDB_##a, KDB_##b, KDB_##c, KDB_##t}, .is_variadic = true

#define KDB_FUNCTION(family_, name_, args_, result_, type_, eval_, engine_) \
    {.name = name_, .kind = KDB_FUNCTION_SCALAR, .family = KDB_FAMILY_##family_, args_, \
     .result_kind = KDB_##result_, .result_type = type_, .is_strict = true, .eval = eval_, \
     .engine = engine_},
#define KDB_NULLABLE(family_, name_, args_, result_, type_, eval_, engine_) \
    {.name = name_, .kind = KDB_FUNCTION_SCALAR, .family = KDB_FAMILY_##family_, args_, \
     .result_kind = KDB_##result_, .result_type = type_, .eval = eval_, .engine = engine_},
#define KDB_VOLATILE(family_, name_, args_, result_, eval_, engine_) \
    {.name = name_, .kind = KDB_FUNCTION_SCALAR, .family = KDB_FAMILY_##family_, args_, \
     .result_kind = KDB_##result_, .is_strict = true, .is_volatile = true, .eval = eval_, \
     .engine = engine_},
#define KDB_ENGINE(family_, name_, args_, result_, engine_) \
    {.name = name_, .kind = KDB_FUNCTION_SCALAR, .family = KDB_FAMILY_##family_, args_, \
     .result_kind = KDB_##result_, .is_strict = true, .engine = engine_},
#define KDB_AGGREGATE(name_, args_, result_, type_, engine_) \
    {.name = name_, .kind = KDB_FUNCTION_AGGREGATE, .family = KDB_FAMILY_AGGREGATE, args_, \
     .result_kind = KDB_##result_, .result_type = type_, .engine = engine_},
#define KDB_WINDOW(name_, args_, result_, type_, engine_) \
    {.name = name_, .kind = KDB_FUNCTION_WINDOW, .family = KDB_FAMILY_WINDOW, args_, \
     .result_kind = KDB_##result_, .result_type = type_, .engine = engine_},
// NOLINTEND(bugprone-macro-parentheses)
// clang-format on

static const struct kdb_function operators[] = {
#include "plan/operators.def"
};

static const struct kdb_function functions[] = {
#include "plan/functions.def"
};

static const struct kdb_function aggregates[] = {
#include "plan/aggregates.def"
};

const struct plan_function_table plan_operators = {operators,
                                                   sizeof(operators) / sizeof(operators[0])};
const struct plan_function_table plan_functions = {functions,
                                                   sizeof(functions) / sizeof(functions[0])};
const struct plan_function_table plan_aggregates = {aggregates,
                                                    sizeof(aggregates) / sizeof(aggregates[0])};

const struct kdb_function *kdb_function_at(size_t index)
{
    const struct plan_function_table *const tables[] = {&plan_operators, &plan_functions,
                                                        &plan_aggregates};
    for (size_t i = 0; i < 3; i++) {
        if (index < tables[i]->count)
            return &tables[i]->rows[index];
        index -= tables[i]->count;
    }
    return NULL;
}
