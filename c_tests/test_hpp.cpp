// The C++ header: what it makes of handles, errors, spans, predicates and options. table.parquet has the ids 0 to 999 in
// order, in row groups of 400, 400 and 200 rows; what else is in it c_tests/make_fixtures.rs says.
#include <pqpush.hpp>

#include <atomic>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <thread>
#if __cplusplus >= 202002L
#include <span>
#endif

using pqpush::col;
using pqpush::errc;

namespace {

#define CHECK(condition) ((condition) ? (void)0 : failed(__LINE__, #condition))

[[noreturn]] void failed(int line, const std::string &what) {
    std::fprintf(stderr, "test_hpp.cpp:%d: failed: %s\n", line, what.c_str());
    std::exit(1);
}

// The call throws this, and its message has the text in it.
template <class Function> pqpush::error fails(int line, errc code, std::string_view text, Function &&function) {
    try {
        function();
    } catch (const pqpush::error &thrown) {
        if (thrown.code() == code && std::string_view(thrown.what()).find(text) != std::string_view::npos) {
            return thrown;
        }
        failed(line, std::string(thrown.code_name()) + ": " + thrown.what());
    }
    failed(line, "nothing was thrown");
}
#define FAILS(code, text, expression) fails(__LINE__, code, text, [&] { (void)(expression); })

std::string directory;

// A file in memory, which counts how often it is read.
struct host {
    explicit host(const std::string &name) {
        std::ifstream stream(directory + "/" + name, std::ios::binary);
        data.assign(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
        CHECK(!data.empty());
    }
    void operator()(std::uint64_t offset, pqpush::span<std::uint8_t> out) {
        CHECK(offset + out.size() <= data.size());
        std::memcpy(out.data(), data.data() + offset, out.size());
        reads++;
    }
    pqpush::bytes at(pqpush::range range) const {
        return pqpush::bytes(data).subspan(static_cast<std::size_t>(range.offset), static_cast<std::size_t>(range.length));
    }
    std::vector<std::uint8_t> data;
    int reads = 0;
};

pqpush::metadata metadata_of(host &file) { return pqpush::read_metadata(file.data.size(), file); }

std::vector<std::int64_t> ids_of(pqpush::decoder &decoder, host &file) {
    std::vector<std::int64_t> ids;
    while (std::optional<pqpush::batch> batch = decoder.next(file)) {
        pqpush::span<const std::int64_t> values = batch->column("id").values<std::int64_t>();
        ids.insert(ids.end(), values.begin(), values.end());
    }
    return ids;
}

std::vector<std::int64_t> ids_where(const pqpush::predicate &where) {
    host file("table.parquet");
    pqpush::scan_options options;
    options.columns = {"id"};
    options.where = where;
    pqpush::decoder decoder(metadata_of(file), options);
    return ids_of(decoder, file);
}

std::vector<std::int64_t> from_to(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(last - first + 1));
    std::iota(ids.begin(), ids.end(), first);
    return ids;
}

void spans_are_borrowed_elements() {
    std::vector<int> numbers = {1, 2, 3};
    pqpush::span<int> all = numbers;
    pqpush::span<const int> seen = all;
    CHECK(seen.size() == 3 && seen[1] == 2 && seen.front() == 1 && seen.back() == 3 && !seen.empty());
    CHECK(seen.subspan(1, 2).size() == 2 && seen.subspan(1, 2)[0] == 2);
    CHECK(pqpush::span<int>().empty());
    int plain[] = {4, 5};
    CHECK(pqpush::span<int>(plain).size() == 2);
    static_assert(!std::is_convertible_v<pqpush::span<const int>, pqpush::span<int>>, "const stays");
    static_assert(!std::is_convertible_v<std::string, pqpush::bytes>, "characters are not bytes");
#if __cplusplus >= 202002L
    std::span<const int> standard = seen;
    pqpush::span<const int> back = standard;
    CHECK(standard.size() == 3 && back.data() == numbers.data());
#endif
}

void handles_move_and_metadata_is_shared() {
    static_assert(!std::is_copy_constructible_v<pqpush::decoder> && !std::is_copy_assignable_v<pqpush::decoder>);
    static_assert(!std::is_copy_constructible_v<pqpush::plan> && !std::is_copy_constructible_v<pqpush::batch>);
    static_assert(!std::is_copy_constructible_v<pqpush::metadata_decoder> && !std::is_copy_constructible_v<pqpush::stream>);
    static_assert(std::is_nothrow_move_constructible_v<pqpush::decoder> && std::is_nothrow_move_assignable_v<pqpush::batch>);
    host file("table.parquet");
    pqpush::metadata metadata = metadata_of(file);
    pqpush::metadata copy = metadata;
    pqpush::metadata moved = std::move(metadata);
    CHECK(!metadata && copy && moved); // NOLINT: what was moved from is empty
    CHECK(metadata.row_count() == 0 && copy.row_count() == 1000);
    moved = copy;
    copy = pqpush::metadata();
    CHECK(!copy && moved.row_group_count() == 3);
    FAILS(errc::invalid_argument, "", copy.schema());
    FAILS(errc::invalid_argument, "", pqpush::decoder(copy));
    pqpush::decoder first(moved), second = std::move(first);
    CHECK(!first && second); // NOLINT
    FAILS(errc::invalid_argument, "", first.step());
    CHECK(first.buffered_bytes() == 0);
    first = std::move(second);
    CHECK(ids_of(first, file) == from_to(0, 999));
    pqpush::batch batch;
    CHECK(!batch && batch.row_count() == 0 && batch.column_count() == 0);
    FAILS(errc::invalid_argument, "no column 0", batch.column(0));
}

void metadata_says_what_the_file_has() {
    host file("table.parquet");
    pqpush::metadata metadata = metadata_of(file);
    CHECK(metadata.column_count() == 5 && metadata.created_by() == "c_tests" && metadata.format_version() > 0);
    CHECK(metadata.row_group(2).row_count == 200 && metadata.row_group(2).compressed_bytes > 0);
    FAILS(errc::invalid_argument, "", metadata.row_group(3));
    pqpush::column_info price = metadata.column(metadata.find_column("price"));
    CHECK(price.path == "price" && price.logical_type == "DECIMAL(15,2)" && price.max_definition_level == 0);
    FAILS(errc::invalid_argument, "nothing", metadata.find_column("nothing"));
    CHECK((metadata.column_chunk(0, 1).flags & PQPUSH_COLUMN_CHUNK_BLOOM_FILTER) != 0);
    CHECK(metadata.key_values().size() >= 2 && metadata.key_values()[0].key == "purpose");
    CHECK(metadata.find_value("purpose") == "tests in C" && !metadata.find_value("absent") && !metadata.find_value("x"));
    std::vector<pqpush::sorting_info> sorted = metadata.sorting_columns(0);
    CHECK(sorted.size() == 1 && sorted[0].column == 0 && sorted[0].flags == PQPUSH_SORTING_NULLS_FIRST);
    CHECK(metadata.sorting_columns(7).empty());
    pqpush::schema schema = metadata.schema();
    CHECK(schema->n_children == 5 && std::string_view(schema->children[3]->format) == "tsu:UTC");
    pqpush::batch statistics = metadata.column_statistics(0);
    CHECK(statistics.row_count() == 3 && statistics.column("max").values<std::int64_t>()[1] == 799);
    CHECK(statistics.column("min_is_exact").boolean(0));
    pqpush::batch names = metadata.page_statistics(1, pqpush::string_type::large);
    CHECK(names.row_count() == 10 && names.column("min").format() == "U" && names.column("min").text(0) == "name-1");
    int visited = 0;
    metadata.visit_chunk_key_values(0, 0, [&](std::string_view, std::optional<std::string_view>) { visited++; });
    CHECK(visited == 0);
    FAILS(errc::invalid_argument, "", metadata.visit_chunk_key_values(0, 5, [](std::string_view, auto) {}));
}

void steps_are_for_hosts_with_their_own_io() {
    host file("table.parquet");
    pqpush::metadata_decoder footer(file.data.size());
    std::optional<pqpush::metadata> metadata;
    while (!metadata) {
        pqpush::metadata_event event = footer.step();
        for (pqpush::range range : event.ranges) {
            footer.push(range.offset, file.at(range));
        }
        metadata = std::move(event.metadata);
    }
    auto lent = std::make_shared<std::vector<std::uint8_t>>(file.data);
    {
        pqpush::metadata_decoder of_lent(file.data.size());
        of_lent.lend(0, *lent, lent);
        CHECK(lent.use_count() == 2);
        pqpush::metadata_event event = of_lent.step();
        CHECK(event.metadata && event.metadata->row_count() == metadata->row_count());
    }
    CHECK(lent.use_count() == 1);
    pqpush::scan_options options;
    options.columns = {"id", "name"};
    options.batch_rows = 150;
    options.flags = PQPUSH_SCAN_ROW_GROUP_EVENTS;
    pqpush::decoder decoder(*metadata, options);
    auto owner = std::make_shared<std::vector<std::uint8_t>>(file.data);
    decoder.lend(0, *owner, owner);
    CHECK(owner.use_count() == 2);
    std::vector<std::size_t> rows;
    std::vector<pqpush::batch> batches;
    std::uint64_t row_groups = 0;
    for (;;) {
        pqpush::decoder_event event = decoder.step();
        if (event.kind == pqpush::event_kind::finished) {
            break;
        }
        CHECK(event.kind != pqpush::event_kind::needs_data && event.ranges.empty());
        CHECK(event.row_group == row_groups);
        if (event.kind == pqpush::event_kind::row_group_end) {
            row_groups++;
            continue;
        }
        rows.push_back(event.batch.row_count());
        batches.push_back(std::move(event.batch));
    }
    CHECK((rows == std::vector<std::size_t>{150, 150, 100, 150, 150, 100, 150, 50}) && row_groups == 3);
    CHECK(batches.front().schema() == batches.back().schema());
    CHECK(decoder.metrics().rows_out == 1000 && decoder.metrics().batches == 8);
    FAILS(errc::invalid_state, "", decoder.push(0, file.data));
    decoder = pqpush::decoder();
    metadata.reset();
    CHECK(batches[7].column("name").text(49) == "name-999" && batches[7].column("name").is_null(45));
    batches.clear();
    CHECK(owner.use_count() == 1);
}

void lent_bytes_go_back_also_where_the_call_fails() {
    host file("table.parquet");
    pqpush::decoder decoder(metadata_of(file));
    auto owner = std::make_shared<int>(1);
    pqpush::error thrown = FAILS(errc::invalid_argument, "", decoder.lend(file.data.size(), file.data, owner));
    CHECK(owner.use_count() == 1 && std::string(thrown.code_name()) == "PQPUSH_ERR_INVALID_ARGUMENT");
    CHECK(!decoder.upcoming_ranges(1 << 20).empty());
}

void operators_make_predicates() {
    CHECK(ids_where(col("id") > 996) == from_to(997, 999));
    CHECK(ids_where(col("id") >= 998) == from_to(998, 999));
    CHECK(ids_where(col("id") < 2) == from_to(0, 1));
    CHECK(ids_where(col("id") <= 2) == from_to(0, 2));
    CHECK(ids_where(col("id") == 7) == from_to(7, 7));
    CHECK(ids_where(col("id") != 7 && col("id") < 9) == (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6, 8}));
    CHECK(ids_where(col("id").between(10, 12)) == from_to(10, 12));
    CHECK(ids_where(col("id").in({3, 1, 4, 999.0, std::uint64_t{5}})) == (std::vector<std::int64_t>{1, 3, 4, 5, 999}));
    CHECK(ids_where(col("id").in({})).empty());
    CHECK(ids_where(col("name").in({"name-3", std::string("name-8"), "name-0"})) == (std::vector<std::int64_t>{3, 8}));
    CHECK(ids_where(col("name") == "name-11" || col("name") == std::string_view("name-12")) == from_to(11, 12));
    CHECK(ids_where(col("name").starts_with("name-99")).size() == 9);
    CHECK(ids_where(col("name").like("name-_1") && !(col("id") > 30)) == (std::vector<std::int64_t>{11, 21}));
    CHECK(ids_where(col("name").is_null() && col("id") < 6) == (std::vector<std::int64_t>{0, 5}));
    CHECK(ids_where(col("name").is_not_null() && col("id") < 3) == from_to(1, 2));
    CHECK(ids_where(col("flag") == true && col("id") < 4) == (std::vector<std::int64_t>{0, 3}));
    CHECK(ids_where(col("flag").in({true, false})).size() == 1000);
    CHECK(ids_where(col("price") < 1.5) == from_to(0, 1));
    CHECK(ids_where(col("id") == std::uint64_t{8}) == from_to(8, 8));
    auto at = std::chrono::system_clock::time_point() + std::chrono::seconds(5);
    CHECK(ids_where(col("at") < at) == from_to(0, 4));
    std::chrono::time_point<std::chrono::system_clock, std::chrono::minutes> minute(std::chrono::minutes(1));
    CHECK(ids_where(col("at").in({at, minute})) == (std::vector<std::int64_t>{5, 60}));
    CHECK(ids_where(col("at") <= pqpush::date{0}) == from_to(0, 0));
    std::vector<std::uint8_t> binary = {'n', 'a', 'm', 'e', '-', '1'};
    CHECK(ids_where(col("name") == pqpush::bytes(binary) && col("name").in({pqpush::bytes(binary)})) == from_to(1, 1));
    CHECK(ids_where(pqpush::sql("id BETWEEN 5 AND 8 AND name IS NOT NULL")) == from_to(6, 8));
}

