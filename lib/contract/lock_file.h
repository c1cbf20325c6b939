#pragma once

/// \file lib/contract/lock_file.h
/// "At most one": a file locked for the life of its holder. The kernel releases it however the process ends,
/// so that there is never a stale lock to clean up.

#include <filesystem>

#include "lib/core/result.h"

namespace cdc::contract {

/// An advisory lock (flock) on an open file with O_CLOEXEC, holding this process's id as text. Not inherited
/// by programs started with exec. Movable; released when destroyed. The file stays.
class LockFile {
 public:
  /// Makes the file and its folder when absent. Waits at most 10 ms.
  /// \return kConflict: held by another process, whose pid the message names if known.
  ///         kInvalidConfig: the file cannot be made or written; the hint says what to change.
  ///         kTransient: the system's limits (descriptors, locks).
  static Result<LockFile> TryAcquire(const std::filesystem::path& path);

  /// Pid written by the present holder; 0: nobody holds the lock, or its holder has not written it yet.
  static int Holder(const std::filesystem::path& path);

  /// Whether `path` is another file by now, or none: somebody deleted it, and others lock a new one.
  bool LostTo(const std::filesystem::path& path) const;

  LockFile(LockFile&& other) noexcept;
  LockFile& operator=(LockFile&& other) noexcept;
  ~LockFile();

 private:
  explicit LockFile(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace cdc::contract
