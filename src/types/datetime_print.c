// SPDX-License-Identifier: Apache-2.0
// The text of dates and times.
#include "base/assert.h"
#include "types/datetime.h"

static char *put_two(char *at, int number)
{
    *at++ = (char)('0' + number / 10);
    *at++ = (char)('0' + number % 10);
    return at;
}

// The year with at least four digits; 0 is 1 BC.
static char *put_year(char *at, int64_t year)
{
    char digits[20];
    size_t len = 0;
    uint64_t rest = year > 0 ? (uint64_t)year : (uint64_t)(1 - year);
    while (rest > 0 || len < 4) {
        digits[len++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    while (len > 0)
        *at++ = digits[--len];
    return at;
}

static char *put_date(char *at, const struct kdb_civil *civil)
{
    at = put_year(at, civil->year);
    *at++ = '-';
    at = put_two(at, civil->month);
    *at++ = '-';
    return put_two(at, civil->day);
}

static char *put_time(char *at, const struct kdb_civil *civil)
{
    at = put_two(at, civil->hour);
    *at++ = ':';
    at = put_two(at, civil->minute);
    *at++ = ':';
    at = put_two(at, civil->second);
    if (civil->microsecond == 0)
        return at;
    int micros = civil->microsecond;
    int digits = 6;
    for (; micros % 10 == 0; digits--)
        micros /= 10;
    *at = '.';
    for (int i = digits; i > 0; i--) {
        at[i] = (char)('0' + micros % 10);
        micros /= 10;
    }
    return at + digits + 1;
}

// The longest: a year of 7 digits, date, time, zone and " BC".
#define TEXT_BYTES 64

void kdb_date_print(int64_t days, struct kdb_buf *out)
{
    char text[TEXT_BYTES];
    struct kdb_civil civil;
    kdb_civil_from_days(days, &civil);
    kdb_buf_append(out, text, (size_t)(put_date(text, &civil) - text));
    if (civil.year <= 0)
        KDB_BUF_LIT(out, " BC");
}

void kdb_time_print(int64_t us, struct kdb_buf *out)
{
    char text[TEXT_BYTES];
    struct kdb_civil civil;
    KDB_ASSERT(us >= 0 && us <= KDB_US_PER_DAY);
    kdb_civil_from_us(us, &civil);
    if (us == KDB_US_PER_DAY)
        civil.hour = 24;
    kdb_buf_append(out, text, (size_t)(put_time(text, &civil) - text));
}

void kdb_timestamp_print(int64_t us, bool has_zone, struct kdb_buf *out)
{
    char text[TEXT_BYTES];
    struct kdb_civil civil;
    kdb_civil_from_us(us, &civil);
    char *at = put_date(text, &civil);
    *at++ = ' ';
    at = put_time(at, &civil);
    kdb_buf_append(out, text, (size_t)(at - text));
    if (has_zone)
        KDB_BUF_LIT(out, "+00");
    if (civil.year <= 0)
        KDB_BUF_LIT(out, " BC");
}
