#include "lib/contract/state_layout.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "lib/contract/names.h"
#include "lib/core/system_error.h"

namespace cdc::contract {
namespace {

constexpr const char* kNameFile = "source-table";

}  // namespace

std::filesystem::path StateLayout::table_lock(std::string_view table) const {
  return locks() / (FileKey(table) + ".lock");
}
std::filesystem::path StateLayout::table_index(std::string_view table) const {
  return root_ / "index" / FileKey(table);
}
std::filesystem::path StateLayout::table_log(std::string_view table) const {
  return logs() / (FileKey(table) + ".log");
}

namespace {

/// Of a call that set errno.
Error FolderError(const std::string& what, int error, const std::string& way) {
  const ErrorKind kind = MayPass(error) ? ErrorKind::kTransient : ErrorKind::kInvalidConfig;
  return Error{kind, fmt::format("{}: {}", what, std::strerror(error)), MayPass(error) ? "check its disk" : way};
}

}  // namespace

Status PrepareStateFolder(const std::filesystem::path& state_dir) {
  const std::string way =
      "make it a folder of this user's alone (chmod 700), or set another [orchestrator] state_dir";
  const std::string name = state_dir.string();
  std::error_code failed;
  std::filesystem::create_directories(state_dir.parent_path(), failed);
  if (::mkdir(state_dir.c_str(), 0700) != 0 && errno != EEXIST)
    return FolderError(fmt::format("make folder {}", name), errno, way);
  struct stat now {};
  if (::stat(state_dir.c_str(), &now) != 0) return FolderError(fmt::format("look at folder {}", name), errno, way);
  if (!S_ISDIR(now.st_mode)) return Error{ErrorKind::kInvalidConfig, fmt::format("{} is not a folder", name), way};
  if ((now.st_mode & 077) == 0 || ::chmod(state_dir.c_str(), now.st_mode & 0700) == 0) return {};
  return FolderError(fmt::format("others may read {}, and its mode cannot be changed", name), errno, way);
}

std::string NotedName(const std::filesystem::path& table_index) {
  std::string name;
  std::getline(std::ifstream(table_index / kNameFile), name);
  return name;
}

void NoteName(const std::filesystem::path& table_index, std::string_view name) {
  std::error_code ignored;
  std::filesystem::create_directories(table_index, ignored);
  std::ofstream(table_index / kNameFile) << name << '\n';
}

}  // namespace cdc::contract
