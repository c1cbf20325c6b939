#include "lib/change/retyped.h"

#include <fmt/format.h>

namespace cdc::change {

std::string ToString(const std::vector<Retyped>& columns) {
  std::string text;
  for (const Retyped& each : columns) {
    text += fmt::format("{}'{}' from {} to {}", text.empty() ? "" : ", ", each.name,
                        rows::ToString(each.from), rows::ToString(each.to));
  }
  return text;
}

std::string SnapshotAnew(const std::string& entry) {
  return fmt::format(
      "have Debezium send a snapshot of the table with its new type, delete the older records of its topic "
      "(kafka-delete-records), then `cdc reset {} --yes`",
      entry);
}

}  // namespace cdc::change
