#include "orchestrator/tables.h"

#include <algorithm>

#include "lib/config/settings.h"

namespace cdc::orchestrator {

JobEntry* Tables::Find(const std::string& table) const {
  auto it = entries_.find(table);
  return it == entries_.end() ? nullptr : it->second.get();
}

std::vector<JobEntry*> Tables::WaitingFor(const std::string& topic) const {
  std::vector<JobEntry*> waiting;
  const auto readers = readers_.find(topic);
  if (readers == readers_.end()) return waiting;
  for (const auto& [name, entry] : readers->second) {
    if (!entry->removed && entry->state.phase == Phase::kIdle) waiting.push_back(entry);
  }
  return waiting;
}

JobEntry& Tables::Add(const config::Config& config, const config::Table& settings) {
  auto entry = std::make_unique<JobEntry>();
  entry->settings = settings;
  entry->rules.rate_limit = config.orchestrator.rate_limit;
  entry->rules.jitter = Jitter(settings.name, entry->rules.rate_limit);
  entry->fingerprint = config::Fingerprint(config, settings);
  return *(entries_[settings.name] = std::move(entry));
}

void Tables::ApplyLimits(const config::Config& config) {
  for (auto& [name, entry] : entries_) {
    entry->rules.rate_limit = config.orchestrator.rate_limit;
    entry->rules.jitter = Jitter(name, entry->rules.rate_limit);
  }
}

void Tables::Remove(JobEntry& entry) {
  DropTopic(entry);
  const std::string name = entry.name();
  awake_.erase(name);
  entries_.erase(name);
}

void Tables::SetTopic(JobEntry& entry, const Topic& topic) {
  DropTopic(entry);
  ++topics_version_;
  entry.topic = topic;
  readers_[topic.name][entry.name()] = &entry;
}

void Tables::DropTopic(JobEntry& entry) {
  if (!entry.topic) return;
  ++topics_version_;
  auto readers = readers_.find(entry.topic->name);
  readers->second.erase(entry.name());
  if (readers->second.empty()) readers_.erase(readers);
  entry.topic.reset();
}

void Tables::NoteAwake(JobEntry& entry) {
  const Phase phase = entry.state.phase;
  if (entry.removed || NextWake(entry.state) || IsActive(phase)) {
    awake_[entry.name()] = &entry;
  } else {
    awake_.erase(entry.name());
  }
}

int Tables::active() const {
  return static_cast<int>(std::count_if(awake_.begin(), awake_.end(),
                                        [](const auto& item) { return IsActive(item.second->state.phase); }));
}

bool Tables::any_held() const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [](const auto& item) { return item.second->state.phase == Phase::kHeld; });
}

std::vector<JobEntry*> Tables::DueAt(SteadyTime now) const {
  std::vector<JobEntry*> due;
  for (const auto& [name, entry] : awake_) {
    if (entry->state.phase == Phase::kPending && entry->state.due <= now) due.push_back(entry);
  }
  return due;
}

}  // namespace cdc::orchestrator
