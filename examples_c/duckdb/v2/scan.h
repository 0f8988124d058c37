/* What DuckDB calls when a scan runs. */
#ifndef PQPUSH_DUCKDB_SCAN_H
#define PQPUSH_DUCKDB_SCAN_H

#include "host.h"

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
