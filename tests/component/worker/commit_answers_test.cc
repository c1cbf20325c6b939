/// What a catalog may answer to a commit, and what became of it: the sink must never lose, repeat or delete.

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <deque>
#include <filesystem>

#include "jobs/sink/iceberg/iceberg_sink.h"
#include "jobs/worker/table.h"
#include "lib/iceberg/sqlite_catalog.h"
#include "tests/support/result_printing.h"

namespace cdc::worker {
namespace {

using iceberg_sink::IcebergSink;
using iceberg_sink::IdentOf;

enum class Answer {
  kTrue,
  kLostAfter,
  kLostBefore,
  kConflictAfter,
  kConflictAfterAndSilence,
  kConflictAfterAndOldLoads,
  kRefusedBefore
};

/// The time, and what a test says has passed beside it.
class HandClock final : public Clock {
 public:
  SteadyTime steady() const override { return SystemClock().steady() + passed; }
  WallTime wall() const override { return SystemClock().wall() + passed; }
  Millis passed{0};
};

/// A real catalog whose answers are changed on the way.
class Liar final : public iceberg::Catalog {
 public:
  Liar(iceberg::Catalog& honest, HandClock& clock) : honest_(honest), clock_(clock) {}
  std::deque<Answer> script;  ///< for the next commits; empty: the truth
  int silent_loads = 0;
  int old_loads = 0;  ///< answered with the table as it was before the last commit
  bool lose_create = false;
  Millis slowness{0};  ///< of every answer that is none

  Status EnsureNamespace(const std::string& name) override { return honest_.EnsureNamespace(name); }
  Result<iceberg::LoadedTable> LoadTable(const iceberg::TableIdent& ident) override {
    if (silent_loads > 0) {
      --silent_loads;
      clock_.passed += slowness;
      return Error{ErrorKind::kTransient, "no answer"};
    }
    if (old_loads > 0) {
      --old_loads;
      return before_;
    }
    return honest_.LoadTable(ident);
  }
  Result<iceberg::LoadedTable> CreateTable(const iceberg::TableIdent& ident, const rows::Schema& schema,
                                           const std::string& location,
                                           const std::map<std::string, std::string>& properties) override {
    if (lose_create) return Error{ErrorKind::kCommitUnknown, "timed out"};
    return honest_.CreateTable(ident, schema, location, properties);
  }
  Result<iceberg::LoadedTable> CommitTable(const iceberg::LoadedTable& base,
                                           const iceberg::TableCommit& commit) override {
    if (!script.empty()) clock_.passed += slowness;
    const Answer answer = script.empty() ? Answer::kTrue : script.front();
    if (!script.empty()) script.pop_front();
    switch (answer) {
      case Answer::kTrue: return honest_.CommitTable(base, commit);
      case Answer::kLostBefore: return Error{ErrorKind::kCommitUnknown, "timed out"};
      case Answer::kRefusedBefore: return Error{ErrorKind::kTransient, "refused"};
      case Answer::kLostAfter: {
        auto done = honest_.CommitTable(base, commit);
        if (!done) return done;
        return Error{ErrorKind::kCommitUnknown, "timed out"};
      }
      case Answer::kConflictAfterAndSilence: silent_loads = 100; [[fallthrough]];
      case Answer::kConflictAfterAndOldLoads:
        if (answer == Answer::kConflictAfterAndOldLoads) {
          before_ = *honest_.LoadTable(base.ident);
          old_loads = 2;
        }
        [[fallthrough]];
      case Answer::kConflictAfter: {
        auto done = honest_.CommitTable(base, commit);
        if (!done) return done;
        return Error{ErrorKind::kConflict, "409"};
      }
    }
    return Error{ErrorKind::kTransient, "unreachable"};
  }
  Status DropTable(const iceberg::TableIdent& ident) override { return honest_.DropTable(ident); }

 private:
  iceberg::Catalog& honest_;
  HandClock& clock_;
  iceberg::LoadedTable before_;
};

struct Place {
  Place() {
    std::string name = (std::filesystem::temp_directory_path() / "cdc-answers-XXXXXX").string();
    folder = ::mkdtemp(name.data());
    honest = *iceberg::MakeSqliteCatalog({folder / "catalog.db", "c", folder / "warehouse"}, *files);
    REQUIRE(honest->EnsureNamespace("n"));
    liar = std::make_unique<Liar>(*honest, clock);
    settings.table = "t";
    settings.topic = "t";
    settings.ident = {"n", "t"};
    settings.index_folder = folder / "index";
  }
  ~Place() { std::filesystem::remove_all(folder); }

  std::unique_ptr<IcebergSink> Open() {
    IcebergSink::Ports ports{*liar, *files, clock, [](Millis) {}, log::Logger()};
    auto sink = IcebergSink::Open(settings, R"({"cluster":"c","topic":"t"})", ports);
    REQUIRE(sink);
    return std::move(*sink);
  }

  /// Every data file of the newest snapshot is there. \return its rows, deleted ones aside
  int64_t Rows() {
    auto table = honest->LoadTable(IdentOf(settings));
    REQUIRE(table);
    auto live = iceberg::LiveFiles::Load(*files, *table->metadata);
    REQUIRE(live);
    int64_t rows = 0;
    for (const auto& [path, entry] : live->data()) {
      CHECK(files->Open(path).has_value());
      rows += entry->file.record_count;
    }
    return rows - live->totals().position_deletes;
  }

