/*
 * Stands in for libFuzzer where the compiler has none: changes inputs of the corpus at random for
 * so many seconds. Without coverage feedback it finds less; the sanitizers watch just the same.
 *
 *     fuzz-rtp SECONDS CORPUS_FOLDER
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUTS = 64, MAX_BYTES = 1600 };

typedef struct {
    uint8_t data[MAX_BYTES];
    size_t size;
} input;

static input corpus[INPUTS];
static int inputs;
static uint32_t seed = 1;

static void load(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (!file || inputs == INPUTS)
        return;
    corpus[inputs].size = fread(corpus[inputs].data, 1, MAX_BYTES, file);
    inputs++;
    fclose(file);
}

static void load_all(const char *folder)
{
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing && (entry = readdir(listing));)
        if (entry->d_name[0] != '.')
            load(folder, entry->d_name);
    if (listing)
        closedir(listing);
}

static void mutate(input *in)
{
    static const uint8_t telling[] = {0, 1, 0x7F, 0x80, 0xFF, 3, 4, 101, 200, 203};
    const uint32_t what = tr_random_next(&seed) % 5;
    const size_t at = in->size ? tr_random_next(&seed) % in->size : 0;
    if (what == 0 && in->size)
        in->data[at] = (uint8_t)tr_random_next(&seed);
    else if (what == 1 && in->size)
        in->data[at] = telling[tr_random_next(&seed) % sizeof telling];
    else if (what == 2 && in->size)
        in->data[at] ^= (uint8_t)(1u << (tr_random_next(&seed) % 8));
    else if (what == 3)
        in->size = at;
    else if (in->size < MAX_BYTES - 16)
        for (int i = 0; i < 16; i++)
            in->data[in->size++] = (uint8_t)tr_random_next(&seed);
}

int main(int argc, char **argv)
{
    const time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
    unsigned long runs = 0;
    load_all(argc > 2 ? argv[2] : ".");
    if (inputs == 0)
        inputs = 1; /* the empty one */
    do {
        for (int n = 0; n < 1000; n++, runs++) {
            static input in;
            in = corpus[tr_random_next(&seed) % (uint32_t)inputs];
            for (uint32_t k = tr_random_next(&seed) % 8; k > 0; k--)
                mutate(&in);
            LLVMFuzzerTestOneInput(in.data, in.size);
        }
    } while (time(NULL) < end);
    printf("%lu inputs, nothing found\n", runs);
    return 0;
}
