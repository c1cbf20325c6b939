/// \file orchestrator/scheduler_kafka.cc
/// Scheduler's dealings with Kafka: which topic is whose, and who lags.

#include <algorithm>

#include "lib/contract/names.h"
#include "orchestrator/scheduler.h"

namespace cdc::orchestrator {

void Scheduler::AskTopics() {
  topics_asked_ = true;
  source_.AskTopics(Guard([this](const Result<std::vector<Topic>>& topics) {
    topics_asked_ = false;
    if (topics) {
      if (std::exchange(kafka_down_, false)) log_.Info("Kafka answers again");
      last_answer_ = clock_.steady();
      OnTopics(*topics);
    } else if (!std::exchange(kafka_down_, true)) {
      log_.Warn("{}; trying on", Describe(topics.error()));
    }
    Millis interval = MissingTopic() ? options_.topics_interval : options_.topics_idle_interval;
    const auto count = static_cast<int64_t>(topics_.size());
    topics_due_ = clock_.steady() + std::max(interval, options_.interval_per_topic * count);
  }));
}

bool Scheduler::MissingTopic() const {
  if (config_->discover) return true;  // any moment one may appear
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& e) { return !e.second->topic; });
}

void Scheduler::OnTopics(const std::vector<Topic>& topics) {
  topics_known_ = true;
  if (topics == topics_) return;
  topics_ = topics;
  std::vector<JobEntry*> listeners;
  for (const Topic& topic : topics) {
    const std::vector<std::string> tables = config_->TablesOfTopic(topic.name);
    for (const std::string& table : tables) {
      if (JobEntry* entry = TakeTopic(topic, table)) listeners.push_back(entry);
    }
    if (tables.empty() && config_->Covers(topic.name) && unlisted_.insert(topic.name).second) {
      log_.Info("topic {} belongs to no table of {}: left alone", topic.name,
                config_->file.filename().string());
    }
  }
  // If there is not room for all, those that were listened to last stay: the liveliest.
  std::stable_sort(listeners.begin(), listeners.end(),
                   [](const JobEntry* a, const JobEntry* b) { return a->last_start_ms < b->last_start_ms; });
  for (JobEntry* entry : listeners) Listen(*entry);
}

JobEntry* Scheduler::TakeTopic(const Topic& topic, const std::string& table) {
  JobEntry* entry = Find(table);
  if (!entry) {
    auto settings = config_->FindTable(table);
    if (!settings) return nullptr;
    entry = &Add(*settings);
    LoggerOf(*entry).Info("discovered in topic {}", topic.name);
  }
  if (entry->removed) return nullptr;
  bool grown =
      entry->topic && entry->topic->name == topic.name && topic.partitions > entry->topic->partitions;
  if (entry->topic && !grown) {
    bool other = entry->topic->name != topic.name;
    if (other && unlisted_.insert(topic.name).second) {
      LoggerOf(*entry).Warn(
          "is fed by topic {}; {} has its name too and is left alone: write it as schema.table",
          entry->topic->name, topic.name);
    }
    return nullptr;
  }
  entry->topic = topic;
  dirty_.insert(entry);
  readers_[topic.name].insert(table);
  spans_stale_ = true;
  sweep_due_ = clock_.steady();
  if (grown && IsActive(entry->state.phase)) {
    // It reads the partitions that there were at its start, and under a steady load it would never end.
    LoggerOf(*entry).Info("topic {} has {} partitions now: the worker begins anew", topic.name,
                          topic.partitions);
    Feed(*entry, SettingsChanged{});
  }
  return entry->state.phase == Phase::kIdle ? entry : nullptr;
}

void Scheduler::LeaveTopic(JobEntry& entry) {
  auto readers = readers_.find(entry.topic->name);
  if (readers != readers_.end()) readers->second.erase(entry.name());
  if (readers != readers_.end() && readers->second.empty()) readers_.erase(readers);
  Listen(entry);
}

