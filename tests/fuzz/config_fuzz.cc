/// What an operator writes: tables.toml, and the expressions in it.

#include <memory>

#include "lib/config/config.h"
#include "lib/config/table_names.h"
#include "lib/expression/compile.h"
#include "lib/rows/cast.h"
#include "tests/fuzz/target.h"

namespace cdc {
namespace {

std::shared_ptr<const rows::Schema> SampleSchema() {
  using rows::Type;
  using rows::TypeKind;
  auto schema = std::make_shared<rows::Schema>();
  const auto add = [&](const char* name, Type type) {
    schema->fields.push_back({static_cast<int>(schema->fields.size()) + 1, 0, name, false, type});
  };
  add("a", Type::Of(TypeKind::kInt));
  add("b", Type::Of(TypeKind::kLong));
  add("m", Type::Decimal(10, 2));
  add("t", Type::Of(TypeKind::kString));
  add("f", Type::Of(TypeKind::kBoolean));
  add("d", Type::Of(TypeKind::kDouble));
  add("day", Type::Of(TypeKind::kDate));
  add("at", Type::Of(TypeKind::kTimestamptz));
  add("u", Type::Of(TypeKind::kUuid));
  return schema;
}

/// Rows of nothing, of the least, and of odd values.
rows::Batch SampleRows(const std::shared_ptr<const rows::Schema>& schema) {
  rows::Batch batch(schema);
  const char* const kRows[][9] = {
      {"0", "-9223372036854775808", "0.00", "", "f", "0", "1970-01-01", "1970-01-01 00:00:00+00",
       "00000000-0000-0000-0000-000000000000"},
      {"-2147483648", "9223372036854775807", "-99999999.99", "Ünïcode \xF0\x9F\x98\x80", "t", "1e308",
       "2024-02-29", "2024-02-29 23:59:59.999999+00", "ffffffff-ffff-ffff-ffff-ffffffffffff"}};
  for (const auto& row : kRows) {
    for (size_t i = 0; i < batch.column_count(); ++i) {
      rows::Column text(rows::Type::Of(rows::TypeKind::kString));
      text.AppendBytes(row[i]);
      if (!rows::CastCell(text, 0, &batch.column(i))) batch.column(i).AppendNull();
    }
  }
  for (size_t i = 0; i < batch.column_count(); ++i) batch.column(i).AppendNull();
  for (size_t i = 0; i < batch.column_count(); ++i) batch.column(i).AppendUnavailable();
  return batch;
}

}  // namespace

FUZZ_TARGET(config) {
  config::Problems problems;
  const auto parsed = config::Parse(bytes, "/nowhere/tables.toml", &problems);
  fuzz::Require(parsed.has_value() == problems.empty(), "a configuration has problems or is one");
  if (!parsed) return;
  for (const config::Table& table : (*parsed)->tables) {
    const auto found = (*parsed)->FindTable(table.name);
    fuzz::Require(found && *found == table, "a listed table is found as it is");
    for (const std::string& topic : table.topics) (void)(*parsed)->TablesOfTopic(topic);
  }
  const auto again = config::Parse(bytes, "/nowhere/tables.toml");
  fuzz::Require(again && (*again)->tables == (*parsed)->tables, "a configuration is read the same twice");
}

FUZZ_TARGET(expression) {
  static const auto schema = SampleSchema();
  static const rows::Batch batch = SampleRows(schema);
  auto program = expression::Compile(bytes, *schema, expression::ContextFunctions::All());
  if (!program) {
    fuzz::Require(!program.error().message.empty(), "what is refused has a reason");
    return;
  }
  rows::Column out(program->type());
  std::vector<expression::RowError> errors;
  program->Run(batch, 0, batch.rows(), {}, &out, &errors);
  fuzz::Require(out.size() == batch.rows(), "an expression gives a cell for each row");
}

}  // namespace cdc
