#include "lib/delta/file_stats.h"

#include <catch2/catch_test_macros.hpp>
#include <nlohmann/json.hpp>

#include "lib/iceberg/value.h"

namespace cdc::delta {

TEST_CASE("statistics have what every reader spells alike") {
  rows::Schema schema;
  schema.fields = {{1, 0, "id", false, rows::Type::Of(rows::TypeKind::kLong)},
                   {2, 0, "day", false, rows::Type::Of(rows::TypeKind::kDate)},
                   {3, 0, "name", false, rows::Type::Of(rows::TypeKind::kString)},
                   {4, 0, "at", false, rows::Type::Of(rows::TypeKind::kTimestamp)},
                   {5, 6, "list", false, rows::Type::ListOf(rows::Type::Of(rows::TypeKind::kInt))}};
  iceberg::DataFile file;
  file.record_count = 9;
  file.null_value_counts = {{1, 0}, {2, 1}, {3, 2}, {4, 3}, {6, 4}};
  file.lower_bounds = {{1, iceberg::SerializeLong(-5)},
                       {2, iceberg::SerializeInt(-1)},
                       {3, "a"},
                       {4, iceberg::SerializeLong(1)}};
  file.upper_bounds = {{1, iceberg::SerializeLong(1LL << 40)},
                       {2, iceberg::SerializeInt(19'782)},
                       {3, "ü"},
                       {4, iceberg::SerializeLong(2)}};
  const std::string stats = StatsOf(file, schema);
  CHECK(nlohmann::json::parse(stats) == nlohmann::json::parse(R"({"numRecords":9,"tightBounds":true,
          "minValues":{"id":-5,"day":"1969-12-31","name":"a"},
          "maxValues":{"id":1099511627776,"day":"2024-02-29","name":"ü"},
          "nullCount":{"id":0,"day":1,"name":2,"at":3}})"));
  CHECK(RecordsIn(stats) == 9);
  CHECK(nlohmann::json::parse(WithDeletedRows(stats))["tightBounds"] == false);
  CHECK(RecordsIn("") == -1);
  CHECK(RecordsIn("{\"numRecords\":\"x\"}") == -1);
  // A date that readers may not read says nothing.
  file.upper_bounds[2] = iceberg::SerializeInt(4'000'000);
  CHECK_FALSE(nlohmann::json::parse(StatsOf(file, schema))["maxValues"].contains("day"));
}

}  // namespace cdc::delta
