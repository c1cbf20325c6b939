#include "lib/config/soft_marks.h"

#include "lib/config/row_reader_internal.h"
#include "lib/contract/checkpoint_row.h"

namespace cdc::config {

SoftMarks MarksOf(const Table& table) {
  for (const SelectedColumn& column : table.select.value_or(std::vector<SelectedColumn>())) {
    if (IsCallOf(column.expression, "op")) return {column.name, "d", ""};
    if (IsCallOf(column.expression, "operation")) return {column.name, "DELETE", ""};
  }
  const std::string time = table.select ? "" : contract::checkpoint::kSoftTime;
  for (const MetadataColumn& column : table.metadata_columns) {
    if (IsCallOf(column.value, "op")) return {column.name, "d", time};
  }
  return {contract::checkpoint::kSoftOperation, "d", time};
}

}  // namespace cdc::config
