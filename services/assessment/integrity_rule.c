/* integrity_rule.c - answers faster than readable, and bursts; see integrity_rule.h. */
#include "integrity_rule.h"

uint32_t rule_too_fast(const struct save_moment *saves, uint32_t n, int64_t started_us,
                       const uint32_t chars[INTEGRITY_POSITIONS], uint32_t chars_per_second,
                       struct fast_answer *ret_fast)
{
    bool seen[INTEGRITY_POSITIONS + 1] = {false};
    int64_t before_us = started_us;
    uint32_t found = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint16_t position = saves[i].position;
        int64_t took_us = saves[i].at_us - before_us;
        before_us = saves[i].at_us;
        if (!position || position > INTEGRITY_POSITIONS || saves[i].blank || seen[position])
            continue;
        seen[position] = true;
        uint64_t needed_us = (uint64_t)chars[position - 1] * 1000000 / chars_per_second;
        if (took_us < 0 || (uint64_t)took_us >= needed_us)
            continue;
        ret_fast[found++] = (struct fast_answer){
            .position = position, .took_ms = (uint32_t)(took_us / 1000), .needed_ms = (uint32_t)(needed_us / 1000)};
    }
    return found;
}

/* A window slides over the log; how often each position stands in it says how many different ones there are. */
uint32_t rule_burst(const struct save_moment *saves, uint32_t n, int64_t window_us)
{
    uint32_t times[INTEGRITY_POSITIONS + 1] = {0};
    uint32_t different = 0, most = 0, first = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (saves[i].position > INTEGRITY_POSITIONS)
            continue;
        while (first < i && (saves[i].at_us - saves[first].at_us > window_us || saves[i].at_us < saves[first].at_us)) {
            uint16_t gone = saves[first++].position;
            if (gone <= INTEGRITY_POSITIONS && times[gone] && !--times[gone])
                different--;
        }
        if (!times[saves[i].position]++)
            different++;
        if (different > most)
            most = different;
    }
    return most;
}
