// The whole run without a broker, a store or a second: records from memory, a table that is a map, a clock
// that is moved by hand. Random changes, sizes of reads, stops, failures of source and store; then the table
// is compared with what the changes say.

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <random>

#include "jobs/worker/loop.h"
#include "tests/support/result_printing.h"
#include "tests/unit/run_loop/map_sink.h"
#include "tests/unit/run_loop/replayed_source.h"

namespace cdc::worker {
namespace {

using nlohmann::json;

constexpr const char* kTopic = "s.public.t";
constexpr const char* kUnsent = "__debezium_unavailable_value";

/// Changes of a table (id, n, doc), and the rows that they leave.
class Author {
 public:
  Author(uint32_t seed, size_t partitions) : dice_(seed), log_(partitions) {}

  void Write() {
    const uint32_t kind = Roll(100);
    const int64_t id = Roll(30);
    const auto row = rows_.find(id);
    ++serial_;
    const bool one = log_.size() == 1;
    if (one && kind == 0) return Truncate();
    if (row == rows_.end()) return Put(id, "c", Doc());
    if (kind < 30) return Put(id, "u", Doc());
    if (kind < 60) return Put(id, "u", kUnsent);
    if (one && kind < 75) return Move(id);
    Remove(id, {});
    rows_.erase(id);
  }

  Log& log() { return log_; }
  const std::map<int64_t, std::pair<int64_t, std::string>>& rows() const { return rows_; }
  uint32_t Roll(uint32_t n) { return dice_() % n; }

 private:
  using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

  static std::string Key(int64_t id) { return json{{"id", id}}.dump(); }
  std::string Doc() { return "text " + std::to_string(serial_); }

  void Append(int64_t id, std::optional<std::string> value, Headers headers = {}) {
    auto& records = log_[static_cast<size_t>(id) % log_.size()];
    kafka::OwnRecord record{kTopic,
                            static_cast<int32_t>(static_cast<size_t>(id) % log_.size()),
                            static_cast<int64_t>(records.size()),
                            serial_,
                            Key(id),
                            std::move(value),
                            std::move(headers)};
    records.push_back(std::move(record));
  }
  std::string Event(const char* op, const json& before, const json& after) const {
    const json source = {{"schema", "public"}, {"table", "t"}, {"lsn", serial_}, {"ts_ms", serial_}};
    return json{{"before", before}, {"after", after}, {"source", source}, {"op", op}}.dump();
  }
  void Put(int64_t id, const char* op, const std::string& doc, Headers headers = {}) {
    Append(id, Event(op, nullptr, {{"id", id}, {"n", serial_}, {"doc", doc}}), std::move(headers));
    auto& row = rows_[id];
    row = {serial_, doc == kUnsent ? row.second : doc};
  }
  void Remove(int64_t id, Headers headers) {
    Append(id, Event("d", {{"id", id}}, nullptr), headers);
    Append(id, std::nullopt, headers);
  }
  void Move(int64_t from) {
    const int64_t to = 1000 + serial_;
    const std::string doc = rows_.at(from).second;
    Remove(from, {{"__debezium.newkey", Key(to)}});
    rows_.erase(from);
    rows_[to] = {serial_, doc};
    Put(to, "c", kUnsent, {{"__debezium.oldkey", Key(from)}});
  }
  void Truncate() {
    Append(0, Event("t", nullptr, nullptr));
    log_[0].back().key.reset();
    rows_.clear();
  }

