/*
 * roster_rows.c - writes a roster of N people as CSV: names as they occur, every number once, over the units that
 * roster.sh makes. A tool of BENCH=roster.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { PROVINCES = 34, COMMUNES = 98 /* of each province */ };

static const char *const family[] = {"Nguyễn", "Trần", "Lê",  "Phạm", "Hoàng", "Huỳnh", "Phan",  "Vũ",
                                     "Võ",     "Đặng", "Bùi", "Đỗ",   "Hồ",    "Ngô",   "Dương", "Lý"};
static const char *const middle[] = {"Thị", "Văn", "Đức", "Minh", "Thanh", "Hữu", "Quang", "Ngọc"};
static const char *const given[] = {"An",   "Bình",  "Chi",   "Dũng", "Giang", "Hà",  "Hạnh",  "Hoa",
                                    "Hùng", "Hương", "Khánh", "Lan",  "Linh",  "Mai", "Nam",   "Nga",
                                    "Phúc", "Quỳnh", "Sơn",   "Tâm",  "Thảo",  "Thu", "Trang", "Tuấn"};
static const char *const position[] = {"Chuyên viên", "Chuyên viên chính", "Cán sự",      "Kế toán viên", "Giáo viên",
                                       "Bác sĩ",      "Phó trưởng phòng",  "Trưởng phòng"};

#define PICK(list, by) (list)[(by) % (sizeof(list) / sizeof((list)[0]))]

int main(int argc, char **argv)
{
    uint64_t n = argc == 2 ? strtoull(argv[1], NULL, 10) : 0;
    if (n == 0 || n > 100000000) {
        fprintf(stderr, "usage: roster_rows ROWS\n");
        return 2;
    }
    printf("national_id,full_name,birth_date,unit_code,position,leader,roles\n");
    for (uint64_t i = 0; i < n; i++) {
        uint64_t mixed = i * UINT64_C(0x9e3779b97f4a7c15); /* the same each time, without a pattern to the eye */
        uint64_t unit = mixed >> 20;
        printf("999%09" PRIu64 ",%s %s %s,%04d-%02d-%02d,B%02d%03d,%s,%s,\n", i, PICK(family, mixed >> 8),
               PICK(middle, mixed >> 16), PICK(given, mixed >> 24), 1965 + (int)(mixed >> 40) % 40,
               1 + (int)(mixed >> 48) % 12, 1 + (int)(mixed >> 52) % 28, 1 + (int)(unit % PROVINCES),
               (int)(unit / PROVINCES % COMMUNES), PICK(position, mixed >> 32), mixed >> 59 == 0 ? "true" : "false");
    }
    return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
