#include "lib/contract/lock_file.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "lib/core/system_error.h"

namespace cdc::contract {
namespace {

// Holder() takes the lock for a moment too: what is gone after 10 ms was only somebody looking.
constexpr int kLooks = 5;
constexpr useconds_t kLookEvery = 2'000;  // µs

int ReadPid(int fd) {
  char text[16];
  ssize_t size = ::pread(fd, text, sizeof text, 0);
  int pid = 0;
  if (size > 0) std::from_chars(text, text + size, pid);
  return pid;
}

Error OpenError(const std::filesystem::path& path, int cause) {
  return {MayPass(cause) ? ErrorKind::kTransient : ErrorKind::kInvalidConfig,
          fmt::format("lock {}: {}", path.string(), std::strerror(cause)),
          MayPass(cause)
              ? fmt::format("make room, or check the disk: df -h {}", path.parent_path().string())
              : fmt::format(
                    "make {} writable for this user, or set [orchestrator] state_dir to another folder",
                    path.parent_path().string())};
}

}  // namespace

Result<LockFile> LockFile::TryAcquire(const std::filesystem::path& path) {
  std::error_code ec;
  std::filesystem::create_directories(path.parent_path(), ec);
  if (ec) return OpenError(path, ec.value());
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return OpenError(path, errno);
  LockFile lock(fd);
  int looks = kLooks;
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return OpenError(path, errno);
    if (--looks > 0) {
      ::usleep(kLookEvery);
      continue;
    }
    int pid = ReadPid(fd);
    return Error{ErrorKind::kConflict,
                 fmt::format("lock {}: held by {}", path.string(),
                             pid > 0 ? fmt::format("process {}", pid) : "another process")};
  }
  // The text is only for people; the lock is the kernel's.
  std::string pid = fmt::format("{}\n", ::getpid());
  errno = ENOSPC;  // what a short write says
  if (::ftruncate(fd, 0) != 0 ||
      ::pwrite(fd, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return OpenError(path, errno);
  }
  return lock;
}

int LockFile::Holder(const std::filesystem::path& path) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  // A shared lock, so that several askers do not take each other for holders.
  bool held = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  int pid = held ? ReadPid(fd) : 0;
  ::close(fd);
  return pid;
}

bool LockFile::LostTo(const std::filesystem::path& path) const {
  struct stat ours {
  }, theirs{};
  if (::fstat(fd_, &ours) != 0) return false;
  if (::stat(path.c_str(), &theirs) != 0) return errno == ENOENT || errno == ENOTDIR;
  return ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino;
}

LockFile::LockFile(LockFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

LockFile::~LockFile() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace cdc::contract
