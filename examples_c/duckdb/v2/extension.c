/* pqpush_scan('file.parquet'), pqpush_scan('*.parquet') and pqpush_scan(['a.parquet', 'b.parquet']) as a table function of
 * DuckDB: Parquet files read by pqpush, with only the columns that the query uses, filters that pqpush evaluates while it
 * decodes, and as many threads as DuckDB has. */
#define DUCKDB_EXTENSION_NAME pqpush

#include "call.h"
#include "filter.h"
#include "input.h"
#include "scan.h"

#include <stdlib.h>
#include <string.h>

/* The argument is a pattern or a list of patterns. */
static bool add_pattern(duckdb_v2_context_handle context, duckdb_v2_value_handle value, file_list *files,
                        error_slot slot) {
    duckdb_v2_str pattern;
    bool is_null = true;
    if (!is_ok(duckdb_v2_value_is_null(value, &is_null, slot))) {
        return false;
    }
    if (is_null) {
        return fail(slot, DUCKDB_V2_ERROR_INPUT_INVALID, "pqpush_scan wants the name of a file, not NULL");
    }
    return is_ok(duckdb_v2_value_get_varchar(value, &pattern, slot)) && find_files(context, &pattern, files, slot);
}

static bool find_all_files(duckdb_v2_function_bind_info_handle info, duckdb_v2_context_handle context, file_list *files,
                       error_slot slot) {
    duckdb_v2_value_handle argument = NULL;
    duckdb_v2_logical_type_handle type = NULL;
    DUCKDB_V2_LOGICAL_TYPE_ID id = DUCKDB_V2_LOGICAL_TYPE_ID_INVALID;
    idx_t count = 0;
    bool is_found = is_ok(duckdb_v2_function_bind_get_arg_value(info, 0, &argument, slot)) &&
                    is_ok(duckdb_v2_value_get_logical_type(argument, &type, slot)) &&
                    is_ok(duckdb_v2_logical_type_get_id(type, &id, slot));
    if (is_found && id != DUCKDB_V2_LOGICAL_TYPE_ID_LIST) {
        is_found = add_pattern(context, argument, files, slot);
    } else if (is_found) {
        is_found = is_ok(duckdb_v2_value_get_child_count(argument, &count, slot));
        for (idx_t i = 0; is_found && i < count; i++) {
            duckdb_v2_value_handle element = NULL;
            is_found = is_ok(duckdb_v2_value_get_child(argument, i, &element, slot)) &&
                       add_pattern(context, element, files, slot);
            duckdb_v2_value_destroy(&element);
        }
        if (is_found && files->count == 0) {
            is_found = fail(slot, DUCKDB_V2_ERROR_INPUT_INVALID, "pqpush_scan wants at least one file");
        }
    }
    duckdb_v2_logical_type_destroy(&type);
    duckdb_v2_value_destroy(&argument);
    return is_found;
}

static bool find_call(duckdb_v2_function_bind_info_handle info, bound_scan *bound, error_slot slot) {
    duckdb_v2_value_handle argument = NULL;
    duckdb_v2_hugeint_t id;
    bool is_found = is_ok(duckdb_v2_function_bind_get_arg_value(info, 1, &argument, slot)) &&
                    is_ok(duckdb_v2_value_get_uuid(argument, &id, slot));
    duckdb_v2_value_destroy(&argument);
    scan_call *call = is_found ? enter_call(id) : NULL;
    if (call != NULL) {
        bound->call = call;
        bound->predicates = &call->predicates;
    }
    return call != NULL || (is_found && fail_out_of_memory(slot));
}