void predicates_are_values() {
    pqpush::predicate low = col("id") < 3, both = low && col("id") > 0;
    pqpush::predicate copy = both;
    CHECK(ids_where(low || both) == from_to(0, 2) && ids_where(copy) == from_to(1, 2) && ids_where(!!copy) == from_to(1, 2));
    FAILS(errc::invalid_argument, "", pqpush::sql("id <"));
    FAILS(errc::invalid_argument, "nothing", ids_where(col("nothing") == 1));
    FAILS(errc::invalid_argument, "id", ids_where(col("id") == "text"));
    FAILS(errc::invalid_argument, "", ids_where(col("name").like("\\x") && low));
    FAILS(errc::invalid_argument, "", ids_where(low || !(col("name").like("\\x"))));
    FAILS(errc::invalid_argument, "", ids_where(col("name").in({"a", 1})));
    // Arrow data of the host's own, used twice
    pqpush::literal seven = [] {
        pqpush::detail::arrow_values made = pqpush::literal::to_arrow({7});
        return pqpush::literal(std::move(made.values), std::move(made.type));
    }();
    pqpush::predicate is_seven = col("id") == seven;
    CHECK(ids_where(is_seven && col("id").in({seven, seven})) == from_to(7, 7));
    CHECK(ids_where(is_seven) == from_to(7, 7));
}

