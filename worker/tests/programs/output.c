// Leaves a lot: files of every size around a block's, and many small ones.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static unsigned long long state = 1;

static unsigned char next(void) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned char)(state >> 56);
}

int main(void) {
    const size_t sizes[] = {0, 1, 1023, 1024, 1025, 1048575, 1048576, 1048577, 3 * 1048576, 5000000};
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char name[64];
        snprintf(name, sizeof name, "out/size-%zu", sizes[i]);
        FILE *file = fopen(name, "w");
        if (!file)
            return 1;
        unsigned char *bytes = malloc(sizes[i] + 1);
        for (size_t n = 0; n < sizes[i]; n++)
            bytes[n] = next();
        if (fwrite(bytes, 1, sizes[i], file) != sizes[i])
            return 2;
        free(bytes);
        fclose(file);
    }
    mkdir("out/many", 0700);
    for (int i = 0; i < 2000; i++) {
        char name[64];
        snprintf(name, sizeof name, "out/many/%d", i * 7919 % 2000);
        FILE *file = fopen(name, "w");
        if (!file)
            return 3;
        fprintf(file, "%d\n", i);
        fclose(file);
    }
    // Files that came and went leave nothing behind.
    for (int i = 0; i < 100; i++) {
        FILE *file = fopen("out/gone", "w");
        if (!file)
            return 4;
        fprintf(file, "%d", i);
        fclose(file);
        if (remove("out/gone"))
            return 5;
    }
    return rename("out/many/0", "out/many/renamed") ? 6 : 0;
}
