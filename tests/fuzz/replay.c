/*
 * replay.c - stands in for libFuzzer in `make check`: runs the fuzz target that it is linked with over the files and
 * directories that are given; every one must pass.
 *
 *     replay_messages PATH...
 *
 * An input that ever hurt is put into the corpus directory of its target under a name that says what it was.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { INPUT_MOST = 1 << 20, PATH_MOST = 4096 };

static char current[PATH_MOST]; /* the file being run, for the signal handler */

static void name_the_input(int signal_number)
{
    static const char said[] = "replay: died of ";
    ssize_t ignored = write(STDERR_FILENO, said, sizeof said - 1);
    ignored = write(STDERR_FILENO, current, strlen(current));
    ignored = write(STDERR_FILENO, "\n", 1);
    (void)ignored;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static int replay_file(const char *path, size_t *n_run)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(INPUT_MOST);
    if (!file || !bytes) {
        fprintf(stderr, "replay: cannot read %s: %s.\n", path, strerror(errno));
        exit(1);
    }
    size_t n = fread(bytes, 1, INPUT_MOST, file);
    fclose(file);
    /* A block of the exact size, so that a sanitizer sees a read beyond the end. */
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact)
        exit(1);
    memcpy(exact, bytes, n);
    free(bytes);
    snprintf(current, sizeof current, "%s", path);
    int status = LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    ++*n_run;
    return status;
}

static int replay_path(const char *path, size_t *n_run)
{
    struct stat about;
    if (stat(path, &about)) {
        fprintf(stderr, "replay: %s: %s.\n", path, strerror(errno));
        return 1;
    }
    if (!S_ISDIR(about.st_mode))
        return replay_file(path, n_run);
    int status = 0;
    DIR *dir = opendir(path);
    if (!dir) {
        fprintf(stderr, "replay: %s: %s.\n", path, strerror(errno));
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char inside[PATH_MOST];
        if (entry->d_name[0] == '.')
            continue;
        int n = snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
        if (n > 0 && (size_t)n < sizeof inside)
            status |= replay_path(inside, n_run);
    }
    closedir(dir);
    return status;
}

int main(int argc, char **argv)
{
    size_t n_run = 0;
    int status = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: replay_TARGET PATH...\n");
        return 2;
    }
    signal(SIGABRT, name_the_input);
    signal(SIGSEGV, name_the_input);
    for (int i = 1; i < argc; i++)
        status |= replay_path(argv[i], &n_run);
    printf("replay: %zu inputs\n", n_run);
    return status || n_run == 0;
}
