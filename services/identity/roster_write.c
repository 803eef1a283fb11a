/*
 * roster_write.c - phase 2 of an import: the spool's rows are compared with what is stored and written, twenty thousand
 * of the file's rows (four hundred where they name tenures) in each transaction, which also writes down that they are
 * done. Whoever goes on with the import after a process died reads the same rows again and leaves those slices out.
 *
 * A row says who works where now. A new number is a new person; another unit ends the tenure today and begins the next;
 * another name, position or birth date corrects what is stored. Roles are only ever added: taking one away is a
 * decision with a reason (role_revoke).
 *
 * Two writers share the slices, each with its own connection: no two rows of a file are the same person. In a file that
 * names tenures (roster_tenures.c) several may be, and one writer takes them in order.
 *
 * New people are most of a first roster. They go in by COPY, and their events are written here, in lists of fifty.
 */
#include "import.h"
#include "pg_conn.h"
#include <pthread.h>
#include "roster.h"

enum { EVENT_FACTS = 50, EVENT_MOST = 128 << 10, SLICE_TRIES = 3, HELPER_MEMORY = 64 << 20 };

static const struct {
    struct span field;
    struct span vi, en;
} refusals[] = {
    [OUTSIDE] = {SPAN("unit_code"),
                 SPAN("Người này đang thuộc một đơn vị ngoài phạm vi của bạn. Hãy phối hợp với đơn vị đó."),
                 SPAN("This person belongs to a unit outside your subtree. Settle it with that unit.")},
    [SAME_PERSON_TWICE] = {SPAN("national_id"),
                           SPAN("Số cũ của một người đã có ở dòng khác với số mới. Hãy chỉ giữ dòng có số mới."),
                           SPAN("A former number of somebody whom another row names. Keep the row with the new one.")},
    [ROLE_BEYOND] = {SPAN("roles"),
                     SPAN("Bạn không được giao vai trò này cho đơn vị này: vượt quá quyền của chính bạn."),
                     SPAN("You may not hand on this role for this unit: it goes beyond your own grant.")},
    [ROLE_DUTIES] = {SPAN("roles"), SPAN("Một người không được giữ đồng thời hai vai trò này trên cùng một đơn vị."),
                     SPAN("One person may not hold these two roles over the same unit.")},
    [ROLE_UNITS] =
        {SPAN("roles"),
         SPAN("Người này đã làm việc hoặc giữ vai trò ở 31 đơn vị, là số nhiều nhất. Hãy thu hồi bớt vai trò."),
         SPAN("This person works or holds roles in 31 units already, which is the most. Take some away.")},
    [UNIT_THEN] = {SPAN("unit_code"), SPAN("Đơn vị này chưa có, hoặc không còn, vào ngày bắt đầu."),
                   SPAN("There is no such unit on the first day.")},
    [POSITION_UNKNOWN] = {SPAN("position_code"), SPAN("Danh mục không có vị trí nào mang mã này vào ngày bắt đầu."),
                          SPAN("The catalogue has no position with this code on the first day.")},
    [TWO_PRINCIPAL] = {SPAN("valid_from"), SPAN("Người này đã có một vị trí công tác chính khác trong những ngày đó."),
                       SPAN("This person has another principal tenure on these days.")},
    [NO_PRINCIPAL] =
        {SPAN("kind"),
         SPAN("Mỗi ngày kiêm nhiệm hoặc biệt phái phải có một vị trí công tác chính. Hãy ghi vị trí đó trước."),
         SPAN("Each day of another tenure needs a principal one. State that first.")},
    [HOME_OTHER] = {SPAN("home_unit"), SPAN("Vào ngày bắt đầu, đây không phải đơn vị công tác chính của người này."),
                    SPAN("This is not where the person's principal tenure is on the first day.")},
    [DAYS_WRONG] = {SPAN("valid_to"), SPAN("Đây là ngày đầu tiên không còn giữ vị trí nên phải sau ngày bắt đầu."),
                    SPAN("This is the first day after it, so it must lie after the first day.")},
    [TENURES_TOO_MANY] = {SPAN("national_id"),
                          SPAN("Người này có quá nhiều vị trí công tác. Hãy báo bộ phận vận hành."),
                          SPAN("This person has too many tenures. Tell the operators.")},
    [TENURE_UNITS] = {SPAN("unit_code"), SPAN("Một người làm việc ở nhiều nhất 31 đơn vị cùng một lúc."),
                      SPAN("A person works in 31 units at once at most.")},
};

