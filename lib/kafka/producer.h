#pragma once

/// \file lib/kafka/producer.h
/// Writes records, idempotently and in order per partition.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/core/result.h"
#include "lib/kafka/partition.h"

namespace cdc::kafka {

struct ProducerOptions {
  std::string bootstrap_servers = {};
  std::vector<Property> properties = {};
  /// Bytes of records not acknowledged yet; Produce() waits when they are reached.
  int64_t queued_bytes = 32 << 20;
  /// How long a record may wait for its acknowledgement before it fails.
  std::chrono::milliseconds delivery_timeout{120'000};
  /// How long records wait for company: larger batches against latency.
  std::chrono::milliseconds linger{5};
  /// Largest record librdkafka accepts; the topic's own limit may be smaller.
  int32_t max_message_bytes = 64 << 20;
};

/// Copied by Produce(); views need to live only during the call.
struct Record {
  std::string_view topic;
  /// Nothing: by key hash as Kafka's Java clients do, at random without a key.
  std::optional<int32_t> partition = {};
  std::optional<std::string_view> key = {};  ///< nothing: null
  std::optional<std::string_view> value = {};
  std::vector<std::pair<std::string_view, std::optional<std::string_view>>> headers = {};
  std::optional<int64_t> timestamp_ms = {};  ///< nothing: now
};

/// Where a record ended up, or why it did not.
struct Delivery {
  std::string_view topic;
  int32_t partition = -1;
  int64_t offset = -1;
  Status status = {};
};

/// Not thread-safe. Destroying it drops what is not acknowledged yet: Flush() first.
class Producer {
 public:
  /// Called inside Produce(), Poll() and Flush(), on the caller's thread, once per record that has it.
  using OnDelivery = std::function<void(const Delivery&)>;

  /// Does not connect. \return kInvalidConfig: a property librdkafka refuses.
  static Result<std::unique_ptr<Producer>> Make(ProducerOptions options);
  ~Producer();
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Queues one record; waits while the queue is full.
  /// \return kBadValue: too large for the client's limit, kNotFound: no such topic or partition, kTransient:
  /// the queue stayed
  ///   full for delivery_timeout, kInvalidConfig: fatal idempotence or authentication error.
  Status Produce(const Record& record, OnDelivery on_delivery = nullptr);
  /// Serves delivery callbacks without blocking.
  void Poll();
  /// Waits until everything is acknowledged.
  /// \return the first failure since the last Flush() (kBadValue: the topic refused the size; kNotFound;
  /// kInvalidConfig;
  ///   kTransient), or kTransient: `timeout` passed with records unacknowledged, which then may or may not be
  ///   written.
  Status Flush(std::chrono::milliseconds timeout);

  int64_t acknowledged() const;  ///< records, since Make
  int64_t failed() const;        ///< records, since Make
  int64_t in_flight() const;     ///< records

 private:
  struct Impl;
  explicit Producer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cdc::kafka
