#include "filter.h"
#include "expression.h"
#include "literal.h"

#include <stdlib.h>
#include <string.h>

/* The columns of a filter, and whether a predicate has all of the filter that was made into it so far. */
typedef struct scope {
    columns columns;
    bool is_exact;
} scope;

/* The constants among the children of a node from `first` on, as an array. */
static bool literals_of(expression node, idx_t first, struct ArrowArray *array, struct ArrowSchema *schema) {
    idx_t count = child_count(node) - first;
    duckdb_v2_value_handle *values = calloc(count, sizeof *values);
    bool is_made = values != NULL;
    for (idx_t i = 0; is_made && i < count; i++) {
        is_made = is_ok(duckdb_v2_expression_constant_get_value(child(node, first + i), &values[i], NULL));
    }
    is_made = is_made && make_literals(values, count, array, schema);
    for (idx_t i = 0; values != NULL && i < count; i++) {
        duckdb_v2_value_destroy(&values[i]);
    }
    free(values);
    return is_made;
}

static pqpush_predicate *negate(pqpush_predicate *operand) {
    pqpush_predicate *negated = NULL;
    if (operand != NULL) {
        pqpush_predicate_not(operand, &negated, NULL);
    }
    return negated;
}

/* In DuckDB a NaN is larger than everything and equal to itself, in pqpush it is neither. What is larger than a literal is
 * what is not smaller or equal, which holds for a NaN in both. */
static pqpush_predicate *compare(pqpush_str column, int32_t op, DUCKDB_V2_LOGICAL_TYPE_ID type, struct ArrowArray *array,
                                 struct ArrowSchema *schema) {
    bool is_float = type == DUCKDB_V2_LOGICAL_TYPE_ID_FLOAT || type == DUCKDB_V2_LOGICAL_TYPE_ID_DOUBLE;
    bool is_turned = is_float && (op == PQPUSH_GT || op == PQPUSH_GE);
    pqpush_predicate *predicate = NULL;
    if (is_turned) {
        op = op == PQPUSH_GT ? PQPUSH_LE : PQPUSH_LT;
    }
    pqpush_predicate_compare(column, op, array, schema, &predicate, NULL);
    return is_turned ? negate(predicate) : predicate;
}

static pqpush_predicate *make_comparison(scope *scope, expression node, int32_t op) {
    column_path column;
    struct ArrowArray array;
    struct ArrowSchema schema;
    if (child_count(node) != 2 || !column_of(&scope->columns, child(node, 0), &column) ||
        !literals_of(node, 1, &array, &schema)) {
        return NULL;
    }
    return compare(text_of(&column), op, type_of(child(node, 0)), &array, &schema);
}

static pqpush_predicate *make_in(scope *scope, expression node) {
    column_path column;
    struct ArrowArray array;
    struct ArrowSchema schema;
    pqpush_predicate *predicate = NULL;
    if (column_of(&scope->columns, child(node, 0), &column) && literals_of(node, 1, &array, &schema)) {
        pqpush_predicate_in(text_of(&column), &array, &schema, &predicate, NULL);
    }
    return predicate;
}

/* A column of booleans is a condition by itself. */
static pqpush_predicate *make_flag(scope *scope, expression node) {
    column_path column;
    struct ArrowArray array;
    struct ArrowSchema schema;
    pqpush_predicate *predicate = NULL;
    if (type_of(node) == DUCKDB_V2_LOGICAL_TYPE_ID_BOOLEAN && column_of(&scope->columns, node, &column)) {
        make_true(&array, &schema);
        pqpush_predicate_compare(text_of(&column), PQPUSH_EQ, &array, &schema, &predicate, NULL);
    }
    return predicate;
}

static pqpush_predicate *make_is_null(scope *scope, expression node) {
    column_path column;
    pqpush_predicate *predicate = NULL;
    if (column_of(&scope->columns, child(node, 0), &column)) {
        pqpush_predicate_is_null(text_of(&column), &predicate, NULL);
    }
    return predicate;
}

