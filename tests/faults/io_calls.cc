/// The calls of libc that are points. Each asks what is to happen, then calls the next definition of itself.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <vector>

#include "tests/faults/io_points.h"

namespace {

using cdc::faults::Active;
using cdc::faults::Pass;
using cdc::faults::Passing;
using cdc::faults::PathOf;
using cdc::faults::PointOf;
using cdc::faults::PointOfMessage;
using cdc::faults::Quiet;

template <typename Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

std::string Absolute(int folder, const char* path) {
  if (path == nullptr) return "";
  if (*path == '/') return path;
  char here[4096];
  std::string base =
      folder == AT_FDCWD ? (::getcwd(here, sizeof here) == nullptr ? "" : here) : PathOf(folder);
  return base + "/" + path;
}

/// The point of a call on a descriptor; `bytes`: what it sends, if it is a socket or pipe.
std::string PointOfFd(const char* operation, int fd, std::string_view bytes = {}) {
  const std::string path = PathOf(fd);
  return path.starts_with("socket:") || path.starts_with("pipe:") ? PointOfMessage(bytes)
                                                                  : PointOf(operation, path);
}

/// A send that fails is a connection that is broken. \return the errno of the failing call
int Break(int fd, int error) {
  const Quiet quiet;
  if (!PathOf(fd).starts_with("socket:")) return error;
  ::shutdown(fd, SHUT_RDWR);
  return ECONNRESET;
}

/// Makes the call unless it is to fail.
template <typename Result, typename Call>
Result Do(const std::string& point, Result failure, Call call) {
  const Passing passing = [&] {
    const Quiet quiet;
    return Pass(point);
  }();
  if (passing.error != 0) {
    errno = passing.error;
    return failure;
  }
  const Result result = call();
  passing.Done();
  return result;
}

/// The same for what writes `size` bytes: half of them where it is torn.
template <typename Call>
ssize_t DoWrite(int fd, const std::string& point, size_t size, Call call) {
  const Passing passing = [&] {
    const Quiet quiet;
    return Pass(point);
  }();
  if (passing.error != 0) {
    errno = Break(fd, passing.error);
    return -1;
  }
  const ssize_t result = call(passing.tear ? size / 2 : size);
  passing.Done();
  return result;
}

std::string Named(const char* operation, int folder, const char* path) {
  const Quiet quiet;
  return PointOf(operation, Absolute(folder, path));
}

std::string NamedFd(const char* operation, int fd, std::string_view bytes = {}) {
  const Quiet quiet;
  return PointOfFd(operation, fd, bytes);
}

std::string Gathered(const iovec* parts, int count) {
  constexpr size_t kEnough = 256;
  std::string bytes;
  for (int i = 0; i < count && bytes.size() < kEnough; ++i)
    bytes.append(static_cast<const char*>(parts[i].iov_base), std::min(parts[i].iov_len, kEnough));
  return bytes;
}

const char* OpenWord(int flags) { return (flags & O_CREAT) != 0 ? "create" : "open"; }

}  // namespace

