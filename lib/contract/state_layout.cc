#include "lib/contract/state_layout.h"

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
