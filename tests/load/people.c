/* people.c - see people.h. */
#include "people.h"
#include "codec.h"
#include <sys/stat.h>

/* The whole file, ended by NUL; NULL when it cannot be read. */
static char *read_all(const char *path)
{
    struct stat stat;
    FILE *file = fopen(path, "re");
    char *text = NULL;
    if (file && !fstat(fileno(file), &stat) && (text = malloc((size_t)stat.st_size + 1))) {
        size_t n = fread(text, 1, (size_t)stat.st_size, file);
        text[n] = '\0';
    }
    if (file)
        fclose(file);
    return text;
}

static int read_line(char *line, size_t n, struct person *ret_person)
{
    struct person person = {0};
    char *second = memchr(line, ' ', n), *end = line + n;
    char *third = second ? memchr(second + 1, ' ', (size_t)(end - second - 1)) : NULL;
    if (!third)
        return -1;
    person.token = (struct span){line, (uint32_t)(second - line)};
    if (uuid_parse((struct span){second + 1, (uint32_t)(third - second - 1)}, &person.person_id))
        return -1;
    struct span attempt = {third + 1, (uint32_t)(end - third - 1)};
    if (!(attempt.n == 1 && *attempt.p == '-') && uuid_parse(attempt, &person.attempt_id))
        return -1;
    *ret_person = person;
    return 0;
}

int people_read(struct people *people, const char *path)
{
    struct people read = {.text = read_all(path)};
    size_t room = 0;
    for (char *line = read.text; line && *line;) {
        size_t n = strcspn(line, "\n");
        if (read.n == room) {
            room = room ? 2 * room : 4096;
            void *grown = realloc(read.person, room * sizeof(*read.person));
            if (!grown)
                abort();
            read.person = grown;
        }
        if (read_line(line, n, &read.person[read.n]) < 0) {
            fprintf(stderr, "%s: line %zu is not `token person attempt`\n", path, read.n + 1);
            people_release(&read);
            return -1;
        }
        read.n++;
        line += n + (line[n] == '\n');
    }
    if (!read.n) {
        fprintf(stderr, "%s: nobody in it\n", path);
        people_release(&read);
        return -1;
    }
    *people = read;
    return 0;
}

void people_release(struct people *people)
{
    free(people->text);
    free(people->person);
    *people = (struct people){0};
}
