// flat --folder F [--rows N] [--commits N] [--changes N] [--deletes PERCENT] [--interval MS] [--rest 0]
//      [--phase NAME --perf FOLDER]
//
// Commits random changes to one table through the worker's Iceberg sink, with its maintenance, and prints one
// JSON line: how long commits take at the beginning and at the end, what was written per changed row, and of
// what the table consists when it is left. Storage is a local folder; requests are counted, because each
// costs on S3. The table stays in F (catalog.db, warehouse) for bench/reads.
//
// With --perf, a `perf record -D -1 --control=fifo:FOLDER/control,FOLDER/ack` that runs beside it samples the
// commits of one phase only: empty (new rows), empty-changes, first, last (tenth of the changes), full.

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/flat/bench_table.h"
#include "jobs/sink/iceberg/iceberg_sink.h"
#include "lib/iceberg/sqlite_catalog.h"

namespace cdc::bench {
namespace {

struct Options {
  std::string folder;
  int64_t rows = 500'000;
  int64_t commits = 200;
  int64_t changes = 1000;
  int deletes = 20;
  bool rest = true;         ///< idle maintenance at the end; if not, the table is left as it is while busy
  int64_t interval_ms = 0;  ///< from the start of one commit to that of the next; 0: none
  int keep = 100;
  int age_seconds = 3600;
  std::string phase, perf;  ///< the commits of which phase to sample; folder of perf's two pipes
};

void Fail(const std::string& what) {
  fmt::print(stderr, "flat: {}\n", what);
  std::exit(1);
}

template <typename T>
T Must(Result<T> result) {
  if (!result) Fail(Describe(result.error()));
  return std::move(*result);
}
void Must(const Status& status) {
  if (!status) Fail(Describe(status.error()));
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const char* value = argv[i + 1];
    const int64_t number = std::atoll(value);
    if (name == "--folder")
      options.folder = std::filesystem::absolute(value).string();
    else if (name == "--rows")
      options.rows = number;
    else if (name == "--commits")
      options.commits = number;
    else if (name == "--changes")
      options.changes = number;
    else if (name == "--deletes")
      options.deletes = static_cast<int>(number);
    else if (name == "--rest")
      options.rest = number != 0;
    else if (name == "--interval")
      options.interval_ms = number;
    else if (name == "--keep")
      options.keep = static_cast<int>(number);
    else if (name == "--age")
      options.age_seconds = static_cast<int>(number);
    else if (name == "--phase")
      options.phase = value;
    else if (name == "--perf")
      options.perf = value;
    else
      Fail("unknown option " + name);
  }
  if (options.folder.empty()) Fail("--folder is missing");
  return options;
}

double Milliseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1, static_cast<size_t>(share * static_cast<double>(values.size())))];
}

/// Of the whole process; a busy machine bends it less than the clock on the wall.
double CpuMilliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

struct Cost {
  double wall_ms, cpu_ms;
};

nlohmann::json Spread(const std::vector<double>& values) {
  const auto rounded = [](double v) { return std::round(v * 100) / 100; };
  return {{"p50", rounded(Percentile(values, 0.5))},
          {"p99", rounded(Percentile(values, 0.99))},
          {"max", rounded(Percentile(values, 1))}};
}

/// Of both; the values from `first` to `last`, as shares of all.
nlohmann::json Spread(const std::vector<Cost>& costs, double first = 0, double last = 1) {
  std::vector<double> wall, cpu;
  const auto at = [&](double share) {
    return static_cast<size_t>(share * static_cast<double>(costs.size()));
  };
  for (size_t i = at(first); i < at(last); ++i) {
    wall.push_back(costs[i].wall_ms);
    cpu.push_back(costs[i].cpu_ms);
  }
  return {{"wall", Spread(wall)}, {"cpu", Spread(cpu)}};
}

/// Tells a perf that waits when to sample.
class Sampling {
 public:
  explicit Sampling(const std::string& folder) {
    if (folder.empty()) return;
    control_ = ::open((folder + "/control").c_str(), O_WRONLY | O_CLOEXEC);
    ack_ = ::open((folder + "/ack").c_str(), O_RDONLY | O_CLOEXEC);
    if (control_ < 0 || ack_ < 0) Fail("--perf: cannot open the pipes in " + folder);
  }
  ~Sampling() {
    if (control_ >= 0) ::close(control_);
    if (ack_ >= 0) ::close(ack_);
  }
  void On() { Tell("enable\n"); }
  void Off() { Tell("disable\n"); }

