#pragma once

/// \file orchestrator/scheduler.h
/// Performs what the tables' state machines decide: slots, starts, answers, the ledger.

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "lib/config/config.h"
#include "lib/contract/ledger.h"
#include "lib/contract/state_layout.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"
#include "orchestrator/job_entry.h"
#include "orchestrator/launcher.h"
#include "orchestrator/trigger_source.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

struct SchedulerOptions {
  std::filesystem::path jobs_folder;  ///< holds the worker programs
  contract::StateLayout layout;       ///< of state_dir
  bool drain = false;                 ///< run lagging tables with --drain until nothing lags
  Millis sweep_interval{10'000};      ///< between looks at all end offsets
  /// Where some tables cannot be listened to, sweeps are all they have: so often, for each table there is, at
  /// least a second and at most sweep_interval.
  std::chrono::microseconds sweep_interval_per_table{1'000};
  /// What a sweep finds is left to the listener for so long: it knows the operation too. Not when draining.
  Millis listener_head_start{2'000};
  Millis topics_interval{1'000};        ///< between looks for topics while a table has none
  Millis topics_idle_interval{10'000};  ///< otherwise
  Millis interval_per_topic{2};         ///< at least: an answer names all topics
  /// Called after everything that came from a port: Advance() is due, but not from inside. May be empty.
  std::function<void()> wake = {};
  /// Process that holds a table's lock, 0: none. Replaced in tests.
  std::function<int(const std::filesystem::path&)> lock_holder = {};
};

/// One thread, the caller's. Never blocks except for the ledger's writes. The ports must outlive it.
class Scheduler {
 public:
  Scheduler(const Clock& clock, Launcher& launcher, TriggerSource& source, contract::Ledger& ledger,
            log::Logger logger, SchedulerOptions options);
  ~Scheduler();

  /// Takes the first configuration with what the ledger remembers, or the difference to a new one.
  Status Apply(std::shared_ptr<const config::Config> config);

  /// A copy of the configuration that Apply() got last, which workers started from now on read in place of
  /// the file itself: that may be wrong by then, or half written. Empty: there is no copy.
  void GiveWorkers(std::filesystem::path accepted) { accepted_ = std::move(accepted); }

  /// From the trigger source: the first new message of a topic, and Debezium's letter of it (may be empty).
  void OnChange(const std::string& topic, const std::string& op);

  /// Does everything that is due. Call at NextWake(), and after every other call.
  void Advance();
  /// At most a second from now.
  SteadyTime NextWake() const;

  /// \return kInvalidConfig: no such table; kNotFound is what a caller gets whom no orchestrator answers.
  Status Trigger(const std::string& table);
  /// No more starts; workers are asked to leave. Wait until idle().
  void Shutdown();
  /// No worker is alive.
  bool idle() const;

  std::vector<contract::TableRecord> Records() const;
  /// For health and metrics. Copies what they need of each table: about a microsecond for one.
  View Look() const;  // scheduler_view.cc
  /// Writes what is not in the ledger yet.
  void Save();

  /// Drain: nothing lags, nothing runs, and a look at the end offsets after the last worker confirmed it.
  bool drained() const { return drained_; }
  /// Some table waits for an operator.
  bool any_held() const;
  /// When Kafka last answered; nothing: never. For giving up a drain.
  std::optional<SteadyTime> last_answer() const { return last_answer_; }

 private:
  JobEntry* Find(const std::string& table);
  JobEntry& Add(const config::Table& table);
  void ApplyLimits();
  void ApplyDifference(const config::Config& before);
  void ApplySettings(JobEntry& entry, const config::Table& settings);

  // scheduler_kafka.cc
  void AskTopics();
  void OnTopics(const std::vector<Topic>& topics);
  /// \return a table that is to be listened to now
  JobEntry* TakeTopic(const Topic& topic, const std::string& table);
  void LeaveTopic(JobEntry& entry);
  std::vector<JobEntry*> WaitingFor(const std::string& topic);
  bool MissingTopic() const;
  void AskSpans();
  void OnSpans(const Spans& spans);
  void JudgeLag(JobEntry& entry);
  void CheckDrained(bool complete);
  void Listen(const JobEntry& entry);

  // scheduler_runs.cc
  void StartWorker(JobEntry& entry);
  void OnMessage(const std::string& table, int64_t run, const contract::WorkerMessage& message);
  void OnProgress(JobEntry& entry, const contract::Progress& progress);
  void OnExiting(JobEntry& entry, const contract::PartitionOffsets& next);
  void OnEnd(const std::string& table, int64_t run, const JobEnd& end, const std::string& last_line);

  /// A callback of a port as the port may keep it: nothing after our end, and a wake after each call.
  template <typename Callback>
  auto Guard(Callback callback) {
    return [this, alive = alive_, callback = std::move(callback)](auto&&... args) {
      if (!*alive) return;
      callback(std::forward<decltype(args)>(args)...);
      if (options_.wake) options_.wake();
    };
  }
  void Feed(JobEntry& entry, const Event& event);
  /// Call after a change of its phase or of `removed`.
  void NoteAwake(JobEntry& entry);
  void FeedTimePassed();
  void DropRemoved();
  void Perform(JobEntry& entry, Action action);
  void LogTransition(const JobEntry& entry, Phase before);
  void GiveSlots();
  void AskYields(int waiting);
  void Write(const std::vector<contract::TableRecord>& records);
  int ActiveJobs() const;
  log::Logger LoggerOf(const JobEntry& entry) const;

  const Clock& clock_;
  Launcher& launcher_;
  TriggerSource& source_;
  contract::Ledger& ledger_;
  log::Logger log_;
  SchedulerOptions options_;
  std::shared_ptr<const config::Config> config_;
  std::filesystem::path accepted_;
  std::map<std::string, std::unique_ptr<JobEntry>> entries_;
  /// Those that time or a free slot may move: neither Idle nor Held, or removed. Every event costs a look at
  /// these only.
  std::map<std::string, JobEntry*> awake_;
  std::unordered_set<JobEntry*> dirty_;                   ///< not in the ledger as they are
  std::map<std::string, std::set<std::string>> readers_;  ///< topics in use → tables
  std::set<std::string> unlisted_;                        ///< topics logged as nobody's
  std::vector<Topic> topics_;                             ///< as last heard
  /// Ended runs: their objects are destroyed in Advance(), not inside their own callbacks.
  std::vector<std::unique_ptr<Launcher::Run>> ended_;

  SteadyTime topics_due_{};
  SteadyTime sweep_due_{};
  SteadyTime save_due_{};
  bool topics_asked_ = false;
  bool spans_asked_ = false;
  bool topics_known_ = false;
  bool spans_stale_ = false;  ///< a worker ended or a topic appeared since the spans were asked for
  bool kafka_down_ = false;
  bool ledger_down_ = false;
  bool stopping_ = false;
  bool drained_ = false;
  SteadyTime started_;
  std::optional<SteadyTime> last_answer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< guards callbacks that come after our end
};

}  // namespace cdc::orchestrator
