/*
 * test_json.c - JSON at the edge: what is refused, by name, and what is taken.
 */
#include "samples.h"
#include "scan.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>

enum { MEMORY = 1 << 20 };

#define BYTES(literal) ((struct span){literal, (uint32_t)sizeof(literal) - 1})
#define ID             "\"attempt_id\":\"0192f3a4-b5c6-7d8e-9f01-23456789abcd\""
#define REST           ",\"position\":1,\"revision\":1,\"response\":\"\"}"

/* answer_save, unless it is a list that is at fault: then policy_draft. */
static const struct {
    const char *what;
    struct span text;
    int code;
    const char *field;
} bad[] = {
    {"a byte order mark", BYTES("\xef\xbb\xbf{" ID REST), ERR_SYNTAX, ""},
    {"UTF-16", BYTES("{\0\"\0a\0"), ERR_SYNTAX, ""},
    {"blanks only", BYTES("  \n"), ERR_SYNTAX, ""},
    {"an open object", BYTES("{" ID), ERR_SYNTAX, ""},
    {"bytes behind the object", BYTES("{" ID REST "x"), ERR_SYNTAX, ""},
    {"a second object", BYTES("{" ID REST "{}"), ERR_SYNTAX, ""},
    {"a NUL behind the object", BYTES("{" ID REST "\0"), ERR_SYNTAX, ""},
    {"a NUL between members", BYTES("{" ID ",\0\"position\":1}"), ERR_SYNTAX, ""},
    {"a form feed as blank", BYTES("{\f" ID REST), ERR_SYNTAX, ""},
    {"a no-break space as blank", BYTES("{\xc2\xa0" ID REST), ERR_SYNTAX, ""},
    {"a comma before the first member", BYTES("{," ID REST), ERR_SYNTAX, ""},
    {"a comma behind the last member", BYTES("{" ID ",}"), ERR_SYNTAX, ""},
    {"two commas", BYTES("{" ID ",,\"position\":1}"), ERR_SYNTAX, ""},
    {"no colon", BYTES("{\"position\" 1}"), ERR_SYNTAX, ""},
    {"no value", BYTES("{\"position\":}"), ERR_SYNTAX, ""},
    {"a name without quotes", BYTES("{position:1}"), ERR_SYNTAX, ""},
    {"a name in single quotes", BYTES("{'position':1}"), ERR_SYNTAX, ""},
    {"a number as name", BYTES("{1:1}"), ERR_SYNTAX, ""},
    {"a comment", BYTES("{/* x */" ID REST), ERR_SYNTAX, ""},
    {"brackets that do not match", BYTES("{" ID "]"), ERR_SYNTAX, ""},
    {"a leading zero", BYTES("{\"position\":01}"), ERR_SYNTAX, ""},
    {"a leading plus", BYTES("{\"position\":+1}"), ERR_SYNTAX, ""},
    {"a lone minus", BYTES("{\"position\":-}"), ERR_SYNTAX, ""},
    {"a minus and a leading zero", BYTES("{\"position\":-01}"), ERR_SYNTAX, ""},
    {"a point without digits", BYTES("{\"position\":1.}"), ERR_SYNTAX, ""},
    {"a point first", BYTES("{\"position\":.5}"), ERR_SYNTAX, ""},
    {"an exponent without digits", BYTES("{\"position\":1e}"), ERR_SYNTAX, ""},
    {"an exponent with a sign only", BYTES("{\"position\":1e+}"), ERR_SYNTAX, ""},
    {"hexadecimal", BYTES("{\"position\":0x1}"), ERR_SYNTAX, ""},
    {"NaN", BYTES("{\"position\":NaN}"), ERR_SYNTAX, ""},
    {"Infinity", BYTES("{\"position\":Infinity}"), ERR_SYNTAX, ""},
    {"minus Infinity", BYTES("{\"position\":-Infinity}"), ERR_SYNTAX, ""},
    {"a number of 41 digits", BYTES("{\"position\":11111111111111111111111111111111111111111}"), ERR_SYNTAX, ""},
    {"True", BYTES("{\"position\":True}"), ERR_SYNTAX, ""},
    {"a word cut short", BYTES("{\"position\":tru}"), ERR_SYNTAX, ""},
    {"a word too long", BYTES("{\"position\":nullx}"), ERR_SYNTAX, ""},
    {"an open string", BYTES("{\"response\":\"abc}"), ERR_SYNTAX, ""},
    {"a line end in a string", BYTES("{\"response\":\"a\nb\"}"), ERR_SYNTAX, ""},
    {"a tab in a string", BYTES("{\"response\":\"a\tb\"}"), ERR_SYNTAX, ""},
    {"a NUL in a string", BYTES("{\"response\":\"a\0b\"}"), ERR_SYNTAX, ""},
    {"an escaped NUL", BYTES("{\"response\":\"a\\u0000b\"}"), ERR_SYNTAX, ""},
    {"an escaped NUL in a name", BYTES("{\"position\\u0000x\":1}"), ERR_SYNTAX, ""},
    {"an escape that is none", BYTES("{\"response\":\"\\x41\"}"), ERR_SYNTAX, ""},
    {"an escaped quote of the other kind", BYTES("{\"response\":\"\\'\"}"), ERR_SYNTAX, ""},
    {"three hex digits", BYTES("{\"response\":\"\\u004\"}"), ERR_SYNTAX, ""},
    {"a hex digit that is none", BYTES("{\"response\":\"\\u00g1\"}"), ERR_SYNTAX, ""},
    {"a high surrogate alone", BYTES("{\"response\":\"\\ud83d\"}"), ERR_SYNTAX, ""},
    {"a low surrogate alone", BYTES("{\"response\":\"\\ude00\"}"), ERR_SYNTAX, ""},
    {"surrogates in the wrong order", BYTES("{\"response\":\"\\ude00\\ud83d\"}"), ERR_SYNTAX, ""},
    {"two high surrogates", BYTES("{\"response\":\"\\ud83d\\ud83d\"}"), ERR_SYNTAX, ""},
    {"a high surrogate and a letter", BYTES("{\"response\":\"\\ud83dA\"}"), ERR_SYNTAX, ""},
    {"a high surrogate and a plain escape", BYTES("{\"response\":\"\\ud83d\\n\"}"), ERR_SYNTAX, ""},
    {"a surrogate as UTF-8", BYTES("{\"response\":\"\xed\xa0\xbd\"}"), ERR_SYNTAX, ""},
    {"an overlong slash", BYTES("{\"response\":\"\xc0\xaf\"}"), ERR_SYNTAX, ""},
    {"half a character", BYTES("{\"response\":\"\xe1\xbb\"}"), ERR_SYNTAX, ""},
    {"Latin-1", BYTES("{\"response\":\"caf\xe9\"}"), ERR_SYNTAX, ""},
    {"invalid UTF-8 in a name", BYTES("{\"caf\xe9\":1}"), ERR_SYNTAX, ""},
    {"null", BYTES("null"), ERR_TYPE, ""},
    {"a string", BYTES("\"answer\""), ERR_TYPE, ""},
    {"a number", BYTES("17"), ERR_TYPE, ""},
    {"an array", BYTES("[]"), ERR_TYPE, ""},
    {"an array around the object", BYTES("[{" ID REST "]"), ERR_TYPE, ""},
    {"an unknown member", BYTES("{" ID ",\"score\":100" REST), ERR_UNKNOWN, "score"},
    {"an unknown member by case", BYTES("{" ID ",\"Position\":1}"), ERR_UNKNOWN, "Position"},
    {"an empty name", BYTES("{\"\":1}"), ERR_UNKNOWN, ""},
    {"a member with a blank", BYTES("{\"position \":1}"), ERR_UNKNOWN, "position "},
    {"the name of a prototype", BYTES("{\"__proto__\":{}}"), ERR_UNKNOWN, "__proto__"},
    {"a doubled member", BYTES("{\"position\":1,\"position\":1}"), ERR_TWICE, "position"},
    {"a member doubled by an escape", BYTES("{\"position\":1,\"p\\u006fsition\":2}"), ERR_TWICE, "position"},
    {"a missing member", BYTES("{" ID ",\"position\":1,\"revision\":1}"), ERR_MISSING, "response"},
    {"no member", BYTES("{}"), ERR_MISSING, "attempt_id"},
    {"nothing", BYTES(""), ERR_MISSING, "attempt_id"},
    {"null for a value", BYTES("{\"position\":null}"), ERR_TYPE, "position"},
    {"a number as text", BYTES("{\"position\":\"1\"}"), ERR_TYPE, "position"},
    {"1.0", BYTES("{\"position\":1.0}"), ERR_TYPE, "position"},
    {"1e0", BYTES("{\"position\":1e0}"), ERR_TYPE, "position"},
    {"1E+2", BYTES("{\"position\":1E+2}"), ERR_TYPE, "position"},
    {"1e999", BYTES("{\"position\":1e999}"), ERR_TYPE, "position"},
    {"the second number with a fraction", BYTES("{\"position\":1,\"revision\":1.0}"), ERR_TYPE, "revision"},
    {"a fraction where text belongs", BYTES("{\"response\":1.5}"), ERR_TYPE, "response"},
    {"zero", BYTES("{\"position\":0}"), ERR_RANGE, "position"},
    {"minus one", BYTES("{\"position\":-1}"), ERR_RANGE, "position"},
    {"beyond the bound", BYTES("{\"position\":201}"), ERR_RANGE, "position"},
    {"beyond 16 bits, a valid value when cut", BYTES("{\"position\":65537}"), ERR_RANGE, "position"},
    {"beyond 32 bits, a valid value when cut", BYTES("{\"revision\":4294967297}"), ERR_RANGE, "revision"},
    {"beyond 2^53", BYTES("{\"revision\":9007199254740993}"), ERR_RANGE, "revision"},
    {"beyond 64 bits", BYTES("{\"revision\":18446744073709551617}"), ERR_RANGE, "revision"},
    {"16 objects and one more",
     BYTES("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
           "\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}}}}}}}}"),
     ERR_SYNTAX, ""},
};

