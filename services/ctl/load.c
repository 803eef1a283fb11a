/* load.c - `hocvu load`: the sample's organisation tree and roster, imported over the public interface as the operator.
 */
#include "load.h"
#include "ctl.h"
#include "roster.h"

enum { LOAD_PATIENCE_S = 60 };

int load_import(struct client *client, struct session *session, uint16_t method, const struct sample_file *file,
                struct import_report *ret_report)
{
    struct import_file in = {.csv = file->text};
    return client_call(client, session, method, &in, ret_report);
}

int load_roster(struct client *client, struct session *session, const struct sample_file *file,
                struct import_report *ret_report)
{
    struct roster_file roster = {
        .name = file->name, .bytes = file->text.p, .n = file->text.n, .remove_most_percent = -1};
    struct import_state state;
    struct bar bar;
    bar_init(&bar, true);
    int code = roster_import(client, session, &roster, &bar, &state);
    if (code)
        return code;
    *ret_report = (struct import_report){.rows = state.rows,
                                         .created = state.created,
                                         .changed = state.changed,
                                         .unchanged = state.unchanged,
                                         .refused = state.refused};
    if (HAS(&state, import_state, sentence_en))
        return client_fail(client, ERR_INVALID, "roster", "the file was not taken");
    return 0;
}

void load_summary(const struct import_report *report, char *ret_text, size_t n)
{
    snprintf(ret_text, n, "%u rows: %u created, %u changed, %u unchanged, %u refused", report->rows, report->created,
             report->changed, report->unchanged, report->refused);
}

bool load_complain(const struct sample_file *file, const struct import_report *report)
{
    for (uint32_t i = 0; i < report->n_faults; i++) {
        const struct row_fault *fault = &report->faults[i];
        fprintf(stderr, "hocvu: %s line %u, %.*s: %.*s\n", file->name, fault->line, (int)fault->field.n, fault->field.p,
                (int)fault->message_en.n, fault->message_en.p);
    }
    if (report->refused > report->n_faults)
        fprintf(stderr, "hocvu: %s: %u rows were refused; %s.\n", file->name, report->refused,
                report->n_faults ? "the first are shown" : "hocvu roster FILE --faults OUT.csv lists why");
    return report->refused || report->n_faults;
}

/* `method` 0: a roster. */
static int import_one(struct client *client, struct session *session, uint16_t method, const struct sample_file *file)
{
    struct import_report report;
    char summary[200];
    int code =
        method ? load_import(client, session, method, file, &report) : load_roster(client, session, file, &report);
    if (code) {
        struct buf text;
        buf_init(&text, 1024);
        client_fault_text(client, &text);
        fprintf(stderr, "hocvu: %s cannot be imported: %.*s\n", file->name, (int)text.n, text.p);
        if (client->fault.code == ERR_NOT_ON_ROSTER)
            fprintf(stderr, "hocvu: the installation has no operator yet; run hocvu bootstrap.\n");
        buf_release(&text);
        return -1;
    }
    load_summary(&report, summary, sizeof(summary));
    printf("%-12s %s\n", file->name, summary);
    return load_complain(file, &report) ? -1 : 0;
}

static int load(const struct ctl_conf *conf)
{
    struct sample sample = {0};
    struct client client = {0};
    struct session operator= {0};
    struct span password = {conf->demo_password.bytes, (uint32_t)conf->demo_password.n};
    int result = sample_read_people(&sample, conf->sample_dir);
    if (!result && !sample_has_role(&sample, &sample.officials[0], "national_operator", NULL)) {
        fprintf(stderr, "hocvu: the first person of roster.csv is not the national operator.\n");
        result = -1;
    }
    if (!result && (http_start() < 0 || client_init(&client, conf->url, password, LOAD_PATIENCE_S) < 0)) {
        fprintf(stderr, "hocvu: libcurl cannot start\n");
        result = -1;
    }
    if (!result) {
        operator.who = & sample.officials[0];
        result = import_one(&client, &operator, M_units_import, &sample.units_csv);
    }
    if (!result)
        result = import_one(&client, &operator, 0, &sample.roster_csv);
    session_release(&operator);
    client_release(&client);
    sample_release(&sample);
    return result;
}

int load_command(struct ctl *ctl, int argc, char **argv)
{
    (void)argv;
    const struct ctl_conf *conf = ctl_conf(ctl);
    if (!conf)
        return 1;
    if (argc != 1) {
        fprintf(stderr, "usage: hocvu load\n");
        return 2;
    }
    if (!conf->demo_password.bytes) {
        fprintf(stderr,
                "hocvu: demo_password names no file in %s, so nobody can log in at the demonstration provider.\n",
                ctl->conf_path);
        return 1;
    }
    return load(conf) < 0 ? 1 : 0;
}
