#include "jobs/sink/delta/table_features.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>

#include "tests/support/result_printing.h"

namespace cdc::delta_sink {
namespace {

bool Has(const std::vector<std::string>& features, const std::string& feature) {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

delta::TableSchema Columns(rows::TypeKind kind) {
  auto logical = std::make_shared<rows::Schema>();
  logical->fields = {{1, 0, "a", false, rows::Type::Of(kind)}};
  delta::TableSchema schema;
  schema.physical = {"a"};
  schema.logical = logical;
  return schema;
}

}  // namespace

TEST_CASE("a table demands of readers and writers what it has, and no more") {
  delta::Metadata metadata;
  auto plain = ProtocolFor({1, 7, {}, {}}, metadata, Columns(rows::TypeKind::kLong));
  CHECK(plain.min_reader == 1);
  CHECK(plain.reader_features.empty());
  CHECK(Has(plain.writer_features, "domainMetadata"));
  CHECK_FALSE(Has(plain.writer_features, "changeDataFeed"));
  metadata.configuration = {{kFeedProperty, "true"}, {kVectorsProperty, "true"}};
  auto schema = Columns(rows::TypeKind::kTimestamp);
  schema.mapped = true;
  const auto all = ProtocolFor(plain, metadata, schema);
  CHECK(all.min_reader == 3);
  for (const char* both : {"deletionVectors", "timestampNtz", "columnMapping"}) {
    CHECK(Has(all.reader_features, both));
    CHECK(Has(all.writer_features, both));
  }
  CHECK(Has(all.writer_features, "changeDataFeed"));
  CHECK_FALSE(Has(all.reader_features, "changeDataFeed"));
  CHECK(ProtocolFor(all, metadata, schema) == all);
  CHECK(CheckWritable(all, metadata));
}

TEST_CASE("tables that demand more of writers than this one does are refused") {
  delta::Protocol protocol{3, 7, {}, {"domainMetadata"}};
  delta::Metadata metadata;
  REQUIRE(CheckWritable(protocol, metadata));
  CHECK_FALSE(CheckWritable({1, 2, {}, {}}, metadata));
  protocol.writer_features.push_back("rowTracking");
  CHECK(CheckWritable(protocol, metadata).error().message.find("rowTracking") != std::string::npos);
  protocol.writer_features.pop_back();
  metadata.configuration = {{"delta.appendOnly", "true"}};
  CHECK_FALSE(CheckWritable(protocol, metadata));
  metadata.configuration = {{"delta.constraints.c", "a > 1"}};
  CHECK_FALSE(CheckWritable(protocol, metadata));
  metadata.configuration.clear();
  metadata.partition_columns = {"p"};
  CHECK_FALSE(CheckWritable(protocol, metadata));
  metadata.partition_columns.clear();
  metadata.schema_string = "{\"delta.invariants\":1}";
  CHECK_FALSE(CheckWritable(protocol, metadata));
}

TEST_CASE("columns that Delta cannot tell apart are refused, and the feed's own ones with a feed") {
  rows::Schema schema;
  schema.fields = {{1, 0, "a", false, rows::Type::Of(rows::TypeKind::kLong)},
                   {2, 0, "_Change_Type", false, rows::Type::Of(rows::TypeKind::kLong)}};
  CHECK(CheckColumns(schema, false));
  CHECK_FALSE(CheckColumns(schema, true));
  schema.fields[1].name = "A";
  CHECK_FALSE(CheckColumns(schema, false));
}

}  // namespace cdc::delta_sink
