#include "orchestrator/backlogs.h"

#include <algorithm>
#include <utility>

#include "lib/config/table_names.h"
#include "lib/contract/names.h"

namespace cdc::orchestrator {
namespace {

bool MissingTopic(const config::Config& config, const Tables& tables) {
  if (config.discover) return true;  // any moment one may appear
  return std::any_of(tables.all().begin(), tables.all().end(),
                     [](const auto& item) { return !item.second->topic; });
}

}  // namespace

void Backlogs::Configure(std::shared_ptr<const config::Config> config) {
  config_ = std::move(config);
  unlisted_.clear();
  topics_.clear();
  topics_due_ = clock_.steady();
}

void Backlogs::Advance() {
  const SteadyTime now = clock_.steady();
  if (now >= topics_due_ && !topics_asked_) AskTopics();
  if (now >= sweep_due_ && !spans_asked_ && topics_known_) AskSpans();
}

std::optional<SteadyTime> Backlogs::NextWake() const {
  std::optional<SteadyTime> wake;
  if (!topics_asked_) wake = topics_due_;
  if (!spans_asked_ && topics_known_) wake = std::min(wake.value_or(sweep_due_), sweep_due_);
  return stopping_ ? std::nullopt : wake;
}

void Backlogs::Listen(const JobEntry& entry) {
  if (entry.topic) ListenTo(*entry.topic);
}

void Backlogs::ListenTo(const Topic& topic) {
  const std::vector<JobEntry*> waiting = tables_.WaitingFor(topic.name);
  if (waiting.empty()) return source_.Mute(topic.name);
  if (stopping_ || options_.drain) return;
  source_.Listen(topic, EarliestNext(waiting));
}

void Backlogs::DropTopic(JobEntry& entry) {
  if (!entry.topic) return;
  const Topic topic = *entry.topic;
  tables_.DropTopic(entry);
  entry.spans.clear();
  ListenTo(topic);
}

void Backlogs::OnChange(const std::string& topic, const std::string& op) {
  const std::vector<JobEntry*> waiting = tables_.WaitingFor(topic);
  const contract::PartitionOffsets heard_from = EarliestNext(waiting);
  for (JobEntry* entry : waiting) {
    // What is new to the one that is behind may be old to the others: they go on listening from their own
    // place.
    if (!BeginsAt(*entry, heard_from)) continue;
    LoggerOf(log_, *entry).Info("{}", contract::DetectedLine(op, entry->name()));
    entry->detected_op = op;
    feed_(*entry, LagSeen{});
  }
}

void Backlogs::NoteEnd() {
  spans_stale_ = true;
  if (options_.drain) sweep_due_ = clock_.steady();
}

void Backlogs::AskEnds(const JobEntry& entry, std::function<void(const std::map<int32_t, Span>*)> done) {
  auto answer = [name = entry.topic->name, done = std::move(done)](const Result<Spans>& spans) {
    done(spans && spans->contains(name) ? &spans->at(name) : nullptr);
  };
  source_.AskSpans({{entry.topic->name, entry.topic->partitions, false}}, guard_.Wrap(std::move(answer)));
}

void Backlogs::AskTopics() {
  topics_asked_ = true;
  source_.AskTopics(guard_.Wrap([this](const Result<std::vector<Topic>>& topics) {
    topics_asked_ = false;
    if (topics) {
      if (std::exchange(down_, false)) log_.Info("Kafka answers again");
      last_answer_ = clock_.steady();
      away_since_ms_ = 0;
      away_error_.clear();
      OnTopics(*topics);
    } else {
      if (!std::exchange(down_, true)) {
        log_.Warn("{}; trying on", Describe(topics.error()));
        away_since_ms_ = UnixMillis(clock_.wall());
      }
      away_error_ = topics.error().message;
    }
    const Millis interval = MissingTopic(*config_, tables_) ? options_.topics_interval : options_.topics_idle_interval;
    const auto count = static_cast<int64_t>(topics_.size());
    topics_due_ = clock_.steady() + std::max(interval, options_.interval_per_topic * count);
  }));
}

void Backlogs::OnTopics(const std::vector<Topic>& topics) {
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

JobEntry* Backlogs::FindOrDiscover(const std::string& table, const Topic& topic) {
  if (JobEntry* entry = tables_.Find(table)) return entry;
  const auto settings = config_->FindTable(table);
  if (!settings) return nullptr;
  JobEntry& entry = tables_.Add(*config_, *settings);
  LoggerOf(log_, entry).Info("discovered in topic {}", topic.name);
  return &entry;
}

JobEntry* Backlogs::TakeTopic(const Topic& topic, const std::string& table) {
  JobEntry* entry = FindOrDiscover(table, topic);
  if (!entry || entry->removed) return nullptr;
  const bool grown =
      entry->topic && entry->topic->name == topic.name && topic.partitions > entry->topic->partitions;
  if (entry->topic && !grown) {
    const bool other = entry->topic->name != topic.name;
    if (other && unlisted_.insert(topic.name).second) {
      LoggerOf(log_, *entry)
          .Warn("is fed by topic {}; {} has its name too and is left alone: write it as schema.table",
                entry->topic->name, topic.name);
    }
    return nullptr;
  }
  tables_.SetTopic(*entry, topic);
  ledger_.Note(*entry);
  spans_stale_ = true;
  sweep_due_ = clock_.steady();
  if (grown && IsActive(entry->state.phase)) {
    // It reads the partitions that there were at its start, and under a steady load it would never end.
    LoggerOf(log_, *entry)
        .Info("topic {} has {} partitions now: the worker begins anew", topic.name, topic.partitions);
    feed_(*entry, SettingsChanged{});
  }
  return entry->state.phase == Phase::kIdle ? entry : nullptr;
}

void Backlogs::AskSpans() {
  std::vector<SpanQuery> queries;
  bool all_listened = true;
  for (const auto& [name, entry] : tables_.all()) {
    if (!entry->topic) continue;
    all_listened =
        all_listened && (entry->state.phase != Phase::kIdle || source_.Listens(entry->topic->name));
    const bool low = static_cast<int32_t>(entry->next.size()) < entry->topic->partitions;
    queries.push_back({entry->topic->name, entry->topic->partitions, low});
  }
  Millis interval = options_.sweep_interval;
  if (!all_listened) {
    const auto wanted = options_.sweep_interval_per_table * static_cast<int64_t>(tables_.all().size());
    interval = std::clamp(std::chrono::ceil<Millis>(wanted), std::min(Millis(1'000), interval), interval);
  }
  sweep_due_ = clock_.steady() + interval;
  spans_stale_ = false;
  fresh_ends_.NoteAsked(clock_.steady());
  if (queries.empty()) {
    fresh_ends_.NoteAnswer(true);
    return CheckDrained(true);
  }
  spans_asked_ = true;
  source_.AskSpans(std::move(queries), guard_.Wrap([this](const Result<Spans>& spans) {
    spans_asked_ = false;
    if (!spans) {
      topics_due_ = clock_.steady();  // finds out whether Kafka is away, and says so
      return fresh_ends_.NoteAnswer(false);
    }
    last_answer_ = clock_.steady();
    OnSpans(*spans);
    fresh_ends_.NoteAnswer(true);
  }));
}

void Backlogs::RefreshEnds(std::function<void()> done) {
  const bool fresh = fresh_ends_.IsFresh(clock_.steady(), options_.fresh_ends);
  if (fresh || !connected() || stopping_ || !topics_known_) return done();
  fresh_ends_.Await(std::move(done));
  if (!spans_asked_) AskSpans();
}

SourceDetail Backlogs::Topics() const {
  SourceDetail source{.topics = static_cast<int64_t>(topics_.size())};
  for (const Topic& topic : topics_) {
    if (!config_->Covers(topic.name) || !config_->TablesOfTopic(topic.name).empty()) continue;
    if (++source.unlisted_total > static_cast<int64_t>(kMostUnlisted)) continue;
    source.unlisted.push_back({topic.name, config::EntryLine(*config_, topic.name)});
  }
  return source;
}

contract::KafkaFacts Backlogs::kafka(SteadyTime started) const {
  const auto silence = clock_.steady() - last_answer_.value_or(started);
  return {connected(), std::chrono::duration_cast<Millis>(silence), away_since_ms_, away_error_};
}

void Backlogs::OnSpans(const Spans& spans) {
  bool complete = true;
  for (const auto& [name, entry] : tables_.all()) {
    if (!entry->topic) continue;
    const auto found = spans.find(entry->topic->name);
    if (found == spans.end()) {
      complete = false;
      continue;
    }
    const std::optional<int64_t> before = Lag(*entry);
    for (const auto& [partition, span] : found->second) entry->spans[partition] = span;
    complete = complete && static_cast<int32_t>(found->second.size()) >= entry->topic->partitions;
    NoteEnds(UnixMillis(clock_.wall()), entry.get());
    if (Lag(*entry) != before) ledger_.Note(*entry);
    JudgeLag(*entry);
  }
  CheckDrained(complete);
}

void Backlogs::JudgeLag(JobEntry& entry) {
  // An answer older than a worker's last words says nothing about them.
  const bool beyond = !spans_stale_ && IsBeyondEnd(entry);
  // While a worker runs, lag is its business.
  const bool lags =
      entry.state.phase == Phase::kIdle && !entry.removed && (beyond || HasLag(entry, entry.next));
  if (!lags) {
    entry.lag_since.reset();
    return;
  }
  const SteadyTime now = clock_.steady();
  const bool listened = !options_.drain && source_.Listens(entry.topic->name);
  const SteadyTime turn =
      entry.lag_since.value_or(now) + (listened ? options_.listener_head_start : Millis(0));
  if (!entry.lag_since) entry.lag_since = now;
  if (now < turn) {
    sweep_due_ = std::min(sweep_due_, turn);
    return;
  }
  entry.lag_since.reset();
  LoggerOf(log_, entry).Info("{}", contract::DetectedLine("", entry.name()));
  entry.detected_op.clear();
  feed_(entry, LagSeen{});
}

void Backlogs::CheckDrained(bool complete) {
  if (!options_.drain) return;
  if (!tables_.awake().empty()) return;
  if (complete && !spans_stale_) {
    drained_ = true;
  } else {
    sweep_due_ = clock_.steady() + Millis(200);
  }
}

}  // namespace cdc::orchestrator
