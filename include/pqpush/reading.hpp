/// Hosts that read when they are called: how their callables are called.
#ifndef PQPUSH_READING_HPP
#define PQPUSH_READING_HPP

#include "error.hpp"

namespace pqpush::detail {

/// read(offset, out); false where it returns false.
template <class Read> bool read_into(Read &read, std::uint64_t offset, span<std::uint8_t> out) {
    if constexpr (std::is_void_v<decltype(read(offset, out))>) {
        read(offset, out);
        return true;
    } else {
        return static_cast<bool>(read(offset, out));
    }
}

inline error read_error(range wanted) {
    return error(errc::callback, "the host could not read " + std::to_string(wanted.length) + " bytes from " +
                                     std::to_string(wanted.offset));
}

} // namespace pqpush::detail

#endif
