#include "jobs/sink/lake/row_locator.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <fstream>
#include <iterator>

#include "tests/unit/sink_lake/fake_table.h"

namespace cdc::lake_sink {
namespace {

/// A locator of a FakeTable, and how many slices of files it has read.
class Bench {
 public:
  Bench() : index(table.folder / "index") { Reopen(); }

  /// Ends the run; a next one has not opened the index yet.
  void Reopen() {
    locator = std::make_unique<RowLocator>(index, table, table.clock, log::Logger());
    slices = 0;
  }
  void Recover() {
    Reopen();
    REQUIRE(locator->Recover(Counting()));
  }
  RowLocator::Alive Counting() {
    return [this]() -> Status {
      ++slices;
      return {};
    };
  }
  /// Where the row of `id` is, as "file:position"; empty: nowhere.
  std::string Find(int64_t id) {
    const auto place = locator->Find(table.KeyOf(id));
    REQUIRE(place);
    if (!*place) return "";
    return std::filesystem::path((*place)->path).stem().string() + ":" + std::to_string((*place)->position);
  }
  /// The intent of a commit that puts `ids` into a new file, row by row, and removes the keys `gone`.
  index::CommitIntent Intent(const std::string& path, const std::vector<int64_t>& ids,
                             const std::vector<int64_t>& gone) {
    index::CommitIntent intent;
    intent.table_uuid = table.uuid;
    intent.secret = table.row_keys.secret.fingerprint();
    intent.parent_snapshot_id = table.version();
    intent.snapshot_id = table.version() + 1;
    const uint32_t number = locator->next_number();
    intent.new_files = {{number, path}};
    for (uint32_t row = 0; row < ids.size(); ++row)
      intent.changes.push_back({table.KeyOf(ids[row]), {number, row}});
    for (const int64_t id : gone) intent.changes.push_back({table.KeyOf(id), index::KeyIndex::Missing()});
    return intent;
  }

