/*
 * decree_steps.c - the steps of a decree, each tried on the tree that the ones before it left. Every step gets a
 * sentence: what it does, or what stands in its way.
 */
#include "decree.h"
#include "import.h"

/* A span for "%.*s". */
#define TEXT(span) (int)(span).n, (span).p

/* What a step did, or why it is refused; both sentences take the same arguments. */
#define SAY(work, i, vi, en, ...)                                                                                      \
    say(work, i, arena_printf((work)->arena, vi, __VA_ARGS__), arena_printf((work)->arena, en, __VA_ARGS__))
#define REFUSE(work, i, member, vi, en, ...)                                                                           \
    do {                                                                                                               \
        refuse(work, i, member);                                                                                       \
        SAY(work, i, vi, en, __VA_ARGS__);                                                                             \
    } while (0)

static void say(struct decree_work *work, uint32_t i, const char *vi, const char *en)
{
    struct decree_step_report *step = &work->steps[i];
    if (!vi || !en) {
        work->full = true;
        return;
    }
    step->message_vi = (struct span){vi, (uint32_t)strlen(vi)};
    step->message_en = (struct span){en, (uint32_t)strlen(en)};
}

static void refuse(struct decree_work *work, uint32_t i, const char *member)
{
    struct decree_step_report *step = &work->steps[i];
    step->refused = true;
    work->refused = true;
    PUT_FIELD(step, decree_step_report, field, ((struct span){member, (uint32_t)strlen(member)}));
}

static void note(struct decree_work *work, uint32_t i, const struct tree_unit *old, const struct tree_unit *new)
{
    struct unit_change_row *change = &work->changes[work->n_changes++];
    *change = (struct unit_change_row){
        .decree_id = work->req->decree_id, .nr = (uint16_t)(i + 1), .op = work->req->steps[i].op};
    if (old)
        PUT_FIELD(change, unit_change_row, old_unit, old->id);
    if (new)
        PUT_FIELD(change, unit_change_row, new_unit, new->id);
}

/* The unit that has this code on the day; refuses the step when there is none. */
static struct tree_unit *find(struct decree_work *work, uint32_t i, const char *member, struct span code)
{
    struct tree_unit *unit = tree_find(&work->tree, code);
    const struct tree_version *v = unit ? tree_version_on(unit, work->req->effective_from) : NULL;
    if (!unit)
        REFUSE(work, i, member, "Không có đơn vị nào mang mã %.*s.", "No unit has the code %.*s.", TEXT(code));
    else if (!v)
        REFUSE(work, i, member, "Đơn vị mang mã %.*s không có hiệu lực vào ngày quyết định có hiệu lực.",
               "The unit with the code %.*s is not there on the day of the decree.", TEXT(code));
    else if (!span_equal(v->code, code))
        REFUSE(work, i, member, "Mã %.*s đã đổi thành %.*s. Hãy dùng mã mới.",
               "The code %.*s has become %.*s. Use the new one.", TEXT(code), TEXT(v->code));
    else
        return unit;
    return NULL;
}

/* The unit that the step is about; it must be the caller's. */
static struct tree_unit *find_own(struct decree_work *work, uint32_t i, const char *member, struct span code)
{
    struct tree_unit *unit = find(work, i, member, code);
    if (!unit || !unit->n_stored || tree_owned(&work->tree, unit))
        return unit; /* of a new one the unit above is looked at */
    REFUSE(work, i, member, "Đơn vị mang mã %.*s nằm ngoài phạm vi quản lý của bạn.",
           "The unit with the code %.*s lies outside your subtree.", TEXT(code));
    return NULL;
}

static struct span name_on(const struct decree_work *work, const struct tree_unit *unit)
{
    const struct tree_version *v = tree_version_on(unit, work->req->effective_from);
    return v ? v->name : unit->code;
}

