#pragma once

/// \file cli/target_store.h
/// One table where it is written to: what commands ask of it and do with it. A class for each kind of store.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/config/config.h"
#include "lib/contract/offsets.h"
#include "lib/contract/record_ranges.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/kafka/consumer.h"
#include "lib/verify/plan.h"
#include "lib/verify/side.h"

namespace cdc::cli {

struct SourceTopic {
  std::string name;
  std::string cluster;                         ///< Kafka cluster id
  std::map<int32_t, kafka::Watermark> places;  ///< by partition
};

struct TargetRows {
  int64_t rows = 0;                     ///< live ones; of soft deletes those that are not deleted
  contract::TopicOffsets offsets = {};  ///< next offsets that the table has; empty: none
};

/// What people ask of a table: `cdc describe`.
struct TargetFacts {
  struct Column {
    std::string name;
    std::string type;  ///< in the store's words
    bool nullable = true;
    bool in_key = false;
  };
  std::vector<Column> columns;
  contract::TopicOffsets offsets;  ///< next offsets that the table has; empty: none
  /// Name and value, in the order in which people read them. Names are those of --json, too: "data_files".
  std::vector<std::pair<std::string, std::string>> facts;
};

/// The table's rows at one moment. Not thread-safe.
class TargetMoment {
 public:
  virtual ~TargetMoment() = default;
  virtual const contract::TopicOffsets& offsets() const = 0;  ///< that its rows have; empty: none
  virtual std::vector<verify::TargetColumn> columns() const = 0;
  virtual std::vector<std::string> key() const = 0;  ///< names of columns; empty: it has none
  virtual int64_t guessed_rows() const = 0;
  virtual std::string at() const = 0;  ///< which moment, for people
  /// \param plan outlives the side, and so does this
  virtual Result<std::unique_ptr<verify::Side>> Read(const verify::Plan& plan,
                                                     const verify::Hashing& hashing) = 0;
};

/// Not thread-safe. What reads takes no lock: the table's worker may run meanwhile.
class TargetStore {
 public:
  virtual ~TargetStore() = default;

  /// For people: the table's name with what it is in.
  virtual std::string name() const = 0;

  /// \param timeout of a count that reads the rows, at the server
  /// \return nothing: there is no such table. kUnsupported: its rows cannot be counted from here;
  /// kInvalidConfig; kCorrupt; kTransient.
  virtual Result<std::optional<TargetRows>> Count(Millis timeout) = 0;
  /// Whether `error`, of the last Count(), says that other tables of this store would be waited for as long.
  virtual bool IsSilent(const Error& error) const { return error.kind == ErrorKind::kTransient; }
  /// \param timeout of one statement, at the server
  /// \return null: there is no such table; others as Count().
  virtual Result<std::unique_ptr<TargetMoment>> OpenMoment(Millis timeout) = 0;
  /// \param timeout of one statement, at the server
  /// \return nothing: there is no such table; kUnsupported: not of this kind of store; others as Count().
  virtual Result<std::optional<TargetFacts>> Facts(Millis timeout);
  /// Dead letters that were applied after all, as the table says; none where it does not exist.
  virtual Result<contract::RecordRanges> Replayed() = 0;
  /// Next offsets written with the table; empty: none.
  /// \return kNotFound: no worker has made the table; the message says where it is missing.
  virtual Result<contract::TopicOffsets> WrittenOffsets() = 0;

  // With the table's lock:

  /// Finds out what a reset does, and changes nothing. \param purge nothing of the old table is to stay
  /// \return what to tell, a line for each step. kUnsupported: it cannot be purged.
  virtual Result<std::vector<std::string>> PlanReset(bool purge) = 0;
  /// Takes rows and offsets away, as planned. Done twice it does no harm.
  virtual Status Clear() = 0;
  /// What a reset leaves for after the machine's own notes are gone: deleting files.
  virtual Status CleanUp() { return {}; }
  /// Changes no row and says that `topic` is read up to `next`, and what is known of single records before
  /// that. A run that still lives finds a conflict.
  /// \return kNotFound: as WrittenOffsets(); kTransient: to be run again, which does the same once more.
  virtual Status GoOnFrom(const SourceTopic& topic, const contract::PartitionOffsets& next) = 0;
};

/// \param patience with a store that does not answer, where it is not its own; nothing: a worker's
/// \return as lake::Open; a PostgreSQL is first reached when it is asked something.
Result<std::unique_ptr<TargetStore>> OpenStore(std::shared_ptr<const config::Config> config,
                                               const config::Table& table,
                                               std::optional<Millis> patience = std::nullopt);

/// As workers write it. `{"cluster":"…","topic":"…"}`
std::string SourceJson(const SourceTopic& topic);

/// What names a table's worker to its store: `<group_id>.<entry>`.
std::string PipelineName(const config::Config& config, const config::Table& table);

/// `encoded` as RecordRanges, without the records that are read again when reading goes on from `next`;
/// empty: none is left. \return kCorrupt.
Result<std::string> KeepBelow(const std::string& encoded, const contract::PartitionOffsets& next);

}  // namespace cdc::cli
