// Behind a backlog a second thread commits while the first fills the next batch. Here that commit fails,
// always at a moment when messages behind it have been taken in.

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <sstream>

#include "jobs/run/run_setup.h"
#include "jobs/sink/iceberg/iceberg_sink.h"
#include "jobs/source/kafka_source.h"
#include "jobs/worker/loop.h"
#include "lib/contract/exit_code.h"
#include "lib/lake/lake.h"
#include "tests/component/worker/change.h"
#include "tests/component/worker/judge.h"
#include "tests/component/worker/watched_run.h"
#include "tests/support/result_printing.h"

namespace cdc::worker {
namespace {

using iceberg_sink::IcebergSink;
using iceberg_sink::IdentOf;

using nlohmann::json;

/// A catalog with another end to the failing commit.
class WatchedCatalog final : public iceberg::Catalog {
 public:
  using Attempt = std::function<Result<iceberg::LoadedTable>()>;
  WatchedCatalog(iceberg::Catalog& real, Gate& gate) : real_(real), gate_(gate) {}
  std::function<Result<iceberg::LoadedTable>(const Attempt& honestly)> instead;  ///< empty: the truth
  bool silent = false;                                                           ///< answers no more loads

  Status EnsureNamespace(const std::string& name) override { return real_.EnsureNamespace(name); }
  Result<iceberg::LoadedTable> LoadTable(const iceberg::TableIdent& ident) override {
    if (silent) return Error{ErrorKind::kTransient, "no answer"};
    return real_.LoadTable(ident);
  }
  Result<iceberg::LoadedTable> CreateTable(const iceberg::TableIdent& ident, const rows::Schema& schema,
                                           const std::string& location,
                                           const std::map<std::string, std::string>& properties) override {
    return real_.CreateTable(ident, schema, location, properties);
  }
  Result<iceberg::LoadedTable> CommitTable(const iceberg::LoadedTable& base,
                                           const iceberg::TableCommit& commit) override {
    const Attempt honestly = [&] { return real_.CommitTable(base, commit); };
    return instead && gate_.PassThrough() ? instead(honestly) : honestly();
  }
  Status DropTable(const iceberg::TableIdent& ident) override { return real_.DropTable(ident); }

 private:
  iceberg::Catalog& real_;
  Gate& gate_;
};

/// A disk that is full from the failing commit on.
class WatchedFiles final : public storage::FileSystem {
 public:
  WatchedFiles(storage::FileSystem& real, Gate& gate) : real_(real), gate_(gate) {}
  bool full = false;  ///< set before the run

  Result<std::unique_ptr<storage::Writer>> Create(const std::string& path) override {
    if (full && gate_.PassThrough()) return Error{ErrorKind::kTransient, "no space left for " + path};
    return real_.Create(path);
  }
  Result<std::unique_ptr<storage::Reader>> Open(const std::string& path) override { return real_.Open(path); }
  Status Delete(const std::string& path) override { return real_.Delete(path); }
  Result<std::vector<storage::FileInfo>> List(const std::string& folder) override {
    return real_.List(folder);
  }

