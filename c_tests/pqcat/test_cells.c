/* What pqcat makes of single values: every Arrow type, as text and as JSON. */
#include "arrays.h"
#include "cell.h"

static const uint8_t one_valid[] = {1};
static const uint8_t none_valid[] = {0};

/* The first value of a column, as text and as JSON; a JSON of NULL stands for the same text. */
static void expect_cell(column *given, const char *as_text, const char *as_json) {
    arrow_type type;
    text problem = {NULL, 0, 0};
    text shown = {NULL, 0, 0};
    if (!arrow_type_parse(&given->schema, &type, &problem)) {
        expect_text(given->schema.format, problem.data, problem.length, "");
        text_free(&problem);
        return;
    }
    cell_append_text(&shown, &type, &given->array, 0);
    expect_text(given->schema.format, shown.data, shown.length, as_text);
    shown.length = 0;
    cell_append_json(&shown, &type, &given->array, 0);
    expect_text(given->schema.format, shown.data, shown.length, as_json != NULL ? as_json : as_text);
    text_free(&shown);
    arrow_type_free(&type);
}

static void expect_value(const char *format, const void *value, const char *as_text, const char *as_json) {
    column given = COLUMN(format, "v", 1, NULL, value);
    expect_cell(&given, as_text, as_json);
}

#define INT(format, type, value, expected) expect_value(format, &(type){value}, expected, NULL)
#define TEMPORAL(format, type, value, expected) expect_value(format, &(type){value}, expected, "\"" expected "\"")

static void test_numbers(void) {
    expect_value("b", one_valid, "true", NULL);
    expect_value("b", none_valid, "false", NULL);
    INT("c", int8_t, INT8_MIN, "-128");
    INT("C", uint8_t, UINT8_MAX, "255");
    INT("s", int16_t, INT16_MIN, "-32768");
    INT("S", uint16_t, UINT16_MAX, "65535");
    INT("i", int32_t, INT32_MIN, "-2147483648");
    INT("I", uint32_t, UINT32_MAX, "4294967295");
    INT("l", int64_t, INT64_MIN, "-9223372036854775808");
    INT("L", uint64_t, UINT64_MAX, "18446744073709551615");
    INT("f", float, 0.1f, "0.1");
    INT("f", float, 16777216.0f, "16777216");
    INT("g", double, 0.1, "0.1");
    INT("g", double, -0.0, "-0");
    INT("g", double, 1e300, "1e+300");
    INT("g", double, 0.1 + 0.2, "0.30000000000000004");
    INT("e", uint16_t, 0x3C00, "1");
    INT("e", uint16_t, 0xC000, "-2");
    INT("e", uint16_t, 0x7BFF, "65504");
    INT("e", uint16_t, 0x0001, "5.9605e-08");
    TEMPORAL("e", uint16_t, 0x7E00, "NaN");
    TEMPORAL("f", uint32_t, 0x7F800000u, "Infinity");
    TEMPORAL("g", uint64_t, UINT64_C(0xFFF0000000000000), "-Infinity");
}

static void test_decimals(void) {
    static const uint8_t minus_one[32] = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                          255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
                                          255, 255, 255, 255, 255, 255, 255, 255, 255, 255};
    static const uint8_t lowest[32] = {[31] = 128};
    static const uint8_t lowest_of_128[16] = {[15] = 128};
    static const uint8_t hundred[16] = {100};
    static const uint8_t zero[16] = {0};
    expect_value("d:5,2", hundred, "1.00", NULL);
    expect_value("d:5,0", hundred, "100", NULL);
    expect_value("d:5,3", hundred, "0.100", NULL);
    expect_value("d:9,7", hundred, "0.0000100", NULL);
    expect_value("d:5,-3", hundred, "100000", NULL);
    expect_value("d:5,2", zero, "0.00", NULL);
    expect_value("d:5,-3", zero, "0", NULL);
    expect_value("d:5,2", minus_one, "-0.01", NULL);
    expect_value("d:9,2,32", minus_one, "-0.01", NULL);
    expect_value("d:18,1,64", minus_one, "-0.1", NULL);
    expect_value("d:76,38,256", minus_one, "-0.00000000000000000000000000000000000001", NULL);
    expect_value("d:38,0", lowest_of_128, "-170141183460469231731687303715884105728", NULL);
    expect_value("d:76,0,256", lowest,
                 "-57896044618658097711785492504343953926634992332820282019728792003956564819968", NULL);
}

