#include "lib/contract/state_layout.h"

#include "lib/contract/names.h"

namespace cdc::contract {

std::filesystem::path StateLayout::table_lock(std::string_view table) const {
  return locks() / (FileKey(table) + ".lock");
}
std::filesystem::path StateLayout::table_index(std::string_view table) const {
  return root_ / "index" / FileKey(table);
}
std::filesystem::path StateLayout::table_log(std::string_view table) const {
  return logs() / (FileKey(table) + ".log");
}

}  // namespace cdc::contract
