/* bootstrap.c - `hocvu bootstrap [ROSTER]`: the first national operator, named by a roster file, made over the bus. */
#include "ctl.h"
#include "csv.h"
#include <errno.h>

enum { ROSTER_MAX = 4 << 20, ROSTER_ROWS = 50000 };

enum { NATIONAL_ID, FULL_NAME, ROLES = 6, COLUMNS };

/* Columns of a roster; identity checks what they say when it imports the file. */
static const struct table_column columns[COLUMNS] = {
    {"national_id", 12, 12, COL_MASKED},
    {"full_name", 1, 120, 0},
    {"birth_date", 0, 10, 0},
    {"unit_code", 1, 32, 0},
    {"position", 0, 120, 0},
    {"leader", 0, 5, 0},
    {"roles", 0, 500, 0},
};

static int read_roster(const char *path, struct arena *arena, struct table *ret_file)
{
    FILE *file = fopen(path, "re");
    char *text = file ? arena_alloc(arena, ROSTER_MAX + 1) : NULL;
    if (!text) {
        fprintf(stderr, "hocvu: %s: %s\n", path, strerror(errno));
        if (file)
            fclose(file);
        return -1;
    }
    size_t n = fread(text, 1, ROSTER_MAX + 1, file);
    fclose(file);
    if (n > ROSTER_MAX || csv_read(ret_file, arena, columns, COLUMNS, (struct span){text, (uint32_t)n}, ROSTER_ROWS)) {
        fprintf(stderr, "hocvu: %s is too large.\n", path);
        return -1;
    }
    return 0;
}

/* The first row whose roles name the national operator. */
static const struct table_row *find_operator(const struct table *file)
{
    for (uint32_t i = 0; i < file->n_rows; i++) {
        const struct table_row *row = &file->rows[i];
        struct span roles = row->cells[ROLES];
        if (!row->refused && memmem(roles.p, roles.n, "national_operator@", strlen("national_operator@")))
            return row;
    }
    return NULL;
}

static int bootstrap(struct ctl *ctl, const char *path, struct arena *arena)
{
    struct table file;
    if (read_roster(path, arena, &file) < 0)
        return 1;
    const struct table_row *row = find_operator(&file);
    if (!row) {
        fprintf(stderr, "hocvu: %s names no national_operator.\n", path);
        return 1;
    }
    struct bus *bus = ctl_bus(ctl);
    struct operator_first first = {.national_id = row->cells[NATIONAL_ID], .full_name = row->cells[FULL_NAME]};
    struct accepted accepted;
    if (!bus)
        return 1;
    int code = call_operator_bootstrap(bus, &first, &accepted);
    if (code == ERR_STATE) {
        printf("A national operator exists already; nothing was changed.\n");
        return 0;
    }
    if (code) {
        ctl_bus_fault(bus, "the first operator could not be made");
        return 1;
    }
    printf("First national operator: %.*s\n", (int)first.full_name.n, first.full_name.p);
    return 0;
}

int bootstrap_command(struct ctl *ctl, int argc, char **argv)
{
    char sample[1024];
    const struct ctl_conf *conf = ctl_conf(ctl);
    if (!conf)
        return 1;
    if (argc > 2) {
        fprintf(stderr, "usage: hocvu bootstrap [ROSTER]\n");
        return 2;
    }
    snprintf(sample, sizeof(sample), "%s/roster.csv", conf->sample_dir);
    struct arena arena;
    arena_init(&arena, 64 << 20);
    int code = bootstrap(ctl, argc == 2 ? argv[1] : sample, &arena);
    arena_release(&arena);
    return code;
}
