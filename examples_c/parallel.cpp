// parallel FILE COLUMN[,COLUMN...] [THREADS]: prints columns of integers, floating-point numbers and strings as CSV. A pool of
// threads decodes the tasks of a plan and writes their text; the main thread prints it in the order of the file. Threads run
// ahead of the printing by so many tasks and no more, so that a slow reader of the output bounds the memory.
#include "posix_file.hpp"

#include <condition_variable>
#include <cstdio>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

namespace {

constexpr std::uint64_t target_rows = 1 << 16;
constexpr std::size_t tasks_ahead_of_a_thread = 2;

// Threads that run what is handed to them, in its order. The destructor runs what is left and waits.
class pool {
public:
    explicit pool(std::size_t size) {
        for (std::size_t i = 0; i < size; i++) {
            threads_.emplace_back([this] { work(); });
        }
    }
    pool(const pool &) = delete;
    pool &operator=(const pool &) = delete;
    ~pool() {
        {
            std::lock_guard<std::mutex> guard(lock_);
            is_closed_ = true;
        }
        changed_.notify_all();
        for (std::thread &thread : threads_) {
            thread.join();
        }
    }

    template <class Function> std::future<std::string> run(Function function) {
        std::packaged_task<std::string()> job(std::move(function));
        std::future<std::string> outcome = job.get_future();
        {
            std::lock_guard<std::mutex> guard(lock_);
            jobs_.push_back(std::move(job));
        }
        changed_.notify_one();
        return outcome;
    }

private:
    void work() {
        for (;;) {
            std::unique_lock<std::mutex> guard(lock_);
            changed_.wait(guard, [this] { return is_closed_ || !jobs_.empty(); });
            if (jobs_.empty()) {
                return;
            }
            std::packaged_task<std::string()> job = std::move(jobs_.front());
            jobs_.pop_front();
            guard.unlock();
            job();
        }
    }

    std::mutex lock_;
    std::condition_variable changed_;
    std::deque<std::packaged_task<std::string()>> jobs_;
    bool is_closed_ = false;
    std::vector<std::thread> threads_;
};

template <class T> void append_number(std::string &csv, const pqpush::column &column, std::size_t row) {
    csv += std::to_string(column.values<T>()[row]);
}

void append_cell(std::string &csv, const pqpush::column &column, std::size_t row) {
    std::string_view format = column.format();
    if (column.is_null(row)) {
        return;
    }
    if (format == "i" || format == "tdD") {
        append_number<std::int32_t>(csv, column, row);
    } else if (format == "l") {
        append_number<std::int64_t>(csv, column, row);
    } else if (format == "f") {
        append_number<float>(csv, column, row);
    } else if (format == "g") {
        append_number<double>(csv, column, row);
    } else {
        csv += '"';
        for (char letter : column.text(row)) { // which refuses what is no string
            csv.append(letter == '"' ? 2 : 1, letter);
        }
        csv += '"';
    }
}

// The rows of one task, as text.
std::string decode(const posix_file &file, const pqpush::plan &plan, std::size_t task) {
    std::string csv;
    pqpush::decoder decoder = plan.decoder(task);
    while (std::optional<pqpush::batch> batch = decoder.next(file)) {
        for (std::size_t row = 0; row < batch->row_count(); row++) {
            for (std::size_t column = 0; column < batch->column_count(); column++) {
                csv += column == 0 ? "" : ",";
                append_cell(csv, batch->column(column), row);
            }
            csv += '\n';
        }
    }
    return csv;
}

std::vector<std::string> split(std::string_view names) {
    std::vector<std::string> parts;
    for (std::size_t comma = names.find(','); comma != std::string_view::npos; comma = names.find(',')) {
        parts.emplace_back(names.substr(0, comma));
        names.remove_prefix(comma + 1);
    }
    parts.emplace_back(names);
    return parts;
}

void run(const std::string &path, std::string_view columns, std::size_t threads) {
    posix_file file(path);
    pqpush::scan_options options;
    options.columns = split(columns);
    pqpush::plan plan(pqpush::read_metadata(file.size(), file), options, target_rows);

    std::deque<std::future<std::string>> ahead;
    pool workers(threads);
    for (std::size_t task = 0; task < plan.task_count() || !ahead.empty();) {
        if (task < plan.task_count() && ahead.size() < threads * tasks_ahead_of_a_thread) {
            ahead.push_back(workers.run([&file, &plan, task] { return decode(file, plan, task); }));
            task++;
        } else {
            std::string csv = ahead.front().get(); // throws what decode threw
            ahead.pop_front();
            std::fwrite(csv.data(), 1, csv.size(), stdout);
        }
    }
}

} // namespace

int main(int argc, char **argv) {
    if (argc < 3 || argc > 4) {
        std::fputs("usage: parallel FILE COLUMN[,COLUMN...] [THREADS]\n", stderr);
        return 2;
    }
    try {
        run(argv[1], argv[2], argc == 4 ? std::stoul(argv[3]) : 4);
        return 0;
    } catch (const std::exception &failure) {
        std::fflush(stdout);
        std::fprintf(stderr, "parallel: %s\n", failure.what());
        return 1;
    }
}
