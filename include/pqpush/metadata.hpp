/// Metadata: what a file says of itself, and the decoder that it comes out of.
#ifndef PQPUSH_METADATA_HPP
#define PQPUSH_METADATA_HPP

#include "options.hpp"
#include "reading.hpp"

#include <algorithm>

namespace pqpush {

using row_group_info = pqpush_row_group_info;
using column_chunk_info = pqpush_column_chunk_info;
using sorting_info = pqpush_sorting_info;

/// One leaf column; the texts are borrowed from the metadata.
struct column_info {
    std::string_view path;
    /// Logical type with its parameters, such as "DECIMAL(15,2)"; empty where there is none.
    std::string_view logical_type;
    /// By the number of the format: pqpush_physical_type_name.
    std::int32_t physical_type;
    std::uint32_t type_length;
    std::uint32_t max_definition_level;
    std::uint32_t max_repetition_level;
};

/// An entry of key-value metadata, borrowed from the metadata.
struct key_value {
    std::string_view key;
    std::optional<std::string_view> value;
};

/// The metadata of one file: footer, schema, page index. It never changes, and any number of threads may use it at the same
/// time. A copy is one more reference to the same.
class metadata {
public:
    metadata() noexcept = default;
    /// Takes over a reference of the C ABI.
    explicit metadata(pqpush_metadata *owned) noexcept : handle_(owned) {}
    metadata(const metadata &other) noexcept : handle_(pqpush_metadata_clone(other.get())) {}
    metadata(metadata &&) noexcept = default;
    metadata &operator=(metadata other) noexcept {
        handle_ = std::move(other.handle_);
        return *this;
    }
    ~metadata() = default;

    explicit operator bool() const noexcept { return get() != nullptr; }
    /// For the C ABI, borrowed.
    const pqpush_metadata *get() const noexcept { return handle_.get(); }

    std::uint64_t row_count() const noexcept { return pqpush_metadata_row_count(get()); }
    std::size_t row_group_count() const noexcept { return pqpush_metadata_row_group_count(get()); }
    /// Leaf columns.
    std::size_t column_count() const noexcept { return pqpush_metadata_column_count(get()); }
    std::int32_t format_version() const noexcept { return pqpush_metadata_format_version(get()); }
    /// Borrowed from the metadata.
    std::string_view created_by() const noexcept { return detail::from_c(pqpush_metadata_created_by(get())); }

    /// The Arrow schema of all columns; that of a decoder with default options.
    pqpush::schema schema() const { return try_schema().value(); }
    result<pqpush::schema> try_schema() const {
        return filled<pqpush::schema>([&](pqpush::schema &out, pqpush_error **err) {
            return pqpush_metadata_schema(get(), out.get(), err);
        });
    }

    row_group_info row_group(std::size_t row_group) const { return try_row_group(row_group).value(); }
    result<row_group_info> try_row_group(std::size_t row_group) const {
        return sized<row_group_info>([&](row_group_info &out, pqpush_error **err) {
            return pqpush_metadata_row_group(get(), row_group, &out, err);
        });
    }

    column_info column(std::size_t column) const { return try_column(column).value(); }
    result<column_info> try_column(std::size_t column) const {
        auto info = sized<pqpush_column_info>([&](pqpush_column_info &out, pqpush_error **err) {
            return pqpush_metadata_column(get(), column, &out, err);
        });
        if (!info) {
            return info.error();
        }
        return column_info{detail::from_c(info->path), detail::from_c(info->logical_type), info->physical_type,
                           info->type_length,          info->max_definition_level,         info->max_repetition_level};
    }

    /// The ordinal of the leaf column with this dotted path.
    std::size_t find_column(std::string_view path) const { return try_find_column(path).value(); }
    result<std::size_t> try_find_column(std::string_view path) const {
        return filled<std::size_t>([&](std::size_t &out, pqpush_error **err) {
            return pqpush_metadata_find_column(get(), detail::to_c(path), &out, err);
        });
    }

    column_chunk_info column_chunk(std::size_t row_group, std::size_t column) const {
        return try_column_chunk(row_group, column).value();
    }
    result<column_chunk_info> try_column_chunk(std::size_t row_group, std::size_t column) const {
        return sized<column_chunk_info>([&](column_chunk_info &out, pqpush_error **err) {
            return pqpush_metadata_column_chunk(get(), row_group, column, &out, err);
        });
    }

    /// The key-value metadata of the file, in file order. Keys may repeat.
    std::vector<key_value> key_values() const {
        std::vector<key_value> entries;
        for (std::size_t index = 0; index < pqpush_metadata_key_value_count(get()); index++) {
            pqpush_str key{}, value{};
            pqpush_metadata_key_value(get(), index, &key, &value, nullptr);
            entries.push_back({detail::from_c(key), optional_text(value)});
        }
        return entries;
    }
    /// The value of the first entry with this key that has one; borrowed.
    std::optional<std::string_view> find_value(std::string_view key) const {
        std::vector<key_value> entries = key_values();
        auto found = std::find_if(entries.begin(), entries.end(), [&](const key_value &entry) {
            return entry.key == key && entry.value;
        });
        return found == entries.end() ? std::nullopt : found->value;
    }