/* Whether the ends belong to it is not to be learnt: two comparisons that DuckDB made one may leave them out. */
static pqpush_predicate *make_between(scope *scope, expression node) {
    pqpush_predicate *ends[2] = {NULL, NULL};
    pqpush_predicate *both = NULL;
    column_path column;
    if (child_count(node) != 3 || !column_of(&scope->columns, child(node, 0), &column)) {
        return NULL;
    }
    DUCKDB_V2_LOGICAL_TYPE_ID type = type_of(child(node, 0));
    for (size_t i = 0; i < 2; i++) {
        struct ArrowArray array;
        struct ArrowSchema schema;
        duckdb_v2_value_handle value = NULL;
        if (is_ok(duckdb_v2_expression_constant_get_value(child(node, i + 1), &value, NULL)) &&
            make_literals(&value, 1, &array, &schema)) {
            ends[i] = compare(text_of(&column), i == 0 ? PQPUSH_GE : PQPUSH_LE, type, &array, &schema);
        }
        duckdb_v2_value_destroy(&value);
    }
    if (ends[0] == NULL || ends[1] == NULL) {
        pqpush_predicate_free(ends[0]);
        pqpush_predicate_free(ends[1]);
        return NULL;
    }
    scope->is_exact = false;
    pqpush_predicate_and(ends, 2, &both, NULL);
    return both;
}

/* Writes a text into a LIKE pattern so that it stands for itself, or, where it is a pattern of DuckDB, which escapes
 * nothing, for what it means there. */
static size_t append_pattern(char *pattern, size_t length, const duckdb_v2_str *text, const char *special) {
    for (idx_t i = 0; i < text->len; i++) {
        if (memchr(special, text->ptr[i], strlen(special)) != NULL) {
            pattern[length++] = '\\';
        }
        pattern[length++] = text->ptr[i];
    }
    return length;
}

/* LIKE, and what the optimizer makes of it where the wildcards stand at the ends only. */
static pqpush_predicate *make_like(pqpush_str column, const duckdb_v2_str *name, const duckdb_v2_str *text) {
    static const struct {
        const char *function, *before, *after, *special;
        bool is_negated;
    } forms[] = {
        {"~~", "", "", "\\", false},           {"!~~", "", "", "\\", true},
        {"prefix", "", "%", "%_\\", false},    {"starts_with", "", "%", "%_\\", false},
        {"^@", "", "%", "%_\\", false},        {"suffix", "%", "", "%_\\", false},
        {"ends_with", "%", "", "%_\\", false}, {"contains", "%", "%", "%_\\", false},
    };
    pqpush_predicate *predicate = NULL;
    char *pattern = malloc(2 * text->len + 2);
    for (size_t i = 0; pattern != NULL && i < sizeof forms / sizeof *forms; i++) {
        if (name->len == strlen(forms[i].function) && memcmp(name->ptr, forms[i].function, name->len) == 0) {
            size_t length = strlen(forms[i].before);
            memcpy(pattern, forms[i].before, length);
            length = append_pattern(pattern, length, text, forms[i].special);
            memcpy(pattern + length, forms[i].after, strlen(forms[i].after));
            length += strlen(forms[i].after);
            pqpush_predicate_like(column, (pqpush_str){pattern, length}, &predicate, NULL);
            predicate = forms[i].is_negated ? negate(predicate) : predicate;
        }
    }
    free(pattern);
    return predicate;
}