/* DuckDB knows best which of its types an Arrow type is. */
static bool declare_columns(duckdb_v2_table_function_bind_info_handle result, duckdb_v2_context_handle context,
                            bound_scan *bound, error_slot slot) {
    duckdb_v2_arrow_importer_handle importer = NULL;
    duckdb_v2_schema_handle schema = NULL;
    idx_t count = 0;
    bool is_declared = is_ok(duckdb_v2_arrow_importer_create(context, &bound->schema, 0, &importer, slot)) &&
                       is_ok(duckdb_v2_arrow_importer_get_schema(importer, &schema, slot)) &&
                       is_ok(duckdb_v2_schema_get_count(schema, &count, slot));
    for (idx_t i = 0; is_declared && i < count; i++) {
        duckdb_v2_identifier_t name;
        duckdb_v2_logical_type_handle type;
        is_declared = is_ok(duckdb_v2_schema_get_field(schema, i, &name, &type, slot)) &&
                      is_ok(duckdb_v2_table_function_bind_add_result_column(result, &name, type, slot));
    }
    duckdb_v2_schema_destroy(&schema);
    duckdb_v2_arrow_importer_destroy(&importer);
    return is_declared;
}

static bool bind_scan(duckdb_v2_function_bind_info_handle info, duckdb_v2_table_function_bind_info_handle result,
                      duckdb_v2_context_handle context, bound_scan *bound, error_slot slot) {
    file_list *files = &bound->files;
    idx_t rows = 0;
    if (!find_all_files(info, context, files, slot) || !find_call(info, bound, slot)) {
        return false;
    }
    for (size_t i = 0; i < files->count; i++) {
        scan_file *file = &files->files[i];
        input from = NULL;
        bool is_read = open_file(context, file, &from, &file->length, slot) && read_footer(from, file, slot);
        duckdb_v2_file_destroy(&from);
        if (!is_read) {
            return false;
        }
        rows += pqpush_metadata_row_count(file->metadata);
    }
    return read_bound_schema(bound, slot) && declare_columns(result, context, bound, slot) &&
           is_ok(duckdb_v2_table_function_bind_set_cardinality(result, rows, true, slot));
}

static void leave_scan(void *data) {
    bound_scan *bound = data;
    if (bound->call != NULL) {
        leave_call(bound->call);
    }
    free_bound_scan(bound);
}

static void bind(duckdb_v2_function_bind_info_handle info, duckdb_v2_table_function_bind_info_handle result,
                 duckdb_v2_context_handle context, error_slot slot) {
    bound_scan *bound = calloc(1, sizeof *bound);
    if (bound == NULL) {
        fail_out_of_memory(slot);
    } else if (!bind_scan(info, result, context, bound, slot)) {
        leave_scan(bound);
    } else {
        duckdb_v2_opaque data = {bound, leave_scan, NULL};
        duckdb_v2_function_bind_set_bind_data(info, &data, slot);
    }
}

/* Accepts the filters that pqpush evaluates as DuckDB would. The others stay with DuckDB; of some pqpush does a part, which
 * spares reading what cannot match. */
static void push_filters(pushdown_info info, duckdb_v2_context_handle context, error_slot slot) {
    (void)context;
    void *data = NULL;
    idx_t count = 0;
    if (!is_ok(duckdb_v2_table_function_filter_pushdown_get_bind_data(info, &data, slot)) ||
        !is_ok(duckdb_v2_table_function_filter_pushdown_get_filter_count(info, &count, slot))) {
        return;
    }
    bound_scan *bound = data;
    for (idx_t i = 0; i < count && bound->has_clear_names && is_alone(bound->call); i++) {
        duckdb_v2_expression_handle filter;
        if (!is_ok(duckdb_v2_table_function_filter_pushdown_get_filter(info, i, &filter, slot))) {
            return;
        }
        bool is_exact;
        pqpush_predicate *predicate = make_predicate(info, &bound->schema, filter, &is_exact);
        if (predicate == NULL || !can_apply(bound, predicate) || !keep_predicate(bound->call, predicate)) {
            pqpush_predicate_free(predicate);
        } else if (is_exact && !is_ok(duckdb_v2_table_function_filter_pushdown_accept(info, i, slot))) {
            return;
        }
    }
}

static bool add_parameter(duckdb_v2_factory_handle factory, duckdb_v2_function_signature_handle signature,
                          const char *text, DUCKDB_V2_LOGICAL_TYPE_ID id, DUCKDB_V2_FUNCTION_PARAMETER_KIND kind,
                          error_slot slot) {
    duckdb_v2_identifier_t name = {text, strlen(text)};
    duckdb_v2_logical_type_handle type = NULL;
    bool is_added = is_ok(duckdb_v2_factory_create_type_from_id(factory, id, NULL, NULL, 0, &type, slot)) &&
                    is_ok(duckdb_v2_function_signature_add_parameter(signature, &name, type, NULL, kind, slot));
    duckdb_v2_logical_type_destroy(&type);
    return is_added;
}

