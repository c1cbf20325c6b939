#include "orchestrator/repairs.h"

#include <utility>

#include <fmt/format.h>

namespace cdc::orchestrator {

Result<JobEntry*> Repairs::Find(const std::string& table, const char* doing) const {
  JobEntry* entry = tables_.Find(table);
  if (entry && entry->state.elsewhere) {
    return Error{ErrorKind::kConflict, fmt::format("{} {}: {}", doing, table, entry->state.reason),
                 "ask that orchestrator"};
  }
  if (entry && !entry->removed) return entry;
  return Error{ErrorKind::kInvalidConfig, fmt::format("{} {}: no such table", doing, table),
               fmt::format("add [tables.{}]; with `discover`, its topic must have been seen", table)};
}

Result<JobEntry*> Repairs::FindUnpaused(const std::string& table, const char* doing) const {
  CDC_ASSIGN(JobEntry* const entry, Find(table, doing));
  const TableState& s = entry->state;
  if (!s.paused && s.lent_to.empty()) return entry;
  return Error{ErrorKind::kConflict,
               fmt::format("{} {}: {}", doing, table,
                           s.lent_to.empty() ? "it is paused" : fmt::format("{} works on it", s.lent_to)),
               s.paused ? fmt::format("cdc resume {}", table) : std::string("try again when that has ended")};
}

Status Repairs::Trigger(const std::string& table) {
  CDC_ASSIGN(JobEntry* const entry, FindUnpaused(table, "trigger"));
  LoggerOf(log_, *entry).Info("triggered by an operator");
  entry->detected_op.clear();
  feed_(*entry, Triggered{});
  return {};
}

Status Repairs::Restart(const std::string& table) {
  CDC_ASSIGN(JobEntry* const entry, FindUnpaused(table, "restart"));
  LoggerOf(log_, *entry).Info("restarted by an operator");
  entry->detected_op.clear();
  feed_(*entry, RestartAsked{});
  return {};
}

Status Repairs::Pause(const std::string& table) {
  CDC_ASSIGN(JobEntry* const entry, Find(table, "pause"));
  if (entry->state.paused) return {};
  LoggerOf(log_, *entry).Info("paused by an operator");
  feed_(*entry, PauseAsked{});
  ledger_.Write(*entry);
  return {};
}

Status Repairs::Resume(const std::string& table) {
  CDC_ASSIGN(JobEntry* const entry, Find(table, "resume"));
  if (!entry->state.paused) return {};
  LoggerOf(log_, *entry).Info("resumed by an operator");
  entry->detected_op.clear();
  feed_(*entry, ResumeAsked{});
  ledger_.Write(*entry);
  return {};
}

Status Repairs::Lend(const std::string& table, const std::string& to, std::function<void()> ready) {
  CDC_ASSIGN(JobEntry* const found, Find(table, "work on"));
  JobEntry& entry = *found;
  if (!entry.state.lent_to.empty()) {
    return Error{ErrorKind::kConflict, fmt::format("{} works on {} already", entry.state.lent_to, table),
                 "try again when that has ended"};
  }
  LoggerOf(log_, entry).Info("is lent to {}", to);
  waiting_[table] = std::move(ready);
  feed_(entry, LoanAsked{to});
  return {};
}

void Repairs::TakeBack(const std::string& table, bool finished) {
  waiting_.erase(table);
  JobEntry* entry = tables_.Find(table);
  if (!entry || entry->state.lent_to.empty()) return;
  LoggerOf(log_, *entry)
      .Info("{} {}; the table goes on", entry->state.lent_to,
            finished ? "has finished" : "has gone without an end");
  entry->detected_op.clear();
  feed_(*entry, LoanEnded{finished});
}

void Repairs::NoteStep(const JobEntry& entry) {
  if (waiting_.empty() || entry.state.phase != Phase::kPaused) return;
  const auto found = waiting_.find(entry.name());
  if (found == waiting_.end()) return;
  const auto ready = std::move(found->second);
  waiting_.erase(found);
  ready();
}

}  // namespace cdc::orchestrator