int roster_load(struct ctx *ctx, struct roster *r, uint32_t *ret_slice, struct roster_row **ret_rows, uint32_t *ret_n)
{
    uint32_t row, n = 0, most = r->tenures ? TENURES_SLICE : ROSTER_SLICE;
    struct roster_row *rows = arena_alloc(ctx->arena, most * sizeof(*rows));
    if (!rows)
        return fail(ctx, ERR_TOO_LARGE, "upload_id");
    while (spool_peek(&r->spool, &row) && (!n || row / most == *ret_slice)) {
        if (spool_next(&r->spool, ctx->arena, &rows[n]) < 0)
            return fail(ctx, ERR_TOO_LARGE, "spool_dir");
        *ret_slice = row / most;
        n++;
    }
    *ret_rows = rows;
    *ret_n = n;
    return 0;
}

int roster_look(struct ctx *ctx, const struct roster_row *rows, uint32_t n, const struct roster_seen **ret_seen)
{
    struct roster_key *keys = arena_alloc(ctx->arena, (2 * (size_t)n + 1) * sizeof(*keys));
    struct roster_seen *seen;
    uint32_t n_seen, n_keys = 0;
    if (!keys)
        return fail(ctx, ERR_TOO_LARGE, "upload_id");
    for (uint32_t i = 0; i < n; i++) {
        keys[n_keys++] =
            (struct roster_key){.place = i, .national_hash = {(const char *)rows[i].hash, SEAL_HASH_BYTES}};
        if (rows[i].has_before)
            keys[n_keys++] =
                (struct roster_key){.place = i, .national_hash = {(const char *)rows[i].before, SEAL_HASH_BYTES}};
        ret_seen[i] = NULL;
    }
    int code = pg_bulk(ctx, &SQL_roster_look, keys, n_keys, n_keys, &seen, &n_seen);
    for (uint32_t i = 0; !code && i < n_seen; i++)
        ret_seen[seen[i].place] = &seen[i];
    return code;
}

static int id_before(const void *id, const void *unit)
{
    return memcmp(id, (*(const struct unit_code *const *)unit)->unit_id.b, sizeof(struct uuid));
}

bool roster_outside(const struct roster *r, const struct roster_seen *seen)
{
    const struct unit_code *const *unit =
        HAS(seen, roster_seen, unit_id)
            ? bsearch(seen->unit_id.b, r->by_ids, r->n_units, sizeof(r->by_ids[0]), id_before)
            : NULL;
    return unit && !(*unit)->visible;
}

static struct person_fact tenure_of(const struct roster_row *row, struct uuid person_id, struct uuid tenure_id,
                                    int32_t from)
{
    return (struct person_fact){.person_id = person_id,
                                .tenure_id = tenure_id,
                                .full_name = row->full_name,
                                .unit_id = row->unit_id,
                                .position = row->position,
                                .leader = row->leader,
                                .kind = SPAN("principal"),
                                .valid_from = from};
}

struct uuid roster_add_person(const struct roster *r, struct roster_changes *c, uint32_t i)
{
    const struct roster_row *row = &c->rows[i];
    const struct seal_keys *keys = r->keys;
    c->created[i] = true;
    c->person_ids[i] = uuid7();
    struct person_new *person = &c->persons[c->n_persons++];
    *person = (struct person_new){.person_id = c->person_ids[i],
                                  .full_name = row->full_name,
                                  .national_hash = {(const char *)row->hash, SEAL_HASH_BYTES},
                                  .hash_key = {keys->hash_key_id, SEAL_KEY_ID},
                                  .national_box = {(const char *)row->box, SEAL_BOX_BYTES},
                                  .box_key = {keys->box_key_id, SEAL_KEY_ID}};
    PUT_FIELD(person, person_new, birth_date, row->birth_date);
    return c->person_ids[i];
}

