#include "jobs/sink/iceberg/rewrite_plan.h"

#include <catch2/catch_test_macros.hpp>
#include <set>

#include "lib/iceberg/snapshot_writer.h"

namespace cdc::iceberg_sink {
namespace {

constexpr int64_t kMegabyte = 1 << 20;

/// Live files made as a committed snapshot would leave them.
class Files {
 public:
  void Data(const std::string& path, int64_t bytes, int64_t rows, int64_t deleted = 0) {
    Add(iceberg::FileContent::kData, path, bytes, rows, {});
    if (deleted > 0) Add(iceberg::FileContent::kPositionDeletes, path + ".deletes", 1000, deleted, path);
  }
  void ForeignDeletes() { Add(iceberg::FileContent::kPositionDeletes, "foreign", 1000, 10, {}); }

  iceberg::LiveFiles Live() const {
    iceberg::LiveFiles live;
    live.Advance(staged_);
    return live;
  }

 private:
  void Add(iceberg::FileContent content, const std::string& path, int64_t bytes, int64_t rows,
           std::optional<std::string> of) {
    iceberg::ManifestEntry entry;
    entry.file.content = content;
    entry.file.file_path = path;
    entry.file.file_size_in_bytes = bytes;
    entry.file.record_count = rows;
    entry.file.referenced_data_file = std::move(of);
    staged_.added.push_back(std::make_shared<const iceberg::ManifestEntry>(std::move(entry)));
  }
  iceberg::StagedSnapshot staged_;
};

using Paths = std::vector<std::string>;

TEST_CASE("a full tier of small files is merged, with what is smaller") {
  Files files;
  for (int i = 0; i < 7; ++i) files.Data("a" + std::to_string(i), 1000, 10);
  CHECK(PlanRewrite(files.Live(), {}, {}).empty());
  files.Data("b", 2 * kMegabyte, 10'000);  // a higher tier has nothing to do with it
  CHECK(PlanRewrite(files.Live(), {}, {}).empty());
  files.Data("a7", 900, 10);
  const Paths merged = PlanRewrite(files.Live(), {}, {});
  CHECK(merged.size() == 8);
  CHECK(merged.front() == "a7");
  for (int i = 0; i < 7; ++i) files.Data("c" + std::to_string(i), 2 * kMegabyte, 10'000);
  CHECK(PlanRewrite(files.Live(), {}, {}).size() == 8);  // the lowest first
}

TEST_CASE("what is left of a file decides on its tier; a merge stays below the target and the row limit") {
  RewriteRules rules;
  Files files;
  for (int i = 0; i < 8; ++i) files.Data("a" + std::to_string(i), 20 * kMegabyte, 20'000, 2'000);
  CHECK(PlanRewrite(files.Live(), {}, rules).size() == 7);
  rules.max_rows = 60'000;
  CHECK(PlanRewrite(files.Live(), {}, rules).size() == 3);
  Files few;
  for (int i = 0; i < 8; ++i) few.Data("a" + std::to_string(i), 70 * kMegabyte, 100'000);
  CHECK(PlanRewrite(few.Live(), {}, {}).empty());  // large enough
}

TEST_CASE("a large file goes at a fifth of deleted rows, a small one at two fifths, the worst first") {
  Files files;
  files.Data("large", 100 * kMegabyte, 900'000, 179'000);
  files.Data("small", kMegabyte, 20'000, 7'900);
  CHECK(PlanRewrite(files.Live(), {}, {}).empty());
  files.Data("large enough", 100 * kMegabyte, 900'000, 180'000);
  CHECK(PlanRewrite(files.Live(), {}, {}) == Paths{"large enough"});
  files.Data("worse", 100 * kMegabyte, 900'000, 200'000);
  CHECK(PlanRewrite(files.Live(), {}, {}) == Paths{"worse"});
  files.Data("small, emptied", kMegabyte, 20'000, 8'000);
  CHECK(PlanRewrite(files.Live(), {}, {}) == Paths{"small, emptied"});
  files.Data("tiny", 1000, 100, 99);
  CHECK(PlanRewrite(files.Live(), {}, {}) == Paths{"small, emptied"});
}

TEST_CASE("merges go before deletes until these have grown out of hand") {
  Files files;
  for (int i = 0; i < 8; ++i) files.Data("a" + std::to_string(i), 1000, 10);
  files.Data("large", 100 * kMegabyte, 900'000, 300'000);
  CHECK(PlanRewrite(files.Live(), {}, {}).size() == 8);
  files.Data("out of hand", 100 * kMegabyte, 900'000, 720'000);
  CHECK(PlanRewrite(files.Live(), {}, {}) == Paths{"out of hand"});
}

TEST_CASE("thoroughly: every delete counts, small files of all sizes go together") {
  RewriteRules rules;
  rules.deleted_share = 0;
  rules.files_per_merge = 2;
  rules.thorough = true;
  Files files;
  files.Data("large", 100 * kMegabyte, 900'000);
  files.Data("small", 40 * kMegabyte, 10'000);
  CHECK(PlanRewrite(files.Live(), {}, rules).empty());
  files.Data("tiny", 1000, 10);
  CHECK(PlanRewrite(files.Live(), {}, rules) == Paths{"tiny", "small"});
  Files one;
  one.Data("large", 100 * kMegabyte, 900'000, 1);
  CHECK(PlanRewrite(one.Live(), {}, rules) == Paths{"large"});
  CHECK(FilesToRewrite(one.Live(), {}, rules) == Paths{"large"});
}

TEST_CASE("what shared deletes say of a file counts, once all of them are known") {
  Files files;
  files.Data("large", 100 * kMegabyte, 100'000, 15'000);
  files.ForeignDeletes();
  SharedDeletes shared;
  std::vector<int64_t>& positions = shared.recent.positions["large"];
  for (int64_t i = 0; i < 4'000; ++i) positions.push_back(i);
  std::vector<int64_t>& settled = shared.settled.positions["large"];
  for (int64_t i = 4'000; i < 4'999; ++i) settled.push_back(i);
  shared.settled.files = {"foreign"};
  CHECK(PlanRewrite(files.Live(), shared, {}).empty());
  positions.push_back(4'999);
  CHECK(PlanRewrite(files.Live(), shared, {}) == Paths{"large"});
  shared.settled.files.clear();
  CHECK(PlanRewrite(files.Live(), shared, {}).empty());
}

TEST_CASE("files of which foreign deletes may speak, and files too large to be held, are left alone") {
  Files files;
  for (int i = 0; i < 8; ++i) files.Data("a" + std::to_string(i), 1000, 10);
  files.ForeignDeletes();
  CHECK(PlanRewrite(files.Live(), {}, {}).empty());
  Files huge;
  huge.Data("huge", 1000 * kMegabyte, 5'000'000, 2'000'000);
  CHECK(PlanRewrite(huge.Live(), {}, {}).empty());
}

}  // namespace
}  // namespace cdc::iceberg_sink