Test(json, bad_inputs_by_name)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct arena arena;
        struct answer_save out;
        struct fault fault = {0};
        arena_init(&arena, MEMORY);
        char *exact = malloc(bad[i].text.n ? bad[i].text.n : 1);
        memcpy(exact, bad[i].text.p, bad[i].text.n);
        int code = msg_from_json(&msg_answer_save, &out, &arena, (struct span){exact, bad[i].text.n}, &fault);
        cr_assert_eq(code, bad[i].code, "%s: code %d, expected %d", bad[i].what, code, bad[i].code);
        cr_assert_eq(fault.code, code);
        cr_assert_str_eq(fault.field, bad[i].field, "%s blames %s", bad[i].what, fault.field);
        free(exact);
        arena_release(&arena);
    }
}

/* Nor is anything taken when there is no memory at all. */
Test(json, what_is_wrong_is_wrong_without_memory)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct arena arena;
        struct answer_save out;
        struct fault fault;
        arena_init(&arena, 0);
        cr_assert_neq(msg_from_json(&msg_answer_save, &out, &arena, bad[i].text, &fault), 0);
        arena_release(&arena);
    }
}

/* --- the same as cJSON reads --- */

static uint32_t random_below(uint32_t n)
{
    static uint64_t state = 88172645463325252; /* xorshift64: the same texts in every run */
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state % n);
}