static void do_create(struct decree_work *work, uint32_t i)
{
    const struct decree_step *step = &work->req->steps[i];
    struct tree_unit *parent = find(work, i, "parent_code", step->parent_code);
    if (!parent)
        return;
    if (!unit_code_valid(step->code)) {
        REFUSE(work, i, "code", "Mã %.*s không hợp lệ: mã chỉ gồm chữ cái không dấu, chữ số và . _ -",
               "The code %.*s is not valid: a code has only plain letters, digits and . _ -", TEXT(step->code));
    } else if (!tree_kind_known(step->kind)) {
        REFUSE(work, i, "kind", "Loại %.*s không có: hãy ghi ministry, province, commune, department hoặc unit.",
               "There is no kind %.*s: write ministry, province, commune, department or unit.", TEXT(step->kind));
    } else if (tree_find(&work->tree, step->code)) {
        REFUSE(
            work, i, "code",
            "Mã %.*s đã thuộc về một đơn vị khác. Nếu đơn vị mới giữ mã của đơn vị cũ, hãy đổi tên đơn vị cũ rồi sáp "
            "nhập các đơn vị còn lại vào đó.",
            "The code %.*s is another unit's already. If the new unit keeps the code of an old one, rename that one "
            "and merge the others into it.",
            TEXT(step->code));
    } else {
        struct tree_unit *unit = tree_mention(&work->tree, step->code);
        struct tree_version version = {.from = work->req->effective_from,
                                       .parent = parent,
                                       .code = step->code,
                                       .kind = step->kind,
                                       .name = step->name,
                                       .name_en = step->name_en,
                                       .decree = &work->req->decree_id};
        unit->step = i + 1;
        work->full = work->full || tree_put(&work->tree, unit, &version) == TREE_FULL;
        note(work, i, NULL, unit);
        SAY(work, i, "Thành lập %.*s (%.*s) trực thuộc %.*s.", "Creates %.*s (%.*s) below %.*s.", TEXT(step->name),
            TEXT(step->code), TEXT(name_on(work, parent)));
    }
}

/* What a step changes of a unit that goes on. */
static void change(struct decree_work *work, uint32_t i, struct tree_unit *unit, enum tree_member member,
                   struct tree_version like)
{
    like.decree = &work->req->decree_id;
    unit->step = i + 1;
    if (tree_change_from(&work->tree, unit, work->req->effective_from, member, &like) < 0)
        work->full = true;
    note(work, i, unit, unit);
}

static void do_rename(struct decree_work *work, uint32_t i)
{
    const struct decree_step *step = &work->req->steps[i];
    struct tree_unit *unit = find_own(work, i, "code", step->code);
    if (!unit)
        return;
    const struct tree_version *now = tree_version_on(unit, work->req->effective_from);
    if (span_equal(now->name, step->name) && span_equal(now->name_en, step->name_en)) {
        REFUSE(work, i, "name", "Đơn vị đã mang tên %.*s.", "The unit is called %.*s already.", TEXT(step->name));
        return;
    }
    SAY(work, i, "Đổi tên %.*s (%.*s) thành %.*s.", "Renames %.*s (%.*s) to %.*s.", TEXT(now->name), TEXT(step->code),
        TEXT(step->name));
    change(work, i, unit, TREE_NAME, (struct tree_version){.name = step->name, .name_en = step->name_en});
}

static void do_move(struct decree_work *work, uint32_t i)
{
    const struct decree_step *step = &work->req->steps[i];
    struct tree_unit *unit = find_own(work, i, "code", step->code);
    struct tree_unit *parent = unit ? find(work, i, "parent_code", step->parent_code) : NULL;
    if (!parent)
        return;
    const struct tree_version *now = tree_version_on(unit, work->req->effective_from);
    if (!now->parent || now->parent == parent) {
        REFUSE(work, i, "parent_code", "%.*s đã trực thuộc %.*s.", "%.*s lies below %.*s already.", TEXT(now->name),
               TEXT(name_on(work, parent)));
        return;
    }
    SAY(work, i, "Chuyển %.*s (%.*s) từ %.*s về %.*s.", "Moves %.*s (%.*s) from %.*s to %.*s.", TEXT(now->name),
        TEXT(step->code), TEXT(name_on(work, now->parent)), TEXT(name_on(work, parent)));
    change(work, i, unit, TREE_PARENT, (struct tree_version){.parent = parent});
}

static void do_recode(struct decree_work *work, uint32_t i)
{
    const struct decree_step *step = &work->req->steps[i];
    struct tree_unit *unit = find_own(work, i, "code", step->code);
    if (!unit)
        return;
    if (!unit_code_valid(step->new_code) || tree_find(&work->tree, step->new_code)) {
        REFUSE(work, i, "new_code", "Mã %.*s không hợp lệ hoặc đã từng được dùng.",
               "The code %.*s is not valid, or was used before.", TEXT(step->new_code));
        return;
    }
    SAY(work, i, "Đổi mã của %.*s từ %.*s thành %.*s.", "Changes the code of %.*s from %.*s to %.*s.",
        TEXT(name_on(work, unit)), TEXT(step->code), TEXT(step->new_code));
    tree_add_code(&work->tree, unit, step->new_code);
    change(work, i, unit, TREE_CODE, (struct tree_version){.code = step->new_code});
}