    /// What the file says about the values of a leaf column: a row for each row group, with the columns that
    /// pqpush_metadata_column_statistics names.
    batch column_statistics(std::size_t column, string_type strings = string_type::by_file) const {
        return try_column_statistics(column, strings).value();
    }
    result<batch> try_column_statistics(std::size_t column, string_type strings = string_type::by_file) const {
        return detail::make_batch([&](ArrowArray *values, ArrowSchema *type, pqpush_error **err) {
            return pqpush_metadata_column_statistics(get(), column, static_cast<std::int32_t>(strings), values, type, err);
        });
    }
    /// The same by data page, as pqpush_metadata_page_statistics.
    batch page_statistics(std::size_t column, string_type strings = string_type::by_file) const {
        return try_page_statistics(column, strings).value();
    }
    result<batch> try_page_statistics(std::size_t column, string_type strings = string_type::by_file) const {
        return detail::make_batch([&](ArrowArray *values, ArrowSchema *type, pqpush_error **err) {
            return pqpush_metadata_page_statistics(get(), column, static_cast<std::int32_t>(strings), values, type, err);
        });
    }

    /// What the rows of a row group are sorted by, as the file says.
    std::vector<sorting_info> sorting_columns(std::size_t row_group) const {
        std::vector<sorting_info> columns(pqpush_metadata_sorting_column_count(get(), row_group));
        for (std::size_t index = 0; index < columns.size(); index++) {
            columns[index].struct_size = sizeof(sorting_info);
            pqpush_metadata_sorting_column(get(), row_group, index, &columns[index], nullptr);
        }
        return columns;
    }

    /// Calls visit(std::string_view key, std::optional<std::string_view> value) for the key-value metadata of a column chunk.
    template <class Visit> void visit_chunk_key_values(std::size_t row_group, std::size_t column, Visit &&visit) const {
        try_visit_chunk_key_values(row_group, column, visit).value();
    }
    template <class Visit>
    result<void> try_visit_chunk_key_values(std::size_t row_group, std::size_t column, Visit &&visit) const {
        using callable = std::remove_reference_t<Visit>;
        bool is_done = true;
        std::pair<callable *, bool *> state(&visit, &is_done);
        auto step = [](void *user_data, pqpush_str key, pqpush_str value) {
            auto &[function, went_well] = *static_cast<std::pair<callable *, bool *> *>(user_data);
            auto &call = *function;
            *went_well = detail::is_done_by([&] { call(detail::from_c(key), optional_text(value)); });
            return *went_well ? 0 : 1;
        };
        result<void> walked = detail::call([&](pqpush_error **err) {
            return pqpush_metadata_column_chunk_key_values(get(), row_group, column, step, &state, err);
        });
        return walked && !is_done ? error(errc::callback, "the visitor threw") : walked;
    }

private:
    static std::optional<std::string_view> optional_text(pqpush_str text) noexcept {
        return text.data == nullptr ? std::nullopt : std::make_optional(detail::from_c(text));
    }
    template <class T, class Function> static result<T> filled(Function &&function) {
        T value{};
        result<void> done = detail::call([&](pqpush_error **err) { return function(value, err); });
        return done ? result<T>(std::move(value)) : result<T>(done.error());
    }
    template <class T, class Function> static result<T> sized(Function &&function) {
        return filled<T>([&](T &out, pqpush_error **err) {
            out.struct_size = sizeof out;
            return function(out, err);
        });
    }

    detail::handle<pqpush_metadata, pqpush_metadata_free> handle_;
};

/// What a step of a metadata_decoder came to: ranges to push, which are borrowed until the next step, or the metadata.
struct metadata_event {
    span<const range> ranges;
    std::optional<pqpush::metadata> metadata;
};

/// Decodes the metadata of one file.
class metadata_decoder {
public:
    metadata_decoder() noexcept = default;
    explicit metadata_decoder(std::uint64_t file_length, const metadata_options &options = {})
        : metadata_decoder(try_make(file_length, options).value()) {}

