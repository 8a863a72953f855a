// SPDX-License-Identifier: Apache-2.0
// Reading intervals.
//
// The verbose form is read from its last field to the first, so that a unit is known before its
// number. A field may appear once. Numbers are a whole part, exact, and a fraction, which is handed
// down to the next smaller unit.
#include <math.h>

#include "base/assert.h"
#include "base/double_text.h"
#include "types/interval.h"

#define FIELDS_MAX     32
#define DAYS_PER_MONTH 30

enum outcome { outcome_ok, outcome_syntax, outcome_field, outcome_range, outcome_infinity };

// One field of the verbose form: "-3.5", "1-2", "04:05:06", "days".
struct field {
    char kind; // 'n' number or years-months, 't' time, 'w' word
    kdb_slice text;
};

struct number {
    int64_t whole;
    double fraction; // same sign, below 1
};

// The sum so far, in parts that cannot overflow unnoticed.
struct sum {
    int64_t months;
    int64_t days;
    int64_t micros;
    uint32_t seen; // a bit per kdb_unit
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

// Scales a fraction to microseconds and adds it, rounded.
static bool add_fraction(struct sum *sum, double fraction, double scale)
{
    double scaled = fraction * scale;
    int64_t us = (int64_t)scaled;
    double rest = scaled - (double)us;
    us += (rest > 0.5 ? 1 : 0) - (rest < -0.5 ? 1 : 0);
    return !__builtin_add_overflow(sum->micros, us, &sum->micros);
}

static bool add_micros(struct sum *sum, struct number number, int64_t scale)
{
    int64_t us;
    return !__builtin_mul_overflow(number.whole, scale, &us) &&
           !__builtin_add_overflow(sum->micros, us, &sum->micros) &&
           add_fraction(sum, number.fraction, (double)scale);
}

static bool add_whole(int64_t *total, int64_t number, int64_t scale)
{
    int64_t scaled;
    return !__builtin_mul_overflow(number, scale, &scaled) &&
           !__builtin_add_overflow(*total, scaled, total) && *total >= INT32_MIN &&
           *total <= INT32_MAX;
}

// Days with a fraction that becomes days and time.
static bool add_days(struct sum *sum, struct number number, int64_t scale)
{
    double fraction = number.fraction * (double)scale;
    int64_t days = (int64_t)fraction;
    return add_whole(&sum->days, number.whole, scale) && add_whole(&sum->days, days, 1) &&
           add_fraction(sum, fraction - (double)days, (double)KDB_US_PER_DAY);
}

static bool add_months(struct sum *sum, struct number number)
{
    return add_whole(&sum->months, number.whole, 1) &&
           add_days(sum, (struct number){.fraction = number.fraction}, DAYS_PER_MONTH);
}

static bool add_years(struct sum *sum, struct number number, int64_t scale)
{
    // Whole years have their own 32 bits in PostgreSQL; the sum in months is checked at the end.
    int64_t years;
    return !__builtin_mul_overflow(number.whole, scale, &years) && years >= INT32_MIN &&
           years <= INT32_MAX && !__builtin_add_overflow(sum->months, years * 12, &sum->months) &&
           !__builtin_add_overflow(sum->months, (int64_t)rint(number.fraction * (double)scale * 12),
                                   &sum->months);
}

static bool add_unit(struct sum *sum, kdb_unit unit, struct number number)
{
    switch (unit) {
    case KDB_UNIT_MICROSECOND:
        return add_micros(sum, number, 1);
    case KDB_UNIT_MILLISECOND:
        return add_micros(sum, number, 1000);
    case KDB_UNIT_SECOND:
        return add_micros(sum, number, KDB_US_PER_SECOND);
    case KDB_UNIT_MINUTE:
        return add_micros(sum, number, KDB_US_PER_MINUTE);
    case KDB_UNIT_HOUR:
        return add_micros(sum, number, KDB_US_PER_HOUR);
    case KDB_UNIT_DAY:
        return add_days(sum, number, 1);
    case KDB_UNIT_WEEK:
        return add_days(sum, number, 7);
    case KDB_UNIT_MONTH:
        return add_months(sum, number);
    case KDB_UNIT_YEAR:
        return add_years(sum, number, 1);
    case KDB_UNIT_DECADE:
        return add_years(sum, number, 10);
    case KDB_UNIT_CENTURY:
        return add_years(sum, number, 100);
    case KDB_UNIT_MILLENNIUM:
        return add_years(sum, number, 1000);
    case KDB_UNIT_QUARTER:
    case KDB_UNIT_EPOCH:
    case KDB_UNIT_DOW:
    case KDB_UNIT_ISODOW:
    case KDB_UNIT_DOY:
    case KDB_UNIT_ISOYEAR:
    case KDB_UNIT_JULIAN:
    case KDB_UNIT_TIMEZONE:
    case KDB_UNIT_TIMEZONE_HOUR:
    case KDB_UNIT_TIMEZONE_MINUTE:
        break;
    }
    KDB_UNREACHABLE();
}

// [+-]digits[.digits] at the front of `text`; how many bytes it took, 0 when there is no number.
static size_t read_number(kdb_slice text, struct number *ret_number, bool *ret_is_too_large)
{
    size_t at = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+') ? 1 : 0;
    size_t start = at;
    char fraction[32] = "0.";
    size_t len = 2;
    while (at < text.len && is_digit(text.data[at]))
        at++;
    size_t digits = at - start;
    *ret_number = (struct number){0};
    *ret_is_too_large =
        digits > 0 && !kdb_slice_to_i64(kdb_slice_of(text.data, at), &ret_number->whole);
    if (at < text.len && text.data[at] == '.') {
        for (at++; at < text.len && is_digit(text.data[at]); at++) {
            digits++;
            if (len < sizeof(fraction))
                fraction[len++] = text.data[at];
        }
        if (len > 2 && !kdb_double_parse(kdb_slice_of(fraction, len), &ret_number->fraction))
            return 0;
        if (text.data[0] == '-')
            ret_number->fraction = -ret_number->fraction;
    }
    return digits > 0 ? at : 0;
}

// Cuts the text into fields; punctuation between them is skipped.
static enum outcome split(kdb_slice text, struct field *fields, int *ret_count)
{
    int count = 0;
    size_t at = 0;
    while (at < text.len) {
        char c = text.data[at];
        size_t start = at;
        if (is_blank(c) || c == '@') {
            at++;
            continue;
        }
        if (count == FIELDS_MAX)
            return outcome_syntax;
        struct field *field = &fields[count++];
        if (is_letter(c)) {
            while (at < text.len && is_letter(text.data[at]))
                at++;
            *field = (struct field){'w', kdb_slice_of(text.data + start, at - start)};
            continue;
        }
        if (c == '+' || c == '-')
            at++;
        field->kind = 'n';
        for (size_t first = at; at < text.len; at++) {
            c = text.data[at];
            if (c == ':')
                field->kind = 't';
            else if (!is_digit(c) && c != '.' && (c != '-' || at == first))
                break;
        }
        field->text = kdb_slice_of(text.data + start, at - start);
        if (at == start)
            return outcome_syntax;
    }
    *ret_count = count;
    return outcome_ok;
}

// One of the two or three numbers of a time, without sign; false when there is none.
static bool take_part(kdb_slice *rest, struct number *ret_number, enum outcome *outcome)
{
    bool is_too_large = false;
    if (rest->len == 0 || !is_digit(rest->data[0]))
        return false;
    *rest = kdb_slice_skip(*rest, read_number(*rest, ret_number, &is_too_large));
    if (is_too_large)
        *outcome = outcome_field;
    return true;
}

// hh:mm, hh:mm:ss[.f] or mm:ss.f, with a sign for all of it.
static enum outcome add_time(struct sum *sum, kdb_slice text)
{
    bool is_negative = text.data[0] == '-';
    struct number parts[3] = {0};
    int count = 1;
    enum outcome outcome = outcome_ok;
    if (is_negative || text.data[0] == '+')
        text = kdb_slice_skip(text, 1);
    if (!take_part(&text, &parts[0], &outcome))
        return outcome_syntax;
    for (; count < 3 && text.len > 0; count++) {
        if (text.data[0] != ':')
            return outcome_syntax;
        text = kdb_slice_skip(text, 1);
        if (!take_part(&text, &parts[count], &outcome))
            return outcome_syntax;
    }
    if (count < 2 || text.len > 0 || parts[0].fraction != 0 ||
        (count == 3 && parts[1].fraction != 0))
        return outcome_syntax;
    if (count == 2 && parts[1].fraction != 0) {
        parts[2] = parts[1];
        parts[1] = parts[0];
        parts[0] = (struct number){0};
    }
    if (outcome != outcome_ok || parts[1].whole > 59 || parts[2].whole > 60)
        return outcome_field;
    // Seconds are rounded to even, as in every time; fractions of units (add_fraction) are not.
    struct sum time = {.micros = (int64_t)rint(parts[2].fraction * (double)KDB_US_PER_SECOND)};
    parts[2].fraction = 0;
    if (!add_micros(&time, parts[0], KDB_US_PER_HOUR) ||
        !add_micros(&time, parts[1], KDB_US_PER_MINUTE) ||
        !add_micros(&time, parts[2], KDB_US_PER_SECOND) ||
        __builtin_add_overflow(sum->micros, is_negative ? -time.micros : time.micros, &sum->micros))
        return outcome_field;
    return outcome_ok;
}

// years-months.
static enum outcome add_year_month(struct sum *sum, int64_t years, bool is_negative,
                                   kdb_slice months)
{
    int64_t number;
    if (!kdb_slice_to_i64(months, &number))
        return outcome_syntax;
    if (number < 0 || number >= 12 || !add_years(sum, (struct number){.whole = years}, 1) ||
        !add_whole(&sum->months, is_negative ? -number : number, 1))
        return outcome_field;
    return outcome_ok;
}

static bool mark(struct sum *sum, uint32_t bits)
{
    bool is_first = (sum->seen & bits) == 0;
    sum->seen |= bits;
    return is_first;
}

#define BIT(unit)       (UINT32_C(1) << (unit))
#define SUB_SECOND_BITS (BIT(KDB_UNIT_MILLISECOND) | BIT(KDB_UNIT_MICROSECOND))
#define TIME_BITS                                                                                  \
    (BIT(KDB_UNIT_HOUR) | BIT(KDB_UNIT_MINUTE) | BIT(KDB_UNIT_SECOND) | SUB_SECOND_BITS)

// A number counts `*unit`; after hours and times, a number without a unit counts days.
static enum outcome add_number(struct sum *sum, kdb_slice text, kdb_unit *unit)
{
    struct number number;
    bool is_too_large = false;
    size_t taken = read_number(text, &number, &is_too_large);
    if (taken == 0)
        return outcome_syntax;
    if (is_too_large)
        return outcome_field;
    kdb_slice rest = kdb_slice_skip(text, taken);
    if (rest.len > 0 && rest.data[0] == '-') {
        *unit = KDB_UNIT_MONTH;
        if (!mark(sum, BIT(KDB_UNIT_MONTH)))
            return outcome_syntax;
        return add_year_month(sum, number.whole, text.data[0] == '-', kdb_slice_skip(rest, 1));
    }
    uint32_t bits = BIT(*unit);
    if (*unit == KDB_UNIT_SECOND && number.fraction != 0)
        bits |= SUB_SECOND_BITS;
    if (rest.len > 0 || !mark(sum, bits))
        return outcome_syntax;
    if (!add_unit(sum, *unit, number))
        return outcome_field;
    if (*unit == KDB_UNIT_HOUR)
        *unit = KDB_UNIT_DAY;
    return outcome_ok;
}

static bool unit_of_word(kdb_slice word, kdb_unit *ret_unit)
{
    return kdb_unit_from_text(word, ret_unit) && *ret_unit <= KDB_UNIT_MILLENNIUM &&
           *ret_unit != KDB_UNIT_QUARTER;
}

static enum outcome parse_verbose(kdb_slice text, kdb_unit unit, struct sum *sum)
{
    struct field fields[FIELDS_MAX];
    int count = 0;
    enum outcome outcome = split(text, fields, &count);
    bool is_ago = outcome == outcome_ok && count > 0 && fields[count - 1].kind == 'w' &&
                  kdb_slice_equal_nocase(fields[count - 1].text, KDB_LIT("ago"));
    bool has_unit = false; // a unit that still waits for its number
    for (int i = count - 1 - is_ago; i >= 0 && outcome == outcome_ok; i--) {
        if (fields[i].kind == 'w') {
            if (has_unit || !unit_of_word(fields[i].text, &unit))
                return outcome_syntax;
            has_unit = true;
        } else if (fields[i].kind == 't') {
            outcome =
                has_unit || !mark(sum, TIME_BITS) ? outcome_syntax : add_time(sum, fields[i].text);
            unit = KDB_UNIT_DAY;
        } else {
            outcome = add_number(sum, fields[i].text, &unit);
            has_unit = false;
        }
    }
    if (outcome != outcome_ok || has_unit || sum->seen == 0)
        return outcome != outcome_ok ? outcome : outcome_syntax;
    if (is_ago && sum->micros == INT64_MIN)
        return outcome_range;
    if (is_ago)
        *sum = (struct sum){.months = -sum->months, .days = -sum->days, .micros = -sum->micros};
    return outcome_ok;
}

// The unit an ISO 8601 designator stands for, before or after the T; false for anything else.
static bool unit_of_designator(char designator, bool is_time, kdb_unit *ret_unit)
{
    static const struct {
        char designator;
        bool is_time;
        kdb_unit unit;
    } designators[] = {
        {'Y', false, KDB_UNIT_YEAR},  {'M', false, KDB_UNIT_MONTH}, {'W', false, KDB_UNIT_WEEK},
        {'D', false, KDB_UNIT_DAY},   {'H', true, KDB_UNIT_HOUR},   {'M', true, KDB_UNIT_MINUTE},
        {'S', true, KDB_UNIT_SECOND},
    };
    for (size_t i = 0; i < sizeof(designators) / sizeof(designators[0]); i++) {
        if (designators[i].designator == designator && designators[i].is_time == is_time) {
            *ret_unit = designators[i].unit;
            return true;
        }
    }
    return false;
}

// P[nY][nM][nW][nD][T[nH][nM][nS]], behind the P.
static enum outcome parse_designators(kdb_slice text, struct sum *sum)
{
    bool is_time = false;
    bool has_any = false;
    while (text.len > 0) {
        struct number number;
        bool is_too_large = false;
        kdb_unit unit;
        if (text.data[0] == 'T' && !is_time) {
            is_time = true;
            text = kdb_slice_skip(text, 1);
            continue;
        }
        size_t taken = read_number(text, &number, &is_too_large);
        if (taken == 0 || taken == text.len ||
            !unit_of_designator(text.data[taken], is_time, &unit))
            return outcome_syntax;
        if (is_too_large || !add_unit(sum, unit, number))
            return outcome_field;
        text = kdb_slice_skip(text, taken + 1);
        has_any = true;
    }
    return has_any ? outcome_ok : outcome_syntax;
}

// Pyyyy-mm-dd[Thh:mm:ss], behind the P.
static enum outcome parse_alternative(kdb_slice text, struct sum *sum)
{
    static const kdb_unit date_units[] = {KDB_UNIT_YEAR, KDB_UNIT_MONTH, KDB_UNIT_DAY};
    size_t t = kdb_slice_find(text, KDB_LIT("T"), 0);
    kdb_slice date = kdb_slice_of(text.data, t == SIZE_MAX ? text.len : t);
    for (int i = 0; i < 3; i++) {
        struct number number;
        bool is_too_large = false;
        size_t taken = read_number(date, &number, &is_too_large);
        if (taken == 0 || (i < 2 && (taken == date.len || date.data[taken] != '-')))
            return outcome_syntax;
        if (is_too_large || !add_unit(sum, date_units[i], number))
            return outcome_field;
        date = kdb_slice_skip(date, taken + (i < 2 ? 1 : 0));
    }
    if (date.len > 0)
        return outcome_syntax;
    text = t == SIZE_MAX ? KDB_LIT("") : kdb_slice_skip(text, t + 1);
    return t == SIZE_MAX ? outcome_ok : text.len == 0 ? outcome_syntax : add_time(sum, text);
}

static enum outcome parse_iso(kdb_slice text, struct sum *sum)
{
    enum outcome outcome = parse_designators(text, sum);
    if (outcome != outcome_syntax)
        return outcome;
    *sum = (struct sum){0};
    return parse_alternative(text, sum);
}

static bool is_infinity(kdb_slice text)
{
    if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+'))
        text = kdb_slice_skip(text, 1);
    return kdb_slice_equal_nocase(text, KDB_LIT("infinity"));
}

kdb_status kdb_interval_parse(kdb_slice text, struct kdb_ctx *ctx, kdb_unit unit,
                              struct kdb_interval *ret_interval)
{
    struct sum sum = {0};
    kdb_slice body = kdb_slice_trim(text);
    enum outcome outcome = outcome_syntax;
    if (is_infinity(body))
        outcome = outcome_infinity;
    else if (body.len > 0 && body.data[0] == 'P')
        outcome = parse_iso(kdb_slice_skip(body, 1), &sum);
    else
        outcome = parse_verbose(body, unit, &sum);
    if (outcome == outcome_ok && (sum.months < INT32_MIN || sum.months > INT32_MAX ||
                                  sum.days < INT32_MIN || sum.days > INT32_MAX))
        outcome = outcome_range;
    switch (outcome) {
    case outcome_ok:
        break;
    case outcome_syntax:
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE,
                        "invalid input syntax for type interval: \"%.*s\"", KDB_ARG(text));
    case outcome_field:
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "interval field value out of range: \"%.*s\"",
                        KDB_ARG(text));
    case outcome_range:
        return kdb_fail(ctx, KDB_ERR_OUT_OF_RANGE, "interval out of range");
    case outcome_infinity:
        return kdb_fail(ctx, KDB_ERR_INVALID_VALUE, "type interval cannot hold infinity: \"%.*s\"",
                        KDB_ARG(text));
    }
    *ret_interval = (struct kdb_interval){
        .months = (int32_t)sum.months, .days = (int32_t)sum.days, .micros = sum.micros};
    return KDB_OK;
}
