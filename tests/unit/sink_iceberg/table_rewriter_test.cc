#include "jobs/sink/iceberg/table_rewriter.h"

#include <catch2/catch_test_macros.hpp>
#include <numeric>

#include "lib/parquet/data_file_reader.h"
#include "lib/rows/cast.h"
#include "tests/unit/sink_lake/fake_table.h"

namespace cdc::iceberg_sink {
namespace {

/// Rewrites the files of a FakeTable with `value` as text.
struct Bench {
  Bench() {
    auto columns = std::make_shared<rows::Schema>(*table.schema());
    columns->fields[1].id = 3;
    columns->fields[1].type = rows::Type::Of(rows::TypeKind::kString);
    to = columns;
    std::filesystem::create_directories(table.folder / "index");
  }

  TableRewriter Rewriter(std::function<Status(int64_t, int64_t)> working = [](auto, auto) {
    return Status{};
  }) {
    TableRewriter::Plan plan;
    plan.sources = sources;
    plan.from = table.schema();
    plan.to = to;
    plan.columns = {{"value", table.schema()->fields[1].type, to->fields[1].type}};
    plan.key = {"id"};
    plan.target_bytes = 128 << 20;
    plan.folder = table.folder / "index";
    return TableRewriter(
        std::move(plan), LoadProgress(table.folder / "index", "of"),
        {*table.files, [this] { return table.folder / ("new/" + std::to_string(++made) + ".parquet"); },
         [this](const std::string& path) { return table.DeletedOf(path); }, std::move(working)});
  }
  void AddSource(int64_t first, int64_t count) {
    std::vector<int64_t> ids(static_cast<size_t>(count));
    std::iota(ids.begin(), ids.end(), first);
    sources.push_back({table.Add(ids), count});
  }
  /// The rows of all files, as id → value.
  std::map<int64_t, std::string> Rows(const std::vector<iceberg::DataFile>& files) {
    std::map<int64_t, std::string> found;
    for (const iceberg::DataFile& each : files) {
      auto file = table.files->Open(each.file_path);
      REQUIRE(file);
      auto reader = parquet::DataFileReader::Make(std::move(*file), to);
      REQUIRE(reader);
      rows::Batch batch(to);
      int64_t first = 0;
      while (*(*reader)->Next(&batch, &first)) {
        for (uint32_t row = 0; row < batch.rows(); ++row)
          REQUIRE(found
                      .emplace(std::stoll(rows::CellText(batch.column(0), row)),
                               rows::CellText(batch.column(1), row))
                      .second);
      }
    }
    return found;
  }

  lake_sink::FakeTable table;
  std::shared_ptr<const rows::Schema> to;
  std::vector<TableRewriter::Source> sources;
  int made = 0;
};

TEST_CASE("all rows that are not deleted are rewritten with the new type") {
  Bench bench;
  bench.AddSource(0, 3);
  bench.AddSource(10, 2);
  bench.table.Delete(bench.sources.front().path, 1);
  const auto files = bench.Rewriter().Run();
  REQUIRE(files);
  CHECK(bench.Rows(*files) == std::map<int64_t, std::string>{{0, "0"}, {2, "20"}, {10, "100"}, {11, "110"}});
}

TEST_CASE("a rewrite that is told to end continues where it was, each row once") {
  Bench bench;
  constexpr int64_t kRows = 40'000;  // more slices than one
  bench.AddSource(0, kRows);
  bench.AddSource(kRows, kRows);
  int runs = 0;
  while (true) {
    const auto files = bench
                           .Rewriter([](int64_t, int64_t of) -> Status {
                             CHECK(of == 2 * kRows);
                             return Error{ErrorKind::kShuttingDown, "told to end"};
                           })
                           .Run();
    ++runs;
    if (!files) {
      REQUIRE(files.error().kind == ErrorKind::kShuttingDown);
      REQUIRE(runs < 100);
      continue;
    }
    const auto rows = bench.Rows(*files);
    CHECK(rows.size() == 2 * kRows);
    CHECK(rows.at(kRows + 1) == std::to_string(10 * (kRows + 1)));
    break;
  }
  CHECK(runs > 2);  // each run got further than the last
}

}  // namespace
}  // namespace cdc::iceberg_sink
