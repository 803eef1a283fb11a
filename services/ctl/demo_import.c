/* demo_import.c - the operator imports tree and roster; a second time nothing may change. */
#include "demo.h"
#include "load.h"

/* `method` 0: a roster. */
static int import_twice(struct demo *demo, uint16_t method, const struct sample_file *file)
{
    struct import_report report;
    char summary[200];
    for (int round = 0; round < 2; round++) {
        int code = method ? load_import(&demo->client, &demo->operator, method, file, &report)
                          : load_roster(&demo->client, &demo->operator, file, &report);
        if (code)
            return demo_call_fault(demo, &demo->client, &demo->operator, method ? method : M_import_begin);
        if (load_complain(file, &report))
            return demo_fault(demo, demo->operator.who, "%s was not taken whole", file->name);
        if (round == 0) {
            load_summary(&report, summary, sizeof(summary));
            progress_say(&demo->progress, "%s: %s", file->name, summary);
        }
        if (report.unchanged == report.rows)
            return 0;
        client_clear(&demo->client);
    }
    return demo_fault(demo, demo->operator.who, "importing %s again changes %u rows", file->name,
                      report.rows - report.unchanged);
}

/* Learns the ids of all units, page by page. */
static int find_units(struct demo *demo)
{
    struct unit_query query = {0};
    struct unit_list list;
    char after[33];
    uint32_t known = 0;
    do {
        if (demo_ask(demo, &demo->client, &demo->operator, M_units, &query, &list) < 0)
            return -1;
        for (uint32_t i = 0; i < list.n_units; i++) {
            uint32_t unit = sample_unit_find(&demo->sample, list.units[i].code);
            if (unit != NO_UNIT) {
                demo->unit_ids[unit] = list.units[i].unit_id;
                known++;
            }
        }
        if (list.n_units) {
            struct span last = list.units[list.n_units - 1].code;
            snprintf(after, sizeof(after), "%.*s", (int)last.n, last.p);
            PUT_FIELD(&query, unit_query, after, ((struct span){after, (uint32_t)strlen(after)}));
        }
        client_clear(&demo->client);
    } while (list.n_units);
    if (known != demo->sample.n_units)
        return demo_fault(demo, NULL, "%u of the %u units of units.csv are known after the import", known,
                          demo->sample.n_units);
    return 0;
}

int demo_import(struct demo *demo)
{
    demo_stage(demo, &demo->client, STAGE_IMPORT);
    if (import_twice(demo, M_units_import, &demo->sample.units_csv) < 0 ||
        import_twice(demo, 0, &demo->sample.roster_csv) < 0)
        return -1;
    return find_units(demo);
}
