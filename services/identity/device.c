/* device.c - see device.h. */
#include "device.h"
#include <stdio.h>
#include <string.h>

/* The first that stands in the text is meant: browsers also name those that they want to be taken for. */
struct mark {
    const char *mark, *word;
};
static const struct mark browsers[] = {
    {"hocvu", "hocvu"},    {"coc_coc_browser", "Cốc Cốc"},
    {"Zalo/", "Zalo"},     {"SamsungBrowser/", "Samsung"},
    {"EdgA/", "Edge"},     {"EdgiOS/", "Edge"},
    {"Edg/", "Edge"},      {"OPR/", "Opera"},
    {"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
    {"CriOS/", "Chrome"},  {"Chrome/", "Chrome"},
    {"Safari/", "Safari"}, {"curl/", "curl"},
    {"python", "Python"},  {"okhttp/", "Android"},
};
static const struct mark systems[] = {
    {"iPhone", "iPhone"},  {"iPad", "iPad"},     {"Android", "Android"}, {"Windows", "Windows"},
    {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
};

static const char *find(const struct mark *marks, size_t n, struct span text)
{
    for (size_t i = 0; i < n; i++) {
        if (text.n && memmem(text.p, text.n, marks[i].mark, strlen(marks[i].mark)))
            return marks[i].word;
    }
    return "";
}

void device_words(struct span user_agent, char ret_words[DEVICE_TEXT + 1])
{
    const char *browser = find(browsers, sizeof(browsers) / sizeof(browsers[0]), user_agent);
    const char *system = find(systems, sizeof(systems) / sizeof(systems[0]), user_agent);
    snprintf(ret_words, DEVICE_TEXT + 1, "%s%s%s", browser, *browser && *system ? ", " : "", system);
}
