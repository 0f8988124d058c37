// A file that several threads can read at the same time: pread moves nothing. What examples in C++ read with.
#ifndef POSIX_FILE_HPP
#define POSIX_FILE_HPP

#include <pqpush.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

class posix_file {
public:
    explicit posix_file(const std::string &path) : descriptor_(::open(path.c_str(), O_RDONLY)) {
        struct stat status {};
        if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
            int code = errno;
            close();
            throw std::system_error(code, std::generic_category(), path);
        }
        size_ = static_cast<std::uint64_t>(status.st_size);
    }
    posix_file(const posix_file &) = delete;
    posix_file &operator=(const posix_file &) = delete;
    ~posix_file() { close(); }

    std::uint64_t size() const { return size_; }

    // What pqpush calls: fills `out` from `offset` on.
    void operator()(std::uint64_t offset, pqpush::span<std::uint8_t> out) const {
        std::size_t done = 0;
        while (done < out.size()) {
            ssize_t got = ::pread(descriptor_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
            if (got <= 0) {
                throw std::system_error(got == 0 ? EIO : errno, std::generic_category(), "read");
            }
            done += static_cast<std::size_t>(got);
        }
    }

private:
    void close() {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }

    int descriptor_;
    std::uint64_t size_ = 0;
};

#endif