static void test_dates_and_times(void) {
    TEMPORAL("tdD", int32_t, 0, "1970-01-01");
    TEMPORAL("tdD", int32_t, -1, "1969-12-31");
    TEMPORAL("tdD", int32_t, 19782, "2024-02-29");
    TEMPORAL("tdD", int32_t, -719162, "0001-01-01");
    TEMPORAL("tdD", int32_t, INT32_MAX, "+5881580-07-11");
    TEMPORAL("tdD", int32_t, INT32_MIN, "-5877641-06-23");
    TEMPORAL("tdm", int64_t, -1, "1969-12-31");
    TEMPORAL("tdm", int64_t, 86400000, "1970-01-02");
    TEMPORAL("tts", int32_t, 86399, "23:59:59");
    TEMPORAL("ttm", int32_t, 1, "00:00:00.001");
    TEMPORAL("ttu", int64_t, 3600000001, "01:00:00.000001");
    TEMPORAL("ttn", int64_t, -1, "-00:00:00.000000001");
    TEMPORAL("tss:", int64_t, 1, "1970-01-01T00:00:01");
    TEMPORAL("tsm:UTC", int64_t, -1, "1969-12-31T23:59:59.999Z");
    TEMPORAL("tsu:Europe/Paris", int64_t, INT64_C(1709208000000000), "2024-02-29T12:00:00.000000Z");
    TEMPORAL("tsn:", int64_t, INT64_MIN, "1677-09-21T00:12:43.145224192");
    TEMPORAL("tsn:", int64_t, INT64_MAX, "2262-04-11T23:47:16.854775807");
    TEMPORAL("tsu:", int64_t, INT64_MAX, "+294247-01-10T04:00:54.775807");
}

static void test_durations(void) {
    TEMPORAL("tDs", int64_t, 90, "PT90S");
    TEMPORAL("tDm", int64_t, -1500, "PT-1.500S");
    TEMPORAL("tDu", int64_t, 1, "PT0.000001S");
    TEMPORAL("tDn", int64_t, INT64_MIN, "PT-9223372036.854775808S");
    TEMPORAL("tiM", int32_t, 14, "P14M");
    expect_value("tiD", (int32_t[]){3, 4}, "P3DT0.004S", "\"P3DT0.004S\"");
    struct {
        int32_t months, days;
        int64_t nanoseconds;
    } interval = {1, -2, 3000000004};
    expect_value("tin", &interval, "P1M-2DT3.000000004S", "\"P1M-2DT3.000000004S\"");
}

static void test_strings(void) {
    static const int32_t offsets[] = {0, 7};
    static const int64_t large_offsets[] = {0, 7};
    static const char bytes[] = "a\"\\\n\xC3\xA9\xFF";
    column strings[] = {COLUMN("u", "v", 1, NULL, offsets, bytes), COLUMN("U", "v", 1, NULL, large_offsets, bytes)};
    for (size_t i = 0; i < COUNT(strings); i++) {
        expect_cell(&strings[i], "a\"\\\n\xC3\xA9\xEF\xBF\xBD", "\"a\\\"\\\\\\n\xC3\xA9\xEF\xBF\xBD\"");
    }
    column binaries[] = {COLUMN("z", "v", 1, NULL, offsets, bytes), COLUMN("Z", "v", 1, NULL, large_offsets, bytes),
                         COLUMN("w:7", "v", 1, NULL, bytes)};
    for (size_t i = 0; i < COUNT(binaries); i++) {
        expect_cell(&binaries[i], "61225c0ac3a9ff", "\"61225c0ac3a9ff\"");
    }
    column empty = COLUMN("u", "v", 1, NULL, ((const int32_t[]){0, 0}), NULL);
    expect_cell(&empty, "", "\"\"");
}

static void test_views(void) {
    static const char pool[] = "..thirteen bytes";
    struct {
        int32_t length;
        char inlined[12];
    } within = {12, {'t', 'w', 'e', 'l', 'v', 'e', ' ', 'b', 'y', 't', 'e', 's'}};
    struct {
        int32_t length;
        char prefix[4];
        int32_t buffer, offset;
    } outside = {14, {'t', 'h', 'i', 'r'}, 1, 2};
    column columns[] = {COLUMN("vu", "v", 1, NULL, &within), COLUMN("vu", "v", 1, NULL, &outside, NULL, pool),
                        COLUMN("vz", "v", 1, NULL, &outside, NULL, pool)};
    expect_cell(&columns[0], "twelve bytes", "\"twelve bytes\"");
    expect_cell(&columns[1], "thirteen bytes", "\"thirteen bytes\"");
    expect_cell(&columns[2], "746869727465656e206279746573", "\"746869727465656e206279746573\"");
}

