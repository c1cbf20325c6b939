#pragma once

/// \file orchestrator/tables.h
/// The tables that the orchestrator knows, and where to find them.

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/config/config.h"
#include "orchestrator/job_entry.h"

namespace cdc::orchestrator {

/// Owns the entries; each keeps its address until it is removed.
class Tables {
 public:
  using Entries = std::map<std::string, std::unique_ptr<JobEntry>>;  ///< by name
  using Awake = std::map<std::string, JobEntry*>;                    ///< by name

  /// \return null: no such table
  JobEntry* Find(const std::string& table) const;
  /// \return those that the topic feeds and that wait for a change of it, by name
  std::vector<JobEntry*> WaitingFor(const std::string& topic) const;

  /// An Idle table with the limits and the fingerprint that `config` gives it. `settings.name` must be new.
  JobEntry& Add(const config::Config& config, const config::Table& settings);
  /// Gives every table the limits of `config`.
  void ApplyLimits(const config::Config& config);
  /// Destroys the entry.
  void Remove(JobEntry& entry);

  /// A topic may feed several tables.
  void SetTopic(JobEntry& entry, const Topic& topic);
  /// Does nothing for an entry without one.
  void DropTopic(JobEntry& entry);
  /// Grows whenever a table gets a topic, or loses it.
  int64_t topics_version() const { return topics_version_; }

  /// Call after a change of its phase or of `removed`.
  void NoteAwake(JobEntry& entry);

  const Entries& all() const { return entries_; }
  /// Those that time or a free slot may move: not Idle, Held, Paused or Elsewhere, or removed. An event costs a
  /// look at these only.
  const Awake& awake() const { return awake_; }
  /// Tables that have a worker.
  int active() const;
  /// Some table waits for an operator.
  bool any_held() const;
  /// Tables that are due and have no slot.
  std::vector<JobEntry*> DueAt(SteadyTime now) const;

 private:
  Entries entries_;
  Awake awake_;
  std::map<std::string, std::map<std::string, JobEntry*>> readers_;  ///< by topic and name
  int64_t topics_version_ = 0;
};

}  // namespace cdc::orchestrator
