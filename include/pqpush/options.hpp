/// Options: how to read the metadata of a file, and what to decode of it. Every field has the default of the C ABI, whose
/// structs pqpush_metadata_options and pqpush_scan_options describe the fields in full.
#ifndef PQPUSH_OPTIONS_HPP
#define PQPUSH_OPTIONS_HPP

#include "predicate.hpp"

#include <limits>

namespace pqpush {

/// So many rows to read, where `select` is 1, or to pass over.
using row_run = pqpush_row_run;

inline row_run take_rows(std::uint64_t count) noexcept { return {count, 1, 0}; }
inline row_run skip_rows(std::uint64_t count) noexcept { return {count, 0, 0}; }

/// Whether the page index is read.
enum class page_index : std::int32_t { where_there_is_one = 0, never = 1, required = 2 };

using key_bytes = std::vector<std::uint8_t>;

struct metadata_options {
    /// Bytes of the tail of the file to ask for first; 0: 64 KiB.
    std::uint64_t footer_size_hint = 0;
    pqpush::page_index page_index = pqpush::page_index::where_there_is_one;
    /// Larger metadata is refused with errc::limit; 0: 256 MiB.
    std::uint64_t max_metadata_bytes = 0;
    /// Reads a signed footer without its key.
    bool unverified_footer = false;
    /// Keys of encrypted files: of the footer, and of leaf columns by dotted path. 16, 24 or 32 bytes.
    key_bytes footer_key;
    std::vector<std::pair<std::string, key_bytes>> column_keys;
    /// The prefix that the file was written under, where the file does not store it.
    key_bytes aad_prefix;
    /// Finds keys that are not given, by the key metadata that the file has for them; empty where there is no such key.
    std::function<key_bytes(bytes key_metadata)> key_retriever;
};

/// How strings and binaries are laid out: as the writer asked for or with 32-bit offsets, with 64-bit offsets, as views.
enum class string_type : std::int32_t { by_file = 0, large = 1, view = 2 };

/// How unselected rows within a page are passed over.
enum class selection_policy : std::int32_t { by_length = 0, runs = 1, bitmap = 2 };

/// Which rows of one row group to read: runs that cover them all.
struct row_group_selection {
    std::uint32_t row_group = 0;
    std::vector<row_run> runs;
};

struct scan_options {
    /// Rows of a batch at most; 0: 8192.
    std::uint64_t batch_rows = 0;
    /// Dotted paths; none: all columns; an empty list: no columns, only rows.
    std::optional<std::vector<std::string>> columns;
    /// Ordinals, in the order in which to read them; none: all.
    std::optional<std::vector<std::uint32_t>> row_groups;
    /// One of the three may choose rows: runs over all the chosen row groups, a borrowed Boolean array, runs for some of them.
    std::vector<row_run> row_selection;
    const ArrowArray *row_bitmap = nullptr;
    std::vector<row_group_selection> row_group_selections;
    /// What a row has to satisfy.
    std::optional<predicate> where;
    /// Rows to pass over first, and to hand out at most, counted after `where`.
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> limit;
    pqpush::string_type string_type = pqpush::string_type::by_file;
    /// Keeps strings that the file stores with a dictionary as Arrow dictionaries.
    bool keep_dictionaries = false;
    /// The wanted Arrow schema, borrowed for the call; none: the file's own.
    const ArrowSchema *schema = nullptr;
    /// Bytes that may be asked for and held at a time; 0: no bound.
    std::uint64_t max_buffered_bytes = 0;
    /// Ranges that lie at most so many bytes apart are asked for as one.
    std::uint64_t coalesce_gap = 0;
    /// Bytes of decoded filter columns kept for the output; 0: 100 MiB.
    std::uint64_t predicate_cache_bytes = 0;
    pqpush::selection_policy selection_policy = pqpush::selection_policy::by_length;
    /// Bits of pqpush_scan_flags, such as PQPUSH_SCAN_ROW_NUMBERS. PQPUSH_SCAN_LIMIT is set by `limit`.
    std::uint32_t flags = 0;
};

namespace detail {

/// scan_options as the C ABI takes them; `get` points into this and into the options.
class c_scan_options {
public:
    /// The predicate is made here, which can fail.
    static result<std::unique_ptr<c_scan_options>> make(const scan_options &options) {
        auto made = std::make_unique<c_scan_options>();
        if (options.where) {
            auto predicate = options.where->try_build();
            if (!predicate) {
                return predicate.error();
            }
            made->predicate_ = std::move(*predicate);
            made->predicates_[0] = made->predicate_.get();
            made->c_.predicates = made->predicates_;
            made->c_.predicate_count = 1;
        }
        made->choose(options);
        made->set_manner(options);
        return made;
    }

    const pqpush_scan_options *get() const noexcept { return &c_; }

private:
    void choose(const scan_options &options) {
        if (options.columns) {
            for (const std::string &path : *options.columns) {
                columns_.push_back(to_c(path));
            }
            columns_.emplace_back(); // so that there is a pointer also to no columns
            c_.columns = columns_.data();
            c_.column_count = columns_.size() - 1;
        }
        if (options.row_groups) {
            static constexpr std::uint32_t none = 0;
            c_.row_groups = options.row_groups->empty() ? &none : options.row_groups->data();
            c_.row_group_count = options.row_groups->size();
        }
        c_.row_selection = options.row_selection.data();
        c_.row_selection_count = options.row_selection.size();
        c_.row_bitmap = options.row_bitmap;
        for (const row_group_selection &selection : options.row_group_selections) {
            selections_.push_back({selection.row_group, 0, selection.runs.data(), selection.runs.size()});
        }
        c_.row_group_selections = selections_.data();
        c_.row_group_selection_count = selections_.size();
        c_.offset = options.offset;
        c_.limit = options.limit.value_or(std::numeric_limits<std::uint64_t>::max());
    }

    void set_manner(const scan_options &options) {
        c_.struct_size = sizeof c_;
        c_.batch_rows = options.batch_rows;
        c_.string_type = static_cast<std::int32_t>(options.string_type);
        c_.dictionary = options.keep_dictionaries ? 1 : 0;
        c_.schema = options.schema;
        c_.max_buffered_bytes = options.max_buffered_bytes;
        c_.coalesce_gap = options.coalesce_gap;
        c_.predicate_cache_bytes = options.predicate_cache_bytes;
        c_.selection_policy = static_cast<std::int32_t>(options.selection_policy);
        c_.flags = options.flags | (options.limit ? std::uint32_t{PQPUSH_SCAN_LIMIT} : 0);
    }

    pqpush_scan_options c_{};
    std::vector<pqpush_str> columns_;
    std::vector<pqpush_row_group_selection> selections_;
    predicate_handle predicate_;
    const pqpush_predicate *predicates_[1] = {nullptr};
};

/// Calls function(c_options, &out, &err), which makes a handle.
template <class Handle, class T, class Function> result<Handle> make_scan(const scan_options &options, Function &&function) {
    auto c_options = c_scan_options::make(options);
    if (!c_options) {
        return c_options.error();
    }
    return make<Handle, T>([&](T **out, pqpush_error **err) { return function((*c_options)->get(), out, err); });
}

} // namespace detail
} // namespace pqpush

#endif
