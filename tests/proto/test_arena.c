/*
 * test_arena.c - memory of one request: zeroed, aligned, bounded, given back whole.
 */
#include "arena.h"

#include <criterion/criterion.h>
#include <stdalign.h>

static bool all_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i])
            return false;
    }
    return true;
}

Test(arena, allocates_nothing_before_it_is_asked)
{
    struct arena arena;
    arena_init(&arena, 1000);
    cr_assert_eq(arena.total, 0);
    cr_assert_null(arena.chunks);
    arena_clear(&arena);
    arena_release(&arena);
}

Test(arena, release_accepts_a_zeroed_arena_twice)
{
    struct arena arena = {0};
    arena_release(&arena);
    arena_release(&arena);
    cr_assert_null(arena_alloc(&arena, 1));
}

Test(arena, pieces_are_zeroed_aligned_and_apart)
{
    struct arena arena;
    char *before = NULL;
    arena_init(&arena, 1 << 20);
    for (size_t n = 0; n < 300; n++) {
        char *p = arena_alloc(&arena, n);
        cr_assert_not_null(p);
        cr_assert_eq((uintptr_t)p % alignof(max_align_t), 0);
        cr_assert(all_zero(p, n));
        cr_assert_neq(p, before);
        memset(p, 0xee, n);
        before = p;
    }
    arena_release(&arena);
}

Test(arena, is_zeroed_again_after_clear)
{
    struct arena arena;
    arena_init(&arena, 1 << 16);
    for (int round = 0; round < 3; round++) {
        char *p = arena_alloc(&arena, 5000);
        cr_assert_not_null(p);
        cr_assert(all_zero(p, 5000));
        memset(p, 0xee, 5000);
        arena_clear(&arena);
    }
    arena_release(&arena);
}

Test(arena, a_warm_arena_keeps_its_chunk)
{
    struct arena arena;
    arena_init(&arena, 1 << 20);
    void *first = arena_alloc(&arena, 100);
    size_t total = arena.total;
    for (int i = 0; i < 100; i++) {
        arena_clear(&arena);
        cr_assert_eq(arena_alloc(&arena, 100), first);
        cr_assert_eq(arena.total, total);
    }
    arena_release(&arena);
}

Test(arena, one_large_request_does_not_bind_memory)
{
    struct arena arena;
    arena_init(&arena, 8 << 20);
    cr_assert_not_null(arena_alloc(&arena, 4 << 20));
    arena_clear(&arena);
    cr_assert_lt(arena.total, 64 << 10);
    arena_release(&arena);
}

Test(arena, holds_its_maximum_and_no_more)
{
    static const size_t maxima[] = {16, 160, 4096, 16384, 16400, 100000, 1 << 20};
    for (size_t i = 0; i < sizeof maxima / sizeof maxima[0]; i++) {
        struct arena arena;
        arena_init(&arena, maxima[i]);
        cr_assert_null(arena_alloc(&arena, maxima[i] + 1));
        cr_assert_null(arena_alloc(&arena, SIZE_MAX));
        cr_assert_null(arena_alloc(&arena, SIZE_MAX - 7));
        cr_assert_eq(arena.total, 0);
        cr_assert_not_null(arena_alloc(&arena, maxima[i]), "maximum %zu", maxima[i]);
        cr_assert_null(arena_alloc(&arena, 1));
        cr_assert_leq(arena.total, maxima[i]);
        arena_release(&arena);
    }
}

Test(arena, many_small_pieces_stop_at_the_maximum)
{
    struct arena arena;
    size_t n = 0;
    arena_init(&arena, 300000);
    while (arena_alloc(&arena, 16))
        n++;
    cr_assert_leq(arena.total, 300000);
    cr_assert_eq(n, 300000 / 16);
    arena_clear(&arena);
    cr_assert_not_null(arena_alloc(&arena, 16));
    arena_release(&arena);
}

Test(arena, copies_a_span_with_a_nul_behind_it)
{
    struct arena arena;
    struct span copy = {"untouched", 9};
    arena_init(&arena, 64);
    cr_assert_eq(arena_span(&arena, SPAN("abc"), &copy), 0);
    cr_assert_eq(copy.n, 3);
    cr_assert_str_eq(copy.p, "abc");
    cr_assert_eq(arena_span(&arena, (struct span){NULL, 0}, &copy), 0);
    cr_assert_eq(copy.n, 0);
    cr_assert_str_eq(copy.p, "");
    struct span same = copy;
    cr_assert_eq(arena_span(&arena, (struct span){"", 1000}, &copy), -1);
    cr_assert_eq(copy.p, same.p);
    arena_release(&arena);
}

Test(arena, prints)
{
    struct arena arena;
    arena_init(&arena, 4096);
    cr_assert_str_eq(arena_printf(&arena, "%s %d", "so", 7), "so 7");
    char *wide = arena_printf(&arena, "%1000d", 5);
    cr_assert_eq(strlen(wide), 1000);
    cr_assert_eq(wide[999], '5');
    cr_assert_null(arena_printf(&arena, "%5000d", 5));
    arena_release(&arena);
}
