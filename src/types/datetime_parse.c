// SPDX-License-Identifier: Apache-2.0
// Reading dates, times and timestamps.
#include <math.h>

#include "base/double_text.h"
#include "types/datetime.h"

// The latest day a TIMESTAMP can hold whole, and PostgreSQL's latest date.
#define TIMESTAMP_YEAR_MAX 294246
#define DATE_YEAR_MAX      5874897
#define ZONE_HOUR_MAX      15

enum outcome {
    outcome_ok,
    outcome_syntax,
    outcome_field,    // a field out of its range
    outcome_zone,     // a zone too far from UTC
    outcome_no_zones, // a named zone
    outcome_infinity,
    outcome_before_christ,
    outcome_clock // now, today, …
};

struct cursor {
    const char *at;
    const char *end;
};

// What was read.
struct parsed {
    bool has_date;
    bool has_time;
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t us;      // of the day; 24:00:00 and a leap second reach into the next
    int64_t zone_us; // east of UTC
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char peek(const struct cursor *cursor)
{
    return cursor->at < cursor->end ? *cursor->at : '\0';
}

static bool take(struct cursor *cursor, char c)
{
    if (cursor->at == cursor->end || *cursor->at != c)
        return false;
    cursor->at++;
    return true;
}

static void skip_blanks(struct cursor *cursor)
{
    while (cursor->at < cursor->end &&
           (*cursor->at == ' ' || (*cursor->at >= '\t' && *cursor->at <= '\r')))
        cursor->at++;
}

// A run of digits; returns how many there are. More than 9 are no field of a date.
static int take_number(struct cursor *cursor, int64_t *ret_number)
{
    int64_t number = 0;
    int count = 0;
    for (; cursor->at < cursor->end && is_digit(*cursor->at) && count < 10; count++)
        number = number * 10 + (*cursor->at++ - '0');
    *ret_number = number;
    return count;
}

// A run of letters, digits and the signs of zone names, beginning with a letter.
static kdb_slice take_word(struct cursor *cursor)
{
    const char *start = cursor->at;
    while (cursor->at < cursor->end &&
           (is_letter(*cursor->at) ||
            (cursor->at > start && (*cursor->at == '/' || *cursor->at == '_'))))
        cursor->at++;
    return kdb_slice_of(start, (size_t)(cursor->at - start));
}

static enum outcome parse_date(struct cursor *cursor, struct parsed *parsed)
{
    int digits = take_number(cursor, &parsed->year);
    parsed->has_date = true;
    if (digits == 8 && peek(cursor) != '-' && peek(cursor) != '/') {
        parsed->day = parsed->year % 100;
        parsed->month = parsed->year / 100 % 100;
        parsed->year /= 10000;
    } else {
        char separator = peek(cursor);
        int month_digits = 0;
        int day_digits = 0;
        if ((separator != '-' && separator != '/') || digits > 9)
            return outcome_syntax;
        cursor->at++;
        month_digits = take_number(cursor, &parsed->month);
        if (month_digits < 1 || !take(cursor, separator))
            return outcome_syntax;
        day_digits = take_number(cursor, &parsed->day);
        if (day_digits < 1)
            return outcome_syntax;
        if (digits < 3 || month_digits > 2 || day_digits > 2)
            return outcome_field;
    }
    if (parsed->year < 1 || parsed->year > DATE_YEAR_MAX || parsed->month < 1 ||
        parsed->month > 12 || parsed->day < 1 ||
        parsed->day > kdb_civil_month_days(parsed->year, (int)parsed->month))
        return outcome_field;
    return outcome_ok;
}

// .ffffff of any length, rounded to microseconds.
static int64_t take_fraction(struct cursor *cursor)
{
    const char *start = cursor->at++; // the point
    char text[32] = "0.";
    size_t len = 2;
    double fraction = 0;
    while (cursor->at < cursor->end && is_digit(*cursor->at)) {
        if (len < sizeof(text))
            text[len++] = *cursor->at;
        cursor->at++;
    }
    if (cursor->at == start + 1 || !kdb_double_parse(kdb_slice_of(text, len), &fraction))
        return 0;
    return (int64_t)rint(fraction * (double)KDB_US_PER_SECOND);
}

static enum outcome apply_half_day(struct cursor *cursor, int64_t *hour)
{
    struct cursor start = *cursor;
    skip_blanks(cursor);
    kdb_slice word = take_word(cursor);
    bool is_pm = kdb_slice_equal_nocase(word, KDB_LIT("pm"));
    if (!is_pm && !kdb_slice_equal_nocase(word, KDB_LIT("am"))) {
        *cursor = start;
        return outcome_ok;
    }
    if (*hour > 12)
        return outcome_field;
    *hour = *hour % 12 + (is_pm ? 12 : 0);
    return outcome_ok;
}

static enum outcome parse_time(struct cursor *cursor, struct parsed *parsed)
{
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int64_t micros = 0;
    if (take_number(cursor, &hour) < 1 || !take(cursor, ':') || take_number(cursor, &minute) < 1)
        return outcome_syntax;
    if (take(cursor, ':') && take_number(cursor, &second) < 1)
        return outcome_syntax;
    if (peek(cursor) == '.')
        micros = take_fraction(cursor);
    enum outcome outcome = apply_half_day(cursor, &hour);
    if (outcome != outcome_ok)
        return outcome;
    if (hour > 24 || minute > 59 || second > 60)
        return outcome_field;
    parsed->us =
        hour * KDB_US_PER_HOUR + minute * KDB_US_PER_MINUTE + second * KDB_US_PER_SECOND + micros;
    parsed->has_time = true;
    return hour == 24 && parsed->us > KDB_US_PER_DAY ? outcome_field : outcome_ok;
}

// +hh, +hh:mm, +hh:mm:ss, +hhmm or +hhmmss.
static enum outcome parse_offset(struct cursor *cursor, struct parsed *parsed)
{
    bool is_west = *cursor->at++ == '-';
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    int digits = take_number(cursor, &hour);
    if (digits == 0 || digits == 5 || digits > 6)
        return outcome_syntax;
    if (digits <= 2 && take(cursor, ':')) {
        bool has_minute = take_number(cursor, &minute) > 0;
        if (!has_minute || (take(cursor, ':') && take_number(cursor, &second) < 1))
            return outcome_syntax;
    }
    if (digits == 6) {
        second = hour % 100;
        hour /= 100;
    }
    if (digits > 2) {
        minute = hour % 100;
        hour /= 100;
    }
    if (hour > ZONE_HOUR_MAX || minute > 59 || second > 59)
        return outcome_zone;
    int64_t us = hour * KDB_US_PER_HOUR + minute * KDB_US_PER_MINUTE + second * KDB_US_PER_SECOND;
    parsed->zone_us = is_west ? -us : us;
    return outcome_ok;
}

static bool is_utc(kdb_slice word)
{
    return kdb_slice_equal_nocase(word, KDB_LIT("z")) ||
           kdb_slice_equal_nocase(word, KDB_LIT("utc")) ||
           kdb_slice_equal_nocase(word, KDB_LIT("gmt"));
}

// The zone, an era, blanks: what may follow date and time.
static enum outcome parse_tail(struct cursor *cursor, struct parsed *parsed)
{
    bool has_zone = false;
    for (skip_blanks(cursor); cursor->at < cursor->end; skip_blanks(cursor)) {
        if ((peek(cursor) == '+' || peek(cursor) == '-') && !has_zone) {
            enum outcome outcome = parse_offset(cursor, parsed);
            if (outcome != outcome_ok)
                return outcome;
            has_zone = true;
            continue;
        }
        kdb_slice word = take_word(cursor);
        if (kdb_slice_equal_nocase(word, KDB_LIT("bc")))
            return outcome_before_christ;
        if (is_utc(word) && !has_zone)
            has_zone = true;
        else if (memchr(word.data, '/', word.len) && !has_zone)
            return outcome_no_zones;
        else if (!kdb_slice_equal_nocase(word, KDB_LIT("ad")))
            return outcome_syntax;
    }
    return outcome_ok;
}

static enum outcome parse_keyword(kdb_slice text, struct parsed *parsed)
{
    static const char *const clock_words[] = {"now", "today", "tomorrow", "yesterday"};
    if (kdb_slice_equal_nocase(text, KDB_LIT("epoch"))) {
        *parsed =
            (struct parsed){.has_date = true, .has_time = true, .year = 1970, .month = 1, .day = 1};
        return outcome_ok;
    }
    for (size_t i = 0; i < sizeof(clock_words) / sizeof(clock_words[0]); i++) {
        if (kdb_slice_equal_nocase(text, kdb_slice_cstr(clock_words[i])))
            return outcome_clock;
    }
    if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        text = kdb_slice_skip(text, 1);
    return kdb_slice_equal_nocase(text, KDB_LIT("infinity")) ? outcome_infinity : outcome_syntax;
}

// Whether the digits ahead belong to a time: a colon follows them.
static bool is_time_ahead(const struct cursor *cursor)
{
    const char *at = cursor->at;
    while (at < cursor->end && is_digit(*at))
        at++;
    return at > cursor->at && at < cursor->end && *at == ':';
}

static enum outcome parse_all(kdb_slice text, struct parsed *ret_parsed)
{
    text = kdb_slice_trim(text);
    struct parsed parsed = {0};
    struct cursor cursor = {text.data, text.data + text.len};
    enum outcome outcome = outcome_ok;
    if (text.len == 0)
        return outcome_syntax;
    if (!is_digit(text.data[0]))
        return parse_keyword(text, ret_parsed);
    if (!is_time_ahead(&cursor)) {
        outcome = parse_date(&cursor, &parsed);
        if (outcome != outcome_ok)
            return outcome;
        struct cursor after_date = cursor;
        skip_blanks(&cursor);
        bool has_t = cursor.at == after_date.at && (peek(&cursor) == 'T' || peek(&cursor) == 't');
        cursor.at += has_t;
        if (is_time_ahead(&cursor) != has_t && cursor.at == after_date.at + has_t)
            return outcome_syntax;
        if (cursor.at == after_date.at && peek(&cursor) == '-')
            return outcome_syntax; // a fourth number, not a zone
    }
    if (is_time_ahead(&cursor))
        outcome = parse_time(&cursor, &parsed);
    if (outcome == outcome_ok)
        outcome = parse_tail(&cursor, &parsed);
    *ret_parsed = parsed;
    return outcome;
}

static kdb_status fail(struct kdb_ctx *ctx, enum outcome outcome, const char *type, kdb_slice text)
{
    switch (outcome) {
    case outcome_syntax:
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "invalid input syntax for type %s: \"%.*s\"",
                        type, KDB_ARG(text));
    case outcome_field:
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "date/time field value out of range: \"%.*s\"",
                        KDB_ARG(text));
    case outcome_zone:
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "time zone displacement out of range: \"%.*s\"",
                        KDB_ARG(text));
    case outcome_no_zones:
        return kdb_fail(
            ctx, KDB_ERR_INVALID_VALUE,
            "time zone names are not supported, write an offset such as +02:00: \"%.*s\"",
            KDB_ARG(text));
    case outcome_infinity:
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "type %s cannot hold infinity: \"%.*s\"", type,
                        KDB_ARG(text));
    case outcome_before_christ:
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE,
                        "years before Christ are not supported: \"%.*s\"", KDB_ARG(text));
    case outcome_clock:
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE,
                        "\"%.*s\" is not supported as text, use NOW() or CURRENT_DATE",
                        KDB_ARG(text));
    case outcome_ok:
        break;
    }
    return KDB_OK;
}

