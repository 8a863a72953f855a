// SPDX-License-Identifier: Apache-2.0
// Replays a fuzz target as an ordinary test: every file of a corpus folder, and mutations of each.
//
// The mutations are seeded by the file's bytes, so that a failure repeats: cut short, one bit
// flipped, one byte set to an edge value, a run of bytes removed or repeated. Every input is handed
// over in a block of exactly its size, so that the address sanitizer sees the first byte read
// beyond it. On a crash, the last file named on standard error is the one it came from.

#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    input_size_max = 1 << 20,
    mutations_per_file = 64,
    steps_max = 3, // mutations on top of each other; each at most doubles the size
};

struct input {
    uint8_t *bytes;
    size_t size;
};

static uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t seed_of(const struct input *input)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < input->size; i++)
        hash = (hash ^ input->bytes[i]) * 1099511628211u;
    return hash | 1;
}

static void run(const uint8_t *bytes, size_t size)
{
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL)
        abort();
    if (size > 0)
        memcpy(exact, bytes, size);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

// Changes `bytes` in place; at most doubles the size. Returns the new size.
static size_t mutate(uint8_t *bytes, size_t size, uint64_t *state)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '"', '\'', '\\', '0', '(', '{'};
    if (size == 0)
        return 0;
    size_t at = random_next(state) % size;
    size_t length = 1 + random_next(state) % (size - at);
    switch (random_next(state) % 5) {
    case 0:
        return at;
    case 1:
        bytes[at] ^= (uint8_t)(1u << (random_next(state) % 8));
        return size;
    case 2:
        bytes[at] = edges[random_next(state) % sizeof(edges)];
        return size;
    case 3:
        memmove(bytes + at, bytes + at + length, size - at - length);
        return size - length;
    default:
        memmove(bytes + at + length, bytes + at, size - at);
        return size + length;
    }
}

static void run_with_mutations(const struct input *input)
{
    run(input->bytes, input->size);
    uint64_t state = seed_of(input);
    uint8_t *copy = malloc((input->size << steps_max) + 1);
    if (copy == NULL)
        abort();
    for (int i = 0; i < mutations_per_file; i++) {
        size_t size = input->size;
        if (size > 0)
            memcpy(copy, input->bytes, size);
        for (int step = 0; step <= i % steps_max; step++)
            size = mutate(copy, size, &state);
        run(copy, size);
    }
    free(copy);
}

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return -1;
    }
    struct input input = {.bytes = malloc(input_size_max)};
    if (input.bytes == NULL)
        abort();
    input.size = fread(input.bytes, 1, input_size_max, file);
    fclose(file);
    fprintf(stderr, "%s\n", path);
    run_with_mutations(&input);
    free(input.bytes);
    return 0;
}

static int replay_folder(const char *folder, size_t *ret_count)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    int failed = 0;
    *ret_count = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        int written = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && written > 0 && (size_t)written < sizeof(path)) {
            failed |= replay_file(path);
            *ret_count += 1;
        }
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    run(NULL, 0);
    size_t count = 0;
    if (replay_folder(argv[1], &count) != 0)
        return 1;
    if (count == 0) {
        fprintf(stderr, "%s: no corpus; add at least one input\n", argv[1]);
        return 1;
    }
    printf("%zu inputs replayed\n", count);
    return 0;
}
