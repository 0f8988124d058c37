/* pqcat prints Parquet files. It is also the worked example of a host of libpqpush:
 *
 *   file.c        opens the file, reads ranges, drives the metadata decoder
 *   scan.c        what is asked for, as options of a scan; --explain and --stats
 *   rows.c        the loop around the decoder: answer its ranges, print its batches
 *   facts.c       --schema and --meta, from the metadata alone
 *   printer.c     batches as CSV and JSON lines; table.c as a table
 *   cell.c        one value of an Arrow array; scalar.c its digits; arrow_type.c its type
 *   keys.c        the keys of an encrypted file
 *   options.c, progress.c, grid.c, text.c   the command line, the bar on stderr, aligned columns, strings
 */
#include "facts.h"
#include "file.h"
#include "options.h"
#include "rows.h"
#include "scan.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

static int print_count(const parquet_file *file, const options *options) {
    uint64_t rows;
    int failed = rows_count(file, options, &rows);
    if (!failed) {
        printf("%" PRIu64 "\n", rows);
    }
    return failed;
}

static int run(const options *options) {
    parquet_file file;
    int failed = file_open(&file, options->path, &options->keys);
    if (!failed) {
        switch (options->action) {
        case ACTION_SCHEMA:
            failed = print_schema(&file);
            break;
        case ACTION_META:
            failed = print_meta(&file);
            break;
        case ACTION_COUNT:
            failed = print_count(&file, options);
            break;
        case ACTION_EXPLAIN:
            failed = scan_explain(&file, options);
            break;
        default:
            failed = rows_print(&file, options);
        }
    }
    file_close(&file);
    return failed;
}

/* A reader that went away, as in `pqcat FILE | head`, is no error. */
static int finish_output(int exit_status) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return exit_status;
    }
    if (errno != EPIPE && errno != 0) {
        fprintf(stderr, "pqcat: standard output: %s\n", strerror(errno));
        return EXIT_DATA;
    }
    return exit_status;
}

int main(int argc, char **argv) {
    options options;
    signal(SIGPIPE, SIG_IGN);
    int exit_status = options_parse(&options, argc, argv);
    if (exit_status < 0) {
        exit_status = run(&options);
    }
    options_free(&options);
    return finish_output(exit_status);
}
