#pragma once

/// \file jobs/run/record_keys.h
/// Which rows a record is about, found out without taking it.

#include <memory>
#include <string>
#include <vector>

#include "jobs/run/words.h"
#include "lib/core/hash128.h"
#include "lib/event/envelope.h"
#include "lib/event/row_decoder.h"
#include "lib/kafka/message.h"
#include "lib/rows/batch.h"

namespace cdc::run {

struct TouchedRows {
  bool everything = false;    ///< TRUNCATE
  bool readable = true;       ///< false: some row, but nobody knows which
  std::vector<Hash128> keys;  ///< the row's key, also the one it had before; none: no row of the table
};

/// Reads keys by the events' own schemas, as the intake does. The hashes compare among one reader's. Not
/// thread-safe.
class RecordKeys {
 public:
  /// \param table its schema \param key names of its key's columns \return kInvalidConfig
  static Result<std::unique_ptr<RecordKeys>> Make(const SourceSettings& settings, const rows::Schema& table,
                                                  const std::vector<std::string>& key);

  TouchedRows Of(const kafka::Message& record);

 private:
  RecordKeys(const SourceSettings& settings, std::shared_ptr<const rows::Schema> key);

  bool IsOurs(const event::Envelope& envelope) const;
  void FollowShape(const event::Envelope& envelope);
  void AddKey(std::string_view object, TouchedRows* touched);
  void AddKeyOf(std::string_view key_or_header, TouchedRows* touched);
  void AddHeaders(const kafka::Message& record, TouchedRows* touched);

  const SourceSettings& settings_;
  event::Placeholder placeholder_;
  std::shared_ptr<const rows::Schema> key_schema_;
  rows::Batch batch_;
  rows::KeyHasher hasher_;
  event::EnvelopeParser envelopes_, keys_;
  std::unique_ptr<event::RowDecoder> decoder_;  // null: the last schema cannot be read
  std::string shape_;
};

}  // namespace cdc::run
