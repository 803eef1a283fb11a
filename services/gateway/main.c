/*
 * gateway - the HTTP/JSON edge: what browsers and programs ask becomes calls on the bus.
 *
 * Answers:   every METHOD with a path, by the rows of proto/ (route.c, call.c); /login, /session (login.c); the
 * portal's pages (pages.c); /health, /live; on admin_listen /metrics and /health with details (admin.c, metrics.c)
 * Announces: nothing
 * Follows:   nothing; asks identity twice a second which sessions have ended and whose rights changed (revoked.c)
 * Keeps:     no data; in memory verified tokens (auth.c), ended sessions, token buckets (ratelimit.c), calls that wait
 *            (upstream.c). It needs no Redis and no PostgreSQL.
 * Refuses:   what is not declared or out of bounds (400), no or ended token (401), other role, cookie without X-Hocvu
 *            (403), too much at once (413, 429, 503), services that do not answer (503, 504)
 *
 * One thread, one loop: loop.c. Configuration: gateway --help, rows in settings.c.
 */
#include "gateway.h"

#include <getopt.h>
#include <sodium.h>

static int usage(void)
{
    printf("gateway - the HTTP/JSON edge of hocvu\n\nUsage: gateway --conf FILE [--check]\n\n"
           "Rows of the file, `name = value`; HOCVU_<NAME> in the environment wins:\n\n");
    conf_help(settings_rows);
    return EXIT_SUCCESS;
}

static int version(void)
{
    printf("gateway of hocvu, wire of %zu messages\n", proto_n_msgs);
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    static const struct option known[] = {
        {"conf", required_argument, NULL, 'f'},
        {"check", no_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {NULL, 0, NULL, 0},
    };
    static struct settings settings;
    const char *path = NULL;
    bool check = false;
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'f':
            path = optarg;
            break;
        case 'c':
            check = true;
            break;
        case 'h':
            return usage();
        case 'v':
            return version();
        default:
            return 2;
        }
    }
    if (sodium_init() < 0 || settings_load(&settings, path) < 0)
        return EXIT_FAILURE;
    log_init("gateway", settings.level);
    int status = gateway_run(&settings, check);
    settings_release(&settings);
    return status;
}
