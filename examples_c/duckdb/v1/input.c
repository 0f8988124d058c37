#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool find_files(const char *pattern, file_list *list, error_slot slot) {
    glob_t found;
    bool is_added = true;
    if (glob(pattern, 0, NULL, &found) != 0) {
        return fail(slot, pattern, "No files found that match the pattern");
    }
    for (size_t i = 0; is_added && i < found.gl_pathc; i++) {
        is_added = add_path(list, found.gl_pathv[i], strlen(found.gl_pathv[i]), slot);
    }
    globfree(&found);
    return is_added;
}

input open_file(const char *path, uint64_t *out_length, error_slot slot) {
    struct stat status;
    input file = open(path, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))) {
        close(file);
        file = -1;
        errno = EISDIR;
    }
    if (file < 0) {
        fail(slot, path, strerror(errno));
    } else {
        *out_length = (uint64_t)status.st_size;
    }
    return file;
}

bool read_bytes(input from, void *out, uint64_t length, uint64_t offset, error_slot slot) {
    uint64_t done = 0;
    while (done < length) {
        ssize_t got = pread(from, (char *)out + done, length - done, (off_t)(offset + done));
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return fail(slot, "read", got == 0 ? "the file ends early" : strerror(errno));
        }
        done += got < 0 ? 0 : (uint64_t)got;
    }
    return true;
}