void roster_edit_person(struct roster_changes *c, uint32_t i, bool *ret_renamed, bool *ret_reborn)
{
    const struct roster_row *row = &c->rows[i];
    const struct roster_seen *seen = c->seen[i];
    *ret_renamed = !span_equal(seen->full_name, row->full_name);
    *ret_reborn = !HAS(seen, roster_seen, birth_date) || seen->birth_date != row->birth_date;
    if (*ret_renamed || *ret_reborn) {
        struct person_edit *edit = &c->edits[c->n_edits++];
        *edit = (struct person_edit){.person_id = seen->person_id, .full_name = row->full_name};
        PUT_FIELD(edit, person_edit, birth_date, row->birth_date);
    }
}

/* The tenure that is stored stays what it is in the catalogue while its position is called the same. */
static void keep_position(struct person_fact *fact, const struct roster_seen *seen)
{
    if (HAS(seen, roster_seen, position_code) && span_equal(fact->position, seen->position))
        PUT_FIELD(fact, person_fact, position_code, seen->position_code);
}

static void compare_person(const struct roster *r, struct roster_changes *c, uint32_t i)
{
    const struct roster_row *row = &c->rows[i];
    const struct roster_seen *seen = c->seen[i];
    int32_t today = r->task->today;
    bool renamed, reborn;
    bool works = HAS(seen, roster_seen, tenure_id);
    bool moved = works && !uuid_equal(&seen->unit_id, &row->unit_id);
    c->person_ids[i] = seen->person_id;
    c->changed[i] = true;
    roster_edit_person(c, i, &renamed, &reborn);
    if (moved) {
        struct person_fact *ended = &c->tenures[c->n_tenures++];
        *ended = tenure_of(row, seen->person_id, seen->tenure_id, seen->valid_from);
        ended->unit_id = seen->unit_id;
        ended->position = seen->position;
        ended->leader = seen->leader;
        keep_position(ended, seen);
        PUT_FIELD(ended, person_fact, valid_to, seen->valid_from > today ? seen->valid_from : today);
    }
    if (moved || !works) {
        c->tenures[c->n_tenures++] = tenure_of(row, seen->person_id, uuid7(), today);
    } else if (renamed || seen->leader != row->leader || !span_equal(seen->position, row->position)) {
        c->tenures[c->n_tenures] = tenure_of(row, seen->person_id, seen->tenure_id, seen->valid_from);
        keep_position(&c->tenures[c->n_tenures++], seen);
    } else {
        c->changed[i] = reborn;
    }
}

void roster_add_roles(struct roster_changes *c, uint32_t i, uint32_t with)
{
    const struct roster_row *row = &c->rows[i];
    for (uint32_t k = 0; k < row->n_roles; k++) {
        const struct role_row *role = proto_roles;
        while (role->bit != row->roles[k].bit)
            role++;
        struct role_step *step = &c->roles[c->n_roles++];
        *step = (struct role_step){.role = {role->name, (uint32_t)strlen(role->name)},
                                   .bit = role->bit,
                                   .unit_id = row->roles[k].unit_id,
                                   .reason = SPAN("roster"),
                                   .usual = role_gives(role->bit),
                                   .place = with};
        if (c->seen[i])
            PUT_FIELD(step, role_step, person_id, c->seen[i]->person_id);
    }
}

/* How many of `left` roles are judged at once: all roles of a row together. */
static uint32_t judged_at_once(const struct role_step *roles, uint32_t left)
{
    uint32_t n = left < IMPORT_CHUNK ? left : IMPORT_CHUNK;
    while (n < left && n > 1 && roles[n].place == roles[n - 1].place)
        n--;
    return n;
}

int roster_judge_grants(struct ctx *ctx, struct roster_changes *c)
{
    int code = c->n_roles ? pg_call(ctx, &SQL_grants_lock, NULL, NULL) : 0;
    for (uint32_t done = 0, now; !code && done < c->n_roles; done += now) {
        struct place *bad;
        uint32_t n_bad = 0;
        now = judged_at_once(&c->roles[done], c->n_roles - done);
        code = pg_bulk(ctx, &SQL_grants_judge, &c->roles[done], now, now, &bad, &n_bad);
        for (uint32_t i = 0; !code && i < n_bad; i++)
            c->why[bad[i].place] = span_equal(bad[i].why, SPAN("DUTIES:role"))  ? ROLE_DUTIES
                                   : span_equal(bad[i].why, SPAN("LIMIT:role")) ? ROLE_UNITS
                                                                                : ROLE_BEYOND;
    }
    return code;
}

