/// Arrow data: owners of the structs of the Arrow C Data Interface, batches, and what a column of numbers, Booleans or
/// strings takes to be read. Everything else of a column is reached through column::array and column::schema, or by giving
/// the structs to a library for Arrow.
#ifndef PQPUSH_ARROW_HPP
#define PQPUSH_ARROW_HPP

#include "error.hpp"

#include <cstring>
#include <memory>

namespace pqpush {

namespace detail {

/// Owns a struct of the Arrow C interfaces, all of which have a release.
template <class Struct> class arrow_owner {
public:
    arrow_owner() noexcept = default;
    /// Takes the struct over; `moved` is released after it, as Arrow says of a struct that was moved.
    explicit arrow_owner(Struct &&moved) noexcept : struct_(moved) { moved.release = nullptr; }
    arrow_owner(arrow_owner &&other) noexcept : arrow_owner(std::move(other.struct_)) {}
    arrow_owner &operator=(arrow_owner &&other) noexcept {
        if (this != &other) {
            reset();
            struct_ = other.struct_;
            other.struct_.release = nullptr;
        }
        return *this;
    }
    ~arrow_owner() { reset(); }

    explicit operator bool() const noexcept { return struct_.release != nullptr; }
    Struct *get() noexcept { return &struct_; }
    const Struct *get() const noexcept { return &struct_; }
    Struct *operator->() noexcept { return &struct_; }
    const Struct *operator->() const noexcept { return &struct_; }
    /// Gives the struct away: `out` owns it, and this is empty.
    void move_to(Struct *out) noexcept {
        *out = struct_;
        struct_.release = nullptr;
    }
    void reset() noexcept {
        if (struct_.release != nullptr) {
            struct_.release(&struct_);
        }
        struct_.release = nullptr;
    }

private:
    Struct struct_{};
};

} // namespace detail

/// Own an ArrowArray, an ArrowSchema.
using array = detail::arrow_owner<ArrowArray>;
using schema = detail::arrow_owner<ArrowSchema>;

/// A column of a batch, or what is below one. Borrowed: it lives as long as the batch stays where it is.
class column {
public:
    column(const ArrowArray *array, const ArrowSchema *schema, std::int64_t first, std::int64_t size) noexcept
        : array_(array), schema_(schema), first_(first), size_(size) {}

    std::string_view name() const noexcept { return schema_->name != nullptr ? schema_->name : ""; }
    /// The type in the words of the Arrow C Data Interface, such as "l"; of a dictionary's keys.
    std::string_view format() const noexcept { return schema_->format; }
    std::size_t size() const noexcept { return static_cast<std::size_t>(size_); }
    bool is_null(std::size_t row) const noexcept {
        return array_->n_buffers > 0 && array_->buffers[0] != nullptr && !bit(array_->buffers[0], row);
    }
    /// Value of a Boolean column, format "b".
    bool boolean(std::size_t row) const {
        expect(format() == "b", "Boolean");
        return bit(array_->buffers[1], row);
    }
    /// The values of a column that is stored as T: numbers, and dates, times, timestamps and durations as 32-bit or 64-bit
    /// integers. Where a row is null, any value stands. Throws errc::invalid_argument where they are stored as something else.
    template <class T> span<const T> values() const {
        static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>, "of Booleans see boolean()");
        expect(stored_as<T>(), "stored in the type asked for");
        return {static_cast<const T *>(array_->buffers[1]) + first_, size()};
    }
    /// A string or the bytes of a binary, of any layout. Throws errc::invalid_argument for other columns.
    std::string_view text(std::size_t row) const {
        std::string_view type = format();
        expect(type.size() == 1 ? type.find_first_of("uzUZ") == 0 : type == "vu" || type == "vz", "a string or binary");
        if (type[0] == 'v') {
            return viewed(row);
        }
        return type == "u" || type == "z" ? cut<std::int32_t>(row) : cut<std::int64_t>(row);
    }
    /// What the keys of a dictionary-encoded column stand for; nothing for other columns.
    std::optional<column> dictionary() const {
        if (array_->dictionary == nullptr) {
            return std::nullopt;
        }
        return column(array_->dictionary, schema_->dictionary, array_->dictionary->offset, array_->dictionary->length);
    }
    const ArrowArray *array() const noexcept { return array_; }
    const ArrowSchema *schema() const noexcept { return schema_; }

private:
    static void expect(bool is_so, const char *what) {
        if (!is_so) {
            detail::raise(error(errc::invalid_argument, std::string("the column is not ") + what));
        }
    }
    bool bit(const void *bits, std::size_t row) const noexcept {
        std::size_t at = static_cast<std::size_t>(first_) + row;
        return (static_cast<const std::uint8_t *>(bits)[at / 8] >> (at % 8) & 1) != 0;
    }
    template <class T> bool stored_as() const noexcept {
        std::string_view type = format();
        char kind = type.size() == 1 ? type[0] : '\0';
        if (type == "tdD" || type == "tts" || type == "ttm") {
            kind = 'i';
        } else if (type == "tdm" || type.substr(0, 2) == "tt" || type.substr(0, 2) == "ts" || type.substr(0, 2) == "tD") {
            kind = 'l';
        }
        constexpr const char *kinds = std::is_floating_point_v<T> ? "  fg" : std::is_signed_v<T> ? "csil" : "CSIL";
        constexpr std::size_t width = sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
        return sizeof(T) <= 8 && kind == kinds[width];
    }
    template <class Offset> std::string_view cut(std::size_t row) const noexcept {
        const Offset *offsets = static_cast<const Offset *>(array_->buffers[1]) + first_;
        std::size_t start = static_cast<std::size_t>(offsets[row]);
        return {static_cast<const char *>(array_->buffers[2]) + start, static_cast<std::size_t>(offsets[row + 1]) - start};
    }
    /// A view is 16 bytes: length, then up to 12 bytes of text, or the first four of them, number and offset of a buffer.
    std::string_view viewed(std::size_t row) const noexcept {
        const char *view = static_cast<const char *>(array_->buffers[1]) + 16 * (static_cast<std::size_t>(first_) + row);
        std::int32_t length = 0, buffer = 0, start = 0;
        std::memcpy(&length, view, 4);
        std::memcpy(&buffer, view + 8, 4);
        std::memcpy(&start, view + 12, 4);
        const char *text = length <= 12 ? view + 4 : static_cast<const char *>(array_->buffers[2 + buffer]) + start;
        return {text, static_cast<std::size_t>(length)};
    }