static void add_piece(struct buf *out)
{
    static const char *const pieces[] = {"\\b",
                                         "\\f",
                                         "\\n",
                                         "\\r",
                                         "\\t",
                                         "\\\"",
                                         "\\\\",
                                         "\\/",
                                         "a",
                                         "%",
                                         " ",
                                         "tiếng Việt",
                                         "\\u0001",
                                         "\\u007f",
                                         "\\u0080",
                                         "\\u07ff",
                                         "\\u0800",
                                         "\\uD7ff",
                                         "\\uE000",
                                         "\\uffFF",
                                         "\\u1EC5",
                                         "\\ud800\\udc00",
                                         "\\uDBFF\\uDFFF",
                                         "\xf0\x9f\x8e\x93"};
    buf_add_text(out, pieces[random_below(sizeof pieces / sizeof pieces[0])]);
}

Test(json, strings_are_what_cjson_reads)
{
    struct arena arena;
    struct buf body;
    arena_init(&arena, MEMORY);
    buf_init(&body, MEMORY);
    for (int round = 0; round < 20000; round++) {
        struct answer_save out;
        struct fault fault;
        arena_clear(&arena);
        buf_clear(&body);
        buf_add_text(&body, "{" ID ",\"position\":1,\"revision\":1,\"resp\\u006Fnse\" : \"");
        for (uint32_t n = random_below(12); n > 0; n--)
            add_piece(&body);
        buf_add_text(&body, "\" }");
        cJSON *tree = cJSON_ParseWithLength(body.p, body.n);
        const char *wanted = cJSON_GetStringValue(cJSON_GetObjectItem(tree, "response"));
        cr_assert(wanted != NULL);
        cr_assert_eq(msg_from_json(&msg_answer_save, &out, &arena, buf_span(&body), &fault), 0, "%.*s", (int)body.n,
                     body.p);
        cr_assert(out.response.n == strlen(wanted) && !memcmp(out.response.p, wanted, out.response.n), "%.*s",
                  (int)body.n, body.p);
        cr_assert_eq(out.response.p[out.response.n], '\0');
        cJSON_Delete(tree);
    }
    buf_release(&body);
    arena_release(&arena);
}