/* Does another row of the slice name the same person, by the number that counts now? */
static bool named_by_other(const struct roster_changes *c, uint32_t i)
{
    if (!c->seen[i] || !c->seen[i]->merged)
        return false;
    for (uint32_t k = 0; k < c->n; k++) {
        if (k != i && c->seen[k] && uuid_equal(&c->seen[k]->person_id, &c->seen[i]->person_id) &&
            (!c->seen[k]->merged || k < i))
            return true;
    }
    return false;
}

static bool find_room(struct ctx *ctx, struct roster_changes *c)
{
    uint32_t n_roles = 0, n_known = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        n_roles += c->rows[i].n_roles;
        n_known += c->seen[i] != NULL;
    }
    c->person_ids = arena_alloc(ctx->arena, c->n * sizeof(struct uuid));
    c->created = arena_alloc(ctx->arena, c->n);
    c->changed = arena_alloc(ctx->arena, c->n);
    c->why = arena_alloc(ctx->arena, c->n);
    c->roles = arena_alloc(ctx->arena, n_roles * sizeof(*c->roles));
    c->persons = arena_alloc(ctx->arena, (c->n - n_known) * sizeof(*c->persons));
    c->begun = arena_alloc(ctx->arena, (c->n - n_known) * sizeof(*c->begun));
    c->fresh = arena_alloc(ctx->arena, (c->n - n_known) * sizeof(*c->fresh));
    c->edits = arena_alloc(ctx->arena, n_known * sizeof(*c->edits));
    c->tenures = arena_alloc(ctx->arena, 2 * n_known * sizeof(*c->tenures));
    return c->person_ids && c->created && c->changed && c->why && c->roles && c->persons && c->begun && c->fresh &&
           c->edits && c->tenures;
}

static int by_unit(const void *a, const void *b)
{
    const struct roster_row *one = *(const struct roster_row *const *)a, *two = *(const struct roster_row *const *)b;
    int order = memcmp(one->unit_id.b, two->unit_id.b, sizeof(one->unit_id.b));
    return order ? order : (one->row > two->row) - (one->row < two->row);
}

/*
 * New people unit by unit, because their tenures go into an index by unit and person: in this order, with ids that
 * grow, they come to lie next to each other in all of the indexes.
 */
static void add_persons(const struct roster *r, struct roster_changes *c)
{
    qsort(c->fresh, c->n_fresh, sizeof(*c->fresh), by_unit);
    for (uint32_t i = 0; i < c->n_fresh; i++) {
        const struct roster_row *row = c->fresh[i];
        struct uuid person_id = roster_add_person(r, c, (uint32_t)(row - c->rows));
        c->begun[c->n_begun++] = tenure_of(row, person_id, uuid7(), r->task->today);
    }
}

/* Compares every row with what is stored. 0 or fail(). */
static int decide(struct ctx *ctx, const struct roster *r, struct roster_changes *c)
{
    c->seen = arena_alloc(ctx->arena, c->n * sizeof(struct roster_seen *));
    int code = c->seen ? roster_look(ctx, c->rows, c->n, c->seen) : fail(ctx, ERR_TOO_LARGE, "upload_id");
    if (!code && !find_room(ctx, c))
        code = fail(ctx, ERR_TOO_LARGE, "upload_id");
    if (r->tenures)
        return code ? code : roster_tenures(ctx, r, c);
    for (uint32_t i = 0; !code && i < c->n; i++) {
        if (c->seen[i] && roster_outside(r, c->seen[i]))
            c->why[i] = OUTSIDE;
        else if (named_by_other(c, i))
            c->why[i] = SAME_PERSON_TWICE;
        else
            roster_add_roles(c, i, i);
    }
    if (!code)
        code = roster_judge_grants(ctx, c);
    for (uint32_t i = 0; !code && i < c->n; i++) {
        if (c->why[i] != TAKEN)
            continue;
        if (c->seen[i])
            compare_person(r, c, i);
        else
            c->fresh[c->n_fresh++] = &c->rows[i];
    }
    if (!code)
        add_persons(r, c);
    return code;
}

