/// Delete files of another engine, odd but readable ones: what they say of rows that there are is kept by
/// commits and rewrites, what they say of rows that there are not means nothing.

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/parquet/position_deletes.h"
#include "tests/component/worker/sink_table.h"
#include "tests/support/python_script.h"
#include "tests/support/result_printing.h"

namespace cdc::worker {
namespace {

constexpr int64_t kRows = 3000;

struct ChangedTable : SinkTable {
  ChangedTable() : SinkTable(LongColumns({"id"})), sink(Open()) {}

  Result<Committed> Commit(const std::vector<int64_t>& upserts, const std::vector<int64_t>& removals) {
    Fold fold(sink->shape().schema);
    for (const int64_t id : upserts) {
      fold.batch().column(0).AppendLong(id);
      (void)fold.Upsert(KeyOf(id), fold.batch().rows() - 1, false);
    }
    for (const int64_t id : removals) fold.Remove(KeyOf(id));
    Marker marker;
    marker.offsets["t"][0] = ++offset;
    return sink->Commit({fold, marker});
  }

  /// Commits a delete file whose bytes Python makes: `columns` is an expression, `data` the data file's path.
  void DeleteForeign(const std::string& columns, const std::string& options) {
    auto base = catalog->LoadTable(IdentOf(settings));
    REQUIRE(base);
    auto live = iceberg::LiveFiles::Load(*files, *base->metadata);
    REQUIRE(live);
    REQUIRE(live->data().size() == 1);
    const std::string data = live->data().begin()->first;
    const std::string path = base->metadata->location + "/data/foreign.parquet";
    auto file = files->Create(path);
    REQUIRE(file);
    const std::vector<int64_t> some = {1};
    auto deletes = parquet::WritePositionDeletes(std::move(*file), path, data, some);
    REQUIRE(deletes);
    const auto written = RunPython("tests/component/worker/write_deletes.py", {path, data, columns, options});
    INFO(written.output);
    REQUIRE(written.exit == 0);
    deletes->file_size_in_bytes = static_cast<int64_t>(std::filesystem::file_size(path));
    deletes->column_sizes.clear();
    deletes->lower_bounds.clear();
    deletes->upper_bounds.clear();
    deletes->split_offsets.clear();
    deletes->referenced_data_file.reset();
    iceberg::SnapshotChanges changes;
    changes.added_deletes.push_back(*deletes);
    auto staged = iceberg::StageSnapshot(*files, *base, *live, changes,
                                         {UnixMillis(SystemClock().wall()), std::nullopt});
    REQUIRE(staged);
    REQUIRE(catalog->CommitTable(*base, staged->commit));
  }

  std::multiset<int64_t> Ids() const {
    const auto seen = Seen();
    std::multiset<int64_t> ids;
    for (const auto& row : seen["rows"]) ids.insert(row["id"].get<int64_t>());
    return ids;
  }

  std::unique_ptr<IcebergSink> sink;
  int64_t offset = 0;
};

struct Foreign {
  const char* what;
  const char* columns;
  const char* options;
  std::set<int64_t> gone;
};

const Foreign kForeign[] = {
    {"unsorted, twice, of several files",
     "[[other, data, data, data, other], [7, 9, 3, 9, 3]]",
     "{}",
     {3, 9}},
    {"plain",
     "[[data] * 3, [10, 20, 30]]",
     R"({"use_dictionary": False, "data_page_version": "2.0"})",
     {10, 20, 30}},
    {"dictionaries", "[[data] * 2000, list(range(1000)) * 2]",
     R"({"use_dictionary": True, "data_page_size": 100})",
     [] {
       std::set<int64_t> ids;
       for (int64_t i = 0; i < 1000; ++i) ids.insert(i);
       return ids;
     }()},
    {"no rows", "[[], []]", "{}", {}},
    {"beyond the end", "[[data] * 3, [5, 3000, 9223372036854775807]]", "{}", {5}},
    {"before the start", "[[data] * 4, [5, -1, -9223372036854775808, 6]]", "{}", {5, 6}},
};

}  // namespace

TEST_CASE("odd delete files of another engine are kept by commits and rewrites") {
  for (const Foreign& foreign : kForeign) {
    CAPTURE(foreign.what);
    ChangedTable table;
    std::vector<int64_t> all;
    for (int64_t id = 0; id < kRows; ++id) all.push_back(id);
    REQUIRE(table.Commit(all, {}));
    table.DeleteForeign(foreign.columns, foreign.options);
    table.sink = table.Open();  // the index learns what is gone
    REQUIRE(table.Commit({2999, 10'000}, {2000, 2001}));

    std::multiset<int64_t> expected;
    for (const int64_t id : all)
      if (!foreign.gone.contains(id) && id != 2000 && id != 2001) expected.insert(id);
    expected.insert(10'000);
    CHECK(table.Ids() == expected);
    ChangedTable::Finish(*table.sink, Tidying::kThorough);
    CHECK(table.Ids() == expected);
    REQUIRE(table.sink->Close());
  }
}

}  // namespace cdc::worker
