/* tests/bench/memory.h: what this process holds of memory, as Linux counts it (proc(5), smaps_rollup). */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stdio.h>

/* One line: resident, its share when pages are divided among those who map them, and what is this process's alone. */
static inline void memory_print(const char *what)
{
    unsigned long rss = 0, pss = 0, dirty = 0, value;
    char line[256];
    FILE *f = fopen("/proc/self/smaps_rollup", "r");
    if (f == NULL) {
        printf("%-28s no /proc/self/smaps_rollup here\n", what);
        return;
    }
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "Rss: %lu", &value) == 1) rss = value;
        if (sscanf(line, "Pss: %lu", &value) == 1) pss = value;
        if (sscanf(line, "Private_Dirty: %lu", &value) == 1) dirty = value;
    }
    fclose(f);
    printf("%-28s %6.2f MiB resident %6.2f MiB its share %6.2f MiB its own\n", what, (double)rss / 1024, (double)pss / 1024, (double)dirty / 1024);
    fflush(stdout);
}

#endif