static void test_nulls(void) {
    arrow_type type;
    text problem = {NULL, 0, 0};
    column nothing = COLUMN("n", "v", 1, NULL);
    column null_int = COLUMN("i", "v", 1, none_valid, &(int32_t){7});
    column valid_int = COLUMN("i", "v", 1, one_valid, &(int32_t){7});
    column *columns[] = {&nothing, &null_int, &valid_int};
    for (int i = 0; i < 3; i++) {
        if (!arrow_type_parse(&columns[i]->schema, &type, &problem) ||
            cell_is_null(&type, &columns[i]->array, 0) != (i < 2)) {
            expect_text("is null", "wrong", 5, "right");
        }
        arrow_type_free(&type);
    }
}

/* The second value of each: the first one is cut off by an offset in the list, the struct or the map itself. */
static void test_nested(void) {
    struct ArrowSchema *schemas[8];
    struct ArrowArray *arrays[8];
    static const uint8_t second_is_null[] = {0xFD};
    column item = COLUMN("i", "item", 5, second_is_null, ((const int32_t[]){1, 2, 3, 4, 5}));
    column list = COLUMN("+l", "v", 1, NULL, ((const int32_t[]){0, 0, 3}));
    list.array.offset = 1;
    adopt(&list, (column *[]){&item}, 1, schemas, arrays);
    expect_cell(&list, "[1,null,3]", NULL);
    column large_list = COLUMN("+L", "v", 1, NULL, ((const int64_t[]){3, 5}));
    adopt(&large_list, (column *[]){&item}, 1, schemas, arrays);
    expect_cell(&large_list, "[4,5]", NULL);
    column pair = COLUMN("+w:2", "v", 1, NULL);
    pair.array.offset = 1;
    adopt(&pair, (column *[]){&item}, 1, schemas, arrays);
    expect_cell(&pair, "[3,4]", NULL);

    column key = COLUMN("u", "key", 2, NULL, ((const int32_t[]){0, 1, 2}), "a\"");
    column record = COLUMN("+s", "v", 2, NULL);
    adopt(&record, (column *[]){&key, &item}, 2, schemas, arrays);
    expect_cell(&record, "{\"key\":\"a\",\"item\":1}", NULL);
    column map = COLUMN("+m", "v", 1, NULL, ((const int32_t[]){0, 2}));
    adopt(&map, (column *[]){&record}, 1, schemas + 4, arrays + 4);
    expect_cell(&map, "{\"a\":1,\"\\\"\":null}", NULL);
}

static void test_dictionary(void) {
    column values = COLUMN("u", "", 2, NULL, ((const int32_t[]){0, 1, 3}), "abc");
    column codes = COLUMN("C", "v", 1, NULL, ((const uint8_t[]){1}));
    codes.schema.dictionary = &values.schema;
    codes.array.dictionary = &values.array;
    expect_cell(&codes, "bc", "\"bc\"");
}

static void test_type_names(void) {
    static const char *const names[][2] = {{"l", "int64"},         {"tsu:UTC", "timestamp[us, UTC]"},
                                           {"tsn:", "timestamp[ns]"}, {"d:15,2", "decimal128(15,2)"},
                                           {"d:40,3,256", "decimal256(40,3)"}, {"w:16", "fixed_size_binary[16]"},
                                           {"vu", "utf8_view"},    {"tin", "interval[month_day_nano]"}};
    for (size_t i = 0; i < COUNT(names); i++) {
        struct ArrowSchema schema = SCHEMA(names[i][0], "v");
        arrow_type type;
        text shown = {NULL, 0, 0};
        if (arrow_type_parse(&schema, &type, &shown)) {
            arrow_type_name(&shown, &type);
            arrow_type_free(&type);
        }
        expect_text("type name", shown.data, shown.length, names[i][1]);
        text_free(&shown);
    }
    struct ArrowSchema unknown = SCHEMA("+r", "v");
    arrow_type type;
    text problem = {NULL, 0, 0};
    arrow_type_parse(&unknown, &type, &problem);
    expect_text("unknown format", problem.data, problem.length, "Arrow format \"+r\" is not known to pqcat");
    text_free(&problem);
}

int main(void) {
    test_numbers();
    test_decimals();
    test_dates_and_times();
    test_durations();
    test_strings();
    test_views();
    test_nulls();
    test_nested();
    test_dictionary();
    test_type_names();
    return failures != 0;
}