pqpush::array even_rows(const ArrowSchema &type, pqpush::array rows) {
    CHECK(type.n_children == 1 && std::string_view(type.children[0]->name) == "id");
    std::vector<pqpush::literal> keep;
    pqpush::column ids(rows->children[0], type.children[0], rows->children[0]->offset, rows->length);
    for (std::int64_t id : ids.values<std::int64_t>()) {
        keep.emplace_back(id % 2 == 0);
    }
    return std::move(pqpush::literal::to_arrow(keep).values);
}

void callbacks_of_the_host_decide() {
    std::vector<std::int64_t> even = ids_where(pqpush::keep_if({"id"}, even_rows));
    CHECK(even.size() == 500 && even[3] == 6);
    auto count = std::make_shared<std::atomic<int>>(0);
    {
        pqpush::predicate throwing = pqpush::keep_if({"id"}, [count](const ArrowSchema &, pqpush::array) -> pqpush::array {
            ++*count;
            throw std::runtime_error("the host's own");
        });
        FAILS(errc::callback, "1", ids_where(throwing));
        CHECK(*count == 1 && count.use_count() == 2);
    }
    CHECK(count.use_count() == 1);
    host file("table.parquet");
    FAILS(errc::callback, "could not read", pqpush::read_metadata(file.data.size(), [](std::uint64_t, auto) { return false; }));
}

