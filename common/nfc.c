/* nfc.c - Unicode normalisation by utf8proc, into the arena. */
#include "nfc.h"
#include <ctype.h>
#include <utf8proc.h>

/*
 * ASCII and the letters of Latin scripts that are one character with their marks: U+00C0 to U+02FF, U+1E00 to U+1EFF.
 * All of them are in NFC by themselves (none decomposes there, none combines with one before), and names are made of
 * them.
 */
static bool plainly_nfc(struct span text)
{
    for (uint32_t i = 0; i < text.n; i++) {
        const unsigned char *p = (const unsigned char *)text.p + i;
        if (p[0] < 0x80)
            continue;
        if (p[0] >= 0xc3 && p[0] <= 0xcb && i + 1 < text.n && (p[1] & 0xc0) == 0x80)
            i++;
        else if (p[0] == 0xe1 && i + 2 < text.n && p[1] >= 0xb8 && p[1] <= 0xbb && (p[2] & 0xc0) == 0x80)
            i += 2;
        else
            return false;
    }
    return true;
}

static struct span trim(struct span text)
{
    while (text.n && (text.p[0] == ' ' || text.p[0] == '\t'))
        text = (struct span){text.p + 1, text.n - 1};
    while (text.n && (text.p[text.n - 1] == ' ' || text.p[text.n - 1] == '\t'))
        text.n--;
    return text;
}

static int map(struct arena *arena, struct span text, utf8proc_option_t options, struct span *ret_text)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text.p, text.n, &mapped, options);
    int wrong = -1;
    if (n >= 0 && n <= UINT32_MAX)
        wrong = arena_span(arena, (struct span){(const char *)mapped, (uint32_t)n}, ret_text);
    free(mapped);
    return wrong;
}

int nfc(struct arena *arena, struct span text, struct span *ret_text)
{
    text = trim(text);
    if (plainly_nfc(text)) {
        *ret_text = text;
        return 0;
    }
    return map(arena, text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, ret_text);
}

/* Folded, and each run of blanks turned into one space. */
static int fold(struct arena *arena, struct span text, struct span *ret_text)
{
    struct span folded;
    if (map(arena, trim(text), UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD, &folded) < 0)
        return -1;
    char *p = arena_alloc(arena, folded.n);
    uint32_t n = 0;
    if (!p)
        return -1;
    for (uint32_t i = 0; i < folded.n; i++) {
        bool blank = isspace((unsigned char)folded.p[i]);
        if (!blank || n == 0 || p[n - 1] != ' ')
            p[n++] = blank ? ' ' : folded.p[i];
    }
    *ret_text = (struct span){p, n};
    return 0;
}

bool nfc_same_name(struct arena *arena, struct span a, struct span b)
{
    if (fold(arena, a, &a) < 0 || fold(arena, b, &b) < 0 || a.n != b.n)
        return false;
    for (uint32_t i = 0; i < a.n; i++) {
        if (a.p[i] != b.p[i])
            return false;
    }
    return true;
}
