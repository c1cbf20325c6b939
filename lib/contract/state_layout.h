#pragma once

/// \file lib/contract/state_layout.h
/// What lies where in `[orchestrator] state_dir`.

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "lib/core/result.h"

namespace cdc::contract {

class StateLayout {
 public:
  explicit StateLayout(std::filesystem::path root) : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path ledger() const { return root_ / "ledger.db"; }
  std::filesystem::path pid_file() const { return root_ / "orchestrator.pid"; }
  std::filesystem::path control_socket() const { return root_ / "control.sock"; }
  /// The text of tables.toml that the orchestrator works by, for its workers.
  std::filesystem::path accepted_config() const { return root_ / "accepted.toml"; }
  /// The same as it was when the orchestrator began: what it goes by where a change needs a restart.
  std::filesystem::path started_config() const { return root_ / "started.toml"; }
  /// What lets an HTTP client act, where `[orchestrator] actions` allows it (0600).
  std::filesystem::path api_token() const { return root_ / "api-token"; }
  std::filesystem::path locks() const { return root_ / "locks"; }
  std::filesystem::path logs() const { return root_ / "logs"; }
  std::filesystem::path orchestrator_log() const { return logs() / "orchestrator.log"; }

  /// Held by a worker for its whole life (lock_file.h).
  std::filesystem::path table_lock(std::string_view table) const;
  /// The folder of the table's key index and commit journal; the worker makes it.
  std::filesystem::path table_index(std::string_view table) const;
  std::filesystem::path table_log(std::string_view table) const;

 private:
  std::filesystem::path root_;
};

/// Makes `state_dir`, or takes from group and others what rights they have there: passwords, locks that anybody could hold
/// and a control socket lie in it. \return kInvalidConfig: it cannot be made, or belongs to another user who lets others
/// in.
Status PrepareStateFolder(const std::filesystem::path& state_dir);

/// The table's name at the source, as a worker has noted it in the table's index folder because the topic's
/// name does not show it; empty: it has not.
std::string NotedName(const std::filesystem::path& table_index);
/// What cannot be noted is found out again by the next run.
void NoteName(const std::filesystem::path& table_index, std::string_view name);

}  // namespace cdc::contract
