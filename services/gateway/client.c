/* client.c - connections of clients, see client.h. */
#include "client.h"

#include <sys/socket.h>

static void list_remove(struct clients *clients, struct client *client)
{
    *(client->prev ? &client->prev->next : &clients->first) = client->next;
    *(client->next ? &client->next->prev : &clients->last) = client->prev;
}

static void list_append(struct clients *clients, struct client *client)
{
    client->prev = clients->last;
    client->next = NULL;
    *(clients->last ? &clients->last->next : &clients->first) = client;
    clients->last = client;
}

struct client *client_new(struct clients *clients, struct MHD_Connection *http, int64_t now)
{
    const union MHD_ConnectionInfo *peer = MHD_get_connection_info(http, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const union MHD_ConnectionInfo *fd = MHD_get_connection_info(http, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = calloc(1, sizeof(*client));
    if (!client || !peer || !fd || address_of(peer->client_addr, &client->address) < 0) {
        free(client);
        return NULL;
    }
    client->fd = fd->connect_fd;
    client->milestone_us = now;
    list_append(clients, client);
    clients->n++;
    return client;
}

void client_free(struct clients *clients, struct client *client)
{
    if (!client)
        return;
    list_remove(clients, client);
    clients->n--;
    free(client);
}

void client_milestone(struct clients *clients, struct client *client, int64_t now)
{
    client->milestone_us = now;
    if (client != clients->last) {
        list_remove(clients, client);
        list_append(clients, client);
    }
}

void clients_sweep(struct clients *clients, int64_t now)
{
    for (struct client *client = clients->first; client && now - client->milestone_us > clients->patience_us;
         client = client->next) {
        if (client->shut)
            continue;
        client->shut = true;
        clients->cut++;
        shutdown(client->fd, SHUT_RDWR);
    }
}