    static result<metadata_decoder> try_make(std::uint64_t file_length, const metadata_options &options = {}) {
        pqpush_metadata_options c{};
        c.struct_size = sizeof c;
        c.footer_size_hint = options.footer_size_hint;
        c.page_index = static_cast<std::int32_t>(options.page_index);
        c.flags = options.unverified_footer ? std::uint32_t{PQPUSH_METADATA_UNVERIFIED_FOOTER} : 0;
        c.max_metadata_bytes = options.max_metadata_bytes;
        c.footer_key = options.footer_key.data();
        c.footer_key_length = options.footer_key.size();
        std::vector<pqpush_column_key> keys;
        for (const auto &[path, key] : options.column_keys) {
            keys.push_back({detail::to_c(path), key.data(), key.size()});
        }
        c.column_keys = keys.data();
        c.column_key_count = keys.size();
        c.aad_prefix = options.aad_prefix.data();
        c.aad_prefix_length = options.aad_prefix.size();
        if (options.key_retriever) {
            c.key_retriever = retrieve;
            c.user_data = new retriever(options.key_retriever);
            c.release_user_data = [](void *user_data) { delete static_cast<retriever *>(user_data); };
        }
        return detail::make<metadata_decoder, pqpush_metadata_decoder>(
            [&](pqpush_metadata_decoder **out, pqpush_error **err) {
                return pqpush_metadata_decoder_new(file_length, &c, out, err);
            });
    }
    explicit metadata_decoder(pqpush_metadata_decoder *owned) noexcept : handle_(owned) {}

    explicit operator bool() const noexcept { return handle_.get() != nullptr; }

    /// Copies bytes of the file, from `offset`: any, in any order, cut at any place.
    void push(std::uint64_t offset, bytes data) { try_push(offset, data).value(); }
    result<void> try_push(std::uint64_t offset, bytes data) {
        return detail::call([&](pqpush_error **err) {
            return pqpush_metadata_decoder_push(handle_.get(), offset, data.data(), data.size(), err);
        });
    }

    /// Lends bytes, which are not copied. `owner`, whatever it is, is destroyed when neither the decoder nor the metadata need
    /// the bytes any more, which may be after both handles were. Where the call fails it is destroyed before that returns.
    template <class Owner> void lend(std::uint64_t offset, bytes data, Owner owner) {
        try_lend(offset, data, std::move(owner)).value();
    }
    template <class Owner> result<void> try_lend(std::uint64_t offset, bytes data, Owner owner) {
        auto *kept = new Owner(std::move(owner));
        auto drop = [](void *user_data) { delete static_cast<Owner *>(user_data); };
        return detail::call([&](pqpush_error **err) {
            return pqpush_metadata_decoder_push_borrowed(handle_.get(), offset, data.data(), data.size(), drop, kept, err);
        });
    }

    metadata_event step() { return try_step().value(); }
    result<metadata_event> try_step() {
        pqpush_event event{};
        event.struct_size = sizeof event;
        pqpush_metadata *made = nullptr;
        result<void> done = detail::call([&](pqpush_error **err) {
            return pqpush_metadata_decoder_try_decode(handle_.get(), &event, &made, err);
        });
        if (!done) {
            return done.error();
        }
        metadata_event came{{event.ranges, event.range_count}, std::nullopt};
        if (made != nullptr) {
            came.metadata = metadata(made);
        }
        return came;
    }

private:
    using retriever = std::function<key_bytes(bytes)>;
    static int retrieve(void *user_data, const std::uint8_t *key_metadata, std::size_t length, std::uint8_t *out_key,
                        std::size_t *out_length) {
        bool fits = false;
        bool is_done = detail::is_done_by([&] {
            key_bytes key = (*static_cast<retriever *>(user_data))(bytes(key_metadata, length));
            fits = key.size() <= 32;
            if (fits) {
                std::copy(key.begin(), key.end(), out_key);
                *out_length = key.size();
            }
        });
        return is_done && fits ? 0 : 1;
    }

    detail::handle<pqpush_metadata_decoder, pqpush_metadata_decoder_free> handle_;
};

/// Reads the metadata of a file: read(offset, out) fills the span `out` from there on. It throws where it fails, or returns
/// false.
template <class Read>
result<metadata> try_read_metadata(std::uint64_t file_length, Read &&read, const metadata_options &options = {}) {
    result<metadata_decoder> decoder = metadata_decoder::try_make(file_length, options);
    if (!decoder) {
        return decoder.error();
    }
    for (;;) {
        result<metadata_event> event = decoder->try_step();
        if (!event) {
            return event.error();
        }
        if (event->metadata) {
            return *std::move(event->metadata);
        }
        for (range wanted : event->ranges) {
            std::vector<std::uint8_t> data(static_cast<std::size_t>(wanted.length));
            if (!detail::read_into(read, wanted.offset, data)) {
                return detail::read_error(wanted);
            }
            if (result<void> pushed = decoder->try_push(wanted.offset, data); !pushed) {
                return pushed.error();
            }
        }
    }
}
template <class Read>
metadata read_metadata(std::uint64_t file_length, Read &&read, const metadata_options &options = {}) {
    return try_read_metadata(file_length, read, options).value();
}

} // namespace pqpush

#endif
