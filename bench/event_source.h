#pragma once

/// \file bench/event_source.h
/// Debezium change events out of nothing, fast enough not to be what is measured.

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace cdc::bench {

/// What a load looks like. Rows have the columns of a students table, as many as `columns` says.
struct EventShape {
  std::string table = "students";
  int64_t snapshot = 0;  ///< this many `r` events of the keys 0, 1, 2, … come first
  int64_t changes = 0;   ///< then this many events of which …
  double updates = 0.7;  ///< … this part are updates of keys there are,
  double deletes = 0.1;  ///< this part deletes (each followed by its tombstone), the rest inserts of new keys
  int64_t skip = 0;      ///< keys 0 … skip−1 are taken to be there already
  int64_t hot = 0;       ///< updates and deletes choose among this many keys only; 0: among all
  int columns = 12;      ///< at least 12
  size_t text_bytes = 0;  ///< of a further text column; 0: there is none
  bool uuid_keys = false;
  bool schema = false;  ///< with the embedded schema of JsonConverter's schemas.enable
  uint64_t seed = 1;
};

/// One record. Views until the next call of Next().
struct Event {
  std::string_view key;
  std::optional<std::string_view> value;  ///< nothing: a tombstone
};

/// The same shape and seed give the same events. Not thread-safe.
class EventSource {
 public:
  explicit EventSource(const EventShape& shape);

  /// \return nothing: that was all.
  std::optional<Event> Next();

 private:
  void WriteKey(int64_t id);
  void WriteValue(char op, int64_t id);
  void WriteRow(int64_t id);
  void WriteId(std::string* out, int64_t id) const;
  std::string SchemaText(bool key) const;

  EventShape shape_;
  std::mt19937_64 random_;
  int64_t made_ = 0;
  int64_t keys_ = 0;  // ids below this have been inserted
  int64_t lsn_ = 149'982'096;
  bool tombstone_due_ = false;
  std::string key_, value_, key_schema_, value_schema_, filler_;
};

}  // namespace cdc::bench
