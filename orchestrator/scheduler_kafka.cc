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
    topics_due_ =
        clock_.steady() + (MissingTopic() ? options_.topics_interval : options_.topics_idle_interval);
  }));
}

bool Scheduler::MissingTopic() const {
  if (config_->discover) return true;  // any moment one may appear
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& e) { return !e.second->topic; });
}

void Scheduler::OnTopics(const std::vector<Topic>& topics) {
  topics_ = topics;
  topics_known_ = true;
  for (const Topic& topic : topics) TakeTopic(topic);
}

void Scheduler::TakeTopic(const Topic& topic) {
  auto table = config_->TableOfTopic(topic.name);
  if (!table) {
    if (config_->Covers(topic.name) && unlisted_.insert(topic.name).second) {
      log_.Info("topic {} belongs to no table of {}: left alone", topic.name,
                config_->file.filename().string());
    }
    return;
  }
  JobEntry* entry = Find(*table);
  if (!entry) {
    auto settings = config_->FindTable(*table);
    if (!settings) return;
    entry = &Add(*settings);
    LoggerOf(*entry).Info("discovered in topic {}", topic.name);
  }
  if (entry->removed) return;
  bool grown =
      entry->topic && entry->topic->name == topic.name && topic.partitions > entry->topic->partitions;
  if (entry->topic && !grown) {
    bool other = entry->topic->name != topic.name;
    if (other && unlisted_.insert(topic.name).second) {
      LoggerOf(*entry).Warn(
          "is fed by topic {}; {} has its name too and is left alone: write it as schema.table",
          entry->topic->name, topic.name);
    }
    return;
  }
  entry->topic = topic;
  entry->dirty = true;
  table_of_topic_[topic.name] = *table;
  spans_stale_ = true;
  sweep_due_ = clock_.steady();
  if (entry->state.phase == Phase::kIdle) Listen(*entry);
}

void Scheduler::Listen(JobEntry& entry) {
  if (!entry.topic || stopping_ || entry.removed || options_.drain) return;
  source_.Listen(*entry.topic, entry.next);
}

void Scheduler::AskSpans() {
  std::vector<SpanQuery> queries;
  for (const auto& [name, entry] : entries_) {
    if (!entry->topic) continue;
    bool low = static_cast<int32_t>(entry->next.size()) < entry->topic->partitions;
    queries.push_back({entry->topic->name, entry->topic->partitions, low});
  }
  sweep_due_ = clock_.steady() + options_.sweep_interval;
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
    if (Lag(*entry) != before) entry->dirty = true;
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
  SteadyTime turn =
      entry.lag_since.value_or(now) + (options_.drain ? Millis(0) : options_.listener_head_start);
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
  bool busy = std::any_of(entries_.begin(), entries_.end(), [](const auto& e) {
    Phase phase = e.second->state.phase;
    return phase != Phase::kIdle && phase != Phase::kHeld;
  });
  if (busy) return;
  if (complete && !spans_stale_) {
    drained_ = true;
  } else {
    sweep_due_ = clock_.steady() + Millis(200);
  }
}

}  // namespace cdc::orchestrator