/* --- Writing. --- */

static int copy_people(struct ctx *ctx, const struct roster_changes *c)
{
    struct pg_copy copy;
    int code = pg_copy_begin(ctx, &SQL_person_copy, &copy);
    for (uint32_t i = 0; !code && i < c->n_persons; i++)
        code = pg_copy_row(ctx, &copy, &c->persons[i]);
    code = pg_copy_end(ctx, &copy, code);
    if (code || !c->n_begun)
        return code;
    code = pg_copy_begin(ctx, &SQL_tenure_copy, &copy);
    for (uint32_t i = 0; !code && i < c->n_begun; i++)
        code = pg_copy_row(ctx, &copy, &c->begun[i]);
    return pg_copy_end(ctx, &copy, code);
}

/* people_changed, fifty at a time. */
static int copy_events(struct ctx *ctx, const struct roster_changes *c)
{
    struct pg_copy copy;
    struct buf body;
    buf_init(&body, EVENT_MOST);
    int code = pg_copy_begin(ctx, &SQL_event_copy, &copy);
    for (uint32_t i = 0; !code && i < c->n_begun; i += EVENT_FACTS) {
        struct person_facts facts = {.people = &c->begun[i],
                                     .n_people = c->n_begun - i < EVENT_FACTS ? c->n_begun - i : EVENT_FACTS};
        buf_clear(&body);
        msg_to_json(&msg_person_facts, &facts, &body);
        struct roster_event event = {.event = SPAN("people_changed"), .body = buf_span(&body)};
        PUT_FIELD(&event, roster_event, trace, ctx->head->trace);
        code = body.failed ? fail(ctx, ERR_TOO_LARGE, "people") : pg_copy_row(ctx, &copy, &event);
    }
    code = pg_copy_end(ctx, &copy, code);
    buf_release(&body);
    return code;
}

/* Grants what the rows say and marks those for which a role was new. 0 or fail(). */
static int write_roles(struct ctx *ctx, struct roster_changes *c)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_roles; i++) {
        if (c->why[c->roles[i].place] != TAKEN)
            continue;
        c->roles[n] = c->roles[i];
        PUT_FIELD(&c->roles[n], role_step, person_id, c->person_ids[c->roles[n].place]);
        n++;
    }
    c->n_roles = n;
    for (uint32_t done = 0; done < c->n_roles; done += IMPORT_CHUNK) {
        struct place *places;
        uint32_t now = c->n_roles - done < IMPORT_CHUNK ? c->n_roles - done : IMPORT_CHUNK, n_places;
        int code = pg_bulk(ctx, &SQL_grants_put, &c->roles[done], now, now, &places, &n_places);
        if (code)
            return code;
        for (uint32_t i = 0; i < n_places; i++)
            c->changed[places[i].place] = true;
    }
    return 0;
}

static int write_faults(struct ctx *ctx, const struct roster *r, const struct roster_changes *c)
{
    struct import_fault_row *faults = arena_alloc(ctx->arena, (c->n + 1) * sizeof(*faults));
    uint32_t n = 0;
    if (!faults)
        return fail(ctx, ERR_TOO_LARGE, "upload_id");
    for (uint32_t i = 0; i < c->n && r->step.faults + n < ROSTER_FAULTS; i++) {
        if (c->why[i] == TAKEN)
            continue;
        faults[n++] = (struct import_fault_row){
            .import_id = r->task->import_id,
            .line = c->rows[i].line,
            .nr = UINT64_C(1) << 32,
            .field = refusals[c->why[i]].field,
            .message_vi = refusals[c->why[i]].vi,
            .message_en = refusals[c->why[i]].en,
        };
    }
    return n ? import_write(ctx, &SQL_import_fault_add, faults, n) : 0;
}

static int write_changes(struct ctx *ctx, struct roster_changes *c)
{
    int code = 0;
    if (c->n_persons)
        code = copy_people(ctx, c);
    if (!code)
        code = import_write(ctx, &SQL_person_correct, c->edits, c->n_edits);
    if (!code)
        code = import_write(ctx, &SQL_tenure_put, c->tenures, c->n_tenures);
    if (!code && c->n_begun)
        code = copy_events(ctx, c);
    if (!code)
        code = roster_write_tenures(ctx, c);
    /* Last, because it holds the audit until the end, and logins write there too. */
    return code ? code : write_roles(ctx, c);
}