/* Ends a unit. False: the step is refused. */
static bool end(struct decree_work *work, uint32_t i, struct tree_unit *unit, struct tree_unit *into)
{
    struct span code = work->req->steps[i].code;
    if (!tree_version_on(unit, work->req->effective_from)->parent) {
        REFUSE(work, i, "code", "Không thể bỏ cấp quốc gia (%.*s).", "The nation (%.*s) cannot end.", TEXT(code));
        return false;
    }
    switch (tree_end(unit, work->req->effective_from)) {
    case TREE_ENDED:
        unit->step = i + 1;
        work->leaving[work->n_leaving++] = (struct decree_leaving){.step = i, .unit = unit, .into = into};
        return true;
    case TREE_ENDS_ON_FIRST_DAY:
        REFUSE(work, i, "code",
               "Đơn vị %.*s thành lập hoặc thay đổi đúng vào ngày này nên không thể kết thúc cùng ngày.",
               "The unit %.*s begins or changes on this very day and cannot end on it.", TEXT(code));
        return false;
    case TREE_ENDS_LATER:
        REFUSE(work, i, "code", "Đơn vị %.*s đã có ngày kết thúc theo quyết định khác.",
               "Another decree has set an end for the unit %.*s already.", TEXT(code));
        return false;
    case TREE_CHANGES_LATER:
        REFUSE(work, i, "code", "Đơn vị %.*s có thay đổi sau ngày này. Hãy nhập các quyết định theo thứ tự thời gian.",
               "The unit %.*s changes after this day. Enter decrees in the order of their days.", TEXT(code));
        return false;
    }
    return false;
}

static void give(struct decree_work *work, uint32_t i, struct tree_unit *unit, struct tree_unit *into)
{
    const struct decree *req = work->req;
    if (tree_give_children(&work->tree, unit, into, req->effective_from, &req->decree_id, i + 1) < 0)
        work->full = true;
}

static void do_merge(struct decree_work *work, uint32_t i)
{
    const struct decree_step *step = &work->req->steps[i];
    struct tree_unit *unit = find_own(work, i, "code", step->code);
    struct tree_unit *into = unit ? find_own(work, i, "into_code", step->into_code) : NULL;
    if (!into)
        return;
    struct span name = name_on(work, unit);
    if (into == unit) {
        REFUSE(work, i, "into_code", "Không thể sáp nhập %.*s vào chính nó.", "%.*s cannot be merged into itself.",
               TEXT(name));
    } else if (end(work, i, unit, into)) {
        give(work, i, unit, into);
        note(work, i, unit, into);
        SAY(work, i, "Sáp nhập %.*s (%.*s) vào %.*s (%.*s).", "Merges %.*s (%.*s) into %.*s (%.*s).", TEXT(name),
            TEXT(step->code), TEXT(name_on(work, into)), TEXT(step->into_code));
    }
}

/* The parts exist and are the caller's; one of them takes what is left. NULL: refused. */
static struct tree_unit *judge_parts(struct decree_work *work, uint32_t i, const struct tree_unit *unit)
{
    const struct decree_step *step = &work->req->steps[i];
    struct tree_unit *into = NULL;
    if (step->n_parts < 2) {
        REFUSE(work, i, "parts", "Đơn vị %.*s phải được chia thành ít nhất hai đơn vị.",
               "The unit %.*s must be split into two units at least.", TEXT(step->code));
        return NULL;
    }
    for (uint32_t p = 0; p < step->n_parts; p++) {
        struct tree_unit *part = find_own(work, i, "parts", step->parts[p].code);
        if (!part)
            return NULL;
        if (part == unit) {
            REFUSE(work, i, "parts", "Đơn vị bị chia (%.*s) không thể là một phần của chính nó.",
                   "The unit that is split (%.*s) cannot be one of its parts.", TEXT(step->code));
            return NULL;
        }
        if (span_equal(step->parts[p].code, step->into_code))
            into = part;
    }
    if (!into)
        REFUSE(work, i, "into_code", "Đơn vị nhận phần còn lại (%.*s) phải là một trong các phần.",
               "The unit that takes what is left (%.*s) must be one of the parts.", TEXT(step->into_code));
    return into;
}

