#pragma once

/// \file lib/delta/action.h
/// What the lines of a commit say (PROTOCOL.md, "Actions").

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/core/result.h"
#include "lib/delta/deletion_vector.h"

namespace cdc::delta {

/// "Protocol Evolution"; with reader version 3 and writer version 7 features say what must be known.
struct Protocol {
  int min_reader = 3;
  int min_writer = 7;
  std::vector<std::string> reader_features = {}, writer_features = {};
  friend bool operator==(const Protocol&, const Protocol&) = default;
};

/// "Change Metadata".
struct Metadata {
  std::string id;
  std::optional<std::string> name = {}, description = {};
  std::string schema_string = {};
  std::vector<std::string> partition_columns = {};
  std::map<std::string, std::string> configuration = {};
  std::optional<int64_t> created_time = {};
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

/// "Add File and Remove File". Tables with partitions are not spoken; values of partitions are not kept.
struct AddFile {
  std::string path;  ///< as the log has it: relative, percent-encoded
  int64_t size = 0;
  int64_t modification_time = 0;
  bool data_change = true;
  std::string stats = {};  ///< JSON; empty: none
  std::map<std::string, std::string> tags = {};
  std::optional<DeletionVector> vector = {};
  friend bool operator==(const AddFile&, const AddFile&) = default;
};

struct RemoveFile {
  std::string path;
  std::optional<int64_t> deletion_timestamp = {};
  bool data_change = true;
  std::optional<int64_t> size = {};
  std::optional<DeletionVector> vector = {};
  friend bool operator==(const RemoveFile&, const RemoveFile&) = default;
};

/// "Add CDC File".
struct ChangeFile {
  std::string path;
  int64_t size = 0;
  friend bool operator==(const ChangeFile&, const ChangeFile&) = default;
};

/// "Transaction Identifiers".
struct Transaction {
  std::string app_id;
  int64_t version = 0;
  std::optional<int64_t> last_updated = {};
  friend bool operator==(const Transaction&, const Transaction&) = default;
};

/// "Domain Metadata".
struct DomainMetadata {
  std::string domain, configuration;
  bool removed = false;
  friend bool operator==(const DomainMetadata&, const DomainMetadata&) = default;
};

/// "Commit Provenance Information"; of another writer's, what can be read.
struct CommitInfo {
  int64_t timestamp = 0;
  std::string operation;
  std::map<std::string, std::string> parameters = {};
  std::string engine = {}, transaction_id = {};
  bool blind_append = false;
  friend bool operator==(const CommitInfo&, const CommitInfo&) = default;
};

using Action = std::variant<Protocol, Metadata, AddFile, RemoveFile, ChangeFile, Transaction, DomainMetadata,
                            CommitInfo>;

/// One line, without its end.
std::string EncodeAction(const Action& action);
/// \return nothing: an action of another kind, which readers pass over. kCorrupt; kUnsupported: a file of a
/// partition.
Result<std::optional<Action>> DecodeAction(std::string_view line);

/// The lines of a commit.
std::string EncodeActions(const std::vector<Action>& actions);
Result<std::vector<Action>> DecodeActions(std::string_view text);

}  // namespace cdc::delta