void options_reach_the_library() {
    host file("table.parquet");
    pqpush::metadata metadata = metadata_of(file);
    auto ids = [&](const pqpush::scan_options &options) {
        pqpush::decoder decoder(metadata, options);
        return ids_of(decoder, file);
    };
    pqpush::scan_options options;
    options.offset = 10;
    options.limit = 5;
    CHECK(ids(options) == from_to(10, 14));
    options.limit = 0;
    CHECK(ids(options).empty());
    options = {};
    options.row_groups = {2};
    CHECK(ids(options) == from_to(800, 999));
    options.row_selection = {pqpush::skip_rows(190), pqpush::take_rows(10)};
    CHECK(ids(options) == from_to(990, 999));
    options.row_groups = std::vector<std::uint32_t>();
    options.row_selection.clear();
    CHECK(ids(options).empty());
    options = {};
    options.row_group_selections = {{0, {pqpush::skip_rows(400)}}, {1, {pqpush::take_rows(1), pqpush::skip_rows(399)}}};
    CHECK(ids(options).size() == 201 && ids(options)[0] == 400);
    pqpush::detail::arrow_values bitmap = pqpush::literal::to_arrow(std::vector<pqpush::literal>(1000, true));
    options = {};
    options.row_bitmap = bitmap.values.get();
    CHECK(ids(options).size() == 1000);
    options.row_bitmap = nullptr;
    options.columns = std::vector<std::string>();
    pqpush::decoder rows_only(metadata, options);
    std::optional<pqpush::batch> batch = rows_only.next(file);
    CHECK(batch && batch->column_count() == 0 && batch->row_count() == 400);
    options.columns = {"name"};
    for (auto [layout, format] : {std::pair(pqpush::string_type::by_file, "u"), std::pair(pqpush::string_type::large, "U"),
                                  std::pair(pqpush::string_type::view, "vu")}) {
        options.string_type = layout;
        pqpush::decoder decoder(metadata, options);
        batch = decoder.next(file);
        CHECK(batch->column(0).format() == format && batch->column(0).text(399) == "name-399");
        FAILS(errc::invalid_argument, "stored", batch->column(0).values<std::int64_t>());
        FAILS(errc::invalid_argument, "Boolean", batch->column(0).boolean(0));
        FAILS(errc::invalid_argument, "\"id\"", batch->column("id"));
    }
    options.string_type = pqpush::string_type::by_file;
    options.keep_dictionaries = true;
    pqpush::decoder decoder(metadata, options);
    batch = decoder.next(file);
    std::optional<pqpush::column> names = batch->column(0).dictionary();
    std::int32_t key = batch->column(0).values<std::int32_t>()[7];
    CHECK(names && names->text(static_cast<std::size_t>(key)) == "name-7" && !names->dictionary());
}

