/// Plans: one scan, cut into tasks for several threads.
#ifndef PQPUSH_PLAN_HPP
#define PQPUSH_PLAN_HPP

#include "decoder.hpp"

namespace pqpush {

using task = pqpush_task;

/// One scan, planned and cut into tasks, as pqpush_plan_new says. It never changes, and any number of threads may use it at
/// the same time.
class plan {
public:
    plan() noexcept = default;
    /// `target_rows`: rows of a task, about; 0: a task for each row group.
    explicit plan(const metadata &file, const scan_options &options = {}, std::uint64_t target_rows = 0)
        : plan(try_make(file, options, target_rows).value()) {}
    static result<plan> try_make(const metadata &file, const scan_options &options = {}, std::uint64_t target_rows = 0) {
        return detail::make_scan<plan, pqpush_plan>(
            options, [&](const pqpush_scan_options *c_options, pqpush_plan **out, pqpush_error **err) {
                return pqpush_plan_new(file.get(), c_options, target_rows, out, err);
            });
    }
    /// Takes over a plan of the C ABI.
    explicit plan(pqpush_plan *owned) noexcept : handle_(owned) {}

    explicit operator bool() const noexcept { return get() != nullptr; }
    /// For the C ABI, borrowed.
    const pqpush_plan *get() const noexcept { return handle_.get(); }

    std::size_t task_count() const noexcept { return pqpush_plan_task_count(get()); }

    pqpush::task task(std::size_t index) const { return try_task(index).value(); }
    result<pqpush::task> try_task(std::size_t index) const {
        pqpush::task out{};
        out.struct_size = sizeof out;
        result<void> done = detail::call([&](pqpush_error **err) { return pqpush_plan_task(get(), index, &out, err); });
        return done ? result<pqpush::task>(out) : done.error();
    }

    /// The decoder of one task. It may outlive the plan.
    pqpush::decoder decoder(std::size_t index) const { return try_decoder(index).value(); }
    result<pqpush::decoder> try_decoder(std::size_t index) const {
        return detail::make<pqpush::decoder, pqpush_decoder>([&](pqpush_decoder **out, pqpush_error **err) {
            return pqpush_plan_decoder(get(), index, out, err);
        });
    }

    /// What is read, and why the rest is not, in words for people. Borrowed from the plan.
    std::string_view explain() const { return try_explain().value(); }
    result<std::string_view> try_explain() const {
        pqpush_str text{};
        result<void> done = detail::call([&](pqpush_error **err) { return pqpush_plan_explain(get(), &text, err); });
        return done ? result<std::string_view>(detail::from_c(text)) : done.error();
    }

    /// The rows that are read, as scan_options::row_selection for the same row groups. Borrowed from the plan.
    span<const row_run> row_selection() const { return try_row_selection().value(); }
    result<span<const row_run>> try_row_selection() const {
        const row_run *runs = nullptr;
        std::size_t count = 0;
        result<void> done = detail::call([&](pqpush_error **err) {
            return pqpush_plan_row_selection(get(), &runs, &count, err);
        });
        return done ? result<span<const row_run>>(span<const row_run>(runs, count)) : done.error();
    }

    /// What was found out when the plan was made.
    pqpush::metrics metrics() const { return try_metrics().value(); }
    result<pqpush::metrics> try_metrics() const {
        pqpush::metrics out{};
        out.struct_size = sizeof out;
        result<void> done = detail::call([&](pqpush_error **err) { return pqpush_plan_metrics(get(), &out, err); });
        return done ? result<pqpush::metrics>(out) : done.error();
    }

private:
    detail::handle<pqpush_plan, pqpush_plan_free> handle_;
};

} // namespace pqpush

#endif
