/*
 * ctl.h - what the commands of `hocvu` share: the table row of a command, the configuration, a place on the bus.
 *
 * To add a command: write its file, declare its function below, add one row to the table in main.c.
 */
#ifndef CTL_H
#define CTL_H

#include "bus.h"

/* etc/hocvu.conf of an installation. */
struct ctl_conf {
    struct bus_conf bus;
    const char *url;
    const char *sample_dir;
    struct conf_secret demo_password;
    struct conf_secret audit_public_key;
    int64_t calendar_months;
};

/* One run of hocvu. What it holds is made at first use and freed by main. */
struct ctl {
    const char *conf_path; /* of --conf, $HOCVU_CONF, or var/etc/hocvu.conf */
    struct ctl_conf *conf;
    void *zmq;
    struct bus *bus;
};

struct command {
    const char *name;
    int (*run)(struct ctl *ctl, int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
    const char *help;
    const char *more; /* what `hocvu help NAME` tells; NULL: no more than the line above */
};

extern const struct conf_row ctl_conf_rows[];
/* The configuration, or NULL after its faults were printed. */
const struct ctl_conf *ctl_conf(struct ctl *ctl);
/* The bus as its client `hocvu`, or NULL after the fault was printed. */
struct bus *ctl_bus(struct ctl *ctl);
/* Prints on standard error what the last call on the bus failed of, after `what`. */
void ctl_bus_fault(const struct bus *bus, const char *what);
/* Calls are from now on those of an operator of the whole nation (units.c); -1: the fault was printed. */
int ctl_act_for_nation(struct bus *bus);
void ctl_release(struct ctl *ctl);

int keys_command(struct ctl *ctl, int argc, char **argv);
int bootstrap_command(struct ctl *ctl, int argc, char **argv);
int status_command(struct ctl *ctl, int argc, char **argv);
int load_command(struct ctl *ctl, int argc, char **argv);
int roster_command(struct ctl *ctl, int argc, char **argv);
int demo_command(struct ctl *ctl, int argc, char **argv);
int attempt_command(struct ctl *ctl, int argc, char **argv);
int units_command(struct ctl *ctl, int argc, char **argv);
int decree_command(struct ctl *ctl, int argc, char **argv);
int tenure_command(struct ctl *ctl, int argc, char **argv);
int audit_command(struct ctl *ctl, int argc, char **argv);
int requests_command(struct ctl *ctl, int argc, char **argv);
int calendar_command(struct ctl *ctl, int argc, char **argv);
int breach_command(struct ctl *ctl, int argc, char **argv);
int rights_command(struct ctl *ctl, int argc, char **argv);
int idp_command(struct ctl *ctl, int argc, char **argv);
/* The days of a calendar file, in the arena and borrowed from it; -1: told. */
int holidays_read(const char *path, struct arena *arena, struct holidays *ret_days);
/* Whether the calendar of holidays reaches as far as it must; warns when not. `always`: says also how far. */
bool calendar_reaches(struct ctl *ctl, struct bus *bus, bool always);
/* hocvu sync numbers DIR [--all]; argv[0] is DIR. */
int sync_numbers(struct ctl *ctl, int argc, char **argv);
int sync_command(struct ctl *ctl, int argc, char **argv);

extern const char roster_help[], demo_help[], attempt_help[];
extern const char audit_help[], keys_help[], rights_help[], sync_help[];
extern const char units_help[], decree_help[], tenure_help[];
extern const char breach_help[], calendar_help[], idp_help[];

#endif