Test(json, numbers_are_what_cjson_reads)
{
    struct arena arena;
    arena_init(&arena, MEMORY);
    for (int round = 0; round < 20000; round++) {
        static const char *const tails[] = {"", "", "", "", ".0", ".5", "e0", "E1", "e-1", "00"};
        char text[256];
        struct answer_save out;
        struct fault fault;
        const char *tail = tails[random_below(sizeof tails / sizeof tails[0])];
        snprintf(text, sizeof text, "{" ID ",\"position\":1,\"response\":\"\",\"revision\":%s%u%s\n}",
                 random_below(5) ? "" : "-", random_below(3) ? random_below(1000) : random_below(UINT32_MAX), tail);
        struct span in = {text, (uint32_t)strlen(text)};
        arena_clear(&arena);
        int code = msg_from_json(&msg_answer_save, &out, &arena, in, &fault);
        cJSON *tree = cJSON_ParseWithLength(in.p, in.n);
        double wanted = cJSON_GetNumberValue(cJSON_GetObjectItem(tree, "revision"));
        bool exact = !*tail || *tail == '0';
        bool within = wanted >= 1 && wanted <= UINT32_MAX;
        if (code == 0)
            cr_assert(exact && within && out.revision == wanted, "%s", text);
        else if (code != ERR_SYNTAX) /* 000 */
            cr_assert_eq(code, exact ? ERR_RANGE : ERR_TYPE, "%s", text);
        cJSON_Delete(tree);
    }
    arena_release(&arena);
}

Test(json, control_characters_in_strings)
{
    for (int c = 0; c < 0x21; c++) {
        char text[] = "{\"a\":\"x.y\"}";
        *strchr(text, '.') = (char)c;
        int code = scan_json((struct span){text, sizeof text - 1}, 10);
        cr_assert_eq(code, c < 0x20 ? ERR_SYNTAX : 0, "character %d", c);
    }
}

