#pragma once

/// \file cli/table_reading.h
/// One table's place at the source, in Kafka and in the catalog, for reading only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/config/config.h"
#include "lib/contract/offsets.h"
#include "lib/contract/record_ranges.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/iceberg/catalog.h"
#include "lib/kafka/consumer.h"
#include "lib/lake/lake.h"

namespace cdc::cli {

/// Names at the source, as PostgreSQL has them.
struct SourcePlace {
  std::string schema;
  std::string table;
};

struct TargetRows {
  int64_t rows = 0;                     ///< live ones of the current snapshot
  contract::TopicOffsets offsets = {};  ///< next offsets that the snapshot has; empty: none
};

/// How long one call to a catalog or store that does not answer may take, of a command that may take
/// `timeout`: half of it, so that one silence can be over and all else still be seen; at least 5 s, however
/// short that is, and never longer than a worker waits.
Millis PatiencePerCall(Millis timeout);

/// Takes no lock and writes nothing: the table's worker may run meanwhile.
class TableReading {
 public:
  /// \param patience with a catalog or store that does not answer, per call
  /// \return kNotFound: no such entry in the configuration; else as lake::Open.
  static Result<TableReading> Open(std::shared_ptr<const config::Config> config, const std::string& table,
                                   Millis patience);

  const config::Table& settings() const { return table_; }

  /// Where its rows may be, the likeliest first: which of several schemas it is in is known only once its
  /// topic exists.
  const std::vector<SourcePlace>& places() const { return places_; }

  /// By the manifests, without reading data: rows of live data files less the deleted positions.
  /// \return nothing: the catalog does not have the table. kUnsupported: another engine's equality deletes,
  /// whose rows only a reader of the data can count; kTransient; kCorrupt.
  Result<std::optional<TargetRows>> Count();

  /// Dead letters that were applied after all, as the table says; none where the catalog does not have it.
  Result<contract::RecordRanges> Replayed();

  /// Records between the target's offsets and the topic's end; nothing: it has no topic yet.
  /// \return kTransient: Kafka does not answer.
  Result<std::optional<int64_t>> Lag(kafka::Consumer& consumer, const contract::TopicOffsets& offsets,
                                     Millis patience) const;

 private:
  TableReading() = default;
  config::Table table_;
  std::vector<SourcePlace> places_;
  iceberg::TableIdent ident_;
  std::unique_ptr<lake::Lake> lake_;
};

}  // namespace cdc::cli
