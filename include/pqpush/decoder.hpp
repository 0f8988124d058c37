/// Decoders: one scan of one file, batch by batch.
#ifndef PQPUSH_DECODER_HPP
#define PQPUSH_DECODER_HPP

#include "metadata.hpp"

namespace pqpush {

using metrics = pqpush_metrics;

/// The kinds of decoder_event, as pqpush_event_kind describes them.
enum class event_kind : std::int32_t {
    needs_data = PQPUSH_EVENT_NEEDS_DATA,
    batch = PQPUSH_EVENT_BATCH,
    finished = PQPUSH_EVENT_FINISHED,
    row_group_end = PQPUSH_EVENT_ROW_GROUP_END,
};

/// What a step of a decoder came to.
struct decoder_event {
    event_kind kind = event_kind::finished;
    /// needs_data: what is missing; ascending, disjoint. Borrowed from the decoder, until its next step.
    span<const range> ranges;
    /// batch: the rows.
    pqpush::batch batch;
    /// batch: the row group that they come from, where it is one; row_group_end: the row group.
    std::optional<std::uint64_t> row_group;
};

class decoder {
public:
    decoder() noexcept = default;
    explicit decoder(const metadata &file, const scan_options &options = {}) : decoder(try_make(file, options).value()) {}
    static result<decoder> try_make(const metadata &file, const scan_options &options = {}) {
        return detail::make_scan<decoder, pqpush_decoder>(
            options, [&](const pqpush_scan_options *c_options, pqpush_decoder **out, pqpush_error **err) {
                return pqpush_decoder_new(file.get(), c_options, out, err);
            });
    }
    /// Takes over a decoder of the C ABI.
    explicit decoder(pqpush_decoder *owned) noexcept : handle_(owned) {}

    explicit operator bool() const noexcept { return get() != nullptr; }
    /// For the C ABI, borrowed.
    pqpush_decoder *get() const noexcept { return handle_.get(); }

    /// The schema of the batches: a struct whose children are the output columns.
    pqpush::schema schema() const { return try_schema().value(); }
    result<pqpush::schema> try_schema() const {
        pqpush::schema out;
        result<void> done = detail::call([&](pqpush_error **err) { return pqpush_decoder_schema(get(), out.get(), err); });
        return done ? result<pqpush::schema>(std::move(out)) : done.error();
    }

    /// Copies bytes of the file, from `offset`: any, in any order, cut at any place.
    void push(std::uint64_t offset, bytes data) { try_push(offset, data).value(); }
    result<void> try_push(std::uint64_t offset, bytes data) {
        return detail::call([&](pqpush_error **err) {
            return pqpush_decoder_push(get(), offset, data.data(), data.size(), err);
        });
    }

    /// Lends bytes, which are not copied: batches may point into them. `owner`, whatever it is, such as a shared_ptr or a
    /// vector that was moved in, is destroyed when nothing needs the bytes any more, which may be after the decoder was, and
    /// on any thread. Where the call fails it is destroyed before that returns.
    template <class Owner> void lend(std::uint64_t offset, bytes data, Owner owner) {
        try_lend(offset, data, std::move(owner)).value();
    }
    template <class Owner> result<void> try_lend(std::uint64_t offset, bytes data, Owner owner) {
        auto *kept = new Owner(std::move(owner));
        auto drop = [](void *user_data) { delete static_cast<Owner *>(user_data); };
        return detail::call([&](pqpush_error **err) {
            return pqpush_decoder_push_borrowed(get(), offset, data.data(), data.size(), drop, kept, err);
        });
    }
    /// Lends the bytes of a vector, which is moved in.
    void lend(std::uint64_t offset, std::vector<std::uint8_t> &&data) { try_lend(offset, std::move(data)).value(); }
    result<void> try_lend(std::uint64_t offset, std::vector<std::uint8_t> &&data) {
        bytes seen = data;
        return try_lend(offset, seen, std::move(data));
    }

