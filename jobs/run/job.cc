#include "jobs/run/job.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "jobs/run/maintain_run.h"
#include "jobs/run/migrate_run.h"
#include "jobs/run/open_sink.h"
#include "jobs/run/replay_run.h"
#include "jobs/run/run_setup.h"
#include "jobs/source/kafka_source.h"
#include "jobs/worker/loop.h"
#include "lib/contract/exit_code.h"
#include "lib/contract/job_channel.h"
#include "lib/contract/lock_file.h"
#include "lib/contract/names.h"
#include "lib/contract/report.h"
#include "lib/contract/state_layout.h"

namespace cdc::run {
namespace {

using worker::Loop;

constexpr Millis kSignInterval{5'000};

std::atomic<bool> stop_requested{false};

void OnSignal(int) { stop_requested.store(true, std::memory_order_relaxed); }

void HandleSignals() {
  struct sigaction action {};
  action.sa_handler = OnSignal;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

/// Unique per table: start time and pid, unless the orchestrator names the run.
std::string RunId(const Clock& clock) {
  const char* given = std::getenv(contract::kRunVariable);
  return given != nullptr ? given : fmt::format("{}-{}", UnixMillis(clock.wall()), ::getpid());
}

/// getrusage's figure begins with the memory that the parent had at the exec; this one is our own.
int64_t PeakRssBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss * 1024;
}

/// While the table is opened the orchestrator hears of this run, which it would kill for its silence, and the
/// run hears whether it is to end.
std::function<Status()> SignOfLife(contract::JobChannel& channel, const Clock& clock, const bool& opened) {
  return [&channel, &clock, &opened, last = clock.steady()]() mutable -> Status {
    if (opened) return {};
    while (const auto command = channel.Poll()) {
      if (*command != contract::Command::kStay) stop_requested.store(true, std::memory_order_relaxed);
      if (*command == contract::Command::kOrphaned) break;
    }
    if (stop_requested.load(std::memory_order_relaxed))
      return Error{ErrorKind::kShuttingDown, "told to stop while the key index was rebuilt"};
    if (clock.steady() - last < kSignInterval) return {};
    last = clock.steady();
    channel.SendProgress({});
    return {};
  };
}

/// The same while the table is written anew, with what people are told meanwhile.
std::function<Status(const std::string&)> SignOfWork(contract::JobChannel& channel, const Clock& clock,
                                                     const contract::Report& report) {
  return [&channel, &clock, &report,
          last = std::optional<SteadyTime>()](const std::string& doing) mutable -> Status {
    while (const auto command = channel.Poll()) {
      if (*command != contract::Command::kStay) stop_requested.store(true, std::memory_order_relaxed);
      if (*command == contract::Command::kOrphaned) break;
    }
    if (stop_requested.load(std::memory_order_relaxed))
      return Error{ErrorKind::kShuttingDown, "told to stop while the table was written anew"};
    if (last && clock.steady() - *last < kSignInterval) return {};
    last = clock.steady();
    contract::Progress progress;
    progress.next = report.to;
    progress.events = report.events;
    progress.rows = report.rows;
    progress.deletes = report.deletes;
    progress.dead_letters = report.dead_letters;
    progress.snapshot_id = report.snapshot_id;
    progress.doing = doing;
    channel.SendProgress(progress);
    return {};
  };
}

/// What the catalog or the store had when the run began, and has no more.
Error Gone(Error error, const std::string& table) {
  if (error.kind != ErrorKind::kNotFound || !error.hint.empty()) return error;
  error.hint = fmt::format(
      "somebody dropped the table or deleted its files: `cdc reset {0} --yes` builds it anew from the "
      "topic's "
      "start; or register its newest metadata file again with an Iceberg tool, then `cdc trigger {0}`",
      table);
  return error;
}

/// Everything between the configuration and the loop.
Status RunTable(const JobDefinition& job, const config::Config& config, const config::Table& table,
                bool drain, contract::JobChannel& channel, const Clock& clock, const log::Logger& log,
                contract::Report* report) {
  SourceSettings settings = SettingsOf(config, table);
  KafkaSettings kafka = KafkaSettingsOf(config, table.name);
  kafka.dead_letters = table.dead_letters;
  CDC_TRY(contract::PrepareStateFolder(config.orchestrator.state_dir));
  auto lock = contract::LockFile::TryAcquire(
      contract::StateLayout(config.orchestrator.state_dir).table_lock(table.name));
  if (!lock) return lock.error();

  kafka::ConsumerOptions options = ConsumerOptionsOf(kafka, settings.memory_bytes);
  options.group_id = kafka.group_id;
  CDC_ASSIGN(auto consumer, kafka::Consumer::Make(options));
  CDC_ASSIGN(const auto found, FindTopic(*consumer, table));
  if (!found) {
    log.Info("its topic does not exist yet: nothing to do");
    return {};
  }
  CDC_TRY(NameTable(config, *found, *consumer, &settings));

  bool opened = false;
  SinkPorts ports{clock, [](Millis pause) { std::this_thread::sleep_for(pause); }, log,
                       SignOfLife(channel, clock, opened), SignOfWork(channel, clock, *report)};
  CDC_ASSIGN(const OpenedSink store, OpenSink(config, table, settings, *found, std::move(ports)));
  opened = true;
  Table target(*store.sink);

  DeadLetters letters(kafka);
  CDC_ASSIGN(TaintedKeys tainted,
             TaintedKeys::Load(settings.append ? std::filesystem::path() : settings.index_folder / "tainted",
                               target.shape().key_secret, settings.table));
  const auto mapping = job.mapping ? job.mapping() : nullptr;
  Intake intake(settings, target, letters, tainted, mapping.get(), DescriberOf(settings), clock, log);
  source::TopicWitness witness(options);
  worker::SourceCounts counts;
  source::KafkaSource topic(settings, found->partitions,
                            {target, *consumer, witness, intake, letters, tainted, counts, clock, log});
  Loop loop(worker::RulesOf(settings, drain), {topic, target, channel, clock, stop_requested, counts, log});
  const Status ended = loop.Run(report);
  return ended ? ended : Gone(ended.error(), table.name);
}

int Finish(contract::Report report, const Status& status, const Clock& clock, SteadyTime started,
           const log::Logger& log) {
  report.exit = static_cast<int>(contract::ExitCode::kDone);
  if (!status) {
    report.exit = static_cast<int>(contract::ExitCodeFor(status.error().kind));
    report.reason = Describe(status.error());
    log.Error("{}", report.reason);
  }
  report.seconds = std::chrono::duration<double>(clock.steady() - started).count();
  report.peak_rss_bytes = PeakRssBytes();
  log.Flush();
  std::printf("%s\n", contract::EncodeReport(report).c_str());
  std::fflush(stdout);
  return report.exit;
}

}  // namespace

int RunJob(const JobDefinition& job, int argc, char** argv) {
  contract::JobChannel channel = contract::JobChannel::FromEnvironment();
  int exit_code = 0;
  const auto line = ParseCommandLine(job, argc, argv, &exit_code);
  if (!line) return exit_code;
  HandleSignals();
  const SystemClock clock;
  const SteadyTime started = clock.steady();
  contract::Report report;
  report.table = line->table;
  report.run = RunId(clock);
  log::Options log_options;
  if (line->verbose) log_options.level = log::Level::kDebug;
  auto made = log::Logger::Make(log_options);
  const log::Logger log = (made ? *made : log::Logger()).With("table", line->table).With("run", report.run);

  const auto config = LoadConfig(*line);
  if (!config) return Finish(std::move(report), config.error(), clock, started, log);
  const auto table = (*config)->FindTable(line->table);
  if (!table) {
    return Finish(std::move(report),
                  Error{ErrorKind::kInvalidConfig, table.error().message, table.error().hint}, clock, started,
                  log);
  }
  if ((line->maintain || line->migrate || line->replay) && !table->in_iceberg()) {
    return Finish(std::move(report),
                  Error{ErrorKind::kUnsupported,
                        fmt::format("--maintain, --migrate and --replay are for Iceberg tables, and {} is written "
                                    "to [sinks.{}]",
                                    table->name, table->sink),
                        "`cdc maintain`, `cdc migrate` and `cdc dlq replay` say what does it there"},
                  clock, started, log);
  }
  if (line->replay && (table->select || table->has_other_rows())) {
    return Finish(std::move(report),
                  Error{ErrorKind::kUnsupported,
                        fmt::format("--replay does not judge letters of a table with select or where yet, and {} is one",
                                    table->name),
                        fmt::format("`cdc reset {} --yes` builds it anew from the topic's start", table->name)},
                  clock, started, log);
  }
  if (line->maintain) {
    return MaintainTable(**config, *table, {line->dry_run}, stop_requested, clock, log);
  }
  if (line->migrate) return MigrateTable(**config, *table, line->confirmed, stop_requested, clock, log);
  if (line->replay) {
    return ReplayTable(job, **config, *table, {line->dry_run, line->force, line->limit}, stop_requested,
                       clock, log);
  }
  const Status status = RunTable(job, **config, *table, line->drain, channel, clock, log, &report);
  return Finish(std::move(report), status, clock, started, log);
}

}  // namespace cdc::run
