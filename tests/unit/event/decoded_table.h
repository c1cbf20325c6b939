#pragma once

/// \file tests/unit/event/decoded_table.h
/// A row decoder and the batch it fills.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/event/pg_type.h"
#include "lib/event/row_decoder.h"

namespace cdc::event {

using Declared = std::vector<std::pair<std::string, std::string>>;

struct DecodedTable {
  explicit DecodedTable(std::vector<SourceColumn> source,
                        std::string_view mark = Handling{}.unavailable_placeholder)
      : placeholder(mark) {
    auto fields = std::make_shared<rows::Schema>();
    for (const SourceColumn& column : source) {
      rows::Field field;
      field.name = column.name;
      field.type = column.type;
      fields->fields.push_back(field);
    }
    schema = fields;
    batch = std::make_unique<rows::Batch>(schema);
    decoder = std::make_unique<RowDecoder>(std::move(source), *schema, &placeholder);
  }
  /// Columns declared in PostgreSQL's words.
  explicit DecodedTable(const Declared& columns, const Handling& handling = {})
      : DecodedTable(Columns(columns, handling), handling.unavailable_placeholder) {}

  static std::vector<SourceColumn> Columns(const Declared& columns, const Handling& handling) {
    std::vector<SourceColumn> source;
    for (const auto& [name, words] : columns) source.push_back(*ColumnOfPgType(name, words, handling, true));
    return source;
  }

  RowOutcome Decode(std::string_view json) { return decoder->Decode(json, batch.get()); }
  rows::Column& column(size_t i) { return batch->column(i); }
  const std::string& error() const { return decoder->error(); }

  Placeholder placeholder;
  std::shared_ptr<const rows::Schema> schema;
  std::unique_ptr<rows::Batch> batch;
  std::unique_ptr<RowDecoder> decoder;
};

}  // namespace cdc::event
