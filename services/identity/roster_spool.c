/*
 * roster_spool.c - a roster's good rows on their way from the reader to the database, in a file without a name: nothing
 * is written to the database before the whole file has been read, because a file may turn out to be none at its last
 * line. The numbers themselves are in it as hash and box only.
 */
#include "roster.h"
#include <fcntl.h>
#include <sodium.h>
#include <unistd.h>

enum { BUFFER = 256 << 10, ALIGN = 8 };

/* Behind the record where rows name tenures. */
struct record_days {
    struct roster_days days;
    uint8_t n_position_code;
    unsigned char said[16]; /* a hash of name and birth date */
};

/* A row in the file; behind it the days (where the file has them), the roles, the name, the position, its code and the
 * hash by the key before, then up to the next multiple of ALIGN. */
struct record {
    uint32_t size, row, line;
    int32_t birth_date;
    uint8_t leader, n_roles, has_before, has_days;
    uint16_t n_name, n_position;
    struct uuid unit_id;
    unsigned char hash[SEAL_HASH_BYTES], box[SEAL_BOX_BYTES];
};

int spool_file(const char *dir)
{
    return open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int spool_open(struct spool *spool, const char *dir)
{
    *spool = (struct spool){.fd = spool_file(dir), .buffer = malloc(BUFFER)};
    if (spool->fd >= 0 && spool->buffer)
        return 0;
    if (spool->fd >= 0)
        close(spool->fd);
    free(spool->buffer);
    *spool = (struct spool){0};
    return -1;
}

void spool_close(struct spool *spool)
{
    if (spool->buffer && spool->fd >= 0)
        close(spool->fd);
    free(spool->buffer);
    *spool = (struct spool){0};
}

static void flush(struct spool *spool)
{
    for (size_t done = 0; done < spool->n && !spool->failed;) {
        ssize_t n = pwrite(spool->fd, spool->buffer + done, spool->n - done, (off_t)(spool->offset + done));
        spool->failed = n <= 0;
        done += n > 0 ? (size_t)n : 0;
    }
    spool->offset += spool->n;
    spool->n = 0;
}

static void put(struct spool *spool, const void *p, size_t n)
{
    if (n)
        memcpy(spool->buffer + spool->n, p, n);
    spool->n += n;
}

static void said_of(const struct roster_row *row, unsigned char ret_said[16])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 16);
    crypto_generichash_update(&state, (const unsigned char *)&row->birth_date, sizeof(row->birth_date));
    crypto_generichash_update(&state, (const unsigned char *)row->full_name.p, row->full_name.n);
    crypto_generichash_final(&state, ret_said, 16);
}

static size_t size_of(const struct spool *spool, const struct roster_row *row)
{
    size_t size = (spool->tenures ? sizeof(struct record_days) + row->position_code.n : 0) + sizeof(struct record) +
                  row->n_roles * sizeof(row->roles[0]) + row->full_name.n + row->position.n +
                  (row->has_before ? sizeof(row->before) : 0);
    return (size + ALIGN - 1) / ALIGN * ALIGN;
}

static void put_days(struct spool *spool, const struct roster_row *row)
{
    struct record_days tail;
    memset(&tail, 0, sizeof(tail)); /* padding too: it is compared and written */
    tail.days = row->days;
    tail.n_position_code = (uint8_t)row->position_code.n;
    said_of(row, tail.said);
    put(spool, &tail, sizeof(tail));
}

uint64_t spool_add(struct spool *spool, const struct roster_row *row)
{
    size_t roles = row->n_roles * sizeof(row->roles[0]);
    size_t size = size_of(spool, row);
    struct record record = {
        .size = (uint32_t)size,
        .row = row->row,
        .line = row->line,
        .birth_date = row->birth_date,
        .leader = row->leader,
        .n_roles = (uint8_t)row->n_roles,
        .has_before = row->has_before,
        .has_days = spool->tenures,
        .n_name = (uint16_t)row->full_name.n,
        .n_position = (uint16_t)row->position.n,
        .unit_id = row->unit_id,
    };
    memcpy(record.hash, row->hash, sizeof(record.hash));
    memcpy(record.box, row->box, sizeof(record.box));
    if (spool->n + size > BUFFER)
        flush(spool);
    uint64_t at = spool->offset + spool->n;
    size_t end = spool->n + size;
    put(spool, &record, sizeof(record));
    if (spool->tenures)
        put_days(spool, row);
    put(spool, row->roles, roles);
    put(spool, row->full_name.p, row->full_name.n);
    put(spool, row->position.p, row->position.n);
    if (spool->tenures)
        put(spool, row->position_code.p, row->position_code.n);
    put(spool, row->before, row->has_before ? sizeof(row->before) : 0);
    memset(spool->buffer + spool->n, 0, end - spool->n);
    spool->n = end;
    return at;
}

int spool_rewind(struct spool *spool)
{
    if (spool->n)
        flush(spool);
    spool->n = spool->at = 0;
    spool->offset = 0;
    return spool->failed ? -1 : 0;
}

/* At least `wanted` bytes of the buffer are there to be read. */
static bool fill(struct spool *spool, size_t wanted)
{
    if (spool->n - spool->at >= wanted)
        return true;
    memmove(spool->buffer, spool->buffer + spool->at, spool->n - spool->at);
    spool->offset += spool->at;
    spool->n -= spool->at;
    spool->at = 0;
    while (spool->n < wanted) {
        ssize_t n = pread(spool->fd, spool->buffer + spool->n, BUFFER - spool->n, (off_t)(spool->offset + spool->n));
        if (n <= 0)
            return false;
        spool->n += (size_t)n;
    }
    return true;
}