/* Rows of a list are held to their own message, and the fault names the row's field. */
Test(json, faults_inside_lists)
{
    static const struct {
        const char *what;
        struct span rows;
        int code;
        const char *field;
    } rows[] = {
        {"a row without a required member", BYTES("[{\"skill_group\":\"A\"}]"), ERR_MISSING, "items"},
        {"the second row without it", BYTES("[{\"skill_group\":\"A\",\"items\":1},{\"items\":1}]"), ERR_MISSING,
         "skill_group"},
        {"an unknown member in a row", BYTES("[{\"skill_group\":\"A\",\"items\":1,\"x\":1}]"), ERR_UNKNOWN, "x"},
        {"a doubled member in a row", BYTES("[{\"skill_group\":\"A\",\"items\":1,\"items\":1}]"), ERR_TWICE, "items"},
        {"a value of a row out of bounds", BYTES("[{\"skill_group\":\"A\",\"items\":0}]"), ERR_RANGE, "items"},
        {"a fraction in the second row",
         BYTES("[{\"skill_group\":\"A\",\"items\":1},{\"skill_group\":\"B\",\"items\":1.0}]"), ERR_TYPE, "items"},
        {"an empty row", BYTES("[{}]"), ERR_MISSING, "skill_group"},
        {"null among rows", BYTES("[{\"skill_group\":\"A\",\"items\":1},null]"), ERR_TYPE, "quotas"},
    };
    struct arena arena;
    struct buf body;
    arena_init(&arena, MEMORY);
    buf_init(&body, MEMORY);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct blueprint_draft out;
        struct fault fault = {0};
        buf_clear(&body);
        buf_add_text(&body, "{\"quotas\":");
        buf_add_span(&body, rows[i].rows);
        buf_add_char(&body, '}');
        cr_assert_eq(msg_from_json(&msg_blueprint_draft, &out, &arena, buf_span(&body), &fault), rows[i].code, "%s: %d",
                     rows[i].what, fault.code);
        cr_assert_str_eq(fault.field, rows[i].field, "%s blames %s", rows[i].what, fault.field);
    }
    buf_release(&body);
    arena_release(&arena);
}

Test(json, good_inputs_by_name)
{
    static const struct {
        const char *what;
        struct span text;
        struct span response;
    } good[] = {
        {"as our own writer has it", BYTES("{" ID REST), BYTES("")},
        {"blanks of all four kinds",
         BYTES(" {\n\t" ID "\r\n , \"position\" : 1,\"revision\":1, \"response\"\t:\"\" }\n"), BYTES("")},
        {"another order", BYTES("{\"response\":\"2\",\"revision\":1,\"position\":1," ID "}"), BYTES("2")},
        {"escapes",
         BYTES("{" ID ",\"position\":1,\"revision\":1,\"response\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\"}"),
         BYTES("\"\\/\b\f\n\r\tA\xc3\xa9")},
        {"a pair of surrogates", BYTES("{" ID ",\"position\":1,\"revision\":1,\"response\":\"\\ud83d\\ude00\"}"),
         BYTES("\xf0\x9f\x98\x80")},
        {"Vietnamese", BYTES("{" ID ",\"position\":1,\"revision\":1,\"response\":\"Đắk Lắk\"}"), BYTES("Đắk Lắk")},
        {"an escaped name", BYTES("{" ID ",\"p\\u006fsition\":1,\"revision\":1,\"response\":\"x\"}"), BYTES("x")},
        {"DEL and a character beyond the first plane",
         BYTES("{" ID ",\"position\":1,\"revision\":1,\"response\":\"\x7f\xf4\x8f\xbf\xbf\"}"),
         BYTES("\x7f\xf4\x8f\xbf\xbf")},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct arena arena;
        struct answer_save out;
        struct fault fault = {0};
        arena_init(&arena, MEMORY);
        int code = msg_from_json(&msg_answer_save, &out, &arena, good[i].text, &fault);
        cr_assert_eq(code, 0, "%s: code %d %s", good[i].what, code, fault.field);
        cr_assert_eq(out.position, 1);
        cr_assert_eq(out.attempt_id.b[15], 0xcd);
        cr_assert_eq(out.response.n, good[i].response.n, "%s", good[i].what);
        cr_assert_eq(memcmp(out.response.p, good[i].response.p, out.response.n), 0, "%s", good[i].what);
        arena_release(&arena);
    }
}

Test(json, nesting_up_to_the_limit_is_json)
{
    for (unsigned depth = 1; depth <= 40; depth++) {
        char text[80];
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        int code = scan_json((struct span){text, 2 * depth}, 1000);
        cr_assert_eq(code, depth <= JSON_MAX_DEPTH ? 0 : ERR_SYNTAX, "depth %u", depth);
    }
}

Test(json, scan_counts_values)
{
    struct span text = BYTES("[1,-2,{\"a\":3.5,\"b\":[true,\"1.5\"]},4e1]");
    cr_assert_eq(scan_json(text, 9), 0);
    cr_assert_eq(scan_json(text, 8), ERR_TOO_LARGE);
    cr_assert_eq(scan_json(BYTES("[0,-0,10]"), 4), 0);
    cr_assert_eq(scan_json(BYTES("[1,2,3]"), 3), ERR_TOO_LARGE);
}