  std::mt19937 dice_;
  Log log_;
  std::map<int64_t, std::pair<int64_t, std::string>> rows_;
  int64_t serial_ = 0;
};

std::map<int64_t, std::pair<int64_t, std::string>> RowsOf(const MapStore& store) {
  std::map<int64_t, std::pair<int64_t, std::string>> rows;
  for (const auto& [key, row] : store.rows) {
    const auto column = [&](const char* name) -> const rows::Column& {
      return row->column(static_cast<size_t>(row->schema().IndexOf(name)));
    };
    const auto id = column("id").fixed<int64_t>(0);
    if (!rows.emplace(id, std::pair(column("n").fixed<int64_t>(0), std::string(column("doc").bytes(0))))
             .second)
      FAIL("twice in the table: " << id);
  }
  return rows;
}

/// Runs until the changes are all in the table, through whatever ends a run.
class Harness {
 public:
  Harness(uint32_t seed, size_t partitions) : author_(seed, partitions) {
    settings_.table = settings_.bare_name = settings_.source_table = "t";
    settings_.source_schema = "public";
    settings_.topic = kTopic;
    settings_.idle_timeout = Millis{3'000};
    settings_.index_folder = std::filesystem::temp_directory_path() / "cdc-run-loop-test";
    settings_.declared.columns = {{"id", "bigint"}, {"n", "bigint"}, {"doc", "text"}};
  }

  /// \param failing whether sources and stores fail in it
  Status Run(bool failing) {
    MapSink sink(&store_, [&] {
      return failing ? static_cast<Answer>(Choice({40, 2, 2, 2})) : Answer::kDone;
    });
    Table table(sink);
    source::DeadLetters letters(
        [&](const source::Letter&, const std::string& why) { reasons_.push_back(why); });
    source::TaintedKeys tainted = *source::TaintedKeys::Load({}, table.shape().key_secret, "t");
    source::Intake intake(settings_, table, letters, tainted, nullptr, {}, clock_, log::Logger());
    contract::JobChannel channel(-1);
    SourceCounts counts;
    std::atomic<bool> stop{false};
    ReplayedSource source(kTopic, {author_.log(), table, intake, letters, tainted, clock_, counts,
                                   [&]() -> Result<size_t> { return Pace(failing, &stop); }});
    CourseRules rules = RulesOf(settings_, !failing);
    rules.pace.batch_bytes = 2'000 + static_cast<int64_t>(author_.Roll(20'000));
    contract::Report report;
    return Loop(rules, {source, table, channel, clock_, stop, counts, log::Logger()}).Run(&report);
  }

  Author& author() { return author_; }
  const MapStore& store() const { return store_; }
  const std::vector<std::string>& reasons() const { return reasons_; }

 private:
  size_t Choice(std::initializer_list<uint32_t> weights) {
    uint32_t sum = 0;
    for (const uint32_t weight : weights) sum += weight;
    uint32_t roll = author_.Roll(sum);
    size_t chosen = 0;
    for (const uint32_t weight : weights) {
      if (roll < weight) return chosen;
      roll -= weight;
      ++chosen;
    }
    return 0;
  }

  /// What happens before the next read: new changes, time, a command, an error.
  Result<size_t> Pace(bool failing, std::atomic<bool>* stop) {
    if (!failing) return 20;
    for (uint32_t n = author_.Roll(8); n > 0 && written_ < kChanges; --n, ++written_) author_.Write();
    clock_.ms += author_.Roll(4) == 0 ? author_.Roll(2'000) : 1;
    if (author_.Roll(150) == 0) stop->store(true);
    if (author_.Roll(200) == 0) return Error{ErrorKind::kTransient, "the broker is away"};
    return author_.Roll(12);
  }

 public:
  static constexpr int kChanges = 150;
  bool all_written() const { return written_ == kChanges; }

 private:
  source::SourceSettings settings_;
  Author author_;
  MapStore store_;
  HandClock clock_;
  std::vector<std::string> reasons_;
  int written_ = 0;
};

}  // namespace

TEST_CASE("whatever ends a run, the table has the source's rows after the next one") {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    Harness harness(seed, seed % 3 == 0 ? 3 : 1);
    int runs = 0;
    while (!harness.all_written() && ++runs < 1'000) {
      const Status ended = harness.Run(true);
      INFO("seed " << seed << " run " << runs);
      if (!ended) {
        INFO(Describe(ended.error()));
        REQUIRE(
            (ended.error().kind == ErrorKind::kTransient || ended.error().kind == ErrorKind::kCommitUnknown));
      }
    }
    const Status last = harness.Run(false);
    INFO("seed " << seed << " after " << runs << " runs: " << (last ? "" : Describe(last.error())));
    REQUIRE(last);
    for (const std::string& reason : harness.reasons()) UNSCOPED_INFO(reason);
    REQUIRE(harness.reasons().empty());
    REQUIRE(RowsOf(harness.store()) == harness.author().rows());
  }
}

}  // namespace cdc::worker