kdb_status kdb_date_parse(kdb_slice text, struct kdb_ctx *ctx, int64_t *ret_days)
{
    struct parsed parsed;
    enum outcome outcome = parse_all(text, &parsed);
    if (outcome == outcome_ok && !parsed.has_date)
        outcome = outcome_syntax;
    if (outcome != outcome_ok)
        return fail(ctx, outcome, "date", text);
    *ret_days = kdb_civil_days(parsed.year, (int)parsed.month, (int)parsed.day);
    return KDB_OK;
}

kdb_status kdb_time_parse(kdb_slice text, struct kdb_ctx *ctx, int64_t *ret_us)
{
    struct parsed parsed;
    enum outcome outcome = parse_all(text, &parsed);
    if (outcome == outcome_ok && !parsed.has_time)
        outcome = outcome_syntax;
    if (outcome == outcome_ok && parsed.us > KDB_US_PER_DAY)
        outcome = outcome_field;
    if (outcome != outcome_ok)
        return fail(ctx, outcome, "time", text);
    *ret_us = parsed.us;
    return KDB_OK;
}

kdb_status kdb_timestamp_parse(kdb_slice text, struct kdb_ctx *ctx, bool applies_zone,
                               int64_t *ret_us)
{
    struct parsed parsed;
    enum outcome outcome = parse_all(text, &parsed);
    if (outcome == outcome_ok && !parsed.has_date)
        outcome = outcome_syntax;
    if (outcome != outcome_ok)
        return fail(ctx, outcome, applies_zone ? "timestamp with time zone" : "timestamp", text);
    if (parsed.year > TIMESTAMP_YEAR_MAX)
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "timestamp out of range: \"%.*s\"",
                        KDB_ARG(text));
    int64_t days = kdb_civil_days(parsed.year, (int)parsed.month, (int)parsed.day);
    *ret_us = days * KDB_US_PER_DAY + parsed.us - (applies_zone ? parsed.zone_us : 0);
    return KDB_OK;
}