std::vector<JobEntry*> Scheduler::WaitingFor(const std::string& topic) {
  std::vector<JobEntry*> waiting;
  auto readers = readers_.find(topic);
  if (readers == readers_.end()) return waiting;
  for (const std::string& table : readers->second) {
    JobEntry* entry = Find(table);
    if (entry && !entry->removed && entry->state.phase == Phase::kIdle) waiting.push_back(entry);
  }
  return waiting;
}

/// Listens to the entry's topic for all tables that wait for a change of it, or for nobody.
void Scheduler::Listen(const JobEntry& entry) {
  if (!entry.topic) return;
  const std::vector<JobEntry*> waiting = WaitingFor(entry.topic->name);
  if (waiting.empty()) return source_.Mute(entry.topic->name);
  if (stopping_ || options_.drain) return;
  source_.Listen(*entry.topic, EarliestNext(waiting));
}

void Scheduler::AskSpans() {
  std::vector<SpanQuery> queries;
  bool all_listened = true;
  for (const auto& [name, entry] : entries_) {
    if (!entry->topic) continue;
    all_listened =
        all_listened && (entry->state.phase != Phase::kIdle || source_.Listens(entry->topic->name));
    bool low = static_cast<int32_t>(entry->next.size()) < entry->topic->partitions;
    queries.push_back({entry->topic->name, entry->topic->partitions, low});
  }
  Millis interval = options_.sweep_interval;
  if (!all_listened) {
    auto wanted = options_.sweep_interval_per_table * static_cast<int64_t>(entries_.size());
    interval = std::clamp(std::chrono::ceil<Millis>(wanted), std::min(Millis(1'000), interval), interval);
  }
  sweep_due_ = clock_.steady() + interval;
  spans_stale_ = false;
  if (queries.empty()) return CheckDrained(true);
  spans_asked_ = true;
  source_.AskSpans(std::move(queries), Guard([this](const Result<Spans>& spans) {
                     spans_asked_ = false;
                     if (spans) {
                       last_answer_ = clock_.steady();
                       OnSpans(*spans);
                     }
                     // Otherwise AskTopics() has logged it, or will.
                   }));
}

void Scheduler::OnSpans(const Spans& spans) {
  bool complete = true;
  for (auto& [name, entry] : entries_) {
    if (!entry->topic) continue;
    auto found = spans.find(entry->topic->name);
    if (found == spans.end()) {
      complete = false;
      continue;
    }
    std::optional<int64_t> before = Lag(*entry);
    for (const auto& [partition, span] : found->second) entry->spans[partition] = span;
    complete = complete && static_cast<int32_t>(found->second.size()) >= entry->topic->partitions;
    if (Lag(*entry) != before) dirty_.insert(entry.get());
    JudgeLag(*entry);
  }
  CheckDrained(complete);
}

void Scheduler::JudgeLag(JobEntry& entry) {
  // An answer older than a worker's last words says nothing about them.
  bool beyond = !spans_stale_ && IsBeyondEnd(entry);
  // While a worker runs, lag is its business.
  bool lags = entry.state.phase == Phase::kIdle && !entry.removed && (beyond || HasLag(entry, entry.next));
  if (!lags) {
    entry.lag_since.reset();
    return;
  }
  SteadyTime now = clock_.steady();
  bool listened = !options_.drain && source_.Listens(entry.topic->name);
  SteadyTime turn = entry.lag_since.value_or(now) + (listened ? options_.listener_head_start : Millis(0));
  if (!entry.lag_since) entry.lag_since = now;
  if (now < turn) {
    sweep_due_ = std::min(sweep_due_, turn);
    return;
  }
  entry.lag_since.reset();
  LoggerOf(entry).Info("{}", contract::DetectedLine("", entry.name()));
  entry.detected_op.clear();
  Feed(entry, LagSeen{});
}

void Scheduler::CheckDrained(bool complete) {
  if (!options_.drain) return;
  if (!awake_.empty()) return;
  if (complete && !spans_stale_) {
    drained_ = true;
  } else {
    sweep_due_ = clock_.steady() + Millis(200);
  }
}

}  // namespace cdc::orchestrator
