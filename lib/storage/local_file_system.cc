#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "lib/storage/file_system.h"

namespace cdc::storage {
namespace {

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Error ErrnoError(int cause, std::string_view attempted, const std::string& path) {
  const std::string message = fmt::format("{} {}: {}", attempted, path, std::strerror(cause));
  switch (cause) {
    case ENOENT: return Error{ErrorKind::kNotFound, message};
    case EEXIST: return Error{ErrorKind::kConflict, message};
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
      return Error{
          ErrorKind::kInvalidConfig, message,
          fmt::format("the warehouse and its folders must be writable by this user: ls -ld {}", path)};
    case ENOSPC:
    case EDQUOT:
      // Of the folder: the file is gone by the time somebody looks.
      return Error{ErrorKind::kTransient, message, fmt::format("make room: df -h {}", FolderOf(path))};
    default: return Error{ErrorKind::kTransient, message};
  }
}

/// "file:///a/b" and "file:/a/b" → "/a/b".
std::string PlainPath(const std::string& path) {
  if (path.rfind("file://", 0) == 0) return path.substr(7);
  if (path.rfind("file:/", 0) == 0) return path.substr(5);
  return path;
}

/// A file descriptor that is closed when dropped.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  /// 0 or errno.
  int Close() { return ::close(std::exchange(fd_, -1)) == 0 ? 0 : errno; }

 private:
  int fd_;
};

Status SyncFolder(const std::string& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return ErrnoError(errno, "opening the folder", folder);
  if (::fsync(fd.get()) != 0) return ErrnoError(errno, "flushing the folder", folder);
  return {};
}

/// Makes `folder` and its parents; each new one is durable in its parent.
Status MakeFolders(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0) return SyncFolder(FolderOf(folder));
  const int cause = errno;
  struct stat info {};
  if (cause == EEXIST || ::stat(folder.c_str(), &info) == 0) {
    if (::stat(folder.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
    return ErrnoError(ENOTDIR, "making the folder", folder);
  }
  if (cause != ENOENT || FolderOf(folder) == folder) return ErrnoError(cause, "making the folder", folder);
  CDC_TRY(MakeFolders(FolderOf(folder)));
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
    return ErrnoError(errno, "making the folder", folder);
  return SyncFolder(FolderOf(folder));
}

/// So much is written before the kernel is asked to begin with putting it on the disk, so that the flush at
/// the end of a large file has little left to wait for. Small ones are left alone: theirs is cheaper in one
/// go.
constexpr int64_t kWriteBack = 4 << 20;

/// Writes to "<folder>/.<name>.<pid>-<n>.tmp" and links it to its name when it is complete.
class LocalWriter final : public Writer {
 public:
  LocalWriter(std::string path, std::string temporary, Descriptor fd)
      : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}
  ~LocalWriter() override { Discard(); }

  Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return ErrnoError(errno, "writing", path_);
      bytes.remove_prefix(static_cast<size_t>(written));
      written_ += written;
    }
    if (written_ - begun_ >= kWriteBack) {
      // A hint: where it fails there is the flush.
      (void)::sync_file_range(fd_.get(), begun_, written_ - begun_, SYNC_FILE_RANGE_WRITE);
      begun_ = written_;
    }
    return {};
  }

  Status Close() override {
    if (::fsync(fd_.get()) != 0) return ErrnoError(errno, "flushing", path_);
    if (const int cause = fd_.Close(); cause != 0) return ErrnoError(cause, "closing", path_);
    // link() refuses an existing name where rename() would replace it.
    if (::link(temporary_.c_str(), path_.c_str()) != 0) {
      const int cause = errno;
      if (cause != EPERM && cause != EOPNOTSUPP && cause != EMLINK)
        return ErrnoError(cause, "creating", path_);
      // A file system without hard links.
      if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) {
        return ErrnoError(errno, "creating", path_);
      }
    }
    Discard();
    return SyncFolder(FolderOf(path_));
  }

 private:
  void Discard() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
    temporary_.clear();
  }

  std::string path_;
  std::string temporary_;
  Descriptor fd_;
  int64_t written_ = 0, begun_ = 0;  // bytes written, and those that the kernel has been asked to put on disk
};

