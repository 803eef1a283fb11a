/*
 * tree_change.c - changes of the tree in memory as decrees make them: one member of a unit from a day on, children that
 * go to another unit, ends.
 */
#include "tree.h"

/* Of the version in force on that day, the part from the day on: a version of its own. NULL: the arena is full. */
static struct tree_version *cut(const struct tree *tree, struct tree_unit *unit, int32_t day)
{
    struct tree_version *now = tree_version_on(unit, day), next;
    if (now->from == day)
        return now;
    next = *now;
    next.from = day;
    next.faulty = NULL;
    now->to = day;
    now->differs = true;
    return tree_insert(tree, unit, &next);
}

static bool same_member(const struct tree_version *a, const struct tree_version *b, enum tree_member member)
{
    switch (member) {
    case TREE_NAME:
        return span_equal(a->name, b->name) && span_equal(a->name_en, b->name_en);
    case TREE_PARENT:
        return a->parent == b->parent;
    case TREE_CODE:
        return span_equal(a->code, b->code);
    }
    return false;
}

int tree_change_from(const struct tree *tree, struct tree_unit *unit, int32_t day, enum tree_member member,
                     const struct tree_version *like)
{
    const struct tree_version old = *tree_version_on(unit, day);
    struct tree_version *v = cut(tree, unit, day);
    if (!v)
        return -1;
    for (; v < unit->versions + unit->n_versions && same_member(v, &old, member); v++) {
        if (member == TREE_NAME) {
            v->name = like->name;
            v->name_en = like->name_en;
        } else if (member == TREE_PARENT) {
            v->parent = like->parent;
        } else {
            v->code = like->code;
        }
        v->decree = like->decree;
        v->differs = true;
    }
    return 0;
}

int tree_give_children(const struct tree *tree, const struct tree_unit *unit, struct tree_unit *into, int32_t day,
                       const struct uuid *decree, uint32_t step)
{
    for (uint32_t i = 0; i < tree->n_units; i++) {
        struct tree_unit *child = &tree->units[i];
        for (uint32_t n = 0; n < child->n_versions; n++) {
            struct tree_version *v = &child->versions[n];
            if (v->parent != unit || v->to <= day)
                continue;
            if (v->from < day) {
                v = cut(tree, child, day);
                n++;
            }
            if (!v)
                return -1;
            v->parent = into;
            v->decree = decree;
            v->differs = true;
            child->step = step;
        }
    }
    return 0;
}

const struct tree_unit *tree_first_child(const struct tree *tree, const struct tree_unit *unit, int32_t day)
{
    for (uint32_t i = 0; i < tree->n_units; i++) {
        const struct tree_unit *child = &tree->units[i];
        for (uint32_t n = 0; n < child->n_versions; n++) {
            if (child->versions[n].parent == unit && child->versions[n].to > day)
                return child;
        }
    }
    return NULL;
}

enum tree_end tree_end(struct tree_unit *unit, int32_t day)
{
    struct tree_version *now = tree_version_on(unit, day);
    if (unit->versions[unit->n_versions - 1].from > day)
        return TREE_CHANGES_LATER;
    if (now->to != TREE_OPEN)
        return TREE_ENDS_LATER;
    if (now->from == day)
        return TREE_ENDS_ON_FIRST_DAY;
    now->to = day;
    now->differs = true;
    return TREE_ENDED;
}

struct tree_unit *tree_first_astray(const struct tree *tree, int32_t day)
{
    for (uint32_t i = 0; i < tree->n_units; i++) {
        struct tree_unit *unit = &tree->units[i];
        const struct tree_version *v = tree_version_on(unit, day);
        uint32_t depth = 1;
        while (v && v->parent && depth <= TREE_MAX_DEPTH) {
            v = tree_version_on(v->parent, day);
            depth++;
            if (!v)
                return unit;
        }
        if (depth > TREE_MAX_DEPTH)
            return unit;
    }
    return NULL;
}
