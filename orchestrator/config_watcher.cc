#include "orchestrator/config_watcher.h"

#include <utility>

#include <sys/stat.h>

namespace cdc::orchestrator {

ConfigWatcher::ConfigWatcher(std::filesystem::path file) : file_(std::move(file)), stamp_(Look(file_)) {}

ConfigWatcher::Stamp ConfigWatcher::Look(const std::filesystem::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return {};
  return {info.st_ino, info.st_size, info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec};
}

bool ConfigWatcher::Changed() {
  Stamp now = Look(file_);
  if (now == Stamp{} || now == stamp_) return false;
  stamp_ = now;
  return true;
}

}  // namespace cdc::orchestrator
