/// Errors: what went wrong, as an exception or in a result.
#ifndef PQPUSH_ERROR_HPP
#define PQPUSH_ERROR_HPP

#include "span.hpp"

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>

#if defined(__cpp_exceptions)
#define PQPUSH_EXCEPTIONS 1
#else
#define PQPUSH_EXCEPTIONS 0
#endif

namespace pqpush {

/// The status codes, as pqpush_status_code describes them.
enum class errc : std::int32_t {
    ok = PQPUSH_OK,
    invalid_argument = PQPUSH_ERR_INVALID_ARGUMENT,
    invalid_state = PQPUSH_ERR_INVALID_STATE,
    busy = PQPUSH_ERR_BUSY,
    poisoned = PQPUSH_ERR_POISONED,
    not_parquet = PQPUSH_ERR_NOT_PARQUET,
    truncated = PQPUSH_ERR_TRUNCATED,
    corrupt = PQPUSH_ERR_CORRUPT,
    checksum = PQPUSH_ERR_CHECKSUM,
    unsupported = PQPUSH_ERR_UNSUPPORTED,
    key = PQPUSH_ERR_KEY,
    out_of_memory = PQPUSH_ERR_OUT_OF_MEMORY,
    limit = PQPUSH_ERR_LIMIT,
    callback = PQPUSH_ERR_CALLBACK,
    internal = PQPUSH_ERR_INTERNAL,
};

/// What went wrong and where in the file. A value: it can be copied, and outlives the handle that it is of.
class error : public std::runtime_error {
public:
    error(errc code, const std::string &message) : std::runtime_error(message), code_(code) {}

    /// Of a call that returned `status` and left `err`, which it frees.
    static error take(pqpush_status status, pqpush_error *err) {
        error taken(static_cast<errc>(status), err != nullptr ? pqpush_error_message(err) : pqpush_status_name(status));
        taken.file_offset_ = pqpush_error_file_offset(err);
        taken.row_group_ = pqpush_error_row_group(err);
        taken.column_ = pqpush_error_column(err);
        pqpush_error_free(err);
        return taken;
    }

    errc code() const noexcept { return code_; }
    /// Such as "PQPUSH_ERR_CORRUPT".
    const char *code_name() const noexcept { return pqpush_status_name(static_cast<pqpush_status>(code_)); }
    /// Byte offset in the file, ordinal of the row group and of the leaf column: where they are known.
    std::optional<std::uint64_t> file_offset() const noexcept { return known(file_offset_); }
    std::optional<std::uint64_t> row_group() const noexcept { return known(row_group_); }
    std::optional<std::uint64_t> column() const noexcept { return known(column_); }

private:
    static std::optional<std::uint64_t> known(std::int64_t place) noexcept {
        return place < 0 ? std::nullopt : std::make_optional(static_cast<std::uint64_t>(place));
    }

    errc code_;
    std::int64_t file_offset_ = -1;
    std::int64_t row_group_ = -1;
    std::int64_t column_ = -1;
};

namespace detail {

/// Throws; where exceptions are switched off, says what happened and aborts.
[[noreturn]] inline void raise(const pqpush::error &failure) {
#if PQPUSH_EXCEPTIONS
    throw failure;
#else
    std::fprintf(stderr, "pqpush: %s: %s\n", failure.code_name(), failure.what());
    std::abort();
#endif
}

/// Runs a callback of the host; false where it throws.
template <class Function> bool is_done_by(Function &&function) noexcept {
#if PQPUSH_EXCEPTIONS
    try {
        function();
        return true;
    } catch (...) {
        return false;
    }
#else
    function();
    return true;
#endif
}

} // namespace detail

/// A value, or why there is none.
template <class T> class [[nodiscard]] result {
public:
    using value_type = T;
    using error_type = pqpush::error;

    result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    result(error_type failure) : state_(std::in_place_index<1>, std::move(failure)) {}

    bool has_value() const noexcept { return state_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// The value; throws the error where there is none.
    T &value() & { return *checked(); }
    const T &value() const & { return *const_cast<result *>(this)->checked(); }
    T &&value() && { return std::move(*checked()); }

    /// The value, which has to be there.
    T &operator*() & { return *std::get_if<0>(&state_); }
    const T &operator*() const & { return *std::get_if<0>(&state_); }
    T &&operator*() && { return std::move(*std::get_if<0>(&state_)); }
    T *operator->() { return std::get_if<0>(&state_); }
    const T *operator->() const { return std::get_if<0>(&state_); }

    /// The error, which has to be there.
    const error_type &error() const { return *std::get_if<1>(&state_); }

private:
    T *checked() {
        if (!has_value()) {
            detail::raise(error());
        }
        return std::get_if<0>(&state_);
    }

    std::variant<T, error_type> state_;
};

/// Done, or why not.
template <> class [[nodiscard]] result<void> {
public:
    using value_type = void;
    using error_type = pqpush::error;

    result() = default;
    result(error_type failure) : failure_(std::move(failure)) {}

    bool has_value() const noexcept { return !failure_; }
    explicit operator bool() const noexcept { return has_value(); }
    /// Throws the error where there is one.
    void value() const {
        if (failure_) {
            detail::raise(*failure_);
        }
    }
    /// The error, which has to be there.
    const error_type &error() const { return *failure_; }

private:
    std::optional<error_type> failure_;
};

namespace detail {

/// Calls function(&err), a call of the C ABI.
template <class Function> result<void> call(Function &&function) {
    pqpush_error *err = nullptr;
    pqpush_status status = function(&err);
    if (status != PQPUSH_OK) {
        return error::take(status, err);
    }
    return {};
}

/// Owns a handle of the C ABI.
template <class T, void (*Free)(T *)> class handle {
public:
    handle() noexcept = default;
    explicit handle(T *pointer) noexcept : pointer_(pointer) {}
    handle(handle &&other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
    handle &operator=(handle &&other) noexcept {
        if (this != &other) {
            Free(std::exchange(pointer_, std::exchange(other.pointer_, nullptr)));
        }
        return *this;
    }
    ~handle() { Free(pointer_); }

    T *get() const noexcept { return pointer_; }
    T *release() noexcept { return std::exchange(pointer_, nullptr); }

private:
    T *pointer_ = nullptr;
};

/// Calls function(&out, &err), which makes a handle.
template <class Handle, class T, class Function> result<Handle> make(Function &&function) {
    T *made = nullptr;
    result<void> done = call([&](pqpush_error **err) { return function(&made, err); });
    if (!done) {
        return done.error();
    }
    return Handle(made);
}

} // namespace detail
} // namespace pqpush

#endif