/* A body of many small values would keep us busy for nothing. */
Test(json, a_flood_of_values_is_refused_before_it_is_read)
{
    struct arena arena;
    struct fault fault;
    struct answer_save out;
    struct buf body;
    buf_init(&body, 8 << 20);
    buf_add_text(&body, "{\"response\":[0");
    for (int i = 0; i < 1000000; i++)
        buf_add(&body, ",0", 2);
    buf_add_text(&body, "]}");
    arena_init(&arena, MEMORY);
    cr_assert_eq(msg_from_json(&msg_answer_save, &out, &arena, buf_span(&body), &fault), ERR_TOO_LARGE);
    cr_assert_eq(arena.total, 0);
    buf_release(&body);
    arena_release(&arena);
}

Test(json, a_full_arena_is_said)
{
    struct arena arena;
    struct fault fault;
    struct answer_save out;
    arena_init(&arena, 16);
    struct span body = BYTES("{" ID ",\"position\":1,\"revision\":1,\"response\":\"twenty bytes of text\"}");
    cr_assert_eq(msg_from_json(&msg_answer_save, &out, &arena, body, &fault), ERR_TOO_LARGE);
    cr_assert_str_eq(fault.field, "response");
    arena_release(&arena);
}

/* The name of an unknown member is shown, but not more of it than a log line bears, and never half a character. */
Test(json, unknown_names_are_cut)
{
    struct arena arena;
    struct fault fault;
    struct answer_save out;
    struct buf body;
    buf_init(&body, MEMORY);
    arena_init(&arena, MEMORY);
    buf_add_text(&body, "{\"x");
    for (int i = 0; i < 1000; i++)
        buf_add_text(&body, "ễ");
    buf_add_text(&body, "\":1}");
    cr_assert_eq(msg_from_json(&msg_answer_save, &out, &arena, buf_span(&body), &fault), ERR_UNKNOWN);
    size_t n = strlen(fault.field);
    cr_assert_eq(n, 64);
    cr_assert(utf8_valid((struct span){fault.field, (uint32_t)n}));
    buf_release(&body);
    arena_release(&arena);
}

Test(json, writes_in_the_order_of_the_rows_without_absent_members)
{
    struct buf out;
    buf_init(&out, MEMORY);
    struct unit_query query = {0};
    msg_to_json(&msg_unit_query, &query, &out);
    cr_assert_eq(out.n, 2);
    cr_assert_eq(memcmp(out.p, "{}", 2), 0);
    buf_clear(&out);
    PUT_FIELD(&query, unit_query, code, SPAN("44"));
    PUT_FIELD(&query, unit_query, as_of, 0);
    msg_to_json(&msg_unit_query, &query, &out);
    static const char expected[] = "{\"code\":\"44\",\"as_of\":\"1970-01-01\"}";
    cr_assert_eq(out.n, sizeof expected - 1);
    cr_assert_eq(memcmp(out.p, expected, out.n), 0);
    buf_clear(&out);
    struct my_programmes none = {0};
    msg_to_json(&msg_my_programmes, &none, &out);
    cr_assert_eq(memcmp(out.p, "{\"programmes\":[]}", out.n), 0);
    buf_release(&out);
}

Test(json, refuses_to_write_what_cannot_be_read)
{
    struct buf out;
    buf_init(&out, MEMORY);
    struct sample_wide wide = {0};
    PUT_FIELD(&wide, sample_wide, time, INT64_MAX);
    msg_to_json(&msg_sample_wide, &wide, &out);
    cr_assert(out.failed);
    buf_clear(&out);
    wide = (struct sample_wide){0};
    PUT_FIELD(&wide, sample_wide, date, INT32_MIN);
    msg_to_json(&msg_sample_wide, &wide, &out);
    cr_assert(out.failed);
    buf_clear(&out);
    wide = (struct sample_wide){0};
    PUT_FIELD(&wide, sample_wide, str, SPAN("\xff"));
    msg_to_json(&msg_sample_wide, &wide, &out);
    cr_assert(out.failed);
    buf_release(&out);
}