/* A call of a function with a column of strings and a constant, or a field that is a condition by itself. */
static pqpush_predicate *make_call(scope *scope, expression node) {
    pqpush_predicate *predicate = NULL;
    duckdb_v2_identifier_t name;
    duckdb_v2_str text;
    duckdb_v2_value_handle value = NULL;
    column_path column;
    if (child_count(node) == 2 && type_of(child(node, 0)) == DUCKDB_V2_LOGICAL_TYPE_ID_VARCHAR &&
        column_of(&scope->columns, child(node, 0), &column) &&
        is_ok(duckdb_v2_expression_function_get_name(node, &name, NULL)) &&
        is_ok(duckdb_v2_expression_constant_get_value(child(node, 1), &value, NULL)) &&
        is_ok(duckdb_v2_value_get_varchar(value, &text, NULL))) {
        predicate = make_like(text_of(&column), &name, &text);
    }
    duckdb_v2_value_destroy(&value);
    return predicate != NULL ? predicate : make_flag(scope, node);
}

static pqpush_predicate *make(scope *scope, expression node);

/* AND and OR. Of an AND some operands are better than none. */
static pqpush_predicate *make_conjunction(scope *scope, expression node, bool is_and) {
    idx_t count = child_count(node);
    pqpush_predicate **operands = calloc(count, sizeof(pqpush_predicate *));
    pqpush_predicate *predicate = NULL;
    idx_t made = 0;
    for (idx_t i = 0; operands != NULL && i < count; i++) {
        operands[made] = make(scope, child(node, i));
        made += operands[made] != NULL;
    }
    if (operands != NULL && (is_and ? made > 0 : made == count)) {
        scope->is_exact = scope->is_exact && made == count;
        (is_and ? pqpush_predicate_and : pqpush_predicate_or)(operands, count, &predicate, NULL);
    } else {
        while (made > 0) {
            pqpush_predicate_free(operands[--made]);
        }
    }
    free(operands);
    return predicate;
}

/* What keeps more rows than it should would, turned round, keep too few. */
static pqpush_predicate *make_not(scope *scope, expression node) {
    bool was_exact = scope->is_exact;
    scope->is_exact = true;
    pqpush_predicate *operand = make(scope, child(node, 0));
    if (!scope->is_exact) {
        pqpush_predicate_free(operand);
        operand = NULL;
    }
    scope->is_exact = was_exact;
    return negate(operand);
}

static pqpush_predicate *make(scope *scope, expression node) {
    switch (kind_of(node)) {
    case KIND(COMPARE_EQUAL): return make_comparison(scope, node, PQPUSH_EQ);
    case KIND(COMPARE_NOTEQUAL): return make_comparison(scope, node, PQPUSH_NE);
    case KIND(COMPARE_LESSTHAN): return make_comparison(scope, node, PQPUSH_LT);
    case KIND(COMPARE_LESSTHANOREQUALTO): return make_comparison(scope, node, PQPUSH_LE);
    case KIND(COMPARE_GREATERTHAN): return make_comparison(scope, node, PQPUSH_GT);
    case KIND(COMPARE_GREATERTHANOREQUALTO): return make_comparison(scope, node, PQPUSH_GE);
    case KIND(COMPARE_BETWEEN): return make_between(scope, node);
    case KIND(COMPARE_IN): return make_in(scope, node);
    case KIND(COMPARE_NOT_IN): return negate(make_in(scope, node));
    case KIND(OPERATOR_IS_NULL): return make_is_null(scope, node);
    case KIND(OPERATOR_IS_NOT_NULL): return negate(make_is_null(scope, node));
    case KIND(OPERATOR_NOT): return make_not(scope, node);
    case KIND(CONJUNCTION_AND): return make_conjunction(scope, node, true);
    case KIND(CONJUNCTION_OR): return make_conjunction(scope, node, false);
    case KIND(BOUND_FUNCTION): return make_call(scope, node);
    case KIND(BOUND_COLUMN_REF): return make_flag(scope, node);
    default: return NULL;
    }
}

pqpush_predicate *make_predicate(pushdown_info info, const struct ArrowSchema *schema, expression filter,
                                 bool *out_is_exact) {
    scope scope = {{info, schema}, true};
    pqpush_predicate *predicate = make(&scope, filter);
    *out_is_exact = predicate != NULL && scope.is_exact;
    return predicate;
}
