// SPDX-License-Identifier: Apache-2.0
// The names of units.
#include "types/datetime.h"

struct unit_name {
    kdb_slice name;
    kdb_unit unit;
};

#define UNIT(text, unit_)                                                                          \
    {                                                                                              \
        .name = {text, sizeof(text) - 1}, .unit = KDB_UNIT_##unit_                                 \
    }

static const struct unit_name unit_names[] = {
    UNIT("microsecond", MICROSECOND),
    UNIT("microseconds", MICROSECOND),
    UNIT("us", MICROSECOND),
    UNIT("usec", MICROSECOND),
    UNIT("usecs", MICROSECOND),
    UNIT("usecond", MICROSECOND),
    UNIT("useconds", MICROSECOND),
    UNIT("millisecond", MILLISECOND),
    UNIT("milliseconds", MILLISECOND),
    UNIT("ms", MILLISECOND),
    UNIT("msec", MILLISECOND),
    UNIT("msecs", MILLISECOND),
    UNIT("msecond", MILLISECOND),
    UNIT("mseconds", MILLISECOND),
    UNIT("second", SECOND),
    UNIT("seconds", SECOND),
    UNIT("s", SECOND),
    UNIT("sec", SECOND),
    UNIT("secs", SECOND),
    UNIT("minute", MINUTE),
    UNIT("minutes", MINUTE),
    UNIT("m", MINUTE),
    UNIT("min", MINUTE),
    UNIT("mins", MINUTE),
    UNIT("hour", HOUR),
    UNIT("hours", HOUR),
    UNIT("h", HOUR),
    UNIT("hr", HOUR),
    UNIT("hrs", HOUR),
    UNIT("day", DAY),
    UNIT("days", DAY),
    UNIT("d", DAY),
    UNIT("week", WEEK),
    UNIT("weeks", WEEK),
    UNIT("w", WEEK),
    UNIT("month", MONTH),
    UNIT("months", MONTH),
    UNIT("mon", MONTH),
    UNIT("mons", MONTH),
    UNIT("quarter", QUARTER),
    UNIT("qtr", QUARTER),
    UNIT("year", YEAR),
    UNIT("years", YEAR),
    UNIT("y", YEAR),
    UNIT("yr", YEAR),
    UNIT("yrs", YEAR),
    UNIT("decade", DECADE),
    UNIT("decades", DECADE),
    UNIT("dec", DECADE),
    UNIT("decs", DECADE),
    UNIT("century", CENTURY),
    UNIT("centuries", CENTURY),
    UNIT("c", CENTURY),
    UNIT("cent", CENTURY),
    UNIT("millennium", MILLENNIUM),
    UNIT("millennia", MILLENNIUM),
    UNIT("mil", MILLENNIUM),
    UNIT("mils", MILLENNIUM),
    UNIT("epoch", EPOCH),
    UNIT("dow", DOW),
    UNIT("isodow", ISODOW),
    UNIT("doy", DOY),
    UNIT("isoyear", ISOYEAR),
    UNIT("julian", JULIAN),
    UNIT("j", JULIAN),
    UNIT("jd", JULIAN),
    UNIT("timezone", TIMEZONE),
    UNIT("timezone_hour", TIMEZONE_HOUR),
    UNIT("timezone_h", TIMEZONE_HOUR),
    UNIT("timezone_minute", TIMEZONE_MINUTE),
    UNIT("timezone_m", TIMEZONE_MINUTE),
};

bool kdb_unit_from_text(kdb_slice name, kdb_unit *ret_unit)
{
    for (size_t i = 0; i < sizeof(unit_names) / sizeof(unit_names[0]); i++) {
        if (kdb_slice_equal_nocase(name, unit_names[i].name)) {
            *ret_unit = unit_names[i].unit;
            return true;
        }
    }
    return false;
}

kdb_status kdb_unit_parse(kdb_slice name, struct kdb_ctx *ctx, kdb_kind kind, kdb_unit *ret_unit)
{
    if (kdb_unit_from_text(name, ret_unit))
        return KDB_OK;
    return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "unit \"%.*s\" not recognized for type %s",
                    KDB_ARG(name), kdb_kind_name(kind));
}

kdb_status kdb_unit_fail(kdb_unit unit, struct kdb_ctx *ctx, kdb_kind kind)
{
    size_t index = 0;
    while (unit_names[index].unit != unit)
        index++; // every unit has a name, the first one is its own
    return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "unit \"%.*s\" not supported for type %s",
                    KDB_ARG(unit_names[index].name), kdb_kind_name(kind));
}
