#include "lib/contract/state_layout.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "lib/contract/names.h"

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

Status PrepareStateFolder(const std::filesystem::path& state_dir) {
  const std::string way = "make it a folder of this user's alone (chmod 700), or set another [orchestrator] state_dir";
  std::error_code failed;
  std::filesystem::create_directories(state_dir.parent_path(), failed);
  if (::mkdir(state_dir.c_str(), 0700) != 0 && errno != EEXIST)
    return Error{ErrorKind::kInvalidConfig, fmt::format("make folder {}: {}", state_dir.string(), std::strerror(errno)), way};
  struct stat now {};
  if (::stat(state_dir.c_str(), &now) != 0 || !S_ISDIR(now.st_mode))
    return Error{ErrorKind::kInvalidConfig, fmt::format("{} is not a folder", state_dir.string()), way};
  if ((now.st_mode & 077) == 0 || ::chmod(state_dir.c_str(), now.st_mode & 0700) == 0) return {};
  return Error{ErrorKind::kInvalidConfig,
               fmt::format("others may read {}, and its mode cannot be changed: {}", state_dir.string(), std::strerror(errno)),
               way};
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
