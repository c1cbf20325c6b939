#include "cli/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include <fmt/core.h>

namespace cdc::cli {

struct LineReader::Stream {
  gzFile file = nullptr;  ///< null: standard input, read as it comes
  explicit Stream(gzFile f) : file(f) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() {
    if (file != nullptr) gzclose_r(file);
  }
};

LineReader::LineReader(std::unique_ptr<Stream> stream, std::string name)
    : stream_(std::move(stream)), name_(std::move(name)) {}
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;
LineReader::~LineReader() = default;

Result<LineReader> LineReader::Open(const std::string& file) {
  // A pipe's lines are sent as they come: zlib would wait for a full buffer.
  if (file == "-") return LineReader(std::make_unique<Stream>(nullptr), "standard input");
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    const int why = fd < 0 ? errno : EISDIR;
    if (fd >= 0) close(fd);
    return Error{why == ENOENT ? ErrorKind::kNotFound : ErrorKind::kInvalidConfig,
                 fmt::format("Opening {}: {}", file, std::strerror(why))};
  }
  // zlib reads what is not compressed as it is.
  gzFile stream = gzdopen(fd, "rb");
  if (stream == nullptr) {
    close(fd);
    return Error{ErrorKind::kTransient, fmt::format("Opening {}: out of memory", file)};
  }
  gzbuffer(stream, 256 << 10);
  return LineReader(std::make_unique<Stream>(stream), file);
}

Status LineReader::Fill(bool* end) {
  constexpr size_t kChunk = 1 << 20;
  buffer_.erase(0, next_);
  next_ = 0;
  const size_t had = buffer_.size();
  buffer_.resize(had + kChunk);
  if (stream_->file == nullptr) {
    ssize_t got;
    do got = read(STDIN_FILENO, buffer_.data() + had, kChunk);
    while (got < 0 && errno == EINTR);
    buffer_.resize(had + static_cast<size_t>(got > 0 ? got : 0));
    if (got < 0)
      return Error{ErrorKind::kTransient, fmt::format("Reading {}: {}", name_, std::strerror(errno))};
    *end = got == 0;
    return {};
  }
  const int n = gzread(stream_->file, buffer_.data() + had, kChunk);
  buffer_.resize(had + static_cast<size_t>(n > 0 ? n : 0));
  int code = Z_OK;
  const char* why = gzerror(stream_->file, &code);
  if (n < 0 || code == Z_BUF_ERROR) {
    if (code == Z_ERRNO)
      return Error{ErrorKind::kTransient, fmt::format("Reading {}: {}", name_, std::strerror(errno))};
    return Error{ErrorKind::kCorrupt,
                 fmt::format("Reading {} after line {}: {}", name_, number_,
                             code == Z_BUF_ERROR ? "the compressed data is cut off" : why)};
  }
  *end = n == 0;
  return {};
}

Result<bool> LineReader::Next(std::string_view* line) {
  size_t searched = next_;
  for (;;) {
    const size_t newline = buffer_.find('\n', searched);
    if (newline != std::string::npos || (end_ && next_ < buffer_.size())) {
      const size_t stop = newline == std::string::npos ? buffer_.size() : newline;
      *line = std::string_view(buffer_).substr(next_, stop - next_);
      if (line->ends_with('\r')) line->remove_suffix(1);
      next_ = newline == std::string::npos ? stop : stop + 1;
      ++number_;
      return true;
    }
    if (end_) return false;
    searched = buffer_.size() - next_;
    CDC_TRY(Fill(&end_));
  }
}

}  // namespace cdc::cli