class LocalReader final : public Reader {
 public:
  LocalReader(std::string path, Descriptor fd, int64_t size)
      : path_(std::move(path)), fd_(std::move(fd)), size_(size) {}

  int64_t size() const override { return size_; }

  Status ReadAt(int64_t offset, size_t size, char* out) const override {
    while (size > 0) {
      const ssize_t got = ::pread(fd_.get(), out, size, offset);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return ErrnoError(errno, "reading", path_);
      if (got == 0) {
        return Error{ErrorKind::kCorrupt, fmt::format("reading {}: it ends at {}, before byte {}", path_,
                                                      size_, offset + static_cast<int64_t>(size))};
      }
      out += got;
      offset += got;
      size -= static_cast<size_t>(got);
    }
    return {};
  }

 private:
  std::string path_;
  Descriptor fd_;
  int64_t size_;
};

Status ListInto(const std::string& folder, std::vector<FileInfo>* out) {
  DIR* open = ::opendir(folder.c_str());
  if (open == nullptr) {
    if (errno == ENOENT) return {};
    return ErrnoError(errno, "listing", folder);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(open, ::closedir);
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) return errno == 0 ? Status{} : Status(ErrnoError(errno, "listing", folder));
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string path = folder + "/" + std::string(name);
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      if (errno == ENOENT) continue;  // deleted meanwhile
      return ErrnoError(errno, "listing", path);
    }
    if (S_ISDIR(info.st_mode)) {
      CDC_TRY(ListInto(path, out));
    } else if (S_ISREG(info.st_mode)) {
      const int64_t modified = int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
      out->push_back({path, info.st_size, modified});
    }
  }
}

class LocalFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<Writer>> Create(const std::string& given) override {
    static std::atomic<uint64_t> counter{0};
    const std::string path = PlainPath(given);
    const std::string folder = FolderOf(path);
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) return ErrnoError(EEXIST, "creating", path);
    const std::string temporary =
        fmt::format("{}/.{}.{}-{}.tmp", folder, path.substr(path.rfind('/') + 1), ::getpid(), counter++);
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    Descriptor fd(::open(temporary.c_str(), kFlags, 0666));
    if (fd.get() < 0 && errno == ENOENT) {
      CDC_TRY(MakeFolders(folder));
      fd = Descriptor(::open(temporary.c_str(), kFlags, 0666));
    }
    if (fd.get() < 0) return ErrnoError(errno, "creating", path);
    return std::unique_ptr<Writer>(std::make_unique<LocalWriter>(path, temporary, std::move(fd)));
  }

  Result<std::unique_ptr<Reader>> Open(const std::string& given) override {
    const std::string path = PlainPath(given);
    Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return ErrnoError(errno, "opening", path);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return ErrnoError(errno, "opening", path);
    return std::unique_ptr<Reader>(std::make_unique<LocalReader>(path, std::move(fd), info.st_size));
  }

  Status Delete(const std::string& given) override {
    const std::string path = PlainPath(given);
    if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
    return ErrnoError(errno, "deleting", path);
  }

  Result<std::vector<FileInfo>> List(const std::string& given) override {
    std::string folder = PlainPath(given);
    while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
    std::vector<FileInfo> found;
    CDC_TRY(ListInto(folder, &found));
    const std::string scheme = given.substr(0, given.size() - PlainPath(given).size());
    for (FileInfo& info : found) info.path = scheme + info.path;
    return found;
  }
};

}  // namespace

std::unique_ptr<FileSystem> MakeLocalFileSystem() { return std::make_unique<LocalFileSystem>(); }

}  // namespace cdc::storage
