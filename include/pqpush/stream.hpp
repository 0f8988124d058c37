/// Streams: a file as an ArrowArrayStream, which other libraries for Arrow take.
#ifndef PQPUSH_STREAM_HPP
#define PQPUSH_STREAM_HPP

#include "options.hpp"
#include "reading.hpp"

namespace pqpush {

/// Owns an ArrowArrayStream; used by one thread at a time.
class stream {
public:
    stream() noexcept = default;
    explicit stream(detail::arrow_owner<ArrowArrayStream> owned) noexcept : owner_(std::move(owned)) {}

    explicit operator bool() const noexcept { return static_cast<bool>(owner_); }
    ArrowArrayStream *get() noexcept { return owner_.get(); }
    /// Gives the stream away: `out` owns it, and this is empty.
    void move_to(ArrowArrayStream *out) noexcept { owner_.move_to(out); }

    pqpush::schema schema() { return try_schema().value(); }
    result<pqpush::schema> try_schema() {
        pqpush::schema out;
        result<void> done = call(owner_ ? owner_->get_schema : nullptr, out.get());
        return done ? result<pqpush::schema>(std::move(out)) : done.error();
    }

    /// The next batch; nothing where all was handed out.
    std::optional<batch> next() { return try_next().value(); }
    result<std::optional<batch>> try_next() {
        if (schema_ == nullptr) {
            result<pqpush::schema> its_schema = try_schema();
            if (!its_schema) {
                return its_schema.error();
            }
            schema_ = std::make_shared<const pqpush::schema>(std::move(*its_schema));
        }
        array rows;
        if (result<void> done = call(owner_ ? owner_->get_next : nullptr, rows.get()); !done) {
            return done.error();
        }
        return rows ? std::optional<batch>(std::in_place, std::move(rows), schema_) : std::nullopt;
    }

private:
    template <class Struct> result<void> call(int (*function)(ArrowArrayStream *, Struct *), Struct *out) {
        if (function == nullptr) {
            return error(errc::invalid_argument, "the stream is empty");
        }
        return function(get(), out) == 0 ? result<void>() : last_error();
    }
    /// The text begins with the name of the status.
    error last_error() {
        const char *text = owner_->get_last_error(get());
        std::string_view message = text != nullptr ? text : "";
        for (errc code : {errc::invalid_argument, errc::invalid_state, errc::busy, errc::poisoned, errc::not_parquet,
                          errc::truncated, errc::corrupt, errc::checksum, errc::unsupported, errc::key,
                          errc::out_of_memory, errc::limit, errc::callback}) {
            std::string_view name = pqpush_status_name(static_cast<pqpush_status>(code));
            if (message.substr(0, name.size()) == name) {
                return error(code, std::string(message));
            }
        }
        return error(errc::internal, std::string(message));
    }

    detail::arrow_owner<ArrowArrayStream> owner_;
    std::shared_ptr<const pqpush::schema> schema_;
};

namespace detail {

template <class Read> int read_ranges(void *user_data, const range *ranges, std::uint8_t *const *out, std::size_t count) {
    bool is_read = true;
    bool is_done = is_done_by([&] {
        for (std::size_t i = 0; i < count && is_read; i++) {
            span<std::uint8_t> place(out[i], static_cast<std::size_t>(ranges[i].length));
            is_read = read_into(*static_cast<Read *>(user_data), ranges[i].offset, place);
        }
    });
    return is_done && is_read ? 0 : 1;
}

} // namespace detail

/// Opens a file as a stream: read(offset, out) fills the span `out` from there on, and throws or returns false where it
/// fails. It is moved in, and destroyed with the stream.
template <class Read> result<stream> try_open_stream(std::uint64_t file_length, Read read, const scan_options &options = {}) {
    auto c_options = detail::c_scan_options::make(options);
    if (!c_options) {
        return c_options.error();
    }
    pqpush_source source{};
    source.struct_size = sizeof source;
    source.file_length = file_length;
    source.user_data = new Read(std::move(read));
    source.read_ranges = detail::read_ranges<Read>;
    source.release = [](void *user_data) { delete static_cast<Read *>(user_data); };
    detail::arrow_owner<ArrowArrayStream> opened;
    result<void> done = detail::call([&](pqpush_error **err) {
        return pqpush_stream_open(&source, (*c_options)->get(), opened.get(), err);
    });
    return done ? result<stream>(stream(std::move(opened))) : done.error();
}
template <class Read> stream open_stream(std::uint64_t file_length, Read read, const scan_options &options = {}) {
    return try_open_stream(file_length, std::move(read), options).value();
}

} // namespace pqpush

#endif
