/* ctl.c - what the commands share: the configuration of hocvu and its place on the bus. */
#include "ctl.h"
#include <zmq.h>

const struct conf_row ctl_conf_rows[] = {
    BUS_CONF_ROWS(struct ctl_conf, bus),
    {"url", CONF_TEXT, 1, 200, "http://127.0.0.1:8400", "Public address of the gateway.",
     offsetof(struct ctl_conf, url)},
    {"sample_dir", CONF_TEXT, 1, 500, "deploy/sample", "Directory of the sample nation.",
     offsetof(struct ctl_conf, sample_dir)},
    {"demo_password", CONF_SECRET, 0, 0, "", "Password of every account at the demonstration identity provider.",
     offsetof(struct ctl_conf, demo_password)},
    {"audit_public_key", CONF_SECRET, 0, 0, "", "File with the public key of the heads of audits, hex.",
     offsetof(struct ctl_conf, audit_public_key)},
    {"calendar_months", CONF_INT, 0, 24, "2",
     "Warn when the calendar of holidays ends within so many months (of 30 days); 0: once it has ended.",
     offsetof(struct ctl_conf, calendar_months)},
    {NULL, CONF_INT, 0, 0, NULL, NULL, 0},
};

const struct ctl_conf *ctl_conf(struct ctl *ctl)
{
    if (!ctl->conf) {
        ctl->conf = calloc(1, sizeof(*ctl->conf));
        if (!ctl->conf || conf_load(ctl_conf_rows, NULL, ctl->conf, ctl->conf_path) < 0) {
            fprintf(stderr, "hocvu: the configuration cannot be used. Is the installation running (make up)?\n");
            if (ctl->conf)
                conf_release(ctl_conf_rows, ctl->conf);
            free(ctl->conf);
            ctl->conf = NULL;
        }
    }
    return ctl->conf;
}

struct bus *ctl_bus(struct ctl *ctl)
{
    if (!ctl->bus && ctl_conf(ctl)) {
        ctl->zmq = zmq_ctx_new();
        ctl->bus = ctl->zmq ? bus_new(ctl->zmq, &ctl->conf->bus, 5000) : NULL;
        if (!ctl->bus)
            fprintf(stderr, "hocvu: out of memory\n");
    }
    return ctl->bus;
}

void ctl_bus_fault(const struct bus *bus, const char *what)
{
    const struct fault *fault = bus_fault(bus);
    const char *field = fault->field ? fault->field : "";
    fprintf(stderr, "hocvu: %s: %s%s%s%s\n", what, err_find(fault->code)->en, *field ? " (" : "", field,
            *field ? ")" : "");
}

void ctl_release(struct ctl *ctl)
{
    bus_free(ctl->bus);
    if (ctl->zmq)
        zmq_ctx_term(ctl->zmq);
    if (ctl->conf)
        conf_release(ctl_conf_rows, ctl->conf);
    free(ctl->conf);
}