void a_long_string_view_lies_in_a_buffer() {
    host file("plain.parquet");
    pqpush::scan_options options;
    options.columns = {"text"};
    options.string_type = pqpush::string_type::view;
    options.offset = 4321;
    pqpush::decoder decoder(metadata_of(file), options);
    CHECK(decoder.next(file)->column("text").text(0) == "a text that is too long for a view: 04321");
}

void a_scan_goes_on_under_other_options() {
    host file("table.parquet");
    pqpush::scan_options options;
    options.columns = {"id"};
    options.flags = PQPUSH_SCAN_ROW_GROUP_EVENTS;
    pqpush::decoder decoder(metadata_of(file), options);
    decoder.push(0, file.data);
    CHECK(decoder.step().batch.column_count() == 1);
    CHECK(decoder.step().kind == pqpush::event_kind::row_group_end);
    options.columns = {"name", "flag"};
    decoder.reconfigure(options);
    CHECK(decoder.schema()->n_children == 2);
    std::optional<pqpush::batch> batch = decoder.next(file);
    CHECK(batch->column(0).name() == "name" && batch->column(0).text(1) == "name-401" && batch->column("flag").boolean(2));
    options.row_groups = {0};
    FAILS(errc::invalid_argument, "", decoder.reconfigure(options));
}

