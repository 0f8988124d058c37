/* io_uring FILE [COLUMNS [WHERE]]: counts the rows of a Parquet file that is read by io_uring: the kernel reads what will be
 * needed while the decoder works. COLUMNS are names with commas between them, or * for all; WHERE is a condition in SQL.
 * Ends with status 77 where the system does not let it use io_uring. */
#include "read_ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <liburing.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { QUEUE_ENTRIES = 64, PIECE_BYTES = 1 << 20, AHEAD_BYTES = 16 << 20, NOT_ALLOWED = 77 };

typedef struct queue {
    struct io_uring ring;
    int file;
    size_t reads; /* of which the kernel knows and has not said that they are done */
} queue;

static bool tell(int code) {
    fprintf(stderr, "io_uring: %s\n", strerror(code));
    return false;
}

/* Asks for the bytes of the piece that are not there yet. */
static bool start(void *own, piece *piece) {
    queue *queue = own;
    struct io_uring_sqe *entry = io_uring_get_sqe(&queue->ring);
    if (entry == NULL) { /* the queue is full: hand it over */
        io_uring_submit(&queue->ring);
        entry = io_uring_get_sqe(&queue->ring);
    }
    if (entry == NULL) {
        return tell(EBUSY);
    }
    io_uring_prep_read(entry, queue->file, piece->bytes + piece->done, (unsigned)(piece->range.length - piece->done),
                       piece->range.offset + piece->done);
    io_uring_sqe_set_data(entry, piece);
    queue->reads++;
    return true;
}

/* Takes what the kernel says of one read; 0 where the file ends early. */
static int take_answer(queue *queue, piece **out) {
    struct io_uring_cqe *answer = NULL;
    int code = io_uring_submit_and_wait(&queue->ring, 1);
    code = code < 0 ? code : io_uring_wait_cqe(&queue->ring, &answer);
    if (code < 0) {
        return code;
    }
    int read = answer->res;
    *out = io_uring_cqe_get_data(answer);
    io_uring_cqe_seen(&queue->ring, answer);
    queue->reads--;
    return read;
}

static piece *wait_for_piece(void *own) {
    queue *queue = own;
    for (;;) {
        piece *piece = NULL;
        int read = take_answer(queue, &piece);
        if (piece == NULL && read == -EINTR) {
            continue;
        }
        if (piece == NULL || (read <= 0 && read != -EINTR && read != -EAGAIN)) {
            tell(read < 0 ? -read : EIO);
            return NULL;
        }
        piece->done += read > 0 ? (size_t)read : 0;
        if (piece->done == piece->range.length) {
            return piece;
        }
        if (!start(queue, piece)) { /* a short read: the rest */
            return NULL;
        }
    }
}

/* The kernel writes into pieces until their reads are done. */
static void stop(void *own) {
    queue *queue = own;
    while (queue->reads > 0) {
        piece *piece = NULL;
        int read = take_answer(queue, &piece);
        if (piece == NULL && read != -EINTR) {
            break;
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 4) {
        return fputs("usage: io_uring FILE [COLUMNS [WHERE]]\n", stderr), 2;
    }
    struct stat status;
    queue queue = {.file = open(argv[1], O_RDONLY)};
    if (queue.file < 0 || fstat(queue.file, &status) != 0) {
        return perror(argv[1]), 1;
    }
    int code = io_uring_queue_init(QUEUE_ENTRIES, &queue.ring, 0);
    if (code < 0) {
        return tell(-code), NOT_ALLOWED;
    }
    reader reader = {&queue, start, wait_for_piece, stop};
    scan_request request = {.name = "io_uring",
                            .file_length = (uint64_t)status.st_size,
                            .columns = argc > 2 && strcmp(argv[2], "*") != 0 ? argv[2] : NULL,
                            .where = argc > 3 ? argv[3] : NULL,
                            .piece_bytes = PIECE_BYTES,
                            .ahead_bytes = AHEAD_BYTES};
    scan_result result = {0, 0, 0, 0};
    bool is_done = scan_ahead(&reader, &request, &result);
    if (is_done) {
        printf("%" PRIu64 " rows\n%" PRIu64 " reads, waited for %" PRIu64 " times\n", result.rows, result.pieces,
               result.waits);
        printf("%" PRIu64 " of %" PRIu64 " bytes\n", result.bytes, request.file_length);
    }
    io_uring_queue_exit(&queue.ring);
    close(queue.file);
    return is_done ? 0 : 1;
}
