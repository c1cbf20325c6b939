#pragma once

/// \file tests/unit/expression/expression_fixture.h
/// Small schemas and batches for the tests of lib/expression.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "lib/expression/compile.h"
#include "lib/rows/cast.h"

namespace cdc::expression {

/// a, b: integer; m: numeric(10,2); t, u: text; f: boolean; id: bigint, required; tags: text[]; "Name".
inline std::shared_ptr<const rows::Schema> TestSchema() {
  using rows::Type;
  using rows::TypeKind;
  auto schema = std::make_shared<rows::Schema>();
  const auto add = [&](const char* name, Type type, bool required = false) {
    schema->fields.push_back({0, 0, name, required, type});
  };
  add("a", Type::Of(TypeKind::kInt));
  add("b", Type::Of(TypeKind::kInt));
  add("m", Type::Decimal(10, 2));
  add("t", Type::Of(TypeKind::kString));
  add("u", Type::Of(TypeKind::kString));
  add("f", Type::Of(TypeKind::kBoolean));
  add("id", Type::Of(TypeKind::kLong), true);
  add("tags", Type::ListOf(Type::Of(TypeKind::kString)));
  add("Name", Type::Of(TypeKind::kString));
  return schema;
}

/// A row's cells as texts; "unsent" and "null" are none.
inline void AppendRow(const std::vector<std::string>& cells, rows::Batch* batch) {
  REQUIRE(cells.size() == batch->column_count());
  for (size_t i = 0; i < cells.size(); ++i) {
    rows::Column& column = batch->column(i);
    if (cells[i] == "null") {
      column.AppendNull();
    } else if (cells[i] == "unsent") {
      column.AppendUnavailable();
    } else if (column.type().kind == rows::TypeKind::kList) {
      column.BeginList().AppendBytes(cells[i]);
      column.EndList();
    } else {
      rows::Column text(rows::Type::Of(rows::TypeKind::kString));
      text.AppendBytes(cells[i]);
      REQUIRE(rows::CastCell(text, 0, &column));
    }
  }
}

struct Outcome {
  std::vector<std::string> cells;  ///< "unsent", "null", or the value's text
  std::vector<RowError> errors;
};

inline Outcome Run(Program* program, const rows::Batch& batch, const Context& context = {}) {
  Outcome outcome;
  rows::Column out(program->type());
  program->Run(batch, 0, batch.rows(), context, &out, &outcome.errors);
  for (uint32_t row = 0; row < out.size(); ++row) {
    outcome.cells.push_back(out.cell(row) == rows::Cell::kUnavailable ? "unsent" : rows::CellText(out, row));
  }
  return outcome;
}

/// Of a batch with one row of a, b, t, u and f.
inline Outcome RunOne(const std::string& expression, const std::string& a, const std::string& b,
                      const std::string& t, const std::string& u, const std::string& f) {
  rows::Batch batch(TestSchema());
  AppendRow({a, b, "1.50", t, u, f, "1", "x", "y"}, &batch);
  auto program = Compile(expression, batch.schema(), ContextFunctions::All());
  INFO(expression);
  if (!program) FAIL(program.error().message);
  return Run(&*program, batch);
}

/// The error of an expression that is none.
inline Error Refused(const std::string& expression, ContextFunctions available = ContextFunctions::All()) {
  auto program = Compile(expression, *TestSchema(), available);
  INFO(expression);
  REQUIRE(program.has_error());
  CHECK(program.error().kind == ErrorKind::kInvalidConfig);
  return program.error();
}

}  // namespace cdc::expression
