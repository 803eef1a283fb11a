/*
 * hocvu - the operator's command line: a client of the bus and of the public HTTP interface like any other.
 *
 * Each command has a file of its own; the table below is the list of them.
 */
#include "ctl.h"
#include "log.h"

static int help_command(struct ctl *ctl, int argc, char **argv);

static const struct command commands[] = {
    {"keys", keys_command, "init DIR: make the keys of an installation that are not there yet; rotate, check",
     keys_help},
    {"bootstrap", bootstrap_command, "[ROSTER]: make the first national operator, from the roster's first such row",
     NULL},
    {"status", status_command, "ask every service how it is; exit code 1 when one is not well", NULL},
    {"load", load_command, "import tree and roster of the sample nation, as its operator", NULL},
    {"roster", roster_command, "FILE: import officials from CSV or XLSX, with resume and a report", roster_help},
    {"demo", demo_command, "--learners N: lead the sample nation's people through the whole journey", demo_help},
    {"attempt", attempt_command, "verify FILE: check the signed dossier of an attempt, without the database",
     attempt_help},
    {"requests", requests_command, "open requests of persons about their data; exit code 1 when one is late", NULL},
    {"breach", breach_command, "open WORDS | told ID | list: the register of breaches of personal data", breach_help},
    {"audit", audit_command, "verify [SERVICE]: is what was done and refused still as it was written", audit_help},
    {"sync", sync_command,
     "status: how far the systems of other owners have been told; exit code 1 when something is late", sync_help},
    {"calendar", calendar_command, "load FILE | status: holidays, by which the times that the law sets end",
     calendar_help},
    {"idp", idp_command, "test NAME [--login]: try an identity provider, without a person or with one", idp_help},
    {"rights", rights_command, "explain PERSON METHOD UNIT: why somebody may do something, or may not", rights_help},
    {"units", units_command, "official FILE: load the official list of provinces and communes", units_help},
    {"tenure", tenure_command, "reopen PERSON TENURE: an end of a tenure that was a mistake is taken back",
     tenure_help},
    {"decree", decree_command, "FILE.json: change the organisation as a decree says", decree_help},
    {"help", help_command, "[COMMAND]: this list, or more about one command", NULL},
    {NULL, NULL, NULL, NULL},
};

static int help_about(const char *name)
{
    for (const struct command *command = commands; command->name; command++) {
        if (!strcmp(command->name, name)) {
            if (command->more)
                fputs(command->more, stdout);
            else
                printf("hocvu %s %s\n", command->name, command->help);
            return 0;
        }
    }
    fprintf(stderr, "hocvu: there is no command '%s'; hocvu help lists them.\n", name);
    return 2;
}

static int help_command(struct ctl *ctl, int argc, char **argv)
{
    (void)ctl;
    if (argc > 1)
        return help_about(argv[1]);
    printf("usage: hocvu [--conf FILE] COMMAND ...\n\n");
    for (const struct command *command = commands; command->name; command++)
        printf("  %-10s %s\n", command->name, command->help);
    printf("\nFILE is etc/hocvu.conf of the installation ($HOCVU_CONF, or var/etc/hocvu.conf). Its rows:\n\n");
    conf_help(ctl_conf_rows);
    return 0;
}

int main(int argc, char **argv)
{
    const char *path = getenv("HOCVU_CONF");
    struct ctl ctl = {.conf_path = path && *path ? path : "var/etc/hocvu.conf"};
    int at = 1;
    log_init("hocvu", LOG_WARN);
    if (argc > 2 && !strcmp(argv[1], "--conf")) {
        ctl.conf_path = argv[2];
        at = 3;
    }
    const char *name = at >= argc || !strcmp(argv[at], "--help") ? "help" : argv[at];
    for (const struct command *command = commands; command->name; command++) {
        if (!strcmp(command->name, name)) {
            int code = at < argc ? command->run(&ctl, argc - at, argv + at) : command->run(&ctl, 0, argv);
            ctl_release(&ctl);
            return code;
        }
    }
    fprintf(stderr, "hocvu: there is no command '%s'; hocvu help lists them.\n", name);
    return 2;
}
