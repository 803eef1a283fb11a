/*
 * test_derived.c - the committed openapi.json, read as a client would: it parses, every reference resolves, every route
 * of the declarations is there with its parameters. That it is up to date is compared by `make check` itself.
 *
 * Runs in the project's root.
 */
#include "lint.h"
#include "lock.h"
#include "proto.h"

#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>

static char *read_whole(const char *path)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s is missing; tests run in the project's root", path);
    char *text = malloc(8 << 20);
    size_t n = fread(text, 1, (8 << 20) - 1, file);
    text[n] = '\0';
    fclose(file);
    return text;
}

static cJSON *openapi(void)
{
    char *text = read_whole("proto/derived/openapi.json");
    cJSON *tree = cJSON_Parse(text);
    cr_assert_not_null(tree, "openapi.json is not JSON");
    free(text);
    return tree;
}

/* "#/a/b/c" in the tree. */
static const cJSON *resolve(const cJSON *tree, const char *ref)
{
    char name[128];
    while (tree && (ref = strchr(ref, '/'))) {
        ref++;
        size_t n = strcspn(ref, "/");
        snprintf(name, sizeof name, "%.*s", (int)n, ref);
        tree = cJSON_GetObjectItemCaseSensitive(tree, name);
    }
    return tree;
}

static size_t check_references(const cJSON *tree, const cJSON *at)
{
    size_t n = 0;
    for (const cJSON *item = at->child; item; item = item->next) {
        if (item->string && !strcmp(item->string, "$ref")) {
            cr_assert_not_null(resolve(tree, item->valuestring), "%s leads nowhere", item->valuestring);
            n++;
        }
        n += check_references(tree, item);
    }
    return n;
}

Test(derived, every_reference_resolves)
{
    cJSON *tree = openapi();
    cr_assert_gt(check_references(tree, tree), 50);
    cJSON_Delete(tree);
}

static const cJSON *parameter(const cJSON *operation, const char *name)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItem(operation, "parameters"))
    {
        if (!strcmp(cJSON_GetObjectItem(item, "name")->valuestring, name))
            return item;
    }
    return NULL;
}

Test(derived, every_route_is_there)
{
    static const char *const verbs[] = {"get", "post", "put", "delete"};
    cJSON *tree = openapi();
    const cJSON *paths = cJSON_GetObjectItem(tree, "paths");
    size_t routes = 0, operations = 0;
    for (size_t i = 0; i < proto_n_methods; i++) {
        const struct method *m = &proto_methods[i];
        if (m->verb == INTERNAL)
            continue;
        const cJSON *path = cJSON_GetObjectItemCaseSensitive(paths, m->path);
        const cJSON *operation = cJSON_GetObjectItemCaseSensitive(path, verbs[m->verb]);
        cr_assert_not_null(operation, "%s", m->name);
        cr_assert_str_eq(cJSON_GetObjectItem(operation, "operationId")->valuestring, m->name);
        cr_assert_eq(cJSON_GetArraySize(cJSON_GetObjectItem(operation, "security")), m->roles != PUBLIC, "%s", m->name);
        routes++;
        for (size_t k = 0; m->in != &msg_empty && k < m->in->n_fields; k++) {
            const struct field *field = &m->in->fields[k];
            const cJSON *given = parameter(operation, field->name);
            bool in_path = method_has_parameter(m, field), body = m->verb == POST || m->verb == PUT;
            cr_assert_eq(given != NULL, in_path || !body, "%s.%s", m->name, field->name);
            if (given)
                cr_assert_str_eq(cJSON_GetObjectItem(given, "in")->valuestring, in_path ? "path" : "query");
        }
    }
    const cJSON *path;
    cJSON_ArrayForEach(path, paths) operations += (size_t)cJSON_GetArraySize(path);
    cr_assert_eq(operations, routes);
    cJSON_Delete(tree);
}

Test(derived, bounds_stand_in_the_schemas)
{
    cJSON *tree = openapi();
    const cJSON *save = resolve(tree, "#/paths");
    save = cJSON_GetObjectItemCaseSensitive(save, "/v1/attempts/{attempt_id}/answers/{position}");
    const cJSON *body = resolve(save, "#/put/requestBody/content");
    body = cJSON_GetObjectItemCaseSensitive(body, "application/json");
    const cJSON *revision = resolve(body, "#/schema/properties/revision");
    cr_assert_not_null(revision);
    cr_assert_eq(cJSON_GetObjectItem(revision, "minimum")->valuedouble, 1);
    cr_assert_eq(cJSON_GetObjectItem(revision, "maximum")->valuedouble, UINT32_MAX);
    cr_assert_null(resolve(body, "#/schema/properties/position"), "a path parameter is no member of the body");
    cr_assert_eq(cJSON_IsFalse(resolve(body, "#/schema/additionalProperties")), 1);
    const cJSON *number = resolve(tree, "#/components/schemas/certificate_status/properties/number");
    cr_assert_eq(cJSON_GetObjectItem(number, "maxLength")->valuedouble, 32);
    cr_assert_eq(cJSON_GetArraySize(resolve(tree, "#/components/schemas/error/properties/error/properties/code/enum")),
                 (int)proto_n_errors);
    cJSON_Delete(tree);
}

Test(derived, page_has_every_route_and_closes_what_it_opens)
{
    static const char *const elements[] = {"html",  "head",  "body", "main", "nav",  "section", "article", "table",
                                           "thead", "tbody", "tr",   "td",   "th",   "caption", "ul",      "li",
                                           "h2",    "h3",    "p",    "div",  "span", "code",    "a"};
    char *page = read_whole("proto/derived/api.html");
    for (size_t i = 0; i < proto_n_methods; i++) {
        char id[128];
        snprintf(id, sizeof id, "<article id=\"%s\"", proto_methods[i].name);
        cr_assert_eq(strstr(page, id) != NULL, proto_methods[i].verb != INTERNAL, "%s", id);
    }
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
        char open[16], close[16];
        size_t opened = 0, closed = 0, n = (size_t)snprintf(open, sizeof open, "<%s", elements[i]);
        snprintf(close, sizeof close, "</%s>", elements[i]);
        for (const char *p = page; (p = strstr(p, open)); p += n)
            opened += !isalnum((unsigned char)p[n]);
        for (const char *p = page; (p = strstr(p, close)); p += n)
            closed++;
        cr_assert_eq(opened, closed, "%s: %zu opened, %zu closed", elements[i], opened, closed);
    }
    /* Every link within the page has its target. */
    for (const char *p = page; (p = strstr(p, "href=\"#"));) {
        char id[160];
        p += 7;
        snprintf(id, sizeof id, "id=\"%.*s\"", (int)strcspn(p, "\""), p);
        cr_assert_not_null(strstr(page, id), "%s is linked to, but not there", id);
    }
    free(page);
}

Test(derived, committed_lock_is_kept)
{
    char *committed = read_whole("proto/derived/wire.lock");
    struct buf now, said;
    buf_init(&now, 1 << 20);
    buf_init(&said, 1 << 20);
    lock_write(&now);
    size_t faults = lock_compare((struct span){committed, (uint32_t)strlen(committed)}, buf_span(&now), &said);
    cr_assert_eq(faults, 0, "%.*s", (int)said.n, said.p);
    free(committed);
    buf_release(&now);
    buf_release(&said);
}
