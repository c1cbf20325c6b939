#include "tests/component/worker/sink_table.h"

#include <catch2/catch_test_macros.hpp>

#include "lib/iceberg/sqlite_catalog.h"
#include "tests/component/worker/judge.h"
#include "tests/support/result_printing.h"

namespace cdc::worker {

rows::Schema LongColumns(const std::vector<std::string>& names) {
  rows::Schema schema;
  for (const std::string& name : names)
    schema.fields.push_back({0, 0, name, schema.fields.empty(), rows::Type::Of(rows::TypeKind::kLong)});
  return schema;
}

SinkTable::SinkTable(rows::Schema fields) : folder(pipeline.folder()), schema(std::move(fields)) {
  files = storage::MakeLocalFileSystem();
  OpenCatalog();
  REQUIRE(catalog->EnsureNamespace("university"));
  settings.table = settings.topic = "t";
  settings.ident = {"university", "t"};
  settings.index_folder = folder / "index";
}

void SinkTable::OpenCatalog() {
  catalog = *iceberg::MakeSqliteCatalog(
      {pipeline.catalog(), "iceberg_catalog", (folder / "data" / "warehouse").string()}, *files);
}

std::unique_ptr<IcebergSink> SinkTable::Open() {
  IcebergSink::Ports ports{*catalog, *files, clock, [](Millis) {}, log::Logger()};
  auto sink = IcebergSink::Open(settings, R"({"cluster":"c","topic":"t"})", ports);
  REQUIRE(sink);
  if ((*sink)->shape().schema == nullptr) REQUIRE((*sink)->Create(schema, {schema.fields.front().name}));
  secret = (*sink)->shape().key_secret;
  return std::move(*sink);
}

Hash128 SinkTable::KeyOf(int64_t id) const {
  rows::Batch batch(std::make_shared<const rows::Schema>(schema));
  batch.column(0).AppendLong(id);
  for (size_t i = 1; i < batch.column_count(); ++i) batch.column(i).AppendNull();
  return rows::KeyHasher(secret, {0})(batch, 0);
}

void SinkTable::Finish(IcebergSink& sink, Tidying when) {
  for (int step = 0; step < 5000; ++step) {
    const auto more = sink.Maintain(when);
    REQUIRE(more);
    if (!*more) return;
  }
  FAIL("maintenance does not end");
}

nlohmann::json SinkTable::Seen(bool every_snapshot) const {
  return Dump(pipeline, {"t"}, every_snapshot)["t"];
}

}  // namespace cdc::worker
