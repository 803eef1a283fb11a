/*
 * rights.c - `hocvu rights explain PERSON METHOD UNIT`: why somebody may use a method for a unit, or may not. A
 * personal number is read from standard input, because arguments are seen by everyone on the machine.
 */
#include "ctl.h"
#include <getopt.h>
#include <sodium.h>
#include <unistd.h>

const char rights_help[] =
    "hocvu rights explain PERSON METHOD UNIT [--as-of YYYY-MM-DD]\n"
    "hocvu rights explain --number METHOD UNIT [--as-of YYYY-MM-DD]\n"
    "\n"
    "Says step by step why a person may use a METHOD for the unit with this code, or may not: the account, the "
    "tenure,\n"
    "each grant with those it hangs on, and the first that is broken. PERSON is the person's id; with --number the\n"
    "twelve digits of the personal number are read from standard input. Exit code 0: allowed, 1: not allowed,\n"
    "2: the question cannot be answered.\n";

enum { DIGITS = 12 };

/* The number from standard input into `ret_digits`; -1 after a sentence. */
static int read_number(char ret_digits[DIGITS + 1])
{
    char line[64] = "";
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "Personal number (12 digits): ");
    bool read = fgets(line, sizeof(line), stdin);
    size_t n = strcspn(line, "\r\n");
    bool good = read && n == DIGITS && strspn(line, "0123456789") == DIGITS;
    if (good)
        memcpy(ret_digits, line, DIGITS);
    ret_digits[good ? DIGITS : 0] = '\0';
    sodium_memzero(line, sizeof(line));
    if (!good)
        fprintf(stderr, "hocvu: a personal number has exactly twelve digits.\n");
    return good ? 0 : -1;
}

static void print_answer(const struct rights_answer *answer)
{
    for (uint32_t i = 0; i < answer->n_steps; i++) {
        const struct rights_step *step = &answer->steps[i];
        printf("%s %.*s\n    %.*s\n", step->ok ? "[+]" : "[-]", (int)step->message_vi.n, step->message_vi.p,
               (int)step->message_en.n, step->message_en.p);
    }
}

static int ask(struct ctl *ctl, const struct rights_question_local *question)
{
    struct rights_answer answer;
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 2;
    if (call_rights_explain_local(bus, question, &answer)) {
        ctl_bus_fault(bus, "the question cannot be answered");
        return 2;
    }
    print_answer(&answer);
    return answer.allowed ? 0 : 1;
}

static struct span span_of(const char *text)
{
    return (struct span){text, (uint32_t)strlen(text)};
}

/* Reads options and arguments into the question; `digits` is its memory. -1 after a sentence. */
static int read_question(int argc, char **argv, char digits[DIGITS + 1], struct rights_question_local *question)
{
    static const struct option options[] = {
        {"number", no_argument, NULL, 'n'}, {"as-of", required_argument, NULL, 'd'}, {NULL, 0, NULL, 0}};
    bool number = false;
    int32_t day;
    optind = 1;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 'n') {
            number = true;
        } else if (c == 'd' && date_parse(span_of(optarg), &day) == 0) {
            PUT_FIELD(question, rights_question_local, as_of, day);
        } else {
            fputs(rights_help, stderr);
            return -1;
        }
    }
    struct uuid person;
    if (argc - optind != (number ? 2 : 3)) {
        fputs(rights_help, stderr);
        return -1;
    }
    if (number) {
        if (read_number(digits) < 0)
            return -1;
        PUT_FIELD(question, rights_question_local, national_id, span_of(digits));
    } else if (uuid_parse(span_of(argv[optind]), &person) == 0) {
        optind++;
        PUT_FIELD(question, rights_question_local, person_id, person);
    } else {
        fprintf(stderr, "hocvu: PERSON is an id; with --number the personal number is read from standard input.\n");
        return -1;
    }
    question->method = span_of(argv[optind]);
    question->unit_code = span_of(argv[optind + 1]);
    return 0;
}

int rights_command(struct ctl *ctl, int argc, char **argv)
{
    char digits[DIGITS + 1] = "";
    struct rights_question_local question = {0};
    if (argc < 2 || strcmp(argv[1], "explain") != 0) {
        fputs(rights_help, stderr);
        return 2;
    }
    int code = read_question(argc - 1, argv + 1, digits, &question) < 0 ? 2 : ask(ctl, &question);
    sodium_memzero(digits, sizeof(digits));
    return code;
}
