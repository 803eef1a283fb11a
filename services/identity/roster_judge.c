/*
 * roster_judge.c - what a row of a roster may say: national_id,full_name,birth_date,unit_code,position,leader,roles,
 * and what a file that names tenures has besides: position_code,kind,valid_from,valid_to,home_unit.
 * Whether the caller may hand on the roles is for the grants to say, when the row is compared (roster_write.c).
 */
#include "import.h"
#include "name.h"
#include "roster.h"

const struct table_column roster_columns[ROSTER_COLUMNS] = {
    [NATIONAL_ID] = {"national_id", NATIONAL_DIGITS, NATIONAL_DIGITS, COL_MASKED},
    [FULL_NAME] = {"full_name", 1, 120, 0},
    [BIRTH_DATE] = {"birth_date", 10, 10, 0},
    [UNIT_CODE] = {"unit_code", 1, 32, 0},
    [POSITION] = {"position", 0, 120, 0},
    [LEADER] = {"leader", 4, 5, 0},
    [ROLES] = {"roles", 0, 400, COL_OPTIONAL},
    [POSITION_CODE] = {"position_code", 0, 32, COL_OPTIONAL},
    [KIND] = {"kind", 0, 16, COL_OPTIONAL},
    [VALID_FROM] = {"valid_from", 0, 10, COL_OPTIONAL},
    [VALID_TO] = {"valid_to", 0, 10, COL_OPTIONAL},
    [HOME_UNIT] = {"home_unit", 0, 32, COL_OPTIONAL},
};

enum { YOUNGEST_DAYS = 16 * 365, OLDEST_DAY = UNIT_FIRST_DAY, FARTHEST_DAYS = 10 * 366 };
#define OLDEST_BIRTH (-20089) /* 1915-01-01 */