bool spool_peek(struct spool *spool, uint32_t *ret_row)
{
    struct record record;
    if (!fill(spool, sizeof(record)))
        return false;
    memcpy(&record, spool->buffer + spool->at, sizeof(record));
    *ret_row = record.row;
    return true;
}

int spool_next(struct spool *spool, struct arena *arena, struct roster_row *ret_row)
{
    struct record record;
    if (!fill(spool, sizeof(record)))
        return -1;
    memcpy(&record, spool->buffer + spool->at, sizeof(record));
    if (!fill(spool, record.size))
        return -1;
    const char *p = spool->buffer + spool->at + sizeof(record);
    *ret_row = (struct roster_row){
        .row = record.row,
        .line = record.line,
        .birth_date = record.birth_date,
        .leader = record.leader,
        .n_roles = record.n_roles,
        .unit_id = record.unit_id,
    };
    memcpy(ret_row->hash, record.hash, sizeof(record.hash));
    memcpy(ret_row->box, record.box, sizeof(record.box));
    struct record_days tail = {.n_position_code = 0};
    if (record.has_days) {
        memcpy(&tail, p, sizeof(tail));
        p += sizeof(tail);
        ret_row->days = tail.days;
    }
    memcpy(ret_row->roles, p, record.n_roles * sizeof(ret_row->roles[0]));
    p += record.n_roles * sizeof(ret_row->roles[0]);
    if (arena_span(arena, (struct span){p, record.n_name}, &ret_row->full_name) < 0 ||
        arena_span(arena, (struct span){p + record.n_name, record.n_position}, &ret_row->position) < 0)
        return -1;
    p += record.n_name + record.n_position;
    if (arena_span(arena, (struct span){p, tail.n_position_code}, &ret_row->position_code) < 0)
        return -1;
    p += tail.n_position_code;
    ret_row->has_before = record.has_before;
    if (record.has_before)
        memcpy(ret_row->before, p, sizeof(ret_row->before));
    spool->at += record.size;
    return 0;
}

/* --- Numbers. --- */

enum { ROOM_FIRST = 1 << 16 };

/* A bit pattern of the hash, and where in the spool the row is; `at` counts from 1 in steps of ALIGN. */
struct number_place {
    uint32_t tag, at;
};

void number_set_release(struct number_set *set)
{
    free(set->places);
    *set = (struct number_set){0};
}

static uint32_t slot_of(const struct number_set *set, uint32_t tag)
{
    return (uint32_t)((uint64_t)tag * set->room >> 32);
}

static void place(struct number_set *set, struct number_place number)
{
    uint32_t slot = slot_of(set, number.tag);
    while (set->places[slot].at)
        slot = (slot + 1) % set->room;
    set->places[slot] = number;
}

static int grow(struct number_set *set)
{
    struct number_set larger = {.n = set->n, .room = set->room ? set->room * 2 : ROOM_FIRST};
    larger.places = calloc(larger.room, sizeof(struct number_place));
    if (!larger.places)
        return -1;
    for (uint32_t i = 0; i < set->room; i++) {
        if (set->places[i].at)
            place(&larger, set->places[i]);
    }
    free(set->places);
    *set = larger;
    return 0;
}

/* The record (and the days behind it) at this place, still in the buffer or in the file. */
static bool read_at(const struct spool *spool, uint64_t at, void *to, size_t n)
{
    if (at >= spool->offset) {
        memcpy(to, spool->buffer + (at - spool->offset), n);
        return true;
    }
    return pread(spool->fd, to, n, (off_t)at) == (ssize_t)n;
}

/* Does the row at this place, of the same number, stand in the way? Of tenures there may be several. */
static bool stands_in_way(const struct spool *spool, uint64_t at, const struct record *record,
                          const struct roster_row *row, bool *ret_other)
{
    struct record_days tail;
    unsigned char said[16];
    if (!spool->tenures || !read_at(spool, at + sizeof(*record), &tail, sizeof(tail)))
        return true;
    said_of(row, said);
    *ret_other = memcmp(said, tail.said, sizeof(said)) != 0;
    return *ret_other || (tail.days.kind == row->days.kind && tail.days.from == row->days.from &&
                          (row->days.kind == KIND_PRINCIPAL || uuid_equal(&record->unit_id, &row->unit_id)));
}

uint32_t number_set_add(struct number_set *set, struct spool *spool, const struct roster_row *row, bool *ret_other)
{
    struct number_place number;
    struct record record;
    if (set->n >= set->room / 4 * 3 && grow(set) < 0)
        return 0;
    memcpy(&number.tag, row->hash, sizeof(number.tag));
    uint32_t slot = slot_of(set, number.tag);
    for (; set->places[slot].at; slot = (slot + 1) % set->room) {
        uint64_t at = (uint64_t)(set->places[slot].at - 1) * ALIGN;
        if (set->places[slot].tag == number.tag && read_at(spool, at, &record, sizeof(record)) &&
            !memcmp(record.hash, row->hash, sizeof(record.hash)) && stands_in_way(spool, at, &record, row, ret_other))
            return record.line;
    }
    /* Where spool_add will put it. */
    size_t size = size_of(spool, row);
    if (spool->n + size > BUFFER)
        flush(spool);
    number.at = (uint32_t)((spool->offset + spool->n) / ALIGN) + 1;
    set->places[slot] = number;
    set->n++;
    return row->line;
}
