/// Literals: the values that columns are compared with.
#ifndef PQPUSH_LITERAL_HPP
#define PQPUSH_LITERAL_HPP

#include "arrow.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace pqpush {

/// Days since 1970-01-01, as Parquet and Arrow count dates.
struct date {
    std::int32_t days;
};

namespace detail {

/// An Arrow array and its schema, for calls that consume both.
struct arrow_values {
    array values;
    schema type;
};

/// What a flat Arrow array of a few values points to.
struct flat_values {
    const void *buffers[3] = {nullptr, nullptr, nullptr};
    std::vector<std::uint8_t> fixed;  // values of one width, or 64-bit offsets
    std::string text;                 // of strings and binaries
    std::string format;
};

inline arrow_values to_arrow(std::unique_ptr<flat_values> flat, std::size_t count) {
    bool has_text = flat->format == "U" || flat->format == "Z";
    flat->buffers[1] = flat->fixed.data();
    flat->buffers[2] = flat->text.data();
    auto format = std::make_unique<std::string>(flat->format);
    ArrowSchema type{};
    type.format = format->c_str();
    type.flags = ARROW_FLAG_NULLABLE;
    type.private_data = format.release();
    type.release = [](ArrowSchema *self) {
        delete static_cast<std::string *>(self->private_data);
        self->release = nullptr;
    };
    ArrowArray values{};
    values.length = static_cast<std::int64_t>(count);
    values.n_buffers = has_text ? 3 : 2;
    values.buffers = flat->buffers;
    values.private_data = flat.release();
    values.release = [](ArrowArray *self) {
        delete static_cast<flat_values *>(self->private_data);
        self->release = nullptr;
    };
    return {array(std::move(values)), schema(std::move(type))};
}

template <class T> void append(std::vector<std::uint8_t> &fixed, T value) {
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(&value);
    fixed.insert(fixed.end(), bytes, bytes + sizeof value);
}

} // namespace detail

/// A value to compare with: a Boolean, integer, floating-point number, string, binary, date, instant, or Arrow data of
/// another type. It is made a value of the column's type without loss, or refused, as pqpush_predicate_compare says.
class literal {
public:
    template <class T, class = std::enable_if_t<std::is_arithmetic_v<T>>> literal(T value) {
        if constexpr (std::is_same_v<T, bool>) {
            value_ = value;
        } else if constexpr (std::is_floating_point_v<T>) {
            static_assert(sizeof(T) <= sizeof(double), "a long double does not fit");
            value_ = static_cast<double>(value);
        } else if constexpr (std::is_unsigned_v<T> && sizeof(T) == 8) {
            value_ = static_cast<std::uint64_t>(value);
        } else {
            value_ = static_cast<std::int64_t>(value);
        }
    }
    literal(std::string text) : value_(std::move(text)) {}
    literal(std::string_view text) : value_(std::string(text)) {}
    literal(const char *text) : value_(std::string(text)) {}
    /// A binary.
    literal(bytes binary) : value_(binary_value{binary.begin(), binary.end()}) {}
    literal(date day) : value_(day) {}
    /// An instant in UTC.
    template <class Duration> literal(std::chrono::time_point<std::chrono::system_clock, Duration> at) {
        using period = typename Duration::period;
        using unit = std::conditional_t<
            std::ratio_less_equal_v<std::ratio<1>, period>, std::chrono::seconds,
            std::conditional_t<std::ratio_less_equal_v<std::milli, period>, std::chrono::milliseconds,
                               std::conditional_t<std::ratio_less_equal_v<std::micro, period>, std::chrono::microseconds,
                                                  std::chrono::nanoseconds>>>;
        char letter = std::is_same_v<unit, std::chrono::seconds>        ? 's'
                      : std::is_same_v<unit, std::chrono::milliseconds> ? 'm'
                      : std::is_same_v<unit, std::chrono::microseconds> ? 'u'
                                                                        : 'n';
        value_ = instant{std::chrono::duration_cast<unit>(at.time_since_epoch()).count(), letter};
    }
    /// Arrow data of length 1 of any flat type, such as a decimal; for literals of lists, one of each element.
    literal(array value, schema type)
        : value_(std::make_shared<detail::arrow_values>(detail::arrow_values{std::move(value), std::move(type)})) {}

