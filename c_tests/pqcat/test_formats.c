/* What pqcat makes of batches: the table, CSV and JSON lines, character by character. */
#include "arrays.h"
#include "printer.h"

#include <stdlib.h>

typedef struct batches {
    struct ArrowSchema schema;
    const struct ArrowArray *arrays;
    size_t count;
} batches;

/* Prints the batches and compares. `line_width` is that of the terminal, 0 for none. */
static void expect_output(const char *what, output_format format, size_t line_width, const batches *given,
                          const char *expected) {
    char *printed = NULL;
    size_t length = 0;
    uint64_t rows = 0;
    arrow_type row_type;
    text problem = {NULL, 0, 0};
    if (!arrow_type_parse(&given->schema, &row_type, &problem)) {
        expect_text(what, problem.data, problem.length, "a known type");
        text_free(&problem);
        return;
    }
    FILE *out = open_memstream(&printed, &length);
    printer printer = {.format = format, .out = out, .row_type = &row_type, .line_width = line_width};
    printer_begin(&printer);
    for (size_t i = 0; i < given->count; i++) {
        printer_batch(&printer, &given->arrays[i]);
        rows += (uint64_t)given->arrays[i].length;
    }
    printer_end(&printer, rows);
    printer_free(&printer);
    fclose(out);
    expect_text(what, printed, length, expected);
    free(printed);
    arrow_type_free(&row_type);
}

/* Three rows of an integer, a string and a float, in one batch or in two. The second integer and the third string are
 * null. */
static void expect_sample(const char *what, output_format format, size_t line_width, const char *expected) {
    static const uint8_t not_second[] = {0xFD};
    static const uint8_t not_third[] = {0xFB};
    static const int64_t numbers[] = {7, 0, -1234567890123};
    static const int32_t offsets[] = {0, 14, 18, 18};
    static const double floats[] = {0.5, 1e21, -3};
    column number = COLUMN("l", "number", 3, not_second, numbers);
    column string = COLUMN("u", "a, \"b\"", 3, not_third, offsets, "say \"hi\",\nthenNULL");
    column real = COLUMN("g", "real", 3, NULL, floats);
    column row = COLUMN("+s", "", 3, NULL);
    struct ArrowSchema *schemas[3];
    struct ArrowArray *arrays[3];
    adopt(&row, (column *[]){&number, &string, &real}, 3, schemas, arrays);
    struct ArrowArray halves[] = {row.array, row.array};
    halves[0].length = 1;
    halves[1].length = 2;
    halves[1].offset = 1;
    expect_output(what, format, line_width, &(batches){row.schema, &row.array, 1}, expected);
    if (format != FORMAT_TABLE) { /* the table sizes its columns on the first batch */
        expect_output(what, format, line_width, &(batches){row.schema, halves, 2}, expected);
    }
}

static void test_sample(void) {
    expect_sample("csv", FORMAT_CSV, 0,
                  "number,\"a, \"\"b\"\"\",real\r\n"
                  "7,\"say \"\"hi\"\",\nthen\",0.5\r\n"
                  ",NULL,1e+21\r\n"
                  "-1234567890123,,-3\r\n");
    expect_sample("jsonl", FORMAT_JSONL, 0,
                  "{\"number\":7,\"a, \\\"b\\\"\":\"say \\\"hi\\\",\\nthen\",\"real\":0.5}\n"
                  "{\"number\":null,\"a, \\\"b\\\"\":\"NULL\",\"real\":1e+21}\n"
                  "{\"number\":-1234567890123,\"a, \\\"b\\\"\":null,\"real\":-3}\n");
    expect_sample("table", FORMAT_TABLE, 0,
                  "         number | a, \"b\"          |    real\n"
                  "          int64 | utf8            | float64\n"
                  "----------------+-----------------+---------\n"
                  "              7 | say \"hi\",\\nthen |     0.5\n"
                  "           NULL | \"NULL\"          |   1e+21\n"
                  " -1234567890123 | NULL            |      -3\n"
                  "(3 rows)\n");
    expect_sample("table on a narrow terminal", FORMAT_TABLE, 42,
                  "         number | a, \"b\"        |    real\n"
                  "          int64 | utf8          | float64\n"
                  "----------------+---------------+---------\n"
                  "              7 | say \"hi\",\\nt\xE2\x80\xA6 |     0.5\n"
                  "           NULL | \"NULL\"        |   1e+21\n"
                  " -1234567890123 | NULL          |      -3\n"
                  "(3 rows)\n");
    expect_sample("table on a terminal with room for one column", FORMAT_TABLE, 20,
                  "         number\n"
                  "          int64\n"
                  "----------------\n"
                  "              7\n"
                  "           NULL\n"
                  " -1234567890123\n"
                  "(3 rows; the first 1 of 3 columns: the others do not fit, choose with --columns)\n");
}

