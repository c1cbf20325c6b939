#include "lib/core/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cdc {

Result<std::optional<std::string>> ReadWholeFile(const std::filesystem::path& path) {
  const auto failed = [&] {
    return Error{ErrorKind::kTransient, "cannot read " + path.string() + ": " + std::strerror(errno),
                 "check the file's owner and mode, and the disk"};
  };
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::optional<std::string>();
  if (fd < 0) return failed();
  std::string text;
  constexpr size_t kStep = 64 << 10;
  for (;;) {
    const size_t size = text.size();
    text.resize(size + kStep);
    const ssize_t got = ::read(fd, text.data() + size, kStep);
    text.resize(size + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got == 0) break;
    if (got < 0 && errno != EINTR) {
      Error error = failed();
      ::close(fd);
      return error;
    }
  }
  ::close(fd);
  return std::optional(std::move(text));
}

}  // namespace cdc
