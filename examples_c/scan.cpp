// scan FILE COLUMN LOW HIGH [SQL]: of the rows whose COLUMN, of int64, lies between LOW and HIGH, and for which SQL holds too,
// prints how many there are, the sum of the column, and what was read to find out.
#include "posix_file.hpp"

#include <cstdio>
#include <numeric>

static void run(const std::string &path, const std::string &column, std::int64_t low, std::int64_t high, const char *sql) {
    posix_file file(path);
    pqpush::metadata metadata = pqpush::read_metadata(file.size(), file);

    pqpush::scan_options options;
    options.columns = {column};
    options.where = pqpush::col(column) >= low && pqpush::col(column) <= high;
    if (sql != nullptr) {
        options.where = *options.where && pqpush::sql(sql);
    }
    pqpush::decoder decoder(metadata, options);

    std::uint64_t rows = 0;
    std::int64_t sum = 0;
    while (std::optional<pqpush::batch> batch = decoder.next(file)) {
        pqpush::span<const std::int64_t> values = batch->column(0).values<std::int64_t>(); // none of them is null: see `where`
        sum = std::accumulate(values.begin(), values.end(), sum);
        rows += batch->row_count();
    }
    std::printf("%llu of %llu rows, sum %lld\n", static_cast<unsigned long long>(rows),
                static_cast<unsigned long long>(metadata.row_count()), static_cast<long long>(sum));
    std::printf("%llu of %llu bytes read\n", static_cast<unsigned long long>(decoder.metrics().bytes_requested),
                static_cast<unsigned long long>(file.size()));
}

int main(int argc, char **argv) {
    if (argc < 5 || argc > 6) {
        std::fputs("usage: scan FILE COLUMN LOW HIGH [SQL]\n", stderr);
        return 2;
    }
    try {
        run(argv[1], argv[2], std::stoll(argv[3]), std::stoll(argv[4]), argc == 6 ? argv[5] : nullptr);
        return 0;
    } catch (const std::exception &failure) {
        std::fprintf(stderr, "scan: %s\n", failure.what());
        return 1;
    }
}
