#pragma once

/// \file lib/contract/key_changes.h
/// What a snapshot remembers of key changes: rows that are between two keys, and how far each partition's
/// changes have been applied.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lib/core/hash128.h"
#include "lib/core/result.h"

namespace cdc::contract {

/// The newest change of a partition that counts, in the order of PostgreSQL's log.
struct AppliedChange {
  uint64_t transaction = 0;   ///< LSN of the last commit before the change's own transaction
  uint64_t lsn = 0;           ///< of the change
  bool second_half = false;   ///< the create of a key change; its delete has the same position
  int64_t ts_ms = 0;          ///< commit time at the source, Unix milliseconds
  uint32_t rows = 0;          ///< creates at this position: the rows of one COPY may share one
  uint64_t first_row = 0;     ///< hash of the first of them
  int64_t sent_ms = 0;        ///< when the last of them was sent: Kafka's time, Unix milliseconds
  bool every_change = false;  ///< noted at every change; false: at key changes only
  friend bool operator==(const AppliedChange&, const AppliedChange&) = default;
};

/// A row whose key another row has taken and whose own next event has not come yet.
struct DisplacedKey {
  Hash128 key;
  uint64_t transaction = 0;  ///< of the row that took the key (AppliedChange::transaction); 0: unknown
  bool noted = false;        ///< the worker has noted where its values are
  friend bool operator==(const DisplacedKey&, const DisplacedKey&) = default;
};

struct KeyChangeState {
  std::map<int32_t, AppliedChange> applied;  ///< by partition
  std::vector<DisplacedKey> displaced;       ///< a key may be there more than once, oldest first
  bool empty() const { return applied.empty() && displaced.empty(); }
  friend bool operator==(const KeyChangeState&, const KeyChangeState&) = default;
};

/// `{"applied":{"<partition>":[<transaction>,<lsn>,<half>,<ms>,<rows>,
/// <first row>,<sent>,<every>]},"displaced":[["<32 hex digits>",
/// <transaction>,<noted>]]}`: the value of the snapshot summary's `cdc.key-changes`.
std::string EncodeKeyChanges(const KeyChangeState& state);
/// \return kCorrupt: no such object.
Result<KeyChangeState> DecodeKeyChanges(std::string_view json);

}  // namespace cdc::contract
