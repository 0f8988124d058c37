/* The progress bar on stderr. */
#ifndef PQCAT_PROGRESS_H
#define PQCAT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct progress {
    bool allowed;          /* the bar may be drawn */
    uint64_t total_rows;
    double next_drawing;   /* on the monotonic clock, in seconds */
    bool drawn;            /* it stands on the terminal */
} progress;

/* With at_once the bar is drawn from the start; without, after a second, and only if it is seen apart from the rows. */
void progress_begin(progress *self, uint64_t total_rows, bool at_once);

/* Draws the bar, at most ten times a second. */
void progress_update(progress *self, uint64_t done_rows);

/* Takes the bar away: before anything else is written to the terminal, and at the end. */
void progress_clear(progress *self);

#endif