static void do_split(struct decree_work *work, uint32_t i)
{
    const struct decree_step *step = &work->req->steps[i];
    struct tree_unit *unit = find_own(work, i, "code", step->code);
    struct tree_unit *into = unit ? judge_parts(work, i, unit) : NULL;
    if (!into)
        return;
    struct span name = name_on(work, unit);
    if (!end(work, i, unit, into))
        return;
    give(work, i, unit, into);
    for (uint32_t p = 0; p < step->n_parts; p++)
        note(work, i, unit, tree_find(&work->tree, step->parts[p].code));
    SAY(work, i, "Chia %.*s (%.*s) thành %u đơn vị; %.*s nhận phần còn lại.",
        "Splits %.*s (%.*s) into %u units; %.*s takes what is left.", TEXT(name), TEXT(step->code), step->n_parts,
        TEXT(name_on(work, into)));
}

static void do_close(struct decree_work *work, uint32_t i)
{
    const struct decree_step *step = &work->req->steps[i];
    struct tree_unit *unit = find_own(work, i, "code", step->code);
    if (!unit)
        return;
    const struct tree_unit *child = tree_first_child(&work->tree, unit, work->req->effective_from);
    struct span name = name_on(work, unit);
    if (child) {
        REFUSE(work, i, "code", "%.*s còn đơn vị trực thuộc (%.*s). Hãy chuyển hoặc sáp nhập chúng trước.",
               "%.*s still has units below it (%.*s). Move or merge them first.", TEXT(name), TEXT(child->code));
    } else if (end(work, i, unit, NULL)) {
        note(work, i, unit, NULL);
        SAY(work, i, "Giải thể %.*s (%.*s).", "Closes %.*s (%.*s).", TEXT(name), TEXT(step->code));
    }
}

void decree_refuse_people(struct decree_work *work, uint32_t step, uint32_t people)
{
    REFUSE(work, step, "code",
           "%.*s còn %u vị trí công tác. Hãy chuyển họ đi trước, hoặc sáp nhập đơn vị thay vì giải thể.",
           "%.*s still has %u tenures. Move them first, or merge the unit instead of closing it.",
           TEXT(work->req->steps[step].code), people);
}

/* --- What each step needs, and what it may have beside its code. --- */

#define MEMBER(name) (UINT64_C(1) << HAS_decree_step_##name)

static const struct {
    const char *op;
    uint64_t needs, may;
    void (*run)(struct decree_work *work, uint32_t i);
} ops[] = {
    {"create", MEMBER(parent_code) | MEMBER(kind) | MEMBER(name), MEMBER(name_en), do_create},
    {"rename", MEMBER(name), MEMBER(name_en), do_rename},
    {"move", MEMBER(parent_code), 0, do_move},
    {"merge", MEMBER(into_code), 0, do_merge},
    {"split", MEMBER(parts) | MEMBER(into_code), 0, do_split},
    {"close", 0, 0, do_close},
    {"recode", MEMBER(new_code), 0, do_recode},
};

/* Members of a step that are there. */
static uint64_t members_of(const struct decree_step *step)
{
    uint64_t members = step->has & (MEMBER(new_code) | MEMBER(parent_code) | MEMBER(kind) | MEMBER(name) |
                                    MEMBER(name_en) | MEMBER(into_code));
    return step->n_parts ? members | MEMBER(parts) : members;
}

static const char *first_member(uint64_t members)
{
    for (uint8_t f = 0; f < msg_decree_step.n_fields; f++) {
        if (members >> msg_decree_step.fields[f].number & 1)
            return msg_decree_step.fields[f].name;
    }
    return "op";
}