    const ArrowArray *array_;
    const ArrowSchema *schema_;
    std::int64_t first_;
    std::int64_t size_;
};

/// Rows of a file, or what the file says of itself in the same shape: an owned struct array, and its schema, which batches
/// of one decoder share. It outlives the decoder and the metadata.
class batch {
public:
    batch() noexcept = default;
    batch(pqpush::array array, std::shared_ptr<const pqpush::schema> schema) noexcept
        : array_(std::move(array)), schema_(std::move(schema)) {}

    explicit operator bool() const noexcept { return static_cast<bool>(array_); }
    std::size_t row_count() const noexcept { return array_ ? static_cast<std::size_t>(array_->length) : 0; }
    std::size_t column_count() const noexcept { return array_ ? static_cast<std::size_t>(array_->n_children) : 0; }

    /// The column with this ordinal; throws errc::invalid_argument where there is none.
    pqpush::column column(std::size_t index) const {
        if (index >= column_count()) {
            detail::raise(error(errc::invalid_argument, "the batch has no column " + std::to_string(index)));
        }
        const ArrowArray *child = array_->children[index];
        return {child, schema_->get()->children[index], child->offset + array_->offset, array_->length};
    }
    /// The first column of this name; throws errc::invalid_argument where there is none.
    pqpush::column column(std::string_view name) const {
        for (std::size_t index = 0; index < column_count(); index++) {
            if (column(index).name() == name) {
                return column(index);
            }
        }
        detail::raise(error(errc::invalid_argument, "the batch has no column \"" + std::string(name) + "\""));
    }

    /// The structs themselves, to be looked at or, the array, to be moved out with move_to.
    pqpush::array &array() noexcept { return array_; }
    const pqpush::array &array() const noexcept { return array_; }
    const std::shared_ptr<const pqpush::schema> &schema() const noexcept { return schema_; }

private:
    pqpush::array array_;
    std::shared_ptr<const pqpush::schema> schema_;
};

namespace detail {

/// Calls function(&out_array, &out_schema, &err).
template <class Function> result<batch> make_batch(Function &&function) {
    array made;
    schema its_schema;
    result<void> done = call([&](pqpush_error **err) { return function(made.get(), its_schema.get(), err); });
    if (!done) {
        return done.error();
    }
    return batch(std::move(made), std::make_shared<const schema>(std::move(its_schema)));
}

} // namespace detail
} // namespace pqpush

#endif