void a_plan_is_read_by_threads() {
    host file("table.parquet");
    pqpush::scan_options options;
    options.where = col("id") >= 100 && col("id") < 900;
    pqpush::plan plan(metadata_of(file), options, 100);
    CHECK(plan.task_count() == 8 && plan.task(0).selected_rows == 100 && plan.task(7).row_group == 2);
    CHECK(plan.metrics().rows_pruned_by_pages == 200 && plan.explain().find("id") != std::string_view::npos);
    pqpush::span<const pqpush::row_run> runs = plan.row_selection();
    CHECK(runs[0].row_count == 100 && runs[0].select == 0);
    FAILS(errc::invalid_argument, "8 tasks", plan.task(8));
    FAILS(errc::invalid_argument, "8 tasks", plan.decoder(8));
    std::vector<std::vector<std::int64_t>> parts(plan.task_count());
    std::vector<std::thread> threads;
    for (std::size_t task = 0; task < parts.size(); task++) {
        threads.emplace_back([&, task] {
            host mine("table.parquet");
            pqpush::decoder decoder = plan.decoder(task);
            parts[task] = ids_of(decoder, mine);
        });
    }
    std::vector<std::int64_t> ids;
    for (std::size_t task = 0; task < parts.size(); task++) {
        threads[task].join();
        ids.insert(ids.end(), parts[task].begin(), parts[task].end());
    }
    CHECK(ids == from_to(100, 899));
    options.where.reset();
    options.row_selection.assign(runs.begin(), runs.end());
    pqpush::decoder decoder(metadata_of(file), options);
    CHECK(ids_of(decoder, file) == from_to(100, 899));
}

void streams_are_read_and_moved_out() {
    host file("table.parquet");
    pqpush::scan_options options;
    options.where = col("id") < 450;
    pqpush::stream stream = pqpush::open_stream(file.data.size(), file, options);
    CHECK(stream.schema()->n_children == 5);
    std::size_t rows = 0;
    while (std::optional<pqpush::batch> batch = stream.next()) {
        rows += batch->row_count();
    }
    CHECK(rows == 450 && !stream.next());
    ArrowArrayStream out{};
    stream.move_to(&out);
    CHECK(!stream && out.release != nullptr);
    FAILS(errc::invalid_argument, "empty", stream.next());
    out.release(&out);
    host damaged("corrupt_page.parquet");
    pqpush::stream breaks = pqpush::open_stream(damaged.data.size(), damaged);
    CHECK(breaks.next()->row_count() == 400);
    FAILS(errc::corrupt, "", breaks.next());
    auto throws = [](std::uint64_t, pqpush::span<std::uint8_t>) { throw std::runtime_error("no"); };
    FAILS(errc::callback, "", pqpush::open_stream(1000, throws));
}

void bloom_filters_rule_out() {
    host file("table.parquet");
    pqpush::metadata metadata = metadata_of(file);
    pqpush::bloom_filter_decoder decoder(metadata, 0, 1);
    pqpush::bloom_filter filter;
    while (!filter) {
        pqpush::bloom_filter_event event = decoder.step();
        for (pqpush::range range : event.ranges) {
            decoder.push(range.offset, file.at(range));
        }
        filter = std::move(event.filter);
    }
    CHECK(filter.may_have("name-1") && !filter.may_have("nobody"));
    FAILS(errc::invalid_argument, "", filter.may_have(1.5));
    FAILS(errc::invalid_argument, "", pqpush::bloom_filter_decoder(metadata, 0, 0));
}