static bool configure(duckdb_v2_factory_handle factory, duckdb_v2_table_function_handle function, error_slot slot) {
    duckdb_v2_identifier_t name = {"pqpush_scan_call", strlen("pqpush_scan_call")};
    duckdb_v2_function_signature_handle signature;
    return is_ok(duckdb_v2_table_function_set_name(function, &name, slot)) &&
           is_ok(duckdb_v2_table_function_get_signature(function, &signature, slot)) &&
           add_parameter(factory, signature, "files", DUCKDB_V2_LOGICAL_TYPE_ID_ANY,
                         DUCKDB_V2_FUNCTION_PARAMETER_KIND_POSITIONAL_ONLY, slot) &&
           add_parameter(factory, signature, "call", DUCKDB_V2_LOGICAL_TYPE_ID_UUID,
                         DUCKDB_V2_FUNCTION_PARAMETER_KIND_POSITIONAL_ONLY, slot) &&
           is_ok(duckdb_v2_table_function_set_bind_callback(function, bind, slot)) &&
           is_ok(duckdb_v2_table_function_set_init_global_callback(function, init_global, slot)) &&
           is_ok(duckdb_v2_table_function_set_init_local_callback(function, init_local, slot)) &&
           is_ok(duckdb_v2_table_function_set_exec_callback(function, execute, slot)) &&
           is_ok(duckdb_v2_table_function_set_progress_callback(function, tell_progress, slot)) &&
           is_ok(duckdb_v2_table_function_set_partition_data_callback(function, tell_partition, slot)) &&
           is_ok(duckdb_v2_table_function_set_projection_pushdown(function, true, slot)) &&
           is_ok(duckdb_v2_table_function_set_filter_pushdown_callback(function, push_filters, slot));
}

static void register_function(duckdb_v2_extension_handle extension, duckdb_v2_factory_handle factory,
                              error_slot slot) {
    duckdb_v2_table_function_handle function = NULL;
    if (is_ok(duckdb_v2_table_function_create(factory, &function, slot)) && configure(factory, function, slot)) {
        duckdb_v2_extension_register_table_function(extension, function, slot);
    }
    duckdb_v2_table_function_destroy(&function);
}

/* What people write is a macro, which gives every call its id. */
static void register_macro(duckdb_v2_extension_handle extension, duckdb_v2_factory_handle factory, error_slot slot) {
    static const char text[] = "SELECT * FROM pqpush_scan_call(files, uuid())";
    duckdb_v2_identifier_t name = {"pqpush_scan", strlen("pqpush_scan")};
    duckdb_v2_str body = {text, strlen(text)};
    duckdb_v2_macro_function_handle macro = NULL;
    duckdb_v2_function_signature_handle signature;
    if (is_ok(duckdb_v2_macro_function_create(factory, DUCKDB_V2_MACRO_FUNCTION_TYPE_TABLE, &macro, slot)) &&
        is_ok(duckdb_v2_macro_function_set_name(macro, &name, slot)) &&
        is_ok(duckdb_v2_macro_function_set_body(macro, &body, slot)) &&
        is_ok(duckdb_v2_macro_function_get_signature(macro, &signature, slot)) &&
        add_parameter(factory, signature, "files", DUCKDB_V2_LOGICAL_TYPE_ID_ANY,
                      DUCKDB_V2_FUNCTION_PARAMETER_KIND_STANDARD, slot)) {
        duckdb_v2_extension_register_macro_function(extension, macro, slot);
    }
    duckdb_v2_macro_function_destroy(&macro);
}

DUCKDB_EXTENSION_ENTRYPOINT(duckdb_v2_extension_handle extension, duckdb_v2_context_handle context, error_slot slot) {
    duckdb_v2_factory_handle factory;
    if (is_ok(duckdb_v2_context_get_factory(context, &factory, slot))) {
        register_function(extension, factory, slot);
        register_macro(extension, factory, slot);
    }
}
