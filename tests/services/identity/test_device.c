/* test_device.c - a User-Agent becomes two words of ours. */
#include "device.h"
#include <criterion/criterion.h>

static const struct {
    const char *agent, *words;
} known[] = {
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox, Windows"},
    {"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
     "Chrome, Windows"},
    {"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Safari/537.36 Edg/138.0",
     "Edge, Windows"},
    {"Mozilla/5.0 (Linux; Android 14; SM-A556E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0 Mobile "
     "Safari/537.36",
     "Chrome, Android"},
    {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 "
     "Mobile/15E148 Safari/604.1",
     "Safari, iPhone"},
    {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 coc_coc_browser/130.0 Chrome/124.0 Safari/537.36",
     "Cốc Cốc, Linux"},
    {"hocvu/1", "hocvu"},
    {"Something (Windows NT 10.0)", "Windows"},
    {"", ""},
    {"Firefo", ""},
    {"<script>alert(1)</script>", ""},
    {"Lê Văn Nam 001234567890", ""},
};

Test(device, words)
{
    char words[DEVICE_TEXT + 1];
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        device_words((struct span){known[i].agent, (uint32_t)strlen(known[i].agent)}, words);
        cr_expect_str_eq(words, known[i].words, "%s: %s", known[i].agent, words);
    }
    device_words((struct span){NULL, 0}, words);
    cr_expect_str_eq(words, "");
}