  std::filesystem::path folder;
  std::unique_ptr<storage::FileSystem> files = storage::MakeLocalFileSystem();
  std::unique_ptr<iceberg::Catalog> honest;
  std::unique_ptr<Liar> liar;
  TableSettings settings;
  HandClock clock;
};

rows::Schema OneColumn() {
  rows::Schema schema;
  rows::Field id;
  id.name = "id";
  id.type = rows::Type::Of(rows::TypeKind::kInt);
  id.required = true;
  schema.fields.push_back(id);
  return schema;
}

Hash128 Key(int id) { return HashBytes({reinterpret_cast<const char*>(&id), sizeof id}); }

/// The rows `from` to `to` - 1.
Fold FoldOf(const IcebergSink& sink, int from, int to) {
  Fold fold(sink.shape().schema);
  for (int id = from; id < to; ++id) {
    fold.batch().column(0).AppendInt(id);
    (void)fold.Upsert(Key(id), fold.batch().rows() - 1, false);
  }
  return fold;
}

Marker MarkerAt(int offset) {
  Marker marker;
  marker.offsets["t"][0] = offset;
  return marker;
}

/// Commits the rows `from` to `to` - 1 as offsets from..to.
Result<Committed> CommitRows(IcebergSink& sink, int from, int to) {
  return sink.Commit({FoldOf(sink, from, to), MarkerAt(to)});
}

}  // namespace

TEST_CASE("a commit whose answer was lost, bent or refused is done once") {
  for (const auto& script : std::vector<std::deque<Answer>>{
           {Answer::kLostAfter},
           {Answer::kLostBefore},
           {Answer::kConflictAfter},
           {Answer::kRefusedBefore},
           {Answer::kLostBefore, Answer::kRefusedBefore, Answer::kLostAfter},
           {Answer::kLostBefore, Answer::kConflictAfter},
           {Answer::kConflictAfterAndOldLoads},
           {Answer::kConflictAfterAndOldLoads, Answer::kRefusedBefore},
       }) {
    Place place;
    auto sink = place.Open();
    REQUIRE(sink->Create(OneColumn(), {"id"}));
    REQUIRE(CommitRows(*sink, 0, 3));
    place.liar->script = script;
    REQUIRE(CommitRows(*sink, 3, 5));
    CHECK(place.Rows() == 5);
    REQUIRE(CommitRows(*sink, 5, 6));
    CHECK(place.Rows() == 6);
  }
}

TEST_CASE("what the second thread may not commit is not committed, and is once it may") {
  Place place;
  auto sink = place.Open();
  REQUIRE(sink->Create(OneColumn(), {"id"}));
  REQUIRE(CommitRows(*sink, 0, 3));
  const Fold fold = FoldOf(*sink, 3, 5);
  Table table(*sink);
  const Checkpoint upto = MarkerAt(5);
  table.BeginCommit({fold, upto}, [] {
    return Status(Error{ErrorKind::kUnsupported, "another topic"});
  });
  const auto refused = table.AwaitCommit();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUnsupported);
  CHECK(place.Rows() == 3);
  CHECK(sink->marker()->offsets.at("t").at(0) == 3);
  table.BeginCommit({fold, upto}, [] { return Status(); });
  REQUIRE(table.AwaitCommit());
  CHECK(table.checkpoint()->offsets.at("t").at(0) == 5);
  CHECK(place.Rows() == 5);
}

TEST_CASE("a conflict that nobody could verify deletes nothing; the next run finds the commit done") {
  Place place;
  {
    auto sink = place.Open();
    REQUIRE(sink->Create(OneColumn(), {"id"}));
    REQUIRE(CommitRows(*sink, 0, 3));
    place.liar->script = {Answer::kConflictAfterAndSilence};
    const auto answer = CommitRows(*sink, 3, 5);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::kCommitUnknown);
  }
  place.liar->silent_loads = 0;
  CHECK(place.Rows() == 5);
  auto sink = place.Open();
  CHECK(sink->marker()->offsets.at("t").at(0) == 5);
  REQUIRE(CommitRows(*sink, 4, 6));  // one of them again
  CHECK(place.Rows() == 6);
}

TEST_CASE("a catalog that takes its time to say nothing leaves the answer to the next run, in good time") {
  Place place;
  auto sink = place.Open();
  REQUIRE(sink->Create(OneColumn(), {"id"}));
  REQUIRE(CommitRows(*sink, 0, 3));
  place.liar->script = {Answer::kLostAfter};
  place.liar->silent_loads = 100;
  place.liar->slowness = std::chrono::seconds(30);
  const SteadyTime begun = place.clock.steady();
  const auto answer = CommitRows(*sink, 3, 5);
  REQUIRE_FALSE(answer);
  CHECK(answer.error().kind == ErrorKind::kCommitUnknown);
  // The orchestrator kills whom it has not heard of for two minutes.
  CHECK(place.clock.steady() - begun <= std::chrono::seconds(100));
  place.liar->silent_loads = 0;
  CHECK(place.Rows() == 5);
}

TEST_CASE("a table whose making got lost is tried again later, not held") {
  Place place;
  place.liar->lose_create = true;
  const Status made = place.Open()->Create(OneColumn(), {"id"});
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == ErrorKind::kCommitUnknown);
}

}  // namespace cdc::worker