    /// For the C ABI: a predicate that compares.
    pqpush_status compare(const std::string &path, pqpush_comparison op, pqpush_predicate **out, pqpush_error **err) const {
        pqpush_str name = detail::to_c(path);
        if (const auto *number = std::get_if<std::int64_t>(&value_)) {
            return pqpush_predicate_compare_int64(name, op, *number, out, err);
        }
        if (const auto *number = std::get_if<double>(&value_)) {
            return pqpush_predicate_compare_double(name, op, *number, out, err);
        }
        if (const auto *text = std::get_if<std::string>(&value_)) {
            return pqpush_predicate_compare_string(name, op, detail::to_c(*text), out, err);
        }
        detail::arrow_values arrow = to_arrow({*this});
        return pqpush_predicate_compare(name, op, arrow.values.get(), arrow.type.get(), out, err);
    }

    /// Values of one type each, as to_arrow needs them.
    static std::vector<std::vector<literal>> by_type(const std::vector<literal> &values) {
        std::vector<std::vector<literal>> groups;
        for (const literal &value : values) {
            auto group = groups.begin();
            while (group != groups.end() && !group->front().is_like(value)) {
                ++group;
            }
            if (group == groups.end()) {
                group = groups.insert(groups.end(), std::vector<literal>());
            }
            group->push_back(value);
        }
        return groups;
    }

    /// An array of values of one type.
    static detail::arrow_values to_arrow(const std::vector<literal> &values) {
        if (const auto *given = std::get_if<given_value>(&values.front().value_)) {
            return shared(*given);
        }
        auto flat = std::make_unique<detail::flat_values>();
        flat->format = values.front().format();
        if (flat->format == "U" || flat->format == "Z") {
            detail::append(flat->fixed, std::int64_t{0});
        }
        std::size_t row = 0;
        for (const literal &value : values) {
            value.append_to(*flat, row++);
        }
        return detail::to_arrow(std::move(flat), values.size());
    }

private:
    struct binary_value : std::vector<std::uint8_t> {
        using std::vector<std::uint8_t>::vector;
    };
    struct instant {
        std::int64_t count;
        char unit;
    };
    using given_value = std::shared_ptr<detail::arrow_values>;

    bool is_like(const literal &other) const {
        return value_.index() == other.value_.index() && !std::holds_alternative<given_value>(value_) &&
               format() == other.format();
    }

    std::string format() const {
        static constexpr const char *formats[] = {"b", "l", "L", "g", "U", "Z", "tdD", "", ""};
        if (const auto *at = std::get_if<instant>(&value_)) {
            return std::string("ts") + at->unit + ":UTC";
        }
        return formats[value_.index()];
    }

    void append_to(detail::flat_values &flat, std::size_t row) const {
        if (const auto *text = std::get_if<std::string>(&value_)) {
            append_text(flat, *text);
        } else if (const auto *binary = std::get_if<binary_value>(&value_)) {
            append_text(flat, {reinterpret_cast<const char *>(binary->data()), binary->size()});
        } else if (const auto *at = std::get_if<instant>(&value_)) {
            detail::append(flat.fixed, at->count);
        } else if (const auto *day = std::get_if<date>(&value_)) {
            detail::append(flat.fixed, day->days);
        } else if (const auto *number = std::get_if<std::int64_t>(&value_)) {
            detail::append(flat.fixed, *number);
        } else if (const auto *natural = std::get_if<std::uint64_t>(&value_)) {
            detail::append(flat.fixed, *natural);
        } else if (const auto *real = std::get_if<double>(&value_)) {
            detail::append(flat.fixed, *real);
        } else if (const auto *truth = std::get_if<bool>(&value_)) {
            flat.fixed.resize(row / 8 + 1);
            flat.fixed[row / 8] = static_cast<std::uint8_t>(flat.fixed[row / 8] | int{*truth} << (row % 8));
        }
    }

    static void append_text(detail::flat_values &flat, std::string_view text) {
        flat.text.append(text);
        detail::append(flat.fixed, static_cast<std::int64_t>(flat.text.size()));
    }

    /// The same data once more, for a call that consumes it: what is handed out keeps the owner alive.
    static detail::arrow_values shared(const given_value &owner) {
        ArrowArray values = *owner->values.get();
        ArrowSchema type = *owner->type.get();
        values.private_data = new given_value(owner);
        values.release = [](ArrowArray *self) {
            delete static_cast<given_value *>(self->private_data);
            self->release = nullptr;
        };
        type.private_data = new given_value(owner);
        type.release = [](ArrowSchema *self) {
            delete static_cast<given_value *>(self->private_data);
            self->release = nullptr;
        };
        return {array(std::move(values)), schema(std::move(type))};
    }

    std::variant<bool, std::int64_t, std::uint64_t, double, std::string, binary_value, date, instant, given_value> value_;
};

} // namespace pqpush

#endif
