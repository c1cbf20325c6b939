#include "orchestrator/sharing.h"

#include <algorithm>

namespace cdc::orchestrator {

void Sharing::Advance() {
  if (group_ == nullptr) return;
  if (seen_ != tables_.topics_version()) {
    seen_ = tables_.topics_version();
    TellGroup();
    Judge();
  }
  LetGo();
}

void Sharing::TellGroup() {
  std::set<std::string> topics;
  for (const auto& [name, entry] : tables_.all()) {
    if (entry->topic) topics.insert(entry->topic->name);
  }
  if (topics == told_ || topics.empty()) return;
  told_ = topics;
  group_->Share(std::move(topics));
}

void Sharing::OnShare(std::set<std::string> topics, std::set<std::string> wanted_back) {
  here_ = std::move(topics);
  owners_.clear();  // of before the change
  wanted_back_.merge(wanted_back);
  Judge();
}

void Sharing::OnOwners(std::map<std::string, std::string> owners) {
  if (owners == owners_) return;
  owners_ = std::move(owners);
  Judge();
}

void Sharing::Judge() {
  for (const auto& [name, entry] : tables_.all()) {
    if (!entry->topic) continue;
    const TableState& state = entry->state;
    if (here_.contains(entry->topic->name)) {
      if (state.elsewhere) feed_(*entry, TakenOver{});
      continue;
    }
    const auto owner = owners_.find(entry->topic->name);
    const std::string to = owner == owners_.end() ? std::string() : owner->second;
    if (!state.elsewhere || state.owner != to) feed_(*entry, GivenAway{to});
  }
}

void Sharing::LetGo() {
  if (wanted_back_.empty()) return;
  const bool at_work = std::any_of(tables_.awake().begin(), tables_.awake().end(), [this](const auto& item) {
    const JobEntry& entry = *item.second;
    return IsActive(entry.state.phase) && entry.topic && wanted_back_.contains(entry.topic->name);
  });
  if (at_work) return;
  wanted_back_.clear();
  group_->Release();
}

}  // namespace cdc::orchestrator
