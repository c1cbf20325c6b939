#include "jobs/source/column_names.h"

#include <catch2/catch_test_macros.hpp>

#include "jobs/source/table_shape.h"
#include "tests/support/result_printing.h"

namespace cdc::source {
namespace {

const std::string kEntry = "t";
const std::string kIngestion(kIngestionTime), kOp(kOperation);

event::SourceColumn Column(const std::string& name, const std::string& target = "",
                           const char* type = "text") {
  event::SourceColumn column = *event::ColumnOfPgType(name, type, {}, true);
  column.target = target;
  return column;
}

rows::Schema Table(const std::vector<event::SourceColumn>& columns, const std::vector<OwnColumn>& own) {
  return *NewTableSchema(columns, {}, own, {});
}

Status Check(const std::vector<event::SourceColumn>& columns, const OwnNames& own = {},
             const rows::Schema* table = nullptr, const std::vector<rows::Field>& derived = {}) {
  return CheckNames({columns, own, derived, table, kEntry});
}

bool Says(const Status& status, const std::string& text) {
  return !status && (status.error().message + "\n" + status.error().hint).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("names that differ are no matter, whatever is in them") {
  CHECK(Check({Column("a"), Column("b"), Column("a.b"), Column("a b"), Column("ı"), Column("i")},
              {{kIngestion, "ingestion_time"}}));
}

TEST_CASE("two of the source's columns must not differ only in case") {
  for (const auto& [first, second] : std::vector<std::pair<const char*, const char*>>{
           {"v", "V"}, {"größe", "GRÖßE"}, {"имя", "Имя"}, {"Σ", "ς"}}) {
    const Status refused = Check({Column(first), Column(second)});
    INFO(first);
    CHECK(Says(refused, "differ only in case"));
    CHECK(Says(refused, std::string("\"") + second + "\" = { name = "));
    CHECK(refused.error().kind == ErrorKind::kUnsupported);
  }
  CHECK(Check({Column("v"), Column("V", "v_upper")}));
  CHECK(Says(Check({Column("v"), Column("w", "v")}), "have one name"));
  CHECK(Says(Check({Column("v"), Column("w", "V")}), "differ only in case"));
}

TEST_CASE("the source's columns keep away from the worker's and the job's, also in case") {
  const OwnNames own = {{kIngestion, "ingestion_time"}, {kOp, "_cdc_operation"}};
  for (const char* name : {"ingestion_time", "Ingestion_Time", "_cdc_operation", "_CDC_OPERATION"}) {
    const Status refused = Check({Column("a"), Column(name)}, own);
    INFO(name);
    CHECK(Says(refused, name));
    CHECK(Says(refused, "metadata_columns = [{ name = "));
    CHECK(Says(refused, std::string("\"") + name + "\" = { name = \"source_"));
  }
  CHECK(Check({Column("ingestion_time", "source_time")}, own));
  rows::Field derived;
  derived.name = "full_name";
  CHECK(Says(Check({Column("Full_Name")}, {}, nullptr, {derived}), "the job's own column 'full_name'"));
  CHECK(Says(Check({}, {{kIngestion, "FULL_name"}}, nullptr, {derived}), "differ only in case"));
}

TEST_CASE("a list's elements have a name, too") {
  CHECK(Says(Check({Column("tags", "", "int[]"), Column("tags.element")}), "the elements of list 'tags'"));
  CHECK(Check({Column("tags"), Column("tags.element")}));
}

TEST_CASE(
    "a new column must not differ only in case from one that the table has, dropped at the source or not") {
  const rows::Schema table = Table({Column("id"), Column("v")}, {});
  CHECK(Check({Column("id"), Column("v")}, {}, &table));
  CHECK(Check({Column("id")}, {}, &table));
  const Status refused = Check({Column("id"), Column("V")}, {}, &table);
  CHECK(Says(refused, "differ only in case"));
  CHECK(Says(refused, "\"V\" = { name = \"v\" } goes on in the same column"));
  CHECK(Check({Column("id"), Column("V", "v")}, {}, &table));
  CHECK(Check({Column("id"), Column("V", "v_2")}, {}, &table));
}

TEST_CASE("the worker's column is renamed where it is known as the worker's, and added where there is none") {
  const rows::Schema table = Table({Column("id")}, {{"ingestion_time", kIngestion}});
  const OwnNames noted = {{kIngestion, "ingestion_time"}};

  auto plan = PlanOwnColumns(table, {{"ingestion_time", kIngestion}}, noted, kEntry);
  REQUIRE(plan);
  CHECK(plan->changes.empty());
  CHECK(plan->names == noted);

  plan = PlanOwnColumns(table, {{"_at", kIngestion}, {"kind", kOp}}, noted, kEntry);
  REQUIRE(plan);
  CHECK(plan->changes.renames == std::vector<std::pair<std::string, std::string>>{{"ingestion_time", "_at"}});
  REQUIRE(plan->changes.additions.size() == 1);
  CHECK(plan->changes.additions[0].name == "kind");
  CHECK(plan->names == OwnNames{{kIngestion, "_at"}, {kOp, "kind"}});

  plan = PlanOwnColumns(table, {}, noted, kEntry);
  REQUIRE(plan);
  CHECK(plan->changes.empty());
  CHECK(plan->names == noted);  // nobody else's, though it is not wanted any more
}

TEST_CASE("the worker takes no column that is the source's, also not one that differs only in case") {
  const rows::Schema table = Table({Column("id"), Column("ingestion_time", "", "timestamptz")}, {});
  const auto refused = PlanOwnColumns(table, {{"ingestion_time", kIngestion}}, OwnNames(), kEntry);
  CHECK(Says(Status(refused.error()), "has the name of"));
  CHECK(Says(Status(refused.error()), "metadata_columns = [{ name = "));
  CHECK_FALSE(PlanOwnColumns(table, {{"ID", kIngestion}}, OwnNames(), kEntry));
  CHECK(PlanOwnColumns(table, {{"_at", kIngestion}}, OwnNames(), kEntry)->changes.additions.size() == 1);
}

TEST_CASE(
    "in a table made before it was noted, the configured name says whose a column is, and no other does") {
  const rows::Schema table = Table({Column("id")}, {{"ingestion_time", kIngestion}});
  const auto plan = PlanOwnColumns(table, {{"ingestion_time", kIngestion}}, std::nullopt, kEntry);
  REQUIRE(plan);
  CHECK(plan->changes.empty());
  CHECK(plan->names == OwnNames{{kIngestion, "ingestion_time"}});
  const auto unknown = PlanOwnColumns(table, {{"_at", kIngestion}}, std::nullopt, kEntry);
  CHECK(Says(Status(unknown.error()), "RENAME COLUMN ingestion_time TO _at"));
  // Of another type, so it cannot be the worker's.
  const rows::Schema other = Table({Column("id"), Column("ingestion_time")}, {});
  CHECK(PlanOwnColumns(other, {{"_at", kIngestion}}, std::nullopt, kEntry));
  CHECK_FALSE(PlanOwnColumns(other, {{"ingestion_time", kIngestion}}, std::nullopt, kEntry));
}

}  // namespace cdc::source