void keys_open_encrypted_files() {
    host file("encrypted.parquet");
    auto key = [](std::string_view text) { return pqpush::key_bytes(text.begin(), text.end()); };
    FAILS(errc::key, "", metadata_of(file));
    pqpush::metadata_options options;
    options.footer_key = key("key of footer 16");
    options.aad_prefix = key("c_tests");
    options.column_keys = {{"id", key("key of column id")}};
    pqpush::metadata metadata = pqpush::read_metadata(file.data.size(), file, options);
    pqpush::scan_options scan;
    scan.columns = {"id"};
    pqpush::decoder decoder(metadata, scan);
    CHECK(ids_of(decoder, file) == from_to(0, 999));
    scan.columns = {"name"};
    CHECK(FAILS(errc::key, "name", pqpush::decoder(metadata, scan)).column() == 1U);
    options = {};
    options.aad_prefix = key("c_tests");
    std::vector<std::string> asked;
    options.key_retriever = [&](pqpush::bytes of) {
        asked.emplace_back(of.begin(), of.end());
        return asked.back() == "footer" ? key("key of footer 16") : pqpush::key_bytes();
    };
    CHECK(pqpush::read_metadata(file.data.size(), file, options).row_count() == 1000);
    CHECK(asked.size() == 3 && asked[0] == "footer");
    options.key_retriever = [](pqpush::bytes) -> pqpush::key_bytes { throw std::runtime_error("no"); };
    FAILS(errc::callback, "", pqpush::read_metadata(file.data.size(), file, options));
    options.key_retriever = [](pqpush::bytes) { return pqpush::key_bytes(33); };
    FAILS(errc::callback, "", pqpush::read_metadata(file.data.size(), file, options));
}

void errors_tell_where() {
    host file("corrupt_page.parquet");
    pqpush::decoder decoder(metadata_of(file));
    CHECK(decoder.next(file)->row_count() == 400);
    pqpush::error thrown = FAILS(errc::corrupt, "", decoder.next(file));
    CHECK(thrown.row_group() == 1U && thrown.column() == 0U && thrown.file_offset().has_value());
    pqpush::error again = FAILS(errc::corrupt, "", decoder.next(file));
    CHECK(std::string(again.what()) == thrown.what());
    host text("text.parquet");
    CHECK(!FAILS(errc::not_parquet, "", metadata_of(text)).row_group());
}

void results_are_for_hosts_without_exceptions() {
    host file("table.parquet");
    pqpush::result<pqpush::metadata> metadata = pqpush::try_read_metadata(file.data.size(), file);
    CHECK(metadata && metadata.has_value() && metadata->row_count() == 1000);
    pqpush::scan_options options;
    options.where = col("nothing") > 1;
    pqpush::result<pqpush::decoder> refused = pqpush::decoder::try_make(*metadata, options);
    CHECK(!refused && refused.error().code() == errc::invalid_argument);
    FAILS(errc::invalid_argument, "nothing", refused.value());
    CHECK(!pqpush::plan::try_make(*metadata, options) && !pqpush::try_open_stream(file.data.size(), file, options));
    CHECK(pqpush::try_sql("id = 'x").error().code() == errc::invalid_argument && pqpush::try_sql("id = 1"));
    pqpush::decoder decoder = pqpush::decoder::try_make(*metadata).value();
    std::size_t rows = 0;
    for (;;) {
        pqpush::result<std::optional<pqpush::batch>> next = decoder.try_next(file);
        CHECK(next);
        if (!*next) {
            break;
        }
        rows += (*next)->row_count();
    }
    CHECK(rows == 1000);
    pqpush::result<void> late = decoder.try_push(0, file.data);
    CHECK(!late && late.error().code() == errc::invalid_state);
    FAILS(errc::invalid_state, "", late.value());
    CHECK(metadata->try_find_column("flag").value() == 4 && !metadata->try_column(5) && !metadata->try_column_chunk(3, 0));
}

} // namespace

int main(int argc, char **argv) {
    directory = argc > 1 ? argv[1] : "target/c-fixtures";
    spans_are_borrowed_elements();
    handles_move_and_metadata_is_shared();
    metadata_says_what_the_file_has();
    steps_are_for_hosts_with_their_own_io();
    lent_bytes_go_back_also_where_the_call_fails();
    operators_make_predicates();
    predicates_are_values();
    callbacks_of_the_host_decide();
    options_reach_the_library();
    a_long_string_view_lies_in_a_buffer();
    a_scan_goes_on_under_other_options();
    a_plan_is_read_by_threads();
    streams_are_read_and_moved_out();
    bloom_filters_rule_out();
    keys_open_encrypted_files();
    errors_tell_where();
    results_are_for_hosts_without_exceptions();
    return 0;
}