static void take_step(struct decree_work *work, uint32_t i)
{
    const struct decree_step *step = &work->req->steps[i];
    uint64_t members = members_of(step);
    for (size_t o = 0; o < sizeof(ops) / sizeof(ops[0]); o++) {
        if (step->op.n != strlen(ops[o].op) || memcmp(step->op.p, ops[o].op, step->op.n) != 0)
            continue;
        uint64_t missing = ops[o].needs & ~members, beyond = members & ~(ops[o].needs | ops[o].may);
        if (missing)
            REFUSE(work, i, first_member(missing), "Bước %s cần có %s.", "A step %s needs %s.", ops[o].op,
                   first_member(missing));
        else if (beyond)
            REFUSE(work, i, first_member(beyond), "Bước %s không dùng %s. Hãy bỏ đi.",
                   "A step %s takes no %s. Leave it out.", ops[o].op, first_member(beyond));
        else
            ops[o].run(work, i);
        return;
    }
    REFUSE(work, i, "op", "Không có bước %.*s: hãy ghi create, rename, move, merge, split, close hoặc recode.",
           "There is no step %.*s: write create, rename, move, merge, split, close or recode.", TEXT(step->op));
}

/* --- The tree that the steps leave. --- */

static void refuse_fault(struct decree_work *work, const struct tree_unit *unit, enum tree_fault fault)
{
    uint32_t i = unit->step - 1;
    struct span code = unit->code;
    if (work->steps[i].refused)
        return;
    switch (fault) {
    case TREE_FINE:
        return;
    case TREE_NO_PARENT:
        REFUSE(work, i, "parent_code", "Đơn vị cấp trên của %.*s không có hiệu lực trong suốt thời gian của nó.",
               "The unit above %.*s is not there as long as it is.", TEXT(code));
        return;
    case TREE_CYCLE:
        REFUSE(work, i, "parent_code", "Đơn vị %.*s không thể nằm dưới chính nó.",
               "The unit %.*s cannot lie below itself.", TEXT(code));
        return;
    case TREE_DEEP:
        REFUSE(work, i, "parent_code", "Cây tổ chức có tối đa 16 cấp (%.*s).", "The tree has 16 levels at most (%.*s).",
               TEXT(code));
        return;
    case TREE_KIND:
        REFUSE(work, i, "parent_code", "Loại của đơn vị %.*s không thể nằm dưới loại của đơn vị cấp trên.",
               "A unit of the kind of %.*s cannot lie below one of its parent's kind.", TEXT(code));
        return;
    case TREE_OUTSIDE:
        REFUSE(work, i, "parent_code", "Đơn vị cấp trên của %.*s nằm ngoài phạm vi quản lý của bạn.",
               "The unit above %.*s lies outside your subtree.", TEXT(code));
        return;
    }
}

/* The nearest unit upwards that a step has touched. */
static const struct tree_unit *touched_above(const struct tree_unit *unit, int32_t day)
{
    for (uint32_t depth = 0; unit && !unit->step && depth <= TREE_MAX_DEPTH; depth++) {
        const struct tree_version *v = tree_version_on(unit, day);
        unit = v ? v->parent : NULL;
    }
    return unit && unit->step ? unit : NULL;
}

static void judge_tree(struct decree_work *work)
{
    int32_t day = work->req->effective_from;
    for (uint32_t u = 0; u < work->tree.n_units; u++) {
        struct tree_unit *unit = &work->tree.units[u];
        for (uint32_t v = 0; unit->step && v < unit->n_versions; v++) {
            const struct tree_version *version = &unit->versions[v];
            if (version->differs && version->from >= day)
                refuse_fault(work, unit, tree_check(&work->tree, unit, version->from));
        }
    }
    const struct tree_unit *astray = work->refused ? NULL : tree_first_astray(&work->tree, day);
    const struct tree_unit *cause = astray ? touched_above(astray, day) : NULL;
    if (cause)
        refuse_fault(work, cause, TREE_DEEP);
}

int decree_try(struct decree_work *work)
{
    const struct decree *req = work->req;
    work->most_changes = 0;
    for (uint32_t i = 0; i < req->n_steps; i++)
        work->most_changes += 1 + req->steps[i].n_parts;
    work->steps = arena_alloc(work->arena, req->n_steps * sizeof(*work->steps));
    work->changes = arena_alloc(work->arena, work->most_changes * sizeof(*work->changes));
    if (!work->steps || !work->changes)
        return -1;
    for (uint32_t i = 0; i < req->n_steps; i++) {
        work->steps[i] =
            (struct decree_step_report){.nr = (uint16_t)(i + 1), .op = req->steps[i].op, .code = req->steps[i].code};
        take_step(work, i);
    }
    if (!work->full && !work->refused)
        judge_tree(work);
    return work->full ? -1 : 0;
}
