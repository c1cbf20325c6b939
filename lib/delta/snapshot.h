#pragma once

/// \file lib/delta/snapshot.h
/// A table at one version, as the actions up to it make it (PROTOCOL.md, "Action Reconciliation"). No I/O.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/core/result.h"
#include "lib/delta/action.h"

namespace cdc::delta {

struct LiveFile {
  AddFile add;
  int64_t records = -1;  ///< deleted ones included; −1: the log does not say

  int64_t deleted() const { return add.vector ? add.vector->cardinality : 0; }
};

/// Value type; files are named by their absolute paths.
class Snapshot {
 public:
  /// \param root the table's folder, without a slash at its end
  explicit Snapshot(std::string root) : root_(std::move(root)) {}

  /// Applies the actions of one commit, or of a checkpoint. \return kCorrupt: a path that cannot be;
  /// kUnsupported: a file outside the table's folder. Nothing may be done with it afterwards.
  Status Apply(int64_t version, const std::vector<Action>& actions);

  /// The actions that make it: a checkpoint's.
  std::vector<Action> Actions() const;

  const std::string& root() const { return root_; }
  int64_t version() const { return version_; }
  const std::optional<Protocol>& protocol() const { return protocol_; }
  const std::optional<Metadata>& metadata() const { return metadata_; }
  const std::map<std::string, LiveFile>& files() const { return files_; }
  /// Files, and states of files, that are not live any more, by path and vector.
  const std::map<std::string, RemoveFile>& removed() const { return removed_; }
  const std::map<std::string, Transaction>& transactions() const { return transactions_; }
  const std::map<std::string, DomainMetadata>& domains() const { return domains_; }

  const LiveFile* Find(const std::string& path) const;
  /// Notes how many records a file has whose statistics do not say it.
  void SetRecords(const std::string& path, int64_t records) { files_.at(path).records = records; }
  /// Forgets removals of before. \param states_before_ms the same for what was only given another vector, and
  /// is live
  void ForgetRemoved(int64_t before_ms, int64_t states_before_ms);
  /// Of all files; those that do not say it count nothing.
  int64_t rows() const;

  /// The absolute path of a file of the log. \return as Apply().
  Result<std::string> PathOf(const std::string& log_path) const;

 private:
  std::string root_;
  int64_t version_ = -1;
  std::optional<Protocol> protocol_;
  std::optional<Metadata> metadata_;
  std::map<std::string, LiveFile> files_;
  std::map<std::string, RemoveFile> removed_;
  std::map<std::string, Transaction> transactions_;
  std::map<std::string, DomainMetadata> domains_;
};

}  // namespace cdc::delta