/* A number that is wider than all that the columns were sized by is not cut. */
static void test_late_wide_number(void) {
    static const int64_t numbers[] = {1, -1234567890123};
    column number = COLUMN("l", "n", 2, NULL, numbers);
    column row = COLUMN("+s", "", 2, NULL);
    struct ArrowSchema *schema;
    struct ArrowArray *array;
    adopt(&row, (column *[]){&number}, 1, &schema, &array);
    struct ArrowArray halves[] = {row.array, row.array};
    halves[0].length = halves[1].length = halves[1].offset = 1;
    expect_output("late number", FORMAT_TABLE, 80, &(batches){row.schema, halves, 2},
                  "     n\n int64\n-------\n     1\n -1234567890123\n(2 rows)\n");
}

/* Control and direction characters are shown, wide ones counted as two, long cells cut. */
static void test_table_strings(void) {
    static const char data[] = "\x1B[31m\xE2\x80\xAE"
                               "\xE6\x97\xA5\xE6\x9C\xAC"
                               "e\xCC\x81"
                               "0123456789012345678901234567890123456789!";
    static const int32_t offsets[] = {0, 8, 14, 17, 58};
    column string = COLUMN("u", "s", 4, NULL, offsets, data);
    column row = COLUMN("+s", "", 4, NULL);
    struct ArrowSchema *schema;
    struct ArrowArray *array;
    adopt(&row, (column *[]){&string}, 1, &schema, &array);
    expect_output("strings", FORMAT_TABLE, 0, &(batches){row.schema, &row.array, 1},
                  " s\n"
                  " utf8\n"
                  "------------------------------------------\n"
                  " \\x1b[31m\\u202e\n"
                  " \xE6\x97\xA5\xE6\x9C\xAC\n"
                  " e\xCC\x81\n"
                  " 012345678901234567890123456789012345678\xE2\x80\xA6\n"
                  "(4 rows)\n");
}

/* The empty string and null differ in CSV; a nested value is one quoted field of JSON. */
static void test_csv_fields(void) {
    static const uint8_t not_second[] = {0xFD};
    column string = COLUMN("u", "s", 3, not_second, ((const int32_t[]){0, 0, 0, 1}), "\r");
    column item = COLUMN("i", "item", 3, NULL, ((const int32_t[]){1, 2, 3}));
    column list = COLUMN("+l", "l", 3, NULL, ((const int32_t[]){0, 2, 2, 3}));
    column row = COLUMN("+s", "", 3, NULL);
    struct ArrowSchema *schemas[3];
    struct ArrowArray *arrays[3];
    adopt(&list, (column *[]){&item}, 1, schemas + 2, arrays + 2);
    adopt(&row, (column *[]){&string, &list}, 2, schemas, arrays);
    expect_output("fields", FORMAT_CSV, 0, &(batches){row.schema, &row.array, 1},
                  "s,l\r\n"
                  "\"\",\"[1,2]\"\r\n"
                  ",[]\r\n"
                  "\"\r\",[3]\r\n");
}

/* No batch, and batches without columns. */
static void test_nothing(void) {
    column number = COLUMN("l", "n", 0, NULL, NULL);
    column row = COLUMN("+s", "", 0, NULL);
    struct ArrowSchema *schema;
    struct ArrowArray *array;
    adopt(&row, (column *[]){&number}, 1, &schema, &array);
    batches none = {row.schema, NULL, 0};
    expect_output("no rows", FORMAT_TABLE, 0, &none, "     n\n int64\n-------\n(0 rows)\n");
    expect_output("no rows", FORMAT_CSV, 0, &none, "n\r\n");
    expect_output("no rows", FORMAT_JSONL, 0, &none, "");

    column empty_row = COLUMN("+s", "", 1, NULL);
    batches no_columns = {empty_row.schema, &empty_row.array, 1};
    expect_output("no columns", FORMAT_TABLE, 0, &no_columns, "(1 row)\n");
    expect_output("no columns", FORMAT_JSONL, 0, &no_columns, "{}\n");
}

int main(void) {
    test_sample();
    test_late_wide_number();
    test_table_strings();
    test_csv_fields();
    test_nothing();
    return failures != 0;
}
