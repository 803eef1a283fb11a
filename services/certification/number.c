/* number.c - numbers of certificates: made, read, checked. */
#include "certification.h"
#include <ctype.h>

enum { PREFIX = 3, YEAR = 2, RANDOM = 10, DIGITS = YEAR + RANDOM + 1 };

static const char alphabet[33] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Value of a character, 0 to 31; -1 when it is none. People read O for 0 and I or L for 1. */
static int value_of(char c)
{
    c = (char)toupper((unsigned char)c);
    if (c == 'O')
        c = '0';
    if (c == 'I' || c == 'L')
        c = '1';
    const char *at = c ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

/*
 * The value that makes the sum of all digits, each times its own power of x in GF(32), zero. No power is zero and no
 * two are equal, so one wrong digit, or two exchanged, never leave the sum as it was.
 */
static int check_of(const int digit[YEAR + RANDOM])
{
    int sum = 0;
    for (int i = 0; i < YEAR + RANDOM; i++) {
        sum = (sum ^ digit[i]) << 1; /* times x */
        if (sum & 32)
            sum ^= 37; /* modulo x^5 + x^2 + 1 */
    }
    return sum;
}

static void write_number(const int digit[DIGITS], char ret_number[NUMBER_TEXT])
{
    char *to = ret_number;
    memcpy(to, "HVS-", 4);
    to += 4;
    for (int i = 0; i < DIGITS; i++) {
        if (i == YEAR)
            *to++ = '-';
        *to++ = alphabet[digit[i]];
    }
    *to = '\0';
}

void number_make(const char year[2], char ret_number[NUMBER_TEXT])
{
    int digit[DIGITS];
    for (int i = 0; i < YEAR; i++)
        digit[i] = value_of(year[i]);
    for (int i = YEAR; i < YEAR + RANDOM; i++)
        digit[i] = (int)randombytes_uniform(32);
    digit[DIGITS - 1] = check_of(digit);
    write_number(digit, ret_number);
}

int number_read(struct span text, char ret_number[NUMBER_TEXT])
{
    int digit[DIGITS];
    uint32_t seen = 0; /* characters of the number so far, blanks and dashes not counted */
    for (uint32_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '-' || c == ' ')
            continue;
        if (seen >= PREFIX + DIGITS)
            return -1;
        if (seen < PREFIX && toupper((unsigned char)c) != "HVS"[seen])
            return -1;
        if (seen >= PREFIX && (digit[seen - PREFIX] = value_of(c)) < 0)
            return -1;
        seen++;
    }
    if (seen != PREFIX + DIGITS || check_of(digit) != digit[DIGITS - 1])
        return -1;
    write_number(digit, ret_number);
    return 0;
}