 private:
  void Tell(std::string_view command) {
    if (control_ < 0) return;
    char answer[8];  // "ack\n" and a zero byte
    if (::write(control_, command.data(), command.size()) < 0 || ::read(ack_, answer, sizeof answer) <= 0)
      Fail("--perf: perf does not answer");
  }

  int control_ = -1, ack_ = -1;
};

/// One run: the table, what it was given, and the times.
class Run {
 public:
  explicit Run(Options options)
      : options_(std::move(options)), counted_(*disk_), rows_(1), sampling_(options_.perf) {
    settings_.table = settings_.topic = "t";
    settings_.ident = {"bench", "t"};
    settings_.index_folder = std::filesystem::path(options_.folder) / "index";
    settings_.snapshot_keep = options_.keep;
    settings_.snapshot_age = std::chrono::seconds(options_.age_seconds);
    catalog_ = Must(iceberg::MakeSqliteCatalog(
        {options_.folder + "/catalog.db", "iceberg_catalog", options_.folder + "/warehouse"}, counted_));
    iceberg_sink::IcebergSink::Ports ports{*catalog_, counted_, clock_, [](Millis) {}, log::Logger()};
    sink_ = Must(iceberg_sink::IcebergSink::Open(settings_, R"({"cluster":"c","topic":"t"})", ports));
  }

  void Go() {
    MeasureEmpty();
    Load();
    fmt::print(stderr, "flat: loaded\n");  // beside.py waits for it
    counted_.Take();
    MeasureCommits();
    MeasureInserts();
    const SteadyTime started = clock_.steady();
    while (options_.rest && Must(sink_->Maintain(worker::Tidying::kIdle))) {
    }
    last_ms_ = Milliseconds(started, clock_.steady());
    last_ = counted_.Take();
    Must(sink_->Close());
    Print();
  }

 private:
  Cost Commit(const worker::Fold& fold, std::string_view phase) {
    worker::Marker marker;
    marker.offsets["t"][0] = ++offset_;
    const bool sampled = phase == options_.phase;
    if (sampled) sampling_.On();
    const SteadyTime started = clock_.steady();
    const double cpu = CpuMilliseconds();
    Must(sink_->Commit(fold, marker));
    const Cost cost{Milliseconds(started, clock_.steady()), CpuMilliseconds() - cpu};
    if (sampled) sampling_.Off();
    return cost;
  }

  /// As many changes per commit into a table that has next to nothing: new rows, then random changes of them.
  void MeasureEmpty() {
    Must(sink_->Create(Rows::Schema(), {"id"}));
    rows_.SetSecret(sink_->key_secret());
    for (int i = 0; i < 40; ++i) {
      worker::Fold fold(sink_->schema());
      if (i < 20)
        rows_.Insert(options_.changes, &fold);
      else
        rows_.Change(options_.changes, options_.deletes, &fold);
      (i < 20 ? empty_ : changed_empty_).push_back(Commit(fold, i < 20 ? "empty" : "empty-changes"));
    }
  }

  void Load() {
    constexpr int64_t kBatch = 250'000;
    for (int64_t left = options_.rows - rows_.live(); left > 0; left -= kBatch) {
      worker::Fold fold(sink_->schema());
      rows_.Insert(std::min(left, kBatch), &fold);
      Commit(fold, "load");
    }
  }

  const char* PhaseOf(int64_t commit) const {
    if (commit * 10 < options_.commits) return "first";
    return commit * 10 < options_.commits * 9 ? "" : "last";
  }

