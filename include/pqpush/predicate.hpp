/// Predicates: conditions on rows, written with operators or in SQL.
#ifndef PQPUSH_PREDICATE_HPP
#define PQPUSH_PREDICATE_HPP

#include "literal.hpp"

#include <functional>

namespace pqpush {

namespace detail {

using predicate_handle = handle<pqpush_predicate, pqpush_predicate_free>;

/// Calls function(&out, &err).
template <class Function> result<predicate_handle> make_predicate(Function &&function) {
    return make<predicate_handle, pqpush_predicate>(std::forward<Function>(function));
}

} // namespace detail

/// A condition on rows: col("a") > 10 && !(col("b").is_null() || col("c").like("x%")). A value: it can be copied, combined
/// more than once, and used by any number of scans and threads.
///
/// Logic is that of SQL, as pqpush_predicate describes it. Columns are looked up, and literals made values of their types,
/// when a decoder or a plan is made; that is where what does not fit is an error.
class predicate {
public:
    /// Makes the predicate of the C ABI, once for each scan.
    using maker = std::function<result<detail::predicate_handle>()>;
    explicit predicate(maker make) : make_(std::make_shared<const maker>(std::move(make))) {}

    result<detail::predicate_handle> try_build() const { return (*make_)(); }

    friend predicate operator&&(const predicate &left, const predicate &right) {
        return combined(left, right, pqpush_predicate_and);
    }
    friend predicate operator||(const predicate &left, const predicate &right) {
        return combined(left, right, pqpush_predicate_or);
    }
    friend predicate operator!(const predicate &operand) {
        return predicate([operand]() -> result<detail::predicate_handle> {
            auto inner = operand.try_build();
            return !inner ? inner.error() : detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
                return pqpush_predicate_not(inner->release(), out, err);
            });
        });
    }

private:
    using combiner = pqpush_status (*)(pqpush_predicate **, std::size_t, pqpush_predicate **, pqpush_error **);
    static predicate combined(const predicate &left, const predicate &right, combiner combine) {
        return predicate([left, right, combine]() -> result<detail::predicate_handle> {
            auto built_left = left.try_build();
            if (!built_left) {
                return built_left.error();
            }
            auto built_right = right.try_build();
            if (!built_right) {
                return built_right.error();
            }
            pqpush_predicate *operands[] = {built_left->release(), built_right->release()};
            return detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
                return combine(operands, 2, out, err);
            });
        });
    }

    std::shared_ptr<const maker> make_;
};

/// A column by its dotted path, to be compared. Made by col.
class column_name {
public:
    explicit column_name(std::string path) : path_(std::move(path)) {}

    /// The value is one of these; of no value, none is.
    predicate in(std::vector<literal> values) const {
        auto shared = std::make_shared<const std::vector<literal>>(std::move(values));
        return predicate([path = path_, shared] { return is_in(path, *shared); });
    }
    /// Neither below `low` nor above `high`.
    predicate between(literal low, literal high) const { return *this >= std::move(low) && *this <= std::move(high); }
    predicate is_null() const {
        return predicate([path = path_] {
            return detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
                return pqpush_predicate_is_null(detail::to_c(path), out, err);
            });
        });
    }
    predicate is_not_null() const { return !is_null(); }
    /// The value, a string or binary, begins so.
    predicate starts_with(std::string prefix) const { return with_text(pqpush_predicate_starts_with, std::move(prefix)); }
    /// The value matches an SQL LIKE pattern, in which % is any text and _ any character.
    predicate like(std::string pattern) const { return with_text(pqpush_predicate_like, std::move(pattern)); }

    predicate compare(pqpush_comparison op, literal value) const {
        return predicate([path = path_, op, value = std::move(value)] {
            return detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
                return value.compare(path, op, out, err);
            });
        });
    }
    friend predicate operator==(const column_name &name, literal value) { return name.compare(PQPUSH_EQ, std::move(value)); }
    friend predicate operator!=(const column_name &name, literal value) { return name.compare(PQPUSH_NE, std::move(value)); }
    friend predicate operator<(const column_name &name, literal value) { return name.compare(PQPUSH_LT, std::move(value)); }
    friend predicate operator<=(const column_name &name, literal value) { return name.compare(PQPUSH_LE, std::move(value)); }
    friend predicate operator>(const column_name &name, literal value) { return name.compare(PQPUSH_GT, std::move(value)); }
    friend predicate operator>=(const column_name &name, literal value) { return name.compare(PQPUSH_GE, std::move(value)); }

