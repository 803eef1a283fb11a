/*
 * text.c - text forms of single values: UUID, time, date, integer, base64url, UTF-8, JSON strings.
 */
#include "text.h"
#include "codec.h"

#include <string.h>

static const char HEX[] = "0123456789abcdef";

/* UUID */

void uuid_format(const struct uuid *uuid, char ret[UUID_TEXT])
{
    char *to = ret;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *to++ = '-';
        *to++ = HEX[uuid->b[i] >> 4];
        *to++ = HEX[uuid->b[i] & 15];
    }
    *to = '\0';
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int uuid_parse(struct span text, struct uuid *ret_uuid)
{
    struct uuid uuid;
    if (text.n != UUID_TEXT - 1)
        return -1;
    const char *from = text.p;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (*from++ != '-')
                return -1;
        }
        int high = hex_digit(from[0]), low = hex_digit(from[1]);
        if (high < 0 || low < 0)
            return -1;
        uuid.b[i] = (uint8_t)(high << 4 | low);
        from += 2;
    }
    *ret_uuid = uuid;
    return 0;
}

/* Calendar: proleptic Gregorian, as RFC 3339 and PostgreSQL count. */

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)

struct day {
    int year, month, day;
};

/*
 * Both conversions count in eras of 400 years (146097 days) from 1 March of year 0, so that the leap day is the last
 * day of a year; 719468 days lie between that and 1970-01-01.
 */
