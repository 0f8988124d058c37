/// Spans: elements that lie side by side and belong to somebody else. What std::span is from C++20 on, which converts from
/// these and to these.
#ifndef PQPUSH_SPAN_HPP
#define PQPUSH_SPAN_HPP

#include "../pqpush.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pqpush {

/// Bytes of the file: `length` bytes from `offset`.
using range = pqpush_range;

namespace detail {

template <class Container, class T>
using if_elements_of = std::enable_if_t<
    std::is_convertible_v<std::remove_pointer_t<decltype(std::declval<Container &>().data())> (*)[], T (*)[]> &&
    std::is_convertible_v<decltype(std::declval<Container &>().size()), std::size_t>>;

} // namespace detail

template <class T> class span {
public:
    using element_type = T;
    using value_type = std::remove_cv_t<T>;
    using iterator = T *;

    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
    template <std::size_t N> constexpr span(T (&elements)[N]) noexcept : data_(elements), size_(N) {}
    /// Of a vector, an array, a std::span: anything with data() and size().
    template <class Container, class = detail::if_elements_of<Container, T>>
    constexpr span(Container &&container) : data_(container.data()), size_(container.size()) {}

    constexpr T *data() const noexcept { return data_; }
    constexpr std::size_t size() const noexcept { return size_; }
    constexpr bool empty() const noexcept { return size_ == 0; }
    constexpr T *begin() const noexcept { return data_; }
    constexpr T *end() const noexcept { return data_ + size_; }
    constexpr T &operator[](std::size_t index) const { return data_[index]; }
    constexpr T &front() const { return data_[0]; }
    constexpr T &back() const { return data_[size_ - 1]; }
    constexpr span subspan(std::size_t first, std::size_t count) const { return span(data_ + first, count); }

private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

/// Bytes that are read, such as those of the file.
using bytes = span<const std::uint8_t>;

namespace detail {

inline pqpush_str to_c(std::string_view text) noexcept { return {text.data(), text.size()}; }

inline std::string_view from_c(pqpush_str text) noexcept { return {text.data, text.length}; }

inline bytes bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

} // namespace detail
} // namespace pqpush

#endif
