#include "lib/verify/row_text.h"

#include <fmt/format.h>

#include "lib/verify/sql_text.h"

namespace cdc::verify {

std::string ColumnSql(const ComparedColumn& column, bool target) {
  return WithColumn(target ? column.target_sql : column.source_sql,
                    QuotedName(target ? column.target : column.name));
}

std::string HashSql(const std::vector<ComparedColumn>& columns, const std::vector<int>* positions,
                    bool target, int64_t seed) {
  std::string list;
  const auto add = [&](const ComparedColumn& column) {
    if (!list.empty()) list += ", ";
    list += ColumnSql(column, target);
  };
  if (positions == nullptr) {
    for (const ComparedColumn& column : columns) add(column);
  } else {
    for (const int at : *positions) add(columns[static_cast<size_t>(at)]);
  }
  return fmt::format("hashtextextended(ARRAY[{}]::text COLLATE \"C\", {})", list, seed);
}

std::string_view RowText::Of(const rows::Batch& batch, uint32_t row, const std::vector<int>* positions) {
  text_ = "{";
  if (positions == nullptr) {
    for (size_t i = 0; i < batch.column_count(); ++i) Append(batch, row, i);
  } else {
    for (const int at : *positions) Append(batch, row, static_cast<size_t>(at));
  }
  return text_ += '}';
}

void RowText::Append(const rows::Batch& batch, uint32_t row, size_t column) {
  if (text_.size() > 1) text_ += ',';
  cell_.clear();
  if (AppendCellText(batch.column(column), row, forms_[column], &cell_))
    AppendElement(cell_, &text_);
  else
    text_ += "NULL";
}

}  // namespace cdc::verify
