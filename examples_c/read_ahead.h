/* The loop of a host whose reads take their time: all that the decoder asks for is under way at once, and behind it what it
 * will ask for next, so that bytes are there when they are needed. How bytes are read is up to a reader: http_range.c and
 * io_uring.c. */
#ifndef PQPUSH_READ_AHEAD_H
#define PQPUSH_READ_AHEAD_H

#include <pqpush.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A read that is under way. */
typedef struct piece {
    pqpush_range range;
    uint8_t *bytes;  /* room for the range */
    size_t done;     /* bytes that are there; the reader's */
    void *own;       /* the reader's */
    bool is_needed;  /* the decoder waits for it */
    struct piece *next;
} piece;

/* What reads. A function that fails has said why on standard error. */
typedef struct reader {
    void *own;
    /* Begins to read a piece. */
    bool (*start)(void *own, piece *piece);
    /* Waits until any piece is whole; NULL where that fails. */
    piece *(*wait)(void *own);
    /* Gives up what is under way: after it nothing is written to a piece any more. */
    void (*stop)(void *own);
} reader;

typedef struct scan_request {
    const char *name; /* of the program, for messages */
    uint64_t file_length;
    const char *columns; /* with commas between them; NULL: all */
    const char *where;   /* a condition in SQL; NULL: none */
    size_t piece_bytes;  /* larger ranges are read in several pieces */
    uint64_t ahead_bytes;
} scan_request;

typedef struct scan_result {
    uint64_t rows;
    uint64_t pieces;
    uint64_t bytes;
    uint64_t waits; /* how often the decoder had to wait */
} scan_result;

/* Reads the footer and the rows, and counts them. */
bool scan_ahead(const reader *reader, const scan_request *request, scan_result *result);

#endif
