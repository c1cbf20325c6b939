#include "jobs/sink/delta/delta_table.h"

#include <catch2/catch_test_macros.hpp>
#include <deque>

#include "tests/support/result_printing.h"
#include "tests/unit/sqlite/fixture.h"

namespace cdc::delta_sink {
namespace {

/// Local files; answers to WriteNew() get lost as the test says.
class LosingFiles final : public storage::FileSystem {
 public:
  enum class Loss { kNone, kRequest, kAnswer };

  Result<std::unique_ptr<storage::Writer>> Create(const std::string& path) override {
    return local_->Create(path);
  }
  Result<std::unique_ptr<storage::Reader>> Open(const std::string& path) override {
    return local_->Open(path);
  }
  Status Delete(const std::string& path) override { return local_->Delete(path); }
  Result<std::vector<storage::FileInfo>> List(const std::string& folder) override {
    return local_->List(folder);
  }
  Status WriteNew(const std::string& path, std::string_view bytes) override {
    const Loss loss = losses.empty() ? Loss::kNone : losses.front();
    if (!losses.empty()) losses.pop_front();
    const Error lost{ErrorKind::kCommitUnknown, "no answer"};
    if (loss == Loss::kRequest) return lost;
    const Status written = local_->WriteAll(path, bytes);
    return loss == Loss::kAnswer ? Status(lost) : written;
  }

  std::deque<Loss> losses;

 private:
  std::unique_ptr<storage::FileSystem> local_ = storage::MakeLocalFileSystem();
};

struct Bench {
  Bench() { REQUIRE(table.Send(First(), "first")); }

  std::vector<delta::Action> First() const {
    delta::Metadata metadata{"id"};
    metadata.schema_string = R"({"type":"struct","fields":[]})";
    return {Info("first"), delta::Protocol{1, 7, {}, {"domainMetadata"}}, metadata};
  }
  static delta::CommitInfo Info(const std::string& transaction) {
    delta::CommitInfo info;
    info.transaction_id = transaction;
    return info;
  }
  Status Send(const std::string& transaction) {
    return table.Send({Info(transaction), delta::Transaction{transaction, 1}}, transaction);
  }

  testing::TempDir folder;
  LosingFiles files;
  SystemClock clock;
  int pauses = 0;
  Ports ports{files, clock, [this](Millis) { ++pauses; }, log::Logger(), {}};
  DeltaTable table{folder / "t", ports};
};

}  // namespace

TEST_CASE("a commit whose answer is lost is found out, whether it took place or not") {
  using Loss = LosingFiles::Loss;
  for (const auto& losses : {std::deque<Loss>{Loss::kAnswer}, std::deque<Loss>{Loss::kRequest},
                             std::deque<Loss>{Loss::kRequest, Loss::kRequest, Loss::kAnswer}}) {
    Bench bench;
    bench.files.losses = losses;
    REQUIRE(bench.Send("a"));
    CHECK(bench.table.version() == 1);
    CHECK(bench.table.snapshot().transactions().contains("a"));
    REQUIRE(bench.Send("b"));
    CHECK(bench.table.ReadNewer()->empty());
    CHECK(*bench.table.Is(1, "a"));
    CHECK(*bench.table.Is(2, "b"));
  }
}

TEST_CASE("a commit that nobody answers stays in doubt, and one that another writer overtook is a conflict") {
  using Loss = LosingFiles::Loss;
  Bench bench;
  bench.files.losses = std::deque<Loss>(100, Loss::kRequest);
  CHECK(bench.Send("a").error().kind == ErrorKind::kCommitUnknown);
  CHECK(bench.pauses > 3);
  CHECK(bench.table.version() == 0);
  bench.files.losses.clear();
  DeltaTable other(bench.folder / "t", bench.ports);
  REQUIRE(other.Load({}));
  REQUIRE(other.Send({Bench::Info("other")}, "other"));
  // Its answer is lost, too: the version that is there is another one's.
  bench.files.losses = {Loss::kAnswer};
  CHECK(bench.Send("a").error().kind == ErrorKind::kConflict);
  CHECK(bench.table.version() == 0);
  CHECK(bench.table.ReadNewer()->size() == 1);
}

}  // namespace cdc::delta_sink
