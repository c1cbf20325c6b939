#pragma once

/// \file cli/table_reading.h
/// One table's place at the source, in Kafka and in its store, for reading only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/target_store.h"
#include "lib/config/config.h"
#include "lib/contract/offsets.h"
#include "lib/core/clock.h"
#include "lib/core/result.h"
#include "lib/kafka/consumer.h"
#include "lib/lake/lake.h"

namespace cdc::cli {

/// Names at the source, as PostgreSQL has them.
struct SourcePlace {
  std::string schema;
  std::string table;
};

/// How long one call to a catalog or store that does not answer may take, of a command that may take
/// `timeout`: half of it, so that one silence can be over and all else still be seen; at least 5 s, however
/// short that is, and never longer than a worker waits.
Millis PatiencePerCall(Millis timeout);

/// Takes no lock and writes nothing: the table's worker may run meanwhile.
class TableReading {
 public:
  /// \param patience with a catalog or store that does not answer, per call
  /// \return kNotFound: no such entry in the configuration; else as OpenStore.
  static Result<TableReading> Open(std::shared_ptr<const config::Config> config, const std::string& table,
                                   Millis patience);

  const config::Table& settings() const { return table_; }

  /// Where its rows may be, the likeliest first: which of several schemas it is in is known only once its
  /// topic exists.
  const std::vector<SourcePlace>& places() const { return places_; }

  TargetStore& store() { return *store_; }

  /// Where the topic begins and ends now; nothing: it has no topic yet, or not all of it is known.
  /// \return kTransient: Kafka does not answer.
  Result<std::optional<std::vector<kafka::Watermark>>> Ends(kafka::Consumer& consumer, Millis patience) const;

  /// Records between the target's offsets and the topic's end; nothing: it has no topic yet.
  /// \return kTransient: Kafka does not answer.
  Result<std::optional<int64_t>> Lag(kafka::Consumer& consumer, const contract::TopicOffsets& offsets,
                                     Millis patience) const;

 private:
  TableReading() = default;
  config::Table table_;
  std::vector<SourcePlace> places_;
  std::unique_ptr<TargetStore> store_;
};

/// Records between `offsets` and `ends`, which are those of one topic.
int64_t RecordsBetween(const contract::TopicOffsets& offsets, const std::vector<kafka::Watermark>& ends);

}  // namespace cdc::cli
