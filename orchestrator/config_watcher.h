#pragma once

/// \file orchestrator/config_watcher.h
/// Notices that tables.toml was changed, however it was: written in place, or another file renamed over it.

#include <cstdint>
#include <filesystem>
#include <tuple>

namespace cdc::orchestrator {

/// Asked twice a second by the event loop: one stat(2), no descriptor, right also on network file systems,
/// where inotify is silent.
class ConfigWatcher {
 public:
  /// What `file` is like now counts as known.
  explicit ConfigWatcher(std::filesystem::path file);
  /// It is another one than at the last call. An absent file is no change: it is being replaced.
  bool Changed();

 private:
  /// Inode, size, modification time in nanoseconds.
  using Stamp = std::tuple<uint64_t, int64_t, int64_t>;
  static Stamp Look(const std::filesystem::path& file);

  std::filesystem::path file_;
  Stamp stamp_;
};

}  // namespace cdc::orchestrator