/* One slice in one transaction. 0 or fail(). */
static int write_slice(struct ctx *ctx, struct roster *r, uint32_t slice, struct roster_row *rows, uint32_t n)
{
    struct roster_changes c = {.rows = rows, .n = n};
    struct slice_done done = {.import_id = r->task->import_id, .slice = slice, .rows = n};
    int code = pg_begin(ctx);
    if (!code)
        code = decide(ctx, r, &c);
    if (!code && !r->task->dry_run)
        code = write_changes(ctx, &c);
    if (!code)
        code = write_faults(ctx, r, &c);
    for (uint32_t i = 0; !code && i < n; i++) {
        done.created += c.created[i];
        done.refused += c.why[i] != TAKEN;
        done.changed += c.changed[i] && !c.created[i];
        done.unchanged += !c.created[i] && !c.changed[i] && c.why[i] == TAKEN;
    }
    if (!code)
        code = pg_call(ctx, &SQL_slice_put, &done, NULL);
    if (!code)
        code = pg_commit(ctx);
    if (code)
        pg_settle(ctx->pg);
    return code;
}

/* What two writers share: slices go out one by one, each to whoever is free. */
struct writing {
    struct roster *r;
    pthread_mutex_t lock; /* of the spool */
    _Atomic int code;     /* what ended it */
};

static int next_slice(struct ctx *ctx, struct writing *w, uint32_t *ret_slice, struct roster_row **ret_rows,
                      uint32_t *ret_n)
{
    pthread_mutex_lock(&w->lock);
    int code = roster_load(ctx, w->r, ret_slice, ret_rows, ret_n);
    pthread_mutex_unlock(&w->lock);
    return code;
}

/* A slice that is not done yet. Somebody else may have written one of these people at the same moment. */
static int try_slice(struct ctx *ctx, struct roster *r, uint32_t slice, struct roster_row *rows, uint32_t n)
{
    struct slice_done key = {.import_id = r->task->import_id, .slice = slice};
    struct import_sums before;
    int code = pg_call(ctx, &SQL_slice_look, &key, &before);
    if (code || before.slices)
        return code;
    code = write_slice(ctx, r, slice, rows, n);
    for (int i = 1; (code == ERR_CONFLICT || code == ERR_BUSY) && i < SLICE_TRIES; i++)
        code = write_slice(ctx, r, slice, rows, n);
    return code;
}

/* Slices until there are none; `first`: the one that tells how far it is. */
static int write_slices(struct ctx *ctx, struct writing *w, bool first)
{
    int code = 0;
    while (!code && !w->code && !w->r->stop && !job_stopping(ctx)) {
        uint32_t slice = 0, n = 0;
        struct roster_row *rows;
        arena_clear(ctx->arena);
        code = next_slice(ctx, w, &slice, &rows, &n);
        if (!code && n)
            code = roster_allowed(ctx, w->r);
        if (code || !n || w->r->lost)
            break;
        code = try_slice(ctx, w->r, slice, rows, n);
        if (!code && first)
            code = roster_tell(ctx, w->r, false);
    }
    if (code)
        w->code = code;
    return code;
}

static int help_writing(struct ctx *ctx, void *writing)
{
    /* The same as of the first writer's connection, which roster_job.c has set. */
    if (pg_simple(ctx->pg, ROSTER_WAYS))
        return ERR_UNAVAILABLE;
    return write_slices(ctx, writing, false);
}

int roster_write(struct ctx *ctx, struct roster *r)
{
    struct writing w = {.r = r, .lock = PTHREAD_MUTEX_INITIALIZER};
    r->step.state = SPAN("writing");
    int code = roster_tell(ctx, r, true);
    if (code)
        return code;
    struct job_helper *helper =
        r->step.rows > ROSTER_SLICE && !r->tenures ? job_help(ctx, HELPER_MEMORY, help_writing, &w) : NULL;
    code = write_slices(ctx, &w, true);
    int helped = job_join(helper);
    return code || !helped ? code : fail(ctx, helped, "import_id");
}