  FakeTable table;
  std::filesystem::path index;
  std::unique_ptr<RowLocator> locator;
  int slices = 0;
};

TEST_CASE("a closed locator finds nothing, and takes no part in commits") {
  Bench bench;
  CHECK_FALSE(bench.locator->open());
  CHECK(bench.Find(1).empty());
  CHECK(bench.locator->WriteJournal({}));
  CHECK(bench.locator->Apply({}, {}, {}));
  CHECK(bench.locator->Follow({}));
  CHECK(bench.locator->Sync());
  CHECK_FALSE(std::filesystem::exists(bench.index));
}

TEST_CASE("an index that is not there is read from the table, without deleted rows") {
  Bench bench;
  const std::string first = bench.table.Add({10, 11, 12});
  bench.table.Add({20, 11});
  bench.table.Delete(first, 1);
  bench.Recover();
  CHECK(bench.slices == 2);
  CHECK(bench.Find(10) == "1:0");
  CHECK(bench.Find(11) == "2:1");
  CHECK(bench.Find(12) == "1:2");
  CHECK(bench.Find(99).empty());
  CHECK(bench.locator->size() == 4);
}

TEST_CASE("a row is gone with its file") {
  Bench bench;
  const std::string first = bench.table.Add({10});
  bench.Recover();
  const uint32_t number = bench.locator->NumberOf(first);
  CHECK(*bench.locator->LivePath(number) == first);
  bench.table.Commit({}, {first});
  CHECK(bench.Find(10).empty());
  CHECK(bench.locator->LivePath(number) == nullptr);
  CHECK(bench.locator->LivePath(number + 1) == nullptr);
}

TEST_CASE("a commit's changes are found at once, and by the next run without reading the table") {
  Bench bench;
  const std::string first = bench.table.Add({10, 11, 12});
  bench.Recover();
  const std::string second = bench.table.Write({11, 13});
  const auto intent = bench.Intent(second, {11, 13}, {12});
  REQUIRE(bench.locator->WriteJournal(intent));
  bench.table.Commit({second});
  bench.table.Delete(first, 1);
  bench.table.Delete(first, 2);
  REQUIRE(bench.locator->Apply(intent, {}, {}));
  for (const bool reopened : {false, true}) {
    if (reopened) bench.Recover();
    CHECK(bench.slices == (reopened ? 0 : 1));
    CHECK(bench.Find(10) == "1:0");
    CHECK(bench.Find(11) == "2:0");
    CHECK(bench.Find(12).empty());
    CHECK(bench.Find(13) == "2:1");
  }
}

TEST_CASE("what a run that died left undone is done by the next one, from the journal") {
  Bench bench;
  const std::string first = bench.table.Add({10, 11});
  bench.Recover();
  const std::string second = bench.table.Write({11});
  const auto intent = bench.Intent(second, {11}, {10});
  REQUIRE(bench.locator->WriteJournal(intent));

  SECTION("the commit took place") {
    bench.table.Commit({second});
    bench.table.Delete(first, 0);
    bench.table.Delete(first, 1);
    bench.Recover();
    CHECK(bench.slices == 0);
    CHECK(bench.Find(10).empty());
    CHECK(bench.Find(11) == "2:0");
  }
  SECTION("the commit did not take place") {
    bench.Recover();
    CHECK(bench.slices == 0);
    CHECK(bench.Find(10) == "1:0");
    CHECK(bench.Find(11) == "1:1");
  }
}

TEST_CASE("a compaction points keys to its file, but for rows deleted meanwhile; so does the next run") {
  Bench bench;
  const std::string first = bench.table.Add({10, 11}), second = bench.table.Add({12});
  bench.Recover();
  const std::string merged = bench.table.Write({10, 11, 12});
  const std::string third = bench.table.Write({13});
  const auto meanwhile = bench.Intent(third, {13}, {11});
  bench.table.Commit({third});
  bench.table.Delete(first, 1);
  REQUIRE(bench.locator->Apply(meanwhile, {}, {}));
  index::CommitIntent intent = bench.Intent(merged, {}, {});
  intent.keys_in_files = true;
  REQUIRE(bench.locator->WriteJournal(intent));
  bench.table.Commit({merged}, {first, second});
  bench.table.Delete(merged, 1);
  SECTION("the run itself") {
    const std::vector<Hash128> moved = {bench.table.KeyOf(10), bench.table.KeyOf(11), bench.table.KeyOf(12)};
    const std::vector<int64_t> without = {1};
    REQUIRE(bench.locator->Apply(intent, moved, without));
  }
  SECTION("the next run") {
    bench.Recover();
    CHECK(bench.slices == 1);
  }
  CHECK(bench.Find(10) == "3:0");
  CHECK(bench.Find(11).empty());
  CHECK(bench.Find(12) == "3:2");
}

TEST_CASE("files of another writer are learnt, its history that is gone means a new index") {
  Bench bench;
  bench.table.Add({10});
  bench.Recover();
  bench.table.Add({20});
  REQUIRE(bench.locator->Follow(bench.Counting()));
  CHECK(bench.slices == 2);  // the first file is not read again
  CHECK(bench.Find(20) == "2:0");
  bench.table.Add({30});
  bench.Recover();
  CHECK(bench.slices == 1);
  CHECK(bench.Find(30) == "3:0");
  bench.table.LoseHistory();
  bench.Recover();
  CHECK(bench.slices == 3);
  CHECK(bench.Find(10) == "1:0");
}

TEST_CASE("an index of another table, another secret, or one row too few is built anew") {
  Bench bench;
  const std::string first = bench.table.Add({10, 11});
  bench.Recover();
  SECTION("another table") { bench.table.uuid = "another"; }
  SECTION("another secret") { bench.table.row_keys.secret.bytes.fill(8); }
  SECTION("another number of rows") { bench.table.Delete(first, 1); }
  bench.Recover();
  CHECK(bench.slices == 1);
  CHECK(bench.Find(10) == "1:0");
  bench.Recover();
  CHECK(bench.slices == 0);
}

TEST_CASE("a damaged index answers right, is built anew, or says that it is in doubt") {
  Bench bench;
  std::vector<int64_t> ids(3000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i);
  bench.table.Add(ids);
  bench.Recover();
  REQUIRE(bench.locator->Sync());
  bench.Reopen();
  std::filesystem::path largest;
  for (const auto& each : std::filesystem::directory_iterator(bench.index)) {
    if (largest.empty() || each.file_size() > std::filesystem::file_size(largest)) largest = each.path();
  }
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(largest));
  const std::streamoff at = GENERATE(0, 1, 2, 3, 4, 5, 6, 7) * (size / 8) + 40;
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    for (std::streamoff i = at; i < at + 24; ++i) {
      file.seekg(i);
      const int byte = file.get();
      file.seekp(i);
      file.put(static_cast<char>(byte ^ 0x5a));
    }
  }
  bench.Recover();
  bool doubt = false;
  for (const int64_t id : ids) {
    const auto place = bench.locator->Find(bench.table.KeyOf(id));
    doubt = !place;
    if (doubt) {
      CHECK(place.error().kind == ErrorKind::kTransient);
      break;
    }
    REQUIRE(*place);
    REQUIRE((*place)->position == id);
  }
  bench.Recover();
  if (doubt) CHECK(bench.slices > 0);
  CHECK(bench.Find(2999) == "1:2999");
}

