/* idp.c - `hocvu idp test`: an identity provider tried without a person, and with one in a login that opens no session.
 */
#include "ctl.h"
#include "pace.h"
#include "service.h"
#include <sodium.h>

enum { SECRET_BYTES = 16, WAIT_S = 600, LOOK_US = 1000000 };

const char idp_help[] =
    "hocvu idp test NAME            tries everything about the identity provider NAME that can be tried without a "
    "person:\n"
    "                               configuration, discovery, keys, clock, our name and secret; exit code 1 when a "
    "step fails\n"
    "hocvu idp test NAME --login    prints an address to log in at with any browser, waits ten minutes for it, and "
    "tells\n"
    "                               which claims came and what the rules of linking say; opens no session, links "
    "nobody\n"
    "\n"
    "NAME is that of its file in etc/providers. docs/integrators.md tells what to do about each step.\n";

static int tried(struct bus *bus, const char *name, char *ret_path, size_t room)
{
    struct provider_ref ref = {.provider = {name, (uint32_t)strlen(name)}};
    struct probe_report report;
    int code = call_provider_check(bus, &ref, &report);
    bool well = true;
    if (code == ERR_NOT_FOUND) {
        fprintf(stderr,
                "hocvu: there is no provider %s, or its row `enabled` says no; etc/providers has a file for each.\n",
                name);
        return 1;
    }
    if (code) {
        ctl_bus_fault(bus, "idp test");
        return 1;
    }
    printf("%s (%.*s)\n", name, (int)report.kind.n, report.kind.p);
    for (uint32_t i = 0; i < report.n_steps; i++) {
        const struct probe_result *step = &report.steps[i];
        printf("  %-14.*s %-6s %.*s\n", (int)step->what.n, step->what.p, step->ok ? "ok" : "FAULT", (int)step->found.n,
               step->found.p);
        if (!step->ok)
            printf("  %-14s        %.*s\n  %-14s        %.*s\n", "", (int)step->advice_vi.n, step->advice_vi.p, "",
                   (int)step->advice_en.n, step->advice_en.p);
        well &= step->ok;
    }
    snprintf(ret_path, room, "%.*s", (int)report.login_path.n, report.login_path.p);
    return well ? 0 : 1;
}

/* What came: 0 when a login of this account would have opened a session. */
static int told(const struct login_test_report *report)
{
    bool refused = report->error.n > 0;
    for (uint32_t i = 0; i < report->n_claims; i++) {
        const struct claim_shown *claim = &report->claims[i];
        printf("  %-14.*s %-20.*s %.*s\n", (int)claim->name.n, claim->name.p, (int)claim->claim.n, claim->claim.p,
               (int)claim->value.n, claim->value.p);
    }
    if (refused)
        printf("refused, %.*s: %.*s\n", (int)report->error.n, report->error.p, (int)report->why.n, report->why.p);
    else
        printf("the account would be %.*s: %.*s\n", (int)report->standing.n, report->standing.p, (int)report->why.n,
               report->why.p);
    return refused ? 1 : 0;
}

static int login(struct ctl *ctl, struct bus *bus, const char *path)
{
    uint8_t bytes[SECRET_BYTES];
    char secret[2 * SECRET_BYTES + 1];
    if (sodium_init() < 0)
        return 1;
    randombytes_buf(bytes, sizeof(bytes));
    sodium_bin2hex(secret, sizeof(secret), bytes, sizeof(bytes));
    struct login_test_key key = {.test = {secret, 2 * SECRET_BYTES}};
    printf("Log in within ten minutes, with any browser:\n\n  %s%s?test=%s\n\n", ctl_conf(ctl)->url, path, secret);
    fflush(stdout);
    pace_catch_signals();
    for (int64_t until = mono_us() + (int64_t)WAIT_S * 1000000; mono_us() < until;) {
        struct login_test_report report;
        if (!call_provider_test(bus, &key, &report) && !(report.state.n == 7 && !memcmp(report.state.p, "waiting", 7)))
            return told(&report);
        if (!pace_sleep(LOOK_US))
            return 130;
    }
    fprintf(stderr, "hocvu: nobody came back from the provider within ten minutes.\n");
    return 1;
}

int idp_command(struct ctl *ctl, int argc, char **argv)
{
    char path[128];
    bool with_login = argc == 4 && !strcmp(argv[3], "--login");
    if (argc < 3 || strcmp(argv[1], "test") != 0 || (argc > 3 && !with_login)) {
        fprintf(stderr, "usage: hocvu idp test NAME [--login]; hocvu help idp tells more\n");
        return 2;
    }
    struct bus *bus = ctl_bus(ctl);
    if (!bus)
        return 1;
    int code = tried(bus, argv[2], path, sizeof(path));
    return code || !with_login ? code : login(ctl, bus, path);
}