    /// Says which bytes are missing, or hands out a batch, or says that all is done.
    decoder_event step() { return try_step().value(); }
    result<decoder_event> try_step() {
        pqpush_event event{};
        event.struct_size = sizeof event;
        array rows;
        result<void> done = detail::call([&](pqpush_error **err) {
            return pqpush_decoder_try_decode(get(), &event, rows.get(), err);
        });
        if (!done) {
            return done.error();
        }
        decoder_event came;
        came.kind = static_cast<event_kind>(event.kind);
        came.ranges = {event.ranges, event.range_count};
        bool has_row_group = came.kind == event_kind::batch || came.kind == event_kind::row_group_end;
        if (has_row_group && event.row_group >= 0) {
            came.row_group = static_cast<std::uint64_t>(event.row_group);
        }
        if (came.kind == event_kind::batch) {
            if (auto known = fetch_schema(); !known) {
                return known.error();
            }
            came.batch = batch(std::move(rows), schema_);
        }
        return came;
    }

    /// The next batch, for a host that reads when it is called: read(offset, out) fills the span `out` from there on, and
    /// throws or returns false where it fails. Nothing where all was handed out; ends of row groups are passed over.
    template <class Read> std::optional<batch> next(Read &&read) { return try_next(read).value(); }
    template <class Read> result<std::optional<batch>> try_next(Read &&read) {
        for (;;) {
            result<decoder_event> event = try_step();
            if (!event) {
                return event.error();
            }
            if (event->kind == event_kind::batch) {
                return std::optional<batch>(std::move(event->batch));
            }
            if (event->kind == event_kind::finished) {
                return std::optional<batch>();
            }
            for (range wanted : event->ranges) {
                std::vector<std::uint8_t> data(static_cast<std::size_t>(wanted.length));
                if (!detail::read_into(read, wanted.offset, data)) {
                    return detail::read_error(wanted);
                }
                if (result<void> lent = try_lend(wanted.offset, std::move(data)); !lent) {
                    return lent.error();
                }
            }
        }
    }

    /// What will be asked for after what the last step asked for, of `max_bytes` together at most. Borrowed until the next
    /// call of this.
    span<const range> upcoming_ranges(std::uint64_t max_bytes) { return try_upcoming_ranges(max_bytes).value(); }
    result<span<const range>> try_upcoming_ranges(std::uint64_t max_bytes) {
        const range *ranges = nullptr;
        std::size_t count = 0;
        result<void> done = detail::call([&](pqpush_error **err) {
            return pqpush_decoder_upcoming_ranges(get(), max_bytes, &ranges, &count, err);
        });
        return done ? result<span<const range>>(span<const range>(ranges, count)) : done.error();
    }

    /// Goes on with the same scan under other options, between two row groups, as pqpush_decoder_reconfigure says.
    void reconfigure(const scan_options &options) { try_reconfigure(options).value(); }
    result<void> try_reconfigure(const scan_options &options) {
        auto c_options = detail::c_scan_options::make(options);
        if (!c_options) {
            return c_options.error();
        }
        result<void> done = detail::call([&](pqpush_error **err) {
            return pqpush_decoder_reconfigure(get(), (*c_options)->get(), err);
        });
        if (done) {
            schema_.reset();
        }
        return done;
    }

    /// Pushed bytes that are held.
    std::uint64_t buffered_bytes() const noexcept { return pqpush_decoder_buffered_bytes(get()); }

    /// What was done so far.
    pqpush::metrics metrics() const { return try_metrics().value(); }
    result<pqpush::metrics> try_metrics() const {
        pqpush::metrics out{};
        out.struct_size = sizeof out;
        result<void> done = detail::call([&](pqpush_error **err) { return pqpush_decoder_metrics(get(), &out, err); });
        return done ? result<pqpush::metrics>(out) : done.error();
    }

private:
    /// Batches share one schema.
    result<void> fetch_schema() {
        if (schema_ == nullptr) {
            result<pqpush::schema> current = try_schema();
            if (!current) {
                return current.error();
            }
            schema_ = std::make_shared<const pqpush::schema>(std::move(*current));
        }
        return {};
    }

    detail::handle<pqpush_decoder, pqpush_decoder_free> handle_;
    std::shared_ptr<const pqpush::schema> schema_;
};

} // namespace pqpush

#endif