  void MeasureCommits() {
    SteadyTime next = clock_.steady();
    for (int64_t i = 0; i < options_.commits; ++i) {
      worker::Fold fold(sink_->schema());
      rows_.Change(options_.changes, options_.deletes, &fold);
      commits_.push_back(Commit(fold, PhaseOf(i)));
      const Requests asked = counted_.Take();
      puts_.push_back(static_cast<double>(asked.created));
      gets_.push_back(static_cast<double>(asked.opened));
      committed_bytes_ += asked.bytes_written;
      const SteadyTime started = clock_.steady();
      next += Millis(options_.interval_ms);
      (void)Must(sink_->Maintain(worker::Tidying::kBetweenCommits));
      maintained_.push_back(Milliseconds(started, clock_.steady()));
      std::this_thread::sleep_until(next);
      maintained_bytes_ += counted_.Take().bytes_written;
    }
  }

  /// What MeasureEmpty() did, now that the table is large and old.
  void MeasureInserts() {
    for (int i = 0; i < 20; ++i) {
      worker::Fold fold(sink_->schema());
      rows_.Insert(options_.changes, &fold);
      full_.push_back(Commit(fold, "full"));
    }
    counted_.Take();
  }

  void Print() {
    const auto table = Must(catalog_->LoadTable(iceberg_sink::IdentOf(settings_)));
    const auto live = Must(iceberg::LiveFiles::Load(*disk_, *table.metadata));
    const double changed = static_cast<double>(options_.commits * options_.changes);
    double busy = 0, tidy = 0;
    for (const Cost& cost : commits_) busy += cost.wall_ms;
    for (const double ms : maintained_) tidy += ms;
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const int64_t files_on_disk = static_cast<int64_t>(Must(disk_->List(table.metadata->location)).size());
    nlohmann::json out = {
        {"bench", "flat"},
        {"rows", rows_.live()},
        {"commits", options_.commits},
        {"changes", options_.changes},
        {"insert_ms_empty_table", Spread(empty_)},
        {"insert_ms_full_table", Spread(full_)},
        {"change_ms_empty_table", Spread(changed_empty_)},
        {"commit_ms_first_tenth", Spread(commits_, 0, 0.1)},
        {"commit_ms_last_tenth", Spread(commits_, 0.9)},
        {"commit_ms", Spread(commits_)},
        {"maintain_ms", Spread(maintained_)},
        {"maintain_share", std::round(tidy / std::max(1.0, busy + tidy) * 1000) / 1000},
        {"last_maintain_ms", std::round(last_ms_)},
        {"last_maintain_bytes", last_.bytes_written},
        {"bytes_per_change_commit", std::round(static_cast<double>(committed_bytes_) / changed)},
        {"bytes_per_change_maintain", std::round(static_cast<double>(maintained_bytes_) / changed)},
        {"puts_per_commit", Spread(puts_)},
        {"gets_per_commit", Spread(gets_)},
        {"data_files", live.data().size()},
        {"delete_files", live.deletes().size()},
        {"deleted_rows", live.totals().position_deletes},
        {"live_bytes", live.totals().bytes},
        {"manifests", live.manifests().size()},
        {"snapshots", table.metadata->snapshots.size()},
        {"metadata_bytes", Must(disk_->ReadAll(table.metadata_location)).size()},
        {"files_on_disk", files_on_disk},
        {"max_rss_mb", usage.ru_maxrss / 1024},
        {"checksum", std::to_string(rows_.checksum())},
        {"metadata_location", table.metadata_location},
    };
    fmt::print("{}\n", out.dump());
  }

  Options options_;
  SystemClock clock_;
  std::unique_ptr<storage::FileSystem> disk_ = storage::MakeLocalFileSystem();
  CountingFiles counted_;
  Rows rows_;
  Sampling sampling_;
  worker::TableSettings settings_;
  std::unique_ptr<iceberg::Catalog> catalog_;
  std::unique_ptr<iceberg_sink::IcebergSink> sink_;
  int64_t offset_ = 0;
  std::vector<Cost> empty_, changed_empty_, full_, commits_;
  std::vector<double> maintained_, puts_, gets_;
  int64_t committed_bytes_ = 0, maintained_bytes_ = 0;
  double last_ms_ = 0;
  Requests last_;
};

}  // namespace
}  // namespace cdc::bench

int main(int argc, char** argv) {
  cdc::bench::Run(cdc::bench::Parse(argc, argv)).Go();
  return 0;
}
