// SPDX-License-Identifier: Apache-2.0
// Type names: PostgreSQL's parser rewrites SQL's spellings to its catalog's, here they are words
// again.
#include "sql/pg_priv.h"

#include <string.h>

// The bits of an interval's fields, as PostgreSQL's utils/datetime.h numbers them.
enum {
    MONTH_BIT = 1 << 1,
    YEAR_BIT = 1 << 2,
    DAY_BIT = 1 << 3,
    HOUR_BIT = 1 << 10,
    MINUTE_BIT = 1 << 11,
    SECOND_BIT = 1 << 12
};

static const struct {
    int bits;
    kdb_slice name;
} intervals[] = {
    {YEAR_BIT, KDB_LIT_INIT("interval year")},
    {MONTH_BIT, KDB_LIT_INIT("interval month")},
    {DAY_BIT, KDB_LIT_INIT("interval day")},
    {HOUR_BIT, KDB_LIT_INIT("interval hour")},
    {MINUTE_BIT, KDB_LIT_INIT("interval minute")},
    {SECOND_BIT, KDB_LIT_INIT("interval second")},
    {YEAR_BIT | MONTH_BIT, KDB_LIT_INIT("interval year to month")},
    {DAY_BIT | HOUR_BIT, KDB_LIT_INIT("interval day to hour")},
    {DAY_BIT | HOUR_BIT | MINUTE_BIT, KDB_LIT_INIT("interval day to minute")},
    {DAY_BIT | HOUR_BIT | MINUTE_BIT | SECOND_BIT, KDB_LIT_INIT("interval day to second")},
    {HOUR_BIT | MINUTE_BIT, KDB_LIT_INIT("interval hour to minute")},
    {HOUR_BIT | MINUTE_BIT | SECOND_BIT, KDB_LIT_INIT("interval hour to second")},
    {MINUTE_BIT | SECOND_BIT, KDB_LIT_INIT("interval minute to second")},
};

// The numbers in parentheses.
static kdb_status read_numbers(struct pg_reader *reader, const TypeName *name,
                               struct kdb_ast_type *type)
{
    size_t count = pg_count(name->typmods);
    if (count > sizeof(type->args) / sizeof(type->args[0]))
        return sql_pg_refuse(reader, name->location, "a type with more than two numbers");
    for (size_t i = 0; i < count; i++) {
        const A_Const *number = PG_AS(A_Const, pg_item(name->typmods, i));
        if (!IsA(number, A_Const) || number->isnull || !IsA(&number->val, Integer))
            return sql_pg_refuse(reader, name->location, "a type with anything but numbers");
        type->args[type->arg_count++] = number->val.ival.ival;
    }
    return KDB_OK;
}

// CHAR alone arrives as CHAR(1), with a number that stands nowhere in the text.
static void read_char(const TypeName *name, struct kdb_ast_type *type)
{
    type->name = KDB_LIT("char");
    if (type->arg_count == 1 && PG_AS(A_Const, pg_item(name->typmods, 0))->location < 0)
        type->arg_count = 0;
}

// The first number of an interval is the set of its fields, or of all when only a precision was
// written.
static void read_interval(struct kdb_ast_type *type)
{
    if (type->arg_count == 0)
        return;
    for (size_t i = 0; i < sizeof(intervals) / sizeof(intervals[0]); i++) {
        if (intervals[i].bits == type->args[0])
            type->name = intervals[i].name;
    }
    type->args[0] = type->args[1];
    type->arg_count--;
}

kdb_status sql_pg_type(struct pg_reader *reader, const TypeName *name,
                       struct kdb_ast_type *ret_type)
{
    size_t count = pg_count(name->names);
    bool is_catalog = count == 2 && strcmp(pg_string(pg_item(name->names, 0)), "pg_catalog") == 0;
    if (name->setof || name->pct_type || count == 0 || (count > 1 && !is_catalog))
        return sql_pg_refuse(reader, name->location, "a type of this form");
    struct kdb_ast_type type = {.is_array = name->arrayBounds != NIL};
    type.name = pg_name(reader, pg_string(pg_item(name->names, count - 1)));
    KDB_TRY(read_numbers(reader, name, &type));
    if (is_catalog && kdb_slice_equal(type.name, KDB_LIT("bpchar")))
        read_char(name, &type);
    if (is_catalog && kdb_slice_equal(type.name, KDB_LIT("interval")))
        read_interval(&type);
    *ret_type = type;
    return KDB_OK;
}