 private:
  storage::FileSystem& real_;
  Gate& gate_;
};

std::string ReadText(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void Must(const Status& status) {
  INFO((status ? "" : Describe(status.error())));
  REQUIRE(status.has_value());
}

template <typename T>
T Must(Result<T> result) {
  INFO((result ? "" : Describe(result.error())));
  REQUIRE(result.has_value());
  return std::move(*result);
}

/// {id: n} of a dumped table; an id that is there twice fails the test.
std::map<int64_t, int64_t> RowsOf(const json& table) {
  std::map<int64_t, int64_t> rows;
  for (const json& row : table["rows"]) {
    if (!rows.emplace(row["id"], row["n"]).second) FAIL_CHECK("twice in the table: " << row.dump());
  }
  return rows;
}

/// 4 KB that Kafka packs well: a batch has about 1,000 rows at the least `memory`, and the topic stays small.
std::string Doc(int n) { return std::string(4000, static_cast<char>('a' + n % 26)); }

/// A topic with many times a batch, and one run of the worker's loop on it, in this process.
struct Backlog {
  static constexpr int kRows = 500, kEvents = 12'000;

  /// \param more lines of the table
  explicit Backlog(const std::string& more = "") {
    pipeline.Configure("[tables.ahead]\nmemory = \"32MB\"\n" + more);
    pipeline.MakeTopic(changes.topic());
    pipeline.Send(changes.topic(), {Next()});
    const Ended first = pipeline.Drain("ahead");
    INFO(first.report.reason << first.log);
    REQUIRE(first.exit == 0);
    std::vector<Event> events;
    while (sent < kEvents) events.push_back(Next());
    pipeline.Send(changes.topic(), events);
  }

  /// Each row again and again, some of them deleted in between.
  Event Next() {
    const int id = sent % kRows;
    ++sent;
    if (sent % 7 == 0) {
      rows.erase(id);
      return changes.Delete(id);
    }
    rows[id] = sent;
    return changes.Update({{"id", id}, {"n", sent}, {"doc", Doc(sent)}});
  }

  /// Runs until the topic's end, or until `prepare`'s failure ends it. \return how it ended
  /// \param slow as SlowSink
  Status Run(const std::function<void(WatchedCatalog&, WatchedFiles&)>& prepare, bool slow = false) {
    const auto config = Must(config::Load(pipeline.folder() / "tables.toml"));
    const config::Table table = Must(config->FindTable("ahead"));
    source::SourceSettings settings = run::SettingsOf(*config, table);
    const source::KafkaSettings kafka = run::KafkaSettingsOf(*config, "ahead");
    kafka::ConsumerOptions options;
    options.bootstrap_servers = kafka.bootstrap_servers;
    options.group_id = kafka.group_id;
    const auto consumer = Must(kafka::Consumer::Make(options));
    const auto found = Must(run::FindTopic(*consumer, table));
    REQUIRE(found);
    Must(run::NameTable(*config, *found, *consumer, &settings));

    Gate gate;
    const auto lake = Must(lake::Open(*config, IdentOf(settings)));
    WatchedCatalog catalog(lake->catalog(), gate);
    WatchedFiles files(lake->files(), gate);
    prepare(catalog, files);
    const SystemClock clock;
    const log::Logger log;
    const std::string ident = json{{"cluster", found->cluster}, {"topic", found->topic}}.dump();
    const auto real = Must(IcebergSink::Open(settings, ident, {catalog, files, clock, [](Millis) {}, log}));
    SlowSink sink(*real, gate);
    sink.slow = slow;
    Table target(sink);
    source::DeadLetters letters(kafka);
    source::TaintedKeys tainted =
        *source::TaintedKeys::Load(settings.index_folder / "tainted", target.shape().key_secret, "t");
    source::Intake intake(settings, target, letters, tainted, nullptr, {}, clock, log);
    contract::JobChannel channel(-1);
    const std::atomic<bool> stop{false};
    source::TopicWitness witness(options);
    SourceCounts counts;
    source::KafkaSource topic(settings, found->partitions,
                              {target, *consumer, witness, intake, letters, tainted, counts, clock, log});
    const CourseRules rules = RulesOf(settings, true);
    WatchedSource watched(topic, gate, rules.pace.batch_bytes);
    Loop loop(rules, {watched, target, channel, clock, stop, counts, log});
    return loop.Run(&report);
  }

  /// A worker on another machine: it has a state folder of its own, so that no lock stops it.
  Ended DrainElsewhere() {
    std::string text = ReadText(pipeline.folder() / "tables.toml");
    const std::string ours = "state_dir = \"state\"";
    text.replace(text.find(ours), ours.size(), "state_dir = \"elsewhere\"");
    const auto path = pipeline.folder() / "elsewhere.toml";
    std::ofstream(path) << text;
    return Worker(path, "ahead", true).Wait();
  }

  /// The offset of the newest snapshot that has one, as another reader sees it; with it the rows.
  int64_t CommittedOffset() {
    json table = Dump(pipeline, {"ahead"})["ahead"];
    int64_t newest = -1;
    for (const json& snapshot : table["snapshots"]) {
      if (!snapshot["summary"].contains("cdc.offsets")) continue;
      const json offsets = json::parse(snapshot["summary"]["cdc.offsets"].get<std::string>());
      newest = std::max(newest, offsets[changes.topic()]["0"].get<int64_t>());
    }
    return newest;
  }

  /// The failing commit's run ended in its midst, and knows what it has done.
  void CheckStopped(const Status& ended) {
    REQUIRE_FALSE(ended);
    INFO(Describe(ended.error()));
    CHECK(contract::ExitCodeFor(ended.error().kind) == contract::ExitCode::kTryAgain);
    const int64_t committed = report.to.at(0), taken = report.from.at(0) + report.events;
    INFO("committed up to " << committed << ", taken up to " << taken);
    CHECK(committed > report.from.at(0));  // by those before it
    CHECK(taken >
          committed + (committed - report.from.at(0)) / (kFailing - 1));  // more than the failed batch
    CHECK(taken < sent);
  }

  /// What comes then, by a worker of its own.
  void CheckNextRun() {
    pipeline.Send(changes.topic(), {Next(), Next()});
    const Ended ended = pipeline.Drain("ahead");
    INFO(ended.report.reason << ended.log);
    CHECK(ended.exit == 0);
    CHECK(ended.report.to.at(0) == sent);
    CHECK(RowsOf(Dump(pipeline, {"ahead"})["ahead"]) == rows);
  }

  Changes changes{"ahead"};
  Pipeline pipeline;
  int sent = 0;
  std::map<int64_t, int64_t> rows;  // the source's
  contract::Report report;
};

}  // namespace

TEST_CASE("a full disk under the second thread ends the run before the next batch") {
  Backlog backlog;
  backlog.CheckStopped(backlog.Run([](WatchedCatalog&, WatchedFiles& files) { files.full = true; }));
  CHECK(backlog.CommittedOffset() == backlog.report.to.at(0));
  backlog.CheckNextRun();
}

TEST_CASE("a run that ends by an error of its own reports the commit that was under way") {
  Backlog backlog("on_error = \"stop\"\n");
  backlog.pipeline.Send(backlog.changes.topic(), {{Changes::Key(1), "{broken"}});
  const Status ended = backlog.Run([](WatchedCatalog&, WatchedFiles&) {}, /*slow=*/true);
  REQUIRE_FALSE(ended);
  INFO(Describe(ended.error()));
  CHECK(ended.error().message.find("bad message") != std::string::npos);
  CHECK(backlog.report.events == backlog.sent - 1);  // up to the bad one; one was taken before
  CHECK(backlog.report.to.at(0) == backlog.CommittedOffset());
  CHECK(backlog.report.to.at(0) < backlog.sent);
}

TEST_CASE("a worker behind a backlog whose data folder cannot be written says so, and the next one goes on") {
  Pipeline pipeline;
  Changes changes("refused");
  constexpr int kPartitions = 4;
  pipeline.Configure("[tables.refused]\nmemory = \"32MB\"\n");
  pipeline.MakeTopic(changes.topic(), kPartitions);
  pipeline.Send(changes.topic(), {changes.Create({{"id", 0}, {"n", 0}, {"doc", ""}})});
  REQUIRE(pipeline.Drain("refused").exit == 0);
  std::map<int64_t, int64_t> rows = {{0, 0}};
  std::vector<std::vector<Event>> events(kPartitions);
  for (int i = 1; i <= 8'000; ++i) {
    const int id = i % 5'000;
    rows[id] = i;
    events[id % kPartitions].push_back(changes.Update({{"id", id}, {"n", i}, {"doc", Doc(i)}}));
  }
  for (int p = 0; p < kPartitions; ++p) pipeline.Send(changes.topic(), events[p], p);

  std::filesystem::path data;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(pipeline.folder() / "data")) {
    if (entry.path().extension() == ".parquet") data = entry.path().parent_path();
  }
  REQUIRE(!data.empty());
  const auto away = pipeline.folder() / "away";
  std::filesystem::rename(data, away);
  std::ofstream(data) << "a file where a folder should be";
  const Ended failed = pipeline.Drain("refused");
  INFO(failed.report.reason << failed.log);
  CHECK(failed.exit == 78);  // somebody has to do something
  CHECK(failed.report.exit == 78);
  CHECK(failed.report.reason.find(data.string()) != std::string::npos);
  CHECK(failed.report.events > 0);
  CHECK(failed.report.to == failed.report.from);
  std::filesystem::remove(data);
  std::filesystem::rename(away, data);

