// The C++ header where exceptions are switched off: results instead, and what would throw aborts. Its argument is the file to
// count the rows of.
#include <pqpush.hpp>

#include <cstdio>
#include <cstring>
#include <vector>

static_assert(PQPUSH_EXCEPTIONS == 0, "built with exceptions");

static bool read_file(const char *path, std::vector<std::uint8_t> &data) {
    std::FILE *file = std::fopen(path, "rb");
    int letter = 0;
    while (file != nullptr && (letter = std::fgetc(file)) != EOF) {
        data.push_back(static_cast<std::uint8_t>(letter));
    }
    return file != nullptr && std::fclose(file) == 0;
}

int main(int argc, char **argv) {
    std::vector<std::uint8_t> data;
    if (argc != 2 || !read_file(argv[1], data)) {
        return 2;
    }
    auto read = [&](std::uint64_t offset, pqpush::span<std::uint8_t> out) {
        std::memcpy(out.data(), data.data() + offset, out.size());
    };
    pqpush::result<pqpush::metadata> metadata = pqpush::try_read_metadata(data.size(), read);
    if (!metadata) {
        std::printf("%s\n", metadata.error().code_name());
        return 1;
    }
    pqpush::scan_options options;
    options.where = pqpush::col("id") < 10 && !pqpush::col("name").is_null();
    pqpush::result<pqpush::decoder> decoder = pqpush::decoder::try_make(*metadata, options);
    std::size_t rows = 0;
    while (decoder) {
        pqpush::result<std::optional<pqpush::batch>> next = decoder->try_next(read);
        if (!next || !*next) {
            break;
        }
        rows += (*next)->row_count();
    }
    std::printf("%zu rows\n", rows);
    std::fflush(stdout);
    metadata->column(99); // throws elsewhere
    return 0;
}