private:
    using text_function = pqpush_status (*)(pqpush_str, pqpush_str, pqpush_predicate **, pqpush_error **);
    predicate with_text(text_function function, std::string text) const {
        return predicate([path = path_, function, text = std::move(text)] {
            return detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
                return function(detail::to_c(path), detail::to_c(text), out, err);
            });
        });
    }

    /// An Arrow array has values of one type: values of several are several lists, one of which has the value.
    static result<detail::predicate_handle> is_in(const std::string &path, const std::vector<literal> &values) {
        std::vector<detail::predicate_handle> lists;
        std::vector<pqpush_predicate *> operands;
        for (const std::vector<literal> &alike : literal::by_type(values)) {
            detail::arrow_values arrow = literal::to_arrow(alike);
            auto list = detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
                return pqpush_predicate_in(detail::to_c(path), arrow.values.get(), arrow.type.get(), out, err);
            });
            if (!list) {
                return list.error();
            }
            lists.push_back(std::move(*list));
            operands.reserve(lists.size());
        }
        for (detail::predicate_handle &list : lists) {
            operands.push_back(list.release());
        }
        return detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
            return pqpush_predicate_or(operands.data(), operands.size(), out, err);
        });
    }

    std::string path_;
};

/// The column with this dotted path, to be compared: col("price") >= 1.5.
inline column_name col(std::string path) { return column_name(std::move(path)); }

/// A condition in SQL, as it stands behind WHERE, as pqpush_predicate_parse reads it.
inline result<predicate> try_sql(std::string text) {
    predicate parsed([text = std::move(text)] {
        return detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
            return pqpush_predicate_parse(detail::to_c(text), out, err);
        });
    });
    if (auto built = parsed.try_build(); !built) {
        return built.error();
    }
    return parsed;
}

inline predicate sql(std::string text) { return try_sql(std::move(text)).value(); }

namespace detail {

template <class Function> int keep_rows(void *user_data, const ArrowSchema *type, ArrowArray *rows, ArrowArray *out_keep) {
    return is_done_by([&] {
        auto &function = *static_cast<std::shared_ptr<Function> *>(user_data);
        pqpush::array kept = (*function)(static_cast<const ArrowSchema &>(*type), pqpush::array(std::move(*rows)));
        kept.move_to(out_keep);
    }) ? 0 : 1;
}

} // namespace detail

/// Keeps rows that a function of the host keeps: array function(const ArrowSchema &, array rows), where `rows` is a struct
/// array of the columns in the order in which they are named, and the answer a Boolean array of as many rows, in which null
/// drops the row. It may be called on any thread that scans, also at the same time.
template <class Function> predicate keep_if(std::vector<std::string> columns, Function function) {
    auto shared = std::make_shared<Function>(std::move(function));
    return predicate([columns = std::move(columns), shared] {
        std::vector<pqpush_str> paths;
        for (const std::string &path : columns) {
            paths.push_back(detail::to_c(path));
        }
        pqpush_predicate_callbacks callbacks{};
        callbacks.struct_size = sizeof callbacks;
        callbacks.user_data = new std::shared_ptr<Function>(shared);
        callbacks.eval_rows = detail::keep_rows<Function>;
        callbacks.release = [](void *user_data) { delete static_cast<std::shared_ptr<Function> *>(user_data); };
        return detail::make_predicate([&](pqpush_predicate **out, pqpush_error **err) {
            return pqpush_predicate_callback(paths.data(), paths.size(), &callbacks, out, err);
        });
    });
}

} // namespace pqpush

#endif