  const Ended ended = pipeline.Drain("refused");
  INFO(ended.report.reason << ended.log);
  CHECK(ended.exit == 0);
  CHECK(ended.report.from == failed.report.to);
  CHECK(RowsOf(Dump(pipeline, {"refused"})["refused"]) == rows);
}

TEST_CASE("offsets that another writer moved under the second thread end the run") {
  Backlog backlog;
  Ended others;
  const Status ended = backlog.Run([&](WatchedCatalog& catalog, WatchedFiles&) {
    catalog.instead = [&](const WatchedCatalog::Attempt& honestly) {
      if (others.exit < 0) others = backlog.DrainElsewhere();
      return honestly();
    };
  });
  CHECK(others.exit == 0);
  CHECK(others.report.to.at(0) == backlog.sent);
  backlog.CheckStopped(ended);
  CHECK(ended.error().kind == ErrorKind::kConflict);
  CHECK(backlog.CommittedOffset() == backlog.sent);  // the other's, which nobody moved back
  backlog.CheckNextRun();
}

TEST_CASE("a commit of the second thread whose outcome nobody can tell ends the run") {
  for (const bool done : {true, false}) {
    INFO("the commit was done: " << done);
    Backlog backlog;
    const Status ended = backlog.Run([&](WatchedCatalog& catalog, WatchedFiles&) {
      catalog.instead = [&catalog, done](const WatchedCatalog::Attempt& honestly) {
        catalog.silent = true;
        if (done) (void)honestly();
        return Result<iceberg::LoadedTable>(Error{ErrorKind::kCommitUnknown, "timed out"});
      };
    });
    backlog.CheckStopped(ended);
    CHECK(ended.error().kind == ErrorKind::kCommitUnknown);
    // The report names what is certain; the batch in doubt is one more at the most.
    const int64_t committed = backlog.CommittedOffset();
    CHECK((committed > backlog.report.to.at(0)) == done);
    CHECK(committed < backlog.report.from.at(0) + backlog.report.events);
    backlog.CheckNextRun();
  }
}

}  // namespace cdc::worker
