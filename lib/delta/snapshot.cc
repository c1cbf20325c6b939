#include "lib/delta/snapshot.h"

#include <fmt/format.h>

#include "lib/core/percent.h"
#include "lib/delta/file_stats.h"

namespace cdc::delta {
namespace {

std::string KeyOf(const std::string& path, const std::optional<DeletionVector>& vector) {
  return path + "\n" + (vector ? vector->unique_id() : "");
}

}  // namespace

Result<std::string> Snapshot::PathOf(const std::string& log_path) const {
  if (log_path.starts_with("/") || log_path.find(':') != std::string::npos) {
    return Error{ErrorKind::kUnsupported,
                 fmt::format("the Delta table in {} has a file outside its folder: {}", root_, log_path)};
  }
  const auto plain = PercentDecode(log_path);  // paths are URIs in the log
  if (!plain || plain->empty())
    return Error{ErrorKind::kCorrupt,
                 fmt::format("the log of {} names a file that cannot be: '{}'", root_, log_path)};
  return root_ + "/" + *plain;
}

/// Removals go first: a file that gets another deletion vector is removed and added in one commit, in either
/// order.
Status Snapshot::Apply(int64_t version, const std::vector<Action>& actions) {
  for (const Action& action : actions) {
    if (const auto* gone = std::get_if<RemoveFile>(&action)) {
      CDC_ASSIGN(const std::string path, PathOf(gone->path));
      const auto live = files_.find(path);
      if (live != files_.end() && live->second.add.vector == gone->vector) files_.erase(live);
      removed_[KeyOf(path, gone->vector)] = *gone;
    }
  }
  for (const Action& action : actions) {
    if (const auto* add = std::get_if<AddFile>(&action)) {
      CDC_ASSIGN(const std::string path, PathOf(add->path));
      removed_.erase(KeyOf(path, add->vector));
      files_[path] = {*add, RecordsIn(add->stats)};
    } else if (const auto* protocol = std::get_if<Protocol>(&action)) {
      protocol_ = *protocol;
    } else if (const auto* metadata = std::get_if<Metadata>(&action)) {
      metadata_ = *metadata;
    } else if (const auto* transaction = std::get_if<Transaction>(&action)) {
      transactions_[transaction->app_id] = *transaction;
    } else if (const auto* domain = std::get_if<DomainMetadata>(&action)) {
      if (domain->removed)
        domains_.erase(domain->domain);
      else
        domains_[domain->domain] = *domain;
    }
  }
  version_ = version;
  return {};
}

std::vector<Action> Snapshot::Actions() const {
  std::vector<Action> actions;
  if (protocol_) actions.emplace_back(*protocol_);
  if (metadata_) actions.emplace_back(*metadata_);
  for (const auto& [id, transaction] : transactions_) actions.emplace_back(transaction);
  for (const auto& [name, domain] : domains_) actions.emplace_back(domain);
  // "Checkpoints": what is in one changes nothing.
  for (const auto& [path, file] : files_) {
    AddFile add = file.add;
    add.data_change = false;
    actions.emplace_back(std::move(add));
  }
  for (const auto& [key, gone] : removed_) {
    RemoveFile remove = gone;
    remove.data_change = false;
    actions.emplace_back(std::move(remove));
  }
  return actions;
}

const LiveFile* Snapshot::Find(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second;
}

void Snapshot::ForgetRemoved(int64_t before_ms, int64_t states_before_ms) {
  std::erase_if(removed_, [&](const auto& each) {
    const int64_t at = each.second.deletion_timestamp.value_or(0);
    if (at < before_ms) return true;
    return at < states_before_ms && files_.contains(each.first.substr(0, each.first.find('\n')));
  });
}

int64_t Snapshot::rows() const {
  int64_t rows = 0;
  for (const auto& [path, file] : files_) rows += file.records < 0 ? 0 : file.records - file.deleted();
  return rows;
}

}  // namespace cdc::delta
