/* Where the fields of the structs lie: a host that was compiled against an older header puts them there. Fields may be
 * added at the end; then a size here grows, and every offset stays. */
#include "check.h"

#define LAYOUT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")

#if SIZE_MAX == UINT64_MAX
SIZE(struct ArrowSchema, 72);
SIZE(struct ArrowArray, 80);
SIZE(struct ArrowArrayStream, 40);
SIZE(pqpush_range, 16);
SIZE(pqpush_str, 16);
SIZE(pqpush_row_run, 16);

LAYOUT(pqpush_event, kind, 8);
LAYOUT(pqpush_event, reserved, 12);
LAYOUT(pqpush_event, ranges, 16);
LAYOUT(pqpush_event, range_count, 24);
LAYOUT(pqpush_event, row_count, 32);
LAYOUT(pqpush_event, row_group, 40);
SIZE(pqpush_event, 48);

LAYOUT(pqpush_metadata_options, footer_size_hint, 8);
LAYOUT(pqpush_metadata_options, page_index, 16);
LAYOUT(pqpush_metadata_options, flags, 20);
LAYOUT(pqpush_metadata_options, max_metadata_bytes, 24);
LAYOUT(pqpush_metadata_options, footer_key, 32);
LAYOUT(pqpush_metadata_options, column_keys, 48);
LAYOUT(pqpush_metadata_options, aad_prefix, 64);
LAYOUT(pqpush_metadata_options, key_retriever, 80);
LAYOUT(pqpush_metadata_options, release_user_data, 96);
SIZE(pqpush_metadata_options, 104);
SIZE(pqpush_column_key, 32);

LAYOUT(pqpush_row_group_info, row_count, 8);
LAYOUT(pqpush_row_group_info, file_offset, 32);
SIZE(pqpush_row_group_info, 40);

LAYOUT(pqpush_column_info, path, 8);
LAYOUT(pqpush_column_info, logical_type, 24);
LAYOUT(pqpush_column_info, physical_type, 40);
LAYOUT(pqpush_column_info, max_repetition_level, 52);
SIZE(pqpush_column_info, 56);

LAYOUT(pqpush_column_chunk_info, value_count, 8);
LAYOUT(pqpush_column_chunk_info, dictionary_page_offset, 40);
LAYOUT(pqpush_column_chunk_info, encodings, 56);
LAYOUT(pqpush_column_chunk_info, flags, 68);
LAYOUT(pqpush_column_chunk_info, bloom_filter_offset, 72);
LAYOUT(pqpush_column_chunk_info, bloom_filter_length, 80);
SIZE(pqpush_column_chunk_info, 88);
LAYOUT(pqpush_sorting_info, column, 8);
LAYOUT(pqpush_sorting_info, flags, 16);
SIZE(pqpush_sorting_info, 24);

LAYOUT(pqpush_scan_options, batch_rows, 8);
LAYOUT(pqpush_scan_options, columns, 16);
LAYOUT(pqpush_scan_options, row_groups, 32);
LAYOUT(pqpush_scan_options, row_selection, 48);
LAYOUT(pqpush_scan_options, predicates, 64);
LAYOUT(pqpush_scan_options, offset, 80);
LAYOUT(pqpush_scan_options, limit, 88);
LAYOUT(pqpush_scan_options, string_type, 96);
LAYOUT(pqpush_scan_options, dictionary, 100);
LAYOUT(pqpush_scan_options, schema, 104);
LAYOUT(pqpush_scan_options, max_buffered_bytes, 112);
LAYOUT(pqpush_scan_options, coalesce_gap, 120);
LAYOUT(pqpush_scan_options, predicate_cache_bytes, 128);
LAYOUT(pqpush_scan_options, selection_policy, 136);
LAYOUT(pqpush_scan_options, flags, 140);
LAYOUT(pqpush_scan_options, row_bitmap, 144);
LAYOUT(pqpush_scan_options, row_group_selections, 152);
LAYOUT(pqpush_scan_options, row_group_selection_count, 160);
SIZE(pqpush_scan_options, 168);
SIZE(pqpush_row_run, 16);
LAYOUT(pqpush_row_group_selection, runs, 8);
SIZE(pqpush_row_group_selection, 24);

LAYOUT(pqpush_metrics, rows_total, 8);
LAYOUT(pqpush_metrics, rows_out, 48);
LAYOUT(pqpush_metrics, row_groups_total, 56);
LAYOUT(pqpush_metrics, pages_decompressed, 88);
LAYOUT(pqpush_metrics, batches, 120);
LAYOUT(pqpush_metrics, buffered_peak_bytes, 152);
LAYOUT(pqpush_metrics, rows_pruned_by_dictionary, 160);
SIZE(pqpush_metrics, 168);

SIZE(pqpush_column_bounds, 48);
SIZE(pqpush_predicate_callbacks, 40);
LAYOUT(pqpush_task, row_group, 8);
LAYOUT(pqpush_task, byte_size, 32);
LAYOUT(pqpush_task, selected_rows, 40);
SIZE(pqpush_task, 48);
SIZE(pqpush_source, 40);
#endif

int main(void) { return 0; }
