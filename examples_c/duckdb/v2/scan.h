/* A scan: what is known when the query is bound, what all threads share, and what one thread has. */
#ifndef PQPUSH_DUCKDB_SCAN_H
#define PQPUSH_DUCKDB_SCAN_H

#include "call.h"
#include "file.h"

/* Known when the query is bound. */
typedef struct bound_scan {
    file_list files;
    struct ArrowSchema schema; /* of the first file, which the others are read as */
    scan_call *call;           /* whose filters are those of the scan */
} bound_scan;

void free_bound_scan(void *bound);

/* Whether each file can be scanned with the predicate: pqpush may know the function but not for that column. */
bool can_apply(const bound_scan *bound, const pqpush_predicate *predicate);

void init_global(duckdb_v2_table_function_init_global_info_handle info, duckdb_v2_context_handle context,
                 error_slot slot);
void init_local(duckdb_v2_table_function_init_local_info_handle info, duckdb_v2_context_handle context,
                error_slot slot);
void execute(duckdb_v2_table_function_exec_info_handle info, duckdb_v2_context_handle context, error_slot slot);
void tell_partition(duckdb_v2_table_function_partition_data_info_handle info, duckdb_v2_context_handle context,
                    error_slot slot);
void tell_progress(duckdb_v2_table_function_progress_info_handle info, duckdb_v2_context_handle context,
                   error_slot slot);

#endif
