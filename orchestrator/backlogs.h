#pragma once

/// \file orchestrator/backlogs.h
/// Which topics there are, whose they are, and which tables lag behind them.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lib/config/config.h"
#include "lib/contract/verdict.h"
#include "lib/core/clock.h"
#include "lib/log/logger.h"
#include "orchestrator/callback_guard.h"
#include "orchestrator/fresh_ends.h"
#include "orchestrator/job_entry.h"
#include "orchestrator/ledger_writer.h"
#include "orchestrator/tables.h"
#include "orchestrator/trigger_source.h"
#include "orchestrator/view.h"

namespace cdc::orchestrator {

struct BacklogOptions {
  bool drain = false;             ///< nothing is listened to: sweeps alone find lag
  Millis sweep_interval{10'000};  ///< between looks at all end offsets
  /// Where some tables cannot be listened to, sweeps are all they have: so often, for each table there is, at
  /// least a second and at most sweep_interval.
  std::chrono::microseconds sweep_interval_per_table{1'000};
  /// What a sweep finds is left to the listener for so long: it knows the operation too. Not when draining.
  Millis listener_head_start{2'000};
  Millis fresh_ends{1'000};             ///< ends that are no older need no new question for people
  Millis topics_interval{1'000};        ///< between looks for topics while a table has none
  Millis topics_idle_interval{10'000};  ///< otherwise
  Millis interval_per_topic{2};         ///< at least: an answer names all topics
};

/// Asks the source, finds out which table lags, and feeds it LagSeen. Adds the tables that `discover` finds.
class Backlogs {
 public:
  /// All of them must outlive it.
  Backlogs(const Clock& clock, TriggerSource& source, Tables& tables, LedgerWriter& ledger,
           const CallbackGuard& guard, log::Logger logger, Feed feed, BacklogOptions options)
      : clock_(clock),
        source_(source),
        tables_(tables),
        ledger_(ledger),
        guard_(guard),
        log_(std::move(logger)),
        feed_(std::move(feed)),
        options_(options) {}

  /// Judges all topics again, by `config`.
  void Configure(std::shared_ptr<const config::Config> config);

  /// Asks what is due.
  void Advance();
  /// When Advance() has something to do; nothing: not before an answer.
  std::optional<SteadyTime> NextWake() const;
  /// Asks and listens no more.
  void Stop() { stopping_ = true; }

  /// Listens to the entry's topic for all tables that wait for a change of it, or for nobody. Call when this
  /// one begins or ceases to wait.
  void Listen(const JobEntry& entry);
  /// The table has no topic until one is found for it again; the others that it feeds are listened for.
  void DropTopic(JobEntry& entry);

  /// The first new message of a topic, and Debezium's letter of its operation (may be empty).
  void OnChange(const std::string& topic, const std::string& op);
  /// A worker of the table ended: answers to what was asked before say nothing about where it left.
  void NoteEnd();
  /// Looks at the ends of the table's topic now. `done` takes the answer; nothing: there was none.
  void AskEnds(const JobEntry& entry, std::function<void(const std::map<int32_t, Span>*)> done);

  /// Drain: nothing lags, nothing runs, and a look at the end offsets after the last worker confirmed it.
  bool drained() const { return drained_; }
  /// The last question was answered.
  bool connected() const { return last_answer_.has_value() && !down_; }
  /// Nothing: there was none yet.
  std::optional<SteadyTime> last_answer() const { return last_answer_; }
  /// For contract::Judge(). \param started when the orchestrator did
  contract::KafkaFacts kafka(SteadyTime started) const;

  SourceDetail Topics() const;

  /// Calls `done` when the ends of all topics are known as of about now, or will not be: at once where they
  /// are, or where Kafka does not answer. The caller bounds the wait.
  void RefreshEnds(std::function<void()> done);

 private:
  void AskTopics();
  void OnTopics(const std::vector<Topic>& topics);
  void ListenTo(const Topic& topic);
  /// \return a table that is to be listened to now
  JobEntry* TakeTopic(const Topic& topic, const std::string& table);
  /// \return null: no such table
  JobEntry* FindOrDiscover(const std::string& table, const Topic& topic);
  void AskSpans();
  void OnSpans(const Spans& spans);
  void JudgeLag(JobEntry& entry);
  void CheckDrained(bool complete);

  const Clock& clock_;
  TriggerSource& source_;
  Tables& tables_;
  LedgerWriter& ledger_;
  const CallbackGuard& guard_;
  log::Logger log_;
  Feed feed_;
  BacklogOptions options_;
  std::shared_ptr<const config::Config> config_;
  std::set<std::string> unlisted_;  ///< topics logged as nobody's
  std::vector<Topic> topics_;       ///< as last heard
  SteadyTime topics_due_{};
  SteadyTime sweep_due_{};
  bool topics_asked_ = false;
  bool spans_asked_ = false;
  bool topics_known_ = false;
  bool spans_stale_ = false;  ///< a worker ended or a topic appeared since the spans were asked for
  bool down_ = false;         ///< the last question for topics was not answered
  bool stopping_ = false;
  bool drained_ = false;
  std::optional<SteadyTime> last_answer_;
  FreshEnds fresh_ends_;
  int64_t away_since_ms_ = 0;  ///< KafkaFacts
  std::string away_error_;
};

}  // namespace cdc::orchestrator
