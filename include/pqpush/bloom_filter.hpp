/// Bloom filters: whether a column chunk may have a value.
#ifndef PQPUSH_BLOOM_FILTER_HPP
#define PQPUSH_BLOOM_FILTER_HPP

#include "metadata.hpp"

namespace pqpush {

/// The bloom filter of one column chunk. It never changes, and any number of threads may use it at the same time.
class bloom_filter {
public:
    bloom_filter() noexcept = default;
    /// Takes over a filter of the C ABI.
    explicit bloom_filter(pqpush_bloom_filter *owned) noexcept : handle_(owned) {}

    explicit operator bool() const noexcept { return handle_.get() != nullptr; }

    /// False where no row of the chunk has the value, which is of the column's type as pqpush_bloom_filter_check says.
    bool may_have(const literal &value) const { return try_may_have(value).value(); }
    result<bool> try_may_have(const literal &value) const {
        detail::arrow_values arrow = literal::to_arrow({value});
        std::int32_t verdict = PQPUSH_BLOOM_MAYBE;
        result<void> done = detail::call([&](pqpush_error **err) {
            return pqpush_bloom_filter_check(handle_.get(), arrow.values.get(), arrow.type.get(), &verdict, err);
        });
        return done ? result<bool>(verdict != PQPUSH_BLOOM_NO) : done.error();
    }

private:
    detail::handle<pqpush_bloom_filter, pqpush_bloom_filter_free> handle_;
};

/// What a step of a bloom_filter_decoder came to: ranges to push, which are borrowed until the next step, or the filter.
struct bloom_filter_event {
    span<const range> ranges;
    bloom_filter filter;
};

/// Decodes the bloom filter of one column chunk, where column_chunk_info::flags says that there is one.
class bloom_filter_decoder {
public:
    bloom_filter_decoder() noexcept = default;
    bloom_filter_decoder(const metadata &file, std::size_t row_group, std::size_t column)
        : bloom_filter_decoder(try_make(file, row_group, column).value()) {}
    static result<bloom_filter_decoder> try_make(const metadata &file, std::size_t row_group, std::size_t column) {
        return detail::make<bloom_filter_decoder, pqpush_bloom_filter_decoder>(
            [&](pqpush_bloom_filter_decoder **out, pqpush_error **err) {
                return pqpush_bloom_filter_decoder_new(file.get(), row_group, column, out, err);
            });
    }
    explicit bloom_filter_decoder(pqpush_bloom_filter_decoder *owned) noexcept : handle_(owned) {}

    explicit operator bool() const noexcept { return handle_.get() != nullptr; }

    void push(std::uint64_t offset, bytes data) { try_push(offset, data).value(); }
    result<void> try_push(std::uint64_t offset, bytes data) {
        return detail::call([&](pqpush_error **err) {
            return pqpush_bloom_filter_decoder_push(handle_.get(), offset, data.data(), data.size(), err);
        });
    }

    bloom_filter_event step() { return try_step().value(); }
    result<bloom_filter_event> try_step() {
        pqpush_event event{};
        event.struct_size = sizeof event;
        pqpush_bloom_filter *made = nullptr;
        result<void> done = detail::call([&](pqpush_error **err) {
            return pqpush_bloom_filter_decoder_try_decode(handle_.get(), &event, &made, err);
        });
        if (!done) {
            return done.error();
        }
        return bloom_filter_event{{event.ranges, event.range_count}, bloom_filter(made)};
    }

private:
    detail::handle<pqpush_bloom_filter_decoder, pqpush_bloom_filter_decoder_free> handle_;
};

} // namespace pqpush

#endif
