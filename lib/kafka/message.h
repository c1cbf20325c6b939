#pragma once

/// \file lib/kafka/message.h
/// Consumed records as views of librdkafka's memory: nothing is copied.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"

struct rd_kafka_message_s;

namespace cdc::kafka {

/// A record in its own memory, for what is kept longer than a batch.
struct OwnRecord {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  int64_t timestamp_ms = -1;
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
};

/// One record. A view: valid as long as the MessageBatch it came from is neither cleared, polled into nor
/// destroyed.
class Message {
 public:
  /// A view of `record`, as long as that is there.
  static Message Of(const OwnRecord& record) { return Message(nullptr, &record); }

  std::string_view topic() const;
  int32_t partition() const;
  int64_t offset() const;
  /// Unix milliseconds; -1: the record has none.
  int64_t timestamp_ms() const;
  /// Nothing: the key is null (an empty key is an empty view).
  std::optional<std::string_view> key() const;
  /// Nothing: the value is null, a tombstone.
  std::optional<std::string_view> value() const;

  bool has_headers() const;
  /// The last header of this name; nothing: no such header, or its value is null.
  std::optional<std::string_view> header(const char* name) const;
  /// All headers in order, names may repeat; a null value is nothing.
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers() const;

 private:
  friend class MessageBatch;
  friend class Consumer;
  explicit Message(rd_kafka_message_s* raw, const OwnRecord* own = nullptr) : raw_(raw), own_(own) {}
  rd_kafka_message_s* raw_;  // null: own_ is not
  const OwnRecord* own_;
};

/// "There is nothing more at this moment": the consumer reached the partition's (last stable) end.
struct PartitionEnd {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;  ///< the consumer's position there, past transaction markers and compacted records
};

/// Why one partition delivers nothing any more, until it is assigned or sought anew. Other partitions go on.
struct PartitionProblem {
  std::string topic;
  int32_t partition = 0;
  /// The offset is not in [low, end] of the partition: records were lost, or this is another topic of the
  /// same name.
  bool out_of_range = false;
  int64_t offset = -1;  ///< out_of_range: the offset asked for
  int64_t low = -1;     ///< out_of_range: first offset there; -1: could not be found out
  int64_t end = -1;     ///< out_of_range: one past the last offset there; -1: could not be found out
  /// kUnsupported: out of range. kNotFound: no such topic or partition. kInvalidConfig: not authorised.
  /// kCorrupt: a record that cannot be read (bad checksum). kTransient: anything else; librdkafka goes on
  /// trying.
  Error error;
};

/// What one Poll() delivered; owns the records. Reuse it: Poll() clears it first. Not thread-safe. Destroy or
/// clear it before its Consumer.
class MessageBatch {
 public:
  MessageBatch() = default;
  ~MessageBatch() { clear(); }
  MessageBatch(const MessageBatch&) = delete;
  MessageBatch& operator=(const MessageBatch&) = delete;
  MessageBatch(MessageBatch&& other) noexcept;
  MessageBatch& operator=(MessageBatch&& other) noexcept;

  size_t size() const { return messages_.size(); }
  bool empty() const { return messages_.empty(); }
  const Message& operator[](size_t i) const { return messages_[i]; }
  const Message* begin() const { return messages_.data(); }
  const Message* end() const { return messages_.data() + messages_.size(); }
  /// Records before a partition's position, where its assignment looks back (Consumer::Assign); each before
  /// its partition's messages. They count nowhere else.
  const std::vector<Message>& earlier() const { return earlier_; }
  /// Bytes of keys and values.
  size_t bytes() const { return bytes_; }

  /// Partitions whose end was reached in this batch, each after its messages. Reported once per end reached.
  const std::vector<PartitionEnd>& ends() const { return ends_; }
  /// Look at this after every Poll(): a partition with a problem other than kTransient is silent from here
  /// on.
  const std::vector<PartitionProblem>& problems() const { return problems_; }

  /// In one batch of a consumer: the brokers do not allow its group, which reading does not need.
  const std::optional<Error>& refused_hint() const { return refused_hint_; }

  /// Frees the messages; capacity stays.
  void clear();

 private:
  friend class Consumer;
  std::vector<Message> messages_;
  std::vector<Message> earlier_;
  std::vector<PartitionEnd> ends_;
  std::vector<PartitionProblem> problems_;
  std::optional<Error> refused_hint_;
  size_t bytes_ = 0;
};

}  // namespace cdc::kafka