static int compare_codes(struct span a, struct span b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static int code_before(const void *key, const void *unit)
{
    return compare_codes(*(const struct span *)key, ((const struct unit_code *)unit)->code);
}

/* The unit with this code, whoever's it is. NULL: unknown. */
static const struct unit_code *any_unit(const struct roster *r, struct span code)
{
    return bsearch(&code, r->units, r->n_units, sizeof(r->units[0]), code_before);
}

/* The unit with this code if the caller may see it. NULL: unknown, or none of the caller's. */
static const struct unit_code *find_unit(const struct roster *r, struct span code)
{
    const struct unit_code *unit = any_unit(r, code);
    return unit && unit->visible ? unit : NULL;
}

/* Without its blanks, up to the separator; `rest` moves behind it. */
static struct span next_word(struct span *rest, char separator)
{
    const char *end = memchr(rest->p, separator, rest->n);
    uint32_t n = end ? (uint32_t)(end - rest->p) : rest->n;
    struct span word = {rest->p, n};
    uint32_t skip = end ? n + 1 : n;
    *rest = (struct span){rest->p + skip, rest->n - skip};
    while (word.n && word.p[0] == ' ')
        word = (struct span){word.p + 1, word.n - 1};
    while (word.n && word.p[word.n - 1] == ' ')
        word.n--;
    return word;
}

static void refuse(struct roster *r, uint32_t column, const char *vi, const char *en)
{
    row_judge_refuse(&r->judge, r->judge.line, column, r->judge.cells[column], vi, en);
}

/* One `role` or `role@unit_code`. */
static void judge_role(struct roster *r, struct roster_row *into, struct span word)
{
    struct span code = word;
    struct span name = next_word(&code, '@');
    const struct role_row *role = role_find_name(name.p, name.n);
    bool elsewhere = name.n < word.n;
    const struct unit_code *unit = find_unit(r, elsewhere ? code : r->judge.cells[UNIT_CODE]);
    if (role && role->bit == LEARNER) {
        refuse(r, ROLES, "Ai có trong danh sách cũng là người học. Hãy bỏ vai trò learner.",
               "Everyone on the roster is a learner. Leave that role out.");
    } else if (!role) {
        refuse(r, ROLES,
               "Vai trò phải là unit_head, editor, reviewer, exam_officer, appeals_officer, identity_officer, "
               "privacy_officer, auditor, province_officer hoặc national_operator, có thể kèm @mã đơn vị, cách nhau "
               "bằng dấu chấm phẩy.",
               "Roles are unit_head, editor, reviewer, exam_officer, appeals_officer, identity_officer, "
               "privacy_officer, auditor, province_officer or national_operator, each with @unit code if need be, "
               "separated by semicolons.");
    } else if (!unit) {
        if (elsewhere)
            refuse(r, ROLES, "Không có đơn vị mang mã sau dấu @ trong phạm vi của bạn.",
                   "Your subtree has no unit with the code behind the @.");
    } else if (into->n_roles < ROSTER_ROLES) {
        into->roles[into->n_roles++] = (struct roster_role){.bit = role->bit, .unit_id = unit->unit_id};
    }
}

static void judge_roles(struct roster *r, struct roster_row *into)
{
    struct span rest = r->judge.cells[ROLES];
    for (int n = 0; rest.n; n++) {
        if (n == ROSTER_ROLES) {
            refuse(r, ROLES, "Mỗi dòng có tối đa 8 vai trò.", "A row has 8 roles at most.");
            return;
        }
        struct span word = next_word(&rest, ';');
        if (word.n)
            judge_role(r, into, word);
    }
}

static void judge_kind(struct roster *r, struct roster_days *days)
{
    struct span kind = r->judge.cells[KIND];
    if (span_is(kind, "concurrent"))
        days->kind = KIND_CONCURRENT;
    else if (span_is(kind, "secondment"))
        days->kind = KIND_SECONDMENT;
    else if (kind.n && !span_is(kind, "principal"))
        refuse(r, KIND, "Hãy ghi principal (chính), concurrent (kiêm nhiệm) hoặc secondment (biệt phái).",
               "Write principal, concurrent or secondment.");
}

/* A day of a tenure; false when nothing is said. */
static bool judge_day(struct roster *r, uint32_t column, int32_t *ret_day)
{
    struct span cell = r->judge.cells[column];
    if (!cell.n)
        return false;
    if (import_date(cell, OLDEST_DAY, r->task->today + FARTHEST_DAYS, ret_day))
        return true;
    refuse(r, column, "Ngày phải có thật, dạng NĂM-THÁNG-NGÀY, từ 1945-09-02 đến mười năm sau hôm nay.",
           "The day must exist, as YEAR-MONTH-DAY, from 1945-09-02 to ten years from today.");
    return false;
}

/* Kind, days and the unit somebody is seconded from. */
static void judge_tenure(struct roster *r, struct roster_row *into)
{
    struct roster_days *days = &into->days;
    struct span home = r->judge.cells[HOME_UNIT];
    bool second;
    days->from = r->task->today;
    into->position_code = r->judge.cells[POSITION_CODE];
    judge_kind(r, days);
    days->has_from = judge_day(r, VALID_FROM, &days->from);
    days->has_to = judge_day(r, VALID_TO, &days->to);
    second = days->kind == KIND_SECONDMENT;
    if (days->has_to && days->has_from && days->to <= days->from)
        refuse(r, VALID_TO, "Đây là ngày đầu tiên không còn giữ vị trí nên phải sau ngày bắt đầu.",
               "This is the first day after it, so it must lie after the first day.");
    if (second && !r->judge.cells[VALID_TO].n)
        refuse(r, VALID_TO, "Biệt phái phải có ngày kết thúc.", "A secondment has an end.");
    const struct unit_code *unit = home.n ? any_unit(r, home) : NULL;
    if (home.n && !second)
        refuse(r, HOME_UNIT, "Chỉ ghi đơn vị cử đi khi là biệt phái.", "Only a secondment has a home unit.");
    else if (home.n && !unit)
        refuse(r, HOME_UNIT, "Không có đơn vị đang hoạt động nào mang mã này.",
               "No unit of today's tree has this code.");
    days->has_home = unit != NULL;
    if (unit)
        days->home = unit->unit_id;
}

void roster_judge(struct roster *r, struct roster_row *into)
{
    const struct span *cells = r->judge.cells;
    const struct unit_code *unit = find_unit(r, cells[UNIT_CODE]);
    into->leader = span_is(cells[LEADER], "true");
    into->full_name = cells[FULL_NAME];
    into->position = cells[POSITION];
    if (cells[NATIONAL_ID].n == NATIONAL_DIGITS && !national_valid(cells[NATIONAL_ID]))
        refuse(r, NATIONAL_ID, "Số định danh phải gồm đúng 12 chữ số.", "A personal number has exactly twelve digits.");
    if (cells[FULL_NAME].n && !name_valid(cells[FULL_NAME]))
        refuse(r, FULL_NAME, "Họ tên chỉ gồm chữ cái và dấu cách.", "A name has letters and blanks.");
    if (cells[BIRTH_DATE].n &&
        !import_date(cells[BIRTH_DATE], OLDEST_BIRTH, r->task->today - YOUNGEST_DAYS, &into->birth_date))
        refuse(r, BIRTH_DATE, "Ngày sinh phải có thật, dạng NĂM-THÁNG-NGÀY, của người từ 16 tuổi trở lên.",
               "The birth date must exist, as YEAR-MONTH-DAY, of a person of 16 and more.");
    if (cells[UNIT_CODE].n && !unit)
        refuse(r, UNIT_CODE, "Không có đơn vị đang hoạt động nào mang mã này trong phạm vi của bạn.",
               "No unit of today's tree in your subtree has this code.");
    if (cells[LEADER].n && !into->leader && !span_is(cells[LEADER], "false"))
        refuse(r, LEADER, "Hãy ghi true hoặc false.", "Write true or false.");
    if (cells[ROLES].n)
        judge_roles(r, into);
    if (r->tenures)
        judge_tenure(r, into);
    if (unit)
        into->unit_id = unit->unit_id;
}
