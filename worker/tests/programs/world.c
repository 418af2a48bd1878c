// Asks for everything that a machine would answer in its own way: the time, random bytes, arguments, environment, the
// order and the numbers of files, addresses, and a hash table that is seeded and walked like those of languages that
// shuffle theirs.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static void walk(const char *path, int depth) {
    DIR *folder = opendir(path);
    if (!folder)
        return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char name[512];
        struct stat facts;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (stat(name, &facts))
            continue;
        printf("%s %llu %lld %lld\n", name, (unsigned long long)facts.st_ino, (long long)facts.st_size,
               (long long)facts.st_mtime);
        if (S_ISDIR(facts.st_mode) && entry->d_name[0] != '.' && depth < 4)
            walk(name, depth + 1);
    }
    closedir(folder);
}

int main(int count, char **arguments) {
    for (int i = 0; i < count; i++)
        printf("argument %d %s\n", i, arguments[i]);
    for (char **variable = environ; *variable; variable++)
        printf("environment %s\n", *variable);

    struct timespec now, later;
    clock_gettime(CLOCK_REALTIME, &now);
    for (volatile int i = 0; i < 100000; i++)
        ;
    clock_gettime(CLOCK_MONOTONIC, &later);
    printf("time %lld.%09ld %lld.%09ld\n", (long long)now.tv_sec, now.tv_nsec, (long long)later.tv_sec, later.tv_nsec);
    struct timespec pause = {3600, 5};
    nanosleep(&pause, NULL);
    clock_gettime(CLOCK_REALTIME, &later);
    printf("after an hour %lld.%09ld\n", (long long)later.tv_sec, later.tv_nsec);

    unsigned char seed[64];
    getentropy(seed, sizeof seed);
    uint64_t hash = 0;
    for (unsigned i = 0; i < sizeof seed; i++) {
        printf("%02x", seed[i]);
        hash = hash * 31 + seed[i];
    }
    printf("\n");

    enum { SLOTS = 1024 };
    static char *slots[SLOTS];
    for (int i = 0; i < 500; i++) {
        char *key = malloc(16 + (size_t)i);
        snprintf(key, 16, "key %d", i);
        uint64_t place = hash ^ (uintptr_t)key;
        for (char *letter = key; *letter; letter++)
            place = (place ^ (unsigned char)*letter) * 1099511628211ull;
        while (slots[place % SLOTS])
            place++;
        slots[place % SLOTS] = key;
    }
    for (int i = 0; i < SLOTS; i++)
        if (slots[i])
            printf("%s at %p\n", slots[i], (void *)slots[i]);

    // Names are made in an order that isn't theirs.
    const char *made[] = {"out/zebra", "out/apple", "out/folder", "out/Mango"};
    for (int i = 0; i < 4; i++) {
        if (i == 2) {
            mkdir(made[i], 0700);
            continue;
        }
        FILE *file = fopen(made[i], "w");
        if (file) {
            fprintf(file, "%d", i);
            fclose(file);
        }
    }
    walk("", 0);
    return 0;
}