extern "C" {

#define CDC_MODE(flags)                         \
  mode_t mode = 0;                              \
  if (((flags) & (O_CREAT | O_TMPFILE)) != 0) { \
    va_list more;                               \
    va_start(more, flags);                      \
    mode = va_arg(more, mode_t);                \
    va_end(more);                               \
  }

int open(const char* path, int flags, ...) {
  CDC_MODE(flags)
  static const auto next = Next<int(const char*, int, ...)>("open");
  if (!Active()) return next(path, flags, mode);
  return Do(Named(OpenWord(flags), AT_FDCWD, path), -1, [&] { return next(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
  CDC_MODE(flags)
  static const auto next = Next<int(const char*, int, ...)>("open64");
  if (!Active()) return next(path, flags, mode);
  return Do(Named(OpenWord(flags), AT_FDCWD, path), -1, [&] { return next(path, flags, mode); });
}

int openat(int folder, const char* path, int flags, ...) {
  CDC_MODE(flags)
  static const auto next = Next<int(int, const char*, int, ...)>("openat");
  if (!Active()) return next(folder, path, flags, mode);
  return Do(Named(OpenWord(flags), folder, path), -1, [&] { return next(folder, path, flags, mode); });
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto next = Next<ssize_t(int, const void*, size_t)>("write");
  if (!Active()) return next(fd, bytes, size);
  return DoWrite(fd, NamedFd("write", fd, {static_cast<const char*>(bytes), size}), size,
                 [&](size_t n) { return next(fd, bytes, n); });
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  static const auto next = Next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  if (!Active()) return next(fd, bytes, size, at);
  return DoWrite(fd, NamedFd("write", fd), size, [&](size_t n) { return next(fd, bytes, n, at); });
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
  static const auto next = Next<ssize_t(int, const void*, size_t, off64_t)>("pwrite64");
  if (!Active()) return next(fd, bytes, size, at);
  return DoWrite(fd, NamedFd("write", fd), size, [&](size_t n) { return next(fd, bytes, n, at); });
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto next = Next<ssize_t(int, const iovec*, int)>("writev");
  if (!Active()) return next(fd, parts, count);
  return Do(NamedFd("write", fd, Gathered(parts, count)), ssize_t{-1},
            [&] { return next(fd, parts, count); });
}

ssize_t pread(int fd, void* bytes, size_t size, off_t at) {
  static const auto next = Next<ssize_t(int, void*, size_t, off_t)>("pread");
  if (!Active()) return next(fd, bytes, size, at);
  return Do(NamedFd("read", fd), ssize_t{-1}, [&] { return next(fd, bytes, size, at); });
}

ssize_t pread64(int fd, void* bytes, size_t size, off64_t at) {
  static const auto next = Next<ssize_t(int, void*, size_t, off64_t)>("pread64");
  if (!Active()) return next(fd, bytes, size, at);
  return Do(NamedFd("read", fd), ssize_t{-1}, [&] { return next(fd, bytes, size, at); });
}

ssize_t read(int fd, void* bytes, size_t size) {
  static const auto next = Next<ssize_t(int, void*, size_t)>("read");
  if (!Active()) return next(fd, bytes, size);
  return Do(NamedFd("read", fd), ssize_t{-1}, [&] { return next(fd, bytes, size); });
}

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static const auto next = Next<ssize_t(int, const void*, size_t, int)>("send");
  if (!Active()) return next(fd, bytes, size, flags);
  return DoWrite(fd, NamedFd("send", fd, {static_cast<const char*>(bytes), size}), size,
                 [&](size_t n) { return next(fd, bytes, n, flags); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto next = Next<ssize_t(int, const msghdr*, int)>("sendmsg");
  if (!Active()) return next(fd, message, flags);
  return DoWrite(fd, NamedFd("send", fd, Gathered(message->msg_iov, static_cast<int>(message->msg_iovlen))),
                 0, [&](size_t) { return next(fd, message, flags); });
}

int fsync(int fd) {
  static const auto next = Next<int(int)>("fsync");
  return Active() ? Do(NamedFd("sync", fd), -1, [&] { return next(fd); }) : next(fd);
}

int fdatasync(int fd) {
  static const auto next = Next<int(int)>("fdatasync");
  return Active() ? Do(NamedFd("sync", fd), -1, [&] { return next(fd); }) : next(fd);
}

int ftruncate(int fd, off_t size) {
  static const auto next = Next<int(int, off_t)>("ftruncate");
  return Active() ? Do(NamedFd("truncate", fd), -1, [&] { return next(fd, size); }) : next(fd, size);
}

int ftruncate64(int fd, off64_t size) {
  static const auto next = Next<int(int, off64_t)>("ftruncate64");
  return Active() ? Do(NamedFd("truncate", fd), -1, [&] { return next(fd, size); }) : next(fd, size);
}

int posix_fallocate(int fd, off_t at, off_t size) {
  static const auto next = Next<int(int, off_t, off_t)>("posix_fallocate");
  if (!Active()) return next(fd, at, size);
  const int failed = Do(NamedFd("allocate", fd), -1, [&] { return next(fd, at, size); });
  return failed == -1 ? errno : failed;
}

void* mmap(void* wanted, size_t size, int rights, int flags, int fd, off_t at) {
  static const auto next = Next<void*(void*, size_t, int, int, int, off_t)>("mmap");
  if (fd < 0 || (flags & MAP_SHARED) == 0 || !Active()) return next(wanted, size, rights, flags, fd, at);
  return Do(NamedFd("map", fd), MAP_FAILED, [&] { return next(wanted, size, rights, flags, fd, at); });
}

int msync(void* from, size_t size, int flags) {
  static const auto next = Next<int(void*, size_t, int)>("msync");
  return Active() ? Do(std::string("sync mapped memory"), -1, [&] { return next(from, size, flags); })
                  : next(from, size, flags);
}

int rename(const char* from, const char* to) {
  static const auto next = Next<int(const char*, const char*)>("rename");
  return Active() ? Do(Named("rename", AT_FDCWD, to), -1, [&] { return next(from, to); }) : next(from, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to, unsigned flags) {
  static const auto next = Next<int(int, const char*, int, const char*, unsigned)>("renameat2");
  if (!Active()) return next(from_folder, from, to_folder, to, flags);
  return Do(Named("rename", to_folder, to), -1,
            [&] { return next(from_folder, from, to_folder, to, flags); });
}

int link(const char* from, const char* to) {
  static const auto next = Next<int(const char*, const char*)>("link");
  return Active() ? Do(Named("link", AT_FDCWD, to), -1, [&] { return next(from, to); }) : next(from, to);
}

int unlink(const char* path) {
  static const auto next = Next<int(const char*)>("unlink");
  return Active() ? Do(Named("delete", AT_FDCWD, path), -1, [&] { return next(path); }) : next(path);
}

int remove(const char* path) {
  static const auto next = Next<int(const char*)>("remove");
  return Active() ? Do(Named("delete", AT_FDCWD, path), -1, [&] { return next(path); }) : next(path);
}

int mkdir(const char* path, mode_t mode) {
  static const auto next = Next<int(const char*, mode_t)>("mkdir");
  return Active() ? Do(Named("mkdir", AT_FDCWD, path), -1, [&] { return next(path, mode); })
                  : next(path, mode);
}

}  // extern "C"
