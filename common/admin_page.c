/* admin_page.c - what every admin page needs: Prometheus lines, memory, the address to listen on. */
#include "admin_page.h"
#include <arpa/inet.h>
#include <unistd.h>

void metrics_head(struct buf *out, const char *name, const char *kind, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

void metrics_memory(struct buf *out)
{
    FILE *statm = fopen("/proc/self/statm", "re");
    long size = 0, resident = 0;
    if (statm && fscanf(statm, "%ld %ld", &size, &resident) == 2) {
        metrics_head(out, "process_resident_memory_bytes", "gauge", "Resident memory.");
        buf_printf(out, "process_resident_memory_bytes %ld\n", resident * sysconf(_SC_PAGESIZE));
    }
    if (statm)
        fclose(statm);
}

int admin_address(const char *text, struct sockaddr_in *ret_address)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    char *end;
    if (!colon || (size_t)(colon - text) >= sizeof(host))
        return -1;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    long port = strtol(colon + 1, &end, 10);
    if (*end || port < 1 || port > 65535 || inet_pton(AF_INET, host, &ret_address->sin_addr) != 1)
        return -1;
    ret_address->sin_family = AF_INET;
    ret_address->sin_port = htons((uint16_t)port);
    return 0;
}