static int32_t days_from(struct day d)
{
    int year = d.month <= 2 ? d.year - 1 : d.year;
    int era = year / 400, in_era = year % 400; /* years 1 to 9999: year is never negative */
    int in_year = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static struct day days_to(int32_t days)
{
    int z = days + 719468;
    int era = z / 146097, of_era = z % 146097;
    int in_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int in_year = of_era - (365 * in_era + in_era / 4 - in_era / 100);
    int m = (5 * in_year + 2) / 153;
    struct day d = {
        .year = in_era + era * 400, .month = m < 10 ? m + 3 : m - 9, .day = in_year - (153 * m + 2) / 5 + 1};
    d.year += d.month <= 2;
    return d;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

/* Writes `value` with exactly n digits. */
static char *put_digits(char *to, int value, int n)
{
    for (int i = n - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + n;
}

/* Reads exactly n digits; -1 when there are others. The caller knows that n bytes are there. */
static int get_digits(const char *from, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (from[i] < '0' || from[i] > '9')
            return -1;
        value = value * 10 + (from[i] - '0');
    }
    return value;
}

static char *put_date(char *to, int32_t days)
{
    struct day d = days_to(days);
    to = put_digits(to, d.year, 4);
    *to++ = '-';
    to = put_digits(to, d.month, 2);
    *to++ = '-';
    return put_digits(to, d.day, 2);
}

/* The ten characters YYYY-MM-DD. */
static int get_date(const char *from, int32_t *ret_days)
{
    struct day d = {get_digits(from, 4), get_digits(from + 5, 2), get_digits(from + 8, 2)};
    if (from[4] != '-' || from[7] != '-' || d.year < 1 || d.month < 1 || d.month > 12 || d.day < 1 ||
        d.day > month_days(d.year, d.month))
        return -1;
    *ret_days = days_from(d);
    return 0;
}

void date_format(int32_t days, char ret[DATE_TEXT])
{
    days = days < DATE_MIN ? DATE_MIN : days > DATE_MAX ? DATE_MAX : days;
    *put_date(ret, days) = '\0';
}

int date_parse(struct span text, int32_t *ret_days)
{
    return text.n == 10 ? get_date(text.p, ret_days) : -1;
}

void time_format(int64_t us, char ret[TIME_TEXT])
{
    us = us < TIME_MIN ? TIME_MIN : us > TIME_MAX ? TIME_MAX : us;
    int64_t day = us / DAY_US;
    if (us % DAY_US < 0)
        day--;
    int64_t in_day = us - day * DAY_US;
    int second = (int)(in_day / SECOND_US), fraction = (int)(in_day % SECOND_US);
    char *to = put_date(ret, (int32_t)day);
    *to++ = 'T';
    to = put_digits(to, second / 3600, 2);
    *to++ = ':';
    to = put_digits(to, second / 60 % 60, 2);
    *to++ = ':';
    to = put_digits(to, second % 60, 2);
    *to++ = '.';
    to = put_digits(to, fraction, 6);
    *to++ = 'Z';
    *to = '\0';
}

/* Z or an offset such as +07:00, in seconds, up to the end of the text. */
static int get_offset(const char *from, const char *end, int *ret_seconds)
{
    if (end - from == 1 && (*from == 'Z' || *from == 'z')) {
        *ret_seconds = 0;
        return 0;
    }
    if (end - from != 6 || (from[0] != '+' && from[0] != '-') || from[3] != ':')
        return -1;
    int hours = get_digits(from + 1, 2), minutes = get_digits(from + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return -1;
    int seconds = (hours * 60 + minutes) * 60;
    *ret_seconds = from[0] == '-' ? -seconds : seconds;
    return 0;
}

/* Leap seconds stand at the end of June and December, UTC. `us` is the moment after the 59th second. */
static bool may_leap(int64_t us)
{
    if (us % DAY_US >= SECOND_US || us % DAY_US < 0)
        return false;
    struct day next = days_to((int32_t)(us / DAY_US));
    return next.day == 1 && (next.month == 1 || next.month == 7);
}

int time_parse(struct span text, int64_t *ret_us)
{
    int32_t days;
    if (text.n < 20 || get_date(text.p, &days) || (text.p[10] != 'T' && text.p[10] != 't') || text.p[13] != ':' ||
        text.p[16] != ':')
        return -1;
    const char *end = text.p + text.n;
    int hour = get_digits(text.p + 11, 2), minute = get_digits(text.p + 14, 2), second = get_digits(text.p + 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return -1;

    const char *at = text.p + 19;
    int64_t fraction = 0;
    if (*at == '.') {
        int digits = 0;
        for (at++; at < end && *at >= '0' && *at <= '9'; at++, digits++) {
            if (digits < 6)
                fraction = fraction * 10 + (*at - '0');
        }
        if (digits == 0 || digits > 9)
            return -1;
        for (; digits < 6; digits++)
            fraction *= 10;
    }
    int offset;
    if (get_offset(at, end, &offset))
        return -1;

    /* Second 60 becomes the first second after it, because a day has 86400 seconds here as in POSIX. */
    int64_t us = days * DAY_US + (hour * 3600 + minute * 60 + second - offset) * SECOND_US + fraction;
    if (us < TIME_MIN || us > TIME_MAX || (second == 60 && !may_leap(us)))
        return -1;
    *ret_us = us;
    return 0;
}

/* Integers */

int int_parse(struct span text, int64_t *ret_value)
{
    const char *p = text.p, *end = text.p + text.n;
    bool negative = p < end && *p == '-';
    p += negative;
    if (p == end || (*p == '0' && (end - p > 1 || negative)))
        return -1;
    uint64_t most = negative ? (uint64_t)INT64_MAX + 1 : (uint64_t)INT64_MAX;
    uint64_t value = 0;
    bool over = false;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9')
            return -1;
        uint64_t digit = (uint64_t)(*p - '0');
        over = over || value > (most - digit) / 10;
        value = over ? 0 : value * 10 + digit;
    }
    if (over)
        return 1;
    *ret_value = negative ? (int64_t)(~value + 1) : (int64_t)value;
    return 0;
}

/* UTF-8 and JSON strings */

size_t utf8_sequence(const unsigned char *p, const unsigned char *end)
{
    size_t left = (size_t)(end - p);
    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xc2)
        return 0;
    if (p[0] < 0xe0)
        return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if (p[0] < 0xf0) {
        /* e0: no overlong form; ed: no surrogates */
        unsigned low = p[0] == 0xe0 ? 0xa0 : 0x80, high = p[0] == 0xed ? 0x9f : 0xbf;
        return left >= 3 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 ? 3 : 0;
    }
    if (p[0] < 0xf5) {
        /* f0: no overlong form; f4: nothing above U+10FFFF */
        unsigned low = p[0] == 0xf0 ? 0x90 : 0x80, high = p[0] == 0xf4 ? 0x8f : 0xbf;
        return left >= 4 && p[1] >= low && p[1] <= high && (p[2] & 0xc0) == 0x80 && (p[3] & 0xc0) == 0x80 ? 4 : 0;
    }
    return 0;
}

bool utf8_valid(struct span text)
{
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n;
    while (p < end) {
        /* Eight bytes of ASCII without NUL at once: the high bit of (byte - 1) is set for 0 alone among 0 to 127. */
        uint64_t eight;
        if (end - p >= 8) {
            memcpy(&eight, p, 8);
            if (!((eight | (eight - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080))) {
                p += 8;
                continue;
            }
        }
        size_t n = *p ? utf8_sequence(p, end) : 0;
        if (!n)
            return false;
        p += n;
    }
    return true;
}

/* Short escape of a character that JSON cannot hold as it is: the letter, 'u' for the long form, 0 for none. */
static const char json_escape[128] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',         'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

void json_add_string(struct buf *out, struct span text)
{
    const unsigned char *p = (const unsigned char *)text.p, *end = p + text.n, *from = p;
    if (!utf8_valid(text)) {
        out->failed = true;
        return;
    }
    buf_add_char(out, '"');
    for (; p < end; p++) {
        char escape = *p < 128 ? json_escape[*p] : 0;
        if (!escape)
            continue;
        buf_add(out, from, (size_t)(p - from));
        from = p + 1;
        if (escape == 'u') {
            char code[6] = {'\\', 'u', '0', '0', HEX[*p >> 4], HEX[*p & 15]};
            buf_add(out, code, sizeof code);
        } else {
            char two[2] = {'\\', escape};
            buf_add(out, two, sizeof two);
        }
    }
    buf_add(out, from, (size_t)(p - from));
    buf_add_char(out, '"');
}

/* base64url */

static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_add(struct buf *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    char *to = buf_room(out, n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0));
    if (!to)
        return;
    char *at = to;
    for (; n >= 3; n -= 3, p += 3) {
        uint32_t three = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        *at++ = BASE64[three >> 18];
        *at++ = BASE64[three >> 12 & 63];
        *at++ = BASE64[three >> 6 & 63];
        *at++ = BASE64[three & 63];
    }
    if (n > 0) {
        uint32_t three = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0);
        *at++ = BASE64[three >> 18];
        *at++ = BASE64[three >> 12 & 63];
        if (n > 1)
            *at++ = BASE64[three >> 6 & 63];
    }
    out->n += (size_t)(at - to);
}

size_t base64url_bytes(size_t n)
{
    return n / 4 * 3 + (n % 4 ? n % 4 - 1 : 0);
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int base64url_parse(struct arena *arena, struct span text, struct span *ret_bytes)
{
    if (text.n % 4 == 1)
        return -1;
    size_t n = base64url_bytes(text.n);
    for (uint32_t i = 0; i < text.n; i++) {
        if (base64_digit(text.p[i]) < 0)
            return -1;
    }
    /* Bits that stand for nothing must be zero, so that bytes have one text. */
    uint32_t idle = text.n % 4 == 2 ? 15 : text.n % 4 == 3 ? 3 : 0;
    if (idle && (uint32_t)base64_digit(text.p[text.n - 1]) & idle)
        return -1;
    char *to = arena_alloc(arena, n);
    if (!to)
        return 1;
    uint32_t bits = 0, have = 0;
    char *at = to;
    for (uint32_t i = 0; i < text.n; i++) {
        bits = bits << 6 | (uint32_t)base64_digit(text.p[i]);
        have += 6;
        if (have >= 8) {
            have -= 8;
            *at++ = (char)(bits >> have & 0xff);
        }
    }
    *ret_bytes = (struct span){to, (uint32_t)n};
    return 0;
}
