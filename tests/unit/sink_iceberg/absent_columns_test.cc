#include "jobs/sink/iceberg/absent_columns.h"

#include <catch2/catch_test_macros.hpp>

namespace cdc::iceberg_sink {

TEST_CASE("absent columns are kept as a table property of any names") {
  iceberg::TableMetadata metadata;
  CHECK(AbsentIn(metadata).empty());
  const std::vector<std::string> names = {"a \"b\"", "ü,["};
  metadata.properties = AbsentProperty(names).updates;
  CHECK(AbsentIn(metadata) == names);
  for (auto& [key, value] : metadata.properties) value = "{]";
  CHECK(AbsentIn(metadata).empty());
}

}  // namespace cdc::iceberg_sink
