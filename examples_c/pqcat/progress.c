#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static double now_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void progress_begin(progress *self, uint64_t total_rows, bool at_once) {
    *self = (progress){.allowed = at_once || (isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO)),
                       .total_rows = total_rows,
                       .next_drawing = now_seconds() + (at_once ? 0.0 : 1.0)};
}

void progress_update(progress *self, uint64_t done_rows) {
    static const char full[] = "########################################";
    double now = self->allowed ? now_seconds() : 0.0;
    if (!self->allowed || now < self->next_drawing) {
        return;
    }
    double done = self->total_rows > 0 ? (double)done_rows / (double)self->total_rows : 1.0;
    int width = (int)sizeof full - 1;
    int filled = done < 1.0 ? (int)(done * width) : width;
    fprintf(stderr, "\r[%.*s%*s] %3d%%  %" PRIu64 " of %" PRIu64 " rows\033[K", filled, full, width - filled, "",
            (int)(done * 100), done_rows, self->total_rows);
    fflush(stderr);
    self->drawn = true;
    self->next_drawing = now + 0.1;
}

void progress_clear(progress *self) {
    if (self->drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        self->drawn = false;
    }
}