TEST_CASE("who is told to end while keys are read continues with the files that are not read yet") {
  Bench bench;
  bench.table.Add({10});
  bench.table.Add({20});
  bench.table.Add({30});
  int asked = 0;
  const Status ended = bench.locator->Recover([&asked]() -> Status {
    if (++asked == 2) return Error{ErrorKind::kShuttingDown, "told to end"};
    return {};
  });
  REQUIRE_FALSE(ended);
  CHECK(ended.error().kind == ErrorKind::kShuttingDown);
  bench.Recover();
  CHECK(bench.slices == 2);
  CHECK(bench.Find(10) == "1:0");
  CHECK(bench.Find(20) == "2:0");
  CHECK(bench.Find(30) == "3:0");
}

TEST_CASE("numbers of gone files are forgotten once they are many, and never given again") {
  Bench bench;
  const std::string first = bench.table.Add({10});
  bench.Recover();
  const uint32_t before = bench.locator->next_number();
  REQUIRE(bench.locator->ForgetGoneFiles());
  CHECK(bench.locator->NumberOf(first) != UINT32_MAX);
  const std::string gone = "/gone/5";
  for (int i = 0; i < 1100; ++i) {
    index::CommitIntent intent = bench.Intent("/gone/" + std::to_string(i), {}, {});
    bench.table.Commit({});
    REQUIRE(bench.locator->Apply(intent, {}, {}));
  }
  CHECK(bench.locator->NumberOf(gone) != UINT32_MAX);
  REQUIRE(bench.locator->ForgetGoneFiles());
  CHECK(bench.locator->NumberOf(gone) == UINT32_MAX);
  CHECK(bench.Find(10) == "1:0");
  CHECK(bench.locator->next_number() == before + 1100);
  bench.Recover();
  CHECK(bench.slices == 0);
  CHECK(bench.Find(10) == "1:0");
}

TEST_CASE("equal rows of a table without a key are counted in the index, without a gap") {
  Bench bench;
  FakeTable& table = bench.table;
  table.row_keys.columns.clear();
  table.row_keys.identity = std::make_shared<worker::RowIdentity>(table.row_keys.secret, *table.schema(),
                                                                  std::vector<std::string>{}, 2);
  const std::string first = table.Add({5, 5, 7, 5});
  table.Add({5, 7});
  table.Delete(first, 1);
  bench.Recover();
  worker::RowIdentity& identity = *table.row_keys.identity;
  const auto content = [&](int64_t id) {
    rows::Batch batch(table.schema());
    batch.column(0).AppendLong(id);
    batch.column(1).AppendLong(10 * id);
    return identity.ContentOf(batch, 0);
  };
  const auto count = [&](int64_t id) {
    const auto counted = bench.locator->Count(identity, content(id));
    REQUIRE(counted);
    return *counted;
  };
  CHECK(count(5) == 3);
  CHECK(count(7) == 2);
  CHECK(count(6) == 0);
  // Each of them has a place of its own.
  std::set<std::string> places;
  for (uint32_t number = 0; number < 3; ++number) {
    const auto place = bench.locator->Find(identity.KeyOf(content(5), number));
    REQUIRE(place);
    REQUIRE(*place);
    places.insert((*place)->path + ":" + std::to_string((*place)->position));
  }
  CHECK(places.size() == 3);
  CHECK_FALSE(places.contains(first + ":1"));
}

TEST_CASE("rows of one content are counted in an index of their keys alone") {
  testing::TempDir folder;
  auto index = index::KeyIndex::Create(folder / "index", {"uuid", 0, 1});
  REQUIRE(index);
  rows::Schema schema;
  schema.fields = {{1, 0, "id", true, rows::Type::Of(rows::TypeKind::kLong)}};
  const worker::RowIdentity identity({}, schema, {}, 1);
  const Hash128 content{3, 4}, other{5, 6};
  for (uint32_t number = 0; number < 70; ++number) {
    const auto count = CountIn(**index, identity, content);
    REQUIRE(count);
    REQUIRE(*count == number);
    REQUIRE((*index)->Put(identity.KeyOf(content, number), {1, number}));
  }
  CHECK(*CountIn(**index, identity, other) == 0);
  for (uint32_t number = 70; number-- > 0;) {
    REQUIRE((*index)->Erase(identity.KeyOf(content, number)));
    CHECK(*CountIn(**index, identity, content) == number);
  }
}

}  // namespace
}  // namespace cdc::lake_sink
